"""Commands and LEDs as a pure function of the state (A4, O1..O4, S3, S4, C1, C2, K3)."""

from __future__ import annotations

from bms import thermal as estimators
from bms.alternator_port import AlternatorMode
from bms.interface import Commands, Leds
from bms.load_output import sounding
from bms.settings import PreAlarmMode, RemoteFunction, Settings
from bms.state import State
from bms.system_port import SystemMode


def is_powered(state: State, settings: Settings) -> bool:
    """Whether the BMS is switched on: remote off turns it off completely with function 'system' only (R6)."""
    return state.remote.on or settings.remote_function is not RemoteFunction.SYSTEM


def limit_A(state: State) -> float:
    """Set-point of the alternator port: the lower of what heat and what the bank allow."""
    if state.thermal is None:
        return 0.0
    heat_A, bank_A = state.thermal.limit_A, state.cap.cap_A
    return heat_A if heat_A <= bank_A else bank_A


def commands(state: State, settings: Settings) -> Commands:
    """Commands that follow from the state."""
    _, alternator, _, _, thermal, _, _, remote, charge, charge_gate, load, system, _, _, _, lift = state
    f, mode, remote_on, charge_on = settings.firmware, system.mode, remote.on, charge.on
    powered = remote_on or is_powered(state, settings)
    enable = alternator is _CHARGING and thermal is not None
    load_on, alarm = powered and load.off_ms is None, False
    if powered and load.alarm_ms is not None:
        alarm = sounding(load, settings.pre_alarm_mode is PreAlarmMode.INTERMITTENT, state.time_ms, f)
    wanted_A = limit_A(state)
    supply_A = f.supply_on_A if remote_on else f.supply_off_A if powered else f.supply_disabled_A
    precharge = mode is _PRECHARGE
    red = powered and thermal is not None and thermal.red
    return Commands(
        enable,
        wanted_A,
        0.0 if thermal is None else estimators.reference_V(thermal, wanted_A, f),
        charge_on,
        Leds(powered, powered and settings.instant_readout, red, charge_on, load_on, enable),
        load_on,
        alarm,
        charge_gate.on,
        mode is _ON,
        precharge,
        precharge or mode is _RESTING,
        supply_A,
        enable and charge_on and lift.allowed,
    )


_CHARGING, _ON, _PRECHARGE, _RESTING = (
    AlternatorMode.CHARGING, SystemMode.ON, SystemMode.PRECHARGE, SystemMode.RESTING
)
"""Bound once: looking up a member of an enumeration takes as long as a call."""
