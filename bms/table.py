"""The table of predicates (`bms.plan`) over one reading."""

from __future__ import annotations

from bms.channels import Pair
from bms.plan import REMOTE_ON, Plan
from bms.predicates import IDLE, Predicate, PredicateState, update

Predicates = tuple[tuple[str, PredicateState], ...]


def updated(plan: Plan, before: Predicates, values: list[Pair | None], now_ms: int) -> Predicates:
    """Predicates that are not idle after this reading; a channel whose idle ones stay so is passed over."""
    states = dict(before)
    channel_of = plan.channel_of
    busy = [channel_of[name] for name in states]
    after: list[tuple[str, PredicateState]] = []
    for value, (index, low, high, predicates) in zip(values, plan.rows, strict=True):
        if index in busy or not (value is None or (low <= value[0] and value[1] <= high)):
            after += row_updated(predicates, states, value, now_ms)
    return tuple(after)


def steady_source_V(predicates: Predicates, plan: Plan) -> Pair | None:
    """Input voltages within which the source's predicates stay as they are; None while one is pending.

    Beside them there is remote's only (`bms.at_rest`).
    """
    active = []
    for name, found in predicates:
        if found.pending_ms is not None:
            return None
        if name != REMOTE_ON:
            active.append(name)
    return plan.steady_source[tuple(active)]


def row_updated(
    predicates: tuple[Predicate, ...], states: dict[str, PredicateState], value: Pair | None, now_ms: int
) -> list[tuple[str, PredicateState]]:
    """Predicates of one channel that are not idle after this reading."""
    after = []
    for predicate in predicates:
        name = predicate.name
        found = update(predicate, states.get(name, IDLE), value, now_ms)
        if found is not IDLE and (found.active or found.pending_ms is not None):
            after.append((name, found))
    return after
