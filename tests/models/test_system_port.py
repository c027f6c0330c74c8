"""System+ port: pre-charge against its exponential, directions, and the node that is left alone."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models import chargers, loads, system, system_port

EMF_V, SOURCE_OHM = 13.2, 1.5e-3
P = system.gathered([loads.load_inverter(), chargers.load_charger()], [False] * 2, 2e-3, 5e-4)
"""An inverter with 50 mF and a mains charger; 1 mF of the node besides."""


def devices(demand_W: float, offered_W: float, on: bool = True) -> NDArray[np.float64]:
    state = system.initial_state(13.0 if on else 0.0, P)
    system.fill_laws(state, np.array([demand_W, offered_W]), P)
    return state


def passed(gate: system_port.Gate, before_V: float) -> tuple[float, float]:
    """Current of the port and voltage at the devices."""
    alone_V = system_port.isolated_V(before_V, gate, P)
    current_A, volts, _, _ = system_port.passing(EMF_V, SOURCE_OHM, alone_V, before_V, gate, P)
    return current_A, volts


def test_precharge_follows_the_exponential_of_its_resistor() -> None:
    """13.2 V (1 - exp(-t / RC)), R = 6.5 ohm and 2 mohm of path, C = 51 mF: 0.3316 s; first current 2.03 A."""
    devices(0.0, 0.0, on=False)
    gate = system_port.gate_of(0.0, 0.0, 1.0, 0.0, 0.1, P)
    volts, largest_A = 0.0, 0.0
    for tick in range(1, 21):
        current_A, volts = passed(gate, volts)
        expected_V = EMF_V * (1.0 - math.exp(-0.1 * tick / (6.502 * 0.051)))
        assert volts == pytest.approx(expected_V, rel=3e-4)  # the source's own 1.5 mohm are not in the step
        largest_A = max(largest_A, -current_A)
    assert 1.0 < largest_A < EMF_V / 6.5
    # Within 1 V of the battery after 0.3316 ln(13.2) = 0.856 s.
    assert EMF_V - volts < 0.04


def test_a_long_step_ends_where_short_ones_do() -> None:
    devices(0.0, 0.0, on=False)
    one = passed(system_port.gate_of(0.0, 0.0, 1.0, 0.0, 1.0, P), 0.0)[1]
    volts = 0.0
    for _ in range(100):
        volts = passed(system_port.gate_of(0.0, 0.0, 1.0, 0.0, 0.01, P), volts)[1]
    assert one == pytest.approx(volts, rel=5e-4)


def test_both_gates_are_a_resistance() -> None:
    devices(1000.0, 0.0)
    power_W = system.current_and_slope(13.0, P)[0] * -13.0
    current_A, volts = passed(system_port.gate_of(1.0, 1.0, 0.0, 0.0, 0.1, P), 13.0)
    assert volts == pytest.approx(EMF_V + (SOURCE_OHM + 2e-3) * current_A, abs=1e-12)
    assert -current_A * volts == pytest.approx(power_W, rel=1e-12)


def test_discharge_only_lets_loads_live_from_the_battery_and_keeps_chargers_out() -> None:
    gate = system_port.gate_of(0.0, 1.0, 0.0, 0.0, 0.1, P)
    devices(1000.0, 0.0)
    current_A, volts = passed(gate, 13.19)
    # A drop of some 80 A over 3.5 mohm, not that of a body diode (S5).
    assert -90.0 < current_A < -75.0
    assert volts == pytest.approx(EMF_V + (SOURCE_OHM + 2e-3) * current_A, abs=1e-9)
    devices(100.0, 1000.0)
    volts = 13.2
    for _ in range(20):
        current_A, volts = passed(gate, volts)
    assert current_A == 0.0
    charger = chargers.load_charger()
    assert charger.absorption_V - 0.2 < volts < charger.absorption_V  # it regulates, with the inverter as its load
    assert abs(system.current_and_slope(volts, P)[0]) < 0.05


def test_charge_only_lets_the_node_break_down_under_a_load() -> None:
    gate = system_port.gate_of(1.0, 0.0, 0.0, 0.0, 0.1, P)
    devices(1000.0, 0.0)
    current_A, volts = passed(gate, 13.2)
    assert current_A == 0.0
    assert 0.0 <= volts < 0.5
    devices(100.0, 1000.0)
    current_A, volts = passed(gate, 13.2)
    assert 50.0 < current_A < 70.0
    assert volts > EMF_V


def test_a_weak_charger_lifts_the_node_before_it_charges() -> None:
    """20 W offered less the charger's own needs into 51 mF from 5 V: energy in, and nothing into the battery yet."""
    devices(0.0, 40.0, on=False)
    gate = system_port.gate_of(1.0, 0.0, 0.0, 0.0, 0.01, P)
    volts, energy_J = 5.0, 0.0
    power_W = system.current_and_slope(8.0, P)[0] * 8.0
    ticks = 0
    while volts < 13.0:
        current_A, volts = passed(gate, volts)
        assert current_A == 0.0
        energy_J += power_W * 0.01
        ticks += 1
    assert ticks > 3
    assert energy_J == pytest.approx(0.5 * 0.051 * (volts**2 - 25.0), rel=0.1)  # backward Euler: half a step late


def test_the_current_falls_to_nothing_where_a_direction_begins_to_block() -> None:
    """Either side of the voltage that the node has by itself: no jump of the stud."""
    devices(100.0, 300.0)
    gate = system_port.gate_of(1.0, 0.0, 0.0, 0.0, 0.1, P)
    alone_V = system_port.isolated_V(13.0, gate, P)
    near = [system_port.passing(alone_V + d, SOURCE_OHM, alone_V, 13.0, gate, P)[0] for d in (-1e-7, 1e-7)]
    assert near[1] == 0.0
    assert 0.0 <= near[0] < 1e-3


def test_the_slope_of_the_stud_is_its_derivative() -> None:
    devices(800.0, 300.0)
    for gate in (system_port.gate_of(1.0, 1.0, 0.0, 0.0, 0.1, P), system_port.gate_of(0.0, 1.0, 0.0, 0.0, 0.1, P),
                 system_port.gate_of(0.0, 0.0, 1.0, 0.0, 0.1, P)):
        alone_V = system_port.isolated_V(13.0, gate, P)
        step = 1e-5

        def stud_V(emf_V: float, gate: system_port.Gate = gate, alone_V: float = alone_V) -> float:
            return emf_V + SOURCE_OHM * system_port.passing(emf_V, SOURCE_OHM, alone_V, 13.0, gate, P)[0]

        follows = system_port.passing(EMF_V, SOURCE_OHM, alone_V, 13.0, gate, P)[2]
        assert follows == pytest.approx((stud_V(EMF_V + step) - stud_V(EMF_V - step)) / (2.0 * step), rel=1e-5)


@pytest.mark.parametrize("demand_W", range(0, 875, 25))
def test_a_node_with_more_charging_than_load_rises_whatever_the_load(demand_W: int) -> None:
    """S4, discharge only: an inverter's constant power gives the node a second root, broken down, near 0 V."""
    gate = system_port.gate_of(0.0, 1.0, 0.0, 0.0, 0.1, P)
    devices(float(demand_W), 1200.0)
    assert system.current_and_slope(EMF_V, P)[0] > 0.0, "the charger gives more than the inverter takes"
    current_A, volts = passed(gate, EMF_V)
    assert current_A == 0.0
    assert volts > EMF_V
