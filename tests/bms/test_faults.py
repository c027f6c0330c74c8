"""Every fault by hand: its delay, its safe direction, its event, its shortest time."""

import math
from dataclasses import replace
from typing import Any

import pytest

import bms
from bms import Cause, EventName, Fault, Reaction
from tests.bms.rig import NORMAL, OPEN_L, Rig, low

# --- fail-safe: every fault, its delay, direction, event ------------------------------------------------------------

CHARGING: dict[str, Any] = {"input_voltage_V": 13.8, "fuse_sense_V": 0.03, "battery_current_A": 30.0}
FAULTS: tuple[tuple[Fault, dict[str, Any], dict[str, Any], int], ...] = (
    # fault, readings before, readings with the fault, ticks from the first of them to the fault
    (Fault.PORT_SENSOR_MISSING, {}, {"heatsink_degC": math.nan}, 0),
    (Fault.CELL_SENSOR_MISSING, {}, {"cell_voltage_V": low(math.nan)}, 0),
    (Fault.CELL_SENSOR_MISSING, {}, {"cell_voltage_V": (3.3,) * 3}, 0),
    (Fault.PORT_SENSOR_RANGE, {}, {"heatsink_degC": 181.0}, 10),
    (Fault.PORT_SENSOR_RANGE, {}, {"terminal_degC": -51.0}, 10),
    (Fault.PORT_SENSOR_RANGE, {}, {"input_voltage_V": 60.0}, 10),
    (Fault.PORT_SENSOR_RANGE, {}, {"fuse_sense_V": 0.25}, 10),
    (Fault.CELL_SENSOR_RANGE, {}, {"cell_voltage_V": low(0.0)}, 3),
    (Fault.CELL_SENSOR_RANGE, {}, {"cell_temperature_degC": (25.0, 111.0, 25.0, 25.0)}, 3),
    (Fault.CELL_CONTRADICTION, {}, {"battery_voltage_V": 15.0}, 20),
    (Fault.CELL_CONTRADICTION, {}, {"battery_voltage_V": 11.7}, 20),
    (Fault.INPUT_CONTRADICTION, CHARGING, {"input_voltage_V": 12.79}, 20),
    (Fault.CELL_OVER_VOLTAGE, {}, {"cell_voltage_V": low(3.76)}, 2),
    (Fault.CELL_OVER_TEMPERATURE, {}, {"cell_temperature_degC": (25.0, 50.5, 25.0, 25.0)}, 3),
    (Fault.CELL_UNDER_TEMPERATURE, {}, {"cell_temperature_degC": (25.0, 4.5, 25.0, 25.0)}, 3),
    (Fault.CELL_VERY_COLD, {}, {"cell_temperature_degC": (25.0, -20.5, 25.0, 25.0)}, 3),
    (Fault.BROWN_OUT, {}, {"battery_voltage_V": 7.99}, 0),
    (Fault.ALTERNATOR_STUCK_ON, {}, {"fuse_sense_V": 0.0031}, 10),
    (Fault.ALTERNATOR_STUCK_OFF, CHARGING, {"input_voltage_V": 14.31, "fuse_sense_V": 0.0}, 50),
    (Fault.SYSTEM_SENSOR_UNUSABLE, {}, {"system_current_A": math.nan}, 3),
    (Fault.SYSTEM_SENSOR_UNUSABLE, {}, {"system_current_A": 951.0}, 3),
    (Fault.AUXILIARY_SENSOR_UNUSABLE, {}, {"system_voltage_V": math.nan}, 3),
    (Fault.AUXILIARY_SENSOR_UNUSABLE, {}, {"battery_current_A": math.nan}, 3),
    (Fault.SYSTEM_STUCK_OFF, {}, {"system_voltage_V": 11.29}, 10),
    (Fault.BANK_OVER_CURRENT, {}, {"battery_current_A": 401.0}, 10),
)


def check_reaction(fault: Fault, c: bms.Commands) -> None:
    reactions = bms.REACTIONS[fault]
    if Reaction.CHARGE_DISCONNECT in reactions:
        assert not (c.alternator_enable or c.charge_allowed or c.charge_gate or c.leds.charge_disconnect)
    else:
        assert c.charge_allowed
    if Reaction.ALTERNATOR_OFF in reactions:
        assert not c.alternator_enable
    assert c.pre_alarm == (Reaction.LOAD_ALARM in reactions)
    if Reaction.SYSTEM_OFF in reactions:
        assert not (c.discharge_gate or c.charge_gate or c.precharge)
    else:
        assert c.discharge_gate
    assert c.load_output


@pytest.mark.parametrize(("fault", "before", "bad", "delay"), FAULTS, ids=[f"{f[0]}-{k}" for k, f in enumerate(FAULTS)])
def test_fault(fault: Fault, before: dict[str, Any], bad: dict[str, Any], delay: int) -> None:
    rig = Rig().ready(input_voltage_V=before.get("input_voltage_V", 12.7))
    rig.run(19, **before)
    rig.log.clear()
    rig.run(delay, **bad)
    assert fault not in rig.state.faults
    rig.run(1)
    assert fault in rig.state.faults
    assert (rig.tick, EventName.FAULT_RAISED, fault) in rig.log
    if set(rig.state.faults) == {fault}:
        check_reaction(fault, rig.commands)
    cleared = NORMAL if not before else replace(NORMAL, **before)
    rig.m = cleared
    rig.run(150)
    assert fault in rig.state.faults  # shortest time
    rig.run(80)
    assert fault not in rig.state.faults and (EventName.FAULT_CLEARED, fault) in [(n, c) for _, n, c in rig.log]


def test_every_fault_has_a_reaction_and_a_test() -> None:
    elsewhere = {
        Fault.OVER_TEMPERATURE, Fault.WRONG_FUSE, Fault.CELL_SENSOR_FROZEN, Fault.SENSE_FROZEN, Fault.HEATSINK_FROZEN,
        Fault.TERMINAL_FROZEN, Fault.SYSTEM_SENSOR_FROZEN, Fault.BATTERY_CURRENT_FROZEN, Fault.SYSTEM_STUCK_CHARGE,
        Fault.SYSTEM_STUCK_DISCHARGE,
    }
    assert set(bms.REACTIONS) == set(Fault) == {row[0] for row in FAULTS} | elsewhere


def test_mosfet_stuck_on_at_system_plus() -> None:
    rig = Rig(variant=bms.Variant.NG, remote_function=bms.RemoteFunction.PORTS).ready(remote_L_V=OPEN_L)
    rig.leaky = True
    rig.run(50, system_current_A=5.0)
    rig.run(50, system_current_A=-5.0)
    assert not rig.state.faults
    rig.run(10, system_current_A=5.1)
    assert not rig.state.faults
    rig.run(1)
    assert rig.state.faults == (Fault.SYSTEM_STUCK_CHARGE,) and not rig.commands.charge_allowed
    rig = Rig(variant=bms.Variant.NG, remote_function=bms.RemoteFunction.PORTS).ready(remote_L_V=OPEN_L)
    rig.leaky = True
    rig.run(11, system_current_A=-5.1)
    assert rig.state.faults == (Fault.SYSTEM_STUCK_DISCHARGE,)
    assert rig.commands.pre_alarm and rig.commands.load_output
    assert [c.load_output for c in rig.run(300)] == [True] * 299 + [False]


def test_bank_over_current_lowers_the_limit_and_lets_it_rise_again() -> None:
    rig = Rig(battery_capacity_Ah=50).ready(input_voltage_V=13.8)
    # 100 A allowed: 40 A by the path, 70 A by System+.
    rig.run(10, fuse_sense_V=0.0243, battery_current_A=110.25, system_current_A=70.0)
    assert rig.commands.current_limit_A == 90.0
    rig.run(1)
    assert [row for row in rig.log if row[1] is EventName.BANK_LIMITED] == [
        (21, EventName.BANK_LIMITED, Cause.BANK_CURRENT)
    ]
    assert rig.commands.current_limit_A == 79.5  # 90 less 10.25, on the 0.5 A grid, down
    assert rig.commands.alternator_enable and rig.commands.charge_allowed
    rig.run(100)
    assert rig.commands.current_limit_A == 69.0
    rig.run(200, battery_current_A=96.0)
    assert rig.commands.current_limit_A == 69.0 and Fault.BANK_OVER_CURRENT in rig.state.faults
    assert rig.run(600, battery_current_A=50.0)[-1].current_limit_A == 90.0
    assert len(rig.when(EventName.BANK_RELEASED)) == 5  # 74, 79, 84, 89, 90 A
    assert rig.run(1000, battery_current_A=300.0)[-1].current_limit_A == 10.0  # never below the least useful


# --- wrong fuse, frozen sensors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "wrong"), [(1.0, False), (0.9, False), (1.05, False), (0.8, True), (1.25, True), (1.6, True), (0.0, True)]
)
def test_wrong_fuse(ratio: float, wrong: bool) -> None:
    rig = Rig().ready(system_current_A=-25.0, battery_current_A=-25.02)
    assert rig.run(6, input_voltage_V=13.8)[-1].alternator_enable
    start = rig.tick
    # 36 mV on 0.6 mohm: 60 A by the fuse (57 A once it is warm); the others say so many.
    rig.run(250, fuse_sense_V=0.036, battery_current_A=-25.02 + 60.0 * ratio)
    assert (Fault.WRONG_FUSE in rig.state.faults) == wrong
    assert rig.commands.alternator_enable != wrong
    if wrong:
        raised = [t - start for t, n, c in rig.log if (n, c) == (EventName.FAULT_RAISED, Fault.WRONG_FUSE)]
        assert raised == [200]
        again = Rig(bms.restarted(rig.state))
        again.run(50, input_voltage_V=13.8)
        assert not again.commands.alternator_enable


def test_a_fuse_is_not_judged_by_a_sense_that_is_missing() -> None:
    rig = Rig().ready(system_current_A=-25.0, battery_current_A=-25.02)
    rig.run(6, input_voltage_V=13.8)
    rig.run(199, fuse_sense_V=0.036, battery_current_A=4.98)  # half as much: the first strike
    assert rig.state.fuse.strikes == 1
    rig.run(1, fuse_sense_V=math.nan)  # when the second would be due
    assert rig.state.faults == (Fault.PORT_SENSOR_MISSING,) and not rig.state.fuse.wrong


def test_wrong_fuse_is_not_judged_below_20_A() -> None:
    rig = Rig().ready()
    rig.run(6, input_voltage_V=13.8)
    rig.run(400, fuse_sense_V=0.0108, battery_current_A=-20.0 + 18.0 * 0.5)
    assert not rig.state.faults and rig.commands.alternator_enable


def stepped(rig: Rig, currents: tuple[float, ...], **frozen: Any) -> None:
    """Load steps at System+; what is not said to be frozen follows."""
    for k, current_A in enumerate(currents):
        cells = tuple(3.3 + current_A * 1e-3 + 1e-3 * i for i in range(4))
        shown: dict[str, Any] = {
            "system_current_A": current_A, "battery_current_A": current_A - 1e-3 * k, "cell_voltage_V": cells,
        } | frozen
        rig.run(60, **shown)


@pytest.mark.parametrize(
    ("frozen", "found"),
    [
        ({}, ()),
        ({"cell_voltage_V": (3.3, 3.31, 3.3, 3.3)}, (Fault.CELL_SENSOR_FROZEN,)),
        ({"battery_current_A": -20.0}, (Fault.BATTERY_CURRENT_FROZEN,)),
    ],
)
def test_frozen_sensors_are_found_at_the_second_step(frozen: dict[str, Any], found: tuple[Fault, ...]) -> None:
    rig = Rig().ready(**frozen)
    stepped(rig, (-20.0, -20.0, -60.0), **frozen)
    assert not set(rig.state.faults) & set(found)
    stepped(rig, (-20.0, -60.0), **frozen)
    assert set(found) <= set(rig.state.faults)
    if not found:
        assert rig.state.faults == ()
    rig.run(230, cell_voltage_V=(3.2, 3.21, 3.22, 3.23), battery_current_A=-60.5, system_current_A=-60.5)
    assert not set(rig.state.faults) & set(found)


POWER: dict[str, Any] = {"fuse_sense_V": 0.030, "battery_current_A": 30.0, "cell_voltage_V": (3.33, 3.34, 3.33, 3.34)}
NO_POWER: dict[str, Any] = {"fuse_sense_V": 0.0, "battery_current_A": 0.0, "cell_voltage_V": (3.30, 3.31, 3.30, 3.31)}


def test_a_frozen_heatsink_sensor_is_found_after_two_windows_of_other_heat() -> None:
    """0.77 V x 50 A = 38.5 W from 301 s on; windows end at 300 s (no heat), 600 s and 900 s. The NTCs do not move."""
    rig = Rig().ready(input_voltage_V=14.1)
    rig.run(3009 - rig.tick)
    rig.run(8999 - rig.tick, **POWER)
    assert not rig.state.faults
    rig.run(1)
    assert {Fault.HEATSINK_FROZEN, Fault.TERMINAL_FROZEN} <= set(rig.state.faults)
    assert not rig.commands.alternator_enable


def test_a_pause_of_power_neither_pretends_a_frozen_heatsink_nor_hides_one() -> None:
    """Half a minute of nothing where a window ends: 34.7 W in the mean instead of 38.5 W, always the same."""
    steady = Rig().ready(input_voltage_V=14.1)
    for _ in range(4):
        steady.run(2840, **POWER)
        steady.run(300, **NO_POWER)
    assert not steady.state.faults  # at its temperature: nothing to be seen
    stuck = Rig().ready(input_voltage_V=14.1)
    stuck.run(3000 - stuck.tick)
    for _ in range(2):
        assert not stuck.state.faults
        stuck.run(2850, **POWER)
        stuck.run(150, **NO_POWER)  # off at the end of each window
    stuck.run(2)
    assert {Fault.HEATSINK_FROZEN, Fault.TERMINAL_FROZEN} <= set(stuck.state.faults)


def test_a_real_heatsink_is_never_taken_for_frozen() -> None:
    """A box of 1.5 kJ/K and 0.6 K/W under stop and go, read in steps of 0.25 K, once a second."""
    for period_s in (70, 300, 601):
        rig, box_degC = Rig().ready(20, input_voltage_V=14.1), 25.0
        for second in range(2400):
            on = second // period_s % 2 == 1
            box_degC += ((0.77 * 50.0 if on else 0.0) - (box_degC - 25.0) / 0.6) / 1500.0
            shown_degC = round(4.0 * box_degC) / 4.0
            m = replace(NORMAL, input_voltage_V=14.1, heatsink_degC=shown_degC, terminal_degC=shown_degC,
                        **(POWER if on else NO_POWER))
            result = bms.step(rig.state, m, rig.settings, 1.0)
            rig.state = result.state
            assert Fault.HEATSINK_FROZEN not in rig.state.faults, (period_s, second)


# --- sensors that are fitted but do not follow, and what else the product must see ------------------------------------


def seen_at(rig: Rig, fault: Fault) -> list[int]:
    return [tick for tick, name, cause in rig.log if (name, cause) == (EventName.FAULT_RAISED, fault)]


def test_a_frozen_fuse_sense_stops_the_alternator_port() -> None:
    rig = Rig().ready(input_voltage_V=13.8)
    # System+ and the bank say that the path carries 30 or 60 A in turn; the sense voltage stays where 30 A put it.
    for k, path_A in enumerate((30.0, 60.0, 30.0)):
        assert rig.commands.alternator_enable or k == 0
        cells, system_A = tuple(3.3 + 1e-3 * (k + i) for i in range(4)), -20.0 - 0.1 * k
        rig.run(60, fuse_sense_V=0.018, battery_current_A=path_A + system_A, system_current_A=system_A,
                cell_voltage_V=cells)
    # 30 A at 1.1 s are answered; 60 A at 7.1 s are not, nor 30 A at 13.1 s: looked at 5 s later.
    assert seen_at(rig, Fault.SENSE_FROZEN) == [181]
    assert not rig.commands.alternator_enable and rig.commands.charge_allowed and rig.commands.load_output


def test_a_frozen_system_current_sensor_blinds_the_ladder_so_charging_and_loads_end() -> None:
    rig = Rig().ready()
    rig.leaky = True
    for k, bank_A in enumerate((-20.0, -60.0, -20.0)):
        rig.run(60, battery_current_A=bank_A, cell_voltage_V=tuple(3.3 + 1e-3 * (k + i) for i in range(4)))
    # -60 A at 7.1 s and -20 A at 13.1 s.
    assert seen_at(rig, Fault.SYSTEM_SENSOR_FROZEN) == [181]
    assert not rig.commands.charge_allowed and not rig.commands.charge_gate and rig.commands.pre_alarm
    alarm = rig.when(EventName.PRE_ALARM_ON)[0]
    assert rig.commands.load_output and rig.commands.discharge_gate
    last, cut = rig.run(alarm + 300 - rig.tick)[-2:]
    assert last.load_output and not cut.load_output and not cut.discharge_gate
    # Believed again 20 s after it was found, at the next whole second at which it moved.
    rig.run(100, system_current_A=-20.25)
    assert Fault.SYSTEM_SENSOR_FROZEN not in rig.state.faults


@pytest.mark.parametrize("fault", [f for f in Fault if f.value.endswith("frozen")])
def test_a_frozen_sensor_never_keeps_the_alternator_port_open_unless_it_only_warns(fault: Fault) -> None:
    reactions = bms.REACTIONS[fault]
    if fault is Fault.BATTERY_CURRENT_FROZEN:
        assert reactions == ()  # a second opinion only: limits and thresholds do not depend on it
    else:
        assert Reaction.ALTERNATOR_OFF in reactions or Reaction.CHARGE_DISCONNECT in reactions


def test_over_temperature_stops_the_port_only_and_for_20_s_at_least() -> None:
    rig = Rig().ready(20, input_voltage_V=13.8)
    rig.run(10, heatsink_degC=99.0)  # 90 A x 1 K of 15 K = 6 A: less than is worth it
    assert seen_at(rig, Fault.OVER_TEMPERATURE) == [20]  # at the sample, every whole second
    c = rig.commands
    assert not c.alternator_enable and c.charge_allowed and c.charge_gate and c.load_output and c.leds.over_temperature
    rig.run(190, heatsink_degC=60.0)
    assert Fault.OVER_TEMPERATURE in rig.state.faults
    assert rig.run(2)[-1].alternator_enable and rig.when(EventName.FAULT_CLEARED) == [220]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ((3.3,) * 4 + (math.nan,) * 4 + (3.3,) * 4, {"battery": 2.0}),  # unplugged in the middle of the chain
        ((3.3,) * 8, {"battery": 3.0}),  # the last one does not answer
        ((math.nan,) * 12, {"battery": 1.0}),
    ],
)
def test_b2_a_missing_battery_is_an_alarm_that_names_it(cells: tuple[float, ...], values: dict[str, float]) -> None:
    rig = Rig(battery_count=3).ready(cell_voltage_V=(3.3, 3.32, 3.33, 3.34) * 3)
    shown = replace(rig.m, cell_voltage_V=cells)
    result = bms.step(rig.state, shown, rig.settings, 0.1)
    told = next(e for e in result.events if e.name is EventName.FAULT_RAISED)
    assert told.cause is Fault.CELL_SENSOR_MISSING
    assert dict(told.values)["battery"] == values["battery"] and math.isnan(dict(told.values)["cell_voltage_V"])
    assert not result.commands.charge_allowed and result.commands.pre_alarm and result.commands.load_output
    rig.run(301, cell_voltage_V=cells)
    assert not rig.commands.load_output and rig.when(EventName.LOAD_DISCONNECTED) == [311]


def test_brown_out_is_told_with_its_value_and_blocks_the_gates_at_once() -> None:
    rig = Rig().ready(input_voltage_V=13.8)
    result = bms.step(rig.state, replace(rig.m, battery_voltage_V=7.5), rig.settings, 0.1)
    c = result.commands
    assert not (c.alternator_enable or c.charge_gate or c.discharge_gate or c.precharge) and c.charge_allowed
    told = next(e for e in result.events if e.name is EventName.FAULT_RAISED)
    assert (told.cause, told.values) == (Fault.BROWN_OUT, (("battery_voltage_V", 7.5),))
    # The reset that follows: the gates start as at power-up, nothing is kept on by a state from before.
    again = bms.step(bms.restarted(result.state), replace(rig.m, battery_voltage_V=7.5), rig.settings, 0.0)
    assert not (again.commands.discharge_gate or again.commands.alternator_enable or again.commands.charge_gate)


def test_a_wrong_fuse_cannot_be_seen_without_both_other_sensors() -> None:
    """What the docs say is not seen: 100 A set, half the resistance fitted, bank or System+ current not measured."""
    for absent in ("battery_current_A", "system_current_A"):
        given: dict[str, Any] = {absent: None}
        rig = Rig()
        rig.leaky = True
        rig.ready(6, input_voltage_V=13.8, **given)
        rig.run(400, fuse_sense_V=0.018)
        assert Fault.WRONG_FUSE not in rig.state.faults and rig.commands.alternator_enable
