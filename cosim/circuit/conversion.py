"""What a converter (the synchronous buck) gives out, and where its losses arise: the second half of its terminal law.

Its input current follows the law of `cosim.circuit.characteristic`, for the fuse is its reference. What is left of the
input power goes to the battery stud. With input and output voltage ``U``, ``V`` and currents ``I``, ``J``::

    M     = U - I R_f - u_d(I)                       behind fuse and ideal diode
    d     = (V + R_p I) / M, at most 1               duty; 1 is pass-through, where J = I and M = V + R_p I
    M I   = V J + R_p J^2 + d (1 - d) (g M^2 + k M J + r J^2)

``g`` (core, snubber), ``k`` (switching: time of an edge over the inductance) and ``r`` (input capacitors) are measured
from settled windows (`cosim.circuit.identify`). They all go with d (1 - d), which makes the ripple and with it the
frequency of a hysteretic converter: f = d (1 - d) M / (L dI). Devices: q1 is the ideal diode; R_p J^2 is shared
between the switches (q2a upper, q2b lower, by the duty) and the inductor (q2c), whose core has the first term; the
second belongs to the switches in fixed shares, the third to the input capacitors (q2d).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.branches import smooth_max
from cosim.circuit.characteristic import (
    CONVERTER,
    Characteristic,
    Controls,
    Law,
    diode_drop_V,
    fill_powers_W,
    fuse_ohm,
    law_at,
    polynomial_ohm,
)
from models.compiled import borrowing, compiled

LOWEST_V = 1.0
"""Below this output voltage nothing is converted (ours; the regulator's supply is gone there)."""


@borrowing
def output_current_A(input_V: float, output_V: float, port_A: float, law: Law) -> float:
    """Current out of the circuit at the battery stud [A]; that of the input where nothing is converted."""
    if not law.converts or port_A <= 0.0 or output_V < LOWEST_V:
        return port_A
    diode_V = smooth_max(law.diode_V + law.held_ohm * port_A, port_A * law.diode_ohm, law.diode_knee_V)
    mid_V = input_V - port_A * law.fuse_ohm - diode_V
    duty = (output_V + law.bridge_ohm * port_A) / max(mid_V, LOWEST_V)
    if duty >= 1.0:
        return port_A
    weight = duty * (1.0 - duty)
    square = law.bridge_ohm + weight * law.switch_ohm
    linear_V = output_V + weight * law.switch_1 * mid_V
    power_W = mid_V * port_A - weight * law.switch_S * mid_V**2
    if power_W <= 0.0:
        return port_A
    return max(2.0 * power_W / (linear_V + math.sqrt(linear_V**2 + 4.0 * square * power_W)), port_A)


@borrowing
def fill_port_powers_W(
    out: NDArray[np.float64], input_V: float, output_V: float, port_A: float, output_A: float, u: Controls,
    c: Characteristic,
) -> None:
    """Fill `out` with the power in q1, q2a..q2d, fuse, other (7,) [W]; their sum is what stays inside."""
    if c.kind != CONVERTER or port_A <= 0.0:
        fill_powers_W(out, input_V - output_V, port_A, u, c)
        return
    diode_ohm = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, u.diode_degC)
    diode_V = min(diode_drop_V(port_A, diode_ohm, c), max(input_V - output_V, 0.0))
    out[0] = port_A * diode_V
    out[5] = port_A**2 * fuse_ohm(c, u.fuse_degC)
    out[6] = port_A**2 * c.other_ohm
    rest = input_V * port_A - output_V * output_A - out[0] - out[5] - out[6]
    bridge_ohm = polynomial_ohm(c.pass_ohm, c.pass_t1, c.pass_t2, c.pass_t3, u.pass_degC)
    conducted = min(output_A**2 * bridge_ohm, rest)
    switched = rest - conducted
    duty = min(port_A / output_A, 1.0)
    mid_V = input_V - port_A * (c.other_ohm + fuse_ohm(c, u.fuse_degC)) - diode_V
    coil, edges, capacitors = c.switch_S * mid_V**2, c.switch_1 * mid_V * output_A, c.switch_ohm * output_A**2
    per = switched / max(coil + edges + capacitors, 1e-9)
    out[1] = conducted * c.bridge_share * duty + per * edges * c.share_a
    out[2] = conducted * c.bridge_share * (1.0 - duty) + per * edges * c.share_b
    out[3] = conducted * (1.0 - c.bridge_share) + per * coil
    out[4] = per * capacitors


@compiled
def port_powers_W(
    input_V: float, output_V: float, port_A: float, output_A: float, u: Controls, c: Characteristic
) -> NDArray[np.float64]:
    """Return what `fill_port_powers_W` fills."""
    out = np.empty(7)
    fill_port_powers_W(out, input_V, output_V, port_A, output_A, u, c)
    return out


@borrowing
def given_A(input_V: float, output_V: float, port_A: float, u: Controls, c: Characteristic) -> float:
    """`output_current_A` at these commands and temperatures [A]."""
    return output_current_A(input_V, output_V, port_A, law_at(u, c))
