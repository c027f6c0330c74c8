"""Netlists with a failed transistor, and the law that they follow: by hand, and against SPICE."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.circuit.branches import body_current_and_slope
from cosim.circuit.characteristic import (
    DIODE_SHORT,
    FUSE_BLOWN,
    OPEN,
    PASS_SHORT,
    Characteristic,
    Controls,
    current_and_slope,
    law_at,
    limiter_start,
    port_current_A,
    powers_W,
)
from cosim.circuit.deck import DeckSpec, circuit_text, top_deck
from cosim.circuit.failed import FailedPart, part_names, with_failed
from cosim.circuit.identify import Sample, identify, measure_point
from cosim.spice.session import SpiceSession

TEXT = """.subckt path ab lb
MQ1 mid g1 s1 tj1 tc1 N80 m=2 thermal
Vt1 tj1 tq1 dc -27
MQ2 mid xa sa tja tca N100 thermal
Vta tja tq2 dc -27
.ends
"""
FUSE = {"rf25": 0.6e-3, "alphaf": 0.0039, "lf": 20e-9}
SHORT_OHM = 5.4e-3
"""A pass device that is short, with its package and sense resistor."""


def law(failure: float) -> Characteristic:
    return limiter_start()._replace(
        failure=failure, short_ohm=SHORT_OHM, short_place=1.0 if failure == PASS_SHORT else 0.0, body_V=0.65,
        body_per_K=-2e-3, body_slope_V=0.027, body_ohm=5e-4, share_a=0.0, share_b=0.4, share_c=0.3, share_d=0.3)


def controls(enable: float, reference_mV: float = 20.0) -> Controls:
    return Controls(enable, reference_mV, 25.0, 25.0, 25.0)


# ---- text -------------------------------------------------------------------------------------------------------

def test_a_short_replaces_one_die_and_its_heat_is_the_parts() -> None:
    lines = with_failed(TEXT, [FailedPart("q1", "short", 4e-3)]).splitlines()
    assert "MQ1 mid g1 s1 tj1 tc1 N80 thermal" in lines, "one die of two is left"
    assert "Rfailq1 mid s1 0.004" in lines and "Bfailq1 0 tj1 I=V(mid,s1)*V(mid,s1)/0.004" in lines
    assert "MQ2 mid xa sa tja tca N100 thermal" in lines
    alone = with_failed(TEXT, [FailedPart("q2", "short", 4e-3)])
    assert "MQ2" not in alone and "Rfailq2 mid sa 0.004" in alone and "MQ1 mid g1 s1 tj1 tc1 N80 m=2 thermal" in alone


def test_an_open_part_has_lost_its_dies() -> None:
    assert "MQ1 mid g1 s1 tj1 tc1 N80 thermal" in with_failed(TEXT, [FailedPart("q1", "open", dies=1)])
    gone = with_failed(TEXT, [FailedPart("q1", "open")])
    assert "MQ1" not in gone and "Rfail" not in gone and "Vt1 tj1 tq1 dc -27" in gone
    assert with_failed(TEXT, [FailedPart("qd", "open")]) == TEXT, "not a part of this text"


def test_the_shipped_circuits_have_these_parts_and_stay_as_they_are() -> None:
    text = circuit_text("alternator_path")
    assert part_names(text) == ("q1", "q2a", "q2b", "q2c", "q2d")
    spec = DeckSpec("x", "alternator_path")
    failed = DeckSpec("x", "alternator_path", failed=(FailedPart("q2a", "short"),))
    assert text in top_deck(spec) and "Rfailq2a" in top_deck(failed) and "Rfailq2a" not in top_deck(spec)


# ---- law by hand ------------------------------------------------------------------------------------------------

def test_a_pass_device_that_is_short_passes_what_it_can_above_the_limit() -> None:
    c, u = law(PASS_SHORT), controls(1.0, reference_mV=20.0)
    limit_A = 20e-3 / c.fuse_ohm
    # In the middle of the limit the others carry what is left of it; far above it the short alone decides.
    assert port_current_A(0.15, u, c) == pytest.approx(limit_A, abs=0.2)
    ohm = c.fuse_ohm + c.other_ohm + SHORT_OHM + c.diode_ohm
    assert port_current_A(1.0, u, c) == pytest.approx(1.0 / ohm, rel=1e-3)
    assert 1.0 / ohm > 3.0 * limit_A
    assert port_current_A(-1.0, u, c) == pytest.approx(0.0, abs=0.05), "the ideal diode still blocks"


def test_blocked_a_pass_device_that_is_short_leaves_a_body_diode() -> None:
    c, u = law(PASS_SHORT), controls(0.0)
    for drop_V in (0.5, 0.8, 1.5, 3.0):
        current_A = port_current_A(drop_V, u, c) - c.leak_S * drop_V
        ohm = c.fuse_ohm + c.other_ohm + SHORT_OHM + c.body_ohm
        t = 25.0 - 26.85
        volts = 0.65 - 2e-3 * t + 0.027 * (1.0 + t / 300.0) * math.log(current_A) + ohm * current_A
        assert volts == pytest.approx(drop_V, abs=1e-9)
    assert port_current_A(-3.0, u, c) == pytest.approx(-3.0 * c.leak_S)
    blown = controls(FUSE_BLOWN)
    assert port_current_A(3.0, blown, c) == pytest.approx(3.0 * c.leak_S), "behind a blown fuse nothing flows"


def test_an_ideal_diode_that_is_short_conducts_backwards() -> None:
    c = law(DIODE_SHORT)
    rest_ohm = c.fuse_ohm + c.other_ohm + c.pass_ohm
    assert port_current_A(-0.5, controls(1.0), c) == pytest.approx(-0.5 / (rest_ohm + SHORT_OHM), rel=1e-3)
    assert port_current_A(1.0, controls(1.0), c) == pytest.approx(20e-3 / c.fuse_ohm, abs=0.01), "the limit holds"
    assert port_current_A(2.0, controls(0.0), c) == pytest.approx(2.0 * c.leak_S), "forwards it still blocks"
    assert port_current_A(-2.0, controls(0.0), c) < -100.0, "backwards it does not: a cranking engine is fed"


def test_what_is_open_conducts_never() -> None:
    for enable in (0.0, 1.0):
        assert port_current_A(2.0, controls(enable), law(OPEN)) == pytest.approx(2.0 * law(OPEN).leak_S)


@pytest.mark.parametrize("failure", [PASS_SHORT, DIODE_SHORT])
@pytest.mark.parametrize("enable", [0.0, 1.0])
def test_the_law_rises_and_its_slope_is_its_derivative(failure: float, enable: float) -> None:
    found = law_at(controls(enable), law(failure))
    drops = np.linspace(-3.0, 3.0, 601)
    currents = np.array([current_and_slope(d, found)[0] for d in drops])
    assert (np.diff(currents) > 0.0).all()
    for drop_V in (-1.1, -0.02, 0.013, 0.4, 1.7):
        step = 1e-7
        numeric = (current_and_slope(drop_V + step, found)[0] - current_and_slope(drop_V - step, found)[0]) / (2 * step)
        assert current_and_slope(drop_V, found)[1] == pytest.approx(numeric, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(("failure", "enable", "drop_V", "hottest"), [
    (PASS_SHORT, 1.0, 1.0, 1), (PASS_SHORT, 0.0, 1.0, 0), (DIODE_SHORT, 1.0, -0.5, 0), (DIODE_SHORT, 0.0, -1.0, 2),
    (PASS_SHORT, 1.0, -1.0, 6), (DIODE_SHORT, 1.0, 0.3, 2),
])
def test_powers_are_drop_times_current_and_burn_where_they_should(
    failure: float, enable: float, drop_V: float, hottest: int
) -> None:
    u, c = controls(enable), law(failure)
    current_A = port_current_A(drop_V, u, c)
    powers = powers_W(drop_V, current_A, u, c)
    assert powers.sum() == pytest.approx(drop_V * current_A, rel=1e-9)
    assert (powers >= 0.0).all() and int(powers.argmax()) == hottest
    if failure == PASS_SHORT and enable > 0.5 and drop_V > 0.0:
        assert powers[1] == pytest.approx(current_A**2 * SHORT_OHM, rel=0.02)


def test_a_diode_is_found_at_any_drop() -> None:
    for drop_V in (1e-3, 0.1, 0.64, 0.66, 2.0, 30.0):
        current_A, slope_S = body_current_and_slope(drop_V, 0.65, 0.026, 5e-3)
        assert 0.65 + 0.026 * math.log(current_A) + 5e-3 * current_A == pytest.approx(drop_V, abs=1e-10)
        assert slope_S == pytest.approx(1.0 / (5e-3 + 0.026 / current_A))


# ---- against SPICE ----------------------------------------------------------------------------------------------

def sample(session: SpiceSession, failed: FailedPart, over_V: float, enable: float) -> Sample:
    point: dict[str, float | str] = {
        "regime": "limit", "battery_V": 13.0, "over_V": over_V, "reference_mV": 40.0, "fuse_degC": 40.0,
        "diode_degC": 60.0, "pass_degC": 80.0, "enable": enable}
    return measure_point(session, "alternator_path", FUSE, point, failed=failed)


def test_spice_burns_and_blocks_as_the_law_says(spice: SpiceSession) -> None:
    """Four points: how the netlist itself behaves, so that the law may be written as it is."""
    failed = FailedPart("q2a", "short")
    over = sample(spice, failed, 2.5, 1.0)
    assert over.current_A > 150.0 > 40e-3 / 0.6e-3, "far above the limit of 63 A"
    assert over.power_W[1] == pytest.approx(over.current_A**2 * SHORT_OHM, rel=0.01), "all of it in the part"
    assert max(over.power_W[2:5]) < 0.1, "its neighbours are off"
    total = over.drop_V * over.current_A
    assert sum(over.power_W) == pytest.approx(total, rel=1e-3), "the heat of the short is counted"
    off = sample(spice, failed, 2.5, 0.0)
    assert off.current_A > 100.0 and off.power_W[0] > 50.0, "the ideal diode's body carries it"
    back = sample(spice, FailedPart("q1", "short"), -2.5, 0.0)
    assert back.current_A < -100.0
    assert abs(sample(spice, FailedPart("q1", "open"), 2.5, 1.0).current_A) < 1e-3


def test_a_device_with_a_higher_threshold_carries_its_share_backwards(spice: SpiceSession) -> None:
    """Q1 short: the loops' reference must not fall with a current that flows backwards, or that device gets no gate.

    By hand: 0.1 V at 11 V of gate is 1.5 % of a channel's resistance; 0.5 V of body diode would be ten times the heat.
    """
    point: dict[str, float | str] = {
        "regime": "limit", "battery_V": 13.0, "over_V": -2.0, "reference_mV": 40.0, "fuse_degC": 40.0,
        "diode_degC": 60.0, "pass_degC": 60.0, "enable": 1.0}
    drifted = {**FUSE, "rf25": 0.48e-3, "dvtoa": 0.1}
    found = measure_point(spice, "alternator_path", drifted, point, failed=FailedPart("q1", "short"))
    assert found.current_A < -60.0
    assert max(found.power_W[1:5]) / min(found.power_W[1:5]) < 1.1


@pytest.mark.long
@pytest.mark.parametrize("ohm", [1.5e-3, 0.6e-3, 0.48e-3])
@pytest.mark.parametrize("failed", [
    FailedPart("q1", "short"), FailedPart("q2a", "short"), FailedPart("q2c", "open"), FailedPart("q1", "open", dies=1)])
def test_the_law_follows_a_circuit_with_a_failed_part(failed: FailedPart, ohm: float, spice: SpiceSession) -> None:
    """At points that it was not fitted to; bounds are those of the healthy law (0.3 A, 1 % of a power)."""
    found = identify("alternator_path", {**FUSE, "rf25": ohm}, spice, failed=failed)
    assert found.residual_max_A < 0.3 and found.power_residual < 0.01
    for over_V, enable in ((0.4, 1.0), (1.7, 1.0), (-1.1, 1.0), (1.3, 0.0), (-1.3, 0.0)):
        point: dict[str, float | str] = {
            "regime": "limit", "battery_V": 12.7, "over_V": over_V, "reference_mV": 47.0, "fuse_degC": 71.0,
            "diode_degC": 33.0, "pass_degC": 52.0, "enable": enable}
        s = measure_point(spice, "alternator_path", {**FUSE, "rf25": ohm}, point, failed=failed)
        u = Controls(enable, s.reference_mV, s.fuse_degC, s.diode_degC, s.pass_degC)
        here, slope_S = current_and_slope(s.drop_V, law_at(u, found.coefficients))
        assert (here - s.current_A) / (1.0 + 8e-3 * slope_S) == pytest.approx(0.0, abs=0.3), (over_V, enable)
