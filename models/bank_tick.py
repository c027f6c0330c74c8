"""One step of a bank in its work space: voltages, shares, and everything after a step at held currents.

The loops are short and write one array each: with many arrays in one loop the compiler could not tell them apart, and
would do one cell at a time instead of four.
"""

import math

import numpy as np
from numpy.typing import NDArray

from models.bank_types import BankParameters
from models.bank_work import Work
from models.compiled import borrowing, vectorising

Array = NDArray[np.float64]


@vectorising
def _fill_ocv(out: Array, u_V: Array, soc: Array, from_soc: Array) -> None:
    for i in range(out.size):
        d = soc[i] - from_soc[i]
        out[i] = u_V[0, i] + d * (u_V[1, i] + d * (u_V[2, i] + d * u_V[3, i]))


@vectorising
def _add_product(out: Array, start: Array, a: Array, b: Array, sign: float) -> None:
    for i in range(out.size):
        out[i] = start[i] + sign * (a[i] * b[i])


@vectorising
def _add(out: Array, a: Array) -> None:
    for i in range(out.size):
        out[i] += a[i]


@borrowing
def look(w: Work) -> tuple[float, float]:
    """Fill the cells' and batteries' EMF and return the bank's Thevenin equivalent (emf_V, resistance_ohm)."""
    _fill_ocv(w.ocv_V, w.u_V, w.soc, w.from_soc)
    _add_product(w.emf_V, w.ocv_V, w.hysteresis_V, w.h, 1.0)
    for k in range(w.v_V.shape[0]):
        _add(w.emf_V, w.v_V[k])
    if w.bank[1] > 0.0:
        _add_product(w.emf_V, w.emf_V, w.ohm, w.bleed_A, -1.0)
    batteries, emf_V, battery_emf_V = w.battery_A.size, w.emf_V, w.battery_emf_V
    for b in range(batteries):
        battery_emf_V[b] = emf_V[b]
    for c in range(1, w.keep.shape[0]):
        for b in range(batteries):
            battery_emf_V[b] += emf_V[c * batteries + b]
    total_V = 0.0
    for b in range(batteries):
        total_V += w.part[b] * battery_emf_V[b]
    return total_V, w.bank[0]


@borrowing
def divide(w: Work, emf_V: float, current_A: float) -> None:
    """Share the bank's current: I_b = (V - E_b) / R_b, and from it each cell's, less what it bleeds.

    Written as part_b I + (E - E_b) / R_b, which is exact for one battery and loses nothing for many.
    """
    batteries, part, battery_S, battery_emf_V = w.battery_A.size, w.part, w.battery_S, w.battery_emf_V
    battery_A, cells_A = w.battery_A, w.current_A
    for b in range(batteries):
        battery_A[b] = part[b] * current_A + (emf_V - battery_emf_V[b]) * battery_S[b]
    for c in range(w.keep.shape[0]):
        for b in range(batteries):
            cells_A[c * batteries + b] = battery_A[b]
    if w.bank[1] > 0.0:
        for i in range(cells_A.size):
            cells_A[i] -= w.bleed_A[i]


@vectorising
def _linear_pair(over_V: Array, v_V: Array, ohm: Array, current_A: Array, decay: Array, mean: Array) -> None:
    for i in range(v_V.size):
        target_V = ohm[i] * current_A[i]
        away_V = v_V[i] - target_V
        over_V[i] += target_V + away_V * mean[i]
    for i in range(v_V.size):
        target_V = ohm[i] * current_A[i]
        v_V[i] = target_V + (v_V[i] - target_V) * decay[i]


@vectorising
def fill_charge_transfer_V(out: Array, ohm: Array, scale_A: Array, current_A: Array) -> None:
    """Fill R I_k asinh(I / I_k), with square roots and a series instead of a logarithm, several cells at a time.

    asinh(x) = log(w), w = x + sqrt(1 + x^2) (x >= 0); log(w) = 16 log(w^(1/16)) and log(y) = 2 atanh((y - 1)/(y + 1))
    by its series to the 15th power: relative error below 1e-10 up to x = 1000, below 1e-7 up to x = 1e5.
    """
    for i in range(out.size):
        x = abs(current_A[i]) / scale_A[i]
        y = math.sqrt(math.sqrt(math.sqrt(math.sqrt(x + math.sqrt(1.0 + x * x)))))
        t = (y - 1.0) / (y + 1.0)
        s = t * t
        odd = 1.0 / 11.0 + s * (1.0 / 13.0 + s / 15.0)
        odd = t * (1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s * (1.0 / 9.0 + s * odd)))))
        size_V = 32.0 * ohm[i] * scale_A[i] * odd
        out[i] = size_V if current_A[i] > 0.0 else -size_V


@vectorising
def _pair_towards(over_V: Array, v_V: Array, target_V: Array, decay: Array, mean: Array) -> None:
    for i in range(v_V.size):
        over_V[i] += target_V[i] + (v_V[i] - target_V[i]) * mean[i]
    for i in range(v_V.size):
        v_V[i] = target_V[i] + (v_V[i] - target_V[i]) * decay[i]


@vectorising
def _hysteresis(over_V: Array, h: Array, hysteresis_V: Array, rise: Array, rate: float) -> None:
    """Step h exactly to rounding (series of relative error z^7 / 5040, z = gamma |d soc|); it never leaves -1..1."""
    for i in range(h.size):
        z = rate * abs(rise[i])
        goal = 1.0 if rise[i] > 0.0 else -1.0
        q = 1.0 + z * (1.0 / 2.0 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z * (1.0 / 120.0 + z / 720.0))))
        decay = 1.0 / (1.0 + z * q)
        away = h[i] - goal
        over_V[i] += hysteresis_V[i] * (goal + away * q * decay)
        h[i] = goal + away * decay if z > 0.0 else h[i]


@vectorising
def _fill_rise(rise: Array, current_A: Array, soc_per_A: Array) -> None:
    for i in range(rise.size):
        rise[i] = current_A[i] * soc_per_A[i]


@vectorising
def _fill_middle_ocv(out: Array, u_V: Array, soc: Array, from_soc: Array, rise: Array) -> None:
    for i in range(out.size):
        d = soc[i] + 0.5 * rise[i] - from_soc[i]
        out[i] = u_V[0, i] + d * (u_V[1, i] + d * (u_V[2, i] + d * u_V[3, i]))


@vectorising
def _fill_heat(heat_W: Array, over_V: Array, ohm: Array, entropic_V: Array, current_A: Array) -> None:
    for i in range(heat_W.size):
        heat_W[i] = current_A[i] * (over_V[i] + ohm[i] * current_A[i] + entropic_V[i])


@vectorising
def _add_chemical(chemical_J: Array, current_A: Array, ocv_V: Array, entropic_V: Array, dt_s: float) -> None:
    for i in range(chemical_J.size):
        chemical_J[i] += dt_s * current_A[i] * (ocv_V[i] - entropic_V[i])


@vectorising
def _add_scaled(out: Array, a: Array, factor: float) -> None:
    for i in range(out.size):
        out[i] += factor * a[i]


@borrowing
def advance(w: Work, dt_s: float, ambient_degC: float, p: BankParameters) -> None:
    """Step all cells by ``dt_s`` at the currents of `divide`; `look`, `retime` and `set_cooling` came before.

    Charge and polarisation exactly, hysteresis to rounding; temperatures exactly at the step's mean heat. `ocv_V` is
    afterwards that of the middle of the step.
    """
    n, over_V = w.soc.size, w.over_V
    for i in range(n):
        over_V[i] = 0.0
    for k in range(w.v_V.shape[0]):
        if w.pair_scale_A[k, 0] > 0.0:
            fill_charge_transfer_V(w.rise, w.pair_ohm[k], w.pair_scale_A[k], w.current_A)
            _pair_towards(over_V, w.v_V[k], w.rise, w.decay[k], w.mean[k])
        else:
            _linear_pair(over_V, w.v_V[k], w.pair_ohm[k], w.current_A, w.decay[k], w.mean[k])
    _fill_rise(w.rise, w.current_A, w.soc_per_A)
    if p.cell.hysteresis_rate > 0.0:
        _hysteresis(over_V, w.h, w.hysteresis_V, w.rise, p.cell.hysteresis_rate)
    else:
        _add_product(over_V, over_V, w.hysteresis_V, w.h, 1.0)
    _fill_middle_ocv(w.ocv_V, w.u_V, w.soc, w.from_soc, w.rise)
    _add(w.soc, w.rise)
    _fill_heat(w.heat_W, over_V, w.ohm, w.entropic_V, w.current_A)
    _add_chemical(w.chemical_J, w.current_A, w.ocv_V, w.entropic_V, dt_s)
    if w.bank[1] > 0.0:
        for i in range(n):
            voltage_V = w.ocv_V[i] + over_V[i] + w.ohm[i] * w.current_A[i]
            w.heat_W[i] += w.bleed_A[i] * voltage_V
            w.bled_C[i] += w.bleed_A[i] * dt_s
    _connections(w, dt_s, p)
    _add_scaled(w.heat_J, w.heat_W, dt_s)
    _cool(w, ambient_degC)


@borrowing
def _connections(w: Work, dt_s: float, p: BankParameters) -> None:
    """Heat of each battery's terminals and busbars, shared by its cells; that of its cable is only booked."""
    batteries, battery_A, heat_W = w.battery_A.size, w.battery_A, w.heat_W
    each_ohm = p.terminal_resistance_ohm / w.keep.shape[0]
    for c in range(w.keep.shape[0]):
        for b in range(batteries):
            heat_W[c * batteries + b] += each_ohm * (battery_A[b] * battery_A[b])
    for b in range(batteries):
        w.cable_J[b] += dt_s * p.cable_ohm[b] * (battery_A[b] * battery_A[b])


@borrowing
def _cool(w: Work, ambient_degC: float) -> None:
    """Temperatures after the step; `rise` serves as work space."""
    batteries, cells = w.battery_A.size, w.keep.shape[0]
    degC, heat_W, above = w.degC, w.heat_W, w.rise
    for i in range(degC.size):
        above[i] = degC[i] - ambient_degC
        degC[i] = ambient_degC
    for c in range(cells):
        for other in range(cells):
            keep, gain = w.keep[c, other], w.gain_K_W[c, other]
            to, of = c * batteries, other * batteries
            for b in range(batteries):
                degC[to + b] += keep * above[of + b] + gain * heat_W[of + b]


@borrowing
def emf_slope_V_s(w: Work, p: BankParameters) -> float:
    """Return d(emf)/dt of the bank [V/s] at the currents of `divide`, temperatures and coefficients held."""
    batteries, cells = p.capacity_factor.shape
    slope_V_s = 0.0
    for b in range(batteries):
        own_V_s = 0.0
        for c in range(cells):
            i = c * batteries + b
            current_A = w.current_A[i]
            rate_1_s = current_A / (3600.0 * p.cell.capacity_Ah * p.capacity_factor[b, c])
            d = w.soc[i] - w.from_soc[i]
            own_V_s += (w.u_V[1, i] + d * (2.0 * w.u_V[2, i] + 3.0 * d * w.u_V[3, i])) * rate_1_s
            goal = 1.0 if current_A > 0.0 else -1.0
            own_V_s += w.hysteresis_V[i] * p.cell.hysteresis_rate * abs(rate_1_s) * (goal - w.h[i])
            for k in range(w.v_V.shape[0]):
                scale_A = w.pair_scale_A[k, i]
                target_V = w.pair_ohm[k, i] * current_A
                if scale_A > 0.0:
                    target_V = w.pair_ohm[k, i] * scale_A * math.asinh(current_A / scale_A)
                own_V_s += (target_V - w.v_V[k, i]) / w.pair_tau_s[k, i]
        slope_V_s += w.part[b] * own_V_s
    return slope_V_s
