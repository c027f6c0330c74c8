"""One picture per row: waveform, limit, measured point; small enough to stand in the report as base64 PNG."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from cosim.plot.decimate import min_max
from cosim.plot.styles import CYCLE, RED, SHORT_DASH, Picture, picture, style
from cosim.plot.words import SHOWN, axis_label
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
    """Traces of one unit stand in one panel; the first trace's panel is on top."""
    panels: dict[str, list[Trace]] = {}
    for trace in evidence.traces:
        panels.setdefault(trace.unit, []).append(trace)
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
        for stroke, trace in zip(CYCLE, traces, strict=False):
            time_s, value = min_max(np.asarray(trace.time_s, float), np.asarray(trace.value, float), BINS)
            axis.plot(factor * time_s, value, color=stroke.colour, linestyle=stroke.dash, linewidth=1.3,
                      label=trace.label)
        if k == 0:
            if evidence.limit_on_trace:
                for kept in (limits().get(entry.figure) for entry in entries):
                    if kept is not None and kept.unit == traces[0].unit:
                        draw_limit(axis, kept)
            for at, value_there, told_there in evidence.marks:
                draw_mark(axis, factor * at, value_there, told_there)
            words = "; ".join(dict.fromkeys(told(entry) for entry in entries))
            axis.set_title(words, fontsize=8, loc="left", wrap=True)
        unit = SHOWN.get(traces[0].unit, traces[0].unit)
        axis.set_ylabel("[1]" if unit == "1" else axis_label(unit), fontsize=8)
        axis.set_xlabel(x_label, fontsize=8)
        axis.tick_params(labelsize=7)
        axis.margins(y=0.12)
        if len(traces) > MOST_INSIDE:
            axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
        else:
            axis.legend(fontsize=7, loc="best")
    return figure


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
    return f"{entry.figure} = {entry.value:.5g}{unit} ({kept.told()})"


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
    axis.annotate(words, (time, value), textcoords="offset points", xytext=(-6 if left else 6, 6), fontsize=7,
                  ha="right" if left else "left", color=RED)
