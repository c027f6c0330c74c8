"""Growth of this process over many windows: ``python -m benchmarks.memory [WINDOWS [WARM_UP]]`` prints it as JSON."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import statistics
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from cosim.circuit.characteristic import limiter_start
from cosim.inputs.drive import build_inputs
from cosim.scenario.model import parse_scenario
from cosim.slow.commands import nothing
from cosim.slow.loop import observe
from cosim.slow.plant import initial_state, load_parameters
from cosim.slow.sensors import as_measurements
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision
from cosim.windows.deck import deck_spec
from cosim.windows.policy import WindowRequest
from cosim.windows.window import Window

SCENARIO = {
    "name": "memory", "duration_s": 2, "bank": {"soc": 0.3},
    "source": {"kind": "supply", "emf_V": [[0, 14.4]], "resistance_ohm": 0.004},
}
WARM_UP = 60
"""Windows before the first look: caches, pools of the allocator and ngspice's own tables are filled by then."""
BLOCK = 10
"""Windows between two looks at the memory in use."""
START = 4
"""First tick; the supervisor enables the path at the next one."""
_MALLINFO2 = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class _MallInfo(ctypes.Structure):
    """What glibc's mallinfo2 returns."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in _MALLINFO2.split())


def resident_bytes() -> int:
    """Memory of this process that is in RAM (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def in_use_bytes() -> int | None:
    """Memory that was asked for and not given back, to the byte; None where glibc (2.33) cannot be asked.

    Unlike the memory in RAM it does not move with the gaps that the allocator leaves and fills.
    """
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is None:
        return None
    ask.restype = _MallInfo
    told = ask()
    return int(told.uordblks + told.hblkhd)


def windows_to_compute() -> Callable[[SpiceSession], int]:
    """A function that computes a window in which the path is enabled, from a new deck.

    It returns the window's number of points and keeps nothing.
    """
    scenario = parse_scenario(SCENARIO)
    inputs, _ = build_inputs(scenario)
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    _, measured = observe(state, inputs.sampled(np.array([0.0]))[0], nothing(), 0.0, p)
    seen = as_measurements(measured, 4)
    supervision = Supervision.begin(scenario.supervisor_settings, seen, 100).stepped(START, seen)
    request = WindowRequest("enable", "memory", START, 2, 2)

    def one(session: SpiceSession) -> int:
        spec = deck_spec("memory", "alternator_path", {}, state, p, 0.3e-6, 0.0)
        window = Window(request, state, supervision, supervision.commands, inputs, 0.1, spec, p)
        return int(window.run(session).dataset.sizes["time_s"])

    return one


def growth(windows: int, warm_up: int = WARM_UP) -> dict[str, float]:
    """Growth over a number of windows after the warm-up, and how it divides over the two halves.

    Parameters
    ----------
    windows : how many
    warm_up : windows before the first look

    Returns
    -------
    dict
        memory in RAM [MB]; `leak_B_per_window` [B], if it can be known: memory in use, median over blocks of windows,
        so that a table that doubles once does not count
    """
    session, one_window = SpiceSession.open(), windows_to_compute()
    for _ in range(warm_up):
        points = one_window(session)
    seen, used = [], []
    for k in range(windows + 1):
        if k % BLOCK == 0 or k in (windows // 2, windows):
            gc.collect()
        if k % BLOCK == 0:
            used.append(in_use_bytes())
        if k in (0, windows // 2, windows):
            seen.append(resident_bytes() / 1e6)
        if k < windows:
            one_window(session)
    known = [number for number in used if number is not None]
    leaks = [(after - before) / BLOCK for before, after in pairwise(known)]
    return {"windows": float(windows), "points_per_window": float(points), "start_MB": seen[0],
            "first_half_MB": seen[1] - seen[0], "second_half_MB": seen[2] - seen[1], "growth_MB": seen[2] - seen[0],
            **({"leak_B_per_window": statistics.median(leaks)} if leaks else {})}


if __name__ == "__main__":
    print(json.dumps(growth(*(int(word) for word in sys.argv[1:3] or ("1000",)))))
