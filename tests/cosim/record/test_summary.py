"""What a summary warns of: entries of a scenario that its run never comes to."""

from __future__ import annotations

import pytest

from cosim.inputs.drive import build_inputs
from cosim.paths import SCENARIOS
from cosim.record.summary import never_reached
from cosim.scenario import load_scenario, parse_scenario

LATE = {
    "name": "late", "source": {"kind": "supply", "emf_V": [[0, 14.2]]}, "duration_s": 10,
    "events": [{"time_s": 9.9, "kind": "load_step", "at": "system", "current_A": 50},
               {"time_s": 240, "kind": "load_step", "at": "system", "current_A": 50}],
    "faults": [{"time_s": 10, "kind": "open", "measurement": "terminal_degC"}],
    "windows": [{"name": "look", "start_s": 9.0, "duration_s": 0.5}],  # a later one is refused
}


def test_what_lies_behind_the_end_is_told_and_nothing_else() -> None:
    told = never_reached(parse_scenario(LATE), 10.0)
    assert [line.split()[0] for line in told] == ["events.1", "faults.0"]
    assert told[0] == "events.1 at 240 s is never reached: the run ends at 10 s"


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_scenarios_reach_all_that_they_ask_for(file: object) -> None:
    if "epa" in str(file):
        pytest.skip("its drive cycles are not part of the repository")
    scenario = load_scenario(str(file))
    assert never_reached(scenario, build_inputs(scenario)[1]) == []
