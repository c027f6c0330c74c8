"""What each figure that a run prints rests on. A test finds figures without a row here, and rows without a figure."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

from cosim.paths import ROOT


class Trace(NamedTuple):
    """One printed figure.

    Attributes
    ----------
    figure : str
        Its name as the code has it, `*` for what is put in.
    rests_on : tuple of str
        Models by the `model` key of their parameter files, `netlist` for a circuit, `firmware` for the supervisor.
    status : str
        Of what decides it: validated, fitted or ours.
    why : str
        What decides, in words.
    """

    figure: str
    rests_on: tuple[str, ...]
    status: str
    why: str


CIRCUIT = "the circuit is ours; SPICE solves it, device classes stand in `netlists/devices.lib`"

TRACES: tuple[Trace, ...] = (
    Trace("start threshold", ("netlist", "firmware"), "ours", "threshold of the data sheet, debounce ours"),
    Trace("reverse current, source sinks at 10 mV/s", ("netlist",), "ours", CIRCUIT),
    Trace("reverse current peak, cranking", ("netlist", "engine", "starter_battery"), "ours", CIRCUIT),
    Trace("reverse current above 1 A, cranking", ("netlist", "engine", "starter_battery"), "ours", CIRCUIT),
    Trace("same at the input stud, with the BMS's capacitors", ("netlist", "engine", "starter_battery"), "ours",
          CIRCUIT),
    Trace("limiter current, * fuse (* degC)", ("netlist", "fuse", "heat", "firmware"), "ours",
          "resistance and thermal resistance of the fuse are assumed (circuit facts); the firmware corrects for them"),
    Trace("charge into the LFP battery", ("alternator", "cell", "battery", "cable", "netlist", "firmware"), "fitted",
          "output of the alternator, and the limit"),
    Trace("state of charge at the end", ("alternator", "cell", "battery", "cable", "netlist", "firmware"), "fitted",
          "charge over capacity"),
    Trace("time at the limit", ("alternator", "engine", "netlist", "firmware"), "ours",
          "drive profile and output curve"),
    Trace("port current, highest mean over 1 s", ("netlist", "fuse", "firmware"), "ours", CIRCUIT),
    Trace("port current while lifted, highest", ("alternator", "netlist", "fuse", "firmware"), "ours", CIRCUIT),
    Trace("limit lifted, longest", ("netlist",), "ours", "timer of the circuit"),
    Trace("fuse while lifted, highest I2t", ("alternator", "netlist", "firmware"), "ours", CIRCUIT),
    Trace("alternator *, hottest", ("alternator", "engine", "netlist", "firmware"), "fitted",
          "films set by one published bench test and by requirement A6; efficiency validated"),
    Trace("alternator *, time to its limit", ("alternator", "engine", "netlist", "firmware"), "fitted",
          "heat capacity of the winding set by requirement A6 ('about 5 minutes')"),
)
"""Every figure of `summary.json`."""


def figure_names(text: str) -> set[str]:
    """Return the names of all figures that a module makes: the second argument of `Figure`, `*` for inserted values."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Figure"):
            continue
        if len(node.args) < 2:
            continue  # a matplotlib picture
        name = node.args[1]
        if isinstance(name, ast.Constant):
            names.add(str(name.value))
        elif isinstance(name, ast.JoinedStr):
            names.add("".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in name.values))
        else:
            names.add(ast.unparse(name))
    return names


def printed_figures(root: Path = ROOT) -> set[str]:
    """Return the names of all figures that the coupling code makes."""
    return {name for path in sorted((root / "cosim").rglob("*.py"))
            for name in figure_names(path.read_text(encoding="utf-8"))}
