"""Probes against a deck: which of them it has, and the nearest names where none has one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from cosim.circuit.deck import DeckSpec, ProbeSignal
from cosim.errors import InputError
from cosim.scenario.probes import Probe
from cosim.spice.guard import check_deck
from cosim.spice.shunts import deck_branches, deck_nodes
from cosim.windows.deck import deck_text

NEAREST = 3
"""Names that a refusal tells."""


def with_probes(spec: DeckSpec, probes: Sequence[ProbeSignal]) -> DeckSpec:
    """Deck with the probes that it has; System+ as a circuit or a generator are not in every window's."""
    if not probes:
        return spec
    there = set(_signals_of(spec))
    return replace(spec, probes=tuple(one for one in probes if one.signal in there))


def check_probes(probes: Sequence[Probe], spec: DeckSpec, origin: str) -> None:
    """Every probe must be in a deck that has all that the run's decks have.

    Raises
    ------
    InputError : no such node or branch; the nearest ones are named
    """
    known = _signals_of(spec) if probes else ()
    for place, probe in enumerate(probes):
        if probe.signal.signal in known:
            continue
        kind, asked = ("node", probe.node) if probe.node is not None else ("current", probe.current)
        same = [name[2:-1] for name in known if name[0] == probe.signal.signal[0]]
        near = difflib.get_close_matches(str(asked).lower(), same, n=NEAREST, cutoff=0.0)
        what = "node of the deck" if kind == "node" else "voltage source or inductor of the deck"
        raise InputError(origin, f"probes.{place}.{kind}", asked, f"a {what}; nearest: {', '.join(near)}")


def _signals_of(spec: DeckSpec) -> tuple[str, ...]:
    """All voltages and branch currents of a deck, as ngspice saves them."""
    lines = check_deck(deck_text(spec)).lines
    nodes, branches = deck_nodes(lines), deck_branches(lines)
    assert nodes is not None and branches is not None  # plain elements only, as a test makes sure of every circuit
    return (*(f"v({node})" for node in nodes), *(f"i({name})" for name in branches))
