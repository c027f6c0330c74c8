"""What a picture of many days shows besides: how much each day charged or drained the batteries."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator
from numpy.typing import NDArray

from cosim.plot.styles import BLUE, PURPLE, RULE, legend_beside

Array = NDArray[np.float64]

DAY_S = 86_400.0
BARS = (("soc", "LFP battery", BLUE, -0.2), ("starter_soc", "starter battery", PURPLE, 0.2))
"""Variable, label, colour, and place of its bar beside the middle of the day."""
EVERY_DAY = 16
"""Up to so many days each one has its number on the axis."""


def gains(slow: xr.Dataset, variable: str) -> Array:
    """Change of a state of charge over each whole day from the start on; shape (days,), 0..1."""
    time_s = slow["time_s"].values.astype(float)
    # A record that ends less than half a record before midnight counts as the whole day.
    spacing_s = float(time_s[-1] - time_s[-2]) if time_s.size > 1 else 0.0
    days = int((time_s[-1] - time_s[0] + 1.5 * spacing_s) // DAY_S) if time_s.size else 0
    borders = time_s[0] + DAY_S * np.arange(days + 1) if days else np.zeros(1)
    return np.diff(np.interp(borders, time_s, slow[variable].values.astype(float))) if days else np.empty(0)


def draw_days(ax: Axes, slow: xr.Dataset) -> None:
    """Draw one bar per day and battery, in percent of its charge."""
    for variable, label, colour, beside in BARS:
        if variable in slow:
            percent = 100.0 * gains(slow, variable)
            middles = float(slow["time_s"].values[0]) / DAY_S + 0.5 + np.arange(percent.size)
            ax.bar(middles + beside, percent, width=0.38, color=colour, label=label)
    ax.axhline(0.0, color=RULE, linewidth=0.7)
    legend_beside(ax)


def day_ticks(ax: Axes, days: float) -> None:
    """A mark at each midnight, a number at each or every second or fifth."""
    ax.xaxis.set_major_locator(MultipleLocator(1.0 if days <= EVERY_DAY else 2.0 if days <= 2 * EVERY_DAY else 5.0))
    if days <= 100.0:
        ax.xaxis.set_minor_locator(MultipleLocator(1.0))
