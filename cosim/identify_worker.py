"""Child process of `cosim.identify`: settled windows of a few points, JSON in, JSON out."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from cosim.identify import measure_point
from cosim.spice import SpiceSession


def main() -> None:
    """Read a job from standard input, write its samples to standard output."""
    job = json.load(sys.stdin)
    session = SpiceSession.open()
    samples = [asdict(measure_point(session, job["netlist"], job["parameters"], p)) for p in job["points"]]
    json.dump(samples, sys.stdout)


if __name__ == "__main__":
    main()
