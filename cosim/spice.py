"""SPICE session: PySpice's shared ngspice with thin callbacks and its own judgement of success.

ngspice returns 0 for 'timestep too small', for a missing model and for a deck that was never loaded, keeps the old
circuit after a failed load and lets a Python exception vanish inside a callback. The session therefore decides by
what ngspice printed and sent: the load echoed a unique title, the last accepted time reached the stop time (or a
hook asked to stop), and no line says 'aborted'. After every run nothing is left loaded, saved or armed.
"""

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
from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi

from cosim.library import find_library
from cosim.spice_deck import LADDER, STOP_NODE, STOP_SOURCE, Rung, SpiceOptions, ac_card, dc_card, full_deck, tran_card
from cosim.spice_errors import (
    CallbackFailed,
    DeckInvalid,
    InsaneOperatingPoint,
    Interrupted,
    LibraryPoisoned,
    OperatingPointFailed,
    PointBudgetExceeded,
    SessionBusy,
    SpiceError,
    SweepFailed,
    TransientAborted,
)
from cosim.spice_guard import NETLISTS, CheckedDeck, check_deck
from cosim.spice_log import RunLog
from cosim.spice_run import OnAccept, Progress, TransientRun, Waveforms, vector_names
from cosim.spice_sources import CONTROL_WORDS, SourceTable, compile_gather, compile_source_callback, name_key
from cosim.spice_start import quiet_start

Array = NDArray[np.float64]

NODE_LIMIT_V = 1e4
"""Largest believable node voltage [V] (ours): nodes also carry watts, amperes and degrees of the product's decks."""
BRANCH_LIMIT_A = 1e5
"""Largest believable branch current [A] (ours): fifty times the highest short-circuit current of the product."""
DEFAULT_MAX_POINTS = 2_000_000
"""Accepted points before a run is given up (ours): the buck limiter needs 15,000 per ms [circuit_facts A]."""

_POISON_HINT = "nothing that this process computes with ngspice can be trusted any more: start a new process"


class SpiceSession(NgSpiceShared):  # type: ignore[misc]  # PySpice has no type information
    """The one ngspice of this process; get it with `SpiceSession.open`.

    All methods take a deck body (elements, models, parameters, `.ic`, `.nodeset`); analysis, `.options`, `.save`
    and `.end` are added here. None of them may be called from inside a hook.
    """

    _of_this_process: ClassVar[SpiceSession | None] = None

    # ---- opening --------------------------------------------------------------------------------------------
    @classmethod
    def open(cls, *, self_test: bool = True) -> SpiceSession:
        """The session of this process, loaded and self-tested at the first call.

        Raises
        ------
        LibraryMissing, LibraryUnsuitable
            no libngspice, or one whose device laws differ from those of the netlists
        """
        session = SpiceSession._of_this_process
        if session is None:
            session = SpiceSession(find_library())
            SpiceSession._of_this_process = session
        if self_test and not session._self_tested:
            from cosim.spice_selftest import run_self_test  # it uses a session itself

            run_self_test(session)
            session._self_tested = True
        return session

    def __init__(self, library: str) -> None:
        if SpiceSession._of_this_process is not None:
            raise SessionBusy("libngspice holds one circuit per process; use SpiceSession.open()")
        self._library = library
        self._self_tested = False
        self._poisoned: str | None = None
        self._run: TransientRun | None = None
        self._busy = False
        self._n_loads = 0
        self._lines = RunLog()
        self._control = np.zeros(CONTROL_WORDS, dtype=np.uint64)
        self._control[1] = name_key(STOP_SOURCE)
        self._stop_value = self._control.view(np.float64)[2:3]
        self._gather = compile_gather()
        super().__init__(ngspice_id=0, send_data=True)

    @property
    def library_path(self) -> str:
        """Library that PySpice loads: the one that `cosim.library` found."""
        return self._library

    @property
    def version_text(self) -> str:
        """Version of ngspice, e.g. 'ngspice-39'."""
        return f"ngspice-{self.ngspice_version}"

    @property
    def poisoned(self) -> str | None:
        """Why the library cannot be used any more, or None."""
        return self._poisoned

    def _init_ngspice(self, send_data: bool) -> None:
        """Register the thin callbacks (PySpice calls this once, after loading the library)."""
        native = self._ngspice_shared
        self._callbacks = (
            ffi.callback("int (char *, int, void *)", self._on_text),
            ffi.callback("int (int, bool, bool, int, void *)", self._on_exit),
            ffi.callback("int (pvecvaluesall, int, int, void *)", self._on_data, onerror=self._on_callback_error),
            ffi.callback("int (pvecinfoall, int, void *)", self._on_vectors),
        )
        text, leave, data, vectors = self._callbacks
        user = ffi.cast("void *", self._control.ctypes.data)
        with quiet_start(self._library):
            native.ngSpice_Init(text, ffi.NULL, leave, data, vectors, ffi.NULL, user)
        self._source_callback = compile_source_callback()
        source = ffi.cast("int (*)(double *, double, char *, int, void *)", self._source_callback.address)
        self._ident = ffi.new("int *", 0)
        native.ngSpice_Init_Sync(source, source, ffi.NULL, self._ident, user)
        self._get_version()
        self.exec_command("set nomoremode")

    # ---- callbacks ------------------------------------------------------------------------------------------
    def _on_text(self, message: Any, ident: int, user: Any) -> int:
        line = ffi.string(message).decode("utf-8", "replace")
        prefix, _, content = line.partition(" ")
        if prefix == "stdout":
            self._stdout.append(content)
            if len(self._stdout) > 10_000:
                del self._stdout[:5_000]
        self._lines.add(content if prefix in ("stdout", "stderr") else line)
        return 0

    def _on_exit(self, status: int, immediate: bool, by_quit: bool, ident: int, user: Any) -> int:
        self._poisoned = self._lines.first_error or "ngspice gave up"
        return 0

    def _on_vectors(self, data: Any, ident: int, user: Any) -> int:
        return 0

    def _on_data(self, data: Any, count: int, ident: int, user: Any) -> int:
        run = self._run
        if run is None or run.stop:
            return 0
        if not run.resolved:
            self._resolve(run, data, count)
        if not run.stop:
            run.accept()
        if run.stop:
            self._stop_value[0] = 1.0
        return 0

    def _on_callback_error(self, kind: type[BaseException], error: BaseException, trace: Any) -> int:
        run = self._run
        if run is not None:
            run.fail(error)
            self._stop_value[0] = 1.0
        return 0

    def _resolve(self, run: TransientRun, data: Any, count: int) -> None:
        # ngspice allocates one cell per vector at the start of a run and only refreshes the numbers in it
        # afterwards, so the addresses taken here stay right for the whole run.
        cells: dict[str, int] = {}
        for k in range(count):
            cell = data.vecsa[k]
            name = ffi.string(cell.name).decode("utf-8", "replace").lower()
            cells[name] = int(ffi.cast("uintptr_t", ffi.addressof(cell, "creal")))
        run.resolve(cells, cells["time"])
        if self._lines.transient_op:
            run.stop = True  # the starting point cannot be trusted; `_judge` says so

    # ---- commands -------------------------------------------------------------------------------------------
    def request_stop(self) -> None:
        """End the running transient cleanly after the current accepted point; to be called from `on_accept`."""
        run = self._run
        if run is None:
            raise SpiceError("no transient is running, so there is nothing to stop")
        run.stop_asked = run.stop = True

    @contextmanager
    def _exclusive(self, title: str) -> Iterator[None]:
        """One analysis from load to clean-up; leaves nothing loaded, whatever happens."""
        if self._poisoned:
            raise LibraryPoisoned(f"ngspice was left unusable by an earlier deck: {self._poisoned}", hint=_POISON_HINT)
        if self._busy:
            raise SessionBusy("the session was called from inside one of its own hooks", deck=title)
        self._busy = True
        self._lines.clear()
        try:
            yield
        finally:
            self._run = None
            self._stop_value[0] = 0.0
            self._control[0] = 0
            try:
                if not self._poisoned:
                    self._clean_up()
            finally:
                self._busy = False

    def _clean_up(self) -> None:
        lines, self._lines = self._lines, RunLog()
        for command in ("delete all", "destroy all", "remcirc"):
            self.exec_command(command)
        self._ngspice_shared.ngSpice_Command(ffi.NULL)  # forget the history of commands
        self._lines = lines

    def _load(self, text: str, marker: str, title: str) -> None:
        """Load a deck, and make sure that it is this one which is loaded."""
        if self._lines_poisoned_by(lambda: self.load_circuit(text)):
            raise LibraryPoisoned(
                f"the deck left ngspice unusable: {self._poisoned}", deck=title, hint=_POISON_HINT,
                log=self._lines.tail(),
            )
        problem = self._lines.load_problem(marker)
        if problem is not None:
            raise DeckInvalid(f"ngspice did not take the deck: {problem}", deck=title, log=self._lines.tail())

    def _lines_poisoned_by(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except NameError as error:  # PySpice's word for a return code that is not 0
            self._poisoned = self._poisoned or self._lines.first_error or str(error)
        return self._poisoned is not None

    def _execute(self, command: str, title: str) -> None:
        if self._lines_poisoned_by(lambda: self.exec_command(command)):
            raise LibraryPoisoned(
                f"the run left ngspice unusable: {self._poisoned}", deck=title, hint=_POISON_HINT, log=self._lines.tail()
            )

    def _prepare(self, deck: str, netlists: Path) -> tuple[str, CheckedDeck]:
        title = next((line.strip(" *\t") for line in deck.splitlines() if line.strip(" *\t")), "untitled")[:60]
        return title, check_deck(deck, netlists=netlists, title=title)

    def _attach(self, checked: CheckedDeck, sources: SourceTable | None, title: str) -> None:
        known = frozenset(sources.names) if sources is not None else frozenset()
        missing = sorted(checked.sources - known)
        if missing:
            raise DeckInvalid(
                f"no value for the external source {', '.join(missing)}", deck=title, node=missing[0],
                hint="hold it in the SourceTable before the run",
            )
        self._control[0] = sources.address if sources is not None else 0
        self._control[3] = 0
        if sources is not None:
            sources.accepted(-math.inf)

    # ---- transient ------------------------------------------------------------------------------------------
    def transient(
        self,
        deck: str,
        *,
        tstop_s: float,
        tmax_s: float,
        signals: Sequence[str],
        sources: SourceTable | None = None,
        on_accept: OnAccept | None = None,
        breakpoints: Sequence[float] = (),
        options: SpiceOptions | None = None,
        max_points: int = DEFAULT_MAX_POINTS,
        restart: Callable[[], None] | None = None,
        ladder: Sequence[Rung] = LADDER,
        progress: Progress | None = None,
        use_initial_conditions: bool = False,
        netlists: Path = NETLISTS,
    ) -> Waveforms:
        """Run a transient and return the chosen signals at every accepted point.

        Parameters
        ----------
        deck : body of the deck; its first comment is the title in messages
        tstop_s, tmax_s : stop time and longest step [s]
        signals : what to record, as ngspice saves it: 'v(ab)', 'i(vsense)', '@rfuse[p]'
        sources : values of the external sources
        on_accept : called as ``on_accept(time_s, values)`` once per accepted point, the first at t = 0, with the
            signals' values in the order of `signals` (the array is reused); may change `sources`, call
            `request_stop`, and return further breakpoint times (> time_s)
        breakpoints : times that the run must land on exactly [s]
        options : numerical options
        max_points : budget of accepted points
        restart : puts the caller's state (and `sources`) back to the start before a retry; without it a run with
            `on_accept` is not retried
        ladder : what to try after an aborted run, in this order; () for nothing
        progress : called now and then with the fraction done (0..1)
        use_initial_conditions : start from `.ic` without an operating point
        netlists : the only folder that the deck may include from

        Raises
        ------
        DeckRejected, DeckInvalid, LibraryPoisoned, OperatingPointFailed, InsaneOperatingPoint, TransientAborted,
        PointBudgetExceeded, CallbackFailed, Interrupted
        """
        if not (0.0 < tmax_s and 0.0 < tstop_s < math.inf):
            raise ValueError(f"tstop_s and tmax_s must be positive, not {tstop_s!r} and {tmax_s!r}")
        title, checked = self._prepare(deck, netlists)
        rung = Rung("", options or SpiceOptions(), tmax_s)
        contents = sources.snapshot() if sources is not None else None
        retries: list[str] = []
        steps = list(ladder) if on_accept is None or restart is not None else []
        while True:
            run = TransientRun(signals, tstop_s, rung.tmax_s, sources, on_accept, progress, breakpoints,
                               max_points, self._gather, self._ngspice_shared.ngSpice_SetBkpt)
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
        return Waveforms(title, time_s, waves, run.stop_asked, tuple(retries), self._lines.tail())

    def _run_once(
        self, title: str, checked: CheckedDeck, run: TransientRun, rung: Rung, use_initial_conditions: bool
    ) -> None:
        with self._exclusive(title), _interruptible(run):
            self._attach(checked, run.sources, title)
            card = tran_card(run.tstop_s, rung.tmax_s, use_initial_conditions)
            marker = self._next_marker()
            self._load(full_deck(marker, checked.text, run.signals, rung.options, card, stoppable=True), marker, title)
            self._execute(f"stop when v({STOP_NODE}) > 0.5", title)
            self._run = run
            self._execute("run", title)
            self._run = None
            self._judge(title, run)

    def _judge(self, title: str, run: TransientRun) -> None:
        """Decide whether a transient succeeded; raise what went wrong."""
        lines, time_s = self._lines, max(run.last_s, 0.0)
        log = lines.tail()
        if run.interrupted or isinstance(run.failure, KeyboardInterrupt):
            raise Interrupted(title, time_s)
        if run.failure is not None:
            raise CallbackFailed(
                f"a hook raised {type(run.failure).__name__}: {run.failure}", deck=title, time_s=time_s, log=log
            ) from run.failure
        if run.missing:
            raise DeckInvalid(
                f"no such signal: {', '.join(run.missing)}", deck=title, node=run.missing[0], log=log,
                hint="signals are named v(node), i(voltage source or inductor) or @device[parameter]",
            )
        if lines.transient_op:
            raise OperatingPointFailed(
                "the starting point came from 'Transient op', which is often wrong", deck=title, time_s=0.0, log=log,
                hint="start disabled, or give .nodeset for the power nodes",
            )
        if int(self._control[3]):
            raise DeckInvalid("the deck has an external source inside a subcircuit that has no value", deck=title, log=log)
        if run.budget_exceeded:
            raise PointBudgetExceeded(
                f"more than {run.n_points - 1} points", deck=title, time_s=time_s, log=log,
                hint="a limit cycle, or tmax_s far below what tstop_s needs",
            )
        if run.bad_signal is not None:
            raise TransientAborted("a value is not finite", deck=title, time_s=time_s, node=run.bad_signal, log=log)
        if run.stop_asked:
            return
        if run.n_points == 0:
            raise OperatingPointFailed(
                lines.failure or "no starting point was found", deck=title, time_s=0.0, node=lines.failed_node, log=log
            )
        if lines.failure is not None or run.last_s < run.tstop_s * (1.0 - 1e-6):
            raise TransientAborted(
                lines.failure or "the run ended early", deck=title,
                time_s=lines.failed_time_s if lines.failed_time_s is not None else time_s,
                node=lines.failed_node, log=log,
            )

    # ---- operating point and sweeps -------------------------------------------------------------------------
    def operating_point(
        self,
        deck: str,
        *,
        sources: SourceTable | None = None,
        options: SpiceOptions | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        signals: Sequence[str] = (),
        netlists: Path = NETLISTS,
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
            self._load(full_deck(marker, checked.text, extra, options or SpiceOptions(), ".op"), marker, title)
            self._execute("run", title)
            found = {_signal_name(name): float(data.real[-1]) for name, data in self._plot_vectors("op").items() if data.size}
            lines = self._lines
            if lines.transient_op or lines.failure or not found:
                raise OperatingPointFailed(
                    lines.failure or ("only 'Transient op' found a solution" if lines.transient_op else "no solution"),
                    deck=title, node=lines.failed_node, log=lines.tail(),
                    hint="start disabled, or give .nodeset for the power nodes",
                )
        _check_sanity(found, bounds or {}, title, lines.tail())
        return found

    def dc_sweep(
        self, deck: str, signals: Sequence[str], *, source: str, start: float, stop: float, step: float,
        sources: SourceTable | None = None, options: SpiceOptions | None = None, netlists: Path = NETLISTS,
    ) -> tuple[Array, dict[str, Array]]:
        """Sweep an independent source, a resistor or `temp`; returns the swept values and the signals.

        Parameters
        ----------
        deck : body of the deck
        signals : what to record
        source : name of the swept device, in the deck; start, stop, step : in its unit
        sources, options, netlists : as for `transient`
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
        self, deck: str, signals: Sequence[str], *, points_per_decade: int, start_Hz: float, stop_Hz: float,
        sources: SourceTable | None = None, options: SpiceOptions | None = None, netlists: Path = NETLISTS,
    ) -> tuple[Array, dict[str, NDArray[np.complex128]]]:
        """Small-signal analysis over logarithmic frequencies [Hz]; returns them and the complex signals.

        Parameters
        ----------
        deck : body of the deck, with one source that carries an `ac` value
        signals : what to record
        points_per_decade, start_Hz, stop_Hz : frequencies
        sources, options, netlists : as for `transient`
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
        self, title: str, checked: CheckedDeck, signals: Sequence[str], options: SpiceOptions | None, card: str, kind: str
    ) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
        marker = self._next_marker()
        self._load(full_deck(marker, checked.text, signals, options or SpiceOptions(), card), marker, title)
        self._execute("run", title)
        lines = self._lines
        if lines.failure or lines.transient_op:
            raise SweepFailed(
                lines.failure or "a point came from 'Transient op', which is often wrong", deck=title,
                node=lines.failed_node, log=lines.tail(),
            )
        vectors = self._plot_vectors(kind)
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

    def _plot_vectors(self, kind: str) -> dict[str, NDArray[Any]]:
        """Copies of all vectors of the newest plot, if it is of this kind; empty otherwise."""
        native = self._ngspice_shared
        plot = ffi.string(native.ngSpice_CurPlot()).decode()
        if not plot.startswith(kind):
            return {}
        names = native.ngSpice_AllVecs(plot.encode())
        found: dict[str, NDArray[Any]] = {}
        k = 0
        while names[k] != ffi.NULL:
            name = ffi.string(names[k]).decode("utf-8", "replace")
            info = native.ngGet_Vec_Info(f"{plot}.{name}".encode())
            k += 1
            if info == ffi.NULL or info.v_length <= 0:
                continue
            if info.v_compdata != ffi.NULL:
                data = np.frombuffer(ffi.buffer(info.v_compdata, 16 * info.v_length), dtype=np.complex128)
            else:
                data = np.frombuffer(ffi.buffer(info.v_realdata, 8 * info.v_length), dtype=np.float64)
            found[name.lower()] = data.copy()
        return found

    def _next_marker(self) -> str:
        """A title that no earlier deck had, so that an old circuit cannot pass for this one."""
        self._n_loads += 1
        return f"bms-cosim deck {self._n_loads}"


def _signal_name(vector: str) -> str:
    """ngspice's name of a vector as the name of a signal."""
    if vector.endswith("#branch"):
        return f"i({vector[: -len('#branch')]})"
    return vector if vector.startswith(("@", "v(")) else f"v({vector})"


def _check_sanity(
    found: Mapping[str, float], bounds: Mapping[str, tuple[float, float]], title: str, log: tuple[str, ...]
) -> None:
    """Refuse values that are not finite or outside what is believable, naming the node."""
    for name, value in found.items():
        limit = BRANCH_LIMIT_A if name.startswith("i(") else NODE_LIMIT_V if name.startswith("v(") else math.inf
        low, high = bounds.get(name, (-limit, limit))
        if not low <= value <= high:
            raise InsaneOperatingPoint(
                f"{name} = {value:.6g} is outside {low:.6g} .. {high:.6g}", deck=title, time_s=0.0, node=name, log=log
            )
    unknown = sorted(set(bounds) - set(found))
    if unknown:
        raise DeckInvalid(f"bounds for signals that the deck has not: {', '.join(unknown)}", deck=title, node=unknown[0])


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
