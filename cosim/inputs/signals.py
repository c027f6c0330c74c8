"""What drives the plant from outside, as piecewise-linear signals over time.

One form serves both time scales: the slow loop samples the signals on its ticks, a window holds them as
first-order ramps between their corners. A step is a ramp of microseconds with a corner at each end, so no
discontinuity is ever guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PiecewiseLinear:
    """A signal that is straight between its corners and constant outside them.

    Attributes
    ----------
    time_s : (n,) strictly rising corner times
    value : (n,) values at the corners
    """

    time_s: Array
    value: Array

    def __post_init__(self) -> None:
        if self.time_s.shape != self.value.shape or self.time_s.ndim != 1 or self.time_s.size == 0:
            raise ValueError("time_s and value must be equally long, one-dimensional and not empty")
        if np.any(np.diff(self.time_s) <= 0.0) or not np.all(np.isfinite(self.value)):
            raise ValueError("times must rise strictly and values be finite")

    @classmethod
    def constant(cls, value: float) -> PiecewiseLinear:
        """One value for ever."""
        return cls(np.array([0.0]), np.array([float(value)]))

    @classmethod
    def pulse(cls, height: float, start_s: float, duration_s: float, rise_s: float) -> PiecewiseLinear:
        """Zero, then `height` from `start_s` on (reached after `rise_s`), and back after `duration_s`."""
        end_s = start_s + max(duration_s, 2.0 * rise_s)
        times = np.array([start_s, start_s + rise_s, end_s, end_s + rise_s])
        return cls(times, np.array([0.0, height, height, 0.0]))

    def at(self, time_s: float | Array) -> Array:
        """Value at one time or at an array of times."""
        return np.asarray(np.interp(time_s, self.time_s, self.value), dtype=np.float64)

    def corners(self, start_s: float, end_s: float) -> Array:
        """Corner times strictly inside (start_s, end_s)."""
        return self.time_s[(self.time_s > start_s) & (self.time_s < end_s)]

    def __add__(self, other: PiecewiseLinear) -> PiecewiseLinear:
        times = np.union1d(self.time_s, other.time_s)
        return PiecewiseLinear(times, self.at(times) + other.at(times))


def total(signals: Iterable[PiecewiseLinear]) -> PiecewiseLinear:
    """Sum of piecewise-linear signals; zero for none."""
    result = PiecewiseLinear.constant(0.0)
    for signal in signals:
        result = result + signal
    return result


@dataclass(frozen=True)
class Inputs:
    """Every outside influence on the plant.

    Attributes
    ----------
    alternator_rpm : alternator speed [1/min]; 0 while the engine stands
    vehicle_speed_m_s : for pictures only
    load_A : current of all consumers at the vehicle's bus, starter motor included [A]
    supply_emf_V : laboratory supply in place of the vehicle [V]; zero where there is none
    ambient_degC : engine bay, BMS, battery [degC]
    fast_starts_s : moments at which something fast begins (starter motor, load step), with its label
    system_W : power per device at System+ (`cosim.inputs.system`) [W]; of events there current [A], conductance [S]
    contacts : external source and signal of each contact that an event moves, 0 to 1 (a consumer: its current [A])
    """

    alternator_rpm: PiecewiseLinear
    vehicle_speed_m_s: PiecewiseLinear
    load_A: PiecewiseLinear
    supply_emf_V: PiecewiseLinear
    ambient_degC: tuple[float, float, float]
    fast_starts_s: tuple[tuple[float, str], ...]
    system_W: tuple[PiecewiseLinear, ...] = ()
    contacts: tuple[tuple[str, PiecewiseLinear], ...] = ()

    def corners(self, start_s: float, end_s: float) -> Array:
        """All corner times strictly inside the interval."""
        signals = (self.alternator_rpm, self.load_A, self.supply_emf_V, *(s for _, s in self.contacts))
        return np.unique(np.concatenate([s.corners(start_s, end_s) for s in signals]))

    def fast_corners(self, start_s: float, end_s: float) -> Array:
        """Corners of load, supply and contacts strictly inside the interval: where something fast may begin or end."""
        found = np.union1d(self.load_A.corners(start_s, end_s), self.supply_emf_V.corners(start_s, end_s))
        for _, signal in self.contacts:
            found = np.union1d(found, signal.corners(start_s, end_s))
        return found

    def moved_contacts(self, start_s: float, end_s: float) -> tuple[str, ...]:
        """Contacts that move in the interval, by their external sources."""
        return tuple(name for name, signal in self.contacts if signal.corners(start_s, end_s).size)

    def sampled(self, time_s: Array) -> Array:
        """Rows of rpm, speed, load, supply EMF and devices' powers at the given times; shape (n, 4 and devices)."""
        signals = (self.alternator_rpm, self.vehicle_speed_m_s, self.load_A, self.supply_emf_V, *self.system_W)
        rows = np.empty((time_s.size, len(signals)))
        for j, signal in enumerate(signals):
            rows[:, j] = signal.value[0] if signal.value.size == 1 else signal.at(time_s)
        return rows
