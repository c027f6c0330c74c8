"""Judging whole recordings: tolerances by rule, missing signals, units, ends, events; and what the report says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cosim.errors import InputError
from cosim.result import LoggedEvent
from cosim.studies.compare import report
from cosim.studies.compare.comparison import Comparison, compare
from cosim.studies.compare.events import compare_events
from cosim.studies.compare.recording import Recording
from cosim.studies.compare.tolerances import EventRule, load_tolerances, parse_tolerances

T = np.linspace(0.0, 10.0, 101)


def recording(name: str = "golden", **changes: Any) -> Recording:
    """Current, voltage and a window; a change is a function of the values, or None to leave the signal out."""
    events = [LoggedEvent(1.0, "supervisor", "on", "13.1 V"), LoggedEvent(5.0, "engine", "window", "")]
    out = Recording(name, events=events)
    signals = {"slow/port_current_A": ("A", T, 90.0 * np.sin(T)), "slow/battery_voltage_V": ("V", T, 13.0 + 0.1 * T),
               "windows/enable/port_current_A": ("A", T / 100.0, T)}
    for key, (unit, t, v) in signals.items():
        change = changes.get(key.replace("/", "_"), lambda x: x)
        if change is not None:
            out.add(key, unit, t, change(v))
    return out


def verdicts(found: Comparison) -> dict[str, str]:
    return {one.name: one.status for one in found.verdicts}


def test_the_same_agrees_and_a_small_change_does_not() -> None:
    assert compare(recording(), recording()).passed
    found = compare(recording(), recording(slow_port_current_A=lambda v: v * 1.03))
    assert verdicts(found) == {"slow/port_current_A": "failed", "slow/battery_voltage_V": "passed",
                               "windows/enable/port_current_A": "passed"}
    assert not found.passed and found.worst is not None and found.worst.name == "slow/port_current_A"


def test_a_missing_signal_fails_and_an_extra_one_is_told() -> None:
    found = compare(recording(), recording(slow_battery_voltage_V=None))
    assert verdicts(found)["slow/battery_voltage_V"] == "failed" and not found.passed
    assert "missing from the result" in found.failed[0].reason
    found = compare(recording(slow_battery_voltage_V=None), recording())
    assert found.passed and found.extra == ["slow/battery_voltage_V"]
    assert "only in the result, not compared: slow/battery_voltage_V" in report.lines(found)


def test_another_unit_fails() -> None:
    other = recording()
    other.add("slow/battery_voltage_V", "mV", T, 13.0 + 0.1 * T)
    found = compare(recording(), other)
    assert found.failed[0].reason == "unit mV, golden has V"


def test_ends_may_differ_by_the_span_and_only_the_overlap_on_request() -> None:
    short = recording()
    short.add("slow/battery_voltage_V", "V", T[:-5], 13.0 + 0.1 * T[:-5])
    found = compare(recording(), short)
    assert "golden runs 0 to 10 s, the result 0 to 9.5 s" in found.failed[0].reason
    assert compare(recording(), short, overlap=True).passed
    assert compare(recording(), short, parse_tolerances({"span_s": 0.5})).passed
    assert not compare(recording(), short, parse_tolerances({"span_s": 0.49})).passed


def test_no_time_in_common_fails_in_words() -> None:
    later = recording()
    later.add("slow/battery_voltage_V", "V", T + 100.0, 13.0 + 0.1 * T)
    assert "no time in common" in compare(recording(), later).failed[0].reason


def test_a_shift_moves_the_result() -> None:
    late = Recording("late")
    late.add("slow/port_current_A", "A", T + 3.0, 90.0 * np.sin(T))
    golden = recording(slow_battery_voltage_V=None, windows_enable_port_current_A=None)
    assert not compare(golden, late).passed
    assert compare(golden, late, shift_s=-3.0).passed


def test_later_rules_win_field_by_field() -> None:
    rules = parse_tolerances({
        "default": {"time_s": 0.5}, "units": {"A": {"absolute": 2.0}},
        "signals": {"slow/*": {"relative": 0.2}, "*/port_current_A": {"absolute": 3.0},
                    "slow/battery*": {"ignore": True}},
    })
    golden = recording()
    stated = rules.of(golden.signals["slow/port_current_A"])
    assert stated is not None
    assert (stated.tolerance.absolute, stated.tolerance.relative, stated.tolerance.time_s) == (3.0, 0.2, 0.5)
    assert stated.origin == {"absolute": "*/port_current_A", "relative": "slow/*", "time_s": "default",
                             "span_s": "the time tolerance"}
    assert rules.of(golden.signals["slow/battery_voltage_V"]) is None
    found = compare(golden, recording(slow_battery_voltage_V=None), rules)
    assert found.passed and found.ignored == ["slow/battery_voltage_V"]


def test_defaults_follow_unit_and_kind_of_record() -> None:
    rules, golden = parse_tolerances({}), recording()
    slow, window = (rules.of(golden.signals[f"{place}/port_current_A"]) for place in ("slow", "windows/enable"))
    assert slow is not None and window is not None
    assert (slow.tolerance.absolute, slow.tolerance.relative) == (0.5, 0.01)
    assert slow.tolerance.time_s == pytest.approx(0.1) and window.tolerance.time_s == 20e-6
    assert slow.origin["absolute"] == "default for A"
    golden.add("x", "lux", T, 5.0 * T)
    other = rules.of(golden.signals["x"])
    assert other is not None and other.tolerance.absolute == pytest.approx(0.05)


@pytest.mark.parametrize(("content", "words"), [
    ({"signals": {"slow/port_curent_A": {"absolute": 1.0}}}, "did you mean 'slow/port_current_A'"),
    ({"units": {"amp": {"absolute": 1.0}}}, "units.amp"),
    ({"events": {"ignore": ["onn"]}}, "did you mean 'on'"),
    ({"signals": {"*": {"ignore": True}}}, "every signal is ignored"),
])
def test_rules_that_fit_nothing_are_refused(content: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        compare(recording(), recording(), parse_tolerances(content), origin="tol.yaml")


@pytest.mark.parametrize(("text", "words"), [
    ("default: {absolut: 1.0}", "default.absolut: unknown key (allowed: did you mean 'absolute'"),
    ("default: {absolute: 0.0}", "default.absolute: 0.0"), ("default: {relative: 1.5}", "default.relative: 1.5"),
    ("default: {time_s: -1.0}", "default.time_s"), ("default: {absolute: yes}", "default.absolute"),
    ("- 1", "list"), ("a: [", "line"), ("default: {}\ndefault: {}", "given twice"), ("span_s: .nan", "span_s"),
])
def test_a_bad_file_is_one_line_with_field(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "tol.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as told:
        load_tolerances(path)
    assert words in str(told.value) and str(path) in str(told.value)


def log(*events: tuple[float, str]) -> list[LoggedEvent]:
    return [LoggedEvent(time_s, "supervisor", name, "d") for time_s, name in events]


@pytest.mark.parametrize(("golden", "result", "kinds"), [
    (log((1.0, "on"), (2.0, "off")), log((1.1, "on"), (2.0, "off")), []),
    (log((1.0, "on")), log((1.2, "on")), ["moved"]), (log((1.0, "on")), [], ["missing"]),
    ([], log((1.0, "on")), ["extra"]), (log((1.0, "on")), log((1.0, "off")), ["missing", "extra"]),
    (log((1.0, "on"), (3.0, "on"), (5.0, "on")), log((1.0, "on"), (5.0, "on")), ["missing"]),
    (log((1.0, "on"), (5.0, "on")), log((1.0, "on"), (3.0, "on"), (5.0, "on")), ["extra"]),
    (log((1.0, "on"), (1.05, "on")), log((1.02, "on")), ["missing"]),
])
def test_events_by_kind(golden: list[LoggedEvent], result: list[LoggedEvent], kinds: list[str]) -> None:
    found = compare_events(golden, result, EventRule(time_s=0.1))
    assert [one.kind for one in found.differences] == kinds
    assert found.passed == (not kinds)


def test_a_moved_event_fails_the_comparison_unless_ignored() -> None:
    other = recording()
    assert other.events is not None
    other.events[1] = other.events[1]._replace(time_s=6.0)
    found = compare(recording(), other)
    assert not found.passed and not found.failed
    assert "FAILED event engine: window moved by +1 s, from 5 s" in report.lines(found)
    assert compare(recording(), other, parse_tolerances({"events": {"ignore": ["window"]}})).passed
    assert compare(recording(), other, events=False).passed


def test_report_is_complete_and_self_contained(tmp_path: Path) -> None:
    found = compare(recording(), recording("<b>", slow_port_current_A=lambda v: v + 5.0))
    report.save(found, tmp_path / "out", ["a note & more"])
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(report.FILES)
    page = (tmp_path / "out" / report.HTML).read_text()
    assert "DOES NOT AGREE" in page and "a note &amp; more" in page and "&lt;b&gt;" in page and "<b>" not in page
    assert "data:image/png;base64," in page and not re.search(r"(src|href)=['\"](?!data:)", page)
    assert "default for A" in page
    content = json.loads((tmp_path / "out" / report.JSON).read_text())
    assert content["passed"] is False
    worst = content["signals"]["slow/port_current_A"]["worst"]
    assert worst["used"] > 5.0 and worst["outside_s"] > 2.0
    assert content["signals"]["slow/battery_voltage_V"]["passed"] is True
    assert (tmp_path / "out" / report.PICTURE).read_bytes()[:4] == b"\x89PNG"
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    report.save(found, tmp_path / "out", ["a note & more"])
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before, "replaced by the same bits"
    (tmp_path / "out" / "mine.txt").write_text("x")
    with pytest.raises(InputError, match=r"mine.txt"):
        report.save(found, tmp_path / "out")


def test_a_picture_can_be_drawn_when_nothing_could_be_compared() -> None:
    found = compare(recording(), Recording("empty"))
    assert not found.passed and report.png(found)[:4] == b"\x89PNG"


def test_a_comparison_shows_itself() -> None:
    """In a terminal its verdict and what failed, in a notebook every signal, the worst first and in bold."""
    found = compare(recording(), recording(slow_port_current_A=lambda v: v * 1.03))
    told = repr(found).splitlines()
    assert told[0] == "Comparison: DOES NOT AGREE" and told[1].startswith("FAILED ")
    assert repr(compare(recording(), recording())).startswith("Comparison: agrees\n")
    shown = found._repr_html_()
    worst = found.failed[0].name
    assert shown.index(f"<b>{worst}</b>") < min(
        shown.index(f">{one.name}<") for one in found.verdicts if one.status == "passed")
