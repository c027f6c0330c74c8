"""One case: its scenario is made, run and reduced to its outputs, and stored. Runs in a worker."""

from __future__ import annotations

import math
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cosim.errors import InputError, RunFailed
from cosim.scenario import parse_scenario
from cosim.studies.sweep import store
from cosim.studies.sweep.outputs import Output, OutputMissing, measured
from cosim.studies.sweep.paths import Base, Setting, case_files, scenario_of
from cosim.studies.sweep.sampling import Values
from cosim.studies.sweep.spec import Study
from cosim.studies.sweep.store import Row

LONGEST_ERROR = 300
TRIAL_TICKS = 20


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


Job = tuple[int, Values]
"""Number of a case, and the values of its parameters."""


def plan_of(study: Study, base: Base, directory: Path, token: str, origin: str) -> Plan:
    """Everything that a worker needs of a study; `origin` names its file in messages."""
    paths = tuple(((p.path, *p.also), p.relative) for p in study.parameters)
    return Plan(base, paths, tuple(study.outputs), study.windows, study.keep == "waveforms", directory, token, origin)


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
        outputs = outputs_of(plan, case, values, here)
    except (InputError, RunFailed, OutputMissing) as problem:
        error = str(problem)
    except Exception as problem:  # a failing case is a row: the other cases go on
        if type(problem).__name__ == "Interrupted":  # Ctrl-C in a SPICE run: the case is not finished
            raise
        error = f"{type(problem).__name__}: {problem}"
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024.0 if sys.platform != "darwin" else 1024.0**2)
    return Row(case, outputs, " ".join(error.split())[:LONGEST_ERROR], time.perf_counter() - start_s,
               time.process_time() - start_cpu_s, used, f"{socket.gethostname()}:{os.getpid()}")


def outputs_of(plan: Plan, case: int, values: Values, here: bool) -> tuple[float, ...]:
    """Outputs of one case; its changed parameter files live as long as it runs."""
    from cosim.simulation import Simulation  # late: the parent of a study never needs it

    with tempfile.TemporaryDirectory(dir=plan.directory / store.COPIES if here else None, prefix="case-") as folder:
        files = case_files(plan.base, settings_of(plan, values))
        scenario = scenario_of(files, plan.base, Path(folder))
        result = Simulation(scenario, windows=plan.windows).run()
    if plan.waveforms and here:
        result.save(plan.directory / store.WAVEFORMS / f"{case:07d}", picture=False)
    return tuple(measured(output, result) for output in plan.outputs)


def trial(plan: Plan) -> str:
    """Run the base scenario for a moment, to see that it runs and has what the outputs ask for.

    It also fills the caches (machine code, terminal characteristic) before several workers want them at once.

    Returns
    -------
    nothing, or what is wrong as `place: text`
    """
    from cosim.simulation import Simulation

    scenario = parse_scenario(plan.base.content, plan.base.origin, plan.base.folder)
    shorter = {"duration_s": TRIAL_TICKS * scenario.tick_s, "figures": [], "engine": "two_scale", "windows": [],
               "recording": scenario.recording.model_copy(update={"period_s": scenario.tick_s})}
    result = Simulation(scenario.model_copy(update=shorter), windows=False).run()
    for place, output in enumerate(plan.outputs):
        if output.summary is not None and output.summary.startswith(("figures.", "windows.")):
            continue  # these depend on what happens in a run
        try:
            measured(output, result)
        except OutputMissing as problem:
            return f"{plan.origin}: outputs.{place}: {problem}"
    return ""
