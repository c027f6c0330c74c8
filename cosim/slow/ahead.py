"""Currents along a straight line over a tick, and where the next solution is looked for.

A tick's state comes from the currents held over it. For the starter battery that is too little: its polarisations are
as fast as a tick, and a current that moves from I0 to I1 leaves them `starter_battery.ahead_ohm` x (I1 - I0) higher.
I1 is the unknown of the next network solution, so this is an EMF and a resistance there, and a correction of the state
once I1 is known: second order in the tick at the price of a few multiplications.

The state in the loop stays without that correction until the tick is over, and a copy of the corrected voltages is kept
for whoever looks from outside. So a stretch may be cut at any tick and goes on with the same bits. Where commands
change, the current jumps; the line ends before it, and the corrected state is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.slow.plant import PlantParameters, PlantState, source_thevenin
from models import starter_battery
from models.compiled import borrowing, compiled
from models.system_port import Gate

(DUE, HELD_A, FACTOR, V1, V2, LAST_V, BEFORE_V, FIRST_V, ENABLE, REFERENCE, IN_OHM, OUT_OHM, NODE_S,
 SUPPLY_A) = range(14)
"""Places in `Tick.ahead`: whether a correction is due, and the current that was held; temperature factor of the starter
battery (0: there is none); its polarisations as corrected; alternator voltages of the last three solutions, the
youngest first; what was commanded."""
PLACES = 14


class Feed(NamedTuple):
    """What holds the vehicle's bus: EMF [V], resistance [ohm], load [A]; and where the search for a root starts [V]."""

    emf_V: float
    ohm: float
    load_A: float
    start_V: float


@borrowing
def _bounded_load(load_A: float, source_emf_V: float, source_ohm: float) -> float:
    """A load never pulls the bus below 1 V, as `load` in `netlists/plant.cir`."""
    return min(load_A, max((source_emf_V - 1.0) / source_ohm, 0.0))


@borrowing
def feed_of(state: PlantState, row: NDArray[np.float64], p: PlantParameters) -> Feed:
    """Feed of a state as it stands."""
    emf_V, ohm = source_thevenin(state, row[3], p)
    return Feed(emf_V, ohm, _bounded_load(row[2], emf_V, ohm), state.bus_voltage_V)


@borrowing
def feed(
    state: PlantState, row: NDArray[np.float64], ahead: NDArray[np.float64], t: starter_battery.StarterTick,
    p: PlantParameters,
) -> Feed:
    """Feed of a state from held currents; the search starts on the parabola through the last three solutions."""
    emf_V, ohm = row[3], p.source_resistance_ohm
    load_emf_V, load_ohm = emf_V, ohm
    if p.has_vehicle > 0.5:
        ahead[FACTOR] = starter_battery.temperature_factor(state.starter.temperature_degC, p.starter)
        emf_V, ohm = starter_battery.thevenin_at(state.starter, ahead[FACTOR], p.starter)
        load_emf_V, load_ohm = emf_V, ohm
        if ahead[DUE] > 0.5:
            more_ohm = starter_battery.ahead_ohm(ahead[FACTOR], t)
            emf_V -= more_ohm * ahead[HELD_A]
            ohm += more_ohm
    start_V = ahead[FIRST_V] + 3.0 * (ahead[LAST_V] - ahead[BEFORE_V])
    return Feed(emf_V, ohm, _bounded_load(row[2], load_emf_V, load_ohm), start_V)


@borrowing
def correct(
    state: PlantState, starter_A: float, ahead: NDArray[np.float64], t: starter_battery.StarterTick
) -> None:
    """Leave the polarisations at the end of the line in `ahead`, the current there being known."""
    ahead[V1], ahead[V2] = state.starter.v1_V, state.starter.v2_V
    if ahead[DUE] > 0.5 and ahead[FACTOR] > 0.0:
        more_A = starter_A - ahead[HELD_A]
        ahead[V1], ahead[V2] = starter_battery.ahead_V(ahead[V1], ahead[V2], more_A, ahead[FACTOR], t)


@borrowing
def _starter(state: PlantState, ahead: NDArray[np.float64]) -> starter_battery.StarterState:
    s = state.starter
    return starter_battery.StarterState(s.soc, ahead[V1], ahead[V2], s.temperature_degC)


@borrowing
def corrected(state: PlantState, ahead: NDArray[np.float64]) -> PlantState:
    """The state with the corrected polarisations, for callers that count no references: the arrays are borrowed."""
    return PlantState(
        state.battery, _starter(state, ahead), state.alternator, state.fuse, state.box, state.input_cable_degC,
        state.battery_cable_degC, state.bus_voltage_V, state.field_A, state.law_A, state.system, state.system_V,
        state.latched, state.switch_degC,
    )


@compiled
def standing(state: PlantState, ahead: NDArray[np.float64]) -> PlantState:
    """As `corrected`, for everybody else: the arrays are shared."""
    return PlantState(
        state.battery, _starter(state, ahead), state.alternator, state.fuse, state.box, state.input_cable_degC,
        state.battery_cable_degC, state.bus_voltage_V, state.field_A, state.law_A, state.system, state.system_V,
        state.latched, state.switch_degC,
    )


@borrowing
def hold(starter_A: float, alternator_V: float, ahead: NDArray[np.float64]) -> None:
    """A tick is over: what was held, and the solution that it began with."""
    ahead[DUE], ahead[HELD_A] = 1.0, starter_A
    ahead[FIRST_V], ahead[BEFORE_V], ahead[LAST_V] = ahead[BEFORE_V], ahead[LAST_V], alternator_V


@borrowing
def commanded_anew(ahead: NDArray[np.float64], enable: float, reference_mV: float, gate: Gate) -> bool:
    """Whether the commands are others than at the last solution."""
    return bool(
        ahead[ENABLE] != enable or ahead[REFERENCE] != reference_mV or ahead[IN_OHM] != gate.in_ohm
        or ahead[OUT_OHM] != gate.out_ohm or ahead[NODE_S] != gate.node_S or ahead[SUPPLY_A] != gate.supply_A
    )


@borrowing
def take_commands(
    state: PlantState, ahead: NDArray[np.float64], enable: float, reference_mV: float, gate: Gate
) -> PlantState:
    """State to go on with under these commands."""
    if not commanded_anew(ahead, enable, reference_mV, gate):
        return state
    after = corrected(state, ahead) if ahead[DUE] > 0.5 else state
    ahead[DUE] = 0.0
    ahead[ENABLE], ahead[REFERENCE], ahead[IN_OHM] = enable, reference_mV, gate.in_ohm
    ahead[OUT_OHM], ahead[NODE_S], ahead[SUPPLY_A] = gate.out_ohm, gate.node_S, gate.supply_A
    return after


@borrowing
def start(state: PlantState, ahead: NDArray[np.float64]) -> None:
    """Forget what was: this state stands as it is."""
    for i in range(ahead.size):
        ahead[i] = np.nan
    ahead[DUE], ahead[HELD_A], ahead[FACTOR] = 0.0, 0.0, 0.0
    ahead[V1], ahead[V2] = state.starter.v1_V, state.starter.v2_V
    ahead[LAST_V] = ahead[BEFORE_V] = ahead[FIRST_V] = state.bus_voltage_V


@compiled
def new_ahead(state: PlantState) -> NDArray[np.float64]:
    """Return `Tick.ahead` for a state that stands as it is."""
    ahead = np.empty(PLACES)
    start(state, ahead)
    return ahead
