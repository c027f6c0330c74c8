"""A pack of 4 cells in series by 50 in parallel in liionpack: ``PYTHON benchmarks/liionpack_pack.py [SECONDS]``.

Prints JSON. It stands alone, as `benchmarks.pybamm_cell` does. Exit code 3: liionpack is not installed there. A whole
day of it takes hours, so it tells what so many seconds cost and what a day would.
"""

import json
import sys
import time

NOT_INSTALLED = 3
DAY_S = 86400.0
HEAT_TRANSFER_W_per_m2K = 10.0
"""Still air about a cell; its value costs nothing."""


def main() -> None:
    """Charge and discharge for so many seconds in steps of 1 s; thermal cells (Chen2020)."""
    try:
        import liionpack as lp
        import numpy as np
        import pybamm
    except ImportError as error:
        print(f"not installed: {error}", file=sys.stderr)
        raise SystemExit(NOT_INSTALLED) from None
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    netlist = lp.setup_circuit(Np=50, Ns=4, Rb=1e-4, Rc=1e-3, Ri=1e-3, V=3.3, I=100.0)
    half = seconds // 2
    experiment = pybamm.Experiment(
        [f"Discharge at 100 A for {half} seconds", f"Charge at 100 A for {seconds - half} seconds"], period="1 second"
    )
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    lp.solve(
        netlist=netlist, sim_func=lp.thermal_simulation, parameter_values=pybamm.ParameterValues("Chen2020"),
        experiment=experiment, output_variables=["Terminal voltage [V]"], initial_soc=0.5, nproc=1,
        inputs={"Total heat transfer coefficient [W.m-2.K-1]": np.full(4 * 50, HEAT_TRANSFER_W_per_m2K)},
    )
    took_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    print(json.dumps({
        "version": lp.__version__, "simulated [s]": seconds, "solution [s]": took_s, "processor time [s]": cpu_s,
        "a day would take [s]": took_s * DAY_S / seconds,
    }))


if __name__ == "__main__":
    main()
