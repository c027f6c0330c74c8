"""Loops of the circuits at their worst corners, as figures: phase margins, and quietness where no margin is required.

The corners are the worst of the whole tables (`cosim.benches.loop_stability`, `cosim.benches.loops_besides`, which run
them all): a change of a netlist moves these first.
"""

from __future__ import annotations

import math

from cosim.benches.limiter_bench import AVERAGED, LINEAR
from cosim.benches.loop_stability import ABOVE_V, Corner, LEAST_MARGIN_deg, margins
from cosim.benches.loops_besides import QUIET_A, buck_margins, bypass_margin, quiet
from cosim.spice.session import SpiceSession
from cosim.validation.figure import ValidationFigure, within

LINEAR_WORST = {
    "limit": Corner(0.3e-6, 2.5e-3, 4e-3, 125.0, 100.0, 125.0, 0.3),
    "lifted": Corner(0.3e-6, 2.5e-3, 0.5e-3, 125.0, 250.0, -40.0, 3.0),
    "outer": Corner(5e-6, 2.5e-3, 4e-3, 125.0, 250.0, 125.0, 0.3),
}
BUCK_WORST = {
    "outer": Corner(0.3e-6, 10e-3, 0.5e-3, 125.0, 40.0, 125.0, 0.3),
    "input": Corner(5e-6, 2.5e-3, 0.5e-3, 125.0, 100.0, -40.0, 3.0),
}
QUIET_WORST = {
    (LINEAR, "dropout"): Corner(5e-6, 10e-3, 0.5e-3, 40.0, 36.0, -40.0, 0.003),
    (LINEAR, "knee"): Corner(5e-6, 2.5e-3, 4e-3, 125.0, 100.0, -40.0, 0.06),
    (AVERAGED, "buck_passing"): Corner(5e-6, 10e-3, 0.5e-3, 125.0, 100.0, 125.0, 0.05),
}
BYPASS = (("out", 1.0, -40.0), ("in", 1.0, -40.0), ("out", 150.0, 125.0), ("in", 150.0, 125.0))
OURS = "ours"
REQUIRED = f"issue 6: at least {LEAST_MARGIN_deg:g} deg above {ABOVE_V:g} V over the devices"


def loop_figures(session: SpiceSession) -> list[ValidationFigure]:
    """Worst phase margin of each path in each of its worst corners, and what is left of a disturbance."""
    found = []
    for name, corner in LINEAR_WORST.items():
        worst = min(margins(session, corner), key=lambda m: m.phase_deg)
        found.append(_phase(f"linear_{name}", worst.phase_deg))
    for name, corner in BUCK_WORST.items():
        required = [m.phase_deg for m in buck_margins(session, corner) if m.over_V >= ABOVE_V]
        found.append(_phase(f"buck_{name}", min(required)))
    for way, current_A, degC in BYPASS:
        found.append(_phase(f"bypass_{way}_{current_A:g}A", bypass_margin(session, way, current_A, degC).phase_deg))
    for (circuit, name), corner in QUIET_WORST.items():
        left_A = quiet(session, corner, circuit=circuit).left_A
        found.append(within(f"circuits_quiet_{name}_mA", 1e3 * left_A, "mA", -math.inf, 1e3 * QUIET_A, OURS,
                            f"issue 6: quiet below {ABOVE_V:g} V, at steps of 0.2 us"))
    return found


def _phase(name: str, phase_deg: float) -> ValidationFigure:
    return within(f"circuits_margin_{name}_deg", phase_deg, "deg", LEAST_MARGIN_deg, math.inf, OURS, REQUIRED)
