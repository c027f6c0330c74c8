"""Compiled tick loop: physics tick after tick until the supervisor is wanted or the stretch ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.channels import write_row
from cosim.plant import PlantParameters, PlantState, plant_flags
from cosim.sensors import inside, measure
from cosim.slow import Operating, advance, device_powers_W, sense_V, solve_network, truth_vector
from models import battery, cable
from models.compiled import compiled

LEDGER = (
    "charge_C", "source_J", "load_J", "starter_battery_J", "input_cable_J", "circuit_J", "battery_cable_J",
    "battery_J", "limit_s",
)
"""Integrals of a run: charge into the battery; energy from the alternator (or supply), into loads, starter battery,
cables, circuit and battery terminals; time spent limiting."""


class Stretch(NamedTuple):
    """What stays constant from one supervisor call to the next.

    commands : (enable, limit [A], fuse estimate [degC], in window 0)
    reference_mV : fuse-drop reference
    low, high : bounds of the hold; deadline_tick : tick at which the supervisor must be called
    """

    commands: NDArray[np.float64]
    reference_mV: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    deadline_tick: int


class Grid(NamedTuple):
    """Time grid and sampled inputs: rows (n, 4) per tick from `first_tick`, ambients, tick, record spacing."""

    rows: NDArray[np.float64]
    ambient_degC: NDArray[np.float64]
    tick_s: float
    record_every: int


@compiled
def observe(
    state: PlantState, row: NDArray[np.float64], commands: NDArray[np.float64], reference_mV: float,
    p: PlantParameters,
) -> tuple[Operating, NDArray[np.float64]]:
    """Network solution at a tick, and what the sensors make of it."""
    x = solve_network(state, row, commands[0], reference_mV, p)
    return x, measure(truth_vector(state, x, sense_V(state, x, p), p), p.sensors)


@compiled
def add_energies(
    ledger: NDArray[np.float64], state: PlantState, x: Operating, circuit_W: float, load_A: float, limit_A: float,
    dt_s: float, p: PlantParameters,
) -> None:
    """Add one tick to the ledger."""
    port = x.port_current_A
    first = cable.resistance_ohm(state.input_cable_degC, p.input_cable)
    second = cable.resistance_ohm(state.battery_cable_degC, p.battery_cable)
    emf, ohm = battery.thevenin(state.battery, p.battery)
    ledger[0] += port * dt_s
    ledger[1] += x.starter_voltage_V * x.alternator_current_A * dt_s
    ledger[2] += x.starter_voltage_V * load_A * dt_s
    ledger[3] += x.starter_voltage_V * x.starter_battery_current_A * dt_s
    ledger[4] += first * port**2 * dt_s
    ledger[5] += circuit_W * dt_s
    ledger[6] += second * port**2 * dt_s
    ledger[7] += (emf + ohm * port) * port * dt_s
    if port > 0.98 * limit_A and limit_A > 0.0:
        ledger[8] += dt_s


@compiled
def run_ticks(
    state: PlantState, tick: int, end_tick: int, fresh: bool, grid: Grid, stretch: Stretch,
    record: NDArray[np.float64], ledger: NDArray[np.float64], p: PlantParameters,
) -> tuple[PlantState, int, bool]:
    """Advance tick after tick.

    Parameters
    ----------
    state, tick : plant state at that tick
    end_tick : stop there at the latest
    fresh : whether the supervisor still has to be asked at `tick` itself
    grid, stretch : inputs and what is held
    record : rows of the slow record, written on its spacing
    ledger : integrals, see `LEDGER`, added to in place
    p : parameters

    Returns
    -------
    state, tick, wanted : where it stopped (also where the plant passed a limit, see `plant_flags`), and whether the
        supervisor wants to be called there
    """
    while tick < end_tick:
        row = grid.rows[tick]
        x, measured = observe(state, row, stretch.commands, stretch.reference_mV, p)
        if fresh and (tick >= stretch.deadline_tick or not inside(measured, stretch.low, stretch.high)):
            return state, tick, True
        fresh = True
        powers = device_powers_W(state, x, stretch.commands[0], stretch.reference_mV, p)
        if tick % grid.record_every == 0:
            write_row(record[tick // grid.record_every], state, x, powers, row, stretch.commands, p)
        load_A = x.alternator_current_A - x.starter_battery_current_A - x.port_current_A
        add_energies(ledger, state, x, powers.sum(), load_A, stretch.commands[1], grid.tick_s, p)
        flags = plant_flags(state, p)
        state = advance(state, x, powers, row, grid.ambient_degC, grid.tick_s, p)
        tick += 1
        if plant_flags(state, p) != flags:
            break
    return state, tick, False
