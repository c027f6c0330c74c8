"""The supervisor behind the variables of the unit: parameters become settings, inputs measurements, commands outputs.

Time. The supervisor's task runs at the ticks n x `tick_ms`, counted in whole numbers from the start of the simulation.
A step of the master from t to t + h runs every tick in [t, t + h) with the inputs that were set at t; its outputs are
there at t + h. So h need not be a multiple of the tick, nothing drifts, and outputs never depend directly on inputs:
what is measured at t acts from t + h on, as a task does that reads when it starts and writes when it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeVar

from bms.alternator_port import AlternatorMode
from bms.errors import SettingsError
from bms.events import Fault
from bms.interface import CELL_SENSORS, OPTIONAL_SENSORS, PORT_SENSORS, Commands, Leds, Measurements
from bms.reconfigure import reconfigured
from bms.settings import BatteryThresholds, PreAlarmMode, RemoteFunction, Settings
from bms.state import State
from bms.supervisor import step
from bms.system_port import SystemMode
from cosim.fmu.variables import (
    FIXED,
    LED,
    PARAMETER,
    TICK,
    Built,
    Value,
    cell_count,
    choices_of,
    fault_name,
    fitted_name,
    variables_of,
)

SLACK_US = 10
"""A point of time that a master reaches by adding steps may lie this far behind the tick that it means (ours)."""
LATEST_S = 1.0e9
"""Longest time of a simulation: microseconds are exact in a float until 142 years; this is 31."""
E_ = TypeVar("E_", bound=StrEnum)


class UnitError(ValueError):
    """A call of the master that cannot be followed; one line."""


class Told(NamedTuple):
    """A line for the master's log: `warning` or an event of the supervisor."""

    text: str
    warning: bool = False


class Progress(NamedTuple):
    """Where the unit is: the supervisor's state and commands, and the point of time reached [us since the start]."""

    state: State = State()
    commands: Commands = Commands()
    reached_us: int = 0


class Snapshot(NamedTuple):
    """All of the unit's state: values of inputs and parameters, parameters in use, start, progress, warnings given."""

    values: tuple[tuple[str, Value], ...]
    in_use: tuple[tuple[str, Value], ...] | None
    start_s: float
    progress: Progress
    warned: tuple[str, ...]


class Unit:
    """One instance of the unit, without anything of FMI.

    Parameters
    ----------
    built : what was fixed when the file was made
    """

    def __init__(self, built: Built) -> None:
        self._built = built
        self._variables = {v.name: v for v in variables_of(built)}
        self._values: dict[str, Value] = {
            v.name: v.start for v in self._variables.values() if v.start is not None
        }
        self._parameters = tuple(v.name for v in self._variables.values() if v.causality == PARAMETER)
        self._in_use: dict[str, Value] | None = None
        self._tuned = False
        self._settings = built.settings
        self._start_s = 0.0
        self._progress = Progress()
        self._warned: tuple[str, ...] = ()
        self._outputs = output_values(self._progress.state, self._progress.commands)

    def get(self, name: str) -> Value:
        """Present value of a variable."""
        return self._outputs[name] if name in self._outputs else self._values[name]

    def set(self, name: str, value: Value) -> None:
        """Set an input or a parameter; it is looked at when initialization ends, or with the next step."""
        self._values[name] = value
        self._tuned = self._tuned or self._variables[name].causality == PARAMETER

    def begin(self, start_s: float) -> list[Told]:
        """End of initialization: parameters are checked, the supervisor stands before its power-up.

        Raises
        ------
        SettingsError, UnitError : naming the parameter, its value and what is allowed
        """
        if not abs(start_s) <= LATEST_S:
            raise UnitError(f"start time {start_s!r} s is not allowed; allowed: at most {LATEST_S:g} in size")
        given = self._given()
        self._settings = settings_of(given, self._built.settings)
        check_tick(int(given[TICK]), self._settings)
        self._in_use, self._start_s, self._tuned = given, start_s, False
        self._follow(Progress())
        return self._warnings()

    def advance(self, time_s: float, step_s: float) -> list[Told]:
        """Run every tick in [time_s, time_s + step_s) with the present inputs; gives what happened.

        Raises
        ------
        UnitError : before `begin`, a negative or endless step, or a time that is not where the last step ended
        SettingsError : a parameter that was changed meanwhile cannot be used
        """
        if self._in_use is None:
            raise UnitError("a step before initialization has ended")
        end_us = self._checked_end_us(time_s, step_s)
        told = self._warnings()
        self._take_parameters(self._in_use)
        tick_ms = int(self._in_use[TICK])
        state, commands, reached_us = self._progress
        measured = self._measurements()
        tick, beyond = _first_at(reached_us, tick_ms), _first_at(end_us, tick_ms)
        while tick < beyond:
            dt_ms = tick * tick_ms - state.time_ms
            state, commands, events, hold = step(state, measured, self._settings, dt_ms / 1000.0)
            told += [Told(f"t = {self._start_s + state.time_ms / 1e3:.6g} s: {e.name} ({e.detail})") for e in events]
            # The readings stay as they are until the step ends: within the hold a call would change nothing.
            tick += 1 if hold.is_left(measured) else max(1, -(-hold.deadline_ms // tick_ms))
        self._follow(Progress(state, commands, end_us))
        return told

    def snapshot(self) -> Snapshot:
        """All that `restore` needs to go on from here."""
        in_use = None if self._in_use is None else tuple(self._in_use.items())
        return Snapshot(tuple(self._values.items()), in_use, self._start_s, self._progress, self._warned)

    def restore(self, kept: Snapshot) -> None:
        """Go on from a snapshot of this or of another instance of the same unit.

        Raises
        ------
        UnitError : it is of a unit with other variables
        """
        values = dict(kept.values)
        if values.keys() != self._values.keys():
            raise UnitError("the state is that of a unit with other variables")
        self._values, self._warned, self._start_s = values, kept.warned, kept.start_s
        self._in_use = None if kept.in_use is None else dict(kept.in_use)
        if self._in_use is not None:
            self._settings = settings_of(self._in_use, self._built.settings)
            self._tuned = self._given() != self._in_use
        self._follow(kept.progress)

    def _given(self) -> dict[str, Value]:
        return {name: self._values[name] for name in self._parameters}

    def _follow(self, progress: Progress) -> None:
        self._progress = progress
        self._outputs = output_values(progress.state, progress.commands)

    def _checked_end_us(self, time_s: float, step_s: float) -> int:
        if not 0.0 <= step_s <= LATEST_S:
            raise UnitError(f"step of {step_s!r} s is not allowed; allowed: 0 to {LATEST_S:g} s")
        if not abs(time_s - self._start_s) <= LATEST_S:
            raise UnitError(f"time {time_s!r} s is not allowed; allowed: up to {LATEST_S:g} s after the start")
        begin_us = round((time_s - self._start_s) * 1e6)
        if abs(begin_us - self._progress.reached_us) > SLACK_US:
            expected_s = self._start_s + self._progress.reached_us / 1e6
            allowed = "steps without gap or overlap, or a state that was set before"
            raise UnitError(f"step from {time_s!r} s, but the unit is at {expected_s:.9g} s; allowed: {allowed}")
        return max(self._progress.reached_us, round((time_s - self._start_s + step_s) * 1e6))

    def _take_parameters(self, in_use: dict[str, Value]) -> None:
        """Take over parameters that were tuned since the last step."""
        if not self._tuned:
            return
        given = self._given()
        for name, value in given.items():
            if value != in_use[name] and self._variables[name].variability == FIXED:
                raise SettingsError(name, value, f"{in_use[name]!r}, it cannot change while the simulation runs")
        after = settings_of(given, self._built.settings)
        state = reconfigured(self._progress.state, self._settings, after)
        self._progress, self._settings, self._in_use = self._progress._replace(state=state), after, given
        self._tuned = False

    def _warnings(self) -> list[Told]:
        """Inputs that were set though nothing looks at them, each told once."""
        found = [
            name for name in OPTIONAL_SENSORS if not self._values[fitted_name(name)]
            and self._values[name] != self._variables[name].start and name not in self._warned
        ]
        self._warned += tuple(found)
        return [
            Told(f"{name} is set but not looked at: {fitted_name(name)} is false", warning=True) for name in found
        ]

    def _measurements(self) -> Measurements:
        values = self._values
        count = cell_count(self._settings)
        input_V, sense_V, battery_V, heatsink_degC, terminal_degC = (float(values[name]) for name in PORT_SENSORS)
        volts, degC = (
            tuple(float(values[f"{name}[{i + 1}]"]) for i in range(count)) for name in CELL_SENSORS
        )
        system_A, system_V, bank_A, remote_L_V, remote_H_V, latch = (
            float(values[name]) if values[fitted_name(name)] else None for name in OPTIONAL_SENSORS
        )
        return Measurements(
            input_V, sense_V, battery_V, heatsink_degC, terminal_degC, volts, degC, system_A, system_V, bank_A,
            remote_L_V, remote_H_V, None if latch is None else bool(latch),
        )


def _first_at(time_us: int, tick_ms: int) -> int:
    """First tick that is not before a point of time; one that the point has just passed counts as being there."""
    return -((SLACK_US - time_us) // (1000 * tick_ms))


def check_tick(tick_ms: int, settings: Settings) -> None:
    """Refuse a period that does not divide the sample period, or is none.

    Raises
    ------
    SettingsError : with the value and what is allowed
    """
    period_ms = settings.firmware.sample_period_ms
    if tick_ms < 1 or period_ms % tick_ms:
        raise SettingsError(TICK, tick_ms, f"a whole number of ms that divides firmware.sample_period_ms ({period_ms})")


def settings_of(given: Mapping[str, Value], built: Settings) -> Settings:
    """Settings from the values of the parameters.

    Parameters
    ----------
    given : value of every parameter by its name
    built : settings that the unit was built with; variant and number of batteries are theirs

    Raises
    ------
    SettingsError : with the parameter, its value and what is allowed
    """
    thresholds = []
    for i in range(1, built.battery_count + 1):
        pair = [float(given[f"battery[{i}].{name}"]) for name in ("load_disconnect_V", "pre_alarm_V")]
        try:
            thresholds.append(BatteryThresholds(*pair))
        except SettingsError as error:
            raise error.within(f"battery[{i}]") from None
    prefix = "firmware."
    return Settings.from_mapping({
        "variant": built.variant, "battery_count": built.battery_count,
        "battery_capacity_Ah": given["battery_capacity_Ah"], "fuse_rating_A": given["fuse_rating_A"],
        "pre_alarm_mode": _chosen("pre_alarm_mode", PreAlarmMode, given, built),
        "remote_function": _chosen("remote_function", RemoteFunction, given, built),
        "battery_thresholds": thresholds, "instant_readout": bool(given["instant_readout"]),
        "firmware": {
            name.removeprefix(prefix): value for name, value in given.items() if name.startswith(prefix)
        },
    })


def _chosen(name: str, kind: type[E_], given: Mapping[str, Value], built: Settings) -> E_:
    choices, number = choices_of(name, built), given[name]
    if not 1 <= number <= len(choices):
        raise SettingsError(name, number, ", ".join(f"{i} ({choice})" for i, choice in enumerate(choices, 1)))
    return kind(choices[int(number) - 1])


def output_values(state: State, commands: Commands) -> dict[str, Value]:
    """Value of every output."""
    found: dict[str, Value] = {name: getattr(commands, name) for name in Commands._fields if name != "leds"}
    found |= {LED + name: getattr(commands.leds, name) for name in Leds._fields}
    found["alternator_mode"] = tuple(AlternatorMode).index(state.mode) + 1
    found["system_mode"] = tuple(SystemMode).index(state.system.mode) + 1
    return found | {fault_name(fault): fault in state.faults for fault in Fault}
