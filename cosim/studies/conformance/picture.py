"""One picture per row: waveform, limit, measured point; small enough to stand in the report as base64 PNG."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from cosim.plot.channels import LANE, LEAST_SPAN, state_ticks
from cosim.plot.decimate import min_max
from cosim.plot.styles import CYCLE, RED, SHORT_DASH, Picture, picture, style
from cosim.plot.words import SHOWN, Curve, are_states, as_shown, axis_label
from cosim.studies.conformance.entry import Entry, Evidence, Trace
from cosim.studies.conformance.limits import Limit, limits

WIDTH_IN, PANEL_IN, DPI = 8.6, 2.5, 90
MOST_INSIDE = 4
"""Legends of more entries stand beside the panel."""
BINS = 700
"""Stretches of time that a trace is thinned out to: about one per pixel."""


def row_pictures(entries: Sequence[Entry]) -> dict[str, str]:
    """Picture of every row that has evidence, as base64 PNG."""
    found: dict[str, str] = {}
    for row in dict.fromkeys(entry.id for entry in entries):
        groups = grouped([entry for entry in entries if entry.id == row])
        if groups:
            stream = io.BytesIO()
            drawn(groups).savefig(stream, format="png", metadata={"Software": None})
            found[row] = base64.b64encode(stream.getvalue()).decode("ascii")
    return found


def grouped(entries: Sequence[Entry]) -> list[tuple[Evidence, list[Entry]]]:
    """Evidence with the entries that were read off it, each evidence once."""
    found: dict[int, tuple[Evidence, list[Entry]]] = {}
    for entry in entries:
        if entry.evidence is not None and entry.evidence.traces:
            found.setdefault(id(entry.evidence), (entry.evidence, []))[1].append(entry)
    return list(found.values())


def panels_of(evidence: Evidence) -> list[list[Trace]]:
    """Traces of one unit, and of one panel where they name it, stand together; the first trace's panel is on top."""
    panels: dict[tuple[str, str], list[Trace]] = {}
    for trace in evidence.traces:
        panels.setdefault((trace.unit, trace.panel), []).append(trace)
    return list(panels.values())


@style()
def drawn(groups: Sequence[tuple[Evidence, list[Entry]]]) -> Picture:
    """All evidence of a row, one below the other."""
    panels = [(evidence, entries, k, traces) for evidence, entries in groups
              for k, traces in enumerate(panels_of(evidence))]
    figure = picture(WIDTH_IN, PANEL_IN * len(panels) + 0.3, dpi=DPI)
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axis, (evidence, entries, k, traces) in zip(axes, panels, strict=True):
        factor, x_label = scale_of(evidence)
        is_state = draw_traces(axis, traces, factor, in_lanes=k > 0 or not evidence.marks)
        if k == 0:
            if evidence.limit_on_trace:
                for kept in (limits().get(entry.figure) for entry in entries):
                    if kept is not None and kept.unit == traces[0].unit:
                        draw_limit(axis, kept)
            for at, value_there, told_there in evidence.marks:
                draw_mark(axis, factor * at, value_there, told_there)
            words = "; ".join(dict.fromkeys(told(entry) for entry in entries))
            axis.set_title(as_shown(words), fontsize=8, loc="left", wrap=True)
        unit = SHOWN.get(traces[0].unit, traces[0].unit)
        axis.set_ylabel("[1]" if unit == "1" and not is_state else axis_label(unit), fontsize=8)
        axis.set_xlabel(x_label, fontsize=8)
        axis.tick_params(labelsize=7)
        axis.margins(y=0.12)
        keep_span(axis)
        if len(traces) > MOST_INSIDE:
            axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
        else:
            axis.legend(fontsize=7, loc="best")
    return figure


def draw_traces(axis: Axes, traces: Sequence[Trace], factor: float, in_lanes: bool) -> bool:
    """Draw the curves of a panel; whether they are states, which are steps, in lanes below each other where asked."""
    curves = [Curve("", trace.label, *min_max(np.asarray(trace.time_s, float), np.asarray(trace.value, float), BINS),
                    stroke) for stroke, trace in zip(CYCLE, traces, strict=False)]
    is_state = are_states(traces[0].unit, curves)
    laid = is_state and in_lanes
    for k, curve in enumerate(curves):
        base = LANE * (len(curves) - 1 - k) if laid else 0.0
        axis.plot(factor * curve.time_s, base + curve.values, color=curve.stroke.colour, linewidth=1.3,
                  linestyle="-" if laid else curve.stroke.dash, label=curve.words,
                  drawstyle="steps-post" if is_state else "default")
    if is_state:
        bases = [LANE * k for k in range(len(curves))] if laid else [0.0]
        state_ticks(axis, bases)
    return is_state


def keep_span(axis: Axes) -> None:
    """Keep the last digits of a constant from filling a panel: it spans a thousandth of its size at least."""
    low, high = axis.get_ylim()
    lack = max(LEAST_SPAN * max(abs(low), abs(high)) - (high - low), 0.0)
    axis.set_ylim(low - lack / 2.0, high + lack / 2.0)


def scale_of(evidence: Evidence) -> tuple[float, str]:
    """Factor and label of the horizontal axis: milliseconds where all of it is shorter than a second."""
    first, last = (pick(float(pick(trace.time_s)) for trace in evidence.traces) for pick in (min, max))
    if evidence.x_label != "time [s]" or last - first >= 1.0:
        return 1.0, evidence.x_label
    return 1e3, "time [ms]"


def told(entry: Entry) -> str:
    """Figure with its value, as the title of a panel has it."""
    kept = limits().get(entry.figure)
    if kept is None or entry.value is None:
        return entry.figure
    unit = "" if kept.unit == "1" else f" {kept.unit}"
    return f"{entry.figure} = {entry.value + 0.0:.5g}{unit} ({kept.told()})"  # 0.0: no -0 in a title


def draw_limit(axis: Axes, kept: Limit) -> None:
    """Ends of the allowed range as dashed lines."""
    for end in kept.range:
        if math.isfinite(end):
            axis.axhline(end, color=RED, linestyle=SHORT_DASH, linewidth=1.0)


def draw_mark(axis: Axes, time: float, value: float, words: str) -> None:
    """Measured point: a dot and words beside it, towards the middle of the panel."""
    axis.plot([time], [value], "o", color=RED, markersize=5, zorder=5)
    low, high = axis.get_xlim()
    left = time > 0.5 * (low + high)
    axis.annotate(as_shown(words), (time, value), textcoords="offset points", xytext=(-6 if left else 6, 6), fontsize=7,
                  ha="right" if left else "left", color=RED)
