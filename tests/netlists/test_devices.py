"""Device cards against hand values: VDMOS triode and square law, physical exponents -1.27 and 1.5."""

from __future__ import annotations

import math

import pytest

from cosim.spice import SpiceSession

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


@pytest.mark.parametrize("temperature_degC", [-40.0, 27.0, 150.0])
@pytest.mark.parametrize("overdrive_V", [0.6, 1.0])
def test_transfer_curve_in_saturation(
    spice: SpiceSession, temperature_degC: float, overdrive_V: float
) -> None:
    gate_V = 3.1 - 8e-3 * (temperature_degC - 27.0) + overdrive_V
    deck = f"""* transfer
.include devices.lib
vg g 0 {gate_V!r}
vd d 0 6
m1 d g 0 tj tc N80 thermal
vtj tj 0 {temperature_degC - 27.0!r}
"""
    ratio = (temperature_degC + KELVIN) / NOMINAL_K
    expected_A = 0.5 * 320.0 * ratio**-1.27 * overdrive_V**2
    # 2 %: the soft threshold (0.1 V) adds 0.1 exp(-6) / 0.6 to the overdrive.
    assert -spice.operating_point(deck)["i(vd)"] == pytest.approx(expected_A, rel=2e-2)


@pytest.mark.parametrize(("model", "bv_V"), [("N80", 90.0), ("N60", 66.0), ("N100", 110.0)])
def test_avalanche_starts_at_the_breakdown_voltage(spice: SpiceSession, model: str, bv_V: float) -> None:
    def leakage_A(drain_V: float) -> float:
        deck = f"""* breakdown
.include devices.lib
vd d 0 {drain_V!r}
m1 d 0 0 tj tc {model} thermal
vtj tj 0 0
"""
        return -spice.operating_point(deck)["i(vd)"]

    assert leakage_A(bv_V - 5.0) < 1e-5
    assert leakage_A(bv_V + 2.0) > 1.0


def test_tvs_breaks_down_at_its_voltage(spice: SpiceSession) -> None:
    deck = "* tvs\n.include devices.lib\nib 0 k 5m\nd1 0 k SM8S33A\n"
    assert spice.operating_point(deck)["v(k)"] == pytest.approx(38.6, rel=5e-3)
