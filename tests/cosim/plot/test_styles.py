"""The style: curves that colour-blind readers and a grey print tell apart, and a figure that shows itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from cosim.plot.panels import PANELS
from cosim.plot.styles import CYCLE, RC, Stroke, picture, style
from cosim.plot.windows import CURRENTS, PROBE_STROKES, VOLTAGES
from cosim.plot.words import KNOWN, stroke_of
from cosim.validation.drawing import APART

Array = NDArray[np.float64]

# Severity 1.0 in linear RGB (Machado, Oliveira, Fernandes 2009, table 1).
SIGHTS = {
    "all cones": np.eye(3),
    "no red cones": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                              [-0.003882, -0.048116, 1.051998]]),
    "no green cones": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                                [-0.011820, 0.042940, 0.968881]]),
    "no blue cones": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                               [0.004733, 0.691367, 0.303900]]),
}
LEAST_DISTANCE = 15.0
"""In CIE L*a*b*; 2.3 is the least difference that is seen between large areas, thin lines need several times that."""
LEAST_LIGHTNESS = 12.0
"""Of L* in a grey print (0 black, 100 white), for curves of one line style."""


def lab(colour: str, sight: Array) -> Array:
    """Return CIE L*a*b* (D65) of a colour as eyes of that kind see it."""
    coded = np.array(to_rgb(colour))
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    linear = np.clip(sight @ linear, 0.0, 1.0)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    t = xyz / np.array([0.95047, 1.0, 1.08883])
    f = np.where(t > (6.0 / 29.0) ** 3, np.cbrt(t), t / (3.0 * (6.0 / 29.0) ** 2) + 4.0 / 29.0)
    return np.array([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])])


def lightness(colour: str) -> float:
    return float(lab(colour, np.eye(3))[0])


def confused(strokes: Sequence[Stroke]) -> list[tuple[str, Stroke, Stroke]]:
    """Pairs of one line style that some reader cannot tell apart, and by what."""
    found = []
    for one, other in combinations(strokes, 2):
        if one.dash != other.dash:
            continue
        if abs(lightness(one.colour) - lightness(other.colour)) < LEAST_LIGHTNESS:
            found.append(("grey print", one, other))
        for name, sight in SIGHTS.items():
            if np.linalg.norm(lab(one.colour, sight) - lab(other.colour, sight)) < LEAST_DISTANCE:
                found.append((name, one, other))
    return found


def test_lab_of_known_colours() -> None:
    np.testing.assert_allclose(lab("#ffffff", np.eye(3)), [100.0, 0.0, 0.0], atol=0.05)
    np.testing.assert_allclose(lab("#ff0000", np.eye(3)), [53.24, 80.09, 67.20], atol=0.05)


def known(unit: str) -> tuple[Stroke, ...]:
    """Strokes of the channels of a unit, which a user may draw together; equal ones are never (`panel_curves`)."""
    return tuple(dict.fromkeys(one.stroke for name, one in KNOWN.items() if name.endswith(unit)))


@pytest.mark.parametrize("strokes", [
    known("_A"), known("_V"), known("_degC"), CYCLE, PROBE_STROKES,
    *[tuple(stroke_of(line.variable) for line in panel.lines) for panel in PANELS],
    tuple(stroke_of(name) for name in CURRENTS), tuple(stroke_of(name) for name in VOLTAGES),
    tuple(Stroke(colour, "-", "") for colour in APART),
], ids=["known currents", "known voltages", "known temperatures", "cycle", "probes",
        *[panel.label for panel in PANELS], "currents", "voltages", "apart"])
def test_curves_are_told_apart_by_every_reader(strokes: tuple[Stroke, ...]) -> None:
    assert not confused(strokes)


def test_solid_lines_of_equal_grey_would_be_found() -> None:
    green_and_blue = [Stroke("#009E73", "-", ""), Stroke("#0072B2", "-", "")]
    assert [name for name, *_ in confused(green_and_blue)] == ["grey print"]


def test_a_readers_own_settings_come_back() -> None:
    before = mpl.rcParams["font.size"], mpl.rcParams["axes.grid"]
    with style():
        assert mpl.rcParams["axes.grid"] is RC["axes.grid"] is True
    assert (mpl.rcParams["font.size"], mpl.rcParams["axes.grid"]) == before


def test_ticks_that_are_made_while_drawing_follow_the_style() -> None:
    with style():
        figure = picture()
        ax = figure.subplots()
    ax.plot([0.0, 1.0], [0.0, 1.0])
    figure.canvas.draw()
    assert {line.get_color() for line in ax.get_ygridlines()} == {RC["grid.color"]}


def test_a_picture_shows_itself_without_pyplot_and_matplotlib_is_loaded_on_use_alone() -> None:
    code = """if True:
        import sys
        import cosim.plot
        assert "matplotlib" not in sys.modules
        assert callable(cosim.plot.style) and callable(cosim.plot.plot_xy) and callable(cosim.plot.explore)
        from IPython.core.formatters import DisplayFormatter
        figure = cosim.plot.plot_xy({"a": ([0, 1], [1, 2])}, x_label="x [A]", y_label="y [V]")
        shown, _ = DisplayFormatter().format(figure)
        assert shown["image/png"].startswith(b"\\x89PNG")
        assert "matplotlib.pyplot" not in sys.modules
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_of_the_package_is_refused() -> None:
    import cosim.plot

    with pytest.raises(AttributeError, match="plot_everything"):
        _ = cosim.plot.plot_everything
