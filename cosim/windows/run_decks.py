"""Decks of a run: that of a window, and the one that has all that any of them has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bms
from cosim.circuit.deck import DeckSpec
from cosim.scenario.model import Supply
from cosim.slow.commands import command_vector
from cosim.slow.loop import observe
from cosim.windows.deck import deck_spec
from cosim.windows.parts import parts_of, parts_of_run
from cosim.windows.policy import WindowRequest
from cosim.windows.probes import with_probes

if TYPE_CHECKING:
    from cosim.run import Run

STARTER_INDUCTANCE_H = 0.3e-6
"""Loop inductance of starter battery and its leads (ours, `circuit_facts`)."""


def whole_deck(run: Run) -> DeckSpec:
    """Deck with all that any of the run's decks has."""
    parts, cuts = parts_of_run(run.scenario, run.inputs, run.start, 0.0, run.n_ticks * run.tick_s, run.p)
    circuit = run.scenario.circuit
    return deck_spec(
        run.scenario.name, circuit.netlist, circuit.parameters, run.start, run.p, STARTER_INDUCTANCE_H, 0.0,
        sections=parts, cuts=cuts,
    )


def window_deck(run: Run, name: str, request: WindowRequest, before: bms.Commands) -> DeckSpec:
    """Deck of a window from the run's state; `before`: commands that stood before it."""
    source, circuit = run.scenario.source, run.scenario.circuit
    return with_probes(deck_spec(
        f"{run.scenario.name} {name}", circuit.netlist, circuit.parameters, run.state, run.p,
        source.inductance_H if isinstance(source, Supply) else STARTER_INDUCTANCE_H,
        alternator_current_A(run, before, request.start_tick), before.supply_current_A,
        *parts_of(request, run.scenario, run.inputs, run.state, run.tick_s, run.p),
        tuple(failing.part for failing in run.failed),
    ), run.probes)


def alternator_current_A(run: Run, before: bms.Commands, tick: int) -> float:
    """Current of the alternator at a tick under some commands."""
    x, _ = observe(run.state, run.grid.rows[tick], command_vector(before), before.sense_reference_V * 1e3, run.p)
    return float(x.alternator_current_A)
