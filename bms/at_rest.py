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
from bms.channels import NONE, Gates, Pair, Readings
from bms.firmware_parameters import FirmwareParameters
from bms.interface import Measurements
from bms.settings import Settings
from bms.state import State
from bms.system_port import SystemMode
from bms.watches import watched

GATES = (Gates(False, True, True), Gates(True, True, True))
"""What is switched while all machines rest, with the alternator path off and on."""


def rests(state: State, r: Readings, f: FirmwareParameters) -> bool:
    """Whether only a fault, remote or the source can move a machine: everything is on, no timer runs, no fault."""
    load, system, system_A = state.load, state.system, r.system_A
    return (
        state.started and not state.faults and state.thermal is not None
        and state.remote.on and state.charge.on and state.charge_gate.on
        and load.alarm_ms is None and load.off_ms is None
        and state.cap.next_ms is None and state.fuse.at_ms is None
        and system.mode is SystemMode.ON and system.heat_A2ms == 0 and system.level_A <= f.system_continuous_A
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
    plan, before = settings.plan, state.thermal
    if thermal is None or before is None or thermal.off:
        return None
    source, others = [], []
    for entry in state.predicates:
        if plan.channel_of[entry[0]] == SOURCE:
            source.append(entry)
        elif entry[0] == names.REMOTE_ON and entry[1].active:
            others.append(entry)
        else:
            return None
    if not others and (r.m.remote_L_V is not None or r.m.remote_H_V is not None):
        return None  # remote says on, but not yet for long enough
    if thermal is not before and (thermal.limit_A < plan.rating.full_A) != (before.limit_A < plan.rating.full_A):
        return None
    input_V = r.m.input_voltage_V
    _, low_V, high_V, rows = plan.rows[SOURCE]
    if source or not low_V <= input_V <= high_V:
        source = table.row_updated(rows, dict(source), (input_V, input_V), now_ms)
    active = [name for name, found in source if found.active]
    mode, _ = next_mode(state.mode, state.stopped_ms, active, None, now_ms, settings.firmware.rearm_ms)
    if mode is not state.mode:
        return None
    watches, charging = watched(state, r, settings, thermal, now_ms), state.mode is AlternatorMode.CHARGING
    if watches != state.watches and any(watch is not None and watch.frozen_ms is not None for watch in watches):
        return None
    return State(
        now_ms, mode, state.stopped_ms, (*source, *others), thermal, (), True, state.remote, state.charge,
        state.charge_gate, state.load, state.system, state.cap, state.fuse, watches,
        lift.judged(state.lift, charging, charging, thermal, math.inf, r, plan, settings.firmware, now_ms),
    )


SOURCE = names.CHANNELS.index(names.DIRECT[0])


def values(m: Measurements) -> tuple[Pair, ...]:
    """What `evaluate` gives, as far as a hold asks for it, where all but the source is quiet."""
    return (m.input_voltage_V, m.input_voltage_V), *_QUIET


_QUIET = (NONE,) * (len(names.CHANNELS) - 1)
