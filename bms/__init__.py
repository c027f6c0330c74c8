"""Firmware of the BMS: settings, measurements in, commands out. Pure Python, no clock, no I/O, no plant."""

from bms.alternator_port import AlternatorMode
from bms.errors import SettingsError
from bms.events import REACTIONS, Cause, Event, EventName, Fault, Reaction
from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import RATINGS_A, NominalFuse, nominal_fuse
from bms.interface import (
    BOUND_NAMES,
    CELL_SENSORS,
    OPTIONAL_SENSORS,
    PLACES,
    PORT_SENSORS,
    Cells,
    Commands,
    Hold,
    Leds,
    Measurements,
    Witness,
    cells,
)
from bms.reconfigure import reconfigured
from bms.settings import (
    CELLS_PER_BATTERY,
    AppliedLimits,
    BatteryThresholds,
    PreAlarmMode,
    RemoteFunction,
    Settings,
    Variant,
    applied_limits,
    as_mapping,
    difference_to_defaults,
)
from bms.state import State, initial_state, restarted
from bms.supervisor import StepResult, step
from bms.system_port import SystemMode

__all__ = [
    "AlternatorMode", "AppliedLimits", "BOUND_NAMES", "BatteryThresholds", "CELLS_PER_BATTERY", "CELL_SENSORS",
    "Cause", "Cells", "Commands", "Event", "EventName", "Fault", "FirmwareParameters", "Hold", "Leds", "Measurements",
    "NominalFuse", "OPTIONAL_SENSORS", "PLACES", "PORT_SENSORS", "PreAlarmMode", "RATINGS_A", "REACTIONS", "Reaction",
    "RemoteFunction", "Settings", "SettingsError", "State", "StepResult", "SystemMode", "Variant", "Witness",
    "applied_limits", "as_mapping", "cells", "difference_to_defaults", "initial_state", "nominal_fuse", "reconfigured",
    "restarted", "step",
]
