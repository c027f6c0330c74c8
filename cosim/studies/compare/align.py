"""Find by how much a recording is late: cross-correlation of all its signals at once, then refined.

A measured waveform begins when somebody pressed a button. One shift is found for all signals together; each counts with
its own swing, so that a current of 90 A does not drown a voltage of 0.3 V.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.signal import correlate, correlation_lags

from cosim.errors import InputError
from cosim.studies.compare.recording import Recording
from cosim.studies.compare.tube import Waveform

Array = NDArray[np.float64]

SAMPLES = 8192
"""Points of the common grid over the longer of the two records."""
LEAST_OVERLAP = 0.2
"""Shifts that leave less of the shorter record in common are not looked at: ends agree by chance."""
CLEAR = 0.8
"""Correlation from which a shift counts as found (ours)."""


class Alignment(NamedTuple):
    """Shift to add to the result's time [s], correlation there (1: same shape), whether that is clear."""

    shift_s: float
    correlation: float
    clear: bool


def align(golden: Recording, result: Recording) -> Alignment:
    """Find the shift of the result's time at which all common signals agree best.

    Raises
    ------
    InputError
        No signal in common, signals with times of their own (several windows), or nothing moves.
    """
    names = [name for name in golden.signals if name in result.signals]
    if not names:
        raise InputError(result.origin, "--align", "no signal in common", "signals of the same names")
    groups = sorted({name.rpartition("/")[0] for name in names})
    if len(groups) > 1:
        raise InputError(golden.origin, "--align", ", ".join(groups), "signals of one record; see the mapping")
    pairs = [(golden.signals[name].wave, result.signals[name].wave) for name in names]
    pairs = [pair for pair in pairs if min(np.ptp(pair[0].value), np.ptp(pair[1].value)) > 0.0]
    if not pairs:
        raise InputError(result.origin, "--align", "no common signal moves", "a waveform with something to align")
    coarse_s, step_s = _coarse(pairs)
    found = minimize_scalar(lambda shift: _misfit(pairs, shift), method="bounded", options={"xatol": 1e-6 * step_s},
                            bounds=(coarse_s - 2.0 * step_s, coarse_s + 2.0 * step_s))
    shift_s = min((coarse_s, float(found.x)), key=lambda shift: _misfit(pairs, shift))
    correlation = float(np.mean([_correlation(*pair, shift_s) for pair in pairs]))
    return Alignment(shift_s, correlation, correlation >= CLEAR)


def _coarse(pairs: list[tuple[Waveform, Waveform]]) -> tuple[float, float]:
    """Best shift on a grid and the grid's step: largest mean of the normalised correlations."""
    longest_s = max(wave.time_s[-1] - wave.time_s[0] for pair in pairs for wave in pair)
    step_s = float(longest_s) / (SAMPLES - 1)
    begin = float(pairs[0][0].time_s[0]), float(pairs[0][1].time_s[0])
    total: Array | None = None
    for own, other in pairs:
        a, b = (np.interp(np.arange(wave.time_s[0], wave.time_s[-1], step_s), *wave) for wave in (own, other))
        score = _normalised(a, b)
        total = score if total is None else total + score
    assert total is not None
    lags = correlation_lags(a.size, b.size, mode="full")
    best = int(np.argmax(total))
    return begin[0] - begin[1] + float(lags[best]) * step_s, step_s


def _normalised(a: Array, b: Array) -> Array:
    """Correlation coefficient of what overlaps, for every lag; -1 where too little does."""
    ones_a, ones_b = np.ones_like(a), np.ones_like(b)
    n = np.maximum(np.round(correlate(ones_a, ones_b, method="fft")), 1.0)
    a, b = a - a.mean(), b - b.mean()

    def over(x: Array, y: Array) -> Array:
        return np.asarray(correlate(x, y, method="fft"))

    mean_a, mean_b = over(a, ones_b) / n, over(ones_a, b) / n
    spread_a = np.maximum(over(a * a, ones_b) / n - mean_a**2, 0.0)
    spread_b = np.maximum(over(ones_a, b * b) / n - mean_b**2, 0.0)
    floor = 1e-6 * np.sqrt(a.var() * b.var())
    score = (over(a, b) / n - mean_a * mean_b) / np.maximum(np.sqrt(spread_a * spread_b), max(floor, 1e-300))
    return np.where(n >= LEAST_OVERLAP * min(a.size, b.size), np.clip(score, -1.0, 1.0), -1.0)


def _common(own: Waveform, other: Waveform, shift_s: float) -> tuple[Array, Array]:
    """Both waveforms at the points of either, where both are."""
    t = np.sort(np.concatenate([own.time_s, other.time_s + shift_s]))
    low_s, high_s = max(own.time_s[0], other.time_s[0] + shift_s), min(own.time_s[-1], other.time_s[-1] + shift_s)
    grid = np.linspace(low_s, high_s, 4 * SAMPLES) if t.size > 4 * SAMPLES else t[(t >= low_s) & (t <= high_s)]
    return np.interp(grid, *own), np.interp(grid, other.time_s + shift_s, other.value)


def _misfit(pairs: list[tuple[Waveform, Waveform]], shift_s: float) -> float:
    """Mean square of the differences, each signal in parts of its own swing, offsets left out."""
    total = 0.0
    for own, other in pairs:
        a, b = _common(own, other, shift_s)
        total += float(np.var(a - b)) / float(np.ptp(own.value)) ** 2 if a.size else 1.0
    return total


def _correlation(own: Waveform, other: Waveform, shift_s: float) -> float:
    a, b = _common(own, other, shift_s)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0.0 else 0.0
