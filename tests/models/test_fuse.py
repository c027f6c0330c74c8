"""MEGA fuse: resistance, heat, time-current bands."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import fuse
from models.parameter_file import ParameterError

P = fuse.load_fuse(100.0)
RATINGS = (40.0, 60.0, 80.0, 100.0, 125.0)


def opening_time_s(
    rating_A: float, percent: float, terminal_degC: float = 23.0, longest_s: float = 15000.0
) -> float:
    p = fuse.load_fuse(rating_A)
    state, time_s = fuse.initial_state(terminal_degC), 0.0
    while not fuse.blown(state):
        if time_s > longest_s:
            return math.inf
        dt_s = max(1e-3, 0.003 * time_s)
        state = fuse.step(state, rating_A * percent / 100.0, terminal_degC, dt_s, p)
        time_s += dt_s
    return time_s


def test_hand_calculation_at_90_A() -> None:
    # Rise at 25 degC 10.5 x 8100 x 0.6e-3 = 51.03 K; (25 + 51.03 x 0.9025) / (1 - 0.0039 x 51.03) = 88.7
    # degC.
    settled = fuse.steady_temperature_degC(90.0, 25.0, P)
    assert settled == pytest.approx(88.709, abs=0.01)
    assert fuse.resistance_ohm(settled, P) == pytest.approx(0.75e-3, rel=0.005)
    assert fuse.resistance_ohm(25.0, P) == pytest.approx(0.60e-3)
    assert fuse.resistance_ohm(-1000.0, P) > 0.0


def test_step_settles_at_the_steady_temperature() -> None:
    state = fuse.initial_state(25.0)
    for _ in range(1000):
        state = fuse.step(state, 90.0, 25.0, 1.0, P)
    assert state.temperature_degC == pytest.approx(fuse.steady_temperature_degC(90.0, 25.0, P), rel=1e-6)
    assert not fuse.blown(state)


@pytest.mark.parametrize("rating_A", RATINGS)
def test_every_rating_has_60_mV_and_equal_temperature(rating_A: float) -> None:
    p = fuse.load_fuse(rating_A)
    assert p.resistance_25_ohm * rating_A == pytest.approx(0.060)
    assert fuse.steady_temperature_degC(0.9 * rating_A, 25.0, p) == pytest.approx(88.709, abs=0.01)


@pytest.mark.parametrize("rating_A", RATINGS)
@pytest.mark.parametrize(
    ("percent", "shortest_s", "longest_s"),
    # Usual bands of MEGA fuses; ours, see the parameter file.
    [(135.0, 120.0, 1800.0), (200.0, 1.0, 15.0), (350.0, 0.3, 5.0), (600.0, 0.1, 1.0)],
)
def test_time_current_bands(rating_A: float, percent: float, shortest_s: float, longest_s: float) -> None:
    assert shortest_s < opening_time_s(rating_A, percent) < longest_s


def test_rated_current_is_carried_for_ever_also_when_hot() -> None:
    assert opening_time_s(100.0, 100.0) == math.inf
    assert opening_time_s(100.0, 100.0, terminal_degC=85.0) == math.inf


def test_load_dump_of_requirement_A4_does_not_open_it() -> None:
    state = fuse.FuseState(fuse.steady_temperature_degC(90.0, 60.0, P), 0.16)
    state = fuse.step(state, 250.0, 60.0, 0.5, P)
    assert not fuse.blown(state)


def test_blown_is_for_good() -> None:
    state = fuse.step(fuse.initial_state(25.0), 1000.0, 25.0, 5.0, P)
    assert fuse.blown(state)
    assert fuse.blown(fuse.step(state, 0.0, 25.0, 1e4, P))


def test_zero_current_relaxes_to_the_terminal() -> None:
    state = fuse.step(fuse.FuseState(100.0, 0.3), 0.0, 40.0, 42.0, P)
    # tau = 10.5 x 4 = 42 s.
    assert state.temperature_degC == pytest.approx(40.0 + 60.0 * math.exp(-1.0))
    assert state.melt_fraction == pytest.approx(0.3 * math.exp(-42.0 / 4.0))


def test_adiabatic_heating_by_hand() -> None:
    # 1 ms of 1 kA: 1e6 x 0.6e-3 x 1e-3 / 4 = 0.15 K; melted 1e6 x 1e-3 / 1.3e5 = 0.77 %.
    state = fuse.step(fuse.initial_state(25.0), 1000.0, 25.0, 1e-3, P)
    assert state.temperature_degC - 25.0 == pytest.approx(0.15, rel=1e-3)
    assert state.melt_fraction == pytest.approx(1.0 / 130.0, rel=1e-3)


def test_runaway_has_no_steady_temperature() -> None:
    # 1 / sqrt(0.0039 x 10.5 x 0.6e-3) = 201.7 A.
    assert fuse.steady_temperature_degC(202.0, 25.0, P) == 1e6
    assert fuse.steady_temperature_degC(200.0, 25.0, P) < 1e6


@settings(deadline=None, max_examples=60)
@given(current_A=st.floats(-300.0, 300.0), dt_s=st.floats(1e-4, 3.0), part=st.floats(0.01, 0.99))
def test_one_step_equals_two(current_A: float, dt_s: float, part: float) -> None:
    start = fuse.FuseState(60.0, 0.05)
    whole = fuse.step(start, current_A, 30.0, dt_s, P)
    parts = fuse.step(
        fuse.step(start, current_A, 30.0, part * dt_s, P), current_A, 30.0, (1.0 - part) * dt_s, P
    )
    assert parts.temperature_degC == pytest.approx(whole.temperature_degC, rel=1e-9)
    assert fuse.blown(parts) == fuse.blown(whole)
    if not fuse.blown(whole):  # an open fuse keeps the fraction at which it opened
        assert parts.melt_fraction == pytest.approx(whole.melt_fraction, rel=1e-9)


def test_energy_balance_with_constant_resistance() -> None:
    p = P._replace(alpha_per_K=0.0)
    start, dt_s = fuse.FuseState(30.0, 0.0), 9.0
    end = fuse.step(start, 120.0, 25.0, dt_s, p)
    heat_W = fuse.heat_W(start, 120.0, p)
    stored_J = p.heat_capacity_J_K * (end.temperature_degC - 30.0)
    # Closed form of the integral of an exponential approach.
    tau_s = p.heat_capacity_J_K * p.thermal_resistance_K_W
    target = 25.0 + heat_W * p.thermal_resistance_K_W
    mean_degC = target + (30.0 - target) * tau_s / dt_s * (1.0 - math.exp(-dt_s / tau_s))
    assert stored_J + dt_s * (mean_degC - 25.0) / p.thermal_resistance_K_W == pytest.approx(
        heat_W * dt_s, rel=1e-9
    )


def test_unknown_rating_is_refused() -> None:
    with pytest.raises(ParameterError, match="rating_A: 70; allowed: 40, 60, 80, 100, 125"):
        fuse.load_fuse(70.0)
