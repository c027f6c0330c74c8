"""What must hold whatever the sensors say: 2,000 random streams of readings against invariants over the log."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import bms
from bms import EventName

N_BATTERIES = 2
GOOD = bms.Measurements(
    14.0, 0.0, 13.3, 25.0, 25.0, (3.31, 3.32, 3.33, 3.34) * N_BATTERIES, (25.0,) * 4 * N_BATTERIES,
    system_current_A=-20.0, system_voltage_V=13.3, battery_current_A=-20.0, remote_L_V=0.0, remote_H_V=0.0,
    hardware_latch=False,
)
NAN = math.nan
CHANGES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("input_voltage_V", (6.0, 12.4, 12.9, 13.5, 14.2, 60.0, NAN)),
    ("fuse_sense_V", (0.0, 0.002, 0.054, 0.25, NAN)),
    ("battery_voltage_V", (7.0, 9.0, 13.3, 13.6, 15.5, NAN)),
    ("heatsink_degC", (-60.0, 25.0, 90.0, 110.0, NAN)),
    ("terminal_degC", (25.0, 90.0, NAN)),
    ("cell", (2.5, 2.79, 2.84, 3.05, 3.14, 3.2, 3.3, 3.5, 3.6, 3.76, 0.0, 5.0, NAN)),
    ("cell", (2.7, 3.0, 3.3)),
    ("temperature", (-25.0, 4.0, 6.0, 25.0, 48.0, 51.0, 120.0, NAN)),
    ("system_current_A", (-450.0, -300.0, -200.0, 0.0, 20.0, 450.0, 1000.0, NAN)),
    ("system_voltage_V", (0.0, 5.0, 12.6, 13.3, 14.0, NAN)),
    ("battery_current_A", (-300.0, 0.0, 90.0, 850.0, NAN)),
    ("remote_L_V", (0.0, 4.9, 5.5, 6.6, 13.0, NAN)),
    ("remote_H_V", (0.0, 1.9, 2.5, 3.1, NAN)),
    ("remote_off", (6.6, 13.0)),
    ("hardware_latch", (True, False)),
    ("lost batteries", (4, 0)),
    ("all", (0,)),
)


def changed(m: bms.Measurements, name: str, value: Any) -> bms.Measurements:
    if name == "all":
        return GOOD
    if name == "cell":
        return replace(m, cell_voltage_V=(3.31, 3.32, 3.33, 3.34, 3.31, value, 3.33, 3.34))
    if name == "temperature":
        return replace(m, cell_temperature_degC=(25.0,) * 7 + (value,))
    if name == "lost batteries":
        lost = (NAN,) * value + GOOD.cell_voltage_V[value:]
        return replace(m, cell_voltage_V=lost)
    if name == "remote_off":
        return replace(m, remote_L_V=value, remote_H_V=0.0)
    changes: dict[str, Any] = {name: value}
    return replace(m, **changes)


segments = st.tuples(
    st.integers(0, len(CHANGES) - 1), st.integers(0, 12), st.sampled_from([1, 1, 2, 3, 4, 7, 25, 60])
)
streams = st.lists(segments, min_size=1, max_size=10)
configurations = st.builds(
    bms.Settings,
    variant=st.just(bms.Variant.NG), battery_count=st.just(N_BATTERIES),
    pre_alarm_mode=st.sampled_from(bms.PreAlarmMode), remote_function=st.sampled_from(bms.RemoteFunction),
    battery_thresholds=st.sampled_from([(), (bms.BatteryThresholds(2.6, 2.9), bms.BatteryThresholds(2.8, 3.1))]),
)


@dataclass
class Call:
    """One call of `step`, what went in and what came out."""

    time_ms: int
    m: bms.Measurements
    commands: bms.Commands
    events: tuple[bms.Event, ...]
    state: bms.State
    inside: bool


def calls(stream: list[tuple[int, int, int]], config: bms.Settings, tick_ms: int) -> Iterator[Call]:
    """Drive the supervisor on every tick; `inside`: the hold of the call before said that nothing would change."""
    state, m, hold, time_ms = bms.State(), GOOD, bms.Hold(0), -tick_ms
    path_on = False
    for which, value, ticks in stream:
        name, values = CHANGES[which]
        m = changed(m, name, values[value % len(values)])
        for _ in range(ticks):
            time_ms += tick_ms
            shown = m if path_on or name == "fuse_sense_V" else replace(m, fuse_sense_V=0.0)
            inside = tick_ms < hold.deadline_ms and not hold.is_left(shown)
            state, commands, events, hold = bms.step(state, shown, config, tick_ms / 1000 if time_ms else 0.0)
            path_on = commands.alternator_enable
            yield Call(time_ms, shown, commands, events, state, inside)


OUTPUTS = (
    "alternator_enable", "charge_allowed", "load_output", "pre_alarm", "charge_gate", "discharge_gate", "precharge",
)


def check_cells(log: list[Call], f: bms.FirmwareParameters) -> None:
    """No charging while any cell is outside its limits for longer than the debounce."""
    limits = (
        ("cell_voltage_V", -math.inf, f.cell_high_V, f.cell_high_delay_ms),
        ("cell_temperature_degC", f.cell_cold_degC, f.cell_hot_degC, f.cell_temperature_delay_ms),
    )
    for name, low, high, delay_ms in limits:
        since = None
        for call in log:
            readings = getattr(call.m, name)
            beyond = any(value > high for value in readings) or any(value < low for value in readings)
            since = (call.time_ms if since is None else since) if beyond else None
            lost = any(math.isnan(v) for v in readings)
            if lost or (since is not None and call.time_ms - since >= delay_ms):
                c = call.commands
                assert not (c.alternator_enable or c.charge_allowed or c.charge_gate), (name, call.time_ms)


def check_lead(log: list[Call], config: bms.Settings) -> None:
    """Never less than 30 s between pre-alarm and load disconnect; only remote 'system' may cut the load sooner."""
    alarm_ms: int | None = None
    high = log[0].commands.load_output
    for call in log:
        for event in call.events:
            if event.name is EventName.PRE_ALARM_ON:
                alarm_ms = call.time_ms
            if event.name is EventName.PRE_ALARM_OFF:
                alarm_ms = None
        now_high = call.commands.load_output
        by_remote = config.remote_function is bms.RemoteFunction.SYSTEM and not call.state.remote.on
        started = any(event.cause is bms.Cause.STARTED_LOW for event in call.events)
        if high and not now_high and not by_remote and not started:
            assert alarm_ms is not None and call.time_ms - alarm_ms >= 30_000, call.time_ms
        if config.pre_alarm_mode is bms.PreAlarmMode.CONTINUOUS:
            assert call.commands.pre_alarm == (alarm_ms is not None)
        if call.commands.discharge_gate:
            assert now_high
        high = now_high


def says_on(m: bms.Measurements) -> bool | None:
    """Remote table R1..R4 by hand; None in a guard band."""
    assert m.remote_L_V is not None and m.remote_H_V is not None
    if m.remote_L_V < 5.0 or m.remote_H_V > 3.0:
        return True
    return None if m.remote_L_V <= 6.5 or m.remote_H_V >= 2.0 else False


def check_remote(log: list[Call], config: bms.Settings) -> None:
    """Off within the debounce, whatever else happens; what is off follows the function (R5..R7)."""
    since: int | None = None
    for call in log:
        said = says_on(call.m)
        since = (call.time_ms if since is None else since) if said is False else None
        if since is not None and (call.time_ms - since >= config.firmware.remote_delay_ms or since == 0):
            c = call.commands
            assert not c.alternator_enable
            if config.remote_function is not bms.RemoteFunction.ALTERNATOR:
                assert not (c.charge_gate or c.discharge_gate or c.precharge)
            if config.remote_function is bms.RemoteFunction.SYSTEM:
                assert not (c.load_output or c.charge_allowed or c.pre_alarm or any(c.leds))
                assert c.supply_current_A == 0.0045
            else:
                assert c.supply_current_A == 0.0065


def check_chatter(log: list[Call]) -> None:
    """No output changes more than six times within a minute."""
    for name in OUTPUTS:
        values = [getattr(call.commands, name) for call in log]
        changes = [log[k].time_ms for k in range(1, len(log)) if values[k] != values[k - 1]]
        for k in range(6, len(changes)):
            assert changes[k] - changes[k - 6] >= 60_000, (name, changes[k])


def check_sensors_and_currents(log: list[Call]) -> None:
    """Safe direction at once for what is missing, over-current and the latch."""
    for before, call in zip([log[0], *log], log, strict=False):
        c, m = call.commands, call.m
        if any(math.isnan(getattr(m, name)) for name in bms.PORT_SENSORS):
            assert not c.alternator_enable
        if m.system_current_A is not None and 400.0 < abs(m.system_current_A) <= 950.0:
            assert not c.discharge_gate
        if m.hardware_latch and before.commands.discharge_gate:
            assert not c.discharge_gate


SENSOR_FAULTS = (
    ("cell", (NAN, 0.0, 5.0), 1_000), ("lost batteries", (4,), 1_000), ("temperature", (NAN, 120.0), 1_000),
    ("battery_voltage_V", (15.5,), 3_000), ("system_current_A", (NAN, 1000.0), 1_000),
)


@settings(
    max_examples=2_000, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(stream=streams, config=configurations, tick_ms=st.sampled_from([100, 500, 1_000]))
def test_invariants(stream: list[tuple[int, int, int]], config: bms.Settings, tick_ms: int) -> None:
    log = list(calls(stream, config, tick_ms))
    check_cells(log, config.firmware)
    check_lead(log, config)
    check_remote(log, config)
    check_chatter(log)
    check_sensors_and_currents(log)
    for before, call in pairwise(log):
        if call.inside:
            assert not call.events and call.commands == before.commands, call.time_ms


@pytest.mark.parametrize(
    ("name", "value", "delay_ms"), [(name, value, ms) for name, values, ms in SENSOR_FAULTS for value in values]
)
def test_a_lasting_sensor_fault_ends_in_the_safe_state(name: str, value: Any, delay_ms: int) -> None:
    """Charging stops within the debounce; the pre-alarm sounds, and 30 s later the loads are off."""
    index = [n for n, _ in CHANGES].index(name)
    stream = [(len(CHANGES) - 1, 0, 50)]
    config = bms.Settings(variant=bms.Variant.NG, battery_count=N_BATTERIES)
    log = list(calls(stream, config, 100))
    assert log[-1].commands.load_output and log[-1].commands.charge_allowed and log[-1].commands.discharge_gate
    assert changed(GOOD, CHANGES[index][0], value) != GOOD
    state, last = log[-1].state, changed(GOOD, name, value)
    log = []
    for tick in range(400):
        state, commands, events, _ = bms.step(state, last, config, 0.1)
        log.append(Call(tick * 100, last, commands, events, state, False))
    raised = [e for call in log for e in call.events if e.name is EventName.FAULT_RAISED]
    assert raised and all(e.values for e in raised)
    stopped = next(call.time_ms for call in log if not call.commands.charge_allowed)
    alarmed = next(call.time_ms for call in log if call.commands.pre_alarm)
    cut = next(call.time_ms for call in log if not call.commands.load_output)
    assert stopped <= delay_ms and alarmed <= delay_ms and cut == alarmed + 30_000
    last_commands = log[-1].commands
    assert not last_commands.discharge_gate and not last_commands.charge_gate and not last_commands.alternator_enable
