"""A conformance run from start to end: jobs, kept parts, `conformance.json`, pictures, report page, table."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cosim.circuit.cache import content_key
from cosim.errors import InputError
from cosim.paths import ROOT, SCENARIOS
from cosim.result import plain, require_replaceable, shown
from cosim.studies.conformance.lab import netlists_key
from cosim.studies.conformance.page import page_text
from cosim.studies.conformance.pool import Outcome, lab_of_process, run_jobs
from cosim.studies.conformance.register import Job, jobs_of
from cosim.studies.conformance.requirements import requirements

REPORT, PAGE, RUN = "conformance.json", "conformance.html", "run.json"
PARTS, PICTURES = "parts", "pictures"
OWN = (REPORT, PAGE, RUN, PARTS, PICTURES)
"""What a directory of this report may hold. RUN: versions, netlists, and under `timing` all that is no result."""
MOST_INFLUENTIAL = 5
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Asked:
    """What a run is to measure: rows in order, variant (None: each bench's own).

    full : all corners and sensitivities too
    """

    rows: tuple[str, ...]
    variant: str | None = None
    full: bool = False


def measure_all(asked: Asked, target: Path, report: Progress) -> list[dict[str, Any]]:
    """Run all jobs, write the directory, and give the entries of `conformance.json`.

    With `full` every finished job stays as a file in `parts/`; a run of the same sources takes it from there.

    Raises
    ------
    InputError : no such row, or the directory cannot be written
    RunFailed : a worker process died
    """
    begun = time.perf_counter()
    require_place(target)
    jobs = jobs_of(asked.rows, asked.variant, asked.full)
    outcomes: dict[str, Outcome] = {}
    for job in jobs:
        if asked.full and (stored := _stored(target, job)) is not None:
            outcomes[job.key] = stored

    def keep(job: Job, outcome: Outcome) -> None:
        outcomes[job.key] = outcome
        if asked.full:
            write(part_file(target, job), json.dumps(plain({"key": part_key(job), **outcome})))

    run_jobs([job for job in jobs if job.key not in outcomes], report, keep)
    entries = gathered(asked, jobs, outcomes)
    report(1.0, "writing the report")
    save(asked, target, entries, jobs, outcomes, time.perf_counter() - begun)
    return entries


# ---- parts ------------------------------------------------------------------------------------------------------

@cache
def sources_key() -> str:
    """SHA-256 over all that a figure depends on: our Python, netlists, parameters, scenarios and limits."""
    files = sorted(
        file for folder in ("bms", "models", "netlists", "cosim") for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".cir", ".lib", ".yaml")
    ) + sorted(SCENARIOS.rglob("*.yaml"))
    return content_key(*(file.read_text(encoding="utf-8") for file in files))


def part_key(job: Job) -> str:
    """Key of a kept part: the job, and the sources that computed it."""
    return content_key(job.key, sources_key())


def part_file(target: Path, job: Job) -> Path:
    """Where a finished job is kept."""
    return target / PARTS / f"{job.bench}-{job.key[:16]}.json"


def _stored(target: Path, job: Job) -> Outcome | None:
    try:
        found = json.loads(part_file(target, job).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("key") == part_key(job) else None


def write(path: Path, text: str | bytes) -> None:
    """Write a file under a temporary name and rename it, so that it is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    if isinstance(text, str):
        part.write_text(text, encoding="utf-8")
    else:
        part.write_bytes(text)
    part.replace(path)


# ---- entries ----------------------------------------------------------------------------------------------------

def gathered(asked: Asked, jobs: Sequence[Job], outcomes: dict[str, Outcome]) -> list[dict[str, Any]]:
    """Entries of all jobs in the order of the rows; rows that nothing measures say so; sensitivities are added."""
    order = {row: k for k, row in enumerate(requirements())}
    plain_jobs = sorted((job for job in jobs if not job.varied),
                        key=lambda job: (job.bench, job.corner.name != "nominal", job.corner.name))
    found = [entry for job in plain_jobs for entry in outcomes[job.key]["entries"] if entry["id"] in asked.rows]
    for job in plain_jobs:
        _add_sensitivity(job, [one for one in jobs if one.varied and one.bench == job.bench], outcomes)
    measured = {entry["id"] for entry in found}
    found += [no_bench(row) for row in asked.rows if row not in measured]
    return sorted(found, key=lambda entry: order[entry["id"]])


def no_bench(row: str) -> dict[str, Any]:
    """Entry of a row that no bench answers: not passed."""
    return {"id": row, "requirement": requirements()[row], "figure": "", "what": "", "corner": "", "variant": "",
            "bench": "", "method": "none", "status": "declared", "trust": "", "note": "no bench measures it yet",
            "measured": None, "unit": "", "limit": "", "source": "", "margin": None, "passed": None}


def _add_sensitivity(job: Job, varied: Sequence[Job], outcomes: dict[str, Outcome]) -> None:
    """Put the parameters that move an entry's margin most into it, most influential first."""
    for entry in outcomes[job.key]["entries"]:
        if entry["margin"] is None:
            continue
        moved: dict[str, dict[str, float | None]] = {}
        for one in varied:
            if one.corner != job.corner:
                continue
            same = [e for e in outcomes[one.key]["entries"] if e["figure"] == entry["figure"]]
            margin = same[0]["margin"] if same else None
            moved.setdefault(one.varied, {})[f"{100.0 * (one.factor - 1.0):+.0f} %"] = margin
        ranked = sorted(moved.items(), key=lambda item: (-_effect(entry["margin"], item[1]), item[0]))
        if ranked:
            entry["sensitivity"] = [
                {"parameter": name, "margins": margins} for name, margins in ranked[:MOST_INFLUENTIAL]
            ]


def _effect(margin: float, margins: dict[str, float | None]) -> float:
    """Largest change of the margin; a bench that no longer works counts as a change of 1."""
    return max((1.0 if value is None else abs(value - margin)) for value in margins.values())


# ---- files and table --------------------------------------------------------------------------------------------

def require_place(target: Path) -> None:
    """Refuse a place where writing would destroy something else; raises InputError."""
    require_replaceable(target, OWN, "an older conformance report")


def save(
    asked: Asked, target: Path, entries: list[dict[str, Any]], jobs: Sequence[Job], outcomes: dict[str, Outcome],
    wall_s: float,
) -> None:
    """Write all files of the directory, each whole or not at all (InputError raises); equal results, equal bytes."""
    from cosim.record.summary import versions

    first = [job for job in jobs if not job.varied]
    pictures = pictures_of(asked, first, outcomes)
    run = {
        "rows": list(asked.rows), "variant": asked.variant or "each bench's own", "full": asked.full,
        "versions": versions(lab_of_process().session.version_text), "netlists_sha256": netlists_key(),
        "sources_sha256": sources_key(),
        "timing": {"written": datetime.now(UTC).isoformat(timespec="seconds"), "wall_s": round(wall_s, 1),
                   "benches_s": {job.name: round(outcomes[job.key]["wall_s"], 2) for job in jobs}},
    }
    try:
        text = json.dumps(plain(entries), indent=2, ensure_ascii=False, allow_nan=False)
        write(target / REPORT, text + "\n")
        write(target / RUN, json.dumps(plain(run), indent=2, ensure_ascii=False) + "\n")
        for row, by_bench in pictures.items():
            for name, picture in by_bench.items():
                write(target / PICTURES / picture_name(row, name), base64.b64decode(picture))
        _drop_old_pictures(target, pictures)
        write(target / PAGE, page_text(entries, pictures_of(asked, shown_jobs(asked, first, outcomes), outcomes), run))
    except OSError as error:
        raise InputError(str(target), "", error.strerror or str(error), "a folder that can be written") from error


def pictures_of(asked: Asked, jobs: Sequence[Job], outcomes: dict[str, Outcome]) -> dict[str, dict[str, str]]:
    """Base64 pictures of the asked rows, by row, then by bench and corner."""
    found: dict[str, dict[str, str]] = {}
    for job in jobs:
        for row, picture in outcomes[job.key]["pictures"].items():
            if row in asked.rows:
                found.setdefault(row, {})[f"{job.bench} {job.corner.name}"] = picture
    return found


def shown_jobs(asked: Asked, jobs: Sequence[Job], outcomes: dict[str, Outcome]) -> list[Job]:
    """Jobs whose pictures the page shows: those of a run without `full`, and every one that fails.

    A page of all corners would have tens of megabytes; the others' pictures are files.
    """
    first = {(job.bench, job.corner) for job in jobs_of(asked.rows, asked.variant, full=False)}
    return [job for job in jobs if (job.bench, job.corner) in first
            or any(entry["passed"] is False for entry in outcomes[job.key]["entries"])]


def picture_name(row: str, name: str) -> str:
    """File of a row's picture by a bench in a corner."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", f"{row}_{name}") + ".png"


def _drop_old_pictures(target: Path, pictures: dict[str, dict[str, str]]) -> None:
    """Pictures of an older report with other rows would be taken for this one's."""
    own = {picture_name(row, name) for row, by_bench in pictures.items() for name in by_bench}
    for file in (target / PICTURES).glob("*.png"):
        if file.name not in own:
            file.unlink()


def counted(entries: Sequence[dict[str, Any]]) -> str:
    """Say how many rows and figures hold."""
    rows = dict.fromkeys(entry["id"] for entry in entries)
    judged = [entry for entry in entries if entry["passed"] is not None]
    passed = [row for row in rows if row_passed(entries, row)]
    return (f"rows passed by measurement: {len(passed)} of {len(rows)}; figures within limits: "
            f"{sum(bool(entry['passed']) for entry in judged)} of {len(judged)}")


def row_passed(entries: Sequence[dict[str, Any]], row: str) -> bool:
    """Whether a row has measured figures and all of them hold."""
    own = [entry["passed"] for entry in entries if entry["id"] == row and entry["passed"] is not None]
    return bool(own) and all(own)


def print_table(entries: Sequence[dict[str, Any]]) -> None:
    """Print one line per figure: measured, limit, margin, status, passed."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(title="conformance", title_justify="left")
    several = len({(entry["corner"], entry["variant"]) for entry in entries}) > 1
    headings = ["row", "figure", "bench", *(["corner"] if several else []), "measured", "unit", "limit", "margin",
                "status", "passed", "note"]
    for heading in headings:
        right = heading in ("measured", "margin")
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading in ("row", "figure", "bench"))
    last = ""
    for entry in entries:
        if last and entry["id"] != last:
            table.add_section()
        last = entry["id"]
        verdict = {True: "yes", False: "NO", None: "-"}[entry["passed"]]
        margin = "" if entry["margin"] is None else f"{100.0 * entry['margin']:.1f} %"
        name = entry["figure"].removeprefix(f"{entry['id']}.")
        corner = [f"{entry['corner']}, {entry['variant']}"] if several else []
        cells = (entry["id"], name, entry["bench"], *corner, shown(entry["measured"]), entry["unit"], entry["limit"],
                 margin, entry["status"], verdict, entry["note"])
        table.add_row(*(escape(str(cell)) for cell in cells))
    console.print(table)
    console.print(escape(counted(entries)), highlight=False)
