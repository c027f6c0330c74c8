"""The tube against brute force on small waveforms, and against answers known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.studies.compare import tube
from cosim.studies.compare.tube import Tolerance, Waveform, WaveformError, checked, deviations

Array = NDArray[np.float64]


def dense(wave: Waveform, step_s: float) -> Waveform:
    """All of a waveform, lines and steps included, as points no further apart than step_s."""
    t, v = [], []
    for k in range(wave.time_s.size - 1):
        n = max(int(np.ceil((wave.time_s[k + 1] - wave.time_s[k]) / step_s)), 1)
        part = np.linspace(0.0, 1.0, n + 1)
        t.append(wave.time_s[k] + part * (wave.time_s[k + 1] - wave.time_s[k]))
        v.append(wave.value[k] + part * (wave.value[k + 1] - wave.value[k]))
    return Waveform(np.concatenate(t), np.concatenate(v))


STEP_S = 0.008
"""Grid of the brute force."""


def brute_used(reference: Waveform, tested: Waveform, tolerance: Tolerance, reach_s: float) -> float:
    """Largest part of the tolerance used, by definition: every moment against every moment of `reference` in reach."""
    low_s, high_s = max(reference.time_s[0], tested.time_s[0]), min(reference.time_s[-1], tested.time_s[-1])
    own, ref = dense(tested, STEP_S), dense(reference, STEP_S)
    worst = 0.0
    for t, v in zip(*own, strict=True):
        if not low_s <= t <= high_s:
            continue
        g = ref.value[np.abs(ref.time_s - t) <= reach_s]
        top, bottom = np.asarray(g.max()), np.asarray(g.min())
        worst = max(worst, float((v - top) / tolerance.width(top)), float((bottom - v) / tolerance.width(bottom)))
    return worst


def random_wave(rng: np.random.Generator, steps: bool) -> Waveform:
    """Ten seconds with irregular points, some of them steps."""
    n = int(rng.integers(4, 14))
    t = np.sort(rng.uniform(0.0, 10.0, n))
    t[0], t[-1] = 0.0, 10.0
    if steps:
        t[2] = t[1]
    return checked(t, np.cumsum(rng.normal(0.0, 1.0, n)) + rng.choice([0.0, 5.0]))


@pytest.mark.parametrize("seed", range(24))
def test_agrees_with_brute_force(seed: int) -> None:
    """Both directions, with and without steps, time tolerance and relative part.

    Brute force sees neighbours on its grid only, so it brackets ours: with a reach one grid step shorter it may find
    more, with one longer less. Between its moments the tested waveform moves by at most slope x half a step, and the
    edge of the tube, where its width counts, by slope x step. Below 1 ours may be any upper bound.
    """
    rng = np.random.default_rng(seed)
    steps = bool(seed % 2)
    golden, result = random_wave(rng, steps), random_wave(rng, steps)
    if seed % 3 == 0:  # a result that is nearly the golden one
        moved_s = np.clip(golden.time_s + rng.normal(0.0, 0.1), 0.0, 10.0)
        result = checked(np.sort(moved_s), golden.value + rng.normal(0.0, 0.1, golden.value.size))
    reach_s = float(rng.choice([0.05, 0.3, 2.0]))
    tolerance = Tolerance(0.2, float(rng.choice([0.0, 0.1])), reach_s)
    ours = deviations(golden, result, tolerance)
    for worst, (reference, tested) in zip(ours, ((golden, result), (result, golden)), strict=True):
        moves = 0.5 * steepest(tested) + tolerance.relative * worst.used * steepest(reference)
        slack = 1e-3 + STEP_S * moves / tolerance.absolute
        assert worst.used <= max(brute_used(reference, tested, tolerance, reach_s - STEP_S) + slack, 1.0)
        assert worst.used >= brute_used(reference, tested, tolerance, reach_s + STEP_S) - slack
        assert (worst.outside_s > 0.0) == (worst.used > 1.0)


def steepest(wave: Waveform) -> float:
    """Largest slope, steps left out."""
    length_s = np.diff(wave.time_s)
    return float(np.abs(np.diff(wave.value)[length_s > 0.0] / length_s[length_s > 0.0]).max())


def wave(*points: tuple[float, float]) -> Waveform:
    return checked([p[0] for p in points], [p[1] for p in points])


STEP = wave((0, 0), (5, 0), (5, 10), (10, 10))
"""A step of 10 at 5 s."""


def used(golden: Waveform, result: Waveform, tolerance: Tolerance) -> tuple[float, float]:
    one, other = deviations(golden, result, tolerance)
    return one.used, other.used


def test_a_step_may_move_by_the_time_tolerance_and_no_further() -> None:
    late, too_late = wave((0, 0), (5.1, 0), (5.1, 10), (10, 10)), wave((0, 0), (5.11, 0), (5.11, 10), (10, 10))
    assert max(used(STEP, late, Tolerance(0.1, 0.0, 0.1))) <= 1.0
    assert min(used(STEP, too_late, Tolerance(0.1, 0.0, 0.1))) == pytest.approx(100.0)
    found = deviations(STEP, too_late, Tolerance(0.1, 0.0, 0.1))[0]
    assert 5.1 <= found.time_s <= 5.11 and found.value == 0.0 and found.bound == pytest.approx(9.9)
    assert found.outside_s == pytest.approx(0.01)


@pytest.mark.parametrize("at_s", [0.0, 1.0, 3600.0, 1e6])
def test_a_delay_of_exactly_the_tolerance_is_inside_wherever_the_clock_stands(at_s: float) -> None:
    early = Waveform(STEP.time_s + at_s, STEP.value)
    late = Waveform(STEP.time_s + at_s + 1e-3, STEP.value)
    assert max(used(early, late, Tolerance(1e-6, 0.0, 1e-3))) <= 1.0


def test_value_tolerance_by_hand() -> None:
    flat, above = wave((0, 5), (10, 5)), wave((0, 5.3), (10, 5.3))
    assert list(used(flat, above, Tolerance(0.2, 0.02))) == pytest.approx([0.3 / 0.3, 0.3 / 0.306])
    assert used(flat, above, Tolerance(0.1, 0.02))[0] == pytest.approx(1.5)
    assert deviations(flat, above, Tolerance(0.1, 0.02))[0].outside_s == pytest.approx(10.0)
    below = wave((0, 4.5), (10, 4.5))
    found = deviations(flat, below, Tolerance(0.1, 0.02))[0]
    assert [found.used, found.bound] == pytest.approx([2.5, 4.8])


def test_a_missed_spike_shows_from_the_other_side_only() -> None:
    """A spike is narrower than the reach: golden's tube is wide open around it, the result's is not."""
    spike = wave((0, 0), (4.999, 0), (5, 10), (5.001, 0), (10, 0))
    flat = wave((0, 0), (10, 0))
    in_golden, in_result = used(spike, flat, Tolerance(0.5, 0.0, 0.1))
    assert in_golden <= 1.0 and in_result == pytest.approx(20.0)
    assert used(flat, spike, Tolerance(0.5, 0.0, 0.1))[0] == pytest.approx(20.0)


def test_a_valley_between_points_of_the_result_is_seen() -> None:
    """Golden dips to 0 at 5 s; two points of the result pass over it. Least of the tube's top: 0.3 s up the side."""
    valley, over = wave((0, 5), (5, 0), (10, 5)), wave((0, 5), (10, 5))
    found = deviations(valley, over, Tolerance(0.5, 0.0, 0.3))[0]
    assert found.time_s == pytest.approx(5.0)
    assert found.used == pytest.approx((5.0 - 0.3) / 0.5)
    assert found.outside_s == pytest.approx(10.0 - 2 * 0.8)


def test_ten_nanoseconds_beside_ten_milliseconds() -> None:
    """An edge of 50 ns on a grid of 10 ms: a delay of 30 ns is told from none, and lies inside 40 ns."""
    t = np.concatenate([np.arange(0.0, 0.05, 0.01), 0.05 + 10e-9 * np.arange(6), np.arange(0.06, 0.1, 0.01)])
    v = np.interp(t, [0.0, 0.05, 0.05 + 50e-9, 0.1], [0.0, 0.0, 100.0, 100.0])
    golden, late = checked(t, v), checked(np.interp(t, [0, 0.05, 0.051, 0.1], [0, 0.05 + 30e-9, 0.051, 0.1]), v)
    assert max(used(golden, late, Tolerance(1.0, 0.0, 40e-9))) <= 1.0
    assert min(used(golden, late, Tolerance(1.0, 0.0, 20e-9))) > 15.0


def test_relative_width_has_its_corner_at_zero() -> None:
    """Line from -10 to 10, 10 %: at zero only the absolute part is left, between points too."""
    line = wave((0, -10), (10, 10))
    near = wave((0, -9.0), (10, 11.0))
    found = deviations(line, near, Tolerance(0.25, 0.1))[0]
    assert found.used == pytest.approx(4.0)
    assert found.time_s == pytest.approx(5.0)


def test_same_waveform_uses_nothing() -> None:
    for one in deviations(STEP, STEP, Tolerance(1e-9, 0.0, 0.0)):
        assert one.used == 0.0 and one.outside_s == 0.0


def test_only_the_common_stretch_is_compared() -> None:
    long = wave((-5, 100), (-0.001, 100), (0, 0), (10, 0), (10.001, 100), (20, 100))
    assert used(wave((0, 0), (10, 0)), long, Tolerance(0.1)) == (0.0, 0.0)


@pytest.mark.parametrize(("t", "v", "words"), [
    ([0, 1, 2], [0, np.nan, 1], "value nan at point 1"), ([0, np.inf, 2], [0, 0, 1], "time inf at point 1"),
    ([0, 1, 2], [0, 0, -np.inf], "value -inf at point 2"), ([0, 2, 1], [0, 0, 0], "time 1 s after 2 s at point 2"),
    ([0, 1, 1, 1, 2], [0] * 5, "time 1 s again at point 3"), ([0], [0], "1 points"), ([0, 1], [0], "(2,) times"),
    ([3, 3], [0, 1], "time 3 s again"),
])
def test_what_cannot_be_compared_is_refused(t: list[float], v: list[float], words: str) -> None:
    with pytest.raises(WaveformError) as told:
        checked(t, v, "slow/x", "a.nc")
    assert words in str(told.value) and str(told.value).startswith("a.nc: slow/x: ")


def test_waveforms_apart_are_refused() -> None:
    with pytest.raises(WaveformError, match="overlap"):
        deviations(wave((0, 0), (1, 0)), wave((2, 0), (3, 0)), Tolerance(1.0))


@pytest.mark.parametrize(("numbers", "field"), [
    ((0.0, 0.0, 0.0), "absolute"), ((1.0, -0.1, 0.0), "relative"), ((1.0, 0.0, -1.0), "time_s"),
    ((np.nan, 0.0, 0.0), "absolute"), ((1.0, 1.0, 0.0), "relative"), ((1.0, 0.0, np.inf), "time_s"),
])
def test_tolerances_out_of_range_are_refused(numbers: tuple[float, float, float], field: str) -> None:
    with pytest.raises(InputError) as told:
        Tolerance(*numbers)
    assert told.value.field == field


def test_the_drawn_tube_holds_what_is_judged_inside() -> None:
    low, high = tube.tube(STEP, Tolerance(0.5, 0.1, 0.2), np.array([4.0, 4.9, 5.1, 6.0]))
    assert low == pytest.approx([-0.5, -0.5, -0.5, 8.5])
    assert high == pytest.approx([0.5, 11.5, 11.5, 11.5])


@pytest.mark.parametrize("seed", range(6))
def test_cells_in_portions_give_the_same_worst_point(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    golden, result = (checked(np.sort(rng.uniform(0.0, 10.0, 400)), rng.normal(0.0, 3.0, 400)) for _ in range(2))
    tolerance = Tolerance(0.2, 0.05, 0.02)
    at_once = [one.used for one in deviations(golden, result, tolerance)]
    assert min(at_once) > 5.0
    monkeypatch.setattr(tube, "AT_A_TIME", 1)
    assert [one.used for one in deviations(golden, result, tolerance)] == pytest.approx(at_once, rel=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 100])
def test_highest_of_ranges(n: int) -> None:
    rng = np.random.default_rng(n)
    value = rng.normal(size=n)
    first = rng.integers(0, n, 50)
    count = np.minimum(rng.integers(0, n + 1, 50), n - first)
    by_hand = [value[f : f + c].max() if c else -np.inf for f, c in zip(first, count, strict=True)]
    assert tube._highest(value, first, count).tolist() == by_hand
