"""All accepted points of a continuous run, and what of them is kept for the picture."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cosim.plot.decimate import min_max

Array = NDArray[np.float64]

KEPT_WAVES = ("port_current_A", "alternator_current_A", "starter_voltage_V", "input_voltage_V", "battery_voltage_V",
              "sense_mV", "power_q2a_W", "shunt_current_A", "system_voltage_V", "pulse_current_A", "ground_V")
"""Waves whose lowest and highest points are kept when a long record is thinned out, those of them that it has."""
_FIRST_ROWS = 4096


class PointRecord:
    """Growing table of accepted points: run time [s] and the exchanged values.

    Parameters
    ----------
    names : of everything that some stretch of the run records; NaN where a stretch has it not
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._rows = np.empty((_FIRST_ROWS, 1 + len(self._names)))
        self._n = 0
        self._places: NDArray[np.intp] | slice = slice(1, None)

    def begin(self, names: Iterable[str]) -> None:
        """What the values of the points that follow are."""
        places = np.array([1 + self._names.index(name) for name in names], dtype=np.intp)
        whole = np.arange(1, 1 + len(self._names), dtype=np.intp)
        self._places = slice(1, None) if np.array_equal(places, whole) else places

    def add(self, time_s: float, values: Array) -> None:
        """Append one point."""
        if self._n == self._rows.shape[0]:
            self._rows = np.concatenate((self._rows, np.empty_like(self._rows)))
        row = self._rows[self._n]
        if not isinstance(self._places, slice):
            row[:] = np.nan
        row[0] = time_s
        row[self._places] = values
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
        return rows[:, 0], {name: rows[:, 1 + j] for j, name in enumerate(self._names)}


def decimated(
    time_s: Array, waves: dict[str, Array], most: int, names: Iterable[str] = KEPT_WAVES
) -> NDArray[np.intp]:
    """Indices of the points to keep: all, or the extremes of some waves in bins of equally many points.

    Bins of points, not of time: SPICE puts its points where something happens, and there the picture needs them.

    Parameters
    ----------
    time_s, waves : all points
    most : about as many points may be kept
    names : of the waves whose extremes are kept; those that are not there do not count
    """
    n = time_s.size
    if n <= most:
        return np.arange(n, dtype=np.intp)
    place = np.arange(n, dtype=np.float64)
    watched = [waves[name] for name in names if name in waves]
    bins = max(1, most // (2 * len(watched)))
    kept = [min_max(place, np.nan_to_num(wave), bins)[0] for wave in watched]
    return np.unique(np.concatenate(kept)).astype(np.intp)
