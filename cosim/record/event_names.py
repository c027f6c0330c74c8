"""Names of all events that a log can have: of the supervisor, the plant, the circuits, the engine and the scenario.

An output that asks for an event of another name would read 0 or nothing in every case; it is refused instead.
"""

from __future__ import annotations

from bms import EventName
from cosim.scenario.events import EVENT_TAGS
from cosim.slow.plant import PLANT_LIMITS

CIRCUIT = ("System+ latch opened", "over-voltage trip", "limit lifted", "rating exceeded")
ENGINE = (
    "window", "window failed", "window reused", "window closed", "window limit", "window refused", "window spared",
    "prediction off", "balance off", "input between ticks", "pre-roll latched", "restart", "handover",
)
SCENARIO = ("remote terminals", "fault begins", "fault ends", "changed by hand")


def event_names() -> tuple[str, ...]:
    """All of them."""
    asked = (tag.replace("_", " ") for tag in EVENT_TAGS)
    return (*(str(name) for name in EventName), *PLANT_LIMITS, *CIRCUIT, *SCENARIO, *asked, *ENGINE)
