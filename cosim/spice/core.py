"""The library itself behind thin callbacks: loading, commands, what comes back, and leaving no trace.

ngspice returns 0 for 'timestep too small', for a missing model and for a deck that was never loaded, keeps
the old circuit after a failed load, and lets a Python exception vanish inside a callback. So nothing here
trusts a return code, every load carries a title of its own, and after every analysis nothing is left loaded,
saved or armed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi

from cosim.paths import netlists_folder
from cosim.spice.callbacks import (
    CONTROL_WORDS,
    PYTHON_WORD,
    RUN_WORD,
    STEP_WORD,
    compile_data_callback,
    compile_source_callback,
    compile_step_callback,
    name_key,
)
from cosim.spice.deck import STOP_SOURCE
from cosim.spice.errors import DeckInvalid, LibraryPoisoned, SessionBusy, SpiceError
from cosim.spice.guard import CheckedDeck, check_deck
from cosim.spice.log import RunLog
from cosim.spice.sources import SourceTable
from cosim.spice.start import quiet_start
from cosim.spice.transient import TransientRun

Array = NDArray[np.float64]

_POISON_HINT = "nothing that this process computes with ngspice can be trusted any more: start a new process"
_KEPT_OUTPUT = 10_000


class SpiceCore(NgSpiceShared):  # type: ignore[misc]  # PySpice has no type information
    """PySpice's shared ngspice with other callbacks; `SpiceSession` adds the analyses."""

    _exists: ClassVar[bool] = False

    def __init__(self, library: str) -> None:
        if SpiceCore._exists:
            raise SessionBusy("libngspice holds one circuit per process; use SpiceSession.open()")
        self._library = library
        self._poisoned: str | None = None
        self._run: TransientRun | None = None
        self._busy = False
        self._n_loads = 0
        self._lines = RunLog()
        self._control = np.zeros(CONTROL_WORDS, dtype=np.uint64)
        self._control[1] = name_key(STOP_SOURCE)
        self._stop_value = self._control.view(np.float64)[2:3]
        self._longest_step = self._control.view(np.float64)[STEP_WORD : STEP_WORD + 1]
        SpiceCore._exists = True  # from here on ngspice may be initialised, and it can be only once
        super().__init__(ngspice_id=0, send_data=True)

    @property
    def library_path(self) -> str:
        """Library that PySpice loads: the one that `cosim.spice.library` found."""
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
            ffi.callback(
                "int (pvecvaluesall, int, int, void *)", self._on_data, onerror=self._on_callback_error
            ),
            ffi.callback("int (pvecinfoall, int, void *)", self._on_vectors),
        )
        text, leave, on_data, vectors = self._callbacks
        self._control[PYTHON_WORD] = int(ffi.cast("uintptr_t", on_data))
        self._data_callback = compile_data_callback()
        data = ffi.cast("int (*)(pvecvaluesall, int, int, void *)", self._data_callback.address)
        # The one pointer that all callbacks get leads to the control block: where the source table is, and
        # the value of the source that ends a run.
        control = ffi.cast("void *", self._control.ctypes.data)
        with quiet_start(self._library):
            native.ngSpice_Init(text, ffi.NULL, leave, data, vectors, ffi.NULL, control)
        self._source_callback = compile_source_callback()
        source = ffi.cast("int (*)(double *, double, char *, int, void *)", self._source_callback.address)
        self._ident = ffi.new("int *", 0)
        self._step_callback = compile_step_callback()
        step = ffi.cast("int (*)(double, double *, double, int, int, int, void *)", self._step_callback.address)
        native.ngSpice_Init_Sync(source, source, step, self._ident, control)
        self._get_version()
        self.exec_command("set nomoremode")

    # ---- callbacks
    # ------------------------------------------------------------------------------------------
    def _on_text(self, message: Any, ident: int, user: Any) -> int:
        line = ffi.string(message).decode("utf-8", "replace")
        prefix, _, content = line.partition(" ")
        if prefix == "stdout":
            self._stdout.append(content)
            if len(self._stdout) > _KEPT_OUTPUT:
                del self._stdout[: _KEPT_OUTPUT // 2]
        self._lines.add(content if prefix in ("stdout", "stderr") else line)
        return 0

    def _on_exit(self, status: int, immediate: bool, by_quit: bool, ident: int, user: Any) -> int:
        self._poisoned = self._lines.first_error or "ngspice gave up"
        return 0

    def _on_vectors(self, data: Any, ident: int, user: Any) -> int:
        return 0

    def _on_data(self, data: Any, count: int, ident: int, user: Any) -> int:
        """What the compiled data callback leaves to Python: at first where the signals are, then some points."""
        run = self._run
        if run is None:
            return 0
        if not run.stop:
            if run.resolved:
                run.accept()
            else:
                self._resolve(run, data, count)
        if run.stop:  # also when Ctrl-C came between two points
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
        start = int(ffi.offsetof("vecvalues", "creal"))
        for cell in ffi.unpack(data.vecsa, count):
            name = ffi.string(cell.name).decode("utf-8", "replace").lower()
            cells[name] = int(ffi.cast("uintptr_t", cell)) + start
        if self._lines.transient_op:
            run.stop = True  # the starting point cannot be trusted; `judge` says so
        else:
            run.resolve(cells)

    # ---- one analysis
    # ---------------------------------------------------------------------------------------
    @contextmanager
    def _exclusive(self, title: str) -> Iterator[None]:
        """One analysis from load to clean-up; leaves nothing loaded, whatever happens."""
        if self._poisoned:
            raise LibraryPoisoned(
                f"ngspice was left unusable by an earlier deck: {self._poisoned}", hint=_POISON_HINT
            )
        if self._busy:
            raise SessionBusy("the session was called from inside one of its own hooks", deck=title)
        self._busy = True
        self._lines.clear()
        try:
            yield
        finally:
            self._watch(None)
            self._stop_value[0] = 0.0
            self._longest_step[0] = 0.0
            self._control[0] = 0
            try:
                if not self._poisoned:
                    self._clean_up()
            finally:
                self._busy = False

    def _watch(self, run: TransientRun | None) -> None:
        """Let the data callback see this run; None for none."""
        self._run = run
        self._control[RUN_WORD] = 0 if run is None else run.address

    def _clean_up(self) -> None:
        lines, self._lines = self._lines, RunLog()
        # The last: `.options cshunt` of one deck would act on every later deck that has none.
        for command in ("delete all", "destroy all", "remcirc", "unset cshunt_value"):
            self.exec_command(command)
        self._ngspice_shared.ngSpice_Command(ffi.NULL)  # forget the history of commands
        self._lines = lines

    def _load(self, text: str, marker: str, title: str) -> None:
        """Load a deck, and make sure that it is this one which is loaded."""
        self._guarded(lambda: self._hand_over(text), title)
        problem = self._lines.load_problem(marker)
        if problem is not None:
            raise DeckInvalid(f"ngspice did not take the deck: {problem}", deck=title, log=self._lines.tail())
        # No 'Transient op': its answers are often wrong, and on a deck that oscillates it never returns
        # (and calls nothing in which Ctrl-C could be seen). Without a circuit the command crashes ngspice 39.
        self._execute("optran 1 1 1 0 0 0", title)

    def _hand_over(self, text: str) -> None:
        """Give a deck to ngspice, which copies it: PySpice's `load_circuit` with one piece of memory for all lines."""
        lines = [*(line for line in text.splitlines() if line), ""]
        memory = ffi.new("char[]", "\0".join(lines).encode("ascii"))
        addresses = np.zeros(len(lines) + 1, dtype=np.uint64)  # ends with a null
        addresses[1:-1] = np.cumsum([len(line) + 1 for line in lines[:-1]])
        addresses[:-1] += np.uint64(int(ffi.cast("uintptr_t", memory)))
        self.clear_output()
        if self._ngspice_shared.ngSpice_Circ(ffi.cast("char **", addresses.ctypes.data)):
            raise NameError("ngspice refused the circuit")

    def _execute(self, command: str, title: str) -> None:
        self._guarded(lambda: self.exec_command(command), title)

    def _guarded(self, action: Callable[[], object], title: str) -> None:
        """Do something with ngspice, and notice when it says that it cannot go on."""
        try:
            action()
        except NameError as error:  # PySpice's word for a return code that is not 0
            self._poisoned = self._poisoned or self._lines.first_error or str(error)
        if self._poisoned is not None:
            raise LibraryPoisoned(
                f"the deck left ngspice unusable: {self._poisoned}",
                deck=title,
                hint=_POISON_HINT,
                log=self._lines.tail(),
            )

    def _prepare(self, deck: str, netlists: Path | None) -> tuple[str, CheckedDeck]:
        title = next((line.strip(" *\t") for line in deck.splitlines() if line.strip(" *\t")), "untitled")[
            :60
        ]
        return title, check_deck(deck, netlists=netlists or netlists_folder(), title=title)

    def _attach(self, checked: CheckedDeck, sources: SourceTable | None, title: str) -> None:
        """Let the source callback see this table; every source of the deck must have a value."""
        known = frozenset(sources.names) if sources is not None else frozenset()
        missing = sorted(checked.sources - known)
        if missing:
            raise DeckInvalid(
                f"no value for the external source {', '.join(missing)}",
                deck=title,
                node=missing[0],
                hint="hold it in the SourceTable before the run",
            )
        self._control[0] = sources.address if sources is not None else 0
        self._control[3] = 0
        if sources is not None:
            sources.accepted(-math.inf)

    def _next_marker(self) -> str:
        """A title that no earlier deck had, so that an old circuit cannot pass for this one."""
        self._n_loads += 1
        return f"bms-cosim deck {self._n_loads}"

    def _vectors(self, kind: str) -> dict[str, NDArray[Any]]:
        """Copies of all vectors of the current plot, if it is of this kind; empty otherwise."""
        native = self._ngspice_shared
        plot = ffi.string(native.ngSpice_CurPlot()).decode()
        if not plot.startswith(kind):
            return {}
        names = native.ngSpice_AllVecs(plot.encode())
        found: dict[str, NDArray[Any]] = {}
        for name in _strings(names):
            info = native.ngGet_Vec_Info(f"{plot}.{name}".encode())
            if info == ffi.NULL or info.v_length <= 0:
                continue
            is_complex = info.v_compdata != ffi.NULL
            source, size = (info.v_compdata, 16) if is_complex else (info.v_realdata, 8)
            dtype = np.complex128 if is_complex else np.float64
            found[name.lower()] = np.frombuffer(ffi.buffer(source, size * info.v_length), dtype=dtype).copy()
        return found

    @property
    def longest_step_s(self) -> Array:
        """One number that a hook may change: longest step that ngspice tries next [s]; 0 for its own choice."""
        return self._longest_step

    def request_stop(self) -> None:
        """End the running transient cleanly after this accepted point; for `on_accept`, elsewhere SpiceError raises."""
        run = self._run
        if run is None:
            raise SpiceError("no transient is running, so there is nothing to stop")
        run.stop_asked = run.stop = True


def _strings(array: Any) -> list[str]:
    """Copy a NULL-terminated array of C strings, before ngspice is asked anything else."""
    names: list[str] = []
    while array != ffi.NULL and array[len(names)] != ffi.NULL:
        names.append(ffi.string(array[len(names)]).decode("utf-8", "replace"))
    return names
