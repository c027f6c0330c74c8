"""A change is taken into a run: from its tick on, plant, inputs, supervisor and plans are of the changed scenario.

A live run and a run of the file that it saved both come here, at the same tick and in the same state, so they go on
with the same bits (`cosim.scenario.by_hand`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.failed import FailedPart
from cosim.circuit.identify import IdentifiedCircuit, identify
from cosim.inputs.drive import build_inputs
from cosim.inputs.timeline import timeline_of
from cosim.result import LoggedEvent
from cosim.scenario.by_hand import Change, as_known
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import DeviceFault
from cosim.slow.channels import widened
from cosim.slow.failing import Failing, failing_of
from cosim.slow.loop import Grid
from cosim.slow.plant import load_parameters
from cosim.spice.session import SpiceSession
from cosim.windows import policy
from cosim.windows.deck import circuit_parameters
from cosim.windows.parts import has_path
from cosim.windows.policy import WindowRequest
from cosim.windows.reuse import WindowMemory
from models import fuse, system

if TYPE_CHECKING:
    from cosim.run import Run

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]


def identified(
    scenario: Scenario, session: SpiceSession, report: Progress, failed: FailedPart | None = None
) -> IdentifiedCircuit:
    """Terminal characteristic of the scenario's circuit with its fuse; `failed`: with a part short or open."""
    netlist = scenario.circuit.netlist
    nominal = IdentifiedCircuit.nominal(netlist)
    p = load_parameters(scenario, nominal.coefficients)
    report(0.0, "terminal characteristic")
    parameters = circuit_parameters(netlist, scenario.circuit.parameters, p)
    return identify(netlist, parameters, session, progress=report, failed=failed)


def take_change(run: Run, change: Change) -> None:
    """Take a change at the run's tick; one that stops the run makes this tick its last.

    The supervisor is asked first if it wants to be, and a window that follows from it runs before the change.
    """
    run.arrive()
    change = change.model_copy(update={"time_s": run.seconds(run.tick)})
    if change.stop:
        run.taken.append(change)
        run.n_ticks = min(run.n_ticks, run.tick)
        run.coming.clear()
        return
    before, settings, planned = run.scenario, run.scenario.supervisor_settings, _planned(run)
    known, circuit = as_known(run.asked, [*run.taken, change]), run.circuit
    wanted = known.supervisor_settings
    new_fuse = wanted.fuse_rating_A != settings.fuse_rating_A
    failing: list[Failing] | None = None
    if new_fuse or isinstance(change.fault, DeviceFault):  # may fail, so before anything has changed
        def told_of(fraction: float, text: str) -> None:
            run.report(run.tick / run.n_ticks, text)

        circuit = identified(known, run.session, told_of)
        failing = failing_of(known, lambda part: identified(known, run.session, told_of, part))
    run.taken.append(change)
    run.scenario, run.circuit = known, circuit
    _replant(run, before, new_fuse)
    if failing is not None:
        run.failing, run.failed = failing, ()
    run.keep_failed()
    run.fail(run.tick)
    _replan(run, planned)
    if told := change.told():
        run.events.append(LoggedEvent(run.seconds(run.tick), "scenario", "changed by hand", told))
    if wanted != settings:
        run.ask_again(run.supervision.reconfigured(wanted))


def _replant(run: Run, before: Scenario, new_fuse: bool) -> None:
    """Parameters, inputs and state of the changed scenario; what is recorded stays."""
    state, old = run.state, run.grid
    run.p = load_parameters(run.scenario, run.circuit.coefficients)
    run.inputs, _ = build_inputs(run.scenario)
    run.with_path = has_path(run.scenario)
    run.grid = Grid(_rows(run, old.rows), old.ambient_degC, old.tick_s, old.record_every)
    told = run.timeline
    run.timeline = timeline_of(run.scenario, run.p)
    run.timeline.go_on_from(told, run.tick)
    if new_fuse:
        state = state._replace(fuse=fuse.initial_state(run.scenario.ambient.bms_degC))
    devices = (len(before.system_names), len(run.scenario.system_names))
    if devices[0] != devices[1]:
        more = system.initial_state(state.system_V, run.p.system)[devices[0] :]
        state = state._replace(system=np.vstack([state.system, more]))
        run.record = widened(run.record, run.cells_each, run.n_batteries, *devices)
    run.place(state)
    run.looks.restart(run.tick)
    run.memory = WindowMemory(run.inputs, run.tick_s, run.p, run.timeline.is_empty)


def _rows(run: Run, old: Array) -> Array:
    """Inputs on the ticks: what was, then what comes; a device that was not there had none."""
    times = np.arange(run.tick, run.grid.rows.shape[0], dtype=np.float64) * run.tick_s
    coming = run.inputs.sampled(times)
    rows = np.zeros((old.shape[0], coming.shape[1]))
    rows[: run.tick, : old.shape[1]] = old[: run.tick]
    rows[run.tick :] = coming
    return rows


def _planned(run: Run) -> list[WindowRequest]:
    return policy.planned(run.scenario, run.inputs, run.n_ticks) if run.open_windows else []


def _replan(run: Run, before: list[WindowRequest]) -> None:
    """Drop the windows of what does not happen any more, add those of what does."""
    after = _planned(run)
    kept = [w for w in run.waiting if w in after or w not in before]
    added = [w for w in after if w not in before and w.start_tick >= run.tick]
    run.waiting[:] = sorted([*kept, *added], key=lambda w: (w.start_tick, w.name))
