"""Permission to lift the limit during a load dump (A4): who is refused, when it comes and goes, by hand."""

from dataclasses import replace
from typing import Any

import pytest

import bms
from bms import fuse_table, holding, lift, thermal
from bms.channels import read
from bms.interface import PLACES
from bms.lift import Lift, Refusal
from bms.limits import Limits
from tests.bms.rig import NORMAL, OPEN_H, OPEN_L, Rig

CHARGING = replace(NORMAL, input_voltage_V=13.8)


def refused(m: bms.Measurements = CHARGING, cap_A: float = float("inf"), heat: Any = None, **given: Any) -> Any:
    settings = bms.Settings(**given)
    plan, f = settings.plan, settings.firmware
    estimate = thermal.begin(m, 0, plan.rating, f)._replace(**(heat or {}))
    return lift.refusal(estimate, cap_A, read(m, plan, (), estimate.reference_ohm), plan, f)


@pytest.mark.parametrize(("expected", "given"), [
    (None, {}),
    (Refusal.CONVERTER, {"firmware": bms.FirmwareParameters(converter_efficiency=0.98)}),
    # 90^2 x 4 s + 225^2 x 0.485 s = 56,953 of 130,000 A2s: 43.8 %
    (None, {"firmware": bms.FirmwareParameters(lift_fuse_share=0.439)}),
    (Refusal.FUSE_I2T, {"firmware": bms.FirmwareParameters(lift_fuse_share=0.437)}),
    # 0.6 mohm (1 + 0.0039 x 125) = 0.8925 mohm at 150 degC
    (None, {"heat": {"reference_ohm": 0.892e-3}}),
    (Refusal.FUSE_HOT, {"heat": {"reference_ohm": 0.893e-3}}),
    (Refusal.DERATED, {"heat": {"limit_A": 89.5}}),
    (Refusal.DERATED, {"heat": {"red": True}}),
    (Refusal.DERATED, {"heat": {"off": True}}),
    (Refusal.DERATED, {"cap_A": 89.5}),
    (None, {"cap_A": 90.0}),
    # 225 A into 100 Ah (200 A), 160 Ah (320 A); with a fuse of 80 A 180 A
    (Refusal.BATTERY, {"battery_capacity_Ah": 100}),
    (None, {"battery_capacity_Ah": 160}),
    (None, {"battery_capacity_Ah": 100, "fuse_rating_A": 80}),
    # 100 A x 2.5 of a 125 A fuse; 400 A less 225 A are left for System+
    (Refusal.BATTERY, {"battery_capacity_Ah": 100, "fuse_rating_A": 125}),
    (None, {"m": replace(CHARGING, system_current_A=175.0)}),
    (Refusal.BATTERY, {"m": replace(CHARGING, system_current_A=175.1)}),
    (Refusal.BATTERY, {"m": replace(CHARGING, system_current_A=float("nan"))}),
    (None, {"m": replace(CHARGING, system_current_A=None)}),
    (None, {"m": replace(CHARGING, cell_voltage_V=(3.4, 3.4, 3.5, 3.4))}),
    (Refusal.CELLS, {"m": replace(CHARGING, cell_voltage_V=(3.4, 3.4, 3.501, 3.4))}),
])
def test_refusal(expected: Refusal | None, given: dict[str, Any]) -> None:
    assert refused(**given) is expected


@pytest.mark.parametrize("rating_A", bms.RATINGS_A)
def test_every_fuse_endures_a_lift_from_its_full_limit(rating_A: int) -> None:
    """Melting integrals go with the square of the rating, so all but that of 125 A, which A4 limits, use the same."""
    plan = bms.Settings(fuse_rating_A=rating_A).plan
    assert plan.lift_fuse_share == pytest.approx(0.346 if rating_A == 125 else 0.438, abs=1e-3)
    assert plan.lift_A == 2.5 * min(0.9 * rating_A, 100.0)
    assert plan.lift_fuse_ohm == pytest.approx(fuse_table.resistance_ohm(150.0, plan.rating.fuse))


def test_it_comes_with_charging_and_goes_with_it() -> None:
    rig = Rig().ready()
    assert not rig.commands.lift_allowed
    seen = rig.run(20, input_voltage_V=13.8)
    assert [c.lift_allowed for c in seen] == [c.alternator_enable for c in seen]
    assert seen[-1].lift_allowed
    rig.run(2, remote_L_V=OPEN_L, remote_H_V=OPEN_H)
    assert not rig.commands.alternator_enable and not rig.commands.lift_allowed and rig.state.lift == Lift()


def test_a_cell_near_over_voltage_takes_it_away_at_the_next_sample_for_a_minute() -> None:
    """Samples are every ten ticks; the reading that goes back in between is not seen."""
    rig = Rig().ready(input_voltage_V=13.8)
    full, usual = (3.4, 3.4, 3.51, 3.4), NORMAL.cell_voltage_V
    rig.run(5, battery_voltage_V=13.7, cell_voltage_V=full)
    assert rig.commands.lift_allowed
    rig.run(5, battery_voltage_V=13.3, cell_voltage_V=usual)
    assert rig.commands.lift_allowed
    seen = rig.run(10, battery_voltage_V=13.7, cell_voltage_V=full)
    assert [c.lift_allowed for c in seen].count(False) == 1 and rig.tick % 10 == 0
    assert rig.state.lift == Lift(False, rig.state.time_ms + 60_000)
    seen = rig.run(600, battery_voltage_V=13.3, cell_voltage_V=usual)
    assert [c.lift_allowed for c in seen] == [False] * 599 + [True]


def test_a_lift_that_goes_on_keeps_its_permission() -> None:
    """140 A in a fuse of 90 A: the cells rise by it. When the current is ordinary again, they count."""
    rig = Rig().ready(input_voltage_V=13.8)
    full = (3.4, 3.4, 3.51, 3.4)
    seen = rig.run(30, battery_voltage_V=13.7, cell_voltage_V=full, fuse_sense_V=0.084, battery_current_A=120.0)
    assert all(c.lift_allowed for c in seen)
    assert rig.hold.deadline_ms <= 1_000
    rig.run(10, fuse_sense_V=0.054, battery_current_A=70.0)
    assert not rig.commands.lift_allowed


def test_a_limit_for_the_banks_sake_takes_it_away_at_once() -> None:
    """425 A into 400 A for a second, from three ticks after a sample on: the limit and the permission go together."""
    rig = Rig().ready(input_voltage_V=13.8)
    seen = rig.run(3) + rig.run(20, battery_current_A=425.0)
    assert [c.lift_allowed for c in seen] == [c.current_limit_A == 90.0 for c in seen]
    first = rig.tick - len(seen) + 1 + [c.lift_allowed for c in seen].index(False)
    assert first % 10 != 0  # no sample


def test_heat_takes_it_away() -> None:
    rig = Rig().ready(input_voltage_V=13.8)
    rig.run(10, heatsink_degC=91.0)
    assert rig.commands.alternator_enable and rig.commands.current_limit_A < 90.0
    assert not rig.commands.lift_allowed


def test_what_is_kept_for_a_lift_is_asked_again_at_the_next_sample() -> None:
    """With a cell or System+ beyond what a lift may find, or while it lasts; else it has no deadline of its own."""
    settings = bms.Settings()
    plan, f = settings.plan, settings.firmware
    estimate = thermal.begin(CHARGING, 0, plan.rating, f)
    high_cell = replace(CHARGING, cell_voltage_V=(3.4, 3.4, 3.51, 3.4))
    for m, until_ms in (
        (CHARGING, 9_000), (high_cell, 3_000), (replace(CHARGING, system_current_A=176.0), 3_000),
        (replace(CHARGING, fuse_sense_V=0.057), 3_000),  # 95 A of 90
    ):
        limits = Limits(plan.quiet_low, plan.quiet_high, 9_000)
        low, high = list(plan.quiet_low), list(plan.quiet_high)
        state = bms.State(2_300, bms.AlternatorMode.CHARGING, thermal=estimate, lift=lift.ALLOWED)
        holding._lift(limits, low, high, state, read(m, plan, (), estimate.reference_ohm), settings)
        assert limits.until_ms == until_ms
        assert high[PLACES.index("cell_voltage_V")] == 3.5 and high[PLACES.index("system_current_A")] == 175.0
        assert low == list(plan.quiet_low)
    limits = Limits(plan.quiet_low, plan.quiet_high, 9_000)
    holding._lift(limits, low, high, state._replace(lift=Lift(False, 5_000)), read(m, plan, (), 6e-4), settings)
    assert limits.until_ms == 5_000


def test_the_hold_ends_with_the_permission() -> None:
    """Inside the bounds nothing changes: just beyond each, at a sample, the permission goes."""
    for name, inside, beyond in (
        ("system_current_A", -20.0, 176.0), ("cell_voltage_V", NORMAL.cell_voltage_V, (3.33, 3.34, 3.51, 3.35)),
    ):
        rig = Rig().ready(input_voltage_V=13.8)
        place = bms.PLACES.index(name)
        assert rig.commands.lift_allowed
        assert rig.hold.high[place] <= (175.0 if name == "system_current_A" else 3.5)
        rig.run(10, **{name: inside})
        changes = {"battery_current_A": 176.0} if name == "system_current_A" else {}
        seen = rig.run(10, **{name: beyond}, **changes)
        assert seen[0].lift_allowed and not seen[-1].lift_allowed, name
        assert rig.hold.deadline_ms <= 60_000
