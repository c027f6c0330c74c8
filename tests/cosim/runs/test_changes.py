"""Changes while a run goes on: a run of the scenario that they make gives the same bits."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from cosim.inputs.drive import build_inputs
from cosim.inputs.intervene import identified
from cosim.result import Result
from cosim.run import Run
from cosim.scenario.by_hand import Change, check_change
from cosim.scenario.model import Scenario, parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession

VAN: dict[str, Any] = {
    "name": "changes", "settings": {"fuse_rating_A": 100}, "bank": {"soc": 0.3, "temperature_degC": 25},
    "source": {"kind": "vehicle", "load_A": 20},
    "drive": {"segments": [
        {"kind": "off", "duration_s": 5}, {"kind": "crank"}, {"kind": "highway", "duration_s": 300},
    ]},
    "remote": [{"time_s": 0, "state": "on"}],
    "system": {"devices": [{"kind": "inverter", "demand_W": [[0, 400]]}, {"kind": "dc_loads"}]},
    "recording": {"period_s": 0.1},
}
DONE: list[dict[str, Any]] = [
    {"time_s": 12.3, "settings": {"fuse_rating_A": 40}},
    {"time_s": 14.0, "load_A": 45.0, "devices": {"inverter": 900.0}},
    {"time_s": 15.7, "event": {"kind": "short_circuit", "resistance_ohm": 2e-3, "duration_s": 2.0}},
    {"time_s": 21.2, "remote": "off"},
    {"time_s": 22.2, "remote": "on"},
    {"time_s": 26.0, "engine": "city"},
    {"time_s": 27.5, "fault": {"kind": "frozen", "measurement": "heatsink_degC", "duration_s": 5.0}},
    {"time_s": 30.1, "note": "looked at the picture"},
    {"time_s": 30.1, "event": {"kind": "load_dump", "duration_s": 0.3}},
    {"time_s": 36.6, "settings": {"battery_thresholds": [{"pre_alarm_V": 2.9}]}},
    {"time_s": 37.4, "fault": {"kind": "device_open", "device": "q2a"}},
    {"time_s": 38.0, "window": {"duration_s": 0.05}},
    {"time_s": 41.0, "engine": "off"},
]
END_S = 50.3


def begun(scenario: Scenario, spice: SpiceSession) -> Run:
    inputs, duration_s = build_inputs(scenario)
    run = Run(scenario, spice, identified(scenario, spice, lambda f, text: None), inputs, duration_s, False,
              lambda f, text: None)
    run.begin()
    return run


def by_hand(content: dict[str, Any], done: list[dict[str, Any]], end_s: float, spice: SpiceSession) -> Run:
    """A run in pieces of random length, changed on the way; nothing of the changes is known before."""
    from cosim.inputs.intervene import take_change

    run, pieces = begun(parse_scenario(content), spice), random.Random(1)
    for given in [*done, {"time_s": end_s, "stop": True}]:
        tick = round(given["time_s"] / run.tick_s)
        while run.tick < tick:
            run.advance(min(tick, run.tick + pieces.randint(1, 9)))
        given = {**given, "time_s": run.seconds(run.tick)}
        check_change(run.asked, run.taken, Change.model_validate(given), "test", "change")
        take_change(run, Change.model_validate(given))
    return run


def written(content: dict[str, Any], run: Run) -> dict[str, Any]:
    return {**content, "changes": [change.as_mapping() for change in run.taken]}


def assert_same(a: Result, b: Result) -> None:
    assert [tuple(e) for e in a.events] == [tuple(e) for e in b.events]
    assert set(a.slow.variables) == set(b.slow.variables)
    for name in a.slow.variables:
        assert np.array_equal(a.slow[name].values, b.slow[name].values, equal_nan=a.slow[name].dtype.kind == "f"), name
    assert list(a.windows) == list(b.windows)
    for name, window in a.windows.items():
        assert np.array_equal(window.port_current_A.values, b.windows[name].port_current_A.values), name


@pytest.fixture(scope="module")
def live(spice: SpiceSession) -> tuple[Run, Result]:
    run = by_hand(VAN, DONE, END_S, spice)
    return run, run._finish()


def test_a_run_of_what_was_done_gives_the_same_bits(live: tuple[Run, Result], spice: SpiceSession) -> None:
    run, result = live
    again = Simulation(parse_scenario(written(VAN, run)), session=spice).run()
    assert_same(result, again)


def test_changes_act(live: tuple[Run, Result]) -> None:
    _, result = live
    said = [(e.source, e.event) for e in result.events]
    for one in (("scenario", "changed by hand"), ("circuit", "System+ latch opened"), ("scenario", "short circuit"),
                ("supervisor", "remote off"), ("scenario", "load dump"), ("scenario", "fault begins")):
        assert one in said, one
    slow = result.slow
    port = slow.port_current_A
    assert float(port.sel(time_s=12.0)) > 45.0
    assert float(port.sel(time_s=14.0)) == pytest.approx(36.0, abs=0.5)
    assert float(slow.vehicle_load_A.sel(time_s=14.0)) == 20.0 and float(slow.vehicle_load_A.sel(time_s=14.2)) == 45.0
    assert float(slow.vehicle_speed_m_s.sel(time_s=40.0)) > 1.0 and float(slow.alternator_rpm.sel(time_s=42.0)) == 0.0
    assert slow.time_s.values[-1] == pytest.approx(END_S - 0.1)
    assert slow.sizes["system_device"] == 3
    assert float(slow.system_device_current_A.sel(system_device="short_circuit")[0]) == 0.0
    names = [name.split("_", 1)[1] for name in result.windows]
    assert names.count("short_circuit") == 1 and "look_1" in names and "load_dump" in names
