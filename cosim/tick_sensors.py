"""The cells' measurements in the tick loop: all where they are wanted, else their extremes against the bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.sensors import N_SCALARS
from cosim.slow import Tick
from models import bank_work
from models.compiled import borrowing, vectorising


@borrowing
def fill_cells(out: NDArray[np.float64], w: bank_work.Work) -> None:
    """True voltages and temperatures of all cells, battery after battery; `bank_tick.divide` came before."""
    batteries, cells = w.battery_A.size, w.keep.shape[0]
    count = w.soc.size
    for b in range(batteries):
        for c in range(cells):
            i, j = c * batteries + b, b * cells + c
            out[N_SCALARS + j] = w.emf_V[i] + w.ohm[i] * w.battery_A[b]
            out[N_SCALARS + count + j] = w.degC[i]


@vectorising
def _fill_extremes(low: NDArray[np.float64], high: NDArray[np.float64], start: NDArray[np.float64],
                   slope: NDArray[np.float64], x: NDArray[np.float64], factor: float) -> None:
    batteries = low.size
    for b in range(batteries):
        low[b] = start[b] + factor * slope[b] * x[b]
        high[b] = low[b]
    for c in range(1, start.size // batteries):
        for b in range(batteries):
            value = start[c * batteries + b] + factor * slope[c * batteries + b] * x[b]
            low[b] = min(low[b], value)
            high[b] = max(high[b], value)


@borrowing
def fill_extremes(k: Tick) -> None:
    """Lowest and highest cell voltage and temperature of each battery; `bank_tick.divide` came before."""
    w, out = k.bank, k.extremes
    _fill_extremes(out[0], out[1], w.emf_V, w.ohm, w.battery_A, 1.0)
    _fill_extremes(out[2], out[3], w.degC, w.ohm, w.battery_A, 0.0)


@borrowing
def cells_surely_inside(k: Tick, low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """Whether all cells are so far inside their bounds that what the sensors make of them is, too (never a NaN)."""
    batteries, out = k.bank.battery_A.size, k.extremes
    held = True
    for kind in range(2):
        guard = k.guard[kind]
        for b in range(batteries):
            j = N_SCALARS + kind * batteries + b
            held = held and low[j] + guard <= out[2 * kind, b] and out[2 * kind + 1, b] <= high[j] - guard
    return bool(held)
