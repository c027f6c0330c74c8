"""Safe operating area: waveforms of one power device against its ratings.

Pure functions: waveforms in, stresses out, each beside its limit. What exceeds its limit is a `Violation`.

    junction = junction_waveform_degC(time_s, power_W, start_degC, heatsink_degC, cauer)
    stresses = mosfet_stresses(DeviceWaves("q2a", time_s, voltage_V, power_W, junction), load_mosfet("ratings_n100"))
    for v in violations(stresses): ...

All waveforms are of one device, not of a bank of parallel ones; the power is what heats it (`pq*` of the netlists).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.heat import CauerParameters, step_cauer
from models.ratings import MosfetRatings, TvsRatings

Array = NDArray[np.float64]

CONDUCTS = 0.01
"""A suppressor's pulse is where its power exceeds this part of its largest (ours)."""
TVS_CASE_degC = 25.0
"""Case temperature of the suppressors' curves, as in every data sheet."""
SMALLEST_W = 1.0
"""Pulses of less peak power are no pulses (ours: a hundredth of what the smallest suppressor endures for a second)."""


class DeviceWaves(NamedTuple):
    """Waveforms of one device; arrays over the accepted points.

    name : str
        What an event calls it.
    time_s, voltage_V, power_W : ndarray
        Drain to source, or cathode to anode; heat in the device.
    junction_degC : ndarray
        Junction temperature; see `junction_waveform_degC`. Ignored for suppressors, which are rated by pulse power.
    case_degC : float
        Case temperature to which the curves of linear mode and of suppressors are derated.
    """

    name: str
    time_s: Array
    voltage_V: Array
    power_W: Array
    junction_degC: Array
    case_degC: float = 25.0


class Stress(NamedTuple):
    """One quantity of a device beside its limit: the moment of the largest share of the limit."""

    device: str
    quantity: str
    value: float
    unit: str
    limit: float
    time_s: float

    @property
    def margin(self) -> float:
        """Part of the limit that is left; below 0 the limit is exceeded."""
        return 1.0 - self.value / self.limit if self.limit > 0.0 else (0.0 if self.value <= self.limit else -1.0)


class Violation(NamedTuple):
    """A stress above its limit: device, quantity, value, limit, when."""

    device: str
    quantity: str
    value: float
    unit: str
    limit: float
    time_s: float

    @property
    def detail(self) -> str:
        """In words, for an event."""
        return f"{self.device}: {self.quantity} {self.value:.4g} {self.unit}, rated {self.limit:.4g} {self.unit}"


def violations(stresses: Iterable[Stress]) -> list[Violation]:
    """Return the stresses above their limits, in time order; NaN counts as above."""
    found = [Violation(*s) for s in stresses if not s.value <= s.limit]
    return sorted(found, key=lambda v: v.time_s)


def worst(stresses: Iterable[Stress]) -> Stress:
    """Return the stress with the least margin."""
    return min(stresses, key=lambda s: s.margin)


# ---- junction ---------------------------------------------------------------------------------------------------

def junction_waveform_degC(
    time_s: Array, power_W: Array, start_degC: Array, heatsink_degC: float, p: CauerParameters
) -> Array:
    """Junction temperature over a power waveform, from a ladder of `models.heat` [degC].

    Parameters
    ----------
    time_s, power_W : ndarray
        Power of one device at the accepted points; straight between them (its mean heats).
    start_degC : ndarray
        Temperatures of the ladder at the first point, junction first.
    heatsink_degC : float
        Below the ladder, held: a window is short against the heatsink's 15 minutes.
    p : CauerParameters
        The ladder.
    """
    nodes = np.array(start_degC, dtype=np.float64)
    out = np.empty(time_s.size)
    out[0] = nodes[0]
    steps_s = np.diff(time_s)
    means_W = 0.5 * (power_W[1:] + power_W[:-1])
    for k in range(steps_s.size):
        nodes = step_cauer(
            nodes, float(means_W[k]), heatsink_degC, p.resistance_K_W, p.capacity_J_K, float(steps_s[k])
        )
        out[k + 1] = nodes[0]
    return out


# ---- MOSFETs ----------------------------------------------------------------------------------------------------

def mosfet_stresses(w: DeviceWaves, r: MosfetRatings) -> list[Stress]:
    """Drain voltage, avalanche energy, junction temperature and linear-mode power of a MOSFET."""
    highest, hottest = int(np.argmax(w.voltage_V)), int(np.argmax(w.junction_degC))
    times = w.time_s
    return [
        Stress(w.name, "drain voltage", float(w.voltage_V[highest]), "V", r.drain_voltage_V, float(times[highest])),
        _avalanche(w, r),
        Stress(w.name, "junction temperature", float(w.junction_degC[hottest]), "degC", r.junction_degC,
               float(times[hottest])),
        linear_mode(w, r),
    ]


def _avalanche(w: DeviceWaves, r: MosfetRatings) -> Stress:
    """Largest energy of one stay above the rated drain voltage; without one, 0 J."""
    energy_J, at_s = 0.0, float(w.time_s[0])
    for first, last in _stays(w.voltage_V > r.drain_voltage_V):
        low, high = max(first - 1, 0), min(last + 2, w.time_s.size)
        one_J = float(np.trapezoid(w.power_W[low:high], w.time_s[low:high]))
        if one_J > energy_J:
            energy_J, at_s = one_J, float(w.time_s[first])
    return Stress(w.name, "avalanche energy", energy_J, "J", r.avalanche_J, at_s)


def linear_mode(w: DeviceWaves, r: MosfetRatings) -> Stress:
    """Power in linear mode against the curve over pulse width, where it comes closest.

    For each width the largest mean power over that time counts, of moments with the drain above `linear_voltage_V`. So
    a pulse of any shape is compared, and several pulses within a width add up. Power above the knee counts for more, by
    voltage over knee, as what it may be falls.
    """
    share = 1.0 - (w.case_degC - r.soa_case_degC) / (r.junction_degC - r.soa_case_degC)
    counted = np.where(w.voltage_V > r.linear_voltage_V, np.maximum(w.voltage_V / r.soa_knee_V, 1.0), 0.0)
    power_W = counted * np.maximum(w.power_W, 0.0)
    energy_J = np.concatenate(([0.0], np.cumsum(0.5 * (power_W[1:] + power_W[:-1]) * np.diff(w.time_s))))
    found = []
    for width_s, rated_W in zip(r.soa_width_s, r.soa_power_W, strict=True):
        after_J = np.interp(w.time_s + width_s, w.time_s, energy_J) - energy_J
        before_J = energy_J - np.interp(w.time_s - width_s, w.time_s, energy_J)
        means_W = np.maximum(after_J, before_J) / width_s
        k = int(np.argmax(means_W))
        quantity = f"linear-mode power over {width_s:g} s"
        limit_W = float(rated_W) * max(share, 0.0)
        found.append(Stress(w.name, quantity, float(means_W[k]), "W", limit_W, float(w.time_s[k])))
    return worst(found)


# ---- suppressors ------------------------------------------------------------------------------------------------

def tvs_stresses(w: DeviceWaves, r: TvsRatings) -> list[Stress]:
    """Peak power of every pulse of a suppressor against its curve over pulse width; the one that comes closest.

    A pulse's width is the time above half of its peak, as in the data sheets' 10/1000 us. Widths beyond the curve count
    with the continuous power, shorter ones with the curve's first value. All fall linearly from 25 degC to nothing at
    the hottest junction.
    """
    share = max(1.0 - (w.case_degC - TVS_CASE_degC) / (r.junction_degC - TVS_CASE_degC), 0.0)
    power_W = np.maximum(w.power_W, 0.0)
    peak_W = float(power_W.max(initial=0.0))
    at_s = float(w.time_s[np.argmax(power_W)])
    found = [Stress(w.name, "pulse power", peak_W, "W", float(r.pulse_power_W[0]), at_s)]
    if peak_W >= SMALLEST_W:
        stays = _stays(power_W > CONDUCTS * peak_W)
        found = [_pulse(w.name, w.time_s, power_W, first, last, r) for first, last in stays]
    return [worst(s._replace(limit=share * s.limit) for s in found)]


def _pulse(name: str, time_s: Array, power_W: Array, first: int, last: int, r: TvsRatings) -> Stress:
    low, high = max(first - 1, 0), min(last + 2, time_s.size)
    times, powers = time_s[low:high], power_W[low:high]
    k = int(np.argmax(powers))
    above = powers >= 0.5 * powers[k]
    edges = np.flatnonzero(above)
    width_s = float(times[min(edges[-1] + 1, times.size - 1)] - times[max(edges[0] - 1, 0)])
    quantity = f"pulse power over {width_s:.2g} s"
    return Stress(name, quantity, float(powers[k]), "W", pulse_limit_W(width_s, r), float(times[k]))


def worst_share_A(current_A: Array, side_by_side: float, r: TvsRatings) -> Array:
    """Current of the worst of some suppressors side by side [A]: the others break down at the upper end of the band.

    Straight lines above breakdown, of the dynamic resistance that the clamping voltage tells. Below (V_high -
    V_low) / r one has it all, above they share with that difference between them. Forwards (negative) they share.
    """
    dynamic_ohm = (r.clamp_V - r.breakdown_high_V) / r.clamp_A
    apart_A = (r.breakdown_high_V - r.breakdown_low_V) / dynamic_ohm
    shared_A = (current_A + (side_by_side - 1.0) * apart_A) / side_by_side
    return np.where(current_A > 0.0, np.minimum(current_A, shared_A), current_A / side_by_side)


def pulse_limit_W(width_s: float, r: TvsRatings) -> float:
    """Rated peak power of a single pulse of this width [W]; straight lines on logarithmic axes."""
    if width_s > r.pulse_width_s[-1]:
        return r.steady_W
    return float(np.exp(np.interp(np.log(max(width_s, 1e-12)), np.log(r.pulse_width_s), np.log(r.pulse_power_W))))


def repeated_rise_K(energy_J: float, period_s: float, r: TvsRatings) -> float:
    """Rise of a suppressor's mean temperature over the ambient by a pulse that comes again and again [K]."""
    return energy_J / period_s * r.ambient_K_W


def _stays(above: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every unbroken run of True."""
    padded = np.concatenate(([False], above, [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
