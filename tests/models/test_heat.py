"""Device ladders and the box: steady states, conservation, order, stability."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from models import heat

BOX = heat.load_box()
R, C = BOX.cauer.resistance_K_W, BOX.cauer.capacity_J_K
POWER = np.array([12.0, 30.0, 25.0, 0.0, 41.0])


def ladder_matrices() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A and B (power, heatsink) of one ladder, written out independently of the code under test."""
    n = C.size
    a, b = np.zeros((n, n)), np.zeros((n, 2))
    b[0, 0] = 1.0 / C[0]
    for k in range(n):
        a[k, k] -= 1.0 / (R[k] * C[k])
        if k + 1 < n:
            a[k, k + 1] += 1.0 / (R[k] * C[k])
            a[k + 1, k] += 1.0 / (R[k] * C[k + 1])
            a[k + 1, k + 1] -= 1.0 / (R[k] * C[k + 1])
        else:
            b[k, 1] += 1.0 / (R[k] * C[k])
    return a, b


def exact_ladder(
    start: NDArray[np.float64], power_W: float, sink_degC: float, dt_s: float
) -> NDArray[np.float64]:
    a, b = ladder_matrices()
    n = C.size
    augmented = np.zeros((n + 1, n + 1))
    augmented[:n, :n], augmented[:n, n] = a, b @ np.array([power_W, sink_degC])
    result: NDArray[np.float64] = (expm(augmented * dt_s) @ np.append(start, 1.0))[:n]
    return result


def test_junction_to_case_is_the_data_sheet_value() -> None:
    # IAUT300N08S5N012: 0.4 K/W; the last resistance is board and paste.
    assert R[:-1].sum() == pytest.approx(0.4)


def settled_ladder(sink_degC: float, power_W: float) -> NDArray[np.float64]:
    """L-stable means a factor of about 1/z per huge step, so a few of them."""
    nodes = np.full(C.size, sink_degC)
    for _ in range(4):
        nodes = heat.step_cauer(nodes, power_W, sink_degC, R, C, 1e6)
    return nodes


def test_steady_ladder_by_hand() -> None:
    nodes = settled_ladder(60.0, 50.0)
    assert nodes == pytest.approx(
        [60.0 + 50.0 * 0.8, 60.0 + 50.0 * 0.72, 60.0 + 50.0 * 0.55, 60.0 + 50.0 * 0.4]
    )


@pytest.mark.parametrize("dt_s", [1e-6, 1e-4, 1e-2])
def test_ladder_follows_the_exact_solution(dt_s: float) -> None:
    start = np.array([90.0, 80.0, 75.0, 65.0])
    nodes = start
    for _ in range(100):
        nodes = heat.step_cauer(nodes, 200.0, 60.0, R, C, dt_s)
    assert nodes == pytest.approx(exact_ladder(start, 200.0, 60.0, 100.0 * dt_s), abs=0.05)


def test_ladder_is_second_order() -> None:
    start = np.array([90.0, 80.0, 75.0, 65.0])
    errors = []
    for count in (200, 400):
        nodes = start
        for _ in range(count):
            nodes = heat.step_cauer(nodes, 200.0, 60.0, R, C, 0.02 / count)
        errors.append(float(np.abs(nodes - exact_ladder(start, 200.0, 60.0, 0.02)).max()))
    assert errors[0] / errors[1] == pytest.approx(4.0, abs=0.5)


def test_ladder_does_not_touch_its_input() -> None:
    start = np.array([90.0, 80.0, 75.0, 65.0])
    heat.step_cauer(start, 10.0, 60.0, R, C, 1.0)
    assert np.array_equal(start, [90.0, 80.0, 75.0, 65.0])
    assert np.array_equal(heat.step_cauer(start, 10.0, 60.0, R, C, 0.0), start)


def test_ladder_at_rest_stays() -> None:
    nodes = heat.step_cauer(np.full(4, 41.0), 0.0, 41.0, R, C, 3.0)
    assert nodes == pytest.approx(np.full(4, 41.0), rel=1e-13)


def test_linear_thermal_is_exact() -> None:
    a, b = ladder_matrices()
    step = heat.linear_thermal(a, b, 0.1)
    start = np.array([90.0, 80.0, 75.0, 65.0])
    nodes = start
    for _ in range(7):
        nodes = heat.step_linear_thermal(nodes, np.array([200.0, 60.0]), step)
    assert nodes == pytest.approx(exact_ladder(start, 200.0, 60.0, 0.7), rel=1e-10)


def test_steady_box_by_hand() -> None:
    state = heat.initial_box(25.0, 5, BOX)
    for _ in range(4):
        state = heat.step_box(state, POWER, 6.0, 25.0, 1e9, BOX)
    # Stud: 6 W and its own way to the air; unknowns heatsink h and stud t over 25 degC.
    # h/0.6 + (h - t)/2.5 = 108, t/4 + (t - h)/2.5 = 6.
    matrix = np.array([[1.0 / 0.6 + 0.4, -0.4], [-0.4, 0.25 + 0.4]])
    rise = np.linalg.solve(matrix, [108.0, 6.0])
    assert state.heatsink_degC == pytest.approx(25.0 + rise[0], rel=1e-7)
    assert state.terminal_degC == pytest.approx(25.0 + rise[1], rel=1e-7)
    assert state.junction_degC[:, 0] == pytest.approx(25.0 + rise[0] + 0.8 * POWER, rel=1e-7)


def stored_J(state: heat.BoxState) -> float:
    return float(
        BOX.heatsink_J_K * state.heatsink_degC
        + BOX.terminal_J_K * state.terminal_degC
        + (state.junction_degC @ C).sum()
    )


@pytest.mark.parametrize("dt_s", [1e-4, 0.1, 10.0, 1e4])
def test_box_conserves_energy_without_air(dt_s: float) -> None:
    closed = BOX._replace(heatsink_ambient_K_W=1e15, terminal_ambient_K_W=1e15)
    start = heat.initial_box(25.0, 5, closed)
    start = heat.step_box(start, POWER, 6.0, 25.0, 3.0, closed)
    end = heat.step_box(start, POWER, 6.0, 25.0, dt_s, closed)
    assert stored_J(end) - stored_J(start) == pytest.approx(dt_s * (POWER.sum() + 6.0), rel=1e-9, abs=1e-7)


def test_box_balance_with_air() -> None:
    # Small steps: the heat to the air by the trapezoid of the states must close the balance (second order in
    # dt).
    state = heat.initial_box(20.0, 5, BOX)
    start_J, air_J, dt_s = stored_J(state), 0.0, 0.05
    for _ in range(4000):
        after = heat.step_box(state, POWER, 6.0, 25.0, dt_s, BOX)
        for heatsink, terminal in ((state[0], state[1]), (after[0], after[1])):
            air_J += 0.5 * dt_s * ((heatsink - 25.0) / 0.6 + (terminal - 25.0) / 4.0)
        state = after
    assert stored_J(state) - start_J + air_J == pytest.approx(200.0 * (POWER.sum() + 6.0), rel=1e-6)


def test_stage_mean_closes_the_balance_to_rounding() -> None:
    # A box without devices and stud exchange is one node, T' = (P + G (Ta - T)) / C.
    # SDIRK of Alexander: T1 = (T0 + g h u) / (1 + g h l), and the air heat is h G (sum of b_i T_i - Ta).
    lone = BOX._replace(terminal_heatsink_K_W=1e15)
    start = heat.initial_box(80.0, 0, lone)
    dt_s, rate = 100.0, 1.0 / (0.6 * 1500.0)
    first = (80.0 + heat.GAMMA * dt_s * rate * 25.0) / (1.0 + heat.GAMMA * dt_s * rate)
    end = heat.step_box(start, np.zeros(0), 0.0, 25.0, dt_s, lone)
    mean_degC = (1.0 - heat.GAMMA) * first + heat.GAMMA * end.heatsink_degC
    assert 1500.0 * (80.0 - end.heatsink_degC) == pytest.approx(dt_s * (mean_degC - 25.0) / 0.6, rel=1e-9)


def test_box_time_constant_is_about_15_minutes() -> None:
    # 0.6 K/W x 1.5 kJ/K = 900 s.
    lone = BOX._replace(terminal_heatsink_K_W=1e15)
    state = heat.initial_box(25.0, 0, lone)
    for _ in range(900):
        state = heat.step_box(state, np.zeros(0), 0.0, 125.0, 1.0, lone)
    assert state.heatsink_degC == pytest.approx(25.0 + 100.0 * (1.0 - np.exp(-1.0)), abs=0.01)


def test_box_step_does_not_touch_its_input() -> None:
    start = heat.initial_box(25.0, 5, BOX)
    heat.step_box(start, POWER, 6.0, 25.0, 10.0, BOX)
    assert np.all(start.junction_degC == 25.0)
    same = heat.step_box(start, POWER, 6.0, 25.0, 0.0, BOX)
    assert same.junction_degC is not start.junction_degC
    assert np.array_equal(same.junction_degC, start.junction_degC)


def test_flow_into_the_heatsink() -> None:
    nodes = settled_ladder(25.0, 30.0)
    assert heat.heatsink_flow_W(nodes, 25.0, BOX.cauer) == pytest.approx(30.0)


@settings(deadline=None, max_examples=50)
@given(dt_s=st.floats(1e-6, 1e5), power_W=st.floats(0.0, 500.0), air_degC=st.floats(-40.0, 60.0))
def test_box_never_cools_below_the_air(dt_s: float, power_W: float, air_degC: float) -> None:
    state = heat.initial_box(air_degC, 5, BOX)
    for _ in range(3):
        state = heat.step_box(state, np.full(5, power_W), 0.0, air_degC, dt_s, BOX)
    assert state.junction_degC.min() >= air_degC - 1e-6
    assert np.all(np.isfinite(state.junction_degC))
