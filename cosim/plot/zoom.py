"""From the day to the microsecond: one moment of a run at several scales of time, below each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import ConnectionPatch
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.plot.channels import draw_panel_curves, name_of
from cosim.plot.marks import grouped
from cosim.plot.styles import (
    DOTTED,
    PANEL_INCH,
    QUIET,
    WORDS,
    YELLOW,
    YELLOW_EDGE,
    Picture,
    legend_beside,
    picture,
    style,
)
from cosim.plot.times import TimeUnit, clock, decimals_of, span_words, time_unit
from cosim.plot.windows import movement_s
from cosim.plot.words import Curve, axis_label, panel_curves
from cosim.result import Result

Array = NDArray[np.float64]

BEFORE = 0.25
"""Part of a level that lies before the moment: most of what it shows comes after."""
BEHIND_WORDS = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
"""The leads from one level to the next pass behind the labels."""
ALL_OF_IT = 0.99
"""A level that shows so much of what was asked for is called by what was asked for."""
LEAST_GAP = 0.25
"""Events closer than this part of a level share their words."""
OF_THE_WINDOW = 1.0
"""A level of at most so many of the window's lengths shows the window, a longer one the record of the run."""
FROM_START_S = 120.0
"""Axes of longer levels tell the time since the start of the run, of shorter ones since the moment."""


def plot_zoom(
    result: Result, window_name: str, levels: Sequence[float], *, channels: Sequence[str], signals: Sequence[str],
    at_s: float | None = None, title: str = "",
) -> Picture:
    """Draw one moment of a run at several scales of time, each level's stretch shaded in the one before.

    Parameters
    ----------
    result : a run
    window_name : key of `result.windows`, or the beginning of what stands behind its number (`short_circuit`)
    levels : lengths of the stretches around the moment [s], falling, e.g. (28800.0, 60.0, 5e-3, 200e-6)
    channels : names of `result.slow` that the levels of the run show, of one unit. Where the run has a window, its
        points are drawn instead, as far as it has the channel
    signals : names of the window that the levels within it show, of one unit
    at_s : the moment [s since the run's start]; without it where most happens in the window, or its event just before
    title : above the picture

    Returns
    -------
    a picture 800 pixels wide

    Raises
    ------
    InputError : no such window, channel or signal, several units, or levels that do not fall
    """
    call = "plot_zoom"
    key = result.window_key(window_name)
    window = result.windows[key]
    spans = [float(span) for span in levels]
    if not spans or min(spans) <= 0.0 or any(a <= b for a, b in pairwise(spans)):
        raise InputError(call, "levels", ", ".join(f"{span:g}" for span in spans), "positive lengths [s] that fall")
    start_s = float(window.attrs.get("start_s", 0.0))
    moment_s = caused_s(start_s + movement_s(window)[0], spans[-1], result) if at_s is None else float(at_s)
    unit, of_run = panel_curves(result.slow, channels, call, "channels")
    of_run = [with_windows(curve, result) for curve in of_run]
    unit_near, near = panel_curves(window, signals, call, "signals")
    near = [curve._replace(time_s=curve.time_s + start_s) for curve in near]
    length_s = float(window["time_s"].values[-1])
    with style():
        figure = picture(height_inch=PANEL_INCH * len(spans) + 0.5)
        axes = list(figure.subplots(len(spans), 1, squeeze=False)[:, 0])
        drawn: list[Level] = []
        moment = clock(moment_s, decimals_of(spans[-1]))
        for ax, span_s in zip(axes, spans, strict=True):
            within = span_s <= OF_THE_WINDOW * length_s
            level = _window_level(ax, moment_s, span_s) if within else _run_level(ax, moment_s, span_s, result)
            _draw_level(level, unit_near if within else unit, near if within else of_run, moment, span_s)
            if within:
                _tell(level, result)
            if drawn:
                _join(drawn[-1], level)
            drawn.append(level)
        figure.suptitle(title or f"{name_of(window)} at {moment}: from {span_words(spans[0])} to "
                        f"{span_words(spans[-1])}", x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure


def caused_s(moment_s: float, span_s: float, result: Result) -> float:
    """Return the time [s] of the last event before a moment [s], if that is within `BEFORE` of a stretch [s]."""
    times = [event.time_s for event in result.events
             if event.source != "engine" and 0.0 <= moment_s - event.time_s <= BEFORE * span_s]
    return max(times, default=moment_s)


def with_windows(curve: Curve, result: Result) -> Curve:
    """Return a curve of the run in which the windows' points stand in place of the records during them.

    A spike of microseconds is in the picture of a whole day then; a channel that a window has not keeps its records.
    """
    time_s, values = curve.time_s, curve.values
    for window in result.windows.values():
        if curve.variable in window and window[curve.variable].dims == ("time_s",) and window.sizes["time_s"]:
            fine_s = window["time_s"].values.astype(float) + float(window.attrs.get("start_s", 0.0))
            before, after = int(np.searchsorted(time_s, fine_s[0])), int(np.searchsorted(time_s, fine_s[-1], "right"))
            fine = window[curve.variable].values.astype(float)
            time_s = np.concatenate([time_s[:before], fine_s, time_s[after:]])
            values = np.concatenate([values[:before], fine, values[after:]])
    return curve._replace(time_s=time_s, values=values)


class Level(NamedTuple):
    """One scale of time: axes, beginning, end and zero of its axis [s since the run's start], and the axis's unit."""

    ax: Axes
    low_s: float
    high_s: float
    zero_s: float
    unit: TimeUnit


def _window_level(ax: Axes, moment_s: float, span_s: float) -> Level:
    """A stretch around the moment, told from the moment on."""
    return Level(ax, moment_s - BEFORE * span_s, moment_s + (1.0 - BEFORE) * span_s, moment_s, time_unit(span_s))


def _run_level(ax: Axes, moment_s: float, span_s: float, result: Result) -> Level:
    """A stretch around the moment within the run, which is not left; told from the start on if it is long."""
    time_s = result.slow["time_s"].values
    first_s, last_s = float(time_s[0]), float(time_s[-1])
    low_s = max(min(moment_s - BEFORE * span_s, last_s - span_s), first_s)
    high_s = min(low_s + span_s, last_s)
    return Level(ax, low_s, high_s, 0.0 if high_s - low_s > FROM_START_S else moment_s, time_unit(high_s - low_s))


def _draw_level(level: Level, unit: str, curves: Sequence[Curve], moment: str, span_s: float) -> None:
    draw_panel_curves(level.ax, unit, curves, level.low_s, level.high_s, level.unit.seconds, level.zero_s)
    ends = ((moment - level.zero_s) / level.unit.seconds for moment in (level.low_s, level.high_s))
    level.ax.set_xlim(*ends)
    since = "the start" if level.zero_s == 0.0 else moment
    level.ax.set_xlabel(f"time since {since} [{level.unit.name}]", labelpad=1.0, bbox=BEHIND_WORDS)
    level.ax.set_ylabel(axis_label(unit))
    shown_s = level.high_s - level.low_s  # a run whose last record lacks a tick of a minute still is a minute
    legend_beside(level.ax, span_words(span_s if shown_s > ALL_OF_IT * span_s else shown_s))


def _tell(level: Level, result: Result) -> None:
    """Mark what happened within a level, the words above it; what the engine did of its own accord is no event here."""
    happened = [event for event in result.events
                if level.low_s <= event.time_s <= level.high_s and event.source != "engine"]
    for mark in grouped(happened, LEAST_GAP * (level.high_s - level.low_s)):
        at = (mark.time_s - level.zero_s) / level.unit.seconds
        level.ax.axvline(at, color=QUIET, linewidth=0.7, linestyle=DOTTED, zorder=0.5)
        level.ax.annotate(mark.text, (at, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 1.5), fontsize=8.5,
                          textcoords="offset points", color=WORDS, va="bottom", bbox=BEHIND_WORDS)


def _join(upper: Level, lower: Level) -> None:
    """Shade the lower level's stretch in the upper one, and lead its ends down."""
    low, high = ((moment_s - upper.zero_s) / upper.unit.seconds for moment_s in (lower.low_s, lower.high_s))
    upper.ax.axvspan(low, high, facecolor=YELLOW, edgecolor=YELLOW_EDGE, alpha=0.6, linewidth=1.0, zorder=0.3)
    for at, corner in ((low, 0.0), (high, 1.0)):
        upper.ax.figure.add_artist(ConnectionPatch(
            (at, 0.0), (corner, 1.0), upper.ax.get_xaxis_transform(), lower.ax.transAxes, color=QUIET, linewidth=0.8,
            linestyle=DOTTED, zorder=-1.0,  # below the axes, so that their labels stay readable
        ))

