"""Exact steps of linear parts: one relaxation, small networks, interpolation.

All functions hold their inputs over the step. A step of ``dt_s`` equals two steps of half the length to
rounding. Source: textbook solutions of linear differential equations with constant coefficients. Tables: `grid` are
strictly rising places, `values` and `slopes` what belongs to them, all of shape (n,).
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.compiled import borrowing, compiled


@borrowing
def relax(value: float, rate_1_s: float, source_per_s: float, dt_s: float) -> float:
    """Return x(dt) of dx/dt = rate x + source, for any sign of the rate.

    Parameters
    ----------
    value : float
        x at the start, in any unit.
    rate_1_s : float
        Rate [1/s], negative for a decay; a positive rate is a thermal runaway.
    source_per_s : float
        Constant source [unit of x per s].
    dt_s : float
        Step [s], not negative.

    Returns
    -------
    float
        x(dt) = x + dt phi(rate dt) (rate x + source), phi(z) = (exp(z) - 1) / z. The exponent is capped at
        50, so that a runaway gives a huge number and not an overflow. Small ones go through phi's series, to rounding
        (z^7 / 40320 < 4e-17) and several times as fast.
    """
    z = min(rate_1_s * dt_s, 50.0)
    if abs(z) < 0.02:
        rest = 1.0 / 24.0 + z * (1.0 / 120.0 + z * (1.0 / 720.0 + z / 5040.0))
        phi = 1.0 + z * (1.0 / 2.0 + z * (1.0 / 6.0 + z * rest))
    else:
        phi = math.expm1(z) / z
    return value + dt_s * phi * (rate_1_s * value + source_per_s)


@borrowing
def first_order(value: float, target: float, tau_s: float, dt_s: float) -> float:
    """Return ``value`` after its exponential approach to ``target`` over ``dt_s``, in their unit."""
    return target + (value - target) * math.exp(-dt_s / tau_s)


@compiled
def step_network(
    temperature_degC: NDArray[np.float64],
    rate_1_s: NDArray[np.float64],
    source_K_s: NDArray[np.float64],
    dt_s: float,
) -> NDArray[np.float64]:
    """Return x(dt) of dx/dt = A x + b for a small network, exact to rounding.

    Parameters
    ----------
    temperature_degC : ndarray, shape (n,)
        Start values; not changed.
    rate_1_s : ndarray, shape (n, n)
        A [1/s].
    source_K_s : ndarray, shape (n,)
        b [K/s].
    dt_s : float
        Step [s].

    Returns
    -------
    ndarray, shape (n,)
        x + sum_k (A h)^k / (k + 1)! h (A x + b), in substeps with ``|A h| <= 1/2``.

    Notes
    -----
    The Taylor series of the exponential acting on a vector needs some 4 products for the usual 0.1 s against
    time constants of minutes, which is several times cheaper than an eigenvalue solution and as exact.
    """
    n = temperature_degC.size
    norm = 0.0
    for i in range(n):
        row = 0.0
        for j in range(n):
            row += abs(rate_1_s[i, j])
        norm = max(norm, row)
    substeps = max(1, math.ceil(2.0 * norm * dt_s))
    h = dt_s / substeps
    x = temperature_degC.copy()
    term = np.empty(n)
    product = np.empty(n)
    for _ in range(substeps):
        for i in range(n):
            term[i] = source_K_s[i] * h
            for j in range(n):
                term[i] += h * rate_1_s[i, j] * x[j]
        for k in range(2, 30):
            size = 0.0
            for i in range(n):
                x[i] += term[i]
                size = max(size, abs(term[i]))
            if size < 1.0e-17:
                break
            for i in range(n):
                product[i] = 0.0
                for j in range(n):
                    product[i] += rate_1_s[i, j] * term[j]
                product[i] *= h / k
            for i in range(n):
                term[i] = product[i]
    return x


@borrowing
def relax_chain(
    temperature_degC: tuple[float, float, float],
    capacity_J_K: tuple[float, float, float],
    to_air_W_K: tuple[float, float, float],
    between_W_K: tuple[float, float],
    heat_W: tuple[float, float, float],
    ambient_degC: float,
    dt_s: float,
) -> tuple[float, float, float]:
    """Return three nodes in a row after ``dt_s``: :func:`step_network` without arrays, and as exact.

    Parameters
    ----------
    temperature_degC, capacity_J_K, to_air_W_K, heat_W : tuple of float
        Start value, capacity, conductance to the air and heat of each node, in the order of the row.
    between_W_K : tuple of float
        Conductance from the first to the second and from the second to the third node.
    ambient_degC : float
        Air.
    dt_s : float
        Step [s].
    """
    a01, a10 = between_W_K[0] / capacity_J_K[0], between_W_K[0] / capacity_J_K[1]
    a12, a21 = between_W_K[1] / capacity_J_K[1], between_W_K[1] / capacity_J_K[2]
    a00 = -(to_air_W_K[0] / capacity_J_K[0] + a01)
    a11 = -(to_air_W_K[1] / capacity_J_K[1] + a10 + a12)
    a22 = -(to_air_W_K[2] / capacity_J_K[2] + a21)
    norm = max(a01 - a00, a10 + a12 - a11, a21 - a22)
    if norm * dt_s < 0.004:  # five terms: the sixth is below 0.004^5 / 720 of the first, less than rounding
        return _short_chain((a00, a01, a10, a11, a12, a21, a22), temperature_degC, (
            heat_W[0] / capacity_J_K[0], heat_W[1] / capacity_J_K[1], heat_W[2] / capacity_J_K[2]
        ), ambient_degC, dt_s)
    substeps = max(1, math.ceil(2.0 * norm * dt_s))
    h = dt_s / substeps
    # Temperatures above the air: the source is then the heat alone.
    x0, x1, x2 = (
        temperature_degC[0] - ambient_degC, temperature_degC[1] - ambient_degC, temperature_degC[2] - ambient_degC
    )
    for _ in range(substeps):
        t0 = h * (heat_W[0] / capacity_J_K[0] + a00 * x0 + a01 * x1)
        t1 = h * (heat_W[1] / capacity_J_K[1] + a10 * x0 + a11 * x1 + a12 * x2)
        t2 = h * (heat_W[2] / capacity_J_K[2] + a21 * x1 + a22 * x2)
        for k in range(2, 30):
            x0 += t0
            x1 += t1
            x2 += t2
            if max(abs(t0), abs(t1), abs(t2)) < 1.0e-17:
                break
            w = h / k
            t0, t1, t2 = (
                w * (a00 * t0 + a01 * t1), w * (a10 * t0 + a11 * t1 + a12 * t2), w * (a21 * t1 + a22 * t2)
            )
    return ambient_degC + x0, ambient_degC + x1, ambient_degC + x2


@borrowing
def _short_chain(
    a: tuple[float, float, float, float, float, float, float], temperature_degC: tuple[float, float, float],
    source_K_s: tuple[float, float, float], ambient_degC: float, dt_s: float,
) -> tuple[float, float, float]:
    """Return :func:`relax_chain` by a series of five terms, innermost first; ``a`` row by row."""
    x0, x1, x2 = (
        temperature_degC[0] - ambient_degC, temperature_degC[1] - ambient_degC, temperature_degC[2] - ambient_degC
    )
    r0 = source_K_s[0] + a[0] * x0 + a[1] * x1
    r1 = source_K_s[1] + a[2] * x0 + a[3] * x1 + a[4] * x2
    r2 = source_K_s[2] + a[5] * x1 + a[6] * x2
    s0, s1, s2 = r0, r1, r2
    for part in (0.2, 0.25, 1.0 / 3.0, 0.5):
        w = dt_s * part
        s0, s1, s2 = (
            r0 + w * (a[0] * s0 + a[1] * s1), r1 + w * (a[2] * s0 + a[3] * s1 + a[4] * s2),
            r2 + w * (a[5] * s1 + a[6] * s2),
        )
    return temperature_degC[0] + dt_s * s0, temperature_degC[1] + dt_s * s1, temperature_degC[2] + dt_s * s2


@borrowing
def segment(x: float, grid: NDArray[np.float64]) -> int:
    """Return i with grid[i] < x <= grid[i + 1], for x inside the grid; bisection."""
    low = 0
    high = grid.size - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if grid[middle] < x:
            low = middle
        else:
            high = middle
    return low


@borrowing
def interpolate(x: float, grid: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the piecewise linear value at ``x``, in the unit of `values`, held constant outside the grid."""
    if x <= grid[0]:
        return float(values[0])
    last = grid.size - 1
    if x >= grid[last]:
        return float(values[last])
    i = segment(x, grid)
    weight = (x - grid[i]) / (grid[i + 1] - grid[i])
    return float(values[i] + weight * (values[i + 1] - values[i]))


@borrowing
def hermite(
    x: float, grid: NDArray[np.float64], values: NDArray[np.float64], slopes: NDArray[np.float64]
) -> tuple[float, float]:
    """Return value and slope of a cubic Hermite table at ``x``.

    ``grid`` (n,) rises, in the unit of ``x``; ``values`` (n,) have any unit, ``slopes`` (n,) that per unit of ``x``.
    Continued as a straight line outside the grid.
    """
    last = grid.size - 1
    if x <= grid[0]:
        return values[0] + slopes[0] * (x - grid[0]), slopes[0]
    if x >= grid[last]:
        return values[last] + slopes[last] * (x - grid[last]), slopes[last]
    i = segment(x, grid)
    width = grid[i + 1] - grid[i]
    t = (x - grid[i]) / width
    rise = values[i + 1] - values[i]
    m0 = slopes[i] * width
    m1 = slopes[i + 1] * width
    c2 = 3.0 * rise - 2.0 * m0 - m1
    c3 = m0 + m1 - 2.0 * rise
    return values[i] + t * (m0 + t * (c2 + t * c3)), (m0 + t * (2.0 * c2 + 3.0 * t * c3)) / width
