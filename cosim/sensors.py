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

KNOWN = frozenset((*SCALARS, "cell_voltage_V", "cell_temperature_degC"))
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
    for j in range(truth.size):
        value = min(max(truth[j] + sensors.offset[j], sensors.low[j]), sensors.high[j])
        out[j] = np.round(value / sensors.resolution[j]) * sensors.resolution[j]


def as_measurements(vector: Array, n_cells: int) -> bms.Measurements:
    """Turn a measurement vector into what the supervisor's `step` takes."""
    values: list[float] = vector.tolist()
    first, last = len(SCALARS), len(SCALARS) + n_cells
    a, b, c, d, e = values[:first]
    return bms.Measurements(a, b, c, d, e, tuple(values[first:last]), tuple(values[last : last + n_cells]))


def bounds_of(bounds: Mapping[str, tuple[float, float]], n_cells: int) -> tuple[Array, Array]:
    """Lower and upper bound per measurement of a hold, as two vectors; unnamed ones are free."""
    unknown = bounds.keys() - KNOWN
    if unknown:
        raise ValueError(f"the hold names an unknown measurement {min(unknown)!r}")
    pairs = [bounds.get(name, FREE) for name in SCALARS]
    pairs += [bounds.get("cell_voltage_V", FREE)] * n_cells
    pairs += [bounds.get("cell_temperature_degC", FREE)] * n_cells
    both = np.array(pairs).T.copy()
    return both[0], both[1]


@borrowing
def inside(vector: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """Whether every measurement is inside its closed bounds (a NaN is outside)."""
    held = True
    for j in range(vector.size):
        held = held and low[j] <= vector[j] <= high[j]
    return bool(held)
