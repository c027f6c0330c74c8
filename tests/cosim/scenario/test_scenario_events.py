"""Events of a scenario: one line for what is wrong, and what they are as signals."""

from __future__ import annotations

from typing import Any

import pytest

from cosim.errors import InputError
from cosim.inputs.drive import build_inputs
from cosim.inputs.events import contact_events, event_signals
from cosim.scenario.events import event_devices
from cosim.scenario.model import parse_scenario

BASE: dict[str, Any] = {
    "name": "e", "duration_s": 60, "source": {"kind": "vehicle"},
    "drive": {"segments": [{"kind": "idle", "duration_s": 60.0}]},
}
SHORT = {"kind": "short_circuit", "time_s": 10.0, "duration_s": 2.0}


@pytest.mark.parametrize(("event", "told"), [
    ({"kind": "short_circuit", "time_s": 1, "resistance_ohm": 0.0}, "events.0.resistance_ohm: 0.0 (allowed: 0.0001 to"),
    ({"kind": "short_circuit", "time_s": 1, "resistence_ohm": 1.0}, "did you mean 'resistance_ohm'?"),
    ({"kind": "short", "time_s": 1}, "short_circuit"),
    ({"kind": "load_step", "time_s": 1, "current_A": 10, "at": "system+"}, "events.0.at: system+ (allowed: 'bus' or"),
    ({"kind": "open_cable", "time_s": 1, "lead": "ground"}, "events.0.lead: ground"),
    ({"kind": "load_dump", "time_s": 1, "duration_s": 5.0}, "events.0.duration_s: 5.0 (allowed: 1e-05 to 2"),
    ({"kind": "iso_pulse", "time_s": 1, "pulse": "4"}, "events.0.pulse: 4"),
])
def test_one_line_says_what_is_wrong(event: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario({**BASE, "events": [event]})
    text = str(caught.value)
    assert told in text
    assert "\n" not in text


@pytest.mark.parametrize(("more", "event", "told"), [
    ({"source": {"kind": "supply", "emf_V": [[0, 14.0]]}, "drive": None}, {"kind": "load_dump", "time_s": 1},
     "vehicle"),
    ({"system": {"devices": [{"kind": "dc_loads", "name": "short_circuit"}]}}, SHORT, "system.devices.0.name"),
])
def test_events_must_fit_the_rest(more: dict[str, Any], event: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario({**BASE, **more, "events": [event]})
    assert told in str(caught.value)


def test_devices_and_contacts_of_events() -> None:
    """A short is a conductance for the slow engine and a contact for the deck; leads that open are cuts."""
    scenario = parse_scenario({**BASE, "events": [
        SHORT, {"kind": "load_step", "at": "system", "time_s": 20.0, "current_A": 390, "duration_s": 1.0},
        {"kind": "connect_capacitor", "time_s": 30.0}, {"kind": "open_cable", "lead": "input", "time_s": 40.0},
        {"kind": "load_step", "time_s": 50.0, "current_A": 40}, {**SHORT, "time_s": 41.0},
    ]})
    assert [name for name, _ in event_devices(scenario.events)] == [
        "short_circuit", "load_step", "connect_capacitor", "short_circuit_2"]
    contacts, starts = contact_events(scenario.events)
    signals = dict(contacts)
    assert list(signals) == ["vev0", "vev1", "vev2", "vev3", "vcutinput"]
    assert [float(signals["vev0"].at(t)) for t in (9.9, 11.0, 12.1)] == [0.0, 1.0, 0.0]
    assert float(signals["vev1"].at(20.5)) == 390.0
    assert float(signals["vev2"].at(59.0)) == 1.0
    assert (20.0, "system_load_step") in starts
    assert [float(s.at(11.0)) for s in event_signals(scenario.events)] == [500.0, 0.0, 0.0, 0.0]
    inputs, _ = build_inputs(scenario)
    assert float(inputs.load_A.at(55.0)) - float(inputs.load_A.at(45.0)) == pytest.approx(40.0)
    assert inputs.moved_contacts(9.0, 11.0) == ("vev0",)
    assert inputs.moved_contacts(-1.0, 9.0) == ()


def test_an_engine_start_draws_the_starter_motor() -> None:
    scenario = parse_scenario({**BASE, "events": [{"kind": "engine_start", "time_s": 10.0, "duration_s": 1.0}]})
    inputs, _ = build_inputs(scenario)
    before, during = (float(inputs.load_A.at(t)) for t in (9.9, 10.2))
    assert during - before > 100.0
    assert (10.0, "engine_start") in inputs.fast_starts_s
