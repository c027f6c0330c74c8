"""What the hardware did in a window, read from its waveforms: events for the log."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Note = tuple[float, str, str, str]

OPEN_A = 5.0
"""The path counts as open below this current (S2)."""


class Opening(NamedTuple):
    """The latch has opened System+.

    When it was set [s since the window's start]; time from the fault to it and to a current below 5 A [s] (NaN where
    nothing moved before); highest current of the shunt [A], and its I2t since the fault [A2 s].
    """

    latched_s: float
    since_fault_s: float
    open_after_s: float
    peak_A: float
    i2t_A2s: float


def openings(time_s: Array, waves: dict[str, Array]) -> list[Opening]:
    """Every setting of the latch in a window; the fault is the last contact that moved before it."""
    latch, current = waves["latch"], np.abs(waves["shunt_current_A"])
    set_at = np.flatnonzero((latch[1:] > 0.5) & (latch[:-1] <= 0.5)) + 1
    contacts = [wave for name, wave in waves.items() if name.startswith("contact_") or name.startswith("cut_")]
    found = []
    for k in set_at:
        begun_s = float("-inf")
        for wave in contacts:
            moved = np.flatnonzero(np.diff(wave[: k + 1]) != 0.0)
            if moved.size:
                begun_s = max(begun_s, _begun(time_s, wave, int(moved[-1])))
        below = np.flatnonzero((current < OPEN_A) & (np.arange(current.size) > k))
        stop = int(below[0]) if below.size else current.size - 1
        first = int(np.searchsorted(time_s, begun_s)) if np.isfinite(begun_s) else max(int(k) - 1, 0)
        span = slice(first, stop + 1)
        since_s = float(time_s[k] - begun_s) if np.isfinite(begun_s) else float("nan")
        after_s = float(time_s[stop] - begun_s) if np.isfinite(begun_s) else float("nan")
        i2t = float(np.trapezoid(current[span] ** 2, time_s[span]))
        found.append(Opening(float(time_s[k]), since_s, after_s, float(current[span].max()), i2t))
    return found


def _begun(time_s: Array, wave: Array, last: int) -> float:
    """Time at which the movement that ends after point `last` began."""
    first = last
    while first > 0 and wave[first] != wave[first - 1]:
        first -= 1
    return float(time_s[first])


def trips(time_s: Array, waves: dict[str, Array]) -> list[tuple[float, float, float]]:
    """Every over-voltage trip of the alternator path: when [s], how long [s], highest voltage after the fuse [V]."""
    tripped = waves["over_voltage_trip"] > 0.5
    starts = np.flatnonzero(tripped[1:] & ~tripped[:-1]) + 1
    found = []
    for k in starts:
        later = np.flatnonzero(~tripped[k:])
        stop = int(k + later[0]) if later.size else tripped.size - 1
        low = max(int(k) - 1, 0)
        found.append((float(time_s[k]), float(time_s[stop] - time_s[k]), float(waves["fb_V"][low : stop + 1].max())))
    return found


class Lifting(NamedTuple):
    """The limit was lifted during a load dump (A4).

    When it began [s since the window's start], how long it lasted [s], highest current in the fuse meanwhile [A], and
    the I2t of the fuse [A2 s].
    """

    begun_s: float
    lasted_s: float
    peak_A: float
    i2t_A2s: float


LIFTED = 0.5
"""The limit counts as lifted above this part of the circuit's own signal."""


def liftings(time_s: Array, waves: dict[str, Array]) -> list[Lifting]:
    """Every lifting of the limit in a window."""
    lifted, current = waves["limit_lifted"] > LIFTED, waves["port_current_A"]
    starts = np.flatnonzero(lifted[1:] & ~lifted[:-1]) + 1
    found = []
    for k in starts:
        later = np.flatnonzero(~lifted[k:])
        stop = int(k + later[0]) if later.size else lifted.size - 1
        span = slice(int(k), stop + 1)
        found.append(Lifting(
            float(time_s[k]), float(time_s[stop] - time_s[k]), float(current[span].max()),
            float(np.trapezoid(current[span] ** 2, time_s[span])),
        ))
    return found


def events_of(time_s: Array, waves: dict[str, Array], start_s: float) -> list[Note]:
    """Events of the hardware in a window.

    Parameters
    ----------
    time_s, waves : accepted points of the window
    start_s : where the window begins in the run [s]
    """
    notes: list[Note] = []
    for one in openings(time_s, waves) if "latch" in waves else ():
        after = f"below {OPEN_A:g} A after {1e6 * one.open_after_s:.0f} us"
        since = "" if np.isnan(one.since_fault_s) else f"{1e6 * one.since_fault_s:.0f} us after the fault, {after}, "
        detail = f"{since}peak {one.peak_A:.0f} A, I2t {one.i2t_A2s:.1f} A2s"
        notes.append((start_s + one.latched_s, "circuit", "System+ latch opened", detail))
    for at_s, held_s, highest_V in trips(time_s, waves):
        detail = f"alternator port blocked for {1e3 * held_s:.3g} ms, highest {highest_V:.1f} V behind the fuse"
        notes.append((start_s + at_s, "circuit", "over-voltage trip", detail))
    for lift in liftings(time_s, waves):
        detail = f"for {1e3 * lift.lasted_s:.0f} ms, peak {lift.peak_A:.1f} A, I2t {lift.i2t_A2s:.0f} A2s"
        notes.append((start_s + lift.begun_s, "circuit", "limit lifted", detail))
    return sorted(notes)
