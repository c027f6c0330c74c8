"""Tests of a cell as a laboratory would measure them, made with a cell that is known.

For trying the identification where no measurements are at hand, and for finding out what it can find: the truth is
known. Kinder than a laboratory: the cell is exactly what the model can express, the chamber holds its temperature.
Profile and noise are ours; currents and rates are those of the measured campaign (`models.identify.records`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.identify.records import Record
from models.identify.tables import Tables, simulate_V

Array = NDArray[np.float64]

STEP_S, BLOCK_STEPS, REST_STEPS, PERIOD_STEPS, REPEATS = 24, 7, 600, 2400, 8
"""Dynamic profile (ours): new current every so many seconds, none in one of so many; rests of so many
seconds in so many; so often, or until the cell is empty."""
MEAN_C, SPREAD_C, COLD = -0.3, 2.0, 0.5
"""Mean and standard deviation of its currents [capacity per hour], and their factor below 0 degC (ours)."""
SLOW_H, SLOW_POINTS = 30.0, 2000
"""Slow tests: hours for the whole charge, samples."""


def made(
    kind: str, temperature_degC: float, current_A: Array, dt_s: float, capacity_Ah: float, cell: Tables,
    noise_V: Array | float = 0.0,
) -> Record:
    """Return one test.

    Parameters
    ----------
    kind : str
        ``dynamic``, ``charge`` or ``discharge``.
    temperature_degC : float
        Temperature of the chamber.
    current_A : ndarray, shape (n,)
        Current of each sample, charging positive.
    dt_s : float
        Distance of the samples [s].
    capacity_Ah : float
        Capacity of the cell in this test.
    cell : Tables
        The cell.
    noise_V : ndarray, shape (n,), or float
        Added to the voltage.
    """
    step_s = np.r_[0.0, np.full(current_A.size - 1, dt_s)]
    charge_Ah = np.cumsum(current_A * step_s) / 3600.0
    record = Record(
        f"{kind}_{temperature_degC:+03.0f}C (made)", kind, temperature_degC, current_A, np.zeros_like(current_A),
        current_A, step_s, charge_Ah,
    )
    return record._replace(voltage_V=simulate_V(record, cell, capacity_Ah) + noise_V)


def campaign(
    temperatures_degC: Sequence[float], cell: Tables, slow_Ah: float, *, noise_V: float = 0.0, seed: int = 7
) -> list[Record]:
    """Return three tests per temperature: random steps from full to empty, and slow currents both ways.

    Parameters
    ----------
    temperatures_degC : sequence of float
        Temperatures of the chamber.
    cell : Tables
        The cell; its capacity is that of the dynamic tests.
    slow_Ah : float
        Capacity in the slow tests, somewhat larger for most cells.
    noise_V : float
        Standard deviation of the voltmeter's noise, white.
    seed : int
        Of currents and noise.
    """
    rng = np.random.default_rng(seed)
    out = []
    for degC in temperatures_degC:
        steps = np.repeat(cell.capacity_Ah * rng.normal(MEAN_C, SPREAD_C, 500), STEP_S)
        steps[:: STEP_S * BLOCK_STEPS] = 0.0
        for begin in range(0, steps.size, PERIOD_STEPS):
            steps[begin : begin + REST_STEPS] = 0.0
        steps = np.tile(steps * (COLD if degC < 0.0 else 1.0), REPEATS)
        empty = np.flatnonzero(np.cumsum(steps) / 3600.0 <= -cell.capacity_Ah)
        taken = steps[: empty[0]] if empty.size else steps
        slow = np.full(SLOW_POINTS, slow_Ah / SLOW_H)
        step_s = 3600.0 * SLOW_H / (SLOW_POINTS - 1)
        noise = [noise_V * rng.standard_normal(current_A.size) for current_A in (taken, slow, slow)]
        out.append(made("dynamic", degC, taken, 1.0, cell.capacity_Ah, cell, noise[0]))
        out.append(made("charge", degC, slow, step_s, slow_Ah, cell, noise[1]))
        out.append(made("discharge", degC, -slow, step_s, slow_Ah, cell, noise[2]))
    return out
