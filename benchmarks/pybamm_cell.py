"""PyBaMM's Thevenin cell over 24 h of driving: ``PYTHON benchmarks/pybamm_cell.py``, prints JSON.

It stands alone, because PyBaMM lives in an environment of its own and is no dependency: make one with
``python -m venv pybamm-env`` and ``pybamm-env/bin/pip install pybamm``, then name its Python in the variable
``BMS_COSIM_PYBAMM_PYTHON`` when you run `make bench`. Exit code 3: PyBaMM is not installed there.

One cell with one RC pair and its default parameters (100 Ah), a current that changes every 10 s, positive discharging.
"""

import json
import sys
import time

NOT_INSTALLED = 3
HOURS = 24
EVERY_S = 10.0


def profile() -> tuple[list[float], list[float]]:
    """Times [s] and current [A]: charging and discharging in turn about a state of charge that stays near its start."""
    times_s = [k * EVERY_S for k in range(int(HOURS * 3600 / EVERY_S) + 1)]
    return times_s, [40.0 * (1.0 if (k // 6) % 2 else -1.0) + 10.0 * ((k * 7919) % 11 - 5) / 5.0
                     for k in range(len(times_s))]


def main() -> None:
    """Solve twice, the second time warm."""
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
    figures = {}
    for label in ("first solution [s]", "solution [s]"):
        simulation = pybamm.Simulation(model, parameter_values=values)
        start_s = time.perf_counter()
        simulation.solve(np.array(times_s))
        figures[label] = time.perf_counter() - start_s
    print(json.dumps({"version": pybamm.__version__, **figures}))


if __name__ == "__main__":
    main()
