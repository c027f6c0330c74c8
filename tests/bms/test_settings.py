"""Settings (K1): what is refused, and how; what is applied."""

import ast
import json
import pickle
import sys
from pathlib import Path

import pytest

import bms


@pytest.mark.parametrize(
    ("given", "field", "allowed"),
    [
        ({"fuse_rating_A": 90}, "fuse_rating_A", "40, 60, 80, 100, 125 A"),
        ({"fuse_rating_A": "100"}, "fuse_rating_A", "40, 60, 80, 100, 125 A"),
        ({"fuse_rating_A": True}, "fuse_rating_A", "40, 60, 80, 100, 125 A"),
        ({"battery_capacity_Ah": 210}, "battery_capacity_Ah", "50, 100, 160, 180, 200, 330 Ah"),
        ({"battery_count": 0}, "battery_count", "whole number 1..10 (12-200)"),
        ({"battery_count": 11}, "battery_count", "whole number 1..10 (12-200)"),
        ({"battery_count": 51, "variant": "12-200 NG"}, "battery_count", "whole number 1..50 (12-200 NG)"),
        ({"battery_count": 2.0}, "battery_count", "whole number 1..10 (12-200)"),
        ({"variant": "12-100"}, "variant", "12-200, 12-200 NG"),
        ({"variant": None}, "variant", "12-200, 12-200 NG"),
        ({"pre_alarm_mode": "beep"}, "pre_alarm_mode", "continuous, intermittent"),
        ({"remote_function": "all"}, "remote_function", "alternator, system, ports"),
        ({"remote_function": "ports"}, "remote_function", "alternator, system (ports: 12-200 NG only)"),
        ({"battery_thresholds": [{"pre_alarm_V": 3.2}]}, "battery_thresholds[0].pre_alarm_V",
         "number 2.85..3.15 V"),
        ({"battery_thresholds": [{}, {}]}, "battery_thresholds", "no entry, or one per battery (1)"),
        ({"battery_thresholds": 3.0}, "battery_thresholds", "a list with one entry per battery"),
        ({"battery_thresholds": [3.0]}, "battery_thresholds[0]", "a mapping of names to values"),
        ({"firmware": {"start_V": float("nan")}}, "firmware.start_V", "number 12..15 V"),
        ({"firmware": {"rearm_ms": 0.5}}, "firmware.rearm_ms", "whole number 0..600000 ms"),
        ({"firmware": {"stop_V": 13.5}}, "firmware.weak_V", "above stop_V (13.5)"),
        ({"firmware": 7}, "firmware", "a mapping of names to values"),
        ({"fuse_rating": 100}, "fuse_rating", "no such setting; did you mean 'fuse_rating_A'?"),
        ({"firmware": {"star_V": 13.0}}, "firmware.star_V", "no such setting; did you mean 'start_V'?"),
    ],
)
def test_refused_with_field_value_and_what_is_allowed(
    given: dict[str, object], field: str, allowed: str
) -> None:
    with pytest.raises(bms.SettingsError) as caught:
        bms.Settings.from_mapping(given)
    assert (caught.value.field, caught.value.allowed) == (field, allowed)
    assert field in str(caught.value) and allowed in str(caught.value) and "\n" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_b3_b4_ranges_of_the_battery() -> None:
    assert bms.BatteryThresholds(2.6, 2.85) and bms.BatteryThresholds(2.8, 3.15)
    for low, high in ((2.59, 3.1), (2.81, 3.1), (2.8, 2.84), (2.8, 3.16)):
        with pytest.raises(bms.SettingsError):
            bms.BatteryThresholds(low, high)


def test_a_plain_string_becomes_the_member() -> None:
    ng = bms.Settings.from_mapping({"variant": "12-200 NG"})
    assert bms.Settings(variant="12-200 NG", battery_count=50).variant is ng.variant  # type: ignore[arg-type]


def test_direct_construction_is_checked_too() -> None:
    with pytest.raises(bms.SettingsError, match="fuse_rating_A"):
        bms.Settings(fuse_rating_A=63)


def test_mapping_gives_the_same_as_construction() -> None:
    given = {
        "variant": "12-200 NG", "battery_count": 2, "fuse_rating_A": 60, "remote_function": "ports",
        "battery_thresholds": [{"load_disconnect_V": 2.7}, {}], "firmware": {"rearm_ms": 5_000},
    }
    built = bms.Settings(
        variant=bms.Variant.NG, battery_count=2, fuse_rating_A=60, remote_function=bms.RemoteFunction.PORTS,
        battery_thresholds=(bms.BatteryThresholds(2.7, 3.1), bms.BatteryThresholds()),
        firmware=bms.FirmwareParameters(rearm_ms=5_000),
    )
    assert bms.Settings.from_mapping(given) == built
    assert hash(built) == hash(bms.Settings.from_mapping(given))
    assert bms.difference_to_defaults(built) == {
        "battery_count": (1, 2),
        "fuse_rating_A": (100, 60),
        "remote_function": (bms.RemoteFunction.ALTERNATOR, bms.RemoteFunction.PORTS),
        "battery_thresholds": ((), built.battery_thresholds), "firmware.rearm_ms": (20_000, 5_000),
    }
    assert bms.Settings.from_mapping({}) == bms.Settings()
    assert bms.difference_to_defaults(bms.Settings()) == {}
    assert bms.difference_to_defaults(bms.Settings(variant=bms.Variant.NG)) == {}
    assert bms.Settings.from_mapping(json.loads(json.dumps(bms.as_mapping(built)))) == built


@pytest.mark.parametrize(
    ("rating_A", "limit_A", "reference_V"),
    [(40, 36.0, 0.054), (60, 54.0, 0.054), (80, 72.0, 0.054), (100, 90.0, 0.054), (125, 100.0, 0.048)],
)
def test_a3_a4_applied_limit_of_every_fuse(rating_A: int, limit_A: float, reference_V: float) -> None:
    applied = bms.applied_limits(bms.Settings(fuse_rating_A=rating_A))
    assert applied.current_limit_A == limit_A
    assert applied.sense_reference_25_V == pytest.approx(reference_V, abs=1e-5)
    assert applied.battery_thresholds == (bms.BatteryThresholds(2.8, 3.1),)
    assert (applied.start_V, applied.stop_V, applied.cell_high_V) == (13.0, 12.5, 3.75)


def test_the_firmware_imports_the_standard_library_only() -> None:
    folder = Path(bms.__file__).parent
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                root = name.split(".")[0]
                ciphers = file.name == "readout.py" and root == "Crypto"
                assert root == "bms" or ciphers or root in sys.stdlib_module_names, f"{file.name}: {name}"
                assert root not in {"time", "datetime", "os", "io", "random"}, f"{file.name}: {name}"
