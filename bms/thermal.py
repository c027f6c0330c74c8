"""Fuse temperature, reference and derating: everything that the firmware estimates, on one fixed schedule.

The estimators sample at multiples of the sample period, counted from power-up. A sample takes over a reading
only if it left the dead band around the one that was taken before; so within the dead bands nothing but time
changes the estimate, and `quiet_until_ms` can compute when the next command change is due. That makes holds
exact.

Fuse (A5): I = U / R(T), P = U^2 / R(T), U the sense voltage; the element relaxes towards terminal + Rth P.
Reference: limit x R(T), renewed when R moved by more than its tolerance.
Derating (A9): limit <= full x (T_end - heatsink) / (T_end - T_start), and <= (T_junction_limit - heatsink) /
(Rth x drop): the current at which the estimated junction, heatsink + Rth x (drop x current), is at its limit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import NominalFuse, relaxed_degC, resistance_ohm
from bms.interface import Measurements


class Sample(NamedTuple):
    """Readings as the estimators hold them, each within its dead band of the present one."""

    fuse_sense_V: float
    terminal_degC: float
    heatsink_degC: float
    input_voltage_V: float
    battery_voltage_V: float


class Thermal(NamedTuple):
    """State of the estimators and of derating.

    Attributes
    ----------
    fuse_degC : float
        Estimated temperature of the fuse element.
    next_ms : int
        Next instant of the schedule.
    sample : Sample
        Readings held.
    reference_ohm : float
        Fuse resistance that the limiter's reference is made from.
    limit_A, limit_changed_ms : float, int
        Set-point and when it last moved.
    off, off_ms : bool, int
        Whether heat keeps the port off, and since when.
    red, red_ms : bool, int
        Red LED and since when.
    charging : bool
        What the last review was told about the port.
    """

    fuse_degC: float
    next_ms: int
    sample: Sample
    reference_ohm: float
    limit_A: float
    limit_changed_ms: int
    off: bool = False
    off_ms: int = 0
    red: bool = False
    red_ms: int = 0
    charging: bool = False


class Rating(NamedTuple):
    """What the fuse rating fixes: the nominal fuse and the limit before derating [A]."""

    fuse: NominalFuse
    full_A: float


def begin(measurements: Measurements, now_ms: int, rating: Rating, firmware: FirmwareParameters) -> Thermal:
    """First estimate: the fuse is as warm as its terminal. All port readings must be there."""
    sample = Sample(*(getattr(measurements, name) for name in Sample._fields))
    period = firmware.sample_period_ms
    thermal = Thermal(
        fuse_degC=sample.terminal_degC,
        next_ms=(now_ms // period + 1) * period,
        sample=sample,
        reference_ohm=resistance_ohm(sample.terminal_degC, rating.fuse),
        limit_A=rating.full_A,
        limit_changed_ms=now_ms - firmware.limit_interval_ms,
    )
    return _reviewed(thermal, now_ms, False, rating, firmware)


def advance(
    thermal: Thermal, measurements: Measurements, now_ms: int, charging: bool, rating: Rating,
    firmware: FirmwareParameters,
) -> Thermal:
    """Take every sample that is due up to `now_ms`; only one that is due right now sees the measurements.

    Parameters
    ----------
    thermal : Thermal
        State before.
    measurements : Measurements
        Present readings.
    now_ms : int
        Supervisor time [ms].
    charging : bool
        Whether the port was on since the last call.
    rating, firmware : Rating, FirmwareParameters
        Constants.
    """
    while thermal.next_ms < now_ms:
        after = _sampled(thermal, thermal.sample, charging, rating, firmware)
        quiet = after[2:] == thermal[2:]
        thermal = _coasted(after, now_ms, charging, rating, firmware) if quiet else after
    if thermal.next_ms == now_ms:
        sample = _taken(thermal.sample, measurements, charging, firmware)
        thermal = _sampled(thermal, sample, charging, rating, firmware)
    return thermal


def bands(charging: bool, sample: Sample, firmware: FirmwareParameters) -> dict[str, tuple[float, float]]:
    """Dead band around each reading that matters; the voltages matter only while charging."""
    volt, kelvin = firmware.sense_band_V, firmware.temperature_band_K
    found = {
        "fuse_sense_V": (sample.fuse_sense_V - volt, sample.fuse_sense_V + volt),
        "terminal_degC": (sample.terminal_degC - kelvin, sample.terminal_degC + kelvin),
        "heatsink_degC": (sample.heatsink_degC - kelvin, sample.heatsink_degC + kelvin),
    }
    if charging:
        volt = firmware.voltage_band_V
        found["input_voltage_V"] = (sample.input_voltage_V - volt, sample.input_voltage_V + volt)
        found["battery_voltage_V"] = (sample.battery_voltage_V - volt, sample.battery_voltage_V + volt)
    return found


def quiet_until_ms(
    thermal: Thermal, horizon_ms: int, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> int:
    """First instant up to `horizon_ms` at which more than the estimate may change, the samples staying put.

    Cheap where nothing can: the element approaches its end temperature from one side (a hotter element gets less
    power at a given voltage), so the tolerance band is never left if it holds both. Otherwise sample by sample.
    """
    period_ms, next_ms = firmware.sample_period_ms, thermal.next_ms
    if next_ms >= horizon_ms:
        return horizon_ms
    last_ms = next_ms - period_ms
    if charging != thermal.charging or thermal.limit_changed_ms == last_ms:
        return next_ms  # the last review saw something else
    for waits, due_ms in (
        (True, thermal.limit_changed_ms + firmware.limit_interval_ms),
        (thermal.off, thermal.off_ms + firmware.thermal_rest_ms),
        (thermal.red, thermal.red_ms + firmware.thermal_rest_ms),
    ):
        if waits and last_ms < due_ms < horizon_ms:
            horizon_ms = min(horizon_ms, -(-due_ms // period_ms) * period_ms)
    if _stays_in_band(thermal, charging, rating, firmware):
        return horizon_ms
    ahead = thermal
    while ahead.next_ms < horizon_ms:
        instant_ms = ahead.next_ms
        ahead = _sampled(ahead, ahead.sample, charging, rating, firmware)
        if ahead[2:] != thermal[2:]:
            return instant_ms  # fields 0 and 1 are the estimate itself and its clock
        ahead = _coasted(ahead, horizon_ms, charging, rating, firmware)
    return horizon_ms


def _stays_in_band(thermal: Thermal, charging: bool, rating: Rating, firmware: FirmwareParameters) -> bool:
    """Whether neither a stale reference nor a hot junction can come, however long the sample stays."""
    fuse, sample, tolerance = rating.fuse, thermal.sample, firmware.reference_tolerance
    low_ohm, high_ohm = thermal.reference_ohm * (1.0 - tolerance), thermal.reference_ohm * (1.0 + tolerance)
    if charging:
        hottest_W = max(_drop_V(sample) * sample.fuse_sense_V / low_ohm, 0.0)
        if sample.heatsink_degC + firmware.junction_to_heatsink_K_W * hottest_W > firmware.junction_trip_degC:
            return False
    per_K = fuse.resistance_25_ohm * fuse.alpha_per_K
    low_degC = 25.0 + (low_ohm - fuse.resistance_25_ohm) / per_K + 1.0e-6
    high_degC = 25.0 + (high_ohm - fuse.resistance_25_ohm) / per_K - 1.0e-6
    if not low_degC < thermal.fuse_degC < high_degC:
        return False
    # End temperature: R25 (1 + alpha (T - 25)) (T - T_terminal) = Rth U^2, solved for the rise T - T_terminal.
    terminal_ohm = fuse.resistance_25_ohm + per_K * (sample.terminal_degC - 25.0)
    heating = fuse.thermal_resistance_K_W * sample.fuse_sense_V**2
    rise_K = 2.0 * heating / (terminal_ohm + math.sqrt(terminal_ohm**2 + 4.0 * per_K * heating))
    return low_degC < sample.terminal_degC + rise_K < high_degC


def _coasted(
    thermal: Thermal, before_ms: int, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> Thermal:
    """Take the samples before `before_ms` up to the first one at which a review may change something.

    The state comes from a review that changed nothing, and the readings stay put. So the next review can only find
    something at the end of a waiting time, or where the estimate makes the reference stale or the junction too hot.
    Same figures as `_relaxed`, `_is_stale` and `junction_degC`, without a tuple for each sample.
    """
    fuse, sample, period_ms = rating.fuse, thermal.sample, firmware.sample_period_ms
    square_V2 = 0.5 * (sample.fuse_sense_V**2 + sample.fuse_sense_V**2)
    decay = math.exp(-(period_ms * 1.0e-3) / fuse.time_constant_s)
    tolerance, reference_ohm = firmware.reference_tolerance, thermal.reference_ohm
    drop_V = _drop_V(sample) if charging else 0.0
    fuse_degC, next_ms = thermal.fuse_degC, thermal.next_ms
    ohm = resistance_ohm(fuse_degC, fuse)
    last_ms = before_ms
    for due_ms in (
        thermal.limit_changed_ms + firmware.limit_interval_ms,
        thermal.off_ms + firmware.thermal_rest_ms,
        thermal.red_ms + firmware.thermal_rest_ms,
    ):
        if next_ms - period_ms < due_ms < last_ms:
            last_ms = due_ms
    while next_ms < last_ms:
        end_degC = sample.terminal_degC + fuse.thermal_resistance_K_W * (square_V2 / ohm)
        moved_degC = end_degC + (fuse_degC - end_degC) * decay
        ohm = resistance_ohm(moved_degC, fuse)
        if abs(ohm / reference_ohm - 1.0) > tolerance or (
            drop_V > 0.0
            and sample.heatsink_degC
            + firmware.junction_to_heatsink_K_W * max(drop_V * (sample.fuse_sense_V / ohm), 0.0)
            > firmware.junction_trip_degC
        ):
            break
        next_ms += period_ms
        if moved_degC == fuse_degC:  # settled to the bit: it stays
            next_ms += max(0, -(-(last_ms - next_ms) // period_ms)) * period_ms
        fuse_degC = moved_degC
    return thermal._replace(fuse_degC=fuse_degC, next_ms=next_ms)


def junction_degC(thermal: Thermal, charging: bool, rating: Rating, firmware: FirmwareParameters) -> float:
    """Estimated junction = heatsink + Rth x drop x current; the heatsink's while the port is off."""
    if not charging:
        return thermal.sample.heatsink_degC
    current_A = thermal.sample.fuse_sense_V / resistance_ohm(thermal.fuse_degC, rating.fuse)
    power_W = max(_drop_V(thermal.sample) * current_A, 0.0)
    return thermal.sample.heatsink_degC + firmware.junction_to_heatsink_K_W * power_W


def path_power_W(thermal: Thermal) -> float:
    """Estimated loss of the pass devices from the held sample."""
    current_A = thermal.sample.fuse_sense_V / thermal.reference_ohm
    return max(_drop_V(thermal.sample) * current_A, 0.0)


def reference_V(thermal: Thermal, limit_A: float, firmware: FirmwareParameters) -> float:
    """Return the limiter's reference: limit x resistance, rounded to the converter's step."""
    step = firmware.reference_step_V
    return round(limit_A * thermal.reference_ohm / step) * step


def rounded_down_A(current_A: float, firmware: FirmwareParameters) -> float:
    """Set-point on its grid, not above what is asked (but for rounding errors)."""
    step = firmware.set_point_step_A
    return math.floor(current_A / step + 1.0e-9) * step


def _taken(
    held: Sample, measurements: Measurements, charging: bool, firmware: FirmwareParameters
) -> Sample:
    """Held readings, replaced where the present one is finite and outside the dead band."""
    changes: dict[str, float] = {}
    for name, (low, high) in bands(charging, held, firmware).items():
        reading = getattr(measurements, name)
        if not low <= reading <= high and math.isfinite(reading):
            changes[name] = reading
    return held._replace(**changes) if changes else held


def _sampled(
    thermal: Thermal, sample: Sample, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> Thermal:
    """State after the sample that is due at `thermal.next_ms`."""
    relaxed = _relaxed(thermal, sample, rating, firmware)
    return _reviewed(relaxed, thermal.next_ms, charging, rating, firmware)


def _relaxed(thermal: Thermal, sample: Sample, rating: Rating, firmware: FirmwareParameters) -> Thermal:
    """Fuse temperature one period on.

    The power over the past period is the mean of its two ends: a current that was switched in between is then
    wrong by half a period at most, either way.
    """
    resistance = resistance_ohm(thermal.fuse_degC, rating.fuse)
    power_W = 0.5 * (thermal.sample.fuse_sense_V**2 + sample.fuse_sense_V**2) / resistance
    period_s = firmware.sample_period_ms * 1.0e-3
    fuse_degC = relaxed_degC(thermal.fuse_degC, power_W, sample.terminal_degC, period_s, rating.fuse)
    return thermal._replace(
        fuse_degC=fuse_degC, next_ms=thermal.next_ms + firmware.sample_period_ms, sample=sample
    )


def _is_stale(thermal: Thermal, rating: Rating, firmware: FirmwareParameters) -> bool:
    """Whether the estimated resistance moved by more than its tolerance since the reference was made."""
    resistance = resistance_ohm(thermal.fuse_degC, rating.fuse)
    return abs(resistance / thermal.reference_ohm - 1.0) > firmware.reference_tolerance


def _reviewed(
    thermal: Thermal, now_ms: int, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> Thermal:
    """Renew reference, set-point, thermal shut-down and red LED from the estimates."""
    if _is_stale(thermal, rating, firmware):
        thermal = thermal._replace(reference_ohm=resistance_ohm(thermal.fuse_degC, rating.fuse))
    allowed_A = _allowed_A(thermal.sample, charging, rating, firmware)
    moved = _moved_limit(thermal, allowed_A, now_ms, charging, rating, firmware)
    too_hot = allowed_A < firmware.minimum_limit_A or (
        # A set-point that came down this moment has not acted yet; the junction is judged at the next sample.
        moved.limit_A >= thermal.limit_A
        and junction_degC(thermal, charging, rating, firmware) > firmware.junction_trip_degC
    )
    thermal = moved
    if not thermal.off and too_hot:
        thermal = thermal._replace(off=True, off_ms=now_ms)
    elif thermal.off and now_ms - thermal.off_ms >= firmware.thermal_rest_ms:
        thermal = thermal._replace(off=too_hot or allowed_A < _rearm_A(rating, firmware))
    if thermal.charging != charging:
        thermal = thermal._replace(charging=charging)
    return _with_red(thermal, now_ms, rating, firmware)


def _rearm_A(rating: Rating, firmware: FirmwareParameters) -> float:
    """Limit that must be possible to return from a thermal shut-down; less for a small fuse."""
    return min(firmware.thermal_rearm_A, 0.5 * rating.full_A)


def _allowed_A(
    sample: Sample, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> float:
    """Largest current that heatsink and junction allow; may lie above the full limit."""
    end_degC = firmware.heatsink_derate_end_degC
    span_K = end_degC - firmware.heatsink_derate_start_degC
    allowed_A = rating.full_A * (end_degC - sample.heatsink_degC) / span_K
    drop_V = _drop_V(sample)
    if charging and drop_V > 0.0:
        headroom_K = firmware.junction_limit_degC - sample.heatsink_degC
        allowed_A = min(allowed_A, headroom_K / (firmware.junction_to_heatsink_K_W * drop_V))
    return allowed_A


def _drop_V(sample: Sample) -> float:
    """Voltage over the pass devices: between the terminals, less the fuse."""
    return max(sample.input_voltage_V - sample.battery_voltage_V - sample.fuse_sense_V, 0.0)


def _moved_limit(
    thermal: Thermal, allowed_A: float, now_ms: int, charging: bool, rating: Rating,
    firmware: FirmwareParameters,
) -> Thermal:
    """Move the set-point: down at once, up slowly and past a hysteresis, at most once an interval.

    Slowly, because less current raises the drop: a set-point that followed at once would swing.
    """
    if now_ms - thermal.limit_changed_ms < firmware.limit_interval_ms:
        return thermal
    least_A = min(firmware.minimum_limit_A, rating.full_A)
    wanted_A = max(min(rounded_down_A(allowed_A, firmware), rating.full_A), least_A)
    limit_A = thermal.limit_A
    if wanted_A < limit_A:
        limit_A = wanted_A
    elif wanted_A > limit_A and allowed_A >= limit_A + firmware.limit_rise_hysteresis_A:
        limit_A = min(wanted_A, limit_A + firmware.limit_rise_step_A) if charging else wanted_A
    if limit_A == thermal.limit_A:
        return thermal
    return thermal._replace(limit_A=limit_A, limit_changed_ms=now_ms)


def _with_red(thermal: Thermal, now_ms: int, rating: Rating, firmware: FirmwareParameters) -> Thermal:
    """Light the red LED while derated or off, and for the thermal rest time at least."""
    hot = thermal.off or thermal.limit_A < rating.full_A
    if hot and not thermal.red:
        return thermal._replace(red=True, red_ms=now_ms)
    if thermal.red and not hot and now_ms - thermal.red_ms >= firmware.thermal_rest_ms:
        return thermal._replace(red=False)
    return thermal
