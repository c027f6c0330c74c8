"""Quasi-static values of a switching circuit: means over whole switching periods, once it has settled.

A circuit that switches has no settled point, but a settled orbit. Its terminal values are the means over a whole number
of periods; whether it has settled is told by the difference between the two halves of that stretch. A period begins
where the clock wave rises through its threshold; the ends are interpolated, so that no part of a period is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 4
"""Periods that a mean needs: two per half (ours)."""


@dataclass(frozen=True)
class Periodic:
    """Means of waves over whole periods.

    Attributes
    ----------
    start_s, end_s, periods : the stretch [s] and how many periods it has
    frequency_Hz : periods over its length
    mean : per wave
    drift : per wave, mean of the second half less that of the first
    peak_to_peak : per wave, within a period: the mean over the periods, so that what still creeps is no ripple
    """

    start_s: float
    end_s: float
    periods: int
    frequency_Hz: float
    mean: dict[str, float]
    drift: dict[str, float]
    peak_to_peak: dict[str, float]


def rises(time_s: Array, wave: Array, threshold: float) -> Array:
    """Times at which a wave rises through a threshold [s], interpolated."""
    below = wave < threshold
    k = np.flatnonzero(below[:-1] & ~below[1:])
    share = (threshold - wave[k]) / (wave[k + 1] - wave[k])
    return np.asarray(time_s[k] + share * (time_s[k + 1] - time_s[k]))


def mean_between(time_s: Array, wave: Array, start_s: float, end_s: float) -> float:
    """Mean of a piecewise linear wave between two times."""
    inside = (time_s > start_s) & (time_s < end_s)
    ends = np.interp([start_s, end_s], time_s, wave)
    times = np.concatenate(([start_s], time_s[inside], [end_s]))
    values = np.concatenate((ends[:1], wave[inside], ends[1:]))
    return float(np.trapezoid(values, times) / (end_s - start_s))


def periodic_means(
    time_s: Array, waves: Mapping[str, Array], clock: Array, after_s: float, threshold: float = 0.5,
    names: Sequence[str] | None = None,
) -> Periodic:
    """Means over the last even number of whole periods after a time.

    Parameters
    ----------
    time_s, waves : accepted points
    clock : wave whose rises begin a period
    after_s : when it is expected to have settled [s]
    threshold : of the clock
    names : which waves; all without

    Raises
    ------
    ValueError : fewer than `FEWEST` periods after that time
    """
    edges = rises(time_s, clock, threshold)
    edges = edges[edges >= after_s]
    periods = (edges.size - 1) // 2 * 2
    if periods < FEWEST:
        found = max(edges.size - 1, 0)
        raise ValueError(f"{found} switching periods after {after_s!r} s; at least {FEWEST} are needed")
    edges = edges[-periods - 1 :]
    start_s, middle_s, end_s = (float(edges[k]) for k in (0, periods // 2, periods))
    chosen = list(names) if names is not None else list(waves)
    halves = {
        n: [mean_between(time_s, waves[n], a, b) for a, b in ((start_s, middle_s), (middle_s, end_s))] for n in chosen
    }
    share = (middle_s - start_s) / (end_s - start_s)
    return Periodic(
        start_s, end_s, periods, periods / (end_s - start_s),
        {n: share * first + (1.0 - share) * second for n, (first, second) in halves.items()},
        {n: second - first for n, (first, second) in halves.items()},
        {n: _within_periods(time_s, waves[n], edges) for n in chosen},
    )


def _within_periods(time_s: Array, wave: Array, edges: Array) -> float:
    """Mean of the peak-to-peak values within single periods."""
    starts = np.searchsorted(time_s, edges)
    spans = [float(np.ptp(wave[a : b + 1])) for a, b in pairwise(starts.tolist())]
    return float(np.mean(spans))
