"""The smooth functions of the fit: over charge by values at nodes, over temperature by sums of exponentials.

Every resistance and the hysteresis is ``sum_m c_jm exp(B_m (1/T - 1/298.15 K))`` at node j of charge, with all
``c >= 0`` and fixed ``B_m >= 0``: positive, falling with temperature and smooth whatever the coefficients are, so that
the fit can be trusted between the measured temperatures and mildly beyond them. U25 is a cubic spline through nodes,
the entropic coefficient is linear between nodes. The form is
ours; that coefficients which cannot be negative give a bounded fit is Lawson and Hanson, *Solving Least Squares
Problems* (1974), chapter 23.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Array = NDArray[np.float64]

ZERO_CELSIUS_K = 273.15
REFERENCE_DEGC = 25.0

# fmt: off
OCV_SOC = np.array([
    0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.14, 0.16, 0.18, 0.2, 0.225,
    0.25, 0.275, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.725, 0.75, 0.775, 0.8, 0.85, 0.9, 0.93, 0.95, 0.96,
    0.97, 0.98, 0.985, 0.99, 0.995, 1.0,
])
"""Nodes of U25, dense where the curve bends (ours)."""
ENTROPIC_SOC = np.array([0.0, 0.03, 0.06, 0.1, 0.14, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 1.0])
"""Nodes of the entropic coefficient (ours)."""
GRID_SOC = np.array([0.0, 0.03, 0.06, 0.09, 0.12, 0.16, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
"""Nodes of resistances and hysteresis, dense where they rise (ours)."""
# fmt: on
RESISTANCE_K = (0.0, 2500.0, 5000.0, 7000.0, 9500.0)
"""Activation temperatures B_m of the resistances (ours: they span metal to charge transfer, 0 to 79 kJ/mol)."""
HYSTERESIS_K = (0.0, 1500.0)
"""The same of the hysteresis: a steeper rise in the cold would be kinetics, which belong to the pairs (ours)."""


def arrhenius(temperature_degC: float, activation_K: float) -> float:
    """Return exp(B (1/T - 1/298.15 K)), 1 at 25 degC."""
    reference = 1.0 / (REFERENCE_DEGC + ZERO_CELSIUS_K)
    return float(np.exp(activation_K * (1.0 / (temperature_degC + ZERO_CELSIUS_K) - reference)))


def place(soc: Array, nodes: Array) -> tuple[NDArray[np.int64], Array]:
    """Return the node left of each charge and the weight of the node right of it; held outside the nodes."""
    inside = np.clip(soc, nodes[0], nodes[-1])
    left = np.clip(np.searchsorted(nodes, inside, side="right") - 1, 0, nodes.size - 2)
    return left.astype(np.int64), np.asarray((inside - nodes[left]) / (nodes[left + 1] - nodes[left]))


def hats(soc: Array, nodes: Array) -> Array:
    """Return the matrix that turns values at the nodes into values at ``soc``, linear between nodes."""
    left, share = place(soc, nodes)
    out = np.zeros((soc.size, nodes.size))
    rows = np.arange(soc.size)
    out[rows, left] = 1.0 - share
    out[rows, left + 1] = share
    return out


def splines(soc: Array) -> Array:
    """Return the matrix that turns U25 at its nodes into U25 at ``soc`` (cubic spline, held outside 0..1)."""
    curves = CubicSpline(OCV_SOC, np.eye(OCV_SOC.size), bc_type="natural")
    return np.asarray(curves(np.clip(soc, 0.0, 1.0)))


def curvature(nodes: Array) -> Array:
    """Return the matrix of deviations of inner nodes from the straight line between their neighbours."""
    out = np.zeros((nodes.size - 2, nodes.size))
    for i in range(1, nodes.size - 1):
        left, right = nodes[i] - nodes[i - 1], nodes[i + 1] - nodes[i]
        out[i - 1, i - 1 : i + 2] = right / (left + right), -1.0, left / (left + right)
    return out
