"""States in lanes, lone curves, moments and units as pictures write them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from cosim.circuit.deck import SIGNALS, SYSTEM_SIGNALS
from cosim.plot import plot_overlay, plot_window, plot_xy
from cosim.plot.times import clock, decimals_of
from cosim.plot.windows import movement_s
from cosim.plot.words import as_shown, words_of
from cosim.plot.zoom import caused_s
from cosim.result import LoggedEvent, Result

TIME_S = np.linspace(0.0, 1.0, 101)
LATER = (TIME_S > 0.5).astype(float)


def extent(line: Line2D) -> tuple[float, float]:
    values = np.asarray(line.get_ydata(), dtype=np.float64)
    return float(values.min()), float(values.max())


def window(**signals: NDArray[np.float64]) -> xr.Dataset:
    return xr.Dataset({name: ("time_s", values) for name, values in signals.items()}, {"time_s": TIME_S},
                      {"name": "enable", "start_s": 3.0})


def test_states_of_one_panel_lie_in_lanes_and_cover_each_other_nowhere() -> None:
    picture = plot_window(window(pre_alarm=LATER, load_output=LATER, latch=1.0 - LATER),
                          [["pre_alarm", "load_output", "latch"]], start_s=0.0)
    ax = picture.axes[0]
    spans = [extent(line) for line in ax.lines]
    assert [high - low for low, high in spans] == pytest.approx([1.0, 1.0, 1.0])
    assert all(upper[0] > lower[1] for upper, lower in pairwise(spans)), "in the legend's order"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["0", "1"] * 3
    assert {line.get_drawstyle() for line in ax.lines} == {"steps-post"}


def test_a_state_that_spice_moved_is_drawn_as_it_moved_and_what_is_none_keeps_its_scale() -> None:
    ramp = plot_window(window(latch=np.clip(5.0 * TIME_S - 2.0, 0.0, 1.0)), ["latch"], start_s=0.0).axes[0]
    assert ramp.lines[0].get_drawstyle() == "default"
    assert [tick.get_text() for tick in ramp.get_yticklabels()] == ["0", "1"]
    for share in (0.2 + 0.7 * TIME_S, 3.0 * LATER):
        ax = plot_window(window(duty=share), ["duty"], start_s=0.0).axes[0]
        assert ax.get_ylim()[1] < 1.2 * share.max() and len(ax.get_yticks()) > 3


def test_states_of_several_runs_lie_in_lanes_too() -> None:
    ax = plot_overlay({"one": (TIME_S, LATER), "two": (TIME_S, LATER)}, unit="0 or 1", label="output").axes[0]
    assert extent(ax.lines[0])[0] > extent(ax.lines[1])[1]
    assert ax.get_ylabel() == "output"


def test_a_lone_curve_is_solid_and_keeps_its_colour() -> None:
    both = plot_window(window(system_current_A=LATER, port_current_A=-LATER),
                       [["system_current_A", "port_current_A"]], start_s=0.0).axes[0].lines[0]
    alone = plot_window(window(system_current_A=LATER), ["system_current_A"], start_s=0.0).axes[0].lines[0]
    assert alone.get_color() == both.get_color()
    assert both.is_dashed() and not alone.is_dashed()


def test_units_are_written_alike_in_all_pictures() -> None:
    assert as_shown("air [degC], 5 mohm, 0.2 uH") == "air [°C], 5 mΩ, 0.2 µH"  # degree sign, omega, micro sign
    assert as_shown("a bus of degC_air and uHelp") == "a bus of degC_air and uHelp"
    over = plot_overlay({"20 degC": (TIME_S, TIME_S)}, unit="degC", label="cell", title="at 20 degC").axes[0]
    across = plot_xy({"20 degC": (TIME_S, TIME_S)}, x_label="air [degC]", y_label="cell [degC]",
                     limits=[(0.5, "limit, 0.5 degC")]).axes[0]
    told = [over.get_ylabel(), over.get_title(loc="left"), across.get_xlabel(), across.get_ylabel(),
            across.texts[0].get_text(), *over.get_legend_handles_labels()[1], *across.get_legend_handles_labels()[1]]
    assert all("\N{DEGREE SIGN}C" in words and "degC" not in words for words in told)


def test_either_all_curves_of_a_characteristic_have_markers_or_none() -> None:
    few, many = (TIME_S[:10], TIME_S[:10]), (TIME_S, TIME_S)
    markers = [{line.get_marker() for line in plot_xy(curves, x_label="x [V]", y_label="y [A]").axes[0].lines}
               for curves in ({"a": few, "b": few}, {"a": few, "b": many})]
    assert "" not in markers[0] and markers[1] == {""}


def test_what_reads_badly_has_words_of_its_own() -> None:
    """Two circuits have a clamp at the battery stud: the deck knows whose signal is whose."""
    assert words_of(window(pre_alarm=LATER)["pre_alarm"]) == "pre-alarm"
    for signals, other in ((SIGNALS, "System+"), (SYSTEM_SIGNALS, "alternator")):
        told = [words_of(window(**{name: LATER})[name]) for name in signals if name.startswith("power_")]
        assert told and not [words for words in told if other in words]


@pytest.mark.parametrize(("time_s", "span_s", "words"), [
    (20.0503, 600e-6, "20.0503 s"), (20.0503, 60.0, "20.1 s"), (2000.0503, 1e-3, "33 min 20.0503 s"),
    (3725.5, 1e-3, "1 h 2 min 5.5 s"), (119.9999999, 1e-6, "2 min 0 s"),
])
def test_a_moment_is_told_as_finely_as_its_picture_shows(time_s: float, span_s: float, words: str) -> None:
    assert clock(time_s, decimals_of(span_s)) == words


def test_cranking_is_shown_by_the_starter_whatever_a_device_does_meanwhile() -> None:
    sags = np.where(TIME_S < 0.6, 12.5, np.maximum(12.5 - 20.0 * (TIME_S - 0.6), 9.0))
    load_A = np.where(TIME_S > 0.1, -20.0, 0.0)
    crank = window(starter_voltage_V=sags, port_current_A=0.0 * TIME_S, system_current_A=load_A)
    crank.attrs["name"] = "crank"
    assert movement_s(crank)[0] == pytest.approx(0.6, abs=0.06)
    crank.attrs["name"] = "enable"
    assert movement_s(crank)[0] == pytest.approx(0.1, abs=0.02)


def test_a_zoom_counts_from_the_event_before_the_movement(plausible_result: Result) -> None:
    """Most happens some microseconds after its cause; what the hardware does afterwards is none."""
    result = replace(plausible_result, events=[LoggedEvent(2.0, "scenario", "short circuit", ""),
                                               LoggedEvent(2.00004, "circuit", "latch opened", ""),
                                               LoggedEvent(2.000029, "engine", "window", "")])
    assert caused_s(2.00003, 600e-6, result) == 2.0
    assert caused_s(2.0004, 600e-6, result) == 2.0004
    assert caused_s(3.0, 600e-6, replace(result, events=[])) == 3.0
