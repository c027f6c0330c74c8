"""The strip of outputs: which ones are drawn, and where they are high."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from cosim.plot.outputs import changing, draw_outputs, is_storage
from cosim.plot.picture import plot_result, save_picture
from cosim.result import Result


def with_outputs(result: Result) -> Result:
    """The plausible hour with a pre-alarm from 1000 to 1040 s, then a load disconnect; a gate that starts late."""
    time_s = result.slow.time_s.values
    result.slow["pre_alarm"] = ("time_s", ((time_s >= 1000.0) & (time_s < 2000.0)).astype(float))
    result.slow["load_output"] = ("time_s", (time_s < 1040.0).astype(float))
    result.slow["charge_gate"] = ("time_s", np.ones(time_s.size))
    result.slow["discharge_gate"] = ("time_s", (time_s >= 1.0).astype(float))
    return result


def test_what_changes_is_drawn_and_powering_up_is_not(plausible_result: Result) -> None:
    assert changing(plausible_result.slow) == ()  # the alternator port alone is in the other panels
    found = changing(with_outputs(plausible_result).slow)
    assert [trace.variable for trace in found] == ["alternator_enabled", "pre_alarm", "load_output"]
    assert changing(xr.Dataset()) == ()


def test_a_trace_is_high_where_its_output_is(plausible_result: Result) -> None:
    slow = with_outputs(plausible_result).slow
    ax = Figure().add_subplot()
    draw_outputs(ax, changing(slow)[1:], slow, 60.0, 3600)
    lowest, upper = (line.get_data() for line in ax.lines)
    x, y = (np.asarray(values, dtype=float) for values in upper)  # the first trace, the pre-alarm, is on top
    high = x[y > 1.5]
    assert abs(high.min() - 1000.0 / 60.0) < 0.05
    assert abs(high.max() - 2000.0 / 60.0) < 0.05
    assert float(np.asarray(lowest[1], dtype=float)[0]) > 0.5
    assert float(np.asarray(lowest[1], dtype=float)[-1]) == 0.0


def test_a_picture_has_cells_and_outputs_below_the_rest(plausible_result: Result, tmp_path: Path) -> None:
    figure = plot_result(with_outputs(plausible_result))
    labels = [ax.get_ylabel() for ax in figure.axes]
    assert labels.index("cell [V]") + 1 == labels.index("outputs")
    outputs = figure.axes[labels.index("outputs")]
    assert {text.get_text() for text in outputs.texts} == {"alternator", "pre-alarm", "load output"}
    save_picture(plausible_result, tmp_path / "p.png")


def test_a_run_of_storage_shows_what_is_left(plausible_result: Result) -> None:
    """Days at 1 % of charge: supply in mA and charge in percent; at 50 % it is an ordinary run of days."""
    days = np.arange(0.0, 30.0 * 86_400.0, 3600.0)
    data = {"soc": ("time_s", 0.01 - days * 1e-8), "supply_current_A": ("time_s", np.full(days.size, 4.5e-3))}
    slow = xr.Dataset(data, {"time_s": days})
    figure = plot_result(Result(slow, {}, [], plausible_result.summary))
    ax = next(ax for ax in figure.axes if ax.get_ylabel() == "[mA]")
    assert np.allclose(np.asarray(ax.lines[0].get_ydata(), dtype=float), 4.5)
    assert not is_storage(slow.assign(soc=slow.soc + 0.5))
    labels = [ax.get_ylabel() for ax in plot_result(Result(slow.assign(soc=slow.soc + 0.5), {}, [], {})).axes]
    assert "daily [%]" in labels
