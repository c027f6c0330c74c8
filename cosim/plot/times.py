"""Axes of time: which unit suits a stretch, from days to nanoseconds, and how a moment is told."""

from __future__ import annotations

import math
from typing import NamedTuple

DAY_S, HOUR_S, MINUTE_S = 86_400.0, 3600.0, 60.0


class TimeUnit(NamedTuple):
    """Unit of an axis of time: its length [s] and its name."""

    seconds: float
    name: str


UNITS = (
    (5.0 * DAY_S, TimeUnit(DAY_S, "d")), (5.0 * HOUR_S, TimeUnit(HOUR_S, "h")),
    (3.0 * MINUTE_S, TimeUnit(MINUTE_S, "min")),
    (2.0, TimeUnit(1.0, "s")), (2e-3, TimeUnit(1e-3, "ms")), (2e-6, TimeUnit(1e-6, "\N{MICRO SIGN}s")),
    (0.0, TimeUnit(1e-9, "ns")),
)
"""Stretches from this long on [s] are drawn in this unit."""


def time_unit(span_s: float) -> TimeUnit:
    """Return the unit that suits a stretch of time of `span_s` [s]."""
    return next((unit for least_s, unit in UNITS if span_s >= least_s), UNITS[-1][1])


def span_words(span_s: float) -> str:
    """Say how long a stretch is: `200 us`, `1 h`; in the largest unit that gives at least one."""
    unit = next((unit for _, unit in UNITS if span_s >= unit.seconds * (1.0 - 1e-9)), UNITS[-1][1])
    return f"{span_s / unit.seconds:.3g} {unit.name}"


MOST_DECIMALS = 6
"""Of the seconds of a moment: a microsecond is as fine as a record tells."""


def decimals_of(span_s: float) -> int:
    """Return how many decimals of a second tell a moment to a hundredth of a stretch of `span_s` [s], at least one."""
    return min(max(math.ceil(2.0 - math.log10(span_s) - 1e-9), 1), MOST_DECIMALS)


def clock(time_s: float, decimals: int = 1) -> str:
    """Say a moment of a run as a reader would: seconds first, then minutes, hours and days.

    Parameters
    ----------
    time_s : moment since the start of the run [s]
    decimals : of its seconds; zeros at the end are left out where there are more than one

    >>> clock(2000.05)
    '33 min 20.0 s'
    >>> clock(20.0503, decimals=6)
    '20.0503 s'
    """
    if decimals > 1 and time_s < 48.0 * HOUR_S:
        rounded_s = round(time_s, decimals)
        minutes, seconds = divmod(rounded_s, MINUTE_S) if rounded_s >= 120.0 else (0.0, rounded_s)
        told = clock(MINUTE_S * minutes).removesuffix("00.0 s") if minutes else ""
        return f"{told}{f'{seconds:.{decimals}f}'.rstrip('0').rstrip('.')} s"
    if time_s < 120.0:
        return f"{time_s:.4g} s" if time_s < 10.0 else f"{time_s:.1f} s"
    hours, rest = divmod(time_s, HOUR_S)
    minutes, seconds = divmod(rest, MINUTE_S)
    if hours >= 48.0:
        days, hours = divmod(hours, 24.0)
        return f"{days:.0f} d {hours:02.0f}:{minutes:02.0f}:{int(seconds):02d}"
    short = f"{minutes:.0f} min {seconds:04.1f} s"
    return f"{hours:.0f} h {short}" if hours else short
