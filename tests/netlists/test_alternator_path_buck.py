"""The synchronous buck on the bench: limit, soft start, frequency, losses by hand, pass-through, blocking, ripple."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cosim.benches.limiter_bench import AVERAGED, BUCK, POWERS, LimiterBench, Steady, run, steady
from cosim.circuit.periodic import rises
from cosim.spice.session import SpiceSession

BENCH = LimiterBench(BUCK)
HOT_FUSE_degC = 25.0 + 0.25 / 0.0039  # 0.60 mohm cold becomes 0.75 mohm
WARM = LimiterBench(BUCK, reference_mV=67.5, fuse_degC=HOT_FUSE_degC, junction_degC=60.0)


@pytest.fixture(scope="module")
def orbit(spice: SpiceSession) -> Steady:
    """90 A at 25 degC, from 14.2 V at the stud into 13.1 V."""
    return steady(spice, BENCH)


CARDS = {"N60": (0.22, 450.0, 0.12), "N100": (0.95, 260.0, 0.15)}
"""Drain resistance [mohm], transconductance [A/V2] and package [mohm] by the head of devices.lib."""


def on_mohm(model: str, junction_degC: float, gate_V: float = 10.0) -> float:
    """One device with its package."""
    drain_mohm, gain, package_mohm = CARDS[model]
    kelvin, nominal = junction_degC + 273.15, 300.15
    threshold = 3.1 - 8e-3 * (kelvin - nominal)
    ratio = kelvin / nominal
    channel = gain * float(np.power(ratio, -1.27)) * (gate_V - threshold)
    return drain_mohm * float(np.power(ratio, 1.5)) + 1e3 / channel + package_mohm


def input_pair_mohm(junction_degC: float) -> float:
    """Blocking switch (4 x N100) and ideal diode (2 x N60), gates at 11 V."""
    return on_mohm("N100", junction_degC, 11.0) / 4.0 + on_mohm("N60", junction_degC, 11.0) / 2.0


def hand_loss_W(found: Steady, junction_degC: float, fuse_mohm: float) -> float:
    """Conduction, copper, core, edges, dead times and input bank, from currents and voltages alone."""
    into, out, mid_V, lb_V = (found.mean[name] for name in ("in_A", "out_A", "mid_V", "lb_V"))
    pair_ohm = 1e-3 * on_mohm("N60", junction_degC) / 2.0
    q1_ohm = 1e-3 * input_pair_mohm(junction_degC)
    coil_ohm = 0.35e-3 * (1.0 + 0.0039 * (junction_degC - 25.0))
    duty = lb_V / mid_V
    ripple_A = 9.0 + 0.15e-6 * mid_V / 1.5e-6
    frequency_Hz = duty * (1.0 - duty) * mid_V / (1.5e-6 * ripple_A)
    conduction = into**2 * (1e-3 * fuse_mohm + q1_ohm) + out**2 * (pair_ohm + coil_ohm)
    edges = 0.5 * mid_V * out * 35e-9 * frequency_Hz
    dead = 2.0 * 0.8 * out * 70e-9 * frequency_Hz
    bank = duty * (1.0 - duty) * out**2 * 2.6e-3
    core = duty * (1.0 - duty) * mid_V**2 / 40.0
    return conduction + edges + dead + bank + core


def without_fuse_W(found: Steady) -> float:
    return found.loss_W - found.power_W["pfuse"]


def test_limits_the_fuse_current(orbit: Steady) -> None:
    assert orbit.mean["in_A"] == pytest.approx(90.0, rel=0.03)  # A3
    assert orbit.mean["in_A"] == pytest.approx(90.0, rel=2e-3)  # what an integrator gives
    assert abs(orbit.drift["in_A"]) < 0.1


def test_gives_out_more_current_than_it_takes(orbit: Steady) -> None:
    """By the voltage ratio, less the loss."""
    m = orbit.mean
    assert m["out_A"] == pytest.approx((m["ab_V"] * m["in_A"] - orbit.loss_W) / m["lb_V"], rel=1e-3)
    assert m["out_A"] > 1.05 * m["in_A"]


def test_frequency_by_hand(orbit: Steady) -> None:
    """d (1 - d) V / (L dI), with dI = 9 A + 0.15 us of delay x V / L; asked: 60..130 kHz."""
    duty, mid_V = orbit.mean["lb_V"] / orbit.mean["mid_V"], orbit.mean["mid_V"]
    assert orbit.frequency_Hz == pytest.approx(duty * (1.0 - duty) * mid_V / (1.5e-6 * (9.0 + 1.4)), rel=0.15)
    assert 50e3 < orbit.frequency_Hz < 130e3


def test_power_balance_over_whole_periods(orbit: Steady) -> None:
    assert sum(orbit.power_W[p] for p in POWERS) == pytest.approx(orbit.loss_W, rel=0.01)


def test_loss_by_hand(orbit: Steady) -> None:
    assert orbit.loss_W == pytest.approx(hand_loss_W(orbit, 25.0, 0.6), rel=0.05)
    assert orbit.power_W["pfuse"] == pytest.approx(0.6e-3 * 90.0**2, rel=0.01)
    assert without_fuse_W(orbit) < 20.0  # circuit_facts A, warmer


def test_conducted_ripple(orbit: Steady) -> None:
    """The input bank's 3 mohm x 100 A, divided by cable and dampers; 10 A of inductor ripple into 100 uF, 10 mohm."""
    assert 0.05 < orbit.ripple["source_A"] < 0.3
    assert 0.1 < orbit.ripple["battery_A"] < 0.8
    assert orbit.ripple["mid_V"] < 0.6
    assert orbit.ripple["ab_V"] < 0.4
    assert orbit.ripple["lb_V"] < 0.3


def test_companion_agrees(spice: SpiceSession, orbit: Steady) -> None:
    """Currents within 1 %, loss within 3 %, each bank within 0.15 W + 5 %."""
    mean = steady(spice, replace(BENCH, circuit=AVERAGED))
    for name in ("in_A", "out_A", "ab_V", "mid_V", "lb_V"):
        assert mean.mean[name] == pytest.approx(orbit.mean[name], rel=1e-2), name
    assert mean.loss_W == pytest.approx(orbit.loss_W, rel=0.03)
    for name in POWERS:
        assert mean.power_W[name] == pytest.approx(orbit.power_W[name], rel=0.05, abs=0.15), name


def test_passes_through_below_the_limit(spice: SpiceSession) -> None:
    """The high side never opens; what remains is the resistance of fuse, Q1, HS and coil."""
    waves = run(spice, replace(BENCH, source_V="13.4"), 12e-3, 5e-6, "v(xpath.hc)")
    late = waves.time_s > 6e-3
    assert waves["v(xpath.hc)"][late].min() > 0.999
    current_A = float(waves["i(vipin)"][-1])
    assert float(waves["i(vipout)"][-1]) == pytest.approx(current_A, abs=0.05)
    ohm = 1e-3 * (0.6 + on_mohm("N60", 25.0) / 2.0 + input_pair_mohm(25.0) + 0.35)
    drop_V = float(waves["v(ab)"][-1] - waves["v(lb)"][-1])
    assert 20.0 < current_A < 60.0
    assert drop_V / current_A == pytest.approx(ohm, rel=0.05)


@pytest.mark.parametrize(("source_V", "battery_V", "enable"), [("15", "12", "0"), ("10", "14", "0"), ("12", "13", "1")])
def test_blocks(spice: SpiceSession, source_V: str, battery_V: str, enable: str) -> None:
    """Disabled both ways; enabled backwards (A2: at most 1 mA)."""
    on = "pwl(0 0 0.1m 0 0.101m 1)" if enable == "1" else "0"
    bench = replace(BENCH, source_V=source_V, battery_V=battery_V, enable=on)
    waves = run(spice, bench, 30e-3, 20e-6)
    assert abs(waves["i(vipin)"][-1]) < 1e-3
    assert abs(waves["i(vipout)"][-1]) < 1e-3


@pytest.mark.long
def test_soft_start_takes_10_ms_and_stays_below_92_A(spice: SpiceSession) -> None:
    waves = run(spice, WARM, 16e-3, 0.5e-6)
    current, time_s = waves["i(vipin)"], waves.time_s
    assert current.max() < 92.0
    assert float(rises(time_s, current, 81.0)[0]) == pytest.approx(9e-3, abs=2e-3)  # 90 % of it at 10 A/ms
    assert np.abs(current[time_s > 15e-3] - 90.0).max() < 1.5


@pytest.mark.long
@pytest.mark.parametrize(("battery_V", "asked_W"), [("13.0", 20.0), ("12.0", 25.0)])
def test_loss_when_warm(spice: SpiceSession, battery_V: str, asked_W: float) -> None:
    found = steady(spice, replace(WARM, battery_V=battery_V))
    assert found.loss_W == pytest.approx(hand_loss_W(found, 60.0, 0.75), rel=0.05)
    assert without_fuse_W(found) == pytest.approx(asked_W, rel=0.2)
    assert sum(found.power_W.values()) == pytest.approx(found.loss_W, rel=0.01)
    assert math.isclose(found.mean["in_A"], 90.0, rel_tol=2e-3)


@pytest.mark.long
def test_cranking_as_the_companion(spice: SpiceSession) -> None:
    """A2, out of pass-through: at most 20 A back for 100 us, and the same in both circuits."""
    crank = "pwl(0 13.6 8m 13.6 13m 6 16m 6)"
    bench = replace(BENCH, source_V=crank, battery_V="13.2", source_ohm=1e-3, parameters="soft=200 fout=400")
    peaks = []
    for circuit, step_s in ((BUCK, 0.5e-6), (AVERAGED, 2e-6)):
        waves = run(spice, replace(bench, circuit=circuit), 16e-3, step_s)
        current_A = waves["i(vibat)"]
        back_s = float(np.sum(np.diff(waves.time_s)[current_A[1:] < -1.0]))
        assert back_s < 100e-6
        assert abs(float(waves["i(vipin)"][-1])) < 0.05
        peaks.append(float(current_A.min()))
    assert peaks[0] > -20.0
    assert peaks[1] == pytest.approx(peaks[0], abs=1.0)
