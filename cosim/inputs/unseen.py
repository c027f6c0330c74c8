"""Inputs that move between two ticks of the slow engine, which samples them on its ticks: told, not smoothed over.

A mean over the tick would change the record of every input and still hide what the circuit does with the ripple; a
window, or a shorter tick, shows it. So the run says where its samples missed something outside its windows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.inputs.signals import Inputs

TOLERANCE_V, TOLERANCE_A, TOLERANCE_RPM = 0.05, 5.0, 200.0
"""Smallest excursions between ticks that count, of supply, load and alternator speed (ours): 50 mV of supply move the
port by some 10 A, of 5 A of load the starter battery takes most."""


class Unseen(NamedTuple):
    """An input that the samples missed: its name and unit, the first tick, in how many ticks, and by how much."""

    name: str
    unit: str
    first_tick: int
    ticks: int
    largest: float

    def detail(self, tick_s: float) -> str:
        """In words, for the log."""
        return (f"{self.name} moves by up to {self.largest:.3g} {self.unit} between samples {tick_s:g} s apart, in "
                f"{self.ticks} ticks outside windows; shorten tick_s or ask for a window there")


def unseen(inputs: Inputs, tick_s: float, n_ticks: int, covered: Iterable[tuple[int, int]]) -> list[Unseen]:
    """What the samples of a run missed outside its windows.

    Parameters
    ----------
    inputs : outside influences
    tick_s, n_ticks : tick and length of the run
    covered : first and last tick of each window
    """
    seen: NDArray[np.bool_] = np.zeros(n_ticks + 1, dtype=np.bool_)
    for start, end in covered:
        seen[start : end + 1] = True
    ticks_s = np.arange(n_ticks + 1, dtype=np.float64) * tick_s
    found = []
    for name, unit, signal, tolerance in (
        ("supply EMF", "V", inputs.supply_emf_V, TOLERANCE_V), ("load", "A", inputs.load_A, TOLERANCE_A),
        ("alternator speed", "1/min", inputs.alternator_rpm, TOLERANCE_RPM),
    ):
        corners = signal.corners(0.0, float(ticks_s[-1]))
        if not corners.size:
            continue
        beside_s = ticks_s[_beside(corners, ticks_s)]
        off = np.abs(signal.at(corners) - np.interp(corners, beside_s, signal.at(beside_s)))
        tick = np.minimum((corners / tick_s + 1e-9).astype(np.int64), n_ticks)
        missed = (off > tolerance) & ~seen[tick]
        if missed.any():
            ticks = np.unique(tick[missed])
            found.append(Unseen(name, unit, int(ticks[0]), int(ticks.size), float(off[missed].max())))
    return found


def _beside(corners_s: NDArray[np.float64], ticks_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which ticks are neighbours of a corner: the others say nothing about what lies between ticks."""
    after = np.searchsorted(ticks_s, corners_s)
    near: NDArray[np.bool_] = np.zeros(ticks_s.size, dtype=np.bool_)
    near[after] = near[np.maximum(after - 1, 0)] = True
    return near
