"""The command `compare`: exit codes, one line for bad input, measured files, alignment, fit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cosim.cli import app as cli
from cosim.result import Result
from tests.cosim.cli import called


def code_of(*arguments: str) -> int:
    return called.code_of("compare", *arguments)


@pytest.fixture
def saved(plausible_result: Result, tmp_path: Path) -> Path:
    """A result directory, and beside it one whose slow port current is 3 A higher."""
    plausible_result.save(tmp_path / "golden", picture=False)
    plausible_result.slow["port_current_A"] = plausible_result.slow["port_current_A"] + 3.0
    plausible_result.save(tmp_path / "changed", picture=False)
    return tmp_path


def needs_picture(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["compare.html", "compare.json", "compare.png"]


def test_exit_codes_and_report(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    golden, changed, out = (str(saved / name) for name in ("golden", "changed", "out"))
    assert code_of(golden, golden) == 0
    assert "signals agree; 7 events, 0 of them different" in capsys.readouterr().out
    assert code_of(golden, changed, "-o", out) == 1
    told = capsys.readouterr()
    assert told.err == "" and "FAILED slow/port_current_A: at" in told.out and f"report: {out}/compare.html" in told.out
    needs_picture(saved / "out")
    assert json.loads((saved / "out" / "compare.json").read_text())["passed"] is False
    rules = saved / "tol.yaml"
    rules.write_text("signals: {slow/port_current_A: {absolute: 3.5}}\n")
    assert code_of(golden, changed, "--tolerances", str(rules)) == 0


@pytest.mark.parametrize(("arguments", "words"), [
    (["golden", "absent"], "absent: no such file or folder"), (["golden", "tol.yaml"], "a scenario with --fit"),
    (["golden"], "result"), (["golden", "golden", "--tolerances", "absent.yaml"], "absent.yaml"),
    (["golden", "golden", "-o", "."], "which is not part of an older comparison"),
    (["golden", "golden", "--align"], "signals of one record"), (["golden", "x.yaml", "--fit", "a"], "PATH=LOW:HIGH"),
    (["golden", "x.yaml", "--fit", "a=1:2", "--align"], "one of the two"),
])
def test_bad_input_is_one_line(
    arguments: list[str], words: str, saved: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(saved)
    (saved / "tol.yaml").write_text("default: {}\n")
    assert code_of(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and words.lower() in captured.err.lower()


def test_a_measured_file_is_mapped_and_aligned(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A logger that began 100 s into the drive, in milliampere and minutes, with a clock of its own."""
    slow = Result.load(saved / "golden").slow
    time_s, current_A = slow.time_s.values[100:].tolist(), slow.port_current_A.values[100:].tolist()
    rows = [f"{(t - 100.0) / 60.0!r},{1e3 * i!r}" for t, i in zip(time_s, current_A, strict=True)]
    (saved / "logger.csv").write_text("\n".join(["t,i", *rows]) + "\n")
    (saved / "map.yaml").write_text(
        "time: {column: t, unit: min}\nsignals: {slow/port_current_A: {column: i, unit: mA}}\n")
    arguments = [str(saved / "logger.csv"), str(saved / "golden"), "--map", str(saved / "map.yaml")]
    assert code_of(*arguments) == 1
    capsys.readouterr()
    assert code_of(*arguments, "--align") == 0
    told = capsys.readouterr().out
    assert "aligned: the result is moved by -100 s (correlation 1.000)" in told
    assert "only in the result" not in told
    assert code_of(str(saved / "logger.csv"), str(saved / "changed"), "--map", str(saved / "map.yaml"), "--align") == 1


def test_a_fit_runs_the_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A supply behind a resistance, measured at 0.07 ohm; the fit begins at 0.11 ohm."""
    scenario = tmp_path / "tiny.yaml"
    scenario.write_text(
        "name: tiny\nsource: {kind: supply, emf_V: [[0, 15.0]], resistance_ohm: 0.07}\nduration_s: 6\n"
        "bank: {soc: 0.5}\nrecording: {period_s: 0.1}\n")
    cli.main(["run", str(scenario), "-o", str(tmp_path / "real")])
    slow = Result.load(tmp_path / "real").slow
    noise = np.random.default_rng(0).normal(0.0, 0.02, slow.sizes["time_s"])
    current_A = (slow.port_current_A.values + noise).tolist()
    rows = [f"{t!r},{i!r}" for t, i in zip(slow.time_s.values.tolist(), current_A, strict=True)]
    (tmp_path / "m.csv").write_text("\n".join(["time_s,slow/port_current_A", *rows]) + "\n")
    scenario.write_text(scenario.read_text().replace("0.07", "0.2"))
    capsys.readouterr()
    code = code_of(str(tmp_path / "m.csv"), str(scenario), "--fit", "source.resistance_ohm=0.02:0.2", "-o",
                   str(tmp_path / "fit"))
    told = capsys.readouterr()
    assert code == 0, told.out
    content = json.loads((tmp_path / "fit" / "compare.json").read_text())["fit"]
    found = content["parameters"]["source.resistance_ohm"]
    assert found["value"] == pytest.approx(0.07, rel=0.02)
    assert abs(found["value"] - 0.07) < 4.0 * found["standard_error"] < 0.01
    assert "fitted source.resistance_ohm = 0.0" in told.out and told.err == ""
