"""States and their changes: levels, crossings, rise, delay, overshoot and settling, as IEEE Std 181-2011 has them.

Terms: "reference level", "transition duration", "overshoot", "settling duration"; state levels by the histogram's
modes, here weighted by time.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.measure.waveform import MeasureError, between, checked

Array = NDArray[np.float64]
Direction = Literal["rising", "falling", "both"]

LEVEL_BINS = 256
"""Bins of the histogram of state levels (an oscilloscope's 8 bits)."""
LOWER, UPPER = 0.1, 0.9
"""Reference levels of a transition (IEEE 181: 10 % and 90 %); the middle is at 50 %."""


class Levels(NamedTuple):
    """Levels of the two states of a waveform, `low` and `high`, in its unit."""

    low: float
    high: float

    @property
    def amplitude(self) -> float:
        """Distance of the states, in the waveform's unit."""
        return self.high - self.low

    def reference(self, share: float) -> float:
        """Level at a share (0..1) of the amplitude above the low state."""
        return self.low + share * self.amplitude


class Transition(NamedTuple):
    """One change of state: its instants at the reference levels [s]; `rising` says which way it goes."""

    start_s: float
    middle_s: float
    end_s: float
    rising: bool

    @property
    def duration_s(self) -> float:
        """Transition duration: rise or fall time."""
        return self.end_s - self.start_s


class Threshold(NamedTuple):
    """Values of the driven quantity at which the response switched, `rising` and `falling`, in its unit."""

    rising: float
    falling: float

    @property
    def hysteresis(self) -> float:
        """Rising less falling, in the unit of what drives."""
        return self.rising - self.falling


def state_levels(time_s: ArrayLike, value: ArrayLike, bins: int = LEVEL_BINS) -> Levels:
    """Levels of the low and the high state: where the waveform spends most time in its lower and in its upper half.

    Histogram of time over value (IEEE 181-2011, by modes); within the fullest bin of each half the mean over time. A
    straight line spends its time evenly over the values that it passes. Noise that is small against the amplitude
    does not move the levels by more than a bin.

    Parameters
    ----------
    time_s, value : waveform
    bins : bins over the waveform's range

    Raises
    ------
    MeasureError : the waveform is constant
    """
    t, v = checked(time_s, value)
    lowest, highest = float(v.min()), float(v.max())
    if highest <= lowest:
        raise MeasureError(f"a constant waveform ({lowest:g}) has no two states")
    below, above = np.minimum(v[1:], v[:-1]), np.maximum(v[1:], v[:-1])
    weight = np.diff(t) / np.maximum(above - below, 1e-12 * (highest - lowest))
    edges = np.linspace(lowest, highest, bins + 1)
    edges[-1] += 1e-9 * (highest - lowest)  # the highest value belongs to the last bin
    under = np.maximum(above, below + 1e-12 * (highest - lowest))
    time_below = np.array([np.sum(weight * (np.clip(edge, below, under) - below)) for edge in edges])
    spent, half = np.diff(time_below), bins // 2
    found = []
    for fullest in (int(np.argmax(spent[:half])), half + int(np.argmax(spent[half:]))):
        first, last = np.clip(edges[fullest], below, under), np.clip(edges[fullest + 1], below, under)
        found.append(float(np.average(0.5 * (first + last), weights=weight * (last - first))))
    return Levels(found[0], found[1])


def crossings(
    time_s: ArrayLike, value: ArrayLike, level: float, direction: Direction = "both", hysteresis: float = 0.0
) -> Array:
    """Instants [s] at which a waveform crosses a level.

    Parameters
    ----------
    time_s, value : waveform
    level : in the waveform's unit
    direction : which crossings are returned
    hysteresis : in the waveform's unit; a crossing counts only if the waveform came from, and goes on to, at least half
        of this beyond the level, so that noise on a slow edge counts once; the instant is that of the last passage
        before it goes on. To touch the level and turn is no crossing
    """
    t, v = checked(time_s, value)
    side = np.where(v > level + 0.5 * hysteresis, 1, np.where(v < level - 0.5 * hysteresis, -1, 0))
    settled = np.flatnonzero(side)
    turned = np.flatnonzero(np.diff(side[settled]))
    instants = []
    for k in turned:
        last = int(settled[k + 1])
        up = side[last] > 0
        if (direction == "rising" and not up) or (direction == "falling" and up):
            continue
        first = last - 1
        while (v[first] > level) == (v[last] > level):  # back to the passage itself, inside the band of the hysteresis
            first, last = first - 1, last - 1
        share = (level - v[first]) / (v[last] - v[first])
        instants.append(t[first] + share * (t[last] - t[first]))
    return np.array(instants, dtype=np.float64)


def transition(
    time_s: ArrayLike, value: ArrayLike, levels: Levels | None = None, lower: float = LOWER, upper: float = UPPER
) -> Transition:
    """Return the first change of state: its instants at the lower, middle and upper reference level.

    Start and end are the crossings next to the middle's, so that ringing around a state does not lengthen it.

    Parameters
    ----------
    time_s, value : waveform
    levels : of the states; None: `state_levels`
    lower, upper : reference levels as shares of the amplitude

    Raises
    ------
    MeasureError : no crossing of the middle, or the waveform does not reach a reference level
    """
    t, v = checked(time_s, value)
    states = state_levels(t, v) if levels is None else levels
    middles = crossings(t, v, states.reference(0.5))
    if not middles.size:
        raise MeasureError(f"no transition: {states.reference(0.5):g} is never crossed")
    middle = float(middles[0])
    after = v[min(int(np.searchsorted(t, middle, side="right")), v.size - 1)]
    rising = bool(after > states.reference(0.5))
    near, far = (lower, upper) if rising else (upper, lower)
    before, later = crossings(t, v, states.reference(near)), crossings(t, v, states.reference(far))
    before, later = before[before <= middle], later[later >= middle]
    if not before.size or not later.size:
        raise MeasureError(f"the transition at {middle:g} s does not pass {lower:.0%} and {upper:.0%} of its amplitude")
    return Transition(float(before[-1]), middle, float(later[0]), rising)


def rise_time_s(time_s: ArrayLike, value: ArrayLike, levels: Levels | None = None) -> float:
    """Transition duration of the first transition, 10 to 90 % [s]; falling ones are measured alike."""
    return transition(time_s, value, levels).duration_s


def delay_s(
    time_s: ArrayLike, cause: ArrayLike, response: ArrayLike, cause_levels: Levels | None = None,
    response_levels: Levels | None = None,
) -> float:
    """Propagation delay [s]: from the middle of the cause's first transition to the middle of the response's."""
    caused = transition(time_s, cause, cause_levels)
    return transition(time_s, response, response_levels).middle_s - caused.middle_s


def overshoot(time_s: ArrayLike, value: ArrayLike, levels: Levels | None = None) -> float:
    """Overshoot after the first transition as a share of its amplitude (0.1: 10 %); 0 where there is none."""
    t, v = checked(time_s, value)
    states = state_levels(t, v) if levels is None else levels
    change = transition(t, v, states)
    after = v[t >= change.middle_s]
    beyond = float(after.max()) - states.high if change.rising else states.low - float(after.min())
    return max(beyond, 0.0) / states.amplitude


def settling_s(
    time_s: ArrayLike, value: ArrayLike, final: float, tolerance: float, from_s: float | None = None
) -> float:
    """Settling duration [s]: from an instant until the waveform stays within final +- tolerance up to its end.

    Parameters
    ----------
    time_s, value : waveform
    final : value that is settled to, in the waveform's unit
    tolerance : half width of the band around it, in the waveform's unit
    from_s : instant from which is counted (the step of the cause); None: the waveform's start

    Raises
    ------
    MeasureError : the last value is outside the band: the waveform has not settled
    """
    t, v = between(time_s, value, from_s)
    away = np.abs(v - final) - tolerance
    if away[-1] > 0.0:
        raise MeasureError(f"not settled: {v[-1]:g} at the end is more than {tolerance:g} from {final:g}")
    outside = np.flatnonzero(away > 0.0)
    if not outside.size:
        return 0.0
    last = int(outside[-1])
    edge = final + np.copysign(tolerance, v[last] - final)
    return float(t[last] + (edge - v[last]) / (v[last + 1] - v[last]) * (t[last + 1] - t[last]) - t[0])


def threshold(time_s: ArrayLike, driven: ArrayLike, response: ArrayLike, levels: Levels | None = None) -> Threshold:
    """Thresholds of a response, by a slow ramp of what drives it, up and then down (or down and then up).

    Parameters
    ----------
    time_s : instants
    driven : quantity that is ramped, in the unit of the thresholds
    response : quantity that switches, in any unit
    levels : states of the response; None: `state_levels`

    Raises
    ------
    MeasureError : the response does not switch both ways
    """
    t, d = checked(time_s, driven)
    states = state_levels(t, response) if levels is None else levels
    band = 0.5 * states.amplitude
    ups = crossings(t, response, states.reference(0.5), "rising", band)
    downs = crossings(t, response, states.reference(0.5), "falling", band)
    if not ups.size or not downs.size:
        raise MeasureError("the response does not switch on and off during the ramp")
    return Threshold(float(np.interp(ups[0], t, d)), float(np.interp(downs[0], t, d)))
