"""Set-up says at what it is while it works for minutes, and shows all only when it fails."""

from __future__ import annotations

import sys

import pytest

from scripts import set_up

PIP = """
import time
print("Obtaining file:///somewhere", flush=True)
print("Collecting numpy<3,>=2.4 (from x==0.1.0)", flush=True)
time.sleep(0.6)
print("Installing collected packages: numpy, scipy, xarray", flush=True)
time.sleep(0.6)
"""


def test_long_work_is_told_by_stage_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    set_up.run_told([sys.executable, "-c", PIP], every_s=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.endswith(" collecting numpy") for line in lines)
    assert any(line.endswith(" unpacking 3 packages") for line in lines)
    assert lines[-1].startswith("set-up:   done in 0:0")
    assert all(line.startswith("set-up:   0:0") for line in lines[:-1])


def test_what_failed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(set_up.SetUpError, match="exit code 3"):
        set_up.run_told([sys.executable, "-c", "print('no such package'); raise SystemExit(3)"])
    shown = capsys.readouterr()
    assert "no such package" in shown.err and "done" not in shown.out


@pytest.mark.parametrize(("line", "told"), [
    ("Collecting llvmlite<0.49,>=0.48", "collecting llvmlite"), ("  Collecting dask[array]", "collecting dask"),
    ("Requirement already satisfied: numpy<3,>=2.4 in ./.venv/lib (2.5.1)", "found numpy"),
    ("Installing collected packages: a, b", "unpacking 2 packages"), ("  Using cached a.whl (3 kB)", ""), ("", ""),
])
def test_stages_of_pip(line: str, told: str) -> None:
    assert set_up.doing(line) == told


def test_a_time_reads_as_minutes() -> None:
    assert [set_up.minutes(s) for s in (0.4, 59.9, 60.0, 605.0)] == ["0:00", "0:59", "1:00", "10:05"]
