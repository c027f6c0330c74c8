"""Ladders of System+'s banks over a fixed step, against the ladder of `models.heat`."""

import numpy as np
import pytest

from models import heat, heat_tick
from models.heat_tick import prepare_box, step_banks_in_place, step_box_in_place, step_ladders_in_place


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


def test_banks_give_the_heatsink_what_they_do_not_keep() -> None:
    """8 W into each of two banks of four: nothing arrives within microseconds, all of it when settled, none is lost.

    A ladder keeps C by temperature: 4 mJ/K, 50 mJ/K, 0.4 J/K and 3 J/K at 1.6, 1.44, 1.1 and 0.8 K above the heatsink
    (2 W through 0.8, 0.72, 0.55 and 0.4 K/W).
    """
    box = heat.load_box()
    ladders = np.full((2, 4), 40.0)
    first = step_banks_in_place(ladders, 4, 8.0, 40.0, 1e-3, box.cauer, prepare_box(5, 1e-3, box))
    assert 0.0 <= first < 1e-3 * 16e-3
    k = prepare_box(5, 0.1, box)
    given = first + sum(step_banks_in_place(ladders, 4, 8.0, 40.0, 0.1, box.cauer, k) for _ in range(600))
    last = step_banks_in_place(ladders, 4, 8.0, 40.0, 0.1, box.cauer, k)
    assert last == pytest.approx(1.6, rel=1e-6)
    kept = 8.0 * (4e-3 * 1.6 + 50e-3 * 1.44 + 0.4 * 1.1 + 3.0 * 0.8)
    assert 16.0 * 60.001 - given == pytest.approx(kept, rel=1e-4)


def test_the_usual_box_moves_as_any_other_to_the_bit() -> None:
    """Sums side by side instead of one after another; each of them still has its order."""
    k = prepare_box(5, 0.1, heat.load_box())
    rng = np.random.default_rng(3)
    ladders, power_W = rng.uniform(20.0, 120.0, (5, 4)), rng.uniform(0.0, 40.0, 7)
    plain = ladders.copy()
    in_turn = getattr(heat_tick._step, "py_func", heat_tick._step)
    usual = other = (40.0, 35.0)
    for _ in range(50):
        usual = step_box_in_place(*usual, ladders, power_W, power_W[5], 25.0, k)
        other = in_turn(*other, plain, power_W, power_W[5], 25.0, k, 5, 4)
    assert usual == other
    assert ladders.tolist() == plain.tolist()
