"""Benches behind `validate circuits`: one short by hand, and figures that can fail."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.spice import SpiceSession
from cosim.validation import circuits
from cosim.validation.port_bench import Bench, Ran, run, short


@pytest.fixture(scope="module")
def ran(spice: SpiceSession) -> Ran:
    return run(spice, Bench(short(1e-6)), 1.2e-3, 0.2e-6)


def test_the_hand_calculation_of_a_short() -> None:
    """13.3 V / 5 mohm = 2660 A, 2.159 uH / 5 mohm = 432 us, from 129 A: 700 A after 432 us ln(2531 / 1960)."""
    assert 1e6 * circuits.crossing_s(1e-6) == pytest.approx(110.5, rel=5e-3)
    assert float(circuits.rise_A(1e-6, np.zeros(1))[0]) == pytest.approx(129.1, rel=1e-3)
    # nearly straight from 129 to 700 A: (a^2 + a b + b^2) / 3 x time
    assert circuits.i2t_A2s(1e-6) == pytest.approx((129.1**2 + 129.1 * 700.0 + 700.0**2) / 3.0 * 110.5e-6, rel=0.07)


def test_a_short_keeps_s2(ran: Ran) -> None:
    figures = circuits.short_figures(1e-6, 25.0, ran)
    assert [figure.name for figure in figures if not figure.passed] == []
    assert len(figures) == 8


def test_figures_of_another_short_fail(ran: Ran) -> None:
    """The same waveform called a short behind 5 uH: time and I2t are not those by hand."""
    figures = circuits.short_figures(5e-6, 25.0, ran)
    failed = {figure.name.rsplit("25C_", 1)[1] for figure in figures if not figure.passed}
    assert {"since_fault_us", "i2t_A2s"} <= failed


@pytest.mark.long
def test_all_circuits_hold() -> None:
    checked = circuits.check(None)
    assert [figure.name for figure in checked.figures if not figure.passed] == []
    assert {figure.name.split("_")[1] for figure in checked.figures} == {"S2", "S6", "A7", "A8"}
