"""Panels of the whole run's picture: which channels stand together, and how an axis is dressed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cosim.plot.decimate import min_max
from cosim.plot.outputs import STARTED_S
from cosim.plot.styles import DOTTED, GREY, QUIET, legend_beside
from cosim.plot.words import stroke_of, words_of

Array = NDArray[np.float64]

BINS = 1600
"""Bins of the decimation: one per pixel of the picture's width."""


class Line(NamedTuple):
    """One curve: variable, width [pt], and text of the legend where it is not the channel's own."""

    variable: str
    width: float = 1.3
    label: str = ""


class Panel(NamedTuple):
    """One set of axes over the whole run: label of its axis, height, smallest span of its axis, curves."""

    label: str
    height: float
    least_span: float
    lines: tuple[Line, ...]


PANELS = (
    Panel("current [A]", 2.3, 2.0, (
        Line("alternator_current_A"), Line("starter_battery_current_A"), Line("port_current_A", 1.9),
        Line("system_current_A"), Line("battery_current_A"), Line("current_limit_A", 1.0),
    )),
    Panel("voltage [V]", 1.5, 0.5, (
        Line("starter_voltage_V"), Line("input_voltage_V"), Line("battery_voltage_V", 1.9), Line("system_voltage_V"),
    )),
    Panel("temperature [\N{DEGREE SIGN}C]", 2.2, 5.0, (
        Line("winding_degC", 1.7), Line("rectifier_degC"), Line("junction_degC", 1.1, "hottest junction"),
        Line("heatsink_degC"), Line("fuse_temperature_degC"), Line("fuse_temperature_estimate_degC"),
        Line("cell_temperature_degC", 1.1, "hottest cell"),
    )),
    Panel("charge [%]", 1.2, 2.0, (Line("soc", 1.9), Line("starter_soc"))),
)

WITH_SYSTEM = ("battery_current_A",)
"""Curves that are those of the alternator port where nothing stands at System+."""
ONCE_ON = ("system_voltage_V",)
"""Curves that begin when the port has been powered up: its pre-charge from 0 V would fill the panel."""
STAND_INS = {"cell_temperature_degC": "each_hottest_degC"}
"""What is drawn where a large bank does not record every cell."""
WIDE_CHARGE = 40.0
"""A charge that moves by more percent is drawn on the whole scale from 0 to 100."""
BESIDE_SPEED = 1.085
"""Where a legend begins beside an axis of speed, in widths of the panel."""

SPEEDS = (
    ("vehicle_speed_m_s", 3.6, "vehicle speed", "km/h"),
    ("alternator_rpm", 1.0, "alternator", "1/min"),
)
"""Variable, factor to the unit, label and unit; the first one that the run has is drawn."""


def draw_panel(ax: Axes, panel: Panel, slow: xr.Dataset, factor: float) -> None:
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
        stroke = stroke_of(line.variable)
        ax.plot(x / factor, y, linestyle=stroke.dash, color=stroke.colour, linewidth=line.width,
                label=line.label or words_of(slow[name]))
        limit = slow[name].attrs.get("limit_degC")
        if limit is not None:
            ax.axhline(float(limit), color=stroke.colour, linestyle=DOTTED, linewidth=1.1,
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
    legend_beside(ax, at=1.01 if speed is None else BESIDE_SPEED, handles=handles, labels=labels)


def _keep_scale(ax: Axes, panel: Panel, slow: xr.Dataset) -> None:
    """Let a System+ node that breaks down leave its panel at the bottom, so that it does not flatten the others."""
    names = [line.variable for line in panel.lines if line.variable in slow]
    others = [name for name in names if name not in ONCE_ON]
    if others and len(others) < len(names):
        lowest = min(float(np.nanmin(one_curve(slow[name]))) for name in others)
        low, high = ax.get_ylim()
        ax.set_ylim(max(low, lowest - 0.05 * (high - lowest)), high)


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
    """Give axes their label, all labels of a picture below each other."""
    ax.set_ylabel(label)
    ax.yaxis.set_label_coords(-0.075, 0.5)


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
    right.set_ylabel(f"[{unit}]", color=QUIET)
    right.tick_params(colors=QUIET)
    right.grid(False)
    ax.set_zorder(right.get_zorder() + 1)
    ax.patch.set_visible(False)
    return right
