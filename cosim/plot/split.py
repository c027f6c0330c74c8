"""Panels with one curve per battery of a bank, or per device at System+."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cosim.plot.decimate import min_max
from cosim.plot.styles import BLUE, CYCLE, RULE, legend_beside

Array = NDArray[np.float64]

EVERY_CURVE = len(CYCLE)
"""Up to so many curves each one is drawn with its name, beyond only the band between them."""


class Split(NamedTuple):
    """One panel: variable, its second dimension, label of the axis, what a curve is called, height and least span."""

    variable: str
    dimension: str
    label: str
    one: str
    height: float
    least_span: float


SPLITS = (
    Split("each_current_A", "battery", "battery [A]", "battery {}", 1.3, 2.0),
    Split("system_device_power_W", "system_device", "System+ [W]", "{}", 1.5, 20.0),
)


def draw_split(ax: Axes, split: Split, slow: xr.Dataset, factor: float, bins: int) -> None:
    """Draw the curves of a panel; positive charges, so a line at zero parts chargers from loads."""
    time_s = slow["time_s"].values.astype(float)
    values = np.asarray(slow[split.variable].values, dtype=np.float64)
    names = [split.one.format(name).replace("_", " ") for name in slow[split.dimension].values]
    if len(names) > EVERY_CURVE:
        low, high = values.min(axis=1), values.max(axis=1)
        ax.fill_between(time_s / factor, low, high, color=BLUE, alpha=0.35, linewidth=0.0,
                        label=f"all {len(names)}")
        values, names = values.mean(axis=1, keepdims=True), ["their mean"]
    for j, name in enumerate(names):
        x, y = min_max(time_s, values[:, j], bins)
        ax.plot(x / factor, y, linestyle=CYCLE[j].dash, color=CYCLE[j].colour, linewidth=1.3, label=name)
    ax.axhline(0.0, color=RULE, linewidth=0.6)
    legend_beside(ax)
