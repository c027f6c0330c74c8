"""Pictures of runs, in one style: a whole run, chosen channels, windows, zooms from the day to the microsecond.

>>> from cosim.plot import plot_channels
>>> plot_channels(result, ["port_current_A", ["input_voltage_V", "battery_voltage_V"]])     # doctest: +SKIP

Every function returns a matplotlib figure (`cosim.plot.styles.Picture`) that shows itself in a notebook; pyplot is not
needed. matplotlib is loaded when the first of them is used, not before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cosim.plot.channels import plot_channels, plot_window
    from cosim.plot.interactive import explore
    from cosim.plot.overlay import plot_overlay, plot_xy
    from cosim.plot.picture import plot_result
    from cosim.plot.styles import style
    from cosim.plot.zoom import plot_zoom

_HOMES = {
    "plot_result": "picture", "plot_channels": "channels", "plot_window": "channels", "plot_zoom": "zoom",
    "plot_overlay": "overlay", "plot_xy": "overlay", "style": "styles", "explore": "interactive",
}
"""Module of each public name: it is imported when the name is first asked for."""

__all__ = ["explore", "plot_channels", "plot_overlay", "plot_result", "plot_window", "plot_xy", "plot_zoom", "style"]


def __getattr__(name: str) -> object:
    """Import what is asked for: matplotlib takes half a second, which `import cosim.plot` alone need not cost."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
