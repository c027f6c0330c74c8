"""Temperature sensors that do not answer: heat against what they show.

A heatsink that keeps its temperature loses what it is given. So while a sensor stays where it is, the path's heat
(`bms.thermal`) must be the same in every window of five minutes; a window in which it is not is a strike. A window is
compared with the first one since the sensor last moved, by the mean of its power, so a moment without power says
nothing. Moving means: another reading at the end of a window, or the dead band of the estimators left in between; both
are seen on the sample schedule only, so a hold can wait for the end of the window.
"""

from __future__ import annotations

from typing import NamedTuple

from bms.bank import beyond_rest
from bms.firmware_parameters import FirmwareParameters
from bms.thermal import Thermal, path_J


class HeatWatch(NamedTuple):
    """A temperature sensor under watch.

    Attributes
    ----------
    shown_degC, held_degC : float
        Reading when the window began, and the one that the estimators hold.
    heat_J : float
        Heat of the path when the window began.
    due_ms : int
        When the window ends.
    mean_W : float or None
        Mean power of the first window since the sensor moved; None until it is over.
    strikes : int
        Windows since then with other heat.
    frozen_ms : int or None
        Since when the sensor is taken for frozen; None if it is not.
    """

    shown_degC: float
    held_degC: float
    heat_J: float
    due_ms: int
    mean_W: float | None = None
    strikes: int = 0
    frozen_ms: int | None = None


def watched(
    watch: HeatWatch | None, thermal: Thermal | None, shown_degC: float | None, held_degC: float, now_ms: int,
    f: FirmwareParameters,
) -> HeatWatch | None:
    """State one call later; `shown_degC` is None where the reading is missing."""
    if thermal is None or shown_degC is None:
        return watch if watch is not None and watch.frozen_ms is not None else None
    if watch is None:
        return _begun(thermal, shown_degC, held_degC, f)
    if watch.frozen_ms is not None:
        moved = shown_degC != watch.shown_degC and beyond_rest(watch.frozen_ms, now_ms, f)
        return _begun(thermal, shown_degC, held_degC, f) if moved else watch
    if held_degC != watch.held_degC:
        return _begun(thermal, shown_degC, held_degC, f)
    if now_ms < watch.due_ms:
        return watch
    begun = _begun(thermal, shown_degC, held_degC, f)
    if shown_degC != watch.shown_degC:
        return begun
    window_s = (_last_ms(thermal, f) - watch.due_ms + _window_ms(f)) * 1.0e-3
    mean_W = (begun.heat_J - watch.heat_J) / window_s
    if watch.mean_W is None:
        return begun._replace(mean_W=mean_W)
    strikes = watch.strikes + (abs(mean_W - watch.mean_W) > f.frozen_power_W)
    if strikes < f.frozen_heat_strikes:
        return begun._replace(mean_W=watch.mean_W, strikes=strikes)
    return watch._replace(strikes=0, frozen_ms=now_ms)


def _begun(thermal: Thermal, shown_degC: float, held_degC: float, f: FirmwareParameters) -> HeatWatch:
    """Begin a window at the last sample."""
    last_ms = _last_ms(thermal, f)
    return HeatWatch(shown_degC, held_degC, path_J(thermal, last_ms), last_ms + _window_ms(f))


def _last_ms(thermal: Thermal, f: FirmwareParameters) -> int:
    return thermal.next_ms - f.sample_period_ms


def _window_ms(f: FirmwareParameters) -> int:
    """Length of a window: whole samples."""
    return -(-f.frozen_heat_ms // f.sample_period_ms) * f.sample_period_ms
