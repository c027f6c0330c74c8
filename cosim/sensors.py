"""What the supervisor gets to see: range, resolution and offset of every sensor.

The supervisor never sees plant truth. Both time scales send plant values through the same function, so a
threshold is crossed at the same value in the slow loop and in a window.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import bms
from models.compiled import borrowing, compiled

Array = NDArray[np.float64]

SCALARS = ("input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "terminal_degC")
"""Scalar measurements, in the order of the measurement vector; cell voltages and cell temperatures follow."""

CELLS = ("cell_voltage_V", "cell_temperature_degC")
"""Measurements per cell, battery after battery; ``cell_voltage_V[3]`` names those of battery 3 (from 0) alone."""
KNOWN = frozenset((*SCALARS, *CELLS))
FREE = (-np.inf, np.inf)


class Sensors(NamedTuple):
    """Sensor properties, each of shape (m,) in the order of the measurement vector, in its unit."""

    resolution: Array
    offset: Array
    low: Array
    high: Array


def product_sensors(n_cells: int) -> Sensors:
    """Sensors of the product; all figures are ours (12..14 bit converters, 10 kohm NTC, cell monitor class).

    Input and battery voltage 5 mV up to 60 / 30 V; fuse sense 0.02 mV up to 250 mV (14 bit behind a gain of 50);
    NTC 0.25 K from -55 to 200 degC; cell voltage 1 mV from 0 to 5 V; cell temperature 0.25 K.
    """
    rows = [(5e-3, 0.0, -30.0, 60.0), (20e-6, 0.0, -0.05, 0.25), (5e-3, 0.0, 0.0, 30.0)]
    rows += [(0.25, 0.0, -55.0, 200.0)] * 2
    rows += [(1e-3, 0.0, 0.0, 5.0)] * n_cells + [(0.25, 0.0, -55.0, 120.0)] * n_cells
    table = np.array(rows, dtype=np.float64)
    return Sensors(*(np.ascontiguousarray(table[:, j]) for j in range(4)))


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


def as_measurements(vector: Array, n_cells: int) -> bms.Measurements:
    """Turn a measurement vector into what the supervisor's `step` takes."""
    values: list[float] = vector.tolist()
    first, last = len(SCALARS), len(SCALARS) + n_cells
    a, b, c, d, e = values[:first]
    return bms.Measurements(a, b, c, d, e, tuple(values[first:last]), tuple(values[last : last + n_cells]))


def bounds_of(bounds: Mapping[str, tuple[float, float]], n_batteries: int) -> tuple[Array, Array]:
    """Lower and upper bounds of a hold, as two vectors: scalars, then cell voltages and cell temperatures per battery.

    A bound of a battery holds for each of its cells; unnamed ones are free.

    Raises
    ------
    ValueError : a measurement, or a battery, that does not exist
    """
    n_scalars = len(SCALARS)
    both = np.empty((2, n_scalars + 2 * n_batteries))
    for j, name in enumerate(SCALARS):
        both[:, j] = bounds.get(name, FREE)
    for j, name in enumerate(CELLS):
        low, high = bounds.get(name, FREE)
        first = n_scalars + j * n_batteries
        both[0, first : first + n_batteries], both[1, first : first + n_batteries] = low, high
    for name, (low, high) in bounds.items():
        if name in KNOWN:
            continue
        kind, _, place = name.partition("[")
        if kind not in CELLS or not place.endswith("]") or not place[:-1].isdigit() or int(place[:-1]) >= n_batteries:
            raise ValueError(f"the hold names an unknown measurement {name!r}")
        j = n_scalars + CELLS.index(kind) * n_batteries + int(place[:-1])
        both[0, j], both[1, j] = max(low, both[0, j]), min(high, both[1, j])
    return both[0], both[1]


@borrowing
def inside(vector: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """Whether every measurement is inside its closed bounds (a NaN is outside); bounds as from `bounds_of`."""
    return scalars_inside(vector, low, high) and cells_inside(vector, low, high)


@borrowing
def scalars_inside(vector: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """`inside` for the scalar measurements."""
    held = True
    for j in range(5):
        held = held and low[j] <= vector[j] <= high[j]
    return bool(held)


@borrowing
def cells_inside(vector: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """`inside` for the measurements of the cells."""
    each = (vector.size - 5) // (low.size - 5)
    held = True
    for b in range(low.size - 5):
        for j in range(5 + b * each, 5 + (b + 1) * each):
            held = held and low[5 + b] <= vector[j] <= high[5 + b]
    return bool(held)
