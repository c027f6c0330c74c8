"""Measured waveforms (oscilloscope, logger, another simulator), with a file that maps names and units.

    time: {column: "Time (ms)", unit: ms}
    signals:
      slow/port_current_A: {column: CH1, unit: mV, scale: 2.0, offset: 0.0, as: A}   # a clamp of 2 A per mV
      slow/battery_voltage_V: {column: CH2, unit: V}
    delimiter: ";"                # default , (this and the next two: CSV only)
    decimal: ","                  # default .
    header_line: 12               # default 1: line of the column names

A column is named as the file names it: a heading of CSV or Parquet, a vector of a raw file (`V(out)`), a signal of a
VCD file with its scopes (`top/ready`). A file with an ending that tells nothing (.txt, .dat) is CSV.

A value is (number in `unit`, turned into the base unit: mV -> V) x scale + offset, in the unit `as` (default: the base
unit). Signals bear the names of the other side, so that nothing else is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from cosim import files
from cosim.errors import InputError, nearest
from cosim.files.csv_file import Dialect
from cosim.files.record import Array, Record
from cosim.scenario.base import STRICT
from cosim.scenario.problems import one_line
from cosim.scenario.reading import read_mapping
from cosim.studies.compare.recording import Recording

BASE_UNITS: dict[str, tuple[str, float, float]] = {
    "s": ("s", 1.0, 0.0), "ms": ("s", 1e-3, 0.0), "us": ("s", 1e-6, 0.0), "ns": ("s", 1e-9, 0.0),
    "min": ("s", 60.0, 0.0), "h": ("s", 3600.0, 0.0),
    "A": ("A", 1.0, 0.0), "mA": ("A", 1e-3, 0.0), "uA": ("A", 1e-6, 0.0), "kA": ("A", 1e3, 0.0),
    "V": ("V", 1.0, 0.0), "mV": ("V", 1e-3, 0.0), "kV": ("V", 1e3, 0.0),
    "W": ("W", 1.0, 0.0), "mW": ("W", 1e-3, 0.0), "kW": ("W", 1e3, 0.0),
    "J": ("J", 1.0, 0.0), "mJ": ("J", 1e-3, 0.0), "kJ": ("J", 1e3, 0.0), "Wh": ("J", 3600.0, 0.0),
    "degC": ("degC", 1.0, 0.0), "K": ("degC", 1.0, -273.15), "degF": ("degC", 5.0 / 9.0, -160.0 / 9.0),
    "1/min": ("1/min", 1.0, 0.0), "Hz": ("1/min", 60.0, 0.0), "m/s": ("m/s", 1.0, 0.0), "km/h": ("m/s", 1.0 / 3.6, 0.0),
    "ohm": ("ohm", 1.0, 0.0), "mohm": ("ohm", 1e-3, 0.0), "1": ("1", 1.0, 0.0), "%": ("1", 0.01, 0.0),
}
"""Unit -> base unit, factor, offset."""

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Column(BaseModel):
    """One column: its heading, unit, and what a probe or a shunt makes of it."""

    model_config = STRICT
    column: str
    unit: str
    scale: Finite = 1.0
    offset: Finite = 0.0
    as_unit: str | None = Field(default=None, alias="as")


class Mapping(BaseModel):
    """A whole mapping file."""

    model_config = STRICT
    time: Column
    signals: dict[str, Column] = Field(min_length=1)
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Annotated[str, Field(pattern=r"^[.,]$")] = "."
    header_line: Annotated[int, Field(ge=1, le=100_000)] = 1


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file; raises InputError with file, field, value and what is allowed."""
    try:
        mapping = Mapping.model_validate(read_mapping(path))
    except ValidationError as error:
        raise one_line(error, str(path), Mapping) from None
    for field, column in (("time", mapping.time), *((f"signals.{name}", one) for name, one in mapping.signals.items())):
        if column.unit not in BASE_UNITS:
            raise InputError(str(path), f"{field}.unit", column.unit, ", ".join(BASE_UNITS))
        if column.scale == 0.0:
            raise InputError(str(path), f"{field}.scale", column.scale, "other than 0")
    if BASE_UNITS[mapping.time.unit][0] != "s":
        raise InputError(str(path), "time.unit", mapping.time.unit, "s, ms, us, ns, min, h")
    return mapping


def read_measured(path: Path, mapping: Mapping) -> Recording:
    """Read a measured file as its mapping says.

    Raises
    ------
    InputError
        A column is missing or holds a word; WaveformError for NaN or times that do not rise.
    """
    dialect = Dialect(mapping.delimiter, mapping.decimal, mapping.header_line)
    known = {ending: one.name for one in files.FORMATS for ending in one.endings}
    kind = known.get(path.suffix.lower(), "csv")
    if kind != "csv" and dialect != Dialect():
        raise InputError(str(path), "", f"delimiter, decimal or header_line for {path.suffix}", "for CSV alone")
    records = files.read(path, dialect, format="" if path.is_dir() else kind)
    recording = Recording(str(path))
    for name, told in mapping.signals.items():
        record, column = _found(path, records, f"signals.{name}", told.column)
        _, time_s = _scaled(mapping.time, _time(path, record, mapping.time.column))
        unit, value = _scaled(told, column)
        recording.add(name, unit, time_s, value, record.step_s)
    return recording


def _scaled(told: Column, column: files.Column) -> tuple[str, Array]:
    """Unit and numbers of a column as its entry says."""
    base, factor, offset = BASE_UNITS[told.unit]
    return told.as_unit or base, (column.values * factor + offset) * told.scale + told.offset


def _names(record: Record, column: files.Column) -> tuple[str, ...]:
    """What a column may be called in a mapping, the file's own name for it first."""
    return column.heading or record.full_name(column), record.full_name(column), column.name


def _found(path: Path, records: Sequence[Record], field: str, wanted: str) -> tuple[Record, files.Column]:
    """Column of that name, with its record."""
    every = [(record, column) for record in records for column in record.columns]
    for place in range(3):
        alike = [one for one in every if _names(*one)[place] == wanted]
        if len(alike) == 1:
            return alike[0]
        if alike:
            names = [record.full_name(column) for record, column in alike]
            raise InputError(str(path), field, f"{len(alike)} columns {wanted!r}", ", ".join(names[:12]))
    known = list(dict.fromkeys(_names(*one)[0] for one in every))
    raise InputError(str(path), field, f"no column {wanted!r}", nearest(wanted, known))


def _time(path: Path, record: Record, wanted: str) -> files.Column:
    """Time column of the record that a signal stands in."""
    for column in record.columns:
        if wanted in _names(record, column):
            return column
    known = [_names(record, column)[0] for column in record.columns]
    raise InputError(str(path), "time", f"no column {wanted!r}", nearest(wanted, known))
