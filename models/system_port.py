r"""System+ port between the battery stud and the devices: two gates, pre-charge, and the node when nothing passes.

Each direction has a resistance: that of the path while its gate is on (with one gate off, a comparator in the circuit
turns the blocked transistor on while current flows in the allowed direction, requirement S5, so both directions have
the same), that of the pre-charge resistor while it is on, else no current. The node beyond the path has a capacitance
C, and over a tick dt its devices' current I(w), positive towards the battery, goes into the path and into C::

    J = I(w) - k (w - w0),    k = C / dt,    w0 = node voltage one tick ago
    J = (w - V_stud) / R_in  if  w > V_stud,   (w - V_stud) / R_out  if  w < V_stud,    V_stud = E' + R_b J

With nothing passing, J = 0: the node finds its own voltage w_iso, devices live from each other, and where the loads
are stronger it breaks down. J falls to zero exactly where E' = w_iso, so which side holds is known beforehand. This is
backward Euler, which stands any step; while pre-charging k is chosen such that a bare capacitance follows its
exponential exactly (a = exp(-dt / R C), k = a / ((1 - a) R)); then the charge that it takes is told some 15 % low.
With both gates on the capacitance is left out (k = 0): it follows the stud within microseconds. Latch, body diodes and
the comparator's own threshold are no part of this yet. Source: Kirchhoff's laws and backward
Euler; the two resistances are ours.
"""

import math
from typing import NamedTuple

from models.compiled import borrowing, called
from models.system import SystemParameters, current_and_slope, voltage_V

BLOCKED_OHM = 1e9
"""A direction with a resistance of this is off; no leakage is computed."""
BANK_SHARE, IN_BANK = 0.4, 4
"""Part of the path's resistance in the BMS that is in each of its two banks, and devices in a bank: 0.2 of 0.5 mohm
warm (netlists/system_path.cir: 0.125 + 0.03 mohm at 25 degC); the rest is shunt and busbars, ours."""
LEAST_S = 1e-6
"""Least conductance of the node's capacitance over a tick, so that its voltage stays defined (ours)."""


class Gate(NamedTuple):
    """What lets current in and out [ohm], k of the node [S], and what the BMS itself draws from its stud [A]."""

    in_ohm: float
    out_ohm: float
    node_S: float
    supply_A: float


@called
def gate_of(
    charge: float, discharge: float, precharge: float, supply_A: float, dt_s: float, p: SystemParameters
) -> Gate:
    """Return the port as commanded (`charge` and `discharge` gate, `precharge`: 1 on, 0 off) for steps of ``dt_s``."""
    if charge > 0.5 and discharge > 0.5:
        return Gate(p.path_ohm, p.path_ohm, 0.0, supply_A)
    node_S, other_ohm = p.capacitance_F[0] / dt_s, BLOCKED_OHM
    if precharge > 0.5:
        other_ohm = p.path_ohm + p.precharge_ohm
        gone = math.exp(-dt_s / (other_ohm * p.capacitance_F[0]))
        node_S = gone / ((1.0 - gone) * other_ohm)
    node_S = max(node_S, LEAST_S)
    return Gate(
        p.path_ohm if charge > 0.5 else other_ohm, p.path_ohm if discharge > 0.5 else other_ohm, node_S, supply_A
    )


@borrowing
def isolated_V(before_V: float, gate: Gate, p: SystemParameters) -> float:
    """Return the node's voltage after a tick with nothing passing [V]; 0 where the port passes both ways."""
    if gate.node_S <= 0.0:
        return 0.0
    return voltage_V(before_V, before_V, 1.0 / gate.node_S, p)


@borrowing
def passing(
    emf_V: float, source_ohm: float, alone_V: float, before_V: float, gate: Gate, p: SystemParameters
) -> tuple[float, float, float, float]:
    """Return the port current [A], the devices' voltage [V], and how the stud follows its source.

    Parameters
    ----------
    emf_V, source_ohm : float
        Battery stud without the port's current, and its resistance.
    alone_V, before_V : float
        Voltage of the devices with nothing passing (:func:`isolated_V`), and one tick ago.
    gate : Gate
        Port.
    p : SystemParameters
        Devices, their laws found (`models.system.fill_laws`).

    Returns
    -------
    tuple of float
        Current (positive charges), voltage at the devices, dV_stud / dE', and the path's resistance (0 if blocked).
    """
    ohm = gate.in_ohm if gate.node_S <= 0.0 or alone_V > emf_V else gate.out_ohm
    if ohm >= BLOCKED_OHM:
        return 0.0, alone_V, 1.0, 0.0
    total_ohm = source_ohm + ohm
    share = 1.0 / (1.0 + total_ohm * gate.node_S)
    volts = voltage_V(before_V, (emf_V + total_ohm * gate.node_S * before_V) * share, total_ohm * share, p)
    current_A, slope_S = current_and_slope(volts, p)
    current_A += gate.node_S * (before_V - volts)
    slope_S -= gate.node_S
    rise = 1.0 / (1.0 - total_ohm * slope_S)
    return current_A, volts, rise * (1.0 - ohm * slope_S), ohm
