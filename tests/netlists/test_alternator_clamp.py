"""The path against what comes in: clamps, over-voltage trip, soft opening, lifting of the limit (A4, A7)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.benches.limiter_bench import LINEAR, LimiterBench
from cosim.spice.session import SpiceSession, Waveforms

Array = NDArray[np.float64]
SIGNALS = (
    "v(ab)", "v(lb)", "v(fb)", "v(mid)", "i(vipin)", "i(vipout)", "v(ovp)", "v(lifted)", "v(sense)", "v(xpath.vr)",
    "v(pclamp)", "v(pq2a)", "i(v.xpath.vcf)", "i(v.xpath.vcl)",
)
ON = "pwl(0 0 1m 0 1.001m 1)"
REFERENCE_mV = 67.5  # 90 A through the 0.75 mohm of a hot 100 A fuse
HOT_degC = 25.0 + 0.25 / 0.0039


def run(
    spice: SpiceSession, source: str, stop_s: float, step_s: float, *, enable: str = ON, lift: str = "0",
    source_ohm: float = 5e-3, cable_H: float = 1e-6, battery: str = "13.2", parameters: str = "",
) -> Waveforms:
    deck = LimiterBench(
        LINEAR, source_V=source, battery_V=battery, enable=enable, lift=lift, reference_mV=REFERENCE_mV,
        fuse_degC=HOT_degC, junction_degC=27.0, source_ohm=source_ohm, source_H=0.0, input_cable_H=cable_H,
        battery_ohm=2e-3, parameters=parameters,
    ).deck()
    waves = spice.transient(deck, tstop_s=stop_s, tmax_s=step_s, signals=list(SIGNALS))
    assert waves.retries == ()
    return waves


def at(waves: Waveforms, signal: str, time_s: float) -> float:
    return float(np.interp(time_s, waves.time_s, waves[signal]))


SURGE = "pwl(0 14 20m 14 21m 18.5 600m 18.5)"
"""18.5 V behind 6.5 mohm: 225 A of lifted limit and 16 V at the path, below the trip."""


def test_a_path_that_is_off_blocks_100_V_and_clamps_nothing(spice: SpiceSession) -> None:
    waves = run(spice, "pwl(0 14 5m 14 15m 100 30m 100)", 30e-3, 2e-5, enable="0", source_ohm=0.5)
    assert waves["v(mid)"].max() - 13.2 == pytest.approx(86.3, abs=0.8)  # what the pass devices hold
    assert waves["v(lb)"].max() < 13.3
    assert waves["v(pclamp)"].max() < 0.02  # uA of leakage
    assert at(waves, "i(vipin)", 29e-3) < 5e-3  # bleeder


def test_the_input_clamp_holds_117_V_and_the_stud_clamp_18_7_V(spice: SpiceSession) -> None:
    """Into 1 A each: breakdown plus 0.2 V of nbv (3 x 26 mV x ln(1 A / 1 mA) = 0.54 V) plus rs."""
    waves = run(spice, "pwl(0 14 5m 14 25m 150 30m 150)", 30e-3, 2e-5, enable="0", source_ohm=20.0)
    assert at(waves, "i(v.xpath.vcf)", 29e-3) == pytest.approx((150.0 - 119.5) / 20.0, rel=0.05)
    assert 117.0 < at(waves, "v(fb)", 29e-3) < 121.0
    pushed = run(spice, "14", 30e-3, 2e-5, enable="0", battery="pwl(0 13.2 5m 13.2 25m 19.5 30m 19.5)")
    assert 2.0 < at(pushed, "i(v.xpath.vcl)", 29e-3) < 60.0
    assert 18.7 < at(pushed, "v(lb)", 29e-3) < 19.5


def test_the_input_never_goes_far_below_ground(spice: SpiceSession) -> None:
    waves = run(spice, "pwl(0 14 5m 14 5.1m -150 10m -150)", 10e-3, 1e-5, source_ohm=10.0)
    assert waves["v(ab)"].min() > -1.2  # 15 A through a Schottky of 12 mohm behind the fuse
    assert at(waves, "i(vipin)", 9e-3) == pytest.approx(-15.0, rel=0.02)
    assert abs(at(waves, "i(vipout)", 9e-3)) < 2e-3  # nothing of it from the battery


def test_without_permission_the_limit_stays_and_the_path_blocks_above_18_V(spice: SpiceSession) -> None:
    waves = run(spice, "pwl(0 14 20m 14 25m 40 100m 40)", 100e-3, 2e-5, source_ohm=0.1)
    assert waves["v(lifted)"].max() == 0.0
    assert waves["i(vipin)"].max() < 130.0  # from passing, as after a battery step
    assert at(waves, "v(ovp)", 90e-3) == pytest.approx(1.0, abs=1e-3)
    assert abs(at(waves, "i(vipout)", 90e-3)) < 5e-3


def test_the_lifted_limit_is_two_and_a_half_times_the_limit_and_lasts_half_a_second(spice: SpiceSession) -> None:
    waves = run(spice, SURGE, 0.6, 1e-4, lift="1")
    current, time_s = waves["i(vipin)"], waves.time_s
    assert at(waves, "i(vipin)", 0.12) == pytest.approx(225.0, rel=2e-3)
    assert current.max() < 1.05 * 225.0
    above = float(np.trapezoid((current > 1.05 * 90.0).astype(float), time_s))
    # 0.48 s, of which the last 70 % fade from 225 to 90 A
    assert above == pytest.approx(0.48 * (0.3 + 0.7 * (225.0 - 1.05 * 90.0) / 135.0), abs=0.01)
    # Then the limit is the ordinary one again; 18.5 V - 90 A x 6.5 mohm = 17.9 V is just below the trip.
    assert at(waves, "i(vipin)", 0.59) == pytest.approx(90.0, rel=2e-3)
    assert at(waves, "v(ovp)", 0.59) < 1e-3


def test_a_lift_ends_soon_after_the_dump_and_takes_half_a_minute_to_recover(spice: SpiceSession) -> None:
    """After 0.1 s of 0.48 s the rest can be used at once; when all is used, only after the timer has run back."""
    short = "pwl(0 14 20m 14 21m 18.5 121m 18.5 122m 13.5 300m 13.5 301m 18.5 900m 18.5)"
    waves = run(spice, short, 0.9, 2e-4, lift="1")
    lifted, time_s = waves["v(lifted)"], waves.time_s
    assert at(waves, "v(lifted)", 0.2) == 0.0
    first = float(np.trapezoid(np.where(time_s < 0.25, lifted, 0.0), time_s))
    second = float(np.trapezoid(np.where(time_s > 0.25, lifted, 0.0), time_s))
    assert 0.1 < first < 0.13
    assert first + second == pytest.approx(0.485, abs=0.01)
    assert at(waves, "v(lifted)", 0.89) == 0.0


def test_a_brief_over_voltage_sets_the_whole_lift_and_the_limit_fades_before_it_ends(spice: SpiceSession) -> None:
    """40 A more from a current source (0.5 ohm): ab is above 16 V for some 20 us only, for the battery takes it.

    A lift that is set in part would last longer than its timer says. The ordinary limit is not met in one step at the
    end (a field of 0.12 s could not follow, and the dump would come after all): from 30 % of the time on it comes down
    by 135 A in 0.336 s. The second surge trips the path and keeps the lift set to the end of its time.
    """
    source = "pwl(0 14 20m 14 40m 56 60m 56 60.001m 78 400m 78 401m 110 800m 110)"
    waves = run(spice, source, 0.62, 1e-4, lift="1", source_ohm=0.5)
    time_s, lifted, reference = waves.time_s, waves["v(lifted)"], waves["v(xpath.vr)"] / REFERENCE_mV
    over_s = float(np.trapezoid((waves["v(ab)"] > 16.0).astype(float) * (time_s < 0.3), time_s))
    assert 0.0 < over_s < 100e-6
    assert at(waves, "v(lifted)", 0.1) == 1.0
    assert float(np.trapezoid((lifted > 0.5).astype(float), time_s)) == pytest.approx(0.483, abs=0.004)
    for share, factor in ((0.25, 2.5), (0.6, 1.0 + 1.5 * 0.4 / 0.7), (0.95, 1.0 + 1.5 * 0.05 / 0.7)):
        assert float(np.interp(0.06 + 0.48 * share, time_s, reference)) == pytest.approx(factor, abs=0.02), share


@pytest.mark.parametrize("source_V", ["15.2", "13.6"])
def test_permission_alone_changes_nothing(spice: SpiceSession, source_V: str) -> None:
    without, allowed = (run(spice, source_V, 41e-3, 2e-5, lift=lift) for lift in ("0", "1"))
    assert allowed["v(lifted)"].max() == 0.0
    assert allowed["i(vipin)"][-1] == pytest.approx(without["i(vipin)"][-1], rel=2e-5)
    assert allowed["v(xpath.vr)"][-1] == REFERENCE_mV


def test_permission_that_is_withdrawn_ends_the_lift(spice: SpiceSession) -> None:
    waves = run(spice, SURGE, 0.12, 5e-5, lift="pwl(0 1 100m 1 100.1m 0)")
    assert at(waves, "v(lifted)", 99e-3) == 1.0
    assert at(waves, "v(lifted)", 110e-3) == 0.0
    assert waves["i(vipin)"][waves.time_s > 112e-3].max() < 1.05 * 90.0


@pytest.mark.parametrize(("limit_A", "lift"), [(90.0, "0"), (225.0, "1")])
def test_opening_is_soft_and_complete(spice: SpiceSession, limit_A: float, lift: str) -> None:
    source = SURGE if lift == "1" else "15"
    waves = run(spice, source, 65e-3, 5e-6, lift=lift, cable_H=3e-6, enable="pwl(0 0 1m 0 1.001m 1 60m 1 60.001m 0)")
    late = waves.time_s > 59e-3
    assert at(waves, "i(vipin)", 59.9e-3) == pytest.approx(limit_A, rel=5e-3)
    # 0.4 A/us per device, four of them, hold 3 uH at 5 V while they open; the 330 uF of the damper add the rest.
    assert waves["v(ab)"][late].max() < 30.0
    assert waves["v(lb)"][late].max() < 15.0
    assert waves["v(lb)"][late].min() > 10.0
    assert abs(at(waves, "i(vipout)", 64e-3)) < 0.02
    ended = waves.time_s[np.abs(waves["i(vipout)"]) > 0.05 * limit_A][-1] - 60e-3
    assert limit_A / (4 * 0.4e6) < ended < 1e-3


def test_the_direct_link_has_the_same_ports(spice: SpiceSession) -> None:
    heads = [
        line.split("params:")[0].replace(name, "")
        for name in ("alternator_path", "direct_connection")
        for line in _joined(name) if line.startswith(f".subckt {name}")
    ]
    assert heads[0].split() == heads[1].split()


def _joined(name: str) -> list[str]:
    from cosim.paths import NETLISTS

    return (NETLISTS / f"{name}.cir").read_text(encoding="utf-8").replace("\n+", " ").splitlines()
