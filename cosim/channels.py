"""Channels of the slow record: order, unit and meaning, and how a row comes from state and solution."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from cosim.deck import DEVICES
from cosim.plant import PlantParameters, PlantState
from cosim.slow import Operating
from models import battery
from models.compiled import borrowing, compiled

Array = NDArray[np.float64]

SCALAR_CHANNELS: tuple[tuple[str, str, str], ...] = (
    ("alternator_current_A", "A", "alternator output current"),
    ("vehicle_load_A", "A", "current of the vehicle's consumers, starter motor included"),
    ("starter_battery_current_A", "A", "starter battery current, positive charges it"),
    ("port_current_A", "A", "current through the BMS alternator port, positive charges the LFP battery"),
    ("battery_current_A", "A", "LFP battery current, positive charges"),
    ("current_limit_A", "A", "current limit commanded by the supervisor"),
    ("starter_voltage_V", "V", "voltage of the vehicle's bus at the starter battery"),
    ("input_voltage_V", "V", "voltage at the BMS input stud"),
    ("battery_voltage_V", "V", "voltage at the BMS battery stud"),
    ("alternator_rpm", "1/min", "alternator speed"),
    ("vehicle_speed_m_s", "m/s", "vehicle speed"),
    ("soc", "1", "state of charge of the LFP battery (mean of its cells)"),
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
)
"""Name, unit, long name."""

VECTOR_CHANNELS: tuple[tuple[str, str, str, str], ...] = (
    ("cell_voltage_V", "V", "cell voltage", "cell"),
    ("cell_temperature_degC", "degC", "cell temperature", "cell"),
    ("junction_degC", "degC", "junction temperature", "device"),
    ("device_power_W", "W", "power of a device bank", "device"),
)
"""Name, unit, long name, second dimension."""


LIMITER_CHANNELS = (
    "current_limit_A", "alternator_enabled", "fuse_temperature_degC", "fuse_temperature_estimate_degC", "heatsink_degC",
    "terminal_degC", "junction_degC", "device_power_W",
)
"""Channels that mean nothing where a plain link stands in the limiter's place; a result then leaves them out."""


def row_size(n_cells: int) -> int:
    """Length of one record row."""
    return len(SCALAR_CHANNELS) + 2 * n_cells + 2 * len(DEVICES)


@compiled
def write_row(
    out: NDArray[np.float64], state: PlantState, x: Operating, powers: NDArray[np.float64],
    row: NDArray[np.float64], commands: NDArray[np.float64], p: PlantParameters,
) -> None:
    """Fill one record row; `commands` is (enable, limit [A], fuse estimate [degC], in window)."""
    now = battery.empty_now(state.battery.soc.size)
    battery.look(state.battery, p.battery, now)
    fill_row(out, state, x, powers, row, commands, now)


@borrowing
def fill_row(
    out: NDArray[np.float64], state: PlantState, x: Operating, powers: NDArray[np.float64],
    row: NDArray[np.float64], commands: NDArray[np.float64], now: battery.CellsNow,
) -> None:
    """`write_row` where the cells' present equivalent is known already."""
    out[0] = x.alternator_current_A
    out[1] = row[2]
    out[2] = x.starter_battery_current_A
    out[3] = x.port_current_A
    out[4] = x.port_current_A
    out[5] = commands[1]
    out[6] = x.starter_voltage_V
    out[7] = x.input_voltage_V
    out[8] = x.battery_voltage_V
    out[9] = row[0]
    out[10] = row[1]
    n = now.ohm.size
    soc = 0.0
    for i in range(n):
        soc += state.battery.soc[i]
        out[23 + i] = now.emf_V[i] + now.ohm[i] * x.port_current_A
        out[23 + n + i] = state.battery.temperature_degC[i]
    out[11] = soc / n
    out[12] = state.starter.soc
    out[13] = state.fuse.temperature_degC
    out[14] = commands[2]
    out[15] = state.box.heatsink_degC
    out[16] = state.box.terminal_degC
    out[17] = state.alternator.winding_degC
    out[18] = state.alternator.rectifier_degC
    out[19] = state.alternator.case_degC
    out[20] = state.input_cable_degC
    out[21] = commands[0]
    out[22] = commands[3]
    first = 23 + 2 * n
    for i in range(5):
        out[first + i] = state.box.junction_degC[i, 0]
        out[first + 5 + i] = powers[i]


def as_dataset(time_s: Array, record: Array, n_cells: int, has_vehicle: bool) -> xr.Dataset:
    """Turn the record into a labelled dataset; what a supply has no part in is left out."""
    absent = {"alternator_current_A", "alternator_rpm", "vehicle_speed_m_s", "starter_soc", "winding_degC",
              "rectifier_degC", "case_degC"}
    data: dict[str, tuple[tuple[str, ...], Array, dict[str, str]]] = {}
    for j, (name, unit, text) in enumerate(SCALAR_CHANNELS):
        if has_vehicle or name not in absent:
            data[name] = (("time_s",), record[:, j].copy(), {"units": unit, "long_name": text})
    first = len(SCALAR_CHANNELS)
    for name, unit, text, dimension in VECTOR_CHANNELS:
        width = n_cells if dimension == "cell" else len(DEVICES)
        block = record[:, first : first + width].copy()
        data[name] = (("time_s", dimension), block, {"units": unit, "long_name": text})
        first += width
    dataset = xr.Dataset(data, coords={
        "time_s": ("time_s", time_s, {"units": "s", "long_name": "time since the start"}),
        "cell": ("cell", np.arange(1, n_cells + 1), {"long_name": "cell number"}),
        "device": ("device", np.array(DEVICES), {"long_name": "power device bank"}),
    })
    return dataset
