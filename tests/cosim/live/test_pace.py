"""Simulated against wall time, by a clock of the test's own."""

from __future__ import annotations

import pytest

from cosim.live.pace import GIVEN_UP_S, Pace


def test_wanted_time_follows_the_speed_from_where_it_was_set() -> None:
    pace = Pace(10.0, now_s=100.0, reached_s=5.0)
    assert pace.wanted_s(101.5, 5.0) == pytest.approx(20.0)
    pace.set_speed(2.0, 101.5, 18.0)
    assert pace.wanted_s(104.5, 18.0) == pytest.approx(24.0)


def test_a_pause_is_not_caught_up() -> None:
    pace = Pace(1.0, 0.0, 0.0)
    pace.paused = True
    assert pace.wanted_s(50.0, 3.0) == 3.0
    pace.paused = False
    pace.anchor(50.0, 3.0)
    assert pace.wanted_s(51.0, 3.0) == pytest.approx(4.0)


def test_lag_is_wall_time_and_too_much_of_it_is_given_up() -> None:
    pace = Pace(100.0, 0.0, 0.0)
    assert pace.lag_s(2.0, 150.0) == pytest.approx(0.5)
    late_s = GIVEN_UP_S + 7.0
    assert pace.lag_s(late_s, 0.0) == pytest.approx(GIVEN_UP_S)
    assert pace.given_up_s == pytest.approx(7.0)
    assert pace.lag_s(late_s, 0.0) == pytest.approx(GIVEN_UP_S)


def test_reached_speed_is_that_of_the_last_seconds() -> None:
    pace = Pace(5.0, 0.0, 0.0)
    assert pace.reached is None
    for k in range(400):  # 20 s at half the speed, then 20 s at the whole
        pace.note(0.1 * k, 2.5 * 0.1 * k if k < 200 else 50.0 + 5.0 * 0.1 * (k - 200))
    assert pace.reached == pytest.approx(5.0, rel=1e-6)
    pace.paused = True
    assert pace.reached is None
