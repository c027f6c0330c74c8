"""The alternator path on the bench: accuracy, one-way, enable, steps, powers, margins near dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.benches.limiter_bench import LINEAR, LimiterBench
from cosim.benches.loop_stability import LOOPS, Corner, margins
from cosim.spice.session import SpiceSession, Waveforms

Array = NDArray[np.float64]
OUTPUTS = ("pq1", "pq2a", "pq2b", "pq2c", "pq2d", "pfuse", "pother", "pclamp")
LOADS = tuple(f"v({name})" for name in OUTPUTS)
ENABLE = "pwl(0 0 1m 0 1.001m 1)"


def linear(**values: Any) -> LimiterBench:
    """The bench of all limiters with the values of these tests."""
    usual: dict[str, Any] = dict(
        circuit=LINEAR, source_V="14.6", battery_V="13.2", enable=ENABLE, reference_mV=67.5,
        fuse_degC=25.0 + 0.25 / 0.0039,  # 0.60 mohm cold becomes 0.75 mohm
        junction_degC=27.0, battery_ohm=2e-3,
    )
    return LimiterBench(**(usual | values))


PORTS = ("v(ab)", "v(lb)", "v(fb)", "v(mid)", "i(vipin)", "i(vipout)", "v(estored)", "v(ovp)", *LOADS)


def run(spice: SpiceSession, bench: LimiterBench, tstop_s: float, tmax_s: float = 20e-6, *more: str) -> Waveforms:
    waves = spice.transient(bench.deck(), tstop_s=tstop_s, tmax_s=tmax_s, signals=[*PORTS, *more])
    assert waves.retries == ()
    return waves


def fuse(rating_A: float, temperature_degC: float) -> tuple[float, float]:
    """Cold resistance [ohm] (60 mV at the rating) and resistance at a temperature."""
    cold_ohm = 60e-3 / rating_A
    return cold_ohm, cold_ohm * (1.0 + 0.0039 * (temperature_degC - 25.0))


@pytest.mark.parametrize("rating_A", [40.0, 60.0, 80.0, 100.0, 125.0])
@pytest.mark.parametrize(("temperature_degC", "headroom_V", "share"), [(-40.0, 0.3, 1.0), (150.0, 3.0, 0.4)])
def test_limits_at_the_reference(
    spice: SpiceSession, rating_A: float, temperature_degC: float, headroom_V: float, share: float
) -> None:
    current_A = min(0.9 * rating_A, 100.0) * share
    cold_ohm, hot_ohm = fuse(rating_A, temperature_degC)
    drop_V = current_A * (8.5e-3 + hot_ohm + 0.6e-3) + 0.02
    bench = linear(
        source_V=repr(13.2 + drop_V + headroom_V),
        reference_mV=current_A * hot_ohm * 1e3,
        fuse_degC=temperature_degC,
        junction_degC=temperature_degC,
        parameters=f"rf25={cold_ohm!r} dvtoa=0.1 dvtob=-0.1 dvtoc=0.05 dvtod=-0.05",
    )
    waves = run(spice, bench, 41e-3, 20e-6, "i(v.xpath.via)", "i(v.xpath.vib)")
    current = waves["i(vipin)"]
    assert current[-1] == pytest.approx(current_A, rel=2e-3)
    assert current.max() < 1.05 * current_A
    assert np.ptp(current[waves.time_s > 35e-3]) < 1e-3
    shares = [waves["i(v.xpath.via)"][-1], waves["i(v.xpath.vib)"][-1]]
    # Hand value: 0.2 V of threshold spread / (0.357 V/A + 1/gm); gm >= 35 S.
    assert abs(shares[1] - shares[0]) < 0.2 / 0.357 + 0.05


def test_enable_does_not_overshoot_and_settles_within_5_ms(spice: SpiceSession) -> None:
    waves = run(spice, linear(source_V="14.2"), 20e-3, 5e-6)
    current = waves["i(vipin)"]
    assert current.max() < 1.05 * 90.0
    assert np.abs(current[waves.time_s > 6e-3] - current[-1]).max() < 0.01 * 90.0
    assert abs(current[waves.time_s < 1e-3]).max() < 1e-3


@pytest.mark.parametrize("source_V", ["15", "13.85", "13.5"])
def test_battery_step_stays_below_130_A(spice: SpiceSession, source_V: float) -> None:
    bench = linear(
        source_V=str(source_V),
        battery_V="pwl(0 13.2 20m 13.2 20.001m 11.7)",
        input_cable_H=0.3e-6,
        battery_H=0.45e-6,
    )
    waves = run(spice, bench, 30e-3, 2e-6)
    current = waves["i(vipin)"]
    assert current.max() < 130.0
    assert np.abs(current[waves.time_s > 22e-3] - 90.0).max() < 0.05 * 90.0


def test_slow_crossing_never_feeds_back(spice: SpiceSession) -> None:
    bench = linear(source_V="pwl(0 13.4 1 13.4 21 13.2 23 13.2 25 13.8)", battery_V="13.3")
    waves = run(spice, bench, 25.5, 0.02)
    current = waves["i(vipin)"][waves.time_s > 0.5]
    assert current.min() > -1e-3
    assert current[0] > 5.0  # it did conduct before
    assert current[-1] > 30.0  # and takes current again


@pytest.mark.parametrize("source_V", [13.29, 12.0])
def test_enabled_below_the_battery_leaks_less_than_1_mA(spice: SpiceSession, source_V: float) -> None:
    bench = linear(source_V=f"pwl(0 13.8 10m 13.8 20m {source_V})", battery_V="13.3")
    waves = run(spice, bench, 60e-3)
    assert abs(waves["i(vipin)"][-1]) < 1e-3
    assert abs(waves["i(vipout)"][-1]) < 1e-3


def test_cranking(spice: SpiceSession) -> None:
    bench = linear(
        source_V="pwl(0 14.6 20m 14.6 25m 6 35m 6 36m 14.6)",
        source_ohm=0.9e-3,
        source_H=0.0,
    )
    waves = run(spice, bench, 60e-3, 2e-6)
    time_s, current = waves.time_s, waves["i(vipin)"]
    assert current.min() > -20.0
    assert abs(np.interp(34e-3, time_s, current)) < 1e-3
    assert np.interp(40e-3, time_s, current) == pytest.approx(90.0, rel=0.05)


def test_pass_through_drop_at_50_A(spice: SpiceSession) -> None:
    waves = run(spice, linear(source_V="13.71", battery_V="13.2"), 41e-3, 20e-6, "v(xpath.g1)", "v(xpath.s1)")
    current_A = waves["i(vipin)"][-1]
    assert 45.0 < current_A < 55.0
    assert waves["v(ab)"][-1] - waves["v(lb)"][-1] < 0.12
    assert waves["v(xpath.g1)"][-1] - waves["v(xpath.s1)"][-1] > 10.0


@pytest.mark.parametrize("source_V", ["15.2", "13.6"])
def test_powers_balance(spice: SpiceSession, source_V: str) -> None:
    waves = run(spice, linear(source_V=source_V), 41e-3, 2e-6)
    time_s = waves.time_s
    taken_W = waves["v(ab)"] * waves["i(vipin)"] - waves["v(lb)"] * waves["i(vipout)"]
    heat_W = np.sum([waves[name] for name in LOADS], axis=0)
    assert heat_W[-1] == pytest.approx(taken_W[-1], rel=1e-3)
    span = (time_s > 0.9e-3) & (time_s < 6e-3)
    stored_J = waves["v(estored)"][span][-1] - waves["v(estored)"][span][0]
    taken_J = np.trapezoid(taken_W[span], time_s[span])
    assert np.trapezoid(heat_W[span], time_s[span]) + stored_J == pytest.approx(taken_J, rel=1e-2)


def test_disabled_blocks_both_ways(spice: SpiceSession) -> None:
    for source_V, battery_V in (("15", "12"), ("10", "14")):
        waves = run(spice, linear(source_V=source_V, battery_V=battery_V, enable="0"), 5e-3)
        assert abs(waves["i(vipin)"][-1]) < 1e-3
        assert abs(waves["i(vipout)"][-1]) < 1e-3


def test_over_voltage_trips_and_recovers(spice: SpiceSession) -> None:
    bench = linear(source_V="pwl(0 14.6 10m 14.6 10.1m 22 11m 22 11.1m 14.6)")
    waves = run(spice, bench, 30e-3, 5e-6)
    trip, current = waves["v(ovp)"], waves["i(vipin)"]
    assert trip[waves.time_s < 10e-3].max() < 1e-3
    assert np.interp(10.9e-3, waves.time_s, trip) == pytest.approx(1.0, abs=1e-2)
    assert abs(np.interp(10.9e-3, waves.time_s, waves["i(vipout)"])) < 1.0
    assert current[-1] == pytest.approx(90.0, rel=5e-3)


@pytest.mark.parametrize("cable_H", [0.3e-6, 5e-6])
@pytest.mark.parametrize(("headroom_V", "limit_A"), [(0.06, 100.0), (3.0, 100.0), (3.0, 250.0)])
def test_phase_margins_of_all_loops(spice: SpiceSession, cable_H: float, headroom_V: float, limit_A: float) -> None:
    corner = Corner(cable_H, 2.5e-3, 2e-3, 125.0, limit_A, 125.0, headroom_V)
    found = margins(spice, corner)
    assert [m.loop for m in found] == list(LOOPS)
    for m in found:
        assert m.phase_deg > 50.0, m
        assert m.gain_dB > 8.0, m


def test_thirty_random_windows_agree_with_fine_steps(spice: SpiceSession) -> None:
    rng = np.random.default_rng(7)
    for number in range(30):
        rating_A = float(rng.choice([40.0, 60.0, 80.0, 100.0, 125.0]))
        fuse_degC = float(rng.uniform(-40.0, 150.0))
        cold_ohm, hot_ohm = fuse(rating_A, fuse_degC)
        current_A = min(0.9 * rating_A, 100.0) * float(rng.uniform(0.2, 1.0))
        bench = linear(
            source_V=repr(float(rng.uniform(12.0, 15.5))),
            battery_V=repr(float(rng.uniform(11.0, 14.0))),
            enable=ENABLE,
            reference_mV=current_A * hot_ohm * 1e3,
            fuse_degC=fuse_degC,
            junction_degC=float(rng.uniform(-40.0, 150.0)),
            parameters=f"rf25={cold_ohm!r}",
        )
        coarse = run(spice, bench, 41e-3, 20e-6)["i(vipin)"][-1]
        assert -1e-3 < coarse < 1.002 * current_A, number
        if number < 3:
            fine = run(spice, bench, 41e-3, 1e-6)["i(vipin)"][-1]
            assert coarse == pytest.approx(fine, rel=1e-3, abs=1e-3), number
