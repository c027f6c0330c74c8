"""Load disconnect, System+ and remote, by hand: exact at the tick, in the safe direction, told."""

import math

import pytest

import bms
from bms import Cause, EventName
from tests.bms.rig import OPEN_H, OPEN_L, Rig, low

# --- O1..O5: pre-alarm and load disconnect ---------------------------------------------------------------------------


def test_o5_a_cell_that_falls_fast_is_disconnected_30_s_after_the_alarm_to_the_tick() -> None:
    rig = Rig().ready()
    rig.run(400, cell_voltage_V=low(2.5))
    # First seen at tick 11, debounce 200 ms: alarm at 13, 300 ticks later the load; System+ follows in the same call.
    assert [(t, n) for t, n, _ in rig.log] == [
        (13, EventName.PRE_ALARM_ON), (313, EventName.LOAD_DISCONNECTED), (313, EventName.SYSTEM_OFF)
    ]
    assert [c for _, _, c in rig.log] == [Cause.CELL_NEAR_LOW, Cause.CELL_LOW, Cause.LOAD_CUT]
    assert not rig.commands.load_output and not rig.commands.discharge_gate and rig.commands.pre_alarm
    assert rig.commands.charge_gate and rig.commands.charge_allowed  # S3: charging stays possible
    assert not rig.commands.leds.load_disconnect and rig.commands.leds.charge_disconnect


@pytest.mark.parametrize(("voltage_V", "alarm"), [(3.1, False), (math.nextafter(3.1, 3.0), True)])
def test_b4_pre_alarm_threshold(voltage_V: float, alarm: bool) -> None:
    rig = Rig().ready()
    assert rig.run(3, cell_voltage_V=low(voltage_V))[-1].pre_alarm == alarm
    assert rig.log == ([(13, EventName.PRE_ALARM_ON, Cause.CELL_NEAR_LOW)] if alarm else [])


@pytest.mark.parametrize(("voltage_V", "cut"), [(2.8, False), (math.nextafter(2.8, 2.7), True)])
def test_b3_load_disconnect_threshold_after_a_long_alarm(voltage_V: float, cut: bool) -> None:
    rig = Rig().ready()
    rig.run(399, cell_voltage_V=low(3.0))
    assert rig.commands.load_output and rig.commands.pre_alarm
    seen = rig.run(3, cell_voltage_V=low(voltage_V))
    assert [c.load_output for c in seen] == [True, True, not cut]  # debounce only: 30 s are over


def test_b3_b4_every_battery_has_its_own_thresholds() -> None:
    own = (bms.BatteryThresholds(2.6, 2.85), bms.BatteryThresholds(2.8, 3.15))
    for battery, voltage_V, alarm, cut in (
        (0, 2.86, False, False), (0, 2.84, True, False), (0, 2.61, True, False), (0, 2.59, True, True),
        (1, 3.16, False, False), (1, 3.14, True, False), (1, 2.81, True, False), (1, 2.79, True, True),
    ):
        cells = [3.3] * 8
        rig = Rig(battery_count=2, battery_thresholds=own).ready(cell_voltage_V=tuple(cells))
        cells[4 * battery + 2] = voltage_V
        rig.run(310, cell_voltage_V=tuple(cells))
        assert (rig.commands.pre_alarm, not rig.commands.load_output) == (alarm, cut), (battery, voltage_V)


def test_o5_a_cell_that_recovers_in_between_starts_the_30_s_anew() -> None:
    rig = Rig().ready()
    rig.run(250, cell_voltage_V=low(2.7))
    rig.run(10, cell_voltage_V=low(3.2))  # pre-alarm off at the next whole second
    assert not rig.commands.pre_alarm
    rig.run(700, cell_voltage_V=low(2.7))
    off, on, cut = rig.when(EventName.PRE_ALARM_OFF), rig.when(EventName.PRE_ALARM_ON), rig.when(
        EventName.LOAD_DISCONNECTED
    )
    # The output may come on every 30 s only: 13 + 300.
    assert (on, off, cut) == ([13, 313], [270], [613])


def test_o5_above_the_load_threshold_in_between_nothing_is_cut_at_30_s() -> None:
    rig = Rig().ready()
    rig.run(200, cell_voltage_V=low(2.7))
    rig.run(200, cell_voltage_V=low(2.84))  # hysteresis: still low
    assert rig.when(EventName.LOAD_DISCONNECTED) == [313]
    rig = Rig().ready()
    rig.run(200, cell_voltage_V=low(2.7))
    rig.run(200, cell_voltage_V=low(2.8501))
    assert rig.commands.load_output and rig.commands.pre_alarm


def test_the_load_returns_a_minute_later_when_all_cells_are_at_3_2_V() -> None:
    rig = Rig().ready()
    rig.run(399, cell_voltage_V=low(2.7))
    rig.run(1000, cell_voltage_V=low(3.19))
    assert not rig.commands.load_output and not rig.commands.pre_alarm
    back = rig.run(20, cell_voltage_V=low(3.2))[-1]
    assert rig.when(EventName.LOAD_RECONNECTED) == [1410]
    assert back.load_output and back.discharge_gate
    rig = Rig().ready()
    rig.run(303, cell_voltage_V=low(2.7))
    rig.run(700, cell_voltage_V=low(3.3))
    # 600 ticks of rest after 313, then the next whole second.
    assert rig.when(EventName.LOAD_RECONNECTED) == [920]


def test_o4_intermittent_is_half_on_half_off() -> None:
    rig = Rig(pre_alarm_mode=bms.PreAlarmMode.INTERMITTENT).ready()
    seen = [c.pre_alarm for c in rig.run(650, cell_voltage_V=low(3.0))]
    assert seen == [False] * 2 + [True] * 150 + [False] * 150 + [True] * 150 + [False] * 150 + [True] * 48


def test_o5_a_restart_starts_the_30_s_anew_and_does_not_reconnect() -> None:
    rig = Rig().ready()
    rig.run(250, cell_voltage_V=low(2.9))
    again = Rig(bms.restarted(rig.state))
    # Not after the 6.3 s that were left: the lead is 30 s from the new alarm, whatever the cells do.
    assert all(c.load_output for c in again.run(302, cell_voltage_V=low(2.5)))
    again.run(1)
    assert (again.when(EventName.PRE_ALARM_ON), again.when(EventName.LOAD_DISCONNECTED)) == ([2], [302])
    assert not again.commands.load_output and not again.commands.discharge_gate
    rig = Rig().ready()
    rig.run(400, cell_voltage_V=low(2.7))
    again = Rig(bms.restarted(rig.state))
    again.run(590)  # the cells are back, but the record says disconnected
    assert not again.commands.load_output and again.log == []
    again.run(20)
    assert again.when(EventName.LOAD_RECONNECTED) == [600]
    fresh = Rig(bms.restarted(Rig().ready().state))
    assert fresh.run(1)[0].load_output


def test_o5_a_reset_in_a_loop_does_not_keep_a_load_on() -> None:
    rig = Rig().ready()
    rig.run(250, cell_voltage_V=low(2.9))
    once = Rig(bms.restarted(rig.state))
    assert all(c.load_output for c in once.run(250, cell_voltage_V=low(2.9)))
    twice = Rig(bms.restarted(once.state))
    assert not any(c.load_output or c.discharge_gate for c in twice.run(250, cell_voltage_V=low(2.9)))
    assert twice.when(EventName.LOAD_DISCONNECTED) == [0]
    # Cells that were good in between make the next one the first again.
    once = Rig(bms.restarted(rig.state))
    once.run(50, cell_voltage_V=low(2.9))
    once.run(400, cell_voltage_V=low(3.3))
    once.run(50, cell_voltage_V=low(2.9))
    assert once.commands.pre_alarm and Rig(bms.restarted(once.state)).run(1, cell_voltage_V=low(2.9))[0].load_output
    # A loop that is too quick for an alarm: with good cells 30 s after the start, then low ones.
    calm = Rig().ready(320)
    first = Rig(bms.restarted(calm.state))
    assert first.run(2, cell_voltage_V=low(2.9))[-1].load_output and not first.commands.pre_alarm
    second = Rig(bms.restarted(first.state))
    assert second.run(2, cell_voltage_V=low(2.9))[-1].load_output
    third = Rig(bms.restarted(second.state))
    assert not third.run(1, cell_voltage_V=low(2.9))[0].load_output
    slow = Rig(bms.restarted(Rig(bms.restarted(second.state)).ready(301).state))
    assert slow.run(1, cell_voltage_V=low(2.9))[0].load_output


def test_o5_a_reset_with_good_cells_keeps_the_load_on_and_a_sensor_fault_after_it_has_its_30_s() -> None:
    again = Rig(bms.restarted(Rig().ready().state))
    seen = again.run(320, cell_voltage_V=low(math.nan))
    assert [c.load_output for c in seen] == [True] * 300 + [False] * 20
    assert again.when(EventName.PRE_ALARM_ON) == [0]


def test_r6_after_a_reset_switching_on_by_remote_with_a_low_cell_keeps_the_load_off() -> None:
    again = Rig(bms.restarted(Rig().ready().state), remote_function=bms.RemoteFunction.SYSTEM)
    again.run(20)
    again.run(3, remote_L_V=OPEN_L)
    assert not any(c.load_output for c in again.run(50, remote_L_V=0.0, cell_voltage_V=low(3.0)))


def test_at_power_up_a_low_cell_keeps_the_load_off() -> None:
    rig = Rig()
    seen = rig.run(20, cell_voltage_V=low(3.09))
    assert not any(c.load_output or c.discharge_gate for c in seen)
    assert rig.log[0] == (0, EventName.LOAD_DISCONNECTED, Cause.STARTED_LOW)
    assert Rig().run(1, cell_voltage_V=low(3.1))[0].load_output


# --- S1..S6: System+ -------------------------------------------------------------------------------------------------


def trip_tick(current_A: float, ticks: int) -> int | None:
    rig = Rig().ready()
    for k, c in enumerate(rig.run(ticks, system_current_A=current_A, battery_current_A=current_A)):
        if not c.discharge_gate:
            assert not c.charge_gate and c.load_output
            return k
    return None


@pytest.mark.parametrize(
    ("current_A", "tick"),
    # (400^2 - 210^2) 5 s = 579500 A2s; over (I^2 - 210^2) of the current rounded up to 5 A.
    [(-200.0, None), (200.0, None), (-210.0, None), (-400.0, 50), (-300.0, 127), (-250.0, 315), (-401.0, 0),
     (401.0, 0), (-400.0001, 0), (399.9, 50)],
)
def test_s1_s2_over_current_ladder(current_A: float, tick: int | None) -> None:
    assert trip_tick(current_A, 400) == tick


def test_s2_the_ladder_forgets_while_the_current_is_low() -> None:
    rig = Rig().ready()
    assert all(c.discharge_gate for c in rig.run(49, system_current_A=-400.0))
    assert all(c.discharge_gate for c in rig.run(100, system_current_A=-100.0))
    # 4.9 s x 115900 less 10 s x 21600 (at the floor of 150 A) leave 351910 of 579500: 1.97 s more at 400 A.
    seen = [c.discharge_gate for c in rig.run(25, system_current_A=-400.0)]
    assert seen.index(False) == 20


def test_s2_the_hardware_latch_is_followed_by_precharge_and_retry() -> None:
    rig = Rig().ready()
    rig.run(1, hardware_latch=True, system_voltage_V=0.0, system_current_A=0.0)
    assert rig.log == [(11, EventName.SYSTEM_RESTING, Cause.HARDWARE_LATCH)]
    assert not rig.commands.discharge_gate and not rig.commands.charge_gate and rig.commands.latch_reset
    rig.run(299, hardware_latch=False)
    # 20 s of rest; the attempt at power-up was at tick 0, so the spacing of 30 s holds it to tick 300.
    assert rig.when(EventName.SYSTEM_PRECHARGE) == [300] and rig.commands.precharge
    charged = rig.run(2, system_voltage_V=12.31)[-1]
    assert charged.discharge_gate and not charged.precharge
    assert rig.log[-1] == (311, EventName.SYSTEM_ON, Cause.CHARGED)


def test_s6_a_load_that_draws_during_precharge_times_out_and_is_locked_until_removed() -> None:
    rig = Rig()
    rig.run(1500, system_voltage_V=4.0, system_current_A=0.0)
    assert rig.when(EventName.SYSTEM_PRECHARGE) == [0, 300, 600, 900]
    assert rig.when(EventName.SYSTEM_RESTING) == [20, 320, 620]
    assert rig.when(EventName.SYSTEM_LOCKED) == [920]
    assert {c for _, n, c in rig.log if n is EventName.SYSTEM_RESTING} == {Cause.PRECHARGE_TIMEOUT}
    assert not rig.commands.precharge
    rig.run(20, system_voltage_V=12.29)  # not high enough
    rig.run(20, system_voltage_V=12.31)
    assert rig.state.system.mode is bms.SystemMode.LOCKED
    rig.run(222)
    assert rig.when(EventName.SYSTEM_ON) == [1741] and rig.commands.discharge_gate  # 1540 + 1 + 200


def test_s2_locked_ends_by_a_reset_and_survives_a_restart() -> None:
    rig = Rig().ready(1500, system_voltage_V=4.0, system_current_A=0.0)
    assert rig.state.system.mode is bms.SystemMode.LOCKED
    again = Rig(bms.restarted(rig.state))
    again.run(400, system_voltage_V=4.0)
    assert again.state.system.mode is bms.SystemMode.LOCKED and again.log == []
    again.run(3, remote_L_V=13.0)
    again.run(3, remote_L_V=0.0)
    assert again.when(EventName.SYSTEM_PRECHARGE) == [404]


def test_s4_charging_is_cut_and_discharging_stays() -> None:
    rig = Rig().ready()
    rig.run(10, cell_voltage_V=low(3.8))
    assert not rig.commands.charge_gate and rig.commands.discharge_gate and rig.commands.load_output
    assert not rig.commands.charge_allowed


def test_trips_are_forgotten_after_a_minute_of_work() -> None:
    rig = Rig().ready()
    for wait, trips in ((1100, 1), (320, 1), (1100, 2)):
        rig.run(1, system_current_A=-450.0)
        assert rig.state.system.trips == trips
        rig.run(wait, system_current_A=-20.0)
        assert rig.commands.discharge_gate


# --- R1..R7, C1, C2, K3: remote, consumption, LEDs -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low_V", "high_V", "before", "after"),
    [
        (0.0, 0.0, False, True), (4.99, 0.0, False, True), (OPEN_L, 3.01, False, True), (OPEN_L, 13.0, False, True),
        (8.0, 8.0, False, True), (4.0, 4.0, False, True), (5.0, 5.0, False, True),  # R1: connected together
        (OPEN_L, OPEN_H, True, False), (6.51, 1.99, True, False), (math.nan, math.nan, True, False),
        (5.0, 0.0, True, True), (5.0, 0.0, False, False), (6.5, 0.0, True, True), (6.5, 0.0, False, False),
        (OPEN_L, 2.0, True, True), (OPEN_L, 2.0, False, False), (OPEN_L, 3.0, True, True), (OPEN_L, 3.0, False, False),
        (math.nan, 2.5, True, True), (math.nan, 3.5, False, True),
    ],
)
def test_r1_to_r4(low_V: float, high_V: float, before: bool, after: bool) -> None:
    rig = Rig().ready(remote_L_V=0.0 if before else OPEN_L)
    assert rig.state.remote.on == before
    rig.run(1, remote_L_V=low_V, remote_H_V=high_V)
    assert rig.state.remote.on == before  # debounce
    rig.run(1)
    assert rig.state.remote.on == after
    names = [n for _, n, _ in rig.log if n in (EventName.REMOTE_ON, EventName.REMOTE_OFF)]
    assert names == ([] if before == after else [EventName.REMOTE_ON if after else EventName.REMOTE_OFF])


@pytest.mark.parametrize(
    ("function", "charge_gate", "discharge_gate", "load", "charge", "supply_A", "leds"),
    [
        (bms.RemoteFunction.ALTERNATOR, True, True, True, True, 0.0065, True),
        (bms.RemoteFunction.PORTS, False, False, True, True, 0.0065, True),
        (bms.RemoteFunction.SYSTEM, False, False, False, False, 0.0045, False),
    ],
)
def test_r5_to_r7_and_c1_c2(
    function: bms.RemoteFunction, charge_gate: bool, discharge_gate: bool, load: bool, charge: bool, supply_A: float,
    leds: bool,
) -> None:
    rig = Rig(variant=bms.Variant.NG, remote_function=function).ready(input_voltage_V=14.0)
    assert rig.commands.alternator_enable and rig.commands.supply_current_A == 0.0175 and rig.commands.leds.active
    rig.run(2, remote_L_V=OPEN_L)
    c = rig.commands
    assert not c.alternator_enable
    assert (c.charge_gate, c.discharge_gate, c.load_output, c.charge_allowed) == (
        charge_gate, discharge_gate, load, charge
    )
    assert c.supply_current_A == supply_A and c.leds.active == leds and any(c.leds) == leds
    rig.run(310, remote_L_V=0.0)
    c = rig.commands
    assert c.charge_gate and c.discharge_gate and c.load_output and c.charge_allowed and c.alternator_enable


def test_r6_switching_on_with_a_low_cell_keeps_the_load_off() -> None:
    rig = Rig(remote_function=bms.RemoteFunction.SYSTEM).ready(remote_L_V=OPEN_L)
    assert not rig.commands.load_output
    seen = rig.run(100, remote_L_V=0.0, cell_voltage_V=low(3.0))
    assert not any(c.load_output or c.discharge_gate for c in seen) and rig.commands.pre_alarm
    rig.run(3, remote_L_V=OPEN_L)
    assert not rig.commands.pre_alarm


def test_k3_leds() -> None:
    rig = Rig(instant_readout=True).ready(input_voltage_V=14.0)
    assert rig.commands.leds == bms.Leds(True, True, False, True, True, True)
    assert Rig().ready().commands.leds == bms.Leds(True, False, False, True, True, False)


def test_from_too_full_to_too_hot_without_a_gap() -> None:
    """The cell is back at 26.0 s, where it is judged; another one is too hot from that moment, which takes 0.3 s."""
    rig = Rig().ready()
    rig.run(259 - rig.tick, cell_voltage_V=low(3.8))
    assert rig.state.faults == (bms.Fault.CELL_OVER_VOLTAGE,)
    rig.run(3, cell_voltage_V=low(3.33), cell_temperature_degC=(51.0,))
    assert rig.state.faults == (bms.Fault.CELL_OVER_VOLTAGE,)
    rig.run(1)
    assert rig.state.faults == (bms.Fault.CELL_OVER_TEMPERATURE,)
    assert not rig.when(EventName.CHARGE_RECONNECTED) and not rig.commands.charge_allowed


def test_s6_a_port_whose_voltage_is_not_known_is_never_charged() -> None:
    rig = Rig()
    rig.run(40, system_voltage_V=math.nan)
    assert [(n, c) for _, n, c in rig.log if n.startswith("system")] == [
        (EventName.SYSTEM_PRECHARGE, Cause.WANTED), (EventName.SYSTEM_RESTING, Cause.PRECHARGE_TIMEOUT)
    ]
    assert not rig.commands.discharge_gate and not rig.commands.precharge


def test_remote_on_at_power_up_counts_for_the_spacing_of_outputs() -> None:
    rig = Rig()
    rig.run(11)
    rig.run(20, remote_L_V=OPEN_L, remote_H_V=OPEN_H)
    assert rig.when(EventName.REMOTE_OFF) == [12]
    rig.run(300, remote_L_V=0.0)
    assert rig.when(EventName.REMOTE_ON) == [300]  # 30 s after it was on at power-up
