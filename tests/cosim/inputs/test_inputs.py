"""Piecewise-linear inputs: values and corners known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.inputs.signals import Inputs, PiecewiseLinear, total


def test_pulse_has_its_height_and_four_corners() -> None:
    pulse = PiecewiseLinear.pulse(40.0, 2.0, 3.0, 0.5)
    assert pulse.at(np.array([1.9, 2.25, 2.5, 4.9, 5.25, 6.0])).tolist() == [0.0, 20.0, 40.0, 40.0, 20.0, 0.0]
    assert pulse.corners(0.0, 10.0).tolist() == [2.0, 2.5, 5.0, 5.5]


def test_corners_exclude_the_ends_of_the_interval() -> None:
    pulse = PiecewiseLinear.pulse(1.0, 2.0, 3.0, 0.5)
    assert pulse.corners(2.0, 5.0).tolist() == [2.5]


def test_sum_keeps_every_corner_and_adds_values() -> None:
    first = PiecewiseLinear(np.array([0.0, 2.0]), np.array([0.0, 2.0]))
    second = PiecewiseLinear(np.array([1.0, 3.0]), np.array([10.0, 10.0]))
    both = total([first, second])
    assert both.time_s.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert both.at(1.5) == pytest.approx(11.5)


@pytest.mark.parametrize("times", [[1.0, 1.0], [2.0, 1.0]])
def test_times_must_rise(times: list[float]) -> None:
    with pytest.raises(ValueError, match="rise"):
        PiecewiseLinear(np.array(times), np.zeros(2))


def test_sampled_rows_are_in_the_order_of_the_slow_loop() -> None:
    constants = [PiecewiseLinear.constant(v) for v in (1.0, 2.0, 3.0, 4.0)]
    rpm, speed, load, supply = constants
    inputs = Inputs(rpm, speed, load, supply, (1.0, 2.0, 3.0), ())
    assert inputs.sampled(np.array([0.0, 7.0])).tolist() == [[1.0, 2.0, 3.0, 4.0]] * 2


def test_sampled_rows_have_the_bits_of_numpy_whose_windows_ask_it_point_by_point() -> None:
    """The tick loop has rows from its own way along the corners, a window `at`: at corners, between, and beyond."""
    rng = np.random.default_rng(7)
    for corners in (1, 2, 3, 40):
        times = np.unique(rng.integers(0, 300, corners)) / 30.0
        signal, zero = PiecewiseLinear(times, rng.normal(size=times.size)), PiecewiseLinear.constant(0.0)
        ticks = np.sort(np.concatenate([times, np.arange(-20.0, 140.0) * 0.1, rng.uniform(-1.0, 12.0, 50)]))
        rows = Inputs(signal, zero, zero, signal, (1.0, 2.0, 3.0), ()).sampled(ticks)
        assert np.array_equal(rows[:, 0], signal.at(ticks)) and np.array_equal(rows[:, 3], signal.at(ticks))
