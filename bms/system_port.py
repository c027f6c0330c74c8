"""System+ port: discharge switch with pre-charge, over-current ladder, retries (S1..S3, S6).

OFF -> PRECHARGE -> ON; a trip or a pre-charge that fails leads to RESTING, and after too many to LOCKED, which ends
when the load is removed or the BMS is reset. Over-current: the current is held in steps of 5 A, rounded up, so that
whole numbers A^2 ms are summed; above the continuous current they grow, below they shrink:
    dE/dt = I^2 - I_continuous^2, 0 <= E <= E_trip, trip at E_trip = (I_peak^2 - I_continuous^2) t_peak.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

from bms.events import Cause, Event, EventName, Fault
from bms.firmware_parameters import FirmwareParameters


class SystemMode(StrEnum):
    """Mode of the System+ port's discharge switch."""

    OFF = "off"
    PRECHARGE = "precharge"
    ON = "on"
    RESTING = "resting"
    LOCKED = "locked"


class System(NamedTuple):
    """State of the System+ port.

    Attributes
    ----------
    mode, since_ms : SystemMode, int
        Mode and since when.
    started_ms : int or None
        When the last attempt to switch on began.
    trips : int
        Trips and failed attempts since it last ran for long.
    level_A : int
        Current as the ladder holds it.
    heat_A2ms : int
        Sum of the ladder.
    """

    mode: SystemMode = SystemMode.OFF
    since_ms: int = 0
    started_ms: int | None = None
    trips: int = 0
    level_A: int = 0
    heat_A2ms: int = 0


class SystemInputs(NamedTuple):
    """What the port depends on.

    wanted, cause : discharge allowed, and why not (why, if allowed)
    current_A : port current, None if unusable; over_V : port over battery voltage, None if not measured
    latched, removed : hardware latch, load removal seen; fitted : the port has a voltage sensor
    gates_allowed : neither a fault nor remote keeps both gates off
    """

    wanted: bool
    cause: Cause | Fault
    current_A: float | None
    over_V: float | None
    latched: bool
    removed: bool
    fitted: bool
    gates_allowed: bool


def heat_limit_A2ms(f: FirmwareParameters) -> int:
    """Sum at which the ladder trips: the peak current for its time."""
    return (f.system_peak_A**2 - f.system_continuous_A**2) * f.system_peak_ms


def level_of(current_A: float, f: FirmwareParameters) -> int:
    """Current in steps, rounded up, not below the floor."""
    return max(f.system_floor_A, math.ceil(abs(current_A) / f.system_step_A) * f.system_step_A)


def level_bounds(level_A: int, current_A: float, f: FirmwareParameters) -> tuple[float, float]:
    """Currents at which the level stays; it falls only two steps below, so ripple does not move it."""
    if level_A <= f.system_floor_A:
        return -float(level_A), float(level_A)
    low_A = math.nextafter(float(level_A - 2 * f.system_step_A), math.inf)
    return (low_A, float(level_A)) if current_A > 0.0 else (-float(level_A), -low_A)


def heated(system: System, elapsed_ms: int, f: FirmwareParameters) -> System:
    """Ladder after some time at the held level; exact however the time is divided."""
    if system.level_A == 0:
        return system
    rate = system.level_A**2 - f.system_continuous_A**2
    heat = min(max(0, system.heat_A2ms + rate * elapsed_ms), heat_limit_A2ms(f))
    return system if heat == system.heat_A2ms else system._replace(heat_A2ms=heat)


def measured(system: System, current_A: float | None, f: FirmwareParameters) -> System:
    """Take over the present current; one that is not usable leaves the level."""
    if current_A is None:
        return system
    if system.level_A > 0:
        low_A, high_A = level_bounds(system.level_A, current_A, f)
        if low_A <= current_A <= high_A:
            return system
    return system._replace(level_A=level_of(current_A, f))


def advance(
    system: System, inputs: SystemInputs, now_ms: int, f: FirmwareParameters
) -> tuple[System, list[Event]]:
    """State one call later, and what happened; `system` has its current and heat already."""
    after, cause = _next(system, inputs, now_ms, f)
    if after.mode is system.mode:
        return after, []
    return after, [Event(EventName(f"system {after.mode}"), cause)]


def _next(
    system: System, inputs: SystemInputs, now_ms: int, f: FirmwareParameters
) -> tuple[System, Cause | Fault]:
    """Next state and why."""
    mode = system.mode
    trip = _trip(system, inputs, f)
    if trip is not None and mode not in (SystemMode.RESTING, SystemMode.LOCKED):
        return _tripped(system, trip, now_ms, f)
    if mode is SystemMode.LOCKED:
        if not inputs.removed:
            return system, Cause.WANTED
        return system._replace(mode=SystemMode.RESTING, since_ms=now_ms, trips=0), Cause.LOAD_REMOVED
    if mode is SystemMode.RESTING:
        if now_ms - system.since_ms < f.system_rest_ms:
            return system, Cause.WANTED
        system = system._replace(mode=SystemMode.OFF, since_ms=now_ms)
        cause: Cause | Fault = Cause.REST_OVER
    else:
        cause = inputs.cause
    if not inputs.wanted:
        if system.mode is SystemMode.OFF:
            return system, cause
        return system._replace(mode=SystemMode.OFF, since_ms=now_ms), cause
    if system.mode is SystemMode.OFF:
        if system.started_ms is not None and now_ms - system.started_ms < f.output_spacing_ms:
            return system, cause
        if inputs.fitted:
            return system._replace(mode=SystemMode.PRECHARGE, since_ms=now_ms, started_ms=now_ms), cause
        return system._replace(mode=SystemMode.ON, since_ms=now_ms, started_ms=now_ms), cause
    if system.mode is SystemMode.PRECHARGE:
        if inputs.over_V is not None and inputs.over_V >= -f.precharge_drop_V and not inputs.latched:
            return system._replace(mode=SystemMode.ON, since_ms=now_ms), Cause.CHARGED
        if now_ms - system.since_ms >= f.precharge_limit_ms:
            return _tripped(system, Cause.PRECHARGE_TIMEOUT, now_ms, f)
    return system, cause


def _trip(system: System, inputs: SystemInputs, f: FirmwareParameters) -> Cause | None:
    """Rung of the over-current ladder that is reached."""
    if inputs.latched and system.mode is SystemMode.ON:
        return Cause.HARDWARE_LATCH
    if system.level_A > f.system_peak_A:
        return Cause.OVER_CURRENT_PEAK
    if system.heat_A2ms >= heat_limit_A2ms(f):
        return Cause.OVER_CURRENT_HEAT
    return None


def _tripped(
    system: System, cause: Cause, now_ms: int, f: FirmwareParameters
) -> tuple[System, Cause | Fault]:
    """Switch off, then rest or lock; trips are forgotten once the port ran for long."""
    settled = system.mode is SystemMode.ON and now_ms - system.since_ms >= f.system_settled_ms
    trips = 1 if settled else system.trips + 1
    mode = SystemMode.LOCKED if trips > f.system_retries else SystemMode.RESTING
    return system._replace(mode=mode, since_ms=now_ms, trips=trips), cause


def until_ms(system: System, inputs: SystemInputs, now_ms: int, f: FirmwareParameters) -> int | None:
    """When this port changes by time alone; None if it does not."""
    if system.mode is SystemMode.LOCKED:
        return None
    if system.mode is SystemMode.RESTING:
        return system.since_ms + f.system_rest_ms
    if system.mode is SystemMode.PRECHARGE or _trip(system, inputs, f) is not None:
        return now_ms + 1
    if system.mode is SystemMode.OFF and inputs.wanted and system.started_ms is not None:
        return system.started_ms + f.output_spacing_ms
    rate = system.level_A**2 - f.system_continuous_A**2
    if rate > 0:
        return now_ms - (-(heat_limit_A2ms(f) - system.heat_A2ms) // rate)
    return None
