"""Alternator: capability, regulator law, losses, heat; requirement A6 from the parameters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import alternator, engine
from models.alternator import AlternatorParameters, AlternatorState

P = alternator.load_alternator("alternator_150A")
TYPES = {name: alternator.load_alternator(f"alternator_{name}") for name in ("80A", "150A", "300A")}
FULL = 1e9


def run(
    p: AlternatorParameters,
    rpm: float,
    demand_A: float,
    air_degC: float,
    start: AlternatorState,
    duration_s: float,
) -> tuple[AlternatorState, float | None]:
    """Return the end state and the time [min] at which a limit was passed."""
    state, passed = start, None
    for second in range(round(duration_s)):
        current_A = min(demand_A, alternator.capability_A(rpm, state.winding_degC, p))
        state = alternator.step(state, current_A, 14.0, rpm, air_degC, 1.0, p)
        if passed is None and alternator.over_limit(state, p):
            passed = second / 60.0
    return state, passed


def warm(p: AlternatorParameters, air_degC: float) -> AlternatorState:
    """An hour at a sixth of the rating at 2250 rpm."""
    return run(p, 2250.0, p.rated_A / 6.0, air_degC, alternator.initial_state(air_degC), 3600.0)[0]


@pytest.mark.parametrize("name", TYPES)
def test_capability_shape(name: str) -> None:
    p = TYPES[name]
    assert alternator.capability_A(900.0, 100.0, p) == 0.0
    assert alternator.capability_A(6000.0, p.capability_degC, p) == pytest.approx(p.rated_A)
    assert 0.5 < alternator.capability_A(1800.0, 100.0, p) / p.rated_A < 0.66
    assert 0.55 < alternator.capability_A(2000.0, 100.0, p) / p.rated_A < 0.68
    speeds = np.linspace(0.0, 15000.0, 400)
    assert np.all(np.diff([alternator.capability_A(n, 100.0, p) for n in speeds]) >= 0.0)


def test_capability_against_a_measured_machine() -> None:
    # Bosch 180 A machine of Sarafianos 2015: 120, 170, 180 A at 2000, 4000, 6000 rpm; ratios to 6000 rpm.
    full_A = alternator.capability_A(6000.0, 25.0, P)
    assert alternator.capability_A(2000.0, 25.0, P) / full_A == pytest.approx(120.0 / 180.0, abs=0.03)
    assert alternator.capability_A(4000.0, 25.0, P) / full_A == pytest.approx(170.0 / 180.0, abs=0.03)


def test_hot_machine_gives_less() -> None:
    # 100 K above the reference: 12 %.
    assert alternator.capability_A(6000.0, 200.0, P) == pytest.approx(150.0 * 0.88)
    assert alternator.capability_A(6000.0, 1000.0, P) == pytest.approx(75.0)


def test_setpoint() -> None:
    assert alternator.setpoint_V(25.0, P) == pytest.approx(14.4)
    assert alternator.setpoint_V(105.0, P) == pytest.approx(14.16)
    assert alternator.setpoint_V(-500.0, P) == 14.8
    assert alternator.setpoint_V(500.0, P) == 13.4


def test_regulator_law_by_hand() -> None:
    # tanh(-1) = -0.76159: 0.1192 of the capability at the set-point; half at Vset - Imax / (2 gain).
    assert alternator.regulated_current_A(14.4, 150.0, 14.4, P) == pytest.approx(
        150.0 * 0.5 * (1.0 - 0.761594156)
    )
    assert alternator.regulated_current_A(14.4 - 150.0 / 900.0, 150.0, 14.4, P) == pytest.approx(75.0)
    assert alternator.regulated_current_A(12.0, 150.0, 14.4, P) == pytest.approx(150.0)
    assert alternator.regulated_current_A(16.0, 150.0, 14.4, P) == pytest.approx(0.0, abs=1e-6)
    assert alternator.regulated_current_A(12.0, 0.0, 14.4, P) == 0.0
    assert alternator.regulated_current_A(12.0, -3.0, 14.4, P) == 0.0


def test_regulator_slope_is_the_gain() -> None:
    middle_V = 14.4 - 150.0 / 900.0
    up, down = (alternator.regulated_current_A(middle_V + d, 150.0, 14.4, P) for d in (1e-4, -1e-4))
    assert (down - up) / 2e-4 == pytest.approx(P.gain_A_V, rel=1e-5)


def test_losses_by_hand() -> None:
    state = AlternatorState(125.0, 100.0, 80.0)
    winding_W, rectifier_W, other_W = alternator.losses_W(100.0, 14.0, 6000.0, state, P)
    assert winding_W == pytest.approx(1e4 * 0.030 * (1.0 + 0.00385 * 100.0))
    assert rectifier_W == pytest.approx(190.0)
    # Capability at 125 degC: 150 x 0.97 = 145.5 A, field 60 W x (100 / 145.5)^2.
    assert other_W == pytest.approx(170.0 + 60.0 + 60.0 * (100.0 / 145.5) ** 2)
    assert alternator.losses_W(0.0, 14.0, 0.0, state, P) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("name", TYPES)
def test_efficiency_is_usual(name: str) -> None:
    p = TYPES[name]
    state = AlternatorState(120.0, 90.0, 80.0)
    assert 0.55 < alternator.efficiency(p.rated_A * 0.95, 14.0, 6000.0, state, p) < 0.65
    assert 0.62 < alternator.efficiency(p.rated_A * 0.4, 14.0, 2000.0, state, p) < 0.8


def test_node_heat_is_all_of_the_losses() -> None:
    assert sum(alternator.node_heat_W((500.0, 200.0, 130.0), P)) == pytest.approx(830.0, rel=1e-14)


def test_one_node_heating_by_hand() -> None:
    # Only the winding, no inner conduction: target = air + P / G, tau = C / G.
    p = P._replace(winding_case_W_K=0.0, rectifier_case_W_K=0.0, core_to_winding=0.0, winding_alpha_per_K=0.0)
    conductance = p.winding_air_W_K * alternator.air_factor(3000.0, p)
    target = 40.0 + 1e4 * p.winding_25_ohm / conductance
    tau_s = p.winding_J_K / conductance
    state = alternator.step(alternator.initial_state(40.0), 100.0, 14.0, 3000.0, 40.0, 120.0, p)
    assert state.winding_degC == pytest.approx(target + (40.0 - target) * math.exp(-120.0 / tau_s), rel=1e-11)


def test_energy_balance_of_a_step() -> None:
    # The heat to the air is integrated over the step independently, by Gauss points of partial steps.
    start = AlternatorState(150.0, 90.0, 60.0)
    args = (100.0, 14.0, 3000.0, 30.0)
    dt_s = 40.0
    end = alternator.step(start, *args, dt_s, P)
    capacities = np.array([P.winding_J_K, P.rectifier_J_K, P.case_J_K])
    stored_J = float(capacities @ (np.array(end) - np.array(start)))
    nodes, weights = np.polynomial.legendre.leggauss(20)
    factor = alternator.air_factor(3000.0, P)
    films = factor * np.array([P.winding_air_W_K, P.rectifier_air_W_K, P.case_air_W_K])
    air_J = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        point = np.array(alternator.step(start, *args, 0.5 * dt_s * (node + 1.0), P))
        air_J += 0.5 * dt_s * weight * float(films @ (point - 30.0))
    heat_J = dt_s * sum(alternator.losses_W(100.0, 14.0, 3000.0, start, P))
    assert stored_J + air_J == pytest.approx(heat_J, rel=1e-9)


def test_still_machine_at_ambient_stays() -> None:
    state = alternator.initial_state(33.0)
    after = alternator.step(state, 0.0, 14.0, 0.0, 33.0, 1000.0, P)
    assert after == pytest.approx(state, abs=1e-9)


def test_error_falls_with_the_step() -> None:
    def end(dt_s: float) -> float:
        state = alternator.initial_state(80.0)
        for _ in range(round(400.0 / dt_s)):
            state = alternator.step(state, 100.0, 14.0, 2250.0, 85.0, dt_s, P)
        return state.winding_degC

    exact = end(0.25)
    assert (end(40.0) - exact) / (end(20.0) - exact) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize(("rpm", "air_degC"), [(2250.0, 90.0), (2500.0, 85.0), (2500.0, 90.0)])
def test_full_output_in_a_hot_bay_passes_the_limit_in_minutes(rpm: float, air_degC: float) -> None:
    # Requirement A6: 'overheat and fail after about 5 minutes at maximum output'.
    _, passed = run(P, rpm, FULL, air_degC, warm(P, air_degC), 900.0)
    assert passed is not None
    assert 4.0 < passed < 7.0


def test_limited_output_while_driving_stays_below() -> None:
    state, passed = run(P, 4500.0, 110.0, 80.0, warm(P, 80.0), 3600.0)
    assert passed is None
    assert state.winding_degC < 180.0
    assert run(P, 4000.0, 110.0, 65.0, warm(P, 65.0), 3600.0)[1] is None


@pytest.mark.parametrize("name", TYPES)
def test_full_output_at_speed_in_cool_air_is_allowed(name: str) -> None:
    state, passed = run(TYPES[name], 6000.0, FULL, 25.0, alternator.initial_state(25.0), 7200.0)
    assert passed is None
    assert state.winding_degC < 170.0


def test_against_a_published_bench_test() -> None:
    # ARCO A275L: stator 305 degF = 152 degC after 60 min of full output at 3000 rpm, room air (22 degC).
    state, _ = run(TYPES["300A"], 3000.0, FULL, 22.0, alternator.initial_state(22.0), 3600.0)
    assert state.winding_degC == pytest.approx(152.0, abs=12.0)


def city(demand_A: float, air_degC: float) -> tuple[float, float | None]:
    """Return the hottest winding and the time [min] of passing the limit in half an hour of stop-and-go."""
    profile = engine.from_segments([("idle", 60.0), ("city", 1740.0)], engine.load_engine())
    state, hottest, passed = alternator.initial_state(air_degC), air_degC, None
    for second in range(1800):
        rpm = engine.alternator_rpm(float(second), profile)
        current_A = min(demand_A, alternator.capability_A(rpm, state.winding_degC, P))
        state = alternator.step(state, current_A, 14.0, rpm, air_degC, 1.0, P)
        hottest = max(hottest, state.winding_degC)
        if passed is None and alternator.over_limit(state, P):
            passed = second / 60.0
    return hottest, passed


def test_limiter_protects_in_the_city() -> None:
    # 90 A into the LFP battery and 20 A of vehicle loads against whatever the alternator can give.
    hottest, passed = city(110.0, 70.0)
    assert passed is None
    assert hottest < 175.0
    _, passed = city(FULL, 70.0)
    assert passed is not None
    assert 4.0 < passed < 8.0


def test_limiter_does_not_protect_at_standing_idle() -> None:
    # 2160 rpm gives less than 110 A, so the limiter never acts (requirement A6: show where it does not
    # protect).
    air_degC = 90.0
    limited, full = (run(P, 2160.0, demand, air_degC, warm(P, air_degC), 1200.0) for demand in (110.0, FULL))
    assert limited == full
    assert limited[1] is not None


def test_90_A_does_not_protect_a_small_alternator() -> None:
    p = TYPES["80A"]
    assert run(p, 4500.0, 110.0, 80.0, warm(p, 80.0), 1200.0)[1] is not None
    # A 40 A fuse (36 A) and 20 A of vehicle loads do.
    assert run(p, 4500.0, 56.0, 80.0, warm(p, 80.0), 3600.0)[1] is None


def test_90_A_protects_a_large_alternator_even_at_idle() -> None:
    p = TYPES["300A"]
    assert run(p, 2250.0, 110.0, 85.0, warm(p, 85.0), 3600.0)[1] is None


@settings(deadline=None, max_examples=60)
@given(voltage_V=st.floats(0.0, 30.0), capability_A=st.floats(0.0, 400.0), rise_V=st.floats(0.0, 5.0))
def test_regulated_current_falls_with_voltage_and_stays_in_range(
    voltage_V: float, capability_A: float, rise_V: float
) -> None:
    low = alternator.regulated_current_A(voltage_V, capability_A, 14.2, P)
    high = alternator.regulated_current_A(voltage_V + rise_V, capability_A, 14.2, P)
    assert 0.0 <= high <= low <= capability_A


@settings(deadline=None, max_examples=40)
@given(rpm=st.floats(0.0, 15000.0), current_A=st.floats(0.0, 150.0), air_degC=st.floats(-40.0, 100.0))
def test_temperatures_stay_above_the_air(rpm: float, current_A: float, air_degC: float) -> None:
    state = alternator.initial_state(air_degC)
    for _ in range(5):
        state = alternator.step(state, current_A, 14.0, rpm, air_degC, 10.0, P)
    assert min(state) >= air_degC - 1e-9
