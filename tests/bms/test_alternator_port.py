"""Transitions of the alternator port, each told once and with its cause."""

import pytest

from bms import AlternatorMode, Cause, Fault
from bms.alternator_port import next_mode
from bms.plan import SOURCE_LOW, SOURCE_READY, SOURCE_WEAK

W, C, R, B = AlternatorMode.WAITING, AlternatorMode.CHARGING, AlternatorMode.RESTING, AlternatorMode.BLOCKED
BROWN = Fault.BROWN_OUT


@pytest.mark.parametrize(
    ("mode", "stopped_ms", "active", "block", "expected"),
    [
        (W, None, set(), None, (W, None)), (W, None, {SOURCE_READY}, None, (C, Cause.SOURCE_ABOVE_START)),
        (W, None, {SOURCE_READY}, BROWN, (B, BROWN)), (C, None, {SOURCE_READY}, BROWN, (B, BROWN)),
        (B, None, {SOURCE_READY}, BROWN, (B, None)), (R, 90_000, set(), BROWN, (B, BROWN)),
        (C, None, {SOURCE_READY}, None, (C, None)), (C, None, set(), None, (C, None)),
        (C, None, {SOURCE_WEAK}, None, (R, Cause.SOURCE_WEAK)),
        (C, None, {SOURCE_LOW, SOURCE_WEAK}, None, (R, Cause.SOURCE_BELOW_STOP)),
        (R, 80_001, {SOURCE_READY}, None, (R, None)), (R, 80_000, {SOURCE_READY}, None, (C, Cause.SOURCE_ABOVE_START)),
        (R, 80_000, set(), None, (W, Cause.REST_OVER)), (B, 80_001, {SOURCE_READY}, None, (R, Cause.FAULTS_CLEARED)),
        (B, 80_000, set(), None, (W, Cause.FAULTS_CLEARED)), (B, None, set(), None, (W, Cause.FAULTS_CLEARED)),
        (B, None, {SOURCE_READY}, None, (C, Cause.SOURCE_ABOVE_START)),
    ],
)
def test_next_mode(
    mode: AlternatorMode, stopped_ms: int | None, active: set[str], block: Fault | None,
    expected: tuple[AlternatorMode, Cause | Fault | None],
) -> None:
    assert next_mode(mode, stopped_ms, active, block, 100_000, 20_000) == expected
