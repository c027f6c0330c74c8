"""The page `docs/fmu.md`: its table is that of the unit, its example runs, its commands exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pythonfmu", reason="the extra `fmi` is not installed")
pytest.importorskip("fmpy", reason="the extra `fmi` is not installed")

import bms
from cosim.fmu.build import build_fmu
from cosim.fmu.table import markdown
from cosim.fmu.variables import Built, variables_of
from cosim.paths import ROOT

PAGE = (ROOT / "docs" / "fmu.md").read_text(encoding="utf-8")


def test_the_table_is_that_of_the_unit() -> None:
    shown = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert shown == markdown(variables_of(Built(bms.Settings()))), "python -m cosim.fmu.table prints the present one"


def test_a_bank_has_the_same_table() -> None:
    """Rows stand for all elements of a list, so the page holds for any number of batteries."""
    assert markdown(variables_of(Built(bms.Settings(battery_count=3)))) == markdown(variables_of(Built(bms.Settings())))


def test_the_example_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """12.4 to 14.2 V within 5 s from 5 s on: 13 V at 6.67 s, seen at 6.7 s, on at 7.2 s, shown at 7.3 s."""
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    build_fmu(tmp_path / "bms_supervisor.fmu", bms.Settings())
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(block, "docs/fmu.md", "exec"), names)
    assert names["started_s"] == pytest.approx(7.3) and names["limit_A"] == 54.0


def test_the_refusal_on_the_page_is_the_real_one() -> None:
    with pytest.raises(bms.SettingsError) as caught:
        bms.Settings(fuse_rating_A=70)
    assert f"    {caught.value}\n" in PAGE
