"""LFP cell and battery: curves, sanity figures, balances, order."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import battery, cell
from models.battery import BatteryParameters, BatteryState

CELL = cell.load_cell()
PACK = battery.load_battery()


def test_ocv_rises_everywhere_and_steeply_at_both_ends() -> None:
    soc = np.linspace(-0.1, 1.1, 1201)
    ocv = np.array([cell.open_circuit_voltage_V(x, CELL) for x in soc])
    assert np.all(np.diff(ocv) > 0.0)
    assert 3.29 < cell.open_circuit_voltage_V(0.5, CELL) < 3.32
    assert cell.ocv_slope_V(0.5, CELL) < 0.2
    assert cell.ocv_slope_V(0.0, CELL) > 20.0
    assert cell.ocv_slope_V(1.0, CELL) > 5.0


def test_published_charge_left_at_2V8() -> None:
    # Requirement B6: about 3 % left at 2.8 V and 1 % at 2.6 V under load; the rest curve must lie near it.
    assert cell.open_circuit_voltage_V(0.03, CELL) > 2.8 > cell.open_circuit_voltage_V(0.01, CELL)
    assert cell.open_circuit_voltage_V(0.01, CELL) > 2.6 > cell.open_circuit_voltage_V(0.0, CELL)


@pytest.mark.parametrize("soc", [-0.02, 0.003, 0.2, 0.77, 0.999, 1.05])
def test_ocv_slope_is_the_derivative(soc: float) -> None:
    h = 1e-6
    secant = (cell.open_circuit_voltage_V(soc + h, CELL) - cell.open_circuit_voltage_V(soc - h, CELL)) / (
        2.0 * h
    )
    assert cell.ocv_slope_V(soc, CELL) == pytest.approx(secant, rel=1e-4)


def test_resistance_temperature_factor() -> None:
    assert cell.temperature_factor(25.0, CELL) == pytest.approx(1.0, rel=1e-12)
    # Measured ratios of the test cell (1 s resistance, 9.66 mohm at 25 degC): 12.24 at 15, 7.56 at 45, 118 at
    # -25.
    assert cell.temperature_factor(15.0, CELL) == pytest.approx(12.24 / 9.66, rel=0.02)
    assert cell.temperature_factor(45.0, CELL) == pytest.approx(7.56 / 9.66, rel=0.02)
    assert cell.temperature_factor(-25.0, CELL) == pytest.approx(117.8 / 9.66, rel=0.08)


def test_polarisation_after_one_time_constant() -> None:
    assert cell.step_polarisation(0.0, 100.0, 2e-4, 20.0, 20.0) == pytest.approx(
        0.02 * (1.0 - math.exp(-1.0))
    )


def test_mean_square_by_quadrature() -> None:
    tau_s, dt_s, start, target = 20.0, 33.0, 0.05, -0.02
    nodes, weights = np.polynomial.legendre.leggauss(30)
    times = 0.5 * dt_s * (nodes + 1.0)
    values = (target + (start - target) * np.exp(-times / tau_s)) ** 2
    expected = 0.5 * float(np.sum(weights * values))
    assert cell.mean_square_V2(start, target, tau_s, dt_s) == pytest.approx(expected, rel=1e-12)
    assert cell.mean_square_V2(start, target, tau_s, 0.0) == start * start


def test_cell_heat_by_hand() -> None:
    # 100 A at soc 0.4 and 25 degC, pairs settled at 0.022 and 0.053 V: I^2 (R0 + R1 + R2) and I T dU/dT.
    irreversible = 1e4 * (2.20e-4 + 2.20e-4 + 5.30e-4)
    reversible = 100.0 * 298.15 * 1.5e-4
    assert cell.heat_W(0.4, 0.022, 0.053, 25.0, 100.0, CELL) == pytest.approx(
        irreversible + reversible, rel=1e-9
    )


def test_battery_resistance_and_drop() -> None:
    state = battery.initial_state(0.5, 25.0, PACK)
    emf_V, resistance_ohm = battery.thevenin(state, PACK)
    assert 13.1 < emf_V < 13.4
    # Four cells of 0.219 mohm and 0.8 mohm of connections.
    assert resistance_ohm == pytest.approx(4.0 * 2.19e-4 + 8e-4, rel=0.01)
    later = battery.step(state, -100.0, 1.0, 25.0, PACK)
    drop_V = emf_V - (battery.thevenin(later, PACK)[0] - 100.0 * battery.thevenin(later, PACK)[1])
    assert 0.15 < drop_V < 0.25


def test_cell_voltages_add_up_to_the_terminal_voltage() -> None:
    state = battery.step(battery.initial_state(0.7, 10.0, PACK), 50.0, 60.0, 10.0, PACK)
    emf_V, resistance_ohm = battery.thevenin(state, PACK)
    total_V = battery.cell_voltages_V(state, 50.0, PACK).sum() + 50.0 * PACK.terminal_resistance_ohm
    assert total_V == pytest.approx(emf_V + 50.0 * resistance_ohm, rel=1e-13)


def test_400_A_discharge_stays_above_the_end_of_discharge() -> None:
    # Requirement B6: 400 A continuous discharge, end of discharge 11.2 V.
    state = battery.initial_state(0.8, 25.0, PACK)
    for _ in range(60):
        state = battery.step(state, -400.0, 10.0, 25.0, PACK)
    emf_V, resistance_ohm = battery.thevenin(state, PACK)
    assert emf_V - 400.0 * resistance_ohm > 11.2


def round_trip(current_A: float) -> float:
    state = battery.initial_state(0.1, 25.0, PACK)
    energy_J = []
    for sign in (1.0, -1.0):
        total_J = 0.0
        for _ in range(int(0.8 * 720_000.0 / current_A / 10.0)):
            emf_V, resistance_ohm = battery.thevenin(state, PACK)
            state = battery.step(state, sign * current_A, 10.0, 25.0, PACK)
            middle_V = 0.5 * (emf_V + battery.thevenin(state, PACK)[0])
            total_J += 10.0 * current_A * (middle_V + sign * current_A * resistance_ohm)
        energy_J.append(total_J)
        for _ in range(360):
            state = battery.step(state, 0.0, 10.0, 25.0, PACK)
    return energy_J[1] / energy_J[0]


def test_round_trip_efficiency_brackets_the_published_92_percent() -> None:
    assert round_trip(100.0) > 0.92 > round_trip(200.0) > 0.86


def test_zero_current_changes_nothing_at_ambient() -> None:
    state = battery.initial_state(0.5, 25.0, PACK)
    later = battery.step(state, 0.0, 1000.0, 25.0, PACK)
    for before, after in zip(state, later, strict=True):
        assert np.array_equal(before, after)
    assert battery.emf_slope_V_s(state, 0.0, PACK) == 0.0


def test_step_does_not_touch_its_input() -> None:
    state = battery.initial_state(0.5, 25.0, PACK)
    copies = [item.copy() for item in state]
    battery.step(state, 100.0, 10.0, 0.0, PACK)
    assert all(np.array_equal(item, copy) for item, copy in zip(state, copies, strict=True))


def test_charge_is_exact() -> None:
    state = battery.initial_state(0.3, 25.0, PACK)
    for _ in range(3600):
        state = battery.step(state, 90.0, 1.0, 25.0, PACK)
    assert state.soc == pytest.approx(0.3 + 90.0 / 200.0, rel=1e-12)


def test_emf_slope_is_the_limit_of_the_step() -> None:
    state = battery.step(battery.initial_state(0.5, 25.0, PACK), -60.0, 30.0, 25.0, PACK)
    h = 1e-3
    after = battery.step(state, 90.0, h, 25.0, PACK)
    secant = (battery.thevenin(after, PACK)[0] - battery.thevenin(state, PACK)[0]) / h
    assert battery.emf_slope_V_s(state, 90.0, PACK) == pytest.approx(secant, rel=1e-4)


def isolated(pack: BatteryParameters) -> BatteryParameters:
    """No heat to the air, no entropic heat and no temperature dependence.

    Every loss must show as temperature.
    """
    core = pack.cell._replace(entropic_V_K=np.zeros_like(pack.cell.entropic_V_K), activation_K=0.0)
    return pack._replace(cell=core, cell_to_ambient_K_W=1e12)


def test_electric_energy_becomes_heat_and_stored_energy() -> None:
    pack = isolated(PACK)
    state = battery.initial_state(0.5, 25.0, pack)
    current_A, dt_s, electric_J, ocv_J = 120.0, 7.0, 0.0, 0.0
    for _ in range(50):
        middle = battery.step(state, current_A, 0.5 * dt_s, 25.0, pack)
        after = battery.step(state, current_A, dt_s, 25.0, pack)
        weights = ((state, 1.0), (middle, 4.0), (after, 1.0))
        for point, weight in weights:
            volts = [cell.open_circuit_voltage_V(x, pack.cell) for x in point.soc]
            ocv_J += current_A * sum(volts) * weight / 6.0 * dt_s
            emf_V, resistance_ohm = battery.thevenin(point, pack)
            electric_J += current_A * (emf_V + current_A * resistance_ohm) * weight / 6.0 * dt_s
        state = after
    capacitance_F = (pack.cell.tau1_s / pack.cell.r1_ohm, pack.cell.tau2_s / pack.cell.r2_ohm)
    pairs_J = float(np.sum(0.5 * capacitance_F[0] * state.v1_V**2 + 0.5 * capacitance_F[1] * state.v2_V**2))
    heat_J = float(np.sum(state.temperature_degC - 25.0)) * pack.cell.heat_capacity_J_K
    assert electric_J - ocv_J == pytest.approx(pairs_J + heat_J, rel=2e-5)


def test_steady_temperature_by_hand() -> None:
    pack = isolated(PACK)._replace(cell_to_ambient_K_W=4.0)
    state = battery.initial_state(0.5, 20.0, pack)
    for sign in [1.0, -1.0] * 3000:
        state = battery.step(state, 100.0 * sign, 60.0, 20.0, pack)
    # Alternating +-100 A with period 120 s: R0 fully, pairs by their mean square; bounds with and without
    # pairs.
    lower = 20.0 + 4.0 * 1e4 * (2.19e-4 + 2e-4)
    upper = lower + 4.0 * 1e4 * (2.2e-4 + 5.3e-4)
    assert lower < state.temperature_degC[0] < upper


def error_V(dt_s: float, exact: BatteryState) -> float:
    state = battery.initial_state(0.5, -10.0, PACK)
    for _ in range(round(600.0 / dt_s)):
        state = battery.step(state, 150.0, dt_s, -10.0, PACK)
    return abs(battery.thevenin(state, PACK)[0] - battery.thevenin(exact, PACK)[0])


def test_error_falls_with_the_step() -> None:
    exact = battery.initial_state(0.5, -10.0, PACK)
    for _ in range(6000):
        exact = battery.step(exact, 150.0, 0.1, -10.0, PACK)
    ratio = error_V(20.0, exact) / error_V(10.0, exact)
    assert 1.7 < ratio < 2.4


@settings(deadline=None, max_examples=40)
@given(
    soc=st.floats(0.05, 0.95),
    current_A=st.floats(-400.0, 400.0),
    degC=st.floats(-20.0, 50.0),
    dt_s=st.floats(0.0, 60.0),
)
def test_step_stays_physical(soc: float, current_A: float, degC: float, dt_s: float) -> None:
    state = battery.step(battery.initial_state(soc, degC, PACK), current_A, dt_s, degC, PACK)
    assert all(np.all(np.isfinite(item)) for item in state)
    assert np.ptp(state.soc) == 0.0
    # Passive: polarisation has the sign of the current and no more than its settled value.
    factor = cell.temperature_factor(degC, PACK.cell)
    assert np.all(state.v1_V * current_A >= 0.0)
    assert np.all(np.abs(state.v1_V) <= abs(current_A) * PACK.cell.r1_ohm * factor * (1.0 + 1e-12))


def test_weak_cell_shows_alone() -> None:
    pack = PACK._replace(capacity_factor=np.array([1.0, 1.0, 0.8, 1.0]))
    state = battery.step(battery.initial_state(0.5, 25.0, pack), -100.0, 720.0, 25.0, pack)
    # 20 Ah out of 200 and out of 160 Ah.
    assert state.soc == pytest.approx([0.4, 0.4, 0.375, 0.4])
