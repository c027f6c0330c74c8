"""Instant readout against the public decoder: 5,000 random battery states within the field's resolution."""

import math
import random

import pytest
from victron_ble.devices import SmartLithium, detect_device_type
from victron_ble.devices.smart_lithium import BalancerStatus
from victron_ble.exceptions import AdvertisementKeyMismatchError

import bms
from bms import readout
from bms.readout import BatteryRecord, Flag, ReadoutKey


def decoded(record: BatteryRecord, key: ReadoutKey, count: int) -> dict[str, object]:
    data = readout.advertisement(readout.encode_battery(record), readout.RECORD_BATTERY, key, count)
    kind = detect_device_type(data)
    assert kind is SmartLithium
    parsed: dict[str, object] = kind(key.key.hex()).parse(data)._data
    return parsed


def random_record(source: random.Random) -> BatteryRecord:
    def maybe(low: float, high: float) -> float | None:
        kind = source.random()
        return None if kind < 0.05 else math.nan if kind < 0.1 else source.uniform(low, high)

    return BatteryRecord(
        flags=source.getrandbits(32), error=source.getrandbits(16),
        cell_voltage_V=tuple(maybe(2.3, 4.1) for _ in range(source.randint(0, 8))),
        voltage_V=maybe(-1.0, 45.0), balancer=source.randint(0, 3), temperature_degC=maybe(-60.0, 110.0),
    )


def is_absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


def test_5000_random_states_survive() -> None:
    source = random.Random(20)
    keys = readout.keys_from_seed(7, 5)
    for count in range(5_000):
        record = random_record(source)
        shown = decoded(record, keys[count % 5], count)
        assert (shown["bms_flags"], shown["error_flags"]) == (record.flags, record.error)
        assert shown["balancer_status"] == BalancerStatus(record.balancer)
        cells = shown["cell_voltages"]
        n = len(record.cell_voltage_V)
        assert isinstance(cells, list) and cells[n:] == [None] * (8 - n)
        for given, got in zip(record.cell_voltage_V, cells, strict=False):
            if given is None or math.isnan(given):
                assert got is None
            elif got in (math.inf, -math.inf):
                assert given > 3.854 if got > 0 else given < 2.606
            else:
                assert abs(got - given) <= 0.005 + 1e-9
        for name, given, step, low, high in (
            ("battery_voltage", record.voltage_V, 0.01, 0.0, 40.94),
            ("battery_temperature", record.temperature_degC, 1.0, -40.0, 86.0),
        ):
            got = shown[name]
            if given is None or math.isnan(given):
                assert got is None
            else:
                assert isinstance(got, float | int)
                assert abs(got - min(max(given, low), high)) <= 0.5 * step + 1e-9


@pytest.mark.parametrize(
    ("cell_V", "code_V"),
    [(2.61, 2.61), (2.6049, -math.inf), (3.85, 3.85), (3.86, math.inf), (3.3, 3.3), (None, None), (math.nan, None)],
)
def test_ends_of_the_cell_field(cell_V: float | None, code_V: float | None) -> None:
    shown = decoded(BatteryRecord(0, 0, (cell_V,), 13.2, 1, 20.0), ReadoutKey(bytes(range(16)), 5), 0)
    cells = shown["cell_voltages"]
    assert isinstance(cells, list) and cells[0] == code_V


def test_the_layout_by_hand() -> None:
    # flags, error, 8 cells of 7 bits, 12, 4 and 7 bits: the temperature starts at bit 120, the voltage at 104.
    payload = readout.encode_battery(BatteryRecord(0x01020304, 0x0506, (2.61,), 13.28, 2, 25.0))
    value = int.from_bytes(payload, "little")
    assert value & 0xFFFFFFFF == 0x01020304 and value >> 32 & 0xFFFF == 0x0506
    assert value >> 48 & 0x7F == 1 and value >> 55 & 0x7F == 0x7F
    assert (value >> 104 & 0xFFF, value >> 116 & 0xF, value >> 120 & 0x7F) == (1328, 2, 65)
    head = readout.advertisement(payload, 0x05, ReadoutKey(bytes(range(16, 32)), 0xFFFF), 2)
    assert head[:2] == b"\x10\x02" and head[4:8] == bytes((0x05, 0x01, 0x00, 16)) and len(head) == 24


def test_a_wrong_key_does_not_decode_and_equal_states_look_different() -> None:
    one, other = readout.keys_from_seed(1, 2)
    record = BatteryRecord(0, 0, (3.3,) * 4, 13.2, 0, 25.0)
    payload = readout.encode_battery(record)
    first, second = (readout.advertisement(payload, 5, one, count) for count in (0, 1))
    assert first[8:] != second[8:]
    with pytest.raises(AdvertisementKeyMismatchError):
        SmartLithium(other.key.hex()).parse(first)
    assert readout.keys_from_seed(1, 2)[1].key == other.key != readout.keys_from_seed(2, 2)[1].key


def test_keys_are_not_shown() -> None:
    key = readout.keys_from_seed(3, 1)[0]
    assert key.key.hex() not in repr(key) and repr(key) == "ReadoutKey(...)"
    with pytest.raises(ValueError) as caught:
        ReadoutKey(key.key[:15], 0)
    assert key.key[:15].hex() not in str(caught.value) and "16 bytes" in str(caught.value)


@pytest.mark.parametrize(
    "record",
    [
        BatteryRecord(1 << 32, 0, (), None, 0, None), BatteryRecord(0, -1, (), None, 0, None),
        BatteryRecord(0, 0, (3.3,) * 9, None, 0, None), BatteryRecord(0, 0, (), None, 16, None),
    ],
)
def test_what_does_not_fit_is_refused(record: BatteryRecord) -> None:
    with pytest.raises(ValueError, match="allowed"):
        readout.encode_battery(record)


def test_record_of_a_battery_in_a_bank() -> None:
    config = bms.Settings(
        battery_count=2, battery_thresholds=(bms.BatteryThresholds(2.6, 2.9), bms.BatteryThresholds(2.8, 3.1))
    )
    cells = (3.0, 3.1, 3.2, 3.3, 3.0, 3.1, 3.8, math.nan)
    m = bms.Measurements(12.7, 0.0, 13.0, 25.0, 25.0, cells, (25.0,) * 4 + (48.0, 25.0, 25.0, 4.0))
    state, commands, _, _ = bms.step(bms.State(), m, config, 0.0)
    first = readout.battery_record(m, commands, state, config, 0)
    assert first.voltage_V == pytest.approx(12.6) and first.temperature_degC == 25.0
    assert first.flags == 0  # 3.0 V is above this battery's own 2.9 V; nothing may charge or discharge
    second = readout.battery_record(m, commands, state, config, 1)
    assert second.voltage_V is None and second.cell_voltage_V[3] is None
    assert second.flags == (
        Flag.OVER_VOLTAGE_ALARM | Flag.OVER_VOLTAGE_WARNING | Flag.UNDER_VOLTAGE_WARNING
        | Flag.OVER_TEMPERATURE_WARNING | Flag.UNDER_TEMPERATURE_ALARM | Flag.HARDWARE_FAILURE
    )


def test_experimental_record_reads_like_the_public_capture() -> None:
    # 00 00 00 E8 04 E7 04 BF 04 ...: 12.56, 12.55 and 12.15 V.
    payload = readout.encode_bms_experimental(12.56, 12.55, 12.15)
    assert payload[:9] == bytes.fromhex("000000E804E704BF04") and len(payload) == 14
