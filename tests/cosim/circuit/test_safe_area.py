"""Safe operating area against hand values: rectangles of power, an exponential pulse, one ladder rung."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.circuit.safe_area import (
    DeviceWaves,
    Stress,
    junction_waveform_degC,
    linear_mode,
    mosfet_stresses,
    pulse_limit_W,
    repeated_rise_K,
    tvs_stresses,
    violations,
    worst,
    worst_share_A,
)
from models.heat import CauerParameters
from models.ratings import MosfetRatings, TvsRatings

MOSFET = MosfetRatings(
    drain_voltage_V=80.0, avalanche_J=0.5, junction_degC=175.0, linear_voltage_V=2.0,
    soa_width_s=np.array([1e-4, 1e-3, 1e-2]), soa_power_W=np.array([2000.0, 700.0, 200.0]), soa_knee_V=20.0,
    soa_case_degC=25.0,
)
TVS = TvsRatings(
    standoff_V=16.0, breakdown_low_V=17.8, breakdown_high_V=19.7, breakdown_A=5e-3, clamp_V=26.0, clamp_A=254.0,
    pulse_width_s=np.array([1e-3, 1e-2]), pulse_power_W=np.array([6600.0, 5200.0]), steady_W=8.0, ambient_K_W=20.0,
    junction_degC=175.0,
)
TIME_S = np.linspace(0.0, 0.02, 20_001)


def waves(power_W: np.ndarray, voltage_V: float | np.ndarray = 10.0, case_degC: float = 25.0) -> DeviceWaves:
    volts = np.broadcast_to(np.asarray(voltage_V, dtype=np.float64), TIME_S.shape)
    return DeviceWaves("q", TIME_S, volts, power_W, np.full(TIME_S.size, 90.0), case_degC)


def pulse(power_W: float, start_s: float, width_s: float) -> np.ndarray:
    return np.where(np.abs(TIME_S - start_s - 0.5 * width_s) <= 0.5 * width_s + 1e-9, power_W, 0.0)


@pytest.mark.parametrize(("width_s", "power_W", "limit_W"), [(1e-4, 1500.0, 2000.0), (1e-3, 600.0, 700.0)])
def test_a_rectangle_of_a_rated_width_is_compared_with_that_rating(
    width_s: float, power_W: float, limit_W: float
) -> None:
    found = linear_mode(waves(pulse(power_W, 5e-3, width_s)), MOSFET)
    assert found.limit == limit_W
    assert found.value == pytest.approx(power_W, rel=2e-2)  # the edges are one step of 1 us
    assert found.margin == pytest.approx(1.0 - power_W / limit_W, abs=2e-2)


def test_above_the_knee_a_pulse_may_have_less_power() -> None:
    """500 W for 1 ms: of 700 W below 20 V, of 350 W at 40 V."""
    power_W = pulse(500.0, 5e-3, 1e-3)
    low, high = (linear_mode(waves(power_W, volts), MOSFET) for volts in (20.0, 40.0))
    assert low.margin == pytest.approx(1.0 - 500.0 / 700.0, abs=2e-2)
    assert high.margin == pytest.approx(1.0 - 1000.0 / 700.0, abs=4e-2) and violations([high])


def test_a_pulse_between_two_widths_and_a_train_count_by_their_mean() -> None:
    # 3 ms of 500 W: over 1 ms 500 of 700 W, over 10 ms 150 of 200 W, which is closer.
    found = linear_mode(waves(pulse(500.0, 4e-3, 3e-3)), MOSFET)
    assert found.quantity.endswith("0.01 s")
    assert found.value == pytest.approx(150.0, rel=1e-2)
    # 12 pulses of 0.1 ms and 1800 W within 10 ms: each is allowed, their mean of 216 W is not.
    train = sum((pulse(1800.0, 2e-3 + 0.8e-3 * k, 1e-4) for k in range(12)), np.zeros(TIME_S.size))
    assert violations([linear_mode(waves(train), MOSFET)])[0].value == pytest.approx(216.0, rel=2e-2)


def test_power_below_the_linear_voltage_is_no_linear_mode_and_a_warm_case_derates() -> None:
    power_W = pulse(600.0, 5e-3, 1e-3)
    assert linear_mode(waves(power_W, voltage_V=1.9), MOSFET).value == 0.0
    assert linear_mode(waves(power_W, case_degC=100.0), MOSFET).limit == pytest.approx(0.5 * 700.0)
    assert linear_mode(waves(power_W, case_degC=175.0), MOSFET).margin < 0.0


def test_drain_voltage_and_avalanche_energy_are_told_apart() -> None:
    volts = np.where((TIME_S > 5e-3) & (TIME_S < 6e-3), 90.0, 13.0)
    power_W = np.where(volts > 80.0, 400.0, 0.0)  # 0.4 J of the 0.5 J that one avalanche may have
    found = {s.quantity: s for s in mosfet_stresses(waves(power_W, volts), MOSFET)}
    assert found["drain voltage"].margin < 0.0
    assert found["drain voltage"].time_s == pytest.approx(5e-3, abs=2e-6)
    assert found["avalanche energy"].value == pytest.approx(0.4, rel=1e-2)
    assert [v.quantity for v in violations(found.values()) if "linear" not in v.quantity] == ["drain voltage"]


def test_two_avalanches_do_not_add_up() -> None:
    volts = np.where(((TIME_S > 2e-3) & (TIME_S < 3e-3)) | ((TIME_S > 9e-3) & (TIME_S < 10e-3)), 90.0, 13.0)
    found = mosfet_stresses(waves(np.where(volts > 80.0, 300.0, 0.0), volts), MOSFET)[1]
    assert found.value == pytest.approx(0.3, rel=1e-2)


def test_the_junction_of_one_rung_follows_the_exponential() -> None:
    p = CauerParameters(np.array([0.5]), np.array([4e-3]))
    found = junction_waveform_degC(TIME_S, np.full(TIME_S.size, 100.0), np.array([60.0]), 60.0, p)
    assert found == pytest.approx(60.0 + 50.0 * (1.0 - np.exp(-TIME_S / 2e-3)), abs=1e-3)


def test_violations_come_in_time_order_and_say_what() -> None:
    late = Stress("q2a", "drain voltage", 101.0, "V", 100.0, 2.0)
    early = Stress("q1", "junction temperature", float("nan"), "degC", 175.0, 1.0)
    kept = Stress("q1", "drain voltage", 80.0, "V", 80.0, 0.0)
    found = violations([late, kept, early])
    assert [v.device for v in found] == ["q1", "q2a"]
    assert found[1].detail == "q2a: drain voltage 101 V, rated 100 V"
    assert worst([late, kept]) is late


def test_a_tvs_pulse_is_compared_at_its_half_value_width() -> None:
    # Exponential of 1 kW that halves in 1 ms: 6600 W are rated there.
    power_W = np.where(TIME_S >= 2e-3, 1e3 * np.exp(-(TIME_S - 2e-3) * math.log(2.0) / 1e-3), 0.0)
    found = tvs_stresses(waves(power_W), TVS)[0]
    assert found.value == pytest.approx(1e3)
    assert found.limit == pytest.approx(6600.0, rel=1e-3)


def test_the_pulse_that_comes_closest_counts_not_the_highest() -> None:
    # 6000 W for 0.2 ms are 91 % of 6600 W; 5000 W for 8 ms are 94 % of 5325 W.
    power_W = pulse(6000.0, 1e-3, 2e-4) + pulse(5000.0, 5e-3, 8e-3)
    found = tvs_stresses(waves(power_W), TVS)[0]
    assert found.value == 5000.0
    assert found.limit == pytest.approx(6600.0 * 8.0 ** math.log10(5200.0 / 6600.0), rel=1e-3)


def test_a_suppressor_on_a_warm_board_takes_less() -> None:
    power_W = pulse(6000.0, 1e-3, 9e-4)
    assert not violations(tvs_stresses(waves(power_W), TVS))
    warm = violations(tvs_stresses(waves(power_W, case_degC=85.0), TVS))
    assert warm[0].limit == pytest.approx(0.6 * 6600.0, rel=1e-3)


def test_suppressors_side_by_side_do_not_share_alike() -> None:
    """By hand: 6.3 V over 254 A are 24.8 mohm; breakdowns 1.9 V apart are 76.6 A between two of them."""
    one_A = worst_share_A(np.array([-10.0, 0.0, 50.0, 76.6, 200.0]), 2.0, TVS)
    assert one_A == pytest.approx([-5.0, 0.0, 50.0, 76.6, 138.3], abs=0.05)
    assert worst_share_A(np.array([50.0]), 1.0, TVS) == pytest.approx([50.0])


def test_what_lasts_longer_than_the_curve_is_steady() -> None:
    assert pulse_limit_W(1.1e-2, TVS) == TVS.steady_W
    assert pulse_limit_W(1e-6, TVS) == 6600.0
    assert violations(tvs_stresses(waves(np.full(TIME_S.size, 9.0)), TVS))
    assert not violations(tvs_stresses(waves(np.zeros(TIME_S.size)), TVS))


def test_repeated_pulses_heat_by_their_mean_power() -> None:
    assert repeated_rise_K(30.0, 60.0, TVS) == pytest.approx(10.0)  # 0.5 W x 20 K/W
