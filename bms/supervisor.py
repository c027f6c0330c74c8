"""The supervisor: one state machine over predicates.

`step` is a pure function: no clock, no I/O. Time enters as `dt_s` and is kept as whole milliseconds. In a
call time passes, the estimators take the samples that are due, predicates take in the readings; faults and
the mode of the alternator port follow from them, then the commands, then the hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bms import plan as names
from bms import thermal as estimators
from bms.interface import (
    BOUND_NAMES,
    CELL_SENSORS,
    PORT_SENSORS,
    Cause,
    Commands,
    Event,
    EventName,
    Fault,
    Hold,
    Leds,
    Measurements,
    missing,
)
from bms.plan import Plan
from bms.predicates import FREE, Extremes, PredicateState, constraint, update
from bms.settings import Settings
from bms.thermal import Thermal


class AlternatorMode(StrEnum):
    """Mode of the alternator port."""

    WAITING = "waiting"
    CHARGING = "charging"
    RESTING = "resting"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class State:
    """State of the supervisor; `State()` is power-up.

    Attributes
    ----------
    time_ms : int
        Time since power-up.
    mode : AlternatorMode
        Mode of the alternator port.
    stopped_ms : int or None
        When charging last stopped.
    predicates : tuple of PredicateState
        In the order of `Settings.plan.predicates`; empty before the first call.
    thermal : Thermal or None
        Estimators; None until all port readings were there once.
    """

    time_ms: int = 0
    mode: AlternatorMode = AlternatorMode.WAITING
    stopped_ms: int | None = None
    predicates: tuple[PredicateState, ...] = ()
    thermal: Thermal | None = None

    @property
    def fuse_estimate_degC(self) -> float:
        """Estimated fuse temperature; NaN before the first reading."""
        return math.nan if self.thermal is None else self.thermal.fuse_degC


class StepResult(NamedTuple):
    """What a call of `step` gives."""

    state: State
    commands: Commands
    events: tuple[Event, ...]
    hold: Hold


def initial_state() -> State:
    """Return the state at power-up."""
    return State()


def step(state: State, measurements: Measurements, settings: Settings, dt_s: float) -> StepResult:
    """Take in one reading of all sensors.

    Parameters
    ----------
    state : State
        State after the previous call; `State()` before the first.
    measurements : Measurements
        Present readings; NaN where one is missing.
    settings : Settings
        Settings; the same in every call.
    dt_s : float
        Time since the previous call [s], whole milliseconds; 0 in the first call.

    Returns
    -------
    StepResult
        State, commands, events (in order) and hold.

    Raises
    ------
    ValueError
        If `dt_s` is negative, not finite or no whole number of milliseconds.

    Notes
    -----
    Calling at each tick, or only when a bound of the hold is left or its deadline met, gives the same events
    and commands, if the tick divides the sample period (1 s) and time 0 is a tick.
    """
    plan, firmware = settings.plan, settings.firmware
    now_ms = state.time_ms + _milliseconds(dt_s)
    readings = _readings(measurements, plan)
    thermal = _estimates(state, measurements, now_ms, not readings.missing_port, settings)
    before = state.predicates or (PredicateState(),) * len(plan.predicates)
    after = tuple(
        update(predicate, old, readings.channels[predicate.channel], now_ms)
        for predicate, old in zip(plan.predicates, before, strict=True)
    )
    active = {p.name: s.active for p, s in zip(plan.predicates, after, strict=True)}
    was_active = {p.name: s.active for p, s in zip(plan.predicates, before, strict=True)}
    faults = _faults(active, thermal, plan)
    had = _faults(was_active, state.thermal, plan)
    mode, cause = _mode(state, active, faults, now_ms, firmware.rearm_ms)
    stopped_ms = state.stopped_ms
    if state.mode is AlternatorMode.CHARGING and mode is not AlternatorMode.CHARGING:
        stopped_ms = now_ms
    new = State(now_ms, mode, stopped_ms, after, thermal)
    events = _fault_events(had, faults, readings, thermal) + _heat_events(state.thermal, thermal, settings)
    if cause is not None:
        events.append(Event(EventName(f"alternator {mode}"), cause, _values(cause, readings, thermal)))
    return StepResult(new, _commands(new, faults, settings), tuple(events), _hold(new, readings, settings))


class _Readings(NamedTuple):
    """Readings per channel of the predicates (None: missing), and the names of the missing ones."""

    channels: dict[str, Extremes | None]
    missing_port: tuple[str, ...]
    missing_cell: tuple[str, ...]


def _milliseconds(dt_s: float) -> int:
    if not (math.isfinite(dt_s) and dt_s >= 0.0):
        raise ValueError(f"dt_s: {dt_s!r} is not allowed; allowed: 0 or more, finite")
    dt_ms = round(dt_s * 1000.0)
    if abs(dt_s * 1000.0 - dt_ms) > 1.0e-6 * max(1.0, dt_ms):
        raise ValueError(f"dt_s: {dt_s!r} is not allowed; allowed: whole milliseconds")
    return dt_ms


def _readings(measurements: Measurements, plan: Plan) -> _Readings:
    """Smallest and largest reading of each channel."""
    missing_port = missing(measurements, PORT_SENSORS)
    missing_cell = missing(measurements, CELL_SENSORS)
    if "cell_voltage_V" not in missing_cell and len(measurements.cell_voltage_V) != plan.cell_count:
        missing_cell = ("cell_voltage_V", *missing_cell)
    channels: dict[str, Extremes | None] = {
        names.MISSING_PORT: Extremes(len(missing_port), len(missing_port)),
        names.MISSING_CELL: Extremes(len(missing_cell), len(missing_cell)),
    }
    for name in PORT_SENSORS:
        value = getattr(measurements, name)
        channels[name] = None if name in missing_port else Extremes(value, value)
    for name in CELL_SENSORS:
        values = getattr(measurements, name)
        channels[name] = None if name in missing_cell else Extremes(min(values), max(values))
    return _Readings(channels, missing_port, missing_cell)


def _estimates(
    state: State, measurements: Measurements, now_ms: int, complete: bool, settings: Settings
) -> Thermal | None:
    rating, firmware = settings.plan.rating, settings.firmware
    if state.thermal is not None:
        charging = state.mode is AlternatorMode.CHARGING
        return estimators.advance(state.thermal, measurements, now_ms, charging, rating, firmware)
    return estimators.begin(measurements, now_ms, rating, firmware) if complete else None


def _faults(active: dict[str, bool], thermal: Thermal | None, plan: Plan) -> tuple[Fault, ...]:
    """Active faults, in order of precedence."""
    found = [fault for fault in plan.faults if active[fault]]
    if thermal is not None and thermal.off:
        found.append(Fault.OVER_TEMPERATURE)
    return tuple(found)


def _mode(
    state: State, active: dict[str, bool], faults: Sequence[Fault], now_ms: int, rearm_ms: int
) -> tuple[AlternatorMode, Cause | Fault | None]:
    """Next mode of the alternator port, and why; None if it stays."""
    if faults:
        blocked = state.mode is AlternatorMode.BLOCKED
        return AlternatorMode.BLOCKED, None if blocked else faults[0]
    if state.mode is AlternatorMode.CHARGING:
        if active[names.SOURCE_LOW]:
            return AlternatorMode.RESTING, Cause.SOURCE_BELOW_STOP
        if active[names.SOURCE_WEAK]:
            return AlternatorMode.RESTING, Cause.SOURCE_WEAK
        return AlternatorMode.CHARGING, None
    if state.stopped_ms is not None and now_ms - state.stopped_ms < rearm_ms:
        resting = state.mode is AlternatorMode.RESTING
        return AlternatorMode.RESTING, None if resting else Cause.FAULTS_CLEARED
    if active[names.SOURCE_READY]:
        return AlternatorMode.CHARGING, Cause.SOURCE_ABOVE_START
    if state.mode is AlternatorMode.WAITING:
        return AlternatorMode.WAITING, None
    blocked = state.mode is AlternatorMode.BLOCKED
    return AlternatorMode.WAITING, Cause.FAULTS_CLEARED if blocked else Cause.REST_OVER


def _charge_faults(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    return tuple(fault for fault in faults if fault in names.CHARGE_FAULTS)


def _fault_events(
    had: Sequence[Fault], faults: Sequence[Fault], readings: _Readings, thermal: Thermal | None
) -> list[Event]:
    """Events of faults that came and went, and of the charge disconnect that follows from them."""
    events = [Event(EventName.FAULT_RAISED, f, _values(f, readings, thermal)) for f in faults if f not in had]
    gone = [fault for fault in had if fault not in faults]
    events += [Event(EventName.FAULT_CLEARED, f, _values(f, readings, thermal)) for f in gone]
    now, then = _charge_faults(faults), _charge_faults(had)
    if now and not then:
        events.append(Event(EventName.CHARGE_DISCONNECTED, now[0]))
    elif then and not now:
        events.append(Event(EventName.CHARGE_RECONNECTED, Cause.FAULTS_CLEARED))
    return events


def _heat_events(before: Thermal | None, after: Thermal | None, settings: Settings) -> list[Event]:
    """Event when derating starts or ends."""
    if after is None:
        return []
    full_A = settings.plan.rating.full_A
    derated, was = after.limit_A < full_A, before is not None and before.limit_A < full_A
    if derated == was:
        return []
    values = (("heatsink_degC", after.sample.heatsink_degC), ("current_limit_A", after.limit_A))
    return [Event(EventName.DERATING_STARTED if derated else EventName.DERATING_ENDED, Cause.HEAT, values)]


def _values(
    cause: Cause | Fault, readings: _Readings, thermal: Thermal | None
) -> tuple[tuple[str, float], ...]:
    """Return the readings behind a cause."""
    if cause is Fault.PORT_SENSOR_MISSING:
        return tuple((name, math.nan) for name in readings.missing_port)
    if cause is Fault.CELL_SENSOR_MISSING:
        return tuple((name, math.nan) for name in readings.missing_cell)
    if cause is Fault.OVER_TEMPERATURE:
        return () if thermal is None else (("heatsink_degC", thermal.sample.heatsink_degC),)
    channel = "input_voltage_V"
    if cause in names.CHARGE_FAULTS:
        channel = "cell_voltage_V" if cause is Fault.CELL_OVER_VOLTAGE else "cell_temperature_degC"
    extremes = readings.channels[channel]
    if extremes is None:
        return ()
    return ((channel, extremes.low if cause is Fault.CELL_UNDER_TEMPERATURE else extremes.high),)


def _commands(state: State, faults: Sequence[Fault], settings: Settings) -> Commands:
    """Commands that follow from the state."""
    thermal = state.thermal
    charge_allowed = not _charge_faults(faults)
    enable = state.mode is AlternatorMode.CHARGING and thermal is not None
    return Commands(
        alternator_enable=enable,
        current_limit_A=0.0 if thermal is None else thermal.limit_A,
        sense_reference_V=0.0 if thermal is None else estimators.reference_V(thermal, settings.firmware),
        charge_allowed=charge_allowed,
        leds=Leds(
            over_temperature=thermal is not None and thermal.red,
            charge_disconnect=charge_allowed,
            alternator_charging=enable,
        ),
    )


def _hold(state: State, readings: _Readings, settings: Settings) -> Hold:
    """Bounds and deadline within which a call would change nothing."""
    firmware, plan, now_ms = settings.firmware, settings.plan, state.time_ms
    charging = state.mode is AlternatorMode.CHARGING
    until_ms = now_ms + (firmware.hold_charging_ms if charging else firmware.hold_idle_ms)
    if readings.missing_port or readings.missing_cell:
        until_ms = now_ms + 1  # no bound can say that a reading comes back
    bounds = dict.fromkeys(BOUND_NAMES, FREE)
    for predicate, predicate_state in zip(plan.predicates, state.predicates, strict=True):
        found = constraint(predicate, predicate_state, readings.channels[predicate.channel], now_ms)
        if found.until_ms is not None:
            until_ms = min(until_ms, found.until_ms)
        if predicate.channel in bounds:
            bounds[predicate.channel] = _both(bounds[predicate.channel], found.bounds)
    if state.mode is AlternatorMode.RESTING and state.stopped_ms is not None:
        until_ms = min(until_ms, state.stopped_ms + firmware.rearm_ms)
    between = dict(bounds)
    thermal = state.thermal
    if thermal is not None:
        for name, band in estimators.bands(charging, thermal.sample, firmware).items():
            extremes = readings.channels[name]
            if extremes is None or not band[0] <= extremes.low <= band[1]:
                # Out of its band: taken over at the next sample, until then it may go where it likes.
                until_ms = min(until_ms, thermal.next_ms)
            else:
                bounds[name] = _both(bounds[name], band)
        until_ms = estimators.quiet_until_ms(thermal, until_ms, charging, plan.rating, firmware)
    return Hold(until_ms - now_ms, bounds, between)


def _both(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return max(a[0], b[0]), min(a[1], b[1])
