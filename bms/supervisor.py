"""The supervisor: one state machine over predicates.

`step` is a pure function: no clock, no I/O. Time enters as `dt_s` and is kept as whole milliseconds. In a call time
passes, the estimators take the samples that are due, predicates take in the readings; faults follow from them, then
remote, load, alternator port and System+, then the commands, then the hold. The table of predicates is in `bms.plan`,
what each fault does in `bms.events.REACTIONS`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from bms import at_rest, bank, lift, load_output, system_port, table
from bms import plan as names
from bms import thermal as estimators
from bms.alternator_port import AlternatorMode, next_mode
from bms.channels import ON, Readings, evaluate, is_quiet, missing_ports, read, remote_level
from bms.events import REACTIONS, Cause, Event, EventName, Fault, Reaction
from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import resistance_ohm
from bms.holding import Wants, hold_at_rest, hold_of
from bms.interface import Commands, Hold, Measurements
from bms.outputs import commands, is_powered, limit_A
from bms.report import heat_events, with_values
from bms.settings import PreAlarmMode, RemoteFunction, Settings
from bms.state import WATCHES, State, Switch, switched
from bms.system_port import SystemInputs, SystemMode
from bms.watches import watched


class StepResult(NamedTuple):
    """What a call of `step` gives: state and commands from now on, `events` of this call, and how long a hold lasts."""

    state: State
    commands: Commands
    events: tuple[Event, ...]
    hold: Hold


def step(state: State, measurements: Measurements, settings: Settings, dt_s: float) -> StepResult:
    """Take in one reading of all sensors.

    Parameters
    ----------
    state : State
        State after the previous call; `State()` before the first.
    measurements : Measurements
        Present readings; NaN where one is missing, None where it is not fitted.
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
    plan, f = settings.plan, settings.firmware
    elapsed_ms = _milliseconds(dt_s)
    now_ms = state.time_ms + elapsed_ms
    charging, thermal = state.mode is AlternatorMode.CHARGING, state.thermal
    missing_port = missing_ports(measurements)
    if thermal is not None:
        thermal = estimators.advance(thermal, measurements, now_ms, charging, plan.rating, f)
    elif not missing_port:
        thermal = estimators.begin(measurements, now_ms, plan.rating, f)
    ratio = None
    if f.converter_efficiency > 0.0 and thermal is not None:
        ratio = estimators.output_ratio(thermal.sample, f)
    readings = read(measurements, plan, missing_port, None if thermal is None else thermal.reference_ohm, ratio)
    if thermal is not None and at_rest.rests(state, readings, f) and is_quiet(readings, charging, plan, f):
        passed = at_rest.passed(state, readings, thermal, settings, now_ms)
        if passed is not None:
            held = hold_at_rest(passed, thermal, readings, at_rest.GATES[charging], settings)
            return StepResult(passed, at_rest.commands(passed, thermal, settings), (), held)
    gates = state.gates
    values = evaluate(readings, gates, f)
    predicates = table.updated(plan, state.predicates, values, now_ms)
    active = {name for name, found in predicates if found.active}
    watches = watched(state, readings, settings, thermal, now_ms)
    fuse = _fuse_checked(state, readings, settings, now_ms)
    sensed = State(
        now_ms, state.mode, state.stopped_ms, predicates, thermal, (), True, state.remote, state.charge,
        state.charge_gate, state.load, system_port.measured(
            system_port.heated(state.system, elapsed_ms, f), readings.system_A, f
        ), state.cap, fuse, watches,
    )
    faults = _faults(active, sensed, state.faults)
    new, wants, events = _reacted(state, sensed, faults, readings, active, settings)
    events = with_values(events, readings)
    held = hold_of(new, readings, wants, values, gates, new.gates, settings)
    return StepResult(new, commands(new, settings), tuple(events), held)


def _milliseconds(dt_s: float) -> int:
    exact_ms = dt_s * 1000.0
    if not 0.0 <= exact_ms < math.inf:
        raise ValueError(f"dt_s: {dt_s!r} is not allowed; allowed: 0 or more, finite")
    dt_ms = round(exact_ms)
    if exact_ms != dt_ms and abs(exact_ms - dt_ms) > 1.0e-6 * max(1.0, dt_ms):
        raise ValueError(f"dt_s: {dt_s!r} is not allowed; allowed: whole milliseconds")
    return dt_ms


def _faults(active: set[str], state: State, before: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Active faults, in order of precedence.

    A charge disconnect does not end while another one is pending: from too hot to too cold without a gap.
    """
    found = [name for name in active if isinstance(name, Fault)]
    if state.thermal is not None and state.thermal.off:
        found.append(Fault.OVER_TEMPERATURE)
    if state.fuse.wrong:
        found.append(Fault.WRONG_FUSE)
    for fault, watch in zip(WATCHES, state.watches, strict=True):
        if watch is not None and watch.frozen_ms is not None:
            found.append(fault)
    if before and any(
        waiting.pending_ms is not None and _disconnects(name) for name, waiting in state.predicates
    ):
        found += [fault for fault in before if _disconnects(fault) and fault not in found]
    return tuple(fault for fault in Fault if fault in found) if len(found) > 1 else tuple(found)


def _disconnects(name: str) -> bool:
    """Whether this is a fault that disconnects the chargers."""
    return isinstance(name, Fault) and Reaction.CHARGE_DISCONNECT in REACTIONS[name]


def _others_A(r: Readings) -> float | None:
    """Alternator current by the other sensors: bank less System+."""
    return None if r.bank_A is None or r.system_A is None else r.bank_A - r.system_A


def _fuse_checked(state: State, r: Readings, settings: Settings, now_ms: int) -> bank.FuseCheck:
    if state.fuse.at_ms is None or state.thermal is None:
        return state.fuse
    fuse_A = None
    if "fuse_sense_V" not in r.missing_port:
        ohm = resistance_ohm(state.thermal.fuse_degC, settings.plan.rating.fuse)
        fuse_A = r.m.fuse_sense_V / ohm * (r.ratio or 1.0)
    return bank.fuse_checked(state.fuse, fuse_A, _others_A(r), now_ms, settings.firmware)


def _first(faults: tuple[Fault, ...], *reactions: Reaction) -> Fault | None:
    """First fault that does one of these."""
    for fault in faults:
        for reaction in REACTIONS[fault]:
            if reaction in reactions:
                return fault
    return None


def _reacted(
    old: State, sensed: State, faults: tuple[Fault, ...], r: Readings, active: set[str], settings: Settings
) -> tuple[State, Wants, list[Event]]:
    """Remote, load, ports: what follows from faults and predicates. `sensed` has what the readings changed."""
    f, now_ms = settings.firmware, sensed.time_ms
    events: list[Event] = []
    if faults != old.faults:
        events += [Event(EventName.FAULT_RAISED, fault) for fault in faults if fault not in old.faults]
        events += [Event(EventName.FAULT_CLEARED, fault) for fault in old.faults if fault not in faults]
    remote, switched_on = _remote(old, r, active, settings, now_ms)
    powered = remote.on or settings.remote_function is not RemoteFunction.SYSTEM
    no_charge = _first(faults, Reaction.CHARGE_DISCONNECT) or (None if powered else Cause.REMOTE)
    charge = switched(old.charge, no_charge is None, now_ms, f)
    if charge.on != old.charge.on:
        name = EventName.CHARGE_RECONNECTED if charge.on else EventName.CHARGE_DISCONNECTED
        events.append(Event(name, no_charge or Cause.FAULTS_CLEARED))
    load, inputs, told = _load(old, faults, r, active, settings, now_ms, powered, switched_on)
    events += told + heat_events(old.thermal, sensed.thermal, settings)
    if remote.on != old.remote.on:
        events.append(Event(EventName.REMOTE_ON if remote.on else EventName.REMOTE_OFF, Cause.REMOTE))
    block = _first(faults, Reaction.ALTERNATOR_OFF, Reaction.CHARGE_DISCONNECT) or (
        None if remote.on else Cause.REMOTE
    )
    mode, cause = next_mode(old.mode, old.stopped_ms, active, block, now_ms, f.rearm_ms)
    if cause is not None:
        events.append(Event(EventName(f"alternator {mode}"), cause))
    stopped_ms, fuse = _stopped_and_fuse(old, mode, sensed.fuse, r, now_ms, f)
    cap = _cap(sensed, Fault.BANK_OVER_CURRENT in faults, r, settings, events)
    wanted = _system_inputs(faults, load, remote, r, active, settings)
    system, told = _system(old, sensed.system, wanted, r, now_ms, switched_on, f)
    gate_wanted = wanted.gates_allowed and charge.on and system.mode not in (SystemMode.RESTING, SystemMode.LOCKED)
    gate = switched(old.charge_gate, gate_wanted, now_ms, f)
    new = State(
        now_ms, mode, stopped_ms, sensed.predicates, sensed.thermal, faults, True, remote, charge, gate, load, system,
        cap, fuse, sensed.watches,
        lift.judged(old.lift, old.gates.charging, mode is AlternatorMode.CHARGING, sensed.thermal, cap.cap_A, r,
                    settings.plan, f, now_ms),
    )
    return new, Wants(no_charge is None, gate_wanted, wanted, inputs), events + told


def _remote(
    old: State, r: Readings, active: set[str], settings: Settings, now_ms: int
) -> tuple[Switch, bool]:
    """Remote as accepted (R1..R4), and whether it was switched on now; at the first call what it says counts."""
    m, f = r.m, settings.firmware
    if m.remote_L_V is None and m.remote_H_V is None:
        return old.remote, not old.started
    if not old.started:
        on = remote_level(m, f) == ON
        return Switch(on, now_ms if on else None), True
    wanted = names.REMOTE_ON in active if not old.remote.on else names.REMOTE_OFF not in active
    remote = switched(old.remote, wanted, now_ms, f)
    return remote, remote.on and not old.remote.on


def _load(
    old: State, faults: tuple[Fault, ...], r: Readings, active: set[str], settings: Settings, now_ms: int,
    powered: bool, switched_on: bool,
) -> tuple[load_output.Load, load_output.LoadInputs, list[Event]]:
    """Pre-alarm and load disconnect; at switching on (but for a reset) the load stays off where cells are low."""
    plan = settings.plan
    fault = _first(faults, Reaction.LOAD_ALARM)
    low = names.CELL_LOW in active
    alarm = fault or (Cause.CELL_NEAR_LOW if low or names.PRE_ALARM in active else None)
    cut = fault or (Cause.CELL_LOW if low else None)
    inputs = load_output.LoadInputs(
        alarm, cut, powered, settings.pre_alarm_mode is PreAlarmMode.INTERMITTENT
    )
    load = old.load
    told: list[Event] = []
    begins = not is_powered(old, settings) if old.started else not load_output.keeps_on(load)
    if switched_on and powered and begins:
        threshold_V = 0.0 if plan.alarm_V else plan.start_V[0]
        load, told = load_output.started(load, r.alarm_V is None or r.alarm_V[0] < threshold_V, now_ms)
    load, more = load_output.advance(load, inputs, r.cell_V, now_ms, settings.firmware)
    return load, inputs, told + more


def _stopped_and_fuse(
    old: State, mode: AlternatorMode, fuse: bank.FuseCheck, r: Readings, now_ms: int, f: FirmwareParameters
) -> tuple[int | None, bank.FuseCheck]:
    """When the alternator port last stopped; a check of the fuse begins with charging and ends with it."""
    was, charging = old.mode is AlternatorMode.CHARGING, mode is AlternatorMode.CHARGING
    if charging and not was:
        others_A = _others_A(r)
        return old.stopped_ms, bank.FuseCheck(None if others_A is None else now_ms + f.fuse_check_ms, others_A or 0.0)
    if was and not charging:
        return now_ms, bank.FuseCheck(wrong=fuse.wrong)
    return old.stopped_ms, fuse


def _cap(sensed: State, over: bool, r: Readings, settings: Settings, events: list[Event]) -> bank.Cap:
    """Limit of the alternator port for the bank's sake (A11); tells when it moves."""
    before, plan = sensed.cap, settings.plan
    if not over and before.next_ms is None:
        return before
    full_A = plan.rating.full_A
    cap = bank.capped(
        before, limit_A(sensed), full_A, r.into_bank_A, over, plan.bank_limit_A, sensed.time_ms, settings.firmware,
        r.ratio,
    )
    if cap.cap_A != before.cap_A:
        name = EventName.BANK_LIMITED if cap.cap_A < before.cap_A else EventName.BANK_RELEASED
        events.append(Event(name, Cause.BANK_CURRENT, (("current_limit_A", min(cap.cap_A, full_A)),)))
    return cap


def _system_inputs(
    faults: tuple[Fault, ...], load: load_output.Load, remote: Switch, r: Readings, active: set[str],
    settings: Settings,
) -> SystemInputs:
    """What the System+ port depends on."""
    m = r.m
    ports_on = remote.on or settings.remote_function is RemoteFunction.ALTERNATOR
    off = _first(faults, Reaction.SYSTEM_OFF) or (None if ports_on else Cause.REMOTE)
    cut = off or (Cause.LOAD_CUT if load.off_ms is not None else None)
    over_V = None
    if r.system_V is not None and "battery_voltage_V" not in r.missing_port:
        over_V = r.system_V - m.battery_voltage_V
    return SystemInputs(
        cut is None, cut or Cause.WANTED, r.system_A, over_V, bool(m.hardware_latch), names.LOAD_REMOVED in active,
        m.system_voltage_V is not None, off is None,
    )


def _system(
    old: State, system: system_port.System, inputs: SystemInputs, r: Readings, now_ms: int, switched_on: bool,
    f: FirmwareParameters,
) -> tuple[system_port.System, list[Event]]:
    """System+ port; switching on by remote is a reset of its trips."""
    if switched_on and old.started and system.mode in (SystemMode.LOCKED, SystemMode.RESTING):
        system = system._replace(mode=SystemMode.OFF, since_ms=now_ms, trips=0)
    after, told = system_port.advance(system, inputs, now_ms, f)
    if not old.started and r.m.system_voltage_V is None:
        return after, []  # at power-up a port without a voltage sensor is simply on
    return after, told
