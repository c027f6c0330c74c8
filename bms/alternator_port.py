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


_WAITING, _CHARGING, _RESTING, _BLOCKED = (
    AlternatorMode.WAITING, AlternatorMode.CHARGING, AlternatorMode.RESTING, AlternatorMode.BLOCKED
)
"""Bound once: looking up a member costs more than a decision."""


def next_mode(
    mode: AlternatorMode, stopped_ms: int | None, active: Collection[str], block: Cause | Fault | None, now_ms: int,
    rearm_ms: int,
) -> tuple[AlternatorMode, Cause | Fault | None]:
    """Next mode of the alternator port, and why; None if it stays. `block` is what keeps it off, if anything."""
    if block is not None:
        return _BLOCKED, None if mode is _BLOCKED else block
    if mode is _CHARGING:
        if names.SOURCE_LOW in active:
            return _RESTING, Cause.SOURCE_BELOW_STOP
        if names.SOURCE_WEAK in active:
            return _RESTING, Cause.SOURCE_WEAK
        return _CHARGING, None
    if stopped_ms is not None and now_ms - stopped_ms < rearm_ms:
        return _RESTING, None if mode is _RESTING else Cause.FAULTS_CLEARED
    if names.SOURCE_READY in active:
        return _CHARGING, Cause.SOURCE_ABOVE_START
    if mode is _WAITING:
        return _WAITING, None
    blocked = mode is _BLOCKED
    return _WAITING, Cause.FAULTS_CLEARED if blocked else Cause.REST_OVER
