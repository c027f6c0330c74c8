"""Rate matrix of the cells' cooling, and the product that its exponential is made of (`models.bank_work.set_cooling`).

Source: heat paths as `models.bank_types.BankParameters` gives them; ours.
"""

import numpy as np
from numpy.typing import NDArray

from models.bank_types import BankParameters
from models.compiled import apart, borrowing_apart

Array = NDArray[np.float64]


@borrowing_apart
def set_product(out: Array, a: Array, b: Array, start: Array, factor: float) -> float:
    """Fill ``out`` with start + factor a b, small square matrices; returns the largest entry's size."""
    n = a.shape[0]
    largest = 0.0
    for i in range(n):
        for j in range(n):
            total = start[i, j]
            for k in range(n):
                total += factor * a[i, k] * b[k, j]
            out[i, j] = total
            largest = max(largest, abs(total))
    return largest


@apart
def cooling_1_s(cells: int, p: BankParameters) -> Array:
    """Return A [1/s] of dT/dt = A (T - ambient) + heat / C: cells in a row, each also to the air."""
    rate = np.zeros((cells, cells))
    to_air = 1.0 / (p.cell_to_ambient_K_W * p.cell.heat_capacity_J_K)
    between = 1.0 / (p.cell_to_cell_K_W * p.cell.heat_capacity_J_K)
    for c in range(cells):
        rate[c, c] -= to_air
        if c > 0:
            rate[c, c] -= between
            rate[c - 1, c - 1] -= between
            rate[c, c - 1] += between
            rate[c - 1, c] += between
    return rate
