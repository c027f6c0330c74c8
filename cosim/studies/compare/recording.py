"""What is compared: signals by name, with unit and time, from a result directory, netCDF or CSV; and an event log.

Signals of a result directory are named `slow/port_current_A`, `windows/enable/port_current_A`; a later window of that
name is `windows/enable#2/...` (the running number of a window changes when another one is opened before it). A variable
with a second dimension is one signal per column: `slow/junction_degC[q1]`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from cosim.errors import InputError, nearest
from cosim.result import WAVEFORMS, LoggedEvent, Result, told_unit
from cosim.studies.compare.tube import Waveform, checked

Array = NDArray[np.float64]

TIMES = ("time_s", "time", "t")
"""Names that a time axis may have in a file."""
WINDOWS = "windows/"
READABLE = "a result directory, a netCDF file (.nc) or a CSV file (.csv)"


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
    """Signals by name; events where there is a log; `origin` is the file or folder."""

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
    """Read a result directory, a netCDF file or a CSV file.

    Raises
    ------
    InputError
        No such file, or not of these kinds; WaveformError where a waveform has NaN or times that do not rise.
    """
    if path.is_dir():
        return of_result(Result.load(path), str(path))
    if not path.is_file():
        raise InputError(str(path), "", "no such file or folder", READABLE)
    if path.suffix.lower() == ".nc":
        return _of_netcdf(path)
    if path.suffix.lower() == ".csv":
        return _of_csv(path)
    raise InputError(str(path), "", path.suffix or "no ending", READABLE)


def of_result(result: Result, origin: str = "result") -> Recording:
    """Recording of a run: slow record, windows, event log; `origin` is what messages call it."""
    recording = Recording(origin, events=list(result.events))
    add_dataset(recording, "slow/", result.slow)
    seen: Counter[str] = Counter()
    for key, window in result.windows.items():
        name = str(window.attrs.get("name", key))
        seen[name] += 1
        number = f"#{seen[name]}" if seen[name] > 1 else ""
        add_dataset(recording, f"{WINDOWS}{name}{number}/", window)
    return recording


def add_dataset(recording: Recording, prefix: str, dataset: xr.Dataset) -> None:
    """Add every number of a dataset that runs over time; raises InputError for one without a time axis."""
    time = next((name for name in TIMES if name in dataset.coords or name in dataset.variables), None)
    if time is None:
        if dataset.data_vars:
            known = ", ".join(map(str, dataset.variables))
            raise InputError(recording.origin, prefix, known, f"a time axis {TIMES[0]}")
        return
    if dataset.sizes[str(dataset[time].dims[0])] < 2:
        return
    for key, variable in dataset.data_vars.items():
        if variable.dtype.kind not in "fiub" or not variable.dims or variable.dims[0] != dataset[time].dims[0]:
            continue
        unit = str(variable.attrs.get("units", told_unit(str(key))))
        if variable.ndim == 1:
            recording.add(f"{prefix}{key}", unit, dataset[time].values, variable.values)
        elif variable.ndim == 2:
            labels = dataset[variable.dims[1]].values
            for column, label in enumerate(labels):
                recording.add(f"{prefix}{key}[{label}]", unit, dataset[time].values, variable.values[:, column])


def _of_netcdf(path: Path) -> Recording:
    """Every group of a netCDF file; one that `bms-cosim run` wrote is read as the result that it belongs to."""
    try:
        with xr.open_datatree(path, engine="netcdf4") as tree:
            groups = {name.strip("/"): node.to_dataset().load() for name, node in tree.subtree_with_keys}
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(str(path), "", f"unreadable ({reason})", "a netCDF file") from None
    groups = {("" if name == "." else name): data for name, data in groups.items()}
    if path.name == WAVEFORMS and "slow" in groups:
        windows = {name.removeprefix(WINDOWS): data for name, data in groups.items() if name.startswith(WINDOWS)}
        recording = of_result(Result(groups["slow"], windows), str(path))
        recording.events = None
        return recording
    recording = Recording(str(path))
    for name, data in groups.items():
        add_dataset(recording, f"{name}/" if name else "", data)
    return required(recording)


def required(recording: Recording) -> Recording:
    """The recording, unless it holds nothing: InputError."""
    if not recording.signals:
        raise InputError(recording.origin, "", "no signals", "at least one column or variable over time")
    return recording


@dataclass(frozen=True)
class Table:
    """Columns of a CSV file as text, with the line of the file in which each row stands."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


def read_table(path: Path, delimiter: str = ",", header_line: int = 1) -> Table:
    """Read a CSV file; blank lines and those that begin with # are left out.

    Raises
    ------
    InputError
        Unreadable, without data, or with a row of another length.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(str(path), "", reason, "a CSV file in UTF-8") from None
    every = list(enumerate(csv.reader(text.splitlines(), delimiter=delimiter), 1))
    kept = [(line, tuple(cell.strip() for cell in row)) for line, row in every[header_line - 1 :]
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")]
    if len(kept) < 3:
        raise InputError(str(path), "", f"{max(len(kept) - 1, 0)} rows", "a header and at least two rows")
    (_, header), *rows = kept
    for line, row in rows:
        if len(row) != len(header):
            raise InputError(str(path), f"line {line}", f"{len(row)} cells", f"{len(header)}, as in the header")
    if len(set(header)) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputError(str(path), "header", twice, "every name once")
    return Table(header, tuple(row for _, row in rows), tuple(line for line, _ in rows))


def numbers(path: Path, table: Table, column: str, decimal: str = ".") -> Array:
    """A column as numbers; an empty cell or a word raises InputError with its line."""
    index = table.header.index(column)
    out = np.empty(len(table.rows))
    for k, row in enumerate(table.rows):
        try:
            out[k] = float(row[index].replace(decimal, "."))
        except ValueError:
            raise InputError(str(path), f"line {table.lines[k]}, {column}", row[index] or "empty", "a number") from None
    return out


def _of_csv(path: Path) -> Recording:
    """CSV with a time column [s] (`time_s`, `time`, `t`); units from the names (`_A`, or `name [A]`)."""
    table = read_table(path)
    time = next((name for name in TIMES if name in table.header), None)
    if time is None:
        raise InputError(str(path), "header", ",".join(table.header)[:80],
                         f"a time column ({', '.join(TIMES)}), or --map for other names and units")
    recording = Recording(str(path))
    time_s = numbers(path, table, time)
    for name in table.header:
        if name != time:
            plain, unit = split_unit(name)
            recording.add(plain, unit, time_s, numbers(path, table, name))
    return required(recording)


def split_unit(text: str) -> tuple[str, str]:
    """Name and unit of a heading such as `current [A]` or `current_A`."""
    name, bracket, rest = text.partition("[")
    if bracket and rest.endswith("]"):
        return name.strip(), rest[:-1].strip() or "1"
    return text, told_unit(text)


def chosen(recording: Recording, names: Sequence[str]) -> Recording:
    """Only these signals; InputError for one that is not there."""
    for name in names:
        if name not in recording.signals:
            raise InputError(recording.origin, name, "no such signal", nearest(name, list(recording.signals)))
    return Recording(recording.origin, {name: recording.signals[name] for name in names}, recording.events)
