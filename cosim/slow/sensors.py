"""What the supervisor gets to see: range, resolution and offset of every sensor.

The supervisor never sees plant truth. Both time scales send plant values through the same function, so a
threshold is crossed at the same value in the slow loop and in a window. Faults of a scenario act here: an offset is
added before the converter, an override takes the place of what it says (`cosim.inputs.timeline`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import bms
from models.compiled import borrowing, borrowing_apart, compiled

Array = NDArray[np.float64]

PORT_SCALARS = ("input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "terminal_degC")
OPTIONAL_SCALARS = (
    "system_current_A", "system_voltage_V", "battery_current_A", "hardware_latch", "remote_L_V", "remote_H_V",
)
"""Fitted where something stands at System+ (the first four) and where the scenario has a remote (the others). Without
System+ the bank's current is what the alternator port gives. The fuse tells it: 100 A at most, never above what the
smallest bank may be charged with; of a buck, which gives more, the supervisor estimates it by its power (A11)."""
SCALARS = PORT_SCALARS + OPTIONAL_SCALARS
"""Scalar measurements, in the order of the measurement vector; cell voltages and cell temperatures follow."""
N_PORT, N_SCALARS = len(PORT_SCALARS), len(SCALARS)
NOT_FITTED = -np.inf
"""In the measurement vector: a sensor that is not there. It lies inside free bounds, and a NaN is a broken one."""
NO_OVERRIDE = np.inf

CELLS = ("cell_voltage_V", "cell_temperature_degC")
"""Measurements per cell, battery after battery; ``cell_voltage_V[3]`` names those of battery 3 (from 0) alone."""


class Sensors(NamedTuple):
    """Sensor properties, each of shape (m,) in the order of the measurement vector, in its unit.

    `override` takes the place of the reading where it is not `NO_OVERRIDE`; `cells_touched` (1,) is 1 while a fault
    acts on a cell's sensor, whose true extremes then say nothing.
    """

    resolution: Array
    offset: Array
    low: Array
    high: Array
    override: Array
    cells_touched: Array


def product_sensors(n_cells: int, at_system: bool = False, has_remote: bool = False) -> Sensors:
    """Sensors of the product; all figures are ours (12..14 bit converters, 10 kohm NTC, cell monitor class).

    Input and battery voltage 5 mV up to 60 / 30 V; fuse sense 0.02 mV up to 250 mV (14 bit behind a gain of 50);
    NTC 0.25 K from -55 to 200 degC; cell voltage 1 mV from 0 to 5 V; cell temperature 0.25 K. System+: current 0.1 A up
    to 1000 A (14 bit over a shunt of 0.1 mohm), voltage as the input's; current of the bank 0.1 A up to 25 kA (the
    batteries' own shunts, summed over the daisy chain), the latch's level 0 or 1. Remote terminals 10 mV up to 40 V.
    """
    rows = [(5e-3, 0.0, -30.0, 60.0), (20e-6, 0.0, -0.05, 0.25), (5e-3, 0.0, 0.0, 30.0)]
    rows += [(0.25, 0.0, -55.0, 200.0)] * 2
    absent = (1.0, 0.0, -np.inf, np.inf)
    at_port = [(0.1, 0.0, -1e3, 1e3), (5e-3, 0.0, -30.0, 60.0), (0.1, 0.0, -25e3, 25e3), (1.0, 0.0, 0.0, 1.0)]
    rows += at_port if at_system else [absent] * 4
    rows += [(0.01, 0.0, -5.0, 40.0) if has_remote else absent] * 2
    rows += [(1e-3, 0.0, 0.0, 5.0)] * n_cells + [(0.25, 0.0, -55.0, 120.0)] * n_cells
    table = np.array(rows, dtype=np.float64)
    resolution, offset, low, high = (np.ascontiguousarray(table[:, j]) for j in range(4))
    return Sensors(resolution, offset, low, high, np.full(len(rows), NO_OVERRIDE), np.zeros(1))


@compiled
def measure(truth: NDArray[np.float64], sensors: Sensors) -> NDArray[np.float64]:
    """Measured values of a vector of true values: offset, range, rounding to the resolution."""
    out = np.empty_like(truth)
    measure_into(out, truth, sensors)
    return out


@borrowing
def measure_into(out: NDArray[np.float64], truth: NDArray[np.float64], sensors: Sensors) -> None:
    """Fill `out` (which may be `truth` itself) with the measured values."""
    measure_range(out, truth, sensors, 0, truth.size)


@borrowing
def measure_range(
    out: NDArray[np.float64], truth: NDArray[np.float64], sensors: Sensors, first: int, end: int
) -> None:
    """`measure_into` for the values from `first` to before `end`."""
    for j in range(first, end):
        value = min(max(truth[j] + sensors.offset[j], sensors.low[j]), sensors.high[j])
        out[j] = np.round(value / sensors.resolution[j]) * sensors.resolution[j]
        if sensors.override[j] != NO_OVERRIDE:
            out[j] = sensors.override[j]


def as_measurements(vector: Array, n_cells: int) -> bms.Measurements:
    """Turn a measurement vector into what the supervisor's `step` takes."""
    values: list[float] = vector.tolist()
    first, last = N_SCALARS, N_SCALARS + n_cells
    a, b, c, d, e = values[:5]
    read_V, read_degC = values[first:last], values[last : last + n_cells]
    if n_cells <= FEW_CELLS:
        volts, degC = tuple(read_V), tuple(read_degC)
    else:
        low_V, high_V, low_degC, high_degC = _extremes(vector, n_cells)
        volts, degC = bms.cells(read_V, low_V, high_V), bms.cells(read_degC, low_degC, high_degC)
    if values[5:first] == _NONE_FITTED:
        return bms.Measurements(a, b, c, d, e, volts, degC)
    current, at_port, bank, latch, low, high = (None if v == NOT_FITTED else v for v in values[5:first])
    latched = None if latch is None else latch > 0.5
    return bms.Measurements(a, b, c, d, e, volts, degC, current, at_port, bank, low, high, latched)


FEW_CELLS = 16
"""Up to so many the supervisor finds the smallest and the largest as quickly as it is told them (measured)."""


@borrowing_apart
def _extremes(vector: NDArray[np.float64], n_cells: int) -> tuple[float, float, float, float]:
    """Smallest and largest cell voltage, smallest and largest cell temperature; NaN where one is not finite."""
    low_V, high_V = _range(vector, N_SCALARS, N_SCALARS + n_cells)
    low_degC, high_degC = _range(vector, N_SCALARS + n_cells, N_SCALARS + 2 * n_cells)
    return low_V, high_V, low_degC, high_degC


@borrowing
def _range(vector: NDArray[np.float64], first: int, end: int) -> tuple[float, float]:
    low = high = vector[first]
    total = 0.0
    for j in range(first, end):
        value = vector[j]
        total += value - value  # of anything that is not finite: NaN
        low = value if value < low else low
        high = value if value > high else high
    return (low, high) if total == 0.0 else (np.nan, np.nan)


_NONE_FITTED = [NOT_FITTED] * len(OPTIONAL_SCALARS)


def place_of(name: str, cell: int = 0, n_cells: int = 0) -> int:
    """Place of a measurement in the vector; of a cell's, numbered through the bank from 0."""
    if name in CELLS:
        return N_SCALARS + CELLS.index(name) * n_cells + cell
    return SCALARS.index(name)


def free_bounds(n_batteries: int = 1) -> Array:
    """Upper bounds that nothing can leave, ordered as `cosim.slow.hold_bounds`; their negatives are the lower ones."""
    return np.full(N_SCALARS + 2 * n_batteries, np.inf)


@borrowing
def fitted_scalars(vector: NDArray[np.float64]) -> int:
    """How many scalars of a measurement vector, true or measured, are to be looked at: mostly none of the optional."""
    if vector[N_PORT] == NOT_FITTED and vector[N_SCALARS - 1] == NOT_FITTED:
        return N_PORT
    return N_SCALARS


@borrowing
def inside(vector: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """Whether every measurement is inside its closed bounds (a NaN is outside), those of `cosim.slow.hold_bounds`."""
    return scalars_inside(vector, low, high) and cells_inside(vector, low, high)


@borrowing
def scalars_inside(vector: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """`inside` for the scalar measurements."""
    held = True
    for j in range(fitted_scalars(vector)):
        held = held and low[j] <= vector[j] <= high[j]
    return bool(held)


@borrowing
def cells_inside(vector: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """`inside` for the measurements of the cells."""
    each = (vector.size - N_SCALARS) // (low.size - N_SCALARS)
    held = True
    for b in range(N_SCALARS, low.size):
        first = N_SCALARS + (b - N_SCALARS) * each
        for j in range(first, first + each):
            held = held and low[b] <= vector[j] <= high[b]
    return bool(held)
