"""The deck of a window: what SPICE holds constant during it, evaluated from the plant's state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from cosim.circuit.deck import CUT_S, AlternatorDeck, DeckSpec, Section, top_deck
from cosim.circuit.failed import FailedPart
from cosim.circuit.pulse_deck import PulseDeck
from cosim.circuit.system_deck import SystemDeck
from cosim.slow.plant import PlantParameters, PlantState, source_thevenin
from models import bank, cable, fuse

OPEN_FUSE = {"rf25": 1e3}
"""A blown fuse in a deck: 1 kohm, so that its terminals stay defined and carry milliamperes (ours)."""


LEAST_OHM = 1e-5
"""What a lead with a contact in it keeps (ours)."""

STARTER_INDUCTANCE_H = 0.3e-6
"""Loop inductance of starter battery and its leads (ours, `circuit_facts`)."""


def deck_spec(
    title: str, netlist: str, overrides: Mapping[str, float], state: PlantState, p: PlantParameters,
    source_inductance_H: float, alternator_current_A: float, supply_A: float = 0.0, sections: tuple[Section, ...] = (),
    cuts: tuple[str, ...] = (), failed: tuple[FailedPart, ...] = (),
) -> DeckSpec:
    """Deck of a window from the plant's state: what SPICE holds constant is evaluated here."""
    _, battery_ohm = bank.thevenin(state.battery, p.battery)
    _, source_ohm = source_thevenin(state, 0.0, p)
    machine = AlternatorDeck(
        float(p.alternator.gain_A_V), float(p.alternator.field_tau_s), float(p.alternator_lead_ohm),
        float(p.alternator_lead_H),
        alternator_current_A,
        float(p.alternator.dump_resistance_ohm),
    )
    return DeckSpec(
        title=title,
        netlist=netlist,
        parameters={**circuit_parameters(netlist, overrides, p), **(OPEN_FUSE if fuse.blown(state.fuse) else {})},
        source_resistance_ohm=_beside_contact(float(source_ohm), "starter_battery", cuts),
        source_inductance_H=source_inductance_H,
        input_cable_resistance_ohm=_beside_contact(
            float(cable.resistance_ohm(state.input_cable_degC, p.input_cable)), "input", cuts
        ),
        input_cable_inductance_H=float(p.input_cable.inductance_H),
        battery_cable_resistance_ohm=_beside_contact(
            float(cable.resistance_ohm(state.battery_cable_degC, p.battery_cable)), "battery", cuts
        ),
        battery_cable_inductance_H=float(p.battery_cable.inductance_H),
        battery_resistance_ohm=float(battery_ohm),
        alternator=machine if p.has_vehicle > 0.5 else None,
        system=bool(p.system.kind.size),
        supply_A=float(supply_A),
        sections=sections,
        cuts=cuts,
        failed=failed,
    )


def _beside_contact(ohm: float, lead: str, cuts: tuple[str, ...]) -> float:
    """Resistance of a lead without the contact in it that opens, so that both together are what the slow engine has."""
    return max(ohm - 1.0 / CUT_S, LEAST_OHM) if lead in cuts else ohm


def has_path(spec: DeckSpec) -> bool:
    """Whether System+ is a circuit of this deck."""
    return any(isinstance(section, SystemDeck) for section in spec.sections)


def deck_text(spec: DeckSpec, circuit: str | None = None) -> str:
    """Top deck of a window, from its spec or from circuits kept from an earlier day.

    Circuits that were kept may call their return `gnd`, which ngspice takes for node 0, in subcircuits too. Where the
    ground lead of the BMS can open, such ports get the name that they have now.
    """
    if circuit is not None and "ground" in spec.cuts:
        circuit = re.sub(r"\bgnd\b", "gn", circuit)
    return top_deck(spec, circuit=circuit)


def pulse_corners_s(spec: DeckSpec) -> list[float]:
    """Times that a window must land on, that its pulses' steep rises are seen [s]."""
    return [time_s for one in spec.sections if isinstance(one, PulseDeck) for time_s in one.corners_s]


def with_field_held(spec: DeckSpec, until_s: float) -> DeckSpec:
    """Deck whose alternator keeps the slow engine's field while the pre-roll settles; there is none with a supply.

    Pulses begin so much later.
    """
    sections = tuple(
        replace(one, begin_s=one.begin_s + until_s) if isinstance(one, PulseDeck) else one for one in spec.sections
    )
    if sections != spec.sections:
        spec = replace(spec, sections=sections)
    return spec if spec.alternator is None else replace(spec, alternator=replace(spec.alternator, hold_s=until_s))


def circuit_parameters(netlist: str, overrides: Mapping[str, float], p: PlantParameters) -> dict[str, float]:
    """Parameters of the circuit: the fitted fuse, then what the scenario changes."""
    own: dict[str, float] = {}
    if netlist != "direct_connection":
        own = {"rf25": float(p.fuse.resistance_25_ohm), "alphaf": float(p.fuse.alpha_per_K),
               "lf": float(p.fuse.inductance_H)}
    return {**own, **overrides}
