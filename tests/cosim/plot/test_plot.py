"""The picture: what is in it, what may be absent, and that no spike is lost."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from cosim.plot.days import gains
from cosim.plot.decimate import min_max
from cosim.plot.marks import counted, grouped
from cosim.plot.panels import PANELS
from cosim.plot.picture import DPI, plot_result, run_unit, save_picture
from cosim.plot.times import clock
from cosim.plot.windows import chosen_windows, focus_s
from cosim.result import LoggedEvent, Result


def texts(figure: Figure) -> list[str]:
    found = [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in figure.texts]
    for ax in figure.axes:
        found += [text.get_text() for text in ax.texts]
        found += [ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]
        legend = ax.get_legend()
        found += [text.get_text() for text in legend.get_texts()] if legend else []
    return found


def test_picture_tells_everything(plausible_result: Result) -> None:
    found = texts(plot_result(plausible_result))
    for text in ("road_hour", "current [A]", "voltage [V]", "charge [%]", "[km/h]", "hottest junction",
                 "time since the start [min]", "alternator winding", "its limit, 180 \N{DEGREE SIGN}C",
                 "fuse, as estimated", "alternator on", "derating (+1)", "A   cranking at 20.0 s",
                 "B   enable at 25.0 s", "D   disable at 56 min 20.0 s"):
        assert text in found, text
    assert any("limiter current, warm fuse 89.734 A" in text for text in found)
    assert any("OUTSIDE ITS LIMIT" in text for text in found)


def test_size_and_no_pyplot(plausible_result: Result, tmp_path: Path) -> None:
    before = "matplotlib.pyplot" in sys.modules
    save_picture(plausible_result, tmp_path / "p.png")
    header = (tmp_path / "p.png").read_bytes()[16:24]
    assert int.from_bytes(header[:4]) == 1600
    shown = [text for text in plot_result(plausible_result).findobj(Text) if text.get_text()]
    smallest_pt = min(float(text.get_fontsize()) for text in shown)
    assert smallest_pt / 72.0 * DPI * 800.0 / 1600.0 > 8.5  # pixels, shown 800 wide
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_curves_carry_the_values(plausible_result: Result) -> None:
    axes = plot_result(plausible_result).axes
    lines = {str(line.get_label()): line for line in axes[0].lines}
    assert float(np.max(np.asarray(lines["alternator port"].get_ydata()))) == 90.0
    assert float(np.asarray(lines["alternator port"].get_xdata())[-1]) == pytest.approx(3599.0 / 60.0)


@pytest.mark.parametrize("absent", [
    ["alternator_current_A", "alternator_rpm", "vehicle_speed_m_s", "starter_soc", "winding_degC",
     "rectifier_degC", "case_degC"],
    ["vehicle_speed_m_s"],
    [line.variable for panel in PANELS for line in panel.lines if line.variable != "soc"],
    [line.variable for panel in PANELS for line in panel.lines],
])
def test_absent_variables_are_left_out(plausible_result: Result, tmp_path: Path, absent: list[str]) -> None:
    # This vehicle has nothing at System+.
    present = [name for name in absent if name not in ("system_current_A", "system_voltage_V")]
    plausible_result.slow = plausible_result.slow.drop_vars(present)
    save_picture(plausible_result, tmp_path / "p.png")
    found = texts(plot_result(plausible_result))
    assert ("alternator winding" in found) == ("winding_degC" not in absent)


def test_a_result_with_nothing_else_is_drawn(tmp_path: Path) -> None:
    slow = xr.Dataset({"port_current_A": ("time_s", [1.0])}, {"time_s": [0.0]})
    save_picture(Result(slow), tmp_path / "p.png")
    empty = xr.Dataset({"port_current_A": ("time_s", np.array([]))}, {"time_s": np.array([])})
    save_picture(Result(empty), tmp_path / "p.png")
    gaps = xr.Dataset({"port_current_A": ("time_s", np.full(9, np.nan))}, {"time_s": np.arange(9.0)})
    save_picture(Result(gaps), tmp_path / "p.png")


@pytest.mark.parametrize(("seconds", "unit"), [(10.0, "s"), (3600.0, "min"), (86_400.0, "h"), (9e5, "d")])
def test_time_axis_suits_the_run(seconds: float, unit: str) -> None:
    assert run_unit(xr.Dataset(coords={"time_s": [0.0, seconds]})).name == unit


# --- windows ------------------------------------------------------------------------------------------------


def test_windows_are_chosen_by_kind_then_by_movement(plausible_result: Result) -> None:
    windows = dict(plausible_result.windows)
    for i in range(4, 9):
        windows[f"{i:03d}_enable"] = windows["001_enable"].assign_attrs(start_s=100.0 * i)
    zooms = chosen_windows(windows)
    assert [zoom.letter for zoom in zooms] == ["A", "B", "C", "D"]
    assert [zoom.window.attrs["name"] for zoom in zooms] == ["cranking", "enable", "load_step", "disable"]


def test_focus_is_where_it_moves(plausible_result: Result) -> None:
    low_s, high_s = focus_s(plausible_result.windows["003_disable"])
    # 85 A fall with 15 us from 2 ms on: 60 % take 15 us * ln(1 / 0.4) = 14 us.
    assert 1.97e-3 < low_s < 2.0e-3 and 2.04e-3 < high_s < 2.08e-3


def test_focus_leaves_a_slow_drift_outside() -> None:
    time_s = np.linspace(0.0, 1.0, 100_001)
    edge = np.clip((time_s - 0.5) / 1e-3, 0.0, 1.0)
    window = xr.Dataset({"port_current_A": ("time_s", 20.0 * edge + 8.0 * time_s)}, {"time_s": time_s})
    low_s, high_s = focus_s(window)
    assert 0.498 < low_s < 0.5 and 0.501 < high_s < 0.506


def test_focus_takes_the_voltage_where_no_current_moves(plausible_result: Result) -> None:
    low_s, high_s = focus_s(plausible_result.windows["000_cranking"])
    assert low_s < 0.05 and high_s > 0.3


def test_focus_of_a_still_window_is_all_of_it() -> None:
    still = xr.Dataset({"port_current_A": ("time_s", [1.0, 1.0, 1.0])}, {"time_s": [0.0, 1.0, 2.0]})
    assert focus_s(still) == (0.0, 2.0)


# --- events -------------------------------------------------------------------------------------------------


def test_near_events_share_a_label() -> None:
    moments = ((0.0, "a_b"), (5.0, "c"), (9.9, "d"), (10.0, "e"))
    events = [LoggedEvent(time_s, "s", name, "") for time_s, name in moments]
    marks = grouped(events, 10.0)
    assert [(mark.time_s, mark.text) for mark in marks] == [(0.0, "a b (+2)"), (10.0, "e")]


# --- decimation ---------------------------------------------------------------------------------------------


def test_a_spike_is_kept() -> None:
    time_s = np.arange(1e5)
    values = np.sin(time_s / 1e4)
    values[12_345], values[54_321] = 50.0, -50.0
    x, y = min_max(time_s, values, 200)
    assert x.size <= 3 * 200 + 1
    assert y[x == 12_345.0] == 50.0 and y[x == 54_321.0] == -50.0
    assert x[0] == 0.0 and x[-1] == 99_999.0


def test_few_points_are_left_as_they_are() -> None:
    x, y = min_max(np.arange(5.0), np.array([1.0, 2.0, np.nan, 4.0, 5.0]), 2)
    np.testing.assert_array_equal(y, [1.0, 2.0, np.nan, 4.0, 5.0])
    assert x.size == 5


def test_a_part_keeps_its_neighbours() -> None:
    x, _ = min_max(np.arange(10.0), np.arange(10.0), 100, 2.5, 5.5)
    np.testing.assert_array_equal(x, [2.0, 3.0, 4.0, 5.0, 6.0])


def test_gaps_stay_gaps_and_hide_no_extreme() -> None:
    time_s, values = np.arange(1000.0), np.zeros(1000)
    values[460:610], values[452], values[620] = np.nan, 9.0, -9.0  # each spike shares its bin with the gap
    x, y = min_max(time_s, values, 20)
    assert np.isnan(y[(x >= 500.0) & (x < 600.0)]).any()
    assert np.nanmax(y) == 9.0 and np.nanmin(y) == -9.0


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 3000))
def test_every_bin_keeps_its_extremes(seed: int, n_bins: int, size: int) -> None:
    """Second method: a plain loop over the bins."""
    random = np.random.default_rng(seed)
    time_s = np.cumsum(random.uniform(1e-6, 1.0, size))
    values = random.normal(size=size)
    x, y = min_max(time_s, values, n_bins)
    assert np.all(np.diff(x) > 0.0)
    assert np.isin(x, time_s).all()
    edges = np.linspace(time_s[0], time_s[-1], n_bins + 1)
    edges[-1] = np.inf  # the last point belongs to the last bin
    for low, high in pairwise(edges):
        inside, kept = values[(time_s >= low) & (time_s < high)], y[(x >= low) & (x < high)]
        if inside.size:
            assert inside.max() == kept.max() and inside.min() == kept.min()


def test_no_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="n_bins 0"):
        min_max(np.arange(3.0), np.arange(3.0), 0)


# --- many days ----------------------------------------------------------------------------------------------


def test_what_happens_every_day_is_marked_once() -> None:
    events = [LoggedEvent(86_400.0 * day, "s", "alternator charging", "") for day in range(9)]
    events.append(LoggedEvent(5.0 * 86_400.0, "s", "fuse blown", ""))
    told = [(e.time_s, e.event) for e in counted(events)]
    assert told == [(0.0, "9 x alternator charging"), (432_000.0, "fuse blown")]
    assert counted(events[:8]) == events[:8]


def test_gains_of_days_by_hand() -> None:
    time_s = np.arange(0.0, 3.0 * 86_400.0, 60.0)  # three days but for the last minute
    soc = np.interp(time_s, [0.0, 43_200.0, 86_400.0, 259_200.0], [0.2, 0.5, 0.5, 0.3])
    slow = xr.Dataset({"soc": ("time_s", soc)}, {"time_s": time_s})
    np.testing.assert_allclose(gains(slow, "soc"), [0.3, -0.1, -0.1], atol=1e-4)
    assert gains(slow.isel(time_s=slice(0, 100)), "soc").size == 0


def test_a_month_has_a_panel_of_days_and_all_its_windows(plausible_result: Result) -> None:
    slow = plausible_result.slow.assign_coords(time_s=plausible_result.slow.time_s * 720.0)
    windows = {f"{i:03d}_enable": plausible_result.windows["001_enable"].assign_attrs(start_s=8e4 * i, end_s=8e4 * i)
               for i in range(30)}
    axes = plot_result(Result(slow, windows, [], plausible_result.summary)).axes
    daily = next(ax for ax in axes if ax.get_ylabel() == "daily [%]")
    bars = [patch.get_height() for patch in daily.containers[0]]
    assert sum(bars) == pytest.approx(100.0 * float(slow.soc[-1] - slow.soc[0]), abs=0.1)
    marks = [line for line in axes[0].lines if line.get_marker() == "v"]
    assert len(marks) == 30 - 4
    assert len(plot_result(plausible_result).axes) == len(axes) - 1


def test_a_window_in_which_nothing_moves_is_left_out_unless_asked_for(plausible_result: Result) -> None:
    windows = dict(plausible_result.windows)
    still = windows["003_disable"].copy()
    for name in ("port_current_A", "starter_voltage_V"):
        still[name] = still[name] * 0.0
    windows["003_disable"] = still
    assert [zoom.key for zoom in chosen_windows(windows)] == ["000_cranking", "001_enable", "002_load_step"]
    windows["003_disable"] = still.assign_attrs(reason="asked for")
    assert [zoom.key for zoom in chosen_windows(windows)][-1] == "003_disable"
    assert [zoom.key for zoom in chosen_windows({"003_disable": still})] == ["003_disable"]


def test_a_lead_that_comes_off_is_shown_until_it_is_back() -> None:
    """Open from 0.3 s to 0.4 s; a spike at the closing would draw all the attention."""
    time_s = np.linspace(0.0, 1.0, 1001)
    spike = np.where(np.abs(time_s - 0.4) < 1.5e-3, 90.0, 0.0)
    away = ((time_s >= 0.3) & (time_s <= 0.4)).astype(float)
    window = xr.Dataset({"port_current_A": ("time_s", spike), "cut_ground": ("time_s", away)}, {"time_s": time_s})
    assert focus_s(window) == pytest.approx((0.27, 0.47))


def test_legends_of_windows_hide_no_curve(plausible_result: Result) -> None:
    figure = plot_result(plausible_result)
    told = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    assert [names[0] for names in told] == ["currents:", "voltages:"]
    assert "alternator port" in told[0] and "BMS input" in told[1]
    assert [ax.get_legend() for ax in figure.axes if ax.get_title(loc="left")] == [None] * 4


def test_what_the_hardware_did_is_told_beside_its_cause() -> None:
    events = [LoggedEvent(1.0, "scenario", "short circuit", ""), LoggedEvent(1.0, "supervisor", "a", ""),
              LoggedEvent(1.1, "circuit", "latch opened", "")]
    assert [mark.text for mark in grouped(events, 1.0)] == ["short circuit, latch opened (+1)"]


def test_a_moment_is_told_in_the_units_of_its_size() -> None:
    times_s = (12.34, 119.94, 421.5, 25_199.5, 27 * 86_400.0 + 25_199.5)
    assert [clock(t) for t in times_s] == [
        "12.3 s", "119.9 s", "7 min 01.5 s", "6 h 59 min 59.5 s", "27 d 06:59:59"]


def test_a_kind_shown_again_is_shown_as_it_is_at_the_end() -> None:
    time_s = np.linspace(0.0, 1.0, 11)
    windows = {
        f"{k:03d}_crank": xr.Dataset(
            {"starter_voltage_V": ("time_s", 12.0 - (3.0 - 0.1 * k) * time_s)}, {"time_s": time_s},
            {"name": "crank", "start_s": 100.0 * k},
        ) for k in range(6)
    }
    keys = [zoom.key for zoom in chosen_windows(windows)]
    assert keys == ["000_crank", "003_crank", "004_crank", "005_crank"]
