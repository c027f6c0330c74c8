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
from models.bank_sums import whole_lines
from models.compiled import vectorising

Array = NDArray[np.float64]

ONE, TWO, THREE = r.ROWS, r.ROWS + r.PAIR_ROWS, r.ROWS + 2 * r.PAIR_ROWS
"""First rows of the three pairs."""


@vectorising
def advance_usual(
    x: Array, n: int, dt_s: float, ambient_degC: float, rate: float, each_ohm: float
) -> None:
    """Charge, polarisation, hysteresis, heat, books and the new EMF of all cells, at the currents of `divide`.

    Parameters
    ----------
    x : numbers of the cells with three pairs, the first of them nearly linear, see `models.bank_rows`
    n : cells
    dt_s : step [s]
    ambient_degC : air around the batteries
    rate : of the hysteresis
    each_ohm : a cell's part of its battery's terminals [ohm]
    """
    for i in range(whole_lines(n)):
        _advance_cell(x, i, dt_s, ambient_degC, rate, each_ohm)


@vectorising
def _target_V(x: Array, pair: int, i: int, moved: float, current_A: float) -> float:
    """Where a linear pair goes, by its resistance in the middle of the step."""
    ohm = x[(pair + r.PAIR_OHM) * LANES + i] + x[(pair + r.PAIR_SLOPE_OHM) * LANES + i] * moved
    target_V: float = ohm * current_A
    return target_V


@vectorising
def _advance_cell(x: Array, i: int, dt_s: float, ambient_degC: float, rate: float, each_ohm: float) -> None:
    """`advance_usual` for one cell.

    What the processor cannot begin before something long is done stands last, and the series are split in two: several
    cells are under way at once, but only as far as their next unfinished steps fit into its queues. Equations of
    `models.cell`. With g = 1 - z/3 + z^2/12 - z^3/60 the hysteresis moves by z (1 - z g/2) of its way, and
    by z g/2 in the mean of the step.
    """
    current_A = x[r.CURRENT_A * LANES + i]
    rise = current_A * x[r.SOC_PER_A * LANES + i]
    soc = x[r.SOC * LANES + i] + rise
    x[r.SOC * LANES + i] = soc
    d = soc - x[r.SOC_READ * LANES + i]
    moved = d - 0.5 * rise
    part = current_A * x[(ONE + r.PAIR_PER_A) * LANES + i]
    s = part * part
    bend = (1.0 - s * (1.0 / 6.0)) + s * s * (3.0 / 40.0 + s * (s * (35.0 / 1152.0) - 5.0 / 112.0))
    z = rate * abs(rise)
    in_mean = z * ((0.5 - z * (1.0 / 6.0)) + z * z * (1.0 / 24.0 - z * (1.0 / 120.0)))
    h, hysteresis_V = x[r.H * LANES + i], x[r.HYSTERESIS_V * LANES + i]
    way = (1.0 if rise > 0.0 else -1.0) - h
    after_h = h + way * (z - z * in_mean)
    x[r.H * LANES + i] = after_h
    entropic_V = x[r.ENTROPIC_V * LANES + i]
    over_V = entropic_V + (x[r.OHM * LANES + i] + each_ohm) * current_A + hysteresis_V * (h + way * in_mean)
    ocv_V = x[r.U0 * LANES + i] + d * (
        x[r.U1 * LANES + i] + d * (x[r.U2 * LANES + i] + d * x[r.U3 * LANES + i])
    )
    emf_V = ocv_V + hysteresis_V * after_h
    target_V = _target_V(x, TWO, i, moved, current_A)
    away_V = x[(TWO + r.PAIR_V) * LANES + i] - target_V
    second_V = target_V + away_V * x[(TWO + r.DECAY) * LANES + i]
    over_V += target_V + away_V * x[(TWO + r.MEAN) * LANES + i]
    x[(TWO + r.PAIR_V) * LANES + i] = second_V
    target_V = _target_V(x, THREE, i, moved, current_A)
    away_V = x[(THREE + r.PAIR_V) * LANES + i] - target_V
    third_V = target_V + away_V * x[(THREE + r.DECAY) * LANES + i]
    over_V += target_V + away_V * x[(THREE + r.MEAN) * LANES + i]
    x[(THREE + r.PAIR_V) * LANES + i] = third_V
    target_V = _target_V(x, ONE, i, moved, current_A) * bend
    away_V = x[(ONE + r.PAIR_V) * LANES + i] - target_V
    first_V = target_V + away_V * x[(ONE + r.DECAY) * LANES + i]
    over_V += target_V + away_V * x[(ONE + r.MEAN) * LANES + i]
    x[(ONE + r.PAIR_V) * LANES + i] = first_V
    together_V = (second_V + third_V) + first_V
    x[r.V * LANES + i] = together_V
    x[r.EMF_V * LANES + i] = emf_V + together_V
    heat_W = current_A * over_V
    x[r.HEAT_W * LANES + i] = heat_W
    x[r.HEAT_J * LANES + i] += dt_s * heat_W
    x[r.ABOVE_K * LANES + i] = x[r.DEGC * LANES + i] - ambient_degC
