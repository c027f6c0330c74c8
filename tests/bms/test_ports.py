"""System+ ladder and load output as the pure functions they are; expected values by hand."""

import math

import pytest

from bms import Cause, EventName, FirmwareParameters, SystemMode
from bms.load_output import Load, LoadInputs, advance, keeps_on, retained, sounding, started, until
from bms.predicates import FREE, LARGEST
from bms.system_port import (
    System,
    SystemInputs,
    heat_limit_A2ms,
    heated,
    level_bounds,
    level_of,
    measured,
    until_ms,
)
from bms.system_port import advance as port

F = FirmwareParameters()
LIMIT = 579_500_000  # (400^2 - 210^2) x 5000 ms
CELLS = (3.2, 3.4)


@pytest.mark.parametrize(
    ("current_A", "level_A"),
    [(0.0, 150), (150.0, 150), (-150.0, 150), (150.1, 155), (-155.0, 155), (400.0, 400), (400.01, 405)],
)
def test_level_is_rounded_up(current_A: float, level_A: int) -> None:
    assert level_of(current_A, F) == level_A


def test_level_stays_within_its_bounds() -> None:
    assert heat_limit_A2ms(F) == LIMIT
    assert level_bounds(150, 20.0, F) == (-150.0, 150.0)
    low, high = level_bounds(205, 200.0, F)
    assert low > 195.0 > low - 1e-9 and high == 205.0
    assert level_bounds(205, -200.0, F) == (-205.0, -low) and level_bounds(205, 0.5, F) == (low, high)
    at = System(level_A=205)
    for current_A in (205.0, 195.1, -195.1, -205.0):
        assert measured(at, current_A, F) is at
    assert measured(at, 195.0, F).level_A == 195
    assert measured(at, -205.1, F).level_A == 210
    assert measured(at, None, F) is at
    assert measured(System(), 3.0, F).level_A == 150
    assert measured(System(), None, F).level_A == 0


def test_heat_is_exact_however_time_is_divided() -> None:
    hot = System(level_A=400, heat_A2ms=7)
    assert heated(hot, 1_000, F).heat_A2ms == 7 + 115_900_000
    assert heated(heated(hot, 300, F), 700, F) == heated(hot, 1_000, F)
    assert heated(hot, 60_000, F).heat_A2ms == LIMIT
    assert heated(System(level_A=150, heat_A2ms=30_000), 1, F).heat_A2ms == 8_400
    assert heated(System(level_A=150, heat_A2ms=30_000), 2, F).heat_A2ms == 0
    assert heated(System(heat_A2ms=5), 1_000, F).heat_A2ms == 5  # nothing measured yet


def inputs(
    wanted: bool = True, over_V: float | None = 0.0, latched: bool = False, removed: bool = False, fitted: bool = True
) -> SystemInputs:
    return SystemInputs(wanted, Cause.WANTED if wanted else Cause.LOAD_CUT, 0.0, over_V, latched, removed, fitted, True)


@pytest.mark.parametrize(
    ("system", "given", "now_ms", "mode", "cause"),
    [
        (System(), inputs(), 100, SystemMode.PRECHARGE, Cause.WANTED),
        (System(), inputs(fitted=False, over_V=None), 100, SystemMode.ON, Cause.WANTED),
        (System(), inputs(wanted=False), 100, SystemMode.OFF, None),
        (System(started_ms=0), inputs(), 29_999, SystemMode.OFF, None),
        (System(started_ms=0), inputs(), 30_000, SystemMode.PRECHARGE, Cause.WANTED),
        (System(SystemMode.PRECHARGE, 100), inputs(over_V=-1.0), 200, SystemMode.ON, Cause.CHARGED),
        (System(SystemMode.PRECHARGE, 100), inputs(over_V=-1.01), 2_099, SystemMode.PRECHARGE, None),
        (System(SystemMode.PRECHARGE, 100), inputs(over_V=-1.01), 2_100, SystemMode.RESTING, Cause.PRECHARGE_TIMEOUT),
        (System(SystemMode.PRECHARGE, 100), inputs(over_V=None), 2_100, SystemMode.RESTING, Cause.PRECHARGE_TIMEOUT),
        (System(SystemMode.PRECHARGE, 100), inputs(latched=True), 2_099, SystemMode.PRECHARGE, None),
        (System(SystemMode.PRECHARGE, 100), inputs(wanted=False), 200, SystemMode.OFF, Cause.LOAD_CUT),
        (System(SystemMode.PRECHARGE, 100, trips=3), inputs(over_V=-5.0), 2_100, SystemMode.LOCKED,
         Cause.PRECHARGE_TIMEOUT),
        (System(SystemMode.PRECHARGE, 100, level_A=405), inputs(), 200, SystemMode.RESTING, Cause.OVER_CURRENT_PEAK),
        (System(SystemMode.ON), inputs(), 200, SystemMode.ON, None),
        (System(SystemMode.ON), inputs(wanted=False), 200, SystemMode.OFF, Cause.LOAD_CUT),
        (System(SystemMode.ON), inputs(latched=True), 200, SystemMode.RESTING, Cause.HARDWARE_LATCH),
        (System(SystemMode.OFF), inputs(wanted=False, latched=True), 200, SystemMode.OFF, None),
        (System(SystemMode.ON, level_A=400), inputs(), 200, SystemMode.ON, None),
        (System(SystemMode.ON, level_A=405), inputs(), 200, SystemMode.RESTING, Cause.OVER_CURRENT_PEAK),
        (System(SystemMode.OFF, level_A=405), inputs(wanted=False), 200, SystemMode.RESTING, Cause.OVER_CURRENT_PEAK),
        (System(SystemMode.ON, heat_A2ms=LIMIT - 1), inputs(), 200, SystemMode.ON, None),
        (System(SystemMode.ON, heat_A2ms=LIMIT), inputs(), 200, SystemMode.RESTING, Cause.OVER_CURRENT_HEAT),
        (System(SystemMode.ON, trips=2), inputs(latched=True), 59_999, SystemMode.RESTING, Cause.HARDWARE_LATCH),
        (System(SystemMode.ON, trips=3), inputs(latched=True), 59_999, SystemMode.LOCKED, Cause.HARDWARE_LATCH),
        (System(SystemMode.ON, trips=3), inputs(latched=True), 60_000, SystemMode.RESTING, Cause.HARDWARE_LATCH),
        (System(SystemMode.RESTING, 100, level_A=405), inputs(), 20_099, SystemMode.RESTING, None),
        (System(SystemMode.RESTING, 100), inputs(wanted=False), 20_099, SystemMode.RESTING, None),
        (System(SystemMode.RESTING, 100), inputs(wanted=False), 20_100, SystemMode.OFF, Cause.REST_OVER),
        (System(SystemMode.RESTING, 100), inputs(), 20_100, SystemMode.PRECHARGE, Cause.REST_OVER),
        (System(SystemMode.RESTING, 100, 100), inputs(), 20_100, SystemMode.OFF, Cause.REST_OVER),
        (System(SystemMode.LOCKED), inputs(), 10**9, SystemMode.LOCKED, None),
        (System(SystemMode.LOCKED, level_A=405), inputs(), 10**9, SystemMode.LOCKED, None),
        (System(SystemMode.LOCKED, trips=4), inputs(removed=True), 500, SystemMode.RESTING, Cause.LOAD_REMOVED),
    ],
)
def test_transitions_of_system_plus(
    system: System, given: SystemInputs, now_ms: int, mode: SystemMode, cause: Cause | None
) -> None:
    after, told = port(system, given, now_ms, F)
    assert after.mode is mode
    assert [(e.name, e.cause) for e in told] == ([] if cause is None else [(EventName(f"system {mode}"), cause)])
    assert after.since_ms == (system.since_ms if cause is None else now_ms)
    if mode is SystemMode.PRECHARGE and cause is not None:
        assert after.started_ms == now_ms


def test_trips_are_counted() -> None:
    for system, trips in (
        (System(SystemMode.ON, 0, trips=2), 1), (System(SystemMode.ON, 1, trips=2), 3),
        (System(SystemMode.PRECHARGE, 0, trips=2), 3),
    ):
        assert port(system, inputs(latched=True, over_V=-9.0), 60_000, F)[0].trips == trips
    assert port(System(SystemMode.LOCKED, trips=4), inputs(removed=True), 500, F)[0].trips == 0
    assert port(System(started_ms=None), inputs(fitted=False), 700, F)[0].started_ms == 700


@pytest.mark.parametrize(
    ("system", "wanted", "expected"),
    [
        (System(SystemMode.PRECHARGE, 100), True, 1_001), (System(SystemMode.RESTING, 100), True, 20_100),
        (System(SystemMode.OFF, 0, 500), True, 30_500), (System(SystemMode.OFF, 0, 500), False, None),
        (System(SystemMode.OFF), True, None), (System(SystemMode.ON), True, None),
        (System(SystemMode.LOCKED), True, None),
        (System(SystemMode.ON, level_A=210), True, None),
        (System(SystemMode.ON, level_A=400, heat_A2ms=1), True, 6_000),
        (System(SystemMode.ON, level_A=400, heat_A2ms=115_900_000), True, 5_000),
        (System(SystemMode.ON, level_A=400, heat_A2ms=115_900_001), True, 5_000),
        (System(SystemMode.ON, level_A=400, heat_A2ms=115_899_999), True, 5_001),
        (System(SystemMode.OFF, level_A=400, heat_A2ms=0), False, 6_000),
        (System(SystemMode.ON, level_A=150, heat_A2ms=LIMIT), True, 1_001),
        (System(SystemMode.LOCKED, level_A=400, heat_A2ms=LIMIT), True, None),
        (System(SystemMode.LOCKED, level_A=400), True, None),
        (System(SystemMode.OFF, level_A=405), False, 1_001),
        (System(SystemMode.RESTING, 100, level_A=405), True, 20_100),
    ],
)
def test_when_system_plus_changes_by_time_alone(system: System, wanted: bool, expected: int | None) -> None:
    assert until_ms(system, inputs(wanted), 1_000, F) == expected


def wants(
    alarm: Cause | None = None, cut: Cause | None = None, powered: bool = True, intermittent: bool = False
) -> LoadInputs:
    return LoadInputs(alarm, cut, powered, intermittent)


NEAR, LOW = Cause.CELL_NEAR_LOW, Cause.CELL_LOW
BACK = (EventName.LOAD_RECONNECTED, Cause.CELL_RECOVERED)


@pytest.mark.parametrize(
    ("load", "given", "cells", "now_ms", "expected", "told"),
    [
        (Load(), wants(), CELLS, 5, Load(), None),
        (Load(), wants(NEAR), CELLS, 5, Load(5, 5), (EventName.PRE_ALARM_ON, NEAR)),
        (Load(), wants(NEAR, powered=False), CELLS, 5, Load(), None),
        (Load(None, 0), wants(NEAR), CELLS, 29_999, Load(None, 0), None),
        (Load(None, 0), wants(NEAR), CELLS, 30_000, Load(30_000, 30_000), (EventName.PRE_ALARM_ON, NEAR)),
        (Load(0, 0), wants(), CELLS, 70_000, Load(None, 0), (EventName.PRE_ALARM_OFF, Cause.CELL_RECOVERED)),
        (Load(0, 0), wants(intermittent=True), CELLS, 59_999, Load(None, 30_000),
         (EventName.PRE_ALARM_OFF, Cause.CELL_RECOVERED)),
        (Load(20_000, 20_000), wants(intermittent=True), CELLS, 45_000, Load(None, 20_000),
         (EventName.PRE_ALARM_OFF, Cause.CELL_RECOVERED)),
        (Load(7, 7), wants(NEAR, powered=False), CELLS, 90, Load(None, 7), (EventName.PRE_ALARM_OFF, Cause.REMOTE)),
        (Load(7, 7), wants(NEAR, LOW), CELLS, 30_006, Load(7, 7), None),
        (Load(7, 7), wants(NEAR, LOW), CELLS, 30_007, Load(7, 7, 30_007), (EventName.LOAD_DISCONNECTED, LOW)),
        (Load(7, 7), wants(NEAR), CELLS, 90_000, Load(7, 7), None),
        (Load(None, 7), wants(None, LOW), CELLS, 90_000, Load(None, 7), None),
        (Load(7, 7, 1_000), wants(NEAR, LOW), CELLS, 61_000, Load(7, 7, 1_000), None),
        (Load(None, 7, 1_000), wants(), CELLS, 60_999, Load(None, 7, 1_000), None),
        (Load(None, 7, 1_000), wants(), CELLS, 61_500, Load(None, 7, 1_000), None),
        (Load(None, 7, 1_000), wants(), None, 61_000, Load(None, 7, 1_000), None),
        (Load(None, 7, 1_000), wants(), (3.1999, 3.4), 61_000, Load(None, 7, 1_000), None),
        (Load(None, 7, 1_001), wants(), CELLS, 61_000, Load(None, 7, 1_001), None),
        (Load(None, 7, 1_000), wants(), CELLS, 61_000, Load(None, 7), BACK),
        (Load(None, 7, 1_001), wants(), CELLS, 62_000, Load(None, 7), BACK),
    ],
)
def test_transitions_of_the_load(
    load: Load, given: LoadInputs, cells: tuple[float, float] | None, now_ms: int, expected: Load,
    told: tuple[EventName, Cause] | None,
) -> None:
    after, events = advance(load, given, cells, now_ms, F)
    assert after == expected
    assert [(e.name, e.cause) for e in events] == ([] if told is None else [told])


def test_start_of_the_load() -> None:
    after, told = started(Load(3, 3), True, 9)
    assert after == Load(3, 3, 9)
    assert [(e.name, e.cause) for e in told] == [(EventName.LOAD_DISCONNECTED, Cause.STARTED_LOW)]
    assert started(Load(), False, 9) == (Load(), [])
    assert started(Load(off_ms=4), True, 9) == (Load(off_ms=4), [])


def test_what_a_reset_keeps_of_the_load() -> None:
    """Resets count during an alarm, and sooner than 30 s after the last one; others begin the count anew."""
    for load, now_ms, expected in (
        (Load(), 30_000, Load(resets=0)), (Load(), 29_999, Load(resets=1)), (Load(resets=1), 29_999, Load(resets=2)),
        (Load(50, 50), 90_000, Load(resets=1)), (Load(50, 50, None, 2), 90_000, Load(resets=3)),
        (Load(None, 50, None, 2), 90_000, Load(resets=0)), (Load(None, 50, 700), 90_000, Load(off_ms=0, resets=0)),
        (Load(50, 50, 700, 1), 90_000, Load(off_ms=0, resets=2)),
    ):
        assert retained(load, now_ms) == expected
    for load, on in (
        (Load(), False), (Load(resets=0), True), (Load(resets=1), True), (Load(resets=2), False),
        (Load(off_ms=0, resets=0), False),
    ):
        assert keeps_on(load) is on
    assert advance(Load(0, 0, None, 2), wants(), CELLS, 70_000, F)[0].resets == 0  # the alarm ends
    assert advance(Load(0, 0, None, 2), wants(NEAR), CELLS, 70_000, F)[0].resets == 2


def test_pulses() -> None:
    load = Load(1_000, 1_000)
    at = (1_000, 15_999, 16_000, 30_999, 31_000, 45_999, 46_000)
    assert [sounding(load, True, now_ms, F) for now_ms in at] == [True, True, False, False, True, True, False]
    assert all(sounding(load, False, now_ms, F) for now_ms in at)
    assert not sounding(Load(), True, 0, F) and not sounding(Load(), False, 0, F)


@pytest.mark.parametrize(
    ("load", "given", "cells", "now_ms", "bounds", "until"),
    [
        (Load(), wants(), CELLS, 100, FREE, None),
        (Load(None, 50), wants(NEAR), CELLS, 100, FREE, 30_050),
        (Load(None, 50), wants(NEAR, powered=False), CELLS, 100, FREE, None),
        (Load(None, 50), wants(), CELLS, 100, FREE, None),
        (Load(50, 50), wants(NEAR), CELLS, 100, FREE, None),
        (Load(50, 50), wants(NEAR, LOW), CELLS, 100, FREE, 30_050),
        (Load(50, 50), wants(NEAR, intermittent=True), CELLS, 100, FREE, 15_050),
        (Load(50, 50), wants(NEAR, intermittent=True), CELLS, 15_050, FREE, 30_050),
        (Load(50, 50), wants(NEAR, LOW, intermittent=True), CELLS, 100, FREE, 15_050),
        (Load(7_777, 7_777), wants(NEAR, intermittent=True), CELLS, 30_000, FREE, 37_777),
        (Load(None, 50, 100), wants(), CELLS, 100, FREE, 61_000),
        (Load(50, 50, 100), wants(NEAR, LOW), CELLS, 100, FREE, 61_000),
        (Load(None, 50, 0), wants(), CELLS, 60_000, FREE, 61_000),
        (Load(None, 50, 0), wants(), CELLS, 70_300, FREE, 71_000),
        (Load(None, 50, 0), wants(), None, 70_300, FREE, 71_000),
        (Load(None, 50, 0), wants(), (3.0, 3.2), 70_300, FREE, 71_000),
        (Load(None, 50, 0), wants(), (3.0, 3.1), 59_000, FREE, 60_000),
        (Load(None, 50, 0), wants(), (3.0, 3.1), 60_000, (-LARGEST, math.nextafter(3.2, 0.0)), None),
    ],
)
def test_when_the_load_changes_by_time_alone(
    load: Load, given: LoadInputs, cells: tuple[float, float] | None, now_ms: int, bounds: tuple[float, float],
    until: int | None,
) -> None:
    assert until_of(load, given, cells, now_ms) == (bounds, until)


def test_an_odd_period_is_halved_downwards() -> None:
    odd = FirmwareParameters(alarm_period_ms=30_001)
    assert until(Load(0, 0), wants(NEAR, intermittent=True), CELLS, 0, odd).until_ms == 15_000
    assert sounding(Load(0, 0), True, 14_999, odd) and not sounding(Load(0, 0), True, 15_000, odd)


def until_of(
    load: Load, given: LoadInputs, cells: tuple[float, float] | None, now_ms: int
) -> tuple[tuple[float, float], int | None]:
    found = until(load, given, cells, now_ms, F)
    return found.bounds, found.until_ms
