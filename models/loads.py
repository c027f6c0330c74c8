r"""Loads at System+: an inverter with input capacitance, and DC loads. Positive current charges the battery.

Inverter: constant power, I = -P / V with P = P_ac / eta(P_ac / P_rated) + P_idle, at most I_max, and fading to nothing
near 0 V as ``load`` in ``netlists/plant.cir`` does. Constant power is a negative resistance: dI/dV = P / V^2 > 0.
It works while its remote input is high and the voltage is good: off below the cut-off after a delay, on again above
the restart voltage after another. Its input capacitance stays charged when the port opens and then feeds it:

    C Vc dVc/dt = -P      ->      Vc(t) = sqrt(Vc^2 - 2 P t / C)

and while the port is closed follows the terminal (its R C is far below a tick). What it takes to charge it is
:func:`precharge_C`; the inrush itself is a matter of SPICE windows (requirement S6).

DC load: conductance, constant current and a periodic pulse in parallel, behind one load switch, which obeys its remote
input and opens by itself where the voltage is too low for it to work. Source: definition of a constant power; fading,
delays and pulses are ours. `remote` is a remote input: 1 the BMS drives its wire, 0 the wire floats.
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

STANDBY_FROM_V = 5.0
"""Below it an inverter's control has no supply and takes nothing (ours)."""
FADE_V = 0.4
"""A load fades as tanh(V / 0.4 V), as in ``netlists/plant.cir``."""


class InverterParameters(NamedTuple):
    """Parameters of an inverter; see the parameter file for units, sources and status.

    Attributes
    ----------
    rated_W, idle_W, standby_W : float
        AC power it can give for ever, its own power while on, and while off.
    load_fraction, efficiency : ndarray
        AC over DC power without the idle power, against AC over rated power.
    highest_A : float
        Limit of its input current.
    cutoff_V, restart_V, cutoff_delay_s, restart_delay_s : float
        Low-voltage cut-off.
    remote_off_s : float
        Delay of the remote input.
    capacitance_F : float
        Input capacitance.
    """

    rated_W: float
    idle_W: float
    standby_W: float
    load_fraction: NDArray[np.float64]
    efficiency: NDArray[np.float64]
    highest_A: float
    cutoff_V: float
    restart_V: float
    cutoff_delay_s: float
    restart_delay_s: float
    remote_off_s: float
    capacitance_F: float


class InverterState(NamedTuple):
    """Demand at its AC output [W], voltage of its input capacitance [V], switch for the voltage and for the remote."""

    demand_W: float
    capacitor_V: float
    voltage_good: SwitchState
    remote: SwitchState


class DcLoadParameters(NamedTuple):
    """Parameters of DC loads: parts in parallel, and the delays of their switch.

    Attributes
    ----------
    conductance_S, current_A, pulse_A : float
        Resistive part, constant current, and height of the pulses.
    pulse_period_s, pulse_duty : float
        Pulses: period and share of it.
    remote_on_s, remote_off_s : float
        Delays of the remote input (a BatteryProtect class load switch).
    dropout_V : float
        Below it the load switch has no supply and opens; it closes again as after remote off.
    """

    conductance_S: float
    current_A: float
    pulse_A: float
    pulse_period_s: float
    pulse_duty: float
    remote_on_s: float
    remote_off_s: float
    dropout_V: float


class DcLoadState(NamedTuple):
    """Phase within the pulses' period [s], and the switch."""

    phase_s: float
    remote: SwitchState


INVERTER_UNITS = {
    "rated_W": "W", "idle_W": "W", "standby_W": "W", "load_fraction": "1", "efficiency": "1", "highest_A": "A",
    "cutoff_V": "V", "restart_V": "V", "cutoff_delay_s": "s", "restart_delay_s": "s", "remote_off_s": "s",
    "capacitance_F": "F",
}
DC_LOAD_UNITS = {
    "conductance_S": "S", "current_A": "A", "pulse_A": "A", "pulse_period_s": "s", "pulse_duty": "1",
    "remote_on_s": "s", "remote_off_s": "s", "dropout_V": "V",
}


def load_inverter(name_or_path: str | Path = "inverter_12V_3000VA") -> InverterParameters:
    """Load an inverter; raises `models.parameter_file.ParameterError` if the file cannot be used."""
    file = parameter_file.load(name_or_path, "inverter", INVERTER_UNITS)
    file.same_length("load_fraction", "efficiency")
    return InverterParameters(
        rated_W=file.number("rated_W", 1.0, 1.0e5),
        idle_W=file.number("idle_W", 0.0, 1.0e3),
        standby_W=file.number("standby_W", 0.0, 1.0e2),
        load_fraction=file.array("load_fraction", 0.0, 3.0, rising=True),
        efficiency=file.array("efficiency", 0.1, 1.0),
        highest_A=file.number("highest_A", 1.0, 5.0e3),
        cutoff_V=file.number("cutoff_V", 5.0, 15.0),
        restart_V=file.number("restart_V", file.number("cutoff_V"), 16.0),
        cutoff_delay_s=file.number("cutoff_delay_s", 0.0, 600.0),
        restart_delay_s=file.number("restart_delay_s", 0.0, 600.0),
        remote_off_s=file.number("remote_off_s", 0.0, 600.0),
        capacitance_F=file.number("capacitance_F", 1.0e-6, 10.0),
    )


def load_dc_load(name_or_path: str | Path = "dc_load_camper") -> DcLoadParameters:
    """Load DC loads; raises `models.parameter_file.ParameterError` if the file cannot be used."""
    file = parameter_file.load(name_or_path, "dc_load", DC_LOAD_UNITS)
    return DcLoadParameters(
        conductance_S=file.number("conductance_S", 0.0, 1.0e3),
        current_A=file.number("current_A", 0.0, 1.0e3),
        pulse_A=file.number("pulse_A", 0.0, 1.0e3),
        pulse_period_s=file.number("pulse_period_s", 1.0e-3, 1.0e6),
        pulse_duty=file.number("pulse_duty", 0.0, 1.0),
        remote_on_s=file.number("remote_on_s", 0.0, 600.0),
        remote_off_s=file.number("remote_off_s", 0.0, 600.0),
        dropout_V=file.number("dropout_V", 0.0, 12.0),
    )


def initial_inverter(demand_W: float, voltage_V: float) -> InverterState:
    """Return an inverter that is on, its capacitance charged to a voltage."""
    return InverterState(float(demand_W), float(voltage_V), SwitchState(1.0, 0.0), SwitchState(1.0, 0.0))


def initial_dc_load() -> DcLoadState:
    """Return DC loads that are on, at the start of a pulse."""
    return DcLoadState(0.0, SwitchState(1.0, 0.0))


@borrowing
def inverter_power_W(state: InverterState, p: InverterParameters) -> float:
    """Return the DC power that the inverter wants now [W]."""
    if state.voltage_good.on < 0.5 or state.remote.on < 0.5:
        return p.standby_W if state.capacitor_V >= STANDBY_FROM_V else 0.0
    demand_W = min(max(state.demand_W, 0.0), float(p.load_fraction[-1]) * p.rated_W)
    return demand_W / interpolate(demand_W / p.rated_W, p.load_fraction, p.efficiency) + p.idle_W


@borrowing
def faded(current_A: float, slope_S: float, voltage_V: float) -> tuple[float, float]:
    """Return a load's current and slope times tanh(V / 0.4 V); nothing at and below 0 V."""
    if voltage_V <= 0.0:
        return 0.0, 0.0
    share = math.tanh(voltage_V / FADE_V)
    return current_A * share, slope_S * share + current_A * (1.0 - share * share) / FADE_V


@borrowing
def constant_power(voltage_V: float, power_W: float, highest_A: float) -> tuple[float, float]:
    """Return current [A], negative, and dI/dV [S] of a load of constant power with a highest current."""
    if power_W >= highest_A * voltage_V:
        return faded(-highest_A, 0.0, voltage_V)
    current_A = -power_W / voltage_V
    return faded(current_A, -current_A / voltage_V, voltage_V)


@borrowing
def inverter_current_and_slope(
    voltage_V: float, state: InverterState, p: InverterParameters
) -> tuple[float, float]:
    """Return current [A] and dI/dV [S] at a terminal voltage; the current is negative (it discharges)."""
    return constant_power(voltage_V, inverter_power_W(state, p), p.highest_A)


@borrowing
def step_inverter(
    state: InverterState, voltage_V: float, remote: float, dt_s: float, p: InverterParameters
) -> InverterState:
    """Return the state after ``dt_s`` at a terminal voltage, the port closed.

    Parameters
    ----------
    state : InverterState
        State at the start.
    voltage_V : float
        Terminal voltage.
    remote : float
        1: allowed (the BMS drives its load disconnect wire); 0: the wire floats.
    dt_s : float
        Step [s].
    p : InverterParameters
        Parameters.
    """
    level_V = p.cutoff_V if state.voltage_good.on > 0.5 else p.restart_V
    good = switched(state.voltage_good, voltage_V >= level_V, p.restart_delay_s, p.cutoff_delay_s, dt_s)
    allowed = switched(state.remote, remote > REMOTE_HIGH, p.remote_off_s, p.remote_off_s, dt_s)
    return InverterState(state.demand_W, voltage_V, good, allowed)


@borrowing
def step_isolated_inverter(
    state: InverterState, remote: float, dt_s: float, p: InverterParameters
) -> InverterState:
    """Return the state after ``dt_s`` with the port open: it lives on its capacitance, exact for constant power.

    `remote` (1: allowed, 0: the wire floats) as for :func:`step_inverter`.
    """
    squared = state.capacitor_V * state.capacitor_V - 2.0 * inverter_power_W(state, p) * dt_s / p.capacitance_F
    return step_inverter(state, math.sqrt(max(squared, 0.0)), remote, dt_s, p)


@borrowing
def precharge_C(voltage_V: float, state: InverterState, p: InverterParameters) -> float:
    """Return the charge that brings the capacitance to a terminal voltage [C]."""
    return p.capacitance_F * (voltage_V - state.capacitor_V)


@borrowing
def dc_load_steady_A(state: DcLoadState, p: DcLoadParameters) -> float:
    """Return the constant current of the DC loads now, the pulses in it [A]."""
    return p.current_A + (p.pulse_A if state.phase_s < p.pulse_duty * p.pulse_period_s else 0.0)


@borrowing
def steady_and_resistive(voltage_V: float, steady_A: float, conductance_S: float) -> tuple[float, float]:
    """Return current [A], negative, and dI/dV [S] of a constant current beside a resistance."""
    current_A, slope_S = faded(-steady_A, 0.0, voltage_V)
    return current_A - conductance_S * max(voltage_V, 0.0), slope_S - (conductance_S if voltage_V > 0.0 else 0.0)


@borrowing
def dc_load_current_and_slope(voltage_V: float, state: DcLoadState, p: DcLoadParameters) -> tuple[float, float]:
    """Return current [A], negative, and dI/dV [S] of the DC loads at a terminal voltage."""
    if state.remote.on < 0.5:
        return 0.0, 0.0
    return steady_and_resistive(voltage_V, dc_load_steady_A(state, p), p.conductance_S)


@borrowing
def step_dc_load(state: DcLoadState, voltage_V: float, remote: float, dt_s: float, p: DcLoadParameters) -> DcLoadState:
    """Return the DC loads after ``dt_s``; their pulses go on in time whether they are connected or not.

    `remote` (1: allowed, 0: the wire floats) works the load switch.
    """
    phase_s = (state.phase_s + dt_s) % p.pulse_period_s
    # A phase that is a rounding short of the period is the start of the next one.
    if p.pulse_period_s - phase_s < 1.0e-9 * p.pulse_period_s:
        phase_s = 0.0
    wanted = remote > REMOTE_HIGH and voltage_V >= p.dropout_V
    return DcLoadState(phase_s, switched(state.remote, wanted, p.remote_on_s, p.remote_off_s, dt_s))
