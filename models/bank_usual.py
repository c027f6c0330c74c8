"""The usual step of a bank: all of it in one pass over the cells.

Most ticks find the same: no cell bleeds, the currents are far below the scale of the charge transfer, and the step is
short. Then nothing has to be chosen between, what one quantity leaves the next takes without a way through memory, and
two series need no division. `models.bank_tick.advance_any` steps whatever comes, `models.bank_work` says up to which
current a step is a usual one, and a test compares both. Source of the equations: `models.bank` and `models.cell`.
"""

import numpy as np
from numpy.typing import NDArray

from models import bank_rows as r
from models.bank_rows import LANES
from models.compiled import vectorising

Array = NDArray[np.float64]

ONE, TWO = r.PAIR_ROWS, 2 * r.PAIR_ROWS
"""First rows of the second and third pair."""


@vectorising
def _target_V(x: Array, y: Array, first: int, i: int, moved: float, current_A: float) -> float:
    """Where a linear pair goes, by its resistance in the middle of the step."""
    ohm = y[(first + r.PAIR_OHM) * LANES + i] + y[(first + r.PAIR_SLOPE_OHM) * LANES + i] * moved
    target_V: float = ohm * current_A
    return target_V


@vectorising
def advance_usual(
    x: Array, y: Array, n: int, dt_s: float, ambient_degC: float, rate: float, each_ohm: float
) -> None:
    """Charge, polarisation, hysteresis, heat, books and the new EMF of all cells, at the currents of `divide`.

    Parameters
    ----------
    x, y : numbers of the cells and of three pairs (`models.bank_rows`); the first is nearly linear
    n : cells
    dt_s : step [s]
    ambient_degC : air around the batteries
    rate : of the hysteresis
    each_ohm : a cell's part of its battery's terminals [ohm]

    Notes
    -----
    Equations of `models.cell`. With g = 1 - z/3 + z^2/12 - z^3/60 the hysteresis moves by z (1 - z g/2) of its way, and
    by z g/2 in the mean of the step.
    """
    for i in range(n):
        current_A = x[r.CURRENT_A * LANES + i]
        rise = current_A * x[r.SOC_PER_A * LANES + i]
        soc = x[r.SOC * LANES + i]
        middle = soc + 0.5 * rise
        moved = middle - x[r.SOC_READ * LANES + i]
        part = current_A * y[r.PAIR_PER_A * LANES + i]
        s = part * part
        bend = 1.0 + s * (-1.0 / 6.0 + s * (3.0 / 40.0 + s * (-5.0 / 112.0 + s * (35.0 / 1152.0))))
        target_V = _target_V(x, y, 0, i, moved, current_A) * bend
        away_V = y[r.PAIR_V * LANES + i] - target_V
        first_V = target_V + away_V * y[r.DECAY * LANES + i]
        over_V = target_V + away_V * y[r.MEAN * LANES + i]
        y[r.PAIR_V * LANES + i] = first_V
        target_V = _target_V(x, y, ONE, i, moved, current_A)
        away_V = y[(ONE + r.PAIR_V) * LANES + i] - target_V
        second_V = target_V + away_V * y[(ONE + r.DECAY) * LANES + i]
        over_V += target_V + away_V * y[(ONE + r.MEAN) * LANES + i]
        y[(ONE + r.PAIR_V) * LANES + i] = second_V
        target_V = _target_V(x, y, TWO, i, moved, current_A)
        away_V = y[(TWO + r.PAIR_V) * LANES + i] - target_V
        third_V = target_V + away_V * y[(TWO + r.DECAY) * LANES + i]
        over_V += target_V + away_V * y[(TWO + r.MEAN) * LANES + i]
        y[(TWO + r.PAIR_V) * LANES + i] = third_V
        together_V = first_V + second_V + third_V
        x[r.V * LANES + i] = together_V
        z = rate * abs(rise)
        in_mean = z * (0.5 - z * (1.0 / 6.0 - z * (1.0 / 24.0 - z * (1.0 / 120.0))))
        h, hysteresis_V = x[r.H * LANES + i], x[r.HYSTERESIS_V * LANES + i]
        way = (1.0 if rise > 0.0 else -1.0) - h
        after_h = h + way * (z - z * in_mean)
        x[r.H * LANES + i] = after_h
        ohm, entropic_V = x[r.OHM * LANES + i], x[r.ENTROPIC_V * LANES + i]
        over_V += hysteresis_V * (h + way * in_mean) + ohm * current_A
        start, u0, u1 = x[r.FROM_SOC * LANES + i], x[r.U0 * LANES + i], x[r.U1 * LANES + i]
        u2, u3 = x[r.U2 * LANES + i], x[r.U3 * LANES + i]
        d = middle - start
        ocv_V = u0 + d * (u1 + d * (u2 + d * u3))
        heat_W = current_A * (over_V + entropic_V) + each_ohm * (current_A * current_A)
        x[r.HEAT_W * LANES + i] = heat_W
        x[r.HEAT_J * LANES + i] += dt_s * heat_W
        x[r.CHEMICAL_J * LANES + i] += dt_s * current_A * (ocv_V - entropic_V)
        x[r.ABOVE_K * LANES + i] = x[r.DEGC * LANES + i] - ambient_degC
        x[r.SOC * LANES + i] = soc + rise
        d = soc + rise - start
        x[r.EMF_V * LANES + i] = u0 + d * (u1 + d * (u2 + d * u3)) + (hysteresis_V * after_h + together_V)
