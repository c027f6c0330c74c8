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
