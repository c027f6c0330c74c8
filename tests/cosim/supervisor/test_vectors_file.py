"""Test vectors as files: what is written replays; a planted difference is found; a bad file is told in one line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import bms
from cosim.supervisor import vectors_file
from cosim.supervisor.supervision import Call, Supervision, in_order
from cosim.supervisor.vectors_file import VectorWriter
from tests.cosim.cli.called import code_of

SETTINGS = bms.Settings(variant=bms.Variant.NG, fuse_rating_A=60, remote_function=bms.RemoteFunction.PORTS)
NORMAL = bms.Measurements(
    14.2, 0.0, 13.3, 25.0, 25.0, (3.32, 3.33, 3.34, 3.35), (25.0, 25.0, 26.0, 25.0), system_current_A=-1 / 3,
    remote_L_V=0.0, hardware_latch=False,
)


def write(path: Path) -> Path:
    """Two minutes in which the source comes and a cell gets too high."""
    high = replace(NORMAL, cell_voltage_V=(3.3, 3.3, 3.3, 3.8))
    state = bms.State()
    with VectorWriter(path, SETTINGS) as writer:
        for second in range(120):
            seen, dt_ms = high if 40 < second < 60 else NORMAL, 1000 if second else 0
            state, commands, events, _ = bms.step(state, seen, SETTINGS, dt_ms / 1000)
            writer.write(Call(10 * second, dt_ms, seen, commands, events, state, None))
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "vectors.csv")


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_nobody_listening_costs_no_memory() -> None:
    plain = replace(NORMAL, system_current_A=None, remote_L_V=None, hardware_latch=None)
    assert Supervision.begin(SETTINGS, plain, 100).stepped(1, plain).calls is None
    heard = Supervision.begin(SETTINGS, plain, 100, keep=True).stepped(1, plain).stepped(11, plain)
    assert [(call.tick, call.dt_ms) for call in in_order(heard.calls)] == [(0, 0), (1, 100), (11, 1000)]


def test_what_was_written_replays(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rows_of(table)
    assert len(rows) == 120
    assert rows[7]["time_s"] == "7.0" and rows[7]["dt_ms"] == "1000"
    assert {row["charge_allowed"] for row in rows} == {"0", "1"}
    assert any("cell over-voltage" in row["events"] for row in rows)
    assert float(rows[0]["system_current_A"]) == -1 / 3 and rows[0]["battery_current_A"] == ""
    assert code_of("replay", str(table)) == 0
    told = capsys.readouterr()
    assert told.out == f"{table}: 120 calls, the supervisor agrees with every one\n" and told.err == ""
    assert code_of("replay", str(table.parent)) == 0, "a result directory will do"


def test_the_settings_stand_beside_it_all_of_them(table: Path) -> None:
    content = json.loads(table.with_suffix(".json").read_text())
    assert content["settings"]["fuse_rating_A"] == 60 and content["limits_applied"]["current_limit_A"] == 54.0
    assert len(content["settings"]["firmware"]) > 90
    assert vectors_file.read_settings(table.with_suffix(".json")) == SETTINGS


def test_a_planted_difference_is_told_with_line_and_column(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = table.read_text().splitlines()
    column = lines[0].split(",").index("alternator_enable")
    cells = lines[30].split(",")
    assert cells[column] == "1"
    cells[column] = "0"
    lines[30] = ",".join(cells)
    table.write_text("\n".join(lines) + "\n")
    assert code_of("replay", str(table)) == 1
    told = capsys.readouterr().out.splitlines()
    assert told == ["line 31, alternator_enable: expected '0', got '1'", f"{table}: 120 calls, 1 differences"]


def test_other_settings_differ_and_the_rest_is_counted(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = table.parent / "other.json"
    other.write_text(vectors_file.settings_text(replace(SETTINGS, fuse_rating_A=80)))
    assert code_of("replay", str(table), "--settings", str(other)) == 1
    told = capsys.readouterr().out.splitlines()
    assert len(told) == vectors_file.SHOWN + 1
    assert told[0] == "line 2, current_limit_A: expected '54.0', got '72.0'"
    assert "not shown" in told[-1]


def test_a_spreadsheet_may_have_been_at_it(table: Path) -> None:
    rows = rows_of(table)
    names = [name for name in reversed(list(rows[0])) if name != "time_s"]
    with table.open("w", encoding="utf-8-sig", newline="") as stream:  # byte order mark, CR LF, other order, quotes
        writer = csv.DictWriter(stream, names, extrasaction="ignore", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    assert code_of("replay", str(table)) == 0


def _cell(line: int, column: str, text: str) -> Callable[[str], str]:
    def change(content: str) -> str:
        lines = content.splitlines()
        cells = lines[line - 1].split(",")
        cells[lines[0].split(",").index(column)] = text
        lines[line - 1] = ",".join(cells)
        return "\n".join(lines) + "\n"

    return change


HOSTILE: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda text: "", "line 1, dt_ms: no such column"),
    "header only": (lambda text: text.splitlines()[0] + "\n", "no rows (allowed: at least one call)"),
    "semicolons": (lambda text: text.replace(",", ";"), "line 1, dt_ms: no such column"),
    "a column less": (lambda text: text.replace("led_active", "led_activ", 1), "line 1, led_active: no such column"),
    "cut off": (lambda text: text[: len(text) // 2], "too few values (allowed: one value per column)"),
    "too much": (lambda text: text + text.splitlines()[1] + ",5\n", "line 122: too many values"),
    "a word": (_cell(5, "input_voltage_V", "high"), "line 5, input_voltage_V: high (allowed: a number"),
    "no value": (_cell(5, "cell_voltage_V[1]", ""), "line 5, cell_voltage_V[1]: empty (allowed: a number"),
    "endless": (_cell(9, "dt_ms", "inf"), "line 9, dt_ms: inf (allowed: a whole number from 0 to 3600000)"),
    "huge": (_cell(9, "system_current_A", "1e308"), "line 9, system_current_A: 1e308"),
    "half a bit": (_cell(6, "load_output", "0.5"), "line 6, load_output: 0.5 (allowed: 0, 1)"),
    "a sensor that comes and goes": (_cell(6, "remote_L_V", ""), "line 6, remote_L_V: empty (allowed: a sensor is"),
    "open quote": (lambda text: text + '"', "line 122"),
    "a NUL": (lambda text: text.replace("25.0", "2\x005.0", 1), "line 2"),
    "a long value": (_cell(4, "heatsink_degC", "x" * 90_000), "line 4, heatsink_degC: xxxx"),
    "a value without end": (_cell(4, "heatsink_degC", "x" * 200_000), "line 4: field larger than"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_line(name: str, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change, expected = HOSTILE[name]
    table.write_text(change(table.read_text()))
    assert code_of("replay", str(table)) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and len(told.err) < 400
    assert str(table) in told.err and expected in told.err


@pytest.mark.parametrize(("content", "expected"), [
    (None, "No such file"), ("{", "no JSON"), ("[]", "format: list"), ('{"format": "x"}', "format: x"),
    ("[" * 100_000, "no JSON"),
    (json.dumps({"format": vectors_file.FORMAT, "settings": {"fuse_rating_A": 63}}), "settings.fuse_rating_A: 63"),
    (json.dumps({"format": vectors_file.FORMAT, "settings": [1]}), "settings"),
    (json.dumps({"format": vectors_file.FORMAT, "settings": {"battery_count": 3}}), "cell_voltage_V[4]"),
])
def test_settings_that_cannot_be_used(
    content: str | None, expected: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = table.with_suffix(".json")
    beside.unlink()
    if content is not None:
        beside.write_text(content)
    assert code_of("replay", str(table)) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and expected in told.err


def test_binary_and_absent_files(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table.write_bytes(b"\xff\xfe\x00")
    assert code_of("replay", str(table)) == 2
    assert "UTF-8 text" in capsys.readouterr().err
    assert code_of("replay", str(tmp_path / "nowhere.csv")) == 2
    assert "no such file" in capsys.readouterr().err
