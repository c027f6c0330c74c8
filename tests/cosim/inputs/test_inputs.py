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
