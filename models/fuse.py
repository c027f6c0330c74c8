"""MEGA-class bolt-down fuse: resistance, heat, melting.

Body: C dT/dt = I^2 R25 (1 + alpha (T - 25)) - (T - T_terminal) / Rth. It is linear in T, so the step is
exact, also beyond the current where the resistance runs away (I^2 R25 alpha Rth > 1).

Melting has two parts. Slow: the tin spot melts when the body reaches ``melting_degC`` (M-effect). Fast: the
neck heats ahead of the body; its excess, as a fraction of what melts it, follows dm/dt = I^2 / I2t - m /
tau_neck, and the fuse opens at m = 1. ``melt_fraction`` >= 1 means open, for good. Source: textbook heat balance; two
parts, and their constants from the time-current band of the class, are ours.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from models import parameter_file
from models.compiled import borrowing
from models.linear import first_order, relax


class FuseParameters(NamedTuple):
    """Parameters of one fuse; see the parameter file for units, sources and status.

    Attributes
    ----------
    rating_A : float
        Rated current.
    resistance_25_ohm, alpha_per_K : float
        Resistance at 25 degC and its temperature coefficient.
    inductance_H : float
        Inductance of the fuse.
    thermal_resistance_K_W, heat_capacity_J_K : float
        Body to its terminals, and the body's heat capacity.
    melting_degC : float
        Body temperature at which it opens.
    melting_i2t_A2s, neck_tau_s : float
        Adiabatic melting integral of the neck and the time constant of its cooling into the body.
    """

    rating_A: float
    resistance_25_ohm: float
    alpha_per_K: float
    inductance_H: float
    thermal_resistance_K_W: float
    heat_capacity_J_K: float
    melting_degC: float
    melting_i2t_A2s: float
    neck_tau_s: float


class FuseState(NamedTuple):
    """State: body temperature [degC] and melted fraction (>= 1 is open)."""

    temperature_degC: float
    melt_fraction: float


UNITS = {
    "rating_A": "A",
    "resistance_25_ohm": "ohm",
    "alpha_per_K": "1/K",
    "inductance_H": "H",
    "thermal_resistance_K_W": "K/W",
    "heat_capacity_J_K": "J/K",
    "melting_degC": "degC",
    "melting_i2t_A2s": "A2s",
    "neck_tau_s": "s",
}


def load_fuse(rating_A: float, name_or_path: str | Path = "fuse_mega") -> FuseParameters:
    """Load the fuse of one rating from a family file (lists over the ratings).

    Parameters
    ----------
    rating_A : float
        One of the ratings in the file: 40, 60, 80, 100, 125 A.
    name_or_path : str or Path
        Shipped name or path of a parameter file.

    Returns
    -------
    FuseParameters
        A fresh object.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used or has no such rating.
    """
    file = parameter_file.load(name_or_path, "fuse", UNITS)
    lists = ("resistance_25_ohm", "thermal_resistance_K_W", "heat_capacity_J_K", "melting_i2t_A2s")
    file.same_length("rating_A", *lists)
    ratings = file.array("rating_A", 1.0, 1000.0, rising=True)
    found = np.flatnonzero(np.abs(ratings - rating_A) < 1.0e-6)
    if found.size == 0:
        allowed = ", ".join(f"{rating:g}" for rating in ratings)
        raise parameter_file.ParameterError(f"{file.path.name}: rating_A: {rating_A:g}; allowed: {allowed}")
    i = int(found[0])
    return FuseParameters(
        rating_A=float(ratings[i]),
        resistance_25_ohm=float(file.array("resistance_25_ohm", 1.0e-5, 0.1)[i]),
        alpha_per_K=file.number("alpha_per_K", 0.0, 0.01),
        inductance_H=file.number("inductance_H", 0.0, 1.0e-6),
        thermal_resistance_K_W=float(file.array("thermal_resistance_K_W", 0.1, 1000.0)[i]),
        heat_capacity_J_K=float(file.array("heat_capacity_J_K", 0.01, 100.0)[i]),
        melting_degC=file.number("melting_degC", 100.0, 1200.0),
        melting_i2t_A2s=float(file.array("melting_i2t_A2s", 1.0, 1.0e8)[i]),
        neck_tau_s=file.number("neck_tau_s", 0.01, 100.0),
    )


def initial_state(temperature_degC: float) -> FuseState:
    """Return an intact fuse at a temperature."""
    return FuseState(float(temperature_degC), 0.0)


@borrowing
def resistance_ohm(temperature_degC: float, p: FuseParameters) -> float:
    """Return R = R25 (1 + alpha (T - 25)).

    The bracket not below 0.1 (no negative root for a solver to find).
    """
    return p.resistance_25_ohm * max(0.1, 1.0 + p.alpha_per_K * (temperature_degC - 25.0))


@borrowing
def steady_temperature_degC(current_A: float, terminal_degC: float, p: FuseParameters) -> float:
    """Return the settled body temperature [degC], or 1e6 where there is none (runaway).

    T = (Tt + Rth I^2 R25 (1 - 25 alpha)) / (1 - alpha Rth I^2 R25).
    """
    rise_K = p.thermal_resistance_K_W * current_A * current_A * p.resistance_25_ohm
    gain = p.alpha_per_K * rise_K
    if gain >= 1.0:
        return 1.0e6
    return (terminal_degC + rise_K * (1.0 - 25.0 * p.alpha_per_K)) / (1.0 - gain)


@borrowing
def heat_W(state: FuseState, current_A: float, p: FuseParameters) -> float:
    """Return the heat made in the fuse now [W]."""
    return current_A * current_A * resistance_ohm(state.temperature_degC, p)


@borrowing
def step(
    state: FuseState, current_A: float, terminal_degC: float, dt_s: float, p: FuseParameters
) -> FuseState:
    """Return the state after ``dt_s`` with the current (rms) and terminal temperature held.

    Parameters
    ----------
    state : FuseState
        State at the start.
    current_A : float
        Current [A]; the sign does not matter.
    terminal_degC : float
        Temperature of the stud the fuse is bolted to.
    dt_s : float
        Step [s].
    p : FuseParameters
        Parameters.

    Returns
    -------
    FuseState
        Both parts exact. Once the fuse is open it stays open.
    """
    heat_25_W = current_A * current_A * p.resistance_25_ohm
    rate_1_s = (p.alpha_per_K * heat_25_W - 1.0 / p.thermal_resistance_K_W) / p.heat_capacity_J_K
    constant_W = heat_25_W * (1.0 - 25.0 * p.alpha_per_K) + terminal_degC / p.thermal_resistance_K_W
    temperature_degC = relax(state.temperature_degC, rate_1_s, constant_W / p.heat_capacity_J_K, dt_s)
    if state.melt_fraction >= 1.0:
        return FuseState(temperature_degC, state.melt_fraction)
    target = current_A * current_A * p.neck_tau_s / p.melting_i2t_A2s
    melt_fraction = first_order(state.melt_fraction, target, p.neck_tau_s, dt_s)
    if temperature_degC >= p.melting_degC:
        melt_fraction = max(melt_fraction, 1.0)
    return FuseState(temperature_degC, melt_fraction)


@borrowing
def blown(state: FuseState) -> bool:
    """Return whether the fuse is open."""
    return state.melt_fraction >= 1.0
