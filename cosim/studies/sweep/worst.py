"""The worst cases of a study as scenarios of their own, which `bms-cosim run` repeats exactly."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cosim.studies.sweep.case import settings_of
from cosim.studies.sweep.paths import DUMPER, CaseFiles, case_files, seen_from, write_copies
from cosim.studies.sweep.statistics import Table, worst_case
from cosim.studies.sweep.study import Sweep

WORST, SCENARIO = "worst", "scenario.yaml"


class Worst(NamedTuple):
    """A worst case: which, of what, and the command that repeats it."""

    output: str
    side: str
    case: int
    value: float
    command: str


def write_worst(sweep: Sweep, table: Table) -> list[Worst]:
    """Write the scenario of each worst case that the study asks for, below `worst/`; an older set goes away."""
    folder = sweep.directory / WORST
    shutil.rmtree(folder, ignore_errors=True)
    found = []
    for output, side in sweep.study.worst.items():
        case = worst_case(table, output, side)
        if case is None:
            continue
        path = write_case(sweep, case, folder / f"{output}_{side}")
        option = "" if sweep.study.windows else " --no-windows"
        value = sweep.rows[case].outputs[sweep.study.output_names.index(output)]
        found.append(Worst(output, side, case, value, f"bms-cosim run {shlex.quote(str(path))}{option}"))
    return found


def write_case(sweep: Sweep, case: int, folder: Path) -> Path:
    """Write one case as a scenario file, with the changed parameter files that it names beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    files: CaseFiles = case_files(sweep.base, settings_of(sweep.plan, sweep.values[case]))
    content: dict[str, Any] = seen_from(files.content, sweep.base, folder.resolve(), files.copies)
    content["name"] = f"{str(content['name'])[:60]}_case_{case}"
    told = ", ".join(f"{name} {value}" for name, value in
                     zip(sweep.study.parameter_names, sweep.values[case], strict=True))
    content["description"] = f"Case {case} of the study {sweep.study.name}: {told}."
    write_copies(files.copies, folder)
    path = folder / SCENARIO
    path.write_text(yaml.dump(content, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    return path
