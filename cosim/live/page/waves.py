"""Curves of the page: the last minutes of the record, and the waves of a SPICE window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from bokeh.models import ColumnDataSource, Legend, LegendItem, Range1d
from bokeh.plotting import figure
from numpy.typing import NDArray

from cosim.live.history import History
from cosim.live.page.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from cosim.live.view import ShownWindow

Array = NDArray[np.float64]

MOST_POINTS = 600
"""Points per curve that are sent at a time (ours: what a page is wide)."""
SPANS_S = {"1 min": 60.0, "5 min": 300.0, "30 min": 1800.0, "2 h": 7200.0, "8 h": 28_800.0, "all": 1e12}
TIME_UNITS = ((1e4, 3600.0, "h"), (300.0, 60.0, "min"), (1.0, 1.0, "s"), (2e-3, 1e-3, "ms"), (0.0, 1e-6, "\u00b5s"))
"""From which span on a time axis is told in which unit."""
LEGEND_COLUMNS = 3
"""What a phone is wide enough for."""
HEIGHT_PX, LABEL_PX = 180, 22
"""Height of a plot, and what the lowest one has besides for the label of the time axis."""


class Curve(NamedTuple):
    """A curve: channel (and column of a channel per cell), words, colour, dash."""

    channel: str
    words: str
    colour: str
    dash: str = "solid"
    column: int | None = None


CURRENTS = (
    Curve("port_current_A", "alternator port", BLUE), Curve("current_limit_A", "its limit", BLACK, "dashed"),
    Curve("battery_current_A", "LFP bank", GREEN), Curve("system_current_A", "System+", VERMILLION),
    Curve("alternator_current_A", "alternator", ORANGE),
)
VOLTAGES = (
    Curve("starter_voltage_V", "starter battery", PURPLE), Curve("input_voltage_V", "BMS input", ORANGE),
    Curve("battery_voltage_V", "LFP bank", BLUE), Curve("system_voltage_V", "System+", GREEN, "dashed"),
)
TEMPERATURES = (
    Curve("fuse_temperature_degC", "fuse", VERMILLION),
    Curve("fuse_temperature_estimate_degC", "fuse, estimated", VERMILLION, "dotted"),
    Curve("heatsink_degC", "heatsink", BLACK), Curve("winding_degC", "alternator winding", ORANGE),
    Curve("rectifier_degC", "rectifier", SKY), Curve("cell_temperature_degC", "cell 1", BLUE, "solid", 0),
)
CELL_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
WINDOW_CURRENTS = (
    ("alternator_current_A", ORANGE), ("port_current_A", BLUE), ("system_current_A", GREEN),
    ("shunt_current_A", VERMILLION), ("pulse_current_A", BLACK),
)
WINDOW_VOLTAGES = (
    ("starter_voltage_V", PURPLE), ("input_voltage_V", ORANGE), ("battery_voltage_V", BLUE),
    ("system_voltage_V", GREEN), ("ground_V", BLACK),
)
LOGIC = ("enable", "latch", "over_voltage_trip", "limit_lifted")
"""Signals of a window that are on or off, drawn one above the other."""


def time_unit(span_s: float) -> tuple[float, str]:
    """Seconds of the unit in which a time axis of this span is told, and its name."""
    return next((seconds, name) for least_s, seconds, name in TIME_UNITS if span_s >= least_s)


def axes(label: str, x_range: Range1d) -> figure:
    """An empty plot that is as wide as its place; the wheel zooms only when it is asked for (phones scroll)."""
    plot = figure(
        height=HEIGHT_PX, sizing_mode="stretch_width", x_range=x_range, tools="pan,box_zoom,wheel_zoom,reset,save",
        active_drag=None, toolbar_location="right", output_backend="canvas",
    )
    plot.yaxis.axis_label = label
    plot.toolbar.logo = None
    plot.xgrid.grid_line_color = plot.ygrid.grid_line_color = "#e3e6ea"
    plot.min_border_left = 62
    for axis in (*plot.xaxis, *plot.yaxis):
        axis.axis_label_text_font_style, axis.axis_label_text_font_size = "normal", "12px"
        axis.major_label_text_font_size = "12px"
    return plot


def add_legend(plot: figure, items: Sequence[tuple[str, Any]]) -> None:
    """A legend above the plot, a click on which hides a curve."""
    legend = Legend(
        items=[LegendItem(label=words, renderers=[line]) for words, line in items], orientation="horizontal",
        click_policy="hide", label_text_font_size="12px", border_line_color=None, padding=0, margin=2, spacing=3,
        ncols=4 if len(items) == 4 else LEGEND_COLUMNS, glyph_width=18,
    )
    plot.add_layout(legend, "above")


class RecordPlots:
    """Currents, voltages, cells and temperatures over the last minutes.

    Parameters
    ----------
    channels : those that this run has
    cells : cells whose voltages are recorded; 0 where only the batteries' extremes are
    """

    def __init__(self, channels: Sequence[str], cells: int) -> None:
        shown = [[c for c in group if c.channel in channels] for group in (CURRENTS, VOLTAGES, TEMPERATURES)]
        shown.insert(2, _cell_curves(cells))
        self._curves = [curve for group in shown for curve in group]
        self._source = ColumnDataSource({"x": [0.0], **{_key(c): [0.0] for c in self._curves}})
        self._range = Range1d(0.0, 1.0)
        self.figures = []
        labels = ("current [A]", "voltage [V]", "cells [V]", "temperature [\u00b0C]")
        for label, group in zip(labels, shown, strict=True):
            plot = axes(label, self._range)
            lines = [(c.words, plot.line("x", _key(c), source=self._source, color=c.colour, line_dash=c.dash,
                                         line_width=1.8)) for c in group]
            add_legend(plot, lines)
            self.figures.append(plot)
        self.figures[-1].height = HEIGHT_PX + LABEL_PX

    def update(self, history: History, now_s: float, span_s: float, follow: bool) -> None:
        """Draw what is there; `follow`: the time axis ends at now."""
        start_s = max(0.0, now_s - span_s)
        rows = history.since(start_s, MOST_POINTS)
        if not rows:
            return
        seconds, unit = time_unit(max(now_s - start_s, 1.0))
        data = {"x": rows["time_s"] / seconds}
        for curve in self._curves:
            data[_key(curve)] = _wave(rows, curve)
        self._source.data = data
        if follow:
            self._range.update(start=start_s / seconds, end=max(now_s, start_s + 1.0) / seconds)
        self.figures[-1].xaxis.axis_label = f"time since the start [{unit}]"


def _cell_curves(cells: int) -> list[Curve]:
    if cells == 0:
        return [Curve("each_cell_low_V", "lowest", VERMILLION), Curve("each_cell_high_V", "highest", BLUE)]
    dashes = ("solid", "dashed", "dotted", "dotdash")
    return [Curve("cell_voltage_V", f"{c + 1}", CELL_COLOURS[c % 4], dashes[c // 4 % 4], c) for c in range(cells)]


def _key(curve: Curve) -> str:
    return curve.channel if curve.column is None else f"{curve.channel}_{curve.column}"


def _wave(rows: dict[str, Array], curve: Curve) -> Array:
    wave = rows.get(curve.channel)
    if wave is None:
        return np.full(rows["time_s"].size, np.nan)
    if wave.ndim == 1:
        return wave
    if curve.column is not None:
        return wave[:, curve.column]
    return np.asarray(wave.min(axis=1) if "low" in curve.channel else wave.max(axis=1), dtype=np.float64)


class WindowPlots:
    """Currents, voltages and logic of one window."""

    def __init__(self) -> None:
        self._range = Range1d(0.0, 1.0)
        self._lines: dict[str, tuple[ColumnDataSource, Any]] = {}
        self.figures = []
        logic = tuple((name, colour) for name, colour in zip(LOGIC, (BLUE, VERMILLION, PURPLE, BLACK), strict=True))
        for label, group in (("current [A]", WINDOW_CURRENTS), ("voltage [V]", WINDOW_VOLTAGES), ("on, off", logic)):
            plot = axes(label, self._range)
            items = []
            for name, colour in group:
                source = ColumnDataSource({"x": [0.0], "y": [0.0]})
                line = plot.line("x", "y", source=source, color=colour, line_width=1.8)
                self._lines[name] = (source, line)
                items.append((name.rsplit("_", 1)[0].replace("_", " ") if group is not logic else
                              name.replace("_", " "), line))
            add_legend(plot, items)
            self.figures.append(plot)
        self.figures[-1].update(height=HEIGHT_PX + LABEL_PX)
        places = [1.5 * place + 0.5 for place in range(len(LOGIC))]
        self.figures[-1].yaxis.ticker = places
        words = (name.replace("_", " ").replace("over voltage trip", "trip") for name in LOGIC)
        self.figures[-1].yaxis.major_label_overrides = dict(zip(places, words, strict=True))
        self.figures[-1].y_range.update(start=-0.3, end=1.5 * len(LOGIC))

    def show(self, window: ShownWindow, whole: bool) -> None:
        """Draw a window: its most telling stretch, or all of it."""
        everything = [wave[0] for wave in window.waves.values()]
        last_s = max((float(times[-1]) for times in everything), default=1.0)
        low_s, high_s = (0.0, last_s) if whole else window.focus_s
        seconds, unit = time_unit(high_s - low_s)
        origin_s = 0.0 if whole or low_s < 5.0 * (high_s - low_s) else low_s
        for name, (source, line) in self._lines.items():
            wave = window.waves.get(name)
            line.visible = wave is not None
            if wave is None:
                source.data = {"x": [], "y": []}
                continue
            values = wave[1] if name not in LOGIC else (wave[1] > 0.5) + 1.5 * LOGIC.index(name)
            source.data = {"x": (wave[0] - origin_s) / seconds, "y": np.asarray(values, dtype=np.float64)}
        self._range.update(start=(low_s - origin_s) / seconds, end=(high_s - origin_s) / seconds)
        since = "the window's start" if origin_s == 0.0 else f"{window.start_s + origin_s:.6f} s of the run"
        self.figures[-1].xaxis.axis_label = f"time since {since} [{unit}]"
