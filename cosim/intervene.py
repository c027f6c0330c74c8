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
from cosim.scenario.events import at_system
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import failures
from cosim.slow.channels import widened
from cosim.slow.failing import Failing, failing_of
from cosim.slow.loop import Grid
from cosim.slow.plant import load_parameters
from cosim.spice.session import SpiceSession
from cosim.windows import policy
from cosim.windows.deck import circuit_parameters
from cosim.windows.policy import WindowRequest
from cosim.windows.reuse import WindowMemory
from models import fuse, system

if TYPE_CHECKING:
    from cosim.run import Run

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]


def identified(scenario: Scenario, session: SpiceSession, report: Progress) -> IdentifiedCircuit:
    """Terminal characteristic of the scenario's circuit with the fuse that is fitted."""
    report(0.0, "terminal characteristic")
    return identify(scenario.circuit.netlist, _parameters(scenario), session, progress=report)


def failing_parts(scenario: Scenario, session: SpiceSession, report: Progress) -> list[Failing]:
    """Transistors that fail in a scenario, each with the circuit's characteristic from then on."""
    netlist = scenario.circuit.netlist

    def measure(part: FailedPart) -> IdentifiedCircuit:
        return identify(netlist, _parameters(scenario), session, progress=report, failed=part)

    return failing_of(scenario, measure)


def _parameters(scenario: Scenario) -> dict[str, float]:
    netlist = scenario.circuit.netlist
    p = load_parameters(scenario, IdentifiedCircuit.nominal(netlist).coefficients)
    return circuit_parameters(netlist, scenario.circuit.parameters, p)


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
    known, circuit, parts = as_known(run.asked, [*run.taken, change]), run.circuit, [*run.failed, *run.failing]
    wanted = known.supervisor_settings
    new_fuse = wanted.fuse_rating_A != settings.fuse_rating_A

    def report(fraction: float, text: str) -> None:
        del fraction
        run.report(run.tick / run.n_ticks, text)

    # What may fail comes before anything has changed.
    if new_fuse:
        circuit = identified(known, run.session, report)
    if new_fuse or failures(known.faults) != failures(before.faults):
        parts = failing_parts(known, run.session, report)
    run.taken.append(change)
    run.scenario, run.circuit = known, circuit
    run.failed = tuple(one for one in parts if one.tick <= run.tick)
    run.failing = [one for one in parts if one.tick > run.tick]
    _replant(run, before, new_fuse)
    _replan(run, planned)
    if told := change.told():
        run.events.append(LoggedEvent(run.seconds(run.tick), "scenario", "changed by hand", told))
    if wanted != settings:
        run.ask_again(run.supervision.reconfigured(wanted))


def _replant(run: Run, before: Scenario, new_fuse: bool) -> None:
    """Parameters, inputs and state of the changed scenario; what is recorded stays."""
    state, old = run.state, run.grid
    law = next((one.circuit for one in reversed(run.failed) if one.circuit is not None), run.circuit)
    run.p = load_parameters(run.scenario, law.coefficients)
    run.inputs, _ = build_inputs(run.scenario)
    run.with_path = bool(at_system(run.scenario.events)) or any(not f.at_port for f in failures(run.scenario.faults))
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
