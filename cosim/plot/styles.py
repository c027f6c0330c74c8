"""The one style of all pictures: colours, line styles, sizes, and a figure that shows itself in a notebook.

Colours are Okabe and Ito's, which the common kinds of colour blindness tell apart. Printed in grey some of them meet,
so that `CYCLE` never gives two of equal lightness the same line style. Figures are plain matplotlib objects without
pyplot: nothing global is held, and no window ever opens.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, RED, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#8C8C8C"
YELLOW, YELLOW_EDGE, YELLOW_DARK = "#F0E442", "#D9C900", "#8A8000"
"""Okabe and Ito's palette (Color Universal Design, 2008); yellow marks stretches of time, never a curve."""
GRID, RULE, QUIET, WORDS = "#DDDDDD", "#444444", "#666666", "#333333"
"""Lines of the grid, the line at zero, marks of events, words beside the curves."""
LIMIT = RED
"""Limits that a figure must keep, dashed."""

Dash = str | tuple[float, tuple[float, ...]]

SHORT_DASH: Dash = (0.0, (3.0, 1.2))
LONG_DASH: Dash = (0.0, (7.0, 2.0))
DOTTED: Dash = (0.0, (1.0, 1.2))
DASH_DOT: Dash = (0.0, (6.0, 1.4, 1.2, 1.4))
DASH_DOT_DOT: Dash = (0.0, (6.0, 1.4, 1.2, 1.4, 1.2, 1.4))


class Stroke(NamedTuple):
    """How a curve is drawn: colour, line style, and the marker where points are drawn."""

    colour: str
    dash: Dash
    marker: str


CYCLE = (
    Stroke(BLUE, "-", "o"),
    Stroke(ORANGE, "-", "s"),
    Stroke(GREEN, SHORT_DASH, "^"),
    Stroke(RED, DASH_DOT, "D"),
    Stroke(PURPLE, DOTTED, "v"),
    Stroke(BLACK, "-", "X"),
    Stroke(SKY, LONG_DASH, "P"),
    Stroke(GREY, DASH_DOT_DOT, "*"),
)
"""Curves that stand beside each other, in this order; where there are more, they begin again."""

WIDTH_INCH, DPI = 8.0, 100
"""A picture for a page or notebook is 800 pixels wide."""
PANEL_INCH = 2.1
"""Height of one of several panels over each other."""

RC: dict[str, object] = {
    "figure.dpi": DPI,
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10.0,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": 9.0,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.handlelength": 2.4,
    "legend.labelspacing": 0.25,
    "lines.linewidth": 1.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
}
"""What differs from matplotlib's own; text stays text in SVG, so that it can be searched."""
RC |= {"svg.fonttype": "none", "svg.hashsalt": "smart-bms-cosim"}


@contextmanager
def style() -> Iterator[None]:
    """Return a context in which drawings have the style of the package; a user's own settings come back after it.

    Use it around own drawings, so that they look like the rest:

    >>> with style():
    ...     figure = picture(rows=2)
    """
    with mpl.rc_context(RC):  # type: ignore[arg-type]  # a plain mapping of names to values
        yield


class Picture(Figure):
    """A matplotlib figure that shows itself as the last expression of a notebook cell, without pyplot."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=self.dpi, metadata={"Software": None})
        return stream.getvalue()


def picture(
    width_inch: float = WIDTH_INCH, height_inch: float = 3.2, *, layout: Literal["constrained"] | None = "constrained",
    dpi: float = DPI,
) -> Picture:
    """Return an empty picture.

    Parameters
    ----------
    width_inch, height_inch : size; 8 inch are 800 pixels
    layout : "constrained" places axes so that no words overlap, None leaves it to the drawer
    dpi : pixels per inch
    """
    figure = Picture(figsize=(width_inch, height_inch), dpi=dpi, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def strokes(n: int) -> list[Stroke]:
    """Return how to draw `n` curves beside each other."""
    return [CYCLE[i % len(CYCLE)] for i in range(n)]


def legend_beside(
    ax: Axes, title: str = "", *, at: float = 1.01, handles: Sequence[Artist] = (), labels: Sequence[str] = ()
) -> None:
    """Put the legend to the right of the axes, where it hides no curve; none for axes without words.

    Parameters
    ----------
    ax : axes
    title : above it, bold
    at : where it begins, in widths of the axes
    handles, labels : what it tells; without them the curves of the axes
    """
    if not handles:
        handles, labels = ax.get_legend_handles_labels()
    if handles:
        ax.legend(handles, labels, loc="upper left", bbox_to_anchor=(at, 1.02), borderaxespad=0.0, title=title or None,
                  alignment="left", title_fontproperties={"weight": "bold", "size": 9})


def legend_above(ax: Axes, columns: int = 4) -> None:
    """Put the legend above the axes, where it costs no width."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.2, columnspacing=1.2)
