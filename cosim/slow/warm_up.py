"""Compile all physics once and leave the machine code in numba's cache: part of `make setup` and of `make test`.

Nothing is simulated that anybody reads; it only spares the first run some minutes. The tick loop takes as long as all
the rest, so that two processes share it: ``python -m cosim.slow.warm_up`` starts them, ``... PART`` is one of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np

from cosim.circuit.characteristic import limiter_start
from cosim.inputs.drive import build_inputs
from cosim.scenario.model import parse_scenario
from cosim.slow.channels import row_size
from cosim.slow.commands import charging
from cosim.slow.engine import advance_heat, with_steady_field
from cosim.slow.loop import Grid, Plant, Stretch, empty_ledger, observe
from cosim.slow.plant import PlantParameters, PlantState, initial_state, load_parameters
from cosim.slow.ready import mark
from cosim.slow.sensors import free_bounds, inside
from cosim.windows.between import BetweenEvents
from cosim.windows.exchange import ORDER, FastState


class Small(NamedTuple):
    """A plant with the types of a real run, and what drives it."""

    state: PlantState
    p: PlantParameters
    grid: Grid
    stretch: Stretch


def small() -> Small:
    """Return one battery behind an idling engine."""
    scenario = parse_scenario(
        {"name": "warm_up", "drive": {"segments": [{"kind": "idle", "duration_s": 1.0}]}, "duration_s": 1.0}
    )
    p = load_parameters(scenario, limiter_start())
    inputs, _ = build_inputs(scenario)
    grid = Grid(inputs.sampled(np.arange(4, dtype=np.float64) * 0.1), np.array(inputs.ambient_degC), 0.1, 1)
    free = free_bounds()
    stretch = Stretch(charging(90.0), 54.0, -free, free, 100, -free, free, 10)
    return Small(initial_state(scenario, p), p, grid, stretch)


def compile_loop() -> None:
    """Call the tick loop."""
    s = small()
    Plant(s.state, s.p, s.grid, np.zeros((4, row_size(4))), empty_ledger()).run(0, 3, True, s.stretch)


def compile_rest() -> None:
    """Call everything else that Python calls: a look at the plant, its state in and out, windows."""
    s = small()
    plant = Plant(s.state, s.p, s.grid, np.zeros((4, row_size(4))), empty_ledger())
    plant.state = plant.state
    state = with_steady_field(s.state, s.grid.rows[0], s.p)
    inside(observe(state, s.grid.rows[0], s.stretch.commands, 54.0, s.p)[1], s.stretch.low, s.stretch.high)
    fast = FastState(state, s.p, s.grid.ambient_degC)
    fast.state = fast.state
    values = np.zeros(len(ORDER))
    fast.accept(0.0, values)
    fast.start(0.0, values)
    fast.accept(1e-6, values)
    between = BetweenEvents(len(ORDER))
    between.take(*fast.kept, 0.0)
    between.hook()
    advance_heat(fast.state, 0.0, 0.0, 0.0, 13.0, 2000.0, s.grid.ambient_degC, 0.1, s.p)


PARTS = {"loop": compile_loop, "rest": compile_rest}


def main(arguments: list[str]) -> int:
    """Compile the parts named, or all; returns the exit code."""
    if arguments or (os.cpu_count() or 1) == 1:
        for name in arguments or PARTS:
            PARTS[name]()
        if not arguments:
            mark()
        return 0
    both = [subprocess.Popen([sys.executable, "-m", "cosim.slow.warm_up", name]) for name in PARTS]
    code = max(abs(process.wait()) for process in both)
    if code == 0:
        mark()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
