"""From a scenario's drive, loads and events to the piecewise-linear inputs of the plant."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.inputs.changes import changed_devices, changed_load, changed_profile, changed_supply
from cosim.inputs.events import bus_events, contact_events, crank_load, event_signals
from cosim.inputs.signals import Inputs, PiecewiseLinear, total
from cosim.inputs.system import system_signals
from cosim.scenario.model import Drive, Scenario, Supply, Trace
from models import engine

Array = NDArray[np.float64]


FAST_V, FAST_V_S, BURST_S = 0.1, 5.0, 1.0
"""A supply that moves by more than 0.1 V, faster than 5 V/s, opens a window; corners within a second share it (ours:
the limiter settles within milliseconds, the tick is 100 ms)."""


FAST_STOP_RPM, FAST_STOP_S = 500.0, 0.1
"""An alternator that loses more than this within that time opens a window: the port then lives on the starter battery
(ours: less than a tick, and its field lags by about one)."""


SHORTEST_TRACE_S, FASTEST_M_S = 0.01, 150.0
"""Shortest step and highest speed of a speed trace (ours)."""


def build_inputs(scenario: Scenario) -> tuple[Inputs, float]:
    """Inputs of a run and its duration [s], with the changes that are known (`cosim.scenario.by_hand.as_known`).

    Raises
    ------
    InputError : a speed trace is missing or wrong
    """
    ambient = scenario.ambient
    ambients = (ambient.engine_bay_degC, ambient.bms_degC, ambient.battery_degC)
    steps, starts = bus_events(scenario.events)
    contacts, fast = contact_events(scenario.events)
    starts += fast
    if isinstance(scenario.source, Supply):
        assert scenario.duration_s is not None  # validated
        points = np.array(scenario.source.emf_V)
        zero = PiecewiseLinear.constant(0.0)
        supply = PiecewiseLinear(points[:, 0].copy(), points[:, 1].copy())
        supply = changed_supply(supply, scenario.changes, scenario.tick_s)
        starts += [(t, "supply_step") for t in fast_corners_s(supply)]
        devices = changed_devices(system_signals(scenario.system, scenario.duration_s), scenario)
        devices += event_signals(scenario.events)
        inputs = Inputs(zero, zero, total(steps), supply, ambients, tuple(starts), devices, contacts)
        return inputs, scenario.duration_s
    assert scenario.drive is not None  # validated
    parameters = engine.load_engine()
    try:
        profile = drive_profile(scenario.drive, parameters)
    except ValueError as error:
        problem, _, allowed = str(error).partition("; allowed: ")
        raise InputError(scenario.name, "drive", problem, allowed) from None
    duration_s = scenario.duration_s or float(profile.time_s[-1])
    profile = changed_profile(profile, scenario.changes, scenario.tick_s, parameters)
    cranks = [crank_load(s, e - s, parameters) for s, e in zip(profile.crank_start_s, profile.crank_end_s, strict=True)]
    starts += [(float(s), "crank") for s in profile.crank_start_s]
    starts += [(t, "engine_stop") for t in engine_stops_s(profile)]
    consumers = consumer_load(profile, parameters, scenario.source.load_A, scenario.source.parked_load_A)
    consumers = changed_load(consumers, scenario.changes, scenario.tick_s)
    at_system = changed_devices(system_signals(scenario.system, duration_s), scenario)
    inputs = Inputs(
        PiecewiseLinear(profile.time_s, profile.alternator_rpm),
        PiecewiseLinear(profile.time_s, profile.vehicle_speed_m_s),
        total([consumers, *cranks, *steps]), PiecewiseLinear.constant(0.0), ambients, tuple(starts),
        at_system + event_signals(scenario.events), contacts,
    )
    return inputs, duration_s


def fast_corners_s(signal: PiecewiseLinear) -> list[float]:
    """Times at which a supply begins to move faster than a slow engine may follow; one per burst of corners."""
    moved, took = np.diff(signal.value), np.diff(signal.time_s)
    fast = (np.abs(moved) > FAST_V) & (np.abs(moved) > FAST_V_S * took)
    times: list[float] = []
    for time_s in signal.time_s[:-1][fast]:
        if not times or time_s - times[-1] > BURST_S:
            times.append(float(time_s))
    return times


def engine_stops_s(profile: engine.DriveProfile) -> list[float]:
    """Times at which the alternator loses its speed at once."""
    moved, took = np.diff(profile.alternator_rpm), np.diff(profile.time_s)
    return [float(t) for t in profile.time_s[:-1][(moved < -FAST_STOP_RPM) & (took < FAST_STOP_S)]]


def drive_profile(drive: Drive, parameters: engine.EngineParameters) -> engine.DriveProfile:
    """Profile of described segments or of speed traces."""
    if drive.segments is not None:
        return engine.from_segments([(s.kind, s.duration_s) for s in drive.segments] * drive.repeat, parameters)
    assert drive.trace is not None  # validated
    times, speeds = joined_traces(drive.trace)
    return engine.from_speed_trace(times, speeds, parameters, crank_first=drive.trace.crank)


def consumer_load(
    profile: engine.DriveProfile, parameters: engine.EngineParameters, running_A: float, parked_A: float
) -> PiecewiseLinear:
    """Vehicle consumers: one current with the engine running, another one otherwise; changes take 1 ms."""
    running = profile.alternator_rpm > 1.5 * parameters.cranking_rpm * parameters.pulley_ratio
    current = np.where(running, running_A, parked_A)
    changes = np.flatnonzero(np.diff(current) != 0.0)
    keep = np.unique(np.concatenate(([0], changes, changes + 1, [current.size - 1])))
    return PiecewiseLinear(profile.time_s[keep], current[keep])


def joined_traces(trace: Trace) -> tuple[Array, Array]:
    """Speed traces one after the other, one second apart."""
    times: list[Array] = []
    speeds: list[Array] = []
    offset = 0.0
    for name in trace.files:
        time_s, speed = read_trace(Path(name))
        times.append(time_s - time_s[0] + offset)
        speeds.append(speed)
        offset = float(times[-1][-1]) + 1.0
    return np.concatenate(times), np.concatenate(speeds)


def read_trace(path: Path) -> tuple[Array, Array]:
    """Read a CSV with the columns time_s and speed_m_s.

    Raises
    ------
    InputError : missing file or column, a value that is no number, times that do not rise
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(str(path), "", problem, "a readable CSV with time_s, speed_m_s") from None
    if not rows or not {"time_s", "speed_m_s"} <= set(rows[0]):
        raise InputError(str(path), "header", ",".join(rows[0]) if rows else "empty", "columns time_s, speed_m_s")
    table = np.empty((len(rows), 2))
    for number, row in enumerate(rows, start=2):
        for column, name in enumerate(("time_s", "speed_m_s")):
            try:
                table[number - 2, column] = float(row[name])
            except (TypeError, ValueError):
                raise InputError(str(path), f"line {number}, {name}", row[name] or "empty", "a number") from None
    if len(rows) < 2:
        raise InputError(str(path), "rows", len(rows), "at least 2")
    fine = np.all(np.isfinite(table)) and np.all(np.diff(table[:, 0]) >= SHORTEST_TRACE_S)
    if not fine or np.any(table[:, 1] < 0.0) or np.any(table[:, 1] > FASTEST_M_S):
        allowed = f"times that rise by {SHORTEST_TRACE_S} s at least, speeds of 0..{FASTEST_M_S:g} m/s"
        raise InputError(str(path), "time_s, speed_m_s", "", allowed)
    return table[:, 0].copy(), table[:, 1].copy()
