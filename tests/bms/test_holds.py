"""A hold is exact: asking on every tick gives the same events, commands and state as asking when it says."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bms

Source = Callable[[int, bms.Commands], bms.Measurements]
QUICK = bms.FirmwareParameters(
    weak_delay_ms=1_500, rearm_ms=2_000, thermal_rest_ms=2_300, limit_interval_ms=1_000,
    disconnect_rest_ms=1_700, sensor_rest_ms=900, cell_temperature_delay_ms=300, hold_charging_ms=4_000,
    hold_idle_ms=7_000, lift_rest_ms=2_000,
)


@dataclass
class Run:
    """What came out of a run."""

    commands: list[bms.Commands]
    events: list[tuple[int, bms.Event]]
    state: bms.State
    calls: int


def run(
    source: Source, n_ticks: int, config: bms.Settings, tick_ms: int, every_tick: bool, wide: bool = False
) -> Run:
    state, commands, hold = bms.State(), bms.Commands(), bms.Hold(0)
    last, calls = 0, 0
    out = Run([], [], state, 0)
    for tick in range(n_ticks):
        readings = source(tick, commands)
        due = (tick - last) * tick_ms >= hold.deadline_ms
        between = wide and tick * tick_ms % config.firmware.sample_period_ms != 0
        left = hold.is_left(readings, between_samples=True) if between else hold.is_left(readings)
        if every_tick or tick in (0, n_ticks - 1) or due or left:
            elapsed_s = (tick - last) * tick_ms / 1000
            state, commands, events, hold = bms.step(state, readings, config, elapsed_s)
            out.events += [(tick, event) for event in events]
            assert hold.deadline_ms >= 1
            assert set(hold.bounds) == set(hold.between) >= set(bms.BOUND_NAMES)
            last, calls = tick, calls + 1
        out.commands.append(commands)
    out.state, out.calls = state, calls
    return out


def compare(source: Source, n_ticks: int, config: bms.Settings, tick_ms: int = 100) -> tuple[Run, Run]:
    each = run(source, n_ticks, config, tick_ms, True)
    held = run(source, n_ticks, config, tick_ms, False)
    wide = run(source, n_ticks, config, tick_ms, False, wide=True)
    for short in (held, wide):
        assert str(short.events) == str(each.events)  # as text, because NaN differs from itself
        assert short.commands == each.commands
        assert short.state == each.state
    assert wide.calls <= held.calls
    return each, held


VALUES = {
    "input_voltage_V": [
        6.0, 12.4, 12.5, math.nextafter(12.5, 0), 12.9, 13.0, math.nextafter(13.0, 14), 13.4, 14.2,
    ],
    "fuse_sense_V": [0.0, 0.02, 0.054, 0.0543, 0.0676, 0.15, -0.01],
    "battery_voltage_V": [10.0, 12.8, 13.2, 13.6],
    "heatsink_degC": [-40.0, 25.0, 84.9, 86.0, 91.0, 98.0, 98.5, 104.0],
    "terminal_degC": [-40.0, 25.0, 60.0, 95.0],
    "cell_a": [3.2, 3.45, 3.5, 3.6, 3.75, math.nextafter(3.75, 4), 3.9],
    "cell_b": [3.2, 3.5, math.nextafter(3.5, 4), 3.8],
    "temperature_a": [-10.0, 4.75, 5.0, 6.0, 7.0, 25.0, 47.0, 49.0, 50.25],
    "temperature_b": [4.0, 7.0, 25.0, 47.25, 55.0],
}
GOOD = dict(zip(VALUES, [14.2, 0.0, 13.2, 25.0, 25.0, 3.3, 3.3, 25.0, 25.0], strict=True))
ALL_VALUES = VALUES | {
    "cell_a": [2.5, 2.7, 2.79, 2.8, 2.84, 2.9, 3.05, 3.1, 3.14, 3.15, 3.19, 3.2, 3.3, 3.76],
    "system_current_A": [-450.0, -400.0, -300.0, -211.0, -195.0, -150.0, -5.0, 5.1, 60.0, 160.0, 402.0, 1000.0],
    "system_voltage_V": [0.0, 5.0, 11.1, 12.2, 12.3, 13.2, 14.0],
    "battery_current_A": [-300.0, -40.0, 0.0, 41.0, 90.0, 391.0, 800.0, 810.0],
    "remote_L_V": [0.0, 5.0, 6.5, 6.6, 13.0],
    "remote_H_V": [0.0, 1.9, 2.0, 3.0, 3.1],
    "hardware_latch": [0.0, 1.0],
}
ALL_GOOD = GOOD | dict(zip(list(ALL_VALUES)[9:], [-20.0, 13.2, -20.0, 0.0, 0.0, 0.0], strict=True))


@st.composite
def traces(
    draw: st.DrawFn, values: dict[str, list[float]] = VALUES, good: dict[str, float] = GOOD
) -> list[dict[str, float]]:
    """Readings per tick: jumps to (and ramps and ripple about) thresholds, now and then a missing one."""
    now, ticks, names = dict(good), [], list(values)
    for _ in range(draw(st.integers(1, 14))):
        slopes: dict[str, float] = {}
        for name in draw(st.lists(st.sampled_from(names), max_size=3)):
            now[name] = draw(st.sampled_from([*values[name], good[name], good[name]]))
            slopes[name] = draw(st.sampled_from([0.0, 0.0, 1e-3, -2e-3])) * max(1.0, abs(now[name]) / 10)
        lost = draw(st.sampled_from([None] * 8 + names))
        ripple = draw(st.sampled_from([0.0, 0.0, 1e-3, 3e-2]))
        for k in range(draw(st.sampled_from([1, 2, 5, 11, 40, 120, 300]))):
            for name, slope in slopes.items():
                now[name] += slope
            shown = {name: value + ripple * math.sin(7.0 * k) for name, value in now.items()}
            shown["fuse_sense_V"] = now["fuse_sense_V"] + 0.01 * ripple * math.sin(5.0 * k)
            if lost is not None and k < 7:
                shown[lost] = math.nan
            ticks.append(shown)
    return ticks


def as_measurements(shown: dict[str, float]) -> bms.Measurements:
    return bms.Measurements(
        shown["input_voltage_V"], shown["fuse_sense_V"], shown["battery_voltage_V"], shown["heatsink_degC"],
        shown["terminal_degC"],
        cell_voltage_V=(shown["cell_a"], shown["cell_b"], 3.31, 3.32),
        cell_temperature_degC=(shown["temperature_a"], shown["temperature_b"]),
    )


@pytest.mark.parametrize("firmware", [bms.FirmwareParameters(), QUICK], ids=["default", "quick"])
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(trace=traces(), rating=st.sampled_from(bms.RATINGS_A), tick_ms=st.sampled_from([50, 100, 200, 1000]))
def test_open_loop(
    firmware: bms.FirmwareParameters, trace: list[dict[str, float]], rating: int, tick_ms: int
) -> None:
    readings = [as_measurements(shown) for shown in trace]
    config = bms.Settings(fuse_rating_A=rating, firmware=firmware)
    compare(lambda tick, _: readings[tick], len(readings), config, tick_ms)


def all_measurements(shown: dict[str, float], open_path: bool, n_batteries: int) -> bms.Measurements:
    latch = shown["hardware_latch"]
    return replace(
        as_measurements(shown),
        fuse_sense_V=shown["fuse_sense_V"] if open_path else 0.0,
        cell_voltage_V=(3.31, 3.32, 3.33, 3.34) * (n_batteries - 1) + (shown["cell_a"], shown["cell_b"], 3.31, 3.32),
        system_current_A=shown["system_current_A"], system_voltage_V=shown["system_voltage_V"],
        battery_current_A=shown["battery_current_A"], remote_L_V=shown["remote_L_V"], remote_H_V=shown["remote_H_V"],
        hardware_latch=bool(latch > 0.5),
    )


@pytest.mark.parametrize("firmware", [
    replace(QUICK, load_rest_ms=3_000, output_spacing_ms=2_000, frozen_delay_ms=700, frozen_heat_ms=2_000,
            fuse_check_ms=1_000, bank_interval_ms=1_500, system_rest_ms=2_000, system_settled_ms=4_000,
            converter_efficiency=0.95),
    bms.FirmwareParameters(),
], ids=["quick", "default"])
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    trace=traces(ALL_VALUES, ALL_GOOD), function=st.sampled_from(bms.RemoteFunction),
    mode=st.sampled_from(bms.PreAlarmMode), tick_ms=st.sampled_from([100, 200, 1000]),
    thresholds=st.sampled_from([(), (bms.BatteryThresholds(2.65, 2.95), bms.BatteryThresholds(2.8, 3.15))]),
)
def test_with_all_sensors(
    firmware: bms.FirmwareParameters, trace: list[dict[str, float]], function: bms.RemoteFunction,
    mode: bms.PreAlarmMode, tick_ms: int, thresholds: tuple[bms.BatteryThresholds, ...],
) -> None:
    """Every optional sensor fitted, two batteries with equal or different thresholds; the path leads only when on."""
    config = bms.Settings(
        variant=bms.Variant.NG, battery_count=2, remote_function=function, pre_alarm_mode=mode,
        battery_thresholds=thresholds, firmware=firmware,
    )
    compare(lambda tick, c: all_measurements(trace[tick], c.alternator_enable, 2), len(trace), config, tick_ms)


@pytest.mark.parametrize("firmware", [bms.FirmwareParameters(), QUICK], ids=["default", "quick"])
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(trace=traces(), capability=st.sampled_from([0.3, 0.9, 1.0, 1.4]))
def test_closed_loop(
    firmware: bms.FirmwareParameters, trace: list[dict[str, float]], capability: float
) -> None:
    """The sense voltage follows the reference, as it does behind the real limiter."""

    def source(tick: int, commands: bms.Commands) -> bms.Measurements:
        limiting_V = commands.sense_reference_V * capability if commands.alternator_enable else 0.0
        return as_measurements({**trace[tick], "fuse_sense_V": round(limiting_V / 2e-5) * 2e-5})

    compare(source, len(trace), bms.Settings(firmware=firmware))


NORMAL = as_measurements(GOOD)


def test_holds_are_long_when_nothing_happens() -> None:
    parked = replace(NORMAL, input_voltage_V=12.7)
    each, held = compare(lambda tick, _: parked, 6001, bms.Settings())
    assert each.calls == 6001
    assert held.calls <= 12  # ten minutes, a minute each

    def limiting(tick: int, commands: bms.Commands) -> bms.Measurements:
        sense_V = commands.sense_reference_V if commands.alternator_enable else 0.0
        return replace(NORMAL, fuse_sense_V=sense_V, battery_voltage_V=14.1)

    _, held = compare(limiting, 6001, bms.Settings())
    assert held.calls < 150  # about one a second while the fuse warms up, then one in ten seconds


def test_hold_is_left_by_nan_and_by_one_cell() -> None:
    hold = bms.step(bms.State(), NORMAL, bms.Settings(), 0.0).hold
    assert not hold.is_left(NORMAL)
    assert hold.is_left(replace(NORMAL, cell_voltage_V=(3.3, 3.3, 3.3, 3.76)))
    assert hold.is_left(replace(NORMAL, cell_temperature_degC=(25.0, 4.9)))
    assert hold.is_left(replace(NORMAL, battery_voltage_V=math.nan))
    assert hold.deadline_s == pytest.approx(0.5)


def test_the_comparison_notices_a_bound_that_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(tick: int, commands: bms.Commands) -> bms.Measurements:
        return replace(NORMAL, input_voltage_V=12.7 if tick < 33 else 14.2)

    compare(late, 100, bms.Settings())
    monkeypatch.setattr(bms.Hold, "is_left", lambda hold, readings, between_samples=False: False)
    with pytest.raises(AssertionError):
        compare(late, 100, bms.Settings())


def test_a_reading_that_returns_is_noticed_at_once() -> None:
    def lost(tick: int, commands: bms.Commands) -> bms.Measurements:
        return replace(NORMAL, heatsink_degC=math.nan if tick < 5 else 90.0)

    _, held = compare(lost, 20, bms.Settings())
    assert [tick for tick, e in held.events if e.name is bms.EventName.DERATING_STARTED] == [5]
