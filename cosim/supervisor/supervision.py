"""The supervisor as the engine holds it: state, standing commands and the hold that they came with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.slow.commands import command_vector
from cosim.slow.hold_bounds import bounds_of_hold
from cosim.slow.sensors import free_bounds

Array = NDArray[np.float64]


class Call(NamedTuple):
    """One call of the supervisor: when, what it saw, what it said, and the call before it that was kept."""

    tick: int
    dt_ms: int
    measurements: bms.Measurements
    commands: bms.Commands
    events: tuple[bms.Event, ...]
    state: bms.State
    before: Call | None


def in_order(last: Call | None) -> Iterator[Call]:
    """Calls up to `last`, the oldest first."""
    chain = []
    while last is not None:
        chain.append(last)
        last = last.before
    return reversed(chain)


class Supervision(NamedTuple):
    """Immutable: asking the supervisor gives a new one, so a window can be retried from its start.

    Attributes
    ----------
    settings, state, commands : of the supervisor; `commands` stand until the next call
    low, high : bounds per measurement within which nothing would change
    between_low, between_high : wider bounds that are enough between the samples of the estimators
    sample_ticks : ticks from one sample to the next
    deadline_tick, last_tick : when it must be asked at the latest, when it was asked last
    tick_ms : tick length [ms]
    n_cells, n_batteries : of the whole bank
    every_tick : ask on every tick, whatever the hold says (to check that holds are sound)
    events : what the last call reported
    keep : keep the calls, because somebody listens to them
    calls : last of the calls kept; a chain of immutable links, so that a window that is retried or dropped takes its
        own calls with it
    """

    settings: bms.Settings
    state: bms.State
    commands: bms.Commands
    low: Array
    high: Array
    between_low: Array
    between_high: Array
    sample_ticks: int
    deadline_tick: int
    last_tick: int
    tick_ms: int
    n_cells: int
    n_batteries: int
    every_tick: bool
    events: tuple[bms.Event, ...]
    keep: bool = False
    calls: Call | None = None

    @classmethod
    def begin(
        cls, settings: bms.Settings, measurements: bms.Measurements, tick_ms: int, every_tick: bool = False,
        n_batteries: int = 1, keep: bool = False,
    ) -> Supervision:
        """First call, at tick 0 with no time passed."""
        n_cells = len(measurements.cell_voltage_V)
        free = free_bounds(n_batteries)
        sample_ticks = -(-settings.firmware.sample_period_ms // tick_ms)
        start = cls(
            settings, bms.State(), bms.Commands(), -free, free, -free, free, sample_ticks, 0, 0, tick_ms, n_cells,
            n_batteries, every_tick, (), keep,
        )
        return start.stepped(0, measurements)

    def wants(self, tick: int, inside: bool) -> bool:
        """Whether the supervisor has to be asked at a tick, the measurements being inside their bounds or not."""
        return tick >= self.deadline_tick or not inside

    def stepped(self, tick: int, measurements: bms.Measurements) -> Supervision:
        """Ask the supervisor at a tick."""
        elapsed_ms = (tick - self.last_tick) * self.tick_ms
        state, commands, events, hold = bms.step(self.state, measurements, self.settings, elapsed_ms * 1e-3)
        low, high, between_low, between_high = bounds_of_hold(hold, self.n_batteries)
        hold_ticks = 1 if self.every_tick else max(1, -(-hold.deadline_ms // self.tick_ms))
        return Supervision(
            self.settings, state, commands, low, high, between_low, between_high, self.sample_ticks, tick + hold_ticks,
            tick, self.tick_ms, self.n_cells, self.n_batteries, self.every_tick, events, self.keep,
            Call(tick, elapsed_ms, measurements, commands, events, state, self.calls) if self.keep else None,
        )

    def reconfigured(self, settings: bms.Settings) -> Supervision:
        """With other settings, to be asked with them at once."""
        state = bms.reconfigured(self.state, self.settings, settings)
        return self._replace(settings=settings, state=state, deadline_tick=self.last_tick)

    def vector(self, in_window: bool = False) -> Array:
        """Commands as compiled code takes and records them (`cosim.slow.commands`)."""
        return command_vector(self.commands, self.fuse_estimate_degC, self.state.remote.on, in_window)

    @property
    def fuse_estimate_degC(self) -> float:
        """Fuse temperature as the supervisor believes it."""
        return float(self.state.fuse_estimate_degC)
