"""What was done to a live run, as a scenario file that `bms-cosim run` reproduces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from cosim.scenario.by_hand import Change
from cosim.scenario.files import BUCK, with_paths
from cosim.scenario.model import Scenario

HEAD = """# Made by bms-cosim serve: what was done by hand stands in `changes`.
"""


def as_content(scenario: Scenario, changes: Sequence[Change] = ()) -> dict[str, Any]:
    """What a scenario file with these changes says; `cosim.scenario.model.parse_scenario` gives the scenario back."""
    content: dict[str, Any] = scenario.model_dump(mode="json", exclude_unset=True, exclude={"changes"})
    if scenario.limiter == "buck":  # its netlist follows from it
        circuit = content.get("circuit", {})
        if circuit.get("netlist") == BUCK:
            circuit.pop("netlist")
    if not scenario.netlists:
        content.pop("netlists", None)
    done = [*scenario.changes, *changes]
    if done:
        content["changes"] = [change.as_mapping() for change in done]
    return content


def anywhere(scenario: Scenario) -> Scenario:
    """The scenario with the whole paths of the files that it names, so that it means the same from any folder."""
    return with_paths(scenario, Path.cwd())


def as_text(scenario: Scenario, changes: Sequence[Change]) -> str:
    """The file."""
    content = as_content(anywhere(scenario), changes)
    return HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
