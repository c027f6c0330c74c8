"""Output stages O1..O3 on the bench: levels, limit over temperature, back-feeding, coil turn-off, overload."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.spice import SpiceSession, Waveforms


def disconnect(
    spice: SpiceSession, load: str, *, on: float = 1.0, battery_V: float = 13.3, degC: float = 25.0
) -> float:
    """Settled terminal voltage with a load line at node `out`."""
    deck = f"""* disconnect output
.include disconnect_output.cir
vb vb 0 {battery_V!r}
von on 0 pwl(0 0 1m 0 1.01m {on!r})
x1 vb out 0 on disconnect_output tdegC={degC!r}
{load}
"""
    return float(spice.transient(deck, tstop_s=0.02, tmax_s=5e-5, signals=["v(out)"])["v(out)"][-1])


@pytest.mark.parametrize("battery_V", [8.0, 13.3, 15.5])
def test_o1_is_high_at_the_battery_less_a_tenth(spice: SpiceSession, battery_V: float) -> None:
    """At 5 mA: 4.7 ohm and two switches; the datasheet's 0.1 V."""
    assert battery_V - disconnect(spice, "il out 0 5m", battery_V=battery_V) == pytest.approx(0.05, abs=0.05)


@pytest.mark.parametrize("degC", [-40.0, 25.0, 60.0, 85.0])
def test_o1_limits_a_short_to_10_mA_over_temperature(spice: SpiceSession, degC: float) -> None:
    """+15/-30 %; and proportional to absolute temperature within base currents, by the pair's law."""
    short_A = disconnect(spice, "rl out 0 1", degC=degC) / 1.0
    assert 7.0e-3 <= short_A <= 11.5e-3
    by_hand_A = 8.617e-5 * (degC + 273.15) * math.log(2.4e6 / 390e3) / 4.7
    assert short_A == pytest.approx(by_hand_A, rel=0.12)


def test_o1_floats_when_off_and_sinks_nothing(spice: SpiceSession) -> None:
    """Off: below 1 uA out, and a terminal that is pulled up to 20 V or below ground takes below 0.1 mA.

    On, at the battery's own voltage outside, nothing flows; what is above the battery feeds it (see the netlist).
    """
    assert disconnect(spice, "rl out 0 10k", on=0.0) < 10e-3
    for pull_V in (20.0, -0.3):
        taken_A = (pull_V - disconnect(spice, f"ve ext 0 {pull_V!r}\nrl ext out 1k", on=0.0)) / 1e3
        assert abs(taken_A) < 1e-4
    assert disconnect(spice, "ve ext 0 13.3\nrl ext out 1k") == pytest.approx(13.3, abs=1e-3)


def prealarm(spice: SpiceSession, load: str, *, off_s: float = 20e-3) -> Waveforms:
    deck = f"""* pre-alarm output
.include prealarm_output.cir
vb vb 0 13.3
von on 0 pwl(0 0 1m 0 1.001m 1 {off_s!r} 1 {off_s + 1e-6!r} 0)
x1 vb out 0 on pq prealarm_output
{load}
"""
    return spice.transient(deck, tstop_s=off_s + 20e-3, tmax_s=1e-5, signals=["v(out)", "v(pq)", "i(vb)"])


def test_o3_drives_an_ampere(spice: SpiceSession) -> None:
    waves = prealarm(spice, "rl out 0 13.3")
    at = np.searchsorted(waves.time_s, 19e-3)
    assert 13.3 - waves["v(out)"][at] == pytest.approx(0.026, abs=0.01)  # circuit facts: 26 mV at 1 A
    assert abs(waves["v(out)"][0]) < 1e-3  # floats before


def test_o3_drops_a_relay_quickly_and_inside_the_ratings_of_the_switch(spice: SpiceSession) -> None:
    """Coil 85 ohm and 0.4 H (automotive cube relay class, ours): at -18.7 V the current dies in
    L/R ln(1 + I R/V) = 4.7 ms ln(1 + 13.3/18.7) = 2.5 ms, where a plain diode takes 15 ms to a tenth."""
    waves = prealarm(spice, "lc out m 0.4\nrc m 0 85\n", off_s=60e-3)
    after = waves.time_s > 60e-3
    assert waves["v(out)"].min() > -20.5
    assert 13.3 - waves["v(out)"].min() < 36.0
    clamped = waves.time_s[after][waves["v(out)"][after] < -10.0]
    assert clamped[-1] - 60e-3 == pytest.approx(0.4 / 85 * math.log(1 + 13.3 / 18.7), rel=0.1)


def test_o3_is_not_short_circuit_proof_and_says_so(spice: SpiceSession) -> None:
    """50 mohm: far above 1 A; the power output tells the damage (hundreds of W in a 30 mohm switch)."""
    waves = prealarm(spice, "rl out 0 0.05", off_s=2e-3)
    assert -waves["i(vb)"].min() > 50.0
    assert waves["v(pq)"].max() > 100.0
