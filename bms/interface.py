"""What goes into the supervisor and what comes out of it.

Positive current charges the battery; temperatures in degC; voltages as measured at the BMS's own terminals.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PORT_SENSORS = ("input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "terminal_degC")
"""Measurements that are one number."""
CELL_SENSORS = ("cell_voltage_V", "cell_temperature_degC")
"""Measurements that are a tuple; a bound's low holds for the smallest, its high for the largest."""
BOUND_NAMES = PORT_SENSORS + CELL_SENSORS
"""Every hold has a bound for each of these."""


@dataclass(frozen=True)
class Measurements:
    """One reading of all sensors. A missing reading is NaN (or an empty tuple).

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
        Every cell of every battery: four times `Settings.battery_count`.
    cell_temperature_degC : tuple of float
        At least one.
    """

    input_voltage_V: float
    fuse_sense_V: float
    battery_voltage_V: float
    heatsink_degC: float
    terminal_degC: float
    cell_voltage_V: tuple[float, ...]
    cell_temperature_degC: tuple[float, ...]


@dataclass(frozen=True)
class Leds:
    """Lights (K3, manual).

    `charge_disconnect` (yellow) and `load_disconnect` (orange) are lit while that output is enabled, that is
    high, which is the normal state. The load output and Bluetooth come with later issues.
    """

    active: bool = True
    bluetooth: bool = False
    over_temperature: bool = False
    charge_disconnect: bool = False
    load_disconnect: bool = False
    alternator_charging: bool = False


@dataclass(frozen=True)
class Commands:
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
        False is a charge disconnect (cell limits, missing cell sensor).
    leds : Leds
        Lights.
    """

    alternator_enable: bool = False
    current_limit_A: float = 0.0
    sense_reference_V: float = 0.0
    charge_allowed: bool = False
    leds: Leds = Leds()


class EventName(StrEnum):
    """Transitions that are reported."""

    ALTERNATOR_WAITING = "alternator waiting"
    ALTERNATOR_CHARGING = "alternator charging"
    ALTERNATOR_RESTING = "alternator resting"
    ALTERNATOR_BLOCKED = "alternator blocked"
    FAULT_RAISED = "fault raised"
    FAULT_CLEARED = "fault cleared"
    CHARGE_DISCONNECTED = "charge disconnected"
    CHARGE_RECONNECTED = "charge reconnected"
    DERATING_STARTED = "derating started"
    DERATING_ENDED = "derating ended"


class Cause(StrEnum):
    """Why, where it is not a fault."""

    SOURCE_ABOVE_START = "source above start voltage"
    SOURCE_BELOW_STOP = "source below stop voltage"
    SOURCE_WEAK = "source below start voltage for too long"
    REST_OVER = "rest over"
    FAULTS_CLEARED = "no fault left"
    HEAT = "heatsink or junction"


class Fault(StrEnum):
    """What keeps the alternator port off, in order of precedence."""

    PORT_SENSOR_MISSING = "port sensor missing"
    CELL_SENSOR_MISSING = "cell sensor missing"
    CELL_OVER_VOLTAGE = "cell over-voltage"
    CELL_OVER_TEMPERATURE = "cell over-temperature"
    CELL_UNDER_TEMPERATURE = "cell under-temperature"
    OVER_TEMPERATURE = "over-temperature"


@dataclass(frozen=True)
class Event:
    """One transition: its name, the cause (a `Fault` or a `Cause`) and the values behind it."""

    name: EventName
    cause: Fault | Cause
    values: tuple[tuple[str, float], ...] = ()

    @property
    def detail(self) -> str:
        """Cause and values as one line."""
        listed = ", ".join(f"{name}={value:.6g}" for name, value in self.values)
        return f"{self.cause}: {listed}" if listed else str(self.cause)


@dataclass(frozen=True)
class Hold:
    """How long the commands stand.

    Attributes
    ----------
    deadline_ms : int
        Time from this call at which `step` must be called again at the latest (first tick at or after it).
    bounds : mapping of str to (float, float)
        Closed range per measurement (`BOUND_NAMES`); the first tick at which one lies outside, or is NaN,
        calls `step`. Anything that cannot be told from these ranges shortens the deadline instead.
    between : mapping of str to (float, float)
        The wider ranges that are enough between samples: the estimators look at a reading only at multiples of
        the sample period since power-up, so a dead band that is left and met again in between means nothing.
        `bounds` are inside them.
    """

    deadline_ms: int
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    between: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def deadline_s(self) -> float:
        """Deadline in seconds."""
        return self.deadline_ms * 1.0e-3

    def is_left(self, measurements: Measurements, *, between_samples: bool = False) -> bool:
        """Whether a measurement lies outside its bounds (a NaN does)."""
        for name, (low, high) in (self.between if between_samples else self.bounds).items():
            reading = getattr(measurements, name)
            values = reading if isinstance(reading, tuple) else (reading,)
            if not all(low <= value <= high for value in values):
                return True
        return False


def missing(measurements: Measurements, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the measurements that hold no, or a not finite, reading."""
    absent = []
    for name in names:
        reading = getattr(measurements, name)
        values = reading if isinstance(reading, tuple) else (reading,)
        if not values or not all(map(math.isfinite, values)):
            absent.append(name)
    return tuple(absent)
