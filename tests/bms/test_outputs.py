"""Commands that follow from a state, by hand."""

from typing import Any

import pytest

import bms
from bms import thermal
from bms.bank import Cap
from bms.interface import Commands, Leds
from bms.lift import Lift
from bms.load_output import Load
from bms.outputs import commands, is_powered, limit_A
from bms.state import State, Switch
from bms.system_port import System, SystemMode
from tests.bms.rig import NORMAL

CONFIG = bms.Settings()
CHARGING = bms.AlternatorMode.CHARGING
ESTIMATE = thermal.begin(NORMAL, 0, CONFIG.plan.rating, CONFIG.firmware)._replace(limit_A=80.0, reference_ohm=6.0e-4)
OFF = Switch(False)
LIT = Leds(active=True, charge_disconnect=True, load_disconnect=True)
PLAIN = Commands(
    current_limit_A=80.0, sense_reference_V=2400 * 2.0e-5, charge_allowed=True, leds=LIT, load_output=True,
    supply_current_A=0.0175,
)
"""80 A through 0.6 mohm are 48 mV: 2400 steps of 20 uV."""


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, {}),
        ({"thermal": None}, {"current_limit_A": 0.0, "sense_reference_V": 0.0}),
        ({"thermal": None, "mode": CHARGING}, {"current_limit_A": 0.0, "sense_reference_V": 0.0}),
        ({"mode": CHARGING}, {"alternator_enable": True, "leds": LIT._replace(alternator_charging=True)}),
        ({"cap": Cap(70.0, 9)}, {"current_limit_A": 70.0, "sense_reference_V": 2100 * 2.0e-5}),
        ({"cap": Cap(85.0, 9)}, {}),
        ({"thermal": ESTIMATE._replace(red=True)}, {"leds": LIT._replace(over_temperature=True)}),
        ({"charge": OFF}, {"charge_allowed": False, "leds": LIT._replace(charge_disconnect=False)}),
        ({"charge_gate": Switch(True)}, {"charge_gate": True}),
        ({"load": Load(off_ms=0)}, {"load_output": False, "leds": LIT._replace(load_disconnect=False)}),
        ({"load": Load(alarm_ms=0), "time_ms": 16_000}, {"pre_alarm": True}),
        ({"load": Load(alarm_ms=0, off_ms=0)}, {
            "pre_alarm": True, "load_output": False, "leds": LIT._replace(load_disconnect=False)}),
        ({"system": System(SystemMode.PRECHARGE)}, {"precharge": True, "latch_reset": True}),
        ({"system": System(SystemMode.ON)}, {"discharge_gate": True}),
        ({"system": System(SystemMode.RESTING)}, {"latch_reset": True}),
        ({"system": System(SystemMode.LOCKED)}, {}),
        ({"lift": Lift(True)}, {}),
        ({"lift": Lift(True), "mode": CHARGING}, {
            "lift_allowed": True, "alternator_enable": True, "leds": LIT._replace(alternator_charging=True)}),
        ({"lift": Lift(True), "charge": OFF, "mode": CHARGING}, {
            "charge_allowed": False, "alternator_enable": True,
            "leds": LIT._replace(alternator_charging=True, charge_disconnect=False)}),
        ({"remote": OFF}, {"supply_current_A": 0.0065}),
        ({"remote": OFF, "load": Load(alarm_ms=0)}, {"supply_current_A": 0.0065, "pre_alarm": True}),
    ],
)
def test_commands(changes: dict[str, Any], differs: dict[str, Any]) -> None:
    state = State(thermal=ESTIMATE)._replace(**changes)
    assert commands(state, CONFIG) == PLAIN._replace(**differs)
    assert is_powered(state, CONFIG)
    assert limit_A(state) == PLAIN._replace(**differs).current_limit_A


def test_remote_off_with_function_system_turns_all_of_it_off() -> None:
    settings = bms.Settings(remote_function=bms.RemoteFunction.SYSTEM, instant_readout=True)
    state = State(thermal=ESTIMATE._replace(red=True), remote=OFF, charge=OFF, load=Load(alarm_ms=0))
    assert not is_powered(state, settings) and is_powered(state._replace(remote=Switch(True)), settings)
    assert commands(state, settings) == Commands(
        current_limit_A=80.0, sense_reference_V=2400 * 2.0e-5, leds=Leds(active=False), supply_current_A=0.0045)
    ports = bms.Settings(remote_function=bms.RemoteFunction.PORTS, variant=bms.Variant.NG)
    assert commands(State(thermal=ESTIMATE, remote=OFF), ports) == PLAIN._replace(supply_current_A=0.0065)


def test_readout_and_pulses() -> None:
    settings = bms.Settings(instant_readout=True, pre_alarm_mode=bms.PreAlarmMode.INTERMITTENT)
    state = State(thermal=ESTIMATE, load=Load(alarm_ms=1_000))
    for time_ms, high in ((1_000, True), (15_999, True), (16_000, False), (31_000, True)):
        assert commands(state._replace(time_ms=time_ms), settings) == PLAIN._replace(
            leds=LIT._replace(bluetooth=True), pre_alarm=high)
