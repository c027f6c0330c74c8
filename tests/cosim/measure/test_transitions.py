"""Transitions on waveforms whose answers are known by hand, clean, ringing and noisy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosim import measure
from cosim.measure import Levels, MeasureError

BIN = 0.01
"""A quarter of a bin at an amplitude of 10: the time that an edge spends in the bin of a state moves its level."""


def ramp_step(low: float = 0.0, high: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """Low for 4 s, up in 1 s, high for 5 s."""
    return np.array([0.0, 4.0, 5.0, 10.0]), np.array([low, low, high, high])


def first_order(tau_s: float = 1e-3, end_s: float = 20e-3, n: int = 20_001) -> tuple[np.ndarray, np.ndarray]:
    time_s = np.linspace(-1e-3, end_s, n)
    return time_s, np.where(time_s < 0.0, 0.0, 1.0 - np.exp(-np.maximum(time_s, 0.0) / tau_s))


def second_order(damping: float, omega: float = 1e4) -> tuple[np.ndarray, np.ndarray]:
    """Step of a second-order system at rest, from its closed form."""
    time_s = np.linspace(-1e-4, 5e-3, 51_001)
    wd = omega * np.sqrt(1.0 - damping**2)
    t = np.maximum(time_s, 0.0)
    ring = np.exp(-damping * omega * t) * (np.cos(wd * t) + damping * omega / wd * np.sin(wd * t))
    return time_s, np.where(time_s < 0.0, 0.0, 1.0 - ring)


def test_levels_and_transition_of_a_ramp() -> None:
    time_s, value = ramp_step()
    assert measure.state_levels(time_s, value) == pytest.approx((0.0, 10.0), abs=BIN)
    edge = measure.transition(time_s, value)
    assert (edge.start_s, edge.middle_s, edge.end_s) == pytest.approx((4.1, 4.5, 4.9), abs=BIN / 10)
    assert edge.rising and edge.duration_s == pytest.approx(0.8, abs=BIN / 10)
    falling = measure.transition(time_s, -value)
    assert not falling.rising and falling.duration_s == pytest.approx(0.8, abs=BIN / 10)


def test_levels_are_weighted_by_time_and_not_by_points() -> None:
    """SPICE puts thousands of points into the overshoot and two into the state."""
    dense = np.linspace(1.0, 1.001, 5000)
    time_s = np.concatenate(([0.0, 0.999], dense, [1.002, 3.0]))
    value = np.concatenate(([0.0, 0.0], np.linspace(11.9, 12.0, 5000), [10.0, 10.0]))
    assert measure.state_levels(time_s, value).high == pytest.approx(10.0, abs=0.03)


def test_rise_time_of_a_first_order_step_is_ln_9_time_constants() -> None:
    time_s, value = first_order()
    assert measure.rise_time_s(time_s, value, Levels(0.0, 1.0)) == pytest.approx(np.log(9.0) * 1e-3, rel=1e-4)
    assert measure.overshoot(time_s, value, Levels(0.0, 1.0)) == 0.0


@pytest.mark.parametrize("damping", [0.2, 0.5, 0.7])
def test_overshoot_of_a_second_order_step(damping: float) -> None:
    time_s, value = second_order(damping)
    by_hand = np.exp(-np.pi * damping / np.sqrt(1.0 - damping**2))
    assert measure.overshoot(time_s, value, Levels(0.0, 1.0)) == pytest.approx(by_hand, abs=1e-4)
    down = measure.overshoot(time_s, 5.0 - 3.0 * value, Levels(2.0, 5.0))
    assert down == pytest.approx(by_hand, abs=1e-4)


def test_settling_of_a_first_order_step() -> None:
    time_s, value = first_order()
    assert measure.settling_s(time_s, value, 1.0, 0.02, from_s=0.0) == pytest.approx(np.log(50.0) * 1e-3, rel=1e-3)
    with pytest.raises(MeasureError, match="not settled"):
        measure.settling_s(time_s, value, 1.1, 0.02, from_s=0.0)


def test_settling_counts_the_last_excursion() -> None:
    time_s = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    value = np.array([1.0, 1.0, 1.3, 1.0, 1.0, 1.0])
    assert measure.settling_s(time_s, value, 1.0, 0.1) == pytest.approx(2.0 + 2.0 / 3.0)


def test_delay_from_middle_to_middle() -> None:
    time_s = np.linspace(0.0, 10.0, 1001)
    cause = np.interp(time_s, [0, 2, 3, 10], [0, 0, 5, 5])
    response = np.interp(time_s, [0, 4, 6, 10], [13, 13, 0, 0])
    assert measure.delay_s(time_s, cause, response) == pytest.approx(2.5, abs=BIN / 5)


def test_crossings_at_levels_between_points() -> None:
    time_s, value = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 4.0, 0.0, 8.0])
    assert measure.crossings(time_s, value, 2.0) == pytest.approx([0.5, 1.5, 2.25])
    assert measure.crossings(time_s, value, 2.0, "falling") == pytest.approx([1.5])
    assert measure.crossings(time_s, value, 9.0).size == 0
    assert measure.crossings(time_s, value, 4.0, "rising") == pytest.approx([2.5]), "a touch from below is no crossing"
    assert measure.crossings(time_s, value, 0.0).size == 0, "nor is one from above"


def test_noise_on_a_slow_edge_is_one_crossing_with_hysteresis() -> None:
    time_s = np.linspace(0.0, 1.0, 10_001)
    value = time_s + np.random.default_rng(7).normal(0.0, 0.01, time_s.size)
    assert measure.crossings(time_s, value, 0.5).size > 1
    once = measure.crossings(time_s, value, 0.5, hysteresis=0.12)
    assert once.size == 1 and once[0] == pytest.approx(0.5, abs=0.06)


def test_noise_hardly_moves_levels_rise_and_overshoot() -> None:
    time_s = np.linspace(0.0, 10.0, 100_001)
    clean = np.interp(time_s, [0, 4, 5, 10], [0, 0, 10, 10])
    noisy = clean + np.random.default_rng(3).normal(0.0, 0.03, time_s.size)
    levels = measure.state_levels(time_s, noisy)
    assert levels == pytest.approx((0.0, 10.0), abs=0.05)
    assert measure.rise_time_s(time_s, noisy, levels) == pytest.approx(0.8, abs=0.03)
    assert measure.overshoot(time_s, noisy, levels) < 0.02


def test_threshold_by_a_ramp_up_and_down() -> None:
    time_s = np.linspace(0.0, 20.0, 20_001)
    driven = np.interp(time_s, [0, 10, 20], [12.0, 14.0, 12.0])
    response = np.where((time_s > 5.0) & (time_s < 17.5), 1.0, 0.0)
    found = measure.threshold(time_s, driven, response)
    assert found == pytest.approx((13.0, 12.5), abs=2e-4)
    assert found.hysteresis == pytest.approx(0.5, abs=4e-4)
    with pytest.raises(MeasureError, match="does not switch"):
        measure.threshold(time_s, driven, np.where(time_s > 5.0, 1.0, 0.0))


def test_what_is_no_transition_is_refused() -> None:
    time_s, value = ramp_step()
    with pytest.raises(MeasureError, match="constant"):
        measure.state_levels(time_s, np.ones(4))
    with pytest.raises(MeasureError, match="never crossed"):
        measure.transition(time_s, value, Levels(20.0, 30.0))
    with pytest.raises(MeasureError, match="does not pass"):
        measure.transition(time_s, value, Levels(0.0, 14.0))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-10.0, 10.0), min_size=3, max_size=30), st.floats(-9.0, 9.0), st.floats(0.0, 2.0),
)
def test_crossings_lie_on_the_waveform_and_alternate(values: list[float], level: float, band: float) -> None:
    time_s, value = np.arange(len(values), dtype=float), np.array(values)
    ups = measure.crossings(time_s, value, level, "rising", band)
    downs = measure.crossings(time_s, value, level, "falling", band)
    both = measure.crossings(time_s, value, level, "both", band)
    assert abs(ups.size - downs.size) <= 1
    assert np.array_equal(np.sort(np.concatenate((ups, downs))), both)
    assert (np.diff(both) >= 0.0).all()
    assert np.interp(both, time_s, value) == pytest.approx(np.full(both.size, level), abs=1e-6)
