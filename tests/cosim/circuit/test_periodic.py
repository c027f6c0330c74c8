"""Means over whole periods, against a saw-tooth whose means are known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.periodic import mean_between, periodic_means, rises

TIME_S = np.linspace(0.0, 1e-3, 200_001)
PERIOD_S = 13e-6
PHASE = (TIME_S / PERIOD_S) % 1.0
CLOCK = (PHASE > 0.3).astype(float)


def test_means_of_a_saw_tooth_leave_no_part_of_a_period_over() -> None:
    found = periodic_means(TIME_S, {"saw": 90.0 + 10.0 * PHASE, "still": np.full(TIME_S.size, 3.0)}, CLOCK, 0.2e-3)
    assert found.frequency_Hz == pytest.approx(1.0 / PERIOD_S, rel=1e-4)
    assert found.periods == 60  # 61.5 periods after 0.2 ms, 60 of them in two equal halves
    assert found.mean["saw"] == pytest.approx(95.0, abs=0.01)
    assert found.mean["still"] == pytest.approx(3.0, rel=1e-12)
    assert found.drift["saw"] == pytest.approx(0.0, abs=0.01)
    assert found.peak_to_peak["saw"] == pytest.approx(10.0, abs=0.01)


def test_a_ramp_is_told_as_drift() -> None:
    found = periodic_means(TIME_S, {"ramp": 1e4 * TIME_S}, CLOCK, 0.2e-3)
    span_s = found.end_s - found.start_s
    assert found.drift["ramp"] == pytest.approx(1e4 * span_s / 2.0, rel=1e-9)
    assert found.peak_to_peak["ramp"] == pytest.approx(1e4 * PERIOD_S, rel=0.01)  # of one period, not of all
    assert found.mean["ramp"] == pytest.approx(1e4 * (found.start_s + span_s / 2.0), rel=1e-9)


def test_ends_are_interpolated() -> None:
    time_s = np.array([0.0, 1.0, 3.0])
    wave = np.array([0.0, 1.0, 3.0])
    assert mean_between(time_s, wave, 0.5, 2.5) == pytest.approx(1.5, rel=1e-12)
    assert rises(time_s, wave, 2.0) == pytest.approx([2.0])


def test_too_few_periods_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        periodic_means(TIME_S, {"saw": PHASE}, CLOCK, 0.99e-3)
