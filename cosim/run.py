"""The master loop of one run: tick loop and windows in turn, one owner of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import bms
from cosim.circuit.characteristic import LINK
from cosim.circuit.identify import IdentifiedCircuit
from cosim.inputs.intervene import take_change
from cosim.inputs.signals import Inputs
from cosim.inputs.timeline import timeline_of
from cosim.record.finish import finished
from cosim.record.taken_over import flag_events, window_report
from cosim.result import LoggedEvent, Result
from cosim.scenario.by_hand import Change
from cosim.scenario.model import Scenario, Supply
from cosim.slow.channels import row_size, write_row
from cosim.slow.commands import command_vector, nothing
from cosim.slow.engine import with_steady_field
from cosim.slow.failing import Failing
from cosim.slow.looks import Looks
from cosim.slow.loop import WANTED, Grid, Plant, Stretch, empty_ledger, observe
from cosim.slow.network import Operating
from cosim.slow.plant import PlantState, initial_state, load_parameters
from cosim.slow.reference_plant import ReferencePlant
from cosim.slow.sensors import as_measurements, inside
from cosim.spice.errors import SpiceError
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision, in_order
from cosim.windows import policy
from cosim.windows.deck import STARTER_INDUCTANCE_H, deck_spec
from cosim.windows.outcome import PREDICTION_BOUND_A, add_to_ledger
from cosim.windows.parts import has_path, parts_of, whole_deck
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

LONGEST_STRETCH = 6000
"""Ticks that pass without a look at Ctrl-C and progress."""


class Run:
    """State of one run in progress; `go` runs it whole, `begin` and `advance` piece by piece (`cosim.live`)."""

    def __init__(
        self, scenario: Scenario, session: SpiceSession, circuit: IdentifiedCircuit, inputs: Inputs,
        duration_s: float, every_tick: bool, report: Progress, windows: bool = True,
        listener: Listener | None = None, failing: Sequence[Failing] = (),
    ) -> None:
        self.asked, self.coming, self.taken = scenario, list(scenario.changes), list[Change]()
        self.scenario = scenario.model_copy(update={"changes": []})
        self.session, self.circuit, self.inputs = session, circuit, inputs
        self.tick, self.fresh = 0, False
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
        # Filled, though every row is written later: memory that the tick loop touches first costs it 0.2 s per 200 MB.
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
        self.with_path = has_path(scenario)
        self.memory = WindowMemory(inputs, self.tick_s, self.p, self.timeline.is_empty)
        self.looks = Looks(windows and circuit.coefficients.kind != LINK, self.tick_s, self.n_ticks)
        self.place(self.start)
        self.flags = self.plant.flags
        self.failing, self.failed = list(failing), tuple[Failing, ...]()
        self.probes = tuple(probe.signal for probe in scenario.probes)
        all_parts = whole_deck(self.scenario, inputs, self.start, self.n_ticks * self.tick_s, self.p)
        check_probes(scenario.probes, all_parts, scenario.name)

    def place(self, state: PlantState) -> None:
        """Put the plant, as it is now, into its loop."""
        kind = ReferencePlant if self.scenario.integrator == "reference" else Plant
        self.plant = kind(state, self.p, self.grid, self.record, self.ledger, self.looks.watch)

    @property
    def state(self) -> PlantState:
        """Plant state."""
        return self.plant.state

    # ---- master loop --------------------------------------------------------------------------------------
    def go(self) -> Result:
        """Run all ticks."""
        self.begin()
        self.advance(self.n_ticks)
        return self._finish()

    def begin(self) -> None:
        """Take the first tick's readings."""
        if self.open_windows:
            self.waiting = policy.planned(self.scenario, self.inputs, self.n_ticks)
        self.supervision = self._first_call()
        if self.supervision.commands.alternator_enable and self.open_windows:
            self.waiting.insert(0, policy.on_command(True, 0, self.n_ticks, self.tick_s))

    def advance(self, until: int) -> None:
        """Go on to a tick; a window may pass it. Where it stops in between changes no bit of what follows."""
        while self.tick < min(until, self.n_ticks):
            self.fail(self.tick)
            if self.listener is not None:
                self.supervision = self._heard(self.listener, self.supervision, self.tick)
            self.report(self.tick / self.n_ticks, f"{self.tick * self.tick_s:.0f} s")
            if self.coming and round(self.coming[0].time_s / self.tick_s) <= self.tick:
                take_change(self, self.coming.pop(0))
                continue
            due = policy.due(self.waiting, self.tick, self.n_ticks)
            if due is not None:
                self.tick, self.supervision = self._through_window(due, self.supervision, self.supervision.commands)
                self.fresh = False
                continue
            self._slow_stretch(until)
        if self.listener is not None and self.tick >= self.n_ticks:
            self._heard(self.listener, self.supervision, self.tick)

    def _slow_stretch(self, until: int) -> None:
        """Tick after tick, the supervisor asked in between, up to where something else may happen, or a cut."""
        planned = [w.start_tick for w in self.waiting[:1]]
        planned += [round(change.time_s / self.tick_s) for change in self.coming[:1]]
        planned += [self.listener.due_tick] if self.listener is not None else []
        stop = min([self.n_ticks, self.timeline.next_after(self.tick), *planned])
        end = min(stop, until, self.tick + LONGEST_STRETCH)
        more = True
        while more and self.tick < end:
            more = self._ticked(end, stop)

    def _ticked(self, end: int, stop: int) -> bool:
        """Tick up to the next call of the supervisor, or to `end`; whether all is as before, and ticking can go on."""
        start, supervision = self.tick, self.supervision
        self.tick, why = self.plant.run(start, end, self.fresh, self.stretch(supervision))
        self.ticks_slow += self.tick - start
        self.fail(self.tick)
        quiet = self.plant.flags == self.flags
        if not quiet:
            self._log_plant(self.tick)
        self._outside(supervision, self.tick)
        self.fresh = True
        if why == WANTED:
            return not self._ask(self.plant.measured) and self.listener is None
        if why > WANTED:
            self.tick, self.supervision = self._look_closely(why - WANTED, self.tick, supervision)
            self.fresh = False
        elif not quiet or self.tick < end or end == stop:  # else cut: the supervisor is asked where the run goes on
            self.arrive()
        return False

    def arrive(self) -> None:
        """Ask the supervisor at this tick if it wants to be, and has not been."""
        if not self.fresh or self.tick >= self.n_ticks:
            return
        measured = self._measured(self.supervision, self.tick)
        low, high = self.supervision.low, self.supervision.high
        self.fresh = False
        if self.supervision.wants(self.tick, bool(inside(measured, low, high))):
            self._ask(measured)

    def _ask(self, measured: Array) -> bool:
        """Ask the supervisor; a window around what it switches. Returns whether there was one."""
        before = self.supervision.commands
        self.supervision = self.supervision.stepped(self.tick, as_measurements(measured, self.n_cells))
        self._log(self.supervision, self.tick)
        self.fresh = False
        self._reset_latch(self.supervision)
        switches = self.p.characteristic.kind != LINK
        request = self._switching(before, self.supervision.commands, self.tick, switches)
        if request is None:
            return False
        self.tick, self.supervision = self._through_window(request, self.supervision, before)
        return True

    def ask_again(self, supervision: Supervision) -> None:
        """Ask the supervisor at this tick whatever it wants: a person has changed its settings."""
        self.supervision = supervision
        self._ask(self._measured(supervision, self.tick))

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

    def fail(self, tick: int) -> None:
        """Transistors that fail at or before a tick: from now on the port's law is that of the circuit without them."""
        while self.failing and self.failing[0].tick <= tick:
            self.failed += (self.failing.pop(0),)
            self.keep_failed()

    def keep_failed(self) -> None:
        """The port's law is that of the circuit with what has failed last."""
        laws = [f.circuit.coefficients for f in self.failed if f.circuit is not None]
        if laws:
            self.p = self.p._replace(characteristic=laws[-1])
            self.plant.use(self.p)

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
        return self.plant.look(tick, self.stretch(supervision))

    def _measured(self, supervision: Supervision, tick: int) -> Array:
        return self._observed(supervision, tick)[1]

    def _outside(self, supervision: Supervision, tick: int) -> None:
        """Remote and faults that change at a tick."""
        notes = self.timeline.at(tick, lambda: self._measured(supervision, tick)) if tick < self.n_ticks else []
        self.events += [LoggedEvent(*note) for note in notes]

    def _log(self, supervision: Supervision, tick: int) -> None:
        self.events += [
            LoggedEvent(self.seconds(tick), "supervisor", str(e.name), e.detail) for e in supervision.events
        ]

    def seconds(self, tick: int) -> float:
        """Time of a tick."""
        return seconds(tick, self.tick_s)

    def _log_plant(self, tick: int) -> None:
        """Events of the plant: what passed a limit, or came back, since the last look."""
        self.events += flag_events(self.flags, self.plant.flags, self.seconds(tick))
        self.flags = self.plant.flags

    def stretch(self, s: Supervision) -> Stretch:
        """What the tick loop has of the supervisor."""
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
        start_s = self.seconds(request.start_tick)
        asked = [w.start_tick for w in self.waiting if w.by_user and w.start_tick > request.start_tick]
        asked += [f.tick for f in self.failing if f.tick > request.start_tick]
        request = policy.before_next(request, min(asked, default=None))
        found = self.memory.find(request, before, self.state, supervision)
        if found is not None:
            self._take_over_again(request, *found)
            return found[1].end_tick, found[1].supervision
        if not request.by_user and not self.budget.allows(request.name, request.start_tick):
            if self.budget.refused[request.name] == 1:
                self.note_refused(request.name, start_s)
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
            tuple(f.part for f in self.failed),
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

    def note_refused(self, name: str, start_s: float) -> None:
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
        start_s, end_s = self.seconds(request.start_tick), self.seconds(reused.end_tick)
        self._record(reused.rows[:-1])
        self.plant.state = reused.state
        self.looks.restart(reused.end_tick)
        add_to_ledger(self.ledger, kept.outcome)
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

    def _take_over(self, name: str, request: WindowRequest, outcome: WindowOutcome) -> None:
        self.plant.state = outcome.state
        self.looks.restart(outcome.end_tick)
        if abs(outcome.end_mismatch_A) > PREDICTION_BOUND_A and self.open_windows:
            again = self.looks.again(request.name, outcome.end_mismatch_A, outcome.end_tick)
            self.waiting[:] = sorted([*self.waiting, *([again] if again else [])], key=lambda w: w.start_tick)
        self.windows[name] = outcome.dataset
        start_s, end_s = self.seconds(request.start_tick), self.seconds(outcome.end_tick)
        self.events.append(LoggedEvent(start_s, "engine", "window", f"{request.name}: {request.reason}"))
        self.events += [LoggedEvent(*note) for note in outcome.notes]
        self._record(outcome.tick_rows[:-1])
        add_to_ledger(self.ledger, outcome)
        self.window_reports.append(window_report(name, request, outcome, start_s, end_s))

    def _finish(self) -> Result:
        return finished(self)
