"""One lithium-iron-phosphate cell: open-circuit voltage, resistance, polarisation, heat.

Equivalent circuit with two RC pairs (Thevenin model), after G. L. Plett, *Battery Management Systems, vol. 1:
Battery Modeling*, Artech House 2015, chapter 2, without hysteresis: the open-circuit voltage is the mean of
charge and discharge, so up to 20 mV per cell of path dependence is missing.

Terminal voltage, charging positive: v = OCV(soc) + v1 + v2 + R0(soc, T) I.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from models import parameter_file
from models.compiled import borrowing
from models.linear import first_order, hermite, interpolate

ZERO_CELSIUS_K = 273.15
REFERENCE_K = 298.15


class CellParameters(NamedTuple):
    """Parameters of one cell; see the parameter file for units, sources and status.

    Attributes
    ----------
    capacity_Ah : float
        Charge between soc 0 and 1.
    ocv_soc, ocv_V, ocv_slope_V : ndarray
        Table of the open-circuit voltage at 25 degC; the slopes are computed on loading (monotone cubic).
    entropic_soc, entropic_V_K : ndarray
        Table of dOCV/dT.
    resistance_soc, resistance_25_ohm : ndarray
        Table of the ohmic resistance (1 s value) at 25 degC.
    resistance_fixed_fraction, activation_K : float
        Temperature factor f + (1 - f) exp(B (1/T - 1/298.15 K)).
    r1_ohm, tau1_s, r2_ohm, tau2_s : float
        RC pairs at 25 degC; the resistances follow the same temperature factor, the time constants do not.
    heat_capacity_J_K : float
        Heat capacity of one cell.
    """

    capacity_Ah: float
    ocv_soc: NDArray[np.float64]
    ocv_V: NDArray[np.float64]
    ocv_slope_V: NDArray[np.float64]
    entropic_soc: NDArray[np.float64]
    entropic_V_K: NDArray[np.float64]
    resistance_soc: NDArray[np.float64]
    resistance_25_ohm: NDArray[np.float64]
    resistance_fixed_fraction: float
    activation_K: float
    r1_ohm: float
    tau1_s: float
    r2_ohm: float
    tau2_s: float
    heat_capacity_J_K: float


UNITS = {
    "capacity_Ah": "Ah",
    "ocv_soc": "1",
    "ocv_V": "V",
    "entropic_soc": "1",
    "entropic_V_K": "V/K",
    "resistance_soc": "1",
    "resistance_25_ohm": "ohm",
    "resistance_fixed_fraction": "1",
    "activation_K": "K",
    "r1_ohm": "ohm",
    "tau1_s": "s",
    "r2_ohm": "ohm",
    "tau2_s": "s",
    "heat_capacity_J_K": "J/K",
}


def load_cell(name_or_path: str | Path = "cell_lfp_200Ah") -> CellParameters:
    """Load a cell.

    Parameters
    ----------
    name_or_path : str or Path
        Shipped name or path of a parameter file.

    Returns
    -------
    CellParameters
        A fresh object.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "cell", UNITS)
    file.same_length("ocv_soc", "ocv_V")
    file.same_length("entropic_soc", "entropic_V_K")
    file.same_length("resistance_soc", "resistance_25_ohm")
    soc = file.array("ocv_soc", 0.0, 1.0, rising=True)
    ocv_V = file.array("ocv_V", 1.0, 5.0, rising=True)
    return CellParameters(
        capacity_Ah=file.number("capacity_Ah", 0.1, 2000.0),
        ocv_soc=soc,
        ocv_V=ocv_V,
        ocv_slope_V=np.asarray(PchipInterpolator(soc, ocv_V).derivative()(soc), dtype=np.float64),
        entropic_soc=file.array("entropic_soc", 0.0, 1.0, rising=True),
        entropic_V_K=file.array("entropic_V_K", -5.0e-3, 5.0e-3),
        resistance_soc=file.array("resistance_soc", 0.0, 1.0, rising=True),
        resistance_25_ohm=file.array("resistance_25_ohm", 1.0e-6, 1.0),
        resistance_fixed_fraction=file.number("resistance_fixed_fraction", 0.0, 1.0),
        activation_K=file.number("activation_K", 0.0, 1.0e4),
        r1_ohm=file.number("r1_ohm", 0.0, 1.0),
        tau1_s=file.number("tau1_s", 0.1, 1.0e5),
        r2_ohm=file.number("r2_ohm", 0.0, 1.0),
        tau2_s=file.number("tau2_s", 0.1, 1.0e5),
        heat_capacity_J_K=file.number("heat_capacity_J_K", 1.0, 1.0e5),
    )


@borrowing
def open_circuit_voltage_V(soc: float, p: CellParameters) -> float:
    """Return the open-circuit voltage [V] at 25 degC.

    Outside 0..1 the table continues as a straight line with its (steep) end slope, so that a solver that
    overshoots meets a rising curve and not an error. The temperature shift (dOCV/dT, a few mV) is neglected
    in the voltage and kept in the heat.
    """
    return hermite(soc, p.ocv_soc, p.ocv_V, p.ocv_slope_V)[0]


@borrowing
def ocv_slope_V(soc: float, p: CellParameters) -> float:
    """Return dOCV/dsoc [V] at ``soc``, the exact derivative of :func:`open_circuit_voltage_V`."""
    return hermite(soc, p.ocv_soc, p.ocv_V, p.ocv_slope_V)[1]


@borrowing
def temperature_factor(temperature_degC: float, p: CellParameters) -> float:
    """Return R(T) / R(25 degC): a fixed part (electrons) and an Arrhenius part (ions, reaction).

    Factor = f + (1 - f) exp(B (1/T - 1/298.15 K)), T limited to -60..100 degC where the fit means nothing.
    """
    kelvin = min(max(temperature_degC, -60.0), 100.0) + ZERO_CELSIUS_K
    fixed = p.resistance_fixed_fraction
    return fixed + (1.0 - fixed) * math.exp(p.activation_K * (1.0 / kelvin - 1.0 / REFERENCE_K))


@borrowing
def resistance_ohm(soc: float, temperature_degC: float, p: CellParameters) -> float:
    """Return the ohmic resistance R0 [ohm] at ``soc`` and temperature."""
    cold = interpolate(soc, p.resistance_soc, p.resistance_25_ohm)
    return cold * temperature_factor(temperature_degC, p)


@borrowing
def step_polarisation(
    v_V: float, current_A: float, resistance_ohm: float, tau_s: float, dt_s: float
) -> float:
    """Return the voltage of one RC pair after ``dt_s`` with the current held (exact exponential)."""
    return first_order(v_V, resistance_ohm * current_A, tau_s, dt_s)


@borrowing
def mean_square_V2(v_V: float, target_V: float, tau_s: float, dt_s: float) -> float:
    """Return the mean of v^2 [V^2] over a step of an RC pair, so that its heat is exact for any step.

    v(t) = u + d exp(-t/tau): mean = u^2 + 2 u d a1 + d^2 a2, with a1, a2 the means of the exponentials.
    """
    if dt_s <= 0.0:
        return v_V * v_V
    z = dt_s / tau_s
    difference = v_V - target_V
    mean_1 = -math.expm1(-z) / z
    mean_2 = -math.expm1(-2.0 * z) / (2.0 * z)
    return target_V * target_V + 2.0 * target_V * difference * mean_1 + difference * difference * mean_2


@borrowing
def entropic_heat_W(soc: float, temperature_degC: float, current_A: float, p: CellParameters) -> float:
    """Return the reversible heat [W] = I T dOCV/dT (T in kelvin, charging positive)."""
    return current_A * (temperature_degC + ZERO_CELSIUS_K) * interpolate(soc, p.entropic_soc, p.entropic_V_K)


@borrowing
def heat_W(
    soc: float, v1_V: float, v2_V: float, temperature_degC: float, current_A: float, p: CellParameters
) -> float:
    """Return the heat [W] made in the cell now.

    I^2 R0 + v1^2 / R1 + v2^2 / R2 + I T dOCV/dT. (D. Bernardi, E. Pawlikowski, J. Newman, J. Electrochem.
    Soc. 132 (1985) 5, doi:10.1149/1.2113792, with the polarisation heat taken in the resistors.)
    """
    factor = temperature_factor(temperature_degC, p)
    ohmic = current_A * current_A * resistance_ohm(soc, temperature_degC, p)
    pairs = v1_V * v1_V / (p.r1_ohm * factor) + v2_V * v2_V / (p.r2_ohm * factor)
    return ohmic + pairs + entropic_heat_W(soc, temperature_degC, current_A, p)
