"""Continuous mode with events at System+, leads and input: the windows of the two-scale engine against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from cosim.circuit.deck import CUTS, AlternatorDeck, DeckSpec, signals
from cosim.circuit.pulse_deck import PulseDeck
from cosim.errors import InputError
from cosim.inputs.drive import build_inputs
from cosim.inputs.events import contact_events
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.windows.deck import deck_text
from cosim.windows.parts import pulse_spans
from tests.cosim.continuous.test_continuous import Flaky

LOADED: dict[str, Any] = {
    "name": "c", "bank": {"soc": 0.6}, "recording": {"period_s": 0.1}, "duration_s": 3.6,
    "source": {"kind": "supply", "emf_V": [[0, 14.2]], "resistance_ohm": 0.004},
    "settings": {"firmware": {"system_rest_ms": 1000, "output_spacing_ms": 1000}},
    "system": {"devices": [{"kind": "dc_loads", "parameters": "dc_load_parked"}]},
}
PLAIN = {name: value for name, value in LOADED.items() if name != "system"} | {"duration_s": 3.0}
AT_S = 2.0503


def run(session: Any, engine: str, *events: dict[str, Any], base: dict[str, Any] = LOADED, **more: Any) -> Result:
    return Simulation(parse_scenario({**base, "engine": engine, "events": list(events), **more}), session=session).run()


def both(session: SpiceSession, *events: dict[str, Any], **more: Any) -> tuple[Result, Result]:
    return run(session, "two_scale", *events, **more), run(session, "continuous", *events, **more)


def span(result: Result, kind: str, start_s: float, end_s: float) -> xr.Dataset:
    """A window of that kind, or the whole continuous run, over a stretch of the run's time."""
    window = next((w for name, w in result.windows.items() if name.endswith(kind)), None)
    window = result.windows["000_continuous"] if window is None else window
    moved = window.assign_coords(time_s=window.time_s + float(window.attrs["start_s"]))
    return moved.sel(time_s=slice(start_s, end_s))


def charge_C(window: xr.Dataset, name: str) -> float:
    return float(np.trapezoid(window[name], window.time_s))


def told(result: Result) -> list[tuple[float, str]]:
    return [(round(e.time_s, 3), e.event) for e in result.events if e.source != "engine"]


def sound(result: Result) -> None:
    assert result.summary["continuous"]["restarts"] == 0
    assert result.summary["worst_window"]["charge_relative"] < 1e-4
    assert result.summary["worst_window"]["energy_relative"] < 1e-2
    assert result.summary["charge_balance"]["relative"] < 1e-4


def test_a_short_circuit_is_the_same_in_a_window(spice: SpiceSession) -> None:
    """Latch within 1 us, peak within 1 %, charge out of the bank within 1 %: same deck and steps, another beginning."""
    event = {"kind": "short_circuit", "time_s": AT_S, "duration_s": 0.3}
    window, whole = both(spice, event)
    latched = [next(e for e in r.events if e.event == "System+ latch opened") for r in (window, whole)]
    assert latched[0].time_s == pytest.approx(latched[1].time_s, abs=1e-6)
    parts = [span(r, "short_circuit", AT_S, AT_S + 0.5e-3) for r in (window, whole)]
    peaks = [float(np.abs(part.shunt_current_A).max()) for part in parts]
    assert peaks[0] > 690.0
    assert peaks[0] == pytest.approx(peaks[1], rel=0.01)
    charges = [charge_C(part, "battery_current_A") for part in parts]
    assert charges[0] < -0.03  # 700 A in a triangle of 0.1 ms
    assert charges[0] == pytest.approx(charges[1], rel=0.01)
    assert told(window) == told(whole)
    sound(whole)


def test_an_open_battery_cable_is_the_same_in_a_window(spice: SpiceSession) -> None:
    """Stud voltage within 1 %, charge that the port delivers meanwhile within 0.5 %."""
    load = {"kind": "load_step", "at": "system", "time_s": 1.6, "current_A": 20.0}
    event = {"kind": "open_cable", "lead": "battery", "time_s": AT_S, "duration_s": 0.2}
    window, whole = both(spice, load, event)
    parts = [span(r, "open_cable", AT_S, AT_S + 0.2) for r in (window, whole)]
    highest = [float(part.battery_voltage_V.max()) for part in parts]
    assert highest[0] == pytest.approx(highest[1], rel=0.01)
    charges = [charge_C(part, "port_current_A") for part in parts]
    assert charges[1] == pytest.approx(20.02 * 0.2, rel=0.05)  # by hand: what System+ and the BMS draw
    assert charges[0] == pytest.approx(charges[1], rel=5e-3)
    assert float(np.abs(parts[1].battery_current_A.sel(time_s=slice(AT_S + 0.05, None))).max()) < 0.01
    assert told(window) == told(whole)
    sound(whole)


def test_pulses_come_and_go_by_handover(spice: SpiceSession) -> None:
    """Two pulses within one window, and in continuous mode; each as strong in both."""
    events = [{"kind": "iso_pulse", "pulse": "2a", "time_s": AT_S},
              {"kind": "iso_pulse", "pulse": "2a", "time_s": AT_S + 0.15}]
    window, whole = both(spice, *events, base=PLAIN)
    assert window.summary["worst_window"]["failed"] == 0.0
    assert whole.summary["continuous"]["handovers"] == 2
    for name, start_s in (("pulse_current_A", AT_S), ("pulse_current_2_A", AT_S + 0.15)):
        peaks = [float(span(r, "iso_pulse", start_s, start_s + 1e-3)[name].max()) for r in (window, whole)]
        assert 45.0 < peaks[0] < 60.0
        assert peaks[0] == pytest.approx(peaks[1], rel=0.02)
    sound(whole)


def test_an_abort_within_a_pulse_begins_before_it(spice: SpiceSession) -> None:
    flaky = Flaky(spice, 0.2, 2)  # the stretch before the pulse, and the one with it, which it aborts
    event = {"kind": "iso_pulse", "pulse": "2a", "time_s": 0.2503}
    result = run(flaky, "continuous", event, base=PLAIN, duration_s=0.8)
    assert [e.time_s for e in result.events if e.event == "restart"] == [0.1]
    whole = result.windows["000_continuous"]
    assert np.all(np.diff(whole.time_s) >= 0.0)
    assert float(whole.pulse_current_A.max()) > 0.75 * 112.0 / 2.0
    assert result.summary["continuous"]["discarded_points"] > 50


def test_all_kinds_in_one_run(spice: SpiceSession) -> None:
    """Every kind of event, a second apart, on a vehicle: none refused, the balances hold."""
    kinds: list[dict[str, Any]] = [
        {"kind": "load_step", "current_A": 40, "duration_s": 0.3},
        {"kind": "load_step", "at": "system", "current_A": 100, "duration_s": 0.3},
        {"kind": "open_cable", "lead": "input", "duration_s": 0.05}, {"kind": "open_ground", "duration_s": 0.05},
        {"kind": "iso_pulse", "pulse": "3b"}, {"kind": "load_dump", "duration_s": 0.3},
        {"kind": "connect_capacitor", "voltage_V": 13.0}, {"kind": "engine_start", "duration_s": 0.5},
        {"kind": "short_circuit", "duration_s": 0.1},
    ]
    events = [{**kind, "time_s": 2.5503 + 0.6 * k} for k, kind in enumerate(kinds)]
    drive = {"segments": [{"kind": "highway", "duration_s": 9}]}
    result = run(spice, "continuous", *events, source={"kind": "vehicle", "load_A": 20}, drive=drive, duration_s=9)
    sound(result)
    names = [event for _, event in told(result)]
    for name in ("open cable", "open ground", "iso pulse", "load dump", "limit lifted", "connect capacitor",
                 "short circuit", "System+ latch opened"):
        assert name in names, name
    assert float(result.windows["000_continuous"].ground_V.max()) > 0.5


# ---- what the decks are made of ------------------------------------------------------------------------------------
def test_decks_have_room_for_several_pulses_and_every_cut() -> None:
    pulses = (PulseDeck("2a", 0.1, 13.0), PulseDeck("A", 0.2, 13.0, tag="_2"))
    spec = DeckSpec("t", "alternator_path", alternator=AlternatorDeck(1.0, 0.1, 1e-3, 1e-6, 1.0), sections=pulses,
                    cuts=tuple(CUTS))
    elements = [line.split()[0].lower() for line in deck_text(spec).split("* ---- external")[1].splitlines()
                if line[:1].isalpha()]
    assert len(set(elements)) == len(elements)
    assert {"pulse_current_A", "pulse_current_2_A", "cut_ground", "ground_V"} <= set(signals(spec))


def test_spans_of_pulses_are_whole_ticks_and_merge() -> None:
    """2a lasts 2 ms, 2b half a second (netlists/pulses)."""
    scenario = parse_scenario({**PLAIN, "events": [
        {"kind": "iso_pulse", "pulse": "2a", "time_s": 1.25}, {"kind": "iso_pulse", "pulse": "2b", "time_s": 2.0},
        {"kind": "iso_pulse", "pulse": "2a", "time_s": 2.6}, {"kind": "open_ground", "time_s": 0.5},
    ]})
    assert pulse_spans(scenario.events, 0.1) == [(11, 14), (19, 28)]
    assert pulse_spans([], 0.1) == []


def test_a_lead_that_two_events_open_is_open_once() -> None:
    scenario = parse_scenario({**PLAIN, "events": [
        {"kind": "open_cable", "lead": "input", "time_s": 1.0, "duration_s": 0.2},
        {"kind": "open_cable", "lead": "input", "time_s": 1.1, "duration_s": 0.2},
    ]})
    contact = dict(contact_events(scenario.events)[0])["vcutinput"]
    assert [float(contact.at(t)) for t in (0.9, 1.05, 1.15, 1.25, 1.4)] == [0.0, 1.0, 1.0, 1.0, 0.0]
    assert build_inputs(scenario)[0].moved_contacts(0.9, 1.35) == ("vcutinput",)


def test_continuous_mode_still_refuses_what_does_not_fit() -> None:
    with pytest.raises(InputError, match="vehicle"):
        parse_scenario({**PLAIN, "engine": "continuous", "events": [{"kind": "load_dump", "time_s": 1.0}]})
