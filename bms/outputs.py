"""Commands and LEDs as a pure function of the state (O1..O4, S3, S4, C1, C2, K3)."""

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
    return 0.0 if state.thermal is None else min(state.thermal.limit_A, state.cap.cap_A)


def commands(state: State, settings: Settings) -> Commands:
    """Commands that follow from the state."""
    firmware, thermal, mode = settings.firmware, state.thermal, state.system.mode
    charge_on, powered = state.charge.on, is_powered(state, settings)
    enable = state.mode is AlternatorMode.CHARGING and thermal is not None
    load = powered and state.load.off_ms is None
    intermittent = settings.pre_alarm_mode is PreAlarmMode.INTERMITTENT
    wanted_A = limit_A(state)
    if state.remote.on:
        supply_A = firmware.supply_on_A
    else:
        supply_A = firmware.supply_off_A if powered else firmware.supply_disabled_A
    return Commands(
        enable,
        wanted_A,
        0.0 if thermal is None else estimators.reference_V(thermal, wanted_A, firmware),
        charge_on,
        Leds(
            powered, powered and settings.instant_readout, powered and thermal is not None and thermal.red, charge_on,
            load, enable,
        ),
        load_output=load,
        pre_alarm=powered and sounding(state.load, intermittent, state.time_ms, firmware),
        charge_gate=state.charge_gate.on,
        discharge_gate=mode is SystemMode.ON,
        precharge=mode is SystemMode.PRECHARGE,
        latch_reset=mode is SystemMode.PRECHARGE or mode is SystemMode.RESTING,
        supply_current_A=supply_A,
    )
