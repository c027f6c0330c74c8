"""Lead-acid starter battery: EMF, ohmic resistance, fast polarisation, surface charge.

Terminal voltage, charging positive: v = E(soc) + v1 + v2 + R0(T) I. v1 is a usual RC pair (charge transfer).
v2 is the surface charge: a capacitance C2 whose leak is large for an over-potential (v2 > 0: the charge
acceptance, which falls towards full) and small for an under-potential:

    C2 dv2/dt = I - v2 / R(v2),   R = Rc(soc) for v2 > 0, Rd for v2 < 0.

So a charged battery takes little current after some minutes, keeps its surface charge at rest for a while and
loses it within a fraction of an ampere-hour of discharge. A first engineering model in the spirit of M.
Ceraolo, IEEE Trans. Power Systems 15 (2000) 1184, doi:10.1109/59.898088, with far fewer parameters.
"""

import math
from pathlib import Path
from typing import NamedTuple

from models import parameter_file
from models.compiled import borrowing
from models.linear import first_order, relax


class StarterParameters(NamedTuple):
    """Parameters of a starter battery; see the parameter file for units, sources and status.

    Attributes
    ----------
    capacity_Ah : float
        Charge between soc 0 and 1.
    emf_empty_V, emf_full_V : float
        Rest voltage at soc 0 and 1, linear between.
    resistance_25_ohm, temperature_coefficient_1_K : float
        R0 = R25 exp(k (25 - T)).
    r1_ohm, tau1_s : float
        Fast polarisation, same temperature factor.
    surface_capacitance_F : float
        C2.
    acceptance_ohm, acceptance_margin : float
        Rc, see :func:`acceptance_resistance_ohm`.
    discharge_r2_ohm : float
        Rd.
    gassing_soc : float
        Above it a growing part of the charge current makes gas and no charge.
    heat_capacity_J_K, thermal_resistance_K_W : float
        Battery to its surroundings.
    """

    capacity_Ah: float
    emf_empty_V: float
    emf_full_V: float
    resistance_25_ohm: float
    temperature_coefficient_1_K: float
    r1_ohm: float
    tau1_s: float
    surface_capacitance_F: float
    acceptance_ohm: float
    acceptance_margin: float
    discharge_r2_ohm: float
    gassing_soc: float
    heat_capacity_J_K: float
    thermal_resistance_K_W: float


class StarterTick(NamedTuple):
    """Constants of a fixed step, see :func:`prepare_step`.

    Attributes
    ----------
    dt_s : float
        Step.
    decay : float
        exp(-dt / tau1).
    v1_ahead_ohm, v2_ahead_ohm : float
        What 1 A more at the end of a step, reached along a straight line, adds to v1 (at 25 degC) and v2.
    """

    dt_s: float
    decay: float
    v1_ahead_ohm: float
    v2_ahead_ohm: float


class StarterState(NamedTuple):
    """State: soc (0..1), fast polarisation and surface charge [V], temperature [degC]."""

    soc: float
    v1_V: float
    v2_V: float
    temperature_degC: float


UNITS = {
    "capacity_Ah": "Ah",
    "emf_empty_V": "V",
    "emf_full_V": "V",
    "resistance_25_ohm": "ohm",
    "temperature_coefficient_1_K": "1/K",
    "r1_ohm": "ohm",
    "tau1_s": "s",
    "surface_capacitance_F": "F",
    "acceptance_ohm": "ohm",
    "acceptance_margin": "1",
    "discharge_r2_ohm": "ohm",
    "gassing_soc": "1",
    "heat_capacity_J_K": "J/K",
    "thermal_resistance_K_W": "K/W",
}


def load_starter_battery(name_or_path: str | Path = "starter_battery_70Ah") -> StarterParameters:
    """Load a starter battery.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "starter_battery", UNITS)
    return StarterParameters(
        capacity_Ah=file.number("capacity_Ah", 1.0, 1000.0),
        emf_empty_V=file.number("emf_empty_V", 9.0, 14.0),
        emf_full_V=file.number("emf_full_V", 9.0, 14.0),
        resistance_25_ohm=file.number("resistance_25_ohm", 1.0e-4, 1.0),
        temperature_coefficient_1_K=file.number("temperature_coefficient_1_K", 0.0, 0.1),
        r1_ohm=file.number("r1_ohm", 0.0, 1.0),
        tau1_s=file.number("tau1_s", 1.0e-3, 1.0e3),
        surface_capacitance_F=file.number("surface_capacitance_F", 1.0, 1.0e6),
        acceptance_ohm=file.number("acceptance_ohm", 1.0e-4, 10.0),
        acceptance_margin=file.number("acceptance_margin", 1.0e-3, 1.0),
        discharge_r2_ohm=file.number("discharge_r2_ohm", 1.0e-4, 1.0),
        gassing_soc=file.number("gassing_soc", 0.5, 0.999),
        heat_capacity_J_K=file.number("heat_capacity_J_K", 100.0, 1.0e6),
        thermal_resistance_K_W=file.number("thermal_resistance_K_W", 1.0e-2, 1.0e2),
    )


def initial_state(soc: float, temperature_degC: float, p: StarterParameters) -> StarterState:
    """Return a rested battery (``p`` keeps the signature equal to that of the other batteries)."""
    return StarterState(float(soc), 0.0, 0.0, float(temperature_degC))


@borrowing
def open_circuit_voltage_V(soc: float, p: StarterParameters) -> float:
    """Return the rest voltage [V], linear in soc (acid concentration), also outside 0..1."""
    return p.emf_empty_V + (p.emf_full_V - p.emf_empty_V) * soc


@borrowing
def temperature_factor(temperature_degC: float, p: StarterParameters) -> float:
    """Return the ratio R(T) / R(25 degC) = exp(k (25 - T)), T limited to -50..80 degC."""
    return math.exp(p.temperature_coefficient_1_K * (25.0 - min(max(temperature_degC, -50.0), 80.0)))


@borrowing
def acceptance_resistance_ohm(soc: float, p: StarterParameters) -> float:
    """Return Rc [ohm] = acceptance_ohm / (max(1 - soc, 0) + margin).

    The fuller, the less current it takes.
    """
    return p.acceptance_ohm / (max(1.0 - soc, 0.0) + p.acceptance_margin)


@borrowing
def thevenin(state: StarterState, p: StarterParameters) -> tuple[float, float]:
    """Return (emf_V, resistance_ohm).

    The terminal voltage is emf + resistance x current (charging positive).
    """
    return thevenin_at(state, temperature_factor(state.temperature_degC, p), p)


@borrowing
def thevenin_at(state: StarterState, factor: float, p: StarterParameters) -> tuple[float, float]:
    """Return :func:`thevenin` where the temperature factor is known already."""
    emf_V = open_circuit_voltage_V(state.soc, p) + state.v1_V + state.v2_V
    return emf_V, p.resistance_25_ohm * factor


@borrowing
def charge_rate_1_s(soc: float, current_A: float, p: StarterParameters) -> float:
    """Return dsoc/dt [1/s]; above ``gassing_soc`` the charging efficiency falls linearly to 0 at soc 1."""
    efficiency = 1.0
    if current_A > 0.0 and soc > p.gassing_soc:
        efficiency = max(0.0, (1.0 - soc) / (1.0 - p.gassing_soc))
    return efficiency * current_A / (3600.0 * p.capacity_Ah)


@borrowing
def emf_slope_V_s(state: StarterState, current_A: float, p: StarterParameters) -> float:
    """Return d(emf)/dt [V/s] at this current."""
    target_V = p.r1_ohm * temperature_factor(state.temperature_degC, p) * current_A
    leak_ohm = acceptance_resistance_ohm(state.soc, p) if state.v2_V > 0.0 else p.discharge_r2_ohm
    surface_V_s = (current_A - state.v2_V / leak_ohm) / p.surface_capacitance_F
    rest_V_s = (p.emf_full_V - p.emf_empty_V) * charge_rate_1_s(state.soc, current_A, p)
    return rest_V_s + (target_V - state.v1_V) / p.tau1_s + surface_V_s


@borrowing
def step_surface_charge(
    v2_V: float,
    current_A: float,
    acceptance_ohm: float,
    discharge_ohm: float,
    capacitance_F: float,
    dt_s: float,
) -> float:
    """Return the surface charge v2 [V] after ``dt_s``, exact in both branches and through a change of sign.

    On each side of zero the equation is linear. If it crosses zero within the step, the crossing time follows
    from v(t*) = 0 and the rest of the step runs in the other branch (it cannot cross back at constant
    current).
    """
    positive = v2_V > 0.0 or (v2_V == 0.0 and current_A > 0.0)
    leak_ohm = acceptance_ohm if positive else discharge_ohm
    tau_s = leak_ohm * capacitance_F
    target_V = leak_ohm * current_A
    after_V = relax(v2_V, -1.0 / tau_s, target_V / tau_s, dt_s)
    if v2_V * after_V >= 0.0:
        return after_V
    crossing_s = tau_s * math.log1p(-v2_V / target_V)
    other_ohm = discharge_ohm if positive else acceptance_ohm
    return first_order(0.0, other_ohm * current_A, other_ohm * capacitance_F, max(dt_s - crossing_s, 0.0))


@borrowing
def heat_W(state: StarterState, current_A: float, p: StarterParameters) -> float:
    """Return the heat made now [W]: I^2 R0 + v1^2 / R1 + v2^2 / R2 (gas energy counted as heat)."""
    return _heat_at_W(state, current_A, temperature_factor(state.temperature_degC, p), p)


@borrowing
def _heat_at_W(state: StarterState, current_A: float, factor: float, p: StarterParameters) -> float:
    leak_ohm = acceptance_resistance_ohm(state.soc, p) if state.v2_V > 0.0 else p.discharge_r2_ohm
    fast_W = state.v1_V * state.v1_V / (p.r1_ohm * factor) if p.r1_ohm > 0.0 else 0.0
    ohmic_W = current_A * current_A * p.resistance_25_ohm * factor
    return ohmic_W + fast_W + state.v2_V * state.v2_V / leak_ohm


@borrowing
def step(
    state: StarterState, current_A: float, dt_s: float, ambient_degC: float, p: StarterParameters
) -> StarterState:
    """Return the state after ``dt_s`` with the (mean) current held.

    Parameters
    ----------
    state : StarterState
        State at the start.
    current_A : float
        Mean current [A], charging positive.
    dt_s : float
        Step [s].
    ambient_degC : float
        Surroundings (engine bay).
    p : StarterParameters
        Parameters.

    Returns
    -------
    StarterState
        Polarisations exact at held soc; soc and heat first order.
    """
    factor = temperature_factor(state.temperature_degC, p)
    return step_at(state, current_A, factor, prepare_step(dt_s, p), ambient_degC, p)


@borrowing
def step_at(
    state: StarterState, current_A: float, factor: float, t: StarterTick, ambient_degC: float, p: StarterParameters
) -> StarterState:
    """Return :func:`step` where the temperature factor and the constants of the step are known already."""
    acceptance_ohm = acceptance_resistance_ohm(state.soc, p)
    target_V = p.r1_ohm * factor * current_A
    v2_V = step_surface_charge(
        state.v2_V, current_A, acceptance_ohm, p.discharge_r2_ohm, p.surface_capacitance_F, t.dt_s
    )
    rate_1_s = -1.0 / (p.heat_capacity_J_K * p.thermal_resistance_K_W)
    source_K_s = _heat_at_W(state, current_A, factor, p) / p.heat_capacity_J_K - rate_1_s * ambient_degC
    return StarterState(
        state.soc + t.dt_s * charge_rate_1_s(state.soc, current_A, p),
        target_V + (state.v1_V - target_V) * t.decay,
        v2_V,
        relax(state.temperature_degC, rate_1_s, source_K_s, t.dt_s),
    )


@borrowing
def prepare_step(dt_s: float, p: StarterParameters) -> StarterTick:
    r"""Return the constants of a fixed step, and what a current that moves along a straight line adds to it.

    v1 of a current from I0 to I1 = I0 + A over a step: with d = exp(-dt/tau), g = (1 - d) tau/dt,

    v1(dt) = d v1 + R1 ((1 - g) I1 + (g - d) I0) = [d v1 + R1 (1 - d) I0] + R1 (1 - g) A

    the bracket being the step at held I0. v2 is a slow integrator: dt / (2 C2) A, to third order in dt.
    """
    decay = math.exp(-dt_s / p.tau1_s)
    mean = (1.0 - decay) * p.tau1_s / dt_s if dt_s > 0.0 else 1.0
    return StarterTick(dt_s, decay, p.r1_ohm * (1.0 - mean), 0.5 * dt_s / p.surface_capacitance_F)


@borrowing
def ahead_ohm(factor: float, t: StarterTick) -> float:
    """Return what 1 A more at the end of a step adds to the EMF [ohm]; `factor` is `temperature_factor`."""
    return factor * t.v1_ahead_ohm + t.v2_ahead_ohm


@borrowing
def ahead_V(v1_V: float, v2_V: float, more_A: float, factor: float, t: StarterTick) -> tuple[float, float]:
    """Return v1 and v2 [V] after a step whose current ended ``more_A`` above the one it was taken with.

    `factor` is `temperature_factor`.
    """
    return v1_V + factor * t.v1_ahead_ohm * more_A, v2_V + t.v2_ahead_ohm * more_A
