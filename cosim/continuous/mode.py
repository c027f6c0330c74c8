"""Continuous mode: the whole scenario as one SPICE transient, the reference for slow engine and windows.

Supervisor, models and exchange are those of a window (`cosim.windows.window`), and the window is as long as the run
(`cosim.continuous.window`). The terminal characteristic plays no part, so it needs no identification.

A transient that aborts goes on from its last accepted tick: path disabled, enabled, settled, the settling left out of
every integral. Each restart is counted and is an event; so is a handover, where the deck itself changes: a blown fuse,
the generator of a test pulse, a transistor that fails. What else events move, System+ included, is part of the deck
throughout.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from cosim.circuit.deck import DeckSpec, signals
from cosim.continuous.record import KEPT_WAVES, PointRecord, decimated
from cosim.continuous.window import Checkpoint, ContinuousWindow, fast_moments
from cosim.record.balance import window_balance
from cosim.result import LoggedEvent, Result
from cosim.run import Run
from cosim.scenario.model import Supply
from cosim.scenario.timeline import failures
from cosim.slow.channels import write_row
from cosim.slow.commands import SUPPLY
from cosim.slow.loop import LEDGER, PEAKS
from cosim.slow.network import Operating
from cosim.slow.plant import PlantState, stored_charge_C
from cosim.spice.deck import LADDER, Rung, SpiceOptions
from cosim.spice.errors import OperatingPointFailed, PointBudgetExceeded, SpiceError, TransientAborted
from cosim.supervisor.supervision import in_order
from cosim.windows.deck import STARTER_INDUCTANCE_H, deck_spec
from cosim.windows.outcome import circuit_notes
from cosim.windows.parts import parts_of_run, pulse_spans, whole_deck
from cosim.windows.policy import WindowRequest, failing_ticks
from cosim.windows.probes import with_probes
from cosim.windows.result import window_dataset
from cosim.windows.system import with_system_wave
from models import cable, fuse

Array = NDArray[np.float64]

NUMERICS = SpiceOptions(itl4=100)
"""Numerics of the long transient: the windows' own, with more patience at the knees of large steps."""
RETRY_TICKS = 20
"""Length of a stretch with changed numerics, after an abort that came again at the same tick [ticks] (ours)."""
MOST_RESTARTS = 100
"""Restarts after which a run is no reference any more and fails (ours)."""


class ContinuousRun(Run):
    """A run without slow engine; `go` is its master loop."""

    def go(self) -> Result:
        """Run all ticks.

        Raises
        ------
        PointBudgetExceeded : more points than the scenario allows
        TransientAborted : aborts at one moment whatever the numerics, or too many of them
        """
        supervision = self._first_call()
        before = supervision.commands
        self._spans = pulse_spans(self.scenario.events, self.tick_s)
        self._forced = fast_moments(self.inputs, self.scenario.windows, self.n_ticks * self.tick_s)
        self._parts: list[tuple[int, PlantState]] = []
        self._restarts = self._handovers = self._discarded = 0
        point = Checkpoint(0, self.state, supervision, before, self._alternator_current(before, 0))
        whole = whole_deck(self.scenario, self.inputs, self.start, self.n_ticks * self.tick_s, self.p)
        self._points = PointRecord(signals(with_probes(whole, self.probes)))
        tried = 0
        while point.tick < self.n_ticks:
            reached, error = self._stretch_from(point, tried)
            if error is None and reached.tick < self.n_ticks and tried == 0:
                self._handovers += 1
                self._note(reached.tick, "handover", "the deck changed")
            if error is not None:
                self._restarts += 1
                tried = tried + 1 if reached.tick == point.tick else 0
                self._note(reached.tick, "restart", str(error))
                if tried > len(LADDER) or self._restarts > MOST_RESTARTS:
                    raise error
            elif reached.tick < self.n_ticks:
                tried = 0
            point = reached
            if self.listener is not None:
                self.listener.take(in_order(point.supervision.calls))
                point = replace(point, supervision=point.supervision._replace(calls=None))
        self.plant.state = point.state
        return self._finish()

    def _stretch_from(self, start: Checkpoint, tried: int) -> tuple[Checkpoint, SpiceError | None]:
        """One transient from a checkpoint; where it got to, and why it aborted if it did."""
        settings = self.scenario.continuous
        rung = Rung("", NUMERICS, settings.max_step_s)
        boundaries = [tick for span in self._spans for tick in span if tick > start.tick]
        boundaries += [tick for tick in failing_ticks(self.scenario) if tick > start.tick]
        length = min([self.n_ticks, *boundaries]) - start.tick
        pulses = any(first <= start.tick < last for first, last in self._spans)
        if tried:
            rung = LADDER[tried - 1].applied(NUMERICS, settings.max_step_s)
            length = length if pulses else min(length, RETRY_TICKS)
        spec = self._spec_from(start, length)
        self._supply_A = spec.supply_A
        request = WindowRequest("continuous", "continuous mode", start.tick, length, length)
        self._intact = not fuse.blown(start.state.fuse)
        first = self._points.n_points
        window = ContinuousWindow(
            start, request, self.inputs, self.tick_s, spec, self.p, self._forced, self._points, self._on_tick,
            self.timeline,
        )
        budget = settings.max_points - first - self._discarded
        error: SpiceError | None = None
        try:
            if budget <= 0:
                raise PointBudgetExceeded(f"more than {settings.max_points} points")
            window.run_on(self.session, rung, budget, lambda f: self._progress(start.tick, length, f))
        except (TransientAborted, OperatingPointFailed) as aborted:
            error = aborted
        # A pulse cannot go on from its middle: what aborts there begins again before it.
        reached = start if pulses and error is not None else window.checkpoint
        if reached is start:
            window.notes.clear()
            self.plant.state = start.state
        self.events += [LoggedEvent(*note) for note in window.notes]
        before = self._points.n_points
        self._points.drop_after(self.seconds(reached.tick), first)
        self._discarded += before - self._points.n_points
        if reached.tick > start.tick:
            self._book(first, start, reached, spec)
        else:
            self._points.drop_after(-1.0, first)
        return reached, error

    def _spec_from(self, start: Checkpoint, length: int) -> DeckSpec:
        """Deck of the stretch of so many ticks from a checkpoint."""
        source, circuit = self.scenario.source, self.scenario.circuit
        start_s, end_s = (tick * self.tick_s for tick in (start.tick, start.tick + length))
        return with_probes(deck_spec(
            f"{self.scenario.name} from tick {start.tick}", circuit.netlist, circuit.parameters, start.state, self.p,
            source.inductance_H if isinstance(source, Supply) else STARTER_INDUCTANCE_H, start.alternator_current_A,
            start.supervision.commands.supply_current_A,
            *parts_of_run(self.scenario, self.inputs, start.state, start_s, end_s, self.p),
            tuple(f.part for f in failures(self.scenario.faults) if round(f.time_s / self.tick_s) <= start.tick),
        ), self.probes)

    def _waves(self, first: int) -> tuple[Array, dict[str, Array]]:
        """Times and waves from a row on, with the current of System+ where it is no circuit."""
        time_s, waves = self._points.part(first)
        if "system_current_A" in waves:
            return time_s, waves
        return time_s, with_system_wave(waves, self._supply_A, self.p)

    def _progress(self, first: int, length: int, fraction: float) -> None:
        done = (first + fraction * length) / self.n_ticks
        self.report(done, f"{done * self.n_ticks * self.tick_s:.0f} s, {self._points.n_points} points")

    def _on_tick(self, tick: int, state: PlantState, x: Operating, powers: Array, commands: Array) -> bool:
        """Record a tick; true where the deck has to change."""
        self.plant.state = state
        self._log_plant(tick)
        machine = state.alternator
        peaks = (x.port_current_A, machine.winding_degC, machine.rectifier_degC)
        self.ledger[PEAKS:] = np.maximum(self.ledger[PEAKS:], peaks)
        if tick < self.n_ticks and tick % self.record_every == 0:
            row = self.record[tick // self.record_every]
            write_row(row, state, x, powers, self.grid.rows[tick], commands, self.p)
        return (self._intact and bool(fuse.blown(state.fuse))) or bool(commands[SUPPLY] != self._supply_A)

    def _note(self, tick: int, event: str, detail: str) -> None:
        self.events.append(LoggedEvent(self.seconds(tick), "engine", event, detail))

    def _book(self, first: int, start: Checkpoint, reached: Checkpoint, spec: DeckSpec) -> None:
        """Balance of a stretch, into ledger and reports; what its hardware did, into the log."""
        time_s, waves = self._waves(first)
        charge_C = stored_charge_C(reached.state.battery, self.p.battery) - stored_charge_C(
            start.state.battery, self.p.battery
        )
        cable_ohm = float(cable.resistance_ohm(start.state.battery_cable_degC, self.p.battery_cable))
        balance, energies = window_balance(
            time_s, waves, charge_C, float(self.p.alternator_lead_ohm), cable_ohm, self.p.system.path_ohm,
            self._supply_A,
        )
        for key, value in energies.items():
            self.ledger[LEDGER.index(key)] += value
        self.events += [
            LoggedEvent(*note) for note in circuit_notes(time_s, waves, start.state, 0.0, spec, self.p)
        ]
        start_s, end_s = self.seconds(start.tick), self.seconds(reached.tick)
        self.window_reports.append({
            "name": f"{len(self.window_reports):03d}_continuous", "reason": "continuous mode", "start_s": start_s,
            "end_s": end_s, "points": int(time_s.size), "balance": balance.as_dict(), "start_mismatch_A": 0.0,
            "end_mismatch_A": 0.0,
        })

    def _finish(self) -> Result:
        time_s, waves = self._waves(0)
        self.windows = {"000_continuous": self._dataset("continuous", "continuous mode", time_s, waves)}
        result = super()._finish()  # figures come from all points, the file keeps fewer
        shown = (*KEPT_WAVES, *(probe.name for probe in self.probes))
        kept = decimated(time_s, waves, self.scenario.continuous.kept_points, shown)
        whole = self.windows["000_continuous"]
        result.windows = {"000_continuous": whole.isel(time_s=kept)}
        for number, window in enumerate(self.scenario.windows, start=1):
            inside = (time_s >= window.start_s - 1e-9) & (time_s <= window.start_s + window.duration_s + 1e-9)
            if inside.any():
                part = {name: wave[inside] for name, wave in waves.items()}
                dataset = self._dataset(window.name, "asked for", time_s[inside], part)
                result.windows[f"{number:03d}_{window.name}"] = dataset
        summary = result.summary
        for report in summary["windows"]:
            del report["start_mismatch_A"], report["end_mismatch_A"]  # nothing is predicted here
        for place in ("start_mismatch_A", "end_mismatch_A"):
            del summary["worst_window"][place]
        del summary["characteristic"]
        summary["engine"] = "continuous"
        summary["continuous"] = {
            "restarts": self._restarts, "handovers": self._handovers, "points": int(time_s.size),
            "discarded_points": self._discarded, "kept_points": int(kept.size),
            "max_step_s": self.scenario.continuous.max_step_s,
        }
        return result

    def _dataset(self, name: str, reason: str, time_s: Array, waves: dict[str, Array]) -> xr.Dataset:
        start_s, end_s = float(time_s[0]), float(time_s[-1])
        request = WindowRequest(name, reason, 0, 0, 0)
        return window_dataset(time_s - start_s, waves, request, start_s, end_s, self.probes)
