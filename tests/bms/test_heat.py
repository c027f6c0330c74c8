"""Heat of the path and the watch of temperature sensors, by hand."""

from dataclasses import replace
from typing import Any

import pytest

import bms
from bms import thermal
from bms.heat import HeatWatch, watched
from bms.thermal import Sample, Thermal
from tests.bms.rig import NORMAL

F = bms.FirmwareParameters()
RATING = bms.Settings().plan.rating


def at(anchor_J: float, next_ms: int, power_W: float = 0.0, anchor_ms: int = 0) -> Thermal:
    """Estimators with so much heat at the anchor and so much power since; 1 V over the path, 1 mohm."""
    sample = Sample(power_W * 1.0e-3, 25.0, 25.0, 14.0 + power_W * 1.0e-3, 13.0)
    return Thermal(25.0, next_ms, sample, 1.0e-3, 25.0, anchor_ms, anchor_J, 90.0, 0)


def look(watch: HeatWatch | None, estimate: Thermal | None, now_ms: int, shown: float | None = 25.0,
         held: float = 25.0, f: bms.FirmwareParameters = F) -> HeatWatch | None:
    return watched(watch, estimate, shown, held, now_ms, f)


FIRST = HeatWatch(25.0, 25.0, 1_000.0, 310_000)


def test_a_window_begins_at_the_last_sample() -> None:
    # 1000 J at 4 s and 20 W since: 1120 J at 10 s, the last sample before 10.4 s.
    begun = look(None, at(1_000.0, 11_000, 20.0, 4_000), 10_400)
    assert begun is not None and begun.heat_J == pytest.approx(1_120.0)
    assert begun == HeatWatch(25.0, 25.0, begun.heat_J, 310_000)
    odd = bms.FirmwareParameters(frozen_heat_ms=1_500)
    assert look(None, at(0.0, 11_000), 10_400, f=odd) == HeatWatch(25.0, 25.0, 0.0, 12_000)  # whole samples


def test_what_the_end_of_a_window_says() -> None:
    assert look(FIRST, at(9_000.0, 310_000, anchor_ms=309_000), 309_900) == FIRST
    # 6000 J in 300 s are 20 W.
    second = look(FIRST, at(7_000.0, 311_000, anchor_ms=310_000), 310_000)
    assert second == HeatWatch(25.0, 25.0, 7_000.0, 610_000, 20.0)
    same = at(7_000.0 + 35.0 * 300.0, 611_000, anchor_ms=610_000)
    assert look(second, same, 610_000) == HeatWatch(25.0, 25.0, 17_500.0, 910_000, 20.0)  # 15 W more: not beyond
    for mean_W in (35.1, 4.9):
        end_J = 7_000.0 + mean_W * 300.0
        third = look(second, at(end_J, 611_000, anchor_ms=610_000), 610_000)
        assert third == HeatWatch(25.0, 25.0, end_J, 910_000, 20.0, 1)
        # As the first: no strike, but the one from before stays. Other than the first again: frozen.
        assert look(third, at(end_J + 6_000.0, 911_000, anchor_ms=910_000), 910_000) == HeatWatch(
            25.0, 25.0, end_J + 6_000.0, 1_210_000, 20.0, 1)
        assert third is not None
        assert look(third, at(end_J + mean_W * 300.0, 911_000, anchor_ms=910_000), 910_000) == third._replace(
            strikes=0, frozen_ms=910_000)


def test_a_call_that_comes_late_divides_by_the_time_that_it_took() -> None:
    assert look(FIRST, at(7_000.0, 411_000, anchor_ms=410_000), 410_500) == HeatWatch(
        25.0, 25.0, 7_000.0, 710_000, 15.0)  # 6000 J in 400 s


def test_whatever_moves_begins_anew() -> None:
    struck = HeatWatch(25.0, 25.0, 1_000.0, 310_000, 20.0, 1)
    moved = at(2_000.0, 51_000, anchor_ms=50_000)
    assert look(struck, moved, 50_000, 25.5, 25.5) == HeatWatch(25.5, 25.5, 2_000.0, 350_000)
    assert look(struck, moved, 50_000, 25.25, 25.0) == struck  # within the dead band: the end of the window says
    late = at(30_000.0, 311_000, anchor_ms=310_000)
    assert look(struck, late, 310_000, 25.25, 25.0) == HeatWatch(25.25, 25.0, 30_000.0, 610_000)


def test_what_is_missing_ends_a_watch_but_not_a_fault() -> None:
    estimate, frozen = at(0.0, 2_000), FIRST._replace(frozen_ms=1_000)
    assert look(FIRST, estimate, 1_000, None) is look(FIRST, None, 1_000) is look(None, None, 1_000) is None
    assert look(frozen, estimate, 90_000, None) == look(frozen, None, 90_000) == frozen


def test_a_frozen_sensor_is_believed_again_when_it_moves_after_the_rest_on_the_schedule() -> None:
    frozen = FIRST._replace(frozen_ms=1_100)
    anew = HeatWatch(26.0, 26.0, 5.0, 322_000)
    for now_ms, shown, expected in (
        (21_000, 26.0, frozen), (21_100, 26.0, frozen), (22_000, 25.0, frozen), (22_000, 26.0, anew),
    ):
        assert look(frozen, at(5.0, 23_000, anchor_ms=22_000), now_ms, shown, shown) == expected


def heated(state: Thermal, now_ms: int, charging: bool = True, **changes: Any) -> Thermal:
    return thermal.advance(state, replace(NORMAL, **changes), now_ms, charging, RATING, F)


def test_heat_of_the_path_is_the_integral_of_its_power() -> None:
    """Nothing for 10 s, 0.77 V over the path and 50 A for 100 s (the ramp counts half), then nothing again."""
    power: dict[str, Any] = {"input_voltage_V": 14.1, "fuse_sense_V": 0.03}
    state = thermal.begin(NORMAL, 0, RATING, F)
    assert thermal.path_J(state, 10_000) == 0.0
    state = heated(heated(state, 10_000), 11_000, **power)
    watts = 0.77 * 0.03 / state.reference_ohm
    assert state.anchor_J == pytest.approx(0.5 * watts) and watts == pytest.approx(38.5)
    total_J, before = state.anchor_J, state
    for now_ms in range(12_000, 111_001, 1_000):
        total_J += 0.77 * 0.03 / state.reference_ohm  # the reference that the sample found
        state = heated(state, now_ms, **power)
        assert thermal.path_J(state, now_ms) == pytest.approx(total_J, rel=1e-12)
    assert state.reference_ohm > before.reference_ohm  # warm: renewed on the way
    after = heated(state, 112_000, input_voltage_V=14.1)
    last_W = 0.77 * 0.03 / state.reference_ohm
    assert after.anchor_J == pytest.approx(total_J + 0.5 * last_W)
    assert thermal.path_J(heated(after, 500_000, input_voltage_V=14.1), 500_000) == pytest.approx(after.anchor_J)


def test_a_current_that_flows_back_cools_nothing() -> None:
    state = heated(thermal.begin(NORMAL, 0, RATING, F), 1_000, input_voltage_V=14.1, fuse_sense_V=-0.03)
    assert thermal.path_J(heated(state, 60_000, input_voltage_V=14.1, fuse_sense_V=-0.03), 60_000) == 0.0
