"""One step of a bank in its work space: voltages, shares, and everything after a step at held currents.

Source of the equations: `models.cell` and `models.bank`, which a test compares.
"""

import math

import numpy as np
from numpy.typing import NDArray

from models import bank_rows as r
from models.bank_rows import LANES
from models.bank_sums import fill_emf, together, whole_lines
from models.bank_types import BankParameters
from models.bank_usual import advance_usual
from models.bank_work import NEARLY_LINEAR, Work
from models.compiled import borrowing, borrowing_apart, vectorising

Array = NDArray[np.float64]

PLAIN_CELLS = 4
"""Cells of the usual single battery."""


@borrowing
def _is_plain(w: Work) -> bool:
    """Whether the bank is one battery of four cells: with these as constants its loops become straight code."""
    return w.battery_A.size == 1 and w.soc.size == PLAIN_CELLS


@borrowing
def look(w: Work) -> tuple[float, float]:
    """Return the bank's Thevenin equivalent (emf_V, resistance_ohm), and fill the batteries' EMF.

    Those of the cells were left by `models.bank_work.refresh` or `advance`, whichever came last.
    """
    return _look(w, 1, PLAIN_CELLS) if _is_plain(w) else _look(w, w.battery_A.size, w.soc.size)


@borrowing
def _look(w: Work, batteries: int, n: int) -> tuple[float, float]:
    x = w.x
    for b in range(batteries):
        x[r.BATTERY_EMF_V * LANES + b] = x[r.EMF_V * LANES + b]
    for first in range(batteries, n, batteries):
        emf_V = w.emf_V[first : first + batteries]
        for b in range(batteries):
            x[r.BATTERY_EMF_V * LANES + b] += emf_V[b]
    part, own = r.PART * LANES, r.BATTERY_EMF_V * LANES
    return together(x[part : part + batteries], x[own : own + batteries]), w.bank[r.BANK_OHM]


@borrowing
def divide(w: Work, emf_V: float, current_A: float) -> None:
    """Share the bank's current: I_b = (V - E_b) / R_b, and from it each cell's, less what it bleeds.

    Written as part_b I + (E - E_b) / R_b, which is exact for one battery and loses nothing for many.
    """
    if _is_plain(w):
        _divide(w, emf_V, current_A, 1, PLAIN_CELLS)
    else:
        _divide(w, emf_V, current_A, w.battery_A.size, w.soc.size)


@borrowing
def _divide(w: Work, emf_V: float, current_A: float, batteries: int, n: int) -> None:
    x = w.x
    for b in range(batteries):
        x[r.BATTERY_A * LANES + b] = (
            x[r.PART * LANES + b] * current_A + (emf_V - x[r.BATTERY_EMF_V * LANES + b]) * x[r.BATTERY_S * LANES + b]
        )
    for first in range(0, n, batteries):
        own_A = x[r.CURRENT_A * LANES + first : r.CURRENT_A * LANES + first + batteries]
        bleed_A = x[r.BLEED_A * LANES + first : r.BLEED_A * LANES + first + batteries]
        for b in range(batteries):
            own_A[b] = x[r.BATTERY_A * LANES + b] - bleed_A[b]


@vectorising
def cells_outside(w: Work, low_V: float, high_V: float, low_degC: float, high_degC: float) -> int:
    """How many cells have a voltage or a temperature outside these ends; a NaN is. `divide` came before."""
    x, outside = w.x, 0
    for i in range(w.soc.size):
        volts = x[r.EMF_V * LANES + i] + x[r.OHM * LANES + i] * (
            x[r.CURRENT_A * LANES + i] + x[r.BLEED_A * LANES + i]
        )
        degC = x[r.DEGC * LANES + i]
        inside = (low_V <= volts) & (volts <= high_V) & (low_degC <= degC) & (degC <= high_degC)
        outside += 0 if inside else 1
    return outside


@vectorising
def _pair_towards(x: Array, y: Array, i: int, target_V: float) -> None:
    """Step a pair of one cell; adds its mean and its voltage to those of all pairs."""
    away_V = y[r.PAIR_V * LANES + i] - target_V
    after_V = target_V + away_V * y[r.DECAY * LANES + i]
    x[r.OVER_V * LANES + i] += target_V + away_V * y[r.MEAN * LANES + i]
    x[r.V * LANES + i] += after_V
    y[r.PAIR_V * LANES + i] = after_V


@vectorising
def _pair_ohm(x: Array, y: Array, i: int) -> float:
    """A pair's resistance in the middle of the step, of second order in the charge that moves."""
    ohm: float = y[r.PAIR_OHM * LANES + i] + y[r.PAIR_SLOPE_OHM * LANES + i] * x[r.MOVED * LANES + i]
    return ohm


@vectorising
def _linear_pair(x: Array, y: Array, n: int) -> None:
    for i in range(n):
        _pair_towards(x, y, i, _pair_ohm(x, y, i) * x[r.CURRENT_A * LANES + i])


@vectorising
def _nearly_linear_pair(x: Array, y: Array, n: int) -> None:
    """As `_transfer_pair` for currents up to `NEARLY_LINEAR` of the scale: asinh by its series to the 9th power."""
    for i in range(n):
        current_A = x[r.CURRENT_A * LANES + i]
        part = current_A * y[r.PAIR_PER_A * LANES + i]
        s = part * part
        bend = 1.0 + s * (-1.0 / 6.0 + s * (3.0 / 40.0 + s * (-5.0 / 112.0 + s * (35.0 / 1152.0))))
        _pair_towards(x, y, i, _pair_ohm(x, y, i) * current_A * bend)


@vectorising
def charge_transfer_V(current_A: float, ohm: float, scale_A: float) -> float:
    """Return R I_k asinh(I / I_k), with square roots and a series instead of a logarithm, several cells at a time.

    asinh(x) = log(w), w = x + sqrt(1 + x^2) (x >= 0); log(w) = 16 log(w^(1/16)) and log(y) = 2 atanh((y - 1)/(y + 1))
    by its series to the 15th power: relative error below 1e-10 up to x = 1000, below 1e-7 up to x = 1e5.
    """
    x = abs(current_A) / scale_A
    y = math.sqrt(math.sqrt(math.sqrt(math.sqrt(x + math.sqrt(1.0 + x * x)))))
    t = (y - 1.0) / (y + 1.0)
    s = t * t
    odd = 1.0 / 11.0 + s * (1.0 / 13.0 + s / 15.0)
    odd = t * (1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * odd)))))
    size_V = 32.0 * ohm * scale_A * odd
    return size_V if current_A > 0.0 else -size_V


@vectorising
def fill_charge_transfer_V(out: Array, ohm: Array, scale_A: Array, current_A: Array) -> None:
    """Fill `charge_transfer_V` for many cells."""
    for i in range(out.size):
        out[i] = charge_transfer_V(current_A[i], ohm[i], scale_A[i])


@vectorising
def _transfer_pair(x: Array, y: Array, n: int) -> None:
    for i in range(n):
        target_V = charge_transfer_V(
            x[r.CURRENT_A * LANES + i], _pair_ohm(x, y, i), y[r.PAIR_SCALE_A * LANES + i]
        )
        _pair_towards(x, y, i, target_V)


@vectorising
def _advance_cells(x: Array, n: int, dt_s: float, ambient_degC: float, rate: float, each_ohm: float) -> None:
    """Charge, hysteresis, heat and books of all cells; the pairs' mean is in OVER_V.

    Hysteresis exactly to rounding (series of relative error z^7 / 5040, z = gamma |d soc|); it never leaves -1..1.
    """
    for i in range(n):
        current_A, bleed_A = x[r.CURRENT_A * LANES + i], x[r.BLEED_A * LANES + i]
        rise = current_A * x[r.SOC_PER_A * LANES + i]
        z = rate * abs(rise)
        goal = 1.0 if rise > 0.0 else -1.0
        q = 1.0 + z * (1.0 / 2.0 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z * (1.0 / 120.0 + z / 720.0))))
        decay = 1.0 / (1.0 + z * q)
        h = x[r.H * LANES + i]
        mean_h = goal + (h - goal) * q * decay if z > 0.0 else h
        x[r.H * LANES + i] = goal + (h - goal) * decay if z > 0.0 else h
        ohm, entropic_V = x[r.OHM * LANES + i], x[r.ENTROPIC_V * LANES + i]
        over_V = x[r.OVER_V * LANES + i] + x[r.HYSTERESIS_V * LANES + i] * mean_h + ohm * current_A
        d = x[r.MOVED * LANES + i]
        ocv_V = x[r.U0 * LANES + i] + d * (
            x[r.U1 * LANES + i] + d * (x[r.U2 * LANES + i] + d * x[r.U3 * LANES + i])
        )
        x[r.SOC * LANES + i] += rise
        battery_A = current_A + bleed_A
        heat_W = current_A * (over_V + entropic_V) + bleed_A * (ocv_V + over_V) + each_ohm * (battery_A * battery_A)
        x[r.HEAT_W * LANES + i] = heat_W
        x[r.HEAT_J * LANES + i] += dt_s * heat_W
        x[r.BLED_C * LANES + i] += dt_s * bleed_A
        x[r.ABOVE_K * LANES + i] = x[r.DEGC * LANES + i] - ambient_degC


@borrowing
def advance(w: Work, dt_s: float, ambient_degC: float, p: BankParameters) -> None:
    """Step all cells by ``dt_s`` at the currents of `divide`; `look`, `retime` and `set_cooling` came before.

    Charge and polarisation exactly, hysteresis to rounding; temperatures exactly at the step's mean heat. The heat of
    each battery's terminals and busbars is shared by its cells; that of its cable is only booked.
    """
    if _is_plain(w):
        _advance(w, dt_s, ambient_degC, p, 1, PLAIN_CELLS)
    else:
        _advance(w, dt_s, ambient_degC, p, w.battery_A.size, w.soc.size)


@vectorising
def _beyond(x: Array, batteries: int, most_A: float) -> int:
    """How many batteries carry more than a current; a NaN does."""
    beyond = 0
    for b in range(batteries):
        beyond += 0 if abs(x[r.BATTERY_A * LANES + b]) <= most_A else 1
    return beyond


@borrowing
def _advance(w: Work, dt_s: float, ambient_degC: float, p: BankParameters, batteries: int, n: int) -> None:
    x, cells = w.x, n // batteries
    each_ohm = p.terminal_resistance_ohm / cells
    if _beyond(x, batteries, min(w.bank[r.TABLES_A], w.bank[r.STEP_A])) == 0:
        advance_usual(x, n, dt_s, ambient_degC, p.cell.hysteresis_rate, each_ohm)
    elif batteries == 1:  # carries all of the current, and is seldom a usual one while it charges
        _advance_any(w, dt_s, ambient_degC, p, batteries, n)
    else:
        advance_any(w, dt_s, ambient_degC, p)
    for b in range(batteries):
        battery_A = x[r.BATTERY_A * LANES + b]
        x[r.CABLE_J * LANES + b] += dt_s * p.cable_ohm[b] * (battery_A * battery_A)
    _cool(w, ambient_degC, batteries, cells)


@borrowing_apart
def advance_any(w: Work, dt_s: float, ambient_degC: float, p: BankParameters) -> None:
    """Step charge, polarisation and hysteresis of all cells, whatever the current, the pairs and the step are."""
    _advance_any(w, dt_s, ambient_degC, p, w.battery_A.size, w.soc.size)


@borrowing
def _advance_any(w: Work, dt_s: float, ambient_degC: float, p: BankParameters, batteries: int, n: int) -> None:
    x = w.x
    for i in range(n):
        x[r.OVER_V * LANES + i] = 0.0
        x[r.V * LANES + i] = 0.0
        middle = x[r.SOC * LANES + i] + 0.5 * x[r.CURRENT_A * LANES + i] * x[r.SOC_PER_A * LANES + i]
        x[r.MOVED * LANES + i] = middle - x[r.SOC_READ * LANES + i]
    for k in range(w.least_A.size):
        if w.least_A[k] <= 0.0:
            _linear_pair(x, w.pairs[k], n)
        elif _beyond(x, batteries, NEARLY_LINEAR * w.least_A[k] - p.balancing_A) == 0:
            _nearly_linear_pair(x, w.pairs[k], n)
        else:
            _transfer_pair(x, w.pairs[k], n)
    each_ohm = p.terminal_resistance_ohm * batteries / n
    _advance_cells(x, whole_lines(n), dt_s, ambient_degC, p.cell.hysteresis_rate, each_ohm)
    fill_emf(x, n)


@borrowing
def _cool(w: Work, ambient_degC: float, batteries: int, cells: int) -> None:
    """Temperatures after the step."""
    if batteries == 1:
        for c in range(cells):
            total_degC = ambient_degC
            for other in range(cells):
                total_degC += w.keep[c, other] * w.x[r.ABOVE_K * LANES + other]
                total_degC += w.gain_K_W[c, other] * w.x[r.HEAT_W * LANES + other]
            w.degC[c] = total_degC
        return
    if cells == PLAIN_CELLS:
        _cool_fours(w.x, w.keep, w.gain_K_W, ambient_degC, batteries)
        return
    for c in range(cells):
        degC = w.degC[c * batteries : (c + 1) * batteries]
        for b in range(batteries):
            degC[b] = ambient_degC
        for other in range(cells):
            keep, gain, of = w.keep[c, other], w.gain_K_W[c, other], other * batteries
            above = w.x[r.ABOVE_K * LANES + of : r.ABOVE_K * LANES + of + batteries]
            heat_W = w.x[r.HEAT_W * LANES + of : r.HEAT_W * LANES + of + batteries]
            for b in range(batteries):
                degC[b] += keep * above[b] + gain * heat_W[b]


@vectorising
def _cool_fours(x: Array, keep: Array, gain_K_W: Array, ambient_degC: float, batteries: int) -> None:
    """Temperatures of batteries of four cells: what is above the air and the heat of all four are read once."""
    above, heat_W, degC = x[r.ABOVE_K * LANES :], x[r.HEAT_W * LANES :], x[r.DEGC * LANES :]
    above_1, above_2, above_3 = above[batteries:], above[2 * batteries :], above[3 * batteries :]
    heat_1_W, heat_2_W, heat_3_W = heat_W[batteries:], heat_W[2 * batteries :], heat_W[3 * batteries :]
    for c in range(PLAIN_CELLS):
        keep_0, keep_1, keep_2, keep_3 = keep[c, 0], keep[c, 1], keep[c, 2], keep[c, 3]
        gain_0, gain_1, gain_2, gain_3 = gain_K_W[c, 0], gain_K_W[c, 1], gain_K_W[c, 2], gain_K_W[c, 3]
        own_degC = degC[c * batteries :]
        for b in range(batteries):
            total_degC = ambient_degC + (keep_0 * above[b] + gain_0 * heat_W[b])
            total_degC += keep_1 * above_1[b] + gain_1 * heat_1_W[b]
            total_degC += keep_2 * above_2[b] + gain_2 * heat_2_W[b]
            own_degC[b] = total_degC + (keep_3 * above_3[b] + gain_3 * heat_3_W[b])


@borrowing
def emf_slope_V_s(w: Work, p: BankParameters) -> float:
    """Return d(emf)/dt of the bank [V/s] at the currents of `divide`, temperatures and coefficients held."""
    batteries, cells = p.capacity_factor.shape
    x, slope_V_s = w.x, 0.0
    for b in range(batteries):
        own_V_s = 0.0
        for c in range(cells):
            i = c * batteries + b
            current_A = x[r.CURRENT_A * LANES + i]
            rate_1_s = current_A / (3600.0 * p.cell.capacity_Ah * p.capacity_factor[b, c])
            d = x[r.SOC * LANES + i] - x[r.SOC_READ * LANES + i]
            rise_V = x[r.U1 * LANES + i] + d * (2.0 * x[r.U2 * LANES + i] + 3.0 * d * x[r.U3 * LANES + i])
            own_V_s += rise_V * rate_1_s
            goal = 1.0 if current_A > 0.0 else -1.0
            away = goal - x[r.H * LANES + i]
            own_V_s += x[r.HYSTERESIS_V * LANES + i] * p.cell.hysteresis_rate * abs(rate_1_s) * away
            for k in range(w.least_A.size):
                y = w.pairs[k]
                scale_A = y[r.PAIR_SCALE_A * LANES + i]
                target_V = y[r.PAIR_OHM * LANES + i] * current_A
                if scale_A > 0.0:
                    target_V = y[r.PAIR_OHM * LANES + i] * scale_A * math.asinh(current_A / scale_A)
                own_V_s += (target_V - y[r.PAIR_V * LANES + i]) / y[r.PAIR_TAU_S * LANES + i]
        slope_V_s += x[r.PART * LANES + b] * own_V_s
    return slope_V_s
