"""The supervisor behind the unit's variables: grid of time, parameters, state; against `bms.step` called by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bms
from cosim.fmu.unit import SLACK_US, Unit, UnitError, output_values
from cosim.fmu.variables import INPUT, OUTPUT, PARAMETER, TUNABLE, Built, Value, variables_of

QUIET = bms.Measurements(12.5, 0.0, 13.2, 25.0, 25.0, (3.3,) * 4, (25.0,) * 4)
"""What the start values of the inputs say."""
OUTPUTS = [v.name for v in variables_of(Built(bms.Settings())) if v.causality == OUTPUT]


def begun(built: Built | None = None, start_s: float = 0.0, **values: Value) -> Unit:
    unit = Unit(built or Built(bms.Settings()))
    for name, value in values.items():
        unit.set(name, value)
    unit.begin(start_s)
    return unit


def outputs(unit: Unit) -> dict[str, Value]:
    return {name: unit.get(name) for name in OUTPUTS}


def by_hand(seen: list[bms.Measurements], chosen: bms.Settings | None = None) -> list[dict[str, Value]]:
    """Outputs after each tick of a task of 100 ms, from the readings at each tick."""
    state, found = bms.State(), []
    for tick, measured in enumerate(seen):
        state, commands, _, _ = bms.step(state, measured, chosen or bms.Settings(), 0.1 if tick else 0.0)
        found.append(output_values(state, commands))
    return found


def test_before_the_first_step_everything_is_off() -> None:
    unit = begun()
    assert outputs(unit) == output_values(bms.State(), bms.Commands())
    assert unit.get("load_output") is False and unit.get("system_mode") == 1
    unit.advance(0.0, 0.1)
    assert unit.get("load_output") is True and unit.get("charge_allowed") is True


def test_start_values_of_inputs_rest_quietly() -> None:
    unit = begun()
    unit.advance(0.0, 3600.0)
    assert not any(value for name, value in outputs(unit).items() if name.startswith("fault."))
    assert unit.get("alternator_enable") is False and unit.get("load_output") is True


def test_what_is_set_at_a_point_counts_from_there() -> None:
    """Start half a second above 13 V: readings at the ticks 0.3 to 0.8 s, so the step that ends at 0.9 s shows it."""
    unit, on_s = begun(), []
    for tick in range(12):
        if tick == 3:
            unit.set("input_voltage_V", 14.0)
        told = unit.advance(tick * 0.1, 0.1)
        on_s += [(tick + 1, line.text) for line in told]
        assert unit.get("alternator_enable") is (tick >= 8)
    assert on_s == [(9, "t = 0.8 s: alternator charging (source above start voltage: input_voltage_V=14)")]


@pytest.mark.parametrize("step_ms", [1, 7, 30, 100, 250, 1000])
def test_any_step_of_the_master_runs_every_tick_once(step_ms: int) -> None:
    """A tick takes the readings that were set at the beginning of the step in which it lies."""
    seen = [replace(QUIET, input_voltage_V=_volts(tick * 100 // step_ms)) for tick in range(60)]
    expected, unit = by_hand(seen), begun()
    for place in range(6000 // step_ms):
        unit.set("input_voltage_V", _volts(place))
        unit.advance(place * step_ms / 1000, step_ms / 1000)
        ran = -(-(place + 1) * step_ms // 100)
        assert outputs(unit) == expected[ran - 1], f"after {(place + 1) * step_ms} ms"


def _volts(place: int) -> float:
    return 14.0 if place % 19 > 3 else 12.6


@given(st.lists(
    st.tuples(st.integers(0, 2500), st.sampled_from([12.0, 12.7, 14.1, math.nan])), min_size=1, max_size=25,
))
@settings(max_examples=40, deadline=None)
def test_unequal_steps_equal_a_call_at_every_tick(steps: list[tuple[int, float]]) -> None:
    unit, at_ms = begun(), 0
    seen: list[bms.Measurements] = []
    shown: list[tuple[int, dict[str, Value]]] = []
    for length_ms, volts in steps:
        unit.set("input_voltage_V", volts)
        unit.advance(at_ms / 1000, length_ms / 1000)
        at_ms += length_ms
        seen += [replace(QUIET, input_voltage_V=volts)] * (-(-at_ms // 100) - len(seen))
        shown.append((len(seen), outputs(unit)))
    expected = [output_values(bms.State(), bms.Commands()), *by_hand(seen)]
    assert all(found == expected[ticks] for ticks, found in shown)


def test_time_does_not_drift_where_the_master_adds_its_steps() -> None:
    unit, time_s = begun(), 0.0
    for _ in range(20_000):
        unit.advance(time_s, 0.1)
        time_s += 0.1
    assert time_s != 2000.0, "the sum is off"
    assert unit.snapshot().progress.state.time_ms == 1_999_900


def test_a_point_just_behind_a_tick_counts_as_being_there() -> None:
    late_s = 0.9 * SLACK_US * 1e-6
    unit = begun()
    unit.advance(0.0, 0.1 + late_s)
    assert unit.snapshot().progress.state.time_ms == 0
    unit.set("cell_voltage_V[2]", math.nan)
    unit.advance(0.1 + late_s, 0.05)
    assert unit.get("fault.cell_sensor_missing") is True, "the tick at 0.1 s had the new reading"


def test_a_reading_beyond_the_hold_is_seen_at_the_sample_within_a_long_step() -> None:
    """A heatsink that jumps between two samples: the limit falls at the next, within one step of twenty seconds."""
    seen = [replace(QUIET, input_voltage_V=14.0)] * 103
    seen += [replace(QUIET, input_voltage_V=14.0, heatsink_degC=95.0)] * 200
    unit = begun(input_voltage_V=14.0)
    unit.advance(0.0, 10.3)
    unit.set("heatsink_degC", 95.0)
    unit.advance(10.3, 20.0)
    assert outputs(unit) == by_hand(seen)[-1]
    assert unit.get("current_limit_A") == 30.0, "a third of 90 A at 95 of 85 to 100 degC"


def test_the_start_is_the_power_up() -> None:
    early, late = begun(), begun(start_s=-7.25)
    for tick in range(30):
        for unit, start_s in ((early, 0.0), (late, -7.25)):
            unit.set("input_voltage_V", 13.5)
            unit.advance(start_s + tick * 0.1, 0.1)
        assert outputs(early) == outputs(late)
    assert early.get("alternator_enable") is True


@pytest.mark.parametrize(("time_s", "step_s", "told"), [
    (0.3, 0.1, "step from 0.3 s, but the unit is at 0.2 s"), (0.1, 0.1, "step from 0.1 s, but the unit is at 0.2 s"),
    (0.2, -0.1, "step of -0.1 s is not allowed; allowed: 0 to 1e+09 s"), (0.2, math.inf, "step of inf s"),
    (0.2, math.nan, "step of nan s"), (math.nan, 0.1, "time nan s"),
])
def test_a_step_that_cannot_be_followed(time_s: float, step_s: float, told: str) -> None:
    unit = begun()
    unit.advance(0.0, 0.2)
    with pytest.raises(UnitError) as caught:
        unit.advance(time_s, step_s)
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)
    unit.advance(0.2, 0.1)


def test_order_of_calls() -> None:
    with pytest.raises(UnitError, match="before initialization has ended"):
        Unit(Built(bms.Settings())).advance(0.0, 0.1)
    with pytest.raises(UnitError, match=r"start time nan s is not allowed; allowed: at most 1e\+09 in size"):
        begun(start_s=math.nan)


@pytest.mark.parametrize(("name", "value", "told"), [
    ("fuse_rating_A", 70, "fuse_rating_A: 70 is not allowed; allowed: 40, 60, 80, 100, 125 A"),
    ("battery_capacity_Ah", 120, "battery_capacity_Ah: 120 is not allowed"),
    ("pre_alarm_mode", 3, "pre_alarm_mode: 3 is not allowed; allowed: 1 (continuous), 2 (intermittent)"),
    ("remote_function", 3, "remote_function: 3 is not allowed; allowed: 1 (alternator), 2 (system)"),
    ("battery[1].pre_alarm_V", 3.2, "battery[1].pre_alarm_V: 3.2 is not allowed; allowed: number 2.85..3.15 V"),
    ("firmware.start_V", 11.0, "firmware.start_V: 11.0 is not allowed; allowed: number 12..15 V"),
    ("firmware.stop_V", 13.5, "firmware.weak_V: 13.0 is not allowed; allowed: above stop_V (13.5)"),
    ("firmware.start_V", math.nan, "firmware.start_V: nan is not allowed"),
    ("tick_ms", 300, "tick_ms: 300 is not allowed; allowed: a whole number of ms that divides firmware.sample_period"),
    ("tick_ms", 0, "tick_ms: 0 is not allowed"),
])
def test_parameters_are_checked_as_settings(name: str, value: Value, told: str) -> None:
    with pytest.raises(bms.SettingsError) as caught:
        begun(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)


def test_every_setting_arrives() -> None:
    """Each parameter away from its start value gives the settings that a scenario with that value has."""
    built = Built(bms.Settings(variant=bms.Variant.NG, battery_count=2))
    unit = begun(built, **{
        "fuse_rating_A": 60, "battery_capacity_Ah": 100, "pre_alarm_mode": 2, "remote_function": 3,
        "instant_readout": True, "battery[2].load_disconnect_V": 2.7, "firmware.start_delay_ms": 700,
    })
    assert unit._settings == bms.Settings.from_mapping({
        "variant": "12-200 NG", "battery_count": 2, "fuse_rating_A": 60, "battery_capacity_Ah": 100,
        "pre_alarm_mode": "intermittent", "remote_function": "ports", "instant_readout": True,
        "battery_thresholds": [{}, {"load_disconnect_V": 2.7}], "firmware": {"start_delay_ms": 700},
    })


def test_parameters_are_all_settings_and_nothing_else() -> None:
    names = {v.name for v in variables_of(Built(bms.Settings())) if v.causality == PARAMETER}
    mapping: Any = bms.as_mapping(bms.Settings())
    expected = {name for name in mapping if name not in ("variant", "battery_count", "battery_thresholds", "firmware")}
    expected |= {f"firmware.{name}" for name in mapping["firmware"]}
    expected |= {f"battery[1].{name}" for name in ("load_disconnect_V", "pre_alarm_V")}
    assert names == expected | {"tick_ms"} | {f"fitted.{name}" for name in bms.OPTIONAL_SENSORS}


def test_another_tick_shows_what_comes_sooner() -> None:
    fine, unit = begun(tick_ms=10, input_voltage_V=14.0), begun(input_voltage_V=14.0)
    for one in (fine, unit):
        one.advance(0.0, 0.505)
    assert fine.get("alternator_enable") is True and unit.get("alternator_enable") is True
    fine, unit = begun(tick_ms=10), begun()
    for one in (fine, unit):
        one.advance(0.0, 0.03)
        one.set("input_voltage_V", 14.0)
        one.advance(0.03, 0.52)
    assert fine.get("alternator_enable") is True and unit.get("alternator_enable") is False


def test_a_tuned_parameter_counts_from_the_next_step_and_a_bad_one_is_refused() -> None:
    unit = begun(input_voltage_V=14.0)
    unit.advance(0.0, 1.0)
    assert unit.get("current_limit_A") == 90.0
    unit.set("fuse_rating_A", 60)
    assert unit.get("current_limit_A") == 90.0
    unit.advance(1.0, 0.1)
    assert unit.get("current_limit_A") == 54.0 and unit.get("alternator_enable") is True
    unit.set("fuse_rating_A", 61)
    with pytest.raises(bms.SettingsError, match="fuse_rating_A: 61 is not allowed"):
        unit.advance(1.1, 0.1)


@pytest.mark.parametrize("name", ["firmware.start_V", "fitted.remote_L_V", "tick_ms", "battery_capacity_Ah"])
def test_a_fixed_parameter_stands_while_it_runs(name: str) -> None:
    unit = begun()
    unit.advance(0.0, 0.1)
    unit.set(name, {"firmware.start_V": 13.5, "tick_ms": 50, "battery_capacity_Ah": 100}.get(name, True))
    with pytest.raises(bms.SettingsError, match=r"it cannot change while the simulation runs"):
        unit.advance(0.1, 0.1)


def test_which_parameters_are_tunable() -> None:
    tunable = [v.name for v in variables_of(Built(bms.Settings())) if v.variability == TUNABLE]
    assert tunable == ["fuse_rating_A", "pre_alarm_mode", "remote_function", "instant_readout",
                       "battery[1].load_disconnect_V", "battery[1].pre_alarm_V"]


def test_an_input_that_nothing_looks_at_is_told_once() -> None:
    unit = begun()
    unit.set("system_current_A", -900.0)
    told = [line for tick in range(5) for line in unit.advance(tick * 0.1, 0.1)]
    assert [(line.text, line.warning) for line in told] == [
        ("system_current_A is set but not looked at: fitted.system_current_A is false", True)]
    assert unit.get("system_mode") == 3, "nobody saw 900 A"
    fitted = begun(**{"fitted.system_current_A": True, "system_current_A": -900.0})  # type: ignore[arg-type]
    fitted.advance(0.0, 0.1)
    assert fitted.get("system_mode") == 4, "above 400 A it opens at once"


@pytest.mark.parametrize("sensor", [v.name for v in variables_of(Built(bms.Settings())) if v.causality == INPUT])
def test_every_input_is_looked_at(sensor: str) -> None:
    """A sensor that does not answer is a fault of its own, for each of them; the latch opens the port, remote acts."""
    given: dict[str, Any] = {f"fitted.{name}": True for name in bms.OPTIONAL_SENSORS}
    quiet, changed = begun(**given), begun(**given)
    changed.set(sensor, {"hardware_latch": True, "remote_L_V": 12.0}.get(sensor, math.nan))
    if sensor == "remote_H_V":
        for unit, volts in ((quiet, 0.0), (changed, 12.0)):
            unit.set("remote_L_V", 12.0)
            unit.set(sensor, volts)
    for unit in (quiet, changed):
        unit.advance(0.0, 3.0)
    assert outputs(quiet) != outputs(changed)


def test_a_snapshot_goes_on_here_and_elsewhere() -> None:
    unit, other = begun(start_s=2.5, input_voltage_V=14.0), Unit(Built(bms.Settings()))
    unit.advance(2.5, 0.7)
    kept = unit.snapshot()
    unit.set("fuse_rating_A", 40)
    unit.set("input_voltage_V", 12.0)
    unit.advance(3.2, 5.0)
    assert unit.get("alternator_enable") is False
    for one in (unit, other):
        one.restore(kept)
        assert one.get("alternator_enable") is True and one.get("fuse_rating_A") == 100
        one.advance(3.2, 60.0)
    assert outputs(unit) == outputs(other) and unit.snapshot() == other.snapshot()
    with pytest.raises(UnitError, match="other variables"):
        begun(Built(bms.Settings(battery_count=2))).restore(kept)


def test_what_was_asked_but_not_yet_taken_is_part_of_a_snapshot() -> None:
    unit = begun()
    unit.advance(0.0, 0.1)
    unit.set("fuse_rating_A", 40)
    kept = unit.snapshot()
    other = Unit(Built(bms.Settings()))
    other.restore(kept)
    other.advance(0.1, 0.1)
    assert other.get("current_limit_A") == 36.0
