"""Processes that measure for `cosim.circuit.identify`: each starts once and answers one job after the other.

Plain child processes, not a pool of Python's own: they work from any script or notebook, guarded or not.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue
from types import TracebackType

from cosim.paths import ROOT


class ChildFailed(Exception):
    """A process ended before it answered; the text is the last line of its errors."""


class Child:
    """One process with an ngspice of its own: a line with a job goes in, a line with the answer comes out."""

    def __init__(self, module: str) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed in __exit__)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
            text=True, cwd=ROOT,
        )

    def ask(self, job: str) -> str:
        """Answer to a job; raises `ChildFailed`."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.write(job + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = ""
        if answer:
            return answer
        self._process.wait()
        self._errors.seek(0)
        raise ChildFailed((self._errors.read().strip().splitlines() or ["no message"])[-1])

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        try:
            self._process.communicate()  # closes its input, at which it ends
        except OSError:
            self._process.wait()
        self._errors.close()


def answers(module: str, jobs: Sequence[str], count: int) -> Iterator[str]:
    """Answers in the order of the jobs, from at most `count` processes of a module; raises `ChildFailed`."""
    idle: SimpleQueue[Child] = SimpleQueue()
    with ExitStack() as children:
        count = max(1, min(count, len(jobs)))
        for _ in range(count if jobs else 0):
            idle.put(children.enter_context(Child(module)))

        def answered(job: str) -> str:
            child = idle.get()
            try:
                return child.ask(job)
            finally:
                idle.put(child)

        with ThreadPoolExecutor(count) as pool:
            yield from pool.map(answered, jobs)
