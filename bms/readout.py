"""Instant readout (K2): what each battery broadcasts, as the maker's encrypted advertisement.

Record 0x05, one per battery: 127 bits packed with the least significant bit first, encrypted with AES-128 in counter
mode (the counter is the 16-bit nonce, little-endian), behind a plain header. Sources: the published container format
and the public `victron-ble` package, which decodes it. Record 0x0E, of this product itself, is experimental: only a
single captured payload is public.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import IntFlag

from Crypto.Cipher import AES
from Crypto.Util import Counter

from bms.events import Fault
from bms.interface import Commands, Measurements
from bms.settings import CELLS_PER_BATTERY, Settings
from bms.state import State

COMPANY_ID = 0x02E1
RECORD_BATTERY, RECORD_BMS_EXPERIMENTAL = 0x05, 0x0E
MODEL_BATTERY = 0xA0E3
"""Model of the header: a 12.8 V / 200 Ah battery; decoders choose by the record, not by it (ours)."""
CELL_FIELDS = 8
_FIRST_CELL_V, _STEP_V, _ABSENT_CELL, _HIGH_CELL = 2.60, 0.01, 0x7F, 0x7E
_ABSENT_VOLTAGE, _ABSENT_TEMPERATURE, _TEMPERATURE_OFFSET = 0xFFF, 0x7F, 40
BALANCER_UNKNOWN = 0


class Flag(IntFlag):
    """Known bits of the battery record's flags."""

    OVER_VOLTAGE_ALARM = 1 << 9
    OVER_VOLTAGE_WARNING = 1 << 10
    UNDER_VOLTAGE_ALARM = 1 << 11
    UNDER_VOLTAGE_WARNING = 1 << 12
    OVER_TEMPERATURE_ALARM = 1 << 15
    OVER_TEMPERATURE_WARNING = 1 << 16
    UNDER_TEMPERATURE_ALARM = 1 << 22
    HARDWARE_FAILURE = 1 << 24
    CHARGE_ALLOWED = 1 << 25
    DISCHARGE_ALLOWED = 1 << 26


@dataclass(frozen=True)
class BatteryRecord:
    """What one battery tells.

    Attributes
    ----------
    flags : int
        Bits of `Flag`.
    error : int
        Error code, 0..65535.
    cell_voltage_V : tuple of float or None
        Up to eight; None or NaN where absent. Resolution 0.01 V, 2.61..3.85 V, saturating at both ends.
    voltage_V : float or None
        Of the battery; resolution 0.01 V, 0..40.94 V, saturating.
    balancer : int
        0 unknown, 1 balanced, 2 balancing, 3 imbalance.
    temperature_degC : float or None
        Resolution 1 K, -40..86 degC, saturating.
    """

    flags: int
    error: int
    cell_voltage_V: tuple[float | None, ...]
    voltage_V: float | None
    balancer: int
    temperature_degC: float | None


@dataclass(frozen=True, repr=False)
class ReadoutKey:
    """Key and first nonce of one sender; not shown in any text, so that no log holds it."""

    key: bytes
    first_nonce: int

    def __post_init__(self) -> None:
        """Check the sizes; the error does not show the key."""
        if len(self.key) != 16:
            raise ValueError(f"readout key: {len(self.key)} bytes are not allowed; allowed: 16 bytes")
        if not 0 <= self.first_nonce <= 0xFFFF:
            raise ValueError(f"readout nonce: {self.first_nonce} is not allowed; allowed: 0..65535")

    def __repr__(self) -> str:
        """Nothing of the key."""
        return "ReadoutKey(...)"

    def nonce(self, count: int) -> int:
        """Nonce of the broadcast with this running number; it comes back after 65,536."""
        return (self.first_nonce + count) & 0xFFFF


def keys_from_seed(seed: int, battery_count: int) -> tuple[ReadoutKey, ...]:
    """Keys of a simulated system, one per battery: SHA-256 of seed and battery number."""
    digests = [hashlib.sha256(f"instant readout {seed} {i}".encode()).digest() for i in range(battery_count)]
    return tuple(ReadoutKey(d[:16], int.from_bytes(d[16:18], "little")) for d in digests)


def encode_battery(record: BatteryRecord) -> bytes:
    """Plain payload of record 0x05, 16 bytes.

    Raises
    ------
    ValueError
        For more than eight cells, or a flag, error or balancer value that does not fit its field.
    """
    cells = record.cell_voltage_V
    if len(cells) > CELL_FIELDS:
        raise ValueError(f"cell_voltage_V: {len(cells)} cells are not allowed; allowed: 0..{CELL_FIELDS}")
    fields = [(_checked("flags", record.flags, 32), 32), (_checked("error", record.error, 16), 16)]
    fields += [(_cell_code(v), 7) for v in (*cells, *(None,) * (CELL_FIELDS - len(cells)))]
    fields.append((_code(record.voltage_V, _STEP_V, 0.0, _ABSENT_VOLTAGE), 12))
    fields.append((_checked("balancer", record.balancer, 4), 4))
    fields.append((_code(record.temperature_degC, 1.0, -float(_TEMPERATURE_OFFSET), _ABSENT_TEMPERATURE), 7))
    packed, position = 0, 0
    for value, bits in fields:
        packed |= value << position
        position += bits
    return packed.to_bytes(16, "little")


def _checked(name: str, value: int, bits: int) -> int:
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name}: {value} is not allowed; allowed: 0..{(1 << bits) - 1}")
    return value


def _cell_code(voltage_V: float | None) -> int:
    if voltage_V is None or math.isnan(voltage_V):
        return _ABSENT_CELL
    return round(min(max((voltage_V - _FIRST_CELL_V) / _STEP_V, 0.0), float(_HIGH_CELL)))


def _code(value: float | None, step: float, first: float, absent: int) -> int:
    """Code of a linear field whose largest code means absent; saturating."""
    if value is None or math.isnan(value):
        return absent
    return round(min(max((value - first) / step, 0.0), float(absent - 1)))


def advertisement(payload: bytes, record: int, key: ReadoutKey, count: int, model: int = MODEL_BATTERY) -> bytes:
    """Manufacturer data (without the company id): header, nonce, first key byte, encrypted payload."""
    nonce = key.nonce(count)
    counter = Counter.new(128, initial_value=nonce, little_endian=True)
    secret = AES.new(key.key, AES.MODE_CTR, counter=counter).encrypt(payload)
    head = bytes((0x10, 0x02)) + model.to_bytes(2, "little") + bytes((record,))
    return head + nonce.to_bytes(2, "little") + key.key[:1] + secret


def battery_record(
    measurements: Measurements, commands: Commands, state: State, settings: Settings, battery: int
) -> BatteryRecord:
    """What battery `battery` (from 0) tells; its alarms come from its own cells."""
    first = battery * CELLS_PER_BATTERY
    cells = measurements.cell_voltage_V[first : first + CELLS_PER_BATTERY]
    degC = measurements.cell_temperature_degC[first : first + CELLS_PER_BATTERY] or (math.nan,)
    known = [v for v in cells if math.isfinite(v)]
    complete = len(known) == CELLS_PER_BATTERY
    return BatteryRecord(
        flags=int(_flags(known, degC, complete, commands, state, settings, battery)),
        error=0,
        cell_voltage_V=tuple(v if math.isfinite(v) else None for v in cells),
        voltage_V=sum(known) if complete else None,
        balancer=BALANCER_UNKNOWN,
        temperature_degC=max((t for t in degC if math.isfinite(t)), default=None),
    )


def _flags(
    cells: list[float], degC: tuple[float, ...], complete: bool, commands: Commands, state: State, settings: Settings,
    battery: int,
) -> Flag:
    """Alarm bits of one battery."""
    f, plan = settings.firmware, settings.plan
    load_V = settings.battery_thresholds[battery].load_disconnect_V if plan.load_V else None
    alarm_V = plan.start_V[battery if len(plan.start_V) > 1 else 0]
    if load_V is None:
        load_V = settings.battery_thresholds[0].load_disconnect_V if settings.battery_thresholds else 2.8
    low, high = min(cells, default=math.inf), max(cells, default=-math.inf)
    broken = not complete or bool({Fault.CELL_SENSOR_RANGE, Fault.CELL_SENSOR_FROZEN} & set(state.faults))
    rows = (
        (high > f.cell_high_V, Flag.OVER_VOLTAGE_ALARM),
        (high > f.cell_high_release_V, Flag.OVER_VOLTAGE_WARNING),
        (low < load_V, Flag.UNDER_VOLTAGE_ALARM),
        (low < alarm_V, Flag.UNDER_VOLTAGE_WARNING),
        (max(degC) > f.cell_hot_degC, Flag.OVER_TEMPERATURE_ALARM),
        (max(degC) > f.cell_hot_release_degC, Flag.OVER_TEMPERATURE_WARNING),
        (min(degC) < f.cell_cold_degC, Flag.UNDER_TEMPERATURE_ALARM),
        (broken, Flag.HARDWARE_FAILURE),
        (commands.charge_allowed, Flag.CHARGE_ALLOWED),
        (commands.load_output, Flag.DISCHARGE_ALLOWED),
    )
    found = Flag(0)
    for holds, flag in rows:
        if holds:
            found |= flag
    return found


def encode_bms_experimental(input_V: float, battery_V: float, system_V: float) -> bytes:
    """Plain payload of record 0x0E as far as the one public capture tells: three voltages of 0.01 V at byte 3.

    Experimental: which voltage is which, and every other byte, is unknown; those are zero.
    """
    codes = [_code(v, 0.01, 0.0, 0xFFFF).to_bytes(2, "little") for v in (input_V, battery_V, system_V)]
    return bytes(3) + b"".join(codes) + bytes(5)
