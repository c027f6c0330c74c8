"""Numbers of a run that a script can check: figures, balances, windows, where things came from."""

from __future__ import annotations

import functools
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import bms
import cosim
from bms import describe
from cosim.circuit.cache import content_key
from cosim.circuit.deck import circuit_text
from cosim.record.bank_summary import bank_summary
from cosim.record.figures import Figure
from cosim.slow.loop import LEDGER
from cosim.windows.events import LIFTED, liftings
from models.system import ENERGY

if TYPE_CHECKING:
    from cosim.run import Run
    from cosim.scenario.model import Scenario

LIFT_FACTOR, LIFT_S = 2.5, 0.5
"""A4: what the limit may be lifted to (250 A where it is 100 A), and for how long."""
LIFT_WAVES = ("limit_lifted", "port_current_A")


def summarise(run: Run, slow: xr.Dataset, cell_charge_C: float) -> dict[str, Any]:
    """Summary of a run without its benches (those are added by `Simulation.run`)."""
    ledger = dict(zip(LEDGER, (float(v) for v in run.ledger), strict=True))
    return {
        "scenario": run.scenario.name,
        "duration_s": run.n_ticks * run.tick_s,
        "tick_s": run.tick_s,
        "supervisor": supervisor_summary(run.scenario.supervisor_settings),
        "versions": versions(run.session.version_text),
        "netlist": {"name": run.scenario.circuit.netlist,
                    "sha256": content_key(circuit_text(run.scenario.circuit.netlist))},
        "characteristic": {
            "samples": run.circuit.samples, "dropped": run.circuit.dropped,
            "residual_median_A": run.circuit.residual_median_A, "residual_max_A": run.circuit.residual_max_A,
            "power_residual": run.circuit.power_residual,
        },
        **({"failed_parts": [f.as_dict(run.tick_s) for f in run.failed]} if run.failed else {}),
        "figures": [f.as_dict() for f in run_figures(run, slow, ledger)],
        "charge_balance": charge_balance(ledger, cell_charge_C),
        "energy_balance": energy_balance(ledger),
        "bank": bank_summary(run.start.battery, run.state.battery, ledger["battery_J"], run.p.battery),
        "system_Wh": dict(zip(run.scenario.system_names, (run.state.system[:, ENERGY] / 3600.0).tolist(), strict=True)),
        "windows": run.window_reports,
        "worst_window": worst(run.window_reports),
        "warnings": warnings_of(run),
        "windows_reused": sum("reused" in r for r in run.window_reports),
        "windows_refused": dict(run.budget.refused),
    }


def supervisor_summary(settings: bms.Settings) -> dict[str, Any]:
    """Settings that differ from the defaults of the variant, and the limits that the supervisor really applies."""
    rows = describe.setting_rows(settings)
    return {
        "variant": str(settings.variant),
        "changed": {row.name: {"default": row.default, "value": row.value} for row in rows if row.changed},
        "limits_applied": {row.name: row.value for row in describe.applied_rows(settings)},
    }


def warnings_of(run: Run) -> list[str]:
    """What a reader of the figures must know: windows that failed, and events that question the slow picture."""
    found = [f"window {r['name']} failed: {r['failed']}" for r in run.window_reports if "failed" in r]
    doubts = ("prediction off", "balance off", "window refused", "input between ticks", "pre-roll latched")
    found += [f"{e.time_s:.1f} s: {e.event}: {e.detail}" for e in run.events if e.event in doubts]
    return found + never_reached(run.asked, run.n_ticks * run.tick_s)


def never_reached(scenario: Scenario, end_s: float) -> list[str]:
    """What a scenario asks for at or after the end of its run: a slip of the pen, or a drive that is too short."""
    asked = [(f"events.{k}", event.time_s) for k, event in enumerate(scenario.events)]
    asked += [(f"faults.{k}", fault.time_s) for k, fault in enumerate(scenario.faults)]
    asked += [(f"remote.{k}", state.time_s) for k, state in enumerate(scenario.remote)]
    asked += [(f"windows.{k}", window.start_s) for k, window in enumerate(scenario.windows)]
    asked += [(f"changes.{k}", change.time_s) for k, change in enumerate(scenario.changes) if not change.stop]
    return [f"{field} at {time_s:g} s is never reached: the run ends at {end_s:g} s"
            for field, time_s in asked if time_s >= end_s]


def versions(ngspice: str) -> dict[str, str]:
    """What produced the numbers."""
    packages = ("numpy", "scipy", "numba", "PySpice", "xarray")
    return {"smart-bms-cosim": cosim.__version__, "ngspice": ngspice, "python": platform.python_version(),
            **{name: _installed(name) for name in packages}}


@functools.cache
def _installed(package: str) -> str:
    """Version of an installed package; looking it up takes milliseconds."""
    return version(package)


def charge_balance(ledger: dict[str, float], cell_charge_C: float) -> dict[str, float]:
    """Charge through the port (slow ticks and integrated windows) against the change of the cells' charge."""
    error = ledger["charge_C"] - cell_charge_C
    return {"port_C": ledger["charge_C"], "cells_C": cell_charge_C, "error_C": error,
            "relative": abs(error) / max(abs(cell_charge_C), 1.0)}


def energy_balance(ledger: dict[str, float]) -> dict[str, float]:
    """Where the energy went: what the source gives must arrive in lead, loads, batteries, cables, circuit and BMS.

    This is bookkeeping over the network's solution (Kirchhoff holds, nothing is left out or counted twice); that the
    device powers themselves are right is shown by the windows' balances and the residual of the terminal law.
    """
    entering = ledger["source_J"] - ledger["lead_J"] - ledger["load_J"] - ledger["starter_battery_J"]
    arriving = ledger["input_cable_J"] + ledger["circuit_J"] + ledger["battery_cable_J"] + ledger["battery_J"]
    entering, arriving = entering + ledger["system_J"], arriving + ledger["system_cable_J"] + ledger["supply_J"]
    error = entering - arriving
    kept = {key: value for key, value in ledger.items() if key.endswith("_J")}
    return {**kept, "error_J": error, "relative": abs(error) / max(abs(entering), 1.0)}


def worst(reports: list[dict[str, Any]]) -> dict[str, float]:
    """Worst balances and predictions over all windows; NaN-free, zero where there was none."""
    whole = [r for r in reports if "balance" in r]
    return {
        "charge_relative": max((r["balance"]["charge_relative"] for r in whole), default=0.0),
        "energy_relative": max((r["balance"]["energy_relative"] for r in whole), default=0.0),
        "start_mismatch_A": max((abs(r["start_mismatch_A"]) for r in whole), default=0.0),
        "end_mismatch_A": max((abs(r["end_mismatch_A"]) for r in whole), default=0.0),
        "failed": float(sum("failed" in r for r in reports)),
    }


def run_figures(run: Run, slow: xr.Dataset, ledger: dict[str, float]) -> list[Figure]:
    """Figures of the run itself."""
    hours = run.n_ticks * run.tick_s / 3600.0
    figures = [
        Figure("run", "charge into the LFP battery", ledger["charge_C"] / 3600.0, "Ah", "", True),
        Figure("run", "state of charge at the end", 100.0 * float(run.state.battery.soc.mean()), "%", "", True),
    ]
    if run.scenario.circuit.netlist != "direct_connection":
        highest, fuse_A = highest_mean_A(run, ledger["peak_port_A"]), run.scenario.supervisor_settings.fuse_rating_A
        limit = min(0.9 * fuse_A, 100.0)
        figures += [
            Figure("run", "time at the limit", 100.0 * ledger["limit_s"] / (hours * 3600.0), "%", "", True),
            Figure("A4", "port current, highest mean over 1 s", highest, "A", f"at most {limit:g} A +3 %",
                   highest <= 1.03 * limit),
            *lifted_figures(run, limit),
        ]
    if run.p.has_vehicle > 0.5:
        figures += alternator_figures(run, ledger)
    return figures


def highest_mean_A(run: Run, highest: float) -> float:
    """Highest mean of the port current over a second (A4), given the highest value on the tick grid.

    Between windows the current of a tick stands for the tick, so its highest value is an upper bound; inside a window
    the mean is taken over the accepted points, over the whole window where that is shorter than a second. A lifted
    limit is the exception that A4 names: its stretches are cut out (`ordinary`), and have figures of their own.
    """
    for window in run.windows.values():
        time_s, current = ordinary(window)
        if time_s[-1] <= 0.0:
            continue
        charge = np.concatenate(([0.0], np.cumsum(0.5 * np.diff(time_s) * (current[1:] + current[:-1]))))
        span = min(1.0, float(time_s[-1]))
        starts = time_s[time_s <= time_s[-1] - span]
        means = (np.interp(starts + span, time_s, charge) - np.interp(starts, time_s, charge)) / span
        highest = max(highest, float(means.max()))
    return highest


def ordinary(window: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Time and port current of a window without the stretches in which its limit was lifted; time then stands."""
    time_s, current = window.time_s.values, window.port_current_A.values
    steps_s = np.diff(time_s)
    kept = np.concatenate(([True], ~(window.limit_lifted.values[1:] > LIFTED)))
    if kept.all():
        return time_s, current
    steps_s[~kept[1:]] = 0.0
    passed_s = np.concatenate(([0.0], np.cumsum(steps_s)))
    return passed_s[kept], current[kept]


def lifted_figures(run: Run, limit_A: float) -> list[Figure]:
    """A4: the lifted limit beside what is allowed for it; none where no window had one."""
    found = [
        lift for window in run.windows.values()
        for lift in liftings(window.time_s.values, {str(name): window[name].values for name in LIFT_WAVES})
    ]
    if not found:
        return []
    peak_A, longest_s = max(lift.peak_A for lift in found), max(lift.lasted_s for lift in found)
    most_A = LIFT_FACTOR * limit_A
    return [
        Figure("A4", "port current while lifted, highest", peak_A, "A", f"at most {most_A:g} A", peak_A <= most_A),
        Figure("A4", "limit lifted, longest", longest_s, "s", f"at most {LIFT_S:g} s", longest_s <= LIFT_S),
        Figure("A4", "fuse while lifted, highest I2t", max(lift.i2t_A2s for lift in found), "A2s", "", True),
    ]


def alternator_figures(run: Run, ledger: dict[str, float]) -> list[Figure]:
    """A6: hottest winding and rectifier beside their limits, and when the limit was passed (from the event log)."""
    figures: list[Figure] = []
    machine = run.p.alternator
    for part, limit in (("winding", machine.winding_limit_degC), ("rectifier", machine.rectifier_limit_degC)):
        hottest = ledger[f"peak_{part}_degC"]
        figures.append(Figure("A6", f"alternator {part}, hottest", hottest, "degC", f"at most {limit:g} degC",
                              hottest <= limit))
        passed = [e.time_s for e in run.events if e.event == f"alternator {part} above its limit"]
        if passed:
            started_s = float(np.argmax(run.grid.rows[:, 0] > 0.0)) * run.tick_s
            minutes = (passed[0] - started_s) / 60.0
            figures.append(Figure("A6", f"alternator {part}, time to its limit", minutes, "min", "never", False))
    return figures
