"""What a run leaves behind, at its end or, for who looks at a running one, at the tick where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cosim.circuit.deck import circuit_text
from cosim.inputs.unseen import unseen
from cosim.record.slow_record import slow_dataset
from cosim.record.summary import summarise
from cosim.result import LoggedEvent, Result
from cosim.slow.plant import stored_charge_C

if TYPE_CHECKING:
    from cosim.run import Run


def finished(run: Run) -> Result:
    """Result of a run up to `run.n_ticks`; call it once, the log and the counts of refused windows are completed."""
    slow = slow_dataset(run)
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
