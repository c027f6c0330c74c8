"""A figure is judged by its range, and must be able to fail."""

from __future__ import annotations

import math

import pytest

from cosim.validation.figure import ValidationFigure, as_table, limit_text, within


@pytest.mark.parametrize(("value", "passed"), [
    (0.99, False), (1.0, True), (2.0, True), (2.01, False), (math.nan, False), (math.inf, False),
])
def test_both_ends_count(value: float, passed: bool) -> None:
    assert within("a_V", value, "V", 1.0, 2.0, "ours", "hand").passed is passed


def test_one_sided_limits() -> None:
    assert within("a_V", 5.0, "V", 1.0, math.inf, "ours", "hand").passed
    assert not within("a_V", 5.0, "V", -math.inf, 4.0, "ours", "hand").passed


@pytest.mark.parametrize(("low", "high", "unit", "text"), [
    (1.0, 2.5, "V", "1 to 2.5 V"), (-math.inf, 3.0, "1", "at most 3"), (0.636667, math.inf, "1", "at least 0.6367"),
])
def test_limits_in_words(low: float, high: float, unit: str, text: str) -> None:
    assert limit_text(low, high, unit) == text


def test_a_figure_that_cannot_fail_is_refused() -> None:
    with pytest.raises(ValueError, match="end"):
        within("a", 1.0, "V", -math.inf, math.inf, "ours", "hand")
    with pytest.raises(ValueError, match="status"):
        within("a", 1.0, "V", 0.0, 1.0, "measured", "hand")
    with pytest.raises(ValueError, match="limits"):
        within("a", 1.0, "V", 2.0, 1.0, "ours", "hand")


def test_table_of_the_contract() -> None:
    figure = ValidationFigure("cell_rms_25C_mV", 4.0, "mV", "at most 8 mV", True, "validated", "a paper")
    assert as_table([figure]) == {"cell_rms_25C_mV": {
        "value": 4.0, "unit": "mV", "limit": "at most 8 mV", "passed": True, "status": "validated", "source": "a paper",
    }}
    with pytest.raises(ValueError, match="two figures"):
        as_table([figure, figure])
