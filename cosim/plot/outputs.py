"""The outputs of the supervisor over a run, one above the other as a logic analyser shows them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cosim.plot.decimate import min_max
from cosim.plot.styles import BLACK, BLUE, DOTTED, GREEN, ORANGE, PURPLE, RED, SHORT_DASH, legend_beside

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
    Trace("remote_on", "remote on", BLACK),
    Trace("alternator_enabled", "alternator", BLUE),
    Trace("charge_output", "charge output", ORANGE),
    Trace("charge_gate", "charge gate", ORANGE),
    Trace("pre_alarm", "pre-alarm", RED),
    Trace("load_output", "load output", GREEN),
    Trace("discharge_gate", "discharge gate", GREEN),
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
                    textcoords="offset points", va="center", fontsize=9, color=trace.colour)


CELL_CURVES = (
    ("cell_voltage_V", "each_cell_high_V", np.max, "highest cell", RED, "-"),
    ("cell_voltage_V", "each_cell_low_V", np.min, "lowest cell", BLUE, SHORT_DASH),
)
"""Variable, what stands for it where a large bank records no single cells, which of them, label, colour, line."""
CELLS_HEIGHT, CELLS_SPAN_V = 1.3, 0.1
"""Height of the panel of cells, and the least span of its axis."""


def draw_cells(ax: Axes, slow: xr.Dataset, factor: float, bins: int) -> None:
    """Draw the lowest and the highest cell voltage: what most outputs are switched by."""
    time_s = slow["time_s"].values.astype(float)
    for name, stand_in, extreme, label, colour, dash in CELL_CURVES:
        variable = name if name in slow else stand_in
        if variable in slow:
            x, y = min_max(time_s, extreme(slow[variable].values.astype(float), axis=1), bins)
            ax.plot(x / factor, y, linestyle=dash, color=colour, linewidth=1.3, label=label)
    legend_beside(ax)


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
    ax.step(x / factor, y, where="post", linestyle=DOTTED, color=PURPLE, linewidth=1.6, label="own supply [mA]")
    ax.set_ylim(0.0, 20.0)
    right = ax.twinx()
    x, y = min_max(time_s, 100.0 * slow["soc"].values.astype(float), bins)
    right.plot(x / factor, y, color=BLUE, linewidth=1.4, label="charge left [%]")
    right.axhline(0.0, color=BLUE, linewidth=0.7, linestyle=DOTTED)
    right.set_ylim(min(-0.5, float(np.nanmin(y)) * 1.1), STORED_PERCENT / 2.0)
    right.tick_params(colors=BLUE)
    right.grid(False)
    (own, own_words), (left, left_words) = (axes.get_legend_handles_labels() for axes in (ax, right))
    legend_beside(ax, at=1.06, handles=own + left, labels=own_words + left_words)
