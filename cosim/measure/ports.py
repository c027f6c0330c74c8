"""What a port does: ripple, source resistance, leakage and what it draws when nothing happens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from cosim.measure.integrals import mean
from cosim.measure.waveform import MeasureError, between, checked


class Line(NamedTuple):
    """Straight line through measured points.

    slope : in the unit of y per unit of x; offset : value at x = 0; residual : the worst distance of a point from it;
    both in the unit of y
    """

    slope: float
    offset: float
    residual: float


def straight_line(x: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None) -> Line:
    """Line of least squares through points (source resistance: volts over amperes; leakage: amperes over time).

    Parameters
    ----------
    x, y : points, shape (n,), each in a unit of its own
    weight : of each point, relative to the others; None: all alike

    Raises
    ------
    MeasureError : fewer than two different x
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    w = np.ones_like(a) if weight is None else np.asarray(weight, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or a.size < 2 or not np.ptp(a) > 0.0:
        raise MeasureError("a line needs at least two points that differ in x")
    centre = float(np.average(a, weights=w))
    slope = float(np.sum(w * (a - centre) * b) / np.sum(w * (a - centre) ** 2))
    offset = float(np.average(b, weights=w)) - slope * centre
    return Line(slope, offset, float(np.abs(b - offset - slope * a).max()))


def source_resistance_ohm(voltage_V: ArrayLike, current_A: ArrayLike) -> float:
    """Resistance of a source [ohm] from its voltage at several currents that it gives: minus the slope."""
    return -straight_line(current_A, voltage_V).slope


def ripple(time_s: ArrayLike, value: ArrayLike, from_s: float | None = None, until_s: float | None = None) -> float:
    """Return the peak-to-peak distance from the straight line through the waveform, in its unit; a drift is none."""
    t, v = between(time_s, value, from_s, until_s)
    line = straight_line(t, v, weight=np.gradient(t))
    rest = v - line.offset - line.slope * t
    return float(rest.max() - rest.min())


def steady(time_s: ArrayLike, value: ArrayLike, tolerance: float, share: float = 0.2) -> float:
    """Settled value: the mean over the last part of a waveform (leakage, quiescent current), refused while it drifts.

    Parameters
    ----------
    time_s, value : waveform
    tolerance : largest difference of the means of the last part's two halves, in the waveform's unit
    share : length of the last part, as a share of the waveform's

    Raises
    ------
    MeasureError : the two halves differ by more than the tolerance
    """
    t, _ = checked(time_s, value)
    span = share * float(t[-1] - t[0])
    middle, first = float(t[-1]) - 0.5 * span, float(t[-1]) - span
    early, late = mean(time_s, value, first, middle), mean(time_s, value, middle)
    if abs(late - early) > tolerance:
        raise MeasureError(f"not steady: {early:g}, then {late:g} (allowed difference {tolerance:g})")
    return 0.5 * (early + late)
