"""The parameter file of an identified cell, as text: values with unit, source and status, and where they come from."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.cell import UNITS
from models.identify.quality import Error
from models.identify.tables import Tables

Array = NDArray[np.float64]

HEAT_CAPACITY_J_K = 76.0
"""76 g times 1.0 kJ/(kg K)."""
DESCRIPTION = """\
A123 26650 lithium-iron-phosphate cell, identified by `python -m models.identify` from the
measurements of G. Plett's group (data of the batterysim/esctoolbox-python repository, MIT): all temperatures in
one joint fit of smooth functions (resistances: sums of Arrhenius terms with coefficients not negative), sampled to
tables. Made by the tool: do not edit by hand. Below -25 and above 45 degC the tables are extrapolated."""
SOURCES: dict[str, tuple[str, str]] = {
    "capacity_Ah": ("fitted", "charge from full that makes the dynamic profiles fit the C/30 curves; the C/30 "
                              "discharge of the same data set moved more (see provenance)"),
    "ocv_soc": ("ours", "nodes, dense where the curve bends"),
    "ocv_V": ("fitted", "joint fit of C/30 and dynamic tests, 25 degC, middle of the hysteresis"),
    "entropic_soc": ("ours", "nodes"),
    "entropic_V_K": ("fitted", "slope of the mean C/30 curve over 5..45 degC, held below charge 0.1 and above 0.9; the "
                               "joint fit may leave it by some 0.04 mV/K"),
    "grid_soc": ("ours", "nodes, dense where resistances rise"),
    "grid_degC": ("ours", "5 K steps, so that linear reading is within 2 % of an exponential"),
    "r0_ohm": ("fitted", "joint fit; value at 1 s samples, so it holds whatever settles within a second"),
    "pair_ohm": ("fitted", "joint fit"),
    "pair_tau_s": ("fitted", "joint fit, Arrhenius; the slowest also stands for relaxation over hours"),
    "pair_scale_A": ("fitted", "joint fit, Arrhenius, charge transfer in the first pair; 0: linear; currents of the "
                               "cold profiles are small, so it is known to a factor of two"),
    "hysteresis_V": ("fitted", "joint fit"),
    "hysteresis_rate": ("fitted", "joint fit"),
    "heat_capacity_J_K": ("ours", "76 g times 1.0 kJ/(kg K), usual for the type; not measured here"),
}


def number(value: float) -> str:
    """Write a number that YAML reads as one: six figures, with a point, exponent signed."""
    text = f"{value:.6g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent):+d}"
    return text if "." in text else text + ".0"


def values(array: Array | float, indent: int) -> str:
    """Write a number or nested lists in flow style, wrapped."""
    if isinstance(array, float):
        return number(array)
    if array.ndim == 1:
        text = "[" + ", ".join(number(float(x)) for x in array) + "]"
        lines = textwrap.wrap(text, 118 - indent, break_long_words=False, break_on_hyphens=False)
        return ("\n" + " " * (indent + 1)).join(lines)
    rows = [values(row, indent + 1) for row in array]
    return "[" + (",\n" + " " * (indent + 1)).join(rows) + "]"


def _entry(name: str, value: Array | float) -> str:
    """Write one parameter."""
    status, source = SOURCES[name]
    unit = f'"{UNITS[name]}"' if UNITS[name] == "1" else UNITS[name]
    told = textwrap.fill(source, 110, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)
    return (f"  {name}:\n    unit: {unit}\n    status: {status}\n    source: >-\n{told}\n"
            f"    value: {values(value, 11)}\n")


def _errors(errors: Sequence[Error]) -> list[str]:
    """Write errors in mV, one line per test."""
    return [f"    - {{file: \"{e.name}\", degC: {number(e.temperature_degC)}, rms_mV: {1e3 * e.rms_V:.2f}, "
            f"bias_mV: {1e3 * e.bias_V:.2f}, max_mV: {1e3 * e.max_V:.1f}}}" for e in errors]


def write(
    name: str, tables: Tables, slow_Ah: float, fitted: Sequence[Error], left_out: Sequence[Error],
    hashes: Mapping[str, str],
) -> str:
    """Return the text of the parameter file.

    Parameters
    ----------
    name : str
        Name of the parameter set.
    tables : Tables
        The cell.
    slow_Ah : float
        Capacity of the C/30 discharge, told in the provenance.
    fitted, left_out : sequence of Error
        Error of every dynamic profile in the fit, and of those predicted by a fit without their temperature.
    hashes : mapping of str to str
        SHA-256 of every data file.
    """
    everything = {**tables._asdict(), "heat_capacity_J_K": HEAT_CAPACITY_J_K}
    lines = ["model: cell", f"name: {name}", "description: >-", textwrap.indent(DESCRIPTION, "  "), "provenance:",
             f"  slow_capacity_Ah: {number(slow_Ah)}", "  charge_window: [0.05, 0.95]", "  fitted:", *_errors(fitted),
             "  left_out:" if left_out else "  left_out: []", *_errors(left_out), "  sha256:"]
    lines += [f"    \"{file}\": {digest}" for file, digest in hashes.items()]
    return "\n".join(lines) + "\nparameters:\n" + "".join(_entry(key, everything[key]) for key in UNITS)

