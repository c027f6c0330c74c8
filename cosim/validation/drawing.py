"""What the pictures of all models share."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cosim.plot.styles import BLACK, BLUE, ORANGE, picture
from cosim.validation.figure import ValidationFigure

Place = Literal["best", "upper right", "lower right", "lower center", "center right"]
"""Where a legend stands."""
LONGEST_TITLE = 50
"""Of one of two pictures beside each other [characters]; longer ones are broken."""

APART = (BLUE, ORANGE, BLACK)
"""Where line styles tell something else: the colours that grey keeps apart. Elsewhere `cosim.plot.styles.CYCLE`."""
MOST_INSIDE = 6
"""Legends of more entries stand below the axes."""
WIDTH_INCH, ROW_INCH, DPI = 10.0, 4.0, 150
"""1500 pixels; on a page 800 wide its letters are as large as the page's own."""


def sheet(rows: int, columns: int, title: str) -> tuple[Figure, list[Axes]]:
    """Return an empty picture of 1500 pixels width with its axes, row by row; call it within `plot.style`."""
    figure = picture(WIDTH_INCH, ROW_INCH * rows, dpi=DPI)
    figure.suptitle(title, fontsize=12, fontweight="bold")
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, [axis for row in np.asarray(axes) for axis in row]


def finish(axis: Axes, title: str, x_label: str, y_label: str, legend: Place = "best") -> None:
    """Label one set of axes."""
    axis.set_title("\n".join(textwrap.wrap(title, LONGEST_TITLE)), fontsize=9.0)
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    entries = len(axis.get_legend_handles_labels()[0])
    if entries > MOST_INSIDE:  # a larger one would cover curves
        axis.legend(loc="upper center", bbox_to_anchor=(0.46, 0.0), fontsize=8, ncols=2, columnspacing=1.0,
                    borderaxespad=4.5)
    elif legend and entries:
        axis.legend(loc=legend, fontsize=8)


def told(figures: Sequence[ValidationFigure], name: str) -> float:
    """Return the value of the figure of this name."""
    return next(figure.value for figure in figures if figure.name == name)
