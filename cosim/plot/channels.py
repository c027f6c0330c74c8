"""Chosen channels of a run, and signals of a window, in panels over one axis of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.plot.decimate import min_max
from cosim.plot.marks import mark_events, mark_windows
from cosim.plot.styles import PANEL_INCH, Picture, legend_beside, picture, style
from cosim.plot.times import clock, time_unit
from cosim.plot.windows import FAR_WIDTHS, drawn_lines, focus_s, movement_s
from cosim.plot.words import Curve, are_states, axis_label, panel_curves
from cosim.result import Result

Array = NDArray[np.float64]
Panels = Sequence[str | Sequence[str]]

BINS = 1000
"""Bins of the decimation: more than the pixels of any panel's width."""
LEAST_SPAN = 1e-3
"""The least that an axis of values spans, of their largest, so that rounding is not blown up."""
HEAD_INCH = 0.75
"""Room above the first panel for title, and for the names of events."""


def panels_of(panels: Panels) -> list[list[str]]:
    """Return the names of each panel; one name stands for a panel of its own."""
    return [[panel] if isinstance(panel, str) else [str(name) for name in panel] for panel in panels]


def plot_channels(
    result: Result, panels: Panels, *, start_s: float | None = None, end_s: float | None = None, events: bool = True,
    title: str = "",
) -> Picture:
    """Draw chosen channels of a run, panel below panel.

    Parameters
    ----------
    result : a run
    panels : names of `result.slow`; each entry is a panel, or a list of names that share one. Channels of cells,
        devices or batteries give a curve each
    start_s, end_s : part of the run [s since its start]; all if not given
    events : mark what happened, and where SPICE windows ran
    title : above the picture

    Returns
    -------
    a picture 800 pixels wide, which shows itself in a notebook; `savefig` writes it

    Raises
    ------
    InputError : no such channel, several units in one panel, or an empty stretch of time
    """
    call, names = "plot_channels", panels_of(panels)
    low_s, high_s = _stretch(result.slow, start_s, end_s, call)
    with style():
        figure, axes = _sheet(len(names), title, HEAD_INCH if events else 0.35, call)
        unit = time_unit(high_s - low_s)
        for place, (ax, panel) in enumerate(zip(axes, names, strict=True)):
            of_panel, curves = _draw(ax, result.slow, panel, call, f"panels[{place}]")
            draw_panel_curves(ax, of_panel, curves, low_s, high_s, unit.seconds)
        axes[-1].set_xlabel(f"time since the start [{unit.name}]")
        axes[0].set_xlim(low_s / unit.seconds, high_s / unit.seconds)
        if events:
            near = {key: window for key, window in result.windows.items()
                    if low_s <= float(window.attrs.get("start_s", 0.0)) <= high_s}
            mark_windows(axes, near, [], unit.seconds)
            mark_events(axes, [event for event in result.events if low_s <= event.time_s <= high_s], unit.seconds)
    return figure


def plot_window(
    window: xr.Dataset, signals: Panels | None = None, *, start_s: float | None = None, end_s: float | None = None,
    title: str = "", time_zero_s: float | None = None,
) -> Picture:
    """Draw a SPICE window, panel below panel, on an axis of time in s, ms or us as fits.

    Parameters
    ----------
    window : one of `result.windows`
    signals : as the panels of `plot_channels`; without them the currents and voltages of the window's ports and its
        probes
    start_s, end_s : part of the window [s since its start]; without both of them the stretch in which most happens
    title : above the picture; without it the window's name and moment
    time_zero_s : moment of the window [s since its start] that the axis calls 0; without it the window's start or,
        where only a short stretch long after it is drawn, when most begins to happen

    Returns
    -------
    a picture 800 pixels wide

    Raises
    ------
    InputError : no such signal, several units in one panel, or an empty stretch of time
    """
    call = "plot_window"
    if not hasattr(window, "sizes"):  # a plain mistake: `plot_zoom` takes a run and a name
        allowed = "one of a run's windows, such as result.window('enable')"
        raise InputError(call, "window", type(window).__name__, allowed)
    names = panels_of(signals) if signals is not None else _telling(window)
    if start_s is None and end_s is None and window.sizes.get("time_s", 0) > 1:
        low_s, high_s = focus_s(window)
    else:
        low_s, high_s = _stretch(window, start_s, end_s, call)
    far = low_s > FAR_WIDTHS * (high_s - low_s)  # microseconds long after the window's start have a time of their own
    zero_s = time_zero_s if time_zero_s is not None else movement_s(window)[0] if far else 0.0
    told = title or window_title(window)
    with style():
        figure, axes = _sheet(len(names), told, 0.35, call)
        unit = time_unit(high_s - low_s)
        for place, (ax, panel) in enumerate(zip(axes, names, strict=True)):
            of_panel, curves = _draw(ax, window, panel, call, f"signals[{place}]")
            draw_panel_curves(ax, of_panel, curves, low_s, high_s, unit.seconds, zero_s)
        since = "the window's start" if zero_s == 0.0 else f"{1e3 * zero_s:.6g} ms of the window"
        axes[-1].set_xlabel(f"time since {since} [{unit.name}]")
        axes[0].set_xlim((low_s - zero_s) / unit.seconds, (high_s - zero_s) / unit.seconds)
    return figure


def name_of(window: xr.Dataset) -> str:
    """Return what a window is called."""
    return str(window.attrs.get("name", "window")).replace("_", " ")


def window_title(window: xr.Dataset) -> str:
    """Return what a window is called, and when it was."""
    return f"{name_of(window)} at {clock(float(window.attrs.get('start_s', 0.0)))}"


MOST_NUMBERED = 5
"""Lanes of a panel whose ticks bear numbers."""
LANE = 1.3
"""Distance of the lanes of states that share a panel, in their height."""


def draw_panel_curves(
    ax: Axes, unit: str, curves: Sequence[Curve], low_s: float, high_s: float, seconds: float, zero_s: float = 0.0
) -> None:
    """Draw a panel: states in a lane each, as a logic analyser shows them, all else as `draw_curves` does."""
    draw = draw_states if are_states(unit, curves) else draw_curves
    draw(ax, curves, low_s, high_s, seconds, zero_s)


def state_ticks(ax: Axes, bases: Sequence[float]) -> None:
    """Put ticks at 0 and 1 of each lane; their numbers only where they find room, the lines of the grid always."""
    shown = ["0", "1"] if len(bases) <= MOST_NUMBERED else ["", ""]
    ax.set_yticks([base + state for base in bases for state in (0.0, 1.0)], labels=shown * len(bases))


def draw_states(
    ax: Axes, curves: Sequence[Curve], low_s: float, high_s: float, seconds: float, zero_s: float = 0.0
) -> None:
    """Draw states in lanes below each other, in the order of the legend: over each other they would hide one another.

    Parameters
    ----------
    ax : where
    curves : values from 0 to 1; what a record holds until its next one is drawn as steps, what SPICE gave as it moved
    low_s, high_s : stretch [s]
    seconds : unit of the axis of time [s]
    zero_s : what the axis calls 0 [s]
    """
    bases = [LANE * (len(curves) - 1 - place) for place in range(len(curves))]
    for base, curve in zip(bases, curves, strict=True):
        time_s, values = min_max(curve.time_s, curve.values, BINS, low_s, high_s)
        held = bool(np.isin(values[np.isfinite(values)], (0.0, 1.0)).all())
        ax.plot((time_s - zero_s) / seconds, base + values, color=curve.stroke.colour, label=curve.words,
                drawstyle="steps-post" if held else "default")
    state_ticks(ax, bases)
    ax.set_ylim(-0.15, LANE * len(curves))
    legend_beside(ax)


def draw_curves(
    ax: Axes, curves: Sequence[Curve], low_s: float, high_s: float, seconds: float, zero_s: float = 0.0
) -> None:
    """Draw curves over a stretch of time, thinned out by min-max, the axis of values fitted to what is seen.

    Parameters
    ----------
    ax : where
    curves : what
    low_s, high_s : stretch [s]
    seconds : unit of the axis of time [s]
    zero_s : what the axis calls 0 [s]
    """
    seen: list[float] = []
    for curve in curves:
        time_s, values = min_max(curve.time_s, curve.values, BINS, low_s, high_s)
        dash = curve.stroke.dash if len(curves) > 1 else "-"  # alone it needs no dashes, which read as gaps on an edge
        ax.plot((time_s - zero_s) / seconds, values, color=curve.stroke.colour, linestyle=dash, label=curve.words)
        inside = values[(time_s >= low_s) & (time_s <= high_s)]
        ends = np.interp([max(low_s, time_s[0]), min(high_s, time_s[-1])], time_s, values) if time_s.size else []
        seen += [float(value) for value in (*inside[np.isfinite(inside)], *np.asarray(ends)) if np.isfinite(value)]
    if seen:
        span = max(max(seen) - min(seen), LEAST_SPAN * max(abs(value) for value in seen), 1e-12)
        middle = (max(seen) + min(seen)) / 2.0
        ax.set_ylim(middle - 0.56 * span, middle + 0.56 * span)
    legend_beside(ax)


def _draw(ax: Axes, dataset: xr.Dataset, names: Sequence[str], call: str, field: str) -> tuple[str, list[Curve]]:
    unit, curves = panel_curves(dataset, names, call, field)
    ax.set_ylabel(axis_label(unit))
    return unit, curves


def _telling(window: xr.Dataset) -> list[list[str]]:
    """The currents and voltages that a window's picture shows, in panels of one unit; probes of other units apart."""
    currents, voltages = drawn_lines(window)
    found = [[curve.variable for curve in curves] for curves in (currents, voltages)]
    return [names for names in found if names] or [[str(name) for name in window.data_vars][:1]]


def _stretch(dataset: xr.Dataset, start_s: float | None, end_s: float | None, call: str) -> tuple[float, float]:
    """The stretch that is drawn, within the record."""
    time_s = dataset["time_s"].values
    if not time_s.size:
        raise InputError(call, "time_s", "no records", "a run with at least one record")
    low_s = float(time_s[0]) if start_s is None else max(float(start_s), float(time_s[0]))
    high_s = float(time_s[-1]) if end_s is None else min(float(end_s), float(time_s[-1]))
    if low_s >= high_s:
        raise InputError(call, "start_s, end_s", f"{start_s}, {end_s}", f"within {time_s[0]:g} .. {time_s[-1]:g} s")
    return low_s, high_s


def _sheet(rows: int, title: str, head_inch: float, call: str) -> tuple[Picture, list[Axes]]:
    if rows == 0:
        raise InputError(call, "panels", "none", "at least one panel")
    figure = picture(height_inch=PANEL_INCH * rows + 0.45 + head_inch)
    axes = figure.subplots(rows, 1, squeeze=False, sharex=True)[:, 0]
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure, list(axes)
