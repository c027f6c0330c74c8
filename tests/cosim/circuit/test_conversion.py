"""The second half of a converter's law: output current and powers, by hand and as a balance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.circuit.characteristic import CONVERTER, Controls, limiter_start, port_current_A, powers_W
from cosim.circuit.conversion import given_A, port_powers_W
from cosim.scenario.model import parse_scenario
from cosim.slow.engine import solve_network
from cosim.slow.plant import initial_state, load_parameters

COLD = Controls(enable=1.0, reference_mV=54.0, fuse_degC=25.0, diode_degC=25.0, pass_degC=25.0)
BUCK = limiter_start()._replace(
    kind=CONVERTER, switch_S=0.026, switch_1=0.0264, switch_ohm=2.5e-3, bridge_share=0.6, share_a=0.7, share_b=0.3,
    share_c=0.0, share_d=0.0, pass_ohm=0.9e-3,
)
IDEAL = BUCK._replace(
    fuse_ohm=1e-9, diode_ohm=1e-9, drop_V=0.0, drop_ohm=0.0, drop_knee_V=1e-9, other_ohm=0.0, pass_ohm=1e-9,
    switch_S=0.0, switch_1=0.0, switch_ohm=0.0,
)


def test_without_losses_it_is_a_transformer() -> None:
    assert given_A(14.2, 13.0, 90.0, COLD, IDEAL) == pytest.approx(90.0 * 14.2 / 13.0, rel=1e-6)


def test_output_current_by_hand() -> None:
    """14.2 V, 13.0 V, 90 A: R_f I = 54 mV, diode 45 mV; d = 0.927; the quadratic solved with a calculator."""
    fuse_V = 90.0 * (0.6e-3 + 0.1e-3)
    diode_V = 90.0 * 0.5e-3
    mid_V = 14.2 - fuse_V - diode_V
    duty = (13.0 + 0.9e-3 * 90.0) / mid_V
    weight = duty * (1.0 - duty)
    assert weight == pytest.approx(0.067, abs=1e-3)
    square, linear = 0.9e-3 + weight * 2.5e-3, 13.0 + weight * 0.0264 * mid_V
    left_W = mid_V * 90.0 - weight * 0.026 * mid_V**2
    out_A = (-linear + math.sqrt(linear**2 + 4.0 * square * left_W)) / (2.0 * square)
    assert given_A(14.2, 13.0, 90.0, COLD, BUCK) == pytest.approx(out_A, rel=2e-4)  # the diode's knee is smooth


def test_powers_are_what_stays_inside() -> None:
    out_A = given_A(14.2, 12.5, 80.0, COLD, BUCK)
    powers = port_powers_W(14.2, 12.5, 80.0, out_A, COLD, BUCK)
    assert powers.sum() == pytest.approx(14.2 * 80.0 - 12.5 * out_A, rel=1e-12)
    assert (powers > 0.0).all()
    assert powers[5] == pytest.approx(0.6e-3 * 80.0**2, rel=1e-9)


def test_passes_through_at_full_duty() -> None:
    """Where the drop is what the resistances take, nothing is converted."""
    drop_V = 0.1
    current_A = port_current_A(drop_V, COLD._replace(reference_mV=1000.0), BUCK)
    assert given_A(13.1, 13.0, current_A, COLD, BUCK) == pytest.approx(current_A, rel=1e-3)


@pytest.mark.parametrize("port_A", [-5.0, 0.0])
def test_nothing_is_converted_backwards(port_A: float) -> None:
    assert given_A(14.2, 13.0, port_A, COLD, BUCK) == port_A


def test_a_limiter_gives_what_it_takes() -> None:
    law = limiter_start()
    assert given_A(14.2, 13.0, 90.0, COLD, law) == 90.0
    assert port_powers_W(14.2, 13.0, 90.0, 90.0, COLD, law) == pytest.approx(powers_W(14.2 - 13.0, 90.0, COLD, law))


@pytest.mark.parametrize("emf_V", [14.9, 13.6, 12.5])
def test_the_network_around_it_balances(emf_V: float) -> None:
    """Limiting, passing and blocked: what goes in less what comes out is heat, and the bank takes what comes out."""
    supply = {"kind": "supply", "emf_V": [[0, emf_V]], "resistance_ohm": 0.004}
    asked = {"name": "a", "limiter": "buck", "duration_s": 1.0, "source": supply, "bank": {"soc": 0.3}}
    scenario = parse_scenario(asked)
    p = load_parameters(scenario, BUCK)
    state = initial_state(scenario, p)
    x = solve_network(state, np.array([0.0, 0.0, 0.0, emf_V]), 1.0, 54.0, p)
    powers = port_powers_W(
        x.input_voltage_V, x.battery_voltage_V, x.port_current_A, x.output_current_A, COLD, p.characteristic
    )
    inside_W = x.input_voltage_V * x.port_current_A - x.battery_voltage_V * x.output_current_A
    assert powers.sum() == pytest.approx(inside_W, abs=1e-6)
    assert x.battery_current_A == pytest.approx(x.output_current_A, abs=1e-12)
    if emf_V > 14.0:
        assert x.port_current_A == pytest.approx(90.0, abs=0.5)
        assert x.output_current_A > 1.02 * x.port_current_A
    elif emf_V > 13.0:
        assert 10.0 < x.port_current_A < 89.0
        assert x.output_current_A == pytest.approx(x.port_current_A, rel=5e-3)
    else:
        assert abs(x.port_current_A) < 0.1
