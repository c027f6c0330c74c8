"""Branches of a terminal law: knees, a body diode behind a resistance, a resistance that rises with its current."""

from __future__ import annotations

import math

from models.compiled import borrowing

BODY_STEPS = 40
"""Newton steps to a diode's current at most; from above, on a convex curve, they fall on it in about six."""


@borrowing
def body_current_and_slope(drop_V: float, volts: float, slope_V: float, ohm: float) -> tuple[float, float]:
    """Current [A] of a diode behind a resistance at a positive drop, and its derivative [S].

    ``d = v + s x + R e**x`` with ``x = ln(I / 1 A)`` is convex and rises: Newton from above goes down to its root.
    """
    over_V = drop_V - volts
    x = math.log(over_V / ohm) if over_V > ohm else over_V / slope_V
    for _ in range(BODY_STEPS):
        through_V = ohm * math.exp(x)
        step = (over_V - slope_V * x - through_V) / (slope_V + through_V)
        x += step
        if abs(step) < 1e-13:
            break
    current = math.exp(x)
    return current, 1.0 / (ohm + slope_V / current)


@borrowing
def curved_current_and_slope(volts: float, ohm: float, curve_ohm_A: float) -> tuple[float, float]:
    """Current [A] through a resistance that rises with it, ``V = R I + K I**2``, and its derivative; linear below 0."""
    if volts <= 0.0:
        return volts / ohm, 1.0 / ohm
    root = math.sqrt(ohm**2 + 4.0 * curve_ohm_A * volts)
    return 2.0 * volts / (ohm + root), 1.0 / root


@borrowing
def smooth_min(a: float, b: float, width: float) -> float:
    """Hyperbolic minimum; differs from min(a, b) by width/2 at the corner and width**2/(4|a-b|) far from it."""
    return 0.5 * (a + b - math.sqrt((a - b) ** 2 + width**2))


@borrowing
def smooth_max(a: float, b: float, width: float) -> float:
    """Hyperbolic maximum, see `smooth_min`."""
    return 0.5 * (a + b + math.sqrt((a - b) ** 2 + width**2))
