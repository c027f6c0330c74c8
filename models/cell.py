"""One lithium-iron-phosphate cell at run time: tables over temperature and state of charge.

Equivalent circuit with hysteresis and any number of polarisation pairs, after G. L. Plett, *Battery Management
Systems, vol. 1: Battery Modeling*, Artech House 2015, chapter 2. Charging current is positive::

    v       = U(soc, T) + M(soc, T) h + sum_k v_k + R0(soc, T) I
    U       = U25(soc) + (T - 25) s(soc)                               s: entropic coefficient
    dsoc/dt = I / (3600 Q)
    dh/dt   = gamma |I| / (3600 Q) (sgn(I) - h)                        -1 <= h <= 1
    dv_k/dt = (g_k(I) - v_k) / tau_k(T)
    g_k(I)  = R_k(soc, T) I,  or  R_k(soc, T) I_k(T) asinh(I / I_k(T)) for a charge-transfer pair
    heat    = I (v - U) + I (T + 273.15) s                             T in degC

The heat is that of D. Bernardi, E. Pawlikowski, J. Newman, J. Electrochem. Soc. 132 (1985) 5,
doi:10.1149/1.2113792: what the terminals give and the chemistry does not take. Nothing is stored in pairs or hysteresis
then, so ``I v = chemical power + heat`` holds at any moment, with ``chemical power = I (U - T s)``.

Coefficients are read bilinearly from tables on a grid of temperature and charge, U25 by a monotone cubic; outside the
grids tables are held and U25 goes on as a straight line. A cell of capacity ``a Q`` and resistance ``b R`` (age,
spread) keeps U, s, M, gamma and tau; its scales are ``a I_k``.

The functions here read one coefficient at a time and are meant to be read and tested; `models.bank_tick` does the same
for a whole bank at once. Arrays: `grid` are the strictly rising places of a table, shape (n,), `per_width` one over
each of their distances, shape (n - 1,); tables over temperature have shape (n_degC, n_pairs).
"""

import functools
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from models import parameter_file
from models.compiled import borrowing
from models.parameter_file import ParameterError, ParameterFile

ZERO_CELSIUS_K = 273.15
REFERENCE_DEGC = 25.0
R0, HYSTERESIS, PAIRS = 0, 1, 2
"""Places in `CellParameters.table`: ohmic resistance, hysteresis, first pair."""


class CellParameters(NamedTuple):
    """Run-time tables of one cell, all on one grid of charge (the union of the file's grids; see `load_cell`).

    Attributes
    ----------
    capacity_Ah : float
        Charge between soc 0 and 1.
    soc, per_soc : ndarray, shape (n_soc,), (n_soc - 1,)
        Grid of charge, and one over its widths.
    ocv_V : ndarray, shape (n_soc - 1, 4)
        U25 in each segment: coefficients of 1, d, d^2, d^3 with d = soc - soc[i].
    ocv_end : ndarray, shape (2, 2)
        Value [V] and slope [V] of U25 at both ends of the grid.
    entropic_V_K : ndarray, shape (n_soc,)
        s, the entropic coefficient dU/dT.
    degC, per_K : ndarray, shape (n_T,), (max(n_T - 1, 1),)
        Grid of temperature, and one over its widths.
    table : ndarray, shape (n_T, n_soc, 2 + n_pairs)
        R0 [ohm], M [V] and R_k [ohm].
    pair_tau_s, pair_scale_A : ndarray, shape (n_T, n_pairs)
        Time constants, and current scales of charge-transfer pairs (0: linear).
    hysteresis_rate : float
        gamma.
    heat_capacity_J_K : float
        Heat capacity of one cell.
    """

    capacity_Ah: float
    soc: NDArray[np.float64]
    per_soc: NDArray[np.float64]
    ocv_V: NDArray[np.float64]
    ocv_end: NDArray[np.float64]
    entropic_V_K: NDArray[np.float64]
    degC: NDArray[np.float64]
    per_K: NDArray[np.float64]
    table: NDArray[np.float64]
    pair_tau_s: NDArray[np.float64]
    pair_scale_A: NDArray[np.float64]
    hysteresis_rate: float
    heat_capacity_J_K: float


UNITS = {
    "capacity_Ah": "Ah",
    "ocv_soc": "1",
    "ocv_V": "V",
    "entropic_soc": "1",
    "entropic_V_K": "V/K",
    "grid_soc": "1",
    "grid_degC": "degC",
    "r0_ohm": "ohm",
    "pair_ohm": "ohm",
    "pair_tau_s": "s",
    "pair_scale_A": "A",
    "hysteresis_V": "V",
    "hysteresis_rate": "1",
    "heat_capacity_J_K": "J/K",
}


def load_cell(name_or_path: str | Path = "cell_lfp_200Ah") -> CellParameters:
    """Load a cell.

    Parameters
    ----------
    name_or_path : str or Path
        Shipped name or path of a parameter file. ``r0_ohm`` and ``hysteresis_V`` have shape (n_T, n_soc),
        ``pair_ohm`` (n_pairs, n_T, n_soc), ``pair_tau_s`` and ``pair_scale_A`` (n_pairs, n_T), on the grids
        ``grid_degC`` and ``grid_soc``.

    Returns
    -------
    CellParameters
        A fresh object. All tables stand on the union of the three grids of charge, which changes no value.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    kept = _tables(parameter_file.load(name_or_path, "cell", UNITS))
    return CellParameters._make(x.copy() if isinstance(x, np.ndarray) else x for x in kept)


@functools.lru_cache(maxsize=16)
def _tables(file: ParameterFile) -> CellParameters:
    """`load_cell` for a validated file; remembered, because a run asks for its cell half a dozen times."""
    file.same_length("ocv_soc", "ocv_V")
    file.same_length("entropic_soc", "entropic_V_K")
    ocv_soc = file.array("ocv_soc", 0.0, 1.0, rising=True)
    ocv = PchipInterpolator(ocv_soc, file.array("ocv_V", 1.0, 5.0, rising=True))
    entropic_soc = file.array("entropic_soc", 0.0, 1.0, rising=True)
    grid_soc = file.array("grid_soc", 0.0, 1.0, rising=True)
    grid_degC = file.array("grid_degC", -80.0, 120.0, rising=True)
    n_pairs = int(np.shape(file.array("pair_tau_s", 1.0e-2, 1.0e6))[0])
    soc = np.union1d(ocv_soc, np.clip(np.union1d(entropic_soc, grid_soc), ocv_soc[0], ocv_soc[-1]))
    return CellParameters(
        capacity_Ah=file.number("capacity_Ah", 0.1, 2000.0),
        soc=soc,
        per_soc=1.0 / np.diff(soc),
        ocv_V=np.stack([ocv.derivative(k)(soc[:-1]) / math.factorial(k) for k in range(4)], axis=1),
        ocv_end=np.array([[ocv(x), ocv.derivative()(x)] for x in (soc[0], soc[-1])]),
        entropic_V_K=np.interp(soc, entropic_soc, file.array("entropic_V_K", -5.0e-3, 5.0e-3)),
        degC=grid_degC,
        per_K=1.0 / np.diff(grid_degC) if grid_degC.size > 1 else np.zeros(1),
        table=_table(file, soc, grid_soc, grid_degC.size),
        pair_tau_s=np.ascontiguousarray(_shaped(file, "pair_tau_s", 1.0e-2, 1.0e6, n_pairs, grid_degC.size).T),
        pair_scale_A=_scales(file, n_pairs, grid_degC.size),
        hysteresis_rate=file.number("hysteresis_rate", 0.0, 1.0e4),
        heat_capacity_J_K=file.number("heat_capacity_J_K", 1.0, 1.0e5),
    )


def _shaped(file: ParameterFile, name: str, low: float, high: float, *shape: int) -> NDArray[np.float64]:
    """Return a table of the shape that the grids ask for."""
    values = file.array(name, low, high)
    if values.shape != shape:
        told, allowed = (" x ".join(str(n) for n in s) for s in (values.shape, shape))
        raise ParameterError(f"{file.path.name}: parameters.{name}: {told} numbers; allowed: {allowed}")
    return values


def _table(
    file: ParameterFile, soc: NDArray[np.float64], grid_soc: NDArray[np.float64], n_degC: int
) -> NDArray[np.float64]:
    """Return R0, M and the pairs' resistances on the grid ``soc``."""
    n_pairs, size = np.shape(file.array("pair_tau_s"))[0], grid_soc.size
    given = [
        _shaped(file, "r0_ohm", 1.0e-6, 10.0, n_degC, size), _shaped(file, "hysteresis_V", 0.0, 0.5, n_degC, size),
        *_shaped(file, "pair_ohm", 0.0, 10.0, n_pairs, n_degC, size),
    ]
    rows = [[np.interp(soc, grid_soc, line) for line in quantity] for quantity in given]
    return np.ascontiguousarray(np.moveaxis(np.array(rows), 0, 2))


def _scales(file: ParameterFile, n_pairs: int, n_degC: int) -> NDArray[np.float64]:
    """Return the current scales, temperature first; a pair is linear at all temperatures or at none."""
    scale_A = _shaped(file, "pair_scale_A", 0.0, 1.0e6, n_pairs, n_degC)
    if np.any((scale_A > 0.0).any(axis=1) != (scale_A > 0.0).all(axis=1)):
        where = f"{file.path.name}: parameters.pair_scale_A"
        raise ParameterError(f"{where}: allowed: each pair either 0 (linear) or above 0 at all temperatures")
    return np.ascontiguousarray(scale_A.T)


@borrowing
def locate(x: float, grid: NDArray[np.float64], guess: int) -> int:
    """Return i with grid[i] <= x < grid[i + 1], the first or last one outside; ``guess`` only saves time."""
    last = grid.size - 2
    i = min(max(guess, 0), max(last, 0))
    while i > 0 and x < grid[i]:
        i -= 1
    while i < last and x >= grid[i + 1]:
        i += 1
    return i


@borrowing
def share(x: float, i: int, grid: NDArray[np.float64], per_width: NDArray[np.float64]) -> float:
    """Return how far x lies into segment i, as a share 0..1; held outside the grid."""
    return float(min(max((x - grid[i]) * per_width[i], 0.0), 1.0))


@borrowing
def u25_about(soc: float, i: int, p: CellParameters) -> tuple[float, float, float, float]:
    """Return U25 as a cubic about ``soc`` in segment i: coefficients of 1, d, d^2, d^3 [V]."""
    last = p.soc.size - 1
    if soc < p.soc[0]:
        return p.ocv_end[0, 0] + p.ocv_end[0, 1] * (soc - p.soc[0]), p.ocv_end[0, 1], 0.0, 0.0
    if soc >= p.soc[last]:
        return p.ocv_end[1, 0] + p.ocv_end[1, 1] * (soc - p.soc[last]), p.ocv_end[1, 1], 0.0, 0.0
    d = soc - p.soc[i]
    a, b, c, e = p.ocv_V[i, 0], p.ocv_V[i, 1], p.ocv_V[i, 2], p.ocv_V[i, 3]
    return a + d * (b + d * (c + d * e)), b + d * (2.0 * c + 3.0 * d * e), c + 3.0 * d * e, e


@borrowing
def coefficient(place: int, soc: float, temperature_degC: float, p: CellParameters) -> float:
    """Return one quantity of the table at `place` (`R0` [ohm], `HYSTERESIS` [V], `PAIRS` + k [ohm]), bilinear."""
    i = locate(soc, p.soc, 0)
    x = share(soc, i, p.soc, p.per_soc)
    j = locate(temperature_degC, p.degC, 0)
    y = share(temperature_degC, j, p.degC, p.per_K)
    above = min(j + 1, p.degC.size - 1)
    cold = p.table[j, i, place] * (1.0 - x) + p.table[j, i + 1, place] * x
    warm = p.table[above, i, place] * (1.0 - x) + p.table[above, i + 1, place] * x
    return float(cold * (1.0 - y) + warm * y)


@borrowing
def at_temperature(values: NDArray[np.float64], k: int, temperature_degC: float, p: CellParameters) -> float:
    """Return column k of a table over temperature, `values` (`pair_tau_s` [s], `pair_scale_A` [A]), linear."""
    j = locate(temperature_degC, p.degC, 0)
    y = share(temperature_degC, j, p.degC, p.per_K)
    return float(values[j, k] * (1.0 - y) + values[min(j + 1, p.degC.size - 1), k] * y)


@borrowing
def entropic_V_K(soc: float, p: CellParameters) -> float:
    """Return s, the entropic coefficient dU/dT [V/K]."""
    i = locate(soc, p.soc, 0)
    x = share(soc, i, p.soc, p.per_soc)
    return float(p.entropic_V_K[i] * (1.0 - x) + p.entropic_V_K[i + 1] * x)


@borrowing
def open_circuit_voltage_V(soc: float, temperature_degC: float, p: CellParameters) -> float:
    """Return U [V], the mean of charge and discharge after a long rest.

    Outside 0..1 it goes on as a straight line with its (steep) end slope, so that a solver that overshoots meets a
    rising curve and not an error.
    """
    u25_V = u25_about(soc, locate(soc, p.soc, 0), p)[0]
    return u25_V + (temperature_degC - REFERENCE_DEGC) * entropic_V_K(soc, p)


@borrowing
def ocv_slope_V(soc: float, temperature_degC: float, p: CellParameters) -> float:
    """Return dU/dsoc [V] (right of a node, where the entropic part has a kink)."""
    i = locate(soc, p.soc, 0)
    inside = p.soc[0] <= soc < p.soc[p.soc.size - 1]
    rise_V_K = (p.entropic_V_K[i + 1] - p.entropic_V_K[i]) * p.per_soc[i] if inside else 0.0
    return u25_about(soc, i, p)[1] + (temperature_degC - REFERENCE_DEGC) * rise_V_K


@borrowing
def resistance_ohm(soc: float, temperature_degC: float, p: CellParameters) -> float:
    """Return the ohmic resistance R0 [ohm]."""
    return coefficient(R0, soc, temperature_degC, p)


@borrowing
def pair_target_V(
    k: int, soc: float, temperature_degC: float, current_A: float, resistance_factor: float, capacity_factor: float,
    p: CellParameters,
) -> float:
    """Return g_k(I) [V], where pair k settles at this current; `resistance_factor`, `capacity_factor`: the cell's."""
    ohm = coefficient(PAIRS + k, soc, temperature_degC, p) * resistance_factor
    scale_A = at_temperature(p.pair_scale_A, k, temperature_degC, p) * capacity_factor
    return ohm * scale_A * math.asinh(current_A / scale_A) if scale_A > 0.0 else ohm * current_A
