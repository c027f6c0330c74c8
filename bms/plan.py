"""What the supervisor derives from the settings once: the rating and the table of predicates.

A channel is what a predicate watches: a measurement, or a value made from measurements (`bms.channels`). Every
threshold of the product is a row of `_table`; what a fault does is a row of `bms.events.REACTIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from bms.events import Fault
from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import melted_share, nominal_fuse, resistance_ohm
from bms.interface import BOUND_NAMES, OPTIONAL_SENSORS
from bms.predicates import LARGEST, Predicate, Side, steady_range
from bms.thermal import Rating, rounded_down_A

SOURCE_READY = "source ready"
SOURCE_LOW = "source low"
SOURCE_WEAK = "source weak"
PRE_ALARM = "cell near low"
CELL_LOW = "cell low"
REMOTE_ON = "remote says on"
REMOTE_OFF = "remote says off"
LOAD_REMOVED = "load removed"

DIRECT = ("input_voltage_V", "cell_voltage_V", "cell_temperature_degC", "battery_voltage_V")
"""Channels that are a measurement."""
LOAD_MARGIN, ALARM_MARGIN = "cell over load threshold", "cell over pre-alarm threshold"
MISSING_PORT, MISSING_CELL = "missing port sensors", "missing cell sensors"
RANGE_PORT, RANGE_CELL = "port sensors out of range", "cell sensors out of range"
UNUSABLE_SYSTEM, UNUSABLE_AUXILIARY = "unusable system current", "unusable auxiliary sensors"
CELL_CONTRADICTION, INPUT_CONTRADICTION = "battery voltage off its cells", "battery above input under current"
OFF_CURRENT, OPEN_DROP = "path current while off", "drop over the open path"
SYSTEM_IN, SYSTEM_OUT = "system current in while off", "system current out while off"
SYSTEM_DROP, SYSTEM_RISE = "drop over the closed system port", "system over battery voltage while locked"
BANK_CURRENT, REMOTE = "bank current", "remote level"
CHANNELS = (
    *DIRECT, LOAD_MARGIN, ALARM_MARGIN, MISSING_PORT, MISSING_CELL, RANGE_PORT, RANGE_CELL, UNUSABLE_SYSTEM,
    UNUSABLE_AUXILIARY, CELL_CONTRADICTION, INPUT_CONTRADICTION, OFF_CURRENT, OPEN_DROP, SYSTEM_IN, SYSTEM_OUT,
    SYSTEM_DROP, SYSTEM_RISE, BANK_CURRENT, REMOTE,
)
"""Every channel, in the order in which they are evaluated."""

SENSOR_RANGES: dict[str, tuple[float, float]] = {
    "input_voltage_V": (-5.0, 59.5),
    "fuse_sense_V": (-0.045, 0.245),
    "battery_voltage_V": (0.5, 20.0),
    "heatsink_degC": (-50.0, 180.0),
    "terminal_degC": (-50.0, 180.0),
    "cell_voltage_V": (0.5, 4.8),
    "cell_temperature_degC": (-50.0, 110.0),
    "system_current_A": (-950.0, 950.0),
    "system_voltage_V": (-5.0, 59.5),
    "battery_current_A": (-20_000.0, 20_000.0),
}
"""Readings that a working sensor can give (ours: just inside the ends of its converter); beyond is a broken one."""

CHARGE_CURRENTS_A = {50: 100.0, 100: 200.0, 160: 320.0, 180: 360.0, 200: 400.0, 330: 400.0}
"""Maximum charge current by battery type (B6, manual)."""


@dataclass(frozen=True)
class Channel:
    """A channel with its predicates, and the range of readings within which idle ones stay idle."""

    index: int
    name: str
    predicates: tuple[Predicate, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Plan:
    """Derived constants.

    Attributes
    ----------
    rating : Rating
        Nominal fuse and full limit.
    cell_count, battery_count : int
        Cell voltages that must be there, and batteries.
    channels : tuple of Channel
        Those that have predicates, in the order of `CHANNELS`.
    channel_of : dict
        Index of the channel of a predicate, by the predicate's name.
    load_V, alarm_V : tuple of float
        Thresholds per battery; empty where all are the same.
    start_V : tuple of float
        Pre-alarm threshold per battery, one entry where all are the same.
    quiet : dict
        Bounds of the measurements within which idle predicates stay idle and no sensor is out of range.
    bank_limit_A : float
        Largest charge current of the bank (A11).
    bank_Ah : float
        Capacity of the bank.
    lift_A, lift_fuse_share, lift_fuse_ohm : float
        Lifted limit (A4), the part of the fuse's melting I2t that is used up at its end, and the resistance up to which
        the fuse is cool enough for it.
    """

    rating: Rating
    cell_count: int
    battery_count: int
    channels: tuple[Channel, ...]
    channel_of: dict[str, int]
    load_V: tuple[float, ...]
    alarm_V: tuple[float, ...]
    start_V: tuple[float, ...]
    quiet: dict[str, tuple[float, float]]
    bank_limit_A: float
    bank_Ah: float
    lift_A: float
    lift_fuse_share: float
    lift_fuse_ohm: float

    @cached_property
    def rows(self) -> tuple[tuple[int, float, float, tuple[Predicate, ...]], ...]:
        """Every channel as (index, lowest, highest reading at which idle predicates stay idle, predicates)."""
        by_index = self.by_index
        unwatched = Channel(0, "", (), -LARGEST, LARGEST)
        found = [by_index.get(index, unwatched) for index in range(len(CHANNELS))]
        return tuple((index, c.low, c.high, c.predicates) for index, c in enumerate(found))

    @cached_property
    def steady_source(self) -> dict[tuple[str, ...], tuple[float, float]]:
        """Input voltages within which the source's predicates stay as they are, by those that are active.

        None is pending. They are released at once, so an active one stays while the voltage is beyond its release.
        """
        source = self.by_index[CHANNELS.index(DIRECT[0])].predicates
        assert all(p.rest_ms == 0 and p.release_grid_ms == 1 for p in source)
        found = {}
        for switches in product((False, True), repeat=len(source)):
            low, high = SENSOR_RANGES[DIRECT[0]]
            for predicate, active in zip(source, switches, strict=True):
                least, most = steady_range(predicate, active)
                low, high = max(low, least), min(high, most)
            found[tuple(p.name for p, active in zip(source, switches, strict=True) if active)] = low, high
        return found

    @cached_property
    def by_index(self) -> dict[int, Channel]:
        """Channels by their index in `CHANNELS`."""
        return {c.index: c for c in self.channels}

    @cached_property
    def quiet_low(self) -> tuple[float, ...]:
        """Lower ends of `quiet`, in the order of `BOUND_NAMES` and `OPTIONAL_SENSORS`."""
        return tuple(self.quiet[name][0] for name in BOUND_NAMES + OPTIONAL_SENSORS)

    @cached_property
    def quiet_high(self) -> tuple[float, ...]:
        """Upper ends of `quiet`, in the same order."""
        return tuple(self.quiet[name][1] for name in BOUND_NAMES + OPTIONAL_SENSORS)

    @cached_property
    def quiet_batteries(self) -> tuple[tuple[float, float], ...]:
        """Cell voltages of each battery in `quiet`; empty where all have the same thresholds."""
        return tuple(self.quiet[f"cell_voltage_V[{i}]"] for i in range(len(self.load_V)))

    @property
    def predicates(self) -> tuple[Predicate, ...]:
        """All rows of the table."""
        return tuple(predicate for channel in self.channels for predicate in channel.predicates)


def build(
    firmware: FirmwareParameters, fuse_rating_A: int, battery_capacity_Ah: int, load_V: tuple[float, ...],
    alarm_V: tuple[float, ...], cells_per_battery: int,
) -> Plan:
    """Derive the plan; `load_V` and `alarm_V` are the thresholds of every battery."""
    full_A = min(firmware.fuse_fraction * fuse_rating_A, firmware.maximum_current_A)
    uniform = len(set(load_V)) == 1 and len(set(alarm_V)) == 1
    count = len(load_V)
    bank_limit_A = count * CHARGE_CURRENTS_A[battery_capacity_Ah]
    table = _table(firmware, bank_limit_A)
    table += _cell_low("cell_voltage_V", "cell_voltage_V", load_V[0], alarm_V[0], firmware) if uniform else (
        _cell_low(LOAD_MARGIN, ALARM_MARGIN, 0.0, 0.0, firmware)
    )
    channels = tuple(_channel(i, name, table) for i, name in enumerate(CHANNELS))
    channels = tuple(channel for channel in channels if channel.predicates)
    by_name = {channel.name: channel for channel in channels}
    quiet = {}
    for name in BOUND_NAMES + OPTIONAL_SENSORS:
        low, high = SENSOR_RANGES.get(name, (-LARGEST, LARGEST))
        if name in by_name:
            low, high = max(low, by_name[name].low), min(high, by_name[name].high)
        quiet[name] = (low, high)
    if not uniform:
        quiet |= {f"cell_voltage_V[{i}]": (max(load_V[i], alarm_V[i]), LARGEST) for i in range(count)}
    rating = Rating(nominal_fuse(fuse_rating_A), rounded_down_A(full_A, firmware))
    lift_A = firmware.lift_factor * rating.full_A
    return Plan(
        rating, cells_per_battery * count, count, channels,
        {p.name: c.index for c in channels for p in c.predicates}, () if uniform else load_V,
        () if uniform else alarm_V, alarm_V[:1] if uniform else alarm_V, quiet, bank_limit_A,
        float(battery_capacity_Ah * count), lift_A,
        melted_share(rating.full_A, lift_A, firmware.lift_ms * 1.0e-3, rating.fuse),
        resistance_ohm(firmware.lift_fuse_degC, rating.fuse),
    )


def _channel(index: int, name: str, table: tuple[Predicate, ...]) -> Channel:
    mine = tuple(predicate for predicate in table if predicate.channel == name)
    low = max((p.trip for p in mine if p.side is Side.BELOW), default=-LARGEST)
    high = min((p.trip for p in mine if p.side is Side.ABOVE), default=LARGEST)
    return Channel(index, name, mine, low, high)


def _cell_low(
    load_channel: str, alarm_channel: str, load_V: float, alarm_V: float, f: FirmwareParameters
) -> tuple[Predicate, ...]:
    """B3, B4; as voltages, or as distances over each battery's own threshold."""
    low_V, near_V = f.cell_low_hysteresis_V, f.pre_alarm_hysteresis_V
    grid, below = f.sample_period_ms, Side.BELOW
    return (
        Predicate(CELL_LOW, load_channel, below, load_V, load_V + low_V, f.cell_low_delay_ms, 0, grid),
        Predicate(PRE_ALARM, alarm_channel, below, alarm_V, alarm_V + near_V, f.pre_alarm_delay_ms, 0, grid),
    )


def _table(f: FirmwareParameters, bank_limit_A: float) -> tuple[Predicate, ...]:
    """Every threshold; those of cells release on the sample schedule (see `predicates`)."""
    grid, rest, sensor, above, below = (
        f.sample_period_ms, f.disconnect_rest_ms, f.sensor_rest_ms, Side.ABOVE, Side.BELOW
    )
    contradiction, stuck_A, stuck = f.contradiction_delay_ms, f.stuck_current_A, f.stuck_delay_ms
    source, degC = "input_voltage_V", "cell_temperature_degC"
    bank_release_A = bank_limit_A * f.bank_release_fraction
    return (
        Predicate(SOURCE_READY, source, above, f.start_V, f.start_V, f.start_delay_ms),
        Predicate(SOURCE_LOW, source, below, f.stop_V, f.stop_V, f.stop_delay_ms),
        Predicate(SOURCE_WEAK, source, below, f.weak_V, f.weak_V, f.weak_delay_ms),
        Predicate(Fault.CELL_OVER_VOLTAGE, "cell_voltage_V", above, f.cell_high_V, f.cell_high_release_V,
                  f.cell_high_delay_ms, rest, grid),
        Predicate(Fault.CELL_OVER_TEMPERATURE, degC, above, f.cell_hot_degC, f.cell_hot_release_degC,
                  f.cell_temperature_delay_ms, rest, grid),
        Predicate(Fault.CELL_UNDER_TEMPERATURE, degC, below, f.cell_cold_degC, f.cell_cold_release_degC,
                  f.cell_temperature_delay_ms, rest, grid),
        Predicate(Fault.CELL_VERY_COLD, degC, below, f.cell_very_cold_degC, f.cell_very_cold_release_degC,
                  f.cell_temperature_delay_ms, rest, grid),
        Predicate(Fault.BROWN_OUT, "battery_voltage_V", below, f.brown_out_V, f.brown_out_release_V, 0, rest, grid),
        Predicate(Fault.PORT_SENSOR_MISSING, MISSING_PORT, above, 0.0, 0.0, 0, sensor),
        Predicate(Fault.CELL_SENSOR_MISSING, MISSING_CELL, above, 0.0, 0.0, 0, sensor),
        Predicate(Fault.PORT_SENSOR_RANGE, RANGE_PORT, above, 0.0, 0.0, f.range_delay_ms, sensor, grid),
        Predicate(Fault.CELL_SENSOR_RANGE, RANGE_CELL, above, 0.0, 0.0, f.unusable_delay_ms, sensor, grid),
        Predicate(Fault.SYSTEM_SENSOR_UNUSABLE, UNUSABLE_SYSTEM, above, 0.0, 0.0, f.unusable_delay_ms, sensor, grid),
        Predicate(Fault.AUXILIARY_SENSOR_UNUSABLE, UNUSABLE_AUXILIARY, above, 0.0, 0.0, f.unusable_delay_ms, sensor,
                  grid),
        Predicate(Fault.CELL_CONTRADICTION, CELL_CONTRADICTION, above, f.cell_contradiction_V,
                  f.cell_contradiction_V, contradiction, sensor, grid),
        Predicate(Fault.INPUT_CONTRADICTION, INPUT_CONTRADICTION, above, f.input_contradiction_V,
                  f.input_contradiction_V, contradiction, sensor, grid),
        Predicate(Fault.ALTERNATOR_STUCK_ON, OFF_CURRENT, above, stuck_A, stuck_A, stuck, sensor, grid),
        Predicate(Fault.ALTERNATOR_STUCK_OFF, OPEN_DROP, above, f.open_drop_V, f.open_drop_V, f.open_delay_ms, sensor,
                  grid),
        Predicate(Fault.SYSTEM_STUCK_CHARGE, SYSTEM_IN, above, stuck_A, stuck_A, stuck, sensor, grid),
        Predicate(Fault.SYSTEM_STUCK_DISCHARGE, SYSTEM_OUT, above, stuck_A, stuck_A, stuck, sensor, grid),
        Predicate(Fault.SYSTEM_STUCK_OFF, SYSTEM_DROP, above, f.system_open_drop_V, f.system_open_drop_V, stuck,
                  sensor, grid),
        Predicate(LOAD_REMOVED, SYSTEM_RISE, above, -f.precharge_drop_V, -f.precharge_drop_V, f.removal_delay_ms),
        Predicate(Fault.BANK_OVER_CURRENT, BANK_CURRENT, above, bank_limit_A, bank_release_A, f.bank_delay_ms, rest,
                  grid),
        Predicate(REMOTE_ON, REMOTE, below, 0.0, 0.0, f.remote_delay_ms),
        Predicate(REMOTE_OFF, REMOTE, above, 0.0, 0.0, f.remote_delay_ms),
    )
