"""Reusing a window: a month has dozens of crankings that are one and the same to every figure.

A window is taken from memory only if it would meet the same supervisor commands, the same inputs tick by tick, the same
state within `TOLERANCE` and both batteries as the circuit sees them: a voltage behind a resistance (`same_batteries`).
What it changed is then applied as a difference, to the state and to what is recorded and measured of bank and heat; the
supervisor lives through the window again, and if it commands anything else than then, the window runs in full after
all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.inputs.signals import Inputs
from cosim.slow.commands import command_vector
from cosim.slow.loop import observe
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState
from cosim.slow.sensors import SCALARS, as_measurements, inside
from cosim.supervisor.supervision import Supervision
from cosim.windows.policy import WindowRequest
from cosim.windows.result import WindowOutcome
from models import bank, starter_battery

Array = NDArray[np.float64]

TOLERANCE = {
    "soc": np.inf, "h": np.inf, "v_V": 7e-3, "temperature_degC": 3.0, "bled_C": np.inf, "chemical_J": np.inf,
    "heat_J": np.inf, "cable_J": np.inf, "v1_V": 5e-3, "v2_V": np.inf, "winding_degC": 10.0, "rectifier_degC": 10.0,
    "case_degC": 10.0, "heatsink_degC": 3.0, "terminal_degC": 3.0, "junction_degC": 3.0, "melt_fraction": 0.01,
    "input_cable_degC": 10.0, "battery_cable_degC": 10.0, "bus_voltage_V": 0.02, "field_A": 1.0,
    "law_A": 1.0, "system": np.inf, "system_V": np.inf, "latched": 0.5, "switch_degC": np.inf,
}
"""Largest difference of a state that counts as the same, by the last part of its name, in its unit (ours); what only
keeps books may differ. 3 K change the path's resistance by 1 %. Polarisations are those that move within a window (the
starter battery's `v1_V` has 0.3 s); charges, hysteresis and slow polarisation count by what they make of the EMF."""
EMF_TOLERANCE_V, STARTER_EMF_TOLERANCE_V = 0.02, 0.01
"""Differences of the bank's and the starter battery's EMF that count as the same (ours): each moves a current by some
2 A, behind 10 mohm (bank, path, source) and 5 mohm, for the second or two of a window: coulombs of 700,000."""
BLOCKED_EMF_TOLERANCE_V = 0.5
"""The same for the LFP bank where the port is blocked throughout: it leaks 10 uS, five microampere more or less."""
OHM_TOLERANCE = 0.03
"""Relative difference of a battery's resistance that counts as the same (ours): 3 A of 100 A at most."""
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
    """A window taken from memory; `rows` as `tick_rows` of a `WindowOutcome`, but as they are now."""

    name: str
    state: PlantState
    supervision: Supervision
    end_tick: int
    notes: list[tuple[float, str, str, str]]
    rows: list[tuple[int, PlantState, Operating, Array, Array]]


class WindowMemory:
    """All windows of a run that may be reused, the latest of each kind first; none where remote or faults change it."""

    def __init__(self, inputs: Inputs, tick_s: float, p: PlantParameters, allowed: bool = True) -> None:
        self._inputs, self._tick_s, self._p, self._allowed = inputs, tick_s, p, allowed
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
            blocked = not (before.alternator_enable or supervision.commands.alternator_enable)
            if not same_batteries(kept.start, state, blocked, self._p):
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
        then, seen_then = self._start(kept.start, kept.before, kept.request.start_tick)
        now, seen_now = self._start(state, kept.before, tick)
        steps, fitted = self._p.sensors.resolution, np.isfinite(seen_now) & np.isfinite(seen_then)
        off = np.where(fitted, seen_now, 0.0) - np.where(fitted, seen_then, 0.0)
        off[: SCALARS.index("battery_voltage_V")] = 0.0  # input and fuse drop follow the port, whatever they began with
        rows = []
        for row, measured in zip(kept.outcome.tick_rows, kept.outcome.measured, strict=True):
            x = with_bank_voltage(row[2], then, now)
            rows.append((tick, shifted(state, kept.start, row[1]), x, row[3], row[4]))
            seen = np.round((measured + off) / steps) * steps
            if tick > request.start_tick and supervision.wants(
                tick, bool(inside(seen, supervision.low, supervision.high))
            ):
                supervision = supervision.stepped(tick, as_measurements(seen, supervision.n_cells))
                now_s = tick * round(self._tick_s * 1000.0) / 1000.0
                notes += [(now_s, "supervisor", str(e.name), e.detail) for e in supervision.events]
            if tick > request.start_tick and bool(supervision.commands.alternator_enable) != bool(row[4][0]):
                return None
            tick += 1
        end = shifted(state, kept.start, kept.outcome.state)
        return Reused(kept.name, end, supervision, tick - 1, notes, rows)

    def _start(self, state: PlantState, before: bms.Commands, tick: int) -> tuple[Operating, Array]:
        """Slow solution and measurements where a window starts, at the commands that stood before it."""
        row = self._inputs.sampled(np.array([tick * self._tick_s]))[0]
        x, seen = observe(state, row, command_vector(before), before.sense_reference_V * 1e3, self._p)
        return x, np.asarray(seen)


def _same_commands(a: bms.Commands, b: bms.Commands) -> bool:
    close = abs(a.sense_reference_V - b.sense_reference_V) <= REFERENCE_TOLERANCE * max(a.sense_reference_V, 1e-6)
    same = a.alternator_enable == b.alternator_enable and a.supply_current_A == b.supply_current_A
    same = same and a.lift_allowed == b.lift_allowed
    return same and a.current_limit_A == b.current_limit_A and close


def same_state(a: object, b: object, name: str = "") -> bool:
    """Whether two states agree within `TOLERANCE`, field by field through nested NamedTuples."""
    if isinstance(a, tuple):
        assert isinstance(b, tuple)
        names = getattr(a, "_fields", [name] * len(a))
        return all(same_state(x, y, n) for x, y, n in zip(a, b, names, strict=True))
    return bool(np.all(np.abs(np.asarray(a) - np.asarray(b)) <= TOLERANCE[name]))


def same_batteries(a: PlantState, b: PlantState, blocked: bool, p: PlantParameters) -> bool:
    """Whether the circuit sees the same batteries; `blocked`: the port is, so the LFP bank hardly matters."""
    emf_V, ohm = bank.thevenin(a.battery, p.battery)
    other_V, other_ohm = bank.thevenin(b.battery, p.battery)
    far_V = BLOCKED_EMF_TOLERANCE_V if blocked else EMF_TOLERANCE_V
    if abs(emf_V - other_V) > far_V or abs(ohm / other_ohm - 1.0) > OHM_TOLERANCE:
        return False
    emf_V, ohm = starter_battery.thevenin(a.starter, p.starter)
    other_V, other_ohm = starter_battery.thevenin(b.starter, p.starter)
    return bool(abs(emf_V - other_V) <= STARTER_EMF_TOLERANCE_V and abs(ohm / other_ohm - 1.0) <= OHM_TOLERANCE)


def with_bank_voltage(x: Operating, then: Operating, now: Operating) -> Operating:
    """An operating point of a remembered window, the bank's voltage moved by how the starts differ."""
    off_V = now.battery_voltage_V - then.battery_voltage_V
    return x._replace(battery_voltage_V=x.battery_voltage_V + off_V, system_voltage_V=x.system_voltage_V + off_V)


def shifted(state: PlantState, start: PlantState, end: PlantState) -> PlantState:
    """`state` plus the difference of `end` and `start`, field by field; the hysteresis stays within its range."""
    result = _shifted(state, start, end)
    assert isinstance(result, PlantState)
    return result._replace(battery=result.battery._replace(h=np.clip(result.battery.h, -1.0, 1.0)))


def _shifted(state: Any, start: Any, end: Any) -> Any:
    if isinstance(state, tuple):
        return type(state)(*(_shifted(x, a, b) for x, a, b in zip(state, start, end, strict=True)))
    return state + (end - start)
