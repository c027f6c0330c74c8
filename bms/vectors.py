"""Test vectors for firmware teams: measurements and expected commands per call, as rows of text.

`rows_of` turns calls into rows; `differences` replays rows through `step` and tells what differs. Numbers are
written so that reading them gives the same bits. Pure functions: files are the caller's.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bms.events import Event
from bms.interface import CELL_SENSORS, OPTIONAL_SENSORS, PORT_SENSORS, Commands, Leds, Measurements
from bms.settings import CELLS_PER_BATTERY, Settings
from bms.state import State
from bms.supervisor import step

Row = dict[str, str]
TIME, SPAN = "time_s", "dt_ms"
"""Time since power-up, for reading only, and time since the call before."""
LONGEST_MS = 3_600_000
"""Longest time between two calls: the longest hold that a firmware constant allows."""
LARGEST = 1.0e9
"""Largest size of a reading; no sensor comes near it."""
_LED = "led_"
_NUMBERS = ("current_limit_A", "sense_reference_V", "supply_current_A")
_READING = f"a number of at most {LARGEST:g} in size, nan, inf"


class VectorError(ValueError):
    """A row, or the header (row None), that cannot be used.

    Attributes
    ----------
    row : int or None
        Row from 0.
    column : str
        Column; empty for the whole row.
    value : str
        What stands there.
    allowed : str
        What is allowed.
    """

    def __init__(self, row: int | None, column: str, value: str, allowed: str) -> None:
        super().__init__(row, column, value, allowed)
        self.row, self.column, self.value, self.allowed = row, column, value, allowed

    def __str__(self) -> str:
        """One line with row, column, value and what is allowed."""
        where = "header" if self.row is None else f"row {self.row}"
        place = f"{where}, {self.column}" if self.column else where
        return f"{place}: {self.value!r} is not allowed; allowed: {self.allowed}"


class Difference(NamedTuple):
    """Row (from 0), column, what was expected and what came."""

    row: int
    column: str
    expected: str
    got: str

    def __str__(self) -> str:
        """One line."""
        return f"row {self.row}, {self.column}: expected {self.expected!r}, got {self.got!r}"


def columns(n_cells: int, n_temperatures: int) -> tuple[str, ...]:
    """Names of all columns, in order: call, measurements, expected commands, events."""
    cells = tuple(f"cell_voltage_V[{i}]" for i in range(n_cells))
    degC = tuple(f"cell_temperature_degC[{i}]" for i in range(n_temperatures))
    leds = tuple(_LED + name for name in Leds._fields)
    commands = tuple(name for name in Commands._fields if name != "leds")
    return (TIME, SPAN, *PORT_SENSORS, *OPTIONAL_SENSORS, *cells, *degC, *commands, *leds, "events")


def row_of(
    time_ms: int, dt_ms: int, measurements: Measurements, commands: Commands, events: Sequence[Event] = ()
) -> Row:
    """One call as a row; nothing for a sensor that is not fitted, `nan` for one that is missing."""
    row = {TIME: repr(time_ms / 1000.0), SPAN: str(dt_ms)}
    for name in PORT_SENSORS + OPTIONAL_SENSORS:
        row[name] = _text(getattr(measurements, name))
    for name in CELL_SENSORS:
        row |= {f"{name}[{i}]": _text(value) for i, value in enumerate(getattr(measurements, name))}
    return row | _expected(commands, events)


def _expected(commands: Commands, events: Sequence[Event]) -> Row:
    row = {name: _text(getattr(commands, name)) for name in Commands._fields if name != "leds"}
    row |= {_LED + name: _text(getattr(commands.leds, name)) for name in Leds._fields}
    return row | {"events": "; ".join(f"{event.name} ({event.cause})" for event in events)}


def rows_of(calls: Iterable[tuple[int, Measurements]], settings: Settings) -> Iterator[Row]:
    """Rows of a series of calls (time since the one before [ms], measurements) from power-up on."""
    state = State()
    for dt_ms, measurements in calls:
        state, commands, events, _ = step(state, measurements, settings, dt_ms / 1000.0)
        yield row_of(state.time_ms, dt_ms, measurements, commands, events)


def check_header(names: Sequence[str], settings: Settings) -> None:
    """Check the columns of a table for these settings; their order does not matter, and the time may be left out.

    Raises
    ------
    VectorError
        For a column that is missing, unknown or there twice, or a number of cells that the settings do not have.
    """
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise VectorError(None, twice, "there twice", "each column once")
    count = CELLS_PER_BATTERY * settings.battery_count
    temperatures = sum(1 for name in names if name.startswith("cell_temperature_degC["))
    known = columns(count, min(max(temperatures, 1), count))
    for name in known:
        if name not in names and name != TIME:
            raise VectorError(None, name, "no such column", f"all of {len(known) - 1} columns; this one is missing")
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            allowed = f"{hint}columns as `bms-cosim run --vectors` writes them, for {settings.battery_count} batteries"
            raise VectorError(None, name[:60], "unknown column", allowed)


def check_vectors(rows: Iterable[Mapping[str, str]], settings: Settings) -> list[Difference]:
    """Replay rows from power-up and return every difference to what they expect; see `differences`."""
    return list(differences(rows, settings))


def differences(rows: Iterable[Mapping[str, str]], settings: Settings) -> Iterator[Difference]:
    """Replay rows from power-up and give every difference to what they expect, row by row; none if all agree.

    Raises
    ------
    VectorError
        Naming row and column of a cell that cannot be read.
    """
    state = State()
    fitted: tuple[bool, ...] | None = None
    for index, row in enumerate(rows):
        dt_ms, measurements = _call(index, row)
        now = tuple(getattr(measurements, name) is not None for name in OPTIONAL_SENSORS)
        if fitted is not None and now != fitted:
            name = next(n for n, a, b in zip(OPTIONAL_SENSORS, now, fitted, strict=True) if a != b)
            allowed = "a sensor is fitted in all rows (nan where it is missing) or, left empty, in none"
            raise VectorError(index, name, row[name], allowed)
        fitted = now
        state, commands, events, _ = step(state, measurements, settings, dt_ms / 1000.0)
        for column, got in _expected(commands, events).items():
            expected = _readable(index, row, column)
            if not _same(column, expected, got):
                yield Difference(index, column, expected, got)


def _call(index: int, row: Mapping[str, str]) -> tuple[int, Measurements]:
    """Time and measurements of a row."""
    dt_ms = _number(index, row, SPAN)
    if not (0.0 <= dt_ms <= LONGEST_MS and dt_ms == math.floor(dt_ms)):
        raise VectorError(index, SPAN, row[SPAN], f"a whole number from 0 to {LONGEST_MS}")
    readings = {name: _number(index, row, name) for name in PORT_SENSORS}
    optional = {name: _number(index, row, name) if _cell(index, row, name) else None for name in OPTIONAL_SENSORS}
    lists = {}
    for name in CELL_SENSORS:
        count = sum(1 for column in row if column.startswith(f"{name}["))
        lists[name] = tuple(_number(index, row, f"{name}[{i}]") for i in range(count))
    latch = optional.pop("hardware_latch")
    if latch not in (None, 0.0, 1.0):
        raise VectorError(index, "hardware_latch", row["hardware_latch"], "0, 1, or empty where it is not fitted")
    return int(dt_ms), Measurements(
        readings["input_voltage_V"], readings["fuse_sense_V"], readings["battery_voltage_V"],
        readings["heatsink_degC"], readings["terminal_degC"], lists["cell_voltage_V"], lists["cell_temperature_degC"],
        optional["system_current_A"], optional["system_voltage_V"], optional["battery_current_A"],
        optional["remote_L_V"], optional["remote_H_V"], None if latch is None else bool(latch),
    )


def _cell(index: int, row: Mapping[str, str], column: str) -> str:
    text = row.get(column)
    if text is None:
        raise VectorError(index, column, "no such column", "a value in every column")
    return text


def _number(index: int, row: Mapping[str, str], column: str) -> float:
    text = _cell(index, row, column)
    try:
        value = float(text)
    except ValueError:
        raise VectorError(index, column, text, _READING) from None
    if math.isfinite(value) and abs(value) > LARGEST:
        raise VectorError(index, column, text, _READING)
    return value


def _readable(index: int, row: Mapping[str, str], column: str) -> str:
    """Text of an expected value that can be right."""
    text = _cell(index, row, column)
    if column in _NUMBERS:
        _number(index, row, column)
    elif column != "events" and text not in ("0", "1"):
        raise VectorError(index, column, text, "0, 1")
    return text


def _same(column: str, expected: str, got: str) -> bool:
    """Equal as text, or as numbers where the column is one (another writer may format them otherwise)."""
    if expected == got:
        return True
    return column in _NUMBERS and float(expected) == float(got)


def _text(value: float | bool | None) -> str:
    """Text that reads back as the same value."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else repr(float(value))
