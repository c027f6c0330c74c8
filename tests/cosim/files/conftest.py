"""A result with everything that files hold: lights, events, columns with brackets, a window with flags."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from cosim.result import LoggedEvent, Result


@pytest.fixture
def run() -> Result:
    """Ten minutes in steps of 0.5 s with numbers that need all their digits, and two windows of one name."""
    rng = np.random.default_rng(11)
    time_s = np.arange(1200) / 2.0
    on = ((time_s > 60.0) & (time_s < 400.0)).astype(float)
    slow = xr.Dataset(
        {
            "port_current_A": ("time_s", 90.0 * on + rng.normal(size=time_s.size) / 3.0, {"units": "A"}),
            "battery_voltage_V": ("time_s", 13.0 + 0.3 * on + rng.normal(size=time_s.size) / 7.0, {"units": "V"}),
            "sense_mV": ("time_s", 54.0 * on + 1e-300, {"units": "mV"}),
            "soc": ("time_s", np.ones(time_s.size), {"units": "1", "long_name": "state of charge"}),
            "alternator_enabled": ("time_s", on), "charge_output": ("time_s", 1.0 - on),
            "leds": ("time_s", 25.0 + 32.0 * on), "junction_degC": (("time_s", "device"), rng.normal(size=(1200, 2))),
            "cell_voltage_V": (("time_s", "cell"), 3.2 + rng.normal(size=(1200, 4)) / 900.0),
        },
        {"time_s": time_s, "device": ["q1", "q2a"], "cell": [1, 2, 3, 4]}, {"scenario": "made"},
    )
    events = [
        LoggedEvent(0.0, "supervisor", "alternator waiting", ""),
        LoggedEvent(60.5, "supervisor", "alternator charging", "input 13.4 V"),
        LoggedEvent(60.5, "engine", "window", "enable: command"),
        LoggedEvent(60.5303125, "circuit", "limit reached", ""),
        LoggedEvent(400.0, "supervisor", "alternator resting", ""),
    ]
    return Result(slow, {"000_enable": _window(60.5, 0.0), "001_enable": _window(300.0, 1.0)}, events,
                  {"scenario": "made"})


def _window(start_s: float, more: float) -> xr.Dataset:
    """Points from 10 ns to 1 ms apart, a flag that takes 5 points to rise."""
    time_s = np.concatenate([np.arange(50) * 1e-8, 5e-7 + np.cumsum(np.geomspace(1e-7, 1e-3, 400))])
    rise = 1.0 - np.exp(-time_s / 4e-4)
    enable = np.clip((np.arange(time_s.size) - 100.0) / 5.0, 0.0, 1.0)
    data = {"port_current_A": ("time_s", 90.0 * rise + more), "latch": ("time_s", np.zeros(time_s.size)),
            "enable": ("time_s", enable), "power_fuse_W": ("time_s", 5.0 * rise**2)}
    return xr.Dataset(data, {"time_s": time_s}, {"name": "enable", "reason": "command: enable", "start_s": start_s,
                                                 "end_s": start_s + float(time_s[-1])})
