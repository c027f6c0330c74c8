"""Integrals, extremes and what a port does, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosim import measure
from cosim.measure import MeasureError

TIMES = np.array([0.0, 0.1, 0.15, 1.0, 3.0])
"""Unequal steps: a mean over points would be wrong."""


def test_straight_lines_are_exact_whatever_the_points() -> None:
    line = 2.0 + 3.0 * TIMES
    assert measure.integral(TIMES, line) == pytest.approx(2.0 * 3.0 + 1.5 * 9.0)
    assert measure.mean(TIMES, line) == pytest.approx(6.5)
    assert measure.integral(TIMES, line, 0.12, 2.0) == pytest.approx(2.0 * 1.88 + 1.5 * (4.0 - 0.0144))


def test_products_are_exact() -> None:
    """Volts 10 + t times amperes 4 - t over 3 s: 40 t - 3 t^2 - t^3/3 = 84."""
    assert measure.energy_J(TIMES, 10.0 + TIMES, 4.0 - TIMES) == pytest.approx(120.0 - 27.0 - 9.0)
    assert measure.i2t_A2s(TIMES, 2.0 * TIMES) == pytest.approx(4.0 * 9.0)
    assert measure.rms(TIMES, 2.0 * TIMES) == pytest.approx(np.sqrt(12.0))


def test_triangle_short_circuit_i2t_by_hand() -> None:
    """700 A reached in 70 us and off in 2 us: I^2 t = 700^2 (70 us + 2 us) / 3 = 11.76 A2s."""
    assert measure.i2t_A2s([0.0, 70e-6, 72e-6], [0.0, 700.0, 0.0]) == pytest.approx(700.0**2 * 72e-6 / 3.0)


def test_extremes_and_time_above() -> None:
    time_s, value = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 4.0, -4.0, 4.0])
    assert measure.highest(time_s, value) == (1.0, 4.0)
    assert measure.lowest(time_s, value) == (2.0, -4.0)
    assert measure.time_above_s(time_s, value, 2.0) == pytest.approx(0.5 + 0.25 + 0.5)
    assert measure.longest_above_s(time_s, value, 2.0) == pytest.approx(0.75)
    assert measure.longest_above_s(time_s, value, 5.0) == 0.0
    assert measure.time_above_s(time_s, value, 4.0) == 0.0


def test_highest_mean_over_any_second() -> None:
    """A pulse of 0.5 s and 100 A on 80 A: 90 A over any second that holds all of it."""
    time_s = np.array([0.0, 2.0, 2.0001, 2.5, 2.5001, 6.0])
    value = np.array([80.0, 80.0, 100.0, 100.0, 80.0, 80.0])
    best = measure.highest_mean(time_s, value, 1.0)
    assert best.value == pytest.approx(90.0, abs=0.01)
    assert 1.5 <= best.time_s <= 2.0001


def test_highest_mean_between_points() -> None:
    """The best second of a triangle is centred on its top, where no point lies at either end: 10 - 10/4 = 7.5."""
    best = measure.highest_mean([0.0, 1.0, 2.0], [0.0, 10.0, 0.0], 1.0)
    assert best == pytest.approx((0.5, 7.5))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-5.0, 5.0), min_size=3, max_size=20), st.floats(0.05, 1.0))
def test_highest_mean_is_not_beaten_by_a_search(values: list[float], share: float) -> None:
    time_s = np.cumsum(0.1 + np.abs(np.sin(np.arange(len(values)))))
    span_s = share * float(time_s[-1] - time_s[0])
    best = measure.highest_mean(time_s, values, span_s)
    starts = np.linspace(time_s[0], time_s[-1] - span_s, 201)
    ends = np.minimum(starts + span_s, time_s[-1])
    area = measure.running_integral(time_s, values, ends) - measure.running_integral(time_s, values, starts)
    assert best.value >= (area / span_s).max() - 1e-9
    assert best.value <= max(values) + 1e-9


def test_ripple_is_not_drift() -> None:
    time_s = np.linspace(0.0, 1e-3, 20_001)
    value = 90.0 + 2000.0 * time_s + 1.5 * np.sin(2.0 * np.pi * 1e5 * time_s)
    assert measure.ripple(time_s, value) == pytest.approx(3.0, rel=1e-2)
    assert np.ptp(value) > 4.0


def test_source_resistance_and_line() -> None:
    amperes = np.array([0.0, 10.0, 50.0, 90.0])
    assert measure.source_resistance_ohm(13.2 - 0.005 * amperes, amperes) == pytest.approx(0.005)
    line = measure.straight_line([0.0, 1.0, 2.0], [0.0, 1.5, 2.0])
    assert (line.slope, line.offset) == pytest.approx((1.0, 1.0 / 6.0))
    assert line.residual == pytest.approx(1.0 / 3.0)


def test_steady_value_is_refused_while_it_drifts() -> None:
    time_s = np.linspace(0.0, 10.0, 1001)
    settled = 17.5e-3 + np.exp(-time_s)
    assert measure.steady(time_s, settled, 1e-3, share=0.2) == pytest.approx(17.5e-3, abs=2e-4)
    with pytest.raises(MeasureError, match="not steady"):
        measure.steady(time_s, time_s, 1e-3)


@pytest.mark.parametrize(
    ("time_s", "value", "why"),
    [
        ([0.0, 1.0, 1.0], [1.0, 2.0, 3.0], "times do not rise at point 2"),
        ([0.0, 1.0, 0.5], [1.0, 2.0, 3.0], "times do not rise"),
        ([0.0, 1.0], [1.0, np.nan], "value 1 of the waveform is not finite"),
        ([0.0, 1.0], [1.0, 2.0, 3.0], "two arrays of one length"),
        ([0.0], [1.0], "at least 2 points"),
    ],
)
def test_what_is_no_waveform_is_refused(time_s: list[float], value: list[float], why: str) -> None:
    with pytest.raises(MeasureError, match=why):
        measure.integral(time_s, value)
    with pytest.raises(MeasureError, match=why):
        measure.i2t_A2s(time_s, value)
    with pytest.raises(MeasureError, match=why):
        measure.highest(time_s, value)


def test_a_part_outside_the_waveform_is_refused() -> None:
    with pytest.raises(MeasureError, match="no part of a waveform"):
        measure.mean([0.0, 1.0], [1.0, 1.0], 0.5, 1.5)
    with pytest.raises(MeasureError, match="no stretch"):
        measure.highest_mean([0.0, 1.0], [1.0, 1.0], 2.0)
