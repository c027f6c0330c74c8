"""Work space of a bank, many cells at a time: what `models.bank` does with states, in one array that is made once.

The cells lie flat, battery after battery for the first cell, then for the second (``place = cell * n_batteries +
battery``): a battery's cells then add up, and heat flows between them, in loops over all batteries, which the compiler
does several at a time. `models.bank_rows` tells how the array is laid out, and why.

Two rhythms. `refresh` reads the tables at each cell's charge and temperature: U25 as a cubic, resistances, time
constants, hysteresis, balancing. `models.bank_tick` then uses these, exactly at held current, for as long as the caller
likes (a second; the charge then moves by some 1e-4, the temperature by some 0.01 K). A cell stays on one tile of the
tables for minutes: what belongs to the tile is looked up when the cell moves to another. Source of the equations:
`models.cell` and `models.bank`, which a test compares.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import bank_rows as r
from models import cell
from models.bank_cooling import cooling_1_s, set_product
from models.bank_rows import LANES, LINE
from models.bank_sums import fill_shares, least
from models.bank_types import BankParameters, BankState
from models.compiled import apart, borrowing, borrowing_apart, compiled, vectorising

Array = NDArray[np.float64]

SMALL = 0.05
"""Below this ``dt / tau`` the exponential is taken from a series of relative error ``z^6 / 5040`` (3e-12)."""
NEARLY_LINEAR = 0.1
"""Up to this part of its scale a charge-transfer current is taken through the series of asinh (relative error below
3e-12)."""
USUAL_PAIRS = 3
"""Pairs of the usual cell; the first is its charge transfer, the others are linear."""
SHORT = 0.01
"""Up to this move of the hysteresis in a step, as part of its way, a usual step's series is good (z^4 / 360: 3e-11)."""


class Work(NamedTuple):
    """Work space; ``n`` = cells in all, flat as told above.

    x, pairs : all numbers, laid out as `models.bank_rows` says, and those of them that belong to each pair (n_pairs,
        rows x lanes)
    soc, degC, emf_V, ohm (n,), battery_A (n_batteries,) : rows of `x` that others read
    keep, gain_K_W (n_cells, n_cells) : temperature after the step per kelvin above the air and per watt
    bank (5,) : of the whole bank, see `models.bank_rows.BANK_OHM`
    least_A (n_pairs,) : least current scale of each pair over all cells; 0: linear
    """

    x: Array
    pairs: Array
    soc: Array
    degC: Array
    emf_V: Array
    ohm: Array
    battery_A: Array
    keep: Array
    gain_K_W: Array
    bank: Array
    least_A: Array


@compiled
def on_a_line(size: int) -> Array:
    """Zeros that begin where a line of the cache does: eight numbers of a row then come in one line, and not in two."""
    spare = np.zeros(size + LINE)
    first = -(spare.ctypes.data // spare.itemsize) % LINE
    return spare[first : first + size]


@apart
def empty(p: BankParameters) -> Work:
    """Return work space for a bank of at most `LANES` cells; raises ValueError for more."""
    batteries, cells = p.capacity_factor.shape
    pairs, n = p.cell.pair_tau_s.shape[1], batteries * cells
    if n > LANES:
        raise ValueError("too many cells in the bank")
    size = (r.ROWS + pairs * r.PAIR_ROWS) * LANES
    x = on_a_line(size)
    x[r.SOC_LOW * LANES : (r.SOC_LOW + 1) * LANES] = np.inf  # on no tile yet
    soc, degC, emf_V = r.SOC * LANES, r.DEGC * LANES, r.EMF_V * LANES
    ohm, battery_A = r.OHM * LANES, r.BATTERY_A * LANES
    numbers = np.zeros(5)
    numbers[r.LEAST_C] = np.inf
    for b in range(batteries):
        x[r.LEADS_OHM * LANES + b] = p.terminal_resistance_ohm + p.cable_ohm[b]
        for c in range(cells):
            charge_C = 3600.0 * p.cell.capacity_Ah * p.capacity_factor[b, c]
            x[r.CHARGE_C * LANES + c * batteries + b] = charge_C
            numbers[r.LEAST_C] = min(numbers[r.LEAST_C], charge_C)
    return Work(
        x, x[r.ROWS * LANES :].reshape(pairs, r.PAIR_ROWS * LANES), x[soc : soc + n], x[degC : degC + n],
        x[emf_V : emf_V + n], x[ohm : ohm + n], x[battery_A : battery_A + batteries],
        np.empty((cells, cells)), np.empty((cells, cells)), numbers, np.zeros(pairs),
    )


@borrowing_apart
def load(w: Work, state: BankState) -> None:
    """Take a state into the work space."""
    batteries, cells = state.soc.shape
    x = w.x
    for b in range(batteries):
        x[r.CABLE_J * LANES + b] = state.cable_J[b]
        for c in range(cells):
            i = c * batteries + b
            x[r.SOC * LANES + i], x[r.H * LANES + i] = state.soc[b, c], state.h[b, c]
            x[r.DEGC * LANES + i], x[r.BLED_C * LANES + i] = state.temperature_degC[b, c], state.bled_C[b, c]
            x[r.CHEMICAL_J * LANES + i], x[r.HEAT_J * LANES + i] = state.chemical_J[b, c], state.heat_J[b, c]
            x[r.SOC_READ * LANES + i] = state.soc[b, c]
            x[r.V * LANES + i] = 0.0
            for k in range(state.v_V.shape[0]):
                w.pairs[k, r.PAIR_V * LANES + i] = state.v_V[k, b, c]
                x[r.V * LANES + i] += state.v_V[k, b, c]


@vectorising
def _chemical_J(x: Array, i: int) -> float:
    """The book of a cell's chemistry: as booked when its tables were read, and what the charge since then has brought.

    Integral of (U - T dU/dT) over the charge, exact on the cubic; a sum kept tick by tick would cost each tick more
    than this does each second.
    """
    d = x[r.SOC * LANES + i] - x[r.SOC_READ * LANES + i]
    mean_V = x[r.U0 * LANES + i] + d * (
        x[r.U1 * LANES + i] / 2.0 + d * (x[r.U2 * LANES + i] / 3.0 + d * (x[r.U3 * LANES + i] / 4.0))
    )
    booked_J = x[r.CHEMICAL_J * LANES + i]
    total_J: float = booked_J + x[r.CHARGE_C * LANES + i] * d * (mean_V - x[r.ENTROPIC_V * LANES + i])
    return total_J


@apart
def stored(w: Work) -> BankState:
    """Return the state of the work space, with arrays of its own."""
    batteries, cells, pairs = w.battery_A.size, w.keep.shape[0], w.least_A.size
    shape, x = (batteries, cells), w.x
    soc, h, degC, bled_C, chemical_J, heat_J = (
        np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    )
    v_V, cable_J = np.empty((pairs, batteries, cells)), np.empty(batteries)
    for b in range(batteries):
        cable_J[b] = x[r.CABLE_J * LANES + b]
        for c in range(cells):
            i = c * batteries + b
            soc[b, c], h[b, c], degC[b, c] = x[r.SOC * LANES + i], x[r.H * LANES + i], x[r.DEGC * LANES + i]
            bled_C[b, c], chemical_J[b, c] = x[r.BLED_C * LANES + i], _chemical_J(x, i)
            heat_J[b, c] = x[r.HEAT_J * LANES + i]
            for k in range(pairs):
                v_V[k, b, c] = w.pairs[k, r.PAIR_V * LANES + i]
    return BankState(soc, h, degC, v_V, bled_C, chemical_J, heat_J, cable_J)


@borrowing
def _corners(rows: Array, first: int, i: int, at: tuple[float, float, float, float], factor: float) -> None:
    """Fill c, cx, cy, cxy from the values at a tile's corners: cold low, cold high, warm low, warm high."""
    rows[first * LANES + i] = factor * at[0]
    rows[(first + 1) * LANES + i] = factor * (at[1] - at[0])
    rows[(first + 2) * LANES + i] = factor * (at[2] - at[0])
    rows[(first + 3) * LANES + i] = factor * ((at[3] - at[2]) - (at[1] - at[0]))


@borrowing_apart
def _to_tile(w: Work, i: int, aged_ohm: float, aged_Ah: float, c: cell.CellParameters) -> None:
    """Look up the tile of the tables that cell ``i`` is on; outside the grid the tile has no width."""
    x, soc, degC = w.x, w.soc[i], w.degC[i]
    last, top = c.soc.size - 1, c.degC.size - 1
    low, warm = cell.locate(soc, c.soc, last // 2), cell.locate(degC, c.degC, top // 2)
    high, above = low + 1, min(warm + 1, top)
    soc_low, soc_high, per_soc = c.soc[low], c.soc[high], c.per_soc[low]
    degC_low, degC_high, per_K = c.degC[warm], c.degC[above], c.per_K[min(warm, c.per_K.size - 1)]
    a = (c.ocv_V[low, 0], c.ocv_V[low, 1], c.ocv_V[low, 2], c.ocv_V[low, 3])
    start = soc_low
    if soc < c.soc[0]:
        high, soc_low, soc_high, per_soc = low, -np.inf, c.soc[0], 0.0
        a = (c.ocv_end[0, 0], c.ocv_end[0, 1], 0.0, 0.0)
    elif soc >= c.soc[last]:
        low, start, soc_low, soc_high, per_soc = last, c.soc[last], c.soc[last], np.inf, 0.0
        high = last
        a = (c.ocv_end[1, 0], c.ocv_end[1, 1], 0.0, 0.0)
    if degC < c.degC[0]:
        above, degC_low, degC_high, per_K = warm, -np.inf, c.degC[0], 0.0
    elif degC >= c.degC[top]:
        warm, above, degC_low, degC_high, per_K = top, top, c.degC[top], np.inf, 0.0
    x[r.FROM_SOC * LANES + i] = start
    x[r.SOC_LOW * LANES + i], x[r.SOC_HIGH * LANES + i], x[r.PER_SOC * LANES + i] = soc_low, soc_high, per_soc
    x[r.DEGC_LOW * LANES + i], x[r.DEGC_HIGH * LANES + i], x[r.PER_K * LANES + i] = degC_low, degC_high, per_K
    x[r.A0 * LANES + i], x[r.A1 * LANES + i], x[r.A2 * LANES + i], x[r.A3 * LANES + i] = a
    x[r.S0 * LANES + i] = c.entropic_V_K[low]
    x[r.S1 * LANES + i] = (c.entropic_V_K[high] - c.entropic_V_K[low]) * per_soc
    for q in range(2):
        at = c.table[warm, low, q], c.table[warm, high, q], c.table[above, low, q], c.table[above, high, q]
        _corners(x, r.TABLE + 4 * q, i, at, aged_ohm if q == cell.R0 else 1.0)
    for k in range(c.pair_tau_s.shape[1]):
        y, q = w.pairs[k], cell.PAIRS + k
        at = c.table[warm, low, q], c.table[warm, high, q], c.table[above, low, q], c.table[above, high, q]
        _corners(y, r.PAIR_TABLE, i, at, aged_ohm)
        y[r.TAU0 * LANES + i] = c.pair_tau_s[warm, k]
        y[r.TAU1 * LANES + i] = c.pair_tau_s[above, k] - c.pair_tau_s[warm, k]
        y[r.SCALE0 * LANES + i] = aged_Ah * c.pair_scale_A[warm, k]
        y[r.SCALE1 * LANES + i] = aged_Ah * (c.pair_scale_A[above, k] - c.pair_scale_A[warm, k])


@vectorising
def _on_tile(x: Array, i: int) -> bool:
    """Whether cell ``i`` is still on its tile."""
    soc, degC = x[r.SOC * LANES + i], x[r.DEGC * LANES + i]
    on: bool = (
        (x[r.SOC_LOW * LANES + i] <= soc) & (soc < x[r.SOC_HIGH * LANES + i])
        & (x[r.DEGC_LOW * LANES + i] <= degC) & (degC < x[r.DEGC_HIGH * LANES + i])
    )
    return on


@vectorising
def _off_tiles(x: Array, n: int) -> int:
    """How many cells have left their tile."""
    off = 0
    for i in range(n):
        off += 0 if _on_tile(x, i) else 1
    return off


@vectorising
def _read_tiles(x: Array, n: int, p: BankParameters) -> int:
    """Coefficients of all cells at their charge and temperature, each from its tile; returns how many bleed."""
    bleeding = 0
    start_V, per_V = p.balancing_start_V, 1.0 / (p.balancing_full_V - p.balancing_start_V)
    for i in range(n):
        x[r.CHEMICAL_J * LANES + i] = _chemical_J(x, i)
        soc = x[r.SOC * LANES + i]
        d = soc - x[r.FROM_SOC * LANES + i]
        x[r.SOC_READ * LANES + i] = soc
        degC = x[r.DEGC * LANES + i]
        u = d * x[r.PER_SOC * LANES + i]
        y = (degC - x[r.DEGC_LOW * LANES + i]) * x[r.PER_K * LANES + i] if x[r.PER_K * LANES + i] > 0.0 else 0.0
        x[r.OHM * LANES + i] = (
            x[r.TABLE * LANES + i] + u * x[(r.TABLE + 1) * LANES + i]
            + y * (x[(r.TABLE + 2) * LANES + i] + u * x[(r.TABLE + 3) * LANES + i])
        )
        hysteresis_V = (
            x[(r.TABLE + 4) * LANES + i] + u * x[(r.TABLE + 5) * LANES + i]
            + y * (x[(r.TABLE + 6) * LANES + i] + u * x[(r.TABLE + 7) * LANES + i])
        )
        x[r.HYSTERESIS_V * LANES + i] = hysteresis_V
        over_K, s0, s1 = degC - cell.REFERENCE_DEGC, x[r.S0 * LANES + i], x[r.S1 * LANES + i]
        x[r.ENTROPIC_V * LANES + i] = (s0 + s1 * d) * (degC + cell.ZERO_CELSIUS_K)
        u0, u1 = x[r.A0 * LANES + i] + over_K * s0, x[r.A1 * LANES + i] + over_K * s1
        u2, u3 = x[r.A2 * LANES + i], x[r.A3 * LANES + i]
        ocv_V = u0 + d * (u1 + d * (u2 + d * u3))
        x[r.U0 * LANES + i], x[r.U1 * LANES + i] = ocv_V, u1 + d * (2.0 * u2 + 3.0 * d * u3)
        x[r.U2 * LANES + i], x[r.U3 * LANES + i] = u2 + 3.0 * d * u3, u3
        rest_V = ocv_V + (hysteresis_V * x[r.H * LANES + i] + x[r.V * LANES + i])
        bleed_A = p.balancing_A * min(max((rest_V - start_V) * per_V, 0.0), 1.0)
        x[r.BLEED_A * LANES + i], x[r.EMF_V * LANES + i] = bleed_A, rest_V - x[r.OHM * LANES + i] * bleed_A
        bleeding += 0 if bleed_A == 0.0 else 1
    return bleeding


@vectorising
def _read_pair(x: Array, y: Array, n: int) -> None:
    """Coefficients of a pair for all cells."""
    for i in range(n):
        u = (x[r.SOC * LANES + i] - x[r.FROM_SOC * LANES + i]) * x[r.PER_SOC * LANES + i]
        inside = x[r.PER_K * LANES + i] > 0.0
        t = (x[r.DEGC * LANES + i] - x[r.DEGC_LOW * LANES + i]) * x[r.PER_K * LANES + i] if inside else 0.0
        y[r.PAIR_OHM * LANES + i] = (
            y[r.PAIR_TABLE * LANES + i] + u * y[(r.PAIR_TABLE + 1) * LANES + i]
            + t * (y[(r.PAIR_TABLE + 2) * LANES + i] + u * y[(r.PAIR_TABLE + 3) * LANES + i])
        )
        y[r.PAIR_SLOPE_OHM * LANES + i] = x[r.PER_SOC * LANES + i] * (
            y[(r.PAIR_TABLE + 1) * LANES + i] + t * y[(r.PAIR_TABLE + 3) * LANES + i]
        )
        y[r.PAIR_TAU_S * LANES + i] = y[r.TAU0 * LANES + i] + t * y[r.TAU1 * LANES + i]
        y[r.PAIR_SCALE_A * LANES + i] = y[r.SCALE0 * LANES + i] + t * y[r.SCALE1 * LANES + i]


@vectorising
def _fill_per_A(y: Array, n: int) -> None:
    for i in range(n):
        y[r.PAIR_PER_A * LANES + i] = 1.0 / y[r.PAIR_SCALE_A * LANES + i]


@borrowing_apart
def refresh(w: Work, p: BankParameters) -> None:
    """Read the tables at the present state; what does not depend on the current, the EMF with it."""
    batteries, cells = p.capacity_factor.shape
    x, n, pairs, bleeding = w.x, batteries * cells, w.least_A.size, 0
    for first in range(0, n, r.AT_ONCE):
        part, size = x[first:], min(r.AT_ONCE, n - first)
        if _off_tiles(part, size) > 0:
            for i in range(size):
                if not _on_tile(part, i):
                    b, c = (first + i) % batteries, (first + i) // batteries
                    _to_tile(w, first + i, p.resistance_factor[b, c], p.capacity_factor[b, c], p.cell)
        bleeding += _read_tiles(part, size, p)
        for k in range(pairs):
            _read_pair(part, w.pairs[k][first:], size)
    for k in range(pairs):
        y = w.pairs[k]
        least_A = y[r.PAIR_SCALE_A * LANES]
        if least_A > 0.0:
            least_A = least(y[r.PAIR_SCALE_A * LANES : r.PAIR_SCALE_A * LANES + n])
        if least_A > 0.0:
            _fill_per_A(y, n)
        w.least_A[k] = least_A
    fill_shares(x, w.ohm, w.bank, batteries, n)
    usual = bleeding == 0 and pairs == USUAL_PAIRS and w.least_A[0] > 0.0
    for k in range(1, pairs):
        usual = usual and w.least_A[k] <= 0.0
    w.bank[r.TABLES_A] = NEARLY_LINEAR * w.least_A[0] if usual else -1.0


@borrowing
def bleed_A(rest_V: float, p: BankParameters) -> float:
    """Return the balancing current of a cell [A] at its voltage without the ohmic part."""
    rise = (rest_V - p.balancing_start_V) / (p.balancing_full_V - p.balancing_start_V)
    return p.balancing_A * min(max(rise, 0.0), 1.0)


@vectorising
def _fill_decays(y: Array, n: int, dt_s: float) -> int:
    """Decays of a pair by the series; returns for how many cells the series is not good enough."""
    beyond = 0
    for i in range(n):
        z = dt_s / y[r.PAIR_TAU_S * LANES + i]
        q = 1.0 / 24.0 - z * (1.0 / 120.0 - z * (1.0 / 720.0))
        mean = 1.0 - z * (1.0 / 2.0 - z * (1.0 / 6.0 - z * q))
        y[r.DECAY * LANES + i] = 1.0 - z * mean
        y[r.MEAN * LANES + i] = mean
        beyond += 1 if z >= SMALL else 0
    return beyond


@vectorising
def _fill_soc_per_A(x: Array, n: int, dt_s: float) -> None:
    for i in range(n):
        x[r.SOC_PER_A * LANES + i] = dt_s / x[r.CHARGE_C * LANES + i]


@borrowing_apart
def retime(w: Work, dt_s: float, p: BankParameters) -> None:
    """Decays of the pairs, and charge per ampere, over a step of ``dt_s``."""
    batteries, cells = p.capacity_factor.shape
    x, n = w.x, batteries * cells
    for k in range(w.least_A.size):
        y = w.pairs[k]
        if _fill_decays(y, n, dt_s) > 0:
            for i in range(n):
                z = dt_s / y[r.PAIR_TAU_S * LANES + i]
                if z >= SMALL:
                    y[r.DECAY * LANES + i] = math.exp(-z)
                    y[r.MEAN * LANES + i] = -math.expm1(-z) / z
    if w.bank[r.TIMED_S] != dt_s:
        _fill_soc_per_A(x, n, dt_s)
        w.bank[r.TIMED_S] = dt_s
    rate = p.cell.hysteresis_rate
    w.bank[r.STEP_A] = SHORT * w.bank[r.LEAST_C] / (rate * dt_s) if rate * dt_s > 0.0 else np.inf


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
        size = set_product(other, rate, term, zero, h_s / k)
        for i in range(cells):
            for j in range(cells):
                term[i, j] = other[i, j]
                gain[i, j] += other[i, j]
        if size < 1.0e-17 * h_s:
            break
    set_product(w.keep, rate, gain, one, 1.0)
    for _ in range(doublings):
        set_product(other, w.keep, gain, gain, 1.0)
        set_product(term, w.keep, w.keep, zero, 1.0)
        for i in range(cells):
            for j in range(cells):
                gain[i, j], w.keep[i, j] = other[i, j], term[i, j]
    for i in range(cells):
        for j in range(cells):
            w.gain_K_W[i, j] = gain[i, j] / p.cell.heat_capacity_J_K
