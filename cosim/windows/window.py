"""Windows: the full SPICE transient around what is fast, started from and handed back to the slow state.

Life of a window: operating point with the path disabled -> the commands that stood before are applied and settle
(the pre-roll, outside all integrals) -> the window proper, with models and supervisor running inside -> closed at a
tick when settled, or at its limit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.circuit.characteristic import LINK
from cosim.circuit.deck import DeckSpec, externals, signals
from cosim.inputs.signals import Inputs
from cosim.inputs.timeline import NOTHING, Timeline
from cosim.record.replay import native_bank
from cosim.slow.commands import command_vector
from cosim.slow.engine import advance_heat, solve_commanded
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState, source_thevenin, with_alternator_at
from cosim.slow.sensors import as_measurements, inside, measure
from cosim.spice.session import SpiceSession
from cosim.spice.sources import SourceTable
from cosim.supervisor.supervision import Supervision
from cosim.windows import system as window_system
from cosim.windows.between import BetweenEvents
from cosim.windows.deck import deck_text, has_path, pulse_corners_s, with_field_held
from cosim.windows.events import LIFTED
from cosim.windows.exchange import (
    I_BATTERY,
    I_PORT,
    LIFT,
    SENSE,
    V_BATTERY,
    V_BUS,
    V_INPUT,
    FastState,
    junctions,
)
from cosim.windows.outcome import WindowEnd, handed_back
from cosim.windows.policy import SHORTEST_S, WindowRequest
from cosim.windows.port import SystemPath, hold_contact
from cosim.windows.recipe import RECIPE, WindowRecipe
from cosim.windows.result import WindowOutcome, device_powers
from cosim.windows.settled import settled
from cosim.windows.steps import COMMAND_RAMP_S, CORNER_STEP_S, EVENT_STEP_S, is_one_of, longest_step_s, while_opening
from cosim.windows.system import SystemSource
from cosim.windows.time import merged, seconds
from models import alternator, bank, fuse

Array = NDArray[np.float64]

ENABLE_AT_S = 1e-3
"""Moment in the pre-roll at which a path that was enabled is enabled again."""
PREROLL_S = {False: 2e-3, True: 0.05}
"""Length of the pre-roll for a path that starts disabled / enabled (ours: many times the limiter's settling)."""

class Window:
    """One window, run once with `run`.

    Parameters
    ----------
    request : why and where
    state, supervision : plant and supervisor at the window's first tick (the supervisor already asked there)
    previous_commands : commands that stood before that tick; they are what the pre-roll settles to
    inputs, tick_s : outside influences and tick
    spec, p, timeline : deck, parameters, remote and faults of the scenario
    """

    def __init__(
        self, request: WindowRequest, state: PlantState, supervision: Supervision, previous_commands: bms.Commands,
        inputs: Inputs, tick_s: float, spec: DeckSpec, p: PlantParameters, timeline: Timeline = NOTHING,
    ) -> None:
        self.request = request
        self._supervision, self._previous = supervision, previous_commands
        self._inputs, self._tick_s = inputs, tick_s
        self._p, self._timeline = p, timeline
        self._ambient = np.array(inputs.ambient_degC)
        self._start = (state, supervision)
        self._step: Array | None = None
        self._longest_step_s = longest_step_s(request)
        self._kind = SystemPath if has_path(spec) else SystemSource
        self._preroll_s = max(PREROLL_S[previous_commands.alternator_enable], self._kind.preroll_s)
        self._spec = with_field_held(spec, self._preroll_s)
        self._signals = signals(spec)
        self._contacts = tuple((name, s) for name, s in inputs.contacts if name in externals(spec))
        self._table = SourceTable(externals(spec))
        self._fast = self._fast_state(state)
        self._between = BetweenEvents(len(self._signals))
        self._tick = request.start_tick
        self._last_values: Array | None = None
        self._standing = previous_commands
        self._settled = False
        self._start_mismatch_A = 0.0
        self._breakpoints: list[float] = []
        self._kinks: list[float] = []
        self._next_corner = 0
        self._rows: list[tuple[int, PlantState, Operating, Array, Array]] = []
        self._seen: list[Array] = []
        self._notes: list[tuple[float, str, str, str]] = []
        self._stop: Callable[[], None] = lambda: None

    # ---- time ---------------------------------------------------------------------------------------------
    def _spice_time(self, time_s: float) -> float:
        return self._preroll_s + (time_s - self.request.start_tick * self._tick_s)

    def _run_time(self, spice_s: float) -> float:
        return self.request.start_tick * self._tick_s + (spice_s - self._preroll_s)

    def _tick_time(self, tick: int) -> float:
        """SPICE time of a tick: index times step, never a running sum."""
        return self._preroll_s + (tick - self.request.start_tick) * self._tick_s

    # ---- running ------------------------------------------------------------------------------------------
    def run(self, session: SpiceSession) -> WindowOutcome:
        """Run the window and hand its results back.

        Raises
        ------
        SpiceError : the transient failed after all retries
        """
        end_tick = self.request.start_tick + self.request.limit_ticks
        start_s = self.request.start_tick * self._tick_s
        ticks = [self._tick_time(k) for k in range(self.request.start_tick, end_tick + 1)]
        corners = [self._spice_time(t) for t in self._inputs.corners(start_s, end_tick * self._tick_s)]
        self._breakpoints = merged(ticks, corners)
        first_s, last_s = start_s - 0.5 * self._tick_s, end_tick * self._tick_s
        self._kinks = [self._spice_time(float(t)) for t in self._inputs.fast_corners(first_s, last_s)]
        self._stop, self._step = session.request_stop, session.longest_step_s
        self._reset()
        waves = session.transient(
            deck_text(self._spec), tstop_s=ticks[-1], tmax_s=self._longest_step_s, signals=list(self._signals.values()),
            sources=self._table, on_accept=self._accept, hook=self._between.hook(), restart=self._reset,
            breakpoints=sorted({ENABLE_AT_S, *self._settling, *self._breakpoints, *pulse_corners_s(self._spec)}),
            options=self.request.options,
        )
        outcome = self._outcome(waves.time_s, np.stack([waves[s] for s in self._signals.values()]))
        recipe = WindowRecipe(
            self._spec, self._breakpoints[0], ENABLE_AT_S if self._previous.alternator_enable else None,
            COMMAND_RAMP_S, waves.tmax_s, waves.options, native_bank(self._start[0].battery, self._p.battery),
            session.version_text, waves.retries,
        )
        outcome.dataset.attrs[RECIPE] = recipe.as_json()
        return outcome

    def _reset(self) -> None:
        """Everything back to the window's start (also before a retry with other numerics)."""
        state, supervision = self._start
        self._fast = self._fast_state(state)
        self._between.take(*self._fast.kept, self._breakpoints[0] - 1e-12)
        self._supervision = supervision
        self._standing = self._previous
        self._timeline.restore(self.request.start_tick)
        self._tick = self.request.start_tick
        self._last_values, self._settled = None, False
        self._next_corner = 0
        self._rows.clear()
        self._seen.clear()
        self._notes.clear()
        self._initial_sources()

    def _fast_state(self, state: PlantState) -> FastState:
        return FastState(
            state, self._p, self._ambient, self._table, self._step, self._longest_step_s, len(self._signals),
            self._kind is SystemPath,
        )

    def _initial_sources(self) -> None:
        s, p, table = self._fast.state, self._p, self._table
        start_s = self.request.start_tick * self._tick_s
        emf, _ = bank.thevenin(s.battery, p.battery)
        source, _ = source_thevenin(s, float(self._inputs.supply_emf_V.at(start_s)), p)
        before = self._previous
        values = {
            "vemf": emf, "vsrc": source, "ven": 0.0, "vlift": float(before.lift_allowed),
            "vref": before.sense_reference_V * 1e3, "vtfuse": s.fuse.temperature_degC,
            "vset": alternator.setpoint_V(s.alternator.case_degC, p.alternator),
            "vimax": self._capability(start_s), "vload": float(self._inputs.load_A.at(start_s)), **junctions(s),
        }
        for name, value in values.items():
            self._table.hold(name, 0.0, float(value))
        for name, signal in self._contacts:
            hold_contact(table, name, float(signal.at(start_s)))
        self._system = self._at_system(s)
        self._settling = self._system.begin(self.request.start_tick, before, self._prediction)
        if before.alternator_enable:
            table.hold("ven", ENABLE_AT_S, 0.0)
            table.ramp("ven", ENABLE_AT_S, 1.0, COMMAND_RAMP_S)

    def _at_system(self, state: PlantState) -> SystemSource | SystemPath:
        if self._kind is SystemPath:
            return SystemPath(self._table, self._p, state, self._row(self.request.start_tick))
        return SystemSource(self._table, self._p, self._spec.supply_A, self._tick_s)

    def _capability(self, time_s: float) -> float:
        rpm = float(self._inputs.alternator_rpm.at(time_s))
        return float(alternator.capability_A(rpm, self._fast.state.alternator.winding_degC, self._p.alternator))

    # ---- accepted points ----------------------------------------------------------------------------------
    def _accept(self, spice_s: float, values: Array) -> list[float] | None:
        if self._settled:
            return None
        if spice_s < self._breakpoints[0] - 1e-12:
            self._fast.leave_step()
            if abs(spice_s - ENABLE_AT_S) < 1e-12 and self._previous.alternator_enable:
                self._fast.look_closely(EVENT_STEP_S)
            return None
        if self._next_corner == 0:
            self._fast.start(spice_s, values)
        self._fast.exchange(spice_s, values)
        more: list[float] = []
        if self._next_corner < len(self._breakpoints) and spice_s >= self._breakpoints[self._next_corner] - 1e-12:
            if abs(spice_s - self._tick_time(self._tick)) < 1e-12:
                more = self._at_tick(spice_s, values)
            self._next_corner += 1
            self._hold_inputs(spice_s)
            if more:
                self._fast.look_closely(EVENT_STEP_S)
            elif is_one_of(spice_s, self._kinks):
                self._fast.look_closely(self._system.shortest_s or CORNER_STEP_S)
        return more or None

    def _hold_inputs(self, spice_s: float) -> None:
        """First-order hold of the outside influences up to the next corner or tick."""
        if self._next_corner >= len(self._breakpoints):
            return
        span_s = self._breakpoints[self._next_corner] - spice_s
        now_s = self._run_time(spice_s)
        then_s = now_s + span_s
        pairs = {"vload": (float(self._inputs.load_A.at(now_s)), float(self._inputs.load_A.at(then_s)))}
        if self._p.has_vehicle > 0.5:
            pairs["vimax"] = (self._capability(now_s), self._capability(then_s))
        else:
            emf = self._inputs.supply_emf_V
            pairs["vsrc"] = (float(emf.at(now_s)), float(emf.at(then_s)))
        pairs |= {name: (float(signal.at(now_s)), float(signal.at(then_s))) for name, signal in self._contacts}
        for name, (now, then) in pairs.items():
            self._table.hold(name, spice_s, now, (then - now) / span_s)

    # ---- ticks --------------------------------------------------------------------------------------------
    def _at_tick(self, spice_s: float, values: Array) -> list[float]:
        """Supervisor, slow temperatures and the question whether the window may close."""
        tick, first = self._tick, self._tick == self.request.start_tick
        self._tick += 1
        if not first:
            self._slow_temperatures(tick, values)
            self._notes += self._timeline.at(tick, lambda: self._measured(tick, values))
        measured = self._measured(tick, values)
        self._seen.append(measured)
        if first:
            predicted = self._prediction(tick, self._previous)
            self._start_mismatch_A = float(values[I_PORT] - predicted.port_current_A)
            self._last_values = values.copy()
            self._notes += self._system.doubts(seconds(tick, self._tick_s), values)
            more = self._apply(self._supervision.commands, self._previous, spice_s)
            more += self._hold_system(tick, spice_s, values)
            self._keep_row(tick, values)
            return more
        before = self._standing = self._supervision.commands
        if self._supervision.wants(tick, inside(measured, self._supervision.low, self._supervision.high)):
            self._supervision = self._supervision.stepped(tick, as_measurements(measured, self._n_cells))
            now_s = seconds(tick, self._tick_s)
            self._notes += [(now_s, "supervisor", str(e.name), e.detail) for e in self._supervision.events]
        more = self._apply(self._supervision.commands, before, spice_s) + self._hold_system(tick, spice_s, values)
        self._keep_row(tick, values)
        self._consider_closing(tick, values, changed=bool(more))
        self._last_values = values.copy()
        return more

    @property
    def _n_cells(self) -> int:
        return int(self._fast.state.battery.soc.size)

    def _apply(self, commands: bms.Commands, before: bms.Commands, spice_s: float) -> list[float]:
        """Ramp what changed; returns the breakpoints that this needs."""
        table, end_s = self._table, spice_s + COMMAND_RAMP_S
        more: list[float] = []
        if commands.alternator_enable != before.alternator_enable:
            table.ramp("ven", spice_s, float(commands.alternator_enable), COMMAND_RAMP_S)
            more = [end_s] if commands.alternator_enable else [end_s, *while_opening(end_s)]
        if commands.sense_reference_V != before.sense_reference_V:
            table.ramp("vref", spice_s, commands.sense_reference_V * 1e3, COMMAND_RAMP_S)
            more = more or [end_s]
        if commands.lift_allowed != before.lift_allowed:
            # A permission moves nothing by itself: no breakpoint, no close look, no reason to stay open.
            table.ramp("vlift", spice_s, float(commands.lift_allowed), COMMAND_RAMP_S)
        return more

    def _hold_system(self, tick: int, spice_s: float, values: Array) -> list[float]:
        return self._system.at_tick(
            tick, spice_s, values, self._fast.state, self._row(tick), self._supervision.commands, self._prediction
        )

    def _measured(self, tick: int, values: Array) -> Array:
        s, standing = self._fast.state, self._supervision.commands
        cells = bank.cell_voltages_V(s.battery, values[I_BATTERY], self._p.battery)
        truth = np.concatenate((
            (values[V_INPUT], values[SENSE] * 1e-3, values[V_BATTERY], s.box.heatsink_degC, s.box.terminal_degC),
            self._system.truth(tick, values, s, standing, self._prediction),
            cells.ravel(), s.battery.temperature_degC.ravel(),
        ))
        return np.asarray(measure(truth, self._p.sensors))

    def _slow_temperatures(self, tick: int, values: Array) -> None:
        """Alternator and cables step once per tick with the tick's mean currents; the field is handed over."""
        alternator_A, port_A, system_A = self._fast.take_means(self._tick_s)
        row = self._row(tick - 1)
        assert self._last_values is not None
        _, volts = self._system.operating(self._last_values)
        state = window_system.stepped(self._fast.state, volts, row, self._supervision.vector(), self._tick_s, self._p)
        machine, first, second = advance_heat(
            state, port_A, system_A, alternator_A, float(self._last_values[V_BUS]), float(row[0]), self._ambient,
            self._tick_s, self._p,
        )
        state = state._replace(alternator=machine, input_cable_degC=first, battery_cable_degC=second)
        setpoint_V = float(alternator.setpoint_V(machine.case_degC, self._p.alternator))
        self._table.hold("vset", self._tick_time(tick), setpoint_V)
        x = self._operating(values)
        state = self._system.after_tick(values, state)
        rpm = float(self._inputs.alternator_rpm.at(tick * self._tick_s))
        self._fast.state = with_alternator_at(state, x.alternator_current_A, x.alternator_voltage_V, rpm, self._p)

    def _row(self, tick: int) -> Array:
        return np.asarray(self._inputs.sampled(np.array([tick * self._tick_s]))[0])

    def _prediction(self, tick: int, commands: bms.Commands) -> Operating:
        result: Operating = solve_commanded(
            self._fast.state, self._row(tick), command_vector(commands), commands.sense_reference_V * 1e3,
            self._tick_s, self._p,
        )
        return result

    def _consider_closing(self, tick: int, values: Array, changed: bool) -> None:
        done = tick - self.request.start_tick
        if done >= self.request.limit_ticks:
            return
        if self._p.characteristic.kind != LINK and fuse.blown(self._fast.state.fuse):
            self._notes.append((seconds(tick, self._tick_s), "engine", "window closed", "the fuse has opened"))
            self._settled = True
            self._stop()
            return
        now_s = tick * self._tick_s
        near = self._inputs.fast_corners(now_s - min(self._tick_s, SHORTEST_S), now_s + self._tick_s)
        away = any(float(signal.at(now_s)) > 0.0 for name, signal in self._contacts if name.startswith("vcut"))
        lifted = values[LIFT] > LIFTED  # no law has that: what is handed over then is no state of the slow engine
        if done < self.request.min_ticks or changed or near.size or away or lifted:
            return
        assert self._last_values is not None
        predicted = self._prediction(tick, self._supervision.commands)
        still = settled(values, self._last_values, predicted)
        if still and self._system.settled(values, self._last_values, predicted):
            self._settled = True
            self._stop()

    def _keep_row(self, tick: int, values: Array) -> None:
        self._rows.append((
            tick, self._fast.state, self._operating(values), device_powers(values),
            self._supervision.vector(in_window=True),
        ))

    def _operating(self, values: Array) -> Operating:
        return window_system.operating_point(values, *self._system.operating(values), self._p)

    # ---- results ------------------------------------------------------------------------------------------
    def _outcome(self, spice_s: Array, columns: Array) -> WindowOutcome:
        end_s = self._tick_time(self._rows[-1][0])
        keep = (spice_s >= self._breakpoints[0] - 1e-12) & (spice_s <= end_s + 1e-12)
        time_s, kept = spice_s[keep] - self._breakpoints[0], columns[:, keep]
        end_tick, _, last = self._rows[-1][:3]
        state = self._fast.state._replace(bus_voltage_V=last.alternator_voltage_V)
        notes = list(self._notes)
        if not self._settled and self.request.limit_ticks > self.request.min_ticks:
            stop_s = seconds(end_tick, self._tick_s)
            notes.append((stop_s, "engine", "window limit", f"{self.request.name} closed at its limit, not settled"))
        waves = self._system.waves(dict(zip(self._signals, kept, strict=True)))
        end = WindowEnd(
            self.request, self._start[0], state, self._supervision, self._standing, end_tick, last,
            self._prediction(end_tick, self._standing), self._start_mismatch_A, self._settled, list(self._rows),
            list(self._seen), notes,
        )
        return handed_back(end, time_s, waves, self._spec, self._tick_s, self._p)
