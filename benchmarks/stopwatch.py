"""Where a run's time goes, without a line of timing in the code that is timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter, process_time
from typing import Any


class Stopwatch:
    """Exclusive time per label: what a labelled call spends in another labelled call counts for that one only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.processor_s: dict[str, float] = {}
        self.calls: dict[str, int] = {}
        self._open: list[tuple[float, float]] = []

    def timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function with its time added to a label."""

        def run(*arguments: Any, **named: Any) -> Any:
            self._open.append((0.0, 0.0))
            start_s, start_cpu_s = perf_counter(), process_time()
            try:
                return function(*arguments, **named)
            finally:
                took_s, cpu_s = perf_counter() - start_s, process_time() - start_cpu_s
                inside_s, inside_cpu_s = self._open.pop()
                self.seconds[label] = self.seconds.get(label, 0.0) + took_s - inside_s
                self.processor_s[label] = self.processor_s.get(label, 0.0) + cpu_s - inside_cpu_s
                self.calls[label] = self.calls.get(label, 0) + 1
                if self._open:
                    before_s, before_cpu_s = self._open[-1]
                    self._open[-1] = before_s + took_s, before_cpu_s + cpu_s

        return run

    def figures(self) -> dict[str, float]:
        """Wall and processor time by label."""
        return {f"{k} [s]": v for k, v in self.seconds.items()} | {
            f"{k}, processor time [s]": v for k, v in self.processor_s.items()
        }

    @contextmanager
    def watching(self, *places: tuple[str, Any, str]) -> Iterator[None]:
        """Time functions and methods, given as (label, module or class, name), while the block runs."""
        before = [(owner, name, getattr(owner, name)) for _, owner, name in places]
        for label, owner, name in places:
            setattr(owner, name, self.timed(label, getattr(owner, name)))
        try:
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)
