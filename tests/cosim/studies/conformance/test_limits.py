"""Limits: ranges, margins, words, and that each one says where it comes from."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from pydantic import ValidationError

from cosim.studies.conformance.limits import Limit, limit, limits, nominal_limit_A


def made(low: float | None = None, high: float | None = None) -> Limit:
    return Limit(text="a figure", unit="V", source="ours", low=low, high=high)


def test_ends_belong_to_the_range_and_nan_to_none() -> None:
    kept = made(1.0, 2.0)
    assert [kept.passed(v) for v in (0.999, 1.0, 1.5, 2.0, 2.001)] == [False, True, True, True, False]
    assert not kept.passed(math.nan)
    assert not made(high=2.0).passed(math.inf)


def test_margin_by_hand() -> None:
    assert made(1.0, 3.0).margin(2.0) == 1.0
    assert made(1.0, 3.0).margin(2.5) == 0.5
    assert made(1.0, 3.0).margin(4.0) == -1.0
    assert made(high=20.0).margin(5.0) == 0.75
    assert made(low=50.0).margin(75.0) == 0.5
    assert made(high=0.0).margin(2.0) == -2.0
    assert made(5.0, 5.0).margin(5.0) == 0.0
    assert made(5.0, 5.0).margin(4.0) == pytest.approx(-0.2)


def test_words() -> None:
    assert made(high=20.0).told() == "at most 20 V"
    assert made(low=1.5).told() == "at least 1.5 V"
    assert made(1.0, 2.0).told() == "1 to 2 V"
    assert made(1.0, 1.0).told() == "1 V"


@pytest.mark.parametrize("content", [{}, {"low": 2.0, "high": 1.0}, {"low": math.nan}, {"high": 1.0, "hgih": 2.0}])
def test_refused(content: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Limit.model_validate({"text": "a figure", "unit": "V", "source": "ours", **content})


def test_every_shipped_limit_names_its_row_its_unit_and_its_source() -> None:
    for name, kept in limits().items():
        row, figure = name.split(".")
        assert row[0] in "ASBORCKG" and row[1:].isdigit(), name
        assert kept.text and kept.unit and kept.source, name
        if kept.unit in ("A", "V", "s", "K", "mA", "mV", "us", "degC", "Ah"):
            assert figure.endswith(f"_{kept.unit}"), name


def test_an_unknown_limit_names_those_of_its_row() -> None:
    with pytest.raises(KeyError, match=r"A1\.start_threshold_V"):
        limit("A1.strat_threshold_V")


def test_a_doubled_name_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text("A1.x_V: {text: a, unit: V, source: ours, low: 1}\n" * 2, encoding="utf-8")
    with pytest.raises(Exception, match=r"A1\.x_V"):
        limits(file)


@pytest.mark.parametrize(("fuse_A", "expected_A"), [(40, 36), (60, 54), (80, 72), (100, 90), (125, 100)])
def test_nominal_limit(fuse_A: float, expected_A: float) -> None:
    assert nominal_limit_A(fuse_A) == pytest.approx(expected_A)
