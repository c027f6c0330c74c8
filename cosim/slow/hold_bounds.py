"""The bounds of a hold as the vectors that compiled code compares with the measurement vector."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.slow.sensors import CELLS, N_PORT, N_SCALARS, SCALARS

Array = NDArray[np.float64]

_PLACES = tuple(bms.PLACES.index(name) for name in SCALARS)
_OPTIONAL = range(N_PORT, N_SCALARS)
_scalars = itemgetter(*_PLACES)
_cells = itemgetter(*(bms.PLACES.index(name) for name in CELLS))


def bounds_of_hold(hold: bms.Hold, n_batteries: int) -> tuple[Array, Array, Array, Array]:
    """Lower and upper ends of `bounds`, then those of `between`: scalars, cell voltages, cell temperatures.

    The vectors have a place for the cells of each battery, or for each cell where a cell alone has a bound.

    Raises
    ------
    ValueError : a battery, or a cell, that does not exist
    """
    if len(hold.batteries) > n_batteries or any(w.cell >= n_batteries * bms.CELLS_PER_BATTERY for w in hold.witnesses):
        raise ValueError(f"the hold names a battery or a cell beyond those of {n_batteries} batteries")
    each = bms.CELLS_PER_BATTERY if hold.witnesses else 1
    missing = [j for j in _OPTIONAL if _PLACES[j] not in hold.fitted]
    ends = (hold.low, hold.high, hold.between_low, hold.between_high)
    free = (-np.inf, np.inf, -np.inf, np.inf)
    low, high, between_low, between_high = (
        _vector(end, missing, nothing, n_batteries * each) for end, nothing in zip(ends, free, strict=True)
    )
    for i, (low_V, high_V) in enumerate(hold.batteries):
        cells = slice(N_SCALARS + i * each, N_SCALARS + (i + 1) * each)
        for lower in (low, between_low):
            lower[cells] = np.maximum(lower[cells], low_V)
        for upper in (high, between_high):
            upper[cells] = np.minimum(upper[cells], high_V)
    for witness in hold.witnesses:
        j = N_SCALARS + CELLS.index(witness.name) * n_batteries * each + witness.cell
        for lower in (low, between_low):
            lower[j] = max(lower[j], witness.low)
        for upper in (high, between_high):
            upper[j] = min(upper[j], witness.high)
    return low, high, between_low, between_high


def _vector(ends: Sequence[float], missing: Sequence[int], free: float, count: int) -> Array:
    """One end: scalars, then cell voltages and cell temperatures, `count` times each."""
    vector = np.empty(N_SCALARS + 2 * count)
    vector[:N_SCALARS] = _scalars(ends)
    for j in missing:
        vector[j] = free
    vector[N_SCALARS : N_SCALARS + count], vector[N_SCALARS + count :] = _cells(ends)
    return vector
