"""Fuse temperature, reference and derating: everything that the firmware estimates, on one fixed schedule.

The estimators sample at multiples of the sample period, counted from power-up. A sample takes over a reading
only if it left the dead band around the one that was taken before; so within the dead bands nothing but time
changes the estimate, and `quiet_until_ms` can compute when the next command change is due. That makes holds
exact.

Fuse (A5): I = U / R(T), P = U^2 / R_ref, U the sense voltage; the element relaxes towards terminal + Rth P.
Reference: limit x R_ref; R_ref = R(T), renewed when R(T) moved by more than its tolerance, so P is as exact as that.
Between two changes of sample or R_ref the estimate is one exponential from an anchor, the same at a sample whichever
calls were made before: T(t) = T_end + (T_anchor - T_end) exp(-(t - t_anchor) / tau).
Derating (A9): limit <= full x (T_end - heatsink) / (T_end - T_start), and <= (T_junction_limit - heatsink) /
(Rth x drop): the current at which the estimated junction, heatsink + Rth x (drop x current), is at its limit.
Heat of the path (integral of drop x current) is summed at the same anchors; `bms.heat` compares it with the sensors.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from bms.firmware_parameters import FirmwareParameters
from bms.fuse_table import HIGHEST_DEGC, LOWEST_DEGC, NominalFuse, relaxed_degC, resistance_ohm
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
    anchor_degC, anchor_ms, anchor_J : float, int, float
        Estimate when sample or reference last changed, when that was, and the heat of the path until then.
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
    anchor_degC: float
    anchor_ms: int
    anchor_J: float
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
        next_ms=now_ms,
        sample=sample,
        reference_ohm=resistance_ohm(sample.terminal_degC, rating.fuse),
        anchor_degC=sample.terminal_degC,
        anchor_ms=now_ms // period * period,
        anchor_J=0.0,
        limit_A=rating.full_A,
        limit_changed_ms=now_ms - firmware.limit_interval_ms,
    )
    thermal = _reviewed(
        thermal, now_ms, sample, thermal.fuse_degC, thermal.anchor_degC, thermal.anchor_ms, 0.0, False, rating, firmware
    )
    return thermal._replace(next_ms=(now_ms // period + 1) * period)


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
    look_ms = thermal.next_ms
    while look_ms < now_ms:
        look_ms = _next_look_ms(thermal, now_ms, charging, rating, firmware)
        if look_ms < now_ms:
            thermal = _sampled(thermal, look_ms, thermal.sample, charging, rating, firmware)
            look_ms = thermal.next_ms
    if look_ms == now_ms:
        sample = _taken(thermal.sample, measurements, charging, firmware)
        return _sampled(thermal, now_ms, sample, charging, rating, firmware)
    return _coasted(thermal, look_ms, rating, firmware)


def quiet_until_ms(
    thermal: Thermal, horizon_ms: int, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> int:
    """First instant up to `horizon_ms` at which more than the estimate may change, the samples staying put.

    Looks ahead from one sample at which something might change to the next.
    """
    if thermal.next_ms >= horizon_ms:
        return horizon_ms
    _, _, sample, reference_ohm, anchor_degC, anchor_ms, _, _, _, _, _, _, _, _ = ahead = thermal
    while True:
        look_ms = _next_look_ms(ahead, horizon_ms, charging, rating, firmware)
        if look_ms >= horizon_ms:
            return horizon_ms
        fuse_degC = _fuse_degC(sample, reference_ohm, anchor_degC, look_ms - anchor_ms, rating.fuse)
        if _is_stale(reference_ohm, resistance_ohm(fuse_degC, rating.fuse), firmware):
            return look_ms  # what most holds end with
        ahead = _sampled(ahead, look_ms, sample, charging, rating, firmware)
        if ahead[2:] != thermal[2:]:
            return look_ms  # fields 0 and 1 are the estimate itself and its clock


def _quiet_range_degC(
    sample: Sample, reference_ohm: float, charging: bool, fuse: NominalFuse, firmware: FirmwareParameters
) -> tuple[float, float]:
    """Fuse temperatures at which a review with the held sample finds nothing: reference not stale, junction not hot.

    A little too narrow rather than too wide; within the range in which `resistance_ohm` is linear.
    """
    tolerance = firmware.reference_tolerance
    low_ohm, high_ohm = reference_ohm * (1.0 - tolerance), reference_ohm * (1.0 + tolerance)
    if charging and sample.fuse_sense_V > 0.0:
        headroom_K = firmware.junction_trip_degC - sample.heatsink_degC
        heating_V2 = firmware.junction_to_heatsink_K_W * _drop_V(sample) * sample.fuse_sense_V  # over ohm: kelvin
        if heating_V2 > headroom_K * low_ohm:
            low_ohm = heating_V2 / headroom_K if headroom_K > 0.0 else high_ohm
    at_25_ohm = fuse.resistance_25_ohm
    per_K = at_25_ohm * fuse.alpha_per_K
    low_degC = 25.0 + (low_ohm - at_25_ohm) / per_K + 1.0e-6
    high_degC = 25.0 + (high_ohm - at_25_ohm) / per_K - 1.0e-6
    if low_degC < LOWEST_DEGC or high_degC > HIGHEST_DEGC:
        return max(low_degC, LOWEST_DEGC), min(high_degC, HIGHEST_DEGC)
    return low_degC, high_degC


def _next_look_ms(
    thermal: Thermal, before_ms: int, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> int:
    """First sample from the next one on at which a review may change something; `before_ms` or later if none before.

    The readings stay put, so a review that changed nothing is followed by others, until a waiting time ends, or the
    estimate, moving towards its end from one side, makes the reference stale or the junction too hot.
    """
    fuse_degC, next_ms, sample, ohm, anchor_degC, anchor_ms, _, _, moved_ms, off, off_ms, red, red_ms, told = thermal
    fuse, period_ms = rating.fuse, firmware.sample_period_ms
    previous_ms = next_ms - period_ms
    if charging != told or moved_ms == previous_ms:
        return next_ms  # the last review saw something else
    due_ms = moved_ms + firmware.limit_interval_ms
    if previous_ms < due_ms < before_ms:
        before_ms = due_ms
    if off or red:
        for waits, since_ms in ((off, off_ms), (red, red_ms)):
            if waits and previous_ms < since_ms + firmware.thermal_rest_ms < before_ms:
                before_ms = since_ms + firmware.thermal_rest_ms
    low_degC, high_degC = _quiet_range_degC(sample, ohm, charging, fuse, firmware)
    if not low_degC < fuse_degC < high_degC:
        return next_ms
    end_degC = _end_degC(sample, ohm, fuse)
    if not low_degC <= end_degC <= high_degC:
        edge_degC = high_degC if end_degC > high_degC else low_degC
        left_s = fuse.time_constant_s * math.log((anchor_degC - end_degC) / (edge_degC - end_degC))
        before_ms = min(before_ms, anchor_ms + int(left_s * 1000.0))
    return next_ms if before_ms <= next_ms else next_ms - (next_ms - before_ms) // period_ms * period_ms


def _coasted(thermal: Thermal, look_ms: int, rating: Rating, firmware: FirmwareParameters) -> Thermal:
    """Take the samples before `look_ms`, one of the schedule; the same as sample by sample, at once."""
    if look_ms == thermal.next_ms:
        return thermal
    since_ms = look_ms - firmware.sample_period_ms - thermal.anchor_ms
    fuse_degC = _fuse_degC(thermal.sample, thermal.reference_ohm, thermal.anchor_degC, since_ms, rating.fuse)
    return Thermal(fuse_degC, look_ms, *thermal[2:])


def _end_degC(sample: Sample, reference_ohm: float, fuse: NominalFuse) -> float:
    """Temperature that the element relaxes towards while sample and reference stay."""
    return sample.terminal_degC + fuse.thermal_resistance_K_W * (sample.fuse_sense_V**2 / reference_ohm)


def _fuse_degC(sample: Sample, reference_ohm: float, anchor_degC: float, since_ms: int, fuse: NominalFuse) -> float:
    """Estimate at a sample so long after the anchor, sample and reference being the same since then."""
    end_degC = _end_degC(sample, reference_ohm, fuse)
    left = math.exp(-since_ms * 1.0e-3 / fuse.time_constant_s)
    return end_degC + (anchor_degC - end_degC) * left


def output_ratio(sample: Sample, firmware: FirmwareParameters) -> float:
    """Current out of a converter over that in its fuse: ``eta (V_in - V_fuse) / V_battery`` of held readings, or 1."""
    behind_V = (sample.input_voltage_V - sample.fuse_sense_V) * firmware.converter_efficiency
    return behind_V / sample.battery_voltage_V if behind_V > sample.battery_voltage_V > 0.0 else 1.0


def path_J(thermal: Thermal, until_ms: int) -> float:
    """Estimated heat of the pass devices since power-up, up to an instant after the anchor with the held sample."""
    _, _, sample, reference_ohm, _, anchor_ms, anchor_J, _, _, _, _, _, _, _ = thermal
    return anchor_J + _path_W(sample, reference_ohm) * ((until_ms - anchor_ms) * 1.0e-3)


def _path_W(sample: Sample, reference_ohm: float) -> float:
    """Estimated loss of the pass devices."""
    sense_V, _, _, input_V, battery_V = sample
    drop_V = input_V - battery_V - sense_V
    power_W = drop_V * (sense_V / reference_ohm) if drop_V > 0.0 else 0.0
    return power_W if power_W >= 0.0 else 0.0


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
    """Held readings, replaced where the present one is finite and outside the dead band; the same if none is."""
    m, sense_V, kelvin = measurements, firmware.sense_band_V, firmware.temperature_band_K
    volt = firmware.voltage_band_V if charging else math.inf
    # A sense that is missing while the port is off heats nothing (below): an estimate that stays hot lets too much in.
    held_V, terminal_degC, heatsink_degC, input_V, battery_V = held
    if (
        held_V - sense_V <= m.fuse_sense_V <= held_V + sense_V
        and terminal_degC - kelvin <= m.terminal_degC <= terminal_degC + kelvin
        and heatsink_degC - kelvin <= m.heatsink_degC <= heatsink_degC + kelvin
        and input_V - volt <= m.input_voltage_V <= input_V + volt
        and battery_V - volt <= m.battery_voltage_V <= battery_V + volt
    ):
        return held
    return Sample(
        _followed(held_V, m.fuse_sense_V if charging or math.isfinite(m.fuse_sense_V) else 0.0, sense_V),
        _followed(terminal_degC, m.terminal_degC, kelvin),
        _followed(heatsink_degC, m.heatsink_degC, kelvin),
        _followed(input_V, m.input_voltage_V, volt),
        _followed(battery_V, m.battery_voltage_V, volt),
    )


def _followed(held: float, reading: float, band: float) -> float:
    """What is held after a reading."""
    return held if held - band <= reading <= held + band or not math.isfinite(reading) else reading


def _sampled(
    thermal: Thermal, now_ms: int, sample: Sample, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> Thermal:
    """State after the sample that is due at `now_ms`, reviewed; those before it find nothing (`_coasted`).

    The power over the past period is the mean of its two ends: a current that was switched in between is then
    wrong by half a period at most, either way.
    """
    fuse_degC, next_ms, held, ohm, anchor_degC, anchor_ms, anchor_J, _, _, _, _, _, _, _ = thermal
    period_ms, fuse = firmware.sample_period_ms, rating.fuse
    if sample is held or sample == held:
        fuse_degC = _fuse_degC(held, ohm, anchor_degC, now_ms - anchor_ms, fuse)
        return _reviewed(thermal, now_ms, held, fuse_degC, anchor_degC, anchor_ms, anchor_J, charging, rating, firmware)
    if now_ms != next_ms:
        fuse_degC = _fuse_degC(held, ohm, anchor_degC, now_ms - period_ms - anchor_ms, fuse)
    period_s = period_ms * 1.0e-3
    power_W = 0.5 * (held.fuse_sense_V**2 + sample.fuse_sense_V**2) / ohm
    fuse_degC = relaxed_degC(fuse_degC, power_W, sample.terminal_degC, period_s, fuse)
    before_W = _path_W(held, ohm)
    heat_J = anchor_J + before_W * ((now_ms - period_ms - anchor_ms) * 1.0e-3)
    heat_J += 0.5 * (before_W + _path_W(sample, ohm)) * period_s
    return _reviewed(thermal, now_ms, sample, fuse_degC, fuse_degC, now_ms, heat_J, charging, rating, firmware)


def _reviewed(
    thermal: Thermal, now_ms: int, sample: Sample, fuse_degC: float, anchor_degC: float, anchor_ms: int,
    anchor_J: float, charging: bool, rating: Rating, firmware: FirmwareParameters,
) -> Thermal:
    """Renew reference, set-point, thermal shut-down and red LED from the sample and the estimate at `now_ms`."""
    _, _, _, reference_ohm, _, _, _, before_A, limit_changed_ms, off, off_ms, red, red_ms, _ = thermal
    full_A = rating.full_A
    ohm = resistance_ohm(fuse_degC, rating.fuse)
    if _is_stale(reference_ohm, ohm, firmware):
        anchor_J += _path_W(sample, reference_ohm) * ((now_ms - anchor_ms) * 1.0e-3)
        reference_ohm, anchor_degC, anchor_ms = ohm, fuse_degC, now_ms
    drop_V = _drop_V(sample)
    allowed_A = _allowed_A(sample.heatsink_degC, drop_V, charging, rating, firmware)
    limit_A = before_A
    # At the full limit, and allowed to be, there is nowhere to move.
    if not allowed_A >= full_A == before_A and now_ms - limit_changed_ms >= firmware.limit_interval_ms:
        limit_A = _moved_limit_A(before_A, allowed_A, charging, rating, firmware)
        if limit_A != before_A:
            limit_changed_ms = now_ms
    junction_degC = sample.heatsink_degC
    if charging and drop_V > 0.0:
        junction_degC += firmware.junction_to_heatsink_K_W * max(drop_V * (sample.fuse_sense_V / ohm), 0.0)
    # A set-point that came down this moment has not acted yet; the junction is judged at the next sample.
    too_hot = allowed_A < firmware.minimum_limit_A or (
        limit_A >= before_A and junction_degC > firmware.junction_trip_degC
    )
    if not off and too_hot:
        off, off_ms = True, now_ms
    elif off and now_ms - off_ms >= firmware.thermal_rest_ms:
        off = too_hot or allowed_A < min(firmware.thermal_rearm_A, 0.5 * full_A)  # less for a small fuse
    # The red LED is lit while derated or off, and for the thermal rest time at least.
    hot = off or limit_A < full_A
    if hot and not red:
        red, red_ms = True, now_ms
    elif red and not hot and now_ms - red_ms >= firmware.thermal_rest_ms:
        red = False
    return Thermal(
        fuse_degC, now_ms + firmware.sample_period_ms, sample, reference_ohm, anchor_degC, anchor_ms, anchor_J,
        limit_A, limit_changed_ms, off, off_ms, red, red_ms, charging,
    )


def _is_stale(reference_ohm: float, ohm: float, firmware: FirmwareParameters) -> bool:
    """Whether the fuse's resistance has left that behind the reference."""
    return abs(ohm / reference_ohm - 1.0) > firmware.reference_tolerance


def _allowed_A(
    heatsink_degC: float, drop_V: float, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> float:
    """Largest current that heatsink and junction allow; may lie above the full limit."""
    end_degC = firmware.heatsink_derate_end_degC
    allowed_A = rating.full_A * (end_degC - heatsink_degC) / (end_degC - firmware.heatsink_derate_start_degC)
    if charging and drop_V > 0.0:
        headroom_K = firmware.junction_limit_degC - heatsink_degC
        allowed_A = min(allowed_A, headroom_K / (firmware.junction_to_heatsink_K_W * drop_V))
    return allowed_A


def _drop_V(sample: Sample) -> float:
    """Voltage over the pass devices: between the terminals, less the fuse."""
    sense_V, _, _, input_V, battery_V = sample
    drop_V = input_V - battery_V - sense_V
    return drop_V if drop_V > 0.0 else 0.0


def _moved_limit_A(
    limit_A: float, allowed_A: float, charging: bool, rating: Rating, firmware: FirmwareParameters
) -> float:
    """Set-point after a move: down at once, up slowly and past a hysteresis.

    Slowly, because less current raises the drop: a set-point that followed at once would swing.
    """
    least_A = min(firmware.minimum_limit_A, rating.full_A)
    wanted_A = max(min(rounded_down_A(allowed_A, firmware), rating.full_A), least_A)
    if wanted_A < limit_A:
        return wanted_A
    if wanted_A > limit_A and allowed_A >= limit_A + firmware.limit_rise_hysteresis_A:
        return min(wanted_A, limit_A + firmware.limit_rise_step_A) if charging else wanted_A
    return limit_A
