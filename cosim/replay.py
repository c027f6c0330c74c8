"""A window as one deck without Python: recorded sources as PWL, and if wanted the battery as native elements.

It is the check on the coupling (the same circuit, the same commands, nothing exchanged) and what a circuit designer
can take away.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class NativeBattery:
    """Battery of equal cells as capacitors and resistors, linear about its state.

    capacitance_F : charge per volt of open-circuit voltage; start_V : open-circuit voltage; pairs : (R [ohm], C [F],
    start [V]) of each polarisation pair, all cells in series
    """

    capacitance_F: float
    start_V: float
    pairs: tuple[tuple[float, float, float], ...]

    def elements(self) -> list[str]:
        """Elements that drive node `xemf` from the battery current."""
        lines = ["bocv 0 nocv i=i(vibat)", f"cocv nocv 0 {self.capacitance_F!r}", f".ic v(nocv)={self.start_V!r}"]
        emf = ["v(nocv)"]
        for k, (ohm, farad, start) in enumerate(self.pairs, start=1):
            lines += [f"bp{k} 0 np{k} i=i(vibat)", f"rp{k} np{k} 0 {ohm!r}", f"cp{k} np{k} 0 {farad!r}",
                      f".ic v(np{k})={start!r}"]
            emf.append(f"v(np{k})")
        return [*lines, f"bemf xemf 0 v={'+'.join(emf)}"]


def replay_deck(
    spec: DeckSpec, time_s: Array, waves: Mapping[str, Array], preroll_s: float, native: NativeBattery | None = None
) -> str:
    """Deck body of a window with every external source replaced.

    Parameters
    ----------
    spec : deck of the window
    time_s, waves : recorded points from the window's start on (our signal names)
    preroll_s : length of the pre-roll, during which the first values stand
    native : battery as native elements instead of its recorded EMF
    """
    lines: list[str] = []
    for line in top_deck(spec).splitlines():
        words = line.split()
        if len(words) == 4 and words[3] == "external":
            if words[0] == "vemf" and native is not None:
                lines += native.elements()
            else:
                lines += pwl_source(words[0], words[1], time_s + preroll_s, waves[SOURCE_WAVES[words[0]]])
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
    """Indices of the points that a straight line between kept neighbours does not already give."""
    keep = [0]
    last = 0
    for k in range(1, time_s.size - 1):
        if time_s[k] - time_s[last] < SHORTEST_PWL_S or time_s[k + 1] - time_s[k] < SHORTEST_PWL_S:
            continue
        ahead = value[last] + (value[k + 1] - value[last]) * (time_s[k] - time_s[last]) / (time_s[k + 1] - time_s[last])
        if abs(ahead - value[k]) > tolerance * max(1.0, abs(value[k])):
            keep.append(k)
            last = k
    return np.array([*keep, time_s.size - 1])


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
