"""Channels of the slow record: order, unit and meaning, and how a row comes from state and solution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from cosim.circuit.deck import DEVICES
from cosim.slow.commands import CHARGE_OUTPUT, COMMANDS, ENABLE, ESTIMATE, IN_WINDOW, LIMIT
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState
from models import bank_tick, bank_work, system
from models.compiled import apart, borrowing, vectorising

Array = NDArray[np.float64]

SCALAR_CHANNELS: tuple[tuple[str, str, str], ...] = (
    ("alternator_current_A", "A", "alternator output current"),
    ("vehicle_load_A", "A", "current of the vehicle's consumers, starter motor included"),
    ("starter_battery_current_A", "A", "starter battery current, positive charges it"),
    ("port_current_A", "A", "current through the BMS alternator port, positive charges the LFP battery"),
    ("battery_current_A", "A", "current of the LFP bank, positive charges"),
    ("current_limit_A", "A", "current limit commanded by the supervisor"),
    ("starter_voltage_V", "V", "voltage of the vehicle's bus at the starter battery"),
    ("input_voltage_V", "V", "voltage at the BMS input stud"),
    ("battery_voltage_V", "V", "voltage at the BMS battery stud"),
    ("alternator_rpm", "1/min", "alternator speed"),
    ("vehicle_speed_m_s", "m/s", "vehicle speed"),
    ("soc", "1", "state of charge of the LFP bank (mean of its cells)"),
    ("starter_soc", "1", "state of charge of the starter battery"),
    ("fuse_temperature_degC", "degC", "fuse element temperature (plant)"),
    ("fuse_temperature_estimate_degC", "degC", "fuse temperature as the supervisor estimates it"),
    ("heatsink_degC", "degC", "heatsink temperature"),
    ("terminal_degC", "degC", "temperature of the fuse terminal"),
    ("winding_degC", "degC", "alternator winding temperature"),
    ("rectifier_degC", "degC", "alternator rectifier temperature"),
    ("case_degC", "degC", "alternator case temperature"),
    ("cable_degC", "degC", "input cable conductor temperature"),
    ("alternator_enabled", "1", "alternator port enabled by the supervisor"),
    ("in_window", "1", "1 while a SPICE window runs"),
    ("charge_output", "1", "charge disconnect output: 1 high (chargers may work), 0 floating"),
    ("load_output", "1", "load disconnect output: 1 high (loads may work), 0 floating"),
    ("pre_alarm", "1", "pre-alarm output: 1 high, 0 floating"),
    ("charge_gate", "1", "System+ lets current in"),
    ("discharge_gate", "1", "System+ lets current out"),
    ("precharge", "1", "pre-charge of System+ on"),
    ("remote_on", "1", "remote as the supervisor accepted it"),
    ("leds", "1", "lights, one bit each: 1 active, 2 bluetooth, 4 over-temperature, 8 charge disconnect enabled, "
                  "16 load disconnect enabled, 32 alternator charging"),
    ("supply_current_A", "A", "current that the BMS itself draws from the battery stud"),
    ("lift_allowed", "1", "the circuit may lift its limit during a load dump"),
)
"""Name, unit, long name."""

N_CHANNELS = len(SCALAR_CHANNELS)
OUTPUTS = N_CHANNELS - (len(COMMANDS) - CHARGE_OUTPUT)
"""First of the channels that are the rest of the command vector."""

BATTERY_CHANNELS: tuple[tuple[str, str, str], ...] = (
    ("each_current_A", "A", "current of each battery, positive charges"),
    ("each_soc", "1", "state of charge of each battery (mean of its cells)"),
    ("each_cell_low_V", "V", "lowest cell voltage of each battery"),
    ("each_cell_high_V", "V", "highest cell voltage of each battery"),
    ("each_hottest_degC", "degC", "hottest cell of each battery"),
)
"""Name, unit, long name; only where there are several batteries."""

ALL_CELLS = 4
"""Up to so many batteries every cell is recorded, else only each battery's extremes (ours: 32 columns at most)."""

VECTOR_CHANNELS: tuple[tuple[str, str, str, str], ...] = (
    ("cell_voltage_V", "V", "cell voltage", "cell"),
    ("cell_temperature_degC", "degC", "cell temperature", "cell"),
    ("junction_degC", "degC", "junction temperature", "device"),
    ("device_power_W", "W", "power of a device bank", "device"),
)
"""Name, unit, long name, second dimension."""


SYSTEM_CHANNELS: tuple[tuple[str, str, str], ...] = (
    ("system_current_A", "A", "current from System+ into the bank, positive charges"),
    ("system_voltage_V", "V", "voltage at the devices at System+"),
    ("system_device_current_A", "A", "current of each device at System+, positive charges"),
    ("system_device_power_W", "W", "power of each device at System+, positive charges"),
    ("system_discharge_junction_degC", "degC", "junction of the System+ bank that lets current out"),
    ("system_charge_junction_degC", "degC", "junction of the System+ bank that lets current in"),
)
"""Name, unit, long name; only where there are devices; those of `each device` have one column per device."""
PER_DEVICE = ("system_device_current_A", "system_device_power_W")

LIMITER_CHANNELS = (
    "current_limit_A", "alternator_enabled", "fuse_temperature_degC", "fuse_temperature_estimate_degC", "heatsink_degC",
    "terminal_degC", "junction_degC", "device_power_W", "lift_allowed",
)
"""Channels that mean nothing where a plain link stands in the limiter's place; a result then leaves them out."""


def widths(n_batteries: int, cells_each: int) -> tuple[int, int]:
    """Columns of the batteries' channels (all together) and of one channel of all cells."""
    return (
        len(BATTERY_CHANNELS) * n_batteries if n_batteries > 1 else 0,
        n_batteries * cells_each if n_batteries <= ALL_CELLS else 0,
    )


def row_size(cells_each: int, n_batteries: int = 1, n_devices: int = 0) -> int:
    """Length of one record row; `n_devices` at System+."""
    batteries, cells = widths(n_batteries, cells_each)
    at_system = 4 + 2 * n_devices if n_devices else 0
    return len(SCALAR_CHANNELS) + batteries + 2 * cells + 2 * len(DEVICES) + at_system


def widened(record: Array, cells_each: int, n_batteries: int, before: int, after: int) -> Array:
    """A record with columns for more devices at System+, which have carried nothing so far."""
    first = row_size(cells_each, n_batteries)
    wide = np.full((record.shape[0], row_size(cells_each, n_batteries, after)), np.nan)
    wide[:, :first] = record[:, :first]
    written = ~np.isnan(record[:, 0])
    wide[written, first + 2 : first + 2 + 2 * after] = 0.0
    if not before:
        wide[written, first] = 0.0
        return wide
    old = record[:, first:]
    wide[:, first : first + 2 + before] = old[:, : 2 + before]
    wide[:, first + 2 + after : first + 2 + after + before] = old[:, 2 + before : 2 + 2 * before]
    wide[:, -2:] = old[:, -2:]
    return wide


@apart
def write_row(
    out: NDArray[np.float64], state: PlantState, x: Operating, powers: NDArray[np.float64],
    row: NDArray[np.float64], commands: NDArray[np.float64], p: PlantParameters,
) -> None:
    """Fill one record row; `commands` as `cosim.slow.commands.COMMANDS`."""
    w = bank_work.empty(p.battery)
    bank_work.load(w, state.battery)
    bank_work.refresh(w, p.battery)
    emf_V, _ = bank_tick.look(w)
    bank_tick.divide(w, emf_V, x.battery_current_A)
    fill_row(out, state, x, powers, row, commands, w, p)


@borrowing
def fill_row(
    out: NDArray[np.float64], state: PlantState, x: Operating, powers: NDArray[np.float64],
    row: NDArray[np.float64], commands: NDArray[np.float64], w: bank_work.Work, p: PlantParameters,
) -> None:
    """`write_row` where the bank is in work space, its current shared out."""
    out[0] = x.alternator_current_A
    out[1] = row[2]
    out[2] = x.starter_battery_current_A
    out[3] = x.port_current_A
    out[4] = x.battery_current_A
    out[5] = commands[LIMIT]
    out[6] = x.starter_voltage_V
    out[7] = x.input_voltage_V
    out[8] = x.battery_voltage_V
    out[9] = row[0]
    out[10] = row[1]
    out[12] = state.starter.soc
    out[13] = state.fuse.temperature_degC
    out[14] = commands[ESTIMATE]
    out[15] = state.box.heatsink_degC
    out[16] = state.box.terminal_degC
    out[17] = state.alternator.winding_degC
    out[18] = state.alternator.rectifier_degC
    out[19] = state.alternator.case_degC
    out[20] = state.input_cable_degC
    out[21] = commands[ENABLE]
    out[22] = commands[IN_WINDOW]
    for i in range(CHARGE_OUTPUT, len(COMMANDS)):
        out[OUTPUTS + i - CHARGE_OUTPUT] = commands[i]
    first = _fill_bank(out, w)
    for i in range(5):
        out[first + i] = state.box.junction_degC[i, 0]
        out[first + 5 + i] = powers[i]
    if p.system.kind.size > 0:
        _fill_system(out[first + 10 :], state, x, row, p)


@borrowing
def _fill_system(
    out: NDArray[np.float64], state: PlantState, x: Operating, row: NDArray[np.float64], p: PlantParameters
) -> None:
    """Current and voltage at System+; current and power of each device, at that voltage; junctions of the banks."""
    n = p.system.kind.size
    system.fill_laws(state.system, row[4:], p.system)
    out[0], out[1] = x.system_current_A, x.system_voltage_V
    for i in range(n):
        current_A, _ = system.device_current_and_slope(i, x.system_voltage_V, p.system)
        out[2 + i], out[2 + n + i] = current_A, current_A * x.system_voltage_V
    out[2 + 2 * n], out[3 + 2 * n] = state.switch_degC[0, 0], state.switch_degC[1, 0]


@borrowing
def _fill_bank(out: NDArray[np.float64], w: bank_work.Work) -> int:
    """Fill what comes from the cells; returns the place after it."""
    batteries, cells = w.battery_A.size, w.keep.shape[0]
    first, total = N_CHANNELS, 0.0
    if batteries > 1:
        _fill_batteries(out[first : first + 5 * batteries], w, batteries, cells)
        for b in range(batteries):
            total += out[first + batteries + b]
        first += 5 * batteries
    else:
        for c in range(cells):
            total += w.soc[c] / cells
    out[11] = total / batteries
    if batteries > ALL_CELLS:
        return first
    for b in range(batteries):
        for c in range(cells):
            i, place = c * batteries + b, first + b * cells + c
            out[place], out[place + w.soc.size] = w.emf_V[i] + w.ohm[i] * w.battery_A[b], w.degC[i]
    return first + 2 * w.soc.size


@vectorising
def _fill_batteries(out: NDArray[np.float64], w: bank_work.Work, batteries: int, cells: int) -> None:
    """Fill `BATTERY_CHANNELS`: loops of one result each, which the compiler does for several batteries at a time."""
    current_A, soc, low_V = out[:batteries], out[batteries : 2 * batteries], out[2 * batteries : 3 * batteries]
    high_V, hot_degC = out[3 * batteries : 4 * batteries], out[4 * batteries :]
    for b in range(batteries):
        current_A[b], soc[b], low_V[b], high_V[b], hot_degC[b] = w.battery_A[b], 0.0, np.inf, -np.inf, -np.inf
    for first in range(0, cells * batteries, batteries):
        own = slice(first, first + batteries)
        own_soc, emf_V, ohm, degC = w.soc[own], w.emf_V[own], w.ohm[own], w.degC[own]
        for b in range(batteries):
            soc[b] += own_soc[b] / cells
        for b in range(batteries):
            low_V[b] = min(low_V[b], emf_V[b] + ohm[b] * w.battery_A[b])
        for b in range(batteries):
            high_V[b] = max(high_V[b], emf_V[b] + ohm[b] * w.battery_A[b])
        for b in range(batteries):
            hot_degC[b] = max(hot_degC[b], degC[b])


def as_dataset(
    time_s: Array, record: Array, n_batteries: int, cells_each: int, has_vehicle: bool, at_system: Sequence[str] = ()
) -> xr.Dataset:
    """Turn the record into a labelled dataset; what a supply has no part in is left out.

    Cells are numbered through, battery after battery; `at_system` are the names of the devices at System+. Nothing is
    copied: the channels are columns of `record`, which is 200 MB for fifty batteries over a day.
    """
    absent = {"alternator_current_A", "alternator_rpm", "vehicle_speed_m_s", "starter_soc", "winding_degC",
              "rectifier_degC", "case_degC"}
    data: dict[str, tuple[tuple[str, ...], Array, dict[str, str]]] = {}
    for j, (name, unit, text) in enumerate(SCALAR_CHANNELS):
        if has_vehicle or name not in absent:
            data[name] = (("time_s",), record[:, j], {"units": unit, "long_name": text})
    first = len(SCALAR_CHANNELS)
    batteries, cells = widths(n_batteries, cells_each)
    blocks = [(*channel, "battery", n_batteries) for channel in BATTERY_CHANNELS] if batteries else []
    blocks += [(*channel, cells if channel[3] == "cell" else len(DEVICES)) for channel in VECTOR_CHANNELS]
    for name, unit, text, dimension, width in blocks:
        if width:
            block = record[:, first : first + width]
            data[name] = (("time_s", dimension), block, {"units": unit, "long_name": text})
        first += width
    data |= _at_system(record[:, first:], len(at_system)) if at_system else {}
    coords = {
        "time_s": ("time_s", time_s, {"units": "s", "long_name": "time since the start"}),
        "device": ("device", np.array(DEVICES), {"long_name": "power device bank"}),
    }
    if cells:
        coords["cell"] = ("cell", np.arange(1, cells + 1), {"long_name": "cell number"})
    if batteries:
        coords["battery"] = ("battery", np.arange(1, n_batteries + 1), {"long_name": "battery number"})
    if at_system:
        coords["system_device"] = ("system_device", np.array(at_system), {"long_name": "device at System+"})
    return xr.Dataset(data, coords=coords)


def _at_system(columns: Array, n: int) -> dict[str, tuple[tuple[str, ...], Array, dict[str, str]]]:
    """Channels of what stands at System+, from the last columns of the record."""
    found: dict[str, tuple[tuple[str, ...], Array, dict[str, str]]] = {}
    first = 0
    for name, unit, text in SYSTEM_CHANNELS:
        about = {"units": unit, "long_name": text}
        if name in PER_DEVICE:
            found[name] = (("time_s", "system_device"), columns[:, first : first + n], about)
            first += n
        else:
            found[name] = (("time_s",), columns[:, first], about)
            first += 1
    return found
