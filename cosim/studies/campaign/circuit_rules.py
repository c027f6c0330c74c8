"""Rules of what circuits do in windows: ratings, latch, studs, each window's balance.

As in `cosim.studies.campaign.invariants`: pure functions over a `Record`, limits are those of the requirements.
"""

from __future__ import annotations

import numpy as np

from cosim.studies.campaign.record import Finding, Record
from cosim.windows.events import OPEN_A

LATCH_MOST_A, LATCH_PEAK_A, LATCH_OPEN_S = 770.0, 850.0, 10e-6
"""S2: the latch opens at 700 A + 10 %, within 10 us to below 5 A, peak below 850 A."""
STUD_V, STUD_HIGHEST_V, STUD_S = 18.0, 30.0, 200e-6
"""A7: the battery stud may be above 18 V for 200 us when a path opens under current, and stays below 30 V."""
NOISE_A = 20.0
"""Width of the latch's own comparator about its threshold (netlists/system_path.cir)."""


def ratings(r: Record) -> Finding | None:
    """A8: in windows every power device and clamp stays inside its ratings."""
    found = [e for e in r.result.events if e.event == "rating exceeded"]
    return Finding(found[0].time_s, found[0].detail) if found else None


def latch(r: Record) -> Finding | None:
    """S2: the hardware latch opens above 700 A + 10 %, below 5 A in 10 us, peak below 850 A."""
    for window in r.result.windows.values():
        if "latch" not in window:
            continue
        time_s, start_s = np.asarray(window.time_s.values), float(window.attrs.get("start_s", 0.0))
        current, set_ = np.abs(window.shunt_current_A.values), window.latch.values > 0.5
        if current.max() > LATCH_PEAK_A:
            return Finding(start_s + float(time_s[current.argmax()]), f"{current.max():.0f} A through the shunt")
        over = (current > LATCH_MOST_A + NOISE_A) & ~set_
        begun = np.flatnonzero(over & ~np.concatenate(([False], over[:-1])))
        for k in begun:
            late = (time_s > time_s[k] + LATCH_OPEN_S) & (np.arange(time_s.size) >= k)
            first = np.flatnonzero(late)
            if first.size and current[first[0]] > OPEN_A:
                at_s = start_s + float(time_s[k])
                return Finding(at_s, f"{current[first[0]]:.0f} A still flow 10 us after {LATCH_MOST_A:g} A")
    return None


def studs(r: Record) -> Finding | None:
    """A7: the battery stud stays below 30 V, and is above 18 V for at most 200 us."""
    for window in r.result.windows.values():
        time_s, start_s = np.asarray(window.time_s.values), float(window.attrs.get("start_s", 0.0))
        volts = window.battery_voltage_V.values
        if volts.max() >= STUD_HIGHEST_V:
            return Finding(start_s + float(time_s[volts.argmax()]), f"{volts.max():.1f} V at the battery stud")
        above = np.concatenate(([False], volts > STUD_V, [False]))
        edges = np.flatnonzero(above[1:] != above[:-1])
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            held_s = float(time_s[min(last, time_s.size - 1)] - time_s[first])
            if held_s > STUD_S:
                return Finding(start_s + float(time_s[first]), f"battery stud above 18 V for {1e6 * held_s:.0f} us")
    return None


def window_balances(r: Record) -> Finding | None:
    """Every window's charge closes to 1e-4 and its energy to 1 % of what was dissipated."""
    found = [e for e in r.result.events if e.event == "balance off"]
    return Finding(found[0].time_s, found[0].detail) if found else None
