"""Inputs that a person changes while the run goes on: old up to the moment, new from it on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cosim.inputs.changes import stepped
from cosim.inputs.drive import build_inputs
from cosim.inputs.signals import PiecewiseLinear
from cosim.scenario.model import Scenario, parse_scenario
from models import chargers, engine

VAN: dict[str, Any] = {
    "name": "v", "source": {"kind": "vehicle", "load_A": 20},
    "drive": {"segments": [{"kind": "off", "duration_s": 10}, {"kind": "crank"}, {"kind": "city", "duration_s": 90}]},
    "system": {"devices": [
        {"kind": "inverter", "demand_W": [[0, 100], [50, 600]]}, {"kind": "solar", "irradiance_W_m2": [[0, 500]]},
        {"kind": "mains", "plugged_s": [[80, 90]]},
    ]},
}


def with_changes(*changes: dict[str, Any]) -> Scenario:
    return parse_scenario({**VAN, "changes": list(changes)})


def test_a_step_leaves_the_past_and_forgets_what_was_to_come() -> None:
    signal = PiecewiseLinear(np.array([0.0, 10.0, 20.0]), np.array([0.0, 10.0, 0.0]))
    changed = stepped(signal, 7.0, 15.0)
    assert np.array_equal(changed.at(np.array([5.0, 10.0, 14.0, 15.0])), [5.0, 10.0, 6.0, 5.0])
    assert np.array_equal(changed.at(np.array([15.001, 20.0, 1e6])), [7.0, 7.0, 7.0])


def test_nothing_before_a_change_depends_on_it() -> None:
    before, _ = build_inputs(with_changes())
    after, _ = build_inputs(with_changes(
        {"time_s": 40, "engine": "off", "load_A": 5.0, "devices": {"inverter": 900.0, "solar": 0.0, "mains": 1.0}}))
    times = np.arange(401, dtype=np.float64) * 0.1
    assert np.array_equal(before.sampled(times), after.sampled(times))
    assert not np.array_equal(before.sampled(times + 0.2), after.sampled(times + 0.2))
    early = [start for start in before.fast_starts_s if start[0] < 40.0]
    assert [start for start in after.fast_starts_s if start[0] < 40.0] == early


def test_devices_take_their_own_units() -> None:
    scenario = with_changes({"time_s": 20, "devices": {"inverter": 900.0, "solar": 800.0, "mains": 1.0}})
    inputs, _ = build_inputs(scenario)
    inverter, solar, mains = (float(signal.at(30.0)) for signal in inputs.system_W)
    sun, plug = chargers.load_charger("charger_mppt_12V_50A"), chargers.load_charger("charger_mains_12V_70A")
    assert inverter == 900.0
    assert solar == pytest.approx(chargers.array_power_W(800.0, 20.0, sun))
    assert mains == pytest.approx(plug.rated_W * float(plug.load_fraction[-1]))
    assert float(inputs.system_W[0].at(20.1)) == float(build_inputs(with_changes())[0].system_W[0].at(20.1))


def test_consumers_are_what_was_set_whether_the_engine_runs_or_not() -> None:
    inputs, _ = build_inputs(with_changes({"time_s": 40, "load_A": 35.0}, {"time_s": 60, "engine": "off"}))
    assert [float(inputs.load_A.at(time_s)) for time_s in (39.0, 50.0, 90.0)] == [20.0, 35.0, 35.0]


def test_an_engine_that_stands_is_cranked_and_one_that_runs_is_not() -> None:
    standing, _ = build_inputs(with_changes({"time_s": 5, "engine": "idle"}))
    running, _ = build_inputs(with_changes({"time_s": 40, "engine": "idle"}))
    assert [label for _, label in standing.fast_starts_s].count("crank") == 1
    assert standing.fast_starts_s[0][0] == pytest.approx(5.1, abs=2e-3)
    assert sum(label == "crank" for time_s, label in running.fast_starts_s if time_s > 30.0) == 0
    p = engine.load_engine()
    for inputs, at_s in ((standing, 60.0), (running, 80.0)):
        assert float(inputs.alternator_rpm.at(at_s)) == pytest.approx(p.idle_rpm * p.pulley_ratio)
        assert float(inputs.vehicle_speed_m_s.at(at_s)) == 0.0
    assert float(standing.load_A.at(5.2)) > 150.0  # the starter motor


def test_an_engine_that_goes_on_ramps_from_the_speed_it_has() -> None:
    before, _ = build_inputs(with_changes())
    after, _ = build_inputs(with_changes({"time_s": 40, "engine": "highway"}))
    speed = float(before.vehicle_speed_m_s.at(40.1))
    assert float(after.vehicle_speed_m_s.at(40.2)) == pytest.approx(speed, abs=0.5)
    assert float(after.vehicle_speed_m_s.at(90.0)) > 20.0


def test_a_supply_that_is_stepped_opens_a_window() -> None:
    content = {"name": "s", "duration_s": 60, "source": {"kind": "supply", "emf_V": [[0, 13.5]]},
               "changes": [{"time_s": 30, "supply_V": 12.0}]}
    inputs, _ = build_inputs(parse_scenario(content))
    assert float(inputs.supply_emf_V.at(30.0)) == 13.5 and float(inputs.supply_emf_V.at(31.0)) == 12.0
    assert (30.1, "supply_step") in [(round(t, 3), label) for t, label in inputs.fast_starts_s]
