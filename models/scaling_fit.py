"""Fits the cold term of `models.scaling` to the 200 Ah type of B6. ``python -m models.scaling_fit`` prints it.

Source of what it is fitted to: B6 (manual); form and weights are ours (`models.scaling`).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from models import bank, cell, cycling, scaling
from models.bank_types import BankParameters
from models.identify import tables
from models.identify.tables import Tables
from models.scaling import Cold

END_V = 11.2
CHAMBER_K_W = 1.0e-3
"""Cell to forced air: cells keep the chamber's temperature."""
STEP_S = 10.0
TARGET_Ah = {0.0: 160.0, -20.0: 100.0}
"""B6, 200 Ah type."""


def chamber(p: BankParameters) -> BankParameters:
    """Return the battery in forced air, its cells at the air's temperature."""
    return p._replace(cell_to_ambient_K_W=CHAMBER_K_W)


def capacity_Ah(p: BankParameters, degC: float, rate_C: float, step_s: float = STEP_S) -> float:
    """Return the charge that a full battery gives to 11.2 V, from rest after charging, at the air's temperature."""
    full = bank.initial_state(1.0, degC, p, 1.0)
    most = int(1.2 * 3600.0 / (rate_C * step_s))
    return -cycling.hold_current(full, -rate_C * p.capacity_Ah, END_V, step_s, degC, most, p).total_Ah


def with_cold(p: BankParameters, measured: Tables, cold: Cold) -> BankParameters:
    """Return the battery with another cold term."""
    scaled = scaling.scaled_cell(measured, p.capacity_Ah, scaling.AREA_FACTOR, cold)
    table = p.cell.table.copy()
    for row, ohm in enumerate(scaled.pair_ohm[scaling.PAIR]):
        table[row, :, cell.PAIRS + scaling.PAIR] = np.interp(p.cell.soc, scaled.grid_soc, ohm)
    return p._replace(cell=p.cell._replace(table=table))


def fit_cold(measured: Tables, tolerance: float = 2.0e-4) -> Cold:
    """Return the places at which the 200 Ah type gives B6's capacities at `scaling.RATE_C`, in turn until both stand.

    Raises
    ------
    RuntimeError
        If they do not settle.
    """
    p = chamber(bank.load_battery("battery_lfp_12V8_200Ah"))

    def missing_Ah(cold: Cold, degC: float) -> float:
        return capacity_Ah(with_cold(p, measured, cold), degC, scaling.RATE_C) - TARGET_Ah[degC]

    cold = Cold(0.15, 0.4)
    for _ in range(8):
        at_20C = cold.at_minus_20C
        at_0C = float(brentq(lambda x, y: missing_Ah(Cold(x, y), 0.0), -0.1, 0.5, args=(at_20C,), xtol=tolerance))
        at_20C = float(brentq(lambda x, y: missing_Ah(Cold(y, x), -20.0), 0.0, 0.9, args=(at_0C,), xtol=tolerance))
        before, cold = cold, Cold(at_0C, at_20C)
        if math.dist(before, cold) < 4.0 * tolerance:
            return cold
    raise RuntimeError(f"the cold term does not settle: {cold}")


if __name__ == "__main__":
    print(fit_cold(tables.load(scaling.MEASURED)))
