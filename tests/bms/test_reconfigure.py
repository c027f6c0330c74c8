"""Settings changed on a running system: what of the state goes on, and what begins anew."""

from __future__ import annotations

import math

import pytest

import bms

CHARGING = bms.Measurements(13.8, 0.045, 13.3, 30.0, 35.0, (3.33,) * 4, (25.0,) * 4)


def charging(settings: bms.Settings) -> tuple[bms.State, bms.Commands]:
    """A port that has charged for ten seconds."""
    state, commands = bms.State(), bms.Commands()
    for k in range(101):
        state, commands, _, _ = bms.step(state, CHARGING, settings, 0.1 if k else 0.0)
    assert state.mode is bms.AlternatorMode.CHARGING
    return state, commands


def test_another_fuse_has_another_limit_at_once_and_an_estimate_of_its_own() -> None:
    before, after = bms.Settings(fuse_rating_A=100), bms.Settings(fuse_rating_A=60)
    state, commands = charging(before)
    assert commands.current_limit_A == 90.0
    changed = bms.reconfigured(state, before, after)
    assert changed.thermal is None and changed.time_ms == state.time_ms and changed.mode is state.mode
    assert math.isnan(changed.fuse_estimate_degC)
    state, commands, events, _ = bms.step(changed, CHARGING, after, 0.0)
    assert commands.current_limit_A == 54.0 and commands.alternator_enable and events == ()
    nominal = bms.nominal_fuse(60)
    assert commands.sense_reference_V == pytest.approx(54.0 * nominal.resistance_25_ohm, rel=0.08)


def test_other_settings_leave_the_state_alone() -> None:
    before = bms.Settings()
    state, _ = charging(before)
    after = bms.Settings(pre_alarm_mode="intermittent", battery_thresholds=(bms.BatteryThresholds(2.7, 2.9),),  # type: ignore[arg-type]
                         instant_readout=True)
    assert bms.reconfigured(state, before, after) is state
    _, commands, events, _ = bms.step(state, CHARGING, after, 0.1)
    assert commands.leds.bluetooth and commands.alternator_enable and events == ()


def test_new_thresholds_judge_what_is_there() -> None:
    low = bms.Measurements(13.8, 0.045, 12.0, 30.0, 35.0, (3.0,) * 4, (25.0,) * 4)
    settings = bms.Settings()
    state, names = bms.State(), list[str]()
    for k in range(201):
        state, commands, events, _ = bms.step(state, low, settings, 0.1 if k else 0.0)
        names += [event.name for event in events]
    assert commands.pre_alarm
    after = bms.Settings(battery_thresholds=(bms.BatteryThresholds(2.7, 2.85),))
    state = bms.reconfigured(state, settings, after)
    for _ in range(200):
        state, commands, events, _ = bms.step(state, low, after, 0.1)
        names += [event.name for event in events]
    assert not commands.pre_alarm and names.count("pre-alarm off") == 1


@pytest.mark.parametrize("after", [
    bms.Settings(variant="12-200 NG"), bms.Settings(battery_count=2), bms.Settings(battery_capacity_Ah=100),  # type: ignore[arg-type]
    bms.Settings(firmware=bms.FirmwareParameters(start_V=13.1)),
])
def test_what_is_built_in_does_not_change(after: bms.Settings) -> None:
    with pytest.raises(ValueError, match="cannot change"):
        bms.reconfigured(bms.State(), bms.Settings(), after)
