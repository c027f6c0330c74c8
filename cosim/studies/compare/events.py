"""Two event logs: the same events, at times within tolerance. Details (rounded numbers) are told, not judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cosim.errors import InputError, nearest
from cosim.result import LoggedEvent
from cosim.studies.compare.tolerances import EventRule

SLACK_S = 1e-9
"""A move of exactly the tolerance is inside; times are written as decimal numbers."""


@dataclass(frozen=True)
class EventDifference:
    """One event that is not where it was: `kind` is missing, extra or moved; times [s], None where there is none."""

    kind: str
    source: str
    event: str
    golden_s: float | None
    result_s: float | None
    detail: str

    def __str__(self) -> str:
        """Say it in one line."""
        name = f"{self.source}: {self.event}"
        if self.kind == "moved":
            assert self.golden_s is not None and self.result_s is not None
            return f"{name} moved by {self.result_s - self.golden_s:+.6g} s, from {self.golden_s:.6g} s"
        at_s = self.golden_s if self.kind == "missing" else self.result_s
        return f"{name} at {at_s:.6g} s is {self.kind} ({self.detail})"


@dataclass(frozen=True)
class EventVerdict:
    """Comparison of two logs: how many events golden has, tolerance [s], names left out, differences."""

    events: int
    time_s: float
    ignored: tuple[str, ...]
    differences: tuple[EventDifference, ...]

    @property
    def passed(self) -> bool:
        """Whether there is no difference."""
        return not self.differences


def compare_events(
    golden: Sequence[LoggedEvent], result: Sequence[LoggedEvent], rule: EventRule, origin: str = "tolerances"
) -> EventVerdict:
    """Match events of the same source and name in the order of time.

    Raises
    ------
    InputError
        An event is to be ignored that neither log has.
    """
    known = sorted({one.event for one in (*golden, *result)})
    for name in rule.ignore:
        if name not in known:
            raise InputError(origin, "events.ignore", name, nearest(name, known))
    left, right = ([one for one in log if one.event not in rule.ignore] for log in (golden, result))
    keys = dict.fromkeys((one.source, one.event) for one in (*left, *right))
    differences: list[EventDifference] = []
    for key in keys:
        own = [sorted((one for one in log if one[1:3] == key), key=lambda one: one.time_s) for log in (left, right)]
        differences += _differences(own[0], own[1], rule.time_s + SLACK_S)
    differences.sort(key=lambda one: one.golden_s if one.golden_s is not None else one.result_s or 0.0)
    return EventVerdict(len(left), rule.time_s, tuple(rule.ignore), tuple(differences))


def _differences(golden: list[LoggedEvent], result: list[LoggedEvent], time_s: float) -> list[EventDifference]:
    """Of one kind of event: pair what is close enough; what is left over in equal numbers has moved."""
    lone_golden, lone_result, k = [], [], 0
    for one in golden:
        while k < len(result) and result[k].time_s < one.time_s - time_s:
            lone_result.append(result[k])
            k += 1
        if k < len(result) and result[k].time_s <= one.time_s + time_s:
            k += 1
        else:
            lone_golden.append(one)
    lone_result += result[k:]
    if len(lone_golden) == len(lone_result):
        return [EventDifference("moved", a.source, a.event, a.time_s, b.time_s, b.detail)
                for a, b in zip(lone_golden, lone_result, strict=True)]
    return [
        *(EventDifference("missing", a.source, a.event, a.time_s, None, a.detail) for a in lone_golden),
        *(EventDifference("extra", b.source, b.event, None, b.time_s, b.detail) for b in lone_result),
    ]
