"""The cells' measurements in the tick loop: all where they are wanted, else true values against the bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.slow.engine import Tick
from cosim.slow.sensors import N_SCALARS
from models import bank_tick, bank_work
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
def fill_ends(out: NDArray[np.float64], k: Tick, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
    """Ends within which a true voltage and temperature [V, degC] of any cell is measured inside its bounds.

    `out` (4,): low and high of the voltage, of the temperature. The narrowest over all batteries, for a stretch; where
    bounds of single cells, or none, are given the same holds.
    """
    each = (low.size - N_SCALARS) // 2
    for kind in range(2):
        first = N_SCALARS + kind * each
        least, most = -np.inf, np.inf
        for j in range(first, first + each):
            least, most = max(least, low[j]), min(most, high[j])
        out[2 * kind], out[2 * kind + 1] = least + k.guard[kind], most - k.guard[kind]


@borrowing
def cells_surely_inside(k: Tick, ends: NDArray[np.float64]) -> bool:
    """Whether all cells are so far inside their bounds (`fill_ends`) that what the sensors make of them is, too.

    `bank_tick.divide` came before. Where it is not so, each cell's own bounds have to be looked at.
    """
    return bank_tick.cells_outside(k.bank, ends[0], ends[1], ends[2], ends[3]) == 0
