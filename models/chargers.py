r"""Chargers at System+: solar (MPPT) and mains, with bulk, absorption and float. Positive current charges the battery.

A charger gives what its source offers, up to its own limit, and regulates at the set-point of its stage:

    I(V) = min(P_out / V, I_max, g (V_set - V)),  not below 0;   P_out = eta(P_in / P_rated) P_in

Bulk and absorption have one set-point; absorption begins when the voltage reaches it (to 0.1 V) and ends after its
time or below its tail current; float ends when the voltage stays below the re-bulk level. The source's power P_in is
set from outside: the mains' rating or nothing, or the array's power at an irradiance (:func:`array_power_W`).
Without remote (the BMS lets its charge disconnect wire float) it gives nothing and begins with bulk again.
Source: the usual three-stage charge of lead-acid and LFP chargers; the law's form and its slopes are ours.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import parameter_file
from models.compiled import borrowing
from models.linear import interpolate
from models.remote import REMOTE_HIGH, SwitchState, switched

BULK, ABSORPTION, FLOAT = 1.0, 2.0, 3.0
"""Stages of `ChargerState`."""

NEAR_V = 0.1
"""Absorption begins this far below its set-point (ours)."""


class ChargerParameters(NamedTuple):
    """Parameters of a charger; see the parameter files for units, sources and status.

    Attributes
    ----------
    rated_W, highest_A, idle_W : float
        Output power for the efficiency table, limit of the output current, own power drawn from its source.
    load_fraction, efficiency : ndarray
        Output over input power against input over rated power.
    absorption_V, float_V, rebulk_V : float
        Set-points, and the voltage below which float ends.
    absorption_s, tail_A, rebulk_s : float
        Longest absorption, current below which it ends, time below `rebulk_V`.
    gain_A_V : float
        Slope of the regulator.
    remote_s : float
        Delay of the remote input.
    array_W, array_loss_1_K, array_rise_K : float
        Solar array: power at 1000 W/m2 and 25 degC, relative loss per kelvin, rise of its cells at 1000 W/m2.
        Zero for a mains charger.
    """

    rated_W: float
    highest_A: float
    idle_W: float
    load_fraction: NDArray[np.float64]
    efficiency: NDArray[np.float64]
    absorption_V: float
    float_V: float
    rebulk_V: float
    absorption_s: float
    tail_A: float
    rebulk_s: float
    gain_A_V: float
    remote_s: float
    array_W: float
    array_loss_1_K: float
    array_rise_K: float


class ChargerState(NamedTuple):
    """Power offered by the source [W], stage, time in it [s], time below re-bulk [s], and the remote switch."""

    source_W: float
    stage: float
    stage_s: float
    low_s: float
    remote: SwitchState


UNITS = {
    "rated_W": "W", "highest_A": "A", "idle_W": "W", "load_fraction": "1", "efficiency": "1", "absorption_V": "V",
    "float_V": "V", "rebulk_V": "V", "absorption_s": "s", "tail_A": "A", "rebulk_s": "s", "gain_A_V": "A/V",
    "remote_s": "s", "array_W": "W", "array_loss_1_K": "1/K", "array_rise_K": "K",
}
_TABLES = ("load_fraction", "efficiency")


def load_charger(name_or_path: str | Path = "charger_mains_12V_70A") -> ChargerParameters:
    """Load a charger: charger_mains_12V_70A, charger_mppt_12V_50A or a file.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "charger", UNITS)
    file.same_length(*_TABLES)
    file.array("load_fraction", 0.0, 3.0, rising=True)
    file.array("efficiency", 0.1, 1.0)
    file.number("rated_W", 1.0, 1.0e5)
    file.number("gain_A_V", 1.0, 1.0e4)
    absorption_V = file.number("absorption_V", 10.0, 16.0)
    file.number("float_V", 10.0, absorption_V)
    file.number("rebulk_V", 9.0, file.number("float_V"))
    file.number("array_loss_1_K", 0.0, 0.02)
    return ChargerParameters._make(
        file.array(name) if name in _TABLES else file.number(name, 0.0) for name in ChargerParameters._fields
    )


def initial_charger(source_W: float = 0.0) -> ChargerState:
    """Return a charger in bulk whose source offers a power."""
    return ChargerState(float(source_W), BULK, 0.0, 0.0, SwitchState(1.0, 0.0))


@borrowing
def with_source(state: ChargerState, source_W: float) -> ChargerState:
    """Return the charger with another power of its source [W]."""
    return ChargerState(max(source_W, 0.0), state.stage, state.stage_s, state.low_s, state.remote)


@borrowing
def array_power_W(irradiance_W_m2: float, air_degC: float, p: ChargerParameters) -> float:
    """Return the power of the solar array at its best point [W].

    P = P_stc (G / 1000) (1 - k (Tc - 25)), Tc = air + rise G / 1000 (cells; linear in the irradiance).
    """
    share = max(irradiance_W_m2, 0.0) / 1000.0
    cell_degC = air_degC + p.array_rise_K * share
    return max(p.array_W * share * (1.0 - p.array_loss_1_K * (cell_degC - 25.0)), 0.0)


@borrowing
def clear_day_W_m2(time_s: float, sunrise_s: float, sunset_s: float, peak_W_m2: float) -> float:
    """Return the irradiance of a clear day [W/m2]: peak sin(pi (t - rise) / (set - rise))^1.2, 0 at night (ours)."""
    if time_s <= sunrise_s or time_s >= sunset_s:
        return 0.0
    return peak_W_m2 * math.pow(math.sin(math.pi * (time_s - sunrise_s) / (sunset_s - sunrise_s)), 1.2)


@borrowing
def setpoint_V(state: ChargerState, p: ChargerParameters) -> float:
    """Return the set-point of the present stage [V]."""
    return p.float_V if state.stage == FLOAT else p.absorption_V


@borrowing
def output_power_W(state: ChargerState, p: ChargerParameters) -> float:
    """Return the power that the charger can give now [W]; none without remote or with a source below its own needs."""
    input_W = min(state.source_W, p.rated_W * float(p.load_fraction[-1])) - p.idle_W
    if state.remote.on < 0.5 or input_W <= 0.0:
        return 0.0
    return input_W * interpolate(input_W / p.rated_W, p.load_fraction, p.efficiency)


@borrowing
def regulated(
    voltage_V: float, power_W: float, set_V: float, highest_A: float, gain_A_V: float
) -> tuple[float, float]:
    """Return current [A], positive, and dI/dV [S] of a source of limited power that regulates a voltage."""
    regulated_A = gain_A_V * (set_V - voltage_V)
    if power_W <= 0.0 or regulated_A <= 0.0:
        return 0.0, 0.0
    current_A, slope_S = highest_A, 0.0
    if power_W < highest_A * voltage_V:
        current_A = power_W / voltage_V
        slope_S = -current_A / voltage_V
    if regulated_A < current_A:
        return regulated_A, -gain_A_V
    return current_A, slope_S


@borrowing
def current_and_slope(voltage_V: float, state: ChargerState, p: ChargerParameters) -> tuple[float, float]:
    """Return current [A], positive, and dI/dV [S], not positive, at a terminal voltage."""
    return regulated(voltage_V, output_power_W(state, p), setpoint_V(state, p), p.highest_A, p.gain_A_V)


@borrowing
def step(state: ChargerState, voltage_V: float, remote: float, dt_s: float, p: ChargerParameters) -> ChargerState:
    """Return the charger after ``dt_s`` at a terminal voltage.

    Parameters
    ----------
    state : ChargerState
        State at the start.
    voltage_V : float
        Terminal voltage.
    remote : float
        1: allowed (the BMS drives its charge disconnect wire); 0: the wire floats.
    dt_s : float
        Step [s].
    p : ChargerParameters
        Parameters.
    """
    allowed = switched(state.remote, remote > REMOTE_HIGH, p.remote_s, p.remote_s, dt_s)
    if allowed.on < 0.5 or output_power_W(state, p) <= 0.0:
        return ChargerState(state.source_W, BULK, 0.0, 0.0, allowed)
    stage, stage_s, low_s = state.stage, state.stage_s + dt_s, 0.0
    if stage == BULK and voltage_V >= p.absorption_V - NEAR_V:
        stage, stage_s = ABSORPTION, 0.0
    elif stage == ABSORPTION:
        current_A, _ = current_and_slope(voltage_V, state, p)
        # A low current ends absorption only near the set-point: else the source is weak, not the battery full.
        full = current_A < p.tail_A and voltage_V >= p.absorption_V - NEAR_V
        if full or stage_s >= p.absorption_s - 1.0e-9:
            stage, stage_s = FLOAT, 0.0
    elif stage == FLOAT and voltage_V < p.rebulk_V:
        low_s = state.low_s + dt_s
        if low_s >= p.rebulk_s - 1.0e-9:
            stage, stage_s, low_s = BULK, 0.0, 0.0
    return ChargerState(state.source_W, stage, stage_s, low_s, allowed)
