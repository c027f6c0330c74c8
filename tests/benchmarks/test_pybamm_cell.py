"""What counts as PyBaMM's best solver; PyBaMM itself is not needed."""

from __future__ import annotations

import pytest

from benchmarks.pybamm_cell import best


def test_the_fastest_way_that_is_right_counts_for_each_error() -> None:
    found = best([(5e-4, 11.0, 10.0), (4e-5, 140.0, 139.0), (2e-5, 41.0, 40.0), (2e-3, 1.0, 1.0)])
    assert found["best solver, processor time [s]"] == 10.0  # the fastest of all is wrong by 0.2 %
    assert found["best solver right to 1e-04 [s]"] == 41.0
    assert "best solver right to 1e-05 [s]" not in found  # none is


def test_without_a_way_that_is_right_there_is_no_figure() -> None:
    with pytest.raises(SystemExit, match="no solver solved it"):
        best([(2e-3, 1.0, 1.0)])
