"""Work space of a bank, many cells at a time: what `models.bank` does with states, in arrays that are made once.

The cells lie flat, battery after battery for the first cell, then for the second (``place = cell * n_batteries +
battery``): a battery's cells then add up, and heat flows between them, in loops over all batteries, which the compiler
does four at a time.

Two rhythms. `refresh` reads the tables at each cell's charge and temperature: U25 as a cubic about the present charge,
resistances, time constants, hysteresis, balancing. `models.bank_tick` then uses these, exactly at held current, for as
long as the caller likes (a second; the charge then moves by some 1e-4, the temperature by some 0.01 K).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import cell
from models.bank_types import BankParameters, BankState
from models.compiled import apart, borrowing, borrowing_apart

Array = NDArray[np.float64]

SMALL = 0.05
"""Below this ``dt / tau`` the exponential is taken from a series of relative error ``z^6 / 5040`` (3e-12)."""


class Work(NamedTuple):
    """Work space; ``n`` = cells in all, flat as told above.

    State: soc, h, degC, bled_C, chemical_J, heat_J (n,), v_V (n_pairs, n), cable_J (n_batteries,); see `BankState`.
    Refreshed: from_soc (n,), u_V (4, n) U about from_soc; hysteresis_V, ohm, entropic_V = T s, bleed_A (n,); pair_ohm,
    pair_tau_s, pair_scale_A (n_pairs, n); battery_S, part (n_batteries,) conductance of a battery with its cable, and
    its part of all; bank (2,) resistance of the bank [ohm] and whether any cell bleeds; soc_place, degC_place (n,).
    Of the step: decay, mean (n_pairs, n) exp(-dt/tau) and its mean; soc_per_A (n,); keep, gain_K_W (n_cells, n_cells)
    temperature after the step per kelvin and per watt.
    Now: ocv_V, emf_V, current_A, over_V, heat_W, rise (n,); battery_emf_V, battery_A (n_batteries,).
    """

    soc: Array
    h: Array
    degC: Array
    v_V: Array
    bled_C: Array
    chemical_J: Array
    heat_J: Array
    cable_J: Array
    from_soc: Array
    u_V: Array
    hysteresis_V: Array
    ohm: Array
    entropic_V: Array
    bleed_A: Array
    pair_ohm: Array
    pair_tau_s: Array
    pair_scale_A: Array
    battery_S: Array
    part: Array
    bank: Array
    soc_place: NDArray[np.int64]
    degC_place: NDArray[np.int64]
    decay: Array
    mean: Array
    soc_per_A: Array
    keep: Array
    gain_K_W: Array
    ocv_V: Array
    emf_V: Array
    current_A: Array
    over_V: Array
    heat_W: Array
    rise: Array
    battery_emf_V: Array
    battery_A: Array


@apart
def empty(p: BankParameters) -> Work:
    """Return work space for a bank."""
    batteries, cells = p.capacity_factor.shape
    pairs = p.cell.pair_tau_s.shape[1]
    n = batteries * cells
    return Work(
        np.empty(n), np.empty(n), np.empty(n), np.empty((pairs, n)), np.empty(n), np.empty(n), np.empty(n),
        np.empty(batteries), np.empty(n), np.empty((4, n)), np.empty(n), np.empty(n), np.empty(n), np.empty(n),
        np.empty((pairs, n)), np.empty((pairs, n)), np.empty((pairs, n)), np.empty(batteries), np.empty(batteries),
        np.empty(2), np.zeros(n, np.int64), np.zeros(n, np.int64), np.empty((pairs, n)), np.empty((pairs, n)),
        np.empty(n), np.empty((cells, cells)), np.empty((cells, cells)), np.empty(n), np.empty(n), np.empty(n),
        np.empty(n), np.empty(n), np.empty(n), np.empty(batteries), np.empty(batteries),
    )


@borrowing_apart
def load(w: Work, state: BankState) -> None:
    """Take a state into the work space."""
    batteries, cells = state.soc.shape
    for b in range(batteries):
        w.cable_J[b] = state.cable_J[b]
        for c in range(cells):
            i = c * batteries + b
            w.soc[i], w.h[i], w.degC[i] = state.soc[b, c], state.h[b, c], state.temperature_degC[b, c]
            w.bled_C[i], w.chemical_J[i] = state.bled_C[b, c], state.chemical_J[b, c]
            w.heat_J[i] = state.heat_J[b, c]
            for k in range(state.v_V.shape[0]):
                w.v_V[k, i] = state.v_V[k, b, c]


@apart
def stored(w: Work) -> BankState:
    """Return the state of the work space, with arrays of its own."""
    batteries = w.battery_A.size
    cells = w.keep.shape[0]
    pairs = w.v_V.shape[0]
    shape = (batteries, cells)
    soc, h, degC, bled_C, chemical_J, heat_J = (
        np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    )
    v_V = np.empty((pairs, batteries, cells))
    for b in range(batteries):
        for c in range(cells):
            i = c * batteries + b
            soc[b, c], h[b, c], degC[b, c] = w.soc[i], w.h[i], w.degC[i]
            bled_C[b, c], chemical_J[b, c], heat_J[b, c] = w.bled_C[i], w.chemical_J[i], w.heat_J[i]
            for k in range(pairs):
                v_V[k, b, c] = w.v_V[k, i]
    return BankState(soc, h, degC, v_V, bled_C, chemical_J, heat_J, w.cable_J.copy())


@borrowing
def _read_tables(w: Work, i: int, aged_ohm: float, aged_Ah: float, c: cell.CellParameters) -> None:
    """Coefficients of one cell at its charge and temperature."""
    soc, degC = w.soc[i], w.degC[i]
    at = cell.locate(soc, c.soc, w.soc_place[i])
    warm = cell.locate(degC, c.degC, w.degC_place[i])
    w.soc_place[i], w.degC_place[i] = at, warm
    x = cell.share(soc, at, c.soc, c.per_soc)
    y = cell.share(degC, warm, c.degC, c.per_K)
    above = min(warm + 1, c.degC.size - 1)
    a, b, d, e = (1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y
    cold_low, cold_high = c.table[warm, at], c.table[warm, at + 1]
    warm_low, warm_high = c.table[above, at], c.table[above, at + 1]
    w.ohm[i] = aged_ohm * (a * cold_low[0] + b * cold_high[0] + d * warm_low[0] + e * warm_high[0])
    w.hysteresis_V[i] = a * cold_low[1] + b * cold_high[1] + d * warm_low[1] + e * warm_high[1]
    for k in range(c.pair_tau_s.shape[1]):
        q = cell.PAIRS + k
        w.pair_ohm[k, i] = aged_ohm * (a * cold_low[q] + b * cold_high[q] + d * warm_low[q] + e * warm_high[q])
        w.pair_tau_s[k, i] = (1.0 - y) * c.pair_tau_s[warm, k] + y * c.pair_tau_s[above, k]
        w.pair_scale_A[k, i] = aged_Ah * ((1.0 - y) * c.pair_scale_A[warm, k] + y * c.pair_scale_A[above, k])
    s_V_K = (1.0 - x) * c.entropic_V_K[at] + x * c.entropic_V_K[at + 1]
    rise_V_K = 0.0
    if c.soc[0] <= soc < c.soc[c.soc.size - 1]:
        rise_V_K = (c.entropic_V_K[at + 1] - c.entropic_V_K[at]) * c.per_soc[at]
    w.entropic_V[i] = s_V_K * (degC + cell.ZERO_CELSIUS_K)
    over_K = degC - cell.REFERENCE_DEGC
    u0, u1, u2, u3 = cell.u25_about(soc, at, c)
    w.u_V[0, i], w.u_V[1, i], w.u_V[2, i], w.u_V[3, i] = u0 + over_K * s_V_K, u1 + over_K * rise_V_K, u2, u3
    w.from_soc[i] = soc


@borrowing_apart
def refresh(w: Work, p: BankParameters) -> None:
    """Read the tables at the present state; what does not depend on the current."""
    batteries, cells = p.capacity_factor.shape
    total_S = 0.0
    w.bank[1] = 0.0
    for b in range(batteries):
        ohm = p.terminal_resistance_ohm + p.cable_ohm[b]
        for c in range(cells):
            i = c * batteries + b
            _read_tables(w, i, p.resistance_factor[b, c], p.capacity_factor[b, c], p.cell)
            ohm += w.ohm[i]
            rest_V = w.u_V[0, i] + w.hysteresis_V[i] * w.h[i]
            for k in range(w.v_V.shape[0]):
                rest_V += w.v_V[k, i]
            w.bleed_A[i] = bleed_A(rest_V, p)
            if w.bleed_A[i] > 0.0:
                w.bank[1] = 1.0
        w.battery_S[b] = 1.0 / ohm
        total_S += w.battery_S[b]
    for b in range(batteries):
        w.part[b] = w.battery_S[b] / total_S
    w.bank[0] = 1.0 / total_S


@borrowing
def bleed_A(rest_V: float, p: BankParameters) -> float:
    """Return the balancing current of a cell [A] at its voltage without the ohmic part."""
    rise = (rest_V - p.balancing_start_V) / (p.balancing_full_V - p.balancing_start_V)
    return p.balancing_A * min(max(rise, 0.0), 1.0)


@borrowing_apart
def retime(w: Work, dt_s: float, p: BankParameters) -> None:
    """Decays of the pairs, and charge per ampere, over a step of ``dt_s``."""
    batteries, cells = p.capacity_factor.shape
    for k in range(w.decay.shape[0]):
        for i in range(w.decay.shape[1]):
            z = dt_s / w.pair_tau_s[k, i]
            if z < SMALL:
                q = 1.0 + z * (1.0 / 2.0 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z * (1.0 / 120.0 + z / 720.0))))
                w.decay[k, i] = 1.0 / (1.0 + z * q)
                w.mean[k, i] = q * w.decay[k, i]
            else:
                w.decay[k, i] = math.exp(-z)
                w.mean[k, i] = -math.expm1(-z) / z
    for b in range(batteries):
        for c in range(cells):
            w.soc_per_A[c * batteries + b] = dt_s / (3600.0 * p.cell.capacity_Ah * p.capacity_factor[b, c])


@borrowing_apart
def _set_product(out: Array, a: Array, b: Array, start: Array, factor: float) -> float:
    """Fill ``out`` with start + factor a b, small square matrices; returns the largest entry's size."""
    n = a.shape[0]
    largest = 0.0
    for i in range(n):
        for j in range(n):
            total = start[i, j]
            for k in range(n):
                total += factor * a[i, k] * b[k, j]
            out[i, j] = total
            largest = max(largest, abs(total))
    return largest


@apart
def cooling_1_s(cells: int, p: BankParameters) -> Array:
    """Return A [1/s] of dT/dt = A (T - ambient) + heat / C: cells in a row, each also to the air."""
    rate = np.zeros((cells, cells))
    to_air = 1.0 / (p.cell_to_ambient_K_W * p.cell.heat_capacity_J_K)
    between = 1.0 / (p.cell_to_cell_K_W * p.cell.heat_capacity_J_K)
    for c in range(cells):
        rate[c, c] -= to_air
        if c > 0:
            rate[c, c] -= between
            rate[c - 1, c - 1] -= between
            rate[c, c - 1] += between
            rate[c - 1, c] += between
    return rate


@apart
def set_cooling(w: Work, dt_s: float, p: BankParameters) -> None:
    """Exact step of the cells' temperatures: keep = exp(A dt), gain = (integral of exp(A t) over dt) / C.

    The integral G by its Taylor series over ``h = dt / 2^m`` with |A| h <= 1/4 (error 1e-16), then doubled m times:
    keep = 1 + A G, G(2 h) = G + keep G.
    """
    cells = w.keep.shape[0]
    rate = cooling_1_s(cells, p)
    zero, one = np.zeros((cells, cells)), np.zeros((cells, cells))
    term, other, gain = np.zeros((cells, cells)), np.zeros((cells, cells)), np.zeros((cells, cells))
    h_s, doublings = dt_s, 0
    while (4.0 / p.cell_to_cell_K_W + 1.0 / p.cell_to_ambient_K_W) / p.cell.heat_capacity_J_K * h_s > 0.25:
        h_s *= 0.5
        doublings += 1
    for c in range(cells):
        one[c, c], term[c, c], gain[c, c] = 1.0, h_s, h_s
    for k in range(2, 14):
        size = _set_product(other, rate, term, zero, h_s / k)
        for i in range(cells):
            for j in range(cells):
                term[i, j] = other[i, j]
                gain[i, j] += other[i, j]
        if size < 1.0e-17 * h_s:
            break
    _set_product(w.keep, rate, gain, one, 1.0)
    for _ in range(doublings):
        _set_product(other, w.keep, gain, gain, 1.0)
        _set_product(term, w.keep, w.keep, zero, 1.0)
        for i in range(cells):
            for j in range(cells):
                gain[i, j], w.keep[i, j] = other[i, j], term[i, j]
    for i in range(cells):
        for j in range(cells):
            w.gain_K_W[i, j] = gain[i, j] / p.cell.heat_capacity_J_K
