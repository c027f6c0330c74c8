"""Scenario files: what a run is made of, validated before anything starts."""

from cosim.paths import SCENARIOS
from cosim.scenario.model import Scenario, load_scenario, parse_scenario

__all__ = ["SCENARIOS", "Scenario", "load_scenario", "parse_scenario"]
