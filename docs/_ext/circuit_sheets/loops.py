"""Margins of the loops in a few corners, run when netlists or benches have changed; the whole tables take longer."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from cosim.benches import loop_stability, loops_besides
from cosim.benches.loop_stability import Corner
from cosim.circuit.deck import circuit_text
from cosim.spice.session import SpiceSession
from cosim.validation import circuit_loops
from docs._ext.circuit_sheets.reader import told

ORDINARY = Corner(3e-6, 5e-3, 1e-3, 100.0, 90.0, 25.0, 1.0)
"""Three metres of cable, a stiff source, a 100 A fuse at its limit, 25 degC, a volt over the pass devices."""
Row = tuple[str, str, str, str, str]
"""Corner, loop, phase margin, crossing, gain margin."""


def linear(session: SpiceSession) -> list[Row]:
    """Loops of the linear limiter, in an ordinary corner and the worst ones of the table."""
    corners = {"ordinary": ORDINARY} | {f"worst, {name}": c for name, c in circuit_loops.LINEAR_WORST.items()}
    return [(f"{name}: {loops_besides.told(corner)}", m.loop, *_told(m.phase_deg, m.crossing_Hz, m.gain_dB))
            for name, corner in corners.items() for m in loop_stability.margins(session, corner)]


def buck(session: SpiceSession) -> list[Row]:
    """Loops of the averaged buck."""
    corners = {"ordinary": ORDINARY} | {f"worst, {name}": c for name, c in circuit_loops.BUCK_WORST.items()}
    return [(f"{name}: {m.where}", m.loop, *_told(m.phase_deg, m.crossing_Hz, m.gain_dB))
            for name, corner in corners.items() for m in loops_besides.buck_margins(session, corner)]


def bypass(session: SpiceSession) -> list[Row]:
    """Bypass loops of System+."""
    cases = (("out", 20.0, 25.0), ("in", 20.0, 25.0), *circuit_loops.BYPASS)
    found = [loops_besides.bypass_margin(session, *case) for case in cases]
    return [(m.where, m.loop, *_told(m.phase_deg, m.crossing_Hz, m.gain_dB)) for m in found]


LOOPS: dict[str, tuple[str, Callable[[SpiceSession], list[Row]]]] = {
    "alternator_path": ("alternator_path", linear), "alternator_path_buck": ("alternator_path_buck_avg", buck),
    "alternator_path_buck_avg": ("alternator_path_buck_avg", buck), "system_path": ("system_path", bypass),
}
"""Circuit: the netlist that is opened at its test points, and its corners."""


def kept(name: str, folder: Path) -> list[Row] | None:
    """Margins of a circuit's loops that are remembered in a folder; None where they are not current.

    Empty where the circuit has no loop that is measured.
    """
    if name not in LOOPS:
        return []
    path = _path(name, folder)
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"key": ""}
    return [tuple(row) for row in content["rows"]] if content["key"] == _key(name) else None


def measure(name: str, folder: Path) -> None:
    """Run the loops of a circuit in their corners, where what is remembered is not current."""
    if kept(name, folder) is not None:
        return
    path = _path(name, folder)
    content = {"key": _key(name), "rows": LOOPS[name][1](SpiceSession.open())}
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)


def _path(name: str, folder: Path) -> Path:
    return folder / f"{LOOPS[name][0]}_loops.json"


def _key(name: str) -> str:
    """What margins depend on, as a hash: the netlist with what stands around it, the benches, this module."""
    modules = (loop_stability, loops_besides, circuit_loops, sys.modules[__name__])
    parts = [circuit_text(LOOPS[name][0]), *(inspect.getsource(module) for module in modules)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _told(phase_deg: float, crossing_Hz: float, gain_dB: float) -> tuple[str, str, str]:
    if crossing_Hz == 0.0:
        return "does not cross", "", f"{gain_dB:.1f} dB" if gain_dB < 1e3 else "none"
    crossing = told(float(f"{crossing_Hz:.3g}"), "Hz")
    return f"{phase_deg:.0f}°", crossing, f"{gain_dB:.1f} dB" if gain_dB < 1e3 else "none"
