"""What the pages about the circuits show, made from the netlists when the documentation is built.

    python -m docs._ext.circuits                # below docs/circuits/generated
    python -m docs._ext.circuits --no-spice     # schematics and tables only, in seconds

`write` is what the documentation's build calls. Pictures of benches and margins of loops are remembered beside what is
generated, and run again only when a netlist or a bench has changed; they run in a process of their own, because the
build disables the compiler that SPICE's callbacks need.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from cosim.paths import ROOT
from docs._ext.circuit_sheets.check import Drawn, disagreements, missing
from docs._ext.circuit_sheets.pages import is_measured, measure, write_circuit, write_common
from docs._ext.circuit_sheets.register import CIRCUITS

FOLDER = Path(__file__).parents[1] / "circuits" / "generated"


def write(folder: Path = FOLDER, with_spice: bool = True) -> list[Path]:
    """Write schematics (SVG), tables (Markdown) and pictures (PNG) of all circuits.

    Parameters
    ----------
    folder : where to; made where it is missing
    with_spice : run the benches for pictures and margins where they are not remembered (a minute the first time)

    Returns
    -------
    list of Path
        What was written: what all pages share, then circuit by circuit.

    Raises
    ------
    ValueError : a schematic and its netlist disagree; the message names the element or the net
    RuntimeError : a bench could not be run
    """
    for drawn in schematics():
        wrong = missing(drawn) + disagreements(drawn)
        if wrong:
            raise ValueError(f"{drawn.circuit.name}: " + "; ".join(wrong))
    folder.mkdir(parents=True, exist_ok=True)
    if with_spice and not all(is_measured(circuit, folder) for circuit in CIRCUITS):
        _measure_apart(folder)
    written = write_common(folder)
    return written + [path for circuit in CIRCUITS for path in write_circuit(circuit, folder)]


def schematics() -> list[Drawn]:
    """All sheets of all circuits, subcircuit by subcircuit."""
    return [drawn for circuit in CIRCUITS for drawn in circuit.drawn()]


def _measure_apart(folder: Path) -> None:
    """Run what is not current in a process that may compile."""
    around = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    command = [sys.executable, "-m", "docs._ext.circuits", "--measure", "-o", str(folder.resolve())]
    ended = subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"benches of the circuits: {ended.stderr.strip().splitlines()[-1:]}")


def main() -> int:
    """Command line: write everything and say where."""
    parser = argparse.ArgumentParser(prog="python -m docs._ext.circuits", description="schematics of the circuits")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER)
    parser.add_argument("--no-spice", action="store_true", help="schematics and tables only")
    parser.add_argument("--measure", action="store_true", help="only run the benches whose results are not current")
    args = parser.parse_args()
    if args.measure:
        args.output.mkdir(parents=True, exist_ok=True)
        for circuit in CIRCUITS:
            measure(circuit, args.output)
        return 0
    written = write(args.output, with_spice=not args.no_spice)
    print(f"{len(written)} files in {args.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
