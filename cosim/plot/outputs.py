"""The outputs of the supervisor over a run, one above the other as a logic analyser shows them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cosim.plot.decimate import min_max

Array = NDArray[np.float64]

STARTED_S = 3.0
"""What changes before is the powering up, pre-charge included, and is no story (ours)."""
SWING = 0.68
"""Height of a trace, of the distance between two."""
ROW_HEIGHT = 0.27
"""Height of a trace in a picture, in the unit of the other panels' heights."""


class Trace(NamedTuple):
    """One output: variable, label at the left, colour."""

    variable: str
    label: str
    colour: str


TRACES = (
    Trace("remote_on", "remote on", "#000000"),
    Trace("alternator_enabled", "alternator", "#0072B2"),
    Trace("charge_output", "charge output", "#E69F00"),
    Trace("charge_gate", "charge gate", "#E69F00"),
    Trace("pre_alarm", "pre-alarm", "#D55E00"),
    Trace("load_output", "load output", "#009E73"),
    Trace("discharge_gate", "discharge gate", "#009E73"),
)


def changing(slow: xr.Dataset) -> tuple[Trace, ...]:
    """Outputs to draw: all that change once the run has begun, if it is more than the alternator port's."""
    if "time_s" not in slow.variables:
        return ()
    begun = slow["time_s"].values >= STARTED_S
    found = []
    for trace in TRACES:
        values = slow[trace.variable].values[begun] if trace.variable in slow else np.empty(0)
        if values.size and float(np.min(values)) != float(np.max(values)):
            found.append(trace)
    return tuple(found) if any(trace.variable != "alternator_enabled" for trace in found) else ()


def draw_outputs(ax: Axes, traces: tuple[Trace, ...], slow: xr.Dataset, factor: float, bins: int) -> None:
    """Draw the traces, the first one on top: filled while on (high), a line while off (floating)."""
    time_s = slow["time_s"].values.astype(float)
    for row, trace in enumerate(reversed(traces)):
        x, y = min_max(time_s, slow[trace.variable].values.astype(float), bins)
        ax.fill_between(x / factor, float(row), row + SWING * y, step="post", color=trace.colour, alpha=0.45,
                        linewidth=0.0)
        ax.step(x / factor, row + SWING * y, where="post", color=trace.colour, linewidth=0.9)
    ax.set_ylim(-0.2, len(traces) - 0.1)


def dress_outputs(ax: Axes, traces: tuple[Trace, ...]) -> None:
    """Name the traces at the right, where the other panels have their legends."""
    ax.set_yticks([])
    for row, trace in enumerate(reversed(traces)):
        ax.annotate(trace.label, (1.0, row + 0.5 * SWING), xycoords=("axes fraction", "data"), xytext=(6, 0),
                    textcoords="offset points", va="center", fontsize=8.5, color=trace.colour)


CELL_CURVES = (
    ("cell_voltage_V", "each_cell_high_V", np.max, "highest cell", "#D55E00"),
    ("cell_voltage_V", "each_cell_low_V", np.min, "lowest cell", "#0072B2"),
)
"""Variable, what stands for it where a large bank records no single cells, which of them, label, colour."""
CELLS_HEIGHT, CELLS_SPAN_V = 1.3, 0.1
"""Height of the panel of cells, and the least span of its axis."""


def draw_cells(ax: Axes, slow: xr.Dataset, factor: float, bins: int) -> None:
    """Draw the lowest and the highest cell voltage: what most outputs are switched by."""
    time_s = slow["time_s"].values.astype(float)
    for name, stand_in, extreme, label, colour in CELL_CURVES:
        variable = name if name in slow else stand_in
        if variable in slow:
            x, y = min_max(time_s, extreme(slow[variable].values.astype(float), axis=1), bins)
            ax.plot(x / factor, y, color=colour, linewidth=1.2, label=label)
    ax.legend(loc="upper left", bbox_to_anchor=(1.005, 1.02), frameon=False, fontsize=8.5, handlelength=1.8,
              labelspacing=0.2)


STORED_PERCENT = 5.0
"""A run whose charge stays below this for most of its time is one of storage after a shutdown (ours)."""


def is_storage(slow: xr.Dataset) -> bool:
    """Whether a run of days is about what the BMS itself draws from a nearly empty battery (C3)."""
    known = "supply_current_A" in slow and "soc" in slow
    return known and 100.0 * float(np.median(slow["soc"].values)) < STORED_PERCENT


def draw_storage(ax: Axes, slow: xr.Dataset, factor: float, bins: int) -> None:
    """Draw what the BMS draws, in mA, and on an axis to the right the charge that is left, in percent."""
    time_s = slow["time_s"].values.astype(float)
    x, y = min_max(time_s, 1e3 * slow["supply_current_A"].values.astype(float), bins)
    ax.step(x / factor, y, where="post", color="#CC79A7", linewidth=1.4, label="own supply [mA]")
    ax.set_ylim(0.0, 20.0)
    right = ax.twinx()
    x, y = min_max(time_s, 100.0 * slow["soc"].values.astype(float), bins)
    right.plot(x / factor, y, color="#0072B2", linewidth=1.4, label="charge left [%]")
    right.axhline(0.0, color="#0072B2", linewidth=0.7, linestyle=":")
    right.set_ylim(min(-0.5, float(np.nanmin(y)) * 1.1), STORED_PERCENT / 2.0)
    right.tick_params(labelsize=9, colors="#0072B2")
    right.spines["top"].set_visible(False)
    handles = [axes.get_legend_handles_labels() for axes in (ax, right)]
    ax.legend(handles[0][0] + handles[1][0], handles[0][1] + handles[1][1], loc="upper left",
              bbox_to_anchor=(1.03, 1.02), frameon=False, fontsize=8, handlelength=1.8, labelspacing=0.2)
