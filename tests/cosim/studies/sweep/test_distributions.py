"""Quantile functions against scipy's, and the axes of grids."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import truncnorm

from cosim.studies.sweep.distributions import Choice, Listed, LogUniform, Normal, Uniform

U = (0.0, 0.01, 0.3, 0.5, 0.9, 1.0)


def test_uniform_reaches_both_ends_exactly() -> None:
    parameter = Uniform(kind="uniform", path="a.b", low=0.1, high=0.7, points=4)
    assert parameter.at(0.0) == 0.1 and parameter.at(1.0) == 0.7
    assert parameter.at(0.25) == pytest.approx(0.25)
    assert parameter.axis() == pytest.approx([0.1, 0.3, 0.5, 0.7])


def test_whole_numbers_are_equally_likely() -> None:
    """Rounding would give the first and the last half the share of the others."""
    parameter = Uniform(kind="uniform", path="seed", low=1, high=4, integer=True, points=4)
    drawn = [parameter.at(u) for u in (np.arange(4000) + 0.5) / 4000]
    assert [drawn.count(k) for k in (1, 2, 3, 4)] == [1000] * 4
    assert all(isinstance(v, int) for v in drawn) and parameter.at(1.0) == 4
    assert parameter.axis() == [1, 2, 3, 4]


def test_log_uniform_is_even_in_the_logarithm() -> None:
    parameter = LogUniform(kind="log_uniform", path="a", low=1e-3, high=10.0, points=5)
    assert parameter.at(0.5) == pytest.approx(0.1)
    assert parameter.at(0.0) == 1e-3 and parameter.at(1.0) == 10.0
    assert parameter.axis() == pytest.approx([1e-3, 1e-2, 1e-1, 1.0, 10.0])


@pytest.mark.parametrize(("mean", "deviation", "low", "high"), [(0.0, 1.0, -2.0, 2.0), (5.0, 2.0, 4.0, 20.0)])
def test_truncated_normal_is_scipys(mean: float, deviation: float, low: float, high: float) -> None:
    parameter = Normal(kind="normal", path="a", mean=mean, deviation=deviation, low=low, high=high)
    expected = truncnorm((low - mean) / deviation, (high - mean) / deviation, loc=mean, scale=deviation)
    assert [parameter.at(u) for u in U] == pytest.approx([expected.ppf(u) for u in U], abs=1e-9)
    assert parameter.at(0.0) == low and parameter.at(1.0) == high


def test_choice_by_weights() -> None:
    parameter = Choice(kind="choice", path="a", values=["x", "y", "z"], weights=[1.0, 2.0, 1.0])
    assert [parameter.at(u) for u in (0.0, 0.24, 0.25, 0.74, 0.75, 1.0)] == ["x", "x", "y", "y", "z", "z"]
    assert parameter.axis() == parameter.extremes() == ["x", "y", "z"]


@pytest.mark.parametrize(("kind", "wrong", "text"), [
    (Uniform, {"kind": "uniform", "low": 2, "high": 1}, "high must be above low"),
    (LogUniform, {"kind": "log_uniform", "low": 0.0, "high": 1.0}, "greater than 0"),
    (Normal, {"kind": "normal", "mean": 0, "deviation": 1, "low": 8, "high": 9}, "less than a thousandth"),
    (Choice, {"kind": "choice", "values": [1, 1]}, "values must differ"),
    (Choice, {"kind": "choice", "values": [1, 2], "weights": [1.0]}, "one weight per value"),
    (Listed, {"kind": "list", "values": []}, "at least 1"),
])
def test_what_makes_no_sense_is_refused(kind: type, wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        kind(path="a", **wrong)
