"""Moments of a window: ticks, corners, and how a tick is told."""

from __future__ import annotations

import numpy as np

SAME_TIME_S = 1e-8
"""Times closer than this are one moment: far below every rise time, far above rounding at 1e6 s."""


def seconds(tick: int, tick_s: float) -> float:
    """Time of a tick: whole milliseconds, so that it prints as it is meant."""
    return tick * round(tick_s * 1000.0) / 1000.0


def merged(ticks: list[float], corners: list[float]) -> list[float]:
    """Ticks and corners in one rising list; a corner within `SAME_TIME_S` of its neighbour is that moment.

    Two breakpoints a rounding error apart would force steps of that length: 'timestep too small'.
    """
    result = list(ticks)
    for corner in corners:
        place = int(np.searchsorted(result, corner))
        near = result[max(place - 1, 0) : place + 1]
        if all(abs(corner - other) > SAME_TIME_S for other in near):
            result.insert(place, corner)
    return result
