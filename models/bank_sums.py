"""Sums over the cells and batteries of a bank's work space (`models.bank_work`), and the EMF that they are made of.

Source of the equations: `models.bank` and `models.cell`; adding four at a time is ours.
"""

import numpy as np
from numpy.typing import NDArray

from models import bank_rows as r
from models.bank_rows import LANES, LINE
from models.compiled import borrowing, vectorising

Array = NDArray[np.float64]


@borrowing
def whole_lines(n: int) -> int:
    """Places of `n` cells up to the end of their last line.

    A long loop over four cells the compiler writes out cell by cell, one over a line it does in one go. What lies
    beyond the last cell is zero.
    """
    return LINE * ((n + LINE - 1) // LINE)


@borrowing
def least(values: Array) -> float:
    """Least of some values, at least one; four at a time: one after the other each waits for the one before."""
    n = values.size
    a, b, c, d = values[0], values[0], values[0], values[0]
    for i in range(0, n - 3, 4):
        a, b = min(a, values[i]), min(b, values[i + 1])
        c, d = min(c, values[i + 2]), min(d, values[i + 3])
    for i in range(n - n % 4, n):
        a = min(a, values[i])
    return float(min(min(a, b), min(c, d)))


@borrowing
def together(a: Array, b: Array) -> float:
    """Sum of the products of two rows, in four sums, which need not wait for each other."""
    n = a.size
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for i in range(0, n - 3, 4):
        first += a[i] * b[i]
        second += a[i + 1] * b[i + 1]
        third += a[i + 2] * b[i + 2]
        fourth += a[i + 3] * b[i + 3]
    for i in range(n - n % 4, n):
        first += a[i] * b[i]
    return float((first + second) + (third + fourth))


@vectorising
def fill_emf(x: Array, n: int) -> None:
    """EMF of all cells at their charge, hysteresis and polarisation."""
    for i in range(n):
        d = x[r.SOC * LANES + i] - x[r.SOC_READ * LANES + i]
        ocv_V = x[r.U0 * LANES + i] + d * (
            x[r.U1 * LANES + i] + d * (x[r.U2 * LANES + i] + d * x[r.U3 * LANES + i])
        )
        own_V = x[r.HYSTERESIS_V * LANES + i] * x[r.H * LANES + i] + x[r.V * LANES + i]
        x[r.EMF_V * LANES + i] = ocv_V + own_V - x[r.OHM * LANES + i] * x[r.BLEED_A * LANES + i]


@vectorising
def fill_shares(x: Array, all_ohm: Array, bank: Array, batteries: int, n: int) -> None:
    """Conductance of each battery with its leads, its part of all, and the resistance of the bank.

    Parameters
    ----------
    x, all_ohm, bank : as in `models.bank_work.Work`, `all_ohm` is its `ohm` [ohm]
    batteries, n : batteries and cells of the bank
    """
    for b in range(batteries):
        x[r.BATTERY_S * LANES + b] = x[r.LEADS_OHM * LANES + b] + x[r.OHM * LANES + b]
    for first in range(batteries, n, batteries):
        ohm = all_ohm[first : first + batteries]
        for b in range(batteries):
            x[r.BATTERY_S * LANES + b] += ohm[b]
    for b in range(batteries):
        x[r.BATTERY_S * LANES + b] = 1.0 / x[r.BATTERY_S * LANES + b]
    total_S = 0.0
    for b in range(batteries):
        total_S += x[r.BATTERY_S * LANES + b]
    bank[r.BANK_OHM] = 1.0 / total_S
    for b in range(batteries):
        x[r.PART * LANES + b] = x[r.BATTERY_S * LANES + b] / total_S
