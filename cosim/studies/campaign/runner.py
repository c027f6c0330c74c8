"""Cases that are drawn from the campaign's seed: the runner that `sweep`'s pool and store work with.

The numbers of a row are 0 (an invariant holds), 1 (it does not) or NaN (it does not apply); texts and the observation
for the table of failure modes are in `details/`, written before the row, whose renaming finishes the case.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from cosim.result import Result, plain
from cosim.studies.campaign.draw import drawn
from cosim.studies.campaign.faults import fault_name
from cosim.studies.campaign.invariants import checked
from cosim.studies.campaign.modes import NONE, observation
from cosim.studies.campaign.record import Finding, Record
from cosim.studies.campaign.scenario import Case, run
from cosim.studies.sweep.case import Plan, settings_of
from cosim.studies.sweep.sampling import Values

DETAILS = "details"
TWICE_EVERY = 25
"""Every so many cases one is run twice, and both must be equal to the last bit."""
DETERMINISM = "determinism"


def case_of(plan: Plan, number: int, values: Values) -> Case:
    """A case of a campaign: drawn, with the settings that hold for all cases."""
    case = drawn(int(plan.base.content["seed"]), number)
    return case._replace(changes=tuple(s for s in settings_of(plan, values) if s.path != "seed"),
                         windows=case.windows and plan.windows)


def outputs_of(plan: Plan, case: int, values: Values, here: bool) -> tuple[float, ...]:
    """Verdicts of one case, in the order of the plan's outputs; see `cosim.studies.sweep.case.Runner`."""
    asked = case_of(plan, case, values)
    record, findings = judged(asked)
    if case % TWICE_EVERY == 0 and not same(record.result, judged(asked)[0].result):
        findings[DETERMINISM] = Finding(0.0, "two runs of the same scenario differ")
    elif case % TWICE_EVERY == 0:
        findings[DETERMINISM] = None
    if here:
        _write(plan.directory, case, asked, record, findings)
    return tuple(
        math.nan if output.name not in findings else float(findings[output.name] is not None)
        for output in plan.outputs
    )


def judged(case: Case) -> tuple[Record, dict[str, Finding | None]]:
    """Run a case and ask all invariants; raises what the run raises."""
    scenario, result = run(case)
    record = Record(scenario, result, [b.name for b in case.broken])
    return record, checked(record)


def same(a: Result, b: Result) -> bool:
    """Whether two results are equal to the last bit."""
    waves = all(np.array_equal(a.slow[name].values, b.slow[name].values, equal_nan=True) for name in a.slow.data_vars)
    return waves and a.events == b.events and plain(a.summary) == plain(b.summary)


def observed(case: Case, record: Record) -> dict[str, Any] | None:
    """Observation for the table of failure modes; none where two faults are mixed."""
    faults = case.content.get("faults", [])
    if len(faults) + len(case.broken) > 1:
        return None
    if faults:
        devices = dict(zip(record.scenario.system.names, record.scenario.system.devices, strict=True))
        told = {**faults[0]}
        if told["kind"] == "no_voltage_limit":
            told["device"] = devices[told["device"]].kind
        return observation(record, fault_name(told), float(faults[0]["time_s"]))
    return observation(record, case.broken[0].name if case.broken else NONE, 0.0)


def _write(directory: Path, number: int, case: Case, record: Record, findings: dict[str, Finding | None]) -> None:
    """Store what a row of numbers cannot hold, whole or not at all."""
    folder = directory / DETAILS
    folder.mkdir(exist_ok=True)
    content = {
        "case": number, "findings": {name: list(f) for name, f in findings.items() if f is not None},
        "observed": observed(case, record),
    }
    path = folder / f"{number:07d}.json"
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(plain(content)), encoding="utf-8")
    os.replace(temporary, path)


def trial(plan: Plan) -> str:
    """Run the shortest of cases, so that machine code and circuit are there before several workers want them."""
    from cosim.scenario.model import parse_scenario
    from cosim.simulation import Simulation

    Simulation(parse_scenario(plan.base.content, plan.base.origin, plan.base.folder), windows=False).run()
    return ""
