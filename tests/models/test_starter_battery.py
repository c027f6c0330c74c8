"""Lead-acid battery: acceptance, cranking, surface charge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import engine, starter_battery
from models.starter_battery import StarterState, ahead_ohm, ahead_V, prepare_step, step_surface_charge, thevenin

P = starter_battery.load_starter_battery()


def charge_at(voltage_V: float, soc: float, duration_s: float) -> tuple[StarterState, float]:
    state, current_A = starter_battery.initial_state(soc, 25.0, P), 0.0
    for _ in range(round(duration_s / 0.5)):
        emf_V, resistance_ohm = starter_battery.thevenin(state, P)
        current_A = min((voltage_V - emf_V) / resistance_ohm, 60.0)
        state = starter_battery.step(state, current_A, 0.5, 25.0, P)
    return state, current_A


def test_rest_voltage() -> None:
    emf_V, resistance_ohm = starter_battery.thevenin(starter_battery.initial_state(1.0, 25.0, P), P)
    assert (emf_V, resistance_ohm) == pytest.approx((12.72, 7e-3))
    assert starter_battery.open_circuit_voltage_V(0.5, P) == pytest.approx(12.16)


def test_charge_acceptance() -> None:
    assert 1.5 < charge_at(14.2, 0.9, 600.0)[1] < 6.0
    assert 8.0 < charge_at(14.2, 0.5, 600.0)[1] < 30.0
    assert charge_at(14.2, 0.995, 600.0)[1] < 1.0


def test_acceptance_by_hand() -> None:
    # Settled at soc 0.9: Rc = 0.055 / 0.12 = 0.458 ohm; (14.2 - 12.608) / (0.458 + 0.012) = 3.39 A; a little
    # less because soc has moved on.
    assert charge_at(14.2, 0.9, 300.0)[1] == pytest.approx(3.39, rel=0.2)


def test_full_battery_makes_gas_and_no_charge() -> None:
    state = starter_battery.step(starter_battery.initial_state(1.0, 25.0, P), 5.0, 3600.0, 25.0, P)
    assert state.soc == 1.0
    half = starter_battery.charge_rate_1_s(0.975, 7.0, P)
    assert half == pytest.approx(0.5 * 7.0 / (3600.0 * 70.0))
    assert starter_battery.charge_rate_1_s(0.99, -7.0, P) == pytest.approx(-7.0 / (3600.0 * 70.0))


def test_surface_charge_keeps_at_rest_and_goes_with_load() -> None:
    charged, _ = charge_at(14.2, 0.9, 1800.0)
    rested = starter_battery.step(charged, 0.0, 60.0, 25.0, P)
    assert rested.v2_V > 0.9 * charged.v2_V
    loaded = charged
    for _ in range(180):
        loaded = starter_battery.step(loaded, -20.0, 1.0, 25.0, P)
    assert loaded.v2_V < 0.1 * charged.v2_V


def crank(temperature_degC: float) -> np.ndarray:
    profile = engine.crank_profile(engine.load_engine())
    state = starter_battery.initial_state(0.85, temperature_degC, P)
    volts = []
    for time_s in np.arange(0.0, 1.0, 1e-3):
        current_A = engine.crank_current_A(time_s, profile)
        emf_V, resistance_ohm = starter_battery.thevenin(state, P)
        volts.append(emf_V - resistance_ohm * current_A)
        state = starter_battery.step(state, -current_A, 1e-3, temperature_degC, P)
    return np.array(volts)


def test_cranking_dips_and_recovers() -> None:
    warm, cold = crank(25.0), crank(-18.0)
    assert 8.0 < warm.min() < 9.3
    assert np.argmin(warm) < 30
    assert 9.3 < warm[400:700].min() < warm[400:700].max() < 11.0
    assert warm[-1] > 11.8
    assert cold.min() < warm.min() - 1.0


def test_surface_charge_step_through_zero_equals_many_small_steps() -> None:
    whole = step_surface_charge(0.01, -50.0, 0.5, 3e-3, 2400.0, 5.0)
    parts = 0.01
    for _ in range(5000):
        parts = step_surface_charge(parts, -50.0, 0.5, 3e-3, 2400.0, 1e-3)
    assert whole < 0.0
    assert whole == pytest.approx(parts, rel=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    v2_V=st.floats(-0.5, 2.0),
    current_A=st.floats(-300.0, 60.0),
    dt_s=st.floats(1e-3, 100.0),
    part=st.floats(0.05, 0.95),
)
def test_surface_charge_one_step_equals_two(v2_V: float, current_A: float, dt_s: float, part: float) -> None:
    args = (0.458, 3e-3, 2400.0)
    whole = step_surface_charge(v2_V, current_A, *args, dt_s)
    first = step_surface_charge(v2_V, current_A, *args, part * dt_s)
    assert step_surface_charge(first, current_A, *args, (1.0 - part) * dt_s) == pytest.approx(
        whole, rel=1e-9, abs=1e-12
    )


def test_a_current_along_a_straight_line_is_a_held_one_and_what_its_end_adds() -> None:
    """20 A rising by 30 A over 0.2 s, against a thousand steps at the mean current of each."""
    state, t = StarterState(0.8, 0.05, 0.2, 25.0), prepare_step(0.2, P)
    held = starter_battery.step_at(state, 20.0, 1.0, t, 25.0, P)
    v1_V, v2_V = ahead_V(held.v1_V, held.v2_V, 30.0, 1.0, t)
    fine = state
    for k in range(1000):
        fine = starter_battery.step(fine, 20.0 + 30.0 * (k + 0.5) / 1000.0, 2e-4, 25.0, P)
    assert abs(held.v1_V - fine.v1_V) > 0.02  # what is missed without
    assert v1_V == pytest.approx(fine.v1_V, abs=1e-7)
    assert abs(held.v2_V - fine.v2_V) > 1e-3
    assert v2_V == pytest.approx(fine.v2_V, abs=2e-6)
    rise_V = thevenin((held._replace(v1_V=v1_V, v2_V=v2_V)), P)[0] - thevenin(held, P)[0]
    assert rise_V == pytest.approx(30.0 * ahead_ohm(1.0, t), rel=1e-12)


def test_emf_slope_is_the_limit_of_the_step() -> None:
    state, _ = charge_at(14.0, 0.8, 30.0)
    for current_A in (30.0, -150.0):
        after = starter_battery.step(state, current_A, 1e-4, 25.0, P)
        secant = (starter_battery.thevenin(after, P)[0] - starter_battery.thevenin(state, P)[0]) / 1e-4
        assert starter_battery.emf_slope_V_s(state, current_A, P) == pytest.approx(secant, rel=1e-3)


def test_rest_changes_nothing_and_heat_by_hand() -> None:
    state = starter_battery.initial_state(0.8, 25.0, P)
    assert starter_battery.step(state, 0.0, 1000.0, 25.0, P) == state
    assert starter_battery.heat_W(state, 100.0, P) == pytest.approx(70.0)
