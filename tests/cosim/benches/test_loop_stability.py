"""Margins of gains that are known by hand; the table's corners; the netlist's margins are in tests/netlists."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.benches.loop_stability import Corner, Margin, corners, gain_margin_dB, phase_margin, table_text

FREQUENCY_Hz = np.logspace(0, 7, 1401)


def test_an_integrator_with_one_pole_has_the_phase_of_its_pole() -> None:
    # L = w0 / (s (1 + s / wp)) with wp = w0: crossing where x sqrt(1 + x^2) = 1, x^2 = (sqrt(5) - 1) / 2 = 0.618
    s = 2j * np.pi * FREQUENCY_Hz
    w0 = 2.0 * math.pi * 1e3
    margin, crossing_Hz = phase_margin(FREQUENCY_Hz, np.asarray(w0 / (s * (1.0 + s / w0)), dtype=np.complex128))
    x = math.sqrt(0.6180)
    assert crossing_Hz == pytest.approx(1e3 * x, rel=1e-3)
    assert margin == pytest.approx(90.0 - math.degrees(math.atan(x)), abs=0.1)


def test_three_equal_poles_have_the_gain_margin_of_eight() -> None:
    # (1 + j sqrt(3))^3 = -8: a gain of 4 is 8 / 4 = 6.02 dB from oscillating
    gain = 4.0 / (1.0 + 1j * FREQUENCY_Hz / 1e3) ** 3
    assert gain_margin_dB(gain) == pytest.approx(6.02, abs=0.1)


def test_a_loop_beyond_180_deg_has_a_negative_margin_and_one_that_never_crosses_the_whole() -> None:
    gain = 20.0 / (1.0 + 1j * FREQUENCY_Hz / 1e3) ** 3
    # |L| = 1 at x^2 = 20^(2/3) - 1: three times atan(2.523) is 205 deg
    assert phase_margin(FREQUENCY_Hz, gain)[0] == pytest.approx(180.0 - 3.0 * math.degrees(math.atan(2.523)), abs=0.3)
    assert phase_margin(FREQUENCY_Hz, gain / 40.0) == (180.0, 0.0)
    assert gain_margin_dB(1.0 / (1.0 + 1j * FREQUENCY_Hz / 1e3)) == math.inf


def test_the_table_covers_the_ranges_of_the_requirement() -> None:
    table = corners()
    assert {c.cable_H for c in table} == {0.3e-6, 5e-6}
    assert {c.source_ohm for c in table} >= {2.5e-3}
    assert {c.battery_ohm for c in table} == {0.5e-3, 4e-3}
    assert {c.fuse_A for c in table} == {40.0, 125.0}
    assert {c.temperature_degC for c in table} == {-40.0, 125.0}
    assert max(c.limit_A for c in table) == 250.0
    assert len(set(table)) == len(table) == 320


def test_the_requirement_holds_above_its_voltage_only() -> None:
    corner = Corner(5e-6, 2.5e-3, 4e-3, 125.0, 100.0, 125.0, 0.3)
    assert not Margin(corner, "outer", 44.0, 1e3, 20.0, 0.31).passed
    assert Margin(corner, "outer", 44.0, 1e3, 20.0, 0.29).passed
    assert "44.0 deg" in table_text([Margin(corner, "outer", 44.0, 1e3, 20.0, 0.31)])
