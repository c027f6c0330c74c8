"""`bms-cosim validate`: files, exit codes, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from cosim.cli import app as cli
from cosim.errors import InputError
from cosim.validation import report
from cosim.validation.figure import within
from cosim.validation.register import Checked


def checked(value: float = 1.5) -> dict[str, Checked]:
    return {"cable": Checked([within("cable_test_V", value, "V", 1.0, 2.0, "ours", "hand")], Figure())}


def exit_code(*words: str) -> int:
    try:
        cli.main(list(words))
    except SystemExit as stop:
        return int(str(stop.code))
    return 0


def test_files_of_a_validation(tmp_path: Path) -> None:
    report.save(checked(), tmp_path / "v")
    assert sorted(path.name for path in (tmp_path / "v").iterdir()) == ["cable.png", "validation.json"]
    table = json.loads((tmp_path / "v" / "validation.json").read_text())
    assert table["cable_test_V"]["value"] == 1.5 and table["cable_test_V"]["passed"] is True


def test_an_older_validation_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    report.save(checked(), tmp_path / "v")
    report.save(checked(3.0), tmp_path / "v")
    assert json.loads((tmp_path / "v" / "validation.json").read_text())["cable_test_V"]["passed"] is False
    (tmp_path / "v" / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="thesis"):
        report.save(checked(), tmp_path / "v")
    assert (tmp_path / "v" / "thesis.tex").read_text() == "mine"


def test_a_failed_write_leaves_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report.save(checked(), tmp_path / "v")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(InputError, match="no space left"):
        report.save(checked(3.0), tmp_path / "v")
    assert json.loads((tmp_path / "v" / "validation.json").read_text())["cable_test_V"]["value"] == 1.5
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


def test_counts_by_status() -> None:
    figures = [*checked()["cable"].figures, *checked(9.0)["cable"].figures]
    assert report.counted(figures) == "within limits: 1 of 2 (validated 0 of 0, fitted 0 of 0, ours 1 of 2)"


def test_command_validates_one_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("validate", "cable", "-o", str(tmp_path / "v")) == 0
    out = capsys.readouterr().out
    assert "cable_50mm2_ampacity_relative" in out and "within limits: 9 of 9" in out
    assert (tmp_path / "v" / "cable.png").stat().st_size > 10_000


def test_command_says_that_a_check_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "check_of", lambda model: lambda data: checked(9.0)["cable"])
    assert exit_code("validate", "cable", "-o", str(tmp_path / "v")) == 1
    assert (tmp_path / "v" / "validation.json").is_file()


@pytest.mark.parametrize("words", [("turbine",), ("--data", "absent"), ("cable", "--colour")])
def test_bad_input_is_one_line(words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("validate", *words, "-o", str(tmp_path / "v")) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "v").exists()
