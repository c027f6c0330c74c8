"""Figures of README.md and docs: made by `make figures`, all there, small, and no other."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from cosim.paths import ROOT
from cosim.plot.styles import BLUE, GREEN, ORANGE, RED

FOLDER = ROOT / "docs" / "figures"
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("figures", ROOT / "scripts" / "figures.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named() -> set[str]:
    """Names of figures in `docs/figures` that README.md and the pages of docs show or link."""
    found = set(re.findall(r"\(docs/figures/([\w.-]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")))
    for page in (ROOT / "docs").glob("*.md"):
        found |= set(re.findall(r"\(figures/([\w.-]+)\)", page.read_text(encoding="utf-8")))
    return found


def test_what_is_named_is_made_and_is_there(script: ModuleType) -> None:
    made = {one.name for one in script.FIGURES}
    assert named() == made
    assert {path.name for path in FOLDER.iterdir()} == made


def test_they_are_small_and_as_wide_as_a_page() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES
    for path in FOLDER.glob("*.png"):
        with Image.open(path) as image:
            assert image.size[0] == 800, path


def test_make_figures_runs_the_script_which_lists_them(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert "figures: setup\n\t@$(BIN)/python scripts/figures.py\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    script.main(["--list"])
    assert capsys.readouterr().out.split() == [f"docs/figures/{one.name}" for one in script.FIGURES]
    with pytest.raises(SystemExit) as stop:
        script.main(["none.png"])
    assert stop.value.code == 2 and "hour_to_microsecond.png" in capsys.readouterr().err


def test_thin_lines_keep_their_colour() -> None:
    """Few colours, chosen by how often they are, drew the thin red line of a temperature in its neighbour's orange."""
    with Image.open(FOLDER / "waveforms.png") as image:
        seen = np.asarray(image.convert("RGB"), dtype=int).reshape(-1, 3)
    for colour in (RED, ORANGE, BLUE, GREEN):
        wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
        assert int((np.abs(seen - wanted).max(axis=1) < 12).sum()) > 20, colour
