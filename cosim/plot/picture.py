"""One picture of a run that reads without the source code.

Above, the whole run over a shared time axis: currents, voltages, temperatures, charge and speed, with the
events and the SPICE windows marked. Below, the most telling windows at their own scale of time. Plain
`Figure` objects, no pyplot: nothing global, safe in threads and notebooks.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from cosim.plot.days import DAY_S, day_ticks, draw_days
from cosim.plot.decimate import min_max
from cosim.plot.marks import mark_events, mark_windows
from cosim.plot.outputs import (
    CELLS_HEIGHT,
    CELLS_SPAN_V,
    ROW_HEIGHT,
    STARTED_S,
    Trace,
    changing,
    draw_cells,
    draw_outputs,
    draw_storage,
    dress_outputs,
    is_storage,
)
from cosim.plot.split import SPLITS, draw_split
from cosim.plot.styles import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Picture, picture
from cosim.plot.windows import Zoom, chosen_windows, draw_zoom
from cosim.result import Result, shown

Array = NDArray[np.float64]

Place = Literal["lower left", "lower right"]

SIZE_INCH = (16.0, 12.0)
TALL_INCH = 15.0
"""Height of a picture that has enlarged windows and outputs as well."""
DPI = 100
BINS = 1600
"""Bins of the decimation: one per pixel of the picture's width."""


class Line(NamedTuple):
    """One curve: variable, text of the legend, colour, line style and width [pt]."""

    variable: str
    label: str
    colour: str
    style: str = "-"
    width: float = 1.2


class Panel(NamedTuple):
    """One set of axes over the whole run: label of its axis, height, smallest span of its axis, curves."""

    label: str
    height: float
    least_span: float
    lines: tuple[Line, ...]


PANELS = (
    Panel("current [A]", 2.3, 2.0, (
        Line("alternator_current_A", "alternator", ORANGE),
        Line("starter_battery_current_A", "starter battery", PURPLE, "-", 0.9),
        Line("port_current_A", "BMS alternator port", BLUE, "-", 1.6),
        Line("system_current_A", "System+", GREEN, "-", 0.9),
        Line("battery_current_A", "LFP battery", SKY, "-", 0.9),
        Line("current_limit_A", "limit of the port", BLACK, "--", 1.0),
    )),
    Panel("voltage [V]", 1.4, 0.5, (
        Line("starter_voltage_V", "starter battery", PURPLE),
        Line("input_voltage_V", "BMS input", ORANGE),
        Line("battery_voltage_V", "LFP battery", BLUE, "-", 1.6),
        Line("system_voltage_V", "System+", GREEN, "-", 0.9),
    )),
    Panel("temperature [\N{DEGREE SIGN}C]", 2.0, 5.0, (
        Line("winding_degC", "alternator winding", RED, "-", 1.6),
        Line("rectifier_degC", "alternator rectifier", ORANGE),
        Line("junction_degC", "hottest junction", PURPLE, "-", 0.9),
        Line("heatsink_degC", "heatsink", GREEN),
        Line("fuse_temperature_degC", "fuse", BLACK),
        Line("fuse_temperature_estimate_degC", "fuse, as estimated", SKY, "--"),
        Line("cell_temperature_degC", "hottest cell", BLUE),
    )),
    Panel("charge [%]", 1.2, 2.0, (
        Line("soc", "LFP battery", BLUE, "-", 1.6),
        Line("starter_soc", "starter battery", PURPLE),
    )),
)

WITH_SYSTEM = ("battery_current_A",)
"""Curves that are those of the alternator port where nothing stands at System+."""
ONCE_ON = ("system_voltage_V",)
"""Curves that begin when the port has been powered up: its pre-charge from 0 V would fill the panel."""
SEPARATOR = "   \N{BULLET}   "
NOTHING = 1e-6
"""Key figures below it are nothing, whatever their unit (a microampere, a microvolt)."""
STAND_INS = {"cell_temperature_degC": "each_hottest_degC"}
"""What is drawn where a large bank does not record every cell."""
DAYS_HEIGHT = 1.2
"""Height of the panel of days, which only long runs have."""
WIDE_CHARGE = 40.0
"""A charge that moves by more percent is drawn on the whole scale from 0 to 100."""

SPEEDS = (
    ("vehicle_speed_m_s", 3.6, "vehicle speed", "km/h"),
    ("alternator_rpm", 1.0, "alternator speed", "1/min"),
)
"""Variable, factor to the unit, label and unit; the first one that the run has is drawn."""

TIME_UNITS = ((432_000.0, 86_400.0, "d"), (18_000.0, 3600.0, "h"), (180.0, 60.0, "min"), (0.0, 1.0, "s"))
"""Runs from this long on [s] are drawn in this unit [s], with this name."""


def plot_result(result: Result) -> Picture:
    """Draw a run.

    Parameters
    ----------
    result : what `Simulation.run` returned or `Result.load` read; variables that are absent are left out

    Returns
    -------
    a figure of 1600 x 1200 pixels (1500 with windows and outputs); shows in a notebook, and `figure.savefig` writes it
    """
    zooms, traces = chosen_windows(result.windows), changing(result.slow)
    height_inch = TALL_INCH if zooms and traces else SIZE_INCH[1]
    figure, part = picture(SIZE_INCH[0], height_inch, layout=None, dpi=DPI), SIZE_INCH[1] / height_inch
    panels = [panel for panel in PANELS if any(line.variable in result.slow for line in panel.lines)]
    bottom = (0.345 if zooms else 0.06) * part
    factor, unit = time_unit(result.slow)
    by_day = factor == DAY_S and "soc" in result.slow
    splits = [split for split in SPLITS if split.variable in result.slow]
    heights = [panel.height for panel in panels] + [split.height for split in splits]
    heights += [CELLS_HEIGHT, ROW_HEIGHT * len(traces)] * bool(traces) + [DAYS_HEIGHT] * by_day
    grid = GridSpec(
        max(len(heights), 1), 1, figure, left=0.055, right=0.865, top=1.0 - 0.165 * part, bottom=bottom, hspace=0.09,
        height_ratios=heights or None,
    )
    axes: list[Axes] = []
    for row, panel in enumerate(panels):
        ax = figure.add_subplot(grid[row], sharex=axes[0] if axes else None)
        draw_panel(ax, panel, result.slow, factor, 6.5 if splits and zooms else 8.0 if by_day else 9.0)
        ax.tick_params(labelbottom=row == len(heights) - 1)
        axes.append(ax)
    for row, split in enumerate(splits, start=len(panels)):
        ax = figure.add_subplot(grid[row], sharex=axes[0] if axes else None)
        draw_split(ax, split, result.slow, factor, BINS)
        widen(ax, split.least_span)
        dress(ax, split.label)
        ax.tick_params(labelbottom=row == len(heights) - 1)
        axes.append(ax)
    if traces:
        both = [figure.add_subplot(grid[len(axes) + row], sharex=axes[0] if axes else None) for row in (0, 1)]
        _draw_protection(both[0], both[1], traces, result.slow, factor, last=not by_day)
        axes += both
    if by_day:
        axes.append(figure.add_subplot(grid[len(heights) - 1], sharex=axes[0]))
        if is_storage(result.slow):
            draw_storage(axes[-1], result.slow, factor, BINS)
            dress(axes[-1], "[mA]")
        else:
            draw_days(axes[-1], result.slow)
            dress(axes[-1], "daily [%]")
        day_ticks(axes[-1], float(result.slow["time_s"].values[-1]) / DAY_S)
    if axes:
        axes[-1].set_xlabel(f"time since the start [{unit}]")
        _time_range(axes[0], result.slow, factor)
        mark_windows(axes, result.windows, zooms, factor)
        mark_events(axes, result.events, factor)
    _draw_zooms(figure, zooms, part)
    _title(figure, result, part)
    return figure


def save_picture(result: Result, path: Path) -> None:
    """Draw a run and write it as PNG; the same run gives the same bytes."""
    plot_result(result).savefig(path, format="png", dpi=DPI)


def time_unit(slow: xr.Dataset) -> tuple[float, str]:
    """Return the seconds per unit of the time axis, and the unit's name, that suit the length of the run."""
    time_s = slow["time_s"].values if "time_s" in slow.variables else np.zeros(1)
    span_s = float(time_s[-1] - time_s[0]) if time_s.size else 0.0
    return next((factor, name) for least_s, factor, name in TIME_UNITS if span_s >= least_s)


def draw_panel(ax: Axes, panel: Panel, slow: xr.Dataset, factor: float, legend_pt: float = 9.0) -> None:
    """Draw the curves of one panel that the run has, with a legend beside it."""
    time_s = slow["time_s"].values.astype(float)
    for line in panel.lines:
        name = line.variable if line.variable in slow else STAND_INS.get(line.variable, "")
        if name not in slow or (name in WITH_SYSTEM and "system_current_A" not in slow):
            continue
        values = one_curve(slow[name])
        if line.variable in ONCE_ON:
            values = np.where(time_s < STARTED_S, np.nan, values)
        scale = 100.0 if line.variable.endswith("soc") else 1.0
        x, y = min_max(time_s, values * scale, BINS)
        ax.plot(x / factor, y, line.style, color=line.colour, linewidth=line.width, label=line.label)
        limit = slow[name].attrs.get("limit_degC")
        if limit is not None:
            ax.axhline(float(limit), color=line.colour, linestyle=":", linewidth=1.1,
                       label=f"its limit, {float(limit):g} \N{DEGREE SIGN}C")
    _keep_scale(ax, panel, slow)
    widen(ax, panel.least_span)
    dress(ax, panel.label)
    of_charge = "soc" in {line.variable for line in panel.lines}
    if of_charge and np.ptp(ax.get_ylim()) > WIDE_CHARGE:
        ax.set_ylim(-4.0, 104.0)
        ax.set_yticks([0.0, 25.0, 50.0, 75.0, 100.0])
    speed = _draw_speed(ax, slow, factor) if of_charge else None
    handles, labels = ax.get_legend_handles_labels()
    if speed is not None:
        more = speed.get_legend_handles_labels()
        handles, labels = handles + more[0], labels + more[1]
    ax.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.005 if speed is None else 1.045, 1.02),
              frameon=False, fontsize=legend_pt, handlelength=1.8, labelspacing=0.2)


def _keep_scale(ax: Axes, panel: Panel, slow: xr.Dataset) -> None:
    """Let a System+ node that breaks down leave its panel at the bottom, so that it does not flatten the others."""
    names = [line.variable for line in panel.lines if line.variable in slow]
    others = [name for name in names if name not in ONCE_ON]
    if others and len(others) < len(names):
        lowest = min(float(np.nanmin(one_curve(slow[name]))) for name in others)
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, lowest - 0.05 * (high - lowest)), high)


def _draw_protection(
    cells: Axes, outputs: Axes, traces: tuple[Trace, ...], slow: xr.Dataset, factor: float, *, last: bool
) -> None:
    """Draw the cells' extremes and below them the outputs that change."""
    draw_cells(cells, slow, factor, BINS)
    widen(cells, CELLS_SPAN_V)
    dress(cells, "cell [V]")
    draw_outputs(outputs, traces, slow, factor, BINS)
    dress(outputs, "outputs")
    dress_outputs(outputs, traces)
    cells.tick_params(labelbottom=False)
    outputs.tick_params(labelbottom=last)


def one_curve(variable: xr.DataArray) -> Array:
    """Return the values over time; of cells or devices, the highest at each time."""
    others = [dimension for dimension in variable.dims if dimension != "time_s"]
    return np.asarray(variable.max(dim=others).values if others else variable.values, dtype=float)


def widen(ax: Axes, least_span: float) -> None:
    """Keep an axis from blowing noise up: it spans at least so much, with a little air."""
    low, high = ax.get_ylim()
    lack = max(least_span - (high - low), 0.0)
    ax.set_ylim(low - lack / 2.0, high + lack / 2.0)


def dress(ax: Axes, label: str) -> None:
    """Give axes their label and a quiet grid."""
    ax.set_ylabel(label, fontsize=10)
    ax.tick_params(labelsize=9)
    ax.grid(True, color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def _draw_speed(ax: Axes, slow: xr.Dataset, factor: float) -> Axes | None:
    """Draw vehicle speed, or alternator speed where no vehicle moves, on an axis to the right."""
    known = [speed for speed in SPEEDS if speed[0] in slow and float(np.nanmax(slow[speed[0]], initial=0.0)) > 0.0]
    if not known:
        return None
    variable, scale, label, unit = known[0]
    right = ax.twinx()
    x, y = min_max(slow["time_s"].values.astype(float), one_curve(slow[variable]) * scale, BINS)
    right.fill_between(x / factor, 0.0, y, color=GREY, alpha=0.35, linewidth=0.0, label=label)
    right.set_ylim(0.0, max(float(np.nanmax(y, initial=0.0)) * 1.1, 1.0))
    right.set_ylabel(f"[{unit}]", fontsize=10, color="#555555")
    right.tick_params(labelsize=9, colors="#555555")
    right.spines["top"].set_visible(False)
    ax.set_zorder(right.get_zorder() + 1)
    ax.patch.set_visible(False)
    return right


def _time_range(ax: Axes, slow: xr.Dataset, factor: float) -> None:
    """Show the run from its first to its last record, without margins."""
    time_s = slow["time_s"].values
    if time_s.size > 1:
        ax.set_xlim(float(time_s[0]) / factor, float(time_s[-1]) / factor)


def _draw_zooms(figure: Figure, zooms: list[Zoom], part: float) -> None:
    """Draw the chosen windows in a row below: currents above, voltages below; `part` scales what has a fixed height."""
    if not zooms:
        return
    grid = GridSpec(2, len(zooms), figure, left=0.055, right=0.985, top=0.262 * part, bottom=0.066 * part, hspace=0.1,
                    wspace=0.2, height_ratios=[1.25, 1.0])
    drawn: tuple[dict[str, Artist], dict[str, Artist]] = ({}, {})
    for column, zoom in enumerate(zooms):
        upper = figure.add_subplot(grid[0, column])
        lower = figure.add_subplot(grid[1, column], sharex=upper)
        draw_zoom(upper, lower, zoom)
        for ax, text, span in ((upper, "current [A]", 2.0), (lower, "voltage [V]", 0.5)):
            widen(ax, span)
            dress(ax, text if column == 0 else "")
        for known, ax in zip(drawn, (upper, lower), strict=True):
            handles, labels = ax.get_legend_handles_labels()
            known.update(zip(labels, handles, strict=True))
    _draw_legend(figure, "currents:", drawn[0], "lower left", 0.055)
    _draw_legend(figure, "voltages:", drawn[1], "lower right", 0.985)


def _draw_legend(figure: Figure, head: str, curves: dict[str, Artist], place: Place, x: float) -> None:
    """One line below the enlarged windows for what all of them share, so that it hides no curve."""
    if not curves:
        return
    handles = [Line2D([], [], linestyle="none"), *curves.values()]
    figure.legend(handles, [head, *curves], loc=place, bbox_to_anchor=(x, 0.0), ncols=len(handles), frameon=False,
                  fontsize=8.5, handlelength=1.8, columnspacing=1.4)


def _title(figure: Figure, result: Result, scale: float) -> None:
    """Write the scenario's name and the key figures above everything."""
    name = str(result.summary.get("scenario", result.slow.attrs.get("scenario", "run")))
    figure.text(0.055, 1.0 - 0.025 * scale, name, fontsize=17, fontweight="bold", va="center")
    parts = []
    # What is outside its limit comes first, so that it is never cut off.
    for figures in sorted(result.summary.get("figures", []), key=lambda f: f.get("passed") is not False):
        failed = " (OUTSIDE ITS LIMIT)" if figures.get("passed") is False else ""
        number = figures.get("value")
        small = isinstance(number, float) and abs(number) < NOTHING
        value = f"{'0' if small else shown(number)} {figures.get('unit', '')}"
        part = f"{figures.get('name', '')} {value}{failed}".replace("degC", "\N{DEGREE SIGN}C")
        parts.append(part.replace(" ", "\N{NO-BREAK SPACE}"))
    lines = textwrap.wrap(SEPARATOR.join(parts), 205, max_lines=3, placeholder=" ...")
    lines = [line.strip(" \N{BULLET}") for line in lines]
    figure.text(0.055, 1.0 - 0.041 * scale, "\n".join(lines), fontsize=9.5, va="top", color="#333333", linespacing=1.35)
