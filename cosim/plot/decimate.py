"""Thin out waveforms for a picture without losing a spike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def min_max(
    time_s: Array, values: Array, n_bins: int, low_s: float = -np.inf, high_s: float = np.inf
) -> tuple[Array, Array]:
    """Keep the lowest and the highest point of each of `n_bins` equal stretches of time.

    A line through what is left covers the same pixels as a line through all points, if a bin is no wider
    than a pixel. Points are kept, never averaged, and stay in the order of time.

    Parameters
    ----------
    time_s : increasing times [s]; steps may differ
    values : one value per time; NaN is a gap, one NaN per bin stays
    n_bins : stretches, at least 1, else ValueError raises
    low_s, high_s : part of the time axis that is drawn; its neighbours outside are kept, so that lines leave
        the picture where they should

    Returns
    -------
    times and values that are left
    """
    if n_bins < 1:
        raise ValueError(f"n_bins {n_bins}: must be at least 1")
    first = max(int(np.searchsorted(time_s, low_s, "left")) - 1, 0)
    last = min(int(np.searchsorted(time_s, high_s, "right")) + 1, time_s.size)
    time_s, values = time_s[first:last], values[first:last]
    if time_s.size <= 4 * n_bins:
        return time_s, values
    edges = np.linspace(time_s[0], time_s[-1], n_bins + 1)[:-1]
    starts = np.unique(np.searchsorted(time_s, edges, "left"))
    group = np.repeat(np.arange(starts.size), np.diff(np.append(starts, time_s.size)))
    # Sorted by bin first and by value within it, the extremes of a bin are its first and last element.
    order = np.lexsort((values, group))
    ends = np.append(starts[1:], time_s.size)
    finite = np.isfinite(values)
    n_finite = np.add.reduceat(finite.astype(np.intp), starts)
    highest = starts + np.maximum(n_finite, 1) - 1  # NaN sorts last
    chosen = [order[starts], order[highest], order[ends - 1], [0, time_s.size - 1]]
    keep = np.unique(np.concatenate(chosen))
    return time_s[keep], values[keep]
