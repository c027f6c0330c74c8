"""A run to zoom into by hand: panels with one axis of time, from the whole run to the microseconds of its windows.

The page is complete in itself: no server, no network. All points are in it; the browser draws the lowest and the
highest of each pixel's stretch and does so anew after every zoom, so that no spike is lost at any scale.
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cosim.errors import InputError
from cosim.plot.channels import Panels, panels_of
from cosim.plot.decimate import min_max
from cosim.plot.marks import WINDOW_EVENTS, words
from cosim.plot.panels import PANELS
from cosim.plot.styles import QUIET, RED, YELLOW, Dash
from cosim.plot.words import Curve, axis_label, panel_curves
from cosim.plot.zoom import with_windows
from cosim.result import Result

if TYPE_CHECKING:
    from bokeh.models import ColumnDataSource, Range1d, WheelZoomTool
    from bokeh.plotting import figure

BINS = 700
"""Stretches of time that a curve is thinned out to on the screen."""
MOST_POINTS = 400_000
"""Longer curves are thinned out by min-max before they go into the page."""
WIDTH_PX, PANEL_PX, STRIP_PX = 800, 190, 34
LINE_PX = 1.6
USE = "marks: events, yellow: SPICE windows; wheel: zoom, drag: move, a click on a name hides its curve"
EXTRA = "pip install 'smart-bms-cosim[interactive]'"

THIN = """
const low = range.start, high = range.end;
const before = (list, value) => {  // the last index whose time is not after the value
    let a = 0, b = list.length - 1;
    while (a < b) { const m = (a + b + 1) >> 1; if (list[m] <= value) a = m; else b = m - 1; }
    return a;
};
for (let k = 0; k < all.length; k++) {
    const t = all[k].data.x, v = all[k].data.y, x = [], y = [];
    const first = before(t, low), last = Math.min(before(t, high) + 1, t.length - 1);
    if (last - first <= 4 * bins) {
        for (let i = first; i <= last; i++) { x.push(t[i]); y.push(v[i]); }
    } else {
        let i = first;
        for (let bin = 1; bin <= bins; bin++) {
            const end = bin == bins ? last + 1 : before(t, low + (high - low) * bin / bins) + 1;
            if (end <= i) continue;
            let least = i, most = i;
            for (let j = i; j < end; j++) { if (v[j] < v[least]) least = j; if (v[j] > v[most]) most = j; }
            const kept = [...new Set([i, least, most, end - 1])].sort((a, b) => a - b);
            for (const j of kept) { x.push(t[j]); y.push(v[j]); }
            i = end;
        }
    }
    shown[k].data = {x: x, y: y};
}
"""
"""The same as `decimate.min_max`, in the browser: what `range` shows of `all` goes to `shown`."""
MOMENT = """
const axis = Math.abs(ticks.length > 1 ? ticks[1] - ticks[0] : 1.0);
return tick.toFixed(Math.max(0, Math.ceil(-Math.log10(axis) - 1e-9)));
"""
"""Numbers of the axis of time with as many places as tell its ticks apart."""
PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>{title}</title>
{scripts}
  </head>
  <body>
{div}
{script}
  </body>
</html>
"""
"""A page of our own: Bokeh's is another one, with links to other files, once Panel was imported (`cosim.live`)."""


@dataclass(frozen=True)
class Exploration:
    """A page of linked panels; shows itself in a notebook, and `save` writes it as one HTML file."""

    page: str
    height_px: int

    def save(self, path: Path | str) -> Path:
        """Write the page, complete in itself; returns the path.

        Raises
        ------
        InputError : the place cannot be written
        """
        target = Path(path)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            temporary.write_text(self.page, encoding="utf-8")
            os.replace(temporary, target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise InputError(str(target), "", error.strerror or "unwritable", "a file that can be written") from error
        return target

    def _repr_html_(self) -> str:
        # A frame of its own keeps the page's scripts and styles from those of the notebook.
        return (f'<iframe srcdoc="{html.escape(self.page)}" width="100%" height="{self.height_px}" '
                'style="border:none" title="run to zoom into"></iframe>')

    def __repr__(self) -> str:
        return f"Exploration({len(self.page) / 1e6:.1f} MB; shows in a notebook, save(path) writes it)"


def explore(result: Result, panels: Panels | None = None, *, title: str = "") -> Exploration:
    """Return a run to zoom into: wheel or box over any panel, all share the axis of time; a click hides a curve.

    Parameters
    ----------
    result : a run; its windows' points stand in place of the records during them
    panels : as in `plot_channels`; without them currents, voltages, temperatures and charge
    title : above the panels; without it the scenario's name

    Returns
    -------
    a page that shows itself in a notebook; `save("run.html")` writes it for any browser

    Raises
    ------
    InputError : no such channel, several units in one panel, or the extra `interactive` is not installed
    """
    call = "explore"
    try:
        from bokeh.embed import components
        from bokeh.layouts import column, gridplot
        from bokeh.models import CustomJS, Div, Range1d, WheelZoomTool
        from bokeh.resources import Resources
    except ImportError as error:
        raise InputError(call, "bokeh", "is not installed", EXTRA) from error
    names = panels_of(panels) if panels is not None else usual_panels(result)
    time_s = result.slow["time_s"].values
    if time_s.size < 2 or not names:
        raise InputError(call, "result", f"{time_s.size} records, {len(names)} panels", "a run with channels over time")
    span = Range1d(float(time_s[0]), float(time_s[-1]), bounds=(float(time_s[0]), float(time_s[-1])))
    wheel = WheelZoomTool(dimensions="width")  # one for all panels: a button that several share is not active at first
    pairs: list[tuple[ColumnDataSource, ColumnDataSource]] = []
    figures: list[figure] = []
    for place, panel in enumerate(names):
        unit, curves = panel_curves(result.slow, panel, call, f"panels[{place}]", highest=panels is None)
        drawn = [with_windows(curve, result) for curve in curves]
        figures.append(_panel(span, axis_label(unit), drawn, pairs, wheel, last=place == len(names) - 1))
    _link(figures)
    _shade(figures, result)
    thin = CustomJS(args={"range": span, "all": [a for a, _ in pairs], "shown": [b for _, b in pairs], "bins": BINS},
                    code=THIN)
    span.js_on_change("start", thin)
    span.js_on_change("end", thin)
    told = title or str(result.summary.get("scenario", "run"))
    head = Div(text=f"<b>{html.escape(told)}</b> &ensp; {USE}")
    grid = gridplot([[_strip(span, result, wheel)], *([panel] for panel in figures)], toolbar_location="above")
    script, div = components(column(head, grid))
    inline = Resources(mode="inline", components=["bokeh", "bokeh-widgets"]).js_raw
    scripts = "\n".join(f"<script>\n{text}\n</script>" for text in inline)
    page = PAGE.format(title=html.escape(told), scripts=scripts, div=div, script=script)
    return Exploration(page, sum(panel.height or 0 for panel in figures) + STRIP_PX + 100)


def usual_panels(result: Result) -> list[list[str]]:
    """Panels of the whole run's picture, as far as the run has their channels."""
    found = [[line.variable for line in panel.lines if line.variable in result.slow] for panel in PANELS]
    return [names for names in found if names]


def _panel(
    span: Range1d, label: str, curves: Sequence[Curve], pairs: list[tuple[ColumnDataSource, ColumnDataSource]],
    wheel: WheelZoomTool, *, last: bool,
) -> figure:
    """Draw one panel, and add its curves' whole and shown points to `pairs`."""
    from bokeh.models import ColumnDataSource, CustomJSTickFormatter, HoverTool
    from bokeh.plotting import figure

    panel = figure(width=WIDTH_PX, height=PANEL_PX + (32 if last else 0), x_range=span, y_axis_label=label,
                   x_axis_label="time since the start [s]" if last else None, tools="xpan,xbox_zoom,undo,reset,save",
                   min_border_left=64, min_border_right=10)
    panel.add_tools(wheel)
    panel.toolbar.active_scroll = wheel
    panel.xaxis.formatter = CustomJSTickFormatter(code=MOMENT)
    panel.xaxis.visible = last
    lines = []
    for curve in curves:
        time_s, values = min_max(curve.time_s, curve.values, MOST_POINTS // 4)
        whole = ColumnDataSource({"x": time_s, "y": values})
        x, y = min_max(time_s, values, BINS)
        shown = ColumnDataSource({"x": x, "y": y})
        pairs.append((whole, shown))
        lines.append(panel.line("x", "y", source=shown, color=curve.stroke.colour, line_width=LINE_PX,
                                line_dash=dashes(curve.stroke.dash), legend_label=curve.words, name=curve.words))
    unit = label.partition("[")[2].rstrip("]")
    panel.add_tools(HoverTool(renderers=lines, mode="vline", point_policy="follow_mouse",
                              tooltips=[("", f"$name @y{{0.0000}} {unit} at @x{{0.000000000}} s")]))
    legend = panel.legend[0]
    legend.click_policy = "hide"
    legend.label_text_font_size, legend.border_line_color, legend.padding, legend.spacing = "9pt", None, 0, -4
    panel.add_layout(legend, "right")
    return panel


def dashes(dash: Dash) -> list[int]:
    """Return a line style as bokeh takes it: lengths of strokes and gaps [px]; none for a full line."""
    return [] if isinstance(dash, str) else [max(round(LINE_PX * part), 1) for part in dash[1]]


def _link(figures: Sequence[figure]) -> None:
    """One cross-hair through all panels, and legends of one width, so that the axes stand below each other."""
    from bokeh.models import CrosshairTool, Span

    line = Span(dimension="height", line_color=QUIET, line_dash="dotted", line_width=1)
    widest = max(len(item.label["value"]) for panel in figures for item in panel.legend[0].items)
    for panel in figures:
        panel.add_tools(CrosshairTool(overlay=[line, Span(dimension="width", line_alpha=0.0)]))
        panel.legend[0].label_width = int(6.2 * widest)


def _strip(span: Range1d, result: Result, wheel: WheelZoomTool) -> figure:
    """A strip of events above the panels; each is told when the mouse is on it."""
    from bokeh.models import ColumnDataSource, HoverTool
    from bokeh.plotting import figure

    told = [event for event in result.events if event.event not in WINDOW_EVENTS]
    source = ColumnDataSource({
        "x": [event.time_s for event in told], "y": [0.5] * len(told),
        "what": [words(event) for event in told], "detail": [f"{event.source}: {event.detail}" for event in told],
    })
    strip = figure(width=WIDTH_PX, height=STRIP_PX, x_range=span, y_range=(0.0, 1.0), tools="",
                   toolbar_location=None, min_border_left=64, min_border_right=10)
    strip.xaxis.visible, strip.grid.visible = False, False
    strip.yaxis.major_tick_line_color, strip.yaxis.minor_tick_line_color = None, None
    strip.yaxis.major_label_text_alpha = 0.0
    marks = strip.scatter("x", "y", source=source, marker="inverted_triangle", size=9, color=RED)
    strip.add_tools(wheel)
    strip.toolbar.active_scroll = wheel
    strip.add_tools(HoverTool(renderers=[marks], tooltips=[("@what", "@detail"), ("at", "@x{0.000000} s")]))
    return strip


def _shade(figures: Sequence[figure], result: Result) -> None:
    """Shade the stretches that ran as windows in all panels."""
    from bokeh.models import BoxAnnotation

    for window in result.windows.values():
        start_s, end_s = (float(window.attrs.get(name, 0.0)) for name in ("start_s", "end_s"))
        for panel in figures:
            panel.add_layout(BoxAnnotation(left=start_s, right=end_s, fill_color=YELLOW, fill_alpha=0.2,
                                           line_color=YELLOW, line_alpha=0.8, level="underlay"))
