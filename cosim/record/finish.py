"""What a run leaves behind, at its end or, for who looks at a running one, at the tick where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cosim.circuit.characteristic import LINK
from cosim.circuit.deck import circuit_text
from cosim.inputs.unseen import unseen
from cosim.record.summary import summarise
from cosim.result import LoggedEvent, Result
from cosim.slow.channels import LIMITER_CHANNELS, as_dataset
from cosim.slow.plant import stored_charge_C

if TYPE_CHECKING:
    from cosim.run import Run


def finished(run: Run) -> Result:
    """Result of a run up to `run.n_ticks`; call it once, the log and the counts of refused windows are completed."""
    every_ms = run.record_every * round(run.tick_s * 1000.0)
    record = run.record[: (run.n_ticks - 1) // run.record_every + 1]
    time_s = np.arange(record.shape[0], dtype=np.float64) * every_ms / 1000.0
    slow = as_dataset(time_s, record, run.n_batteries, run.cells_each, run.p.has_vehicle > 0.5,
                      run.scenario.system_names)
    if run.p.characteristic.kind == LINK:
        slow = slow.drop_vars([name for name in LIMITER_CHANNELS if name in slow])
    slow.attrs["scenario"] = run.scenario.name
    if "winding_degC" in slow:
        slow["winding_degC"].attrs["limit_degC"] = float(run.p.alternator.winding_limit_degC)
        slow["rectifier_degC"].attrs["limit_degC"] = float(run.p.alternator.rectifier_limit_degC)
    whole = [r for r in run.window_reports if "end_s" in r]
    covered = [(round(r["start_s"] / run.tick_s), round(r["end_s"] / run.tick_s)) for r in whole]
    for missed in unseen(run.inputs, run.tick_s, run.n_ticks, covered):
        when, text = run.seconds(missed.first_tick), missed.detail(run.tick_s)
        run.events.append(LoggedEvent(when, "engine", "input between ticks", text))
    for name, (count, first) in run.looks.passed_over().items():
        if name not in run.budget.refused:
            run.note_refused(name, run.seconds(first))
        run.budget.refused[name] = run.budget.refused.get(name, 0) + count
    run.events.sort(key=lambda e: e.time_s)
    before_C, after_C = (stored_charge_C(s.battery, run.p.battery) for s in (run.start, run.state))
    summary = summarise(run, slow, float(after_C - before_C))
    run.report(1.0, "done")
    return Result(slow, run.windows, run.events, summary, circuit_text(run.scenario.circuit.netlist))
