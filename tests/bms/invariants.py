"""Random streams of readings, the log they give, and what must hold over it whatever the sensors say."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

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
BACK = len(CHANGES) - 1
"""All readings good again."""
flickers = st.builds(
    lambda which, value, ticks, back: [(BACK, 0, 12)] + [(which, value, ticks), (BACK, 0, back)] * 60,
    st.integers(0, BACK - 1), st.integers(0, 12), st.sampled_from([1, 2, 3, 5, 9]), st.sampled_from([1, 2, 4, 7, 30]),
)
"""One reading that comes and goes, which random segments seldom make."""
absent = st.one_of(
    st.just(()), st.just(bms.OPTIONAL_SENSORS), st.lists(st.sampled_from(bms.OPTIONAL_SENSORS), min_size=1)
)
configurations = st.builds(
    bms.Settings,
    variant=st.just(bms.Variant.NG), battery_count=st.just(N_BATTERIES),
    pre_alarm_mode=st.sampled_from(bms.PreAlarmMode), remote_function=st.sampled_from(bms.RemoteFunction),
    battery_thresholds=st.sampled_from([(), (bms.BatteryThresholds(2.6, 2.9), bms.BatteryThresholds(2.8, 3.1))]),
    firmware=st.sampled_from([bms.FirmwareParameters(), bms.FirmwareParameters(converter_efficiency=0.98)]),
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


def calls(
    stream: list[tuple[int, int, int]], config: bms.Settings, tick_ms: int, not_fitted: Sequence[str] = ()
) -> Iterator[Call]:
    """Drive the supervisor on every tick; `inside`: the hold of the call before said that nothing would change."""
    state, m, hold, time_ms = bms.State(), GOOD, bms.Hold(0), -tick_ms
    path_on = False
    for which, value, ticks in stream:
        name, values = CHANGES[which]
        m = changed(m, name, values[value % len(values)])
        for _ in range(ticks):
            time_ms += tick_ms
            shown = m if path_on or name == "fuse_sense_V" else replace(m, fuse_sense_V=0.0)
            if not_fitted:
                shown = replace(shown, **dict.fromkeys(not_fitted))  # type: ignore[arg-type]
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
    low_V = math.nan if m.remote_L_V is None else m.remote_L_V
    high_V = math.nan if m.remote_H_V is None else m.remote_H_V
    if low_V < 5.0 or high_V > 3.0 or (m.remote_L_V is None and m.remote_H_V is None):
        return True
    return None if low_V <= 6.5 or high_V >= 2.0 else False


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
    for before, call in zip([None, *log], log, strict=False):
        c, m = call.commands, call.m
        if any(math.isnan(getattr(m, name)) for name in bms.PORT_SENSORS):
            assert not c.alternator_enable
        if m.system_current_A is not None and 400.0 < abs(m.system_current_A) <= 950.0:
            assert not c.discharge_gate
        if m.hardware_latch and before is not None and before.commands.discharge_gate:
            assert not c.discharge_gate


def standing(log: list[Call], beyond: Callable[[bms.Measurements], bool], delay_ms: int) -> Iterator[Call]:
    """Calls at which something was true for so long without a break."""
    since: int | None = None
    for call in log:
        since = (call.time_ms if since is None else since) if beyond(call.m) else None
        if since is not None and call.time_ms - since >= delay_ms:
            yield call


def outside(m: bms.Measurements, *names: str) -> bool:
    """Whether a reading that is fitted and there lies beyond the ends of its sensor (by hand, from the docs)."""
    return any(
        value is not None and not math.isnan(value) and not ENDS[name][0] <= value <= ENDS[name][1]
        for name in names for value in (
            getattr(m, name) if isinstance(getattr(m, name), tuple) else (getattr(m, name),)
        )
    )


ENDS = {
    "input_voltage_V": (-5.0, 59.5), "fuse_sense_V": (-0.045, 0.245), "battery_voltage_V": (0.5, 20.0),
    "heatsink_degC": (-50.0, 180.0), "terminal_degC": (-50.0, 180.0), "cell_voltage_V": (0.5, 4.8),
    "cell_temperature_degC": (-50.0, 110.0), "system_current_A": (-950.0, 950.0),
}


def contradicting(m: bms.Measurements) -> bool:
    """Battery voltage off four times every cell, in the direction that no cell can explain."""
    cells, battery_V = m.cell_voltage_V, m.battery_voltage_V
    return 4.0 * min(cells) - battery_V > 1.5 or battery_V - 4.0 * max(cells) > 1.5  # NaN: neither


def check_sensor_faults(log: list[Call], config: bms.Settings) -> None:
    """Every sensor fault that lasts ends in its safe direction: out of range, missing, contradicting, frozen."""
    f = config.firmware
    for call in standing(log, lambda m: outside(m, *bms.PORT_SENSORS), f.range_delay_ms):
        assert not call.commands.alternator_enable, call.time_ms
    cells = [
        *standing(log, lambda m: outside(m, *bms.CELL_SENSORS), f.unusable_delay_ms),
        *standing(log, contradicting, f.contradiction_delay_ms),
        *standing(log, lambda m: any(map(math.isnan, m.cell_voltage_V + m.cell_temperature_degC)), 0),
        *standing(log, lambda m: outside(m, "system_current_A"), f.unusable_delay_ms),
        *standing(log, lambda m: m.system_current_A != m.system_current_A, f.unusable_delay_ms),  # NaN
    ]
    for call in cells:
        c = call.commands
        assert not (c.alternator_enable or c.charge_allowed or c.charge_gate), call.time_ms
    for call in log:
        reactions = {reaction for fault in call.state.faults for reaction in bms.REACTIONS[fault]}
        c = call.commands
        if bms.Reaction.CHARGE_DISCONNECT in reactions:
            assert not (c.alternator_enable or c.charge_allowed or c.charge_gate)
        if bms.Reaction.ALTERNATOR_OFF in reactions:
            assert not c.alternator_enable
        if bms.Reaction.SYSTEM_OFF in reactions:
            assert not (c.charge_gate or c.discharge_gate or c.precharge)


def check_loads_end(log: list[Call], config: bms.Settings) -> None:
    """Cells or a System+ current that are not known cut the load at last: debounce, 30 s of spacing, 30 s of lead."""
    since: int | None = None
    for call in log:
        m = call.m
        asks = outside(m, "system_current_A", *bms.CELL_SENSORS) or contradicting(m) or any(
            value is not None and math.isnan(value)
            for value in (m.system_current_A, *m.cell_voltage_V, *m.cell_temperature_degC)
        )
        powered = config.remote_function is not bms.RemoteFunction.SYSTEM or call.state.remote.on
        since = (call.time_ms if since is None else since) if asks and powered else None
        if since is not None and call.time_ms - since >= 60_000 + config.firmware.contradiction_delay_ms:
            assert not call.commands.load_output and not call.commands.discharge_gate, call.time_ms


def check_lift(log: list[Call], config: bms.Settings) -> None:
    """A dump may lift the limit only while the port charges at its full limit, and no cell was near its end for 1 s."""
    for call in log:
        c = call.commands
        if c.lift_allowed:
            assert c.alternator_enable and c.charge_allowed and c.current_limit_A == 90.0, call.time_ms
            assert config.firmware.converter_efficiency == 0.0 and not c.leds.over_temperature
    # What a sample must see: two calls in a row at least, for the calls are every second at most.
    for call in standing(log, lambda m: max(m.cell_voltage_V) > 3.5 and m.fuse_sense_V < 0.05, 2_000):
        assert not call.commands.lift_allowed, call.time_ms


def check_holds(log: list[Call]) -> None:
    """No call inside a hold changed a command or told something."""
    for before, call in pairwise(log):
        if call.inside:
            assert not call.events and call.commands == before.commands, call.time_ms


def check_all(log: list[Call], config: bms.Settings) -> None:
    """Every invariant."""
    check_cells(log, config.firmware)
    check_lead(log, config)
    check_remote(log, config)
    check_chatter(log)
    check_sensors_and_currents(log)
    check_sensor_faults(log, config)
    check_loads_end(log, config)
    check_lift(log, config)
    check_holds(log)
