"""Ratings of the device classes: those shipped, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import parameter_file
from models.ratings import load_mosfet, load_tvs

MOSFETS = {"ratings_n60": 60.0, "ratings_n80": 80.0, "ratings_n100": 100.0}
SMALL = "ratings_pmb"
SUPPRESSORS = {"ratings_sm8s16a": 16.0, "ratings_sm8s24a": 24.0, "ratings_sm8s33a": 33.0, "ratings_smdj100a": 100.0}


@pytest.mark.parametrize("name", MOSFETS)
def test_mosfets_are_rated_for_their_class_and_less_power_the_longer_it_lasts(name: str) -> None:
    r = load_mosfet(name)
    assert r.drain_voltage_V == MOSFETS[name]
    assert np.all(np.diff(r.soa_power_W) < 0.0)
    assert np.all(np.diff(r.soa_width_s * r.soa_power_W) > 0.0)  # but more energy
    # Thermal limit with 0.4 or 0.5 K/W to the case: (175 - 25) / 0.4 = 375 W; linear mode gets half of it.
    assert r.soa_power_W[-1] == pytest.approx(0.5 * 150.0 / (0.5 if name == "ratings_n100" else 0.4), rel=0.02)


@pytest.mark.parametrize(("name", "die_mm2"), [("ratings_n60", 25.0), ("ratings_n80", 25.0), ("ratings_n100", 20.0)])
def test_short_pulses_get_half_of_what_a_die_of_silicon_takes(name: str, die_mm2: float) -> None:
    """By hand: a half space of 110 W/mK and 1.66 MJ/m3K rises by 2 q sqrt(t / pi k rho c), q its power per area."""
    r = load_mosfet(name)
    for width_s, power_W in zip(r.soa_width_s[:3], r.soa_power_W[:3], strict=True):  # 1 ms reaches the copper below
        rise_K_W = 2.0 * np.sqrt(width_s / (np.pi * 110.0 * 1.66e6)) / (1e-6 * die_mm2)
        assert 0.45 < power_W * rise_K_W / (r.junction_degC - r.soa_case_degC) < 0.6
    assert r.linear_voltage_V < r.soa_knee_V < r.drain_voltage_V


def test_the_switch_of_the_pre_alarm_carries_its_ampere_and_no_short() -> None:
    """On state of 30 mohm at 1 A is no linear mode; 10 V at 67 A (a short of 50 mohm) is beyond every width."""
    r = load_mosfet(SMALL)
    assert r.drain_voltage_V == 40.0
    assert np.all(np.diff(r.soa_power_W) < 0.0)
    assert np.all(np.diff(r.soa_width_s * r.soa_power_W) > 0.0)
    assert r.linear_voltage_V > 10.0 * 0.03
    assert r.soa_power_W[r.soa_width_s >= 1e-3].max() < 10.0 * 67.0
    # A die of 3 mm2: (150 - 25) K over the 10 K/W of its package at 0.1 s.
    assert r.soa_power_W[-1] == pytest.approx(125.0 / 10.0, rel=0.01)


@pytest.mark.parametrize("name", SUPPRESSORS)
def test_suppressors_are_ordered_from_stand_off_to_clamping(name: str) -> None:
    r = load_tvs(name)
    assert r.standoff_V == SUPPRESSORS[name]
    assert r.standoff_V < r.breakdown_low_V < r.breakdown_high_V < r.clamp_V
    # The pulse power of a 10/1000 us wave is clamping voltage times peak current.
    assert r.clamp_V * r.clamp_A == pytest.approx(r.pulse_power_W[0], rel=0.02)


def test_a_curve_with_a_missing_value_is_refused(tmp_path: Path) -> None:
    text = (parameter_file.SHIPPED / "ratings_n80.yaml").read_text(encoding="utf-8")
    file = tmp_path / "own.yaml"
    file.write_text(text.replace("1.0e-5, 1.0e-4,", "1.0e-5,"))
    with pytest.raises(parameter_file.ParameterError, match="equal lengths"):
        load_mosfet(file)
