"""What the supervisor derives from the settings once: the rating and the list of predicates.

A later requirement adds its predicate here and its reaction in the state machine.
"""

from __future__ import annotations

from dataclasses import dataclass

from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import nominal_fuse
from bms.interface import Fault
from bms.predicates import Predicate, Side
from bms.thermal import Rating, rounded_down_A

SOURCE_READY = "source ready"
SOURCE_LOW = "source low"
SOURCE_WEAK = "source weak"
MISSING_PORT = "missing port sensors"
MISSING_CELL = "missing cell sensors"

CHARGE_FAULTS = (
    Fault.CELL_SENSOR_MISSING,
    Fault.CELL_OVER_VOLTAGE,
    Fault.CELL_OVER_TEMPERATURE,
    Fault.CELL_UNDER_TEMPERATURE,
)
"""Faults that are a charge disconnect; A10: they stop the alternator port too."""


@dataclass(frozen=True)
class Plan:
    """Derived constants.

    Attributes
    ----------
    rating : Rating
        Nominal fuse and full limit.
    cell_count : int
        Cell voltages that must be there.
    predicates : tuple of Predicate
        All thresholds, in the order of `State.predicates`.
    faults : tuple of Fault
        The faults among them.
    """

    rating: Rating
    cell_count: int
    predicates: tuple[Predicate, ...]
    faults: tuple[Fault, ...]


def build(firmware: FirmwareParameters, fuse_rating_A: int, cell_count: int) -> Plan:
    """Derive the plan from the constants, the fuse rating [A] and the number of cells."""
    full_A = min(firmware.fuse_fraction * fuse_rating_A, firmware.maximum_current_A)
    predicates = _source_predicates(firmware) + _fault_predicates(firmware)
    faults = tuple(fault for fault in Fault if any(p.name == fault for p in predicates))
    rating = Rating(nominal_fuse(fuse_rating_A), rounded_down_A(full_A, firmware))
    return Plan(rating, cell_count, predicates, faults)


def _source_predicates(f: FirmwareParameters) -> tuple[Predicate, ...]:
    """Thresholds of the alternator port's source voltage (A1)."""
    channel = "input_voltage_V"
    return (
        Predicate(SOURCE_READY, channel, Side.ABOVE, f.start_V, f.start_V, f.start_delay_ms),
        Predicate(SOURCE_LOW, channel, Side.BELOW, f.stop_V, f.stop_V, f.stop_delay_ms),
        Predicate(SOURCE_WEAK, channel, Side.BELOW, f.weak_V, f.weak_V, f.weak_delay_ms),
    )


def _fault_predicates(f: FirmwareParameters) -> tuple[Predicate, ...]:
    """Thresholds of the faults; those of the cells release on the sample schedule (see `predicates`)."""
    grid, rest = f.sample_period_ms, f.disconnect_rest_ms
    return (
        Predicate(Fault.PORT_SENSOR_MISSING, MISSING_PORT, Side.ABOVE, 0.0, 0.0, 0, f.sensor_rest_ms),
        Predicate(Fault.CELL_SENSOR_MISSING, MISSING_CELL, Side.ABOVE, 0.0, 0.0, 0, f.sensor_rest_ms),
        Predicate(
            Fault.CELL_OVER_VOLTAGE, "cell_voltage_V", Side.ABOVE, f.cell_high_V, f.cell_high_release_V,
            f.cell_high_delay_ms, rest, grid,
        ),
        Predicate(
            Fault.CELL_OVER_TEMPERATURE, "cell_temperature_degC", Side.ABOVE, f.cell_hot_degC,
            f.cell_hot_release_degC, f.cell_temperature_delay_ms, rest, grid,
        ),
        Predicate(
            Fault.CELL_UNDER_TEMPERATURE, "cell_temperature_degC", Side.BELOW, f.cell_cold_degC,
            f.cell_cold_release_degC, f.cell_temperature_delay_ms, rest, grid,
        ),
    )
