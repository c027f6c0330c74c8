"""One joint fit of the cell model to all tests at all temperatures.

For given time constants, current scales and hysteresis rate the model's voltage is linear in everything else (values of
U25, s, M, R0 and R_k at nodes of charge, times functions of temperature): these follow from linear least squares with
non-negative resistances and hysteresis. The few others are found around it (variable projection: G. H. Golub,
V. Pereyra, Inverse Problems 19 (2003) R1, doi:10.1088/0266-5611/19/2/201), and the capacity of the dynamic profiles by
a line search between two such fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve, solve_triangular
from scipy.optimize import least_squares, minimize_scalar, nnls

from models.identify import kernels, records
from models.identify.basis import (
    ENTROPIC_SOC,
    GRID_SOC,
    HYSTERESIS_K,
    OCV_SOC,
    RESISTANCE_K,
    arrhenius,
    curvature,
    hats,
    place,
    splines,
)
from models.identify.records import DataError, Record

Array = NDArray[np.float64]

ENTROPIC_SPAN_K = 50.0
"""The entropic coefficient is fitted as the voltage over this span, to be of the size of the others."""


class Settings(NamedTuple):
    """How the fit weighs its data; all ours, chosen by leaving out one temperature after the other.

    Attributes
    ----------
    tolerance_degC, tolerance_V : tuple of float
        Error that counts as one, against temperature (the project's limits for this data).
    slow_weight : float
        Weight of a C/30 test beside a dynamic profile.
    smoothness : float
        Factor of the three kinks.
    pull_entropic_V : float
        Deviation of the entropic voltage over 50 K from the slope of the C/30 curves that counts as one.
    kink_ohm, kink_hysteresis_V, kink_entropic_V : float
        Deviation of a node from the line between its neighbours that counts as one: resistance at 10 degC,
        hysteresis at -5 degC, entropic voltage over 50 K.
    every, every_slow : int
        One of so many samples is compared (all are simulated), in dynamic and in C/30 tests.
    tau_s, tau_1000K : tuple of float
        Time constants at 25 degC and their activation temperatures [1000 K] to start from, one per pair; the first
        pair is the charge-transfer pair.
    rounds : tuple of int
        Steps of the outer fit before and after the capacity is found.
    """

    tolerance_degC: tuple[float, ...] = (-25.0, -15.0, -5.0, 5.0, 15.0)
    tolerance_V: tuple[float, ...] = (22.0e-3, 18.0e-3, 12.0e-3, 6.0e-3, 5.0e-3)
    slow_weight: float = 0.5
    smoothness: float = 1.0
    kink_ohm: float = 4.0e-3
    kink_hysteresis_V: float = 17.0e-3
    kink_entropic_V: float = 5.6e-3
    pull_entropic_V: float = 2.0e-3
    every: int = 8
    every_slow: int = 4
    tau_s: tuple[float, ...] = (9.0, 60.0, 3000.0)
    tau_1000K: tuple[float, ...] = (1.0, 2.0, 0.5)
    rounds: tuple[int, int] = (5, 3)


class Nonlinear(NamedTuple):
    """What the voltage is not linear in.

    Attributes
    ----------
    tau_s, tau_K : ndarray, shape (n_pairs,)
        Time constants at 25 degC and their activation temperatures.
    scale_A, scale_K : float
        Current scale of the first pair at 25 degC and its activation temperature (it falls in the cold).
    hysteresis_rate : float
        gamma.
    """

    tau_s: Array
    tau_K: Array
    scale_A: float
    scale_K: float
    hysteresis_rate: float


class Fit(NamedTuple):
    """A cell model as smooth functions.

    Attributes
    ----------
    capacity_Ah, slow_Ah : float
        Capacity of the dynamic profiles (the cell's), and of the C/30 discharge.
    nonlinear : Nonlinear
        Time constants and so on.
    coefficients : ndarray
        Linear coefficients in the order of :func:`split`.
    """

    capacity_Ah: float
    slow_Ah: float
    nonlinear: Nonlinear
    coefficients: Array


class Coefficients(NamedTuple):
    """Linear coefficients by meaning: values at nodes of charge, one row per function of temperature."""

    ocv_V: Array
    entropic_V: Array
    hysteresis_V: Array
    resistance_ohm: Array  # (1 + n_pairs, functions of temperature, nodes): R0, then the pairs


class _Design(NamedTuple):
    """What stays the same for one test while the nonlinear parameters change."""

    record: Record
    keep: NDArray[np.int64]
    weight: Array
    left: NDArray[np.int64]
    share: Array
    first: float
    rate_Ah: float
    fixed: Array
    nodes: Array
    known_V: Array


def split(coefficients: Array, n_pairs: int) -> Coefficients:
    """Cut the vector of linear coefficients into its parts."""
    n, start = GRID_SOC.size, OCV_SOC.size + ENTROPIC_SOC.size
    middle = start + len(HYSTERESIS_K) * n
    return Coefficients(
        coefficients[: OCV_SOC.size],
        coefficients[OCV_SOC.size : start],
        coefficients[start:middle].reshape(len(HYSTERESIS_K), n),
        coefficients[middle:].reshape(1 + n_pairs, len(RESISTANCE_K), n),
    )


def identify(tests: Sequence[Record], settings: Settings | None = None) -> Fit:
    """Fit the cell model to all tests at once.

    Raises
    ------
    DataError
        If there is no dynamic profile, or no C/30 pair.
    """
    settings = settings or Settings()
    slow_Ah = slow_capacities_Ah(tests)
    slope_V_K = slow_slope_V_K(tests, slow_Ah)
    capacity_Ah = guess_capacity_Ah(tests)
    vector = _start(settings)
    vector = _outer(_designs(tests, capacity_Ah, slow_Ah, slope_V_K, settings), vector, settings, settings.rounds[0])

    def misfit(trial_Ah: float) -> float:
        designs = _designs(tests, trial_Ah, slow_Ah, slope_V_K, settings)
        return float(np.sum(_residual(designs, vector, settings) ** 2))

    bounds = (0.97 * capacity_Ah, 1.05 * capacity_Ah)
    capacity_Ah = float(minimize_scalar(misfit, bounds=bounds, method="bounded", options={"xatol": 1.0e-3}).x)
    designs = _designs(tests, capacity_Ah, slow_Ah, slope_V_K, settings)
    vector = _outer(designs, vector, settings, settings.rounds[1])
    coefficients = _solve(designs, _decode(vector), settings)[0]
    coefficients[OCV_SOC.size : OCV_SOC.size + ENTROPIC_SOC.size] += ENTROPIC_SPAN_K * slope_V_K
    return Fit(capacity_Ah, slow_Ah["discharge"], _decode(vector), coefficients)


def slow_capacities_Ah(tests: Sequence[Record]) -> dict[str, float]:
    """Return the charge that the C/30 charge and discharge nearest to 25 degC moved [Ah]; DataError raises without."""
    out = {}
    for kind in ("charge", "discharge"):
        of_kind = [test for test in tests if test.kind == kind]
        if not of_kind:
            raise DataError(f"no ocv_..._{kind} file; allowed: at least one for the identification")
        nearest = min(of_kind, key=lambda test: abs(test.temperature_degC - 25.0))
        out[kind] = float(abs(nearest.charge_Ah[-1]))
    return out


def slow_slope_V_K(tests: Sequence[Record], slow_Ah: dict[str, float]) -> Array:
    """Return the slope of the mean C/30 curve against temperature, 5 degC and up, at the entropic nodes [V/K].

    In the mean of charge and discharge hysteresis and drop cancel, in the warm; below charge 0.1 and above 0.9 the
    ends of the curves shift, so values are held there. All zero with fewer than two such temperatures. Left to the
    joint fit alone, the coefficient would take up the asymmetry of cold kinetics, and the reversible heat with it.
    """
    inside = np.clip(ENTROPIC_SOC, 0.1, 0.9)
    curves: dict[float, dict[str, Array]] = {}
    for test in tests:
        if test.kind != "dynamic" and test.temperature_degC >= 5.0:
            charge = records.soc(test, slow_Ah[test.kind])
            order = np.argsort(charge, kind="stable")
            curves.setdefault(test.temperature_degC, {})[test.kind] = np.interp(
                inside, charge[order], test.voltage_V[order])
    both = {degC: 0.5 * (pair["charge"] + pair["discharge"]) for degC, pair in curves.items() if len(pair) == 2}
    if len(both) < 2:
        return np.zeros(ENTROPIC_SOC.size)
    return np.asarray(np.polyfit(list(both), np.array(list(both.values())), 1)[0])


def guess_capacity_Ah(tests: Sequence[Record]) -> float:
    """Return the largest charge that a dynamic profile took out [Ah]; raises DataError without a profile."""
    taken = [float(-test.charge_Ah.min()) for test in tests if test.kind == "dynamic"]
    if not taken:
        raise DataError("no dynamic_... file; allowed: at least one for the identification")
    return max(taken)


def _designs(
    tests: Sequence[Record], capacity_Ah: float, slow_Ah: dict[str, float], slope_V_K: Array, s: Settings
) -> list[_Design]:
    """Prepare all tests for a trial capacity of the dynamic profiles."""
    out = []
    for test in tests:
        own_Ah = capacity_Ah if test.kind == "dynamic" else slow_Ah[test.kind]
        charge = records.soc(test, own_Ah)
        keep = np.arange(0, charge.size, s.every if test.kind == "dynamic" else s.every_slow, dtype=np.int64)
        left, share = place(charge, GRID_SOC)
        entropic = hats(charge[keep], ENTROPIC_SOC)
        known_V = (test.temperature_degC - 25.0) * (entropic @ slope_V_K)
        fixed = np.hstack([splines(charge[keep]), entropic])
        out.append(_Design(test, keep, _weights(test, charge[keep], s), left, share, records.start(test)[1], own_Ah,
                           fixed, hats(charge[keep], GRID_SOC), known_V))
    return out


def _weights(test: Record, charge: Array, s: Settings) -> Array:
    """Return the weight of each compared sample; a test whose error is the tolerance counts as one.

    The ends of the charge count little, and so does the end of a cold C/30 charge, which is held up by kinetics
    and cut off at 3.6 V.
    """
    tolerance_V = float(np.interp(test.temperature_degC, s.tolerance_degC, s.tolerance_V))
    if test.kind == "dynamic":
        shape, factor = np.where((charge > 0.02) & (charge < 0.98), 1.0, 0.15), 1.0
    else:
        shape, factor = np.where((charge > 0.05) & (charge < 0.95), 1.0, 0.1), s.slow_weight
    weight = shape * factor / (tolerance_V * np.sqrt(np.sum(shape**2)))
    if test.kind == "charge" and test.temperature_degC < 0.0:
        weight = weight * np.where(charge > 0.9, 0.05, 1.0)
    return np.asarray(weight)


def _columns(design: _Design, nonlinear: Nonlinear) -> Array:
    """Return the weighted columns of one test: U25, s, M, R0, pairs, each at its nodes."""
    test, keep = design.record, design.keep
    degC = test.temperature_degC
    h = kernels.hysteresis(test.mean_A, test.dt_s, nonlinear.hysteresis_rate, design.rate_Ah, design.first)
    parts = [design.fixed, design.nodes * h[keep, None], design.nodes * test.current_A[keep, None]]
    scale_A = nonlinear.scale_A / arrhenius(degC, nonlinear.scale_K)
    for k in range(nonlinear.tau_s.size):
        drive_A = scale_A * np.arcsinh(test.mean_A / scale_A) if k == 0 else test.mean_A
        tau_s = float(nonlinear.tau_s[k]) * arrhenius(degC, float(nonlinear.tau_K[k]))
        parts.append(kernels.pair_columns(design.left, design.share, drive_A, test.dt_s, tau_s, GRID_SOC.size, keep))
    return np.asarray(np.hstack(parts) * design.weight[:, None])


def _expansion(temperature_degC: float, n_pairs: int) -> Array:
    """Return the matrix that turns the linear coefficients into those of the columns at one temperature."""
    blocks = [(OCV_SOC.size, [1.0]), (ENTROPIC_SOC.size, [(temperature_degC - 25.0) / ENTROPIC_SPAN_K])]
    blocks.append((GRID_SOC.size, [arrhenius(temperature_degC, b) for b in HYSTERESIS_K]))
    blocks += [(GRID_SOC.size, [arrhenius(temperature_degC, b) for b in RESISTANCE_K])] * (1 + n_pairs)
    out = np.zeros((sum(n for n, _ in blocks), sum(n * len(factors) for n, factors in blocks)))
    row = column = 0
    for n, factors in blocks:
        for factor in factors:
            out[row : row + n, column : column + n] = factor * np.eye(n)
            column += n
        row += n
    return out


def _kinks(n_pairs: int, s: Settings) -> Array:
    """Return the rows that keep all functions smooth over charge, and the entropic coefficient near its start."""
    parts = [(OCV_SOC, 0.0), (ENTROPIC_SOC, 1.0 / s.kink_entropic_V)]
    parts += [(GRID_SOC, arrhenius(-5.0, b) / s.kink_hysteresis_V) for b in HYSTERESIS_K]
    parts += [(GRID_SOC, arrhenius(10.0, b) / s.kink_ohm) for b in RESISTANCE_K] * (1 + n_pairs)
    total = sum(nodes.size for nodes, _ in parts)
    rows, column = [], 0
    for nodes, weight in parts:
        if weight:
            row = np.zeros((nodes.size - 2, total))
            row[:, column : column + nodes.size] = s.smoothness * weight * curvature(nodes)
            rows.append(row)
        column += nodes.size
    pull = np.zeros((ENTROPIC_SOC.size, total))
    pull[:, OCV_SOC.size : OCV_SOC.size + ENTROPIC_SOC.size] = np.eye(ENTROPIC_SOC.size) / s.pull_entropic_V
    return np.vstack([*rows, pull])


def _solve(designs: Sequence[_Design], nonlinear: Nonlinear, s: Settings) -> tuple[Array, Array]:
    """Return the best linear coefficients and all residuals (in tolerances) for given nonlinear parameters."""
    n_pairs = nonlinear.tau_s.size
    expansion = {degC: _expansion(degC, n_pairs) for degC in sorted({d.record.temperature_degC for d in designs})}
    kinks = _kinks(n_pairs, s)
    gram, right = kinks.T @ kinks, np.zeros(kinks.shape[1])
    kept = [(d, _columns(d, nonlinear), (d.record.voltage_V[d.keep] - d.known_V) * d.weight) for d in designs]
    for degC, wide in expansion.items():
        here = [(x, y) for d, x, y in kept if d.record.temperature_degC == degC]
        gram += wide.T @ (sum(x.T @ x for x, _ in here) @ wide)
        right += wide.T @ sum(x.T @ y for x, y in here)
    coefficients = _bounded_least_squares(gram, right, OCV_SOC.size + ENTROPIC_SOC.size)
    residuals = [y - x @ (expansion[d.record.temperature_degC] @ coefficients) for d, x, y in kept]
    return coefficients, np.concatenate([*residuals, kinks @ coefficients])


def _bounded_least_squares(gram: Array, right: Array, n_free: int) -> Array:
    """Minimise c'Gc - 2r'c with all but the first ``n_free`` coefficients not negative.

    The free ones are eliminated, the others left to an active-set method on the Cholesky factor. A ridge of 1e-9 of
    the diagonal decides what the data leaves open.
    """
    gram = gram + np.diag(1.0e-9 * np.diag(gram) + 1.0e-8)
    free, mixed, rest = gram[:n_free, :n_free], gram[:n_free, n_free:], gram[n_free:, n_free:]
    shift = solve(free, np.column_stack([mixed, right[:n_free]]), assume_a="pos")
    reduced, target = rest - mixed.T @ shift[:, :-1], right[n_free:] - mixed.T @ shift[:, -1]
    scale = 1.0 / np.sqrt(np.diag(reduced))
    lower = cholesky(reduced * np.outer(scale, scale) + 1.0e-11 * np.eye(scale.size), lower=True)
    bounded = scale * nnls(lower.T, solve_triangular(lower, target * scale, lower=True), maxiter=50 * scale.size)[0]
    return np.concatenate([shift[:, -1] - shift[:, :-1] @ bounded, bounded])


def _start(s: Settings) -> Array:
    """Return the vector of the nonlinear parameters to start from: logarithms, and activation in 1000 K."""
    return np.array([*np.log(s.tau_s), *s.tau_1000K, np.log(20.0), 3.0, np.log(5.0)])


def _limits(n_pairs: int) -> tuple[Array, Array]:
    """Return the bounds of that vector: 0.3 s to 4000 s at 25 degC, 50 mA to 200 A, gamma 1 to 400.

    No time constant falls in the cold. The slowest hardly rises either: profiles of ten hours cannot tell one of a day
    from a drift, and a run-time cell would never relax.
    """
    low = [*[np.log(0.3)] * n_pairs, *[0.0] * n_pairs, np.log(0.05), 0.0, np.log(1.0)]
    high = [*[np.log(4.0e3)] * n_pairs, *[4.0] * (n_pairs - 1), 1.0, np.log(200.0), 5.0, np.log(400.0)]
    return np.array(low), np.array(high)


def _decode(vector: Array) -> Nonlinear:
    """Turn the vector into named values."""
    n_pairs = (vector.size - 3) // 2
    scale_A, scale_K, rate = vector[2 * n_pairs :]
    return Nonlinear(np.exp(vector[:n_pairs]), 1000.0 * vector[n_pairs : 2 * n_pairs], float(np.exp(scale_A)),
                     float(1000.0 * scale_K), float(np.exp(rate)))


def _residual(designs: Sequence[_Design], vector: Array, s: Settings) -> Array:
    """Return all residuals, with a faint pull to the start for what the data leaves open."""
    return np.concatenate([_solve(designs, _decode(vector), s)[1], 0.01 * (vector - _start(s))])


def _outer(designs: Sequence[_Design], vector: Array, s: Settings, rounds: int) -> Array:
    """Improve the nonlinear parameters."""
    low, high = _limits(len(s.tau_s))
    inside = np.clip(vector, low + 1.0e-6, high - 1.0e-6)
    return np.asarray(least_squares(lambda x: _residual(designs, x, s), inside, bounds=(low, high), diff_step=1.0e-3,
                                    max_nfev=rounds, xtol=1.0e-3, ftol=1.0e-4).x)
