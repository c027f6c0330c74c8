"""Device cards against hand values: VDMOS triode and square law, physical exponents -1.27 and 1.5."""

from __future__ import annotations

import math

import pytest

from cosim.spice.session import SpiceSession
from models.ratings import load_mosfet, load_tvs

KELVIN = 273.15
NOMINAL_K = 300.15


def hand_resistance_ohm(temperature_degC: float, rd_ohm: float, kp_A_V2: float) -> float:
    """RDSon at 10 V: drain resistance ~ T^1.5, channel ~ T^1.27, threshold -8 mV/K."""
    ratio = (temperature_degC + KELVIN) / NOMINAL_K
    threshold_V = 3.1 - 8e-3 * (temperature_degC - 27.0)
    channel_ohm = math.pow(ratio, 1.27) / (kp_A_V2 * (10.0 - threshold_V))
    return rd_ohm * math.pow(ratio, 1.5) + channel_ohm


@pytest.mark.parametrize(
    ("model", "rd_ohm", "kp_A_V2"), [("N80", 0.42e-3, 320), ("N60", 0.22e-3, 450), ("N100", 0.95e-3, 260)]
)
@pytest.mark.parametrize("temperature_degC", [-40.0, 25.0, 125.0, 175.0])
def test_on_resistance_follows_the_hand_value(
    spice: SpiceSession, model: str, rd_ohm: float, kp_A_V2: float, temperature_degC: float
) -> None:
    deck = f"""* rdson
.include devices.lib
vg g 0 10
id 0 d 1
m1 d g 0 tj tc {model} thermal
vtj tj 0 {temperature_degC - 27.0!r}
"""
    found = spice.operating_point(deck)
    # 0.5 %: at 1 A the drain drop of 1 mV lowers the mean overdrive by 0.01 %; gmin and the body diode carry less.
    assert found["v(d)"] == pytest.approx(hand_resistance_ohm(temperature_degC, rd_ohm, kp_A_V2), rel=5e-3)
    assert found["i(vtj)"] == pytest.approx(found["v(d)"] * 1.0, rel=5e-3)  # the power that heats it


CARDS = {"N80": (320.0, 90.0, 2e-11, 0.8e-3), "N60": (450.0, 66.0, 3e-11, 0.6e-3), "N100": (260.0, 110.0, 2e-11, 1e-3)}
"""Model: transconductance [A/V2], breakdown [V], saturation current [A] and resistance [ohm] of the body diode."""


@pytest.mark.parametrize("model", CARDS)
@pytest.mark.parametrize("temperature_degC", [-40.0, 27.0, 150.0])
@pytest.mark.parametrize("overdrive_V", [0.6, 1.0])
def test_transfer_curve_in_saturation(
    spice: SpiceSession, model: str, temperature_degC: float, overdrive_V: float
) -> None:
    gate_V = 3.1 - 8e-3 * (temperature_degC - 27.0) + overdrive_V
    deck = f"""* transfer
.include devices.lib
vg g 0 {gate_V!r}
vd d 0 6
m1 d g 0 tj tc {model} thermal
vtj tj 0 {temperature_degC - 27.0!r}
"""
    ratio = (temperature_degC + KELVIN) / NOMINAL_K
    expected_A = 0.5 * CARDS[model][0] * ratio**-1.27 * overdrive_V**2
    # 2 %: the soft threshold (0.1 V) adds 0.1 exp(-6) / 0.6 to the overdrive.
    assert -spice.operating_point(deck)["i(vd)"] == pytest.approx(expected_A, rel=2e-2)


@pytest.mark.parametrize("model", CARDS)
def test_avalanche_starts_at_the_breakdown_voltage_above_the_rating(spice: SpiceSession, model: str) -> None:
    def leakage_A(drain_V: float) -> float:
        deck = f"""* breakdown
.include devices.lib
vd d 0 {drain_V!r}
m1 d 0 0 tj tc {model} thermal
vtj tj 0 0
"""
        return -spice.operating_point(deck)["i(vd)"]

    breakdown_V = CARDS[model][1]
    assert leakage_A(breakdown_V - 5.0) < 1e-5
    assert leakage_A(breakdown_V + 2.0) > 1.0
    rated_V = load_mosfet(f"ratings_{model.lower()}").drain_voltage_V
    assert 1.05 * rated_V < breakdown_V < 1.2 * rated_V
    assert leakage_A(rated_V) < 1e-5


@pytest.mark.parametrize("model", CARDS)
def test_body_diode(spice: SpiceSession, model: str) -> None:
    """By hand at 27 degC: 1.05 x 25.87 mV x ln(100 A / Is) + 100 A x rb; data sheet (IAUS300N08S5N012): 0.9 V."""
    deck = f"* body\n.include devices.lib\nis 0 s 100\nvd d 0 0\nm1 d s s tj tc {model} thermal\nvtj tj 0 0\n"
    _, _, saturation_A, rb_ohm = CARDS[model]
    found = spice.operating_point(deck)
    assert found["v(s)"] == pytest.approx(1.05 * 25.87e-3 * math.log(100.0 / saturation_A) + 100.0 * rb_ohm, rel=5e-3)
    assert 0.8 < found["v(s)"] < 1.2
    assert found["i(vtj)"] == pytest.approx(100.0 * found["v(s)"], rel=1e-3)  # its heat counts


@pytest.mark.parametrize("model", ["SM8S16A", "SM8S24A", "SM8S33A", "SMDJ100A"])
def test_tvs_against_its_data_sheet(spice: SpiceSession, model: str) -> None:
    r = load_tvs(f"ratings_{model.lower()}")

    def voltage_V(current_A: float) -> float:
        deck = f"* tvs\n.include devices.lib\nib 0 k {current_A!r}\nd1 0 k {model}\n"
        return spice.operating_point(deck)["v(k)"]

    assert r.breakdown_low_V < voltage_V(r.breakdown_A) < r.breakdown_high_V
    assert voltage_V(r.clamp_A) == pytest.approx(r.clamp_V, rel=0.02)
    blocked = spice.operating_point(f"* tvs\n.include devices.lib\nvb k 0 {r.standoff_V!r}\nd1 0 k {model}\n")
    assert abs(blocked["i(vb)"]) < 1e-6


def test_the_input_schottky_blocks_a_load_dump_and_carries_pulse_1(spice: SpiceSession) -> None:
    blocked = spice.operating_point("* d\n.include devices.lib\nvb k 0 101\nd1 0 k SCH150\n")
    assert abs(blocked["i(vb)"]) < 1e-6
    # 15 A: 1.05 x 25.87 mV x ln(15 A / 0.1 uA) + 15 A x 12 mohm
    carried = spice.operating_point("* d\n.include devices.lib\nib 0 a 15\nd1 a 0 SCH150\n")
    assert carried["v(a)"] == pytest.approx(0.5115 + 0.18, abs=0.01)
