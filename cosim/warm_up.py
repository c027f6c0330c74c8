"""Compile all physics once and leave the machine code in numba's cache: part of `make setup`.

Nothing is simulated that anybody reads; it only spares the first run some twenty seconds.
"""

from __future__ import annotations

import numpy as np

from cosim.channels import row_size
from cosim.characteristic import limiter_start
from cosim.commands import charging
from cosim.drive import build_inputs
from cosim.exchange import ORDER, FastState
from cosim.loop import LEDGER, Grid, Plant, Stretch, observe, run_ticks
from cosim.plant import initial_state, load_parameters
from cosim.quasi_static import new_watch
from cosim.scenario import parse_scenario
from cosim.sensors import free_bounds, inside
from cosim.slow import advance_heat


def main() -> None:
    """Call every compiled entry point with the types of a real run."""
    scenario = parse_scenario(
        {"name": "warm_up", "drive": {"segments": [{"kind": "idle", "duration_s": 1.0}]}, "duration_s": 1.0}
    )
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    inputs, _ = build_inputs(scenario)
    ambient = np.array(inputs.ambient_degC)
    grid = Grid(inputs.sampled(np.arange(4, dtype=np.float64) * 0.1), ambient, 0.1, 1)
    commands = charging(90.0)
    _, measured = observe(state, grid.rows[0], commands, 54.0, p)
    free = free_bounds()
    inside(measured, -free, free)
    record = np.zeros((4, row_size(4)))
    held = Stretch(commands, 54.0, -free, free, 100)
    run_ticks(state, 0, 3, True, grid, held, record, np.zeros(len(LEDGER)), new_watch(), p)
    plant = Plant(state, p, grid, record, np.zeros(len(LEDGER)))
    plant.run(0, 3, True, Stretch(commands, 54.0, -free, free, 100, -free, free, 10))
    plant.state = plant.state
    plant.look(3, Stretch(commands, 54.0, -free, free, 100))
    fast = FastState(state, p, ambient)
    fast.state = fast.state
    values = np.zeros(len(ORDER))
    fast.accept(0.0, values)
    fast.start(0.0, values)
    fast.accept(1e-6, values)
    advance_heat(state, 0.0, 0.0, 0.0, 13.0, 2000.0, ambient, 0.1, p)


if __name__ == "__main__":
    main()
