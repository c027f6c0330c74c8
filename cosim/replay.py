"""A window as one deck without Python: recorded sources as PWL, and if wanted the battery as native elements.

It is the check on the coupling (the same circuit, the same commands, nothing exchanged) and what a circuit designer
can take away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.deck import SOURCE_WAVES, DeckSpec, top_deck
from models import battery
from models.cell import ocv_slope_V, open_circuit_voltage_V, temperature_factor

Array = NDArray[np.float64]

POINTS_PER_LINE = 4
SHORTEST_PWL_S = 1e-9
"""Points closer than this are one point of a PWL source."""
GATE_S = 1e-6
"""Time in which a native battery is let go before its window starts (ours)."""


@dataclass(frozen=True)
class NativeBattery:
    """Battery of equal cells as capacitors and resistors, linear about its state.

    capacitance_F : charge per volt of open-circuit voltage; start_V : open-circuit voltage; pairs : (R [ohm], C [F],
    start [V]) of each polarisation pair, all cells in series
    """

    capacitance_F: float
    start_V: float
    pairs: tuple[tuple[float, float, float], ...]

    def elements(self, preroll_s: float) -> list[str]:
        """Elements that drive node `xemf` from the battery current; the battery stands still during the pre-roll."""
        lines = [
            f"vgate ngate 0 pwl(0 0 {preroll_s - GATE_S!r} 0 {preroll_s!r} 1)",
            "bocv 0 nocv i=v(ngate)*i(vibat)", f"cocv nocv 0 {self.capacitance_F!r}", f".ic v(nocv)={self.start_V!r}",
        ]
        emf = ["v(nocv)"]
        for k, (ohm, farad, start) in enumerate(self.pairs, start=1):
            lines += [f"bp{k} 0 np{k} i=v(ngate)*(i(vibat)-v(np{k})/{ohm!r})", f"cp{k} np{k} 0 {farad!r}",
                      f".ic v(np{k})={start!r}"]
            emf.append(f"v(np{k})")
        return [*lines, f"bemf xemf 0 v={'+'.join(emf)}"]


def replay_deck(
    spec: DeckSpec, time_s: Array, waves: Mapping[str, Array], preroll_s: float, native: NativeBattery | None = None,
    enabling: tuple[float, float] | None = None, circuit: str | None = None,
) -> str:
    """Deck body of a window with every external source replaced.

    Parameters
    ----------
    spec : deck of the window
    time_s, waves : recorded points from the window's start on (our signal names)
    preroll_s : length of the pre-roll, during which the first values stand
    native : battery as native elements instead of its recorded EMF
    enabling : start and length [s] of the ramp that enables the path in the pre-roll, where it was on before the window
        (the operating point is always one of the disabled path)
    circuit : netlists to use instead of the present ones
    """
    lines: list[str] = []
    for line in top_deck(spec, circuit=circuit).splitlines():
        words = line.split()
        if len(words) == 4 and words[3] == "external":
            if words[0] == "vemf" and native is not None:
                lines += native.elements(preroll_s)
            else:
                times, value = time_s + preroll_s, waves[SOURCE_WAVES[words[0]]]
                if words[0] == "ven" and enabling is not None:
                    start_s, ramp_s = enabling
                    times = np.concatenate(([0.0, start_s, start_s + ramp_s], times))
                    value = np.concatenate(([0.0, 0.0, value[0]], value))
                lines += pwl_source(words[0], words[1], times, value)
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def pwl_source(name: str, node: str, time_s: Array, value: Array) -> list[str]:
    """One PWL source through the recorded points, those on a straight line left out."""
    keep = corner_points(time_s, value)
    pairs = [f"{t!r} {v!r}" for t, v in zip(time_s[keep].tolist(), value[keep].tolist(), strict=True)]
    rows = [" ".join(pairs[i : i + POINTS_PER_LINE]) for i in range(0, len(pairs), POINTS_PER_LINE)]
    return [f"{name} {node} 0 pwl(", *(f"+ {row}" for row in rows), "+ )"]


def corner_points(time_s: Array, value: Array, tolerance: float = 1e-7) -> Array:
    """Indices of the points between which straight lines pass every point left out within a relative tolerance.

    Swinging door: from the last kept point, each further point narrows the slopes that still pass within the
    tolerance of all points in between; the first that lies outside begins the next line at its predecessor. Without
    looking back at all of them, small deviations of a slow curve would add up.
    """
    t, v = time_s.tolist(), value.tolist()
    keep, last = [0], 0
    low, high = -math.inf, math.inf
    for k in range(1, len(t) - 1):
        if t[k] - t[last] < SHORTEST_PWL_S or t[k + 1] - t[k] < SHORTEST_PWL_S:
            continue
        allowed = tolerance * max(1.0, abs(v[k]))
        span = t[k] - t[last]
        low, high = max(low, (v[k] - allowed - v[last]) / span), min(high, (v[k] + allowed - v[last]) / span)
        if not low <= (v[k + 1] - v[last]) / (t[k + 1] - t[last]) <= high:
            keep.append(k)
            last, low, high = k, -math.inf, math.inf
    return np.array([*keep, len(t) - 1])


def native_battery(state: battery.BatteryState, p: battery.BatteryParameters) -> NativeBattery:
    """Native elements of a battery of cells in series, linear about its present state.

    Open-circuit voltage as a capacitor ``C = 3600 Q / sum(dOCV/dsoc)``; each polarisation pair as the sum of the
    cells' resistances at their temperatures with the common time constant.
    """
    c = p.cell
    slope_V = ohm1 = ohm2 = ocv = 0.0
    for i in range(state.soc.size):
        soc, factor = float(state.soc[i]), p.resistance_factor[i] * temperature_factor(state.temperature_degC[i], c)
        slope_V += ocv_slope_V(soc, c) / float(p.capacity_factor[i])
        ocv += open_circuit_voltage_V(soc, c)
        ohm1 += c.r1_ohm * factor
        ohm2 += c.r2_ohm * factor
    pairs = ((float(ohm1), float(c.tau1_s / ohm1), float(state.v1_V.sum())),
             (float(ohm2), float(c.tau2_s / ohm2), float(state.v2_V.sum())))
    return NativeBattery(float(3600.0 * c.capacity_Ah / slope_V), float(ocv), pairs)
