"""The command `export` for waveforms: what it writes, lists and refuses; decks are in tests/cosim/record."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cosim.result import Result
from tests.cosim.cli.called import code_of


@pytest.fixture
def saved(plausible_result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    plausible_result.save(tmp_path / "run", picture=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


ENDINGS = [("a.csv", ""), ("a.parquet", ""), ("a.nc", ""), ("a.raw", ""), ("lt.raw", "ltspice"), ("a.vcd", "")]


@pytest.mark.parametrize(("name", "format"), ENDINGS)
def test_a_result_equals_its_own_export(
    name: str, format: str, saved: Path, plausible_result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every format, slow record and a window: no deviation; and a planted change of one point is seen."""
    option = ["--format", format] if format else []
    assert code_of("export", "run", "slow", "-o", name, *option) == 0
    assert f"file: {name} (" in capsys.readouterr().out
    assert code_of("compare", name, "run") == 0
    told = capsys.readouterr().out
    assert ", 0 of it at" in told and "passed" in told, "the nearest to its tolerance uses nothing of it"
    changed = "alternator_enabled" if name.endswith("vcd") else "port_current_A"
    wave = plausible_result.slow[changed].values
    wave[wave.size // 2 : wave.size // 2 + 5] += 2.0
    plausible_result.save(saved / "changed", picture=False)
    assert code_of("compare", name, "changed") == 1
    assert f"FAILED slow/{changed}" in capsys.readouterr().out
    assert code_of("export", "run", "load_step", "-o", name, *option) == 0
    assert code_of("compare", name, "run") == 0


def test_signals_and_a_table_for_pandas(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("export", "run", "slow", "-o", "a.csv", "--signals", "port*", "--signals", "cell_voltage*") == 0
    assert "5 signals" in capsys.readouterr().out
    frame = pd.read_csv("a.csv")
    assert list(frame.columns[:3]) == ["time_s", "slow/port_current_A [A]", "slow/cell_voltage_V[1] [V]"]
    slow = Result.load(saved / "run").slow
    assert np.array_equal(frame["slow/port_current_A [A]"], slow.port_current_A.values)


def test_list_tells_what_there_is(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("export", "run", "--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["slow", "000_cranking", "001_enable", "002_load_step", "003_disable"]
    slow = Result.load(saved / "run").slow
    assert f"{slow.time_s.size} points" in lines[0] and "command: enable" in lines[2]
    assert code_of("export", "run", "slow", "--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:2] == ["port_current_A", "A"] for line in lines)
    assert any(line.split()[:3] == ["alternator_enabled", "1", "bit"] for line in lines)
    assert list(saved.iterdir()) == [saved / "run"], "it writes nothing"


@pytest.mark.parametrize(("arguments", "words"), [
    (["run"], "WINDOW: missing"), (["run", "slow"], "--output: missing"), (["run", "slow", "-o", "a.docx"], ".docx"),
    (["run", "slow", "-o", "a"], "no ending"), (["run", "slow", "-o", "a.csv", "--format", "xls"], "'xls'"),
    (["run", "short", "-o", "a.csv"], "no such window"), (["run", "slow", "-o", "a.cir"], "no such window"),
    (["run", "slow", "-o", "a.csv", "--native"], "a deck (.cir)"),
    (["run", "enable", "-o", "a.cir", "--signals", "x"], "waveforms alone"),
    (["run", "slow", "-o", "a.csv", "--signals", "port_curent_A"], "did you mean"),
    (["run", "slow", "-o", "absent/a.csv"], "a file that can be written"), (["absent", "--list"], "no such folder"),
    (["run", "slow", "-o", "a.vcd", "--signals", "*_A"], "none is digital"), (["run", "x", "--list"], "no such window"),
])
def test_bad_input_is_one_line(
    arguments: list[str], words: str, saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("export", *arguments) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and words in told.err
    assert list(saved.iterdir()) == [saved / "run"]
