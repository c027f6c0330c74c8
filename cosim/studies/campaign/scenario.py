"""A case of a campaign: a scenario as plain values, and what is broken in its parameter files.

What is broken is a list of named faults, each a set of changes, so that a shrinker can take one of them out.
"""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cosim.result import Result
from cosim.scenario.model import Scenario
from cosim.studies.sweep.paths import DUMPER, Base, Setting, case_files, scenario_of, seen_from, write_copies

SCENARIO = "scenario.yaml"
ORIGIN = "campaign"


class Broken(NamedTuple):
    """A fault of the plant that parameters describe: its name in the report, and its settings."""

    name: str
    settings: tuple[Setting, ...]


class Case(NamedTuple):
    """A scenario and its broken parts; `changes` come last and are kept by every simplification (`--set`)."""

    content: dict[str, Any]
    broken: tuple[Broken, ...] = ()
    changes: tuple[Setting, ...] = ()
    windows: bool = False

    @property
    def settings(self) -> list[Setting]:
        """All changes in their order."""
        return [s for b in self.broken for s in b.settings] + list(self.changes)


def base_of(case: Case) -> Base:
    """The scenario of a case as the sweep's tools take it; it names shipped parameter files only."""
    return Base(copy.deepcopy(case.content), Path.cwd(), ORIGIN)


def run(case: Case) -> tuple[Scenario, Result]:
    """Run a case; raises what parsing and running raise."""
    from cosim.simulation import Simulation

    with tempfile.TemporaryDirectory(prefix="bms-cosim-case-") as folder:
        scenario = parsed(case, Path(folder))
        return scenario, Simulation(scenario, windows=case.windows).run()


def parsed(case: Case, folder: Path) -> Scenario:
    """Checked scenario of a case; changed parameter files are written into `folder`. Raises `InputError`."""
    base = base_of(case)
    return scenario_of(case_files(base, case.settings), base, folder)


def write(case: Case, folder: Path, description: str) -> Path:
    """Write a case as a scenario that `bms-cosim run` repeats, with its changed parameter files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    base = base_of(case)
    files = case_files(base, case.settings)
    content = seen_from(files.content, base, folder.resolve(), files.copies)
    content["description"] = description
    write_copies(files.copies, folder)
    path = folder / SCENARIO
    path.write_text(yaml.dump(content, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    return path
