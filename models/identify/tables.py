"""Run-time tables of a cell: sampled from a fit, read from a parameter file, simulated.

The run-time cell reads all coefficients bilinearly from tables over temperature and charge, U25 by a monotone cubic.
The errors that are reported are those of this form, not of the smooth functions behind it. The
monotone cubic is that of Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5 (1984), doi:10.1137/0905021.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from models import parameter_file
from models.cell import UNITS
from models.identify import kernels, records
from models.identify.basis import ENTROPIC_SOC, GRID_SOC, HYSTERESIS_K, OCV_SOC, RESISTANCE_K, arrhenius
from models.identify.fit import ENTROPIC_SPAN_K, Fit, split
from models.identify.records import Record

Array = NDArray[np.float64]

GRID_DEGC = np.arange(-40.0, 61.0, 5.0)
"""Temperatures of the tables; between 5 K steps an Arrhenius function is off by 1..2 % in the cold."""
LEAST_SLOPE_V = 0.01
"""Least rise of U25 over the whole charge, on the plateau (ours: a fifth of what the C/30 curves show there)."""
MOST_OHM = 5.0
"""Largest resistance in a table (ours): only below -25 degC, where nothing was measured, would it be exceeded."""


class Tables(NamedTuple):
    """Coefficients of the run-time cell.

    Attributes
    ----------
    capacity_Ah, hysteresis_rate : float
        Charge between soc 0 and 1; gamma.
    ocv_soc, ocv_V : ndarray, shape (n,)
        U25.
    entropic_soc, entropic_V_K : ndarray, shape (n,)
        dU/dT.
    grid_soc, grid_degC : ndarray, shape (n_soc,), (n_T,)
        Grid of the others.
    r0_ohm, hysteresis_V : ndarray, shape (n_T, n_soc)
        Ohmic resistance and hysteresis.
    pair_ohm : ndarray, shape (n_pairs, n_T, n_soc)
        Resistances of the pairs.
    pair_tau_s, pair_scale_A : ndarray, shape (n_pairs, n_T)
        Time constants, and current scales (0: linear).
    """

    capacity_Ah: float
    hysteresis_rate: float
    ocv_soc: Array
    ocv_V: Array
    entropic_soc: Array
    entropic_V_K: Array
    grid_soc: Array
    grid_degC: Array
    r0_ohm: Array
    hysteresis_V: Array
    pair_ohm: Array
    pair_tau_s: Array
    pair_scale_A: Array


def load(name_or_path: str | Path = "cell_a123_26650") -> Tables:
    """Read the tables of a parameter file.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "cell", UNITS)
    return Tables(
        capacity_Ah=file.number("capacity_Ah", 0.1, 2000.0),
        hysteresis_rate=file.number("hysteresis_rate", 0.0, 1.0e4),
        ocv_soc=file.array("ocv_soc", 0.0, 1.0, rising=True),
        ocv_V=file.array("ocv_V", 1.0, 5.0, rising=True),
        entropic_soc=file.array("entropic_soc", 0.0, 1.0, rising=True),
        entropic_V_K=file.array("entropic_V_K", -5.0e-3, 5.0e-3),
        grid_soc=file.array("grid_soc", 0.0, 1.0, rising=True),
        grid_degC=file.array("grid_degC", -80.0, 120.0, rising=True),
        r0_ohm=file.array("r0_ohm", 0.0, 100.0),
        hysteresis_V=file.array("hysteresis_V", 0.0, 1.0),
        pair_ohm=file.array("pair_ohm", 0.0, 1.0e3),
        pair_tau_s=file.array("pair_tau_s", 1.0e-2, 1.0e6),
        pair_scale_A=file.array("pair_scale_A", 0.0, 1.0e6),
    )


def sample(fit: Fit, grid_degC: Array = GRID_DEGC) -> Tables:
    """Sample the smooth functions of a fit; U25 is made to rise everywhere by at least `LEAST_SLOPE_V`."""
    n_pairs = fit.nonlinear.tau_s.size
    parts = split(fit.coefficients, n_pairs)
    resistance = np.array([[arrhenius(degC, b) for b in RESISTANCE_K] for degC in grid_degC])
    magnetic = np.array([[arrhenius(degC, b) for b in HYSTERESIS_K] for degC in grid_degC])
    ohm = np.einsum("tm,kms->kts", resistance, parts.resistance_ohm)
    least_V = LEAST_SLOPE_V * OCV_SOC
    tau = [[t * arrhenius(degC, b) for degC in grid_degC]
           for t, b in zip(fit.nonlinear.tau_s, fit.nonlinear.tau_K, strict=True)]
    scale_A = np.zeros((n_pairs, grid_degC.size))
    scale_A[0] = [fit.nonlinear.scale_A / arrhenius(degC, fit.nonlinear.scale_K) for degC in grid_degC]
    return Tables(
        capacity_Ah=fit.capacity_Ah,
        hysteresis_rate=fit.nonlinear.hysteresis_rate,
        ocv_soc=OCV_SOC.copy(),
        ocv_V=np.maximum.accumulate(parts.ocv_V - least_V) + least_V,
        entropic_soc=ENTROPIC_SOC.copy(),
        entropic_V_K=parts.entropic_V / ENTROPIC_SPAN_K,
        grid_soc=GRID_SOC.copy(),
        grid_degC=grid_degC.copy(),
        r0_ohm=np.minimum(ohm[0], MOST_OHM),
        hysteresis_V=magnetic @ parts.hysteresis_V,
        pair_ohm=np.minimum(ohm[1:], MOST_OHM),
        pair_tau_s=np.array(tau),
        pair_scale_A=scale_A,
    )


def open_circuit_voltage_V(soc: Array, temperature_degC: float, tables: Tables) -> Array:
    """Return U(soc, T); outside the table U25 goes on as a straight line with its end slope."""
    curve = PchipInterpolator(tables.ocv_soc, tables.ocv_V)
    inside = np.clip(soc, tables.ocv_soc[0], tables.ocv_soc[-1])
    shift = (temperature_degC - 25.0) * np.interp(soc, tables.entropic_soc, tables.entropic_V_K)
    return np.asarray(curve(inside) + (soc - inside) * curve.derivative()(inside) + shift)


def at_temperature(table: Array, temperature_degC: float, tables: Tables) -> Array:
    """Return a table's row at one temperature (its first axis), linear between rows and held outside."""
    grid = tables.grid_degC
    inside = min(max(temperature_degC, grid[0]), grid[-1])
    i = min(max(int(np.searchsorted(grid, inside, side="right")) - 1, 0), grid.size - 2)
    share = (inside - grid[i]) / (grid[i + 1] - grid[i])
    return np.asarray((1.0 - share) * table[i] + share * table[i + 1])


def simulate_V(record: Record, tables: Tables, capacity_Ah: float | None = None) -> Array:
    """Return the cell's voltage through a test [V], isothermal at the chamber's temperature.

    Parameters
    ----------
    record : Record
        Currents and start.
    tables : Tables
        The cell.
    capacity_Ah : float, optional
        Another capacity than the cell's own, for a test of another cell of the type.
    """
    own_Ah = capacity_Ah or tables.capacity_Ah
    soc, degC = records.soc(record, own_Ah), record.temperature_degC
    h = kernels.hysteresis(record.mean_A, record.dt_s, tables.hysteresis_rate, own_Ah, records.start(record)[1])
    over_soc = [at_temperature(table, degC, tables) for table in (tables.r0_ohm, tables.hysteresis_V, *tables.pair_ohm)]
    r0_ohm, hysteresis_V, *pairs = (np.interp(soc, tables.grid_soc, row) for row in over_soc)
    source_V = open_circuit_voltage_V(soc, degC, tables) + hysteresis_V * h
    tau_s = at_temperature(tables.pair_tau_s.T, degC, tables)
    scale_A = at_temperature(tables.pair_scale_A.T, degC, tables)
    return kernels.voltage(source_V, record.current_A, record.mean_A, record.dt_s, r0_ohm, np.array(pairs), tau_s,
                           scale_A)
