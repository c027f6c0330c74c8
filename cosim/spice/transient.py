"""One transient while it runs: accepted points, hooks, breakpoints, and why it ended."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cosim.spice import callbacks as at
from cosim.spice.callbacks import CompiledHook
from cosim.spice.deck import SpiceOptions
from cosim.spice.sources import SourceTable

Array = NDArray[np.float64]
OnAccept = Callable[[float, Array], Sequence[float] | None]
Progress = Callable[[float], None]

_FIRST_ROWS = 1024
_ARMED = 3
"""Breakpoints that ngspice knows ahead: the next one to land on, and more for the choice of the step after
it."""
_PYTHON_EVERY = 256
"""At every so manyeth point Python is asked in any case: for progress, and so that Ctrl-C is seen."""


@dataclass(frozen=True)
class Waveforms:
    """Chosen signals at every accepted point of a transient.

    Attributes
    ----------
    title : of the deck
    time_s : (n_points,) accepted times [s]
    signals : waveform per signal, by the name it was asked for, in SPICE's units
    stopped : whether a hook ended the run before its stop time
    retries : what the retry ladder changed before the run succeeded, in words; empty normally
    log : last lines that ngspice printed
    options, tmax_s : numerical options and longest step [s] of the run that succeeded
    """

    title: str
    time_s: Array
    signals: dict[str, Array]
    stopped: bool = False
    retries: tuple[str, ...] = ()
    log: tuple[str, ...] = field(default=(), repr=False)
    options: SpiceOptions = field(default_factory=SpiceOptions, repr=False)
    tmax_s: float = math.nan

    def __getitem__(self, signal: str) -> Array:
        try:
            return self.signals[signal]
        except KeyError:
            raise KeyError(f"{signal!r} was not recorded; recorded: {', '.join(self.signals)}") from None

    def __contains__(self, signal: str) -> bool:
        return signal in self.signals

    @property
    def n_points(self) -> int:
        """Number of accepted points."""
        return int(self.time_s.size)


def vector_names(signal: str) -> tuple[str, ...]:
    """Names under which ngspice may send a signal: v(x) as x, i(x) as x#branch, @x[y] as it is."""
    lower = signal.lower().replace(" ", "")
    if lower.startswith("@"):
        return (lower,)
    inner = lower[2:-1]
    return (f"{inner}#branch",) if lower.startswith("i(") else (inner, lower)


class TransientRun:
    """State of the running transient.

    Compiled code records every accepted point (`cosim.spice.callbacks`), and goes on alone where nothing else is to be
    done: up to the next breakpoint and for some points, as far as the compiled hook takes them. Of all other points
    `accept` is called.

    Parameters
    ----------
    signals : chosen signals
    tstop_s, tmax_s : stop time and longest step [s]
    sources : external sources, None if there are none
    on_accept, progress : hooks; progress gets the fraction 0..1
    hook : takes points in place of `on_accept`; None for none
    breakpoints : known beforehand [s]
    max_points : budget of accepted points
    set_breakpoint : arms one breakpoint in ngspice
    """

    def __init__(
        self,
        signals: Sequence[str],
        tstop_s: float,
        tmax_s: float,
        sources: SourceTable | None,
        on_accept: OnAccept | None,
        hook: CompiledHook | None,
        progress: Progress | None,
        breakpoints: Iterable[float],
        max_points: int,
        set_breakpoint: Callable[[float], Any],
    ) -> None:
        self.signals = tuple(signals)
        self.tstop_s = tstop_s
        self.stop = False
        self.stop_asked = False
        self.interrupted = False
        self.budget_exceeded = False
        self.failure: BaseException | None = None
        self.bad_signal: str | None = None
        self.missing: tuple[str, ...] = ()
        self.sources = sources
        self._on_accept = on_accept
        self._progress = progress
        self._max_points = max_points
        self._set_breakpoint = set_breakpoint
        # A point this close before a breakpoint counts as being on it: ngspice's own rule (1e-11 of the
        # longest step).
        self._near_s = 1e-11 * tmax_s
        # With a step callback ngspice ends 1.1 of its shortest steps, which are that long, before the stop time.
        self._end_s = tstop_s - 4e-11 * tmax_s
        self._addresses: NDArray[np.uint64] | None = None
        self._values = np.empty(len(self.signals))
        self._rows = np.empty((_FIRST_ROWS, 1 + len(self.signals)))
        self._memory = np.zeros(at.RUN_WORDS, dtype=np.int64)
        self._words = self._memory.data
        self._numbers = cast("memoryview[float]", self._memory.view(np.float64).data)
        self._numbers[at.LAST_S] = -math.inf
        self._words[at.WIDTH] = self._rows.shape[1]
        self._words[at.RECORD] = self._rows.ctypes.data
        self._words[at.ACCEPTED_AT] = self.address + 8 * at.LAST_S if sources is None else sources.accepted_address
        if hook is not None:
            self._words[at.HOOK], self._words[at.HOOK_BLOCK] = hook
        self._alone = on_accept is None or hook is not None
        self._queue: list[float] = []
        self._armed: set[float] = set()
        for time_s in breakpoints:
            self._add_breakpoint(time_s, -math.inf)

    def resolve(self, addresses_by_name: dict[str, int]) -> None:
        """Find the chosen signals among the vectors that ngspice announces."""
        found, missing = [addresses_by_name["time"]], []
        for signal in self.signals:
            address = next(
                (addresses_by_name[n] for n in vector_names(signal) if n in addresses_by_name), None
            )
            if address is None:
                missing.append(signal)
            else:
                found.append(address)
        if missing:
            self.missing = tuple(missing)
            self.stop = True
            return
        self._addresses = np.array(found, dtype=np.uint64)
        self._words[at.ADDRESSES] = self._addresses.ctypes.data

    @property
    def resolved(self) -> bool:
        """Whether the addresses of the signals are known."""
        return self._addresses is not None

    @property
    def address(self) -> int:
        """Address of the words that compiled code works on, valid as long as this object lives."""
        return int(self._memory.ctypes.data)

    @property
    def n_points(self) -> int:
        """Number of accepted points."""
        return self._words[at.N_POINTS]

    @property
    def last_s(self) -> float:
        """Time of the last of them [s]."""
        return self._numbers[at.LAST_S]

    def accept(self) -> None:
        """Take the accepted point that was just recorded: call the hook, arm the next breakpoints."""
        self._words[at.UNTIL_POINT] = 0
        n = self.n_points
        time_s = self._rows.item(n, 0)
        bad = self._words[at.BAD]
        if bad:
            self.bad_signal = "time" if bad == 1 else self.signals[bad - 2]
            self.stop = True
            return
        queue = self._queue
        if queue and queue[0] <= time_s + self._near_s:
            time_s = self._land(time_s)
            self._rows[n, 0] = time_s
        if time_s >= self._end_s:
            time_s = self._rows[n, 0] = self.tstop_s
        self._words[at.N_POINTS] = n + 1
        self._numbers[at.LAST_S] = time_s
        if n + 1 > self._max_points:
            self.budget_exceeded = self.stop = True
            return
        if self.sources is not None:
            self.sources.accepted(time_s)
        if self._on_accept is not None:
            self._values[:] = self._rows[n, 1:]
            more = self._on_accept(time_s, self._values)
            if more is not None:
                for breakpoint_s in more:
                    self._add_breakpoint(breakpoint_s, time_s)
        if queue:
            for breakpoint_s in queue[:_ARMED]:
                if breakpoint_s not in self._armed:
                    self._set_breakpoint(breakpoint_s)
                    self._armed.add(breakpoint_s)
        if self._progress is not None and n % _PYTHON_EVERY == 0:
            self._progress(min(max(time_s / self.tstop_s, 0.0), 1.0))
        self._go_on()

    def _go_on(self) -> None:
        """Make room for the next points, and let compiled code take them as far as it may."""
        n = self.n_points
        until = min(n + -n % _PYTHON_EVERY, self._max_points)
        while self._rows.shape[0] <= max(n, until):
            self._rows = np.concatenate((self._rows, np.empty_like(self._rows)))
            self._words[at.RECORD] = self._rows.ctypes.data
        if self._alone and not self.stop:
            queue = self._queue
            # Twice as near: whether a point is on a breakpoint is decided in `accept` alone.
            self._numbers[at.UNTIL_S] = min(queue[0] - 2.0 * self._near_s if queue else math.inf, self._end_s)
            self._words[at.UNTIL_POINT] = until

    def fail(self, error: BaseException) -> None:
        """Remember the first exception of a hook and end the run."""
        if self.failure is None:
            self.failure = error
        self._end()

    def interrupt(self) -> None:
        """End the run because of Ctrl-C."""
        self.interrupted = True
        self._end()

    def _end(self) -> None:
        self.stop = True
        self._words[at.UNTIL_POINT] = 0

    def waves(self) -> tuple[Array, dict[str, Array]]:
        """Accepted times and waveforms so far, each contiguous."""
        columns = np.ascontiguousarray(self._rows[: self.n_points].T)
        return columns[0], {signal: columns[1 + j] for j, signal in enumerate(self.signals)}

    def _land(self, time_s: float) -> float:
        """Remove the breakpoints that are reached; the time, exactly that of a breakpoint if it is one."""
        queue = self._queue
        while queue and queue[0] <= time_s + self._near_s:
            reached = queue.pop(0)
            self._armed.discard(reached)
            if abs(reached - time_s) <= self._near_s + 4.0 * math.ulp(reached):
                time_s = max(reached, self.last_s)
        return time_s

    def _add_breakpoint(self, time_s: float, now_s: float) -> None:
        if not math.isfinite(time_s) or (time_s < now_s):
            raise ValueError(f"breakpoint {time_s!r} s is not in the future (now {now_s!r} s)")
        if time_s <= max(now_s, 0.0) + self._near_s or time_s >= self.tstop_s:
            return
        queue = self._queue
        k = bisect_left(queue, time_s)
        if k == len(queue) or queue[k] != time_s:
            insort(queue, time_s)
