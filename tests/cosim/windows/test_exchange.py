"""The exchange of one point: sources as `SourceTable.hold` would write them, and steps that follow what moves."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.characteristic import limiter_start
from cosim.scenario.model import parse_scenario
from cosim.slow.plant import initial_state, load_parameters
from cosim.spice.sources import SourceTable
from cosim.windows.exchange import I_PORT, ORDER, V_BATTERY, FastState
from cosim.windows.exchange_point import GROWTH, HELD, SHORTEST_STEP_S, TURN

SCENARIO = {"name": "x", "drive": {"segments": [{"kind": "idle", "duration_s": 1.0}]}, "bank": {"soc": 0.5}}
CEILING_S = 2.5e-3


def fast_state(table: SourceTable | None = None) -> tuple[FastState, np.ndarray, np.ndarray]:
    """A plant with a step control, the limit it writes, and values of a port at rest."""
    p = load_parameters(parse_scenario(SCENARIO), limiter_start())
    state = initial_state(parse_scenario(SCENARIO), p)
    step = np.zeros(1)
    values = np.zeros(len(ORDER))
    values[V_BATTERY] = 13.0
    return FastState(state, p, np.array([25.0, 25.0, 20.0]), table, step, CEILING_S), step, values


def test_sources_are_held_as_the_table_itself_would() -> None:
    table, twin = SourceTable(), SourceTable()
    fast, _, values = fast_state(table)
    values[ORDER.index("battery_current_A")] = 90.0
    fast.start(0.0, values)
    for k in range(1, 4):
        table.accepted(k * 1e-3)
        slopes = fast.accept(k * 1e-3, values)
    twin.hold("vemf", 3e-3, slopes.battery_emf_V, slopes.battery_slope_V_s)
    assert slopes.battery_slope_V_s > 0.0
    for ahead_s in (0.0, 1e-4, 1e-2):
        assert table.at("vemf", 3e-3 + ahead_s) == twin.at("vemf", 3e-3 + ahead_s)
    assert {name: table.at(name, 4e-3) for name in HELD[2:]} == pytest.approx(
        {"vtfuse": fast.state.fuse.temperature_degC,
         **{f"vt{d}": fast.state.box.junction_degC[j, 0] for j, d in enumerate(("q1", "q2a", "q2b", "q2c", "q2d"))}},
        rel=1e-15,
    )


def test_a_hold_ends_what_was_ahead() -> None:
    table = SourceTable()
    fast, _, values = fast_state(table)
    table.hold("vtfuse", 0.0, 5.0)
    table.ramp("vtfuse", 2e-3, 500.0, 1e-3)
    fast.start(0.0, values)
    fast.exchange(1e-3, values)
    assert table.at("vtfuse", 10e-3) == pytest.approx(25.0)


def test_steps_grow_to_the_longest_where_all_is_straight() -> None:
    fast, step, values = fast_state()
    fast.start(0.0, values)
    time_s, dt_s = 0.0, SHORTEST_STEP_S
    taken = []
    for _ in range(40):
        time_s += dt_s
        values[I_PORT] = 100.0 * time_s
        fast.exchange(time_s, values)
        dt_s = float(step[0])
        taken.append(dt_s)
    assert taken[1] / taken[0] == pytest.approx(GROWTH)
    assert taken[-1] == CEILING_S


def test_steps_follow_a_ringing() -> None:
    """A sine of 10 A and 150 us: dt^2 x'' stays near its tolerance, so its line is followed to about that."""
    fast, step, values = fast_state()
    fast.start(0.0, values)
    omega, time_s, dt_s = 2.0 * np.pi / 150e-6, 0.0, SHORTEST_STEP_S
    points = [(0.0, 0.0)]
    while time_s < 600e-6:
        time_s += dt_s
        values[I_PORT] = 10.0 * np.sin(omega * time_s)
        fast.exchange(time_s, values)
        dt_s = float(step[0])
        points.append((time_s, float(values[I_PORT])))
    times, waves = np.array(points).T
    fine_s = np.linspace(0.0, times[-1], 20001)
    error_A = np.abs(np.interp(fine_s, times, waves) - 10.0 * np.sin(omega * fine_s)).max()
    assert error_A < 2.0 * TURN[0]
    assert 200 < times.size < 900


def test_an_event_is_looked_at_closely() -> None:
    fast, step, values = fast_state()
    fast.start(0.0, values)
    for k in range(1, 30):
        fast.exchange(k * CEILING_S, values)
    assert step[0] == CEILING_S
    fast.look_closely(1e-6)
    assert step[0] == 1e-6
    fast.look_closely(1.0)
    assert step[0] == CEILING_S


def test_a_source_that_is_not_finite_is_an_error() -> None:
    fast, _, values = fast_state(SourceTable())
    fast.start(0.0, values)
    values[ORDER.index("battery_current_A")] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        fast.exchange(1e-3, values)


def test_without_a_step_control_nothing_is_limited() -> None:
    p = load_parameters(parse_scenario(SCENARIO), limiter_start())
    fast = FastState(initial_state(parse_scenario(SCENARIO), p), p, np.array([25.0, 25.0, 20.0]))
    fast.start(0.0, np.zeros(len(ORDER)))
    fast.exchange(1e-3, np.zeros(len(ORDER)))
    fast.look_closely(1e-6)
    assert fast._step[0] == 0.0
