"""Entries, changes and influences."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import pytest

import bms
from cosim.studies.conformance.entry import Changes, Entry, Influence
from cosim.studies.conformance.limits import Status

CONTRACT = ("id", "requirement", "method", "status", "measured", "unit", "limit", "margin", "passed")


def test_a_measured_entry_holds_the_contract() -> None:
    told = Entry("A2", "A2.crank_peak_A", "a bench", "measured", 5.0).as_dict()
    assert set(CONTRACT) <= set(told)
    assert (told["measured"], told["unit"], told["limit"], told["margin"], told["passed"]) == (
        5.0, "A", "at most 20 A", 0.75, True)
    assert str(told["requirement"]).startswith("One-way")
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_gave_no_value_fails(value: float | None) -> None:
    told = Entry("A2", "A2.crank_peak_A", "a bench", "measured", value).as_dict()
    assert told["passed"] is False and told["measured"] is None and told["margin"] is None
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("status", ["assumed", "declared"])
def test_only_measured_entries_can_pass(status: Status) -> None:
    told = Entry("K4", "K4.page", "none", status, 1.0).as_dict()
    assert told["passed"] is None and told["limit"] == ""


@dataclass(frozen=True)
class Data:
    ohm: float = 2.0
    henry: float = 3.0


def test_data_of_a_bench_is_scaled() -> None:
    assert Changes(plant={"ohm": 1.5, "source.ohm": 9.0}).scaled(Data()) == Data(3.0, 3.0)


def test_settings_of_a_bench_without_scenario() -> None:
    settings = Changes(settings={"fuse_rating_A": 60}, firmware={"start_V": 13.3}).settings_of(battery_count=2)
    assert (settings.fuse_rating_A, settings.battery_count, settings.firmware.start_V) == (60, 2, 13.3)


def test_influences_vary_by_their_factor() -> None:
    assert Influence("circuit", "rs2", "alternator_path").changes(1.05).circuits == {
        "alternator_path": {"rs2": pytest.approx(0.42e-3)}}
    assert Influence("firmware", "weak_delay_ms").changes(0.95).firmware == {"weak_delay_ms": 9500}
    assert isinstance(Influence("firmware", "weak_delay_ms").changes(0.95).firmware["weak_delay_ms"], int)
    assert Influence("firmware", "start_V").changes(1.05).firmware["start_V"] == pytest.approx(13.65)
    assert Influence("plant", "bank.soc").changes(1.05).plant == {"bank.soc": 1.05}
    assert bms.FirmwareParameters().start_V == 13.0
