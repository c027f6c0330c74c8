"""Measured waveforms (oscilloscope, logger) as CSV, with a file that maps names and units.

    time: {column: "Time (ms)", unit: ms}
    signals:
      slow/port_current_A: {column: CH1, unit: mV, scale: 2.0, offset: 0.0, as: A}   # a clamp of 2 A per mV
      slow/battery_voltage_V: {column: CH2, unit: V}
    delimiter: ";"                # default ,
    decimal: ","                  # default .
    header_line: 12               # default 1: line of the column names

A value is (number in `unit`, turned into the base unit: mV -> V) x scale + offset, in the unit `as` (default: the base
unit). Signals bear the names of the other side, so that nothing else is compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from cosim.errors import InputError, nearest
from cosim.scenario.base import STRICT
from cosim.scenario.problems import one_line
from cosim.scenario.reading import read_mapping
from cosim.studies.compare.recording import Recording, numbers, read_table

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
    """Read a measured CSV file as its mapping says.

    Raises
    ------
    InputError
        A column is missing or holds a word; WaveformError for NaN or times that do not rise.
    """
    table = read_table(path, mapping.delimiter, mapping.header_line)

    def column(field: str, told: Column) -> tuple[str, object]:
        if told.column not in table.header:
            raise InputError(str(path), field, f"no column {told.column!r}", nearest(told.column, table.header))
        base, factor, offset = BASE_UNITS[told.unit]
        raw = numbers(path, table, told.column, mapping.decimal)
        return told.as_unit or base, (raw * factor + offset) * told.scale + told.offset

    recording = Recording(str(path))
    _, time_s = column("time", mapping.time)
    for name, told in mapping.signals.items():
        unit, value = column(name, told)
        recording.add(name, unit, time_s, value)
    return recording
