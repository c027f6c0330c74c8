"""`bms-cosim fmu`: what it writes and says, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("pythonfmu", reason="the extra `fmi` is not installed")
pytest.importorskip("fmpy", reason="the extra `fmi` is not installed")

import fmpy.validation
from fmpy import read_model_description

import bms
from cosim.supervisor.vectors_file import settings_text
from tests.cosim.cli.called import code_of

SCENARIO = (
    "name: a\nsource: {kind: supply, emf_V: [[0, 13]]}\nduration_s: 1\nvariant: 12-200 NG\nbank: {batteries: 3}\n"
    "settings: {fuse_rating_A: 125, remote_function: ports, battery_thresholds: [{pre_alarm_V: 3.0}, {}, {}]}\n"
)


def starts(path: Path) -> dict[str, str]:
    return {v.name: v.start for v in read_model_description(str(path)).modelVariables}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_product_into_the_current_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("fmu") == 0
    told = capsys.readouterr()
    assert told.out == (
        "fmu: bms_supervisor.fmu (12-200, batteries: 1; 19 inputs, 119 parameters, 47 outputs)\nFMPy: no complaint\n")
    assert told.err == "" and [path.name for path in here.iterdir()] == ["bms_supervisor.fmu"]
    assert starts(here / "bms_supervisor.fmu")["fuse_rating_A"] == "100"


def test_settings_of_a_scenario_a_variant_and_a_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.yaml").write_text(SCENARIO)
    assert code_of("fmu", "a.yaml", "-o", "a.fmu", "--tick", "50") == 0
    found = starts(here / "a.fmu")
    assert (found["fuse_rating_A"], found["remote_function"], found["tick_ms"]) == ("125", "3", "50")
    assert (found["battery[1].pre_alarm_V"], found["battery[3].pre_alarm_V"]) == ("3.0", "3.1")
    assert "cell_voltage_V[12]" in found and "cell_voltage_V[13]" not in found
    (here / "vectors.json").write_text(settings_text(bms.Settings(fuse_rating_A=40)))
    assert code_of("fmu", "--settings", "vectors.json", "-o", "b.fmu") == 0
    assert starts(here / "b.fmu")["fuse_rating_A"] == "40"
    assert code_of("fmu", "--variant", "12-200 NG", "-o", "c.fmu") == 0
    assert "12-200 NG" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "expected"), [
    (["--variant", "12-300"], "--variant: 12-300 (allowed: 12-200, 12-200 NG)"),
    (["--settings", "v.json", "--variant", "12-200"], "--settings: v.json (allowed: left out: 12-200 says what"),
    (["--settings", "nowhere.json"], "nowhere.json: No such file"),
    (["nowhere.yaml"], "nowhere.yaml"),
    (["--tick", "300"], "--tick: 300 (allowed: a whole number of ms that divides firmware.sample_period_ms (1000))"),
    (["-o", "."], "--output: . (allowed: a file; this is a folder)"),
    (["-o", "nowhere/a.fmu"], "nowhere/a.fmu: No such file or directory (allowed: a file that can be written)"),
])
def test_bad_input(arguments: list[str], expected: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("fmu", *arguments) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and expected in told.err
    assert list(here.iterdir()) == []


def test_without_the_extra(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "pythonfmu", None)
    assert code_of("fmu") == 2
    assert "pythonfmu is not installed (allowed: the extra `fmi`)" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_a_complaint_of_fmpy_is_told_and_fails(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fmpy.validation, "validate_fmu", lambda path: [f"{path} is odd"])
    assert code_of("fmu", "-o", "a.fmu") == 1
    assert "FMPy: a.fmu is odd\n" in capsys.readouterr().out
