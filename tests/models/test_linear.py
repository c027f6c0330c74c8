"""Exact steps against closed forms, scipy and themselves at other step lengths."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from models.linear import first_order, hermite, interpolate, relax, step_network


def test_relax_decay_by_hand() -> None:
    # dx/dt = -2 x + 6 from 5: target 3, x(0.5) = 3 + 2 exp(-1).
    assert relax(5.0, -2.0, 6.0, 0.5) == pytest.approx(3.0 + 2.0 * math.exp(-1.0), rel=1e-14)


def test_relax_growth_and_zero_rate_by_hand() -> None:
    assert relax(1.0, 0.5, 0.0, 2.0) == pytest.approx(math.e, rel=1e-14)
    assert relax(1.0, 0.0, 0.25, 2.0) == pytest.approx(1.5, rel=1e-14)
    assert math.isfinite(relax(25.0, 10.0, 1.0, 1.0e6))


def test_first_order_reaches_63_percent_after_tau() -> None:
    assert first_order(0.0, 1.0, 3.0, 3.0) == pytest.approx(1.0 - math.exp(-1.0), rel=1e-14)
    assert first_order(0.7, 0.2, 3.0, 0.0) == 0.7


RATE = np.array([[-0.03, 0.01, 0.0], [0.02, -0.5, 0.1], [0.0, 0.004, -0.006]])
SOURCE = np.array([1.0, 0.0, 0.5])
START = np.array([20.0, 80.0, -40.0])


@pytest.mark.parametrize("dt_s", [1e-6, 0.1, 1.0, 37.0, 2000.0])
def test_network_equals_matrix_exponential(dt_s: float) -> None:
    augmented = np.zeros((4, 4))
    augmented[:3, :3], augmented[:3, 3] = RATE, SOURCE
    expected = (expm(augmented * dt_s) @ np.append(START, 1.0))[:3]
    before = START.copy()
    assert step_network(START, RATE, SOURCE, dt_s) == pytest.approx(expected, rel=1e-11)
    assert np.array_equal(START, before)


def test_network_with_zero_input_stays() -> None:
    assert np.array_equal(step_network(np.zeros(3), RATE, np.zeros(3), 5.0), np.zeros(3))


@settings(deadline=None, max_examples=50)
@given(dt_s=st.floats(1e-3, 100.0), part=st.floats(0.01, 0.99))
def test_one_step_equals_two_parts(dt_s: float, part: float) -> None:
    whole = step_network(START, RATE, SOURCE, dt_s)
    half = step_network(step_network(START, RATE, SOURCE, part * dt_s), RATE, SOURCE, (1.0 - part) * dt_s)
    assert half == pytest.approx(whole, rel=1e-10, abs=1e-10)


GRID = np.array([0.0, 1.0, 3.0])
VALUES = np.array([1.0, 2.0, 6.0])


def test_interpolate_by_hand_and_held_outside() -> None:
    assert [interpolate(x, GRID, VALUES) for x in (-1.0, 0.5, 1.0, 2.0, 9.0)] == [1.0, 1.5, 2.0, 4.0, 6.0]


def test_hermite_reproduces_a_cubic_and_continues_straight() -> None:
    # y = x^3 - x: the table of values and slopes determines the cubic.
    values, slopes = GRID**3 - GRID, 3.0 * GRID**2 - 1.0
    for x in (0.25, 0.9, 2.2):
        value, slope = hermite(x, GRID, values, slopes)
        assert value == pytest.approx(x**3 - x, abs=1e-12)
        assert slope == pytest.approx(3.0 * x**2 - 1.0, abs=1e-12)
    assert hermite(4.0, GRID, values, slopes) == pytest.approx((24.0 + 26.0, 26.0))
    assert hermite(-1.0, GRID, values, slopes) == pytest.approx((1.0, -1.0))
