"""What the pages about the circuits show, made from the netlists when the documentation is built.

    python -m docs._ext.circuits                # below docs/circuits/generated
    python -m docs._ext.circuits --no-spice     # schematics and tables only, in a second

`write` is what the documentation's `conf.py` calls. Pictures of benches and margins of loops are remembered beside what
is generated, and run again only when a netlist or a bench has changed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from docs._ext.circuit_sheets.check import Drawn, disagreements, missing
from docs._ext.circuit_sheets.pages import write_circuit, write_common
from docs._ext.circuit_sheets.register import CIRCUITS

FOLDER = Path(__file__).parents[1] / "circuits" / "generated"


def write(folder: Path = FOLDER, with_spice: bool = True) -> list[Path]:
    """Write schematics (SVG), tables (Markdown) and pictures (PNG) of all circuits.

    Parameters
    ----------
    folder : where to; made where it is missing
    with_spice : run the benches for pictures and margins where they are not remembered (half a minute the first time)

    Returns
    -------
    list of Path
        What was written: what all pages share, then circuit by circuit.

    Raises
    ------
    ValueError : a schematic and its netlist disagree; the message names the element or the net
    """
    for drawn in schematics():
        wrong = missing(drawn) + disagreements(drawn)
        if wrong:
            raise ValueError(f"{drawn.circuit.name}: " + "; ".join(wrong))
    folder.mkdir(parents=True, exist_ok=True)
    written = write_common(folder)
    return written + [path for circuit in CIRCUITS for path in write_circuit(circuit, folder, with_spice)]


def schematics() -> list[Drawn]:
    """All sheets of all circuits, subcircuit by subcircuit."""
    return [drawn for circuit in CIRCUITS for drawn in circuit.drawn()]


def main() -> int:
    """Command line: write everything and say where."""
    parser = argparse.ArgumentParser(prog="python -m docs._ext.circuits",
        description="schematics and tables of the circuits")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER)
    parser.add_argument("--no-spice", action="store_true", help="schematics and tables only")
    args = parser.parse_args()
    written = write(args.output, with_spice=not args.no_spice)
    print(f"{len(written)} files in {args.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
