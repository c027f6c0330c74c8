"""What the log and the summary of a run say of its plant and of a window."""

from __future__ import annotations

from typing import Any

from cosim.result import LoggedEvent
from cosim.slow.plant import PLANT_LIMITS
from cosim.windows.policy import WindowRequest
from cosim.windows.result import WindowOutcome


def flag_events(before: int, now: int, time_s: float) -> list[LoggedEvent]:
    """Events of the plant: what passed a limit, or came back (`cosim.slow.plant.plant_flags`)."""
    found = []
    for bit, name in enumerate(PLANT_LIMITS):
        was, there = before >> bit & 1, now >> bit & 1
        if was != there:
            found.append(LoggedEvent(time_s, "plant", name, "yes" if there else "no longer"))
    return found


def window_report(
    name: str, request: WindowRequest, outcome: WindowOutcome, start_s: float, end_s: float
) -> dict[str, Any]:
    """What the summary says of a window that ran."""
    return {
        "name": name, "reason": request.reason, "start_s": start_s, "end_s": end_s,
        "points": int(outcome.dataset.sizes["time_s"]), "settled": outcome.settled,
        "start_mismatch_A": outcome.start_mismatch_A, "end_mismatch_A": outcome.end_mismatch_A,
        "balance": outcome.balance.as_dict(),
    }
