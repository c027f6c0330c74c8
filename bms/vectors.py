"""Test vectors for firmware teams: measurements and expected commands per call, as rows of text.

`rows_of` turns calls into rows; `check_vectors` replays rows through `step` and tells what differs. Numbers are
written so that reading them gives the same bits. Pure functions: files are the caller's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bms.events import Event
from bms.interface import OPTIONAL_SENSORS, PORT_SENSORS, Commands, Leds, Measurements
from bms.settings import Settings
from bms.state import State
from bms.supervisor import step

Row = dict[str, str]
_LED = "led_"
_NUMBERS = ("current_limit_A", "sense_reference_V", "supply_current_A")


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
    return ("dt_ms", *PORT_SENSORS, *OPTIONAL_SENSORS, *cells, *degC, *commands, *leds, "events")


def row_of(dt_ms: int, measurements: Measurements, commands: Commands, events: Sequence[Event] = ()) -> Row:
    """One call as a row; nothing for a sensor that is not fitted, `nan` for one that is missing."""
    row = {"dt_ms": str(dt_ms)}
    for name in PORT_SENSORS + OPTIONAL_SENSORS:
        row[name] = _text(getattr(measurements, name))
    for name in ("cell_voltage_V", "cell_temperature_degC"):
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
        yield row_of(dt_ms, measurements, commands, events)


def check_vectors(rows: Iterable[Mapping[str, str]], settings: Settings) -> list[Difference]:
    """Replay rows from power-up and return every difference to what they expect; none if the firmware agrees.

    Raises
    ------
    ValueError
        Naming row and column of a cell that cannot be read.
    """
    found: list[Difference] = []
    state = State()
    for index, row in enumerate(rows):
        dt_ms, measurements = _call(index, row)
        state, commands, events, _ = step(state, measurements, settings, dt_ms / 1000.0)
        for column, got in _expected(commands, events).items():
            expected = row.get(column)
            if expected is None:
                raise ValueError(f"row {index}, {column}: no such column; needed")
            if not _same(column, expected, got):
                found.append(Difference(index, column, expected, got))
    return found


def _call(index: int, row: Mapping[str, str]) -> tuple[int, Measurements]:
    """Time and measurements of a row."""
    readings = {name: _number(index, row, name) for name in ("dt_ms", *PORT_SENSORS)}
    optional = {name: _number(index, row, name) if row.get(name) else None for name in OPTIONAL_SENSORS}
    lists = {}
    for name in ("cell_voltage_V", "cell_temperature_degC"):
        count = sum(1 for column in row if column.startswith(f"{name}["))
        lists[name] = tuple(_number(index, row, f"{name}[{i}]") for i in range(count) if row.get(f"{name}[{i}]"))
    dt_ms = readings.pop("dt_ms")
    if not (dt_ms >= 0.0 and dt_ms == math.floor(dt_ms)):
        raise ValueError(f"row {index}, dt_ms: {row['dt_ms']!r} is not allowed; allowed: whole number, 0 or more")
    latch = optional.pop("hardware_latch")
    return int(dt_ms), Measurements(
        readings["input_voltage_V"], readings["fuse_sense_V"], readings["battery_voltage_V"],
        readings["heatsink_degC"], readings["terminal_degC"], lists["cell_voltage_V"], lists["cell_temperature_degC"],
        optional["system_current_A"], optional["system_voltage_V"], optional["battery_current_A"],
        optional["remote_L_V"], optional["remote_H_V"], None if latch is None else bool(latch),
    )


def _number(index: int, row: Mapping[str, str], column: str) -> float:
    text = row.get(column)
    if text is None:
        raise ValueError(f"row {index}, {column}: no such column; needed")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"row {index}, {column}: {text!r} is not allowed; allowed: a number") from None


def _same(column: str, expected: str, got: str) -> bool:
    """Equal as text, or as numbers where the column is one (another writer may format them otherwise)."""
    if expected == got:
        return True
    if column not in _NUMBERS:
        return False
    try:
        return float(expected) == float(got)
    except ValueError:
        return False


def _text(value: float | bool | None) -> str:
    """Text that reads back as the same value."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else repr(float(value))
