"""What the pictures of all models share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cosim.plot.styles import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY
from cosim.validation.figure import ValidationFigure

Place = Literal["best", "upper right", "lower right", "lower center"]
"""Where a legend stands."""

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED, BLACK, GREY)
"""For curves that stand beside each other."""


def sheet(rows: int, columns: int, title: str) -> tuple[Figure, list[Axes]]:
    """Return an empty picture of 1500 pixels width with its axes, row by row."""
    figure = Figure(figsize=(15.0, 5.0 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=14)
    axes = figure.subplots(rows, columns, squeeze=False)
    return figure, [axis for row in np.asarray(axes) for axis in row]


def finish(axis: Axes, title: str, x_label: str, y_label: str, legend: Place = "best") -> None:
    """Label one set of axes."""
    axis.set_title(title, fontsize=11)
    axis.set_xlabel(x_label)
    axis.set_ylabel(y_label)
    axis.grid(True, alpha=0.3)
    entries = len(axis.get_legend_handles_labels()[0])
    if legend and entries:
        axis.legend(loc=legend, fontsize=8, framealpha=0.9, ncol=3 if entries > 8 else 1)


def told(figures: Sequence[ValidationFigure], name: str) -> float:
    """Return the value of the figure of this name."""
    return next(figure.value for figure in figures if figure.name == name)
