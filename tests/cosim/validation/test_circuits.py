"""Benches behind `validate circuits`: one short by hand, and figures that can fail."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.benches import signal_circuits
from cosim.spice.session import SpiceSession
from cosim.validation import circuits
from cosim.validation.circuit_signals import signal_figures, supply_figures
from cosim.validation.figure import ValidationFigure
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
    assert {figure.name.split("_")[1] for figure in checked.figures} == {
        "S2", "S6", "A7", "A8", "O1", "O3", "R1", "R2", "R3", "R4", "C1", "C2", "margin", "quiet",
    }


@pytest.fixture(scope="module")
def signals(spice: SpiceSession) -> list[ValidationFigure]:
    return signal_figures(spice)


def test_the_signal_circuits_hold_and_tell_their_cost(signals: list[ValidationFigure]) -> None:
    assert [figure.name for figure in signals if not figure.passed] == []
    for row in ("O1_O2", "O3", "R1", "R2", "R3", "R4", "C1", "C2"):
        kinds = {figure.name.removeprefix(f"circuits_{row}_") for figure in signals}
        assert {"points_per_ms", "wall_ms_per_ms", "retries"} <= kinds, row


def test_wall_time_is_told_and_not_judged(signals: list[ValidationFigure]) -> None:
    """A loaded machine must not fail a circuit: whatever the time, the figure passes."""
    told = [figure for figure in signals if "wall" in figure.name]
    assert len(told) == 8
    assert {figure.limit for figure in told} == {"at least 0 ms/ms"}


def test_a_supply_that_holds_too_briefly_is_seen(monkeypatch: pytest.MonkeyPatch, spice: SpiceSession) -> None:
    """Negative control: judged against twice its capacitor, the hold-up fails, and the open ground with it."""
    whole = signal_circuits.held_by_hand_s()
    monkeypatch.setattr(signal_circuits, "held_by_hand_s", lambda: 2.0 * whole)
    failed = {figure.name for figure in supply_figures(spice) if not figure.passed}
    assert failed == {"circuits_C1_hold_up_s", "circuits_C1_open_ground_s"}
