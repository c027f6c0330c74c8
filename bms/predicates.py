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


@dataclass(frozen=True)
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


def _mirrored(predicate: Predicate, extremes: Extremes) -> tuple[float, float, float, float]:
    """Trip, release, smallest and largest; signs are turned for side BELOW, so that only ABOVE is left."""
    low, high = extremes
    if predicate.side is Side.ABOVE:
        return predicate.trip, predicate.release, low, high
    return -predicate.trip, -predicate.release, -high, -low


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
    if extremes is None:
        return state._replace(pending_ms=None) if state.pending_ms is not None else state
    above = predicate.side is Side.ABOVE
    if state.active:
        due = now_ms - state.since_ms >= predicate.rest_ms and now_ms % predicate.release_grid_ms == 0
        back = extremes[1] <= predicate.release if above else extremes[0] >= predicate.release
        return PredicateState(False, None, state.since_ms) if due and back else state
    if not (extremes[1] > predicate.trip if above else extremes[0] < predicate.trip):
        return state._replace(pending_ms=None) if state.pending_ms is not None else state
    if state.pending_ms is not None and now_ms - state.pending_ms < predicate.trip_delay_ms:
        return state
    if predicate.trip_delay_ms <= 0 or state.pending_ms is not None:
        return PredicateState(True, None, now_ms)
    return PredicateState(False, now_ms, state.since_ms)


def constraint(
    predicate: Predicate, state: PredicateState, extremes: Extremes | None, now_ms: int
) -> Constraint:
    """Bounds and time within which `update` would change nothing; `state` is the one after it at `now_ms`."""
    if extremes is None:
        return Constraint()
    trip, release, low, high = _mirrored(predicate, extremes)
    if state.active:
        found = _while_active(predicate, state, release, low, high, now_ms)
    elif state.pending_ms is None:
        found = Constraint((-LARGEST, trip))
    else:
        end_ms = state.pending_ms + predicate.trip_delay_ms
        if low > trip:
            found = Constraint((math.nextafter(trip, math.inf), LARGEST), end_ms)
        else:
            found = Constraint(FREE, min(end_ms, now_ms + 1))
    if predicate.side is Side.ABOVE:
        return found
    witness = None if found.witness is None else (-found.witness[1], -found.witness[0])
    return Constraint((-found.bounds[1], -found.bounds[0]), found.until_ms, witness)


def _while_active(
    predicate: Predicate, state: PredicateState, release: float, low: float, high: float, now_ms: int
) -> Constraint:
    grid = predicate.release_grid_ms
    earliest_ms = -(-(state.since_ms + predicate.rest_ms) // grid) * grid
    if now_ms < earliest_ms:
        return Constraint(FREE, earliest_ms)
    if low > release:
        return Constraint((math.nextafter(release, math.inf), LARGEST))
    if high > release:
        return Constraint(FREE, None, (math.nextafter(release, math.inf), LARGEST))
    return Constraint(FREE, (now_ms // grid + 1) * grid)
