"""What several test files share: a synthetic, plausible result; recording and pictures need no run."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import settings
from numpy.typing import NDArray

from cosim.result import LoggedEvent, Result

pytest_plugins = ["bms_cosim_pytest"]
"""Known by name, so that a checkout needs no new installation; the entry point has the same name."""

Array = NDArray[np.float64]

# Same input, same examples: what CI tries does not change from run to run.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")

DEVICES = np.array(["q1", "q2a", "q2b", "q2c", "q2d"])


def _lag(target: Array, tau_s: float, start: float) -> Array:
    """First-order lag of a series with 1 s steps: temperatures that follow powers."""
    out = np.empty_like(target)
    value, share = start, 1.0 - np.exp(-1.0 / tau_s)
    for i, goal in enumerate(target):
        value += share * (goal - value)
        out[i] = value
    return out


def _slow() -> xr.Dataset:
    """One hour: off, start, city, highway, off; a 90 A limit that derates a little."""
    time_s = np.arange(3600.0)
    running = (time_s >= 21.0) & (time_s < 3380.0)
    speed = np.where((time_s > 1280.0) & (time_s < 2780.0), 28.0, 9.0 + 8.0 * np.sin(time_s / 25.0))
    speed = np.where(running & (time_s > 80.0), np.maximum(speed, 0.0), 0.0)
    limit = np.where(time_s < 2000.0, 90.0, 85.0)
    enabled = running & (time_s >= 25.0)
    ripple = np.where(speed < 2.0, 0.6, 1.0)
    port = np.where(enabled, limit * ripple, 0.0)
    soc = 0.3 + np.cumsum(port) / 3600.0 / 200.0
    winding = _lag(np.where(running, 150.0 * ripple, 60.0), 180.0, 60.0)
    fuse = _lag(25.0 + 55.0 * (port / 90.0) ** 2, 40.0, 25.0)
    box = _lag(25.0 + 0.6 * port * 1.1, 900.0, 25.0)
    columns: dict[str, Array] = {
        "alternator_current_A": np.where(running, port + 25.0, 0.0),
        "vehicle_load_A": np.where(running, 25.0, 0.05),
        "starter_battery_current_A": np.where(running, 5.0 * np.exp(-time_s / 400.0), -0.05),
        "port_current_A": port, "battery_current_A": port, "current_limit_A": limit,
        "starter_voltage_V": np.where(running, 14.2, 12.7), "input_voltage_V": np.where(running, 14.0, 12.7),
        "battery_voltage_V": 13.0 + port * 0.002 + soc * 0.4,
        "alternator_rpm": np.where(running, 2000.0 + 200.0 * speed, 0.0), "vehicle_speed_m_s": speed,
        "soc": soc, "starter_soc": np.clip(0.9 + time_s * 1e-5, 0.0, 1.0),
        "fuse_temperature_degC": fuse, "fuse_temperature_estimate_degC": fuse + 1.5,
        "heatsink_degC": box, "terminal_degC": box + 3.0, "winding_degC": winding,
        "rectifier_degC": winding * 0.8 + 5.0, "case_degC": winding * 0.5 + 20.0,
        "cable_degC": 25.0 + port * 0.1, "alternator_enabled": enabled.astype(float),
        "in_window": np.isin(time_s, [20.0, 25.0, 3380.0]).astype(float),
    }
    data = {name: ("time_s", values) for name, values in columns.items()}
    slow = xr.Dataset(data, {"time_s": time_s, "cell": np.arange(1, 5), "device": DEVICES})
    cells = np.arange(4.0)
    slow["cell_voltage_V"] = (("time_s", "cell"), slow.battery_voltage_V.values[:, None] / 4.0 + cells * 1e-3)
    slow["cell_temperature_degC"] = (("time_s", "cell"), 20.0 + np.cumsum(port)[:, None] * 2e-5 + cells * 0.1)
    power = np.stack([port * 0.04, *[port * 0.25] * 4], axis=1)
    slow["device_power_W"] = (("time_s", "device"), power)
    slow["junction_degC"] = (("time_s", "device"), box[:, None] + power * 0.8)
    slow["winding_degC"].attrs["limit_degC"] = 180.0
    slow.attrs["scenario"] = "road_hour"
    return slow


def _window(
    name: str, start_s: float, port: Array, starter: Array, alternator: Array, time_s: Array
) -> xr.Dataset:
    data = {
        "port_current_A": port, "battery_current_A": port, "alternator_current_A": alternator,
        "starter_voltage_V": starter, "input_voltage_V": starter - 0.002 * port,
        "battery_voltage_V": 13.0 + 0.003 * port, "enable": (port > 1.0).astype(float),
    }
    window = xr.Dataset({key: ("time_s", values) for key, values in data.items()},
                        {"time_s": time_s, "device": DEVICES})
    window["device_power_W"] = (("time_s", "device"), np.outer(port, np.full(5, 0.25)))
    window.attrs = {"name": name, "reason": f"command: {name}", "start_s": start_s,
                    "end_s": start_s + float(time_s[-1])}
    return window


def _windows() -> dict[str, xr.Dataset]:
    time_s = np.concatenate([np.linspace(0.0, 0.01, 3000), np.linspace(0.0101, 0.3, 900)])
    one, zero = np.ones_like(time_s), np.zeros_like(time_s)
    rise = 90.0 * (1.0 - np.exp(-np.maximum(time_s - 1e-3, 0.0) / 4e-4))
    field = 25.0 + 90.0 * (1.0 - np.exp(-np.maximum(time_s - 1e-3, 0.0) / 0.05))
    fall = 85.0 * np.exp(-np.maximum(time_s - 2e-3, 0.0) / 1.5e-5)
    cranking = np.linspace(0.0, 1.2, 4000)
    dip = 12.7 - 5.0 * np.exp(-cranking / 0.1) * (cranking > 0.05) - 2.0 * (cranking > 0.05)
    dip -= 0.3 * np.sin(cranking * 60.0) * (cranking > 0.1)
    none = np.zeros_like(cranking)
    return {
        "000_cranking": _window("cranking", 20.0, none, dip, none, cranking),
        "001_enable": _window("enable", 25.0, rise, 14.2 - rise * 0.005 + field * 0.002, field, time_s),
        "002_load_step": _window("load_step", 2000.0, 90.0 * one - 2.0 * np.sin(time_s * 90.0), 14.1 * one,
                                 field, time_s),
        "003_disable": _window("disable", 3380.0, fall, 13.4 * one, zero, time_s),
    }


@pytest.fixture
def plausible_result() -> Result:
    """An hour of driving that no engine computed."""
    events = [
        LoggedEvent(20.0, "engine", "window", "cranking: cranking at 20.0 s"),
        LoggedEvent(25.0, "supervisor", "alternator_on", "input 13.4 V, above 13 V for 1 s"),
        LoggedEvent(25.0, "engine", "window", "enable: command: enable"),
        LoggedEvent(2000.0, "supervisor", "derating", "heatsink 84 degC"),
        LoggedEvent(2010.0, "supervisor", "led_over_temperature", "on"),
        LoggedEvent(3380.0, "supervisor", "alternator_off", "input below 12.5 V"),
        LoggedEvent(3380.5, "engine", "window", "disable: command: disable"),
    ]
    figures = [
        {"id": "A3", "name": "limiter current, warm fuse", "value": 89.7341234567, "unit": "A",
         "limit": "90 A +-3%", "passed": True},
        {"id": "A1", "name": "start threshold", "value": 13.0034, "unit": "V", "limit": "above 13 V",
         "passed": True},
        {"id": "A6", "name": "alternator winding, hottest", "value": 187.2, "unit": "degC",
         "limit": "at most 180 degC", "passed": False},
        {"id": "run", "name": "charge into the LFP battery", "value": 78.3, "unit": "Ah", "limit": "",
         "passed": True},
    ]
    summary = {
        "scenario": "road_hour", "duration_s": 3600.0, "figures": figures,
        "charge_balance": {"port_C": 281880.0, "cells_C": 281880.1, "error_C": -0.1, "relative": 3.5e-7},
        "energy_balance": {"error_J": 12.0, "relative": 1e-6},
        "worst_window": {"charge_relative": 2e-6, "energy_relative": 4e-3, "end_mismatch_A": 0.12},
    }
    return Result(_slow(), _windows(), events, summary)
