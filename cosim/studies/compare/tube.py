"""Tolerance tube in time and value around a waveform, exact for straight lines between points.

A point (t, v) lies in the tube of a waveform g if some moment s with ``|s - t| <= time_s`` has
``|v - g(s)| <= absolute + relative |g(s)|``. As ``g + width(g)`` rises with g, the upper edge of the tube is that of
the highest value within ``t +- time_s``, the lower edge that of the lowest. A waveform agrees when all of it, lines
between its points included, lies in the tube of the other, and the other way round: a spike that the golden waveform
has and the result has not is seen only from the result's side.

Nothing is resampled: within a cell, a stretch without a corner of anything, both waveforms and the tube's edge are
straight or the highest of three straight lines, so the largest deviation is at an end of the cell or where two of those
lines cross. Steps (two values at one time) and grids from 10 ns to 10 ms are therefore no special cases. Cells in which
both waveforms are within the value tolerance at the same moment, mostly all of them, need no tube; most others are
inside whatever moment of the cell is looked at; only what is left is taken apart.

The method is that of tubes for simulation results (funnel, csv-compare); the formulation in cells is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.errors import InputError

Array = NDArray[np.float64]
Index = NDArray[np.intp]

RESOLUTION = 16.0 * float(np.finfo(np.float64).eps)
"""Times that differ by less than this part of the largest time are one time: a delay of just `time_s` is inside."""
MOST_AT_ONCE = 2
"""Points at one time: the value before a step and the one after it."""
AT_A_TIME = 2000
"""Cells that are taken apart at once, those first that may be worst."""


class WaveformError(InputError):
    """A waveform that cannot be compared: NaN or infinite, times that do not rise, too short, of another length."""


@dataclass(frozen=True)
class Tolerance:
    """Half-widths of a tube: `absolute` [unit of the signal], `relative` (part of the value), `time_s`."""

    absolute: float
    relative: float = 0.0
    time_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what gives no tube: InputError."""
        for name, good, allowed in (
            ("absolute", 0.0 < self.absolute < np.inf, "above 0"),
            ("relative", 0.0 <= self.relative < 1.0, "0 to below 1"),
            ("time_s", 0.0 <= self.time_s < np.inf, "at least 0"),
        ):
            if not good:
                raise InputError("tolerance", name, getattr(self, name), allowed)

    def width(self, value: Array) -> Array:
        """Half-width around each `value` of the reference, in its unit, shape (n,)."""
        return self.absolute + self.relative * np.abs(value)


class Waveform(NamedTuple):
    """Times [s], never falling, and a `value` at each, shapes (n,); `checked` makes one."""

    time_s: Array
    value: Array


class _Lines(NamedTuple):
    """A waveform with the slope of the line from each point to the next; 0 at a step."""

    time_s: Array
    value: Array
    slope: Array

    def at(self, segment: Index, at_s: Array) -> Array:
        """Value on the line that begins at each of the points `segment`."""
        return np.asarray(self.value[segment] + self.slope[segment] * (at_s - self.time_s[segment]))

    def where(self, at_s: Array) -> Index:
        """First points of the lines at some moments that are no corners."""
        return np.searchsorted(self.time_s, at_s, "right") - 1


class Worst(NamedTuple):
    """Where a waveform uses most of its tolerance.

    used : part of the value tolerance that is used there; above 1 is outside, and exact. Below 1 it is an upper bound:
    where the value tolerance alone is enough, that of time is not drawn on
    time_s, value : the point; bound : edge of the tube next to it
    outside_s : about how long the waveform is outside (stretches between points count whole where there are many)
    """

    used: float
    time_s: float
    value: float
    bound: float
    outside_s: float


def checked(time_s: object, value: object, name: str = "waveform", file: str = "") -> Waveform:
    """Return a waveform that can be compared.

    Raises
    ------
    WaveformError
        With file, name, the first bad value and what is allowed.
    """
    t, v = np.asarray(time_s, dtype=np.float64), np.asarray(value, dtype=np.float64)
    if t.ndim != 1 or v.shape != t.shape:
        raise WaveformError(file, name, f"{t.shape} times, {v.shape} values", "as many values as times")
    if t.size < 2:
        raise WaveformError(file, name, f"{t.size} points", "at least 2")
    for what, numbers in (("time", t), ("value", v)):
        if not np.isfinite(numbers).all():
            at = int(np.flatnonzero(~np.isfinite(numbers))[0])
            raise WaveformError(file, name, f"{what} {numbers[at]} at point {at}", "finite numbers")
    falls = np.flatnonzero(np.diff(t) < 0.0)
    if falls.size:
        at = int(falls[0]) + 1
        raise WaveformError(file, name, f"time {t[at]:g} s after {t[at - 1]:g} s at point {at}", "times that rise")
    thrice = np.flatnonzero(t[MOST_AT_ONCE:] == t[:-MOST_AT_ONCE])
    if thrice.size or t[0] == t[-1]:
        at = int(thrice[0]) + MOST_AT_ONCE if thrice.size else 1
        allowed = "at most 2 points at one time (a step)"
        raise WaveformError(file, name, f"time {t[at]:g} s again at point {at}", allowed)
    return Waveform(t, v)


def deviations(golden: Waveform, result: Waveform, tolerance: Tolerance) -> tuple[Worst, Worst]:
    """Compare over the stretch that both waveforms have.

    Parameters
    ----------
    golden, result : from `checked`
    tolerance : of either tube; its relative part is that of the waveform in the middle of the tube

    Returns
    -------
    result in golden's tube, golden in result's tube

    Raises
    ------
    WaveformError
        The waveforms have no stretch in common.
    """
    low_s, high_s = max(golden.time_s[0], result.time_s[0]), min(golden.time_s[-1], result.time_s[-1])
    if not low_s < high_s:
        raise WaveformError("", "time", f"{golden.time_s[0]:g} to {golden.time_s[-1]:g} s and {result.time_s[0]:g} to "
                            f"{result.time_s[-1]:g} s", "waveforms that overlap in time")
    if tolerance.relative > 0.0:
        golden, result = _with_zeros(golden), _with_zeros(result)
    edges = _edges(low_s, high_s, golden.time_s, result.time_s)
    middle_s = 0.5 * (edges[:-1] + edges[1:])
    lines = [_lined(wave) for wave in (golden, result)]
    ends = [[wave.at(segment, edges[:-1]), wave.at(segment, edges[1:])]
            for wave in lines for segment in (wave.where(middle_s),)]
    apart = [np.abs(a - b) for a, b in zip(*ends, strict=True)]
    return (
        _one_way(lines[0], lines[1], edges, ends[0], ends[1], apart, tolerance),
        _one_way(lines[1], lines[0], edges, ends[1], ends[0], apart, tolerance),
    )


def tube(reference: Waveform, tolerance: Tolerance, time_s: Array) -> tuple[Array, Array]:
    """Lower and upper edge of the tube at moments of shape (n,), each of that shape; for pictures and reports."""
    reach_s = tolerance.time_s
    bottom, top = _extremes(reference, time_s - reach_s, time_s + reach_s)
    return bottom - tolerance.width(bottom), top + tolerance.width(top)


def _lined(wave: Waveform) -> _Lines:
    rise, run_s = np.diff(wave.value), np.diff(wave.time_s)
    slope = np.divide(rise, run_s, out=np.zeros_like(rise), where=run_s > 0.0)
    return _Lines(wave.time_s, wave.value, np.append(slope, 0.0))


def _with_zeros(wave: Waveform) -> Waveform:
    """The waveform with a point wherever it crosses zero: a relative width has a corner there."""
    t, v = wave
    at = np.flatnonzero((v[:-1] * v[1:] < 0.0) & (t[1:] > t[:-1]))
    if at.size == 0:
        return wave
    cross_s = t[at] - v[at] * (t[at + 1] - t[at]) / (v[at + 1] - v[at])
    inside = (cross_s > t[at]) & (cross_s < t[at + 1])
    at, cross_s = at[inside], cross_s[inside]
    return Waveform(np.insert(t, at + 1, cross_s), np.insert(v, at + 1, 0.0))


def _edges(low_s: float, high_s: float, *times_s: Array) -> Array:
    """Ends of the cells between low_s and high_s; what is closer than the resolution of the times is one edge."""
    inside = [t[np.searchsorted(t, low_s, "right") : np.searchsorted(t, high_s, "left")] for t in times_s]
    every = np.sort(np.concatenate([[low_s], *inside, [high_s]]), kind="stable")
    apart = np.diff(every) > RESOLUTION * max(abs(low_s), abs(high_s))
    edges: Array = every[np.append(True, apart)]
    if edges.size == 1:
        return np.array([low_s, high_s])
    edges[-1] = high_s
    return edges


def _one_way(
    reference: _Lines, tested: _Lines, edges: Array, ref: list[Array], own: list[Array], apart: list[Array],
    tolerance: Tolerance,
) -> Worst:
    """Most of the tolerance that `tested` uses in the tube of `reference`.

    `ref`, `own` are both at the left and at the right ends of the cells between `edges`, `apart` their distance.
    """
    left, right = (distance / tolerance.width(value) for distance, value in zip(apart, ref, strict=True))
    used = np.maximum(left, right)
    doubtful = np.flatnonzero(used > 1.0)
    exact: list[Worst] = []
    outside_s = 0.0
    if doubtful.size:
        cells = edges[doubtful], edges[doubtful + 1]
        bounds = _bounds(reference, cells, own[0][doubtful], own[1][doubtful], tolerance)
        used[doubtful] = np.minimum(bounds, 1.0)
        rest = np.flatnonzero(bounds > 1.0)
        order = rest[np.argsort(-bounds[rest], kind="stable")]
        for begin in range(0, order.size, AT_A_TIME):
            some = order[begin : begin + AT_A_TIME]
            highest = max((worst.used for worst in exact), default=0.0)
            if highest > 1.0 and bounds[some[0]] <= highest:
                outside_s += _about_outside_s(reference, tested, edges, doubtful[order[begin:]], tolerance)
                break
            fine = _fine_cells(reference, edges, doubtful[some], tolerance)
            exact.append(_in_tube(reference, tested, fine, tolerance))
        if exact:
            used[doubtful[rest]] = -1.0
    at = int(np.argmax(used))
    from_left = left[at] >= right[at]
    here, there = (own[0][at], ref[0][at]) if from_left else (own[1][at], ref[1][at])
    bound = float(there + np.copysign(tolerance.width(there), here - there))
    calm = Worst(float(used[at]), float(edges[at] if from_left else edges[at + 1]), float(here), bound, 0.0)
    worst = max([calm, *exact], key=lambda one: one.used)
    return worst._replace(outside_s=outside_s + sum(one.outside_s for one in exact))


def _bounds(reference: _Lines, cells: tuple[Array, Array], left: Array, right: Array, tolerance: Tolerance) -> Array:
    """At most so much of the tolerance is used in each cell: what is in reach at every moment of it; else infinity."""
    reach_s = tolerance.time_s
    low_s, high_s = cells[1] - reach_s, cells[0] + reach_s
    bottom, top = _extremes(reference, low_s, high_s)
    above = _at_most(np.maximum(left, right), top, tolerance)
    below = _at_most(-np.minimum(left, right), -bottom, tolerance)
    return np.where(low_s <= high_s, np.maximum(above, below), np.inf)


def _at_most(value: Array, top: Array, tolerance: Tolerance) -> Array:
    """Most that `value` can use above a highest value of `top` or more.

    Inside the tube it uses less the higher that is. Outside, a highest value below 0 has a width that shrinks towards
    0: there the part used can be larger.
    """
    used: Array = (value - top) / tolerance.width(top)
    return np.where((used > 1.0) & (top < 0.0), np.maximum(used, value / tolerance.absolute), used)


def _about_outside_s(reference: _Lines, tested: _Lines, edges: Array, cells: Index, tolerance: Tolerance) -> float:
    """Length of the cells in the middle of which the tested waveform is outside."""
    middle_s = 0.5 * (edges[cells] + edges[cells + 1])
    order = np.argsort(middle_s)
    low, high = tube(Waveform(reference.time_s, reference.value), tolerance, middle_s[order])
    value = tested.at(tested.where(middle_s), middle_s)[order]
    return float((edges[cells + 1] - edges[cells])[order] @ ((value < low) | (value > high)))


def _extremes(wave: Waveform | _Lines, low_s: Array, high_s: Array) -> tuple[Array, Array]:
    """Lowest and highest value between two moments, those included; what is beyond the ends counts as the ends."""
    first = np.searchsorted(wave.time_s, low_s, "left")
    count = np.searchsorted(wave.time_s, high_s, "right") - first
    at_low, at_high = (np.interp(at, wave.time_s, wave.value) for at in (low_s, high_s))
    top = np.maximum(np.maximum(at_low, at_high), _highest(wave.value, first, count))
    return np.minimum(np.minimum(at_low, at_high), -_highest(-wave.value, first, count)), top


def _fine_cells(reference: _Lines, edges: Array, cells: Index, tolerance: Tolerance) -> tuple[Array, Array]:
    """Ends of the cells once more, cut at every corner of the tube."""
    cells = np.sort(cells)
    reach_s = tolerance.time_s
    corners = [edges[cells], edges[cells + 1]]
    for shift_s in (-reach_s, reach_s):
        first = np.searchsorted(reference.time_s, edges[cells] - shift_s, "right")
        count = np.searchsorted(reference.time_s, edges[cells + 1] - shift_s, "left") - first
        begins = np.repeat(first - np.append(0, np.cumsum(count)[:-1]), count)
        corners.append(reference.time_s[begins + np.arange(begins.size)] + shift_s)
    fine = _edges(float(edges[cells[0]]), float(edges[cells[-1] + 1]), *(np.sort(c, kind="stable") for c in corners))
    inside = np.searchsorted(edges, 0.5 * (fine[:-1] + fine[1:]), "right") - 1
    chosen = np.flatnonzero(cells[np.minimum(np.searchsorted(cells, inside), cells.size - 1)] == inside)
    return fine[chosen], fine[chosen + 1]


def _in_tube(reference: _Lines, tested: _Lines, cells: tuple[Array, Array], tolerance: Tolerance) -> Worst:
    """Worst point of some cells (left and right ends) that have no corner inside."""
    left_s, right_s = cells
    segment = tested.where(0.5 * (left_s + right_s))
    own = tested.at(segment, left_s), tested.at(segment, right_s)
    found, n = [], left_s.size
    outside = np.zeros(n)
    for sign in (1.0, -1.0):
        wave = _Lines(reference.time_s, sign * reference.value, sign * reference.slope)
        lines = _three_lines(wave, left_s, right_s, tolerance.time_s)
        cell, part = _moments(lines)
        top = np.max([a[cell] + part * (b[cell] - a[cell]) for a, b in lines], axis=0)
        value = sign * (own[0][cell] + part * (own[1][cell] - own[0][cell]))
        used = (value - top) / tolerance.width(top)
        outside = np.maximum(outside, _portion(used[:n] - 1.0, used[n : 2 * n] - 1.0))
        at = int(np.argmax(used))
        time_s = float(left_s[cell[at]] + part[at] * (right_s[cell[at]] - left_s[cell[at]]))
        bound = sign * float(top[at] + tolerance.width(top[at]))
        found.append(Worst(max(float(used[at]), 0.0), time_s, sign * float(value[at]), bound, 0.0))
    worst = max(found, key=lambda one: one.used)
    return worst._replace(outside_s=float(outside @ (right_s - left_s)))


def _three_lines(wave: _Lines, left_s: Array, right_s: Array, reach_s: float) -> list[tuple[Array, Array]]:
    """What the highest value within reach is the highest of, in each cell: two moving ends of the reach, a constant.

    Returns
    -------
    value at the left and at the right end of the cell: of the wave `reach` earlier, `reach` later, and of the highest
    point between the two
    """
    t, v = wave.time_s, wave.value
    middle_s = 0.5 * (left_s + right_s)
    early = wave.where(middle_s - reach_s)  # -1: before the first point
    late = np.searchsorted(t, middle_s + reach_s, "left") - 1
    beyond = middle_s + reach_s >= t[-1]
    lines = []
    for segment, moved_s, absent, instead in ((early, -reach_s, early < 0, v[0]), (late, reach_s, beyond, v[-1])):
        inside = np.clip(segment, 0, t.size - 2)
        at_left, at_right = (
            np.where(absent, instead, wave.at(inside, at_s + moved_s)) for at_s in (left_s, right_s)
        )
        lines.append((at_left, at_right))
    highest = _highest(v, early + 1, np.where(beyond, t.size - 1, late) - early)
    highest = np.where(np.isfinite(highest), highest, v.min())  # no point between the two: never the highest
    return [*lines, (highest, highest)]


def _moments(lines: list[tuple[Array, Array]]) -> tuple[Index, Array]:
    """Moments that can be extreme: cell, and part of the way through it; its ends, and where two lines cross."""
    n = lines[0][0].size
    cells, parts = [np.arange(n), np.arange(n)], [np.zeros(n), np.ones(n)]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        at_left, at_right = lines[i][0] - lines[j][0], lines[i][1] - lines[j][1]
        cross = np.flatnonzero(at_left * at_right < 0.0)
        cells.append(cross)
        parts.append(at_left[cross] / (at_left[cross] - at_right[cross]))
    return np.concatenate(cells), np.concatenate(parts)


def _portion(left: Array, right: Array) -> Array:
    """Part of each cell that is outside, by the excess at its two ends (what peaks inside a cell is left out)."""
    top, bottom = np.maximum(left, right), np.minimum(left, right)
    one = (top > 0.0) & (bottom <= 0.0)
    return np.where(one, top / np.where(one, top - bottom, 1.0), (bottom > 0.0).astype(np.float64))


def _highest(value: Array, first: Index, count: Index) -> Array:
    """Highest of `count` values from `first` on, for many ranges at once; -inf for an empty range.

    Two overlapping runs of a power of two cover a range; the table of the highest of each run is built level by level
    in place, so that a million points need no table of twenty times their size.
    """
    out = np.full(first.shape, -np.inf)
    level = np.where(count > 0, np.frexp(np.maximum(count, 1).astype(np.float64))[1] - 1, -1)
    table = value
    for power in range(int(level.max(initial=-1)) + 1):
        if power:
            table = np.maximum(table[: -(1 << (power - 1))], table[1 << (power - 1) :])
        here = np.flatnonzero(level == power)
        if here.size:
            start, last = first[here], first[here] + count[here] - (1 << power)
            out[here] = np.maximum(table[start], table[last])
    return out
