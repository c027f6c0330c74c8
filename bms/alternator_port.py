"""Mode of the alternator port (A1, A10)."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bms import plan as names
from bms.events import Cause, Fault


class AlternatorMode(StrEnum):
    """Mode of the alternator port."""

    WAITING = "waiting"
    CHARGING = "charging"
    RESTING = "resting"
    BLOCKED = "blocked"


def next_mode(
    mode: AlternatorMode, stopped_ms: int | None, active: Collection[str], block: Cause | Fault | None, now_ms: int,
    rearm_ms: int,
) -> tuple[AlternatorMode, Cause | Fault | None]:
    """Next mode of the alternator port, and why; None if it stays. `block` is what keeps it off, if anything."""
    if block is not None:
        return AlternatorMode.BLOCKED, None if mode is AlternatorMode.BLOCKED else block
    if mode is AlternatorMode.CHARGING:
        if names.SOURCE_LOW in active:
            return AlternatorMode.RESTING, Cause.SOURCE_BELOW_STOP
        if names.SOURCE_WEAK in active:
            return AlternatorMode.RESTING, Cause.SOURCE_WEAK
        return AlternatorMode.CHARGING, None
    if stopped_ms is not None and now_ms - stopped_ms < rearm_ms:
        return AlternatorMode.RESTING, None if mode is AlternatorMode.RESTING else Cause.FAULTS_CLEARED
    if names.SOURCE_READY in active:
        return AlternatorMode.CHARGING, Cause.SOURCE_ABOVE_START
    if mode is AlternatorMode.WAITING:
        return AlternatorMode.WAITING, None
    blocked = mode is AlternatorMode.BLOCKED
    return AlternatorMode.WAITING, Cause.FAULTS_CLEARED if blocked else Cause.REST_OVER
