"""A body diode behind a resistance: its current at a drop."""

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
