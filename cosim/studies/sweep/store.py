"""What a sweep keeps on disk, such that any process may be killed at any moment.

A directory of a sweep holds `study.json` (what was asked, with which versions), `cases.parquet` (one row per case),
`timing.parquet` (what each case cost; apart, so that equal results are equal files), and the report. While it runs,
`parts/` has one small file per finished case. The renaming of that file is the moment at which a case is finished.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from cosim.errors import InputError
from cosim.result import plain
from cosim.studies.sweep.sampling import Values
from cosim.studies.sweep.spec import Study

STUDY, CASES, TIMING = "study.json", "cases.parquet", "timing.parquet"
PARTS, COPIES, WAVEFORMS = "parts", "copies", "waveforms"
STUDY_LOCK, WORKERS_LOCK, TOKEN = ".study.lock", ".workers.lock", ".token"
ORPHANS_S = 120.0
"""How long a study waits for workers of a killed one to end (ours: a case takes seconds)."""


class Row(NamedTuple):
    """A finished case: its outputs, or why there are none; and what it cost."""

    case: int
    outputs: tuple[float, ...]
    error: str = ""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_MB: float = 0.0
    worker: str = ""


# ---- parts --------------------------------------------------------------------------------------------------------

def part_path(directory: Path, case: int) -> Path:
    """File of a finished case."""
    return directory / PARTS / f"{case:07d}.json"


def write_part(directory: Path, row: Row) -> None:
    """Store a finished case, whole or not at all."""
    path = part_path(directory, row.case)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(row._asdict()), encoding="utf-8")
    os.replace(temporary, path)


def read_part(directory: Path, case: int) -> Row | None:
    """Return a finished case; None if it is not there, or cut off (a power cut; a kill cannot do that)."""
    try:
        content = json.loads(part_path(directory, case).read_text(encoding="utf-8"))
        return Row(**{**content, "outputs": tuple(float(x) for x in content["outputs"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def finished_rows(directory: Path) -> dict[int, Row]:
    """Return all finished cases, of the parts and of an older table."""
    rows = _rows_of_table(directory)
    for path in sorted((directory / PARTS).glob("*.json")):
        if path.name.startswith("."):
            continue
        row = read_part(directory, int(path.stem))
        if row is not None:
            rows[row.case] = row
    return rows


def _rows_of_table(directory: Path) -> dict[int, Row]:
    if not (directory / CASES).is_file() or not (directory / TIMING).is_file():
        return {}
    asked = json.loads((directory / STUDY).read_text(encoding="utf-8"))["outputs"]
    table = pq.read_table(directory / CASES).to_pydict()
    timing = pq.read_table(directory / TIMING).to_pydict()
    rows = {}
    for i, case in enumerate(table["case"]):
        costs = {name: timing[name][i] for name in ("wall_s", "cpu_s", "memory_MB", "worker")}
        rows[case] = Row(case, tuple(float(table[name][i]) for name in asked), table["error"][i], **costs)
    return rows


# ---- table --------------------------------------------------------------------------------------------------------

def write_table(directory: Path, study: Study, values: list[Values], rows: dict[int, Row]) -> None:
    """Write `cases.parquet` and `timing.parquet` of all finished cases and take the parts away."""
    done = sorted(rows)
    ordered = [rows[case] for case in done]
    columns: dict[str, Any] = {"case": pa.array(done, pa.int64())}
    for place, name in enumerate(study.parameter_names):
        columns[name] = column([values[case][place] for case in done])
    for place, name in enumerate(study.output_names):
        columns[name] = pa.array([row.outputs[place] for row in ordered], pa.float64())
    columns["error"] = pa.array([row.error for row in ordered], pa.string())
    timing = {"case": pa.array(done, pa.int64())}
    for name in ("wall_s", "cpu_s", "memory_MB"):
        timing[name] = pa.array([getattr(row, name) for row in ordered], pa.float64())
    timing["worker"] = pa.array([row.worker for row in ordered], pa.string())
    _write_parquet(directory / TIMING, pa.table(timing))
    _write_parquet(directory / CASES, pa.table(columns))
    for folder in (PARTS, COPIES):
        shutil.rmtree(directory / folder, ignore_errors=True)


def column(values: list[Any]) -> pa.Array:
    """Column of a parameter: whole numbers, numbers, or text (JSON for what is neither text nor number)."""
    if all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return pa.array(values, pa.int64())
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return pa.array([float(v) for v in values], pa.float64())
    return pa.array([v if isinstance(v, str) else json.dumps(plain(v)) for v in values], pa.string())


def _write_parquet(path: Path, table: pa.Table) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    pq.write_table(table, temporary, compression="zstd")
    os.replace(temporary, path)


# ---- directory ----------------------------------------------------------------------------------------------------

@contextmanager
def claimed(directory: Path, description: dict[str, Any], resume: bool) -> Iterator[None]:
    """Hold a directory for one study: a new or empty one, or with `resume` one with a part of this same study.

    Raises
    ------
    InputError
        If it holds something else, another study is at work there, or it cannot be written.
    """
    try:
        if directory.is_dir() and any(directory.iterdir()) and not (directory / STUDY).is_file():
            left = {path.name for path in directory.iterdir()} - {STUDY_LOCK, WORKERS_LOCK, PARTS, COPIES}
            if left:
                raise InputError(str(directory), "", "something that is not a sweep is there", "a new or empty folder")
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / STUDY_LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(str(directory), "", "another sweep is at work there", "one at a time") from None
            _same_study(directory, description, resume)
            _wait_for_orphans(directory)
            (directory / PARTS).mkdir(exist_ok=True)
            shutil.rmtree(directory / COPIES, ignore_errors=True)
            (directory / COPIES).mkdir()
            for leftover in (directory / PARTS).glob(".*.tmp"):
                leftover.unlink(missing_ok=True)
            yield
    except OSError as error:
        problem = error.strerror or str(error)
        raise InputError(str(directory), "", problem, "a folder that can be written") from error


def _same_study(directory: Path, description: dict[str, Any], resume: bool) -> None:
    """Write `study.json`, or check that the one there is of the same study."""
    path = directory / STUDY
    kept = (directory / CASES).exists() or any((directory / PARTS).glob("[!.]*"))
    if path.is_file() and kept:  # else its trial run failed: the study is mended and begun again
        if not resume:
            raise InputError(str(directory), "", "a sweep is there", "--resume to go on with it, or another folder")
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            made, now = before["made_by"], description["made_by"]
        except (ValueError, KeyError, TypeError):
            raise InputError(str(path), "", "damaged", "the file of a sweep") from None
        for part, text in (("study", "the study"), ("scenario", "its scenario")):
            if before.get(part) != plain(description[part]):
                raise InputError(str(directory), "", f"{text} has changed since", "the same study, or another folder")
        changed = sorted(key for key in {*made, *now} if made.get(key) != now.get(key))
        if changed:
            raise InputError(str(directory), "", f"finished cases were made with another {', '.join(changed)}",
                             "the same versions and files, or another folder")
        return
    write_json(path, description)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON under a temporary name, then rename it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    text = json.dumps(plain(content), indent=2, ensure_ascii=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    os.replace(temporary, path)


@contextmanager
def at_work(directory: Path) -> Iterator[None]:
    """Hold the workers' lock, shared with the other workers; a killed process lets it go by itself."""
    with (directory / WORKERS_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _wait_for_orphans(directory: Path) -> None:
    """Wait until no worker of a killed study is left, so that none finishes a case that is begun again here."""
    end_s = time.monotonic() + ORPHANS_S
    with (directory / WORKERS_LOCK).open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if time.monotonic() > end_s:
                    raise InputError(str(directory), "", "workers of an older sweep are still at work there",
                                     "to wait, or to end them") from None
                time.sleep(0.05)
