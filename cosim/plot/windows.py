"""Which windows a picture shows enlarged, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from cosim.plot.decimate import min_max
from cosim.plot.styles import BLACK, DASH_DOT, DOTTED, GREY, LONG_DASH, RED, SHORT_DASH, SKY, Stroke
from cosim.plot.times import clock, time_unit
from cosim.plot.words import stroke_of, words_of

Array = NDArray[np.float64]

MOST = 4
"""Windows that find room in a row."""
FIRST = ("short_circuit", "connect_capacitor", "load_dump", "open_", "iso_pulse", "system_load_step", "port_on",
         "enable", "crank", "disable", "load_step")
"""Kinds of windows that a reader looks for first, by the beginning of their names."""
BINS = 400
MOST_OF_IT = 0.6
"""Part of all movement that the enlarged stretch holds at least; slow drifts are seldom more than the rest."""
AIR_BEFORE, AIR_AFTER = 1.0, 4.0
"""Widths of that stretch that are shown before its beginning, and from its beginning on."""
CRANKING = "crank"
PATHS = ("system_current_A",)
"""Currents besides that of the alternator port that a window may be about."""
FAR_WIDTHS = 5.0
"""A stretch that begins more of its widths after the window's start has a time of its own."""
SHORT_RUN_S = 120.0
"""Moments before it are told in seconds."""
LEAST_SWING_A, LEAST_SWING_V, LEAST_WIDTH_S = 2.0, 0.2, 5e-6

CURRENTS = ("alternator_current_A", "port_current_A", "system_current_A", "pulse_current_A")
VOLTAGES = ("starter_voltage_V", "input_voltage_V", "battery_voltage_V", "system_voltage_V", "ground_V")
"""What a window shows; how it is drawn says `cosim.plot.words`."""
WIDE, WIDE_PT, FINE_PT = ("port_current_A", "battery_voltage_V"), 1.9, 1.4
"""Curves that a reader looks for first are wider."""
BUS = {"starter_voltage_V": "vehicle's bus"}
"""What a curve is called where its part has come off."""
PROBE_STROKES = (
    Stroke(RED, DASH_DOT, "D"), Stroke(BLACK, DOTTED, "X"), Stroke(SKY, LONG_DASH, "P"), Stroke(GREY, SHORT_DASH, "*"),
)
"""Of probes that are drawn, in their order."""


class Shown(NamedTuple):
    """One curve of a window: variable, text of the legend, stroke and width [pt]."""

    variable: str
    label: str
    stroke: Stroke
    width: float


class Zoom(NamedTuple):
    """One window that is shown enlarged: its key, its letter, and its waveforms."""

    key: str
    letter: str
    window: xr.Dataset


def chosen_windows(windows: Mapping[str, xr.Dataset]) -> list[Zoom]:
    """Choose the most telling windows: one of each first kind, then other kinds, then the latest: what has changed.

    Windows in which nothing moves are left out (a disabling after the current has ceased), unless there is no other or
    the user asked for them.

    Returns
    -------
    at most `MOST`, in the order of time, lettered A, B, ...
    """
    usable = [key for key, window in windows.items() if window.sizes.get("time_s", 0) > 1]
    usable.sort(key=lambda key: -swing_A(windows[key]))
    kinds = {key: _kind(key, windows[key]) for key in usable}
    chosen: list[str] = []
    moving = [key for key in usable if moves(windows[key])]
    for kind in dict.fromkeys((*FIRST, *kinds.values())):
        chosen += [key for key in moving if kinds[key] == kind][:1]
    chosen += sorted((key for key in moving if key not in chosen), key=lambda key: -_start_s(windows[key]))
    asked = [key for key in usable if windows[key].attrs.get("reason") == "asked for"]
    chosen += [key for key in (asked if chosen else usable) if key not in chosen]
    by_time = sorted(chosen[:MOST], key=lambda key: _start_s(windows[key]))
    return [Zoom(key, chr(ord("A") + i), windows[key]) for i, key in enumerate(by_time)]


def _start_s(window: xr.Dataset) -> float:
    return float(window.attrs.get("start_s", 0.0))


def _kind(key: str, window: xr.Dataset) -> str:
    name = str(window.attrs.get("name", key))
    return next((kind for kind in FIRST if name.startswith(kind)), name)


def swing_A(window: xr.Dataset) -> float:
    """Return by how much the port current moves in a window, or that of System+ where this moves more."""
    return max((_swing(window, name) for name in (*PATHS, "port_current_A") if name in window), default=0.0)


def _swing(window: xr.Dataset, name: str) -> float:
    values = window[name].values
    return float(np.nanmax(values) - np.nanmin(values))


def _moving(window: xr.Dataset) -> str:
    """What the enlarged stretch is chosen by: the current that moves most; where none does, the starter's voltage.

    Cranking is about this voltage whatever a device at System+ does meanwhile.
    """
    if str(window.attrs.get("name", "")).startswith(CRANKING) and "starter_voltage_V" in window:
        return "starter_voltage_V"
    if swing_A(window) < LEAST_SWING_A:
        return "ground_V" if "ground_V" in window else "starter_voltage_V"
    names = [name for name in ("port_current_A", *PATHS) if name in window]
    return max(names, key=lambda name: _swing(window, name))


def moves(window: xr.Dataset) -> bool:
    """Whether there is something to see: the port's current moves, or the starter battery's voltage."""
    if swing_A(window) >= LEAST_SWING_A:
        return True
    return "starter_voltage_V" in window and float(np.ptp(window["starter_voltage_V"].values)) >= LEAST_SWING_V


def focus_s(window: xr.Dataset) -> tuple[float, float]:
    """Find the shortest stretch of a window that holds most of its movement.

    What counts is the current that moves most; where none does (cranking), the starter battery's voltage. Slow
    drifts before and after an edge stay outside, so that the edge shows at its own scale of time. A lead that comes off
    is shown from then on until it is back.

    Returns
    -------
    beginning and end [s since the window's start], with air before and more after, to see it settle
    """
    time_s = window["time_s"].values.astype(float)
    away = _away_s(window)
    if away is not None:
        width = away[1] - away[0]
        return max(away[0] - 0.3 * width, float(time_s[0])), min(away[1] + 0.7 * width, float(time_s[-1]))
    first_s, width_s = movement_s(window)
    if width_s <= 0.0:
        return float(time_s[0]), float(time_s[-1])
    low_s, high_s = first_s - AIR_BEFORE * width_s, first_s + AIR_AFTER * width_s
    return max(low_s, float(time_s[0])), min(high_s, float(time_s[-1]))


def movement_s(window: xr.Dataset) -> tuple[float, float]:
    """Find where the shortest stretch that holds most of a window's movement begins, and how long it is.

    Returns
    -------
    beginning [s since the window's start], and length [s]; its first point and 0 if nothing moves
    """
    time_s = window["time_s"].values.astype(float)
    variable = _moving(window)
    values = np.nan_to_num(window[variable].values.astype(float)) if variable in window else np.zeros(time_s.size)
    total = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(values)))])
    if total[-1] <= 0.0:
        return float(time_s[0]), 0.0
    ends = np.searchsorted(total, total + MOST_OF_IT * total[-1])
    starts = np.flatnonzero(ends < time_s.size)
    widths = time_s[ends[starts]] - time_s[starts]
    first = starts[int(np.argmin(widths))]
    return float(time_s[first]), max(float(widths.min()), LEAST_WIDTH_S)


def _away_s(window: xr.Dataset) -> tuple[float, float] | None:
    """When a lead is open in a window [s since its start]; None for a test pulse, which is over long before."""
    cuts = [str(name) for name in window.data_vars if str(name).startswith("cut_")]
    if not cuts or "pulse_current_A" in window:
        return None
    open_at = np.flatnonzero(np.max([window[name].values for name in cuts], axis=0) > 0.5)
    time_s = window["time_s"].values.astype(float)
    return (float(time_s[open_at[0]]), float(time_s[open_at[-1]])) if open_at.size > 1 else None


def drawn_lines(window: xr.Dataset) -> tuple[list[Shown], list[Shown]]:
    """Currents and voltages that a window shows, its probes among them."""
    off = "cut_starter_battery" in window
    currents, voltages = (
        [Shown(name, BUS[name] if off and name in BUS else words_of(window[name]), stroke_of(name),
               WIDE_PT if name in WIDE else FINE_PT) for name in names if name in window]
        for names in (CURRENTS, VOLTAGES)
    )
    asked = [str(name) for name in window.data_vars if window[name].attrs.get("draw")]
    for place, name in enumerate(asked):
        shown = Shown(name, name.replace("_", " "), PROBE_STROKES[place % len(PROBE_STROKES)], FINE_PT)
        (currents if window[name].attrs.get("units") == "A" else voltages).append(shown)
    return currents, voltages


def draw_zoom(upper: Axes, lower: Axes, zoom: Zoom) -> None:
    """Draw one window: currents on the upper axes, voltages on the lower, over the time of the run."""
    window = zoom.window
    low_s, high_s = focus_s(window)
    factor, unit = time_unit(high_s - low_s)
    time_s, from_s = window["time_s"].values.astype(float), 0.0
    if low_s > FAR_WIDTHS * (high_s - low_s):  # microseconds long after the window's start: told from where they begin
        from_s = low_s
    time_s, low_s, high_s = time_s - from_s, low_s - from_s, high_s - from_s
    for ax, curves in zip((upper, lower), drawn_lines(window), strict=True):
        for curve in curves:
            x, y = min_max(time_s, window[curve.variable].values.astype(float), BINS, low_s, high_s)
            ax.plot(x / factor, y, linestyle=curve.stroke.dash, color=curve.stroke.colour, linewidth=curve.width,
                    label=curve.label)
        ax.set_xlim(low_s / factor, high_s / factor)
    upper.tick_params(labelbottom=False)
    name = str(window.attrs.get("name", zoom.key)).replace("_", " ")
    upper.set_title(f"{zoom.letter}   {name} at {clock(_start_s(window))}", loc="left")
    lower.set_xlabel(f"time {_since(_start_s(window), from_s)} [{unit}]")


def _since(start_s: float, from_s: float) -> str:
    """Say where the time axis of a window begins: at a moment of the run, or of the window in a long run."""
    if start_s < SHORT_RUN_S:
        moment_s = f"{start_s + from_s:.6f}".rstrip("0").rstrip(".")
        return f"since {moment_s} s"
    return "in the window" if from_s == 0.0 else f"from {1e3 * from_s:.3f} ms of the window"
