"""Measure the losses of a converter, which `cosim.circuit.conversion` adds to the law, from the same settled windows.

The windows of a switching circuit would take minutes each; so they are those of its averaged companion, which is
checked against it (`tests/netlists/test_alternator_path_buck_avg.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.characteristic import (
    CONVERTER,
    LIMITER,
    LINK,
    Characteristic,
    Controls,
    diode_drop_V,
    polynomial_ohm,
)
from cosim.circuit.conversion import given_A, port_powers_W

if TYPE_CHECKING:
    from cosim.circuit.identify import Sample

Array = NDArray[np.float64]

KINDS = {"direct_connection": LINK, "alternator_path_buck_avg": CONVERTER}
"""Kind of a circuit's law; all others are limiters."""
CONVERTING_A = 0.05
"""A sample converts where its output exceeds its input by more than this (ours)."""
CARRYING_A = 2.0
"""Samples of less tell nothing of losses (ours, as in `cosim.circuit.identify`)."""


def kind_of(netlist: str) -> float:
    """Kind of the law of a circuit."""
    return KINDS.get(netlist, LIMITER)


def converts(netlist: str) -> bool:
    """Whether a circuit gives out another current than it takes."""
    return kind_of(netlist) == CONVERTER


def controls_of(s: Sample) -> Controls:
    """Commands and temperatures of a sample."""
    return Controls(s.enable, s.reference_mV, s.fuse_degC, s.diode_degC, s.pass_degC)


def with_conversion(c: Characteristic, samples: list[Sample]) -> Characteristic:
    """Coefficients of the losses of conversion, each from the device that bears it."""
    passing = [s for s in samples if s.current_A > CARRYING_A and s.output_current_A < s.current_A + CONVERTING_A]
    converting = [s for s in samples if s.current_A > CARRYING_A and s.output_current_A >= s.current_A + CONVERTING_A]
    bridge_W, coil_W = (sum(sum(s.power_W[i] for i in places) for s in passing) for places in ((1, 2), (3,)))
    share = float(bridge_W / (bridge_W + coil_W))
    rows, losses = [], []
    for s in converting:
        diode_ohm = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, s.diode_degC)
        bridge_ohm = polynomial_ohm(c.pass_ohm, c.pass_t1, c.pass_t2, c.pass_t3, s.pass_degC)
        fuse_ohm = c.fuse_ohm * (1.0 + c.fuse_alpha_per_K * (s.fuse_degC - 25.0)) + c.other_ohm
        mid_V = s.input_V - s.current_A * fuse_ohm - diode_drop_V(s.current_A, diode_ohm, c)
        duty = min((s.battery_V + bridge_ohm * s.current_A) / mid_V, 1.0)
        weight = duty * (1.0 - duty)
        conducted_W = bridge_ohm * s.output_current_A**2
        part = min(s.current_A / s.output_current_A, 1.0)
        own = np.array([share * part, share * (1.0 - part), 1.0 - share, 0.0]) * conducted_W
        rows.append(weight * np.array([mid_V**2, mid_V * s.output_current_A, s.output_current_A**2]))
        losses.append(np.array(s.power_W[1:5]) - own)
    pairs = zip(np.array(rows).T[[1, 1, 0, 2]], np.array(losses).T, strict=True)
    upper, lower, coil, capacitor = (float(np.dot(x, y) / np.dot(x, x)) for x, y in pairs)
    return c._replace(
        kind=CONVERTER, switch_S=max(coil, 0.0), switch_1=max(upper + lower, 0.0), switch_ohm=max(capacitor, 0.0),
        bridge_share=share, share_a=upper / (upper + lower), share_b=lower / (upper + lower), share_c=0.0, share_d=0.0,
    )


def predicted_W(s: Sample, c: Characteristic) -> Array:
    """Powers of the law at a sample's voltages and input current [W]."""
    u = controls_of(s)
    output_A = given_A(s.input_V, s.battery_V, s.current_A, u, c)
    return port_powers_W(s.input_V, s.battery_V, s.current_A, output_A, u, c)


def output_errors_A(samples: list[Sample], c: Characteristic) -> Array:
    """Errors of the output current at the samples' voltages and input currents [A], none for what converts nothing."""
    if c.kind != CONVERTER:
        return np.zeros(0)
    return np.array([
        given_A(s.input_V, s.battery_V, s.current_A, controls_of(s), c) - s.output_current_A for s in samples
    ])
