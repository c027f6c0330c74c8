"""System+ inside a window: for SPICE a current source at the battery stud, for the slow picture devices with a state.

The current is that of the slow network at each tick, where devices, bank and port are solved together, and goes as a
straight line to what the network says of the tick's end: a regulator of hundreds of ampere per volt, evaluated on the
voltage of the tick before, would swing. What the devices do within a tick because of what the port does is left out.
So are the gates of System+: where they do not let current pass both ways, the node has the slow network's voltage. What
the BMS itself draws is a constant source in the deck.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.slow.commands import CHARGE_OUTPUT, LOAD_OUTPUT
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState
from cosim.slow.sensors import NOT_FITTED
from cosim.spice.sources import SourceTable
from cosim.windows.exchange import I_BATTERY, I_OUTPUT, ORDER, V_BATTERY
from models import system

Array = NDArray[np.float64]
Predict = Callable[[int, bms.Commands], Operating]
"""Slow network's solution at a tick with some commands."""

SOURCE = "vsys"
JUMP_A = 1.0
"""A current that differs by more from what stands is a device that switched: it goes there in `SWITCH_S` (ours)."""
SWITCH_S = 2e-5
"""Time in which a device switches (ours: a converter's input filter; inrush is no part of it)."""
FINE_STEP_S, FINE_STEPS = 4e-6, 100
"""Breakpoints after such a jump: cables and dampers ring, and long steps lose the energy in it (ours)."""
AHEAD_A = 5.0
"""A change over the tick ahead that is larger is a step of the next tick, not a slope (ours)."""


def has_system(p: PlantParameters) -> bool:
    """Whether anything stands at System+."""
    return bool(p.system.kind.size)


def passes(commands: bms.Commands) -> bool:
    """Whether System+ passes both ways, so that its voltage follows from its current."""
    return commands.charge_gate and commands.discharge_gate


def operating(values: Array, node_V: float, supply_A: float, p: PlantParameters) -> tuple[float, float]:
    """Current of System+ [A] and voltage at the devices [V] at an accepted point.

    Parameters
    ----------
    values : accepted values
    node_V : voltage at the devices by the slow network, where the port does not pass both ways; else NaN
    supply_A : what the BMS itself draws
    p : parameters
    """
    if not has_system(p):
        return 0.0, float(values[V_BATTERY])
    current_A = float(values[I_BATTERY] - values[I_OUTPUT]) + supply_A
    return current_A, float(values[V_BATTERY]) + p.system.path_ohm * current_A if np.isnan(node_V) else node_V


def optional_truth(
    values: Array, node_V: float, supply_A: float, latched: float, p: PlantParameters
) -> tuple[float, ...]:
    """True values behind the measurements that may be not fitted, as `cosim.slow.engine.fill_scalars`."""
    found = (NOT_FITTED,) * 4
    if has_system(p):
        current_A, volts = operating(values, node_V, supply_A, p)
        at_stud_V = volts - (p.system.path_ohm - p.system.bms_ohm) * current_A
        found = (current_A, at_stud_V, float(values[I_BATTERY]), latched)
    return (*found, float(p.remote_V[0]), float(p.remote_V[1]))


def operating_point(values: Array, system_A: float, system_V: float, p: PlantParameters) -> Operating:
    """The accepted values as the slow engine has its solutions; without capability and set-point, which SPICE has."""
    named = dict(zip(ORDER, (float(v) for v in values), strict=False))
    alternator_V = named["starter_voltage_V"] + p.alternator_lead_ohm * named["alternator_current_A"]
    return Operating(
        named["port_current_A"], named["alternator_current_A"], named["starter_battery_current_A"], alternator_V,
        named["starter_voltage_V"], named["input_voltage_V"], named["battery_voltage_V"], 0.0, 0.0,
        system_A, system_V, named["battery_current_A"], named["output_current_A"],
    )


def with_system_wave(waves: dict[str, Array], supply_A: float, p: PlantParameters) -> dict[str, Array]:
    """Waves of a window, with the current of System+ where there is one."""
    if not has_system(p):
        return waves
    return {**waves, "system_current_A": waves["battery_current_A"] - waves["output_current_A"] + supply_A}


def stepped(
    state: PlantState, volts: float, row: Array, commands: Array, tick_s: float, p: PlantParameters
) -> PlantState:
    """State with the devices one tick later; their voltage and `row` are those of its start."""
    if not has_system(p):
        return state
    devices = state.system.copy()
    system.step_in_place(
        devices, volts, np.ascontiguousarray(row[4:]), commands[CHARGE_OUTPUT], commands[LOAD_OUTPUT], tick_s, p.system
    )
    return state._replace(system=devices, system_V=volts)


def held(table: SourceTable, spice_s: float, now_A: float, then_A: float, tick_s: float) -> list[float]:
    """Hold the current over the tick that begins; returns the breakpoints that this needs.

    Parameters
    ----------
    table, spice_s : sources and time of the tick in SPICE
    now_A, then_A : current by the slow network at the tick's start and end
    tick_s : tick
    """
    standing_A = table.at(SOURCE, spice_s)
    if abs(now_A - standing_A) > JUMP_A:
        ends = list(table.ramp(SOURCE, spice_s, now_A, SWITCH_S)[1:])
        return ends + [spice_s + SWITCH_S + k * FINE_STEP_S for k in range(1, FINE_STEPS + 1)]
    target_A = then_A if abs(then_A - now_A) <= AHEAD_A else now_A
    table.hold(SOURCE, spice_s, standing_A, (target_A - standing_A) / tick_s)
    return []


class SystemSource:
    """System+ of a window whose deck has it as a current source, or not at all.

    Parameters
    ----------
    table : sources of the run
    p, supply_A, tick_s : parameters, what the BMS itself draws [A], tick
    """

    preroll_s = 0.0
    """Length of the pre-roll that it needs at least."""
    shortest_s: float | None = None
    """First step after a contact has moved, where it asks for one of its own."""

    def __init__(self, table: SourceTable, p: PlantParameters, supply_A: float, tick_s: float) -> None:
        self._table, self._p, self._supply_A, self._tick_s = table, p, supply_A, tick_s
        self._node_V = float("nan")

    def begin(self, tick: int, commands: bms.Commands, predict: Predict) -> list[float]:
        """Values of its sources in the pre-roll, at the commands that stood before the window; breakpoints."""
        if has_system(self._p):
            self._table.hold(SOURCE, 0.0, predict(tick, commands).system_current_A)
        return []

    def at_tick(
        self, tick: int, spice_s: float, values: Array, state: PlantState, row: Array, commands: bms.Commands,
        predict: Predict,
    ) -> list[float]:
        """Hold its sources over the tick that begins; returns the breakpoints that this needs."""
        del values, state, row
        if not has_system(self._p):
            return []
        now, then = predict(tick, commands), predict(tick + 1, commands)
        self._node_V = float("nan") if passes(commands) else now.system_voltage_V
        return held(self._table, spice_s, now.system_current_A, then.system_current_A, self._tick_s)

    def operating(self, values: Array) -> tuple[float, float]:
        """Current of System+ [A] and voltage at the devices [V] at an accepted point."""
        return operating(values, self._node_V, self._supply_A, self._p)

    def truth(
        self, tick: int, values: Array, state: PlantState, commands: bms.Commands, predict: Predict
    ) -> tuple[float, ...]:
        """True values behind the measurements that may be not fitted."""
        node_V = float("nan")
        if has_system(self._p) and not passes(commands):
            node_V = predict(tick, commands).system_voltage_V
        return optional_truth(values, node_V, self._supply_A, state.latched, self._p)

    def after_tick(self, values: Array, state: PlantState) -> PlantState:
        """State with what only SPICE knows of System+ at a tick."""
        del values
        return state

    def doubts(self, time_s: float, values: Array) -> list[tuple[float, str, str, str]]:
        """What went wrong in the pre-roll, as notes for the log."""
        del time_s, values
        return []

    def settled(self, values: Array, before: Array, predicted: Operating) -> bool:
        """Whether System+ lets the window close."""
        del values, before, predicted
        return True

    def waves(self, waves: dict[str, Array]) -> dict[str, Array]:
        """Waves of the window, with the current of System+ where there is one."""
        return with_system_wave(waves, self._supply_A, self._p)
