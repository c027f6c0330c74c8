"""Bank limit, fuse check and watches, each as the pure function it is; expected values by hand."""

import math

import pytest

from bms import FirmwareParameters
from bms.bank import Cap, FuseCheck, Watch, capped, fuse_checked, watch_until_ms, watched

F = FirmwareParameters()


@pytest.mark.parametrize(
    ("cap", "into_A", "over", "now_ms", "expected"),
    [
        # limit 90 A, full 90 A, bank limit 100 A; interval 10 s, +5 A, below 90 A
        (Cap(), 110.25, True, 500, Cap(79.5, 10_500)),
        (Cap(), 100.0, True, 500, Cap()),
        (Cap(), None, True, 500, Cap()),
        (Cap(), 110.0, False, 500, Cap()),
        (Cap(), 500.0, True, 0, Cap(10.0, 10_000)),
        (Cap(80.0, 10_500), 110.0, True, 10_499, Cap(80.0, 10_500)),
        (Cap(80.0, 10_500), 110.0, True, 10_500, Cap(70.0, 20_500)),
        (Cap(80.0, 10_500), 100.0, True, 10_500, Cap(80.0, 20_500)),
        (Cap(80.0, 10_500), 89.9, True, 10_500, Cap(80.0, 20_500)),
        (Cap(80.0, 10_500), 89.9, False, 10_500, Cap(85.0, 20_500)),
        (Cap(80.0, 10_500), 90.0, False, 10_500, Cap(80.0, 20_500)),
        (Cap(80.0, 10_500), None, False, 10_500, Cap(80.0, 20_500)),
        (Cap(84.5, 10_500), 0.0, False, 10_500, Cap(89.5, 20_500)),
        (Cap(85.0, 10_500), 0.0, False, 10_500, Cap()),
        (Cap(math.inf, 10_500), 0.0, False, 10_500, Cap()),
    ],
)
def test_capped(cap: Cap, into_A: float | None, over: bool, now_ms: int, expected: Cap) -> None:
    assert capped(cap, min(90.0, cap.cap_A), 90.0, into_A, over, 100.0, now_ms, F) == expected


def test_a_small_port_is_not_capped_below_its_full_limit() -> None:
    assert capped(Cap(), 8.0, 8.0, 500.0, True, 100.0, 0, F) == Cap(8.0, 10_000)
    # The set-point is lower than the cap: the excess comes off the set-point.
    assert capped(Cap(80.0, 0), 50.0, 90.0, 110.0, True, 100.0, 0, F) == Cap(40.0, 10_000)
    assert capped(Cap(40.0, 0), 50.0, 90.0, 110.0, True, 100.0, 0, F) == Cap(30.0, 10_000)


@pytest.mark.parametrize(
    ("check", "fuse_A", "others_A", "now_ms", "expected"),
    [
        (FuseCheck(), 60.0, 100.0, 0, FuseCheck()),
        (FuseCheck(5_000, 10.0), 60.0, 100.0, 4_999, FuseCheck(5_000, 10.0)),
        (FuseCheck(5_000, 10.0), 60.0, 70.0, 5_000, FuseCheck()),
        (FuseCheck(5_000, 10.0, 1), 60.0, 70.0, 5_000, FuseCheck()),
        (FuseCheck(5_000, 10.0), None, 70.0, 5_000, FuseCheck(15_000, 10.0)),
        (FuseCheck(5_000, 10.0), 60.0, None, 5_000, FuseCheck(15_000, 10.0)),
        (FuseCheck(5_000, 10.0), 19.9, 10.0, 5_000, FuseCheck(15_000, 10.0)),
        (FuseCheck(5_000, 10.0), 20.0, 10.0, 5_000, FuseCheck(15_000, 10.0, 1)),
        (FuseCheck(5_000, 10.0), 10.0, 30.0, 5_000, FuseCheck(15_000, 10.0, 1)),
        (FuseCheck(5_000, 10.0), 10.0, 29.9, 5_000, FuseCheck(15_000, 10.0)),
        (FuseCheck(5_000, 10.0), 100.0, 121.79, 5_000, FuseCheck()),
        (FuseCheck(5_000, 10.0), 100.0, 121.81, 5_000, FuseCheck(15_000, 10.0, 1)),
        (FuseCheck(5_000, 10.0), 111.79, 110.0, 5_000, FuseCheck()),
        (FuseCheck(5_000, 10.0), 111.81, 110.0, 5_000, FuseCheck(15_000, 10.0, 1)),
        (FuseCheck(5_000, 10.0, 1), 50.0, 110.0, 5_000, FuseCheck(wrong=True)),
    ],
)
def test_fuse_checked(
    check: FuseCheck, fuse_A: float | None, others_A: float | None, now_ms: int, expected: FuseCheck
) -> None:
    assert fuse_checked(check, fuse_A, others_A, now_ms, F) == expected


def test_fuse_checked_at_its_ratio() -> None:
    exact = FirmwareParameters(fuse_check_ratio=1.25)
    for fuse_A, rise_A in ((100.0, 125.0), (125.0, 100.0)):
        assert fuse_checked(FuseCheck(0, 0.0), fuse_A, rise_A, 0, exact) == FuseCheck()
    patient = FirmwareParameters(fuse_check_strikes=3)
    once = fuse_checked(FuseCheck(0), 100.0, 50.0, 0, patient)
    twice = fuse_checked(once, 100.0, 50.0, 10_000, patient)
    assert (once.strikes, twice.strikes, twice.wrong) == (1, 2, False)
    assert fuse_checked(twice, 100.0, 50.0, 20_000, patient) == FuseCheck(wrong=True)


def look(
    watch: Watch | None, stimulus: float | None, response: tuple[float, ...] | None, now_ms: int, group: int = 0,
    strikes: int = 2,
) -> Watch | None:
    return watched(watch, stimulus, response, group, 20.0, 5_000, strikes, now_ms, F)


def test_a_watch_begins_and_follows_only_when_it_looks() -> None:
    first = look(None, 1.0, (7.0,), 0)
    assert first == Watch(1.0, (7.0,), None, 0, None)
    assert look(first, 21.0, (8.0,), 100) == first  # at the edge of the band
    assert look(first, -19.0, (8.0,), 100) == first
    waiting = look(first, 21.5, (7.0,), 200)
    assert waiting == Watch(1.0, (7.0,), 5_200)
    assert look(first, -19.5, (7.0,), 200) == waiting
    assert look(waiting, 30.0, (7.0,), 5_199) == waiting


def test_what_a_watch_finds_when_it_looks() -> None:
    waiting = Watch(1.0, (7.0,), 5_200)
    assert look(waiting, 30.0, (7.5,), 5_200) == Watch(30.0, (7.5,))  # it answered
    assert look(waiting, 2.0, (7.0,), 5_200) == Watch(2.0, (7.0,))  # the stimulus is back
    assert look(waiting, 30.0, (7.0,), 5_200) == Watch(30.0, (7.0,), None, 1)
    again = Watch(30.0, (7.0,), 9_000, 1)
    assert look(again, 60.0, (7.0,), 9_000) == Watch(30.0, (7.0,), None, 0, 9_000)
    assert look(again, 60.0, (7.0,), 9_000, strikes=3) == Watch(60.0, (7.0,), None, 2)
    assert look(again, 60.0, (7.1,), 9_000) == Watch(60.0, (7.1,))
    assert look(waiting, 30.0, (7.0,), 5_200, strikes=1) == Watch(1.0, (7.0,), None, 0, 5_200)


def test_a_group_freezes_alone() -> None:
    waiting = Watch(0.0, (1.0, 2.0, 3.0, 4.0), 100, 1)
    assert look(waiting, 50.0, (1.0, 2.0, 9.0, 4.0), 100, group=2) == waiting._replace(
        due_ms=None, strikes=0, frozen_ms=100
    )
    assert look(waiting, 50.0, (9.0, 2.0, 3.0, 4.0), 100, group=2) == waiting._replace(
        due_ms=None, strikes=0, frozen_ms=100
    )
    moved = (1.0, 9.0, 3.0, 9.0)
    assert look(waiting, 50.0, moved, 100, group=2) == Watch(50.0, moved)
    shifted = (9.0, 2.0, 3.0, 9.0)  # the middle two are of two groups
    assert look(waiting, 50.0, shifted, 100, group=2) == Watch(50.0, shifted)


def test_what_is_missing_ends_a_watch_but_not_a_fault() -> None:
    watch, frozen = Watch(1.0, (7.0,), 5_200), Watch(1.0, (7.0,), None, 0, 100)
    assert look(watch, None, (7.0,), 300) is look(watch, 1.0, None, 300) is look(watch, 1.0, (7.0, 7.0), 300) is None
    assert look(None, None, (7.0,), 300) is look(None, 1.0, None, 300) is None
    assert look(frozen, None, (7.0,), 30_000) == look(frozen, 1.0, None, 30_000) == frozen
    assert look(frozen, 1.0, (8.0, 8.0), 30_000) == frozen


def test_a_frozen_sensor_is_believed_again_when_it_moves_after_the_rest_on_the_schedule() -> None:
    frozen = Watch(1.0, (7.0,), None, 0, 1_100)
    assert look(frozen, 5.0, (8.0,), 21_000) == frozen
    assert look(frozen, 5.0, (8.0,), 21_100) == frozen
    assert look(frozen, 5.0, (7.0,), 22_000) == frozen
    assert look(frozen, 5.0, (8.0,), 22_000) == Watch(5.0, (8.0,))
    assert look(frozen._replace(frozen_ms=2_000), 5.0, (8.0,), 22_000) == Watch(5.0, (8.0,))


@pytest.mark.parametrize(
    ("watch", "now_ms", "until_ms"),
    [
        (None, 0, None), (Watch(0.0, (1.0,)), 0, None), (Watch(0.0, (1.0,), 5_000), 0, 5_000),
        (Watch(0.0, (1.0,), None, 0, 1_100), 1_100, 22_000), (Watch(0.0, (1.0,), None, 0, 1_000), 1_000, 21_000),
        (Watch(0.0, (1.0,), None, 0, 1_000), 25_300, 26_000), (Watch(0.0, (1.0,), None, 0, 1_000), 25_000, 26_000),
    ],
)
def test_when_a_watch_looks(watch: Watch | None, now_ms: int, until_ms: int | None) -> None:
    due_ms, frozen_ms = (None, None) if watch is None else (watch.due_ms, watch.frozen_ms)
    assert watch_until_ms(due_ms, frozen_ms, now_ms, F) == until_ms
