"""What drives the devices at System+ from outside, as piecewise-linear powers: demand of an inverter, sun, mains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.inputs.signals import PiecewiseLinear
from cosim.scenario.system import DAY_S, Device, Inverter, Mains, Solar, System
from models import chargers

Array = NDArray[np.float64]

SUN_STEP_S = 300.0
"""Corners of the sun's curve (ours): a straight line between them is within 1 W of a 600 W array."""
PLUG_S = 1e-3
"""Time in which the mains comes and goes (ours)."""


def system_signals(system: System, duration_s: float) -> tuple[PiecewiseLinear, ...]:
    """Power per device over a run [W]: what an inverter's consumers take, or what a charger's source offers.

    DC loads have their own clock: zero.
    """
    return tuple(_signal(device, duration_s) for device in system.devices)


def _signal(device: Device, duration_s: float) -> PiecewiseLinear:
    if isinstance(device, Inverter):
        points = np.array(device.demand_W)
        return PiecewiseLinear(points[:, 0].copy(), points[:, 1].copy())
    if isinstance(device, Solar):
        return _sun(device, duration_s)
    if isinstance(device, Mains):
        charger = chargers.load_charger(device.parameters)
        offered_W = charger.rated_W * float(charger.load_fraction[-1])
        times = np.array([t + d for span in device.plugged_s for t, d in ((span[0], 0.0), (span[0], PLUG_S),
                                                                         (span[1], 0.0), (span[1], PLUG_S))])
        if np.any(np.diff(times) <= 0.0):
            times = np.maximum.accumulate(times + 1e-9 * np.arange(times.size))
        return PiecewiseLinear(times, np.tile([0.0, offered_W, offered_W, 0.0], len(device.plugged_s)))
    return PiecewiseLinear.constant(0.0)


def _sun(device: Solar, duration_s: float) -> PiecewiseLinear:
    """Power of the array at corners dense enough that its heating is in the curve."""
    charger = chargers.load_charger(device.parameters)
    times = np.arange(0.0, duration_s + SUN_STEP_S, SUN_STEP_S)
    if device.irradiance_W_m2 is not None:
        points = np.array(device.irradiance_W_m2)
        times = np.union1d(times, points[:, 0])
        sun = np.interp(times, points[:, 0], points[:, 1])
    else:
        day = device.clear_days
        assert day is not None  # validated
        for moment in (day.sunrise_s, day.sunset_s):
            whole = np.arange(0.0, duration_s + 2.0 * DAY_S, DAY_S) + moment - day.start_s
            times = np.union1d(times, whole[(whole > 0.0) & (whole < duration_s)])
        clock = (times + day.start_s) % DAY_S
        sun = np.array([chargers.clear_day_W_m2(float(t), day.sunrise_s, day.sunset_s, day.peak_W_m2) for t in clock])
    power = [chargers.array_power_W(float(g), device.air_degC, charger) for g in sun]
    return PiecewiseLinear(times, np.array(power))
