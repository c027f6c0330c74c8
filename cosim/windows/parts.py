"""Which parts the deck of a window has besides the alternator path: System+ as a circuit, leads that open.

A window concerns System+ where an event moves a contact there while it may be open, or where it is about System+
itself. All others keep the cheaper deck, in which System+ is a current source. A continuous run has one deck with all
that its events ever move; only the generators of test pulses come and go (`pulse_spans`), as on a bench.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cosim.circuit.pulse_deck import PULSES, PulseDeck
from cosim.circuit.system_deck import FILM_F, Disturbance, SystemDeck
from cosim.inputs.events import system_source
from cosim.inputs.signals import Inputs
from cosim.scenario.events import ConnectCapacitor, Event, IsoPulse, LoadStep, SystemEvent, at_system
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import failures
from cosim.slow.plant import PlantParameters, PlantState
from cosim.windows.deck import STARTER_INDUCTANCE_H, deck_spec
from cosim.windows.policy import PORT_KINDS, WindowRequest
from models import cable
from models.system import INVERTER, NODE_F, SystemParameters

if TYPE_CHECKING:
    from cosim.circuit.deck import DeckSpec, Section

ESR_S, LEAST_ESR_OHM = 50e-6, 2e-3
"""Series resistance of the devices' capacitance: by a time constant that electrolytic capacitors share, and what wires
and terminals leave at least (ours: 1 mF of filters 50 mohm, the 50 mF of an inverter 2 mohm)."""


def parts_of(
    request: WindowRequest, scenario: Scenario, inputs: Inputs, state: PlantState, tick_s: float, p: PlantParameters
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """Sections and cuts of a window's deck (`cosim.circuit.deck.DeckSpec`)."""
    if not scenario.events and request.name not in PORT_KINDS:
        return (), ()
    start_s = request.start_tick * tick_s
    end_s = start_s + request.limit_ticks * tick_s
    moved = inputs.moved_contacts(start_s - tick_s, end_s)
    parts, cuts = _moved_parts(moved, request.name in PORT_KINDS, scenario, inputs, state, start_s, p)
    return (*parts, *pulses_within(scenario.events, start_s, end_s, state)), cuts


def parts_of_run(
    scenario: Scenario, inputs: Inputs, state: PlantState, start_s: float, end_s: float, p: PlantParameters
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """Sections and cuts of a stretch of a continuous run: the same throughout, but for pulses."""
    moved = tuple(name for name, _ in inputs.contacts)
    parts, cuts = _moved_parts(moved, False, scenario, inputs, state, start_s, p)
    return (*parts, *pulses_within(scenario.events, start_s, end_s, state)), cuts


def _moved_parts(
    moved: tuple[str, ...], about_system: bool, scenario: Scenario, inputs: Inputs, state: PlantState, start_s: float,
    p: PlantParameters,
) -> tuple[tuple[Section, ...], tuple[str, ...]]:
    """Parts for contacts that move, by their external sources."""
    cuts = tuple(name[4:] for name in moved if name.startswith("vcut"))
    concerned = about_system or any(name.startswith("vev") for name in moved) or bool(cuts)
    if not concerned or not p.system.kind.size:
        return (), cuts
    return (system_deck(scenario, inputs, state, start_s, p.system),), cuts


def pulses_within(events: list[Event], start_s: float, end_s: float, state: PlantState) -> tuple[PulseDeck, ...]:
    """Generators of the pulses that begin in a stretch of time."""
    found = [e for e in events if isinstance(e, IsoPulse) and start_s <= e.time_s < end_s]
    return tuple(
        PulseDeck(e.pulse, e.time_s - start_s, float(state.bus_voltage_V), e.peak_V, e.impedance_ohm,
                  "" if number == 1 else f"_{number}")
        for number, e in enumerate(sorted(found, key=lambda e: e.time_s), start=1)
    )


def pulse_spans(events: list[Event], tick_s: float) -> list[tuple[int, int]]:
    """Stretches of ticks in which generators stand at the input; those that touch are one."""
    found: list[tuple[int, int]] = []
    for event in sorted((e for e in events if isinstance(e, IsoPulse)), key=lambda e: e.time_s):
        first = max(0, math.floor(event.time_s / tick_s + 1e-9) - 1)
        last = math.ceil((event.time_s + PULSES[event.pulse].lasts_s) / tick_s) + 1
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def system_deck(
    scenario: Scenario, inputs: Inputs, state: PlantState, start_s: float, p: SystemParameters
) -> SystemDeck:
    """System+ as a circuit, from the plant's state at a moment."""
    asked = scenario.system
    copper = cable.load_cable(asked.cable_length_m, asked.cable_area_mm2)
    contacts = dict(inputs.contacts)
    disturbances, farad = [], float(p.capacitance_F[0])
    for place, event in enumerate(at_system(scenario.events)):
        source = system_source(place)
        closed = float(contacts[source].at(start_s)) > 0.5
        if isinstance(event, ConnectCapacitor) and closed:
            farad -= event.capacitance_F
        disturbances.append(_disturbance(event, source, float(state.system_V) if closed else None))
    farad = max(farad, NODE_F)
    return SystemDeck(
        cable_ohm=float(p.path_ohm - p.bms_ohm), cable_H=float(copper.inductance_H), capacitance_F=farad,
        esr_ohm=max(ESR_S / farad, LEAST_ESR_OHM), voltage_V=float(state.system_V),
        latched=bool(state.latched > 0.5), disturbances=tuple(disturbances),
        inverters=int(np.count_nonzero(p.kind == INVERTER)), film_F=FILM_F,
    )


def _disturbance(event: SystemEvent, source: str, node_V: float | None) -> Disturbance:
    if isinstance(event, LoadStep):
        return Disturbance("load_step", source)
    if isinstance(event, ConnectCapacitor):
        volts = event.voltage_V if node_V is None else node_V
        return Disturbance(
            "connect_capacitor", source, event.esr_ohm, event.inductance_H, event.capacitance_F, float(volts)
        )
    return Disturbance("short_circuit", source, event.resistance_ohm, event.inductance_H)


def has_path(scenario: Scenario) -> bool:
    """Whether something happens to the circuit at System+, so that its gates are worth a window."""
    return bool(at_system(scenario.events)) or any(not f.at_port for f in failures(scenario.faults))


def whole_deck(scenario: Scenario, inputs: Inputs, start: PlantState, end_s: float, p: PlantParameters) -> DeckSpec:
    """Deck with all that any deck of a run of `end_s` has."""
    parts, cuts = parts_of_run(scenario, inputs, start, 0.0, end_s, p)
    circuit = scenario.circuit
    return deck_spec(scenario.name, circuit.netlist, circuit.parameters, start, p, STARTER_INDUCTANCE_H, 0.0,
                     sections=parts, cuts=cuts)
