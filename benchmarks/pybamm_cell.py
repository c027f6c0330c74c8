"""PyBaMM's Thevenin cell over 24 h of driving: ``PYTHON benchmarks/pybamm_cell.py``, prints JSON.

It stands alone, because PyBaMM lives in an environment of its own and is no dependency (`benchmarks.peers`). Exit
code 3: PyBaMM is not installed there.

One cell with one RC pair and its default parameters (100 Ah), current data of 1 s, positive discharging. Each way to
solve it is warm when it is timed, unless once took longer than `PATIENCE_S`. How right a way is, the charge at the end
says: it is the integral of the current, which is known. The best solver is the fastest that is right at all
(`RIGHT_SOC`); besides it is told what the fastest takes that is right to `FINE_SOC`: an error of 1e-3 is 0.1 Ah a day.
"""

import json
import sys
import time
from typing import Any

NOT_INSTALLED = 3
HOURS = 24
EVERY_S = 1.0
HELD_S = 10.0
PATIENCE_S = 60.0
RIGHT_SOC = 1e-3
"""State of charge at the end may be off by so much: a way that steps over the current's changes is no solution."""
FINE_SOC = (1e-4, 1e-5)
"""Finer errors for which the fastest way is told."""


def profile() -> tuple[list[float], list[float]]:
    """Times [s] and current [A]: charging and discharging in turn about a state of charge that stays near its start."""
    times_s = [k * EVERY_S for k in range(int(HOURS * 3600 / EVERY_S) + 1)]
    return times_s, [_current_A(int(t // HELD_S)) for t in times_s]


def _current_A(k: int) -> float:
    return 40.0 * (1.0 if (k // 6) % 2 else -1.0) + 10.0 * ((k * 7919) % 11 - 5) / 5.0


def ways(pybamm: Any, times_s: Any) -> dict[str, tuple[Any, Any, dict[str, Any]]]:
    """Solver, times that it stops at, and times that it interpolates to, by name."""
    ends_s = times_s[[0, -1]]

    def own_steps(most_s: float) -> tuple[Any, Any, dict[str, Any]]:
        return pybamm.IDAKLUSolver(options={"dt_max": most_s}), ends_s, {"t_interp": times_s}

    casadi = pybamm.CasadiSolver
    return {
        "IDAKLU, stops at every datum": (pybamm.IDAKLUSolver(), times_s, {}),
        "IDAKLU, own steps of 1 s at most": own_steps(EVERY_S),
        "IDAKLU, own steps of 0.25 s at most": own_steps(0.25 * EVERY_S),
        "CasADi, fast": (casadi(mode="fast"), times_s, {}),
        "CasADi, fast, steps of 1 s at most": (
            casadi(mode="fast", extra_options_setup={"max_step_size": EVERY_S}), times_s, {}),
        "CasADi, fast, tolerance 1e-8": (casadi(mode="fast", rtol=1e-8, atol=1e-10), times_s, {}),
    }


def main() -> None:
    """Solve in every way and tell the best."""
    try:
        import numpy as np
        import pybamm
    except ImportError as error:
        print(f"not installed: {error}", file=sys.stderr)
        raise SystemExit(NOT_INSTALLED) from None
    times_s, current_A = (np.array(values) for values in profile())
    model = pybamm.equivalent_circuit.Thevenin()
    values = model.default_parameter_values
    values["Current function [A]"] = pybamm.Interpolant(times_s, current_A, pybamm.t)
    exact_soc = float(values["Initial SoC"]) - float(np.trapezoid(current_A, times_s)) / 3600.0 / float(
        values["Cell capacity [A.h]"])
    figures: dict[str, float] = {}
    tried: list[tuple[float, float, float]] = []
    for name, (solver, stops_s, more) in ways(pybamm, times_s).items():
        simulation = pybamm.Simulation(model, parameter_values=values, solver=solver)
        try:
            for _ in range(2):
                start_s, start_cpu_s = time.perf_counter(), time.process_time()
                solution = simulation.solve(stops_s, **more)
                took_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
                if took_s > PATIENCE_S:
                    break
        except Exception as error:  # a solver that is not built in, or gives up: the others count
            print(f"{name}: {error}", file=sys.stderr)
            continue
        off = abs(float(solution["SoC"].data[-1]) - exact_soc)
        figures |= {f"{name} [s]": took_s, f"{name}, processor time [s]": cpu_s, f"{name}, error of the charge": off}
        tried.append((off, took_s, cpu_s))
    print(json.dumps({"version": pybamm.__version__, **figures, **best(tried)}))


def best(tried: list[tuple[float, float, float]]) -> dict[str, float]:
    """Least wall and processor time of what was tried (error, wall, processor), for each error that is asked."""
    found: dict[str, float] = {}
    for asked in (RIGHT_SOC, *FINE_SOC):
        name = "best solver" if asked == RIGHT_SOC else f"best solver right to {asked:.0e}"
        good = [(took_s, cpu_s) for off, took_s, cpu_s in tried if off < asked]
        if good:
            found[f"{name} [s]"] = min(took_s for took_s, _ in good)
            found[f"{name}, processor time [s]"] = min(cpu_s for _, cpu_s in good)
        elif asked == RIGHT_SOC:
            raise SystemExit("no solver solved it")
    return found


if __name__ == "__main__":
    main()
