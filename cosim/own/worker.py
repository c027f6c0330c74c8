"""Child process of `cosim.own.process`: tries the user's netlist, runs the scenario, leaves an answer in a file."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cosim.circuit.identify import measure_point
from cosim.own.process import ANSWER, JOB, TRIED, Job, Progress, told
from cosim.spice.session import SpiceSession

if TYPE_CHECKING:
    from cosim.result import Result

TRIAL_POINTS = 100_000
"""Budget of accepted points of the trial (ours: the shipped circuits take at most 2,000)."""
TRIAL_POINT: dict[str, float | str] = {
    "regime": "pass", "battery_V": 13.0, "over_V": 0.3, "reference_mV": 110.0, "fuse_degC": 25.0, "diode_degC": 25.0,
    "pass_degC": 25.0,
}
"""The trial: 0.3 V behind 8 mohm of source and battery, 25 degC."""
MEMORY_BYTES = 8 << 30
"""Address space of the process (ours: a run takes 1.5 GB of it)."""


def main() -> None:
    """Run the job of the folder that the first argument names."""
    folder = Path(sys.argv[1])
    progress = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no progress
    threading.Thread(target=_end_with_the_caller, daemon=True).start()
    _limit_memory()
    job: Job = pickle.loads((folder / JOB).read_bytes())

    def report(fraction: float, text: str) -> None:
        print(json.dumps([fraction, text]), file=progress, flush=True)

    try:
        answer: tuple[str, object] = ("result", _run(job, report))
    except Exception as error:
        answer = ("error", told(error, job.file))
    part = folder / f"{ANSWER}.part"
    part.write_bytes(pickle.dumps(answer))
    part.rename(folder / ANSWER)


def _run(job: Job, report: Progress) -> Result | None:
    """Result of the scenario; None of a trial alone."""
    session = SpiceSession.open()
    measure_point(session, job.circuit, {}, TRIAL_POINT, TRIAL_POINTS)
    report(0.0, TRIED)
    if job.scenario is None:
        return None
    from cosim.simulation import Simulation  # late: most of what fails has failed by now

    os.chdir(job.folder)  # paths of the scenario are as the caller sees them
    simulation = Simulation(job.scenario, session=session, every_tick=job.every_tick, windows=job.windows)
    return simulation.run(progress=report)


def _end_with_the_caller() -> None:
    """End, with all measuring processes, when the caller has gone: it holds the other end of the standard input."""
    sys.stdin.read()
    os.killpg(0, signal.SIGKILL)


def _limit_memory() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    except (ImportError, ValueError, OSError):
        return  # a system without such limits; the limits of elements and points stay


if __name__ == "__main__":
    main()
