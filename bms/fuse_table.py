"""Fuses as the firmware knows them: nominal values per rating of the MEGA class.

All values are ours: 60 mV at rated current for every rating, copper's temperature coefficient, 10.5 K/W for
100 A scaled with 1/rating, so that all have the same temperature at rated current. The firmware never sees
the fuse that is really fitted; how far the limit moves with a fuse off its nominal values is reported (A3).
"""

from __future__ import annotations

import math
from typing import NamedTuple

RATINGS_A = (40, 60, 80, 100, 125)
LOWEST_DEGC, HIGHEST_DEGC = -100.0, 400.0
"""Range of the resistance law."""


class NominalFuse(NamedTuple):
    """Nominal fuse.

    Attributes
    ----------
    resistance_25_ohm : float
        At 25 degC. Ours: 60 mV at rated current (0.60 mohm for 100 A).
    alpha_per_K : float
        Temperature coefficient at 25 degC. Copper 3.9e-3.
    thermal_resistance_K_W : float
        Element to terminal. Ours: 10.5 K/W for 100 A, with 1/rating.
    time_constant_s : float
        Of the element above its terminal. Ours: 42 s, as the plant's fuse (+-20 % keep within A3).
    melting_i2t_A2s, neck_time_constant_s : float
        Adiabatic melting integral of the neck, and the time in which it cools into the element. Ours, fitted to the
        opening times of the class (models/parameters/fuse_mega.yaml): 0.4 s at 600 %, 7 s at 200 %.
    """

    resistance_25_ohm: float
    alpha_per_K: float
    thermal_resistance_K_W: float
    time_constant_s: float
    melting_i2t_A2s: float
    neck_time_constant_s: float


def nominal_fuse(rating_A: int) -> NominalFuse:
    """Nominal values of a rating [A]; KeyError for a rating that does not exist."""
    table = {
        40: NominalFuse(1.50e-3, 3.9e-3, 26.25, 42.0, 2.08e4, 4.0),
        60: NominalFuse(1.00e-3, 3.9e-3, 17.5, 42.0, 4.68e4, 4.0),
        80: NominalFuse(0.75e-3, 3.9e-3, 13.125, 42.0, 8.32e4, 4.0),
        100: NominalFuse(0.60e-3, 3.9e-3, 10.5, 42.0, 1.3e5, 4.0),
        125: NominalFuse(0.48e-3, 3.9e-3, 8.4, 42.0, 2.03125e5, 4.0),
    }
    return table[rating_A]


def resistance_ohm(temperature_degC: float, fuse: NominalFuse) -> float:
    """R = R25 (1 + alpha (T - 25)); T is kept within its range, so that R > 0 after any reading."""
    if not LOWEST_DEGC <= temperature_degC <= HIGHEST_DEGC:
        temperature_degC = min(max(temperature_degC, LOWEST_DEGC), HIGHEST_DEGC)
    return fuse.resistance_25_ohm * (1.0 + fuse.alpha_per_K * (temperature_degC - 25.0))


def relaxed_degC(
    temperature_degC: float, power_W: float, terminal_degC: float, period_s: float, fuse: NominalFuse
) -> float:
    """Element temperature a period later, exact at constant power: T_end + (T - T_end) exp(-period / tau)."""
    end_degC = terminal_degC + fuse.thermal_resistance_K_W * power_W
    return end_degC + (temperature_degC - end_degC) * math.exp(-period_s / fuse.time_constant_s)


def melted_share(before_A: float, current_A: float, duration_s: float, fuse: NominalFuse) -> float:
    """Part of the neck's melting I2t that is used up at the end of a surge after a long time at another current.

    ``(I_before^2 tau + I^2 t) / I2t``: the neck's excess over the element at rest, and all that the surge adds, with
    none of it flowing away meanwhile.
    """
    return (before_A**2 * fuse.neck_time_constant_s + current_A**2 * duration_s) / fuse.melting_i2t_A2s
