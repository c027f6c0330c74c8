"""What an invariant looks at: the waveforms of a run on the grid of its ticks, and what of it was broken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.result import Result
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import CableFault, DeviceFault, SensorFault

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LYING = ("offset", "frozen", "stuck")
"""Sensor faults that give a wrong value; an open sensor gives none, which the supervisor must notice."""


class Finding(NamedTuple):
    """What is wrong, and from when on [s]."""

    time_s: float
    text: str


class Record:
    """A scenario and its result.

    Parameters
    ----------
    scenario : as it ran; it is recorded on every tick (`recording.period_s` = `tick_s`)
    result : of the run
    broken : names of the plant's broken parts
    """

    def __init__(self, scenario: Scenario, result: Result, broken: Sequence[str] = ()) -> None:
        self.scenario, self.result, self.broken = scenario, result, tuple(broken)
        self.time_s = np.asarray(result.slow.time_s.values, dtype=np.float64)

    def __getitem__(self, channel: str) -> Array:
        """Waveform of a channel, shape (n,) or (n, columns), in its unit."""
        return np.asarray(self.result.slow[channel].values, dtype=np.float64)

    def on(self, channel: str) -> Mask:
        """Whether a switch is on."""
        return np.asarray(self[channel] > 0.5)

    @property
    def at_system(self) -> bool:
        """Whether something stands at System+."""
        return "system_current_A" in self.result.slow

    @cached_property
    def lowest_V(self) -> Array:
        """Lowest cell voltage of the bank."""
        return np.asarray(self["cell_voltage_V"].min(axis=1))

    @cached_property
    def highest_V(self) -> Array:
        """Highest cell voltage of the bank."""
        return np.asarray(self["cell_voltage_V"].max(axis=1))

    def lies(self, *measurements: str) -> bool:
        """Whether one of these sensors gives a wrong value at some time."""
        return any(
            isinstance(f, SensorFault) and f.kind in LYING and f.measurement in measurements
            for f in self.scenario.faults
        )

    def has_short(self, *devices: str) -> bool:
        """Whether one of these transistors fails short; by the beginning of its name."""
        return any(
            isinstance(f, DeviceFault) and f.kind == "device_short" and f.device.startswith(devices)
            for f in self.scenario.faults
        )

    def unheard(self) -> Mask:
        """When a cell's sensor gives nothing, or a battery is not heard; begin and end fall on the nearest tick."""
        half_s = 0.5 * self.scenario.tick_s
        found = np.zeros(self.time_s.size, dtype=bool)
        for f in self.scenario.faults:
            cell = isinstance(f, SensorFault) and f.kind == "open" and f.measurement.startswith("cell_")
            if cell or isinstance(f, CableFault):
                found |= (self.time_s >= f.time_s - half_s) & (self.time_s < f.time_s + f.duration_s - half_s)
        return found

    def lasting(self, condition: Mask, span_s: float) -> Mask:
        """Where a condition has held without a break for longer than `span_s`."""
        broken = np.flatnonzero(~condition)
        last = np.full(condition.size, -1)
        last[broken] = broken
        since = np.maximum.accumulate(last)
        first = np.minimum(since + 1, condition.size - 1)
        return np.asarray(condition & (self.time_s - self.time_s[first] > span_s + 1e-9))

    def first(self, wrong: Mask) -> float | None:
        """First time at which something is wrong."""
        places = np.flatnonzero(wrong)
        return float(self.time_s[places[0]]) if places.size else None
