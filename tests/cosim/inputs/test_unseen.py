"""Inputs that move between the samples of the slow engine are told."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.inputs.signals import Inputs, PiecewiseLinear
from cosim.inputs.unseen import unseen
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession


def ripple(amplitude_V: float, start_s: float = 4.0, end_s: float = 9.0) -> list[list[float]]:
    """10 Hz triangle on 13.6 V: with a tick of 100 ms every sample meets the same phase."""
    times = np.arange(start_s, end_s, 0.05)
    return [[0.0, 13.6], *([float(t), 13.6 + amplitude_V * (k % 2)] for k, t in enumerate(times)), [end_s, 13.6]]


def run(emf_V: list[list[float]], spice: SpiceSession, windows: bool = True) -> Result:
    scenario = parse_scenario({
        "name": "ripple", "duration_s": 12, "bank": {"soc": 0.5},
        "source": {"kind": "supply", "emf_V": emf_V, "resistance_ohm": 0.005},
    })
    return Simulation(scenario, session=spice, windows=windows).run()


def test_ripple_that_the_samples_never_see_is_an_event_and_a_warning(spice: SpiceSession) -> None:
    result = run(ripple(0.08), spice)
    told = [e for e in result.events if e.event == "input between ticks"]
    assert [e.time_s for e in told] == [pytest.approx(4.0, abs=0.11)]
    assert "supply EMF moves by up to 0.08 V" in told[0].detail
    assert "in 50 ticks" in told[0].detail
    assert any("input between ticks" in w for w in result.summary["warnings"])


def test_a_step_inside_its_window_is_not(spice: SpiceSession) -> None:
    step = [[0.0, 13.6], [5.03, 13.6], [5.031, 13.9]]
    assert not [e for e in run(step, spice).events if e.event == "input between ticks"]
    assert [e for e in run(step, spice, windows=False).events if e.event == "input between ticks"]


def test_what_straight_lines_between_samples_miss() -> None:
    """A load pulse of 30 A from 1.02 s to 1.06 s; the interpolated samples are 0 throughout."""
    zero = PiecewiseLinear.constant(0.0)
    load = PiecewiseLinear.pulse(30.0, 1.02, 0.04, 1e-3)
    inputs = Inputs(zero, zero, load, zero, (25.0, 25.0, 25.0), ())
    found = unseen(inputs, 0.1, 50, [])
    assert [(u.name, u.first_tick, u.ticks) for u in found] == [("load", 10, 1)]
    assert found[0].largest == pytest.approx(30.0)
    assert unseen(inputs, 0.1, 50, [(10, 12)]) == []
    assert unseen(inputs, 0.001, 5000, []) == []
