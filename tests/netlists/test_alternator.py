"""The alternator's static law, and that it is stable with and without a starter battery."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.spice.session import SpiceSession


def law_A(capability_A: float, setpoint_V: float, voltage_V: float, gain_A_V: float) -> float:
    """The contract's formula, typed here again."""
    return (
        capability_A * 0.5 * (1.0 + math.tanh(2.0 * gain_A_V * (setpoint_V - voltage_V) / capability_A - 1.0))
    )


@pytest.mark.parametrize("voltage_V", [13.0, 14.1, 14.3, 14.39, 14.5])
@pytest.mark.parametrize(("capability_A", "gain_A_V"), [(150.0, 450.0), (60.0, 900.0)])
def test_static_law(spice: SpiceSession, voltage_V: float, capability_A: float, gain_A_V: float) -> None:
    deck = f"""* law
.include alternator.cir
vo out 0 {voltage_V!r}
vi imax 0 {capability_A!r}
vs vset 0 14.4
xa out 0 imax vset alternator gain={gain_A_V!r} tau=0.12
"""
    expected_A = law_A(capability_A, 14.4, voltage_V, gain_A_V)
    assert spice.operating_point(deck)["i(vo)"] == pytest.approx(expected_A, rel=1e-6, abs=1e-4)


def test_no_capability_no_current(spice: SpiceSession) -> None:
    deck = """* at rest
.include alternator.cir
vo out 0 12
vi imax 0 0
vs vset 0 14.4
xa out 0 imax vset alternator
"""
    assert abs(spice.operating_point(deck)["i(vo)"]) < 2e-3


@pytest.mark.parametrize("battery", [True, False])
def test_a_load_step_settles_without_lasting_oscillation(spice: SpiceSession, battery: bool) -> None:
    source = "vb be 0 13\nrb be out 5m" if battery else "cl out 0 2.2m\nrl out 0 0.7"
    deck = f"""* stability
.include alternator.cir
{source}
ild out 0 pwl(0 0 1 0 1.001 10)
vi imax 0 150
vs vset 0 14.4
xa out 0 imax vset alternator
"""
    waves = spice.transient(deck, tstop_s=2.0, tmax_s=1e-4, signals=["v(out)"])
    late = waves["v(out)"][waves.time_s > 1.8]
    assert np.ptp(late) < 1e-3
    assert 12.9 < late[-1] < 14.4
