"""Integrals, means and extremes over time; exact for straight lines between the points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.measure.transitions import crossings
from cosim.measure.waveform import MeasureError, between, checked

Array = NDArray[np.float64]


class Peak(NamedTuple):
    """An extreme value and its first instant."""

    time_s: float
    value: float


def highest(time_s: ArrayLike, value: ArrayLike) -> Peak:
    """Return the largest value and its first instant."""
    t, v = checked(time_s, value)
    k = int(np.argmax(v))
    return Peak(float(t[k]), float(v[k]))


def lowest(time_s: ArrayLike, value: ArrayLike) -> Peak:
    """Return the smallest value and its first instant."""
    t, v = checked(time_s, value)
    k = int(np.argmin(v))
    return Peak(float(t[k]), float(v[k]))


def time_above_s(time_s: ArrayLike, value: ArrayLike, level: float) -> float:
    """Total time [s] that a waveform spends above a level."""
    t, v = checked(time_s, value)
    a, b = v[:-1] - level, v[1:] - level
    passing = a * b < 0.0
    span = np.where(passing, np.abs(a - b), 1.0)
    share = np.where(passing, np.maximum(a, b) / span, ((a > 0.0) | (b > 0.0)) * 1.0)
    return float(np.sum(np.diff(t) * share))


def longest_above_s(time_s: ArrayLike, value: ArrayLike, level: float) -> float:
    """Longest single stretch [s] above a level (A7: the stud above 30 V)."""
    t, v = checked(time_s, value)
    ups, downs = crossings(t, v, level, "rising"), crossings(t, v, level, "falling")
    starts = np.concatenate(([t[0]] if v[0] > level else [], ups))
    ends = np.concatenate((downs, [t[-1]] if v[-1] > level else []))
    return float((ends - starts).max()) if starts.size else 0.0


def integral(time_s: ArrayLike, value: ArrayLike, from_s: float | None = None, until_s: float | None = None) -> float:
    """Integral over time, exact for straight lines: a current's is its charge [A s], a power's its energy [J]."""
    t, v = between(time_s, value, from_s, until_s)
    return float(np.sum(0.5 * (v[1:] + v[:-1]) * np.diff(t)))


def mean(time_s: ArrayLike, value: ArrayLike, from_s: float | None = None, until_s: float | None = None) -> float:
    """Mean over time, in the unit of the values."""
    t, v = between(time_s, value, from_s, until_s)
    return integral(t, v) / float(t[-1] - t[0])


def running_integral(time_s: ArrayLike, value: ArrayLike, at_s: ArrayLike) -> Array:
    """Integral from the waveform's start to each of some instants inside it."""
    t, v = checked(time_s, value)
    at = np.asarray(at_s, dtype=np.float64)
    area = np.concatenate(([0.0], np.cumsum(0.5 * (v[1:] + v[:-1]) * np.diff(t))))
    k = np.clip(np.searchsorted(t, at, side="right") - 1, 0, t.size - 2)
    return np.asarray(area[k] + 0.5 * (v[k] + np.interp(at, t, v)) * (at - t[k]))


def highest_mean(time_s: ArrayLike, value: ArrayLike, span_s: float) -> Peak:
    """Return the highest mean over any stretch of a length, with its start (A4: 'as the mean over any second').

    The mean over t..t + span has its largest value where a point lies at one of the stretch's ends, or where its
    values at both ends are equal, between two such starts; there the parabola's top is taken.

    Raises
    ------
    MeasureError : the waveform is shorter than the stretch
    """
    t, v = checked(time_s, value)
    if not 0.0 < span_s <= (t[-1] - t[0]) * (1.0 + 1e-12):
        raise MeasureError(f"a waveform of {t[-1] - t[0]:g} s has no stretch of {span_s:g} s")
    ends = np.concatenate((t, t - span_s))
    starts = np.unique(np.clip(ends[(ends >= t[0]) & (ends <= t[-1] - span_s)], t[0], None))
    if not starts.size:
        starts = t[:1]
    slope_start, slope_end = np.interp(starts, t, v), np.interp(np.minimum(starts + span_s, t[-1]), t, v)
    gain = slope_end - slope_start
    k = np.flatnonzero((gain[:-1] > 0.0) & (gain[1:] < 0.0))
    tops = starts[k] + gain[k] / (gain[k] - gain[k + 1]) * (starts[k + 1] - starts[k])
    starts = np.concatenate((starts, tops))
    area = running_integral(t, v, np.minimum(starts + span_s, t[-1])) - running_integral(t, v, starts)
    best = int(np.argmax(area))
    return Peak(float(starts[best]), float(area[best] / span_s))


def product_integral(time_s: ArrayLike, first: ArrayLike, second: ArrayLike) -> float:
    """Integral of `first` times `second`, exact where both are straight: volts and amperes give energy [J].

    Between two points the product is a parabola, (2 a0 b0 + a0 b1 + a1 b0 + 2 a1 b1) dt / 6.
    """
    t, a = checked(time_s, first)
    _, b = checked(time_s, second)
    straight = 2.0 * (a[:-1] * b[:-1] + a[1:] * b[1:]) + a[:-1] * b[1:] + a[1:] * b[:-1]
    return float(np.sum(straight * np.diff(t)) / 6.0)


def energy_J(time_s: ArrayLike, voltage_V: ArrayLike, current_A: ArrayLike) -> float:
    """Energy that a voltage and a current carry [J]."""
    return product_integral(time_s, voltage_V, current_A)


def i2t_A2s(time_s: ArrayLike, current_A: ArrayLike) -> float:
    """Joule integral of a current [A^2 s]: what a fuse or a bond wire sees."""
    return product_integral(time_s, current_A, current_A)


def rms(time_s: ArrayLike, value: ArrayLike) -> float:
    """Root of the mean square over time, in the unit of the values."""
    t, v = checked(time_s, value)
    return float(np.sqrt(product_integral(t, v, v) / (t[-1] - t[0])))
