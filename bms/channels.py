"""From measurements to the channels that predicates watch.

A channel's value is a pair, the smallest and the largest of what it stands for, or None where it is not fitted or
missing. Values that depend on what was commanded use the gates of the previous call, which stood until now.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from bms.firmware_parameters import FirmwareParameters
from bms.interface import CELL_SENSORS, PORT_SENSORS, Cells, Measurements, missing
from bms.plan import CHANNELS, SENSOR_RANGES, SYSTEM_IN, Plan
from bms.predicates import LARGEST

Pair = tuple[float, float]


class Gates(NamedTuple):
    """What is switched: alternator path, System+ in and out, and whether System+ is locked."""

    charging: bool = False
    charge_gate: bool = False
    discharge_gate: bool = False
    locked: bool = False


class Readings(NamedTuple):
    """Measurements with what is derived from them alone.

    Attributes
    ----------
    m : Measurements
        As they came.
    missing_port, missing_cell : tuple of str
        Names of what is missing.
    cell_V, cell_degC : pair or None
        Smallest and largest of all cells.
    load_V, alarm_V : pair or None
        Smallest and largest distance over the battery's own thresholds; as `cell_V` where all are the same.
    system_A, system_V, bank_A : float or None
        None if not fitted, missing or out of range.
    path_A : float or None
        Alternator current from the fuse; None before the first estimate.
    ratio : float or None
        Current out of the alternator path over that in its fuse; None for a series limiter, where they are the same.
    system_lost, auxiliary_lost : bool
        A fitted sensor is missing or out of range.
    optional : bool
        Any of the sensors that may be not fitted is.
    """

    m: Measurements
    missing_port: tuple[str, ...]
    missing_cell: tuple[str, ...]
    cell_V: Pair | None
    cell_degC: Pair | None
    load_V: Pair | None
    alarm_V: Pair | None
    system_A: float | None
    system_V: float | None
    bank_A: float | None
    path_A: float | None
    system_lost: bool
    auxiliary_lost: bool
    optional: bool
    ratio: float | None = None

    @property
    def output_A(self) -> float | None:
        """Current from the alternator path to the battery stud; None before the first estimate."""
        return self.path_A if self.ratio is None or self.path_A is None else self.path_A * self.ratio

    @property
    def into_bank_A(self) -> float | None:
        """Current into the bank: measured, else the sum of what both ports give (A11); None if that is not known.

        Without sensors at System+ nothing stands there. A series limiter alone gives 100 A at most, which every bank
        may be charged with; a converter gives more.
        """
        if self.bank_A is not None:
            return self.bank_A
        if self.system_A is not None:
            output_A = self.output_A
            return None if output_A is None else self.system_A + output_A
        return self.output_A if self.ratio is not None and self.m.system_current_A is None else None


def usable(value: float | None, name: str) -> float | None:
    """Reading of an optional sensor if it is fitted, there and within its range."""
    if value is None:
        return None
    low, high = SENSOR_RANGES[name]
    return value if low <= value <= high else None


def missing_ports(m: Measurements) -> tuple[str, ...]:
    """Names of the port readings that are missing."""
    total = m.input_voltage_V + m.fuse_sense_V + m.battery_voltage_V + m.heatsink_degC + m.terminal_degC
    return () if total - total == 0.0 else missing(m, PORT_SENSORS)


def read(
    m: Measurements, plan: Plan, missing_port: tuple[str, ...], reference_ohm: float | None, ratio: float | None = None
) -> Readings:
    """Derive what one set of measurements says; the path current by the resistance behind the limiter's reference.

    `ratio`: of a converter, see `Readings`.
    """
    volts = m.cell_voltage_V
    cell_V, cell_degC = _extremes(volts) if len(volts) == plan.cell_count else None, _extremes(m.cell_temperature_degC)
    missing_cell: tuple[str, ...] = ()
    if cell_V is None or cell_degC is None:
        missing_cell = tuple(
            name for name, found in zip(CELL_SENSORS, (cell_V, cell_degC), strict=True) if found is None
        )
    load_V = alarm_V = cell_V
    if plan.load_V and cell_V is not None:
        load_V, alarm_V = _margins(volts, plan.load_V), _margins(volts, plan.alarm_V)
    path_A = None
    if reference_ohm is not None and "fuse_sense_V" not in missing_port:
        path_A = m.fuse_sense_V / reference_ohm
    if (
        m.system_current_A is None and m.system_voltage_V is None and m.battery_current_A is None
        and m.remote_L_V is None and m.remote_H_V is None and m.hardware_latch is None
    ):
        return Readings(
            m, missing_port, missing_cell, cell_V, cell_degC, load_V, alarm_V, None, None, None, path_A, False, False,
            False, ratio,
        )
    system_A = usable(m.system_current_A, "system_current_A")
    system_V = usable(m.system_voltage_V, "system_voltage_V")
    bank_A = usable(m.battery_current_A, "battery_current_A")
    return Readings(
        m, missing_port, missing_cell, cell_V, cell_degC, load_V, alarm_V, system_A, system_V, bank_A, path_A,
        system_A is None and m.system_current_A is not None,
        (system_V is None and m.system_voltage_V is not None)
        or (bank_A is None and m.battery_current_A is not None),
        True, ratio,
    )


def _extremes(readings: tuple[float, ...]) -> Pair | None:
    """Smallest and largest; None if there is no reading, or one is not finite."""
    if isinstance(readings, Cells):
        low, high = extremes = readings.extremes
        return extremes if low - low == 0.0 == high - high else None
    total = sum(readings)
    if not readings or (total - total != 0.0 and not all(map(math.isfinite, readings))):
        return None
    return min(readings), max(readings)


def _margins(volts: tuple[float, ...], thresholds_V: tuple[float, ...]) -> Pair:
    """Smallest and largest distance over each battery's threshold; a difference of floats keeps its sign."""
    size = len(volts) // len(thresholds_V)
    cells = [volts[k::size] for k in range(size)]
    low = min(map(float.__sub__, map(min, *cells), thresholds_V))
    return low, max(map(float.__sub__, map(max, *cells), thresholds_V))


def evaluate(r: Readings, gates: Gates, f: FirmwareParameters) -> list[Pair | None]:
    """Values of all channels, in the order of `plan.CHANNELS`."""
    m = r.m
    values: list[Pair | None] = [
        _single(m.input_voltage_V, r, "input_voltage_V"), r.cell_V, r.cell_degC,
        _single(m.battery_voltage_V, r, "battery_voltage_V"), r.load_V, r.alarm_V,
        ONE if r.missing_port else NONE, ONE if r.missing_cell else NONE,
        NONE if _in_range(m, r) else ONE, NONE if _cells_in_range(r) else ONE,
        ONE if r.system_lost else NONE, ONE if r.auxiliary_lost else NONE,
    ]
    values += _path_channels(r, gates, f)
    if not r.optional and r.ratio is None:
        values += _NOT_FITTED
        return values
    values += _system_channels(r, gates)
    bank_A = r.into_bank_A
    values.append(None if bank_A is None else (bank_A, bank_A))
    values.append(None if m.remote_L_V is None and m.remote_H_V is None else _twice(remote_level(m, f)))
    return values


def is_quiet(r: Readings, charging: bool, plan: Plan, f: FirmwareParameters) -> bool:
    """Whether all readings are there and every channel but the source's lies where its idle predicates stay idle.

    The same in one look as `evaluate` and a look at each row of the table, for both gates of System+ on, and remote
    on where it is fitted.
    """
    m, cell_V, cell_degC, path_A = r.m, r.cell_V, r.cell_degC, r.path_A
    if r.missing_port or r.missing_cell or cell_V is None or cell_degC is None or path_A is None:
        return False
    input_V, battery_V, low, high = m.input_voltage_V, m.battery_voltage_V, plan.quiet_low, plan.quiet_high
    against_V = battery_V - input_V
    if charging:
        path_is_quiet = path_A >= f.open_current_A or -against_V <= f.open_drop_V
    else:
        path_is_quiet = -f.stuck_current_A <= path_A <= f.stuck_current_A
    return (
        path_is_quiet
        and (path_A <= f.stuck_current_A or against_V <= f.input_contradiction_V)
        and _INPUT[0] <= input_V <= _INPUT[1]
        and low[1] <= m.fuse_sense_V <= high[1]
        and low[2] <= battery_V <= high[2]
        and low[3] <= m.heatsink_degC <= high[3]
        and low[4] <= m.terminal_degC <= high[4]
        and low[5] <= cell_V[0] and cell_V[1] <= high[5]
        and low[6] <= cell_degC[0] and cell_degC[1] <= high[6]
        and 4.0 * cell_V[0] - battery_V <= f.cell_contradiction_V
        and battery_V - 4.0 * cell_V[1] <= f.cell_contradiction_V
        and (not plan.load_V or _margins_are_quiet(r))
        and (not (r.optional or r.ratio is not None) or _optional_are_quiet(r, plan, f))
    )


def _margins_are_quiet(r: Readings) -> bool:
    return r.load_V is not None and r.alarm_V is not None and r.load_V[0] >= 0.0 and r.alarm_V[0] >= 0.0


def _optional_are_quiet(r: Readings, plan: Plan, f: FirmwareParameters) -> bool:
    m, into_A = r.m, r.into_bank_A
    return (
        not r.system_lost
        and not r.auxiliary_lost
        and (r.system_V is None or m.battery_voltage_V - r.system_V <= f.system_open_drop_V)
        and (into_A is None or into_A <= plan.bank_limit_A)
        and ((m.remote_L_V is None and m.remote_H_V is None) or remote_level(m, f) == ON)
    )


_NOT_FITTED = (None,) * (len(CHANNELS) - CHANNELS.index(SYSTEM_IN))
"""Values of the channels that need an optional sensor."""


NONE: Pair = (0.0, 0.0)
ONE: Pair = (1.0, 1.0)


def _twice(value: float) -> Pair:
    return value, value


def _single(value: float, r: Readings, name: str) -> Pair | None:
    return None if r.missing_port and name in r.missing_port else (value, value)


_INPUT, _SENSE, _BATTERY, _HEATSINK, _TERMINAL = (SENSOR_RANGES[name] for name in PORT_SENSORS)


def _in_range(m: Measurements, r: Readings) -> bool:
    """No port reading that is there lies outside its range."""
    if (
        _INPUT[0] <= m.input_voltage_V <= _INPUT[1]
        and _SENSE[0] <= m.fuse_sense_V <= _SENSE[1]
        and _BATTERY[0] <= m.battery_voltage_V <= _BATTERY[1]
        and _HEATSINK[0] <= m.heatsink_degC <= _HEATSINK[1]
        and _TERMINAL[0] <= m.terminal_degC <= _TERMINAL[1]
    ):
        return True
    outside = [name for name in PORT_SENSORS if usable(getattr(m, name), name) is None]
    return set(outside) <= set(r.missing_port)


def _cells_in_range(r: Readings) -> bool:
    volts, degC = SENSOR_RANGES["cell_voltage_V"], SENSOR_RANGES["cell_temperature_degC"]
    return (r.cell_V is None or (volts[0] <= r.cell_V[0] and r.cell_V[1] <= volts[1])) and (
        r.cell_degC is None or (degC[0] <= r.cell_degC[0] and r.cell_degC[1] <= degC[1])
    )


def _path_channels(r: Readings, gates: Gates, f: FirmwareParameters) -> tuple[Pair | None, ...]:
    """Contradictions, current while off, drop while on; None where a reading is missing."""
    m = r.m
    cells = None
    if r.cell_V is not None and "battery_voltage_V" not in r.missing_port:
        battery_V = m.battery_voltage_V
        cells = _twice(max(4.0 * r.cell_V[0] - battery_V, battery_V - 4.0 * r.cell_V[1]))
    if r.path_A is None or r.missing_port:
        return cells, None, None, None
    against = m.battery_voltage_V - m.input_voltage_V
    off = _twice(abs(r.path_A)) if not gates.charging else NONE
    is_open = gates.charging and r.path_A < f.open_current_A
    return (
        cells, _twice(against) if r.path_A > f.stuck_current_A else NEVER, off, _twice(-against) if is_open else NONE
    )


NEVER: Pair = (-LARGEST, -LARGEST)


def _system_channels(r: Readings, gates: Gates) -> tuple[Pair | None, ...]:
    """System+ currents against closed gates, drop over the closed port, rise while locked."""
    inward = outward = drop = rise = None
    if r.system_A is not None:
        inward = NONE if gates.charge_gate else _twice(r.system_A)
        outward = NONE if gates.discharge_gate else _twice(-r.system_A)
    if r.system_V is not None and "battery_voltage_V" not in r.missing_port:
        over = r.system_V - r.m.battery_voltage_V
        drop = _twice(-over) if gates.discharge_gate else NONE
        rise = _twice(over) if gates.locked else NEVER
    return inward, outward, drop, rise


ON, GUARD, OFF = -1.0, 0.0, 1.0


def remote_level(m: Measurements, f: FirmwareParameters) -> float:
    """What the remote terminals say (R1..R4): ON, OFF, or GUARD between; a missing reading says OFF.

    R1 needs no look of its own: with L and H connected both have one voltage, and any voltage is below L's or above
    H's threshold.
    """
    low_V, high_V = m.remote_L_V, m.remote_H_V
    if (low_V is not None and low_V < f.remote_L_on_V) or (high_V is not None and high_V > f.remote_H_on_V):
        return ON
    guard_L = low_V is not None and low_V <= f.remote_L_off_V
    guard_H = high_V is not None and high_V >= f.remote_H_off_V
    return GUARD if guard_L or guard_H else OFF


