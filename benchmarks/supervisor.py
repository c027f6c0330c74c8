"""Time of one supervisor call: ``python -m benchmarks.supervisor``. Asked: 25 us for 1 battery, 60 us for 50.

A steady state of charging is called again and again with the same readings, so every call does what a call between
two events does. The least of many short series is told, because other work on the machine only adds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from time import process_time

import bms

SERIES, CALLS = 60, 300
SETTLED_CALLS = 3_005
"""Five minutes of 100 ms, and half a second on: no sample of the estimators is due in the measured call."""


def readings(battery_count: int, fitted: bool) -> bms.Measurements:
    """A limiting alternator port; with or without the sensors that may be not fitted."""
    volts, degC = (3.32, 3.33, 3.34, 3.35) * battery_count, (25.0, 25.0, 26.0, 25.0) * battery_count
    plain = bms.Measurements(14.2, 0.0675, 14.1, 25.0, 25.0, volts, degC)
    if not fitted:
        return plain
    return replace(
        plain, system_current_A=-20.0, system_voltage_V=14.1, battery_current_A=70.0, remote_L_V=0.0, remote_H_V=0.0,
        hardware_latch=False,
    )


def settled(settings: bms.Settings, shown: bms.Measurements) -> bms.State:
    """State after five minutes; no current while the port is off."""
    state, commands = bms.State(), bms.Commands()
    idle = replace(shown, fuse_sense_V=0.0, battery_current_A=None if shown.battery_current_A is None else -20.0)
    for call in range(SETTLED_CALLS):
        now = shown if commands.alternator_enable else idle
        state, commands, _, _ = bms.step(state, now, settings, 0.1 if call else 0.0)
    if not commands.alternator_enable:
        raise RuntimeError(f"the port is off: {', '.join(state.faults)}")
    return state


def least_us(work: Callable[[], object]) -> float:
    """Least processor time of one call [us]."""
    best_s = float("inf")
    for _ in range(SERIES):
        start_s = process_time()
        for _ in range(CALLS):
            work()
        best_s = min(best_s, process_time() - start_s)
    return best_s / CALLS * 1e6


def main() -> None:
    """Measure and print."""
    for battery_count in (1, 50):
        settings = bms.Settings(variant=bms.Variant.NG, battery_count=battery_count)
        for fitted in (False, True):
            shown = readings(battery_count, fitted)
            state = settled(settings, shown)
            took_us = least_us(lambda s=state, m=shown, c=settings: bms.step(s, m, c, 0.1))  # type: ignore[misc]
            sensors = "all sensors" if fitted else "base sensors"
            sys.stdout.write(f"{battery_count:3d} batteries, {sensors}: {took_us:6.1f} us\n")


if __name__ == "__main__":
    main()
