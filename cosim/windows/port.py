"""System+ of a window whose deck has it as a circuit (`cosim.circuit.system_deck`): commands, devices, what comes back.

The gates follow the supervisor's commands, the junctions of both banks their ladders (`cosim.windows.exchange`). Over
a tick the devices keep the straight line of their laws about the voltage that they have at its beginning; a disturbance
follows its own contact. In the pre-roll the gates close as they stood before the window, then loads and chargers come;
where the port did not pass before, they come at the window's start, and the node keeps its voltage till then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.circuit.system_deck import GATES, GATES_AT_S, LOADS_AT_S, LOADS_WITHIN_S
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState
from cosim.spice.sources import SourceTable
from cosim.windows.exchange_point import I_BATTERY, I_SHUNT, I_SYSTEM, LATCH, V_DEVICES, V_SYSTEM
from cosim.windows.steps import COMMAND_RAMP_S
from cosim.windows.system import FINE_STEP_S, FINE_STEPS, SWITCH_S, Predict
from models import system

Array = NDArray[np.float64]

JUMP_A = 1.0
"""Devices whose current changes by more have switched: they go there in `SWITCH_S` (ours)."""
CEILING_V = 0.2
"""Chargers end so far above their set-point (ours: their fast voltage limiter)."""
NO_CHARGER = (0.0, 0.0, 0.0, 100.0)
QUIET_A = 0.5
"""System+ is settled when its current moves by no more over a tick, or is as near to the slow prediction (ours)."""


def gate_values(commands: bms.Commands) -> tuple[float, ...]:
    """Commands in the order of `GATES`."""
    c = commands
    return float(c.charge_gate), float(c.discharge_gate), float(c.precharge), float(c.latch_reset)


def device_laws(volts: float, state: PlantState, row: Array, p: system.SystemParameters) -> dict[str, float]:
    """Straight lines of the devices' laws about a voltage, by external source; what events put there is left out."""
    at_V = max(volts, 0.0)
    system.fill_laws(state.system, np.ascontiguousarray(row[4:]), p)
    loads_A = loads_S = given_A = given_S = highest_A = 0.0
    ceiling_V = NO_CHARGER[3]
    for i, kind in enumerate(p.kind):
        current_A, slope_S = system.device_current_and_slope(i, max(at_V, 1.0), p)
        if kind == system.CHARGER:
            given_A, given_S = given_A + current_A, given_S + slope_S
            highest_A += float(p.laws[i, 1])
            ceiling_V = max(ceiling_V if highest_A > float(p.laws[i, 1]) else 0.0, float(p.laws[i, 2]) + CEILING_V)
        elif kind in (system.INVERTER, system.DC_LOADS):
            loads_A, loads_S = loads_A - current_A, loads_S - slope_S
    about_V = max(at_V, 1.0)
    return {
        "vldi": loads_A - loads_S * about_V, "vldg": loads_S, "vchi": given_A - given_S * about_V, "vchs": given_S,
        "vchm": highest_A, "vchv": ceiling_V,
    }


def drawn_A(laws: dict[str, float], volts: float) -> float:
    """Current that the devices draw at a voltage by their straight lines [A]."""
    given_A = min(max(laws["vchi"] + laws["vchs"] * volts, 0.0), laws["vchm"])
    return laws["vldi"] + laws["vldg"] * volts - given_A


def hold_contact(table: SourceTable, name: str, value: float) -> None:
    """Value of a contact in the pre-roll: one at System+ closes after the gates, with the devices."""
    late = name.startswith("vev") and value != 0.0
    table.hold(name, 0.0, 0.0 if late else value)
    if late:
        table.hold(name, LOADS_AT_S, 0.0)
        table.ramp(name, LOADS_AT_S, value, LOADS_WITHIN_S)


class SystemPath:
    """As `cosim.windows.system.SystemSource`, for a deck with System+ as a circuit."""

    preroll_s = 15e-3
    shortest_s: float | None = 2e-7

    def __init__(self, table: SourceTable, p: PlantParameters, state: PlantState, row: Array) -> None:
        self._table, self._p, self._start, self._row = table, p, state, row
        self._standing: dict[str, float] = {}
        self._gates: tuple[float, ...] = ()

    def begin(self, tick: int, commands: bms.Commands, predict: Predict) -> list[float]:
        """Values of its sources in the pre-roll, at the commands that stood before the window; breakpoints."""
        del tick, predict
        table, state = self._table, self._start
        self._gates = gate_values(commands)
        for name, value in zip(GATES, self._gates, strict=True):
            table.hold(name, 0.0, 0.0)
            if value > 0.5:
                table.hold(name, GATES_AT_S, 0.0)
                table.ramp(name, GATES_AT_S, value, COMMAND_RAMP_S)
        for name, j in (("vtqd", 0), ("vtqc", 1)):
            table.hold(name, 0.0, float(state.switch_degC[j, 0]))
        laws = device_laws(state.system_V, state, self._row, self._p.system)
        passing = (commands.charge_gate or commands.discharge_gate) and state.latched < 0.5
        self._standing = laws if passing else {**dict.fromkeys(laws, 0.0), "vchv": NO_CHARGER[3]}
        for name, value in laws.items():
            table.hold(name, 0.0, value if name == "vchv" else 0.0)
            if passing and name != "vchv":
                table.hold(name, LOADS_AT_S, 0.0)
                table.ramp(name, LOADS_AT_S, value, LOADS_WITHIN_S)
        return [GATES_AT_S, GATES_AT_S + COMMAND_RAMP_S, LOADS_AT_S, LOADS_AT_S + LOADS_WITHIN_S]

    def at_tick(
        self, tick: int, spice_s: float, values: Array, state: PlantState, row: Array, commands: bms.Commands,
        predict: Predict,
    ) -> list[float]:
        """Commands that changed, and the devices' laws over the tick that begins; breakpoints."""
        del tick, predict
        more: list[float] = []
        gates = gate_values(commands)
        for name, before, now in zip(GATES, self._gates, gates, strict=True):
            if now != before:
                self._table.ramp(name, spice_s, now, COMMAND_RAMP_S)
                more = [spice_s + COMMAND_RAMP_S]
        self._gates = gates
        volts = float(values[V_DEVICES])
        laws = device_laws(volts, state, row, self._p.system)
        jumps = abs(drawn_A(laws, volts) - drawn_A(self._standing, volts)) > JUMP_A
        for name, value in laws.items():
            if jumps:
                self._table.ramp(name, spice_s, value, SWITCH_S)
            else:
                self._table.hold(name, spice_s, value)
        self._standing = laws
        if jumps:
            more += [spice_s + SWITCH_S + k * FINE_STEP_S for k in range(FINE_STEPS + 1)]
        return more

    def operating(self, values: Array) -> tuple[float, float]:
        """Current of System+ [A] and voltage at the devices [V] at an accepted point."""
        return float(values[I_SYSTEM]), float(values[V_DEVICES])

    def truth(
        self, tick: int, values: Array, state: PlantState, commands: bms.Commands, predict: Predict
    ) -> tuple[float, ...]:
        """True values behind the measurements: the shunt's filtered current, the stud, and the latch itself."""
        del tick, state, commands, predict
        latched = 1.0 if values[LATCH] > 0.5 else 0.0
        remote_V = self._p.remote_V
        return (-float(values[I_SHUNT]), float(values[V_SYSTEM]), float(values[I_BATTERY]), latched, *remote_V.tolist())

    def after_tick(self, values: Array, state: PlantState) -> PlantState:
        """State with the latch and the devices' voltage of a tick."""
        return state._replace(latched=1.0 if values[LATCH] > 0.5 else 0.0, system_V=float(values[V_DEVICES]))

    def doubts(self, time_s: float, values: Array) -> list[tuple[float, str, str, str]]:
        """What went wrong in the pre-roll, as notes for the log: the latch opened while things settled."""
        if values[LATCH] < 0.5 or self._start.latched > 0.5:
            return []
        return [(time_s, "engine", "pre-roll latched", "System+ was opened by what the window began with")]

    def settled(self, values: Array, before: Array, predicted: Operating) -> bool:
        """Whether System+ lets the window close."""
        moved_A = abs(float(values[I_SYSTEM] - before[I_SYSTEM]))
        return moved_A < QUIET_A or abs(float(values[I_SYSTEM]) - predicted.system_current_A) < QUIET_A

    def waves(self, waves: dict[str, Array]) -> dict[str, Array]:
        """Waves of the window: they have the current of System+ already."""
        return waves
