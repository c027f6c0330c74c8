"""Reusing a window: a month has sixty crankings that are one and the same to every figure.

A window is taken from memory only if it would meet the same supervisor commands, the same inputs tick by tick and the
same state within `TOLERANCE`. What it changed is then applied as a difference; the supervisor itself runs on the
remembered measurements, and if it commands anything else than it did then, the window runs in full after all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.inputs import Inputs
from cosim.plant import PlantState
from cosim.policy import WindowRequest
from cosim.sensors import as_measurements, inside
from cosim.supervision import Supervision
from cosim.window_result import WindowOutcome

Array = NDArray[np.float64]

TOLERANCE = {
    "soc": 0.02, "h": 0.2, "v_V": 7e-3, "temperature_degC": 3.0, "bled_C": np.inf, "chemical_J": np.inf,
    "heat_J": np.inf, "cable_J": np.inf, "v1_V": 5e-3, "v2_V": 10e-3, "winding_degC": 10.0, "rectifier_degC": 10.0,
    "case_degC": 10.0, "heatsink_degC": 3.0, "terminal_degC": 3.0, "junction_degC": 3.0, "melt_fraction": 0.01,
    "input_cable_degC": 10.0, "battery_cable_degC": 10.0, "bus_voltage_V": 0.02, "field_A": 1.0,
    "law_A": 1.0, "system": np.inf, "system_V": 0.05,
}
"""Largest difference of a state that counts as the same, by the last part of its name, in its unit (ours); what only
keeps books may differ. 3 K change the path's resistance by 1 %, 2 % of charge the open-circuit voltage by some 10 mV:
less than 2 A for the fraction of a second that a window lasts."""
REFERENCE_TOLERANCE = 0.01
"""Relative difference of the fuse-drop reference that counts as the same."""
INPUT_TOLERANCE = 1e-6
"""Relative difference of inputs (speed, load, supply) that counts as the same: only rounding of times."""


@dataclass(frozen=True)
class Remembered:
    """A window as it ran: its name in the result, what it started from, what came out."""

    name: str
    request: WindowRequest
    before: bms.Commands
    start: PlantState
    commands: bms.Commands
    inputs: Array
    outcome: WindowOutcome


@dataclass(frozen=True)
class Reused:
    """A window taken from memory."""

    name: str
    state: PlantState
    supervision: Supervision
    end_tick: int
    notes: list[tuple[float, str, str, str]]


class WindowMemory:
    """All windows of a run that may be reused, the latest of each kind first; none where remote or faults change it."""

    def __init__(self, inputs: Inputs, tick_s: float, allowed: bool = True) -> None:
        self._inputs, self._tick_s, self._allowed = inputs, tick_s, allowed
        self._kept: dict[str, list[Remembered]] = {}

    def remember(
        self, name: str, request: WindowRequest, before: bms.Commands, start: PlantState, commands: bms.Commands,
        outcome: WindowOutcome,
    ) -> None:
        """Keep a window that ran in full and settled."""
        if outcome.settled and not request.by_user:
            shape = self._shape(request.start_tick, outcome.end_tick)
            kept = Remembered(name, request, before, start, commands, shape, outcome)
            self._kept.setdefault(request.name, []).insert(0, kept)

    def find(
        self, request: WindowRequest, before: bms.Commands, state: PlantState, supervision: Supervision
    ) -> tuple[Remembered, Reused] | None:
        """A remembered window that stands for this one, and what it leads to; None if it has to run."""
        # Devices at System+ have timers and stages: no difference can be applied to them.
        if not self._allowed or request.by_user or supervision.every_tick or state.system.size:
            return None
        for kept in self._kept.get(request.name, []):
            if not (_same_commands(kept.before, before) and _same_commands(kept.commands, supervision.commands)):
                continue
            length = kept.outcome.end_tick - kept.request.start_tick
            end = request.start_tick + length
            if length > request.limit_ticks or not same_state(kept.start, state):
                continue
            shape = self._shape(request.start_tick, end)
            if shape.shape != kept.inputs.shape or not np.allclose(shape, kept.inputs, INPUT_TOLERANCE, 1e-6):
                continue
            reused = self._supervised(kept, request, state, supervision)
            if reused is not None:
                return kept, reused
        return None

    def _shape(self, start: int, end: int) -> Array:
        """Inputs at all ticks and corners of a window, with the corners' places relative to its start."""
        first_s, last_s = start * self._tick_s, end * self._tick_s
        ticks = np.arange(start, end + 1, dtype=np.float64) * self._tick_s
        times = np.concatenate([ticks, self._inputs.corners(first_s, last_s)])
        rows = self._inputs.sampled(times)[:, [0, 2, 3]]
        return np.column_stack([np.round(times - first_s, 7), rows])

    def _supervised(
        self, kept: Remembered, request: WindowRequest, state: PlantState, supervision: Supervision
    ) -> Reused | None:
        """Let the supervisor live through the remembered measurements; None if it would command otherwise."""
        notes: list[tuple[float, str, str, str]] = []
        tick = request.start_tick
        for row, measured in zip(kept.outcome.tick_rows[1:], kept.outcome.measured[1:], strict=True):
            tick += 1
            if supervision.wants(tick, bool(inside(measured, supervision.low, supervision.high))):
                supervision = supervision.stepped(tick, as_measurements(measured, supervision.n_cells))
                now_s = tick * round(self._tick_s * 1000.0) / 1000.0
                notes += [(now_s, "supervisor", str(e.name), e.detail) for e in supervision.events]
            if bool(supervision.commands.alternator_enable) != bool(row[4][0]):
                return None
        return Reused(kept.name, shifted(state, kept.start, kept.outcome.state), supervision, tick, notes)


def _same_commands(a: bms.Commands, b: bms.Commands) -> bool:
    close = abs(a.sense_reference_V - b.sense_reference_V) <= REFERENCE_TOLERANCE * max(a.sense_reference_V, 1e-6)
    same = a.alternator_enable == b.alternator_enable and a.supply_current_A == b.supply_current_A
    return same and a.current_limit_A == b.current_limit_A and close


def same_state(a: object, b: object, name: str = "") -> bool:
    """Whether two states agree within `TOLERANCE`, field by field through nested NamedTuples."""
    if isinstance(a, tuple):
        assert isinstance(b, tuple)
        names = getattr(a, "_fields", [name] * len(a))
        return all(same_state(x, y, n) for x, y, n in zip(a, b, names, strict=True))
    return bool(np.all(np.abs(np.asarray(a) - np.asarray(b)) <= TOLERANCE[name]))


def shifted(state: PlantState, start: PlantState, end: PlantState) -> PlantState:
    """`state` plus the difference of `end` and `start`, field by field; the hysteresis stays within its range."""
    result = _shifted(state, start, end)
    assert isinstance(result, PlantState)
    return result._replace(battery=result.battery._replace(h=np.clip(result.battery.h, -1.0, 1.0)))


def _shifted(state: Any, start: Any, end: Any) -> Any:
    if isinstance(state, tuple):
        return type(state)(*(_shifted(x, a, b) for x, a, b in zip(state, start, end, strict=True)))
    return state + (end - start)
