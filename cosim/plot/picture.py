"""One picture of a run that reads without the source code.

Above, the whole run over a shared time axis: currents, voltages, temperatures, charge and speed, with the
events and the SPICE windows marked. Below, the most telling windows at their own scale of time. Plain
`Figure` objects, no pyplot: nothing global, safe in threads and notebooks.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D

from cosim.plot.days import DAY_S, day_ticks, draw_days
from cosim.plot.marks import mark_events, mark_windows
from cosim.plot.outputs import (
    CELLS_HEIGHT,
    CELLS_SPAN_V,
    ROW_HEIGHT,
    Trace,
    changing,
    draw_cells,
    draw_outputs,
    draw_storage,
    dress_outputs,
    is_storage,
)
from cosim.plot.panels import BINS, PANELS, draw_panel, dress, widen
from cosim.plot.split import SPLITS, draw_split
from cosim.plot.styles import WORDS, Picture, picture, style
from cosim.plot.times import TimeUnit, time_unit
from cosim.plot.windows import Zoom, chosen_windows, draw_zoom
from cosim.result import Result, shown

WIDTH_INCH, DPI = 10.0, 160
"""1600 pixels; on a page 800 wide its letters are as large as the page's own."""
LEFT, RIGHT = 0.085, 0.8
"""Ends of the panels, in widths of the picture; the legends stand beside them."""
UNIT_INCH = 0.85
"""Height of a panel of height 1."""
NAME_INCH, LINE_INCH, EVENTS_INCH, AXIS_INCH = 0.5, 0.185, 1.1, 0.55
"""Heights of the run's name, a line of figures, the names of the events, and what stands below the last panel."""
ZOOM_INCH, ZOOM_COLUMNS = 2.95, 2
"""Height of a row of windows with its title and axis, and how many stand in it."""
ZOOM_LEGENDS_INCH = 0.5
LONGEST_LINE, MOST_LINES = 122, 5
"""Of the key figures above the panels [characters, lines]."""
SEPARATOR = "   \N{BULLET}   "
NOTHING = 1e-6
"""Key figures below it are nothing, whatever their unit (a microampere, a microvolt)."""
DAYS_HEIGHT = 1.2
"""Height of the panel of days, which only long runs have."""


def plot_result(result: Result) -> Picture:
    """Draw a run.

    Parameters
    ----------
    result : what `Simulation.run` returned or `Result.load` read; variables that are absent are left out

    Returns
    -------
    a picture 1600 pixels wide, made to be read at 800; shows itself in a notebook, and `savefig` writes it
    """
    with style():
        return _drawn(result)


def save_picture(result: Result, path: Path) -> None:
    """Draw a run and write it as PNG; the same run gives the same bytes."""
    plot_result(result).savefig(path, format="png")


def _drawn(result: Result) -> Picture:
    zooms, traces = chosen_windows(result.windows), changing(result.slow)
    unit = run_unit(result.slow)
    by_day = unit.seconds == DAY_S and "soc" in result.slow
    panels = [panel for panel in PANELS if any(line.variable in result.slow for line in panel.lines)]
    splits = [split for split in SPLITS if split.variable in result.slow]
    heights = [panel.height for panel in panels] + [split.height for split in splits]
    heights += [CELLS_HEIGHT, ROW_HEIGHT * len(traces)] * bool(traces) + [DAYS_HEIGHT] * by_day
    figures = key_figures(result)
    head_inch = NAME_INCH + LINE_INCH * len(figures) + EVENTS_INCH
    zooms_inch = ZOOM_INCH * -(-len(zooms) // ZOOM_COLUMNS) + ZOOM_LEGENDS_INCH * bool(zooms)
    height_inch = head_inch + UNIT_INCH * sum(heights) + AXIS_INCH + zooms_inch
    figure = picture(WIDTH_INCH, height_inch, layout=None, dpi=DPI)
    grid = GridSpec(
        max(len(heights), 1), 1, figure, left=LEFT, right=RIGHT, top=1.0 - head_inch / height_inch,
        bottom=(zooms_inch + AXIS_INCH) / height_inch, hspace=0.1, height_ratios=heights or None,
    )
    axes: list[Axes] = []
    for place in range(len(heights)):
        axes.append(figure.add_subplot(grid[place], sharex=axes[0] if axes else None))
        axes[-1].tick_params(labelbottom=place == len(heights) - 1)
    _fill(axes, result, unit, traces, by_day=by_day)
    if axes:
        axes[-1].set_xlabel(f"time since the start [{unit.name}]")
        _time_range(axes[0], result.slow, unit.seconds)
        mark_windows(axes, result.windows, zooms, unit.seconds)
        mark_events(axes, result.events, unit.seconds)
    _draw_zooms(figure, zooms, height_inch)
    _title(figure, result, figures, height_inch)
    return figure


def _fill(axes: list[Axes], result: Result, unit: TimeUnit, traces: tuple[Trace, ...], *, by_day: bool) -> None:
    """Draw the panels that the run has, from the top."""
    slow, factor, left = result.slow, unit.seconds, iter(axes)
    for panel in PANELS:
        if any(line.variable in slow for line in panel.lines):
            draw_panel(next(left), panel, slow, factor)
    for split in SPLITS:
        if split.variable in slow:
            ax = next(left)
            draw_split(ax, split, slow, factor, BINS)
            widen(ax, split.least_span)
            dress(ax, split.label)
    if traces:
        _draw_protection(next(left), next(left), traces, slow, factor)
    if by_day:
        ax = next(left)
        storage = is_storage(slow)
        if storage:
            draw_storage(ax, slow, factor, BINS)
        else:
            draw_days(ax, slow)
        dress(ax, "[mA]" if storage else "daily [%]")
        day_ticks(ax, float(slow["time_s"].values[-1]) / DAY_S)


def run_unit(slow: xr.Dataset) -> TimeUnit:
    """Return the unit of the time axis that suits the length of the run."""
    time_s = slow["time_s"].values if "time_s" in slow.variables else np.zeros(1)
    unit = time_unit(float(time_s[-1] - time_s[0]) if time_s.size else 0.0)
    return unit if unit.seconds >= 1.0 else TimeUnit(1.0, "s")


def _draw_protection(cells: Axes, outputs: Axes, traces: tuple[Trace, ...], slow: xr.Dataset, factor: float) -> None:
    """Draw the cells' extremes and below them the outputs that change."""
    draw_cells(cells, slow, factor, BINS)
    widen(cells, CELLS_SPAN_V)
    dress(cells, "cell [V]")
    draw_outputs(outputs, traces, slow, factor, BINS)
    dress(outputs, "outputs")
    dress_outputs(outputs, traces)


def _time_range(ax: Axes, slow: xr.Dataset, factor: float) -> None:
    """Show the run from its first to its last record, without margins."""
    time_s = slow["time_s"].values
    if time_s.size > 1:
        ax.set_xlim(float(time_s[0]) / factor, float(time_s[-1]) / factor)


def _draw_zooms(figure: Figure, zooms: list[Zoom], height_inch: float) -> None:
    """Draw the chosen windows below, two in a row: currents above, voltages below."""
    drawn: tuple[dict[str, Artist], dict[str, Artist]] = ({}, {})
    rows = -(-len(zooms) // ZOOM_COLUMNS)
    for place, zoom in enumerate(zooms):
        row, column = divmod(place, ZOOM_COLUMNS)
        foot_inch = ZOOM_LEGENDS_INCH + ZOOM_INCH * (rows - 1 - row)
        top, bottom = ((foot_inch + up_inch) / height_inch for up_inch in (ZOOM_INCH - 0.4, 0.5))
        grid = GridSpec(2, ZOOM_COLUMNS, figure, left=LEFT, right=0.985, top=top, bottom=bottom, hspace=0.1,
                        wspace=0.17, height_ratios=[1.25, 1.0])
        upper = figure.add_subplot(grid[0, column])
        lower = figure.add_subplot(grid[1, column], sharex=upper)
        draw_zoom(upper, lower, zoom)
        for ax, text, span in ((upper, "current [A]", 2.0), (lower, "voltage [V]", 0.5)):
            widen(ax, span)
            if column == 0:
                ax.set_ylabel(text)
                ax.yaxis.set_label_coords(-0.14, 0.5)
        for known, ax in zip(drawn, (upper, lower), strict=True):
            handles, labels = ax.get_legend_handles_labels()
            known.update(zip(labels, handles, strict=True))
    _draw_legend(figure, "currents:", drawn[0], 0.22 / height_inch)
    _draw_legend(figure, "voltages:", drawn[1], 0.02 / height_inch)


def _draw_legend(figure: Figure, head: str, curves: dict[str, Artist], y: float) -> None:
    """One line below the enlarged windows for what all of them share, so that it hides no curve."""
    if not curves:
        return
    handles = [Line2D([], [], linestyle="none"), *curves.values()]
    figure.legend(handles, [head, *curves], loc="lower left", bbox_to_anchor=(LEFT - 0.045, y), ncols=len(handles),
                  columnspacing=1.4, borderaxespad=0.0, borderpad=0.0)


def key_figures(result: Result) -> list[str]:
    """Return the lines of figures that stand above the panels; what is outside its limit comes first."""
    parts = []
    # What is outside its limit comes first, so that it is never cut off.
    for figures in sorted(result.summary.get("figures", []), key=lambda f: f.get("passed") is not False):
        failed = " (OUTSIDE ITS LIMIT)" if figures.get("passed") is False else ""
        number = figures.get("value")
        small = isinstance(number, float) and abs(number) < NOTHING
        value = f"{'0' if small else shown(number)} {figures.get('unit', '')}"
        part = f"{figures.get('name', '')} {value}{failed}".replace("degC", "\N{DEGREE SIGN}C")
        parts.append(part.replace(" ", "\N{NO-BREAK SPACE}"))
    lines = textwrap.wrap(SEPARATOR.join(parts), LONGEST_LINE, max_lines=MOST_LINES, placeholder=" ...")
    return [line.strip(" \N{BULLET}") for line in lines]


def _title(figure: Figure, result: Result, figures: list[str], height_inch: float) -> None:
    """Write the scenario's name and the key figures above everything."""
    name = str(result.summary.get("scenario", result.slow.attrs.get("scenario", "run")))
    figure.text(LEFT - 0.045, 1.0 - 0.27 / height_inch, name, fontsize=15, fontweight="bold", va="center")
    figure.text(LEFT - 0.045, 1.0 - NAME_INCH / height_inch, "\n".join(figures), fontsize=9, va="top", color=WORDS,
                linespacing=1.35)
