"""What is compared: signals by name, with unit and time, from a result directory or a file; and an event log.

Signals of a result directory are named `slow/port_current_A`, `windows/enable/port_current_A`; a later window of that
name is `windows/enable#2/...` (the running number of a window changes when another one is opened before it). A variable
with a second dimension is one signal per column: `slow/junction_degC[q1]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from cosim import files
from cosim.errors import InputError, nearest
from cosim.files.of_result import WINDOWS, of_dataset
from cosim.files.of_result import of_result as records_of
from cosim.files.record import Record
from cosim.result import LoggedEvent, Result
from cosim.studies.compare.tube import Waveform, checked

Array = NDArray[np.float64]

LEAST_POINTS = 2


@dataclass(frozen=True)
class Signal:
    """One waveform with its unit; `name` is unique in its recording, `step_s` the step that it was recorded with."""

    name: str
    unit: str
    wave: Waveform
    step_s: float

    @property
    def in_window(self) -> bool:
        """Whether it belongs to a SPICE window: its time is that since the window's start."""
        return self.name.startswith(WINDOWS)


@dataclass
class Recording:
    """What is compared: `signals` by name; events where there is a log; `origin` is the file or folder."""

    origin: str
    signals: dict[str, Signal] = field(default_factory=dict)
    events: list[LoggedEvent] | None = None

    def add(self, name: str, unit: str, time_s: object, value: object, step_s: float | None = None) -> None:
        """Add a signal by its name, unit and waveform (time_s, value), or raise WaveformError if it cannot be compared.

        Without `step_s` it is the median step.
        """
        wave = checked(time_s, value, name, self.origin)
        step_s = float(np.median(np.diff(wave.time_s))) if step_s is None else step_s
        self.signals[name] = Signal(name, unit, wave, step_s)

    def shifted(self, shift_s: float) -> Recording:
        """Return the same recording later by `shift_s` [s], its events too: a measured one on the clock of a run."""
        signals = {
            name: replace(one, wave=Waveform(one.wave.time_s + shift_s, one.wave.value))
            for name, one in self.signals.items()
        }
        events = None if self.events is None else [one._replace(time_s=one.time_s + shift_s) for one in self.events]
        return Recording(self.origin, signals, events)


def read(path: Path) -> Recording:
    """Read a result directory (with its event log) or a file of any of the formats of `cosim.files`.

    Raises
    ------
    InputError
        No such file, or not of these kinds; WaveformError where a waveform has NaN or times that do not rise.
    """
    if path.is_dir():
        return of_result(Result.load(path), str(path))
    return of_records(files.read(path), str(path))


def of_records(records: Iterable[Record], origin: str) -> Recording:
    """Recording of what a file holds; InputError where nothing in it has two points over time."""
    recording = Recording(origin)
    short: list[Record] = []
    for record in records:
        if record.points < LEAST_POINTS:
            short.append(record)
        else:
            add_record(recording, record)
    if not recording.signals and short:
        raise InputError(origin, short[0].name, f"{short[0].points} rows", "a header and at least two rows")
    return required(recording)


def of_result(result: Result, origin: str = "result") -> Recording:
    """Recording of a run: slow record, windows, event log; `origin` is what messages call it.

    Raises
    ------
    InputError : a record without a time axis, or times that fall (WaveformError)
    """
    recording = Recording(origin, events=list(result.events))
    for record in records_of(result, origin).values():
        add_record(recording, record)
    return recording


def add_dataset(recording: Recording, name: str, dataset: xr.Dataset) -> None:
    """Add every number of a dataset that runs over time; raises InputError for one without a time axis."""
    record = of_dataset(name, dataset, recording.origin)
    if record is not None:
        add_record(recording, record)


def add_record(recording: Recording, record: Record) -> None:
    """Add the signals of a record, unless it has but one point; raises InputError for a name that is there already."""
    if record.points < LEAST_POINTS:
        return
    for column in record.signals:
        name = record.full_name(column)
        if name in recording.signals:
            raise InputError(recording.origin, name, "there twice", "every name once")
        recording.add(name, column.unit, record.time.values, column.values, record.step_s)


def required(recording: Recording) -> Recording:
    """The recording, unless it holds nothing: InputError."""
    if not recording.signals:
        raise InputError(recording.origin, "", "no signals", "at least one column or variable over time")
    return recording


def chosen(recording: Recording, names: Sequence[str]) -> Recording:
    """Only these signals; InputError for one that is not there."""
    for name in names:
        if name not in recording.signals:
            raise InputError(recording.origin, name, "no such signal", nearest(name, list(recording.signals)))
    return Recording(recording.origin, {name: recording.signals[name] for name in names}, recording.events)
