"""What the engine does to the electrical system: alternator speed over time and cranking current.

A drive profile is a table of alternator speed and vehicle speed over time, made from described segments or
from a measured speed trace with a gearbox. Making it is plain Python; sampling it is compiled and cheap. Source:
kinematics of a gearbox; the patterns of city and highway and the shape of the cranking current are ours.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import parameter_file
from models.compiled import compiled
from models.linear import interpolate

KINDS = ("off", "crank", "idle", "city", "highway")


class EngineParameters(NamedTuple):
    """Engine, gearbox, pulley, starter; see the parameter file for units, sources and status.

    Attributes
    ----------
    idle_rpm, cranking_rpm, pulley_ratio : float
        Engine speeds, and alternator speed / engine speed.
    wheel_radius_m, final_drive : float
        Rolling radius and axle ratio.
    gear_ratio : ndarray
        Ratios, first gear first.
    shift_speed_m_s : ndarray
        Vehicle speed above which the next gear is used, one less than the gears.
    highest_rpm : float
        Engine speed limit.
    city_time_s, city_speed_m_s : ndarray
        One stop-and-go pattern, repeated for 'city'; begins and ends at the same speed.
    highway_time_s, highway_speed_m_s : ndarray
        One pattern of steady driving, repeated for 'highway'.
    acceleration_m_s2 : float
        Used to join segments of different speed.
    crank_time_s, crank_current_A : ndarray
        Starter motor current from inrush to overrun without the ripple, breakpoints.
    crank_ripple_A, crank_ripple_Hz, crank_ripple_from_s, crank_ripple_to_s : float
        Compression ripple (triangular) on it between two times.
    """

    idle_rpm: float
    cranking_rpm: float
    pulley_ratio: float
    wheel_radius_m: float
    final_drive: float
    gear_ratio: NDArray[np.float64]
    shift_speed_m_s: NDArray[np.float64]
    highest_rpm: float
    city_time_s: NDArray[np.float64]
    city_speed_m_s: NDArray[np.float64]
    highway_time_s: NDArray[np.float64]
    highway_speed_m_s: NDArray[np.float64]
    acceleration_m_s2: float
    crank_time_s: NDArray[np.float64]
    crank_current_A: NDArray[np.float64]
    crank_ripple_A: float
    crank_ripple_Hz: float
    crank_ripple_from_s: float
    crank_ripple_to_s: float


class DriveProfile(NamedTuple):
    """Alternator and vehicle speed over time, linear between points.

    Attributes
    ----------
    time_s, alternator_rpm, vehicle_speed_m_s : ndarray
        Table; the alternator speed is 0 with the engine off. A jump is a pair of points 1 ms apart.
    crank_start_s, crank_end_s : ndarray
        Begin and end of each cranking.
    discontinuities_s : ndarray
        Times at which a solver should place a step: ends of segments, cranking, engine on and off.
    """

    time_s: NDArray[np.float64]
    alternator_rpm: NDArray[np.float64]
    vehicle_speed_m_s: NDArray[np.float64]
    crank_start_s: NDArray[np.float64]
    crank_end_s: NDArray[np.float64]
    discontinuities_s: NDArray[np.float64]


class CrankProfile(NamedTuple):
    """Starter motor current from the moment of engaging: breakpoints [s] and currents [A], linear between."""

    time_s: NDArray[np.float64]
    current_A: NDArray[np.float64]


UNITS = {
    "idle_rpm": "1/min",
    "cranking_rpm": "1/min",
    "pulley_ratio": "1",
    "wheel_radius_m": "m",
    "final_drive": "1",
    "gear_ratio": "1",
    "shift_speed_m_s": "m/s",
    "highest_rpm": "1/min",
    "city_time_s": "s",
    "city_speed_m_s": "m/s",
    "highway_time_s": "s",
    "highway_speed_m_s": "m/s",
    "acceleration_m_s2": "m/s2",
    "crank_time_s": "s",
    "crank_current_A": "A",
    "crank_ripple_A": "A",
    "crank_ripple_Hz": "Hz",
    "crank_ripple_from_s": "s",
    "crank_ripple_to_s": "s",
}
_RISING = ("shift_speed_m_s", "city_time_s", "highway_time_s", "crank_time_s")
JUMP_S = 1.0e-3


def load_engine(name_or_path: str | Path = "engine_diesel_2l") -> EngineParameters:
    """Load engine, gearbox, pulley and starter.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "engine", UNITS)
    for pair in (("city_time_s", "city_speed_m_s"), ("highway_time_s", "highway_speed_m_s")):
        file.same_length(*pair)
    file.same_length("crank_time_s", "crank_current_A")
    values: dict[str, float | NDArray[np.float64]] = {}
    for name in EngineParameters._fields:
        if isinstance(file.entries[name].value, np.ndarray):
            values[name] = file.array(name, 0.0, rising=name in _RISING)
        else:
            values[name] = file.number(name, 0.0)
    p = EngineParameters._make(values[name] for name in EngineParameters._fields)
    if p.gear_ratio.size != p.shift_speed_m_s.size + 1:
        raise parameter_file.ParameterError(
            f"{file.path.name}: shift_speed_m_s: allowed: one less than the gears"
        )
    return p


def engine_rpm(speed_m_s: float | NDArray[np.float64], p: EngineParameters) -> NDArray[np.float64]:
    """Return the engine speed [1/min] at vehicle speeds, in the gear of the shift speeds, idle at least.

    n = 60 v / (2 pi r) x final drive x gear ratio; below idle the clutch slips. Its shape is that of the speeds.
    """
    gear = np.searchsorted(p.shift_speed_m_s, speed_m_s, side="right")
    wheel_rpm = 60.0 * np.maximum(speed_m_s, 0.0) / (2.0 * math.pi * p.wheel_radius_m)
    return np.minimum(np.maximum(wheel_rpm * p.final_drive * p.gear_ratio[gear], p.idle_rpm), p.highest_rpm)


def from_speed_trace(
    time_s: NDArray[np.float64],
    speed_m_s: NDArray[np.float64],
    p: EngineParameters,
    crank_first: bool = False,
) -> DriveProfile:
    """Make a profile from a vehicle speed trace, the engine running all the time.

    Parameters
    ----------
    time_s : ndarray, shape (n,)
        Strictly rising times from 0 on.
    speed_m_s : ndarray, shape (n,)
        Vehicle speed at those times, not negative.
    p : EngineParameters
        Gearbox and pulley.
    crank_first : bool
        Whether the trace begins with the engine off; it is then cranked before the trace, which moves to
        later times.

    Returns
    -------
    DriveProfile
        Table of the same points (plus the cranking).

    Raises
    ------
    ValueError
        If the trace is empty, not rising, negative or not finite.
    """
    times = np.asarray(time_s, dtype=np.float64)
    speeds = np.asarray(speed_m_s, dtype=np.float64)
    if times.ndim != 1 or times.shape != speeds.shape or times.size < 2:
        raise ValueError(
            f"speed trace: {times.size} times, {speeds.size} speeds; allowed: equally many, at least 2"
        )
    if not (np.all(np.isfinite(times)) and np.all(np.isfinite(speeds))):
        raise ValueError("speed trace: allowed: finite numbers")
    if times[0] < 0.0 or np.any(np.diff(times) <= 0.0) or np.any(speeds < 0.0):
        raise ValueError("speed trace: allowed: times from 0 on and strictly rising, speeds not negative")
    builder = _Builder(p)
    if crank_first:
        builder.add_crank(float(p.crank_time_s[-1]))
    builder.add_trace(times - times[0], speeds)
    return builder.finish()


def from_segments(segments: Sequence[tuple[str, float]], p: EngineParameters) -> DriveProfile:
    """Make a profile from described segments.

    Parameters
    ----------
    segments : sequence of (kind, duration_s)
        Kinds: off, crank, idle, city, highway. City and highway repeat their pattern and are cut at the
        duration; a segment starts with the speed ramp from the speed before it.
    p : EngineParameters
        Engine, gearbox, pulley, patterns.

    Returns
    -------
    DriveProfile
        The table.

    Raises
    ------
    ValueError
        For an unknown kind, a duration that is not positive, or no segment.
    """
    if not segments:
        raise ValueError("segments: none; allowed: at least one")
    builder = _Builder(p)
    for index, (kind, duration_s) in enumerate(segments):
        if kind not in KINDS:
            raise ValueError(f"segments[{index}]: {kind!r}; allowed: {', '.join(KINDS)}")
        if not (math.isfinite(duration_s) and duration_s > 10.0 * JUMP_S):
            raise ValueError(
                f"segments[{index}]: duration {duration_s} s; allowed: more than {10.0 * JUMP_S:g} s"
            )
        if kind == "off":
            builder.add_off(duration_s)
        elif kind == "crank":
            builder.add_crank(duration_s)
        else:
            builder.add_trace(*_pattern(kind, duration_s, builder.speed_m_s, p))
    return builder.finish()


def continued(
    profile: DriveProfile, kind: str, time_s: float, duration_s: float, p: EngineParameters
) -> DriveProfile:
    """Return a profile up to a time, and from there on one described segment of a `kind`: off, idle, city or highway.

    An engine that stands is cranked first, which comes on top of the segment's `duration_s`.
    """
    here = [float(interpolate(time_s, profile.time_s, column)) for column in profile[1:3]]
    builder = _Builder(p)
    if kind == "off":
        builder.add_off(duration_s)
    elif here[0] < 0.5 * p.idle_rpm * p.pulley_ratio:
        builder.add_crank(float(p.crank_time_s[-1]))
        builder.add_trace(*_pattern(kind, duration_s, 0.0, p))
    else:
        builder.add_trace(*_pattern(kind, duration_s, here[1], p))
    piece, kept, late_s = builder.finish(), profile.time_s < time_s, time_s + JUMP_S
    times = np.concatenate([profile.time_s[kept], [time_s], piece.time_s + late_s])
    rpm, speeds = (
        np.concatenate([old[kept], [value], new])
        for old, value, new in zip(profile[1:3], here, piece[1:3], strict=True)
    )
    starts, ends = (
        np.concatenate([old[profile.crank_start_s < time_s], new + late_s])
        for old, new in zip(profile[3:5], piece[3:5], strict=True)
    )
    marks = profile.discontinuities_s[profile.discontinuities_s < time_s]
    return DriveProfile(times, rpm, speeds, starts, ends, np.concatenate([marks, piece.discontinuities_s + late_s]))


def _pattern(
    kind: str, duration_s: float, start_m_s: float, p: EngineParameters
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times and speeds of one driving segment, about one point per second (gear changes need them)."""
    grid = np.linspace(0.0, duration_s, max(2, math.ceil(duration_s) + 1))
    if kind == "idle":
        wanted = np.zeros_like(grid)
    elif kind == "city":
        wanted = np.interp(grid % p.city_time_s[-1], p.city_time_s, p.city_speed_m_s)
    else:
        wanted = np.interp(grid % p.highway_time_s[-1], p.highway_time_s, p.highway_speed_m_s)
    reach = p.acceleration_m_s2 * grid
    speeds = np.clip(wanted, np.maximum(start_m_s - reach, 0.0), start_m_s + reach)
    return grid, speeds


class _Builder:
    """Collects the points of a profile piece by piece."""

    def __init__(self, p: EngineParameters) -> None:
        self.p = p
        self.speed_m_s = 0.0
        self._now_s = 0.0
        self._pieces: list[NDArray[np.float64]] = []
        self._cranks: list[tuple[float, float]] = []
        self._marks: list[float] = [0.0]

    def add_off(self, duration_s: float) -> None:
        """Engine off, standing."""
        self._add(np.array([0.0, duration_s]), np.zeros(2), np.zeros(2))

    def add_crank(self, duration_s: float) -> None:
        """Starter engaged: the engine turns at cranking speed."""
        self._cranks.append((self._now_s, self._now_s + duration_s))
        rpm = self.p.cranking_rpm * self.p.pulley_ratio
        self._add(np.array([0.0, duration_s]), np.full(2, rpm), np.zeros(2))

    def add_trace(self, times_s: NDArray[np.float64], speeds_m_s: NDArray[np.float64]) -> None:
        """Engine running, at the speeds of a trace."""
        self._add(times_s, self.p.pulley_ratio * engine_rpm(speeds_m_s, self.p), speeds_m_s)

    def _add(
        self, times_s: NDArray[np.float64], rpm: NDArray[np.float64], speeds: NDArray[np.float64]
    ) -> None:
        piece = np.array([self._now_s + times_s, rpm, speeds])
        if self._pieces and times_s[0] == 0.0:
            if np.array_equal(piece[1:, 0], self._pieces[-1][1:, -1]):
                piece = piece[:, 1:]
            else:
                piece[0, 0] += JUMP_S
        self._pieces.append(piece)
        self._now_s += float(times_s[-1])
        self.speed_m_s = float(speeds[-1])
        self._marks.append(self._now_s)

    def finish(self) -> DriveProfile:
        """Return the profile."""
        times_s, rpm, speeds = np.concatenate(self._pieces, axis=1)
        cranks = np.array(self._cranks).reshape(-1, 2)
        jumps = times_s[:-1][np.diff(times_s) < 2.0 * JUMP_S]
        marks = np.unique(np.concatenate([np.array(self._marks), jumps, jumps + JUMP_S]))
        starts, ends = np.ascontiguousarray(cranks[:, 0]), np.ascontiguousarray(cranks[:, 1])
        return DriveProfile(times_s, rpm, speeds, starts, ends, marks)


@compiled
def alternator_rpm(time_s: float, profile: DriveProfile) -> float:
    """Return the alternator speed [1/min] at a time; before and after the profile it keeps the end value."""
    return interpolate(time_s, profile.time_s, profile.alternator_rpm)


@compiled
def vehicle_speed_m_s(time_s: float, profile: DriveProfile) -> float:
    """Return the vehicle speed [m/s] at a time."""
    return interpolate(time_s, profile.time_s, profile.vehicle_speed_m_s)


def crank_profile(p: EngineParameters, duration_s: float | None = None) -> CrankProfile:
    """Return the breakpoints of the starter motor current.

    Parameters
    ----------
    p : EngineParameters
        Shape and ripple.
    duration_s : float, optional
        Whole length; the cranking part between inrush and overrun is stretched to it. Default: that of the
        file.

    Returns
    -------
    CrankProfile
        Inrush (stalled motor, limited by resistance and inductance), decay while the motor speeds up,
        cranking with compression ripple, end when the engine fires; zero at both ends.

    Raises
    ------
    ValueError
        If the duration leaves no cranking between inrush and overrun.
    """
    file_s = float(p.crank_time_s[-1])
    extra_s = 0.0 if duration_s is None else duration_s - file_s
    ripple_to_s = p.crank_ripple_to_s + extra_s
    if ripple_to_s <= p.crank_ripple_from_s:
        shortest_s = file_s - (p.crank_ripple_to_s - p.crank_ripple_from_s)
        raise ValueError(f"crank: duration {duration_s} s; allowed: more than {shortest_s:g} s")
    base_s = np.where(p.crank_time_s >= p.crank_ripple_to_s, p.crank_time_s + extra_s, p.crank_time_s)
    quarter_s = 0.25 / p.crank_ripple_Hz
    count = math.floor((ripple_to_s - p.crank_ripple_from_s) / quarter_s)
    ripple_s = p.crank_ripple_from_s + quarter_s * np.arange(count + 1)
    shape = np.array([0.0, 1.0, 0.0, -1.0])[np.arange(count + 1) % 4]
    if shape[-1] != 0.0:
        shape[-1] = 0.0
    times_s = np.unique(np.concatenate([base_s, ripple_s]))
    current_A = np.interp(times_s, base_s, p.crank_current_A)
    current_A += p.crank_ripple_A * np.interp(times_s, ripple_s, shape, left=0.0, right=0.0)
    return CrankProfile(times_s, np.maximum(current_A, 0.0))


@compiled
def crank_current_A(time_since_crank_s: float, p: CrankProfile) -> float:
    """Return the starter motor current [A] (positive, drawn from the starter battery); 0 before and after."""
    if time_since_crank_s <= p.time_s[0] or time_since_crank_s >= p.time_s[p.time_s.size - 1]:
        return 0.0
    return interpolate(time_since_crank_s, p.time_s, p.current_A)
