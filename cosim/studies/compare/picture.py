"""Golden and result over each other, with the tube; left the whole record, right the worst point enlarged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cosim.plot.decimate import min_max
from cosim.plot.styles import BLACK, BLUE, GREY, ORANGE, RED, Picture, picture, style
from cosim.plot.times import time_unit
from cosim.plot.words import axis_label
from cosim.studies.compare.comparison import Comparison, SignalVerdict, moved
from cosim.studies.compare.tube import Tolerance, Waveform, tube

Array = NDArray[np.float64]

MOST = 8
"""Signals in one picture."""
BINS = 900
NEIGHBOURS = 12
"""Points of golden that the enlarged part shows at least on either side of the worst point."""
REACHES = 6.0
"""Time tolerances that the enlarged part shows at least on either side."""
SHARE = 1.0 / 6.0
"""The enlarged part is at most this part of the record on either side."""
DPI = 150


def shown(comparison: Comparison) -> list[SignalVerdict]:
    """Signals that a picture shows: those that failed, the worst first; if none did, those nearest to it."""
    usable = [one for one in comparison.failed if one.worst is not None]
    if not usable:
        usable = [one for one in comparison.verdicts if one.worst is not None]
        usable = sorted(usable, key=lambda one: (-one.used, -_swing(comparison, one)))[:3]
    return usable[:MOST]


def _swing(comparison: Comparison, verdict: SignalVerdict) -> float:
    """By how many tolerances a golden signal moves: of signals that agree to the bit, the one that has most to show."""
    assert verdict.stated is not None
    return float(np.ptp(comparison.golden.signals[verdict.name].wave.value)) / verdict.stated.tolerance.absolute


@style()
def overlay(comparison: Comparison, verdicts: Sequence[SignalVerdict] | None = None, title: str = "") -> Picture:
    """Draw some signals; the ones of `shown` if none are given."""
    chosen = list(shown(comparison) if verdicts is None else verdicts)
    rows = max(len(chosen), 1)
    figure = picture(10.0, 0.5 + 2.7 * rows, dpi=DPI)
    figure.suptitle(title or _title(comparison), fontsize=12, fontweight="bold")
    axes = figure.subplots(rows, 2, squeeze=False, width_ratios=(1.25, 1.0))
    if not chosen:
        for axis in axes[0]:
            axis.set_axis_off()
        axes[0][0].text(0.0, 0.5, "no signal could be compared", fontsize=12)
        return figure
    for row, verdict in zip(axes, chosen, strict=True):
        _draw(row[0], row[1], comparison, verdict)
    return figure


def _title(comparison: Comparison) -> str:
    failed, n = len(comparison.failed), len(comparison.verdicts)
    said = f"{failed} of {n} signals outside" if failed else f"all {n} signals inside"
    hidden = max(failed - MOST, 0)
    return f"{said} their tolerance" + (f" ({hidden} of them not shown)" if hidden else "")


def _draw(whole: Axes, near: Axes, comparison: Comparison, verdict: SignalVerdict) -> None:
    assert verdict.worst is not None and verdict.stated is not None
    golden = comparison.golden.signals[verdict.name].wave
    result = moved(comparison.result.signals[verdict.name].wave, comparison.shift_s)
    tolerance = verdict.stated.tolerance
    low_s, high_s = _neighbourhood(golden, verdict)
    for axis, ends in ((whole, None), (near, (low_s, high_s))):
        _curves(axis, golden, result, tolerance, verdict, ends)
    scale, unit = time_unit(float(golden.time_s[-1] - golden.time_s[0]))
    whole.axvspan(low_s / scale, high_s / scale, color=GREY, alpha=0.15, linewidth=0.0)
    whole.set_xlabel(f"time [{unit}]")
    whole.set_ylabel(axis_label(verdict.unit))
    mark = "" if verdict.status == "passed" else "FAILED "
    whole.set_title(f"{mark}{verdict.name}", fontsize=9, color=RED if mark else BLACK)
    side = ",\ngolden outside the result's tube" if verdict.golden_in_result else ""
    near.set_title(f"worst point: {verdict.used:.3g} times the tolerance at {verdict.worst.time_s:.6g} s{side}",
                   fontsize=8.5, fontweight="normal")
    near.legend(loc="best", fontsize=8)


def _curves(
    axis: Axes, golden: Waveform, result: Waveform, tolerance: Tolerance, verdict: SignalVerdict,
    ends: tuple[float, float] | None,
) -> None:
    """Tube, golden, result and worst point; between two moments (their axis tells time since the worst), or all."""
    assert verdict.worst is not None
    low_s, high_s = ends or (float(golden.time_s[0]), float(golden.time_s[-1]))
    scale, unit = time_unit(high_s - low_s)
    zero_s = verdict.worst.time_s if ends else 0.0
    centre, colour, whose = (result, ORANGE, "result") if verdict.golden_in_result else (golden, BLUE, "golden")
    grid = np.linspace(low_s, high_s, 2 * BINS)
    inside = centre.time_s[(centre.time_s >= low_s) & (centre.time_s <= high_s)]
    if inside.size <= 4 * BINS:
        grid = np.unique(np.concatenate([grid, inside, inside - tolerance.time_s, inside + tolerance.time_s]))
        grid = grid[(grid >= low_s) & (grid <= high_s)]
    low, high = tube(centre, tolerance, grid)
    x = (grid - zero_s) / scale
    axis.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0.0, label=f"{whose}'s tube")
    top, bottom = [high.max()], [low.min()]
    for wave, colour_, label, width in ((golden, BLUE, "golden", 1.8), (result, ORANGE, "result", 1.2)):
        t, v = min_max(wave.time_s, wave.value, BINS, low_s, high_s)
        points = "." if ends and t.size < 120 else ""
        axis.plot((t - zero_s) / scale, v, color=colour_, linewidth=width, label=label, marker=points, markersize=4)
        seen = np.interp([low_s, high_s], wave.time_s, wave.value)
        part = v[(t >= low_s) & (t <= high_s)]
        top.append(max(float(part.max(initial=-np.inf)), *seen))
        bottom.append(min(float(part.min(initial=np.inf)), *seen))
    worst = verdict.worst
    axis.plot([(worst.time_s - zero_s) / scale], [worst.value], "o", mfc="none", mec=RED, markersize=11, mew=1.8,
              label="worst point")
    if ends:
        axis.plot([0.0, 0.0], [worst.value, worst.bound], color=RED, linewidth=1.2)
        axis.set_xlabel(f"time since {worst.time_s:.6g} s [{unit}]")
    air = 0.05 * max(max(top) - min(bottom), 1e-12)
    axis.set_xlim((low_s - zero_s) / scale, (high_s - zero_s) / scale)
    axis.set_ylim(min(bottom) - air, max(top) + air)


def _neighbourhood(golden: Waveform, verdict: SignalVerdict) -> tuple[float, float]:
    """Stretch to enlarge around the worst point."""
    assert verdict.worst is not None and verdict.stated is not None
    t, at_s = golden.time_s, verdict.worst.time_s
    here = int(np.searchsorted(t, at_s))
    first, last = max(here - NEIGHBOURS, 0), min(here + NEIGHBOURS, t.size - 1)
    asked_s = REACHES * verdict.stated.tolerance.time_s
    half_s = max(asked_s, min(at_s - t[first], t[last] - at_s), 1e-12)
    half_s = min(half_s, SHARE * float(t[-1] - t[0]))
    return max(at_s - half_s, float(t[0])), min(at_s + half_s, float(t[-1]))
