"""The cells' measurements in the tick loop: all where they are wanted, else their extremes against the bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.slow.engine import Tick
from cosim.slow.sensors import N_SCALARS
from models import bank_work
from models.compiled import borrowing


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


@borrowing
def cells_surely_inside(k: Tick, low: NDArray[np.float64], high: NDArray[np.float64]) -> bool:
    """Whether all cells are so far inside their bounds that what the sensors make of them is, too.

    `bank_tick.fill_extremes` came before.
    """
    batteries = k.bank.battery_A.size
    if low.size != N_SCALARS + 2 * batteries:
        return False  # bounds of single cells: extremes say nothing
    outside = 0
    for kind in range(2):
        guard, first = k.guard[kind], N_SCALARS + kind * batteries
        least, most = k.bank.extremes[2 * kind], k.bank.extremes[2 * kind + 1]
        lower, upper = low[first : first + batteries], high[first : first + batteries]
        for b in range(batteries):
            inside = (lower[b] + guard <= least[b]) & (most[b] <= upper[b] - guard)
            outside += 0 if inside else 1
    return outside == 0
