"""Output stages O1..O3 on the bench: levels, limit over temperature, back-feeding, coil turn-off, overload."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.benches import signal_circuits as bench
from cosim.spice.session import SpiceSession


def disconnect(
    spice: SpiceSession, load: str, *, on: float = 1.0, battery_V: float = 13.3, degC: float = 25.0
) -> float:
    """Settled terminal voltage with a load line at node `out`."""
    return float(bench.disconnect(spice, load, on=on, battery_V=battery_V, degC=degC)["v(out)"][-1])


@pytest.mark.parametrize("battery_V", [8.0, 13.3, 15.5])
def test_o1_is_high_at_the_battery_less_a_tenth(spice: SpiceSession, battery_V: float) -> None:
    """At 5 mA: 4.7 ohm and two switches; the datasheet's 0.1 V."""
    assert battery_V - disconnect(spice, "il out 0 5m", battery_V=battery_V) == pytest.approx(0.05, abs=0.05)


@pytest.mark.parametrize("degC", [-40.0, 25.0, 60.0, 85.0])
def test_o1_limits_a_short_to_10_mA_over_temperature(spice: SpiceSession, degC: float) -> None:
    """+15/-30 %; and proportional to absolute temperature within base currents, by the pair's law."""
    short_A = disconnect(spice, "rl out 0 1", degC=degC) / 1.0
    assert 7.0e-3 <= short_A <= 11.5e-3
    assert short_A == pytest.approx(bench.short_by_hand_A(degC), rel=0.12)


def test_the_law_of_the_pair_by_hand() -> None:
    """26 mV x 1.82 / 4.7 ohm = 10 mA at 25 degC."""
    assert bench.short_by_hand_A(25.0) == pytest.approx(0.02569 * math.log(2400.0 / 390.0) / 4.7, rel=1e-3)


def test_o1_floats_when_off_and_sinks_nothing(spice: SpiceSession) -> None:
    """Off: below 1 uA out, and a terminal that is pulled up to 20 V or below ground takes below 0.1 mA.

    On, at the battery's own voltage outside, nothing flows; what is above the battery feeds it (see the netlist).
    """
    assert disconnect(spice, "rl out 0 10k", on=0.0) < 10e-3
    for pull_V in (20.0, -0.3):
        taken_A = (pull_V - disconnect(spice, f"ve ext 0 {pull_V!r}\nrl ext out 1k", on=0.0)) / 1e3
        assert abs(taken_A) < 1e-4
    assert disconnect(spice, "ve ext 0 13.3\nrl ext out 1k") == pytest.approx(13.3, abs=1e-3)


def test_o3_drives_an_ampere(spice: SpiceSession) -> None:
    waves = bench.prealarm(spice, "rl out 0 13.3")
    at = np.searchsorted(waves.time_s, 19e-3)
    assert 13.3 - waves["v(out)"][at] == pytest.approx(0.026, abs=0.01)  # circuit facts: 26 mV at 1 A
    assert abs(waves["v(out)"][0]) < 1e-3  # floats before


def test_o3_drops_a_relay_quickly_and_inside_the_ratings_of_the_switch(spice: SpiceSession) -> None:
    """Coil 85 ohm and 0.4 H: at -18.7 V the current dies in L/R ln(1 + I R/V) = 4.7 ms ln(1 + 13.3/18.7) = 2.5 ms,
    where a plain diode takes 15 ms to a tenth."""
    waves = bench.prealarm(spice, bench.COIL, off_s=bench.COIL_OFF_S)
    assert waves["v(out)"].min() > -20.5
    assert 13.3 - waves["v(out)"].min() < 36.0
    assert bench.coil_clamped_s(waves) == pytest.approx(0.4 / 85 * math.log(1 + 13.3 / 18.7), rel=0.1)
    assert bench.coil_by_hand_s() == pytest.approx(2.53e-3, rel=1e-2)


def test_o3_is_not_short_circuit_proof_and_says_so(spice: SpiceSession) -> None:
    """50 mohm: far above 1 A; the power output tells the damage (hundreds of W in a 30 mohm switch)."""
    waves = bench.prealarm(spice, "rl out 0 0.05", off_s=2e-3)
    assert -waves["i(vb)"].min() > 50.0
    assert waves["v(pq)"].max() > 100.0
