"""Cases that are runs of the engine: the runner of sweeps. Its import loads the engine."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.studies.sweep import store
from cosim.studies.sweep.case import Plan, settings_of
from cosim.studies.sweep.outputs import OutputMissing, measured
from cosim.studies.sweep.paths import case_files, scenario_of
from cosim.studies.sweep.sampling import Values

TRIAL_TICKS = 20


def outputs_of(plan: Plan, case: int, values: Values, here: bool) -> tuple[float, ...]:
    """Outputs of one case; its changed parameter files live as long as it runs."""
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
