"""What the events of a scenario are as signals over time: loads of the bus, devices at System+, contacts of a deck."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from cosim.circuit.pulse_deck import CONNECT_S, PULSES
from cosim.inputs.signals import PiecewiseLinear
from cosim.scenario.events import (
    CONTACT_S,
    ConnectCapacitor,
    EngineStart,
    Event,
    IsoPulse,
    LoadDump,
    LoadStep,
    OpenCable,
    OpenGround,
    ShortCircuit,
    SystemEvent,
    at_system,
    cut_of,
)
from models import engine

FOREVER_S = 1e9
LASTING_S = 1e8
"""What lasts longer has no end of its own in a run."""


def bus_events(events: Sequence[Event]) -> tuple[list[PiecewiseLinear], list[tuple[float, str]]]:
    """Currents on the vehicle's bus [A], and what begins fast there: time [s] and label."""
    steps = [e for e in events if isinstance(e, LoadStep) and e.at == "bus"]
    currents = [PiecewiseLinear.pulse(e.current_A, e.time_s, e.duration_s, e.rise_s) for e in steps]
    starts = [(e.time_s, "load_step") for e in steps]
    starts += [(e.time_s + e.duration_s, "load_release") for e in steps if e.duration_s < LASTING_S]
    cranks = [e for e in events if isinstance(e, EngineStart)]
    if cranks:
        parameters = engine.load_engine()
        currents += [crank_load(e.time_s, e.duration_s, parameters) for e in cranks]
        starts += [(e.time_s, "engine_start") for e in cranks]
    return currents, starts


def crank_load(start_s: float, duration_s: float, parameters: engine.EngineParameters) -> PiecewiseLinear:
    """Starter-motor current of one cranking."""
    shape = engine.crank_profile(parameters, float(duration_s))
    return PiecewiseLinear(shape.time_s + float(start_s), shape.current_A)


def system_source(place: int) -> str:
    """External source of the contact of an event at System+, by its place among them."""
    return f"vev{place}"


def contact_events(
    events: Sequence[Event]
) -> tuple[tuple[tuple[str, PiecewiseLinear], ...], list[tuple[float, str]]]:
    """Contacts that events move, by external source, and what begins fast there: time [s] and label."""
    found: dict[str, list[PiecewiseLinear]] = {}
    starts: list[tuple[float, str]] = []
    for place, added in enumerate(at_system(list(events))):
        label = f"system_{added.kind}" if isinstance(added, LoadStep) else added.kind
        found[system_source(place)] = [_contact(added)]
        starts.append((added.time_s, label))
        if not isinstance(added, ConnectCapacitor) and added.duration_s < LASTING_S:
            starts.append((added.time_s + added.duration_s, f"{label}_end"))
    for event in events:
        if isinstance(event, LoadDump | OpenCable | OpenGround):
            pulse = PiecewiseLinear.pulse(1.0, event.time_s, event.duration_s, CONTACT_S)
            found.setdefault(f"vcut{cut_of(event)}", []).append(pulse)
            starts.append((event.time_s, event.kind))
        elif isinstance(event, IsoPulse):
            away_s = CONNECT_S + PULSES[event.pulse].lasts_s
            pulse = PiecewiseLinear.pulse(1.0, event.time_s - CONNECT_S, away_s, CONTACT_S)
            found.setdefault("vcutinput", []).append(pulse)
            starts.append((event.time_s, event.kind))
    return tuple((name, _together(name, signals)) for name, signals in found.items()), starts


def _together(name: str, signals: list[PiecewiseLinear]) -> PiecewiseLinear:
    """Signals of one contact; a lead that two events open at a time is open once."""
    whole = reduce(PiecewiseLinear.__add__, signals)
    return PiecewiseLinear(whole.time_s, np.minimum(whole.value, 1.0)) if name.startswith("vcut") else whole


def _contact(event: SystemEvent) -> PiecewiseLinear:
    if isinstance(event, LoadStep):
        return PiecewiseLinear.pulse(event.current_A, event.time_s, event.duration_s, event.rise_s)
    lasting_s = FOREVER_S if isinstance(event, ConnectCapacitor) else event.duration_s
    return PiecewiseLinear.pulse(1.0, event.time_s, lasting_s, CONTACT_S)


def told_of(event: Event) -> str:
    """What the log says of an event; nothing of those on the vehicle's bus, whose windows tell them."""
    if isinstance(event, ShortCircuit):
        return f"{1e3 * event.resistance_ohm:g} mohm, {1e6 * event.inductance_H:g} uH at System+"
    if isinstance(event, ConnectCapacitor):
        return f"{1e3 * event.capacitance_F:g} mF at {event.voltage_V:g} V, {1e3 * event.esr_ohm:g} mohm at System+"
    if isinstance(event, LoadStep):
        return f"{event.current_A:g} A at System+" if event.at == "system" else ""
    if isinstance(event, LoadDump | OpenCable | OpenGround):
        return f"{cut_of(event).replace('_', ' ')} lead open for {1e3 * event.duration_s:g} ms"
    return f"pulse {event.pulse}" if isinstance(event, IsoPulse) else ""


def event_signals(events: Sequence[Event]) -> tuple[PiecewiseLinear, ...]:
    """Inputs of the devices that events at System+ are for the slow engine: current [A], conductance [S]."""
    found = []
    for event in at_system(list(events)):
        if isinstance(event, LoadStep):
            found.append(_contact(event))
        elif isinstance(event, ShortCircuit):
            height = 1.0 / event.resistance_ohm
            found.append(PiecewiseLinear.pulse(height, event.time_s, event.duration_s, CONTACT_S))
        else:
            found.append(PiecewiseLinear.constant(0.0))
    return tuple(found)
