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
from cosim import window_system
from cosim.balance import window_balance
from cosim.characteristic import LINK
from cosim.commands import command_vector
from cosim.deck import DEVICES, SIGNALS, DeckSpec, externals, top_deck
from cosim.exchange import (
    I_ALTERNATOR,
    I_BATTERY,
    I_PORT,
    ORDER,
    SENSE,
    V_BATTERY,
    V_BUS,
    V_INPUT,
    FastState,
    junctions,
)
from cosim.inputs import Inputs
from cosim.network import Operating
from cosim.plant import PlantParameters, PlantState, source_thevenin, stored_charge_C, with_alternator_at
from cosim.policy import SHORTEST_S, WindowRequest
from cosim.replay import native_bank
from cosim.sensors import as_measurements, inside, measure
from cosim.slow import advance_heat, solve_commanded
from cosim.spice import SpiceSession
from cosim.spice_sources import SourceTable
from cosim.supervision import Supervision
from cosim.timeline import NOTHING, Timeline
from cosim.window_deck import with_field_held
from cosim.window_recipe import RECIPE, WindowRecipe
from cosim.window_result import WindowOutcome, window_dataset
from cosim.window_steps import COMMAND_RAMP_S, CORNER_STEP_S, EVENT_STEP_S, is_one_of, longest_step_s
from cosim.window_time import merged, seconds
from models import alternator, bank, fuse

Array = NDArray[np.float64]

ENABLE_AT_S = 1e-3
"""Moment in the pre-roll at which a path that was enabled is enabled again."""
PREROLL_S = {False: 2e-3, True: 0.05}
"""Length of the pre-roll for a path that starts disabled / enabled (ours: many times the limiter's settling)."""
QUIET_A, QUIET_V, ALTERNATOR_QUIET_A = 0.1, 5e-3, 1.0
"""A window is settled when nothing exchanged moved by more than this over its last tick, or when all of it is as close
to the slow prediction (ours); the alternator's current is not handed over, only its voltage matters."""
PREDICTION_BOUND_A = 0.3
"""Largest difference of the slow prediction from SPICE at a window's end that is not an event (design bound)."""


CHARGE_BOUND, ENERGY_BOUND = 1e-4, 1e-2
"""Relative balances of a window beyond which it is an event (design bounds)."""


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
        self._p, self._timeline, self._node_V = p, timeline, float("nan")
        self._ambient = np.array(inputs.ambient_degC)
        self._start = (state, supervision)
        self._step: Array | None = None
        self._longest_step_s = longest_step_s(request)
        self._preroll_s = PREROLL_S[previous_commands.alternator_enable]
        self._spec = with_field_held(spec, self._preroll_s)
        self._table = SourceTable(externals(spec))
        self._fast = self._fast_state(state)
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
            top_deck(self._spec), tstop_s=ticks[-1], tmax_s=self._longest_step_s, signals=list(SIGNALS.values()),
            sources=self._table, on_accept=self._accept, breakpoints=[ENABLE_AT_S, *self._breakpoints],
            restart=self._reset, options=self.request.options,
        )
        outcome = self._outcome(waves.time_s, np.stack([waves[s] for s in SIGNALS.values()]))
        state = self._start[0]
        recipe = WindowRecipe(
            self._spec, self._breakpoints[0], ENABLE_AT_S if self._previous.alternator_enable else None,
            COMMAND_RAMP_S, waves.tmax_s, waves.options, native_bank(state.battery, self._p.battery),
            session.version_text, waves.retries,
        )
        outcome.dataset.attrs[RECIPE] = recipe.as_json()
        return outcome

    def _reset(self) -> None:
        """Everything back to the window's start (also before a retry with other numerics)."""
        state, supervision = self._start
        self._fast = self._fast_state(state)
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
        return FastState(state, self._p, self._ambient, self._table, self._step, self._longest_step_s)

    def _initial_sources(self) -> None:
        s, p, table = self._fast.state, self._p, self._table
        start_s = self.request.start_tick * self._tick_s
        emf, _ = bank.thevenin(s.battery, p.battery)
        source, _ = source_thevenin(s, float(self._inputs.supply_emf_V.at(start_s)), p)
        before = self._previous
        values = {
            "vemf": emf, "vsrc": source, "ven": 0.0, "vlift": 0.0, "vref": before.sense_reference_V * 1e3,
            "vtfuse": s.fuse.temperature_degC, "vset": alternator.setpoint_V(s.alternator.case_degC, p.alternator),
            "vimax": self._capability(start_s), "vload": float(self._inputs.load_A.at(start_s)), **junctions(s),
        }
        for name, value in values.items():
            self._table.hold(name, 0.0, float(value))
        if window_system.has_system(p):
            table.hold(window_system.SOURCE, 0.0, self._prediction(self.request.start_tick, before).system_current_A)
        if before.alternator_enable:
            table.hold("ven", ENABLE_AT_S, 0.0)
            table.ramp("ven", ENABLE_AT_S, 1.0, COMMAND_RAMP_S)

    def _capability(self, time_s: float) -> float:
        rpm = float(self._inputs.alternator_rpm.at(time_s))
        return float(alternator.capability_A(rpm, self._fast.state.alternator.winding_degC, self._p.alternator))

    # ---- accepted points ----------------------------------------------------------------------------------
    def _accept(self, spice_s: float, values: Array) -> list[float] | None:
        if self._settled:
            return None
        if spice_s < self._breakpoints[0] - 1e-12:
            self._fast.start(spice_s, values)
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
                self._fast.look_closely(CORNER_STEP_S)
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
            more = self._apply(self._supervision.commands, self._previous, spice_s) + self._hold_system(tick, spice_s)
            self._keep_row(tick, values)
            return more
        before = self._standing = self._supervision.commands
        if self._supervision.wants(tick, inside(measured, self._supervision.low, self._supervision.high)):
            self._supervision = self._supervision.stepped(tick, as_measurements(measured, self._n_cells))
            now_s = seconds(tick, self._tick_s)
            self._notes += [(now_s, "supervisor", str(e.name), e.detail) for e in self._supervision.events]
        more = self._apply(self._supervision.commands, before, spice_s) + self._hold_system(tick, spice_s)
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
            more = [end_s]
        if commands.sense_reference_V != before.sense_reference_V:
            table.ramp("vref", spice_s, commands.sense_reference_V * 1e3, COMMAND_RAMP_S)
            more = more or [end_s]
        return more

    def _hold_system(self, tick: int, spice_s: float) -> list[float]:
        if not window_system.has_system(self._p):
            return []
        commands = self._supervision.commands
        now, then = (self._prediction(t, commands) for t in (tick, tick + 1))
        self._node_V = float("nan") if window_system.passes(commands) else now.system_voltage_V
        return window_system.held(self._table, spice_s, now.system_current_A, then.system_current_A, self._tick_s)

    def _measured(self, tick: int, values: Array) -> Array:
        s, standing = self._fast.state, self._supervision.commands
        node_V = float("nan")
        if window_system.has_system(self._p) and not window_system.passes(standing):
            node_V = self._prediction(tick, standing).system_voltage_V
        cells = bank.cell_voltages_V(s.battery, values[I_BATTERY], self._p.battery)
        truth = np.concatenate((
            (values[V_INPUT], values[SENSE] * 1e-3, values[V_BATTERY], s.box.heatsink_degC, s.box.terminal_degC),
            window_system.optional_truth(values, node_V, self._spec.supply_A, self._p),
            cells.ravel(), s.battery.temperature_degC.ravel(),
        ))
        return np.asarray(measure(truth, self._p.sensors))

    def _slow_temperatures(self, tick: int, values: Array) -> None:
        """Alternator and cables step once per tick with the tick's mean currents; the field is handed over."""
        alternator_A, port_A, system_A = self._fast.take_means(self._tick_s)
        row = self._row(tick - 1)
        assert self._last_values is not None
        _, volts = window_system.operating(self._last_values, self._node_V, self._spec.supply_A, self._p)
        self._fast.state = window_system.stepped(
            self._fast.state, volts, row, self._supervision.vector(), self._tick_s, self._p
        )
        machine, first, second = advance_heat(
            self._fast.state, port_A, system_A, alternator_A, float(self._last_values[V_BUS]), float(row[0]),
            self._ambient, self._tick_s, self._p,
        )
        self._fast.state = self._fast.state._replace(
            alternator=machine, input_cable_degC=first, battery_cable_degC=second
        )
        setpoint_V = float(alternator.setpoint_V(machine.case_degC, self._p.alternator))
        self._table.hold("vset", self._tick_time(tick), setpoint_V)
        x = window_system.operating_point(values, self._node_V, self._spec.supply_A, self._p)
        rpm = float(self._inputs.alternator_rpm.at(tick * self._tick_s))
        self._fast.state = with_alternator_at(
            self._fast.state, x.alternator_current_A, x.alternator_voltage_V, rpm, self._p
        )

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
        if done < self.request.min_ticks or changed or near.size:
            return
        assert self._last_values is not None
        moved = np.abs(values - self._last_values)
        still = moved[I_PORT] < QUIET_A and moved[I_ALTERNATOR] < ALTERNATOR_QUIET_A
        quiet = still and max(moved[V_BUS], moved[V_INPUT], moved[V_BATTERY]) < QUIET_V
        predicted = self._prediction(tick, self._supervision.commands)
        follows = (
            abs(values[I_PORT] - predicted.port_current_A) < QUIET_A
            and abs(values[I_ALTERNATOR] - predicted.alternator_current_A) < ALTERNATOR_QUIET_A
            and abs(values[V_BUS] - predicted.starter_voltage_V) < QUIET_V
        )
        if quiet or follows:
            self._settled = True
            self._stop()

    def _keep_row(self, tick: int, values: Array) -> None:
        x = window_system.operating_point(values, self._node_V, self._spec.supply_A, self._p)
        powers = np.array([values[ORDER.index(f"power_{d}_W")] for d in DEVICES])
        self._rows.append((tick, self._fast.state, x, powers, self._supervision.vector(in_window=True)))

    # ---- results ------------------------------------------------------------------------------------------
    def _outcome(self, spice_s: Array, columns: Array) -> WindowOutcome:
        end_s = self._tick_time(self._rows[-1][0])
        keep = (spice_s >= self._breakpoints[0] - 1e-12) & (spice_s <= end_s + 1e-12)
        time_s, kept = spice_s[keep] - self._breakpoints[0], columns[:, keep]
        end_tick, _, last = self._rows[-1][:3]
        state = self._fast.state._replace(bus_voltage_V=last.alternator_voltage_V)
        predicted = self._prediction(end_tick, self._standing)
        mismatch_A = last.port_current_A - predicted.port_current_A
        supply_A = self._spec.supply_A
        waves = window_system.with_system_wave(dict(zip(ORDER, kept, strict=True)), supply_A, self._p)
        before_C = stored_charge_C(self._start[0].battery, self._p.battery)
        charge = stored_charge_C(state.battery, self._p.battery) - before_C
        balance, energies = window_balance(
            time_s, waves, charge, float(self._p.alternator_lead_ohm), self._spec.battery_cable_resistance_ohm,
            self._p.system.path_ohm, supply_A,
        )
        start_s, stop_s = (seconds(t, self._tick_s) for t in (self.request.start_tick, end_tick))
        notes = list(self._notes)
        for when, place, value in (
            (start_s, "start", self._start_mismatch_A), (stop_s, "end", float(mismatch_A))
        ):
            if abs(value) > PREDICTION_BOUND_A:
                detail = f"at the {place} of {self.request.name}: SPICE minus slow prediction {value:+.3f} A"
                notes.append((when, "engine", "prediction off", detail))
        if balance.charge_relative > CHARGE_BOUND or balance.energy_relative > ENERGY_BOUND:
            detail = f"charge {balance.charge_relative:.2g}, energy {balance.energy_relative:.2g} relative"
            notes.append((stop_s, "engine", "balance off", f"{self.request.name}: {detail}"))
        if not self._settled and self.request.limit_ticks > self.request.min_ticks:
            notes.append((stop_s, "engine", "window limit", f"{self.request.name} closed at its limit, not settled"))
        return WindowOutcome(
            state=state, supervision=self._supervision, standing=self._standing, end_tick=end_tick,
            dataset=window_dataset(time_s, waves, self.request, start_s, stop_s), balance=balance,
            start_mismatch_A=self._start_mismatch_A, end_mismatch_A=float(mismatch_A), settled=self._settled,
            tick_rows=list(self._rows), charge_C=energies.pop("charge_C"), energies=energies,
            measured=list(self._seen), notes=notes,
        )
