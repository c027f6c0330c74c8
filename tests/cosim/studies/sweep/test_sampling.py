"""The methods of sampling, against what defines them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

from cosim.studies.sweep.sampling import cases, unit_cube
from cosim.studies.sweep.spec import Study

TWO = [{"path": name, "kind": "uniform", "low": 0.0, "high": 1.0} for name in ("a", "b")]


def study(**changed: Any) -> Study:
    return Study.model_validate({
        "name": "s", "scenario": {}, "method": "monte_carlo", "cases": 8, "seed": 4, "parameters": TWO,
        "outputs": [{"name": "soc", "channel": "soc", "reduce": "final"}], **changed,
    })


def test_grid_is_the_product_the_last_fastest() -> None:
    grid = study(method="grid", cases=None, seed=None, parameters=[
        {"path": "a", "kind": "choice", "values": ["x", "y"]},
        {"path": "b", "kind": "uniform", "low": 0.0, "high": 1.0, "points": 3},
    ])
    assert cases(grid) == [("x", 0.0), ("x", 0.5), ("x", 1.0), ("y", 0.0), ("y", 0.5), ("y", 1.0)]
    assert grid.count == 6


def test_monte_carlo_begins_as_a_shorter_study() -> None:
    assert cases(study(cases=8)) == cases(study(cases=50))[:8]
    np.testing.assert_array_equal(np.array(cases(study())), np.random.default_rng(4).random((8, 2)))
    assert cases(study(seed=5)) != cases(study(seed=4))
    assert cases(study()) == cases(study())


def test_latin_hypercube_has_one_case_in_each_stratum() -> None:
    u = unit_cube(study(method="latin_hypercube", cases=20), 2)
    for column in u.T:
        assert sorted(np.floor(20 * column).astype(int)) == list(range(20))


def test_sobol_fills_evenly() -> None:
    u = unit_cube(study(method="sobol", cases=64), 2)
    cells = np.floor(u * 8).astype(int)
    assert len({tuple(cell) for cell in cells}) == 64  # one in each of 8 x 8 cells: what a Sobol sequence is for
    assert qmc.discrepancy(u) < 0.3 * qmc.discrepancy(unit_cube(study(cases=64), 2))


def test_listed_values_stay_in_order_beside_drawn_ones() -> None:
    made = cases(study(cases=3, parameters=[TWO[0], {"path": "c", "kind": "list", "values": [7, 8, 9]}, TWO[1]]))
    assert [case[1] for case in made] == [7, 8, 9]
    assert [(case[0], case[2]) for case in made] == cases(study(cases=3))


@pytest.mark.parametrize("method", ["latin_hypercube", "sobol"])
def test_seeds_decide(method: str) -> None:
    assert cases(study(method=method)) == cases(study(method=method)) != cases(study(method=method, seed=9))
