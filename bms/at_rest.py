"""The short way through a call: all machines rest, and every channel but the source's is quiet.

Most calls are like this: a hold ended, or a reading left a dead band of the estimators. What is left is time, the
estimators, the debounce of the source and what sensors under watch answer to. This way leaves out, it decides nothing:
where anything else may change it says so, and `step` goes the whole way, which always gives the same
(`tests/bms/test_at_rest.py`). A firmware may do without it.
"""

from __future__ import annotations

import math

from bms import lift, system_port, table
from bms import plan as names
from bms import thermal as estimators
from bms.alternator_port import AlternatorMode, next_mode
from bms.channels import Gates, Readings
from bms.firmware_parameters import FirmwareParameters
from bms.interface import Commands, Leds
from bms.settings import Settings
from bms.state import State
from bms.system_port import SystemMode
from bms.watches import watched

GATES = (Gates(False, True, True), Gates(True, True, True))
"""What is switched while all machines rest, with the alternator path off and on."""


def rests(state: State, r: Readings, f: FirmwareParameters) -> bool:
    """Whether only a fault, remote or the source can move a machine: everything is on, no timer runs, no fault."""
    _, _, _, _, thermal, faults, started, remote, charge, charge_gate, load, system, cap, fuse, _, _ = state
    system_A = r.system_A
    return (
        started and not faults and thermal is not None
        and remote.on and charge.on and charge_gate.on
        and load.alarm_ms is None and load.off_ms is None
        and cap.next_ms is None and fuse.at_ms is None
        and system.mode is _ON and system.heat_A2ms == 0 and system.level_A <= f.system_continuous_A
        and not r.m.hardware_latch
        and (system_A is None or system_port.measured(system, system_A, f) is system)
    )


def passed(
    state: State, r: Readings, thermal: estimators.Thermal | None, settings: Settings, now_ms: int
) -> State | None:
    """State after a call in which all machines rest and all but the source is quiet; None if anything may change.

    What is left is time, the estimators, the debounce of the source and what sensors under watch answer to. Most calls
    are like this one. It leaves out, it decides nothing: `step` without it gives the same (a test compares them).
    """
    (
        _, mode, stopped_ms, predicates, before, _, _, remote, charge, charge_gate, load, system, cap, fuse, watches,
        lifted,
    ) = state
    plan, f, m = settings.plan, settings.firmware, r.m
    if thermal is None or before is None or thermal.off:
        return None
    remote_on: table.Predicates = ()
    for entry in predicates:
        name, found = entry
        if name == names.REMOTE_ON and found.active:
            remote_on = (entry,)
        elif name not in SOURCE:
            return None
    if r.optional and not remote_on and (m.remote_L_V is not None or m.remote_H_V is not None):
        return None  # remote says on, but not yet for long enough
    full_A = plan.rating.full_A
    if thermal is not before and (thermal.limit_A < full_A) != (before.limit_A < full_A):
        return None
    input_V = m.input_voltage_V
    steady = table.steady_source_V(predicates, plan)
    if steady is None or not steady[0] <= input_V <= steady[1]:
        after = table.row_updated(plan.rows[0][3], dict(predicates), (input_V, input_V), now_ms)
        predicates = (*after, *remote_on)
    active = [name for name, found in predicates if found.active]
    if next_mode(mode, stopped_ms, active, None, now_ms, f.rearm_ms)[0] is not mode:
        return None
    before_watches, charging = watches, mode is _CHARGING
    watches = watched(state, r, settings, thermal, now_ms)
    if watches is not before_watches and any([w is not None and w.frozen_ms is not None for w in watches]):
        return None
    return State(
        now_ms, mode, stopped_ms, predicates, thermal, (), True, remote, charge, charge_gate, load, system, cap, fuse,
        watches, lift.judged(lifted, charging, charging, thermal, math.inf, r, plan, f, now_ms),
    )


def commands(state: State, thermal: estimators.Thermal, settings: Settings) -> Commands:
    """`outputs.commands` while all machines rest: everything is on, and no limit but that of heat stands."""
    f, charging, limit_A = settings.firmware, state.mode is _CHARGING, thermal.limit_A
    return Commands(
        charging, limit_A, estimators.reference_V(thermal, limit_A, f), True,
        Leds(True, settings.instant_readout, thermal.red, True, True, charging),
        True, False, True, True, False, False, f.supply_on_A, charging and state.lift.allowed,
    )


SOURCE = (names.SOURCE_READY, names.SOURCE_LOW, names.SOURCE_WEAK)
"""Predicates of the source, the first channel."""
_CHARGING, _ON = AlternatorMode.CHARGING, SystemMode.ON
