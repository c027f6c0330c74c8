"""Drive profiles and cranking."""

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import engine

P = engine.load_engine()
CYCLES = (
    Path(os.environ.get("SMART_BMS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "drive_cycles"
)
HOUR = [("off", 20.0), ("crank", 0.95), ("idle", 60.0), ("city", 1200.0), ("highway", 1200.0), ("off", 60.0)]


def test_engine_speed_by_hand() -> None:
    # 50 km/h in 4th gear (above 45 km/h): 13.889 / (2 pi 0.32) x 60 x 3.9 x 0.97 = 1568 rpm.
    assert engine.engine_rpm(50.0 / 3.6, P) == pytest.approx(1568.0, rel=1e-3)
    # 110 km/h in 6th: 30.556 / (2 pi 0.32) x 60 x 3.9 x 0.62 = 2205 rpm.
    assert engine.engine_rpm(110.0 / 3.6, P) == pytest.approx(2205.0, rel=1e-3)
    assert engine.engine_rpm(0.0, P) == 800.0
    assert engine.engine_rpm(200.0, P) == 4500.0


def test_segments_of_an_hour() -> None:
    profile = engine.from_segments(HOUR, P)
    assert np.all(np.diff(profile.time_s) > 0.0)
    assert profile.time_s[-1] == pytest.approx(sum(duration for _, duration in HOUR))
    assert (profile.crank_start_s.tolist(), profile.crank_end_s.tolist()) == ([20.0], pytest.approx([20.95]))
    assert engine.alternator_rpm(10.0, profile) == 0.0
    assert engine.alternator_rpm(20.5, profile) == pytest.approx(220.0 * 2.7)
    assert engine.alternator_rpm(50.0, profile) == pytest.approx(800.0 * 2.7)
    assert engine.alternator_rpm(2000.0, profile) == pytest.approx(6000.0, rel=0.06)
    assert engine.alternator_rpm(2530.0, profile) == 0.0
    assert engine.alternator_rpm(1e6, profile) == 0.0


def test_jumps_are_discontinuities() -> None:
    profile = engine.from_segments(HOUR, P)
    steep = np.abs(np.diff(profile.alternator_rpm) / np.diff(profile.time_s)) > 1e4
    for time_s in np.concatenate([profile.time_s[:-1][steep], profile.time_s[1:][steep]]):
        assert np.min(np.abs(profile.discontinuities_s - time_s)) < 1e-9
    assert np.all(np.diff(profile.discontinuities_s) > 0.0)
    for time_s in (0.0, 20.0, 20.95, 80.95, 1280.95, 2480.95):
        assert np.min(np.abs(profile.discontinuities_s - time_s)) < 1e-9


def test_city_stops_and_goes() -> None:
    profile = engine.from_segments([("city", 1320.0)], P)
    speed = profile.vehicle_speed_m_s
    assert speed.max() == pytest.approx(13.9)
    standing = np.mean(speed == 0.0)
    assert 0.1 < standing < 0.35
    # Ten patterns of 132 s, ten times standing.
    assert np.sum((speed[1:] > 0.0) & (speed[:-1] == 0.0)) == 10


def test_speed_is_continuous_between_segments() -> None:
    profile = engine.from_segments([("city", 300.0), ("highway", 300.0), ("idle", 120.0)], P)
    acceleration = np.diff(profile.vehicle_speed_m_s) / np.diff(profile.time_s)
    assert np.abs(acceleration).max() < 2.0
    assert profile.vehicle_speed_m_s[-1] == 0.0


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([], "at least one"),
        ([("idle", 10.0), ("town", 10.0)], r"segments\[1\]: 'town'; allowed: off, crank"),
        ([("idle", 0.0)], "duration 0"),
        ([("idle", math.nan)], "duration nan"),
    ],
)
def test_bad_segments_are_refused(segments: list[tuple[str, float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        engine.from_segments(segments, P)


@pytest.mark.parametrize(
    ("time_s", "speed_m_s", "message"),
    [
        ([0.0], [1.0], "at least 2"),
        ([0.0, 1.0], [1.0, -1.0], "not negative"),
        ([0.0, 0.0], [1.0, 1.0], "strictly rising"),
        ([0.0, 1.0], [1.0, math.inf], "finite"),
        ([0.0, 1.0], [1.0, 1.0, 1.0], "equally many"),
    ],
)
def test_bad_trace_is_refused(time_s: list[float], speed_m_s: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        engine.from_speed_trace(np.array(time_s), np.array(speed_m_s), P)


def test_trace_with_cranking_moves_later() -> None:
    time_s, speed_m_s = np.arange(4.0), np.array([0.0, 5.0, 14.0, 14.0])
    plain = engine.from_speed_trace(time_s, speed_m_s, P)
    cranked = engine.from_speed_trace(time_s, speed_m_s, P, crank_first=True)
    assert plain.crank_start_s.size == 0
    assert cranked.crank_start_s.tolist() == [0.0]
    assert engine.vehicle_speed_m_s(2.95, cranked) == pytest.approx(engine.vehicle_speed_m_s(2.0, plain))


def test_sampling_is_linear_between_points() -> None:
    profile = engine.from_speed_trace(np.array([0.0, 10.0]), np.array([20.0, 25.0]), P)
    ends = [engine.alternator_rpm(t, profile) for t in (0.0, 10.0)]
    assert engine.alternator_rpm(2.5, profile) == pytest.approx(0.75 * ends[0] + 0.25 * ends[1])


@pytest.mark.skipif(not CYCLES.is_dir(), reason="drive cycles are not in this checkout")
@pytest.mark.parametrize(("name", "mean_km_h"), [("udds", 31.5), ("hwfet", 77.7)])
def test_epa_cycles(name: str, mean_km_h: float) -> None:
    # Published mean speeds of the schedules: 19.6 and 48.3 mph.
    with (CYCLES / f"{name}.csv").open() as stream:
        rows = [(float(row["time_s"]), float(row["speed_m_s"])) for row in csv.DictReader(stream)]
    time_s, speed_m_s = np.array(rows).T
    profile = engine.from_speed_trace(time_s, speed_m_s, P)
    mean = np.trapezoid(profile.vehicle_speed_m_s, profile.time_s) / profile.time_s[-1] * 3.6
    assert mean == pytest.approx(mean_km_h, rel=0.01)
    assert profile.alternator_rpm.min() == pytest.approx(800.0 * 2.7)
    assert 3000.0 < profile.alternator_rpm.mean() < 5500.0


CRANK = engine.crank_profile(P)


def test_crank_profile_shape() -> None:
    assert np.all(np.diff(CRANK.time_s) > 0.0)
    assert CRANK.current_A[0] == CRANK.current_A[-1] == 0.0
    assert CRANK.current_A.max() == pytest.approx(520.0)
    assert CRANK.time_s[np.argmax(CRANK.current_A)] < 0.01
    middle = [engine.crank_current_A(t, CRANK) for t in np.linspace(0.3, 0.7, 200)]
    assert 140.0 < min(middle) < max(middle) < 260.0
    assert max(middle) - min(middle) > 70.0
    assert engine.crank_current_A(-1.0, CRANK) == 0.0
    assert engine.crank_current_A(2.0, CRANK) == 0.0


def test_crank_ripple_is_the_compression_frequency() -> None:
    times = np.linspace(0.25, 0.75, 5001)
    signal = np.array([engine.crank_current_A(t, CRANK) for t in times])
    signal -= np.polyval(np.polyfit(times, signal, 1), times)
    crossings = np.sum(np.diff(np.sign(signal)) != 0)
    # 0.5 s x 7.33 Hz x 2 crossings a period.
    assert crossings == pytest.approx(7.3, abs=1.5)


def test_crank_duration_stretches_only_the_cranking() -> None:
    longer = engine.crank_profile(P, 2.5)
    assert longer.time_s[-1] == pytest.approx(2.5)
    assert engine.crank_current_A(0.1, longer) == pytest.approx(engine.crank_current_A(0.1, CRANK))
    with pytest.raises(ValueError, match="crank: duration"):
        engine.crank_profile(P, 0.3)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(engine.KINDS), st.floats(1.0, 300.0)), min_size=1, max_size=6))
def test_any_segments_make_a_valid_profile(segments: list[tuple[str, float]]) -> None:
    profile = engine.from_segments(segments, P)
    assert np.all(np.diff(profile.time_s) > 0.0)
    assert np.all(profile.alternator_rpm >= 0.0)
    assert profile.crank_start_s.size == sum(kind == "crank" for kind, _ in segments)
    assert profile.time_s[-1] == pytest.approx(sum(duration for _, duration in segments), abs=0.01)
