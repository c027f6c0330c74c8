"""Statistics of a table, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from cosim.studies.sweep.statistics import Table, distribution, influences, worst_case


def table(**outputs: list[float]) -> Table:
    count = len(next(iter(outputs.values())))
    rng = np.random.default_rng(2)
    parameters = {"x": list(range(count)), "noise": rng.random(count).tolist(), "same": [1] * count,
                  "kind": ["a" if i < count // 2 else "b" for i in range(count)]}
    return Table(np.arange(10, 10 + count), parameters, {k: np.array(v) for k, v in outputs.items()}, {})


def test_distribution_leaves_out_what_is_not_there() -> None:
    told = distribution(np.array([*range(101), math.nan]))
    assert told["count"] == 101 and told["mean"] == 50.0 and told["p5"] == 5.0 and told["p99"] == 99.0
    assert distribution(np.array([math.nan])) == {"count": 0}


def test_influences_are_rank_correlations_the_strongest_first() -> None:
    made = table(y=[-math.exp(i / 5) for i in range(20)])
    found = influences(made, "y")
    assert next(i.parameter for i in found) == "x" and found[0].strength == pytest.approx(-1.0)
    by_name = {i.parameter: i for i in found}
    assert by_name["noise"].strength == pytest.approx(
        spearmanr(made.parameters["noise"], made.outputs["y"]).statistic)
    assert "same" not in by_name
    ranks = np.arange(20.0)
    expected = math.sqrt(2 * 10 * 5.0**2 / ((ranks - ranks.mean()) ** 2).sum())
    assert by_name["kind"].strength == pytest.approx(expected) and not by_name["kind"].ordered


def test_no_influences_where_nothing_changes_or_little_is_known() -> None:
    assert influences(table(y=[2.0] * 20), "y") == []
    assert influences(table(y=[1.0, 2.0, 3.0, math.nan]), "y") == []


def test_worst_case_is_a_number_of_the_table() -> None:
    made = table(y=[3.0, math.nan, 9.0, -1.0, 9.0], none=[math.nan] * 5)
    assert worst_case(made, "y", "highest") == 12 and worst_case(made, "y", "lowest") == 13
    assert worst_case(made, "none", "highest") is None
