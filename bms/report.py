"""What an event tells: the readings behind its cause."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bms.channels import Readings
from bms.events import Cause, Event, EventName, Fault
from bms.interface import OPTIONAL_SENSORS
from bms.settings import CELLS_PER_BATTERY, Settings
from bms.thermal import Thermal

Values = tuple[tuple[str, float], ...]

_HIGH, _LOW = 1, 0
_CELLS: dict[Fault | Cause, tuple[str, int]] = {
    Fault.CELL_OVER_VOLTAGE: ("cell_voltage_V", _HIGH),
    Fault.CELL_OVER_TEMPERATURE: ("cell_temperature_degC", _HIGH),
    Fault.CELL_UNDER_TEMPERATURE: ("cell_temperature_degC", _LOW),
    Fault.CELL_VERY_COLD: ("cell_temperature_degC", _LOW),
    Fault.CELL_SENSOR_RANGE: ("cell_voltage_V", _LOW),
    Fault.CELL_CONTRADICTION: ("cell_voltage_V", _LOW),
    Cause.CELL_NEAR_LOW: ("cell_voltage_V", _LOW),
    Cause.CELL_LOW: ("cell_voltage_V", _LOW),
    Cause.CELL_RECOVERED: ("cell_voltage_V", _LOW),
    Cause.STARTED_LOW: ("cell_voltage_V", _LOW),
}
_CURRENTS = ("fuse_sense_V", "system_current_A", "battery_current_A")
_PLAIN: dict[Fault | Cause, tuple[str, ...]] = {
    Cause.SOURCE_ABOVE_START: ("input_voltage_V",),
    Cause.SOURCE_BELOW_STOP: ("input_voltage_V",),
    Cause.SOURCE_WEAK: ("input_voltage_V",),
    Cause.REST_OVER: ("input_voltage_V",),
    Cause.REMOTE: ("remote_L_V", "remote_H_V"),
    Cause.CHARGED: ("system_voltage_V",),
    Cause.PRECHARGE_TIMEOUT: ("system_voltage_V", "system_current_A"),
    Cause.HARDWARE_LATCH: ("system_current_A",),
    Cause.OVER_CURRENT_PEAK: ("system_current_A",),
    Cause.OVER_CURRENT_HEAT: ("system_current_A",),
    Cause.LOAD_REMOVED: ("system_voltage_V",),
    Fault.PORT_SENSOR_RANGE: (
        "input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "terminal_degC",
    ),
    Fault.CELL_CONTRADICTION: ("battery_voltage_V",),
    Fault.INPUT_CONTRADICTION: ("input_voltage_V", "battery_voltage_V", "fuse_sense_V"),
    Fault.SENSE_FROZEN: _CURRENTS,
    Fault.SYSTEM_SENSOR_FROZEN: _CURRENTS,
    Fault.BATTERY_CURRENT_FROZEN: _CURRENTS,
    Fault.WRONG_FUSE: _CURRENTS,
    Fault.BANK_OVER_CURRENT: _CURRENTS,
    Fault.HEATSINK_FROZEN: ("heatsink_degC",),
    Fault.TERMINAL_FROZEN: ("terminal_degC",),
    Fault.BROWN_OUT: ("battery_voltage_V",),
    Fault.ALTERNATOR_STUCK_ON: ("fuse_sense_V",),
    Fault.ALTERNATOR_STUCK_OFF: ("input_voltage_V", "battery_voltage_V", "fuse_sense_V"),
    Fault.OVER_TEMPERATURE: ("heatsink_degC",),
    Fault.SYSTEM_SENSOR_UNUSABLE: ("system_current_A",),
    Fault.AUXILIARY_SENSOR_UNUSABLE: ("system_voltage_V", "battery_current_A"),
    Fault.SYSTEM_STUCK_CHARGE: ("system_current_A",),
    Fault.SYSTEM_STUCK_DISCHARGE: ("system_current_A",),
    Fault.SYSTEM_STUCK_OFF: ("system_voltage_V", "battery_voltage_V"),
}


def with_values(events: Sequence[Event], r: Readings) -> list[Event]:
    """Events with the readings behind their cause, where they have none yet."""
    if not events:
        return []
    return [event if event.values else Event(event.name, event.cause, _values(event, r)) for event in events]


def _values(event: Event, r: Readings) -> Values:
    cause = event.cause
    if cause is Fault.PORT_SENSOR_MISSING:
        return tuple((name, math.nan) for name in r.missing_port)
    if cause is Fault.CELL_SENSOR_MISSING:
        return tuple((name, math.nan) for name in r.missing_cell) + _first_missing_battery(r)
    if event.name in (EventName.CHARGE_DISCONNECTED, EventName.ALTERNATOR_BLOCKED) and isinstance(cause, Fault):
        return ()  # the fault was told a line above
    found: Values = ()
    if cause in _CELLS:
        found += _cell(r, *_CELLS[cause])
    for name in _PLAIN.get(cause, ()):
        reading = getattr(r.m, name)
        if reading is None or (name not in OPTIONAL_SENSORS and name in r.missing_port):
            continue
        found += ((name, float(reading)),)
    return found


def _cell(r: Readings, name: str, side: int) -> Values:
    """Smallest or largest reading, and the number of the battery it belongs to, where there is more than one."""
    readings: tuple[float, ...] = getattr(r.m, name)
    if name in r.missing_cell:
        return ()
    extreme = max(readings) if side == _HIGH else min(readings)
    found: Values = ((name, extreme),)
    if len(readings) > CELLS_PER_BATTERY:
        found += (("battery", float(readings.index(extreme) // CELLS_PER_BATTERY + 1)),)
    return found


def _first_missing_battery(r: Readings) -> Values:
    """Number of the first battery of which a cell voltage is missing."""
    volts = r.m.cell_voltage_V
    for index, voltage in enumerate(volts):
        if not math.isfinite(voltage):
            return (("battery", float(index // CELLS_PER_BATTERY + 1)),)
    if "cell_voltage_V" in r.missing_cell:
        return (("battery", float(len(volts) // CELLS_PER_BATTERY + 1)),)
    return ()


def heat_events(before: Thermal | None, after: Thermal | None, settings: Settings) -> list[Event]:
    """Event when derating starts or ends."""
    if after is None or after is before:
        return []
    full_A = settings.plan.rating.full_A
    derated, was = after.limit_A < full_A, before is not None and before.limit_A < full_A
    if derated == was:
        return []
    values = (("heatsink_degC", after.sample.heatsink_degC), ("current_limit_A", after.limit_A))
    return [Event(EventName.DERATING_STARTED if derated else EventName.DERATING_ENDED, Cause.HEAT, values)]
