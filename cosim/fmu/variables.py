"""Variables of the unit, as data: registration, model description and documentation are made from them.

Names are those of `bms.Measurements`, `bms.Commands` and the settings, with their units. Elements of a list count from
1, as FMI tools do (`cell_voltage_V[1]`); test vectors and `bms` count from 0.
"""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import NamedTuple

from bms import describe
from bms.alternator_port import AlternatorMode
from bms.events import REACTIONS, Fault
from bms.firmware_parameters import FirmwareParameters
from bms.interface import OPTIONAL_SENSORS, PORT_SENSORS, Commands, Leds
from bms.settings import (
    CELLS_PER_BATTERY,
    BatteryThresholds,
    PreAlarmMode,
    RemoteFunction,
    Settings,
    Variant,
)
from bms.system_port import SystemMode

Value = float | int | bool
REAL, INTEGER, BOOLEAN, ENUMERATION = "Real", "Integer", "Boolean", "Enumeration"
INPUT, PARAMETER, OUTPUT = "input", "parameter", "output"
CONTINUOUS, DISCRETE, FIXED, TUNABLE = "continuous", "discrete", "fixed", "tunable"
TICK = "tick_ms"
TICK_MS = 100
"""Period of the supervisor's task as scenarios run it."""
LED = "led_"


class Built(NamedTuple):
    """What a unit is built with: start values of its parameters; variant and number of batteries for good."""

    settings: Settings
    tick_ms: int = TICK_MS


class Variable(NamedTuple):
    """One variable of the unit.

    Attributes
    ----------
    name, kind, causality, variability, text : str
        As FMI 2.0 means them.
    start : float, int, bool or None
        Start value, None for an output; of an enumeration the number of its choice, from 1.
    unit : str
        Unit, empty where there is none.
    low, high : float, int or None
        Allowed range.
    choices : tuple of str
        Of an enumeration.
    type_name : str
        Name of the enumeration's type.
    """

    name: str
    kind: str
    causality: str
    variability: str
    text: str
    start: Value | None = None
    unit: str = ""
    low: float | int | None = None
    high: float | int | None = None
    choices: tuple[str, ...] = ()
    type_name: str = ""


_SENSORS: dict[str, tuple[float, str, str]] = {
    "input_voltage_V": (12.5, "V", "At the BMS's alternator terminal"),
    "fuse_sense_V": (0.0, "V", "Drop over the fuse; positive while charging"),
    "battery_voltage_V": (13.2, "V", "At the BMS's battery terminal"),
    "heatsink_degC": (25.0, "degC", "NTC on the heatsink"),
    "terminal_degC": (25.0, "degC", "NTC on the terminal that holds the fuse"),
    "system_current_A": (0.0, "A", "At the System+ stud; positive charges the battery"),
    "system_voltage_V": (13.2, "V", "At the System+ stud"),
    "battery_current_A": (0.0, "A", "Of the whole bank; positive charges it"),
    "remote_L_V": (0.0, "V", "Remote terminal L against battery minus"),
    "remote_H_V": (0.0, "V", "Remote terminal H against battery minus"),
}
"""Start value, unit and meaning: a system at rest, no source, remote on (ours)."""
_CELL_V, _CELL_DEGC = 3.3, 25.0

_COMMANDS: dict[str, tuple[str, str]] = {
    "alternator_enable": ("", "Alternator path on"),
    "current_limit_A": ("A", "Set-point of the alternator port, derated"),
    "sense_reference_V": ("V", "Reference of the hardware limiter: set-point times estimated fuse resistance"),
    "charge_allowed": ("", "Charge disconnect output high (O2); false is a charge disconnect"),
    "load_output": ("", "Load disconnect output high (O1); false is a load disconnect"),
    "pre_alarm": ("", "Pre-alarm output high at this moment, pulses included (O3, O4)"),
    "charge_gate": ("", "System+ transistors that let current in (S4)"),
    "discharge_gate": ("", "System+ transistors that let current out (S3)"),
    "precharge": ("", "Pre-charge of System+ on (S6)"),
    "latch_reset": ("", "Resets the hardware latch of System+"),
    "supply_current_A": ("A", "What the BMS itself draws, without the currents of its outputs (C1, C2)"),
    "lift_allowed": ("", "The hardware limiter may lift its limit, should a load dump come (A4)"),
}
_LEDS: dict[str, str] = {
    "active": "Light: the BMS is active",
    "bluetooth": "Light: the instant readout is on",
    "over_temperature": "Red light: derated or off by heat (A9)",
    "charge_disconnect": "Yellow light: charge disconnect output enabled, the normal state",
    "load_disconnect": "Orange light: load disconnect output enabled, the normal state",
    "alternator_charging": "Green light: the alternator charges",
}


def variables_of(built: Built) -> tuple[Variable, ...]:
    """Every variable of the unit, in the order of their value references: inputs, parameters, outputs."""
    return (*_inputs(built.settings), *_parameters(built), *_outputs())


def fitted_name(sensor: str) -> str:
    """Parameter that says whether a sensor is fitted that may be not."""
    return f"fitted.{sensor}"


def cell_count(settings: Settings) -> int:
    """Cells of all batteries."""
    return CELLS_PER_BATTERY * settings.battery_count


def choices_of(name: str, settings: Settings) -> tuple[str, ...]:
    """Choices of a setting that is an enumeration, for its variant."""
    if name == "pre_alarm_mode":
        return tuple(PreAlarmMode)
    ng = settings.variant is Variant.NG
    return tuple(choice for choice in RemoteFunction if ng or choice is not RemoteFunction.PORTS)


def _inputs(settings: Settings) -> list[Variable]:
    found = [_sensor(name) for name in PORT_SENSORS]
    for i in range(cell_count(settings)):
        where = f"cell {i % CELLS_PER_BATTERY + 1} of battery {i // CELLS_PER_BATTERY + 1}"
        found.append(Variable(
            f"cell_voltage_V[{i + 1}]", REAL, INPUT, CONTINUOUS, f"Voltage of {where}; NaN: no reading", _CELL_V, "V"))
    for i in range(cell_count(settings)):
        where = f"cell {i % CELLS_PER_BATTERY + 1} of battery {i // CELLS_PER_BATTERY + 1}"
        found.append(Variable(
            f"cell_temperature_degC[{i + 1}]", REAL, INPUT, CONTINUOUS, f"Temperature of {where}; NaN: no reading",
            _CELL_DEGC, "degC"))
    return found + [_sensor(name) for name in OPTIONAL_SENSORS]


def _sensor(name: str) -> Variable:
    counts = "; counts where fitted" if name in OPTIONAL_SENSORS else ""
    if name not in _SENSORS:
        return Variable(
            name, BOOLEAN, INPUT, DISCRETE, f"The short-circuit latch of System+ has opened (S2){counts}", False)
    start, unit, text = _SENSORS[name]
    return Variable(name, REAL, INPUT, CONTINUOUS, f"{text}; NaN: no reading{counts}", start, unit)


def _parameters(built: Built) -> list[Variable]:
    settings = built.settings
    told = {row.name: f"Allowed: {row.allowed} ({row.source})" for row in describe.setting_rows(settings)}
    found = [Variable(
        TICK, INTEGER, PARAMETER, FIXED, "Period of the supervisor's task [ms]; must divide firmware.sample_period_ms",
        built.tick_ms, low=1)]
    for name in OPTIONAL_SENSORS:
        text = f"The sensor {name} is fitted; else its input is not looked at"
        found.append(Variable(fitted_name(name), BOOLEAN, PARAMETER, FIXED, text, False))
    found += [
        Variable("fuse_rating_A", INTEGER, PARAMETER, TUNABLE,
                 f"Fuse in the alternator port [A]. {told['fuse_rating_A']}", settings.fuse_rating_A),
        Variable("battery_capacity_Ah", INTEGER, PARAMETER, FIXED,
                 f"Type of the batteries [Ah]. {told['battery_capacity_Ah']}", settings.battery_capacity_Ah),
        _choice("pre_alarm_mode", "PreAlarmMode", "Pre-alarm output", settings),
        _choice("remote_function", "RemoteFunction", "What remote off does (R5..R7)", settings),
        Variable("instant_readout", BOOLEAN, PARAMETER, TUNABLE, "Radio broadcast on; lights the Bluetooth LED",
                 settings.instant_readout),
    ]
    each = settings.battery_thresholds or (BatteryThresholds(),) * settings.battery_count
    for i, battery in enumerate(each):
        found += _constants(f"battery[{i + 1}]", battery, TUNABLE, f"battery {i + 1}: ")
    return found + _constants("firmware", settings.firmware, FIXED, "")


def _choice(name: str, type_name: str, text: str, settings: Settings) -> Variable:
    choices = choices_of(name, settings)
    start = choices.index(getattr(settings, name)) + 1
    return Variable(name, ENUMERATION, PARAMETER, TUNABLE, text, start, choices=choices, type_name=type_name)


def _constants(
    prefix: str, value: BatteryThresholds | FirmwareParameters, variability: str, whose: str
) -> list[Variable]:
    """Every constant of a dataclass with its range, unit and source."""
    found = []
    for item in fields(value):
        meta = item.metadata
        whole = isinstance(meta["low"], int)
        unit = "" if meta["unit"] == "1" else str(meta["unit"])
        said = f" [{unit}]" if whole and unit else ""
        words = item.name if whole and not unit else item.name.removesuffix(f"_{unit.replace('/', '_')}")
        text = f"{whose}{words.replace('_', ' ')}{said} ({meta['source']})"
        found.append(Variable(
            f"{prefix}.{item.name}", INTEGER if whole else REAL, PARAMETER, variability, text[0].upper() + text[1:],
            getattr(value, item.name), "" if whole else unit, meta["low"], meta["high"]))
    return found


def _outputs() -> list[Variable]:
    found = []
    for name in Commands._fields:
        if name == "leds":
            continue
        unit, text = _COMMANDS[name]
        found.append(Variable(name, REAL if unit else BOOLEAN, OUTPUT, DISCRETE, text, unit=unit))
    found += [Variable(LED + name, BOOLEAN, OUTPUT, DISCRETE, _LEDS[name]) for name in Leds._fields]
    found += [
        _mode("alternator_mode", AlternatorMode, "Mode of the alternator port"),
        _mode("system_mode", SystemMode, "Mode of the System+ port's discharge switch"),
    ]
    for fault in Fault:
        does = "; ".join(REACTIONS[fault]) or "warning"
        text = f"{fault[0].upper()}{fault[1:]}: {does}"
        found.append(Variable(fault_name(fault), BOOLEAN, OUTPUT, DISCRETE, text))
    return found


def fault_name(fault: Fault) -> str:
    """Output that is true while a fault is active."""
    return f"fault.{fault.name.lower()}"


def _mode(name: str, kind: type[StrEnum], text: str) -> Variable:
    return Variable(name, ENUMERATION, OUTPUT, DISCRETE, text, choices=tuple(kind), type_name=kind.__name__)
