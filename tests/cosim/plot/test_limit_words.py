"""Words of a limit stand at the end of its line where no curve passes through them."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from cosim.plot import plot_overlay, plot_xy

X = np.linspace(0.0, 10.0, 101)
FALLING = np.clip(6.0 - 4.0 * X, 0.0, None)
"""Passes the limit at the left end."""


def side_of(figure: Figure, words: str) -> str:
    found = [text for text in figure.axes[0].texts if isinstance(text, Annotation) and text.get_text() == words]
    assert len(found) == 1
    place = found[0].xy[0]
    assert found[0].get_horizontalalignment() == ("left" if place < 0.5 else "right"), "the words stay within the axes"
    return "left" if place < 0.5 else "right"


@pytest.mark.parametrize(("y", "side"), [(FALLING, "right"), (FALLING[::-1], "left"), (X * 0.0 + 10.0, "left")])
def test_words_avoid_the_curves(y: np.ndarray, side: str) -> None:
    over_time = plot_overlay({"curve": (X, y)}, unit="A", label="current", limits=[(3.0, "limit")])
    assert side_of(over_time, "limit") == side
    backwards = plot_xy({"curve": (X[::-1], y[::-1])}, x_label="x [V]", y_label="y [A]", limits=[(3.0, "limit")])
    assert side_of(backwards, "limit") == side


def test_a_limit_beyond_the_curves_is_within_the_axes() -> None:
    figure = plot_overlay({"curve": (X, FALLING)}, unit="A", label="current", limits=[(60.0, "far"), (-20.0, "below")])
    low, high = figure.axes[0].get_ylim()
    assert low < -20.0 and high > 60.0


def test_words_stand_where_no_curve_jumps_through_them() -> None:
    """A dump: it jumps through the left end between two of its points, and passes through the right end slowly."""
    x = np.array([0.0, 0.999, 1.0, 7.0, 8.0, 10.0])
    y = np.array([0.0, 0.0, 80.0, 80.0, 22.0, 18.0])
    figure = plot_overlay({"dump": (x, y)}, unit="V", label="input", limits=[(18.0, "trip")])
    words = next(text for text in figure.axes[0].texts if text.get_text() == "trip")
    assert words.get_horizontalalignment() == "center"


def test_a_spike_narrower_than_a_pixel_is_in_the_way_too() -> None:
    x = np.array([0.0, 0.5021, 0.5022, 0.5023, 10.0])
    figure = plot_overlay({"spike": (x, np.array([0.0, 0.0, 80.0, 0.0, 0.0]))}, unit="V", label="input",
                          limits=[(18.0, "trip")])
    assert side_of(figure, "trip") == "right"
