"""Numeric constants of the firmware: thresholds, times, derating, dead bands.

Each one carries its range, unit and source. 'ours' means an engineering choice of this project; the reason
stands in the comment above it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from bms.constant import constant as _constant
from bms.errors import SettingsError, check_range
from bms.protection_parameters import PROTECTION_ORDER, ProtectionParameters


@dataclass(frozen=True, slots=True)
class FirmwareParameters(ProtectionParameters):
    """Constants of the supervisor; every one marked 'ours' is an engineering choice of this project.

    Those of the load output, System+, remote, plausibility and consumption are in `ProtectionParameters`.

    Attributes
    ----------
    start_V, stop_V, weak_V : float
        Alternator port (A1): start above `start_V` (datasheet), stop below `stop_V` at once (ours), or after
        `weak_delay_ms` below `weak_V` (ours).
    start_delay_ms, stop_delay_ms, weak_delay_ms, rearm_ms : int
        Debounce of the start, of the stop, time allowed below `weak_V`, and rest after a stop (all ours).
    fuse_fraction, maximum_current_A : float
        A3, A4: limit = min(fraction x fuse rating, maximum), datasheet.
    set_point_step_A : float
        Resolution of the set-point (ours; steps let a hold last).
    reference_step_V, reference_tolerance : float
        Resolution of the limiter's reference; relative move of the resistance that renews it (ours).
    heatsink_derate_start_degC, heatsink_derate_end_degC : float
        The limit falls linearly from full to zero between them (ours).
    junction_limit_degC, junction_trip_degC, junction_to_heatsink_K_W : float
        Estimated junction = heatsink + Rth x (drop x current); limited to the first, off above the second
        (ours).
    minimum_limit_A, thermal_rearm_A, thermal_rest_ms : float, float, int
        Below the minimum the port goes off; it returns when the second (or half the full limit, if that is
        less) is possible and the rest is over (ours).
    limit_interval_ms, limit_rise_step_A, limit_rise_hysteresis_A : int, float, float
        The limit moves at most once an interval, falls at once to what is allowed, rises by one step and only
        if more than the hysteresis is to be gained (ours).
    cell_high_V, cell_high_release_V, cell_high_delay_ms : float, float, int
        Cell over-voltage 3.75 V (B5, manual), release and debounce (ours).
    cell_hot_degC, cell_hot_release_degC, cell_cold_degC, cell_cold_release_degC, cell_temperature_delay_ms
        Charging only from 5 to 50 degC (B5, manual), release and debounce (ours).
    disconnect_rest_ms, sensor_rest_ms : int
        Shortest duration of a charge disconnect and of a sensor fault (ours).
    sample_period_ms : int
        Fixed schedule of the estimators (ours). The tick must divide it.
    sense_band_V, temperature_band_K, voltage_band_V : float
        Dead bands of the sampled measurements (ours).
    hold_charging_ms, hold_idle_ms : int
        Longest hold while charging and while not (ours; it bounds what one look-ahead may cost).
    """

    start_V: float = _constant(13.0, 12.0, 15.0, "V", "datasheet A1")
    stop_V: float = _constant(12.5, 10.0, 14.0, "V", "ours, A1")
    weak_V: float = _constant(13.0, 10.0, 15.0, "V", "ours, A1")
    # Rides through the rebound of the starter battery after cranking; five readings of a 100 ms task.
    start_delay_ms: int = _constant(500, 0, 60_000, "ms", "ours")
    # 'At once', but not on a single reading: a load step of the vehicle rings for tens of milliseconds.
    stop_delay_ms: int = _constant(100, 0, 5_000, "ms", "ours")
    weak_delay_ms: int = _constant(10_000, 0, 600_000, "ms", "ours, A1")
    # At most three cycles, so six changes of the enable output, a minute.
    rearm_ms: int = _constant(20_000, 0, 600_000, "ms", "ours")

    fuse_fraction: float = _constant(0.9, 0.1, 1.0, "1", "datasheet A3")
    maximum_current_A: float = _constant(100.0, 10.0, 100.0, "A", "datasheet A4")
    set_point_step_A: float = _constant(0.5, 0.1, 5.0, "A", "ours, design.md")
    # One step of a 12-bit converter over 80 mV; 0.03 % of 67.5 mV.
    reference_step_V: float = _constant(2.0e-5, 1.0e-6, 1.0e-3, "V", "ours")
    # A tenth of the 3 % of A3, and a hold that lasts seconds once the fuse is warm.
    reference_tolerance: float = _constant(0.0025, 1.0e-4, 0.02, "1", "ours")

    # The box carries 35..68 W at 60 degC and 0.5..0.7 K/W: its heatsink then ends between 84 and 95 degC.
    heatsink_derate_start_degC: float = _constant(85.0, 40.0, 120.0, "degC", "ours")
    heatsink_derate_end_degC: float = _constant(100.0, 50.0, 140.0, "degC", "ours")
    # 25 K below the 175 degC of the devices, because the hottest one is only estimated.
    junction_limit_degC: float = _constant(150.0, 80.0, 175.0, "degC", "ours")
    junction_trip_degC: float = _constant(165.0, 90.0, 175.0, "degC", "ours")
    # Four devices of about 0.7 K/W (case and pad) in parallel, one carrying 1.4 times its share.
    junction_to_heatsink_K_W: float = _constant(0.25, 0.01, 5.0, "K/W", "ours")
    # Below it charging is not worth the loss, and the sense voltage is a few millivolts.
    minimum_limit_A: float = _constant(10.0, 1.0, 50.0, "A", "ours")
    thermal_rearm_A: float = _constant(30.0, 2.0, 100.0, "A", "ours")
    thermal_rest_ms: int = _constant(20_000, 0, 600_000, "ms", "ours")
    limit_interval_ms: int = _constant(10_000, 1_000, 600_000, "ms", "ours")
    limit_rise_step_A: float = _constant(1.0, 0.5, 20.0, "A", "ours")
    # Above one step of the heatsink sensor: 0.25 K are worth 1.5 A on the derating slope of a 100 A fuse.
    limit_rise_hysteresis_A: float = _constant(2.0, 0.5, 20.0, "A", "ours")

    cell_high_V: float = _constant(3.75, 3.4, 3.8, "V", "manual B5")
    # The relaxed voltage of a full cell is about 3.4 V; 3.5 V is reached a few minutes after a disconnect.
    cell_high_release_V: float = _constant(3.5, 3.3, 3.7, "V", "ours")
    cell_high_delay_ms: int = _constant(200, 0, 10_000, "ms", "ours")
    cell_hot_degC: float = _constant(50.0, 30.0, 60.0, "degC", "manual B5")
    cell_hot_release_degC: float = _constant(47.0, 20.0, 60.0, "degC", "ours")
    cell_cold_degC: float = _constant(5.0, -10.0, 15.0, "degC", "manual B5")
    cell_cold_release_degC: float = _constant(7.0, -10.0, 20.0, "degC", "ours")
    # Shorter than the start delay: a battery that is cold at power-up must not be charged first.
    cell_temperature_delay_ms: int = _constant(300, 0, 60_000, "ms", "ours")
    # At most three cycles, so six changes of the charge disconnect output, a minute.
    disconnect_rest_ms: int = _constant(20_000, 0, 600_000, "ms", "ours")
    sensor_rest_ms: int = _constant(20_000, 0, 600_000, "ms", "ours")

    # A sixteenth of the fuse's time constant; slow enough for a small controller.
    sample_period_ms: int = _constant(1_000, 100, 10_000, "ms", "ours")
    # 0.5 % of the drop at the limit: 0.6 K of fuse temperature, 0.25 % of its resistance.
    sense_band_V: float = _constant(3.0e-4, 0.0, 5.0e-3, "V", "ours")
    # One step of the NTC converter.
    temperature_band_K: float = _constant(0.25, 0.0, 5.0, "K", "ours")
    # 90 A x 0.05 V x 0.25 K/W is about 1 K of junction temperature.
    voltage_band_V: float = _constant(0.05, 0.0, 1.0, "V", "ours")
    hold_charging_ms: int = _constant(60_000, 1_000, 600_000, "ms", "ours")
    hold_idle_ms: int = _constant(60_000, 1_000, 3_600_000, "ms", "ours")

    def __post_init__(self) -> None:
        """Check ranges and order; raises SettingsError."""
        for constant in fields(self):
            meta = constant.metadata
            check_range(constant.name, getattr(self, constant.name), meta["low"], meta["high"], meta["unit"])
        ordered = (
            ("stop_V", "weak_V"), ("weak_V", "start_V"),
            ("heatsink_derate_start_degC", "heatsink_derate_end_degC"),
            ("junction_limit_degC", "junction_trip_degC"), ("minimum_limit_A", "thermal_rearm_A"),
            ("cell_high_release_V", "cell_high_V"), ("cell_hot_release_degC", "cell_hot_degC"),
            ("cell_cold_degC", "cell_cold_release_degC"), ("cell_cold_release_degC", "cell_hot_release_degC"),
            *PROTECTION_ORDER,
        )
        strict = {"heatsink_derate_end_degC", "thermal_rearm_A"}
        for lower, upper in ordered:
            below, above = getattr(self, lower), getattr(self, upper)
            if below > above or (upper in strict and below == above):
                raise SettingsError(upper, above, f"above {lower} ({below:g})")
