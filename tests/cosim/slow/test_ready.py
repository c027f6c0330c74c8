"""What is not compiled yet is compiled before a command's work, and said; what is compiled is not touched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from numba.core import config

from cosim.errors import InputError
from cosim.paths import ROOT
from cosim.slow import ready


def compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, stamped: bool
) -> tuple[list[str], list[Path]]:
    """Lines said and folders started in, where the compiling processes end with `code`."""
    said: list[str] = []
    started: list[Path] = []

    def run(command: list[str], cwd: Path, **_: object) -> subprocess.CompletedProcess[bytes]:
        assert command[1:] == ["-m", "cosim.slow.warm_up"]
        assert said  # the first line is there before the minute, not after it
        started.append(cwd)
        return subprocess.CompletedProcess(command, code)

    stamp = tmp_path / "stamp"
    if stamped:
        stamp.touch()
    monkeypatch.setattr(ready, "stamp", lambda: stamp)
    monkeypatch.setattr(subprocess, "run", run)
    ready.compile_first(said.append)
    return said, started


def test_a_first_run_says_that_it_compiles_and_how_long_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, started = compiled(tmp_path, monkeypatch, 0, stamped=False)
    assert said == [
        "compiling the physics: about a minute, once after an installation or an edit", "compiled in 0 s"]
    assert started == [ROOT]  # `-m` would find the `models` of a user's folder


def test_a_second_run_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled(tmp_path, monkeypatch, 0, stamped=True) == ([], [])


def test_wrong_input_is_told_before_the_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong() -> None:
        raise InputError("my.yaml", "drive", "too short", "more")

    said: list[str] = []
    monkeypatch.setattr(ready, "stamp", lambda: tmp_path / "absent")
    with pytest.raises(InputError):
        ready.compile_first(said.append, wrong)
    assert said == []


def test_a_failure_is_the_runs_to_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, _ = compiled(tmp_path, monkeypatch, 1, stamped=False)
    assert said[1] == "not compiled after 0 s: the run does it on its way"


def test_the_stamp_lies_with_the_machine_code_and_names_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    ready.mark()
    (made,) = tmp_path.iterdir()
    assert made == ready.stamp() and "cpython-3" in made.name
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "absent"))
    ready.mark()  # nowhere to write: no error
    assert not ready.stamp().exists()
