"""One mechanism for every threshold: debounce, hysteresis, a shortest duration, and the bounds of a hold.

A predicate watches the largest (side ABOVE) or the smallest (side BELOW) of some readings. It becomes active
when that reading lies beyond `trip` for `trip_delay_ms`, and inactive again when it is back at `release`, not
before `rest_ms`. `constraint` tells within which bounds, and until when, `update` would change nothing.

Bounds are 'low for the smallest, high for the largest' reading. That the largest stays above its release cannot be
said that way, unless the smallest is above it too; but one reading that stays there is enough, and the largest is
taken as this witness. Otherwise the deadline is short instead: the next tick while a trip is pending, and the next
instant of the release grid once a release is due.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

LARGEST = sys.float_info.max
FREE = (-LARGEST, LARGEST)
"""Bound that only asks for a finite number."""


class Side(Enum):
    """On which side of the threshold a predicate is active."""

    ABOVE = 1
    BELOW = 2


_ABOVE = Side.ABOVE
"""Bound once: to look up a member of an enumeration costs more than all that `update` does with it."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """A threshold.

    Attributes
    ----------
    name : str
        For look-ups.
    channel : str
        Which readings it watches.
    side : Side
        Active above or below.
    trip, release : float
        Beyond `trip` (strictly) it trips; at `release` or on its far side it releases.
    trip_delay_ms : int
        Time that the reading must lie beyond `trip` without a break.
    rest_ms : int
        Shortest time that it stays active.
    release_grid_ms : int
        The release is judged only at multiples of this time.
    """

    name: str
    channel: str
    side: Side
    trip: float
    release: float
    trip_delay_ms: int = 0
    rest_ms: int = 0
    release_grid_ms: int = 1


class PredicateState(NamedTuple):
    """Whether active; since when a trip is pending (None: not); when it last became active [ms]."""

    active: bool = False
    pending_ms: int | None = None
    since_ms: int = 0


IDLE = PredicateState()
"""Neither active nor pending."""


Extremes = tuple[float, float]
"""Smallest and largest of some readings, in their unit."""


class Constraint(NamedTuple):
    """Bounds for the readings (low for the smallest, high for the largest) and time until they hold [ms].

    `witness` is a bound for one reading alone: the one that is now the largest (side ABOVE) or the smallest.
    """

    bounds: tuple[float, float] = FREE
    until_ms: int | None = None
    witness: tuple[float, float] | None = None


def update(
    predicate: Predicate, state: PredicateState, extremes: Extremes | None, now_ms: int
) -> PredicateState:
    """Take in one reading.

    Parameters
    ----------
    predicate, state : Predicate, PredicateState
        Threshold and its state before.
    extremes : Extremes or None
        Reading; None if missing, which ends a pending trip and holds an active predicate.
    now_ms : int
        Supervisor time [ms].

    Returns
    -------
    PredicateState
        State after.
    """
    active, pending_ms, since_ms = state
    if extremes is None:
        return state if pending_ms is None else PredicateState(active, None, since_ms)
    low, high = extremes
    above = predicate.side is _ABOVE
    if active:
        if not (high <= predicate.release if above else low >= predicate.release):
            return state
        due = now_ms - since_ms >= predicate.rest_ms and now_ms % predicate.release_grid_ms == 0
        return PredicateState(False, None, since_ms) if due else state
    if not (high > predicate.trip if above else low < predicate.trip):
        return state if pending_ms is None else PredicateState(False, None, since_ms)
    if pending_ms is not None and now_ms - pending_ms < predicate.trip_delay_ms:
        return state
    if predicate.trip_delay_ms <= 0 or pending_ms is not None:
        return PredicateState(True, None, now_ms)
    return PredicateState(False, now_ms, since_ms)


def steady_range(predicate: Predicate, active: bool) -> Extremes:
    """Readings, all of them, at which a predicate stays as it is: idle up to its trip, active beyond its release."""
    above = predicate.side is _ABOVE
    if not active:
        return (-LARGEST, predicate.trip) if above else (predicate.trip, LARGEST)
    release = predicate.release
    return (math.nextafter(release, math.inf), LARGEST) if above else (-LARGEST, math.nextafter(release, -math.inf))


def constraint(
    predicate: Predicate, state: PredicateState, extremes: Extremes | None, now_ms: int
) -> Constraint:
    """Bounds and time within which `update` would change nothing; `state` is the one after it at `now_ms`."""
    if extremes is None:
        return Constraint()
    active, pending_ms, since_ms = state
    low, high = extremes
    above = predicate.side is _ABOVE
    if not active and pending_ms is None:
        return Constraint(steady_range(predicate, False))
    limit = predicate.release if active else predicate.trip
    beyond = (math.nextafter(limit, math.inf), LARGEST) if above else (-LARGEST, math.nextafter(limit, -math.inf))
    all_beyond = low > limit if above else high < limit
    if not active:
        assert pending_ms is not None
        end_ms = pending_ms + predicate.trip_delay_ms
        return Constraint(beyond, end_ms) if all_beyond else Constraint(FREE, min(end_ms, now_ms + 1))
    grid = predicate.release_grid_ms
    earliest_ms = -(-(since_ms + predicate.rest_ms) // grid) * grid
    if now_ms < earliest_ms:
        return Constraint(FREE, earliest_ms)
    if all_beyond:
        return Constraint(beyond)
    if high > limit if above else low < limit:
        return Constraint(FREE, None, beyond)
    return Constraint(FREE, (now_ms // grid + 1) * grid)
