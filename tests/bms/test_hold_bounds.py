"""The bounds of a hold by hand: every clause of `holding` once, with the figures that follow from the readings.

`test_holds.py` shows that holds are sound; that they are no tighter than they must be, and where each bound comes
from, is here. Readings of the rig: 12.7 V at the input, battery 13.3 V, cells 3.32 to 3.35 V, -20 A at System+ and of
the bank.
"""

import math
from dataclasses import replace
from typing import Any

import pytest

import bms
from bms.interface import PLACES
from bms.limits import SAFETY, Limits
from bms.predicates import FREE, LARGEST
from tests.bms.rig import OPEN_H, OPEN_L, Rig, low

INF = math.inf
Bounds = dict[str, tuple[float, float]]
BASE: Bounds = {
    "input_voltage_V": (12.5, 13.0),  # source low; source weak is pending
    "fuse_sense_V": (-0.003, 0.003),  # 5 A through 0.6 mohm while off
    "battery_voltage_V": (12.6, 14.0),  # 4 x 3.35 V is 0.1 V above: half of the 1.4 V that are left to 1.5 V
    "heatsink_degC": (-50.0, 180.0), "terminal_degC": (-50.0, 180.0),
    "cell_voltage_V": (3.145, 3.525),  # the other half, by four
    "cell_temperature_degC": (5.0, 50.0),
    "system_current_A": (-30.0, -10.0),  # half of 20 A: it and the bank current may move apart
    "system_voltage_V": (12.3, 59.5),  # half of 2 V over the closed port
    "battery_current_A": (-30.0, -10.0),
    "remote_L_V": (-INF, 5.0), "remote_H_V": (-INF, 2.0), "hardware_latch": (0.0, 0.0),
}


def check(found: Any, expected: Bounds) -> None:
    assert set(found) == set(expected)
    for name, pair in expected.items():
        for got, wanted in zip(found[name], pair, strict=True):
            if math.isinf(wanted):
                assert got == math.copysign(LARGEST, wanted), name
            else:
                assert got == pytest.approx(wanted, rel=1e-7, abs=1e-7), name


def bands(rig: Rig, charging: bool) -> Bounds:
    """Dead bands of the estimators about the readings, inside the wider bounds."""
    m, found = rig.m, dict(rig.hold.between)
    rows = [("fuse_sense_V", 3e-4), ("heatsink_degC", 0.25), ("terminal_degC", 0.25)]
    rows += [("input_voltage_V", 0.05), ("battery_voltage_V", 0.05)] if charging else []
    for name, band in rows:
        at, (low_end, high_end) = getattr(m, name), found[name]
        found[name] = (max(low_end, at - band), min(high_end, at + band))
    if rig.commands.lift_allowed:  # 3.5 V; 400 A of the bank less 2.5 x 90 A
        for name, most in (("cell_voltage_V", 3.5), ("system_current_A", 175.0)):
            if name in found:
                found[name] = (found[name][0], min(found[name][1], most))
    return found


CASES: dict[str, tuple[dict[str, Any], Bounds, int]] = {
    # what differs from the rig's readings, what differs from BASE, deadline
    "at rest": ({}, {}, 9_000),  # source weak trips 10 s after its start
    "engine off": ({"input_voltage_V": 12.0}, {"input_voltage_V": (-5.0, 12.5)}, 9_000),
    "input just above the battery": (
        {"input_voltage_V": 13.0, "battery_voltage_V": 12.9, "cell_voltage_V": (3.22, 3.23, 3.23, 3.23),
         "system_voltage_V": 12.9},
        # 0.02 V off: 0.74 V each. Nothing is pending, so a minute.
        {"input_voltage_V": (13.0, 13.0), "battery_voltage_V": (12.16, 13.64), "cell_voltage_V": (3.1, 3.415),
         "system_voltage_V": (11.9, 59.5)}, 60_000,
    ),
    "battery below its cells": (
        {"battery_voltage_V": 13.1, "system_voltage_V": 13.2},
        # 4 x 3.35 - 13.1 = 0.3: 0.6 V each. The closed port is 0.1 V above: half of 2.1 V.
        {"battery_voltage_V": (12.5, 13.7), "cell_voltage_V": (3.17, 3.5), "system_voltage_V": (12.15, 59.5)}, 9_000,
    ),
    "contradiction pending": (
        {"battery_voltage_V": 15.0, "system_voltage_V": 15.0},
        {"battery_voltage_V": (8.0, 16.0), "cell_voltage_V": (3.1, 3.75), "system_voltage_V": (14.0, 59.5)}, 1,
    ),
    "over-current level": (
        {"system_current_A": -203.0, "battery_current_A": -203.0},
        # The level is 205 A and falls below 195; the band of 10 A is wider on neither side.
        {"system_current_A": (-205.0, -195.0), "battery_current_A": (-213.0, -193.0)}, 9_000,
    ),
    "over-current rung": (
        {"system_current_A": -300.0, "battery_current_A": -300.0},
        # 579,500 / (300^2 - 210^2) = 12.63 s; it began 1 s ago. The cells were not asked yet: no strike is due.
        {"system_current_A": (-300.0, -290.0), "battery_current_A": (-310.0, -290.0)}, 9_000,
    ),
    "bank near its limit": (
        {"battery_current_A": 395.0},
        {"system_current_A": (-30.0, -10.0), "battery_current_A": (385.0, 400.0)}, 9_000,
    ),
    "remote in the guard bands": (
        {"remote_L_V": 5.5, "remote_H_V": 2.5}, {"remote_L_V": (5.0, 6.5), "remote_H_V": (2.0, 3.0)}, 9_000,
    ),
    "remote at the edges": (
        {"remote_L_V": 5.0, "remote_H_V": 3.0}, {"remote_L_V": (5.0, 6.5), "remote_H_V": (2.0, 3.0)}, 9_000,
    ),
    "remote by H": ({"remote_L_V": OPEN_L, "remote_H_V": 13.0},
                    {"remote_L_V": (6.5, INF), "remote_H_V": (3.0, INF)}, 9_000),
    "remote missing at one terminal": ({"remote_L_V": math.nan, "remote_H_V": 13.0},
                                       {"remote_L_V": (-INF, INF), "remote_H_V": (3.0, INF)}, 9_000),
    "latched at start": (
        {"hardware_latch": True, "system_current_A": 0.0},
        # Pre-charge: the charge gate is on, the discharge gate is not.
        {"hardware_latch": (1.0, 1.0), "system_current_A": (-5.0, 10.0), "system_voltage_V": (-5.0, 59.5)}, 1,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bounds(case: str) -> None:
    given, differs, deadline_ms = CASES[case]
    rig = Rig()
    rig.leaky = True
    rig.ready(**given)
    check(rig.hold.between, BASE | differs)
    check(rig.hold.bounds, bands(rig, False))
    assert rig.hold.deadline_ms == deadline_ms


@pytest.mark.parametrize(("name", "edge_V"), [("remote_L_V", 5.0), ("remote_H_V", 2.0)])
def test_the_edge_of_a_remote_threshold_is_outside(name: str, edge_V: float) -> None:
    """At 5 V L is in the guard band, at 2 V H; from the other side at 6.5 V and 3 V."""
    assert Rig().ready().hold.bounds[name][1] == math.nextafter(edge_V, 0.0)
    beyond: dict[str, Any] = {"remote_L_V": OPEN_L, "remote_H_V": 13.0}
    other_V = 6.5 if name == "remote_L_V" else 3.0
    assert Rig().ready(**beyond).hold.bounds[name][0] == math.nextafter(other_V, 99.0)


CHARGING_BASE = BASE | {
    "input_voltage_V": (13.3, 14.05), "fuse_sense_V": (-INF, 0.006), "battery_voltage_V": (13.05, 13.8),
}
"""13.8 V: 0.5 V over the path, 1 V to each contradiction's other side; 10 A by fuse and bank may move apart."""


def test_bounds_while_charging() -> None:
    rig = Rig().ready(input_voltage_V=13.8)
    check(rig.hold.between, CHARGING_BASE | {"fuse_sense_V": (-0.006, 0.006)})
    check(rig.hold.bounds, bands(rig, True))
    rig.run(1, fuse_sense_V=0.036, battery_current_A=40.0)
    # 60 A more by fuse and bank: watches that were disturbed wait for their look, those that saw both move do not.
    check(rig.hold.between, CHARGING_BASE | {
        "fuse_sense_V": (0.03, 0.042), "battery_current_A": (30.0, 50.0), "system_current_A": (-150.0, 150.0),
    })
    assert rig.hold.deadline_ms == 900  # the sense voltage left its dead band: next sample
    assert rig.hold.bounds["fuse_sense_V"] == rig.hold.between["fuse_sense_V"]


@pytest.mark.parametrize(
    ("input_V", "sense_V", "expected"),
    [
        # Less than 0.2 V to 'path blocks': while a current flows, 2 A are the bound and the voltages are free.
        # 5 A moved both sums that the fuse is part of: 15 A are left of their 20 A, half by each.
        (14.2, 0.003,
         {"input_voltage_V": (13.5, 59.5), "battery_voltage_V": (12.6, 14.0), "fuse_sense_V": (0.0012, 0.0075)}),
        # Less than 0.2 V to 'current against the voltage' without one: 5 A are the bound.
        (13.05, 0.0,
         {"input_voltage_V": (13.0, 13.675), "battery_voltage_V": (12.675, 13.425), "fuse_sense_V": (-0.006, 0.006)}),
        (12.95, 0.0,
         {"input_voltage_V": (12.5, 13.0), "battery_voltage_V": (12.625, 14.0), "fuse_sense_V": (-0.006, 0.003)}),
    ],
)
def test_bounds_of_the_path(input_V: float, sense_V: float, expected: Bounds) -> None:
    rig = Rig().ready(input_voltage_V=13.8)
    rig.run(1, input_voltage_V=input_V, fuse_sense_V=sense_V)
    between = {name: rig.hold.between[name] for name in expected}
    check(between, expected)


def test_bounds_of_closed_gates() -> None:
    rig = Rig(variant=bms.Variant.NG, remote_function=bms.RemoteFunction.PORTS)
    rig.ready(remote_L_V=OPEN_L, remote_H_V=OPEN_H, system_current_A=0.0)
    check(rig.hold.between, BASE | {
        "system_current_A": (-5.0, 5.0), "system_voltage_V": (-5.0, 59.5), "remote_L_V": (6.5, INF),
    })


def test_bounds_of_a_locked_port() -> None:
    rig = Rig().ready(1500, system_voltage_V=4.0, system_current_A=0.0)
    assert rig.state.system.mode is bms.SystemMode.LOCKED
    # Load removal is seen 1 V below the battery: 8.3 V more, half by each.
    check(rig.hold.between, BASE | {"system_current_A": (-5.0, 5.0), "system_voltage_V": (-5.0, 8.15)})
    assert rig.hold.deadline_ms == 60_000


@pytest.mark.parametrize(
    ("absent", "changes"),
    [
        (("battery_current_A",), {}),
        (("battery_current_A", "remote_L_V", "remote_H_V", "hardware_latch", "system_voltage_V"), {}),
        (("system_current_A",), {"battery_current_A": (-40.0, 0.0)}),  # nothing to share 20 A with
    ],
)
def test_bounds_of_what_is_not_fitted(absent: tuple[str, ...], changes: dict[str, Any]) -> None:
    given: dict[str, Any] = dict.fromkeys(absent)
    rig = Rig()
    rig.leaky = True
    rig.ready(**given)
    expected = {name: pair for name, pair in BASE.items() if name not in absent}
    check(rig.hold.between, expected | changes)


def test_bounds_of_low_cells() -> None:
    rig = Rig().ready()
    rig.run(1, cell_voltage_V=low(3.05))
    # One of four is low: no bound can say that it stays so. 4 x 3.05 is 1.1 V below: 0.2 V each.
    near = BASE | {"cell_voltage_V": (3.0, 3.4), "battery_voltage_V": (13.1, 13.5)}
    check(rig.hold.between, near)
    assert rig.hold.deadline_ms == 1
    rig.run(3)
    check(rig.hold.between, near)
    assert rig.hold.deadline_ms == 600  # the release is looked at every second
    rig = Rig().ready(cell_voltage_V=(3.05,) * 4, battery_voltage_V=12.2, system_voltage_V=12.2)
    # All are low, from the start: the load is off; nothing changes while they stay below 3.1 V + 0.05 V.
    assert rig.state.load.off_ms == 0
    low_V, high_V = rig.hold.between["cell_voltage_V"]
    assert low_V == pytest.approx(2.8625) and 3.15 > high_V > 3.15 - 1e-9


def test_bounds_of_batteries_with_their_own_thresholds() -> None:
    own = (bms.BatteryThresholds(2.6, 2.9), bms.BatteryThresholds(2.8, 3.1))
    cells = (3.32, 3.33, 3.34, 3.35)
    rig = Rig(battery_count=2, battery_thresholds=own).ready(cell_voltage_V=cells * 2)
    each: Bounds = {"cell_voltage_V[0]": (2.9, INF), "cell_voltage_V[1]": (3.1, INF)}
    check(rig.hold.between, BASE | each)
    rig.run(4, cell_voltage_V=cells + low(3.05))
    near: Bounds = {"cell_voltage_V": (3.0, 3.4), "battery_voltage_V": (13.1, 13.5)}
    check(rig.hold.between, BASE | near | {"cell_voltage_V[0]": (2.6, INF), "cell_voltage_V[1]": (2.8, INF)})
    # All below their pre-alarm thresholds, by 50 mV: released 50 mV above them.
    rig.run(20, cell_voltage_V=(2.85,) * 4 + (3.05,) * 4)
    both = {name: rig.hold.between[name] for name in each}
    check(both, {"cell_voltage_V[0]": (2.6, 2.95), "cell_voltage_V[1]": (2.8, 3.15)})
    assert both["cell_voltage_V[0]"][1] < 2.95 and both["cell_voltage_V[1]"][1] < 3.15


@pytest.mark.parametrize(
    "given",
    [{"heatsink_degC": math.nan}, {"cell_voltage_V": low(math.nan)}, {"system_current_A": math.nan},
     {"battery_current_A": math.nan}, {"heatsink_degC": 181.0}, {"cell_voltage_V": low(0.4)}],
)
def test_an_unusable_reading_is_looked_at_every_tick(given: dict[str, Any]) -> None:
    rig = Rig().ready()
    rig.run(1, **given)
    assert rig.hold.deadline_ms == 1
    assert rig.hold.bounds == rig.hold.between == dict.fromkeys(PLACES, FREE)


def test_new_gates_judge_the_readings_at_the_next_tick() -> None:
    rig = Rig().ready(5, input_voltage_V=13.8)
    rig.run(1)
    assert rig.commands.alternator_enable and rig.hold.deadline_ms == 1 and rig.hold.bounds["input_voltage_V"] == FREE
    bare: dict[str, Any] = dict.fromkeys(bms.OPTIONAL_SENSORS)
    m = replace(rig.m, **bare)
    first = bms.step(bms.State(), m, bms.Settings(), 0.0)
    # System+ went on as well, but without its sensors nothing is judged by that.
    assert first.commands.discharge_gate and first.hold.deadline_ms == 500 and set(first.hold.bounds) == set(
        bms.BOUND_NAMES
    )


DEADLINES: dict[str, tuple[dict[str, Any], list[tuple[int, dict[str, Any]]], int]] = {
    # settings, (ticks, readings) after the start, deadline. The rig is ready at 1.0 s.
    "rest of the alternator": ({}, [(30, {"input_voltage_V": 13.8}), (2, {"input_voltage_V": 12.4}), (101, {})], 9_900),
    "charge output back": (
        # Off at 1.3 s, on at 4.0 s, off at 5.3 s; the next time 30 s after 4.0 s. It is 12.0 s.
        {"firmware": bms.FirmwareParameters(disconnect_rest_ms=2_000)},
        [(10, {"cell_voltage_V": low(3.8)}), (30, {"cell_voltage_V": low(3.3)}), (10, {"cell_voltage_V": low(3.8)}),
         (60, {"cell_voltage_V": low(3.3)})], 22_000,
    ),
    "charge output kept off": (
        # As before, but the cell stays full: only its own way back ends it, and the longest hold.
        {"firmware": bms.FirmwareParameters(disconnect_rest_ms=2_000)},
        [(10, {"cell_voltage_V": low(3.8), "battery_voltage_V": 14.2, "system_voltage_V": 14.2}),
         (30, {"cell_voltage_V": low(3.34)}), (70, {"cell_voltage_V": low(3.8)})], 60_000,
    ),
    "remote debounced": ({"firmware": bms.FirmwareParameters(remote_delay_ms=2_000)},
                         [(15, {"remote_L_V": 0.0}), (3, {"remote_L_V": 13.0})], 1_800),
    "release of what is made from readings": (
        # Contradiction at 1.1 s, fault at 3.1 s, rest until 23.1 s; at 26.3 s it is judged every second.
        {}, [(253, {"battery_voltage_V": 15.5, "system_voltage_V": 15.5})], 700),
    # 4 x 3.74 V is 1.66 V above the battery: no range of all cells says that the lowest stays.
    "cells far apart": ({}, [(1, {"cell_voltage_V": low(3.74)})], 1),
    "load disconnect": ({}, [(30, {"cell_voltage_V": (2.7,) * 4, "battery_voltage_V": 10.8, "system_voltage_V": 10.8}),
                             (260, {})], 1_300),
    "pulse of the alarm": ({"pre_alarm_mode": bms.PreAlarmMode.INTERMITTENT},
                           [(145, {"cell_voltage_V": (2.9,) * 4, "battery_voltage_V": 11.6, "system_voltage_V": 11.6})],
                           800),
    "load looked at again": ({}, [(400, {"cell_voltage_V": (2.7,) * 4, "battery_voltage_V": 10.8,
                                         "system_voltage_V": 10.8})], 51_000),
    "frozen cells": ({}, [(1, {"system_current_A": -60.0, "battery_current_A": -60.0})], 5_000),
    "retry of System+": ({}, [(1, {"system_current_A": -450.0, "battery_current_A": -450.0}),
                              (120, {"system_current_A": 0.0, "battery_current_A": 0.0})], 8_000),
}


@pytest.mark.parametrize("case", DEADLINES)
def test_deadlines(case: str) -> None:
    given, parts, deadline_ms = DEADLINES[case]
    rig = Rig(**given).ready()
    for ticks, readings in parts:
        rig.run(ticks, **readings)
    assert rig.hold.deadline_ms == deadline_ms


def test_a_load_that_is_off_returns_when_all_cells_are_at_3_2_V_and_nothing_is_due_before() -> None:
    rig = Rig().ready()
    rig.run(400, cell_voltage_V=(2.7,) * 4, battery_voltage_V=10.8, system_voltage_V=10.8)
    assert not rig.commands.load_output
    rig.run(700, cell_voltage_V=(3.18,) * 4, battery_voltage_V=12.72, system_voltage_V=12.72)  # no alarm any more
    assert rig.hold.bounds["cell_voltage_V"][1] == math.nextafter(3.2, 0.0) and rig.hold.deadline_ms > 1_000


def test_an_alarm_by_a_batterys_own_thresholds_is_judged_at_the_next_second() -> None:
    """One cell keeps it up, and a range per battery cannot say so; it is 2.3 s."""
    own = (bms.BatteryThresholds(2.6, 2.85), bms.BatteryThresholds(2.8, 3.15))
    rig = Rig(battery_count=2, battery_thresholds=own, variant=bms.Variant.NG).ready(cell_voltage_V=(3.3,) * 8)
    rig.run(13, cell_voltage_V=(3.3,) * 7 + (3.1,))
    assert rig.commands.pre_alarm and rig.hold.deadline_ms == 700 and not rig.hold.witnesses


def test_limits_share_a_distance() -> None:
    limits = Limits((0.0,) * len(PLACES), (10.0,) * len(PLACES), 500)
    limits.below(2.0, 7, ((0, 5.0, 1.0), (1, 5.0, -2.0)))
    limits.above(4.0, 7, ((2, 5.0, 1.0), (3, 5.0, -2.0)))
    assert limits.high[:4] == [5.0 + SAFETY, 10.0, 10.0, 5.0 + SAFETY]
    assert limits.low[:4] == [0.0, 5.0 - 0.5 * SAFETY, 5.0 - 2.0 * SAFETY, 0.0]
    limits.narrow(0, -1.0, 11.0)
    assert (limits.low[0], limits.high[0], limits.until_ms) == (0.0, 5.0 + SAFETY, 500)
    limits.narrow(0, 1.0, 2.0)
    assert (limits.low[0], limits.high[0]) == (1.0, 2.0)
    limits.below(-1.0, 7, ((0, 5.0, 1.0),))
    assert (limits.low[0], limits.high[0], limits.until_ms) == (1.0, 2.0, 8)
    limits.below(0.0, 3, ((4, 5.0, 1.0),))
    limits.above(0.0, 3, ((4, 5.0, 1.0),))
    assert (limits.low[4], limits.high[4], limits.until_ms) == (5.0, 5.0, 8)  # at the edge: it may not move on
    limits.above(-1.0, 5, ((0, 5.0, 1.0),))
    limits.apart(0, 5.0, 1, 5.0, -0.1, 6)
    assert limits.until_ms == 6
    limits.apart(0, 5.0, 1, 5.0, -0.1, 4)
    assert limits.until_ms == 5
    limits.before(None)
    limits.before(99)
    assert (limits.low[0], limits.high[0], limits.until_ms) == (1.0, 2.0, 5)


def test_limits_by_weight_and_at_the_edge() -> None:
    """A term of weight 2 may move by half as much; without a distance left nothing may move, but a call is not due."""
    limits = Limits((0.0,) * len(PLACES), (10.0,) * len(PLACES), 500)
    limits.below(2.0, 7, ((0, 5.0, 2.0), (1, 5.0, -0.5)))
    limits.above(2.0, 7, ((2, 5.0, 2.0), (3, 5.0, -0.5)))
    assert limits.high[:4] == [5.0 + 0.5 * SAFETY, 10.0, 10.0, 5.0 + 2.0 * SAFETY]
    assert limits.low[:4] == [0.0, 5.0 - 2.0 * SAFETY, 5.0 - 0.5 * SAFETY, 0.0]
    limits.apart(4, 5.0, 5, 6.0, 0.0, 7)
    assert (limits.high[4], limits.low[5], limits.until_ms) == (5.0, 6.0, 500)
    limits.apart(6, 5.0, 7, 6.0, 1.0, 7)
    assert (limits.high[6], limits.low[7], limits.low[6], limits.high[7]) == (
        5.0 + 0.5 * SAFETY, 6.0 - 0.5 * SAFETY, 0.0, 10.0)


def test_a_hold_names_what_is_fitted_and_single_batteries_and_cells() -> None:
    low, high = tuple(float(k) for k in range(13)), tuple(10.0 + k for k in range(13))
    hold = bms.Hold(5, low, high, high, high, (8,), ((1.0, 2.0),), (bms.Witness("cell_voltage_V", 7, 3.5, 9.0),))
    assert set(hold.bounds) == {
        *bms.BOUND_NAMES, "system_voltage_V", "cell_voltage_V[0]", "cell_voltage_V.cell[7]",
    }
    assert hold.bounds["cell_voltage_V[0]"] == (1.0, 2.0) and hold.bounds["system_voltage_V"] == (8.0, 18.0)
    assert hold.bounds["cell_voltage_V"] == (5.0, 15.0) and hold.between["cell_voltage_V"] == (15.0, 15.0)
    assert hold.bounds["cell_voltage_V.cell[7]"] == (3.5, 9.0)
    assert bms.Hold(5).bounds == {}


def test_one_cell_is_enough_for_an_alarm_to_stay() -> None:
    """After the rest of 20 s a hold ends when the fullest cell is back at 3.5 V, not every second."""
    rig = Rig(variant=bms.Variant.NG, battery_count=2)
    cells = (3.32, 3.33, 3.34, 3.35)
    rig.ready(cell_voltage_V=cells * 2, battery_voltage_V=14.2, system_voltage_V=14.2)
    rig.run(250, cell_voltage_V=(*cells, 3.32, 3.33, 3.80, 3.35))
    assert rig.state.faults == (bms.Fault.CELL_OVER_VOLTAGE,) and rig.hold.deadline_ms > 1_000
    assert rig.hold.bounds["cell_voltage_V.cell[6]"] == (math.nextafter(3.5, 4.0), LARGEST)
    assert not rig.hold.is_left(replace(rig.m, cell_voltage_V=(*cells, 3.32, 3.33, 3.51, 3.36)))
    assert rig.hold.is_left(replace(rig.m, cell_voltage_V=(*cells, 3.32, 3.33, 3.50, 3.36)))
    assert rig.hold.is_left(replace(rig.m, cell_voltage_V=(*cells, 3.32, 3.33, math.nan, 3.36)))
    rig.run(1, cell_voltage_V=cells * 2)
    assert rig.hold.deadline_ms <= 1_000 and not rig.hold.witnesses  # judged at the next second


def test_one_cold_cell_is_enough_for_a_refusal_to_stay() -> None:
    rig = Rig(variant=bms.Variant.NG, battery_count=2)
    rig.ready(cell_voltage_V=(3.32, 3.33, 3.34, 3.35) * 2, cell_temperature_degC=(25.0, 25.0))
    rig.run(250, cell_temperature_degC=(25.0, 4.0))
    assert rig.state.faults == (bms.Fault.CELL_UNDER_TEMPERATURE,) and rig.hold.deadline_ms > 1_000
    cold = (-LARGEST, math.nextafter(7.0, 0.0))
    assert rig.hold.bounds["cell_temperature_degC.cell[1]"] == cold
    # One too full as well: both have their range.
    rig.run(250, cell_voltage_V=(3.32, 3.33, 3.8, 3.35) * 2, battery_voltage_V=14.2, system_voltage_V=14.2)
    assert rig.hold.bounds["cell_temperature_degC.cell[1]"] == cold
    assert rig.hold.bounds["cell_voltage_V.cell[2]"] == (math.nextafter(3.5, 4.0), LARGEST)
