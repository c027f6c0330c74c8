"""Reading runs: waveforms over the whole run, moments of events, entries."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cosim.measure import MeasureError
from cosim.result import Result
from cosim.studies.conformance.entry import Corner, Entry, Evidence, Trace

Array = NDArray[np.float64]

RED, YELLOW, ORANGE, GREEN, BLUE, ACTIVE = 4, 8, 16, 32, 2, 1
"""Bits of the channel `leds`: over-temperature, charge disconnect, load disconnect, charging, Bluetooth, active."""


def entry(
    corner: Corner, figure: str, value: float, method: str, evidence: Evidence | None = None, *, trust: str = "ours",
    note: str = "",
) -> Entry:
    """Return a measured figure of the row that its name begins with."""
    return Entry(figure.split(".")[0], figure, method, "measured", float(value), corner.name, corner.variant, trust,
                 note, evidence)


def slow(result: Result, name: str) -> tuple[Array, Array]:
    """Slow record of a channel."""
    return np.asarray(result.slow.time_s.values), np.asarray(result.slow[name].values, dtype=np.float64)


def stitched(result: Result, name: str) -> tuple[Array, Array]:
    """A channel over the whole run: the slow record, and inside windows every accepted point."""
    time_s, value = slow(result, name)
    parts: list[tuple[Array, Array]] = []
    outside = np.ones(time_s.size, dtype=bool)
    for window in result.windows.values():
        if name not in window or window.time_s.size < 2:
            continue
        begin_s = float(window.attrs["start_s"])
        inner_s = begin_s + np.asarray(window.time_s.values)
        outside &= ~((time_s >= begin_s) & (time_s <= inner_s[-1]))
        parts.append((inner_s, np.asarray(window[name].values, dtype=np.float64)))
    parts.append((time_s[outside], value[outside]))
    all_s, all_v = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    order = np.argsort(all_s, kind="stable")
    all_s, all_v = all_s[order], all_v[order]
    rises = np.concatenate(([True], np.diff(all_s) > 0.0))
    return all_s[rises], all_v[rises]


def trace(result: Result, name: str, label: str, unit: str, whole: bool = False, panel: str = "") -> Trace:
    """Trace of a channel for the plot; `whole` with the points of windows; `panel` as in `Trace`."""
    time_s, value = stitched(result, name) if whole else slow(result, name)
    return Trace(label, unit, time_s, value, panel)


def part(label: str, unit: str, time_s: Array, value: Array, from_s: float, until_s: float) -> Trace:
    """Trace of a stretch of a waveform."""
    shown = (time_s >= from_s) & (time_s <= until_s)
    return Trace(label, unit, time_s[shown], value[shown])


def first_s(time_s: Array, condition: NDArray[np.bool_], after_s: float = -math.inf) -> float:
    """First moment from `after_s` on at which a condition holds; MeasureError if there is none."""
    found = np.flatnonzero(condition & (time_s >= after_s))
    if not found.size:
        raise MeasureError("what is measured never happened")
    return float(time_s[found[0]])


def event_s(result: Result, event: str, detail: str = "", after_s: float = -math.inf) -> float:
    """Moment of the first event of a name (and words in its detail); MeasureError if there is none."""
    for one in result.events:
        if one.event == event and detail in one.detail and one.time_s >= after_s:
            return float(one.time_s)
    raise MeasureError(f"no event {event!r} {detail!r}")
