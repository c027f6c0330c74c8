"""Boxes and arrows of the site's own diagrams, drawn with matplotlib: no other program is needed to build the pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from docs._ext import text

INK, LINE = "#1a1a1a", "#444444"
FILLS = {"file": "#f2f2f2", "stage": "#dbe9f6", "physics": "#fdf0d5", "circuit": "#dff0e3", "state": "#dbe9f6"}
"""Light fills by what a box is: dark text on them reads in grey as well."""


class Box(NamedTuple):
    """A box: middle, size, first line (bold), further lines, and what it is (`FILLS`)."""

    x: float
    y: float
    width: float
    height: float
    title: str
    lines: str = ""
    kind: str = "stage"


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Empty sheet whose units are inches."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0.0, width)
    axes.set_ylim(0.0, height)
    axes.set_axis_off()
    return figure, axes


def draw_box(axes: Axes, box: Box) -> FancyBboxPatch:
    """Draw a box with its text."""
    corner = (box.x - 0.5 * box.width, box.y - 0.5 * box.height)
    patch = FancyBboxPatch(corner, box.width, box.height, boxstyle="round,pad=0,rounding_size=0.08",
                           facecolor=FILLS[box.kind], edgecolor=LINE, linewidth=1.0, zorder=2)
    axes.add_patch(patch)
    count = box.lines.count("\n") + 1 if box.lines else 0
    top = box.y + 0.085 * count
    axes.text(box.x, top, box.title, ha="center", va="center", fontsize=9.5, weight="bold", color=INK, zorder=3)
    if box.lines:
        axes.text(box.x, top - 0.12, box.lines, ha="center", va="top", fontsize=8, color=INK, linespacing=1.25,
                  zorder=3)
    return patch


def draw_arrow(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], *, bend: float = 0.0, both: bool = False,
    ends: Sequence[FancyBboxPatch] = (),
) -> None:
    """Draw an arrow, bent by a share of its length, clipped at the boxes `ends` where they are given."""
    first, last = (ends[0], ends[1]) if ends else (None, None)
    axes.add_patch(FancyArrowPatch(
        start, end, connectionstyle=f"arc3,rad={bend}", arrowstyle="<|-|>" if both else "-|>", mutation_scale=11.0,
        color=LINE, linewidth=1.1, shrinkA=2.0, shrinkB=2.0, patchA=first, patchB=last, zorder=1,
    ))


def label(axes: Axes, x: float, y: float, words: str, *, size: float = 7.5) -> None:
    """Write words beside an arrow, on white, so that no line crosses them."""
    axes.text(x, y, words, ha="center", va="center", fontsize=size, color=INK, zorder=4, linespacing=1.2,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as SVG; equal drawings give equal bytes."""
    stream = io.StringIO()
    with rc_context({"svg.hashsalt": path.stem}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return text.write(path, stream.getvalue())
