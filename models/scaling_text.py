"""The parameter files of scaled batteries, as text: values with unit, source and status."""

from __future__ import annotations

import textwrap

import numpy as np
from numpy.typing import NDArray

from models.bank import UNITS as BATTERY_UNITS
from models.cell import UNITS as CELL_UNITS
from models.identify.parameter_text import number, values
from models.identify.tables import Tables

Array = NDArray[np.float64]

Entry = tuple[float | Array, str, str]
"""Value, status, source."""
OF_MEASURED = "of cell_a123_26650 (joint fit of its measurements), unchanged"


def cell_text(name: str, cell: Tables, heat_capacity_J_K: float, mass_kg: float) -> str:
    """Return the parameter file of a cell."""
    scaled = "cell_a123_26650 times f / k (f = 2, fitted to the published round trip of 92 %)"
    entries: dict[str, Entry] = {
        "capacity_Ah": (cell.capacity_Ah, "published",
                        "requirement B6 (maker's manual), 25 degC; a discharge to 11.2 V leaves some 3 % of it"),
        "ocv_soc": (cell.ocv_soc, "ours", "nodes of cell_a123_26650"),
        "ocv_V": (cell.ocv_V, "fitted", OF_MEASURED + "; full, that cell was measured to rest at 3.55 to 3.58 V"),
        "entropic_soc": (cell.entropic_soc, "ours", "nodes of cell_a123_26650"),
        "entropic_V_K": (cell.entropic_V_K, "fitted", OF_MEASURED),
        "grid_soc": (cell.grid_soc, "ours", "nodes of cell_a123_26650 and some between, for the cold term"),
        "grid_degC": (cell.grid_degC, "ours", "nodes of cell_a123_26650"),
        "r0_ohm": (cell.r0_ohm, "fitted", scaled),
        "pair_ohm": (cell.pair_ohm, "fitted", scaled + ", f = 1 for the slowest pair; to the second the cold term "
                     "below 25 degC, fitted to B6's capacity of the 200 Ah type at 0 and -20 degC"),
        "pair_tau_s": (cell.pair_tau_s, "fitted", OF_MEASURED),
        "pair_scale_A": (cell.pair_scale_A, "fitted", "cell_a123_26650 times k"),
        "hysteresis_V": (cell.hysteresis_V, "fitted", OF_MEASURED),
        "hysteresis_rate": (cell.hysteresis_rate, "fitted", OF_MEASURED),
        "heat_capacity_J_K": (heat_capacity_J_K, "ours", f"a quarter of 88 % of the battery's {mass_kg:g} kg, "
                              "1.0 kJ/(kg K) (999 in the LFP example of FaradayInstitution/BPX)"),
    }
    about = (f"3.2 V {cell.capacity_Ah:g} Ah lithium-iron-phosphate cell, scaled from the measured A123 26650 cell by "
             "python -m models.scaling, whose head tells all assumptions. Made by the tool: do not edit by hand.")
    return _text("cell", name, about, "", CELL_UNITS, entries)


def battery_text(
    name: str, cell_name: str, connections_ohm: float, to_ambient_K_W: float, to_next_K_W: float, most_A: float,
    size_m: tuple[float, float, float],
) -> str:
    """Return the parameter file of a battery of four cells."""
    size = " x ".join(f"{1e3 * x:.0f}" for x in size_m)
    entries: dict[str, Entry] = {
        "capacity_factor": (np.ones(4), "ours", "nominal cells; studies change it"),
        "resistance_factor": (np.ones(4), "ours", "nominal cells; studies change it"),
        "terminal_resistance_ohm": (connections_ohm, "ours", "eight cell terminals, three busbars, two posts: 0.16 V "
                                    f"at the highest continuous current of {most_A:g} A (B6)"),
        "cell_to_ambient_K_W": (to_ambient_K_W, "ours", f"top and sides of a case of {size} mm at 4.5 W/(m2 K), a "
                                "quarter for each cell"),
        "cell_to_cell_K_W": (to_next_K_W, "ours", "three quarters of the case's end face, 3 mm of plastic and air "
                             "between at 0.2 W/(m K)"),
        "balancing_start_V": (3.5, "ours", "the maker's manual lets balancing work at the end of a charge of 14.2 V, "
                              "where cells stand between 3.50 and 3.60 V"),
        "balancing_full_V": (3.55, "ours", "a quarter of the manual's 14.2 V, where all cells are to end; a ramp "
                             "instead of a switch"),
        "balancing_A": (1.0, "ours", "3.5 W per cell in a resistor on the cell monitor; 2 Ah in the manual's two hours "
                        "of absorption"),
    }
    about = "Four cells in series with their connections. Made by python -m models.scaling: do not edit by hand."
    return _text("battery", name, about, cell_name, BATTERY_UNITS, entries)


def _text(model: str, name: str, about: str, cell: str, units: dict[str, str], entries: dict[str, Entry]) -> str:
    """Return a parameter file."""
    lines = [f"model: {model}", f"name: {name}", "description: >-", _folded(about, 2)]
    lines += [f"cell: {cell}"] if cell else []
    lines.append("parameters:")
    for key, unit in units.items():
        value, status, source = entries[key]
        told = f'"{unit}"' if unit == "1" else unit
        rounded = float(value) if isinstance(value, float) else np.asarray(value)
        lines += [f"  {key}:", f"    unit: {told}", f"    status: {status}", "    source: >-", _folded(source, 6),
                  f"    value: {number(rounded) if isinstance(rounded, float) else values(rounded, 11)}"]
    return "\n".join(lines) + "\n"


def _folded(text: str, indent: int) -> str:
    """Return wrapped text."""
    return textwrap.fill(text, 112, initial_indent=" " * indent, subsequent_indent=" " * indent, break_on_hyphens=False)
