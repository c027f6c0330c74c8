"""What goes into the supervisor and what comes out of it.

Positive current charges the battery; temperatures in degC; voltages as measured at the BMS's own terminals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

PORT_SENSORS = ("input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "terminal_degC")
"""Measurements that are one number."""
CELL_SENSORS = ("cell_voltage_V", "cell_temperature_degC")
"""Measurements that are a tuple; a bound's low holds for the smallest, its high for the largest."""
BOUND_NAMES = PORT_SENSORS + CELL_SENSORS
"""Every hold has a bound for each of these."""
OPTIONAL_SENSORS = (
    "system_current_A", "system_voltage_V", "battery_current_A", "remote_L_V", "remote_H_V", "hardware_latch",
)
"""Measurements that may be not fitted (None); a hold has bounds for those that are."""
PLACES = BOUND_NAMES + OPTIONAL_SENSORS
"""Measurements in the order in which a hold keeps their bounds."""


class Cells(tuple[float, ...]):
    """Readings of all cells that know their smallest and largest: whoever reads the sensors mostly does.

    A plain tuple will do as well; its smallest and largest are then looked for. What is made from readings, a part or a
    sum of them, is a plain tuple again, so these two cannot belong to others.

    Attributes
    ----------
    extremes : tuple of float
        Smallest and largest [V or degC]; NaN, both, where a reading is missing.
    """

    extremes: tuple[float, float]


def cells(readings: Iterable[float], lowest: float, highest: float) -> Cells:
    """Readings of all cells with their smallest and largest.

    Parameters
    ----------
    readings : iterable of float
        Every cell of every battery [V or degC].
    lowest, highest : float
        Smallest and largest of them [V or degC]; NaN, both, where a reading is missing.

    Returns
    -------
    Cells
        For `Measurements`.
    """
    known = Cells(readings)
    known.extremes = lowest, highest
    return known


@dataclass(frozen=True, slots=True)
class Measurements:
    """One reading of all sensors. A missing reading is NaN (or an empty tuple); None means not fitted.

    Attributes
    ----------
    input_voltage_V : float
        At the BMS's alternator terminal.
    fuse_sense_V : float
        Drop over the fuse, referred to the fuse (amplifier gain taken out); positive while charging.
    battery_voltage_V : float
        At the BMS's battery terminal.
    heatsink_degC, terminal_degC : float
        NTC on the heatsink and on the terminal that holds the fuse.
    cell_voltage_V : tuple of float
        Every cell of every battery: four times `Settings.battery_count`. May be `Cells`, as may the next.
    cell_temperature_degC : tuple of float
        At least one.
    system_current_A, system_voltage_V : float or None
        At the System+ stud; a current that charges the battery is positive.
    battery_current_A : float or None
        Of the whole bank (a shunt or the sum of the batteries' own readings).
    remote_L_V, remote_H_V : float or None
        Remote terminals against battery minus. Not fitted: remote is on.
    hardware_latch : bool or None
        Whether the short-circuit latch of System+ has opened (S2).
    """

    input_voltage_V: float
    fuse_sense_V: float
    battery_voltage_V: float
    heatsink_degC: float
    terminal_degC: float
    cell_voltage_V: tuple[float, ...]
    cell_temperature_degC: tuple[float, ...]
    system_current_A: float | None = None
    system_voltage_V: float | None = None
    battery_current_A: float | None = None
    remote_L_V: float | None = None
    remote_H_V: float | None = None
    hardware_latch: bool | None = None


class Leds(NamedTuple):
    """Lights (K3, manual).

    `active` shows that the BMS works, `over_temperature` (red) that the limit is derated or the port shut down (A9),
    `alternator_charging` (green) that the port is enabled.
    `charge_disconnect` (yellow) and `load_disconnect` (orange) are lit while that output is enabled, that is
    high, which is the normal state; `bluetooth` while the instant readout is on.
    """

    active: bool = True
    bluetooth: bool = False
    over_temperature: bool = False
    charge_disconnect: bool = False
    load_disconnect: bool = False
    alternator_charging: bool = False


class Commands(NamedTuple):
    """What the supervisor wants; the defaults are the safe ones (everything off).

    Attributes
    ----------
    alternator_enable : bool
        Alternator path on.
    current_limit_A : float
        Set-point, a multiple of 0.5 A; derated.
    sense_reference_V : float
        Reference for the hardware limiter: `current_limit_A` x estimated fuse resistance, in steps of 20 uV.
    charge_allowed : bool
        Charge disconnect output high (O2); False is a charge disconnect.
    leds : Leds
        Lights.
    load_output : bool
        Load disconnect output high (O1); False is a load disconnect.
    pre_alarm : bool
        Pre-alarm output high at this moment, pulses included (O3, O4).
    charge_gate, discharge_gate : bool
        System+ transistors that let current in (S4) and out (S3).
    precharge : bool
        Pre-charge of System+ on (S6).
    latch_reset : bool
        Resets the hardware latch of System+.
    supply_current_A : float
        What the BMS itself draws from the battery, without the currents of its outputs (C1, C2).
    lift_allowed : bool
        The hardware limiter may lift its limit, should a load dump come (A4).
    """

    alternator_enable: bool = False
    current_limit_A: float = 0.0
    sense_reference_V: float = 0.0
    charge_allowed: bool = False
    leds: Leds = Leds()
    load_output: bool = False
    pre_alarm: bool = False
    charge_gate: bool = False
    discharge_gate: bool = False
    precharge: bool = False
    latch_reset: bool = False
    supply_current_A: float = 0.0
    lift_allowed: bool = False


class Witness(NamedTuple):
    """Range of one cell alone: the measurement's `name`, the cell (from 0 over all batteries), `low` and `high` end."""

    name: str
    cell: int
    low: float
    high: float


class Hold(NamedTuple):
    """How long the commands stand.

    Two sets of bounds, as closed ranges per measurement: the first tick at which one lies outside, or is NaN, calls
    `step`. Anything that cannot be told from such ranges shortens the deadline instead. `bounds` are inside
    `between`, the wider ranges that are enough between samples: the estimators look at a reading only at multiples of
    the sample period since power-up, so a dead band that is left and met again in between means nothing.

    Attributes
    ----------
    deadline_ms : int
        Time from this call at which `step` must be called again at the latest (first tick at or after it).
    low, high : tuple of float
        Ends of `bounds`, in the order of `PLACES`.
    between_low, between_high : tuple of float
        Ends of `between`.
    fitted : tuple of int
        Places of the `OPTIONAL_SENSORS` that are fitted; the others have no bounds.
    batteries : tuple of (float, float)
        Range of the cell voltages of each battery, in both sets; empty where all have the same thresholds.
    witnesses : tuple of Witness
        Ranges of single cells, in both sets: one cell that stays beyond its release is enough for an alarm to stay.
    """

    deadline_ms: int
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    between_low: tuple[float, ...] = ()
    between_high: tuple[float, ...] = ()
    fitted: tuple[int, ...] = ()
    batteries: tuple[tuple[float, float], ...] = ()
    witnesses: tuple[Witness, ...] = ()

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Bounds by name: `BOUND_NAMES`, what is fitted of `OPTIONAL_SENSORS`, `cell_voltage_V[i]` for battery i.

        Those of witnesses are `cell_voltage_V.cell[i]` and `cell_temperature_degC.cell[i]`, i over all cells.
        """
        return self._named(self.low, self.high)

    @property
    def between(self) -> dict[str, tuple[float, float]]:
        """The wider bounds by name."""
        return self._named(self.between_low, self.between_high)

    def _named(self, low: tuple[float, ...], high: tuple[float, ...]) -> dict[str, tuple[float, float]]:
        found = dict(zip(BOUND_NAMES, zip(low, high, strict=True), strict=False))
        found |= {PLACES[place]: (low[place], high[place]) for place in self.fitted}
        found |= {f"cell_voltage_V[{i}]": pair for i, pair in enumerate(self.batteries)}
        return found | {f"{w.name}.cell[{w.cell}]": (w.low, w.high) for w in self.witnesses}

    @property
    def deadline_s(self) -> float:
        """Deadline in seconds."""
        return self.deadline_ms * 1.0e-3

    def is_left(self, measurements: Measurements, *, between_samples: bool = False) -> bool:
        """Whether a measurement lies outside its bounds (a NaN does); `between_samples` takes the wider ones."""
        for name, (low, high) in (self.between if between_samples else self.bounds).items():
            if not all(low <= value <= high for value in _watched(measurements, name)):
                return True
        return False


def _watched(measurements: Measurements, name: str) -> tuple[float, ...]:
    """Readings that a bound's name stands for; NaN for one that is no longer there."""
    if name.endswith("]"):
        stem, _, index = name[:-1].partition("[")
        stem, single, _ = stem.partition(".cell")
        first, size = (int(index), 1) if single else (4 * int(index), 4)
        return tuple(getattr(measurements, stem)[first : first + size]) or (math.nan,)
    reading = getattr(measurements, name)
    if reading is None:
        return (math.nan,)
    return reading if isinstance(reading, tuple) else (reading,)


def missing(measurements: Measurements, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the measurements that hold no, or a not finite, reading."""
    absent = []
    for name in names:
        values = _watched(measurements, name)
        if not values or not all(map(math.isfinite, values)):
            absent.append(name)
    return tuple(absent)
