"""The tick loop with the bank stepped by scipy's `solve_ivp` in place of the compiled step (`models.reference`).

Network, supervisor and everything else are those of `cosim.slow.loop`, coupled on the same ticks; chosen by a scenario
with `integrator: reference`. A tick costs a millisecond instead of a microsecond.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.slow.loop import ENDED, Grid, Plant, Stretch
from cosim.slow.plant import PlantParameters, PlantState
from models import reference

Array = NDArray[np.float64]


class ReferencePlant(Plant):
    """As `Plant`; each tick's bank is stepped again, by the general integrator, from what it was before."""

    def __init__(
        self, state: PlantState, p: PlantParameters, grid: Grid, record: Array, ledger: Array,
        watch: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__(state, p, grid, record, ledger, watch)
        self._bank_parameters, self._tick_s, self._ambient_degC = p.battery, grid.tick_s, float(grid.ambient_degC[2])

    def run(self, tick: int, end_tick: int, fresh: bool, stretch: Stretch) -> tuple[int, int]:
        """As `Plant.run`, tick by tick."""
        flags = self.flags
        while tick < end_tick:
            before, held = self.state.battery, self.look(tick, stretch)[0]
            reached, why = super().run(tick, tick + 1, fresh, stretch)
            if reached == tick:
                return tick, why
            after = reference.step(
                before, held.battery_current_A, self._tick_s, self._ambient_degC, self._bank_parameters
            )
            self.state = self.state._replace(battery=after)
            tick, fresh = reached, True
            if self.flags != flags:
                break
        return tick, ENDED
