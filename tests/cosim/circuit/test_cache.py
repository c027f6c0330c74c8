"""The cache on disk gives back what was stored, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cosim.circuit import cache
from cosim.paths import ROOT


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_was_stored_comes_back_to_the_bit() -> None:
    value = {"a": 0.1 + 0.2, "b": [1e-300, -0.0]}
    cache.store("kind", "key", value)
    assert cache.load("kind", "key") == value
    assert cache.load("kind", "other") is None


@pytest.mark.parametrize("damage", ["half", "edited", "foreign", "empty"])
def test_a_damaged_file_counts_as_absent(own_folder: Path, damage: str) -> None:
    cache.store("kind", "key", {"a": 1.5})
    file = own_folder / "kind-key.json"
    text = file.read_text()
    file.write_text({"half": text[: len(text) // 2], "edited": text.replace("1.5", "1.6"), "foreign": "[1]",
                     "empty": ""}[damage])
    assert cache.load("kind", "key") is None


def test_an_unwritable_folder_is_no_error(own_folder: Path) -> None:
    own_folder.write_text("a file where the folder should be")
    cache.store("kind", "key", {"a": 1})
    assert cache.load("kind", "key") is None


def test_nothing_temporary_is_left(own_folder: Path) -> None:
    cache.store("kind", "key", {"a": 1})
    assert [f.name for f in own_folder.iterdir()] == ["kind-key.json"]


MAKE = """
import sys, time
from cosim.circuit import cache
with cache.made_once("kind", "key"):
    if cache.load("kind", "key") is None:
        time.sleep(0.5)
        cache.store("kind", "key", {"made by": int(sys.argv[1])})
        print("made")
"""


def test_two_processes_that_want_the_same_make_it_once(own_folder: Path) -> None:
    """Each looks, waits half a second and stores; without the lock both would find nothing."""
    both = [
        subprocess.Popen([sys.executable, "-c", MAKE, str(n)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for n in range(2)
    ]
    said = [process.communicate()[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(said) == ["", "made"]
    assert [f.name for f in own_folder.iterdir()] == ["kind-key.json"]


def test_a_folder_that_cannot_hold_a_lock_makes_nobody_wait(own_folder: Path) -> None:
    own_folder.write_text("a file where the folder should be")
    with cache.made_once("kind", "key"):
        cache.store("kind", "key", {"a": 1})
    assert cache.load("kind", "key") is None


def test_borders_between_key_parts_count() -> None:
    assert cache.content_key("ab", "c") != cache.content_key("a", "bc")
