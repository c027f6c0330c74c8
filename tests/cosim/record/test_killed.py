"""A run that is killed leaves no broken cache and no half result: what is there is whole, and the next run works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cosim.circuit import cache
from cosim.paths import ROOT
from cosim.record.leftovers import clear_leftovers, is_running
from cosim.result import Result

DIE = "import os, signal\ndef die(*a, **k): os.kill(os.getpid(), signal.SIGKILL)\n"

SAVE = DIE + """
import sys
import numpy as np, xarray as xr
from cosim.record import leftovers
from cosim import result
slow = xr.Dataset({"soc": ("time_s", np.full(10, float(sys.argv[2])))}, {"time_s": np.arange(10.0)})
made = result.Result(slow, {}, [], {"scenario": "killed"})
if sys.argv[3] == "writing":
    result.json.dumps = die
elif sys.argv[3] == "moving":
    leftovers.move_into_place = die
elif sys.argv[3] == "between":
    rename = result.Path.rename
    def first_only(self, goal):
        rename(self, goal)
        die()
    result.Path.rename = first_only
made.save(sys.argv[1], picture=False)
"""

STORE = DIE + """
from cosim.circuit import cache
cache.store("kind", "key", {"a": 1.0})
cache.os.replace = die
cache.store("kind", "key", {"a": 2.0})
"""

SCENARIO = """
name: killed
source: {kind: supply, emf_V: [[0, 14.4]], resistance_ohm: 0.004}
duration_s: 2
"""


def python(*arguments: str) -> int:
    """Exit code of Python in a process of its own."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False).returncode


@pytest.mark.parametrize("moment", ["writing", "moving", "between"])
def test_killed_while_saving_leaves_the_old_result_or_nothing(tmp_path: Path, moment: str) -> None:
    """The old result stands (or comes back with the next save), and no folder of the dead writer stays."""
    target = tmp_path / "result"
    if moment != "between":  # that one kills at the first rename, which a new place does not have
        assert python("-c", SAVE, str(target), "1", moment) == -signal.SIGKILL
        assert not target.exists() and len(list(tmp_path.iterdir())) == 1
    assert python("-c", SAVE, str(target), "2", "never") == 0
    assert python("-c", SAVE, str(target), "3", moment) == -signal.SIGKILL
    clear_leftovers(target)
    assert float(Result.load(target).slow.soc[0]) == 2.0
    assert python("-c", SAVE, str(target), "4", "never") == 0
    assert float(Result.load(target).slow.soc[0]) == 4.0
    assert list(tmp_path.iterdir()) == [target]


def test_leftovers_of_the_living_and_of_others_stay(tmp_path: Path) -> None:
    kept = [f".result.{os.getpid()}.part", ".result.note.part", ".other.999999999.part", "result"]
    for name in kept:
        (tmp_path / name).mkdir()
    (tmp_path / ".result.999999999.part").mkdir()
    clear_leftovers(tmp_path / "result")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    assert is_running(os.getpid()) and not is_running(999999999)


def test_killed_while_storing_leaves_the_old_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path))
    assert python("-c", STORE) == -signal.SIGKILL
    assert cache.load("kind", "key") == {"a": 1.0}
    cache.store("kind", "key", {"a": 3.0})
    assert cache.load("kind", "key") == {"a": 3.0}


@pytest.mark.long
def test_a_run_killed_at_any_time_can_be_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a cache that is empty at first: killed while it measures the circuit, then while it simulates."""
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path / "cache"))
    scenario, target = tmp_path / "killed.yaml", tmp_path / "out" / "result"
    scenario.write_text(SCENARIO)
    command = [sys.executable, "-m", "cosim", "run", str(scenario), "-o", str(target)]

    def stored() -> list[Path]:
        return list((tmp_path / "cache").glob("characteristic-*.json"))

    for phase in ("measuring", "simulating"):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2.0)
        while phase == "simulating" and not stored():
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert not target.exists()
        for file in stored():
            assert cache.load("characteristic", file.stem.partition("-")[2]) is not None
    assert len(stored()) == 1
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    assert Result.load(target).windows
    assert [path.name for path in target.parent.iterdir()] == ["result"]
    assert len(stored()) == 1
