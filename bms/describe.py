"""The supervisor's tables: as Markdown, which `docs/supervisor.md` holds and a test compares, and settings as rows."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import fields
from enum import StrEnum
from typing import NamedTuple

from bms.events import REACTIONS
from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import RATINGS_A
from bms.predicates import LARGEST, Predicate, Side
from bms.settings import (
    CAPACITIES_AH,
    FUNCTIONS_WITHOUT_PORTS,
    MOST_BATTERIES,
    BatteryThresholds,
    PreAlarmMode,
    RemoteFunction,
    Settings,
    Variant,
    applied_limits,
)

Lines = list[str]
_Constants = BatteryThresholds | FirmwareParameters
_PRODUCT = {
    "variant": ("", "datasheet K1"), "battery_count": ("", "datasheet B2"), "battery_capacity_Ah": ("Ah", "manual B6"),
    "fuse_rating_A": ("A", "datasheet A3"), "pre_alarm_mode": ("", "datasheet O4"),
    "remote_function": ("", "datasheet R5..R7"), "instant_readout": ("", "datasheet K2"),
}
"""Unit and source of what is set on the product."""


def predicate_table(settings: Settings) -> Lines:
    """Every threshold: channel, trip, release, debounce, shortest time, schedule of the release."""
    lines = [
        "| predicate | watches | trips | releases | after [s] | for at least [s] | release judged every [s] |",
        "|---|---|---|---|---|---|---|",
    ]
    return lines + [_predicate_row(predicate) for predicate in settings.plan.predicates]


def _predicate_row(p: Predicate) -> str:
    trip, release = ("above", "at or below") if p.side is Side.ABOVE else ("below", "at or above")
    grid = f"{p.release_grid_ms / 1000:g}" if p.release_grid_ms > 1 else "call"
    cells = (
        p.name, p.channel, f"{trip} {p.trip:g}", f"{release} {p.release:g}", f"{p.trip_delay_ms / 1000:g}",
        f"{p.rest_ms / 1000:g}", grid,
    )
    return f"| {' | '.join(cells)} |"


def reaction_table() -> Lines:
    """What each fault does."""
    lines = ["| fault | reaction |", "|---|---|"]
    return lines + [f"| {fault} | {'; '.join(does) or 'warning'} |" for fault, does in REACTIONS.items()]


def range_table(settings: Settings) -> Lines:
    """Readings beyond which a sensor counts as broken, and within which idle predicates stay idle."""
    lines = ["| measurement | quiet from | quiet to |", "|---|---|---|"]
    return lines + [
        f"| {name} | {_end(low)} | {_end(high)} |" for name, (low, high) in settings.plan.quiet.items()
    ]


def _end(value: float) -> str:
    return "any" if abs(value) == LARGEST else f"{value:g}"


def setting_table() -> Lines:
    """What is set on the product and on its batteries, for both variants."""
    lines = ["| setting | default | allowed | source |", "|---|---|---|---|"]
    both = [[row for row in setting_rows(Settings(variant=v)) if not row.name.startswith("firmware.")] for v in Variant]
    for one, other in zip(*both, strict=True):
        name = one.name.replace("[all]", "[battery]")
        ng = other.allowed.removesuffix(f" ({Variant.NG})")
        allowed = one.allowed if one.allowed == other.allowed else f"{one.allowed}; {ng} ({Variant.NG})"
        default = str(one.value).lower() if isinstance(one.value, bool) else one.value
        lines.append(f"| `{name}` | {default} | {allowed} | {one.source} |")
    return lines


class SettingRow(NamedTuple):
    """One setting: dotted name, value, default of its variant, unit, what is allowed, source."""

    name: str
    value: object
    default: object
    unit: str
    allowed: str
    source: str

    @property
    def changed(self) -> bool:
        """Whether it differs from the default."""
        return self.value != self.default


class AppliedRow(NamedTuple):
    """One limit as it is really applied: name, value, unit."""

    name: str
    value: object
    unit: str


def setting_rows(settings: Settings) -> list[SettingRow]:
    """Every setting, those of the batteries one by one where they have their own, then the firmware's constants."""
    default = Settings(variant=settings.variant)
    rows = [_product_row(name, settings, default) for name in _PRODUCT]
    each = settings.battery_thresholds
    for place, battery in enumerate(each or (BatteryThresholds(),)):
        prefix = f"battery_thresholds[{place if each else 'all'}]"
        rows += _constant_rows(prefix, battery, BatteryThresholds())
    return rows + _constant_rows("firmware", settings.firmware, default.firmware)


def applied_rows(settings: Settings) -> list[AppliedRow]:
    """Limits that follow from the settings; thresholds of the batteries one by one where they have their own."""
    applied, rows = applied_limits(settings), []
    for item in fields(applied):
        value = getattr(applied, item.name)
        if item.name != "battery_thresholds":
            rows.append(AppliedRow(item.name, value, _unit(item.name)))
            continue
        each = value if settings.battery_thresholds else value[:1]
        for place, battery in enumerate(each):
            prefix = f"battery_thresholds[{place if settings.battery_thresholds else 'all'}]"
            rows += [AppliedRow(f"{prefix}.{f.name}", getattr(battery, f.name), "V") for f in fields(battery)]
    return rows


def settings_html(settings: Settings) -> str:
    """Tables for a notebook: what is set on the product, what of the firmware differs, and the limits that follow."""
    rows = setting_rows(settings)
    shown = [row for row in rows if row.changed or not row.name.startswith("firmware.")]
    told = [(row.name, row.value, row.unit, row.allowed, "" if not row.changed else f"default {row.default}")
            for row in shown]
    kept = len(rows) - len(shown)
    parts = [_html_rows("Settings", ("setting", "value", "unit", "allowed", "changed from"), told)]
    if kept:
        parts.append(f"<p>{kept} constants of the firmware as they are by default.</p>")
    applied = [(row.name, f"{row.value:g}" if isinstance(row.value, float) else row.value, row.unit)
               for row in applied_rows(settings)]
    return "".join((*parts, _html_rows("Limits that follow", ("limit", "value", "unit"), applied)))


def _html_rows(caption: str, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _product_row(name: str, settings: Settings, default: Settings) -> SettingRow:
    unit, source = _PRODUCT[name]
    variant = settings.variant
    allowed = {
        "variant": ", ".join(Variant),
        "battery_count": f"whole number 1..{MOST_BATTERIES[variant]} ({variant})",
        "battery_capacity_Ah": f"{', '.join(str(a) for a in CAPACITIES_AH)} Ah",
        "fuse_rating_A": f"{', '.join(str(a) for a in RATINGS_A)} A",
        "pre_alarm_mode": ", ".join(PreAlarmMode),
        "remote_function": ", ".join(RemoteFunction) if variant is Variant.NG else FUNCTIONS_WITHOUT_PORTS,
        "instant_readout": "true, false",
    }[name]
    return SettingRow(name, _said(getattr(settings, name)), _said(getattr(default, name)), unit, allowed, source)


def _constant_rows(prefix: str, value: _Constants, default: _Constants) -> list[SettingRow]:
    rows = []
    for item in fields(value):
        meta, name = item.metadata, item.name
        kind = "whole number" if isinstance(meta["low"], int) else "number"
        unit = "" if meta["unit"] == "1" else str(meta["unit"])
        allowed = f"{kind} {meta['low']:g}..{meta['high']:g} {unit}".rstrip()
        rows.append(
            SettingRow(f"{prefix}.{name}", getattr(value, name), getattr(default, name), unit, allowed, meta["source"])
        )
    return rows


def _said(value: object) -> object:
    return value.value if isinstance(value, StrEnum) else value


def _unit(name: str) -> str:
    return name.rsplit("_", 1)[-1]
