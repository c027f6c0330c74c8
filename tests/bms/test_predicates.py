"""The one mechanism of thresholds: debounce, hysteresis, rest, release grid, bounds."""

import math
from collections.abc import Sequence

import pytest

from bms.predicates import LARGEST, Predicate, PredicateState, Side, constraint, update

ABOVE = Predicate("hot", "t", Side.ABOVE, 50.0, 47.0, trip_delay_ms=200, rest_ms=1_000)
BELOW = Predicate("cold", "t", Side.BELOW, -50.0, -47.0, trip_delay_ms=200, rest_ms=1_000)


def traced(predicate: Predicate, values: Sequence[float | None], tick_ms: int = 100) -> list[bool]:
    state, active = PredicateState(), []
    for k, value in enumerate(values):
        extremes = None if value is None else (value, value)
        state = update(predicate, state, extremes, k * tick_ms)
        active.append(state.active)
    return active


@pytest.mark.parametrize(
    ("values", "active_at"),
    [
        ([50.0] * 9, []),
        ([50.1] * 2 + [50.0] + [50.1] * 2, []),
        ([50.1] * 4, [2, 3]),
        ([50.1] * 2 + [None] + [50.1] * 3, [5]),
        ([50.1] * 3 + [40.0] * 12, list(range(2, 12))),
        ([50.1] * 3 + [47.1] * 20 + [47.0], list(range(2, 23))),
        ([50.1] * 3 + [None] * 20 + [40.0], list(range(2, 23))),
    ],
)
def test_debounce_hysteresis_and_rest(values: list[float | None], active_at: list[int]) -> None:
    expected = [k in active_at for k in range(len(values))]
    assert traced(ABOVE, values) == expected
    assert traced(BELOW, [None if v is None else -v for v in values]) == expected


def test_release_grid() -> None:
    gridded = Predicate("hot", "t", Side.ABOVE, 50.0, 47.0, release_grid_ms=1_000)
    assert traced(gridded, [51.0] * 3 + [40.0] * 8) == [True] * 10 + [False]


def test_the_largest_and_the_smallest_count() -> None:
    assert update(ABOVE, PredicateState(False, 0), (10.0, 51.0), 200).active
    assert not update(BELOW, PredicateState(False, 0), (-49.0, 51.0), 200).active
    assert update(BELOW, PredicateState(False, 0), (-51.0, 51.0), 200).active
    # All of them must be back.
    hot, cold = PredicateState(True, None, 0), PredicateState(True, None, 0)
    assert update(ABOVE, hot, (20.0, 47.1), 2_000).active and not update(ABOVE, hot, (20.0, 47.0), 2_000).active
    assert update(BELOW, cold, (-47.1, 20.0), 2_000).active and not update(BELOW, cold, (-47.0, 20.0), 2_000).active
    # When it last became active is kept while the next trip is pending.
    assert update(ABOVE, PredicateState(False, None, 7), (10.0, 51.0), 200) == PredicateState(False, 200, 7)


def test_constraint_says_what_bounds_can_and_shortens_the_deadline_otherwise() -> None:
    quiet = constraint(ABOVE, PredicateState(), (20.0, 30.0), 0)
    assert (quiet.bounds, quiet.until_ms) == ((-LARGEST, 50.0), None)
    pending = constraint(ABOVE, PredicateState(False, 100), (51.0, 51.0), 100)
    assert pending.bounds[0] > 50.0 > pending.bounds[0] - 1e-12
    assert pending.until_ms == 300
    assert constraint(ABOVE, PredicateState(False, 100), (20.0, 51.0), 100).until_ms == 101
    resting = constraint(ABOVE, PredicateState(True, None, 300), (20.0, 51.0), 300)
    assert (resting.bounds, resting.until_ms) == ((-LARGEST, LARGEST), 1_300)
    assert constraint(ABOVE, PredicateState(True, None, 0), (48.0, 51.0), 2_000).bounds[0] > 47.0
    assert constraint(BELOW, PredicateState(), (20.0, 30.0), 0).bounds == (-50.0, LARGEST)


GRIDDED = Predicate("hot", "t", Side.ABOVE, 50.0, 47.0, trip_delay_ms=200, rest_ms=1_000, release_grid_ms=1_000)


@pytest.mark.parametrize(
    ("predicate", "since_ms", "low", "high", "now_ms", "until_ms"),
    [
        (GRIDDED, 300, 51.0, 51.0, 300, 2_000), (GRIDDED, 300, 51.0, 51.0, 1_999, 2_000),
        (GRIDDED, 1_000, 51.0, 51.0, 1_000, 2_000), (GRIDDED, 300, 47.1, 51.0, 2_000, None),
        (GRIDDED, 300, 20.0, 51.0, 2_000, None), (GRIDDED, 300, 47.0, 47.1, 2_300, None),
        (GRIDDED, 300, 20.0, 47.0, 2_300, 3_000), (ABOVE, 0, 20.0, 46.0, 1_000, 1_001),
        (ABOVE, 0, 47.1, 51.0, 1_000, None),
    ],
)
def test_constraint_while_active(
    predicate: Predicate, since_ms: int, low: float, high: float, now_ms: int, until_ms: int | None
) -> None:
    found = constraint(predicate, PredicateState(True, None, since_ms), (low, high), now_ms)
    assert found.until_ms == until_ms
    alone = low <= predicate.release < high and until_ms is None
    assert (found.bounds == (-LARGEST, LARGEST)) == (alone or until_ms is not None)
    assert found.witness == ((math.nextafter(predicate.release, 99.0), LARGEST) if alone else None)


def test_a_witness_of_the_side_below() -> None:
    cold = Predicate("cold", "t", Side.BELOW, 5.0, 7.0)
    found = constraint(cold, PredicateState(True, None, 0), (4.0, 7.0), 100)
    assert found == ((-LARGEST, LARGEST), None, (-LARGEST, math.nextafter(7.0, 0.0)))


def test_constraint_while_pending() -> None:
    below = Predicate("cold", "t", Side.BELOW, 5.0, 7.0, trip_delay_ms=300)
    found = constraint(below, PredicateState(False, 100), (4.0, 4.5), 100)
    assert found.until_ms == 400 and found.bounds[0] == -LARGEST and 5.0 > found.bounds[1] > 5.0 - 1e-9
    # One cell is exactly at the threshold: no bound can say that the other one stays below.
    assert constraint(below, PredicateState(False, 100), (4.0, 5.0), 100).until_ms == 101
    assert constraint(ABOVE, PredicateState(False, 100), (50.0, 51.0), 100).until_ms == 101
    assert constraint(below, PredicateState(False, 100), (4.0, 5.0), 399).until_ms == 400
