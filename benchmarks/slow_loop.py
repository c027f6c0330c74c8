"""A day of driving without windows: what a tick, a supervisor call and the whole day cost.

    python benchmarks/slow_loop.py [--hours 24] [--repeats 3]

The circuit is the start of the fit (`limiter_start`), so that nothing has to be measured from a netlist first; the
cost does not depend on its coefficients. Medians of warm runs, in one process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

import bms
from cosim.circuit.identify import IdentifiedCircuit
from cosim.inputs.drive import build_inputs
from cosim.run import Run
from cosim.scenario.model import Scenario, parse_scenario
from cosim.slow.ahead import DUE, feed, hold
from cosim.slow.channels import fill_row, row_size
from cosim.slow.commands import charging
from cosim.slow.engine import (
    Tick,
    advance_bank,
    advance_in_place,
    own_arrays,
    port_gate,
    prepare,
    solve_around,
)
from cosim.slow.loop import _measure_cells, _observe, observe
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState, controls_of, initial_state, load_parameters
from cosim.slow.tick_sensors import cells_surely_inside, fill_ends
from cosim.spice.session import SpiceSession
from models import alternator, bank_tick, bank_work, heat_tick, starter_battery
from models.compiled import borrowing, borrowing_apart

CYCLE = (("idle", 300.0), ("city", 1800.0), ("highway", 1500.0))
"""Kind and duration [s] of the segments that make up the day."""
ROUNDS = 100_000


def day(hours: float) -> Scenario:
    """Scenario of `hours` of driving, from an almost empty battery."""
    segments = [
        {"kind": kind, "duration_s": duration_s} for _ in range(max(1, round(hours))) for kind, duration_s in CYCLE
    ]
    return parse_scenario(
        {"name": "day", "bank": {"soc": 0.1}, "drive": {"segments": segments}, "duration_s": hours * 3600.0}
    )


class Counted:
    """`bms.step` with its calls counted and timed."""

    def __init__(self) -> None:
        self.calls, self.seconds, self.plain = 0, 0.0, bms.step

    def __call__(self, *arguments: Any) -> bms.StepResult:
        """Call it."""
        start = time.perf_counter()
        result = self.plain(*arguments)
        self.seconds += time.perf_counter() - start
        self.calls += 1
        return result


def whole_run(hours: float) -> dict[str, float]:
    """Wall time of one run, and the supervisor's part in it."""
    scenario = day(hours)
    inputs, duration_s = build_inputs(scenario)
    circuit = IdentifiedCircuit.nominal(scenario.circuit.netlist)
    session = cast(SpiceSession, SimpleNamespace(version_text="not used"))  # without windows only its name is asked
    run = Run(scenario, session, circuit, inputs, duration_s, False, lambda fraction, text: None, windows=False)
    counted = Counted()
    setattr(bms, "step", counted)  # noqa: B010
    start = time.perf_counter()
    try:
        run.go()
    finally:
        setattr(bms, "step", counted.plain)  # noqa: B010
    total_s = time.perf_counter() - start
    return {
        "total_s": total_s, "us_per_tick": total_s / run.n_ticks * 1e6, "supervisor_calls": counted.calls,
        "supervisor_calls_per_h": counted.calls / hours, "us_per_call": counted.seconds / counted.calls * 1e6,
    }


@borrowing_apart
def _observed(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> None:
    u, gate = controls_of(s, 1.0, 54.0), port_gate(out, s.latched, k.dt_s, p)
    for i in range(n):
        _observe(s, rows[i % 1000], u, gate, k, p)


@borrowing_apart
def _looked(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> None:
    for i in range(n):
        k.bank.soc[i % 4] += 1e-12
        bank_tick.look(k.bank)


@borrowing_apart
def _solved(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> float:
    u, gate, total = controls_of(s, 1.0, 54.0), port_gate(out, s.latched, k.dt_s, p), 0.0
    emf_V, ohm = bank_tick.look(k.bank)
    for i in range(n):
        row = rows[i % 1000]
        x = solve_around(s, row, feed(s, row, k.ahead, k.starter, p), emf_V, ohm, u, gate, p)
        hold(0.0, x.alternator_voltage_V, k.ahead)  # as in a run: the search starts from the last solutions
        k.ahead[DUE] = 0.0
        total += x.port_current_A
    return total


@borrowing_apart
def _measured(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> int:
    held = 0
    fill_ends(k.ends[0], k, p.sensors.low, p.sensors.high)
    for i in range(n):
        k.bank.emf_V[0] = i
        held += cells_surely_inside(k, k.ends[0])
    return held


@borrowing_apart
def _advanced(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> float:
    for i in range(n):
        s = advance_in_place(s, x, rows[i % 1000], ambient, k, p)
    return s.bus_voltage_V


@borrowing
def _share(k: Tick, current_A: float) -> None:
    bank_tick.divide(k.bank, 13.2, current_A)


@borrowing_apart
def _cells(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> None:
    for i in range(n):
        _share(k, 10.0 * (i % 2))
        advance_bank(k, ambient, p)


@borrowing_apart
def _refreshed(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> None:
    for _ in range(n):
        bank_work.refresh(k.bank, p.battery)
        bank_work.retime(k.bank, k.dt_s, p.battery)


@borrowing_apart
def _cells_measured(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> None:
    for _ in range(n):
        _measure_cells(k, p)


@borrowing_apart
def _box(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> float:
    h, t = 30.0, 30.0
    for _ in range(n):
        h, t = heat_tick.step_box_in_place(h, t, s.box.junction_degC, k.powers_W, 1.0, ambient[1], k.box)
    return h


@borrowing_apart
def _machine(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> float:
    m = s.alternator
    for i in range(n):
        m = alternator.step(m, 80.0, 14.0, rows[i % 1000][0], ambient[0], k.dt_s, p.alternator)
    return m.winding_degC


@borrowing_apart
def _starter(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> float:
    m = s.starter
    for _ in range(n):
        m = starter_battery.step(m, 1.0, k.dt_s, ambient[0], p.starter)
    return m.v1_V


@borrowing_apart
def _row(n: int, s: PlantState, x: Operating, k: Tick, rows: Any, ambient: Any, out: Any, p: Any) -> None:
    for i in range(n):
        fill_row(out, s, x, k.powers_W, rows[i % 1000], out, k.bank, p)


PIECES: dict[str, Callable[..., Any]] = {
    "observe (look + solve + measure)": _observed, "look: all cells": _looked, "solve_around: network": _solved,
    "compare cells with bounds": _measured, "advance_in_place (all models)": _advanced,
    "bank step": _cells, "tables read again (every tenth tick)": _refreshed,
    "measure all cells (supervisor calls)": _cells_measured,
    "box step": _box, "alternator step": _machine, "starter battery step": _starter,
    "record row (every tenth tick)": _row,
}


def pieces(repeats: int) -> dict[str, float]:
    """Nanoseconds (processor time) of each piece of a tick, in a compiled loop of its own."""
    scenario = day(1.0)
    p: PlantParameters = load_parameters(scenario, IdentifiedCircuit.nominal(scenario.circuit.netlist).coefficients)
    state = initial_state(scenario, p)
    inputs, _ = build_inputs(scenario)
    rows, ambient = inputs.sampled(400.0 + np.arange(1000, dtype=np.float64) * 0.1), np.array(inputs.ambient_degC)
    x, _ = observe(state, rows[0], charging(90.0), 54.0, p)
    state = state._replace(bus_voltage_V=x.alternator_voltage_V)
    k = prepare(state, 0.1, p)
    k.powers_W[:] = 5.0
    found = {}
    for name, piece in PIECES.items():
        piece(1, own_arrays(state), x, k, rows, ambient, np.zeros(row_size(4)), p)
        times = []
        for _ in range(repeats):
            start = time.process_time()
            piece(ROUNDS, own_arrays(state), x, k, rows, ambient, np.zeros(row_size(4)), p)
            times.append((time.process_time() - start) / ROUNDS * 1e9)
        found[name] = statistics.median(times)
    return found


def main() -> None:
    """Print both tables as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    whole_run(0.01)
    runs = [whole_run(asked.hours) for _ in range(asked.repeats)]
    table = {key: round(statistics.median(r[key] for r in runs), 3) for key in runs[0]}
    table["fastest_s"], table["slowest_s"] = (round(f(r["total_s"] for r in runs), 3) for f in (min, max))
    print(json.dumps({"run": table, "ns": {n: round(v) for n, v in pieces(asked.repeats).items()}}, indent=1))


if __name__ == "__main__":
    main()
