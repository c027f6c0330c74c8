"""What the benchmark divides a run's time into is really called by the run."""

from __future__ import annotations

from benchmarks import subjects
from benchmarks.__main__ import points_of
from cosim.scenario.model import parse_scenario
from cosim.spice.session import SpiceSession


def test_every_part_of_a_run_is_timed() -> None:
    asked = parse_scenario({
        "name": "short", "duration_s": 20, "bank": {"soc": 0.3},
        "drive": {"segments": [
            {"kind": "off", "duration_s": 3}, {"kind": "crank"}, {"kind": "city", "duration_s": 20},
        ]},
        "events": [{"time_s": 15.0, "kind": "load_step", "current_A": 20.0}], "figures": ["A1"],
    })
    keep: list[subjects.Kept] = []
    figures, result = subjects.main_run(asked, SpiceSession.open(), keep)
    timed_s = {label: figures[f"{label} [s]"] for label, _, _ in subjects.PARTS}  # each is there
    assert figures["windows computed"] == len(keep) >= len(result.windows) > 0
    assert 0.0 < sum(timed_s.values()) <= figures["total [s]"]
    shortest = min(keep, key=points_of)
    found = subjects.deck_load(shortest.window, SpiceSession.open())
    parts = found["loading, processor time [s]"], found["reset, processor time [s]"]
    assert min(parts) > 0.0 and found["lines of the deck"] > 100.0
    assert sum(parts) < found["whole window, processor time [s]"]
