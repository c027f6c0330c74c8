"""Who listens to a run's supervisor: the files of test vectors and of the instant readout.

The files grow beside the result's place while the run goes on, in a folder `.NAME.PID.spool`, and move into the result
when it is saved; a run that fails leaves nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import bms
from cosim.errors import InputError
from cosim.result import READOUT, VECTORS
from cosim.scenario.model import Scenario
from cosim.supervisor.readout_file import ReadoutWriter
from cosim.supervisor.readout_keys import keys_of
from cosim.supervisor.supervision import Call, Supervision
from cosim.supervisor.vectors_file import VectorWriter

NEVER = 1 << 62
"""A tick that no run reaches."""


class Listener:
    """Hears of every call of the supervisor, in order, and of the sensors when a broadcast is due.

    Parameters
    ----------
    target : place of the result, for messages
    vectors, readout : where it writes; None where that is not wanted
    """

    def __init__(self, target: Path, vectors: VectorWriter | None, readout: ReadoutWriter | None) -> None:
        self._target, self._vectors, self._readout = target, vectors, readout

    @property
    def due_tick(self) -> int:
        """From this tick on the sensors must be looked at."""
        return NEVER if self._readout is None else self._readout.due_tick

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, complete: nothing can be written after this."""
        found: tuple[Path, ...] = ()
        with writing(self._target):
            for writer in (self._vectors, self._readout):
                found += () if writer is None else writer.close()
        return found

    def take(self, calls: Iterable[Call]) -> None:
        """Take in calls; inside a window they are where broadcasts come from."""
        with writing(self._target):
            for call in calls:
                if self._vectors is not None:
                    self._vectors.write(call)
                if self._readout is not None and call.tick >= self._readout.due_tick:
                    self._readout.write(call.tick, call.measurements, call.commands, call.state)

    def look(self, tick: int, measurements: bms.Measurements, supervision: Supervision) -> None:
        """Take in what the sensors say between calls."""
        if self._readout is not None:
            with writing(self._target):
                self._readout.write(tick, measurements, supervision.commands, supervision.state)


@contextmanager
def listening(scenario: Scenario, target: Path, *, vectors: bool) -> Iterator[Listener | None]:
    """Give the listener of a run whose result goes to `target`; None if nobody wants to hear anything.

    Parameters
    ----------
    scenario : what is run; its setting `instant_readout` asks for the readout
    target : place of the result
    vectors : write test vectors

    Raises
    ------
    InputError : the place cannot be written to, or a key file cannot be used
    """
    settings = scenario.supervisor_settings
    if vectors and any(change.settings for change in scenario.changes):
        raise InputError(scenario.name, "changes", "settings", "none with test vectors, whose file has one set of them")
    if not (vectors or settings.instant_readout):
        yield None
        return
    target = target.resolve()
    spool = target.parent / f".{target.name}.{os.getpid()}.spool"
    keys = keys_of(scenario) if settings.instant_readout else ()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, spool, ignore_errors=True)
        with writing(target):
            spool.mkdir(parents=True, exist_ok=True)
            writer = stack.enter_context(VectorWriter(spool / VECTORS, settings)) if vectors else None
            readout = None
            if keys:
                every, tick_ms = round(scenario.readout.period_s / scenario.tick_s), round(scenario.tick_s * 1000.0)
                readout = stack.enter_context(ReadoutWriter(spool / READOUT, settings, keys, max(1, every), tick_ms))
        yield Listener(target, writer, readout)


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Tell a full disk, or a place without permission, in one line: raises InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(str(target), "", error.strerror or str(error), "a folder that can be written") from error
