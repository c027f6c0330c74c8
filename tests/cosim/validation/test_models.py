"""What the validations of the plant's models compute, by hand where a hand can; all figures hold."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from cosim.spice.session import SpiceSession
from cosim.validation import alternator, box, cable, fuse, starter
from cosim.validation.figure import ValidationFigure
from cosim.validation.load_dump import load_dump
from models import fuse as fuse_model
from models import starter_battery


def all_hold(figures: list[ValidationFigure]) -> None:
    assert [figure for figure in figures if not figure.passed] == []


@pytest.mark.parametrize("figures", [
    fuse.validate_fuse, starter.validate_starter, cable.validate_cable, box.validate_box,
])
def test_figures_hold(figures: Callable[[], list[ValidationFigure]]) -> None:
    all_hold(figures())


@pytest.mark.parametrize("size", alternator.SIZES)
def test_load_dump_by_hand(spice: SpiceSession, size: str) -> None:
    """Opened at I: the stud rises to 15 V + Ri (I - V/100 ohm), then falls with the field's 0.12 s."""
    p = alternator.machine(size)
    dump = load_dump(spice, p)
    ohm = p.dump_resistance_ohm
    by_hand_V = (15.0 + ohm * dump.start_A) / (1.0 + ohm / 100.0)
    assert dump.start_A == pytest.approx(p.rated_A, rel=2e-3)
    assert dump.peak_V == pytest.approx(by_hand_V, rel=0.01)
    assert dump.resistance_ohm == pytest.approx(ohm, rel=0.01)
    # Between the 10 % points: the field falls from 1 to (V10 - 15 V) / (Vpeak - 15 V).
    tenth = (dump.start_V + 0.1 * (dump.peak_V - dump.start_V) - 15.0) / (dump.peak_V - 15.0)
    assert dump.duration_s == pytest.approx(p.field_tau_s * math.log(1.0 / tenth), rel=0.03)
    later_V = np.interp(dump.time_s[-1], dump.time_s, dump.voltage_V)
    assert 10.0 < later_V < 15.1


def test_alternator_figures_hold(spice: SpiceSession) -> None:
    dumps = {size: load_dump(spice, alternator.machine(size)) for size in alternator.SIZES}
    all_hold(alternator.validate_alternator(dumps))


def test_opening_time_without_heat_to_the_body() -> None:
    # A neck that keeps its heat opens at I2t: 1.3e5 A2s at 2 kA in 32.5 ms.
    p = fuse_model.load_fuse(100.0)._replace(neck_tau_s=1e4)
    assert fuse.opening_time_s(p, 2000.0, 23.0) == pytest.approx(0.0325, rel=0.01)
    assert math.isinf(fuse.opening_time_s(fuse_model.load_fuse(100.0), 100.0, 23.0))


def test_opening_time_is_that_of_many_small_steps() -> None:
    p, state, time_s = fuse_model.load_fuse(100.0), fuse_model.initial_state(23.0), 0.0
    while not fuse_model.blown(state):
        state = fuse_model.step(state, 135.0, 23.0, 0.1, p)
        time_s += 0.1
    assert fuse.opening_time_s(p, 135.0, 23.0) == pytest.approx(time_s, rel=0.006)


def test_held_current_by_hand() -> None:
    """Without slow parts and warming: (12.72 - 7.5 - slope x charge) / R."""
    p = starter_battery.load_starter_battery(starter.NEW)._replace(
        r1_ohm=1e-9, discharge_r2_ohm=1e-9, resistance_25_ohm=5e-3, temperature_coefficient_1_K=0.0
    )
    # Ten seconds take I / 25200 of the charge, 1.12 V for all of it.
    by_hand_A = 5.22 / (5e-3 + 1.12 * 10.0 / (3600.0 * 70.0))
    assert starter.held_A(p) == pytest.approx(by_hand_A, rel=2e-3)


def test_ampacity_by_hand() -> None:
    # 50 mm2: 1.724e-8 x 1.03 / 50e-6 = 0.3551 mohm/m (and 4 uohm/m of lugs), x 1.2751 at 90 degC; surface 2 pi (4.607 +
    # 1.5) mm = 0.03837 m2/m at 12 W/(m2 K): 2.172 K m/W; sqrt(38 / (2.172 x 0.4579e-3)) = 195.5 A.
    assert cable.ampacity_A(50.0, 52.0, 90.0) == pytest.approx(195.5, abs=0.5)


def test_settled_cable_at_its_ampacity_has_the_temperature() -> None:
    assert cable.settled_degC(50.0, cable.ampacity_A(50.0, 52.0, 90.0), 52.0) == pytest.approx(90.0, abs=0.01)
