"""What a window exchanges with SPICE at every accepted point: models one way, sources the other.

Charge and heat are integrated by trapezoid over the accepted points; the slow sources go back as first-order
holds, so nothing is held constant between exchanges that moves. The work is done in `cosim.windows.exchange_point`.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.characteristic import LINK
from cosim.circuit.deck import DEVICES
from cosim.slow.plant import PlantParameters, PlantState
from cosim.spice.sources import SourceTable
from cosim.windows import exchange_point as point
from cosim.windows.exchange_point import (
    HELD,
    HELD_SYSTEM,
    I_ALTERNATOR,
    I_BATTERY,
    I_OUTPUT,
    I_PORT,
    LIFT,
    ORDER,
    SENSE,
    V_BATTERY,
    V_BUS,
    V_INPUT,
)

__all__ = ["I_ALTERNATOR", "I_BATTERY", "I_OUTPUT", "I_PORT", "LIFT", "ORDER", "SENSE", "V_BATTERY", "V_BUS", "V_INPUT",
           "FastState", "Slopes", "junctions"]

Array = NDArray[np.float64]


class Slopes(NamedTuple):
    """Sources after a step: EMF of bank and starter battery [V] and their slopes [V/s]."""

    battery_emf_V: float
    battery_slope_V_s: float
    starter_emf_V: float
    starter_slope_V_s: float


class FastState:
    """The plant inside a window: stepped at every accepted point, read at every tick.

    A plain link has no fuse and a supply no starter battery: those states then stay as they were.

    Parameters
    ----------
    state : plant state at the window's start
    p : parameters
    ambient_degC : (3,) engine bay, BMS, battery
    table : sources of a run; what follows from the models is held in it at every point. None to leave that out
    step, longest_step_s : where the longest next step of the run goes (one number), and what it never exceeds [s];
        None leaves the steps to SPICE
    n_values, system_path : values at an accepted point, and whether those of System+ as a circuit follow `ORDER`
    """

    def __init__(
        self, state: PlantState, p: PlantParameters, ambient_degC: Array, table: SourceTable | None = None,
        step: Array | None = None, longest_step_s: float = 0.0, n_values: int = len(ORDER),
        system_path: bool = False,
    ) -> None:
        self._base = state
        numbers = np.zeros(point.NUMBERS)
        numbers[point.LONGEST] = longest_step_s if step is not None else 0.0
        numbers[point.SHORTEST] = point.SHORTEST_SYSTEM_STEP_S if system_path else point.SHORTEST_STEP_S
        numbers[point.PORT_OHM] = p.system.bms_ohm
        # Single numbers are read three times faster through a memoryview than through numpy.
        self._numbers = cast("memoryview[float]", numbers.data)
        self._step = np.zeros(1) if step is None else step
        has = np.array(
            [p.has_vehicle > 0.5, p.characteristic.kind != LINK, p.system.kind.size > 0, system_path],
            dtype=np.int64
        )
        words = np.zeros(1, dtype=np.uint64) if table is None else table.words
        held = HELD_SYSTEM if system_path else HELD
        places = np.zeros((2, 0), dtype=np.int64) if table is None else table.places(held)
        self._moving = point.moving(state.starter, state.fuse, state.box, state.switch_degC)
        self._coupling = point.coupled(
            state.battery, p.battery, p.starter, p.fuse, p.box, ambient_degC, has, numbers, np.zeros(n_values), words,
            words.view(np.float64), places, self._step,
        )
        self._state_s = 0.0

    @property
    def state(self) -> PlantState:
        """Plant state now; of one that replaces it all but the bank is taken over."""
        if self._state_s != self._numbers[point.TIME]:
            m = point.moved(self._moving)
            self._base = self._base._replace(
                battery=point.stored_bank(self._coupling), starter=m.starter, fuse=m.fuse, box=m.box,
                switch_degC=m.switch_degC,
            )
            self._state_s = self._numbers[point.TIME]
        return self._base

    @state.setter
    def state(self, state: PlantState) -> None:
        self._base = state._replace(battery=self.state.battery)
        point.replace_moving(self._moving, state.starter, state.fuse, state.box, state.switch_degC)

    @property
    def kept(self) -> tuple[list[point.Moving], list[point.Coupling]]:
        """What `exchange_point.exchange` works on, for compiled code that calls it."""
        return self._moving, self._coupling

    @property
    def fuse_degC(self) -> float:
        """Fuse temperature at the last point, cheap enough for every point."""
        return self._numbers[point.FUSE_DEGC]

    def start(self, time_s: float, values: Array) -> None:
        """Begin to integrate at this accepted point."""
        point.watch(self._coupling, time_s, values)

    def exchange(self, time_s: float, values: Array) -> None:
        """Step to an accepted point and hold the sources that follow from it.

        Raises
        ------
        ValueError : one of them is not finite, or an exchange before broke off
        """
        if not point.exchange(self._moving, self._coupling, time_s, values):
            broken = self._numbers[point.BROKEN] > 0.0
            what = "the models were left half stepped" if broken else "a model gave a source that is not finite"
            raise ValueError(f"at {time_s!r} s {what}: {self._slopes()}")

    def accept(self, time_s: float, values: Array) -> Slopes:
        """`exchange`, and return the sources of both batteries."""
        self.exchange(time_s, values)
        return self._slopes()

    def look_closely(self, step_s: float) -> None:
        """Something changes at this point: the next step is this long at most, and what was straight no longer is."""
        if self._numbers[point.LONGEST] > 0.0:
            self._step[0] = min(step_s, self._numbers[point.LONGEST])
            self._numbers[point.STRAIGHT] = 0.0

    def leave_step(self) -> None:
        """Leave the next step to SPICE: before the window begins nothing is integrated that a long one could miss.

        A settling took two thirds of the points of a short window, for currents that are the same to 1e-10.
        """
        self._step[0] = 0.0

    def take_means(self, span_s: float) -> tuple[float, float, float]:
        """Mean current of alternator, port and System+ since the last call [A], and start the next means."""
        n = self._numbers
        alternator_C, port_C, system_C = n[point.ALTERNATOR_C], n[point.PORT_C], n[point.SYSTEM_C]
        n[point.ALTERNATOR_C] = n[point.PORT_C] = n[point.SYSTEM_C] = 0.0
        return alternator_C / span_s, port_C / span_s, system_C / span_s

    def _slopes(self) -> Slopes:
        n = self._numbers
        return Slopes(n[point.BATTERY_V], n[point.BATTERY_V_S], n[point.STARTER_V], n[point.STARTER_V_S])


def junctions(state: PlantState) -> dict[str, float]:
    """Junction temperature per external source name [degC]."""
    return {f"vt{d}": float(state.box.junction_degC[j, 0]) for j, d in enumerate(DEVICES)}
