"""Slow engine: network solution around the terminal characteristic and one exact step per tick.

Everything here is compiled and pure. Port currents come from the circuit's terminal characteristic; the battery,
cables, alternator and loads around it are a small network with one unknown, the alternator's voltage ``V``::

    V_stb  = V - R_a I_alt(V)
    I_port = I_alt(V) - I_load - (V_stb - E_s) / R_s
    F(V)   = I_port - I_circuit(V_stb - R_c I_port - R_b I_port - E_b) = 0

`F` falls strictly, so a bracket and the Illinois rule always find the one root.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.characteristic import fuse_ohm, port_current_A, powers_W
from cosim.plant import PlantParameters, PlantState, controls_of, fuse_current_A, source_thevenin
from models import alternator, battery, cable, fuse, heat, starter_battery
from models.compiled import compiled


class Operating(NamedTuple):
    """Solution of the network at one moment; currents in ampere, voltages in volt."""

    port_current_A: float
    alternator_current_A: float
    starter_battery_current_A: float
    alternator_voltage_V: float
    starter_voltage_V: float
    input_voltage_V: float
    battery_voltage_V: float
    capability_A: float
    setpoint_V: float


class _Network(NamedTuple):
    """Fixed figures of one network solution."""

    capability_A: float
    setpoint_V: float
    load_A: float
    source_emf_V: float
    source_ohm: float
    cable_ohm: float
    battery_emf_V: float
    battery_ohm: float


@compiled
def _port_side(voltage_V: float, n: _Network, p: PlantParameters) -> tuple[float, float, float]:
    """Alternator current, bus voltage and port current that the source side asks for at `voltage_V`."""
    current = alternator.regulated_current_A(voltage_V, n.capability_A, n.setpoint_V, p.alternator)
    bus = voltage_V - p.alternator_lead_ohm * current
    return current, bus, current - n.load_A - (bus - n.source_emf_V) / n.source_ohm


@compiled
def solve_network(
    state: PlantState, row: NDArray[np.float64], enable: float, reference_mV: float, p: PlantParameters
) -> Operating:
    """Currents and voltages of the whole network at one moment.

    Parameters
    ----------
    state : plant state
    row : inputs (rpm, vehicle speed [m/s], load [A], supply EMF [V]), see `cosim.inputs.Inputs.sampled`
    enable, reference_mV : commands to the circuit
    p : parameters
    """
    battery_emf, battery_ohm = battery.thevenin(state.battery, p.battery)
    source_emf, source_ohm = source_thevenin(state, row[3], p)
    capability = 0.0
    setpoint = 0.0
    if p.has_vehicle > 0.5:
        capability = alternator.capability_A(row[0], state.alternator.winding_degC, p.alternator)
        setpoint = alternator.setpoint_V(state.alternator.case_degC, p.alternator)
    n = _Network(
        capability, setpoint, _bounded_load(row[2], source_emf, source_ohm), source_emf, source_ohm,
        cable.resistance_ohm(state.input_cable_degC, p.input_cable), battery_emf,
        battery_ohm + cable.resistance_ohm(state.battery_cable_degC, p.battery_cable),
    )
    voltage = _root(state, enable, reference_mV, n, p)
    current, bus, port = _port_side(voltage, n, p)
    return Operating(
        port, current, (bus - n.source_emf_V) / n.source_ohm, voltage, bus, bus - n.cable_ohm * port,
        n.battery_emf_V + n.battery_ohm * port, n.capability_A, n.setpoint_V,
    )


@compiled
def _bounded_load(load_A: float, source_emf_V: float, source_ohm: float) -> float:
    """A load never pulls the bus below 1 V, as `load` in `netlists/plant.cir`."""
    return min(load_A, max((source_emf_V - 1.0) / source_ohm, 0.0))


@compiled
def _residual(
    voltage_V: float, state: PlantState, enable: float, reference_mV: float, n: _Network, p: PlantParameters
) -> float:
    _, bus, port = _port_side(voltage_V, n, p)
    drop = bus - (n.cable_ohm + n.battery_ohm) * port - n.battery_emf_V
    return port - port_current_A(drop, controls_of(state, enable, reference_mV), p.characteristic)


@compiled
def _root(state: PlantState, enable: float, reference_mV: float, n: _Network, p: PlantParameters) -> float:
    """Root of the falling residual by bracketing and the Illinois rule; volt, to about 1e-10 V."""
    low = state.bus_voltage_V - 0.02
    high = state.bus_voltage_V + 0.02
    f_low = _residual(low, state, enable, reference_mV, n, p)
    f_high = _residual(high, state, enable, reference_mV, n, p)
    width = 0.04
    while f_low < 0.0 and width < 1e3:
        high, f_high = low, f_low
        low -= width
        width *= 2.0
        f_low = _residual(low, state, enable, reference_mV, n, p)
    while f_high > 0.0 and width < 1e3:
        low, f_low = high, f_high
        high += width
        width *= 2.0
        f_high = _residual(high, state, enable, reference_mV, n, p)
    side = 0
    middle = 0.5 * (low + high)
    for _ in range(100):
        if f_low != f_high:
            middle = (low * f_high - high * f_low) / (f_high - f_low)
        f_middle = _residual(middle, state, enable, reference_mV, n, p)
        if f_middle > 0.0:
            low, f_low = middle, f_middle
            if side == 1:
                f_high *= 0.5
            side = 1
        else:
            high, f_high = middle, f_middle
            if side == -1:
                f_low *= 0.5
            side = -1
        if high - low < 1e-11 or abs(f_middle) < 1e-9:
            break
    return middle


@compiled
def truth_vector(state: PlantState, x: Operating, sense_V: float, p: PlantParameters) -> NDArray[np.float64]:
    """True values behind the measurement vector (see `cosim.sensors`)."""
    cells = battery.cell_voltages_V(state.battery, x.port_current_A, p.battery)
    count = cells.size
    out = np.empty(5 + 2 * count)
    out[0] = x.input_voltage_V
    out[1] = sense_V
    out[2] = x.battery_voltage_V
    out[3] = state.box.heatsink_degC
    out[4] = state.box.terminal_degC
    out[5 : 5 + count] = cells
    out[5 + count :] = state.battery.temperature_degC
    return out


@compiled
def sense_V(state: PlantState, x: Operating, p: PlantParameters) -> float:
    """Drop over the fuse that the sense amplifier sees when settled [V]; zero on a plain link."""
    if p.characteristic.kind == 1.0:
        return 0.0
    return x.port_current_A * fuse_ohm(p.characteristic, state.fuse.temperature_degC)


@compiled
def device_powers_W(
    state: PlantState, x: Operating, enable: float, reference_mV: float, p: PlantParameters
) -> NDArray[np.float64]:
    """Power in q1, q2a..q2d, fuse, other; shape (7,) [W]."""
    u = controls_of(state, enable, reference_mV)
    return powers_W(x.input_voltage_V - x.battery_voltage_V, x.port_current_A, u, p.characteristic)


@compiled
def advance_heat(
    state: PlantState, port_current_A: float, alternator_current_A: float, alternator_voltage_V: float,
    alternator_rpm: float, ambient_degC: NDArray[np.float64], dt_s: float, p: PlantParameters,
) -> tuple[alternator.AlternatorState, float, float]:
    """Slow temperatures (alternator and cables) after `dt_s` at constant currents."""
    machine = state.alternator
    if p.has_vehicle > 0.5:
        machine = alternator.step(
            machine, alternator_current_A, alternator_voltage_V, alternator_rpm, ambient_degC[0], dt_s, p.alternator
        )
    first = cable.step_temperature(state.input_cable_degC, port_current_A, ambient_degC[0], dt_s, p.input_cable)
    second = cable.step_temperature(state.battery_cable_degC, port_current_A, ambient_degC[2], dt_s, p.battery_cable)
    return machine, first, second


@compiled
def advance(
    state: PlantState, x: Operating, powers: NDArray[np.float64], row: NDArray[np.float64],
    ambient_degC: NDArray[np.float64], dt_s: float, p: PlantParameters,
) -> PlantState:
    """Plant state one tick later, the tick's currents and powers held."""
    machine, first, second = advance_heat(
        state, x.port_current_A, x.alternator_current_A, x.alternator_voltage_V, row[0], ambient_degC, dt_s, p
    )
    starter = state.starter
    if p.has_vehicle > 0.5:
        starter = starter_battery.step(
            starter, x.starter_battery_current_A, dt_s, ambient_degC[0], p.starter
        )
    return PlantState(
        battery.step(state.battery, x.port_current_A, dt_s, ambient_degC[2], p.battery),
        starter,
        machine,
        fuse.step(state.fuse, fuse_current_A(x.port_current_A, p), state.box.terminal_degC, dt_s, p.fuse),
        heat.step_box(state.box, powers[:5], powers[5], ambient_degC[1], dt_s, p.box),
        first,
        second,
        x.alternator_voltage_V,
    )
