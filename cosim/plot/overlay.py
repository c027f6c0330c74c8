"""Several runs, or a run and a measurement, over each other; and characteristics, one quantity over another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from cosim.errors import InputError
from cosim.plot.channels import draw_panel_curves
from cosim.plot.styles import BLACK, LIMIT, SHORT_DASH, WORDS, legend_beside, picture, strokes, style
from cosim.plot.times import time_unit
from cosim.plot.words import SHOWN, STATE_UNITS, Curve, as_shown

Array = NDArray[np.float64]
Limits = Sequence[tuple[float, str]]

FEW_POINTS = 25
"""Curves of at most so many points are drawn with a marker at each."""
WORDS_WIDE, WORDS_HIGH, WORDS_BELOW, WORDS_LOOKS = 0.2, 0.08, 0.02, 60
"""Room of a limit's words as shares of the axes (ours): width, height above the line, a little below it; and how many
places of it are looked at."""
WORDS_PLACES = (("left", 0.01), ("right", 0.99), ("center", 0.5), ("center", 0.3), ("center", 0.7))
"""Where a limit's words may stand, the first ones before the others: alignment, and share of the width."""


def plot_overlay(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike] | xr.DataArray], *, unit: str = "", label: str = "",
    start_s: float | None = None, end_s: float | None = None, relative: bool = False, title: str = "",
    limits: Limits = (), ax: Axes | None = None,
) -> Figure:
    """Draw curves of several runs, or of a run and a measurement, over each other.

    Parameters
    ----------
    curves : words of the legend -> times [s] and values of equal length, or a channel of a record
    unit, label : unit of the values, and what is drawn, for the axis; without them those of the channels of records,
        which must agree
    start_s, end_s : part that is drawn [s]; all if not given
    relative : count the time of each curve from its own first point, where they come from different clocks
    title : above the picture
    limits : values with words, drawn as dashed lines
    ax : draw there; without it in a new picture 800 pixels wide

    Returns
    -------
    the picture

    Raises
    ------
    InputError : times and values of different lengths, nothing to draw, an empty stretch of time, or no unit
    """
    call = "plot_overlay"
    found = [_over_time(words, curve, relative, call) for words, curve in curves.items()]
    if not found:
        raise InputError(call, "curves", "none", "at least one curve")
    unit, label = _of_the_axis(curves, unit, label, call)
    low_s = min(float(time_s[0]) for _, time_s, _ in found) if start_s is None else float(start_s)
    high_s = max(float(time_s[-1]) for _, time_s, _ in found) if end_s is None else float(end_s)
    if low_s >= high_s:
        raise InputError(call, "start_s, end_s", f"{low_s:g}, {high_s:g}", "a beginning before the end")
    with style():
        ax = picture().subplots() if ax is None else ax
        scale = time_unit(high_s - low_s)
        drawn = [Curve("", as_shown(words), time_s, values, stroke)
                 for (words, time_s, values), stroke in zip(found, strokes(len(found)), strict=True)]
        draw_panel_curves(ax, unit, drawn, low_s, high_s, scale.seconds)
        ax.set_xlim(low_s / scale.seconds, high_s / scale.seconds)
        _draw_limits(ax, limits)
        ax.set_xlabel(f"time{' since its own beginning' if relative else ''} [{scale.name}]")
        ax.set_ylabel(as_shown(label if unit in STATE_UNITS else f"{label} [{unit}]"))
        ax.set_title(as_shown(title))
        legend_beside(ax)
    return _figure(ax)


def _of_the_axis(curves: Mapping[str, object], unit: str, label: str, call: str) -> tuple[str, str]:
    """Unit and label of the values: as given, else those of the channels of records."""
    channels = [curve for curve in curves.values() if isinstance(curve, xr.DataArray)]
    units = list(dict.fromkeys(str(channel.attrs.get("units", "")) for channel in channels))
    if not unit and (len(units) != 1 or not units[0]):
        told = " and ".join(units) if len(units) > 1 else "not given"
        raise InputError(call, "unit", told, "one unit for all curves, such as unit='A'")
    if not label:
        names = dict.fromkeys(str(channel.name).removesuffix(f"_{units[0]}").replace("_", " ") for channel in channels)
        label = ", ".join(names) or "value"
    return unit or SHOWN.get(units[0], units[0]), label


def plot_xy(
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, x_label: str, y_label: str, title: str = "",
    limits: Limits = (), marks: Sequence[tuple[float, float, str]] = (), ax: Axes | None = None,
) -> Figure:
    """Draw characteristics: one quantity over another.

    Parameters
    ----------
    curves : words of the legend -> x and y, of equal length; where all have few points they get markers
    x_label, y_label : what the axes show, with units in brackets
    title : above the picture
    limits : values of y with words, drawn as dashed lines
    marks : points that matter: x, y and words
    ax : draw there; without it in a new picture 800 pixels wide

    Returns
    -------
    the picture

    Raises
    ------
    InputError : x and y of different lengths, nothing to draw, or an axis without a unit
    """
    call = "plot_xy"
    if not curves:
        raise InputError(call, "curves", "none", "at least one curve")
    for field, text in (("x_label", x_label), ("y_label", y_label)):
        if "[" not in text:
            raise InputError(call, field, repr(text), "words with the unit in brackets: 'current [A]'")
    pairs = {words: _pair(words, pair, call) for words, pair in curves.items()}
    few = max(x.size for x, _ in pairs.values()) <= FEW_POINTS  # all of a picture's curves or none
    with style():
        ax = picture(height_inch=3.8).subplots() if ax is None else ax
        for (words, (x, y)), stroke in zip(pairs.items(), strokes(len(curves)), strict=True):
            ax.plot(x, y, color=stroke.colour, linestyle=stroke.dash, label=as_shown(words),
                    marker=stroke.marker if few else "", markersize=4.5)
        _draw_limits(ax, limits)
        for x_mark, y_mark, words in marks:
            ax.plot([x_mark], [y_mark], "o", color=BLACK, markerfacecolor="none", markersize=8, markeredgewidth=1.6)
            ax.annotate(words, (x_mark, y_mark), xytext=(7, 7), textcoords="offset points", fontsize=9, color=WORDS)
        ax.set_xlabel(as_shown(x_label))
        ax.set_ylabel(as_shown(y_label))
        ax.set_title(as_shown(title))
        legend_beside(ax)
    return _figure(ax)


def _draw_limits(ax: Axes, limits: Limits) -> None:
    """Draw limits as dashed lines within the axes, their words at the end where fewer curves pass through them."""
    low, high = ax.get_ylim()
    air = 0.08 * (high - low)
    for value, _ in limits:
        low, high = min(low, value - air), max(high, value + air)
    ax.set_ylim(low, high)
    curves = [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in ax.lines]
    for value, words in limits:
        ax.axhline(value, color=LIMIT, linestyle=SHORT_DASH, linewidth=1.2)
        aligned, at = min(WORDS_PLACES, key=lambda place: _in_the_way(ax, curves, value, *_room(*place)))
        ax.annotate(as_shown(words), (at, value), xycoords=("axes fraction", "data"), xytext=(0, 2), ha=aligned,
                    va="bottom", textcoords="offset points", fontsize=9, color=LIMIT)


def _room(aligned: str, at: float) -> tuple[float, float]:
    """Begin and end of words, as shares of the width."""
    begin = {"left": at, "center": at - WORDS_WIDE / 2.0, "right": at - WORDS_WIDE}[aligned]
    return begin, begin + WORDS_WIDE


def _in_the_way(ax: Axes, curves: Sequence[tuple[Array, Array]], value: float, begin: float, end: float) -> int:
    """How many pieces of a stretch (shares of the width) have a curve just above a value, where words would stand.

    A curve that jumps through the room between two of its points is in the way as well.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    edges = left + np.linspace(begin, end, WORDS_LOOKS) * (right - left)
    lowest, highest = value - WORDS_BELOW * (high - low), value + WORDS_HIGH * (high - low)
    found = 0
    for x, y in curves:
        if x.size:
            order = np.argsort(x, kind="stable")
            inside = x[order][(x[order] > edges[0]) & (x[order] < edges[-1])]
            places = np.union1d(edges, inside)
            at = np.interp(places, x[order], y[order], left=np.nan, right=np.nan)
            meets = (np.minimum(at[:-1], at[1:]) < highest) & (np.maximum(at[:-1], at[1:]) > lowest)
            found += np.unique(np.searchsorted(edges, places[:-1][meets], "right")).size
    return found


def _over_time(
    words: str, curve: tuple[ArrayLike, ArrayLike] | xr.DataArray, relative: bool, call: str
) -> tuple[str, Array, Array]:
    if isinstance(curve, xr.DataArray):
        if curve.dims != ("time_s",):
            raise InputError(call, words, f"dimensions {', '.join(map(str, curve.dims))}", "time_s alone: choose one")
        curve = (curve["time_s"].values, curve.values)
    time_s, values = _pair(words, curve, call)
    if not time_s.size:
        raise InputError(call, words, "no points", "at least one")
    return words, time_s - time_s[0] if relative else time_s, values


def _pair(words: str, pair: tuple[ArrayLike, ArrayLike], call: str) -> tuple[Array, Array]:
    x, y = (np.asarray(part, dtype=np.float64) for part in pair)
    if x.ndim != 1 or x.shape != y.shape:
        raise InputError(call, words, f"shapes {x.shape} and {y.shape}", "two sequences of equal length")
    return x, y


def _figure(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure
