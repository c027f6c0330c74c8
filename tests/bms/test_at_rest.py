"""The short way through a call gives what the whole way gives: state, commands, events and hold, bit for bit."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bms
from bms import at_rest, bank, channels
from tests.bms.invariants import CHANGES, GOOD, absent, changed, configurations
from tests.bms.rig import NORMAL, Rig

SMALL = ("input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "cell_voltage_V")
parts = st.tuples(
    st.one_of(st.none(), st.none(), st.tuples(st.integers(0, len(CHANGES) - 1), st.integers(0, 12))),
    st.sampled_from([1, 3, 7, 25, 60]),
)
"""What changes (nothing: good readings again), and for how many calls."""


def both_ways(state: bms.State, m: bms.Measurements, config: bms.Settings, dt_s: float) -> tuple[bms.StepResult, bool]:
    """Result of a call, which is the same with the short way barred; and whether it was taken."""
    taken: list[bool] = []
    plain, barred = at_rest.passed, at_rest.rests

    def seen(*given: Any) -> bms.State | None:
        passed = plain(*given)
        taken.append(passed is not None)
        return passed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(at_rest, "passed", seen)
        short = bms.step(state, m, config, dt_s)
        patch.setattr(at_rest, "rests", lambda *given: False)
        whole = bms.step(state, m, config, dt_s)
    assert at_rest.rests is barred
    assert repr(short) == repr(whole)  # as text, because NaN differs from itself
    return short, any(taken)


@settings(max_examples=80, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    stream=st.lists(parts, min_size=2, max_size=8), config=configurations, tick_ms=st.sampled_from([100, 500, 1_000]),
    not_fitted=absent, drift=st.sampled_from([0.0, 1.0e-3, 2.0e-2]),
)
def test_both_ways_agree(
    stream: list[tuple[tuple[int, int] | None, int]], config: bms.Settings, tick_ms: int, not_fitted: Sequence[str],
    drift: float,
) -> None:
    state, time_ms, path_on = bms.State(), 0, False
    for change, ticks in [(None, 40), *stream]:
        name, choices = ("all", (0,)) if change is None else CHANGES[change[0]]
        m = GOOD if change is None else changed(GOOD, name, choices[change[1] % len(choices)])
        for k in range(ticks):
            off = drift * math.sin(0.7 * k)
            volts = tuple(v + off for v in m.cell_voltage_V)
            sense_V = 0.02 + 0.1 * off if path_on and name != "fuse_sense_V" else m.fuse_sense_V
            shown = replace(
                m, input_voltage_V=m.input_voltage_V + off, heatsink_degC=m.heatsink_degC + 20.0 * off,
                cell_voltage_V=volts, fuse_sense_V=sense_V if path_on else 0.0,
            )
            if not_fitted:
                shown = replace(shown, **dict.fromkeys(not_fitted))  # type: ignore[arg-type]
            result, _ = both_ways(state, shown, config, tick_ms / 1000 if time_ms else 0.0)
            state, time_ms, path_on = result.state, time_ms + tick_ms, result.commands.alternator_enable


BARE = replace(NORMAL, **dict.fromkeys(bms.OPTIONAL_SENSORS))  # type: ignore[arg-type]


@pytest.mark.parametrize("m", [NORMAL, BARE], ids=["all sensors", "base sensors"])
def test_a_call_in_which_nothing_happens_takes_the_short_way(m: bms.Measurements) -> None:
    """From 1.2 s on: the port is on, the source is not ready, remote is accepted."""
    state = bms.State()
    for tick in range(40):
        result, short = both_ways(state, m, bms.Settings(), 0.1 if tick else 0.0)
        state = result.state
        assert short or tick < 12
        assert tick or not short


@pytest.mark.parametrize("changes", [
    {"heatsink_degC": math.nan}, {"battery_voltage_V": 7.9}, {"cell_voltage_V": (3.0, 3.3, 3.3, 3.3)},
    {"cell_temperature_degC": (51.0,)}, {"fuse_sense_V": 0.0031}, {"battery_voltage_V": 15.0},
    {"battery_voltage_V": 11.7}, {"system_voltage_V": 11.2}, {"system_current_A": 1000.0}, {"hardware_latch": True},
    {"battery_current_A": 401.0}, {"remote_L_V": 13.0}, {"remote_L_V": 5.5}, {"system_current_A": -215.0},
    {"system_voltage_V": math.nan}, {"terminal_degC": 181.0}, {"cell_temperature_degC": ()},
])
def test_whatever_is_not_quiet_goes_the_whole_way(changes: dict[str, Any]) -> None:
    rig = Rig().ready(40)
    assert both_ways(rig.state, NORMAL, rig.settings, 0.1)[1]
    assert not both_ways(rig.state, replace(NORMAL, **changes), rig.settings, 0.1)[1]


def test_remote_that_comes_back_from_the_guard_band_is_debounced() -> None:
    rig = Rig().ready(40)
    rig.run(5, remote_L_V=5.5)
    result, short = both_ways(rig.state, NORMAL, rig.settings, 0.1)
    assert not short and any(name == "remote says on" for name, _ in result.state.predicates)


def test_each_condition_of_rest_alone() -> None:
    """Also those of which others would tell too: a load that is off has System+ off, an alarm has its predicate."""
    rig = Rig().ready(40)
    f, state, thermal = rig.settings.firmware, rig.state, rig.state.thermal
    m = rig.m
    r = channels.read(m, rig.settings.plan, (), 6.0e-4)
    assert thermal is not None and at_rest.rests(state, r, f)
    load, system, off = state.load, state.system, bms.state.Switch(False)
    for busy in (
        {"started": False}, {"faults": (bms.Fault.CELL_VERY_COLD,)}, {"thermal": None}, {"remote": off},
        {"charge": off}, {"charge_gate": off}, {"load": load._replace(alarm_ms=0)}, {"load": load._replace(off_ms=0)},
        {"cap": bank.Cap(80.0, 9_000)}, {"fuse": bank.FuseCheck(9_000)}, {"system": system._replace(heat_A2ms=1)},
        {"system": system._replace(mode=bms.SystemMode.OFF)}, {"system": system._replace(level_A=215)},
    ):
        assert not at_rest.rests(state._replace(**busy), r, f), busy
    for changes, rests in (
        ({"hardware_latch": True}, False), ({"system_current_A": 151.0}, False), ({"system_current_A": 150.0}, True),
        ({"system_current_A": None}, True), ({"hardware_latch": None}, True),
    ):
        shown = channels.read(replace(m, **changes), rig.settings.plan, (), 6.0e-4)
        assert at_rest.rests(state, shown, f) is rests, changes
    full = state._replace(system=system._replace(level_A=f.system_continuous_A))
    shown = channels.read(replace(m, system_current_A=-205.0), rig.settings.plan, (), 6.0e-4)
    assert at_rest.rests(full, shown, f)  # 210 A for ever


WIDE = bms.FirmwareParameters(cell_contradiction_V=5.0, input_contradiction_V=5.0, system_open_drop_V=10.0)
EVEN = replace(
    NORMAL, input_voltage_V=13.5, battery_voltage_V=13.25, cell_voltage_V=(3.25,) * 4, system_voltage_V=13.25
)
PAST = math.nextafter
EDGES: list[tuple[dict[str, Any], bool, bool]] = [
    # Readings, quiet while the path is off, quiet while it is on. 1 mohm: 5 mV are 5 A, the most while it is off.
    ({}, True, True), ({"heatsink_degC": math.nan}, False, False), ({"cell_voltage_V": ()}, False, False),
    ({"cell_temperature_degC": (math.nan,)}, False, False),
    ({"fuse_sense_V": 0.005}, True, True), ({"fuse_sense_V": 0.00501}, False, True),
    ({"fuse_sense_V": -0.005}, True, True), ({"fuse_sense_V": -0.00501}, False, True),
    ({"fuse_sense_V": 0.245}, False, True), ({"fuse_sense_V": 0.2451}, False, False),
    ({"fuse_sense_V": -0.045}, False, True), ({"fuse_sense_V": -0.0451}, False, False),
    # On: less than 2 A and more than 1 V of drop is an open path; above 5 A and 0.5 V backwards contradicts.
    ({"input_voltage_V": 14.25}, True, True), ({"input_voltage_V": PAST(14.25, 15)}, True, False),
    ({"input_voltage_V": 14.5, "fuse_sense_V": 0.002}, True, True),
    ({"input_voltage_V": 14.5, "fuse_sense_V": 0.00199}, True, False),
    ({"input_voltage_V": 12.75, "fuse_sense_V": 0.03}, False, True),
    ({"input_voltage_V": PAST(12.75, 12), "fuse_sense_V": 0.03}, False, False),
    ({"input_voltage_V": 6.0, "fuse_sense_V": 0.005}, True, True),
    ({"input_voltage_V": 59.5, "fuse_sense_V": 0.005}, True, True), ({"input_voltage_V": -5.0}, True, True),
    ({"input_voltage_V": 59.6, "fuse_sense_V": 0.005}, False, False), ({"input_voltage_V": -5.1}, False, False),
    ({"heatsink_degC": -50.0}, True, True), ({"heatsink_degC": -50.1}, False, False),
    ({"heatsink_degC": 180.0}, True, True), ({"heatsink_degC": 180.1}, False, False),
    ({"terminal_degC": -50.0}, True, True), ({"terminal_degC": -50.1}, False, False),
    ({"terminal_degC": 180.0}, True, True), ({"terminal_degC": 180.1}, False, False),
    ({"cell_voltage_V": (3.1, 3.3, 3.3, 3.3)}, True, True), ({"cell_voltage_V": (3.09, 3.3, 3.3, 3.3)}, False, False),
    ({"cell_voltage_V": (3.75, 3.3, 3.3, 3.3)}, True, True), ({"cell_voltage_V": (3.76, 3.3, 3.3, 3.3)}, False, False),
    ({"cell_temperature_degC": (5.0, 50.0)}, True, True), ({"cell_temperature_degC": (4.9, 50.0)}, False, False),
    ({"cell_temperature_degC": (5.0, 50.1)}, False, False),
    ({"battery_voltage_V": 11.5, "input_voltage_V": 12.0}, True, True),  # 4 x 3.25 V - 1.5 V
    ({"battery_voltage_V": PAST(11.5, 11), "input_voltage_V": 12.0}, False, False),
    ({"battery_voltage_V": 14.5, "system_voltage_V": 14.5}, True, True),
    ({"battery_voltage_V": PAST(14.5, 15), "system_voltage_V": 14.5}, False, False),
    ({"system_voltage_V": 11.25}, True, True), ({"system_voltage_V": PAST(11.25, 11)}, False, False),
    ({"system_voltage_V": None}, True, True), ({"system_voltage_V": 60.0}, False, False),
    ({"battery_current_A": 400.0}, True, True), ({"battery_current_A": 400.1}, False, False),
    ({"battery_current_A": None, "system_current_A": None}, True, True),
    ({"battery_current_A": math.nan}, False, False), ({"system_current_A": math.nan}, False, False),
    ({"remote_L_V": 5.0}, False, False), ({"remote_L_V": 13.0}, False, False),
    ({"remote_L_V": None}, False, False), ({"remote_L_V": None, "remote_H_V": 13.0}, True, True),
    ({"remote_L_V": None, "remote_H_V": None}, True, True), ({"remote_L_V": 4.0, "remote_H_V": None}, True, True),
]
WIDE_EDGES: list[tuple[dict[str, Any], bool, bool]] = [
    # With wide contradictions the brown-out and the ends of the battery sensor are what is left.
    ({"battery_voltage_V": 8.0, "system_voltage_V": 8.0, "input_voltage_V": 8.0}, True, True),
    ({"battery_voltage_V": 7.9, "system_voltage_V": 7.9, "input_voltage_V": 8.0}, False, False),
]


@pytest.mark.parametrize(("firmware", "edges"), [(bms.FirmwareParameters(), EDGES), (WIDE, WIDE_EDGES)])
def test_quiet_is_what_the_table_of_predicates_leaves_idle(
    firmware: bms.FirmwareParameters, edges: list[tuple[dict[str, Any], bool, bool]]
) -> None:
    plan = bms.Settings(firmware=firmware).plan
    for changes, off, on in edges:
        m = replace(EVEN, **changes)
        r = channels.read(m, plan, channels.missing_ports(m), 1.0e-3)
        for charging, quiet in ((False, off), (True, on)):
            assert channels.is_quiet(r, charging, plan, firmware) is quiet, (changes, charging)
            values = channels.evaluate(r, at_rest.GATES[charging], firmware)
            rows = list(zip(values, plan.rows, strict=True))[1:-1]  # all but source and remote
            idle = all(v is None or (low <= v[0] and v[1] <= high) for v, (_, low, high, _) in rows)
            assert (idle and values[-1] in (None, (channels.ON, channels.ON))) is quiet, (changes, charging)
    before_the_first_estimate = channels.read(EVEN, plan, (), None)
    assert not channels.is_quiet(before_the_first_estimate, False, plan, firmware)


def test_quiet_by_each_batterys_own_thresholds() -> None:
    own = (bms.BatteryThresholds(2.6, 2.85), bms.BatteryThresholds(2.8, 3.15))
    plan = bms.Settings(battery_count=2, battery_thresholds=own).plan
    for first_V, second_V, quiet in ((3.3, 3.15, True), (3.3, 3.149, False), (2.85, 3.3, True), (2.849, 3.3, False)):
        battery_V = 2.0 * (first_V + second_V)
        m = replace(EVEN, cell_voltage_V=(first_V,) * 4 + (second_V,) * 4, battery_voltage_V=battery_V,
                    system_voltage_V=battery_V)
        r = channels.read(m, plan, (), 1.0e-3)
        assert channels.is_quiet(r, False, plan, bms.FirmwareParameters()) is quiet


def test_what_may_happen_in_the_short_way_and_what_ends_it() -> None:
    rig = Rig().ready(40)
    f, config, state = rig.settings.firmware, rig.settings, rig.state
    r = channels.read(rig.m, config.plan, (), 6.0e-4)
    thermal, now_ms = state.thermal, state.time_ms + 100
    assert thermal is not None and at_rest.passed(state, r, thermal, config, now_ms) is not None
    assert at_rest.passed(state, r, None, config, now_ms) is None
    assert at_rest.passed(state._replace(thermal=None), r, thermal, config, now_ms) is None
    assert at_rest.passed(state, r, thermal._replace(off=True), config, now_ms) is None
    # Derating that begins or ends is told; one that goes on is not.
    full, less, least = thermal, thermal._replace(limit_A=80.0), thermal._replace(limit_A=70.0)
    for before, after, short in ((full, less, False), (less, full, False), (less, least, True), (full, full, True)):
        passed = at_rest.passed(state._replace(thermal=before), r, after, config, now_ms)
        assert (passed is not None) is short
    # A load step begins a watch; nothing comes of it yet.
    stepped = replace(rig.m, battery_current_A=-45.0, system_current_A=-45.0)
    result, short = both_ways(state, stepped, config, 0.1)
    begun = result.state.watches.cells
    assert short and begun is not None and begun.due_ms == now_ms + f.frozen_delay_ms
    # The source is debounced on the way, and moves the port the whole way.
    shorts = []
    for _ in range(6):
        result, short = both_ways(state, replace(rig.m, input_voltage_V=13.5), config, 0.1)
        shorts.append(short)
        state = result.state
    assert shorts == [True] * 5 + [False] and result.commands.alternator_enable


def test_when_charging_stopped_is_kept_on_the_way() -> None:
    """Stopped at 9.1 s; the port may return 20 s later, whichever way the calls between went."""
    rig = Rig().ready(40)
    rig.run(50, input_voltage_V=13.5)
    rig.run(5, input_voltage_V=12.0)
    shorts, state = [], rig.state
    for _ in range(20):
        result, short = both_ways(state, rig.m, rig.settings, 0.1)
        state = result.state
        shorts.append(short)
    assert any(shorts) and state.stopped_ms == rig.state.stopped_ms is not None


@pytest.mark.parametrize(("input_V", "pending"), [
    (13.0, []), (PAST(13.0, 14.0), ["source ready"]), (12.9, ["source weak"]), (12.4, ["source low", "source weak"]),
])
def test_a_source_that_leaves_13_V_is_debounced_on_the_way(input_V: float, pending: list[str]) -> None:
    rig = Rig().ready(40, input_voltage_V=13.0)
    assert [name for name, _ in rig.state.predicates] == ["remote says on"]
    result, short = both_ways(rig.state, replace(rig.m, input_voltage_V=input_V), rig.settings, 0.1)
    assert short and [name for name, found in result.state.predicates if found.pending_ms is not None] == pending


def test_a_source_that_weakens_while_charging_is_timed_on_the_way() -> None:
    state, shorts = bms.State(), []
    for tick in range(50):
        state = bms.step(state, replace(BARE, input_voltage_V=13.5), bms.Settings(), 0.1 if tick else 0.0).state
    assert state.mode is bms.AlternatorMode.CHARGING
    for _ in range(101):
        result, short = both_ways(state, replace(BARE, input_voltage_V=12.9), bms.Settings(), 0.1)
        state = result.state
        shorts.append(short)
    assert shorts == [True] * 100 + [False] and not result.commands.alternator_enable


def test_sensors_under_watch_on_the_way() -> None:
    rig = Rig().ready(40)
    state = rig.state
    now_ms = state.time_ms + 100
    late = state._replace(watches=state.watches._replace(sense=bank.Watch(500.0, (0.0,), now_ms, 1)))
    result, short = both_ways(late, rig.m, rig.settings, 0.1)
    assert not short and result.state.faults == (bms.Fault.SENSE_FROZEN,)
    bare = bms.State()
    for tick in range(50):
        bare = bms.step(bare, BARE, bms.Settings(), 0.1 if tick else 0.0).state
    result, short = both_ways(bare, replace(BARE, heatsink_degC=26.0), bms.Settings(), 0.1)  # a sample, at 5.0 s
    assert short and result.state.watches != bare.watches
