"""Time of one supervisor call. Asked: 25 us for 1 battery, 60 us for 50.

    python -m benchmarks.supervisor [--hours 24] [--against DIR]

Two mixes of calls. *Run*: the calls of a real run of the slow loop are recorded once and replayed; those are the ones
in which something changed, or a hold of up to a minute ended, and a new hold is planned. *Tick*: a steady state of
charging is called every 100 ms with the same readings, as a controller would. Both for 1 and 50 batteries, with and
without the sensors that may be not fitted (for the run they are made from those that are recorded).

With `--against` another checkout of the project, its `bms` takes turns with this one, and the ratio is told. Least
processor time of short pieces, because other work on the machine only adds.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from time import process_time
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import bms
from benchmarks.slow_loop import day
from cosim.circuit.identify import IdentifiedCircuit
from cosim.inputs.drive import build_inputs
from cosim.run import Run
from cosim.slow.sensors import FEW_CELLS
from cosim.spice.session import SpiceSession

Row = tuple[tuple[Any, ...], float]
"""Fields of `Measurements`, and the time since the call before [s]."""
NAMES = tuple(item.name for item in fields(bms.Measurements))
ROUNDS, PIECE = 8, 100
SETTLED_CALLS = 45
"""4.5 s: the port is on, and no sample of the estimators is due in the call that is measured."""
STEADY: dict[str, Any] = {
    "input_voltage_V": 14.2, "fuse_sense_V": 0.0675, "battery_voltage_V": 14.1, "heatsink_degC": 25.0,
    "terminal_degC": 25.0, "cell_voltage_V": (3.32, 3.33, 3.34, 3.35), "cell_temperature_degC": (25.0,) * 4,
}


def recorded(hours: float) -> list[Row]:
    """The calls of a run of the slow loop without windows."""
    rows: list[Row] = []
    plain = bms.step

    def recording(state: bms.State, m: bms.Measurements, settings: bms.Settings, dt_s: float) -> bms.StepResult:
        rows.append((tuple(getattr(m, name) for name in NAMES), dt_s))
        return plain(state, m, settings, dt_s)

    scenario = day(hours)
    inputs, duration_s = build_inputs(scenario)
    session = cast(SpiceSession, SimpleNamespace(version_text="not used"))
    circuit = IdentifiedCircuit.nominal(scenario.circuit.netlist)
    run = Run(scenario, session, circuit, inputs, duration_s, False, lambda fraction, text: None, windows=False)
    setattr(bms, "step", recording)  # noqa: B010
    try:
        run.go()
    finally:
        setattr(bms, "step", plain)  # noqa: B010
    return rows


def steady() -> list[Row]:
    """Calls every 100 ms; no current before the port is on, 0.5 s after the start."""
    on = tuple(STEADY.get(name) for name in NAMES)
    off = tuple((STEADY | {"fuse_sense_V": 0.0}).get(name) for name in NAMES)
    return [(off, 0.1 if k else 0.0) for k in range(7)] + [(on, 0.1)] * SETTLED_CALLS


def widened(rows: list[Row], battery_count: int, fitted: bool) -> Iterator[Row]:
    """The same for more batteries, with what the other sensors would read at a load of about 20 A."""
    for k, (values, dt_s) in enumerate(rows):
        found = dict(zip(NAMES, values, strict=True))
        for name in ("cell_voltage_V", "cell_temperature_degC"):
            found[name] *= battery_count
        if fitted:
            system_A = -20.0 - k % 7
            found |= {
                "system_current_A": system_A, "system_voltage_V": found["battery_voltage_V"], "remote_L_V": 0.0,
                "battery_current_A": found["fuse_sense_V"] / 6.6e-4 + system_A, "remote_H_V": 0.0,
                "hardware_latch": False,
            }
        yield tuple(found[name] for name in NAMES), dt_s


def handed(package: ModuleType, values: tuple[Any, ...]) -> Any:
    """Measurements as a run hands them over: those of many cells with their extremes, if the version knows that."""
    m = package.Measurements(*values)
    if len(m.cell_voltage_V) <= FEW_CELLS or not hasattr(package, "cells"):
        return m
    volts, degC = (package.cells(all_, min(all_), max(all_)) for all_ in (m.cell_voltage_V, m.cell_temperature_degC))
    return replace(m, cell_voltage_V=volts, cell_temperature_degC=degC)


class Replay:
    """Calls for one version of the package, and the least time of each piece of them."""

    def __init__(self, package: ModuleType, rows: list[Row], battery_count: int, last_call_only: bool) -> None:
        self.package = package
        self.settings = package.Settings(variant=package.Variant.NG, battery_count=battery_count)
        self.calls = [(handed(package, values), dt_s) for values, dt_s in rows]
        self.first = package.State()
        if last_call_only:
            for m, dt_s in self.calls:
                self.first, commands, _, _ = package.step(self.first, m, self.settings, dt_s)
            if not commands.alternator_enable:
                raise RuntimeError(f"the port is off: {', '.join(self.first.faults)}")
            self.calls = self.calls[-1:] * PIECE
        self.chained = not last_call_only
        self.least_s: dict[int, float] = {}

    def go(self) -> None:
        """All calls once."""
        step, state, settings, chained = self.package.step, self.first, self.settings, self.chained
        for start in range(0, len(self.calls), PIECE):
            piece = self.calls[start : start + PIECE]
            begun_s = process_time()
            for m, dt_s in piece:
                after = step(state, m, settings, dt_s).state
                if chained:
                    state = after
            took_s = process_time() - begun_s
            self.least_s[start] = min(self.least_s.get(start, took_s), took_s)

    @property
    def us(self) -> float:
        """Time of a call [us]."""
        return sum(self.least_s.values()) / len(self.calls) * 1e6


def other_package(checkout: Path) -> ModuleType:
    """`bms` of another checkout, beside the one that is imported."""
    ours = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "bms"}
    for name in ours:
        del sys.modules[name]
    sys.path.insert(0, str(checkout))
    try:
        return importlib.import_module("bms")
    finally:
        sys.path.pop(0)
        for name in [name for name in sys.modules if name.partition(".")[0] == "bms"]:
            del sys.modules[name]
        sys.modules.update(ours)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--against", type=Path, default=None)
    asked = parser.parse_args()
    packages = [bms] if asked.against is None else [other_package(asked.against), bms]
    mixes = (("run", recorded(asked.hours)), ("tick", steady()))
    for mix, rows in mixes:
        for battery_count in (1, 50):
            for fitted in (False, True):
                wide = list(widened(rows, battery_count, fitted))
                replays = [Replay(package, wide, battery_count, mix == "tick") for package in packages]
                for _ in range(ROUNDS if mix == "run" else 30 * ROUNDS):
                    for replay in replays:
                        replay.go()
                sensors = "all sensors" if fitted else "base sensors"
                line = f"{mix:4s} {battery_count:3d} batteries, {sensors:12s}: {replays[-1].us:6.1f} us"
                if len(replays) > 1:
                    line += f", before {replays[0].us:6.1f} us, ratio {replays[-1].us / replays[0].us:.2f}"
                sys.stdout.write(f"{line} ({len(wide)} calls)\n")


if __name__ == "__main__":
    main()
