"""A campaign from its seed to its directory: run by the sweep's pool into the sweep's store, then shrunk."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from cosim.errors import InputError, RunFailed
from cosim.studies.campaign.invariants import registry
from cosim.studies.campaign.runner import DETAILS, DETERMINISM, case_of, judged
from cosim.studies.campaign.scenario import Case, write
from cosim.studies.campaign.shrink import MOST_RUNS, Shrunk, shrunk
from cosim.studies.sweep.study import Sweep, run_study

Progress = Callable[[float, str], None]

RUNNER = "cosim.studies.campaign.runner"
VIOLATIONS = "violations"
FAILED = "run"
"""Name of the rule that every legal scenario runs."""
SHRUNK_EACH = 3
"""Of each invariant so many violations are shrunk; the others are listed with their case (ours)."""


class Asked(NamedTuple):
    """What is asked: number of cases, seed, directory, workers, resume, SPICE windows.

    changes : values for all scenarios, by their dotted paths
    """

    cases: int
    seed: int
    directory: Path
    workers: int = 1
    resume: bool = False
    changes: Mapping[str, Any] = MappingProxyType({})
    windows: bool = True


class Violation(NamedTuple):
    """A violation: invariant, case, when and what; the shrunk scenario with its command, where there is one."""

    name: str
    case: int
    time_s: float
    text: str
    command: str = ""
    runs: int = 0


class Campaign(NamedTuple):
    """A finished campaign: its `violations` of rules, and `observations` of what each injected fault led to."""

    asked: Asked
    sweep: Sweep
    violations: list[Violation]
    observations: list[dict[str, Any]]


def run_campaign(asked: Asked, report: Progress) -> Campaign:
    """Run a campaign, or what is left of it, and return its violations, shrunk where they were chosen for it.

    Raises
    ------
    InputError : the directory, or a setting for all cases, cannot be used
    RunFailed : no case can run at all
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.yaml"
        path.write_text(yaml.safe_dump(study_of(asked)), encoding="utf-8")
        try:
            sweep = run_study(
                path, asked.directory, workers=asked.workers, scheduler=None, resume=asked.resume,
                report=lambda fraction, text: report(0.8 * fraction, text), runner=RUNNER,
            )
        except InputError as error:
            if error.file == str(path):  # the user knows no such file
                raise InputError("--set", error.field, error.value, error.allowed) from None
            raise
    details = _details(asked.directory)
    found = _found(sweep, details)
    report(0.8, f"{len(found)} violations")
    shutil.rmtree(asked.directory / VIOLATIONS, ignore_errors=True)
    violations: list[Violation] = []
    for violation, wanted in _chosen(found):
        report(0.8 + 0.2 * len(violations) / len(found), f"shrinking {violation.name}, case {violation.case}")
        violations.append(_shrunk_violation(asked, sweep, violation) if wanted else violation)
    observations = [d["observed"] for _, d in sorted(details.items()) if d["observed"] is not None]
    return Campaign(asked, sweep, violations, observations)


def study_of(asked: Asked) -> dict[str, Any]:
    """The study that the sweep's machinery runs: one row per case, one column per invariant."""
    names = [i.name for i in registry()] + [DETERMINISM]
    parameters: list[dict[str, Any]] = [
        {"path": "seed", "kind": "list", "name": "number", "values": list(range(asked.cases))}
    ]
    parameters += [{"path": p, "kind": "list", "values": [v] * asked.cases} for p, v in asked.changes.items()]
    return {
        "name": "campaign", "description": f"campaign, rules {_digest()}", "method": "monte_carlo",
        "cases": asked.cases, "seed": asked.seed, "windows": asked.windows, "parameters": parameters,
        "scenario": {"name": "campaign", "seed": asked.seed, "duration_s": 5.0,
                     "source": {"kind": "supply", "emf_V": [[0.0, 14.4]]}},
        "outputs": [{"name": name, "summary": f"invariants.{name}"} for name in names],
    }


def _digest() -> str:
    """Digest of what draws and judges the cases: a directory is not gone on with by other rules."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _details(directory: Path) -> dict[int, dict[str, Any]]:
    found = {}
    for path in (directory / DETAILS).glob("[0-9]*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        found[int(content["case"])] = content
    return found


def _found(sweep: Sweep, details: dict[int, dict[str, Any]]) -> list[Violation]:
    """All violations, by invariant and case."""
    found = []
    for case, row in sweep.rows.items():
        if row.error:
            found.append(Violation(FAILED, case, 0.0, row.error))
            continue
        for name, (time_s, text) in details[case]["findings"].items():
            found.append(Violation(name, case, float(time_s), str(text)))
    return sorted(found, key=lambda v: (v.name, v.case))


def _chosen(found: list[Violation]) -> list[tuple[Violation, bool]]:
    """Which are shrunk: the first of each invariant."""
    seen: dict[str, int] = {}
    chosen = []
    for violation in found:
        seen[violation.name] = seen.get(violation.name, 0) + 1
        chosen.append((violation, seen[violation.name] <= SHRUNK_EACH))
    return chosen


def _shrunk_violation(asked: Asked, sweep: Sweep, violation: Violation) -> Violation:
    """A violation with its small scenario, written below `violations/`."""
    case = case_of(sweep.plan, violation.case, sweep.values[violation.case])
    small = Shrunk(case, violation.time_s, 0)
    if violation.name != DETERMINISM:
        small = shrunk(case, lambda one: violates(one, violation.name), violation.time_s, MOST_RUNS)
    folder = asked.directory / VIOLATIONS / f"{violation.name}_{violation.case}"
    origin = f"case {violation.case} of seed {asked.seed}, here at {small.time_s:g} s"
    try:
        path = write(small.case, folder, f"{violation.name}: {violation.text} ({origin})")
    except InputError:  # a scenario that is not legal is no file that runs
        return violation
    option = "" if small.case.windows else " --no-windows"
    return violation._replace(command=f"bms-cosim run {shlex.quote(str(path))}{option}", runs=small.runs)


def violates(case: Case, name: str) -> float | None:
    """Time at which a case breaks an invariant; None: it does not, or the case is not legal."""
    try:
        _, findings = judged(case)
    except InputError:
        return None
    except Exception as error:  # a run that fails is what FAILED looks for, whatever it raises
        if not isinstance(error, RunFailed) and name != FAILED:
            raise
        return 0.0 if name == FAILED else None
    finding = findings.get(name)
    return None if finding is None else finding.time_s


__all__ = ["Asked", "Campaign", "Violation", "run_campaign", "study_of", "violates"]
