"""The master loop of one run: tick loop and windows in turn, one owner of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import bms
from cosim.circuit.characteristic import LINK
from cosim.circuit.deck import DeckSpec, circuit_text
from cosim.circuit.identify import IdentifiedCircuit
from cosim.inputs.signals import Inputs
from cosim.inputs.timeline import timeline_of
from cosim.inputs.unseen import unseen
from cosim.record.summary import summarise
from cosim.result import LoggedEvent, Result
from cosim.scenario.events import at_system
from cosim.scenario.model import Scenario, Supply
from cosim.slow.channels import LIMITER_CHANNELS, as_dataset, row_size, write_row
from cosim.slow.commands import command_vector, nothing
from cosim.slow.engine import with_steady_field
from cosim.slow.looks import Looks
from cosim.slow.loop import LEDGER, PEAKS, WANTED, Grid, Plant, Stretch, empty_ledger, observe
from cosim.slow.network import Operating
from cosim.slow.plant import PLANT_LIMITS, PlantState, initial_state, load_parameters, stored_charge_C
from cosim.slow.reference_plant import ReferencePlant
from cosim.slow.sensors import as_measurements, inside
from cosim.spice.errors import SpiceError
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision, in_order
from cosim.windows import policy
from cosim.windows.deck import deck_spec
from cosim.windows.events import LIFTED
from cosim.windows.outcome import PREDICTION_BOUND_A
from cosim.windows.parts import parts_of, parts_of_run
from cosim.windows.policy import WindowRequest
from cosim.windows.probes import check_probes, with_probes
from cosim.windows.result import WindowOutcome
from cosim.windows.reuse import Remembered, Reused, WindowMemory
from cosim.windows.time import seconds
from cosim.windows.window import Window

if TYPE_CHECKING:
    from cosim.supervisor.listening import Listener

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

STARTER_INDUCTANCE_H = 0.3e-6
"""Loop inductance of starter battery and its leads (ours, `circuit_facts`)."""


class Run:
    """State of one run in progress; `go` is the master loop."""

    def __init__(
        self, scenario: Scenario, session: SpiceSession, circuit: IdentifiedCircuit, inputs: Inputs,
        duration_s: float, every_tick: bool, report: Progress, windows: bool = True,
        listener: Listener | None = None,
    ) -> None:
        self.scenario, self.session, self.circuit, self.inputs = scenario, session, circuit, inputs
        self.tick_s = scenario.tick_s
        self.n_ticks = max(1, round(duration_s / self.tick_s))
        self.p = load_parameters(scenario, circuit.coefficients)
        self.report = report
        self.open_windows = windows
        self.every_tick = every_tick
        self.listener = listener
        self.n_batteries, self.cells_each = (int(n) for n in self.p.battery.capacity_factor.shape)
        self.n_cells = self.n_batteries * self.cells_each
        self.record_every = max(1, round(scenario.recording.period_s / self.tick_s))
        n_rows = (self.n_ticks - 1) // self.record_every + 1
        self.record = np.full((n_rows, row_size(self.cells_each, self.n_batteries, self.p.system.kind.size)), np.nan)
        self.ledger = empty_ledger()
        times = np.arange(self.n_ticks + 1, dtype=np.float64) * self.tick_s
        self.grid = Grid(inputs.sampled(times), np.array(inputs.ambient_degC), self.tick_s, self.record_every)
        self.start = with_steady_field(initial_state(scenario, self.p), self.grid.rows[0], self.p)
        self.events: list[LoggedEvent] = []
        self.windows: dict[str, xr.Dataset] = {}
        self.window_reports: list[dict[str, Any]] = []
        self.ticks_slow = 0
        self.waiting: list[WindowRequest] = []
        self.budget = policy.WindowBudget(self.tick_s)
        self.timeline = timeline_of(scenario, self.p)
        self.with_path = bool(at_system(scenario.events))
        self.memory = WindowMemory(inputs, self.tick_s, self.p, self.timeline.is_empty)
        kind = ReferencePlant if scenario.integrator == "reference" else Plant
        self.plant = kind(self.start, self.p, self.grid, self.record, self.ledger)
        self.looks = Looks(windows and circuit.coefficients.kind != LINK, self.tick_s, self.n_ticks)
        self.plant.watch = self.looks.watch
        self.flags = self.plant.flags
        self.probes = tuple(probe.signal for probe in scenario.probes)
        check_probes(scenario.probes, self._whole_deck(), scenario.name)

    @property
    def state(self) -> PlantState:
        """Plant state."""
        return self.plant.state

    def _whole_deck(self) -> DeckSpec:
        """Deck with all that any of the run's decks has."""
        parts, cuts = parts_of_run(
            self.scenario, self.inputs, self.start, 0.0, self.n_ticks * self.tick_s, self.p
        )
        circuit = self.scenario.circuit
        return deck_spec(
            self.scenario.name, circuit.netlist, circuit.parameters, self.start, self.p, STARTER_INDUCTANCE_H, 0.0,
            sections=parts, cuts=cuts,
        )

    # ---- master loop --------------------------------------------------------------------------------------
    def go(self) -> Result:
        """Run all ticks."""
        waiting = self.waiting = policy.planned(self.scenario, self.inputs, self.n_ticks) if self.open_windows else []
        supervision = self._first_call()
        tick, fresh = 0, False
        before = supervision.commands
        if before.alternator_enable and self.open_windows:
            waiting.insert(0, policy.on_command(True, 0, self.n_ticks, self.tick_s))
        while tick < self.n_ticks:
            if self.listener is not None:
                supervision = self._heard(self.listener, supervision, tick)
            self.report(tick / self.n_ticks, f"{tick * self.tick_s:.0f} s")
            due = self._due(waiting, tick)
            if due is not None:
                tick, supervision = self._through_window(due, supervision, supervision.commands)
                fresh = False
                continue
            end = waiting[0].start_tick if waiting else self.n_ticks
            end = min(end, self.n_ticks, tick + 6000, self.timeline.next_after(tick))
            if self.listener is not None:
                end = min(end, self.listener.due_tick)
            was = tick
            tick, why = self.plant.run(tick, end, fresh, self._stretch(supervision))
            self.ticks_slow += tick - was
            self._log_plant(tick)
            self._outside(supervision, tick)
            if why > WANTED:
                tick, supervision = self._look_closely(why - WANTED, tick, supervision)
                fresh = False
                continue
            wanted = why == WANTED
            fresh = True
            measured = self.plant.measured
            if not wanted and tick < self.n_ticks:
                measured = self._measured(supervision, tick)
                wanted = supervision.wants(tick, bool(inside(measured, supervision.low, supervision.high)))
                fresh = wanted
            if wanted:
                before = supervision.commands
                supervision = supervision.stepped(tick, as_measurements(measured, self.n_cells))
                self._log(supervision, tick)
                fresh = False
                self._reset_latch(supervision)
                request = self._switching(before, supervision.commands, tick, self.p.characteristic.kind != LINK)
                if request is not None:
                    tick, supervision = self._through_window(request, supervision, before)
        if self.listener is not None:
            self._heard(self.listener, supervision, tick)
        return self._finish()

    def _switching(
        self, before: bms.Commands, now: bms.Commands, tick: int, switches: bool
    ) -> WindowRequest | None:
        """Window around what the commands switch; gates of System+ have one where events happen there."""
        if not self.open_windows or tick >= self.n_ticks:
            return None
        if now.alternator_enable != before.alternator_enable and switches:
            return policy.on_command(now.alternator_enable, tick, self.n_ticks, self.tick_s)
        if now.discharge_gate != before.discharge_gate and self.with_path:
            return policy.on_gate(now.discharge_gate, tick, self.n_ticks, self.tick_s)
        return None

    def _reset_latch(self, supervision: Supervision) -> None:
        """The supervisor's reset ends the hardware latch; inside a window its circuit does that."""
        if supervision.commands.latch_reset and self.state.latched > 0.5:
            self.plant.state = self.state._replace(latched=0.0)

    def _heard(self, listener: Listener, supervision: Supervision, tick: int) -> Supervision:
        """Tell who listens about the calls since the last time, and what the sensors say where that is wanted."""
        listener.take(in_order(supervision.calls))
        if tick >= listener.due_tick:
            listener.look(tick, as_measurements(self._measured(supervision, tick), self.n_cells), supervision)
        return supervision._replace(calls=None)

    def _due(self, waiting: list[WindowRequest], tick: int) -> WindowRequest | None:
        """Next planned window whose time has come; one that an earlier window covered is dropped."""
        while waiting and waiting[0].start_tick <= tick:
            request = waiting.pop(0)
            passed = tick - request.start_tick
            if request.min_ticks > passed:
                limit = min(request.limit_ticks - passed, self.n_ticks - tick)
                return replace(request, start_tick=tick, min_ticks=min(request.min_ticks - passed, limit),
                               limit_ticks=limit)
        return None

    def _first_call(self) -> Supervision:
        def look() -> Array:
            return observe(self.state, self.grid.rows[0], nothing(), 0.0, self.p)[1]

        self.events += [LoggedEvent(*note) for note in self.timeline.at(0, look)]
        measured = look()
        settings = self.scenario.supervisor_settings
        supervision = Supervision.begin(
            settings, as_measurements(measured, self.n_cells), round(self.tick_s * 1000.0), self.every_tick,
            self.n_batteries, keep=self.listener is not None,
        )
        self._log(supervision, 0)
        return supervision

    def _look_closely(self, doubt: int, tick: int, supervision: Supervision) -> tuple[int, Supervision]:
        """Check by SPICE what the loop was in doubt about."""
        x, _ = self._observed(supervision, tick)
        request = self.looks.request(doubt, tick, x, self.state, self.p)
        return self._through_window(request, supervision, supervision.commands)

    def _observed(self, supervision: Supervision, tick: int) -> tuple[Operating, Array]:
        return self.plant.look(tick, self._stretch(supervision))

    def _measured(self, supervision: Supervision, tick: int) -> Array:
        return self._observed(supervision, tick)[1]

    def _outside(self, supervision: Supervision, tick: int) -> None:
        """Remote and faults that change at a tick."""
        notes = self.timeline.at(tick, lambda: self._measured(supervision, tick)) if tick < self.n_ticks else []
        self.events += [LoggedEvent(*note) for note in notes]

    def _log(self, supervision: Supervision, tick: int) -> None:
        now_s = self._seconds(tick)
        self.events += [LoggedEvent(now_s, "supervisor", str(e.name), e.detail) for e in supervision.events]

    def _seconds(self, tick: int) -> float:
        return seconds(tick, self.tick_s)

    def _log_plant(self, tick: int) -> None:
        """Events of the plant: what passed a limit, or came back, since the last look."""
        flags = self.plant.flags
        if flags == self.flags:
            return
        for bit, name in enumerate(PLANT_LIMITS):
            before, now = self.flags >> bit & 1, flags >> bit & 1
            if before != now:
                self.events.append(LoggedEvent(self._seconds(tick), "plant", name, "yes" if now else "no longer"))
        self.flags = flags

    def _stretch(self, s: Supervision) -> Stretch:
        c = s.commands
        return Stretch(
            s.vector(), c.sense_reference_V * 1e3, s.between_low, s.between_high, s.deadline_tick, s.low, s.high,
            s.sample_ticks,
        )

    # ---- windows ------------------------------------------------------------------------------------------
    def _through_window(
        self, request: WindowRequest, supervision: Supervision, before: bms.Commands
    ) -> tuple[int, Supervision]:
        """Run one window, or reuse one, and take its results over.

        A window that fails, or that its kind's budget refuses, is an event, and the slow picture stands.
        """
        start_s = self._seconds(request.start_tick)
        asked = [w.start_tick for w in self.waiting if w.by_user and w.start_tick > request.start_tick]
        request = policy.before_next(request, asked[0] if asked else None)
        found = self.memory.find(request, before, self.state, supervision)
        if found is not None:
            self._take_over_again(request, *found)
            return found[1].end_tick, found[1].supervision
        if not request.by_user and not self.budget.allows(request.name, request.start_tick):
            if self.budget.refused[request.name] == 1:
                self._note_refused(request.name, start_s)
            return request.start_tick, supervision
        name = f"{len(self.window_reports):03d}_{request.name}"
        self.report(request.start_tick / self.n_ticks, f"window {request.name} at {start_s:.1f} s")
        source = self.scenario.source
        inductance = source.inductance_H if isinstance(source, Supply) else STARTER_INDUCTANCE_H
        spec = with_probes(deck_spec(
            f"{self.scenario.name} {name}", self.scenario.circuit.netlist, self.scenario.circuit.parameters,
            self.state, self.p, inductance, self._alternator_current(before, request.start_tick),
            before.supply_current_A,
            *parts_of(request, self.scenario, self.inputs, self.state, self.tick_s, self.p),
        ), self.probes)
        window = Window(
            request, self.state, supervision, before, self.inputs, self.tick_s, spec, self.p, self.timeline
        )
        try:
            outcome = window.run(self.session)
        except SpiceError as error:
            self.timeline.restore(request.start_tick)
            self.events.append(LoggedEvent(start_s, "engine", "window failed", f"{request.name}: {error}"))
            self.window_reports.append({"name": name, "reason": request.reason, "failed": str(error)})
            return request.start_tick, supervision
        self.memory.remember(name, request, before, self.state, supervision.commands, outcome)
        self._take_over(name, request, outcome)
        self._log_plant(outcome.end_tick)
        return self._after_window(outcome)

    def _note_refused(self, name: str, start_s: float) -> None:
        """Once per kind; only what verifies a branch that the law was measured across casts no doubt on the run."""
        event = "window spared" if name in policy.SPARED else "window refused"
        detail = f"{name}: too many of its kind; counted in the summary from here on"
        self.events.append(LoggedEvent(start_s, "engine", event, detail))

    def _after_window(self, outcome: WindowOutcome) -> tuple[int, Supervision]:
        """A change of the enable command at a window's very end gets a window of its own."""
        tick, supervision = outcome.end_tick, outcome.supervision
        self._reset_latch(supervision)
        request = self._switching(outcome.standing, supervision.commands, tick, True)
        if request is None:
            return tick, supervision
        return self._through_window(request, supervision, outcome.standing)

    def _alternator_current(self, before: bms.Commands, tick: int) -> float:
        x, _ = observe(
            self.state, self.grid.rows[tick], command_vector(before), before.sense_reference_V * 1e3, self.p
        )
        return float(x.alternator_current_A)

    def _take_over_again(self, request: WindowRequest, kept: Remembered, reused: Reused) -> None:
        """Apply what a remembered window changed."""
        start_s, end_s = self._seconds(request.start_tick), self._seconds(reused.end_tick)
        self._record(reused.rows[:-1])
        self.plant.state = reused.state
        self.looks.restart(reused.end_tick)
        self._add_to_ledger(kept.outcome)
        self.events.append(LoggedEvent(start_s, "engine", "window reused", f"{request.name}: as {kept.name}"))
        self.events += [LoggedEvent(*note) for note in reused.notes]
        self._log_plant(reused.end_tick)
        self.window_reports.append(
            {"name": request.name, "reason": request.reason, "start_s": start_s, "end_s": end_s, "reused": kept.name}
        )

    def _record(self, rows: Sequence[tuple[int, PlantState, Operating, Array, Array]]) -> None:
        """Write the ticks of a window that the record keeps."""
        for tick, state, x, powers, commands in rows:
            if tick % self.record_every == 0:
                at = self.record[tick // self.record_every]
                write_row(at, state, x, powers, self.grid.rows[tick], commands, self.p)

    def _add_to_ledger(self, outcome: WindowOutcome) -> None:
        self.ledger[0] += outcome.charge_C
        for key, value in outcome.energies.items():
            self.ledger[LEDGER.index(key)] += value
        # What A4 allows while the limit is lifted has figures of its own, from the accepted points.
        lifted = bool((outcome.dataset.limit_lifted.values > LIFTED).any())
        for _, state, x, _, _ in outcome.tick_rows:
            machine = state.alternator
            port_A = -np.inf if lifted else x.port_current_A
            here = (port_A, machine.winding_degC, machine.rectifier_degC)
            self.ledger[PEAKS:] = np.maximum(self.ledger[PEAKS:], here)

    def _take_over(self, name: str, request: WindowRequest, outcome: WindowOutcome) -> None:
        self.plant.state = outcome.state
        self.looks.restart(outcome.end_tick)
        if abs(outcome.end_mismatch_A) > PREDICTION_BOUND_A and self.open_windows:
            again = self.looks.again(request.name, outcome.end_mismatch_A, outcome.end_tick)
            self.waiting[:] = sorted([*self.waiting, *([again] if again else [])], key=lambda w: w.start_tick)
        self.windows[name] = outcome.dataset
        start_s, end_s = self._seconds(request.start_tick), self._seconds(outcome.end_tick)
        self.events.append(LoggedEvent(start_s, "engine", "window", f"{request.name}: {request.reason}"))
        self.events += [LoggedEvent(*note) for note in outcome.notes]
        self._record(outcome.tick_rows[:-1])
        self._add_to_ledger(outcome)
        self.window_reports.append({
            "name": name, "reason": request.reason, "start_s": start_s, "end_s": end_s,
            "points": int(outcome.dataset.sizes["time_s"]), "settled": outcome.settled,
            "start_mismatch_A": outcome.start_mismatch_A, "end_mismatch_A": outcome.end_mismatch_A,
            "balance": outcome.balance.as_dict(),
        })

    # ---- end ----------------------------------------------------------------------------------------------
    def _finish(self) -> Result:
        every_ms = self.record_every * round(self.tick_s * 1000.0)
        time_s = np.arange(self.record.shape[0], dtype=np.float64) * every_ms / 1000.0
        slow = as_dataset(time_s, self.record, self.n_batteries, self.cells_each, self.p.has_vehicle > 0.5,
                          self.scenario.system_names)
        if self.p.characteristic.kind == LINK:
            slow = slow.drop_vars([name for name in LIMITER_CHANNELS if name in slow])
        slow.attrs["scenario"] = self.scenario.name
        if "winding_degC" in slow:
            slow["winding_degC"].attrs["limit_degC"] = float(self.p.alternator.winding_limit_degC)
            slow["rectifier_degC"].attrs["limit_degC"] = float(self.p.alternator.rectifier_limit_degC)
        whole = [r for r in self.window_reports if "end_s" in r]
        covered = [(round(r["start_s"] / self.tick_s), round(r["end_s"] / self.tick_s)) for r in whole]
        for missed in unseen(self.inputs, self.tick_s, self.n_ticks, covered):
            when, text = self._seconds(missed.first_tick), missed.detail(self.tick_s)
            self.events.append(LoggedEvent(when, "engine", "input between ticks", text))
        for name, (count, first) in self.looks.passed_over().items():
            if name not in self.budget.refused:
                self._note_refused(name, self._seconds(first))
            self.budget.refused[name] = self.budget.refused.get(name, 0) + count
        self.events.sort(key=lambda e: e.time_s)
        before_C, after_C = (stored_charge_C(s.battery, self.p.battery) for s in (self.start, self.state))
        summary = summarise(self, slow, float(after_C - before_C))
        self.report(1.0, "done")
        return Result(slow, self.windows, self.events, summary, circuit_text(self.scenario.circuit.netlist))
