"""One case in a worker: run, reduced to its outputs, and stored. What a case is, its runner says (`engine_runner`)."""

from __future__ import annotations

import importlib
import math
import os
import resource
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from cosim.errors import InputError, RunFailed
from cosim.studies.sweep import store
from cosim.studies.sweep.outputs import Output, OutputMissing
from cosim.studies.sweep.paths import Base, Setting
from cosim.studies.sweep.sampling import Values
from cosim.studies.sweep.spec import Study
from cosim.studies.sweep.store import Row

LONGEST_ERROR = 300
RUNNER = "cosim.studies.sweep.engine_runner"


class Runner(Protocol):
    """What the module named by `Plan.runner` has."""

    def outputs_of(self, plan: Plan, case: int, values: Values, here: bool) -> tuple[float, ...]:
        """Outputs of one case; `here`: the study's directory can be used. Whatever it raises is the case's error."""

    def trial(self, plan: Plan) -> str:
        """Try the study for a moment; nothing, or what is wrong with it."""


class Plan(NamedTuple):
    """What every worker of a study needs; plain data that goes through pickle."""

    base: Base
    paths: tuple[tuple[tuple[str, ...], bool], ...]
    outputs: tuple[Output, ...]
    windows: bool
    waveforms: bool
    directory: Path
    token: str
    origin: str
    runner: str = RUNNER


Job = tuple[int, Values]
"""Number of a case, and the values of its parameters."""


def runner_of(plan: Plan) -> Runner:
    """Module that runs the cases of a plan; its import is the heavy part of a worker's start."""
    return cast(Runner, importlib.import_module(plan.runner))


def plan_of(study: Study, base: Base, directory: Path, token: str, origin: str, runner: str = RUNNER) -> Plan:
    """Everything that a worker needs of a study; `origin` names its file in messages."""
    paths = tuple(((p.path, *p.also), p.relative) for p in study.parameters)
    keep = study.keep == "waveforms"
    return Plan(base, paths, tuple(study.outputs), study.windows, keep, directory, token, origin, runner)


def settings_of(plan: Plan, values: Values) -> list[Setting]:
    """Values of a case at their paths."""
    return [Setting(path, value, relative)
            for (paths, relative), value in zip(plan.paths, values, strict=True) for path in paths]


def finished(plan: Plan, jobs: list[Job]) -> Iterator[Row]:
    """Run some cases one after the other; each is stored before it is told. What is stored already is told only.

    A worker that does not see the study's directory (on another machine) only tells; the study stores then.
    """
    here = sees(plan)
    for case, values in jobs:
        row = store.read_part(plan.directory, case) if here else None
        if row is None:
            row = run_case(plan, case, values, here)
            if here:
                store.write_part(plan.directory, row)
        yield row


def sees(plan: Plan) -> bool:
    """Whether the study's directory is this one's, and not only one of the same name on another machine."""
    try:
        return plan.token in (plan.directory / store.TOKEN).read_text(encoding="utf-8")
    except OSError:
        return False


def run_case(plan: Plan, case: int, values: Values, here: bool) -> Row:
    """Run one case; whatever goes wrong in it becomes the error text of its row."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    outputs: tuple[float, ...] = (math.nan,) * len(plan.outputs)
    error = ""
    try:
        outputs = runner_of(plan).outputs_of(plan, case, values, here)
    except (InputError, RunFailed, OutputMissing) as problem:
        error = str(problem)
    except Exception as problem:  # a failing case is a row: the other cases go on
        if type(problem).__name__ == "Interrupted":  # Ctrl-C in a SPICE run: the case is not finished
            raise
        error = f"{type(problem).__name__}: {problem}"
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
    return Row(case, outputs, " ".join(error.split())[:LONGEST_ERROR], time.perf_counter() - start_s,
               time.process_time() - start_cpu_s, used, f"{socket.gethostname()}:{os.getpid()}")
