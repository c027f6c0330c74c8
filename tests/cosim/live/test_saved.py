"""A scenario written down means what it meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from cosim.live.saved import as_text
from cosim.paths import ROOT
from cosim.scenario.by_hand import Change
from cosim.scenario.model import Scenario, load_scenario, parse_scenario

FILES = sorted(p for p in (ROOT / "scenarios").glob("*.yaml") if p.name != "epa_city_highway.yaml")


def told(scenario: Scenario) -> dict[str, object]:
    return scenario.model_dump(exclude={"changes"})


@pytest.mark.parametrize("file", FILES, ids=[p.stem for p in FILES])
def test_every_shipped_scenario_comes_back(file: Path) -> None:
    scenario = load_scenario(os.path.relpath(file))
    again = parse_scenario(yaml.safe_load(as_text(scenario, [])))
    assert told(again) == told(scenario)


def test_changes_come_back() -> None:
    scenario = load_scenario(ROOT / "scenarios" / "short_circuit.yaml")
    changes = [
        Change.model_validate({"time_s": 3.0, "event": {"kind": "short_circuit", "resistance_ohm": 1e-3}}),
        Change.model_validate({"time_s": 4.0, "settings": {"fuse_rating_A": 60}, "devices": {"inverter": 5.0}}),
        Change.model_validate({"time_s": 5.0, "engine": "off"}), Change(time_s=6.0, stop=True),
    ]
    text = as_text(scenario, changes)
    assert parse_scenario(yaml.safe_load(text)).changes == changes
    assert "time_s: 3.0" in text and text.count("kind: short_circuit") == 2
