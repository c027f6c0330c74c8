"""Margins beside the linear limiter's, and the check that a path is quiet at steps that hide nothing."""

from __future__ import annotations

import math

from cosim.benches.loop_stability import Corner
from cosim.benches.loops_besides import (
    LoopMargin,
    Quiet,
    buck_corners,
    inner_nodes,
    low_corners,
    quiet,
    table_text,
    worst_margins,
)
from cosim.spice.session import SpiceSession

NEAR = Corner(5e-6, 2.5e-3, 4e-3, 125.0, 100.0, -40.0, 0.06)


def test_a_limiter_near_dropout_is_quiet(spice: SpiceSession) -> None:
    found = quiet(spice, NEAR)
    assert found.pass_V < 0.3
    assert found.passed, found


def test_a_limiter_without_its_gate_drivers_is_not(spice: SpiceSession) -> None:
    """Negative control: high gate resistance rings with short cables (head of the netlist)."""
    loud = quiet(spice, Corner(0.3e-6, 2.5e-3, 0.5e-3, 125.0, 250.0, -40.0, 3.0), "rbuf=30 rdab=3m rdlb=3m")
    assert not loud.passed, loud


def test_the_tables_cover_the_ranges() -> None:
    assert len(buck_corners()) == 144
    assert {c.headroom_V for c in low_corners()} == {0.003, 0.06}
    assert {c.temperature_degC for c in buck_corners()} == {-40.0, 125.0}
    assert {"cs", "q0", "g0"} <= set(inner_nodes("alternator_path_buck_avg"))


def test_a_margin_counts_where_something_stands_over_the_converter() -> None:
    low = LoopMargin("buck, outer", "here", 44.0, 1e3, 20.0, 0.31)
    assert not low.passed
    assert low._replace(over_V=0.29).passed
    assert not low._replace(over_V=math.inf).passed  # System+ always counts
    worst = worst_margins([low, low._replace(phase_deg=60.0, gain_dB=3.0), low._replace(phase_deg=1.0, over_V=0.1)])
    assert worst == [low._replace(gain_dB=3.0)]
    assert not Quiet(NEAR, 0.021, 0.1).passed
    assert "44.0 deg" in table_text([low], [Quiet(NEAR, 0.001, 0.1)])
