"""Child process of `cosim.circuit.identify`: settled windows of a few points, one job per line, JSON in, JSON out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from cosim.circuit.failed import FailedPart
from cosim.circuit.identify import measure_point
from cosim.spice.session import SpiceSession


def main() -> None:
    """Read jobs from standard input until it ends, write the samples of each to standard output."""
    session = SpiceSession.open()
    for line in sys.stdin:
        job = json.loads(line)
        failed = FailedPart(*job["failed"]) if job.get("failed") else None
        samples = [
            asdict(measure_point(session, job["netlist"], job["parameters"], point, failed=failed))
            for point in job["points"]
        ]
        print(json.dumps(samples), flush=True)


if __name__ == "__main__":
    main()
