"""PyBaMM's Thevenin cell over 24 h of driving: ``PYTHON benchmarks/pybamm_cell.py``, prints JSON.

It stands alone, because PyBaMM lives in an environment of its own and is no dependency (`benchmarks.peers`). Exit
code 3: PyBaMM is not installed there.

One cell with one RC pair and its default parameters (100 Ah), current data of 1 s, positive discharging. Each solver
that is there solves it twice, the second time warm; the fastest one counts.
"""

import json
import sys
import time

NOT_INSTALLED = 3
HOURS = 24
EVERY_S = 1.0
HELD_S = 10.0


def profile() -> tuple[list[float], list[float]]:
    """Times [s] and current [A]: charging and discharging in turn about a state of charge that stays near its start."""
    times_s = [k * EVERY_S for k in range(int(HOURS * 3600 / EVERY_S) + 1)]
    return times_s, [_current_A(int(t // HELD_S)) for t in times_s]


def _current_A(k: int) -> float:
    return 40.0 * (1.0 if (k // 6) % 2 else -1.0) + 10.0 * ((k * 7919) % 11 - 5) / 5.0


def main() -> None:
    """Solve with every solver and tell the best."""
    try:
        import numpy as np
        import pybamm
    except ImportError as error:
        print(f"not installed: {error}", file=sys.stderr)
        raise SystemExit(NOT_INSTALLED) from None
    times_s, current_A = profile()
    model = pybamm.equivalent_circuit.Thevenin()
    values = model.default_parameter_values
    values["Current function [A]"] = pybamm.Interpolant(np.array(times_s), np.array(current_A), pybamm.t)
    solvers = {
        "IDAKLU": pybamm.IDAKLUSolver,
        "CasADi, fast": lambda: pybamm.CasadiSolver(mode="fast"),
    }
    figures: dict[str, float] = {}
    for name, make in solvers.items():
        try:
            for _ in range(2):
                simulation = pybamm.Simulation(model, parameter_values=values, solver=make())
                start_s, start_cpu_s = time.perf_counter(), time.process_time()
                simulation.solve(np.array(times_s))
                took_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
        except Exception as error:  # a solver that is not built in, or gives up: the others count
            print(f"{name}: {error}", file=sys.stderr)
            continue
        figures[f"{name} [s]"], figures[f"{name}, processor time [s]"] = took_s, cpu_s
    totals = [value for name, value in figures.items() if "processor" not in name]
    if not totals:
        raise SystemExit("no solver solved it")
    times = [value for name, value in figures.items() if "processor" in name]
    figures["best solver [s]"], figures["best solver, processor time [s]"] = min(totals), min(times)
    print(json.dumps({"version": pybamm.__version__, **figures}))


if __name__ == "__main__":
    main()
