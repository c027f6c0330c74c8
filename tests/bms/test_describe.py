"""Settings and limits as rows: all of them, and what is said to be allowed is what the check says."""

from dataclasses import fields

import pytest

import bms
from bms import describe

NG = bms.Settings(variant=bms.Variant.NG)


def by_name(settings: bms.Settings) -> dict[str, describe.SettingRow]:
    return {row.name: row for row in describe.setting_rows(settings)}


@pytest.mark.parametrize("settings", [bms.Settings(), NG], ids=["12-200", "NG"])
def test_every_setting_has_a_row_with_source(settings: bms.Settings) -> None:
    rows = by_name(settings)
    own = {f.name for f in fields(bms.Settings)} - {"battery_thresholds", "firmware"}
    battery = {f"battery_thresholds[all].{f.name}" for f in fields(bms.BatteryThresholds)}
    firmware = {f"firmware.{f.name}" for f in fields(bms.FirmwareParameters)}
    assert set(rows) == own | battery | firmware and len(firmware) > 90
    assert all(row.source and row.allowed for row in rows.values())
    assert not any(row.changed for row in rows.values())


@pytest.mark.parametrize("settings", [bms.Settings(), NG], ids=["12-200", "NG"])
def test_what_is_allowed_is_what_a_refusal_says(settings: bms.Settings) -> None:
    for name, row in by_name(settings).items():
        if name == "variant" or name == "remote_function":
            continue
        outer, _, inner = name.partition(".")
        field = outer.removesuffix("[all]")
        wrong: object = "wrong" if not inner else {inner: "wrong"}
        given = {"variant": str(settings.variant), field: [wrong] if field == "battery_thresholds" else wrong}
        with pytest.raises(bms.SettingsError) as caught:
            bms.Settings.from_mapping(given)
        assert caught.value.allowed == row.allowed, name


def test_both_variants() -> None:
    for variant, most, functions in (
        ("12-200", 10, "alternator, system (ports: 12-200 NG only)"), ("12-200 NG", 50, "alternator, system, ports"),
    ):
        rows = by_name(bms.Settings.from_mapping({"variant": variant, "battery_count": most}))
        assert rows["battery_count"].allowed == f"whole number 1..{most} ({variant})" and rows["battery_count"].changed
        assert rows["remote_function"].allowed == functions
        with pytest.raises(bms.SettingsError, match=f"1..{most}"):
            bms.Settings.from_mapping({"variant": variant, "battery_count": most + 1})
    assert bms.Settings.from_mapping({"variant": "12-200 NG", "remote_function": "ports"})
    with pytest.raises(bms.SettingsError, match="NG only"):
        bms.Settings.from_mapping({"remote_function": "ports"})


def test_rows_of_batteries_that_differ() -> None:
    given = {"battery_count": 2, "battery_thresholds": [{"load_disconnect_V": 2.7}, {}], "fuse_rating_A": 125}
    settings = bms.Settings.from_mapping(given)
    changed = {row.name: (row.default, row.value) for row in describe.setting_rows(settings) if row.changed}
    assert changed == {
        "battery_count": (1, 2), "fuse_rating_A": (100, 125), "battery_thresholds[0].load_disconnect_V": (2.8, 2.7),
    }
    applied = {row.name: (row.value, row.unit) for row in describe.applied_rows(settings)}
    assert applied["current_limit_A"] == (100.0, "A")  # 0.9 x 125 A is more than A4 allows
    assert applied["battery_thresholds[0].load_disconnect_V"] == (2.7, "V")
    assert applied["battery_thresholds[1].load_disconnect_V"] == (2.8, "V")


def test_applied_is_rounded_to_the_set_point_grid() -> None:
    firmware = bms.FirmwareParameters(fuse_fraction=0.777)
    rows = {row.name: row.value for row in describe.applied_rows(bms.Settings(firmware=firmware))}
    assert rows["current_limit_A"] == 77.5


def test_settings_say_what_differs_and_show_tables() -> None:
    own = bms.Settings(variant=bms.Variant.NG, fuse_rating_A=60)
    assert repr(own) == "Settings(variant='12-200 NG', fuse_rating_A=60)"
    assert repr(bms.Settings()) == "Settings(variant='12-200')"
    shown = own._repr_html_()
    assert "<td>fuse_rating_A</td><td>60</td><td>A</td>" in shown and "default 100" in shown
    assert f"<td>current_limit_A</td><td>{bms.applied_limits(own).current_limit_A:g}</td>" in shown
    assert "firmware." not in shown  # its constants are as they are by default
    changed = bms.Settings.from_mapping({"firmware": {"start_V": 13.2}})
    assert "<td>firmware.start_V</td><td>13.2</td>" in changed._repr_html_()
    assert repr(changed) == "Settings(variant='12-200', firmware.start_V=13.2)"
