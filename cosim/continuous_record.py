"""All accepted points of a continuous run, and what of them is kept for the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.decimate import min_max
from cosim.exchange import ORDER

Array = NDArray[np.float64]

KEPT_WAVES = ("port_current_A", "alternator_current_A", "starter_voltage_V", "input_voltage_V", "battery_voltage_V",
              "sense_mV", "power_q2a_W")
"""Waves whose lowest and highest points are kept when a long record is thinned out."""
_FIRST_ROWS = 4096


class PointRecord:
    """Growing table of accepted points: run time [s] and the exchanged values."""

    def __init__(self) -> None:
        self._rows = np.empty((_FIRST_ROWS, 1 + len(ORDER)))
        self._n = 0

    def add(self, time_s: float, values: Array) -> None:
        """Append one point."""
        if self._n == self._rows.shape[0]:
            self._rows = np.concatenate((self._rows, np.empty_like(self._rows)))
        self._rows[self._n, 0] = time_s
        self._rows[self._n, 1:] = values
        self._n += 1

    @property
    def n_points(self) -> int:
        """Number of points that stand."""
        return self._n

    def drop_after(self, time_s: float, first: int) -> None:
        """Forget points later than `time_s` (not before row `first`): they will be computed again."""
        times = self._rows[first : self._n, 0]
        self._n = first + int(np.searchsorted(times, time_s + 1e-9, "right"))

    def part(self, first: int, end: int | None = None) -> tuple[Array, dict[str, Array]]:
        """Times and waves of the rows from `first` to before `end`."""
        stop = self._n if end is None else end
        rows = self._rows[first:stop]
        return rows[:, 0], {name: rows[:, 1 + j] for j, name in enumerate(ORDER)}


def decimated(time_s: Array, waves: dict[str, Array], most: int) -> NDArray[np.intp]:
    """Indices of the points to keep: all, or the extremes of `KEPT_WAVES` in bins of equally many points.

    Bins of points, not of time: SPICE puts its points where something happens, and there the picture needs them.

    Parameters
    ----------
    time_s, waves : all points
    most : about as many points may be kept
    """
    n = time_s.size
    if n <= most:
        return np.arange(n, dtype=np.intp)
    place = np.arange(n, dtype=np.float64)
    bins = max(1, most // (2 * len(KEPT_WAVES)))
    kept = [min_max(place, waves[name], bins)[0] for name in KEPT_WAVES]
    return np.unique(np.concatenate(kept)).astype(np.intp)
