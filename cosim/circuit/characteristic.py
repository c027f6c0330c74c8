"""Terminal characteristic of a circuit: a small law whose coefficients are measured from its netlist.

Between windows the slow engine replaces the circuit by this law. Its form follows from what the documented ports
are: a fuse, an ideal diode that holds a small forward drop, and pass devices that limit the current.

With the drop ``d = V_ab - V_lb`` and the current ``I`` into the battery::

    R_f(T)   = r_f (1 + a_f (T_f - 25))                              fuse
    I_pass   = smin((d - v_0) / (R_f + R_2 + r_0), d / (R_f + R_2 + R_1))  R_1, R_2 cubic in temperature
    I_lim    = (g V_ref + o) / R_f + s (d - 1 V)                     limiting
    I        = smax(smin(I_pass, I_lim), 0) + leak d                 reverse blocked

With a part that has failed (`cosim.circuit.failed`) the law has a branch more; `S` is the way through that part alone::

    pass device short    I = smax(smin(I_pass, I_lim), S),    S as I_pass, with its resistance in place of R_2
    ideal diode short    I = smin(smax(I_pass, S), I_lim),    S = d / (R_f + R_2 + R_S) either way: nothing blocks
    pass device open     in I_pass the resistances rise with the current, R + K I: the gates follow the mean of four
    blocked              what the other side's body diodes let through: d = v_b(T) + s_b ln(I / 1 A) + R I, either way

`smin` and `smax` are hyperbolic knees of measured width. The device powers follow from the same drops, so that
fuse + devices + other = d I exactly. A plain link (`kind` 1) is ``I = d / R_link``. A converter (`kind` 2, the buck)
takes its input current by the same law and gives another one out: `cosim.circuit.conversion`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.branches import body_current_and_slope, curved_current_and_slope, smooth_max, smooth_min
from models.compiled import borrowing, compiled

Array = NDArray[np.float64]

LIMITER, LINK, CONVERTER = 0.0, 1.0, 2.0
PASS_SHORT, DIODE_SHORT, OPEN, PASS_OPEN = 1.0, 2.0, 3.0, 4.0
"""Failures of a limiter that its law knows: a pass device or its ideal diode is short; nothing conducts any more; a
pass device is open."""
FUSE_BLOWN = -1.0
"""`enable` of a path whose fuse is blown: even what has failed short carries nothing."""
ROOM_degC = 26.85
"""Where the slope of a body diode, proportional to the absolute temperature, is stated: 300 K."""


class Characteristic(NamedTuple):
    """Coefficients of the terminal law; all measured from settled windows (see `cosim.circuit.identify`).

    kind [0 limiter, 1 link, 2 converter]; fuse_ohm [ohm at 25 degC], fuse_alpha_per_K; diode_ohm and pass_ohm [ohm at
    25 degC], their relative temperature polynomials per K, K2, K3 about 25 degC (`*_t1`, `*_t2`, `*_t3`); drop_V
    forward drop that the ideal diode holds, drop_ohm its rise with current, drop_knee_V; limit_gain [-],
    limit_offset_mV, limit_slope_S; knee_A; floor_A (width of the knee to blocking); leak_S; other_ohm (loss outside
    devices and fuse); link_ohm; trip_V input voltage above which the hardware blocks (read from the netlist, not
    fitted); share_* share of each pass device in their common power. near_trip_V, near_trip_A: input voltage and port
    current from which on a trip of the hardware is near (see `cosim.circuit.trips`). drop_low_V .. high_degC: what the
    law was measured on: drops, references where it limits, temperatures. switch_S, switch_1, switch_ohm, bridge_share:
    losses of a converter, see `cosim.circuit.conversion`; the shares are then those of its switching losses.
    failure [0 none, 1 pass device short, 2 ideal diode short, 3 open, 4 pass device open]; curve_ohm_A: rise of the
    others' resistance with the current then; short_ohm, short_place: resistance of the part
    that is short (with its package), and which of the devices it is; body_V, body_per_K, body_slope_V, body_ohm,
    body_ohm_per_K: body diodes on the way when blocked: drop at 1 A and 300 K, its change [V/K], rise per e-fold of
    current at 300 K, resistance and its relative change.
    """

    kind: float
    fuse_ohm: float
    fuse_alpha_per_K: float
    diode_ohm: float
    diode_t1: float
    diode_t2: float
    diode_t3: float
    pass_ohm: float
    pass_t1: float
    pass_t2: float
    pass_t3: float
    drop_V: float
    drop_ohm: float
    drop_knee_V: float
    limit_gain: float
    limit_offset_mV: float
    limit_slope_S: float
    knee_A: float
    floor_A: float
    leak_S: float
    other_ohm: float
    link_ohm: float
    trip_V: float
    share_a: float
    share_b: float
    share_c: float
    share_d: float
    near_trip_V: float
    near_trip_A: float
    drop_low_V: float
    drop_high_V: float
    reference_low_mV: float
    reference_high_mV: float
    low_degC: float
    high_degC: float
    switch_S: float = 0.0
    switch_1: float = 0.0
    switch_ohm: float = 0.0
    bridge_share: float = 1.0
    failure: float = 0.0
    short_ohm: float = 0.0
    short_place: float = 0.0
    body_V: float = 0.6
    body_per_K: float = 0.0
    body_slope_V: float = 0.026
    body_ohm: float = 1e-3
    body_ohm_per_K: float = 0.0
    curve_ohm_A: float = 0.0


class Controls(NamedTuple):
    """What commands and temperatures the law depends on: enable [0/1, or `FUSE_BLOWN`], reference [mV], [degC]."""

    enable: float
    reference_mV: float
    fuse_degC: float
    diode_degC: float
    pass_degC: float


@borrowing
def polynomial_ohm(ohm: float, t1: float, t2: float, t3: float, temperature_degC: float) -> float:
    """Resistance at a temperature: relative cubic about 25 degC."""
    t = temperature_degC - 25.0
    return ohm * (1.0 + t * (t1 + t * (t2 + t * t3)))


@borrowing
def fuse_ohm(c: Characteristic, fuse_degC: float) -> float:
    """Fuse resistance at its temperature [ohm]."""
    return c.fuse_ohm * (1.0 + c.fuse_alpha_per_K * (fuse_degC - 25.0))


class Law(NamedTuple):
    """The law at fixed commands and temperatures: what a root search need not compute again.

    mode : 0 the full law, 1 conductance `leak_S` only (link, or blocked), 2 blocked but for a body diode; held_S,
    through_S : slopes of the two
    branches of I_pass; limit_A : I_lim at a drop of 1 V; drop_V, knee_A, slope_S, round_A, floor_A, leak_S : as in
    the law; from `converts` on what `cosim.circuit.conversion` needs, `fuse_ohm` with the loss outside devices;
    failure, short_held_S, short_S : the branch of a part that is short (`short_S` of an open one: K, ohm/A);
    body_V, body_slope_V, body_ohm : of a diode
    """

    mode: int
    held_S: float
    through_S: float
    drop_V: float
    knee_A: float
    limit_A: float
    slope_S: float
    round_A: float
    floor_A: float
    leak_S: float
    converts: bool
    fuse_ohm: float
    diode_ohm: float
    diode_V: float
    held_ohm: float
    diode_knee_V: float
    bridge_ohm: float
    switch_S: float
    switch_1: float
    switch_ohm: float
    failure: float
    short_held_S: float
    short_S: float
    body_V: float
    body_slope_V: float
    body_ohm: float


@borrowing
def law_at(u: Controls, c: Characteristic) -> Law:
    """The law at these commands and temperatures."""
    if c.kind == 1.0 or u.enable < 0.5 or c.failure == OPEN:
        if (c.failure == PASS_SHORT or c.failure == DIODE_SHORT) and u.enable > 0.5 * FUSE_BLOWN:
            return _body_law(u, c)
        conductance = 1.0 / c.link_ohm if c.kind == 1.0 else c.leak_S
        return Law(
            1, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, conductance, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
            0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        )
    r_fuse = fuse_ohm(c, u.fuse_degC)
    r_diode = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, u.diode_degC)
    r_pass = polynomial_ohm(c.pass_ohm, c.pass_t1, c.pass_t2, c.pass_t3, u.pass_degC)
    r_rest = r_fuse + c.other_ohm + r_pass
    limit_A = (c.limit_gain * u.reference_mV + c.limit_offset_mV) * 1e-3 / r_fuse
    short_held_S = 0.0
    short_S = 0.0
    if c.failure == PASS_SHORT:
        r_short = r_fuse + c.other_ohm + c.short_ohm
        short_held_S, short_S = 1.0 / (r_short + c.drop_ohm), 1.0 / (r_short + r_diode)
    elif c.failure == DIODE_SHORT:
        short_S = 1.0 / (r_rest + c.short_ohm)
    elif c.failure == PASS_OPEN:
        short_S = c.curve_ohm_A
    return Law(
        0, 1.0 / (r_rest + c.drop_ohm), 1.0 / (r_rest + r_diode), c.drop_V, c.drop_knee_V / r_rest, limit_A,
        c.limit_slope_S, c.knee_A, c.floor_A, c.leak_S, c.kind == CONVERTER, r_fuse + c.other_ohm, r_diode, c.drop_V,
        c.drop_ohm, c.drop_knee_V, r_pass, c.switch_S, c.switch_1, c.switch_ohm, c.failure, short_held_S, short_S, 0.0,
        0.0, 0.0,
    )


@borrowing
def _body_law(u: Controls, c: Characteristic) -> Law:
    """A blocked path with a part that is short: the body diodes of the other side, and all resistance on the way."""
    t = (u.diode_degC if c.failure == PASS_SHORT else u.pass_degC) - ROOM_degC
    slope_V = c.body_slope_V * (1.0 + t / (ROOM_degC + 273.15))
    ohm = fuse_ohm(c, u.fuse_degC) + c.other_ohm + c.short_ohm + c.body_ohm * (1.0 + c.body_ohm_per_K * t)
    round_A = slope_V / ohm
    return Law(
        2, 1.0, 1.0, 0.0, round_A, 0.0, 0.0, round_A, round_A, c.leak_S, False, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
        0.0, c.failure, 0.0, 0.0, c.body_V + c.body_per_K * t, slope_V, ohm,
    )


@borrowing
def _knee(a: float, a_slope: float, b: float, b_slope: float, width: float) -> tuple[float, float]:
    """`smooth_min` and its derivative."""
    root = math.sqrt((a - b) ** 2 + width**2)
    turn = (a - b) / root if root > 0.0 else 0.0
    return 0.5 * (a + b - root), 0.5 * (a_slope + b_slope - turn * (a_slope - b_slope))


@borrowing
def current_and_slope(drop_V: float, law: Law) -> tuple[float, float]:
    """Current [A] through the circuit at a drop, and its derivative [S]."""
    if law.mode == 1:
        return law.leak_S * drop_V, law.leak_S
    if law.failure > 0.0:
        return _failed_current_and_slope(drop_V, law)
    passed, passed_S = _knee(
        (drop_V - law.drop_V) * law.held_S, law.held_S, drop_V * law.through_S, law.through_S, law.knee_A
    )
    limited = law.limit_A + law.slope_S * (drop_V - 1.0)
    limited_S = law.slope_S
    if limited <= 0.0:
        limited = 0.0
        limited_S = 0.0
    forward, forward_S = _knee(passed, passed_S, limited, limited_S, law.round_A)
    root = math.sqrt(forward**2 + law.floor_A**2)
    turn = forward / root if root > 0.0 else 0.0
    return 0.5 * (forward + root) + law.leak_S * drop_V, 0.5 * forward_S * (1.0 + turn) + law.leak_S


@borrowing
def _failed_current_and_slope(drop_V: float, law: Law) -> tuple[float, float]:
    """`current_and_slope` with a part that is short."""
    leak, leak_S = law.leak_S * drop_V, law.leak_S
    if law.mode == 2:
        forward_V = drop_V if law.failure == PASS_SHORT else -drop_V
        if forward_V <= 0.0:
            return leak, leak_S
        body, body_S = body_current_and_slope(forward_V, law.body_V, law.body_slope_V, law.body_ohm)
        return (body if law.failure == PASS_SHORT else -body) + leak, body_S + leak_S
    held, held_S = (drop_V - law.drop_V) * law.held_S, law.held_S
    through, through_S = drop_V * law.through_S, law.through_S
    if law.failure == PASS_OPEN:
        held, held_S = curved_current_and_slope(drop_V - law.drop_V, 1.0 / law.held_S, law.short_S)
        through, through_S = curved_current_and_slope(drop_V, 1.0 / law.through_S, law.short_S)
    passed, passed_S = _knee(held, held_S, through, through_S, law.knee_A)
    if law.failure == DIODE_SHORT:
        passed, passed_S = _upper_knee(passed, passed_S, drop_V * law.short_S, law.short_S, law.round_A)
    limited = max(law.limit_A + law.slope_S * (drop_V - 1.0), 0.0)
    forward, forward_S = _knee(passed, passed_S, limited, law.slope_S if limited > 0.0 else 0.0, law.round_A)
    if law.failure == DIODE_SHORT:
        return forward + leak, forward_S + leak_S
    if law.failure == PASS_SHORT:
        short, short_S = _knee(
            (drop_V - law.drop_V) * law.short_held_S, law.short_held_S, drop_V * law.short_S, law.short_S, law.knee_A
        )
        forward, forward_S = _upper_knee(forward, forward_S, short, short_S, law.round_A)
    root = math.sqrt(forward**2 + law.floor_A**2)
    turn = forward / root if root > 0.0 else 0.0
    return 0.5 * (forward + root) + leak, 0.5 * forward_S * (1.0 + turn) + leak_S


@borrowing
def _upper_knee(a: float, a_slope: float, b: float, b_slope: float, width: float) -> tuple[float, float]:
    """`smooth_max` and its derivative."""
    lower, slope = _knee(-a, -a_slope, -b, -b_slope, width)
    return -lower, -slope


@borrowing
def port_current_A(drop_V: float, u: Controls, c: Characteristic) -> float:
    """Current through the circuit at a drop between its studs [A].

    Parameters
    ----------
    drop_V : input stud minus battery stud [V]
    u : commands and temperatures
    c : coefficients
    """
    return current_and_slope(drop_V, law_at(u, c))[0]


@borrowing
def diode_drop_V(current_A: float, diode_ohm: float, c: Characteristic) -> float:
    """Forward drop of the ideal diode [V]: what its driver holds, or its resistance once it is fully on."""
    return smooth_max(c.drop_V + c.drop_ohm * current_A, current_A * diode_ohm, c.drop_knee_V)


@compiled
def powers_W(drop_V: float, current_A: float, u: Controls, c: Characteristic) -> NDArray[np.float64]:
    """Power in q1, q2a..q2d, fuse, other; shape (7,) [W]. Their sum is drop times current."""
    out = np.empty(7)
    fill_powers_W(out, drop_V, current_A, u, c)
    return out


@borrowing
def fill_powers_W(
    out: NDArray[np.float64], drop_V: float, current_A: float, u: Controls, c: Characteristic
) -> None:
    """Fill `out` with `powers_W`."""
    if c.failure == PASS_SHORT or c.failure == DIODE_SHORT:
        _fill_failed_W(out, drop_V, current_A, u, c)
        return
    if c.kind == 1.0 or current_A <= 0.0:
        out[:6] = 0.0
        out[6] = drop_V * current_A
        return
    r_diode = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, u.diode_degC)
    diode_drop = min(diode_drop_V(current_A, r_diode, c), drop_V)
    out[0] = current_A * diode_drop
    out[5] = current_A**2 * fuse_ohm(c, u.fuse_degC)
    out[6] = current_A**2 * c.other_ohm
    rest = drop_V * current_A - out[0] - out[5] - out[6]
    out[1] = rest * c.share_a
    out[2] = rest * c.share_b
    out[3] = rest * c.share_c
    out[4] = rest * c.share_d


@borrowing
def _fill_failed_W(
    out: NDArray[np.float64], drop_V: float, current_A: float, u: Controls, c: Characteristic
) -> None:
    """`fill_powers_W` with a part that is short; its place takes what its resistance burns."""
    square = current_A**2
    out[:5] = 0.0
    out[5] = square * fuse_ohm(c, u.fuse_degC)
    out[6] = square * c.other_ohm
    blocked = u.enable < 0.5
    rest = drop_V * current_A - out[5] - out[6]
    if rest <= 0.0 or (c.failure == PASS_SHORT and current_A <= 0.0):
        out[:6] = 0.0
        out[6] = drop_V * current_A
        return
    place = int(c.short_place)
    if c.failure == PASS_SHORT:
        if blocked:
            out[place] = min(square * c.short_ohm, rest)
            out[0] = rest - out[place]
            return
        r_diode = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, u.diode_degC)
        out[0] = min(current_A * diode_drop_V(current_A, r_diode, c), rest)
        rest -= out[0]
        burnt = min((rest / current_A) ** 2 / c.short_ohm, rest)
    elif blocked or current_A < 0.0:
        burnt = min(square * c.short_ohm, rest)
    else:
        r_diode = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, u.diode_degC)
        held = smooth_min(current_A * c.short_ohm, c.drop_V + c.drop_ohm * current_A, c.drop_knee_V)
        burnt = min(current_A * max(smooth_max(held, current_A * r_diode, c.drop_knee_V), 0.0), rest)
    rest -= burnt
    out[1] += rest * c.share_a
    out[2] += rest * c.share_b
    out[3] += rest * c.share_c
    out[4] += rest * c.share_d
    out[place] += burnt


FITTED = ("fuse_ohm", "fuse_alpha_per_K", "diode_ohm", "diode_t1", "diode_t2", "diode_t3", "pass_ohm", "pass_t1",
          "pass_t2", "pass_t3", "drop_V", "drop_ohm", "drop_knee_V", "limit_gain", "limit_offset_mV",
          "limit_slope_S", "knee_A", "floor_A", "leak_S", "other_ohm")
"""Coefficients that are identified from samples, in the order of the fit."""


def limiter_start() -> Characteristic:
    """Start values of the fit (ours): the classes of parts in `netlists/devices.lib`; the fit moves all of them."""
    return Characteristic(
        kind=LIMITER, fuse_ohm=0.6e-3, fuse_alpha_per_K=0.0039, diode_ohm=0.5e-3, diode_t1=4e-3, diode_t2=1e-5,
        diode_t3=0.0, pass_ohm=0.3e-3, pass_t1=4e-3, pass_t2=1e-5, pass_t3=0.0, drop_V=0.016,
        drop_ohm=0.05e-3, drop_knee_V=2e-3, limit_gain=1.0, limit_offset_mV=0.0, limit_slope_S=0.0,
        knee_A=0.5, floor_A=0.05, leak_S=1e-5, other_ohm=0.1e-3, link_ohm=1e-3, trip_V=1e9,
        share_a=0.25, share_b=0.25, share_c=0.25, share_d=0.25, near_trip_V=1e9, near_trip_A=1e9, drop_low_V=-1e9,
        drop_high_V=1e9, reference_low_mV=-1e9, reference_high_mV=1e9, low_degC=-1e9, high_degC=1e9,
    )
