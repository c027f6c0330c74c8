"""All benches, gathered from the modules `rows_*.py` of this package, and the jobs that a run consists of."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path

from cosim.circuit.cache import content_key
from cosim.errors import InputError
from cosim.studies.conformance.entry import Bench, Changes, Corner, Influence
from cosim.studies.conformance.requirements import requirements

SPAN = 0.05
"""Parameters are varied by +-5 % for sensitivities (issue: ours)."""


@dataclass(frozen=True)
class Job:
    """One bench in one corner with one change; the piece of work that a worker takes.

    varied : name of the parameter that is varied, empty for the design itself; factor : by which
    """

    bench: str
    corner: Corner
    varied: str = ""
    factor: float = 1.0
    changes: Changes = field(default_factory=Changes)
    cost_s: float = 1.0

    @property
    def key(self) -> str:
        """SHA-256 of what the job is."""
        return content_key(json.dumps([self.bench, self.corner, self.varied, self.factor, asdict(self.changes)]))

    @property
    def name(self) -> str:
        """What a progress bar shows."""
        more = f" {self.varied} x {self.factor:g}" if self.varied else ""
        return f"{self.bench} ({self.corner.name}){more}"


@cache
def benches() -> tuple[Bench, ...]:
    """All benches in the order of their modules' names; raises ValueError for doubled names and unknown rows."""
    found: list[Bench] = []
    for file in sorted(Path(__file__).parent.glob("rows_*.py")):
        found += import_module(f"{__package__}.{file.stem}").BENCHES
    names = [bench.name for bench in found]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two benches are called {doubled[0]}")
    for bench in found:
        if unknown := sorted(set(bench.rows) - set(requirements())):
            raise ValueError(f"bench {bench.name}: there is no row {unknown[0]}")
        corners = [corner.name for corner in bench.corners]
        if len(set(corners)) < len(corners):
            raise ValueError(f"bench {bench.name}: two corners have one name")
    return tuple(found)


def bench_of(name: str) -> Bench:
    """Bench by its name."""
    return next(bench for bench in benches() if bench.name == name)


def chosen_rows(asked: str | None) -> tuple[str, ...]:
    """Rows of a list like ``A1,A3``; all of them where nothing is asked; raises InputError for an unknown one."""
    if asked is None:
        return tuple(requirements())
    rows = [row.strip().upper() for row in asked.split(",") if row.strip()]
    for row in rows or [asked]:
        if row not in requirements():
            close = difflib.get_close_matches(row, requirements(), n=1, cutoff=0.4)
            allowed = f"rows of the requirements, {'such as ' + close[0] if close else 'A1..G3'}, separated by commas"
            raise InputError("--rows", "", asked, allowed)
    return tuple(row for row in requirements() if row in rows)


def jobs_of(rows: Sequence[str], variant: str | None, full: bool) -> list[Job]:
    """Jobs that answer some rows, the longest first; with `full` all corners, then the varied parameters.

    Without `full` a bench has one job per variant that it has corners of, the first one of each; a bench that has none
    of the asked variant runs its first corner in that variant.
    """
    own = [bench for bench in benches() if set(bench.rows) & set(rows)]
    found: list[Job] = []
    for bench in own:
        own_corners = [c for c in bench.corners if variant in (None, c.variant)]
        own_corners = own_corners or [bench.corners[0]._replace(variant=variant or bench.corners[0].variant)]
        nominal = own_corners[0]
        corners = own_corners if full else [
            c for k, c in enumerate(own_corners) if c.variant not in {before.variant for before in own_corners[:k]}
        ]
        found += [Job(bench.name, corner, cost_s=bench.cost_s) for corner in corners]
        if full:
            found += [varied_job(bench, nominal, one, sign) for one in bench.influences for sign in (-1.0, 1.0)]
    return sorted(found, key=lambda job: (bool(job.varied), -job.cost_s, job.bench, job.corner, job.varied, job.factor))


def varied_job(bench: Bench, corner: Corner, influence: Influence, sign: float) -> Job:
    """Job with one parameter 5 % off."""
    factor = 1.0 + sign * SPAN
    return Job(bench.name, corner, influence.told, factor, influence.changes(factor), bench.cost_s)
