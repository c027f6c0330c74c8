"""Inverter and DC loads: power by hand, slopes by differences, cut-off, remote, capacitance."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import loads
from models.parameter_file import ParameterError
from models.remote import SwitchState

P = loads.load_inverter()
DC = loads.load_dc_load()
WORKING = loads.initial_inverter(960.0, 12.8)


def test_constant_power_by_hand() -> None:
    # 960 W are 40 % of 2400 W: 960 / 0.95 + 20 W = 1030.5 W; at 12.8 V 80.51 A out of the battery.
    assert loads.inverter_power_W(WORKING, P) == pytest.approx(960.0 / 0.95 + 20.0)
    current_A, slope_S = loads.inverter_current_and_slope(12.8, WORKING, P)
    assert current_A == pytest.approx(-80.51, abs=0.01)
    assert slope_S == pytest.approx(80.51 / 12.8, abs=0.001)
    assert loads.inverter_power_W(loads.initial_inverter(0.0, 12.8), P) == pytest.approx(20.0)


def test_half_the_voltage_takes_twice_the_current() -> None:
    full, half = (loads.inverter_current_and_slope(v, WORKING, P)[0] for v in (12.0, 6.0))
    assert half == pytest.approx(2.0 * full, rel=1e-6)


def test_current_limit_and_no_voltage() -> None:
    strong = loads.initial_inverter(4800.0, 12.8)
    assert loads.inverter_current_and_slope(8.0, strong, P) == pytest.approx((-500.0, 0.0))
    assert loads.inverter_current_and_slope(0.0, strong, P) == (0.0, 0.0)
    assert loads.inverter_current_and_slope(-1.0, strong, P) == (0.0, 0.0)
    # tanh(0.4 / 0.4) of the limit.
    assert loads.inverter_current_and_slope(0.4, strong, P)[0] == pytest.approx(-500.0 * math.tanh(1.0))


@settings(deadline=None, max_examples=100)
@given(voltage_V=st.floats(0.05, 16.0), demand_W=st.floats(0.0, 6000.0))
def test_inverter_slope_is_the_derivative(voltage_V: float, demand_W: float) -> None:
    state = loads.initial_inverter(demand_W, 12.8)
    step_V = 1e-6
    power_W = loads.inverter_power_W(state, P)
    if abs(power_W - P.highest_A * voltage_V) < 1e-2 * power_W:
        return  # on the corner between power and current limit
    up, down = (loads.inverter_current_and_slope(voltage_V + d, state, P)[0] for d in (step_V, -step_V))
    slope_S = loads.inverter_current_and_slope(voltage_V, state, P)[1]
    assert (up - down) / (2.0 * step_V) == pytest.approx(slope_S, rel=1e-4, abs=1e-3)


def follow(state: loads.InverterState, voltage_V: float, remote: float, duration_s: float) -> loads.InverterState:
    for _ in range(round(10.0 * duration_s)):
        state = loads.step_inverter(state, voltage_V, remote, 0.1, P)
    return state


def test_low_voltage_cut_off_and_restart() -> None:
    low = follow(WORKING, 9.2, 1.0, 0.9)
    assert loads.inverter_power_W(low, P) > 1000.0
    off = follow(low, 9.2, 1.0, 0.2)
    assert loads.inverter_power_W(off, P) == pytest.approx(0.5)
    # Between cut-off (9.3 V) and restart (10.9 V) it stays off; above, it returns after 5 s.
    assert loads.inverter_power_W(follow(off, 10.5, 1.0, 60.0), P) == pytest.approx(0.5)
    assert loads.inverter_power_W(follow(off, 12.0, 1.0, 4.8), P) == pytest.approx(0.5)
    assert loads.inverter_power_W(follow(off, 12.0, 1.0, 5.1), P) > 1000.0


def test_a_short_dip_is_ridden_through() -> None:
    state = follow(follow(follow(WORKING, 8.0, 1.0, 0.9), 12.0, 1.0, 0.1), 8.0, 1.0, 0.9)
    assert state.voltage_good.on == 1.0


def test_inverter_obeys_its_remote() -> None:
    off = follow(WORKING, 12.8, 0.0, 0.3)
    assert loads.inverter_current_and_slope(12.8, off, P)[0] == pytest.approx(-0.5 / 12.8)
    assert loads.inverter_power_W(follow(off, 12.8, 1.0, 0.3), P) > 1000.0


def test_the_capacitance_feeds_an_isolated_inverter() -> None:
    # 0.05 F from 12.8 V: half C (12.8^2 - V^2) = P t; 1030.5 W for 1 ms are 1.03 J.
    state = loads.step_isolated_inverter(WORKING, 1.0, 1e-3, P)
    energy_J = 0.5 * P.capacitance_F * (12.8**2 - state.capacitor_V**2)
    assert energy_J == pytest.approx(1e-3 * loads.inverter_power_W(WORKING, P), rel=1e-9)
    assert loads.precharge_C(12.8, state, P) == pytest.approx(0.05 * (12.8 - state.capacitor_V))
    assert loads.step_isolated_inverter(WORKING, 1.0, 1.0, P).capacitor_V == 0.0


def test_dc_loads_by_hand() -> None:
    # 0.35 S x 13 V = 4.55 A, 3 A, and 6 A in the first 35 % of 1200 s.
    state = loads.initial_dc_load()
    current_A, slope_S = loads.dc_load_current_and_slope(13.0, state, DC)
    assert current_A == pytest.approx(-(4.55 + 3.0 + 6.0))
    assert slope_S == pytest.approx(-0.35)
    later = loads.step_dc_load(state, 13.0, 1.0, 420.0, DC)
    assert loads.dc_load_current_and_slope(13.0, later, DC)[0] == pytest.approx(-7.55)
    again = loads.step_dc_load(later, 13.0, 1.0, 780.0, DC)
    assert again.phase_s == 0.0


def test_mean_of_the_pulses() -> None:
    state, charge_As = loads.initial_dc_load(), 0.0
    for _ in range(12_000):
        charge_As -= 0.1 * loads.dc_load_current_and_slope(13.0, state, DC)[0]
        state = loads.step_dc_load(state, 13.0, 1.0, 0.1, DC)
    assert charge_As / 1200.0 == pytest.approx(4.55 + 3.0 + 6.0 * 0.35, rel=1e-3)


def test_dc_loads_obey_their_remote() -> None:
    off = loads.step_dc_load(loads.initial_dc_load(), 13.0, 0.0, 0.1, DC)
    assert loads.dc_load_current_and_slope(13.0, off, DC) == (0.0, 0.0)
    waiting = loads.step_dc_load(off, 13.0, 1.0, 29.0, DC)
    assert waiting.remote == SwitchState(0.0, 29.0)
    assert loads.dc_load_current_and_slope(13.0, loads.step_dc_load(waiting, 13.0, 1.0, 1.0, DC), DC)[0] < -7.0


def test_no_load_feeds_back() -> None:
    for voltage_V in np.linspace(-2.0, 16.0, 181):
        assert loads.dc_load_current_and_slope(float(voltage_V), loads.initial_dc_load(), DC)[0] <= 0.0
        assert loads.inverter_current_and_slope(float(voltage_V), WORKING, P)[0] <= 0.0


def test_unknown_file_is_refused() -> None:
    with pytest.raises(ParameterError, match="no_such"):
        loads.load_inverter("no_such")
