"""The bounds of a hold as the vectors that compiled code compares with the measurement vector."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.slow.sensors import CELLS, N_PORT, N_SCALARS, SCALARS

Array = NDArray[np.float64]

_PLACES = tuple(bms.PLACES.index(name) for name in (*SCALARS, *CELLS))
_FREE = (-np.inf, np.inf)
_ENDS = 4 * len(bms.PLACES) + len(_FREE)


def bounds_of_hold(hold: bms.Hold, n_batteries: int) -> tuple[Array, Array, Array, Array]:
    """Lower and upper ends of `bounds`, then those of `between`: scalars, cell voltages, cell temperatures.

    The vectors have a place for the cells of each battery, or for each cell where a cell alone has a bound.

    Raises
    ------
    ValueError : a battery, or a cell, that does not exist
    """
    _, hold_low, hold_high, hold_between_low, hold_between_high, fitted, batteries, witnesses = hold
    each = bms.CELLS_PER_BATTERY if witnesses else 1
    # One array of all numbers, picked from at once: a call of the supervisor is too short for four of anything.
    ends = np.fromiter(hold_low + hold_high + hold_between_low + hold_between_high + _FREE, np.float64, _ENDS)
    low, high, between_low, between_high = ends[_picked(fitted, n_batteries * each)]
    if not (batteries or witnesses):
        return low, high, between_low, between_high
    if len(batteries) > n_batteries or any(w.cell >= n_batteries * bms.CELLS_PER_BATTERY for w in witnesses):
        raise ValueError(f"the hold names a battery or a cell beyond those of {n_batteries} batteries")
    for i, (low_V, high_V) in enumerate(batteries):
        cells = slice(N_SCALARS + i * each, N_SCALARS + (i + 1) * each)
        for lower in (low, between_low):
            lower[cells] = np.maximum(lower[cells], low_V)
        for upper in (high, between_high):
            upper[cells] = np.minimum(upper[cells], high_V)
    for witness in witnesses:
        j = N_SCALARS + CELLS.index(witness.name) * n_batteries * each + witness.cell
        for lower in (low, between_low):
            lower[j] = max(lower[j], witness.low)
        for upper in (high, between_high):
            upper[j] = min(upper[j], witness.high)
    return low, high, between_low, between_high


@lru_cache(maxsize=16)
def _picked(fitted: tuple[int, ...], count: int) -> NDArray[np.int64]:
    """Where the four vectors come from in the row of all ends, one after another, that ends in `_FREE`.

    Scalars, then cell voltages and cell temperatures, `count` times each; what is not fitted is free.
    """
    size = len(bms.PLACES)
    places = [*_PLACES[:N_SCALARS], *[_PLACES[-2]] * count, *[_PLACES[-1]] * count]
    missing = [j for j in range(N_PORT, N_SCALARS) if places[j] not in fitted]
    rows = np.array([[end * size + place for place in places] for end in range(4)], dtype=np.int64)
    rows[0::2, missing], rows[1::2, missing] = 4 * size, 4 * size + 1
    return rows
