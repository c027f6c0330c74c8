"""From the measured A123 cell to the 12.8 V batteries of requirement B6. ``python -m models.scaling -o FOLDER`` writes.

A cell of ``k`` times the charge and ``f`` times the resistance per electrode area keeps U, s, M, gamma and tau; its
resistances are ``R f / k`` and its current scales ``k I_k``. Assumptions, in the order of their weight:

1. *Cold capacity.* At -20 and 0 degC the measured cell of 1.99 Ah gives nine tenths of its charge at 0.2 C; the
   batteries give 50 and 80 % (B6). What thick electrodes do there, ions that cannot follow once the particles' surface
   is empty, is put into the second pair (minutes), rising where the charge falls below a place that climbs with cold::

       R_2 += (WALL_V / 0.2 Q) exp((place(T) - soc) / WALL_WIDTH) taper(T)
       place(T) = cold.at_0C + (cold.at_0C - cold.at_minus_20C) T / 20,   taper(T) = (25 - T) / 25 within 0..1

   The two places are *fitted* to the 200 Ah type at 0 and -20 degC, the other five types validate; above 25 degC
   nothing is added. It is symmetric in the current, so charging an empty cold battery is a little too hard, and a
   resistance: at more current the charge falls faster than with a true limit of diffusion, at less it falls slower.
2. *Test behind the published capacities.* Discharge at 0.2 C to 11.2 V in a chamber with forced air, cells at its
   temperature (ours; the maker says only: at most 1 C). At 1 C so held the 200 Ah type gives 189, 122 and 2 Ah at 25, 0
   and -20 degC, and already with f = 1 and no cold term the measured cell gives a quarter of its charge at -20 degC:
   B6 cannot hold at 1 C for cells that stay cold. In still air they warm: 0.5 C from -20 degC gives 180 Ah.
3. *f = `AREA_FACTOR`* for R0 and the pairs of minutes and less, *fitted* to the published round trip of 92 % at 1 C and
   25 degC in the chamber (its rate is not published): thicker electrodes of an energy cell. The slowest pair (an hour)
   keeps f = 1: it stands for the particles, which see the same rate in any electrode (ours). With f = 2 there too a
   charge at 0.33 C stood at 13.8 V in mid charge, and an alternator hardly reached a limit of 90 A.
4. *capacity_Ah* is the published capacity and the charge between soc 0 and 1, though a discharge to 11.2 V leaves 3 %.
5. Connections drop `CONNECTION_DROP_V` at the type's highest current; heat from mass and size (all ours).
6. The measured cell rests at 3.55 to 3.58 V when full, and so do these: 14.2 V after a charge at 14.2 V.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import scaling_text
from models.identify import tables
from models.identify.tables import Tables
from models.parameter_file import ParameterError

Array = NDArray[np.float64]

MEASURED = "cell_a123_26650"
AREA_FACTOR = 2.0
"""f of all but the slowest pair, fitted: 92 % round trip at 1 C."""
RATE_C = 0.2
"""Rate of the capacity tests (ours; usual for capacity tests of large cells)."""
WALL_V = 0.4
"""Cold term at its place and `RATE_C` [V] (ours: what lies between the plateau and the end of discharge)."""
WALL_WIDTH = 0.08
"""Charge over which it falls to a third (ours: the capacity then moves smoothly between the two fitted points)."""
FREE_degC = 25.0
"""From here on nothing is added (ours: where the measured cell and B6 agree)."""
PAIR = 1
"""Place of the pair that carries it: minutes, neither a jump at the terminals nor hours."""
MOST_OHM_AH = 5.0 * 1.99447
"""Largest resistance times capacity in a table, as at the measured cell [ohm Ah]."""
CONNECTION_DROP_V = 0.16
"""At the highest current (ours): 13 contacts and bars of some 12 mV."""
CELLS = 4
CELL_SHARE = 0.88
"""Part of a battery's mass that is cells (ours)."""
HEAT_J_kgK = 1000.0
"""Of the cells (ours); 999 J/(kg K) in the LFP example of FaradayInstitution/BPX."""
FILM_W_m2K = 4.5
"""Case to still air with radiation, 9, in series with gap and case wall (ours)."""
FACE_SHARE, GAP_K_m2_W = 0.75, 0.015
"""Part of the case's end face that neighbours touch; 3 mm of plastic and air of 0.2 W/(m K) between (ours)."""


class Type(NamedTuple):
    """One battery type.

    Attributes
    ----------
    capacity_Ah : float
        At 25 degC (B6).
    most_A : float
        Highest continuous current of both directions (B6).
    mass_kg, size_m : float, tuple of float
        Of the battery; height, length (the row of cells), width.
    """

    capacity_Ah: float
    most_A: float
    mass_kg: float
    size_m: tuple[float, float, float]

    @property
    def name(self) -> str:
        """Name in file names, such as 200Ah."""
        return f"{self.capacity_Ah:.0f}Ah"


TYPES = (
    Type(50.0, 100.0, 7.0, (0.199, 0.188, 0.147)),
    Type(100.0, 200.0, 14.0, (0.197, 0.321, 0.152)),
    Type(160.0, 320.0, 20.0, (0.237, 0.321, 0.152)),
    Type(180.0, 360.0, 21.0, (0.237, 0.321, 0.152)),
    Type(200.0, 400.0, 22.0, (0.237, 0.321, 0.152)),
    Type(330.0, 400.0, 30.0, (0.265, 0.359, 0.206)),
)
"""Capacities and currents published (B6); masses and sizes as they go for this class, not read at the maker's: ours."""


class Cold(NamedTuple):
    """Charge below which the cold term is felt, at 0 and at -20 degC; linear in temperature."""

    at_0C: float
    at_minus_20C: float


COLD = Cold(0.1886, 0.4638)
"""Fitted to 160 and 100 Ah of the 200 Ah type with `models.scaling_fit.fit_cold` (a test repeats it)."""


def cold_ohm(capacity_Ah: float, soc: Array, degC: Array, cold: Cold) -> Array:
    """Return what is added to the second pair [ohm], shape (n_T, n_soc); see the head of the module."""
    place = cold.at_0C + (cold.at_0C - cold.at_minus_20C) * degC / 20.0
    taper = np.clip((FREE_degC - degC) / FREE_degC, 0.0, 1.0)
    with np.errstate(over="ignore"):
        steep = np.exp((place[:, np.newaxis] - soc) / WALL_WIDTH)
    return np.asarray(WALL_V / (RATE_C * capacity_Ah) * taper[:, np.newaxis] * steep)


def scaled_cell(measured: Tables, capacity_Ah: float, area_factor: float = AREA_FACTOR, cold: Cold = COLD) -> Tables:
    """Return the cell of another capacity.

    Parameters
    ----------
    measured : Tables
        The measured cell.
    capacity_Ah : float
        Capacity wanted.
    area_factor : float
        Resistance times electrode area, relative to the measured cell; 1 for the slowest pair.
    cold : Cold
        Places of the cold term.
    """
    k = capacity_Ah / measured.capacity_Ah
    soc = np.union1d(measured.grid_soc, np.arange(5, 12) / 20.0)

    def on_grid(table: Array) -> Array:
        return np.array([np.interp(soc, measured.grid_soc, row) for row in table])

    factors = [area_factor] * (len(measured.pair_ohm) - 1) + [1.0]
    pairs = np.array([f * on_grid(pair) for f, pair in zip(factors, measured.pair_ohm, strict=True)]) / k
    pairs[PAIR] += cold_ohm(capacity_Ah, soc, measured.grid_degC, cold)
    return measured._replace(
        capacity_Ah=capacity_Ah, grid_soc=soc, r0_ohm=on_grid(measured.r0_ohm) * (area_factor / k),
        hysteresis_V=on_grid(measured.hysteresis_V), pair_scale_A=measured.pair_scale_A * k,
        pair_ohm=np.minimum(pairs, MOST_OHM_AH * area_factor / capacity_Ah),
    )


class Heat(NamedTuple):
    """Heat of one cell in its battery."""

    capacity_J_K: float
    to_ambient_K_W: float
    to_next_K_W: float


def heat_of(kind: Type) -> Heat:
    """Return heat capacity and resistances from mass and size.

    The air sees the top and the four sides; the battery stands on its bottom. The cells share the case equally.
    """
    height_m, length_m, width_m = kind.size_m
    area_m2 = length_m * width_m + 2.0 * height_m * (length_m + width_m)
    return Heat(
        capacity_J_K=CELL_SHARE * kind.mass_kg / CELLS * HEAT_J_kgK,
        to_ambient_K_W=CELLS / (FILM_W_m2K * area_m2),
        to_next_K_W=GAP_K_m2_W / (FACE_SHARE * height_m * width_m),
    )


def connections_ohm(kind: Type) -> float:
    """Return the resistance of a battery's busbars, contacts and posts [ohm]."""
    return CONNECTION_DROP_V / kind.most_A


def texts(measured: Tables, area_factor: float = AREA_FACTOR, cold: Cold = COLD) -> dict[str, str]:
    """Return the parameter files of all types by file name."""
    found: dict[str, str] = {}
    for kind in TYPES:
        heat = heat_of(kind)
        cell = scaled_cell(measured, kind.capacity_Ah, area_factor, cold)
        name, battery = f"cell_lfp_{kind.name}", f"battery_lfp_12V8_{kind.name}"
        found[f"{name}.yaml"] = scaling_text.cell_text(name, cell, heat.capacity_J_K, kind.mass_kg)
        found[f"{battery}.yaml"] = scaling_text.battery_text(
            battery, name, connections_ohm(kind), heat.to_ambient_K_W, heat.to_next_K_W, kind.most_A, kind.size_m
        )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all files, or none; a ParameterError and what else is bad input gives one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m models.scaling", description="Write the batteries of B6.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="existing folder to write to")
    folder: Path = parser.parse_args(arguments).output
    try:
        written = texts(tables.load(MEASURED))
        if not folder.is_dir():
            raise ParameterError(f"{folder}: --output: no such folder; allowed: an existing folder")
        parts = {folder / f".{name}.part": folder / name for name in written}
        try:
            for (part, place) in parts.items():
                part.write_text(written[place.name], encoding="utf-8")
            for part, place in parts.items():
                part.replace(place)
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
    except (ParameterError, OSError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    print(f"written: {len(written)} files to {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
