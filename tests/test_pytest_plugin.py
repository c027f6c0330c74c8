"""The plugin in a pytest of its own, as another repository has it: what it loads, writes, compares and says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosim.paths import ROOT

TEST = """
import numpy as np

def test_rise(waveform_regression):
    t = np.linspace(0.0, 1.0, 500)
    waveform_regression({"i_A": (t, SCALE * t)}, "the line SCALE x t", tolerances={"units": {"A": {"absolute": 0.1}}})
"""
LIGHT = """
import sys

def test_nothing_of_ours_is_loaded():
    heavy = {"numpy", "xarray", "scipy", "matplotlib", "numba", "PySpice", "cosim", "models", "bms"}
    assert not heavy & set(sys.modules)
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Pytest in another folder, with the plugin by name, and nothing else of ours."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "bms_cosim_pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def other_repository(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_mine.py").write_text(TEST.replace("SCALE", "10.0"))
    return tmp_path


def test_written_compared_and_failed_with_an_overlay(other_repository: Path) -> None:
    written = run_pytest(other_repository, "--regenerate-golden")
    path = other_repository / "golden" / "test_mine" / "test_rise.npz"
    assert written.returncode == 0 and path.is_file()
    assert "nothing compared" in written.stdout and str(path) in written.stdout
    good = run_pytest(other_repository)
    assert good.returncode == 0 and "nothing compared" not in good.stdout
    (other_repository / "test_mine.py").write_text(TEST.replace("SCALE", "11.0"))
    bad = run_pytest(other_repository, "--waveform-failures", "overlays")
    picture = other_repository / "overlays" / "test_mine" / "test_rise" / "compare.png"
    assert bad.returncode == 1 and picture.is_file()
    assert f"overlay: {picture}" in bad.stdout and "made by: the line" in bad.stdout


def test_a_repository_that_does_not_use_it_pays_nothing(tmp_path: Path) -> None:
    """Not even where it has a folder `models` of its own, which `cosim` would complain about."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    (tmp_path / "test_light.py").write_text(LIGHT)
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
