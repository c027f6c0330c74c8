"""Slow engine: network solution around the terminal characteristic and one exact step per tick.

Everything here is compiled and pure. Port currents come from the circuit's terminal characteristic; the battery,
cables, alternator and loads around it are a small network with one unknown, the alternator's voltage ``V``::

    V_stb  = V - R_a I_alt(V)
    I_port = I_alt(V) - I_load - (V_stb - E_s) / R_s
    F(V)   = I_port - I_circuit(V_stb - R_c I_port - V_stud) = 0
    V_stud = E_b + R_b I_bank,    I_bank = I_port + I_system(V_stud) - I_supply

The alternator's current ``I_alt`` is its static law behind the lag of its field, exact for a law that moves along a
straight line over a tick (`models.alternator.field_lag`). The starter battery, whose polarisations are as fast as a
tick, takes its current along a straight line too: its state comes from the current held over the tick, and what the
end of the line adds is an EMF and a resistance in the next solution (`Ahead`), then a correction of the state. With
currents held there, halving the tick only halved the error; all other states are slow enough to hold theirs.

`F` falls strictly, so there is one root: Newton from the last solution finds it in two or three steps, and where a
knee throws it off, a bracket and the Illinois rule always do.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.characteristic import Controls, fuse_ohm, law_at
from cosim.slow.ahead import FACTOR, Feed, feed_of, new_ahead
from cosim.slow.commands import CHARGE_GATE, COMMANDS, DISCHARGE_GATE, ENABLE, PRECHARGE, SUPPLY
from cosim.slow.network import Network, Operating, behind, bracketed, root, stud
from cosim.slow.plant import PlantParameters, PlantState, carried_A, controls_of, fuse_current_A
from cosim.slow.sensors import N_SCALARS, NOT_FITTED
from models import (
    alternator,
    bank,
    bank_tick,
    bank_work,
    cable,
    fuse,
    heat,
    heat_tick,
    starter_battery,
    system,
    system_port,
)
from models.compiled import apart, borrowing, compiled
from models.system_port import Gate


@compiled
def solve_commanded(
    state: PlantState, row: NDArray[np.float64], commands: NDArray[np.float64], reference_mV: float, dt_s: float,
    p: PlantParameters,
) -> Operating:
    """`solve_network` with all commands (`cosim.slow.commands`), a tick of `dt_s` after the state."""
    emf_V, ohm = bank.thevenin(state.battery, p.battery)
    u = controls_of(state, commands[ENABLE], reference_mV)
    gate = port_gate(commands, state.latched, dt_s, p)
    return solve_around(state, row, feed_of(state, row, p), emf_V, ohm, u, gate, p)


@borrowing
def port_gate(commands: NDArray[np.float64], latched: float, dt_s: float, p: PlantParameters) -> Gate:
    """System+ port and own supply as commanded, for ticks of `dt_s`; the hardware latch keeps both gates off.

    A bank that is short passes whatever is commanded or latched; with one that is open nothing passes.
    """
    free = 1.0 - latched
    charge, discharge = free * commands[CHARGE_GATE], free * commands[DISCHARGE_GATE]
    if p.stuck[0] != 0.0:
        charge = p.stuck[0]
    if p.stuck[1] != 0.0:
        discharge = p.stuck[1]
    return system_port.gate_of(charge, discharge, commands[PRECHARGE], commands[SUPPLY], dt_s, p.system)


@borrowing
def solve_around(
    state: PlantState, row: NDArray[np.float64], feed: Feed, battery_emf_V: float, battery_ohm: float, u: Controls,
    gate: Gate, p: PlantParameters,
) -> Operating:
    """`solve_network` where feed, the battery's equivalent and the circuit's controls are known already."""
    capability = 0.0
    setpoint = 0.0
    if p.has_vehicle > 0.5:
        capability = alternator.capability_A(row[0], state.alternator.winding_degC, p.alternator)
        setpoint = alternator.setpoint_V(state.alternator.case_degC, p.alternator)
    stud_ohm = battery_ohm + cable.resistance_ohm(state.battery_cable_degC, p.battery_cable)
    alone_V = 0.0
    if p.system.kind.size > 0:
        system.fill_laws(state.system, row[4:], p.system)
        alone_V = system_port.isolated_V(state.system_V, gate, p.system)
    n = Network(
        capability, setpoint, feed.load_A, feed.emf_V, 1.0 / feed.ohm,
        cable.resistance_ohm(state.input_cable_degC, p.input_cable), battery_emf_V - stud_ohm * gate.supply_A,
        stud_ohm, p.alternator_lead_ohm, p.alternator.gain_A_V, p.field_lag.now, carried_A(state, p), state.system_V,
        gate, alone_V,
    )
    law = law_at(u, p.characteristic)
    found = root(feed.start_V, n, law, p.system)
    if found.bus_V - n.cable_ohm * found.port_current_A > p.characteristic.trip_V:
        law = law_at(Controls(0.0, u.reference_mV, u.fuse_degC, u.diode_degC, u.pass_degC), p.characteristic)
        found = bracketed(feed.start_V, n, law, p.system)
    port, bus = found.port_current_A, found.bus_V
    stud_V = n.battery_emf_V + n.battery_ohm * port
    system_A, system_V, output = 0.0, stud_V, port
    if law.converts and port > 0.0:
        output, stud_V, system_A, system_V = behind(port, bus - n.cable_ohm * port, n, law, p.system)
    elif p.system.kind.size > 0:
        stud_V, _, system_A, system_V = stud(port, n, p.system)
    return Operating(
        port, found.current_A, (bus - n.source_emf_V) * n.source_S, found.voltage_V, bus, bus - n.cable_ohm * port,
        stud_V, n.capability_A, n.setpoint_V, system_A, system_V, output + system_A - gate.supply_A,
        output,
    )


def solve_network(
    state: PlantState, row: NDArray[np.float64], enable: float, reference_mV: float, p: PlantParameters
) -> Operating:
    """Currents and voltages of the whole network at one moment; System+ passes both ways, the BMS draws nothing.

    Parameters
    ----------
    state : plant state
    row : inputs (rpm, vehicle speed [m/s], load [A], supply EMF [V]), see `cosim.inputs.signals.Inputs.sampled`
    enable, reference_mV : commands to the circuit
    p : parameters
    """
    commands = np.zeros(len(COMMANDS))
    commands[ENABLE], commands[CHARGE_GATE], commands[DISCHARGE_GATE] = enable, 1.0, 1.0
    return solve_commanded(state._replace(latched=0.0), row, commands, reference_mV, 1.0, p)


def with_steady_field(state: PlantState, row: NDArray[np.float64], p: PlantParameters) -> PlantState:
    """State at a run's start: the alternator as if it had always run as at these inputs, the port blocked."""
    x = solve_network(state, row, 0.0, 0.0, p._replace(field_lag=alternator.NO_LAG))
    return state._replace(
        field_A=x.alternator_current_A, law_A=x.alternator_current_A, bus_voltage_V=x.alternator_voltage_V
    )


REFRESH_S = 1.0
"""The cells' tables are read again at multiples of this time, by the tick's index, whoever calls when (ours)."""


N_NUMBERS = 18
"""Numbers of the plant's state that are not arrays, see `put_numbers`."""


class Tick(NamedTuple):
    """Constants of a fixed tick and work space, made once.

    dt_s : tick; refresh_ticks : ticks from one look at the tables to the next; bank : the cells' state and
    coefficients; box : prepared step; powers_W : (7,) as `powers_W`; measured : measurement vector; guard : (2,) how
    far a measured voltage and temperature of a cell are from the truth; ends : (2, 4) what `tick_sensors.fill_ends`
    makes of a stretch's bounds, on every tick and on sampled ones; numbers : where a stretch leaves those of the
    plant's state; starter, ahead : see `cosim.slow.ahead`
    """

    dt_s: float
    refresh_ticks: int
    bank: bank_work.Work
    box: heat_tick.BoxTick
    powers_W: NDArray[np.float64]
    measured: NDArray[np.float64]
    guard: NDArray[np.float64]
    ends: NDArray[np.float64]
    numbers: NDArray[np.float64]
    starter: starter_battery.StarterTick
    ahead: NDArray[np.float64]


@apart
def prepare(state: PlantState, dt_s: float, p: PlantParameters) -> Tick:
    """Constants and work space for a tick of `dt_s`, the bank of `state` in it."""
    batteries, cells = state.battery.soc.shape
    n_cells = batteries * cells
    w = bank_work.empty(p.battery)
    bank_work.load(w, state.battery)
    bank_work.set_cooling(w, dt_s, p.battery)
    bank_work.refresh(w, p.battery)
    bank_work.retime(w, dt_s, p.battery)
    guard = np.zeros(2)
    for j in range(N_SCALARS, N_SCALARS + 2 * n_cells):
        kind = 0 if j < N_SCALARS + n_cells else 1
        guard[kind] = max(guard[kind], p.sensors.resolution[j] + abs(p.sensors.offset[j]))
    return Tick(
        dt_s, max(1, round(REFRESH_S / dt_s)), w,
        heat_tick.prepare_box(state.box.junction_degC.shape[0], dt_s, p.box), np.empty(7),
        np.empty(N_SCALARS + 2 * n_cells), guard, np.empty((2, 4)), np.empty(N_NUMBERS),
        starter_battery.prepare_step(dt_s, p.starter), new_ahead(state),
    )


@compiled
def own_arrays(state: PlantState) -> PlantState:
    """The state with arrays of its own where `advance_in_place` writes; the bank is in the work space meanwhile."""
    return with_bank(state, state.battery)


@compiled
def with_bank(state: PlantState, cells: bank.BankState) -> PlantState:
    """The state with another bank, and box arrays of its own."""
    box = state.box
    return PlantState(
        cells, state.starter, state.alternator, state.fuse,
        heat.BoxState(box.heatsink_degC, box.terminal_degC, box.junction_degC.copy()),
        state.input_cable_degC, state.battery_cable_degC, state.bus_voltage_V, state.field_A, state.law_A,
        state.system.copy(), state.system_V, state.latched, state.switch_degC.copy(),
    )


@borrowing
def put_numbers(out: NDArray[np.float64], state: PlantState) -> None:
    """Leave what of the state is not an array in `out`.

    The tick loop counts no references to arrays (a quarter of its time went into that), so it cannot return a state.
    """
    out[0], out[1], out[2] = state.starter.soc, state.starter.v1_V, state.starter.v2_V
    out[3] = state.starter.temperature_degC
    out[4], out[5], out[6] = state.alternator.winding_degC, state.alternator.rectifier_degC, state.alternator.case_degC
    out[7], out[8] = state.fuse.temperature_degC, state.fuse.melt_fraction
    out[9], out[10] = state.box.heatsink_degC, state.box.terminal_degC
    out[11], out[12], out[13] = state.input_cable_degC, state.battery_cable_degC, state.bus_voltage_V
    out[14], out[15], out[16], out[17] = state.field_A, state.law_A, state.system_V, state.latched


@compiled
def with_numbers(state: PlantState, x: NDArray[np.float64]) -> PlantState:
    """The state with the numbers of `put_numbers`; the arrays are shared."""
    return PlantState(
        state.battery, starter_battery.StarterState(x[0], x[1], x[2], x[3]),
        alternator.AlternatorState(x[4], x[5], x[6]), fuse.FuseState(x[7], x[8]),
        heat.BoxState(x[9], x[10], state.box.junction_degC), x[11], x[12], x[13], x[14], x[15], state.system, x[16],
        x[17], state.switch_degC,
    )


@borrowing
def fill_scalars(out: NDArray[np.float64], state: PlantState, x: Operating, p: PlantParameters) -> None:
    """True values behind the first part of the measurement vector (see `cosim.slow.sensors`)."""
    out[0] = x.input_voltage_V
    out[1] = sense_V(state, x, p)
    out[2] = x.battery_voltage_V
    out[3] = state.box.heatsink_degC
    out[4] = state.box.terminal_degC
    out[5], out[6], out[7], out[8] = NOT_FITTED, NOT_FITTED, NOT_FITTED, NOT_FITTED
    if p.system.kind.size > 0:
        out[5], out[7] = x.system_current_A, x.battery_current_A
        out[6] = x.system_voltage_V - (p.system.path_ohm - p.system.bms_ohm) * x.system_current_A
        out[8] = state.latched
    out[9], out[10] = p.remote_V[0], p.remote_V[1]


@borrowing
def sense_V(state: PlantState, x: Operating, p: PlantParameters) -> float:
    """Drop over the fuse that the sense amplifier sees when settled [V]; zero on a plain link."""
    if p.characteristic.kind == 1.0:
        return 0.0
    return x.port_current_A * fuse_ohm(p.characteristic, state.fuse.temperature_degC)


@borrowing
def advance_heat(
    state: PlantState, port_current_A: float, system_current_A: float, alternator_current_A: float,
    alternator_voltage_V: float, alternator_rpm: float, ambient_degC: NDArray[np.float64], dt_s: float,
    p: PlantParameters,
) -> tuple[alternator.AlternatorState, float, float]:
    """Slow temperatures (alternator and cables) after `dt_s` at constant currents."""
    capability = alternator.capability_A(alternator_rpm, state.alternator.winding_degC, p.alternator)
    return _advance_heat(
        state, port_current_A, system_current_A, alternator_current_A, alternator_voltage_V, alternator_rpm, capability,
        ambient_degC, dt_s, p,
    )


@borrowing
def _advance_heat(
    state: PlantState, port_current_A: float, system_current_A: float, alternator_current_A: float,
    alternator_voltage_V: float, alternator_rpm: float, capability_A: float, ambient_degC: NDArray[np.float64],
    dt_s: float, p: PlantParameters,
) -> tuple[alternator.AlternatorState, float, float]:
    machine = state.alternator
    if p.has_vehicle > 0.5:
        machine = alternator.step_at(
            machine, alternator_current_A, alternator_voltage_V, alternator_rpm, capability_A, ambient_degC[0], dt_s,
            p.alternator,
        )
    first = cable.step_temperature(state.input_cable_degC, port_current_A, ambient_degC[0], dt_s, p.input_cable)
    bank_A = port_current_A + system_current_A
    second = cable.step_temperature(state.battery_cable_degC, bank_A, ambient_degC[2], dt_s, p.battery_cable)
    return machine, first, second


@borrowing
def advance_bank(k: Tick, ambient_degC: NDArray[np.float64], p: PlantParameters) -> None:
    """The bank after a tick, its currents shared out."""
    bank_tick.advance(k.bank, k.dt_s, ambient_degC[2], p.battery)


@borrowing
def _system_heat_J(
    state: PlantState, system_A: float, heatsink_degC: float, k: Tick, p: PlantParameters
) -> float:
    """Heat that System+ gives to the heatsink over a tick [J]; the ladders of its banks are written over.

    All that the path in the BMS takes from the network arrives: two banks through their ladders, shunt and busbars at
    once.
    """
    path_W = p.system.bms_ohm * system_A**2
    from_banks_J = heat_tick.step_banks_in_place(
        state.switch_degC, system_port.IN_BANK, system_port.BANK_SHARE * path_W, heatsink_degC, k.dt_s, p.box.cauer,
        k.box,
    )
    return from_banks_J + (1.0 - 2.0 * system_port.BANK_SHARE) * path_W * k.dt_s


@borrowing
def advance_in_place(
    state: PlantState, x: Operating, row: NDArray[np.float64], ambient_degC: NDArray[np.float64], k: Tick,
    p: PlantParameters,
) -> PlantState:
    """Plant state one tick later, the tick's currents and powers held; the arrays of `state` are written over.

    For callers that count no references: the arrays in the result are borrowed from `state`.

    The bank is the one in `k.bank`, its currents shared out; `k.powers_W` is that of the start of the tick, and
    `cosim.slow.ahead.feed` of this state was asked for before.
    """
    machine, first, second = _advance_heat(
        state, x.port_current_A, x.system_current_A + (x.output_current_A - x.port_current_A), x.alternator_current_A,
        x.alternator_voltage_V, row[0], x.capability_A, ambient_degC, k.dt_s, p,
    )
    starter = state.starter
    if p.has_vehicle > 0.5:
        starter = starter_battery.step_at(
            starter, x.starter_battery_current_A, k.ahead[FACTOR], k.starter, ambient_degC[0], p.starter
        )
    melting = fuse.step(
        state.fuse, fuse_current_A(x.port_current_A, p), state.box.terminal_degC, k.dt_s, p.fuse
    )
    advance_bank(k, ambient_degC, p)
    heatsink, terminal = heat_tick.step_box_in_place(
        state.box.heatsink_degC, state.box.terminal_degC, state.box.junction_degC, k.powers_W, k.powers_W[5],
        ambient_degC[1], k.box,
    )
    if p.system.kind.size > 0:
        heatsink += _system_heat_J(state, x.system_current_A, heatsink, k, p) / p.box.heatsink_J_K
    return PlantState(
        state.battery, starter, machine, melting, heat.BoxState(heatsink, terminal, state.box.junction_degC), first,
        second, x.alternator_voltage_V, x.alternator_current_A,
        (x.alternator_current_A - carried_A(state, p)) / p.field_lag.now, state.system, x.system_voltage_V,
        state.latched, state.switch_degC,
    )
