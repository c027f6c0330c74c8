"""Compiled tick loop: physics tick after tick until the supervisor is wanted or the stretch ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.characteristic import Controls, fuse_ohm
from cosim.circuit.conversion import fill_port_powers_W
from cosim.slow.ahead import DUE, commanded_anew, correct, corrected, feed, hold, standing, start, take_commands
from cosim.slow.channels import fill_row
from cosim.slow.commands import CHARGE_OUTPUT, ENABLE, LOAD_OUTPUT
from cosim.slow.engine import (
    Tick,
    advance_in_place,
    fill_scalars,
    own_arrays,
    port_gate,
    prepare,
    put_numbers,
    solve_around,
    with_bank,
    with_numbers,
)
from cosim.slow.kept import kept
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState, controls_of, plant_flags
from cosim.slow.quasi_static import look, new_watch
from cosim.slow.sensors import N_SCALARS, cells_inside, fitted_scalars, measure_range, scalars_inside
from cosim.slow.tick_sensors import cells_surely_inside, fill_cells, fill_ends
from models import bank_tick, bank_work, cable, system
from models.compiled import apart, borrowing
from models.system_port import BLOCKED_OHM, Gate

Array = NDArray[np.float64]

LEDGER = (
    "charge_C", "source_J", "load_J", "starter_battery_J", "input_cable_J", "circuit_J", "battery_cable_J",
    "battery_J", "limit_s", "lead_J", "system_J", "system_cable_J", "supply_J",
    "peak_port_A", "peak_winding_degC", "peak_rectifier_degC",
)
"""Integrals of a run: charge into the battery; energy from the alternator (or supply), into loads, starter battery,
cables, circuit and battery terminals; time spent limiting; energy into the alternator's lead, from the devices at
System+ (negative: into loads), into the way to them (cable, path or pre-charge), and into the BMS itself. Then three
highest values, not integrals: port current, winding and rectifier temperature."""

PEAKS = 13
"""First place of the highest values in the ledger."""
ENDED, WANTED = 0, 1
"""Why the tick loop stopped: stretch ended; supervisor wanted; beyond: 1 + what `quasi_static.look` gives."""
OBSERVED_TICK_S = 0.1
"""Tick of the System+ node where a state is looked at alone (ours)."""
LIMITING = 0.98
"""The port counts as limiting when the fuse drop is above this part of the reference (ours)."""


def empty_ledger() -> Array:
    """Return a ledger of nothing yet."""
    ledger = np.zeros(len(LEDGER))
    ledger[PEAKS:] = -np.inf
    return ledger


class Stretch(NamedTuple):
    """What stays constant from one supervisor call to the next.

    commands : as `cosim.slow.commands.COMMANDS`
    reference_mV : fuse-drop reference
    low, high : bounds of the hold that count on every tick; deadline_tick : tick at which the supervisor must be
        called
    sample_low, sample_high : bounds that count besides on every `sample_ticks`-th tick; none if empty
    """

    commands: NDArray[np.float64]
    reference_mV: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    deadline_tick: int
    sample_low: NDArray[np.float64] = np.empty(0)
    sample_high: NDArray[np.float64] = np.empty(0)
    sample_ticks: int = 1


class Grid(NamedTuple):
    """Time grid and inputs: rows (n, 4 and one per device at System+) per tick, ambients, tick, record spacing."""

    rows: NDArray[np.float64]
    ambient_degC: NDArray[np.float64]
    tick_s: float
    record_every: int


class Kept(NamedTuple):
    """What a `Plant` keeps for all its stretches: of `state` the arrays, its numbers are those in `k.numbers`."""

    state: PlantState
    k: Tick
    grid: Grid
    record: NDArray[np.float64]
    ledger: NDArray[np.float64]
    watch: NDArray[np.int64]
    measured: NDArray[np.float64]
    p: PlantParameters


@borrowing
def _observe(
    state: PlantState, row: NDArray[np.float64], u: Controls, gate: Gate, k: Tick, p: PlantParameters
) -> tuple[Operating, float]:
    """Network solution and load as it takes it [A]; voltages and currents of the cells and scalars are left in `k`."""
    emf_V, ohm = bank_tick.look(k.bank)
    source = feed(state, row, k.ahead, k.starter, p)
    x = solve_around(state, row, source, emf_V, ohm, u, gate, p)
    correct(state, x.starter_battery_current_A, k.ahead, k.starter)
    bank_tick.divide(k.bank, emf_V, x.battery_current_A)
    fill_scalars(k.measured, state, x, p)
    measure_range(k.measured, k.measured, p.sensors, 0, fitted_scalars(k.measured))
    return x, source.load_A


@borrowing
def _measure_cells(k: Tick, p: PlantParameters) -> None:
    fill_cells(k.measured, k.bank)
    measure_range(k.measured, k.measured, p.sensors, N_SCALARS, k.measured.size)


@borrowing
def _refresh(k: Tick, tick: int, p: PlantParameters) -> None:
    """Read the cells' tables where the tick's index says so; again at the same tick changes nothing."""
    if tick % k.refresh_ticks == 0:
        bank_work.refresh(k.bank, p.battery)
        bank_work.retime(k.bank, k.dt_s, p.battery)


@borrowing
def add_energies(
    ledger: NDArray[np.float64], state: PlantState, x: Operating, u: Controls, gate: Gate, circuit_W: float,
    load_A: float, dt_s: float, p: PlantParameters,
) -> None:
    """Add one tick to the ledger; `load_A` is the input, not what the solution leaves over."""
    port = x.port_current_A
    bank_A = x.battery_current_A
    first = cable.resistance_ohm(state.input_cable_degC, p.input_cable)
    second = cable.resistance_ohm(state.battery_cable_degC, p.battery_cable)
    ledger[0] += bank_A * dt_s
    ledger[1] += x.alternator_voltage_V * x.alternator_current_A * dt_s
    ledger[2] += x.starter_voltage_V * load_A * dt_s
    ledger[3] += x.starter_voltage_V * x.starter_battery_current_A * dt_s
    ledger[4] += first * port**2 * dt_s
    ledger[5] += circuit_W * dt_s
    ledger[6] += second * bank_A**2 * dt_s
    ledger[7] += (x.battery_voltage_V - second * bank_A) * bank_A * dt_s
    sensed_mV = port * fuse_ohm(p.characteristic, u.fuse_degC) * 1e3
    if u.enable > 0.5 and sensed_mV > LIMITING * u.reference_mV:
        ledger[8] += dt_s
    ledger[9] += p.alternator_lead_ohm * x.alternator_current_A**2 * dt_s
    if p.system.kind.size > 0:
        ledger[10] += x.system_voltage_V * x.system_current_A * dt_s
        ohm = gate.in_ohm if x.system_current_A > 0.0 else gate.out_ohm
        if ohm < BLOCKED_OHM:
            ledger[11] += ohm * x.system_current_A**2 * dt_s
    ledger[12] += x.battery_voltage_V * gate.supply_A * dt_s
    ledger[13] = max(ledger[13], port)
    ledger[14] = max(ledger[14], state.alternator.winding_degC)
    ledger[15] = max(ledger[15], state.alternator.rectifier_degC)


@borrowing
def _run_ticks(
    state: PlantState, tick: int, end_tick: int, fresh: bool, grid: Grid, stretch: Stretch,
    record: NDArray[np.float64], ledger: NDArray[np.float64], watch: NDArray[np.int64], k: Tick, p: PlantParameters,
) -> tuple[int, int, int]:
    """`run_ticks` compiled, with the plant's flags; writes over the arrays of `state`.

    Bank, measurements (where it is wanted) and the other numbers of the state (`put_numbers`) are left in `k`, those
    of the starter battery as `cosim.slow.ahead` says.
    """
    flags, why, last = plant_flags(state, p), ENDED, grid.rows.shape[0] - 1
    gate = port_gate(stretch.commands, state.latched, grid.tick_s, p)
    state = take_commands(state, k.ahead, stretch.commands[ENABLE], stretch.reference_mV, gate)
    fill_ends(k.ends[0], k, stretch.low, stretch.high)
    if stretch.sample_low.size > 0:
        fill_ends(k.ends[1], k, stretch.sample_low, stretch.sample_high)
    while True:
        row = grid.rows[min(tick, last)]
        u = controls_of(state, stretch.commands[ENABLE], stretch.reference_mV)
        if fresh:  # else the last stretch ended here, or the state was put in here: the tables were read for that
            _refresh(k, tick, p)
        x, load_A = _observe(state, row, u, gate, k, p)
        if tick >= end_tick:
            break
        if fresh and (tick >= stretch.deadline_tick or not _held(k, tick, stretch, p)):
            _measure_cells(k, p)
            why = WANTED
            break
        fresh = True
        now = corrected(state, k.ahead)
        if watch[0]:
            doubt = look(watch, now, k, x, grid.rows, tick, grid.tick_s, u, gate, p)
            if doubt:
                why = WANTED + doubt
                break
        fill_port_powers_W(
            k.powers_W, x.input_voltage_V, x.battery_voltage_V, x.port_current_A, x.output_current_A, u,
            p.characteristic,
        )
        if tick % grid.record_every == 0:
            fill_row(record[tick // grid.record_every], now, x, k.powers_W, row, stretch.commands, k.bank, p)
        circuit_W = 0.0
        for i in range(7):
            circuit_W += k.powers_W[i]
        add_energies(ledger, now, x, u, gate, circuit_W, load_A, grid.tick_s, p)
        if p.system.kind.size > 0:
            system.step_in_place(
                now.system, x.system_voltage_V, row[4:], stretch.commands[CHARGE_OUTPUT],
                stretch.commands[LOAD_OUTPUT], grid.tick_s, p.system,
            )
        state = advance_in_place(now, x, row, grid.ambient_degC, k, p)
        hold(x.starter_battery_current_A, x.alternator_voltage_V, k.ahead)
        tick += 1
        if plant_flags(state, p) != flags:
            end_tick = tick
    put_numbers(k.numbers, state)
    return tick, why, plant_flags(state, p)


@borrowing
def _held(k: Tick, tick: int, stretch: Stretch, p: PlantParameters) -> bool:
    """Whether the measurements of a tick are inside the bounds of the hold."""
    sampled = stretch.sample_low.size > 0 and tick % stretch.sample_ticks == 0
    if not scalars_inside(k.measured, stretch.low, stretch.high):
        return False
    if sampled and not scalars_inside(k.measured, stretch.sample_low, stretch.sample_high):
        return False
    surely = p.sensors.cells_touched[0] < 0.5 and cells_surely_inside(k, k.ends[0])
    if surely and (not sampled or cells_surely_inside(k, k.ends[1])):
        return True
    _measure_cells(k, p)
    if not cells_inside(k.measured, stretch.low, stretch.high):
        return False
    return not sampled or cells_inside(k.measured, stretch.sample_low, stretch.sample_high)


class Plant:
    """State and parameters of the plant, kept where compiled code finds them at once (`cosim.slow.kept`).

    The bank lives in its work space, with the coefficients that it read last: they stand until the next tick of their
    schedule, however often `run` is called in between. A state that is put in from outside is looked at at once.

    Parameters
    ----------
    state, p : plant state at the start and parameters
    grid, record, ledger, watch : see `run_ticks`; without `watch` nothing is looked for
    """

    def __init__(
        self, state: PlantState, p: PlantParameters, grid: Grid, record: Array, ledger: Array,
        watch: NDArray[np.int64] | None = None,
    ) -> None:
        self.measured = np.full(p.sensors.offset.size, np.nan)
        looked_for = new_watch() if watch is None else watch
        self._kept, self.flags = _placed(state, grid, record, ledger, looked_for, self.measured, p)

    @property
    def state(self) -> PlantState:
        """Plant state; a new one replaces it."""
        return _taken(self._kept)

    @state.setter
    def state(self, state: PlantState) -> None:
        self.flags = _replaced(self._kept, state)

    def use(self, p: PlantParameters) -> None:
        """Go on with other parameters."""
        _use(self._kept, p)

    def run(self, tick: int, end_tick: int, fresh: bool, stretch: Stretch) -> tuple[int, int]:
        """Call `run_ticks`; returns where it stopped and why, with `measured`."""
        tick, why, self.flags = _run_plant(self._kept, tick, end_tick, fresh, *stretch)
        return tick, why

    def look(self, tick: int, stretch: Stretch) -> tuple[Operating, Array]:
        """Network solution and measurements at a tick, as `run` would take them; nothing moves."""
        return _look_at(self._kept, tick, stretch.commands, stretch.reference_mV), self.measured


@apart
def _placed(
    state: PlantState, grid: Grid, record: NDArray[np.float64], ledger: NDArray[np.float64],
    watch: NDArray[np.int64], measured: NDArray[np.float64], p: PlantParameters,
) -> tuple[list[Kept], int]:
    k = prepare(state, grid.tick_s, p)
    put_numbers(k.numbers, state)
    return kept(Kept(own_arrays(state), k, grid, record, ledger, watch, measured, p)), plant_flags(state, p)


@apart
def _use(place: list[Kept], p: PlantParameters) -> None:
    x = place[0]
    place[0] = Kept(x.state, x.k, x.grid, x.record, x.ledger, x.watch, x.measured, p)


@apart
def _taken(place: list[Kept]) -> PlantState:
    x = place[0]
    return with_bank(standing(with_numbers(x.state, x.k.numbers), x.k.ahead), bank_work.stored(x.k.bank))


@apart
def _replaced(place: list[Kept], state: PlantState) -> int:
    """Keep another state; returns its flags."""
    x = place[0]
    place[0] = Kept(own_arrays(state), x.k, x.grid, x.record, x.ledger, x.watch, x.measured, x.p)
    put_numbers(x.k.numbers, state)
    bank_work.load(x.k.bank, state.battery)
    bank_work.refresh(x.k.bank, x.p.battery)
    bank_work.retime(x.k.bank, x.k.dt_s, x.p.battery)
    start(state, x.k.ahead)
    return plant_flags(state, x.p)


@apart
def _look_at(place: list[Kept], tick: int, commands: NDArray[np.float64], reference_mV: float) -> Operating:
    at = place[0]
    p, k, state = at.p, at.k, with_numbers(at.state, at.k.numbers)
    _refresh(k, tick, p)
    u, due = controls_of(state, commands[ENABLE], reference_mV), k.ahead[DUE]
    gate = port_gate(commands, state.latched, k.dt_s, p)
    if commanded_anew(k.ahead, commands[ENABLE], reference_mV, gate):
        state, k.ahead[DUE] = standing(state, k.ahead), 0.0
    x, _ = _observe(state, at.grid.rows[tick], u, gate, k, p)
    k.ahead[DUE] = due
    _measure_cells(k, p)
    at.measured[:] = k.measured
    return x


@apart
def _run_plant(
    place: list[Kept], tick: int, end_tick: int, fresh: bool, commands: NDArray[np.float64], reference_mV: float,
    low: NDArray[np.float64], high: NDArray[np.float64], deadline_tick: int, sample_low: NDArray[np.float64],
    sample_high: NDArray[np.float64], sample_ticks: int,
) -> tuple[int, int, int]:
    """`run_ticks` on what `Plant` keeps; also the plant's flags.

    The stretch comes field by field: numba takes a microsecond to unpack a tuple, and a day has ten thousand stretches.
    """
    x = place[0]
    stretch = Stretch(commands, reference_mV, low, high, deadline_tick, sample_low, sample_high, sample_ticks)
    state = with_numbers(x.state, x.k.numbers)
    tick, why, flags = _run_ticks(
        state, tick, end_tick, fresh, x.grid, stretch, x.record, x.ledger, x.watch, x.k, x.p
    )
    if why == WANTED:
        x.measured[:] = x.k.measured
    return tick, why, flags


def run_ticks(
    state: PlantState, tick: int, end_tick: int, fresh: bool, grid: Grid, stretch: Stretch, record: Array,
    ledger: Array, watch: NDArray[np.int64], p: PlantParameters,
) -> tuple[PlantState, int, int]:
    """Advance tick after tick.

    Parameters
    ----------
    state, tick : plant state at that tick
    end_tick : stop there at the latest
    fresh : whether the supervisor still has to be asked at `tick` itself
    grid, stretch : inputs and what is held
    record : rows of the slow record, written on its spacing
    ledger : integrals, see `LEDGER`, added to in place
    watch : what is looked for besides (`quasi_static.new_watch`), kept up in place
    p : parameters

    Returns
    -------
    state, tick, why : where it stopped (also where the plant passed a limit, see `plant_flags`), and why: `ENDED`,
        `WANTED` or beyond
    """
    plant = Plant(state, p, grid, record, ledger, watch)
    tick, why = plant.run(tick, end_tick, fresh, stretch)
    return plant.state, tick, why


def observe(
    state: PlantState, row: Array, commands: Array, reference_mV: float, p: PlantParameters
) -> tuple[Operating, Array]:
    """Network solution at a tick, and what the sensors make of it."""
    grid = Grid(np.ascontiguousarray(row)[np.newaxis], np.zeros(3), OBSERVED_TICK_S, 1)
    plant = Plant(state, p, grid, np.zeros((1, 0)), empty_ledger())
    nothing = np.empty(0)
    return plant.look(0, Stretch(commands, reference_mV, nothing, nothing, 0))
