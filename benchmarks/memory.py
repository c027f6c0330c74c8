"""Growth of this process over many windows: ``python -m benchmarks.memory 1000`` prints it as JSON."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import numpy as np

from cosim.characteristic import limiter_start
from cosim.commands import nothing
from cosim.drive import build_inputs
from cosim.loop import observe
from cosim.plant import initial_state, load_parameters
from cosim.policy import WindowRequest
from cosim.scenario import parse_scenario
from cosim.sensors import as_measurements
from cosim.spice import SpiceSession
from cosim.supervision import Supervision
from cosim.window import Window
from cosim.window_deck import deck_spec

SCENARIO = {
    "name": "memory", "duration_s": 2, "bank": {"soc": 0.3},
    "source": {"kind": "supply", "emf_V": [[0, 14.4]], "resistance_ohm": 0.004},
}
WARM_UP = 60
"""Windows before the first look: caches, pools of the allocator and ngspice's own tables are filled by then."""
START = 4
"""First tick; the supervisor enables the path at the next one."""


def resident_bytes() -> int:
    """Memory of this process that is in RAM (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def one_window(session: SpiceSession) -> int:
    """Compute a window in which the path is enabled, from a new deck; returns its points and keeps nothing."""
    scenario = parse_scenario(SCENARIO)
    inputs, _ = build_inputs(scenario)
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    _, measured = observe(state, inputs.sampled(np.array([0.0]))[0], nothing(), 0.0, p)
    seen = as_measurements(measured, 4)
    supervision = Supervision.begin(scenario.supervisor_settings, seen, 100).stepped(START, seen)
    spec = deck_spec("memory", "alternator_path", {}, state, p, 0.3e-6, 0.0)
    request = WindowRequest("enable", "memory", START, 2, 2)
    window = Window(request, state, supervision, supervision.commands, inputs, 0.1, spec, p)
    return int(window.run(session).dataset.sizes["time_s"])


def growth(windows: int) -> dict[str, float]:
    """Growth over a number of windows after the warm-up [MB], and how it divides over the two halves."""
    session = SpiceSession.open()
    for _ in range(WARM_UP):
        points = one_window(session)
    seen = []
    for k in range(windows + 1):
        if k in (0, windows // 2, windows):
            gc.collect()
            seen.append(resident_bytes() / 1e6)
        if k < windows:
            one_window(session)
    return {"windows": float(windows), "points_per_window": float(points), "start_MB": seen[0],
            "first_half_MB": seen[1] - seen[0], "second_half_MB": seen[2] - seen[1], "growth_MB": seen[2] - seen[0]}


if __name__ == "__main__":
    print(json.dumps(growth(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)))
