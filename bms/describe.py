"""The supervisor's tables as Markdown: `docs/supervisor.md` holds what these give, and a test compares the two."""

from __future__ import annotations

from bms.events import REACTIONS
from bms.predicates import LARGEST, Predicate, Side
from bms.settings import Settings

Lines = list[str]


def predicate_table(settings: Settings) -> Lines:
    """Every threshold: channel, trip, release, debounce, shortest time, schedule of the release."""
    lines = [
        "| predicate | watches | trips | releases | after [s] | for at least [s] | release judged every [s] |",
        "|---|---|---|---|---|---|---|",
    ]
    return lines + [_predicate_row(predicate) for predicate in settings.plan.predicates]


def _predicate_row(p: Predicate) -> str:
    trip, release = ("above", "at or below") if p.side is Side.ABOVE else ("below", "at or above")
    grid = f"{p.release_grid_ms / 1000:g}" if p.release_grid_ms > 1 else "call"
    cells = (
        p.name, p.channel, f"{trip} {p.trip:g}", f"{release} {p.release:g}", f"{p.trip_delay_ms / 1000:g}",
        f"{p.rest_ms / 1000:g}", grid,
    )
    return f"| {' | '.join(cells)} |"


def reaction_table() -> Lines:
    """What each fault does."""
    lines = ["| fault | reaction |", "|---|---|"]
    return lines + [f"| {fault} | {'; '.join(does) or 'warning'} |" for fault, does in REACTIONS.items()]


def range_table(settings: Settings) -> Lines:
    """Readings beyond which a sensor counts as broken, and within which idle predicates stay idle."""
    lines = ["| measurement | quiet from | quiet to |", "|---|---|---|"]
    return lines + [
        f"| {name} | {_end(low)} | {_end(high)} |" for name, (low, high) in settings.plan.quiet.items()
    ]


def _end(value: float) -> str:
    return "any" if abs(value) == LARGEST else f"{value:g}"
