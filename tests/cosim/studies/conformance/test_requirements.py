"""IDs of the requirements: complete, in order, each answered by a bench or told as missing."""

from __future__ import annotations

import re

import pytest

from cosim.paths import ROOT
from cosim.studies.conformance.requirements import order_of, requirements

COUNTS = {"A": 12, "S": 6, "B": 6, "O": 5, "R": 7, "C": 3, "K": 4, "G": 3}
"""Rows of each chapter of the requirements."""


def test_all_rows_are_there_in_order() -> None:
    expected = [f"{letter}{number}" for letter, count in COUNTS.items() for number in range(1, count + 1)]
    assert list(requirements()) == expected
    assert order_of("A1") == 0 and order_of("G3") == 45


def test_every_row_has_its_text() -> None:
    assert all(len(text) > 30 for text in requirements().values())
    assert "13.0 V" in requirements()["A1"]


def test_ids_are_those_of_the_document() -> None:
    document = ROOT.parent / "shared" / "requirements.md"
    if not document.is_file():
        document = ROOT.parent.parent / "shared" / "requirements.md"
    if not document.is_file():
        pytest.skip("the requirements' document is not part of the repository")
    assert re.findall(r"(?m)^\| ([A-Z]\d+) \|", document.read_text(encoding="utf-8")) == list(requirements())
