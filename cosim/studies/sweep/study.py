"""A sweep from its file to its directory: checked, run by whom was asked, stored, reported."""

from __future__ import annotations

import hashlib
import platform
import tempfile
import uuid
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import cosim
from cosim.errors import InputError
from cosim.own.netlist import own_texts
from cosim.paths import ROOT
from cosim.studies.sweep import store
from cosim.studies.sweep.case import RUNNER, Plan, plan_of, settings_of
from cosim.studies.sweep.distributions import Choice, Listed
from cosim.studies.sweep.paths import Base, case_files, load_base, scenario_of
from cosim.studies.sweep.pool import run_local
from cosim.studies.sweep.sampling import Values, cases
from cosim.studies.sweep.spec import Study, load_study
from cosim.studies.sweep.store import Row

Progress = Callable[[float, str], None]

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "PySpice", "xarray")
SOURCES = ("*.py", "*.cir", "*.lib", "*.yaml")
NOT_IN_RESULTS = ("studies", "benches", "validation")
"""Parts of `cosim` that no case passes through (nor its plots)."""


class Sweep(NamedTuple):
    """A finished sweep: what was asked, and what came of it.

    values : of the parameters, one mapping per case; rows : outputs or error by number of the case
    already : cases that were finished before this call
    """

    study: Study
    base: Base
    plan: Plan
    values: list[Values]
    rows: dict[int, Row]
    directory: Path
    already: int

    def __repr__(self) -> str:
        failed = sum(bool(row.error) for row in self.rows.values())
        return (f"Sweep({self.study.name}: {len(self.rows)} cases, {failed} failed; "
                f"{', '.join(self.study.output_names)} over {', '.join(self.study.parameter_names)})")

    def _repr_html_(self) -> str:
        from cosim.studies.sweep.report import tables  # which needs this module

        return tables(self)


def run_study(
    study_file: Path, directory: Path, *, workers: int, scheduler: str | None, resume: bool, report: Progress,
    runner: str = RUNNER,
) -> Sweep:
    """Run a study, or what is left of it, and return its cases; the directory then holds their table.

    Parameters
    ----------
    study_file, directory : the study, and where it is kept
    workers : worker processes on this machine
    scheduler : address of a Dask scheduler, whose workers then do it
    resume : go on with the finished cases of the directory
    report : is told the fraction done
    runner : module that runs the cases (`cosim.studies.sweep.case.Runner`)

    Raises
    ------
    InputError : something in the study or the directory cannot be used
    RunFailed : no case can run at all
    """
    study = load_study(study_file)
    base = load_base(study, study_file)
    values = cases(study)
    target = directory.resolve()
    plan = plan_of(study, base, target, uuid.uuid4().hex, str(study_file), runner)
    check_parameters(study, plan, study_file)
    with store.claimed(target, described(study, base), resume):
        (target / store.TOKEN).write_text(plan.token, encoding="utf-8")
        rows = store.finished_rows(target)
        already = len(rows)
        jobs = [(case, one) for case, one in enumerate(values) if case not in rows]

        failed = sum(bool(row.error) for row in rows.values())

        def take(row: Row) -> None:
            nonlocal failed
            rows[row.case] = row
            failed += bool(row.error)
            told = f"{len(rows)} of {len(values)} cases" + (f", {failed} failed" if failed else "")
            report(len(rows) / len(values), told)

        report(already / len(values), "starting")
        if jobs and scheduler is not None:
            from cosim.studies.sweep.on_dask import run_on_dask

            run_on_dask(plan, jobs, scheduler, take)
        elif jobs:
            run_local(plan, jobs, workers, take)
        report(1.0, "writing the table")
        store.write_table(target, study, values, rows)
        (target / store.TOKEN).unlink(missing_ok=True)
    return Sweep(study, base, plan, values, rows, directory, already)


def described(study: Study, base: Base) -> dict[str, Any]:
    """What `study.json` says: the study, its scenario, its seed, and what makes the numbers."""
    return {
        "name": study.name, "seed": study.seed, "cases": study.count,
        "parameters": study.parameter_names, "outputs": study.output_names,
        "study": study.model_dump(mode="json"), "scenario": base.content, "made_by": made_by(base, study),
    }


def made_by(base: Base, study: Study) -> dict[str, str]:
    """Versions, and a digest of everything whose change would change a number: our sources, and the user's files.

    Of a netlist of the user's own that is its text with includes written out, be it the scenario's or one that the
    study tries.
    """
    told = {"smart-bms-cosim": cosim.__version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            told[name] = version(name)
        except PackageNotFoundError:
            told[name] = "unknown"
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    told["sources"] = digest.hexdigest()[:16]
    own = hashlib.sha256()
    for path in user_files(base):
        own.update(path.read_bytes() + b"\0")
    for netlists in own_netlists(study, base):
        for text in own_texts(netlists.items(), base.folder):
            own.update(text.encode() + b"\0")
    told["files of the scenario"] = own.hexdigest()[:16]
    return told


def _sources() -> list[Path]:
    """Files of ours that a case passes through."""
    found: list[Path] = []
    for package in ("bms", "models", "netlists", "cosim"):
        for pattern in SOURCES:
            found += (ROOT / package).rglob(pattern)
    skipped = {ROOT / "cosim" / name for name in NOT_IN_RESULTS}
    return sorted(
        path for path in found
        if not skipped & {*path.parents} and not path.name.startswith(("plot", "cli", "test_"))
    )


def own_netlists(study: Study, base: Base) -> list[dict[str, str]]:
    """Circuit and file of every netlist of the user's own: the scenario's, and those that parameters try."""
    named = base.content.get("netlists")
    found = [{str(k): str(v) for k, v in named.items()}] if isinstance(named, dict) else []
    for parameter in study.parameters:
        for path in (parameter.path, *parameter.also):
            if path.startswith("netlists.") and isinstance(parameter, Choice | Listed):
                found += [{path.split(".", 1)[1]: str(value)} for value in parameter.values]
    return found


def user_files(base: Base) -> list[Path]:
    """Files beside the scenario that it names: parameter files, speed traces, keys."""
    found: set[Path] = set()

    def look(value: object) -> None:
        if isinstance(value, dict):
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)
        elif isinstance(value, str) and "\0" not in value and "\n" not in value and len(value) < 300:
            path = base.folder / value
            if path.is_file():
                found.add(path)

    look(base.content)
    return sorted(found)


def check_parameters(study: Study, plan: Plan, study_file: Path) -> None:
    """Each parameter alone, at its extremes, must give a scenario that is valid.

    Combinations that are not are left to their cases: a row with the error.

    Raises
    ------
    InputError
        Naming study, parameter and what the scenario says of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        for place, parameter in enumerate(study.parameters):
            for value in parameter.extremes():
                alone = plan._replace(paths=(plan.paths[place],))
                try:
                    files = case_files(plan.base, settings_of(alone, (value,)))
                    scenario_of(files, plan.base, Path(folder))
                except InputError as error:
                    field = f"parameters.{place} ({parameter.label})"
                    told = f"{error.field}: {error.value}" if error.field else str(error.value)
                    raise InputError(str(study_file), field, f"{value!r}: {told}", error.allowed) from None


__all__ = ["Sweep", "check_parameters", "described", "run_study"]
