"""Firmware of the BMS: settings, measurements in, commands out. Pure Python, no clock, no I/O, no plant."""

from bms.errors import SettingsError
from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import RATINGS_A, NominalFuse, nominal_fuse
from bms.interface import (
    BOUND_NAMES,
    CELL_SENSORS,
    PORT_SENSORS,
    Cause,
    Commands,
    Event,
    EventName,
    Fault,
    Hold,
    Leds,
    Measurements,
)
from bms.settings import (
    CELLS_PER_BATTERY,
    AppliedLimits,
    BatteryThresholds,
    PreAlarmMode,
    RemoteFunction,
    Settings,
    Variant,
    applied_limits,
    difference_to_defaults,
)
from bms.supervisor import AlternatorMode, State, StepResult, initial_state, step

__all__ = [
    "AlternatorMode", "AppliedLimits", "BOUND_NAMES", "BatteryThresholds", "CELLS_PER_BATTERY",
    "CELL_SENSORS", "Cause", "Commands", "Event", "EventName", "Fault", "FirmwareParameters", "Hold",
    "Leds", "Measurements",
    "NominalFuse", "PORT_SENSORS", "PreAlarmMode", "RATINGS_A", "RemoteFunction", "Settings", "SettingsError",
    "State", "StepResult", "Variant", "applied_limits", "difference_to_defaults", "initial_state",
    "nominal_fuse", "step",
]
