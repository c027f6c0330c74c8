"""Settings of the product (K1): what the user chooses, checked on construction.

`Settings.from_mapping` reads what a scenario file or a page gives, `as_mapping` gives it back; `applied_limits` tells
what follows.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

from bms import plan
from bms.constant import constant
from bms.errors import SettingsError, check_range
from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import RATINGS_A

CAPACITIES_AH = (50, 100, 160, 180, 200, 330)
"""Battery types (B6, manual): capacity at 25 degC [Ah]."""
CELLS_PER_BATTERY = 4
"""B1, datasheet."""


class Variant(StrEnum):
    """The two products."""

    STANDARD = "12-200"
    NG = "12-200 NG"


class PreAlarmMode(StrEnum):
    """Pre-alarm output (O4)."""

    CONTINUOUS = "continuous"
    INTERMITTENT = "intermittent"


class RemoteFunction(StrEnum):
    """What remote off does (R5..R7); `ports` exists on the NG only."""

    ALTERNATOR = "alternator"
    SYSTEM = "system"
    PORTS = "ports"


_CHOICES: tuple[tuple[str, type[StrEnum]], ...] = (
    ("variant", Variant), ("pre_alarm_mode", PreAlarmMode), ("remote_function", RemoteFunction),
)

FUNCTIONS_WITHOUT_PORTS = "alternator, system (ports: 12-200 NG only)"
MOST_BATTERIES: Mapping[Variant, int] = MappingProxyType({Variant.STANDARD: 10, Variant.NG: 50})
"""Batteries in parallel (B2, datasheet)."""


@dataclass(frozen=True)
class BatteryThresholds:
    """Thresholds set on one battery: load disconnect (B3) and pre-alarm (B4) per cell [V]."""

    load_disconnect_V: float = constant(2.8, 2.6, 2.8, "V", "datasheet B3")
    pre_alarm_V: float = constant(3.1, 2.85, 3.15, "V", "datasheet B4")

    def __post_init__(self) -> None:
        """Check the ranges; raises SettingsError."""
        for item in fields(self):
            meta = item.metadata
            check_range(item.name, getattr(self, item.name), meta["low"], meta["high"], meta["unit"])


@dataclass(frozen=True, repr=False)
class Settings:
    """Settings of one system; raises SettingsError with field, value and allowed range.

    Attributes
    ----------
    variant : Variant
        Product.
    battery_count : int
        Batteries in parallel: 1..10 (12-200), 1..50 (NG).
    battery_capacity_Ah : int
        Type of the batteries.
    fuse_rating_A : int
        Fuse in the alternator port: 40, 60, 80, 100 or 125 A.
    pre_alarm_mode : PreAlarmMode
        Continuous or intermittent.
    remote_function : RemoteFunction
        What remote off does.
    battery_thresholds : tuple of BatteryThresholds
        One per battery; empty for the defaults everywhere.
    instant_readout : bool
        Radio broadcast on (K2); lights the Bluetooth LED.
    firmware : FirmwareParameters
        Constants of the firmware.
    """

    variant: Variant = Variant.STANDARD
    battery_count: int = 1
    battery_capacity_Ah: int = 200
    fuse_rating_A: int = 100
    pre_alarm_mode: PreAlarmMode = PreAlarmMode.CONTINUOUS
    remote_function: RemoteFunction = RemoteFunction.ALTERNATOR
    battery_thresholds: tuple[BatteryThresholds, ...] = ()
    instant_readout: bool = False
    firmware: FirmwareParameters = field(default_factory=FirmwareParameters)

    def __post_init__(self) -> None:
        """Check every field."""
        for name, kind in _CHOICES:
            # A plain string is accepted and becomes the member, so that `is` works everywhere.
            object.__setattr__(self, name, _choice(name, getattr(self, name), kind))
        try:
            check_range("battery_count", self.battery_count, 1, MOST_BATTERIES[self.variant])
        except SettingsError as error:
            raise SettingsError(error.field, error.value, f"{error.allowed} ({self.variant})") from None
        _one_of("battery_capacity_Ah", self.battery_capacity_Ah, CAPACITIES_AH, "Ah")
        _one_of("fuse_rating_A", self.fuse_rating_A, RATINGS_A, "A")
        if not isinstance(self.instant_readout, bool):
            raise SettingsError("instant_readout", self.instant_readout, "true, false")
        if self.remote_function is RemoteFunction.PORTS and self.variant is not Variant.NG:
            raise SettingsError("remote_function", str(self.remote_function), FUNCTIONS_WITHOUT_PORTS)
        if len(self.battery_thresholds) not in (0, self.battery_count):
            allowed = f"no entry, or one per battery ({self.battery_count})"
            raise SettingsError("battery_thresholds", f"{len(self.battery_thresholds)} entries", allowed)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> Settings:
        """Return settings from a mapping of plain values (texts, numbers, lists, mappings); the rest keeps its default.

        Raises
        ------
        SettingsError
            For an unknown key (naming the nearest valid one) or a value that is not allowed.
        """
        given = _known(cls, mapping, "")
        values: dict[str, Any] = dict(given)
        for name, kind in _CHOICES:
            if name in values:
                values[name] = _choice(name, values[name], kind)
        if "battery_thresholds" in values:
            values["battery_thresholds"] = _thresholds(values["battery_thresholds"])
        if "firmware" in values and not isinstance(values["firmware"], FirmwareParameters):
            values["firmware"] = _nested(FirmwareParameters, values["firmware"], "firmware")
        return cls(**values)

    def __repr__(self) -> str:
        """What differs from the defaults; seventy constants of the firmware would hide it."""
        changed = [f"{name}={_plain(value)!r}" for name, (_, value) in difference_to_defaults(self).items()]
        return f"Settings({', '.join([f'variant={self.variant.value!r}', *changed])})"

    def _repr_html_(self) -> str:
        from bms.describe import settings_html  # which needs this module

        return settings_html(self)

    @cached_property
    def plan(self) -> plan.Plan:
        """What the supervisor derives from the settings, once."""
        each = self.battery_thresholds or (BatteryThresholds(),) * self.battery_count
        load_V, alarm_V = tuple(b.load_disconnect_V for b in each), tuple(b.pre_alarm_V for b in each)
        return plan.build(
            self.firmware, self.fuse_rating_A, self.battery_capacity_Ah, load_V, alarm_V, CELLS_PER_BATTERY
        )


@dataclass(frozen=True)
class AppliedLimits:
    """What is really applied, after rounding and limits.

    Attributes
    ----------
    current_limit_A : float
        Alternator limit before derating: min(0.9 x fuse, 100 A), on the 0.5 A grid (A3, A4).
    sense_reference_25_V : float
        Reference for that limit with the fuse at 25 degC.
    start_V, stop_V, weak_V : float
        Alternator port (A1).
    cell_high_V, cell_cold_degC, cell_hot_degC : float
        Charging stops beyond these (B5).
    battery_thresholds : tuple of BatteryThresholds
        One per battery.
    bank_current_A : float
        Largest charge current of the bank (A11).
    system_continuous_A, system_peak_A, system_peak_s : float
        Over-current ladder of System+ (S1, S2).
    alarm_lead_s : float
        From pre-alarm to load disconnect (O5).
    """

    current_limit_A: float
    sense_reference_25_V: float
    start_V: float
    stop_V: float
    weak_V: float
    cell_high_V: float
    cell_cold_degC: float
    cell_hot_degC: float
    battery_thresholds: tuple[BatteryThresholds, ...]
    bank_current_A: float
    system_continuous_A: float
    system_peak_A: float
    system_peak_s: float
    alarm_lead_s: float


def applied_limits(settings: Settings) -> AppliedLimits:
    """Return the limits that follow from the settings."""
    firmware, rating = settings.firmware, settings.plan.rating
    step = firmware.reference_step_V
    return AppliedLimits(
        current_limit_A=rating.full_A,
        sense_reference_25_V=round(rating.full_A * rating.fuse.resistance_25_ohm / step) * step,
        start_V=firmware.start_V,
        stop_V=firmware.stop_V,
        weak_V=firmware.weak_V,
        cell_high_V=firmware.cell_high_V,
        cell_cold_degC=firmware.cell_cold_degC,
        cell_hot_degC=firmware.cell_hot_degC,
        battery_thresholds=settings.battery_thresholds or (BatteryThresholds(),) * settings.battery_count,
        bank_current_A=settings.plan.bank_limit_A,
        system_continuous_A=float(firmware.system_continuous_A),
        system_peak_A=float(firmware.system_peak_A),
        system_peak_s=firmware.system_peak_ms * 1.0e-3,
        alarm_lead_s=firmware.alarm_lead_ms * 1.0e-3,
    )


def difference_to_defaults(settings: Settings) -> dict[str, tuple[object, object]]:
    """Return what differs from the defaults of the same variant: dotted name -> (default, value)."""
    return _difference(Settings(variant=settings.variant), settings, "")


def as_mapping(settings: Settings) -> dict[str, object]:
    """Return every setting as plain values (texts, numbers, lists, mappings); `Settings.from_mapping` reads them."""
    return {item.name: _plain(getattr(settings, item.name)) for item in fields(settings)}


def _plain(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return value


def _difference(default: object, value: object, prefix: str) -> dict[str, tuple[object, object]]:
    found: dict[str, tuple[object, object]] = {}
    if not is_dataclass(default):
        return found
    for item in fields(default):
        ours, theirs = getattr(default, item.name), getattr(value, item.name)
        if is_dataclass(ours):
            found |= _difference(ours, theirs, f"{prefix}{item.name}.")
        elif ours != theirs:
            found[prefix + item.name] = (ours, theirs)
    return found


E = TypeVar("E", bound=StrEnum)
D = TypeVar("D", BatteryThresholds, FirmwareParameters)


def _choice(name: str, value: object, kind: type[E]) -> E:
    if isinstance(value, str):
        for member in kind:
            if member == value:
                return member
    raise SettingsError(name, value, ", ".join(kind))


def _one_of(name: str, value: object, allowed: tuple[int, ...], unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in allowed:
        raise SettingsError(name, value, f"{', '.join(str(a) for a in allowed)} {unit}")


def _known(kind: type[Any], given: object, prefix: str) -> Mapping[str, object]:
    """Return the mapping if all its keys are fields of a dataclass."""
    names = [item.name for item in fields(kind)]
    if not isinstance(given, Mapping):
        raise SettingsError(prefix.rstrip(".") or "settings", given, "a mapping of names to values")
    for key in given:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else ", ".join(names)
            raise SettingsError(f"{prefix}{key}", given[key], f"no such setting; {hint}")
    return given


def _nested(kind: type[D], given: object, name: str) -> D:
    values = _known(kind, given, f"{name}.")
    try:
        return kind(**dict(values))  # type: ignore[arg-type]  # checked by the class itself
    except SettingsError as error:
        raise error.within(name) from None


def _thresholds(given: object) -> tuple[BatteryThresholds, ...]:
    name = "battery_thresholds"
    if not isinstance(given, list | tuple):
        raise SettingsError(name, given, "a list with one entry per battery")
    return tuple(
        item if isinstance(item, BatteryThresholds) else _nested(BatteryThresholds, item, f"{name}[{i}]")
        for i, item in enumerate(given)
    )
