"""Claw-pole (Lundell) alternator: capability, regulator, losses and a three-node thermal network.

Nodes: winding (stator copper and teeth), rectifier (diodes and their plate), case (housing, yoke, rotor). Air
drawn by the fan cools all three; the film grows with a power of the speed. Structure after S. C. Tang, T. A.
Keim, D. J. Perreault, "Thermal modeling of Lundell alternators", IEEE Trans. Energy Conversion 20 (2005) 25,
doi:10.1109/TEC.2004.837289, reduced to three nodes; the values are ours (see the parameter files).
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import parameter_file
from models.compiled import borrowing
from models.linear import interpolate, relax_chain

NO_OUTPUT_A = 1.0e-3
"""Capability up to which the machine gives nothing, as in ``netlists/alternator.cir``."""


class AlternatorParameters(NamedTuple):
    """Parameters of one alternator; see the parameter files for units, sources and status.

    Attributes
    ----------
    rated_A : float
        Output at 6000 rpm, warm.
    capability_rpm, capability_warm_A : ndarray
        Full-field output against alternator speed at ``capability_degC`` winding temperature; 0 below the
        first.
    capability_degC, derating_per_K : float
        Reference of the table and relative loss of output per kelvin above it.
    setpoint_25_V, setpoint_V_K, setpoint_low_V, setpoint_high_V : float
        Regulator: value at 25 degC, temperature coefficient, limits.
    gain_A_V, field_tau_s : float
        Slope of the regulator and lag of the field (the latter is used in SPICE windows).
    winding_25_ohm, winding_alpha_per_K : float
        Loss resistance: winding loss / (output current)^2 at 25 degC.
    diode_drop_V : float
        Drop of one diode; two conduct.
    field_W, core_6000_W, windage_6000_W : float
        Field loss at full field, core loss and friction with windage at 6000 rpm.
    core_to_winding : float
        Share of core, mechanical and field loss that heats the winding node; the rest heats the case.
    winding_J_K, rectifier_J_K, case_J_K : float
        Heat capacities.
    winding_case_W_K, rectifier_case_W_K : float
        Conduction inside.
    winding_air_W_K, rectifier_air_W_K, case_air_W_K : float
        Convection at 6000 rpm.
    fan_exponent, still_air_fraction : float
        Convection at n rpm = value x (still + (1 - still) (n / 6000)^exponent).
    winding_limit_degC, rectifier_limit_degC : float
        Limit temperatures.
    dump_resistance_ohm : float
        Internal resistance while a load dump decays (used in SPICE windows).
    """

    rated_A: float
    capability_rpm: NDArray[np.float64]
    capability_warm_A: NDArray[np.float64]
    capability_degC: float
    derating_per_K: float
    setpoint_25_V: float
    setpoint_V_K: float
    setpoint_low_V: float
    setpoint_high_V: float
    gain_A_V: float
    field_tau_s: float
    winding_25_ohm: float
    winding_alpha_per_K: float
    diode_drop_V: float
    field_W: float
    core_6000_W: float
    windage_6000_W: float
    core_to_winding: float
    winding_J_K: float
    rectifier_J_K: float
    case_J_K: float
    winding_case_W_K: float
    rectifier_case_W_K: float
    winding_air_W_K: float
    rectifier_air_W_K: float
    case_air_W_K: float
    fan_exponent: float
    still_air_fraction: float
    winding_limit_degC: float
    rectifier_limit_degC: float
    dump_resistance_ohm: float


class AlternatorState(NamedTuple):
    """Temperatures of winding, rectifier and case [degC]."""

    winding_degC: float
    rectifier_degC: float
    case_degC: float


UNITS = {
    "rated_A": "A",
    "capability_rpm": "1/min",
    "capability_warm_A": "A",
    "capability_degC": "degC",
    "derating_per_K": "1/K",
    "setpoint_25_V": "V",
    "setpoint_V_K": "V/K",
    "setpoint_low_V": "V",
    "setpoint_high_V": "V",
    "gain_A_V": "A/V",
    "field_tau_s": "s",
    "winding_25_ohm": "ohm",
    "winding_alpha_per_K": "1/K",
    "diode_drop_V": "V",
    "field_W": "W",
    "core_6000_W": "W",
    "windage_6000_W": "W",
    "core_to_winding": "1",
    "winding_J_K": "J/K",
    "rectifier_J_K": "J/K",
    "case_J_K": "J/K",
    "winding_case_W_K": "W/K",
    "rectifier_case_W_K": "W/K",
    "winding_air_W_K": "W/K",
    "rectifier_air_W_K": "W/K",
    "case_air_W_K": "W/K",
    "fan_exponent": "1",
    "still_air_fraction": "1",
    "winding_limit_degC": "degC",
    "rectifier_limit_degC": "degC",
    "dump_resistance_ohm": "ohm",
}

# Fields that may be negative; all others must be positive.
_SIGNED = ("setpoint_V_K",)
_TABLES = ("capability_rpm", "capability_warm_A")


def load_alternator(name_or_path: str | Path = "alternator_150A") -> AlternatorParameters:
    """Load an alternator: alternator_80A, alternator_150A, alternator_300A or a file.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "alternator", UNITS)
    file.same_length(*_TABLES)
    file.array("capability_rpm", 0.0, 3.0e4, rising=True)
    file.number("still_air_fraction", 0.0, 1.0)
    file.number("core_to_winding", 0.0, 1.0)
    values: dict[str, float | NDArray[np.float64]] = {}
    for name in AlternatorParameters._fields:
        if name in _TABLES:
            values[name] = file.array(name, 0.0)
        else:
            values[name] = file.number(name, -1.0 if name in _SIGNED else 0.0)
    return AlternatorParameters._make(values[name] for name in AlternatorParameters._fields)


def initial_state(temperature_degC: float) -> AlternatorState:
    """Return an alternator at one temperature throughout."""
    return AlternatorState(float(temperature_degC), float(temperature_degC), float(temperature_degC))


@borrowing
def capability_A(alternator_rpm: float, winding_degC: float, p: AlternatorParameters) -> float:
    """Return the greatest output current [A] at a speed and winding temperature; 0 below cut-in.

    Imax = table(n) (1 - k (T - Tref)), the bracket limited to 0.5..1.3: hotter copper and magnet steel give
    less.
    """
    if alternator_rpm <= p.capability_rpm[0]:
        return 0.0
    derating = 1.0 - p.derating_per_K * (winding_degC - p.capability_degC)
    return interpolate(alternator_rpm, p.capability_rpm, p.capability_warm_A) * min(max(derating, 0.5), 1.3)


@borrowing
def setpoint_V(case_degC: float, p: AlternatorParameters) -> float:
    """Return the regulator's set-point [V]: linear in the case temperature, between its limits."""
    wanted_V = p.setpoint_25_V + p.setpoint_V_K * (case_degC - 25.0)
    return min(max(wanted_V, p.setpoint_low_V), p.setpoint_high_V)


@borrowing
def regulated_current_A(
    voltage_V: float, capability_A: float, setpoint_V: float, p: AlternatorParameters
) -> float:
    """Return the output current [A] of regulator and field at rest, the law of ``netlists/alternator.cir``.

    I = Imax / 2 (1 + tanh(2 g (Vset - V) / Imax - 1)), 0 for Imax <= 1 mA. Near full at Vset - Imax / g, 12 %
    at Vset.
    """
    if capability_A <= NO_OUTPUT_A:
        return 0.0
    return current_and_slope(voltage_V, capability_A, setpoint_V, p.gain_A_V)[0]


@borrowing
def current_and_slope(
    voltage_V: float, capability_A: float, setpoint_V: float, gain_A_V: float
) -> tuple[float, float]:
    """Return the law of :func:`regulated_current_A` [A] and its derivative [S], for Imax > 0."""
    drive = math.tanh(2.0 * gain_A_V * (setpoint_V - voltage_V) / capability_A - 1.0)
    return 0.5 * capability_A * (1.0 + drive), -gain_A_V * (1.0 - drive * drive)


class FieldLag(NamedTuple):
    """Weights of the field's lag over a fixed step, see :func:`field_lag`; they add up to 1.

    Attributes
    ----------
    now, before, carried : float
        Of the static law at the end of the step, at its start, and of the current at its start.
    """

    now: float
    before: float
    carried: float


NO_LAG = FieldLag(1.0, 0.0, 0.0)
"""Field that follows at once: the static law."""


def field_lag(tau_s: float, dt_s: float) -> FieldLag:
    """Return the weights of ``tau dI/dt + I = law`` over a step in which the law moves along a straight line.

    Exact for that line: with ``d = exp(-dt/tau)`` and ``g = (1 - d) tau/dt``,
    ``I1 = (1 - g) law1 + (g - d) law0 + d I0``.

    Parameters
    ----------
    tau_s : float
        Time constant of the field [s]; 0 means none.
    dt_s : float
        Step [s].
    """
    if tau_s <= 0.0:
        return NO_LAG
    decay = math.exp(-dt_s / tau_s)
    mean = (1.0 - decay) * tau_s / dt_s
    return FieldLag(1.0 - mean, mean - decay, decay)


@borrowing
def losses_W(
    current_A: float, voltage_V: float, alternator_rpm: float, state: AlternatorState, p: AlternatorParameters
) -> tuple[float, float, float]:
    """Return (winding, rectifier, core and mechanical) losses [W].

    Parameters
    ----------
    current_A, voltage_V : float
        Output; the voltage scales the field loss with its square (14 V nominal).
    alternator_rpm : float
        Speed.
    state : AlternatorState
        Temperatures.
    p : AlternatorParameters
        Parameters.

    Returns
    -------
    tuple of float
        Winding: I^2 R25 (1 + alpha (T - 25)). For a six-pulse rectifier R25 is about two phase resistances.
        Rectifier: 2 Vd I. Core and mechanical: core (n/6000)^1.5 + windage (n/6000)^2.5 + field (I/Imax)^2
        (V/14)^2.
    """
    return losses_at_W(
        current_A, voltage_V, alternator_rpm, state, capability_A(alternator_rpm, state.winding_degC, p), p
    )


@borrowing
def losses_at_W(
    current_A: float, voltage_V: float, alternator_rpm: float, state: AlternatorState, full_A: float,
    p: AlternatorParameters,
) -> tuple[float, float, float]:
    """Return :func:`losses_W` where the capability ``full_A`` is known already."""
    speed = max(alternator_rpm, 0.0) / 6000.0
    root = math.sqrt(speed)
    copper_W = current_A * current_A * p.winding_25_ohm
    copper_W *= max(0.1, 1.0 + p.winding_alpha_per_K * (state.winding_degC - 25.0))
    rectifier_W = 2.0 * p.diode_drop_V * abs(current_A)
    field_use = min(abs(current_A) / full_A, 1.0) if full_A > 1.0 else 0.0
    field_W = p.field_W * field_use * field_use * (voltage_V / 14.0) ** 2
    return (
        copper_W,
        rectifier_W,
        p.core_6000_W * speed * root + p.windage_6000_W * speed * speed * root + field_W,
    )


@borrowing
def efficiency(
    current_A: float, voltage_V: float, alternator_rpm: float, state: AlternatorState, p: AlternatorParameters
) -> float:
    """Return the efficiency, output power / shaft power (0 without output)."""
    output_W = current_A * voltage_V
    winding_W, rectifier_W, other_W = losses_W(current_A, voltage_V, alternator_rpm, state, p)
    return output_W / (output_W + winding_W + rectifier_W + other_W) if output_W > 0.0 else 0.0


@borrowing
def air_factor(alternator_rpm: float, p: AlternatorParameters) -> float:
    """Return convection at a speed relative to that at 6000 rpm."""
    speed = max(alternator_rpm, 0.0) / 6000.0
    return p.still_air_fraction + (1.0 - p.still_air_fraction) * math.pow(speed, p.fan_exponent)


@borrowing
def node_heat_W(losses: tuple[float, float, float], p: AlternatorParameters) -> tuple[float, float, float]:
    """Return the heat into winding, rectifier and case [W] for given losses (their sum is the same)."""
    shared_W = p.core_to_winding * losses[2]
    return losses[0] + shared_W, losses[1], losses[2] - shared_W


@borrowing
def step(
    state: AlternatorState,
    current_A: float,
    voltage_V: float,
    alternator_rpm: float,
    ambient_degC: float,
    dt_s: float,
    p: AlternatorParameters,
) -> AlternatorState:
    """Return the temperatures after ``dt_s`` with current, voltage and speed held.

    Parameters
    ----------
    state : AlternatorState
        Temperatures at the start.
    current_A, voltage_V, alternator_rpm : float
        Operating point (mean current, rms would be larger by the ripple, which R25 includes).
    ambient_degC : float
        Air that the fan draws in (engine bay).
    dt_s : float
        Step [s], any length.
    p : AlternatorParameters
        Parameters.

    Returns
    -------
    AlternatorState
        Exact solution of the linear network for the losses at the start of the step, so first order in dt
        through the temperature of the copper and exact in everything else.
    """
    full_A = capability_A(alternator_rpm, state.winding_degC, p)
    return step_at(state, current_A, voltage_V, alternator_rpm, full_A, ambient_degC, dt_s, p)


@borrowing
def step_at(
    state: AlternatorState, current_A: float, voltage_V: float, alternator_rpm: float, full_A: float,
    ambient_degC: float, dt_s: float, p: AlternatorParameters,
) -> AlternatorState:
    """Return :func:`step` where the capability ``full_A`` is known already."""
    heat_W = node_heat_W(losses_at_W(current_A, voltage_V, alternator_rpm, state, full_A, p), p)
    factor = air_factor(alternator_rpm, p)
    winding, case, rectifier = relax_chain(
        (state.winding_degC, state.case_degC, state.rectifier_degC),
        (p.winding_J_K, p.case_J_K, p.rectifier_J_K),
        (p.winding_air_W_K * factor, p.case_air_W_K * factor, p.rectifier_air_W_K * factor),
        (p.winding_case_W_K, p.rectifier_case_W_K),
        (heat_W[0], heat_W[2], heat_W[1]),
        ambient_degC,
        dt_s,
    )
    return AlternatorState(winding, rectifier, case)


@borrowing
def over_limit(state: AlternatorState, p: AlternatorParameters) -> bool:
    """Return whether winding or rectifier is above its limit."""
    return state.winding_degC > p.winding_limit_degC or state.rectifier_degC > p.rectifier_limit_degC
