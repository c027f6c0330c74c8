"""The example of README.md, and every plot function on the run that it makes: a drive and a short circuit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from cosim.errors import InputError
from cosim.paths import ROOT, SCENARIOS
from cosim.plot import plot_channels, plot_overlay, plot_result, plot_window, plot_xy, plot_zoom
from cosim.plot.words import panel_curves
from cosim.plot.zoom import with_windows
from cosim.result import Result

EXAMPLE = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
CURRENTS = ["port_current_A", "battery_current_A"]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the example of README.md leaves behind: its names, and `folder`, where it ran."""
    assert EXAMPLE is not None
    folder = tmp_path_factory.mktemp("readme")
    (folder / "scenarios").symlink_to(SCENARIOS)
    names: dict[str, Any] = {"folder": folder}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(EXAMPLE[1], "README.md", "exec"), names)
    yield names


@pytest.fixture(scope="module")
def run(example: dict[str, Any]) -> Result:
    result = example["result"]
    assert isinstance(result, Result)
    return result


def lines(ax: Axes) -> dict[str, tuple[Any, Any]]:
    """Curves of axes by their words: x and y."""
    return {str(line.get_label()): (np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float))
            for line in ax.lines if not str(line.get_label()).startswith("_")}


def without_unit(figure: Figure) -> list[str]:
    """Labels of axes that say no unit; axes of states and outputs have none."""
    labels = [ax.get_ylabel() for ax in figure.axes] + [ax.get_xlabel() for ax in figure.axes]
    return [text for text in labels if text and not re.search(r"\[.+\]$", text) and text not in ("0 or 1", "outputs")]


# --- README -------------------------------------------------------------------------------------------------


def test_the_example_is_short_runs_and_leaves_what_it_says(example: dict[str, Any]) -> None:
    assert EXAMPLE is not None
    assert len(EXAMPLE[1].strip().splitlines()) <= 15
    folder: Path = example["folder"]
    with Image.open(folder / "zoom.png") as image:
        assert image.size[0] == 800
    again = Result.load(folder / "results" / "drive_and_short")
    assert again.summary["scenario"] == "drive_and_short"
    assert (folder / "results" / "drive_and_short" / "waveforms.png").stat().st_size > 100_000


def test_the_run_is_what_the_picture_tells(run: Result) -> None:
    """A charge at the limit of 90 A, a short that the latch opens, and charging that has gone on a minute later."""
    events = {event.event: event.time_s for event in run.events}
    assert 20e-6 < events["System+ latch opened"] - 2000.05 < 300e-6
    before, after = (float(run.slow["port_current_A"].sel(time_s=at, method="nearest")) for at in (1990.0, 2060.0))
    assert before == pytest.approx(90.0, rel=0.03) and after == pytest.approx(before, rel=0.01)


# --- zoom ---------------------------------------------------------------------------------------------------


def test_every_level_has_the_peak_of_the_short(run: Result) -> None:
    """It lasts microseconds of an hour: only decimation by min-max can keep it."""
    lowest_A = float(run.window("short_circuit")["battery_current_A"].min())
    assert lowest_A < -500.0 < float(run.slow["battery_current_A"].min())
    figure = plot_zoom(run, "short_circuit", [3600, 60, 0.02, 5e-4], channels=CURRENTS, signals=CURRENTS)
    for ax in figure.axes:
        assert float(np.nanmin(lines(ax)["LFP battery"][1])) == pytest.approx(lowest_A, rel=1e-9)
        assert ax.get_ylim()[0] < lowest_A


def test_levels_tell_their_time_and_are_shaded_in_the_one_before(run: Result) -> None:
    figure = plot_zoom(run, "short_circuit", [3600, 60, 0.02, 5e-4], channels=CURRENTS, signals=CURRENTS)
    assert [re.findall(r"\[(.+)\]", ax.get_xlabel())[0] for ax in figure.axes] == ["min", "s", "ms", "\N{MICRO SIGN}s"]
    assert figure.axes[0].get_xlabel().startswith("time since the start")
    span_us = np.ptp(figure.axes[3].get_xlim())
    assert span_us == pytest.approx(500.0)
    shaded = figure.axes[2].patches[0].get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    width_ms = shaded.width / figure.axes[2].bbox.width * 20.0
    assert width_ms == pytest.approx(0.5, rel=1e-6)
    assert [legend.get_title().get_text() for ax in figure.axes if (legend := ax.get_legend())] == [
        "1 h", "1 min", "20 ms", "500 \N{MICRO SIGN}s"]
    told = [text.get_text() for text in figure.axes[3].texts]
    assert told[0] == "short circuit" and told[1].startswith("System+ latch opened")


def test_the_points_of_windows_stand_in_place_of_the_records_during_them(run: Result) -> None:
    _, (curve,) = panel_curves(run.slow, ["battery_current_A"], "f", "p")
    merged = with_windows(curve, run)
    assert np.all(np.diff(merged.time_s) >= 0.0)
    window = run.window("short_circuit")
    start_s, end_s = (float(window.attrs[name]) for name in ("start_s", "end_s"))
    inside = (merged.time_s >= start_s) & (merged.time_s <= start_s + float(window["time_s"][-1]))
    assert int(inside.sum()) == window.sizes["time_s"]
    outside = (curve.time_s < start_s) | (curve.time_s > end_s)
    assert np.isin(curve.time_s[outside & (curve.time_s > 100.6) & (curve.time_s < 2004.0)], merged.time_s).all()


@pytest.mark.parametrize(("window", "levels", "told"), [
    ("short_circut", [60], "did you mean 'short_circuit'?"),
    ("short_circuit", [60, 60], "positive lengths [s] that fall"),
    ("short_circuit", [], "positive lengths [s] that fall"),
])
def test_a_wrong_zoom_is_one_line(run: Result, window: str, levels: list[float], told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        plot_zoom(run, window, levels, channels=CURRENTS, signals=CURRENTS)


# --- channels and windows -----------------------------------------------------------------------------------


def test_channels_stand_in_their_panels_with_units(run: Result) -> None:
    panels = ["soc", ["input_voltage_V", "system_voltage_V"], "cell_voltage_V", "charge_gate", "junction_degC"]
    figure = plot_channels(run, panels, start_s=1900.0, end_s=2100.0)
    assert [ax.get_ylabel() for ax in figure.axes] == [
        "charge [%]", "voltage [V]", "voltage [V]", "0 or 1", "temperature [\N{DEGREE SIGN}C]"]
    assert not without_unit(figure)
    x, y = lines(figure.axes[1])["System+"]
    slow = run.slow.sel(time_s=slice(1900.0, 2100.0))
    assert float(y[(x >= 1900.0 / 60.0) & (x <= 35.0)].min()) == float(slow["system_voltage_V"].min())
    assert figure.axes[0].get_xlim() == pytest.approx((1900.0 / 60.0, 35.0))
    assert {"cell 1", "cell 4"} <= set(lines(figure.axes[2]))
    assert any("short circuit" in text.get_text() for text in figure.axes[0].texts)
    assert not any(ax.texts for ax in plot_channels(run, panels, events=False).axes)


def test_a_window_shows_where_most_happens_and_what_is_asked_for(run: Result) -> None:
    window = run.window("short_circuit")
    figure = plot_window(window)
    low, high = figure.axes[0].get_xlim()
    assert figure.axes[-1].get_xlabel().endswith("[\N{MICRO SIGN}s]") and -500.0 < low < 0.0 < high < 2000.0
    assert [ax.get_ylabel() for ax in figure.axes] == ["current [A]", "voltage [V]"] and not without_unit(figure)
    whole = plot_window(window, ["latch", ["shunt_current_A", "battery_current_A"]], start_s=0.0)
    x, y = lines(whole.axes[1])["System+ shunt"]
    assert float(y.max()) == float(window["shunt_current_A"].max()) > 650.0
    assert x[0] == 0.0 and x[-1] == pytest.approx(1e3 * float(window["time_s"][-1]))
    zero = plot_window(window, ["latch"], start_s=0.149, end_s=0.152, time_zero_s=0.1495)
    assert zero.axes[0].get_xlim() == pytest.approx((-0.5, 2.5))


@pytest.mark.parametrize("stretch", [(10.0, 10.0), (20.0, 10.0), (1e6, None)])
def test_an_empty_stretch_is_one_line(run: Result, stretch: tuple[float, float | None]) -> None:
    with pytest.raises(InputError, match="start_s, end_s"):
        plot_channels(run, ["soc"], start_s=stretch[0], end_s=stretch[1])


def test_wrong_names_are_one_line_everywhere(run: Result) -> None:
    with pytest.raises(InputError, match=r"panels\[1\]: 'socc' \(allowed: did you mean 'soc'\?\)"):
        plot_channels(run, ["soc", "socc"])
    with pytest.raises(InputError, match=r"signals\[0\]: 'shunt_curent_A' \(allowed: did you mean 'shunt_current_A'"):
        plot_window(run.window("short_circuit"), ["shunt_curent_A"])
    with pytest.raises(InputError, match="at least one panel"):
        plot_channels(run, [])


def test_the_whole_run_has_units_everywhere(run: Result) -> None:
    assert not without_unit(plot_result(run))


# --- overlay and characteristics ----------------------------------------------------------------------------


def test_an_overlay_of_a_run_and_a_measurement(run: Result) -> None:
    """The measurement has a clock of its own: 500 s late, so that `relative` brings both together."""
    port = run.slow["port_current_A"]
    measured = (port["time_s"].values + 500.0, port.values)
    limits = [(90.0, "limit of the port")]
    figure = plot_overlay({"run": port, "measured": measured}, unit="A", label="port current", relative=True,
                          limits=limits)
    (ax,) = figure.axes
    (x, y), (x_measured, _) = lines(ax)["run"], lines(ax)["measured"]
    np.testing.assert_allclose(x, x_measured)
    assert float(y.max()) == float(port.max()) and ax.get_ylim()[1] > 90.0
    assert not without_unit(figure)
    (late,) = plot_overlay({"run": port, "measured": measured}, unit="A", label="port current").axes
    assert lines(late)["measured"][0][0] == pytest.approx(500.0 / 60.0)


def test_an_overlay_takes_unit_and_words_from_the_records(run: Result) -> None:
    (ax,) = plot_overlay({"a": run.slow["port_current_A"]}).axes
    assert ax.get_ylabel() == "port current [A]"
    (ax,) = plot_overlay({"a": run.slow["fuse_temperature_degC"]}, label="fuse").axes
    assert ax.get_ylabel() == "fuse [\N{DEGREE SIGN}C]"
    for curves, told in (({"a": run.slow["port_current_A"], "b": run.slow["fuse_temperature_degC"]}, "A and degC"),
                         ({"a": ([0.0, 1.0], [1.0, 2.0])}, "not given")):
        with pytest.raises(InputError, match=f"unit: {told}"):
            plot_overlay(curves)


def test_a_run_in_place_of_a_window_says_how_to_get_one(run: Result) -> None:
    with pytest.raises(InputError, match=r"window: Result \(allowed: one of a run's windows, such as result.window"):
        plot_window(run)  # type: ignore[arg-type]


def test_characteristics_with_a_mark(run: Result) -> None:
    slow = run.slow.isel(time_s=slice(300, 2000, 100))
    figure = plot_xy({"fuse": (slow["port_current_A"], slow["fuse_temperature_degC"])}, x_label="current [A]",
                     y_label="temperature [\N{DEGREE SIGN}C]", marks=[(90.0, 100.0, "warm")], limits=[(150.0, "limit")])
    (ax,) = figure.axes
    np.testing.assert_array_equal(lines(ax)["fuse"][1], slow["fuse_temperature_degC"].values)
    assert {text.get_text() for text in ax.texts} == {"warm", "limit"} and ax.get_ylim()[1] > 150.0
    assert plot_xy({"a": ([0.0], [1.0])}, x_label="x [A]", y_label="y [V]", ax=ax) is figure


@pytest.mark.parametrize(("curves", "told"), [
    ({}, "at least one curve"),
    ({"a": ([0.0, 1.0], [1.0])}, "two sequences of equal length"),
    ({"a": xr.DataArray(np.ones((2, 2)), {"time_s": [0.0, 1.0]}, ("time_s", "cell"))}, "time_s alone"),
])
def test_a_wrong_curve_is_one_line(curves: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        plot_overlay(curves, unit="V", label="voltage")


def test_an_axis_without_a_unit_is_refused() -> None:
    with pytest.raises(InputError, match="y_label: 'voltage'"):
        plot_xy({"a": ([0.0], [1.0])}, x_label="current [A]", y_label="voltage")
