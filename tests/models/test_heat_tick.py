"""Ladders of System+'s banks over a fixed step, against the ladder of `models.heat`."""

import numpy as np
import pytest

from models import heat
from models.heat_tick import prepare_box, step_ladders_in_place


@pytest.mark.parametrize("dt_s", [0.1, 1.0])
def test_ladders_move_as_the_single_ladder(dt_s: float) -> None:
    box = heat.load_box()
    ladders = np.array([[60.0, 55.0, 50.0, 45.0], [30.0, 31.0, 32.0, 33.0]])
    expected = ladders.copy()
    k = prepare_box(5, dt_s, box)
    for _ in range(20):
        step_ladders_in_place(ladders, 3.0, 40.0, k)
        expected = np.array([
            heat.step_cauer(one, 3.0, 40.0, box.cauer.resistance_K_W, box.cauer.capacity_J_K, dt_s) for one in expected
        ])
    assert ladders == pytest.approx(expected, abs=1e-9)


def test_a_steady_ladder_by_hand() -> None:
    """3 W through 0.8 K/W: 2.4 K above the heatsink."""
    box = heat.load_box()
    ladders = np.full((2, 4), 40.0)
    k = prepare_box(5, 1.0, box)
    for _ in range(200):
        step_ladders_in_place(ladders, 3.0, 40.0, k)
    assert ladders[:, 0] == pytest.approx([42.4, 42.4], abs=1e-3)
