"""SPICE session: transients, operating points and sweeps of deck bodies, with typed errors."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cosim.spice.callbacks import CompiledHook
from cosim.spice.core import SpiceCore
from cosim.spice.deck import LADDER, STOP_NODE, Rung, SpiceOptions, ac_card, dc_card, full_deck, tran_card
from cosim.spice.errors import DeckInvalid, OperatingPointFailed, SweepFailed, TransientAborted
from cosim.spice.guard import CheckedDeck
from cosim.spice.judge import judge_operating_point, judge_transient
from cosim.spice.library import find_library
from cosim.spice.selftest import run_self_test
from cosim.spice.sources import SourceTable
from cosim.spice.transient import OnAccept, Progress, TransientRun, Waveforms, vector_names

__all__ = ["LADDER", "Rung", "SourceTable", "SpiceOptions", "SpiceSession", "Waveforms"]

Array = NDArray[np.float64]

DEFAULT_MAX_POINTS = 2_000_000
"""Accepted points before a run is given up (ours): the buck limiter needs 15,000 per ms [circuit_facts A]."""


class SpiceSession(SpiceCore):
    """The one ngspice of this process; get it with `SpiceSession.open`.

    All methods take a deck body (elements, models, parameters, `.ic`, `.nodeset`); analysis, `.options`,
    `.save` and `.end` are added here. None of them may be called from inside a hook.
    """

    _of_this_process: ClassVar[SpiceSession | None] = None

    def __init__(self, library: str) -> None:
        super().__init__(library)
        self._self_tested = False

    @classmethod
    def open(cls, *, self_test: bool = True) -> SpiceSession:
        """The session of this process, loaded and self-tested at the first call.

        Parameters
        ----------
        self_test : False only to look at a library that fails the test

        Raises
        ------
        LibraryMissing, LibraryUnsuitable
            no libngspice, or one whose device laws differ from those of the netlists
        """
        if SpiceSession._of_this_process is None:
            SpiceSession._of_this_process = SpiceSession(find_library())
        session = SpiceSession._of_this_process
        if self_test and not session._self_tested:
            run_self_test(session)
            session._self_tested = True
        return session

    # ---- transient
    # ------------------------------------------------------------------------------------------
    def transient(
        self,
        deck: str,
        *,
        tstop_s: float,
        tmax_s: float,
        signals: Sequence[str],
        sources: SourceTable | None = None,
        on_accept: OnAccept | None = None,
        hook: CompiledHook | None = None,
        breakpoints: Sequence[float] = (),
        options: SpiceOptions | None = None,
        max_points: int = DEFAULT_MAX_POINTS,
        restart: Callable[[], None] | None = None,
        ladder: Sequence[Rung] = LADDER,
        progress: Progress | None = None,
        use_initial_conditions: bool = False,
        netlists: Path | None = None,
    ) -> Waveforms:
        """Run a transient and return the chosen signals at every accepted point.

        Parameters
        ----------
        deck : body of the deck; its first comment is the title in messages
        tstop_s, tmax_s : stop time and longest step [s]
        signals : what to record, as ngspice saves it: 'v(ab)', 'i(vsense)', '@rfuse[p]'
        sources : values of the external sources
        on_accept : called as ``on_accept(time_s, values)`` once per accepted point, the first at t = 0, with
        the
            signals' values in the order of `signals` (the array is reused); may change `sources`, call
            `request_stop`, and return further breakpoint times (> time_s)
        hook : takes points in place of `on_accept`, from compiled code; `on_accept` gets those that it leaves, those at
            breakpoints and every 256th
        breakpoints : times that the run must land on exactly [s]
        options : numerical options
        max_points : budget of accepted points
        restart : puts the caller's state (and `sources`) back to the start before a retry; without it a run
        with
            `on_accept` is not retried
        ladder : what to try after an aborted run, in this order; () for nothing
        progress : called now and then with the fraction done (0..1)
        use_initial_conditions : start from `.ic` without an operating point
        netlists : the only folder that the deck may include from; default `cosim.paths.netlists_folder()`

        Raises
        ------
        DeckRejected, DeckInvalid, LibraryPoisoned, OperatingPointFailed, InsaneOperatingPoint,
        TransientAborted, PointBudgetExceeded, CallbackFailed, Interrupted
        """
        if not (tmax_s > 0.0 and 0.0 < tstop_s < math.inf):
            raise ValueError(f"tstop_s and tmax_s must be positive, not {tstop_s!r} and {tmax_s!r}")
        title, checked = self._prepare(deck, netlists)
        rung = Rung("", options or SpiceOptions(), tmax_s)
        contents = sources.snapshot() if sources is not None else None
        retries: list[str] = []
        steps = list(ladder) if on_accept is None or restart is not None else []
        while True:
            run = TransientRun(
                signals,
                tstop_s,
                rung.tmax_s,
                sources,
                on_accept,
                hook,
                progress,
                breakpoints,
                max_points,
                self._ngspice_shared.ngSpice_SetBkpt,
            )
            try:
                self._run_once(title, checked, run, rung, use_initial_conditions)
                break
            except (TransientAborted, OperatingPointFailed) as error:
                if not steps:
                    raise
                rung = steps.pop(0).applied(options or SpiceOptions(), tmax_s)
                retries.append(f"{type(error).__name__}: {error.message}; then {rung.name}")
            if sources is not None and contents is not None:
                sources.restore(contents)
            if restart is not None:
                restart()
        time_s, waves = run.waves()
        return Waveforms(
            title, time_s, waves, run.stop_asked, tuple(retries), self._lines.tail(), rung.options, rung.tmax_s
        )

    def _run_once(
        self, title: str, checked: CheckedDeck, run: TransientRun, rung: Rung, use_initial_conditions: bool
    ) -> None:
        with self._exclusive(title), _interruptible(run):
            self._attach(checked, run.sources, title)
            card = tran_card(run.tstop_s, rung.tmax_s, use_initial_conditions)
            marker = self._next_marker()
            self._load(
                full_deck(marker, checked.text, run.signals, rung.options, card, stoppable=True),
                marker,
                title,
            )
            self._execute(f"stop when v({STOP_NODE}) > 0.5", title)
            self._watch(run)
            self._execute("run", title)
            self._watch(None)
            judge_transient(title, run, self._lines, int(self._control[3]))

    # ---- operating point and sweeps
    # -------------------------------------------------------------------------
    def operating_point(
        self,
        deck: str,
        *,
        sources: SourceTable | None = None,
        options: SpiceOptions | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        signals: Sequence[str] = (),
        netlists: Path | None = None,
    ) -> dict[str, float]:
        """Operating point: every node as 'v(node)', every branch current as 'i(device)', and `signals`.

        Parameters
        ----------
        deck : body of the deck; for power circuits the disabled state only (see `engine_facts`)
        sources : values of the external sources at t = 0
        options : numerical options
        bounds : believable range per signal; others must stay below 1e4 V and 1e5 A
        signals : further signals, e.g. '@rfuse[p]'
        netlists : the only folder that the deck may include from

        Raises
        ------
        OperatingPointFailed, InsaneOperatingPoint
            not found or found by 'Transient op'; found but unbelievable, naming the node
        """
        title, checked = self._prepare(deck, netlists)
        with self._exclusive(title):
            self._attach(checked, sources, title)
            marker = self._next_marker()
            extra = ("all", *signals) if signals else ()
            self._load(
                full_deck(marker, checked.text, extra, options or SpiceOptions(), ".op"), marker, title
            )
            self._execute("run", title)
            vectors = self._vectors("op")
            found = {_signal_name(name): float(data.real[-1]) for name, data in vectors.items()}
            judge_operating_point(title, found, self._lines, bounds or {})
        return found

    def dc_sweep(
        self,
        deck: str,
        signals: Sequence[str],
        *,
        source: str,
        start: float,
        stop: float,
        step: float,
        sources: SourceTable | None = None,
        options: SpiceOptions | None = None,
        netlists: Path | None = None,
    ) -> tuple[Array, dict[str, Array]]:
        """Sweep an independent source, a resistor or `temp`; returns the swept values and the signals.

        Parameters
        ----------
        deck : body of the deck
        signals : what to record
        source : name of the swept device, in the deck; start, stop, step : in its unit
        sources, options, netlists : as for `transient`

        Returns
        -------
        swept values, shape (n_points,), and each signal at them, of the same shape

        Raises
        ------
        SweepFailed : not all points were found
        """
        title, checked = self._prepare(deck, netlists)
        card, n_points = dc_card(source, start, stop, step)
        with self._exclusive(title):
            self._attach(checked, sources, title)
            scale, waves = self._sweep(title, checked, signals, options, card, "dc")
        if scale.size != n_points:
            raise SweepFailed(f"{scale.size} of {n_points} points", deck=title, log=self._lines.tail())
        return scale.real.copy(), {name: wave.real.copy() for name, wave in waves.items()}

    def ac(
        self,
        deck: str,
        signals: Sequence[str],
        *,
        points_per_decade: int,
        start_Hz: float,
        stop_Hz: float,
        sources: SourceTable | None = None,
        options: SpiceOptions | None = None,
        netlists: Path | None = None,
    ) -> tuple[Array, dict[str, NDArray[np.complex128]]]:
        """Small-signal analysis over logarithmic frequencies [Hz]; returns them and the complex signals.

        Parameters
        ----------
        deck : body of the deck, with one source that carries an `ac` value
        signals : what to record
        points_per_decade, start_Hz, stop_Hz : frequencies
        sources, options, netlists : as for `transient`

        Returns
        -------
        frequencies [Hz], shape (n,), and each signal at them, complex, of the same shape

        Raises
        ------
        SweepFailed : the analysis ended early
        """
        title, checked = self._prepare(deck, netlists)
        card = ac_card(points_per_decade, start_Hz, stop_Hz)
        with self._exclusive(title):
            self._attach(checked, sources, title)
            scale, waves = self._sweep(title, checked, signals, options, card, "ac")
        if scale.size < 1 or abs(scale.real[-1] / stop_Hz - 1.0) > 0.2 * 10 ** (1 / points_per_decade):
            raise SweepFailed("the analysis ended early", deck=title, log=self._lines.tail())
        return scale.real.copy(), {name: wave.astype(np.complex128) for name, wave in waves.items()}

    def _sweep(
        self,
        title: str,
        checked: CheckedDeck,
        signals: Sequence[str],
        options: SpiceOptions | None,
        card: str,
        kind: str,
    ) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
        marker = self._next_marker()
        self._load(full_deck(marker, checked.text, signals, options or SpiceOptions(), card), marker, title)
        self._execute("run", title)
        lines = self._lines
        if lines.nothing_saved:
            raise DeckInvalid(f"no such signal: {signals[0]}", deck=title, node=signals[0], log=lines.tail())
        if lines.failure or lines.transient_op:
            raise SweepFailed(
                lines.failure or "a point came from 'Transient op', which is often wrong",
                deck=title,
                node=lines.failed_node,
                log=lines.tail(),
            )
        vectors = self._vectors(kind)
        scale = next((vectors[n] for n in vectors if n.endswith("-sweep") or n == "frequency"), None)
        if scale is None:
            raise SweepFailed("ngspice returned no data", deck=title, log=lines.tail())
        waves: dict[str, NDArray[Any]] = {}
        for name in signals:
            wave = next((vectors[n] for n in vector_names(name) if n in vectors), None)
            if wave is None:
                raise DeckInvalid(f"no such signal: {name}", deck=title, node=name, log=lines.tail())
            if not np.all(np.isfinite(wave)):
                raise SweepFailed("a value is not finite", deck=title, node=name, log=lines.tail())
            waves[name] = wave
        return scale, waves


def _signal_name(vector: str) -> str:
    """Ngspice's name of a vector as the name of a signal."""
    if vector.endswith("#branch"):
        return f"i({vector[: -len('#branch')]})"
    return vector if vector.startswith(("@", "v(")) else f"v({vector})"


@contextmanager
def _interruptible(run: TransientRun) -> Iterator[None]:
    """While a transient runs, Ctrl-C ends it cleanly at the next accepted point (main thread only)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_signal(number: int, frame: object) -> None:
        run.interrupt()

    before = signal.getsignal(signal.SIGINT)
    if before is None:  # installed by foreign code; it could not be put back
        yield
        return
    signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
