"""Events of a scenario: what happens to the vehicle's bus, to the leads, and at System+, at a moment.

An event at System+ is, for the slow engine, one more device there (a current or a conductance) or a capacitance; in its
window it is an element of the deck (`cosim.circuit.system_deck`). Leads open for at most as long as a window may last,
so that the slow engine never sees one open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from cosim.errors import InputError
from cosim.scenario.base import STRICT
from models import system

if TYPE_CHECKING:
    from cosim.scenario.model import Scenario

Time = Annotated[float, Field(ge=0.0, le=1e8, allow_inf_nan=False)]
Duration = Annotated[float, Field(gt=0.0, le=1e9, allow_inf_nan=False)]
Brief = Annotated[float, Field(ge=1e-5, le=2.0, allow_inf_nan=False)]
Inductance = Annotated[float, Field(ge=1e-9, le=1e-4, allow_inf_nan=False)]

CONTACT_S = 1e-6
"""Time in which a contact closes or opens (ours: bounce and arcs of plugging in are no part of it)."""
MOST_AT_SYSTEM = 8
"""Events at System+ in one scenario (ours)."""


class _Event(BaseModel):
    model_config = STRICT
    time_s: Time = Field(description="When it begins.")


class LoadStep(_Event):
    """An extra consumer, switched at a moment: on the vehicle's bus, or at System+."""

    kind: Literal["load_step"]
    at: Literal["bus", "system"] = Field(default="bus", description="On the vehicle's bus, or at System+.")
    current_A: Annotated[float, Field(ge=0.0, le=1000.0)] = Field(description="What it draws.")
    duration_s: Duration = Field(default=1e9, description="How long it draws; left out, to the end.")
    rise_s: Annotated[float, Field(ge=1e-6, le=1.0)] = Field(default=20e-6, description="Time of its edges.")


class ShortCircuit(_Event):
    """A short at the System+ stud: its resistance and the inductance of its loop."""

    kind: Literal["short_circuit"]
    resistance_ohm: Annotated[float, Field(ge=1e-4, le=1.0)] = Field(default=2e-3, description="Of the short.")
    inductance_H: Inductance = Field(default=1e-6, description="Of the loop that it closes.")
    duration_s: Duration = Field(default=0.1, description="How long it stays.")


class ConnectCapacitor(_Event):
    """A capacitor, at a voltage of its own, plugged in at System+; it stays."""

    kind: Literal["connect_capacitor"]
    capacitance_F: Annotated[float, Field(ge=1e-6, le=1.0)] = Field(default=0.05, description="Its capacitance.")
    esr_ohm: Annotated[float, Field(ge=1e-4, le=1.0)] = Field(default=5e-3, description="Its series resistance.")
    inductance_H: Inductance = Field(default=0.2e-6, description="Of its leads.")
    voltage_V: Annotated[float, Field(ge=0.0, le=16.0)] = Field(default=0.0, description="Its charge beforehand.")


class EngineStart(_Event):
    """The starter motor's current for a time; what the alternator does is the drive's matter."""

    kind: Literal["engine_start"]
    duration_s: Annotated[float, Field(ge=0.1, le=10.0)] = Field(
        default=1.0, description="How long the starter motor turns."
    )


class LoadDump(_Event):
    """The starter battery comes off while the alternator charges; the alternator's own field makes the pulse."""

    kind: Literal["load_dump"]
    duration_s: Brief = Field(default=1.0, description="How long the starter battery stays off.")


class OpenCable(_Event):
    """A lead opens for a moment, under whatever current it carries."""

    kind: Literal["open_cable"]
    lead: Literal["alternator", "starter_battery", "input", "battery"] = Field(description="Which lead opens.")
    duration_s: Brief = Field(default=0.1, description="How long it stays open.")


class OpenGround(_Event):
    """The thin ground lead of the BMS opens for a moment (G3)."""

    kind: Literal["open_ground"]
    duration_s: Brief = Field(default=0.1, description="How long it stays open.")


class IsoPulse(_Event):
    """A test pulse at the BMS's input: ISO 7637-2 (1 to 3b) or ISO 16750-2 (A, B); None: the standard's severity."""

    kind: Literal["iso_pulse"]
    pulse: Literal["1", "2a", "2b", "3a", "3b", "A", "B"] = Field(description="Which pulse of the standards.")
    peak_V: Annotated[float, Field(ge=-600.0, le=202.0)] | None = Field(
        default=None, description="Peak of the open generator; left out, the standard's severity."
    )
    impedance_ohm: Annotated[float, Field(ge=0.01, le=100.0)] | None = Field(
        default=None, description="Source resistance of the generator; left out, the standard's."
    )


Event = Annotated[
    LoadStep | ShortCircuit | ConnectCapacitor | EngineStart | LoadDump | OpenCable | OpenGround | IsoPulse,
    Field(discriminator="kind"),
]
EVENT_KINDS: tuple[type[BaseModel], ...] = (
    LoadStep, ShortCircuit, ConnectCapacitor, EngineStart, LoadDump, OpenCable, OpenGround, IsoPulse,
)
EVENT_TAGS = (
    "load_step", "short_circuit", "connect_capacitor", "engine_start", "load_dump", "open_cable", "open_ground",
    "iso_pulse",
)
SystemEvent = LoadStep | ShortCircuit | ConnectCapacitor
Opening = LoadDump | OpenCable | OpenGround


def at_system(events: list[Event]) -> list[SystemEvent]:
    """Events at System+, in the order of the scenario."""
    return [
        e for e in events
        if isinstance(e, ShortCircuit | ConnectCapacitor) or (isinstance(e, LoadStep) and e.at == "system")
    ]


def event_devices(events: list[Event]) -> list[tuple[str, system.Device]]:
    """Names and laws of what the events at System+ are for the slow engine; a capacitor draws no current there."""
    found: list[tuple[str, system.Device]] = []
    for event in at_system(events):
        number = 1 + sum(name.startswith(event.kind) for name, _ in found)
        name = event.kind if number == 1 else f"{event.kind}_{number}"
        found.append((name, system.Fault() if isinstance(event, ShortCircuit) else system.Consumer()))
    return found


def cut_of(event: Opening) -> str:
    """Which lead an event opens (`cosim.circuit.deck.CUTS`)."""
    if isinstance(event, OpenCable):
        return event.lead
    return "ground" if isinstance(event, OpenGround) else "starter_battery"


def check_events(scenario: Scenario, origin: str) -> None:
    """Events must fit the rest of the scenario.

    Raises
    ------
    InputError
        With file, field, value and what is allowed.
    """
    for place, event in enumerate(scenario.events):
        field = f"events.{place}"
        if isinstance(event, LoadDump) and scenario.source.kind != "vehicle":
            raise InputError(origin, f"{field}.kind", event.kind, "with source.kind: vehicle (there is no alternator)")
        if isinstance(event, OpenCable) and event.lead == "alternator" and scenario.source.kind != "vehicle":
            raise InputError(origin, f"{field}.lead", event.lead, "starter_battery, input, battery (no alternator)")
    if len(at_system(scenario.events)) > MOST_AT_SYSTEM:
        found = len(at_system(scenario.events))
        raise InputError(origin, "events", f"{found} at System+", f"at most {MOST_AT_SYSTEM} there")
    names = [name for name, _ in event_devices(scenario.events)]
    for place, name in enumerate(scenario.system.names):
        if name in names:
            raise InputError(origin, f"system.devices.{place}.name", name, f"another name: {name} is an event's")
