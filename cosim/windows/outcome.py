"""What a window hands back, put together at its end: balance, differences from the slow picture, events, waveforms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.circuit.characteristic import LINK
from cosim.circuit.deck import DeckSpec
from cosim.record.balance import window_balance
from cosim.slow.loop import LEDGER, PEAKS
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState, stored_charge_C
from cosim.supervisor.supervision import Supervision
from cosim.windows.events import LIFTED, Note, events_of
from cosim.windows.policy import WindowRequest
from cosim.windows.result import WindowOutcome, window_dataset
from cosim.windows.safety import rating_notes
from cosim.windows.time import seconds

Array = NDArray[np.float64]

PREDICTION_BOUND_A = 0.3
"""Largest difference of the slow prediction from SPICE at a window's end that is not an event (design bound)."""
CHARGE_BOUND, ENERGY_BOUND = 1e-4, 1e-2
"""Relative balances of a window beyond which it is an event (design bounds)."""


@dataclass(frozen=True)
class WindowEnd:
    """A window that has run: what it began with, where it stands, what it kept (see `cosim.windows.window`).

    start, state : plant at its first and last tick; last, predicted : operating point there, by SPICE and by the slow
    network; the rest as in `WindowOutcome`
    """

    request: WindowRequest
    start: PlantState
    state: PlantState
    supervision: Supervision
    standing: bms.Commands
    end_tick: int
    last: Operating
    predicted: Operating
    start_mismatch_A: float
    settled: bool
    rows: list[tuple[int, PlantState, Operating, Array, Array]]
    seen: list[Array]
    notes: list[tuple[float, str, str, str]]


def handed_back(
    end: WindowEnd, time_s: Array, waves: dict[str, Array], spec: DeckSpec, tick_s: float, p: PlantParameters
) -> WindowOutcome:
    """Outcome of a window.

    Parameters
    ----------
    end : the window
    time_s, waves : its accepted points, from its start on, by our signal names
    spec, tick_s, p : its deck, tick and parameters
    """
    request = end.request
    mismatch_A = end.last.port_current_A - end.predicted.port_current_A
    charge = stored_charge_C(end.state.battery, p.battery) - stored_charge_C(end.start.battery, p.battery)
    balance, energies = window_balance(
        time_s, waves, charge, float(p.alternator_lead_ohm), spec.battery_cable_resistance_ohm, p.system.path_ohm,
        spec.supply_A,
    )
    start_s, stop_s = (seconds(t, tick_s) for t in (request.start_tick, end.end_tick))
    notes = list(end.notes)
    for when, place, value in ((start_s, "start", end.start_mismatch_A), (stop_s, "end", float(mismatch_A))):
        if abs(value) > PREDICTION_BOUND_A:
            detail = f"at the {place} of {request.name}: SPICE minus slow prediction {value:+.3f} A"
            notes.append((when, "engine", "prediction off", detail))
    if balance.charge_relative > CHARGE_BOUND or balance.energy_relative > ENERGY_BOUND:
        detail = f"charge {balance.charge_relative:.2g}, energy {balance.energy_relative:.2g} relative"
        notes.append((stop_s, "engine", "balance off", f"{request.name}: {detail}"))
    notes += circuit_notes(time_s, waves, end.start, start_s, spec, p)
    return WindowOutcome(
        state=end.state, supervision=end.supervision, standing=end.standing, end_tick=end.end_tick,
        dataset=window_dataset(time_s, waves, request, start_s, stop_s, spec.probes), balance=balance,
        start_mismatch_A=end.start_mismatch_A, end_mismatch_A=float(mismatch_A), settled=end.settled,
        tick_rows=end.rows, charge_C=energies.pop("charge_C"), energies=energies, measured=end.seen, notes=notes,
    )


def circuit_notes(
    time_s: Array, waves: dict[str, Array], start: PlantState, start_s: float, spec: DeckSpec, p: PlantParameters
) -> list[Note]:
    """What the circuit did from `start` on; ratings are judged where the circuit is disturbed on purpose."""
    if p.characteristic.kind == LINK:
        return []
    notes = events_of(time_s, waves, start_s)
    if spec.sections or spec.cuts:
        notes += rating_notes(time_s, waves, float(start.box.heatsink_degC), start_s, spec.netlist)
    return notes


def add_to_ledger(ledger: Array, outcome: WindowOutcome) -> None:
    """Add a window's charge, energies and peaks to those of a run (`cosim.slow.loop.LEDGER`)."""
    ledger[0] += outcome.charge_C
    for key, value in outcome.energies.items():
        ledger[LEDGER.index(key)] += value
    # What A4 allows while the limit is lifted has figures of its own, from the accepted points.
    lifted = bool((outcome.dataset.limit_lifted.values > LIFTED).any())
    for _, state, x, _, _ in outcome.tick_rows:
        machine = state.alternator
        port_A = -np.inf if lifted else x.port_current_A
        ledger[PEAKS:] = np.maximum(ledger[PEAKS:], (port_A, machine.winding_degC, machine.rectifier_degC))
