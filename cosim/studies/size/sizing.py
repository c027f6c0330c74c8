"""What each fuse means for a system: measured in runs of the engine, and judged against limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bms import describe
from cosim import measure
from cosim.errors import RunFailed
from cosim.result import Result
from cosim.scenario.model import Scenario
from cosim.simulation import Simulation
from cosim.studies.size.system import RATINGS_A, Asked, scenario_of
from models import alternator

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

BULK_SOC = 0.8
"""Up to here the battery takes what it gets; currents are told as means until then (ours)."""
WORTH = 0.03
"""A larger fuse must charge faster by this share to be worth it (ours)."""
FULL_FIELD_V = 0.3
"""The alternator is at its full output where its voltage is this far below its set-point (as its gain is chosen)."""
AT_LIMIT = 0.985
"""Share of the commanded limit from which on the limiter is what limits (ours; the limiter holds 1 %)."""


class Check(NamedTuple):
    """One limit: value, limit and margin (positive is good) in one unit; what to say where it is passed."""

    name: str
    value: float
    limit: float
    unit: str
    warning: str

    @property
    def margin(self) -> float:
        """How far the value stays below its limit."""
        return self.limit - self.value

    @property
    def passed(self) -> bool:
        """Whether the limit is kept."""
        return self.margin >= 0.0


class Outcome(NamedTuple):
    """What one fuse means: currents until 80 % of charge, times, checks, and charge over time.

    limited_by : what held the current back for longest, in words; shares : of the time, by what limits, 0 to 1
    """

    fuse_A: int
    cruise_A: float
    idle_A: float
    full_after_h: float
    limited_by: str
    shares: dict[str, float]
    checks: tuple[Check, ...]
    time_h: Array
    soc: Array

    @property
    def fits(self) -> bool:
        """Whether all limits are kept."""
        return all(check.passed for check in self.checks)


class Sizing(list[Outcome]):
    """What each fuse means, smallest first; shows itself as a table."""

    def __init__(self, asked: Asked, outcomes: Iterable[Outcome] = ()) -> None:
        super().__init__(outcomes)
        self.asked = asked

    def __repr__(self) -> str:
        best = chosen(self)
        fuses = ", ".join(f"{one.fuse_A} A {'fits' if one.fits else 'does not'}" for one in self)
        return f"Sizing({self.asked.system.name}: {f'fit {best.fuse_A} A' if best else 'no fuse fits'}; {fuses})"

    def _repr_html_(self) -> str:
        from cosim.studies.size.report import table_html  # which needs this module

        return table_html(self.asked, self)


def size(asked: Asked, report: Progress) -> Sizing:
    """Run the system with every fuse, driving and idling, and return what each means; smallest fuse first.

    Raises
    ------
    InputError : a parameter file that the system names is missing or wrong
    RunFailed : the port never charges: the alternator never holds the start voltage at the input
    """
    outcomes = Sizing(asked)
    for place, fuse_A in enumerate(RATINGS_A):
        report(place / len(RATINGS_A), f"fuse {fuse_A} A")
        runs = {}
        for condition in ("cruise", "idle"):
            scenario = scenario_of(asked, fuse_A, condition)
            runs[condition] = (scenario, Simulation(scenario, windows=False).run())
        outcomes.append(outcome(asked, fuse_A, *runs["cruise"], runs["idle"][1]))
    return outcomes


def chosen(outcomes: list[Outcome]) -> Outcome | None:
    """Return the smallest fitting fuse that charges within 3 % as fast as the best fitting one; None if none fits."""
    fitting = [o for o in outcomes if o.fits]
    if not fitting:
        return None
    best_A = max(o.cruise_A for o in fitting)
    return next(o for o in fitting if o.cruise_A >= (1.0 - WORTH) * best_A)


def outcome(asked: Asked, fuse_A: int, scenario: Scenario, cruise: Result, idle: Result) -> Outcome:
    """Reduce the two runs of a fuse."""
    slow = cruise.slow
    time_s, soc = values(slow, "time_s"), values(slow, "soc")
    full = np.flatnonzero(soc >= asked.system.full_soc)
    shares = limiting(scenario, slow)
    return Outcome(
        fuse_A=fuse_A, cruise_A=bulk_current_A(slow), idle_A=bulk_current_A(idle.slow),
        full_after_h=float(time_s[full[0]]) / 3600.0 if full.size else math.nan,
        limited_by=max(shares, key=lambda name: shares[name]) if shares else "no charging",
        shares=shares, checks=checks(asked, scenario, cruise, idle), time_h=time_s / 3600.0, soc=soc,
    )


def values(slow: xr.Dataset, name: str) -> Array:
    """Channel as an array."""
    return np.asarray(slow[name].values, dtype=np.float64)


def _charging(slow: xr.Dataset) -> NDArray[np.bool_]:
    """Instants at which the port is on and the battery takes what it gets."""
    on = values(slow, "alternator_enabled") > 0.5
    return np.asarray(on & (values(slow, "soc") < BULK_SOC), dtype=np.bool_)


def bulk_current_A(slow: xr.Dataset) -> float:
    """Mean current into the bank through the port until 80 % of charge, pauses of the port included."""
    early = values(slow, "soc") < BULK_SOC
    return float(values(slow, "port_current_A")[early].mean()) if early.any() else 0.0


def limiting(scenario: Scenario, slow: xr.Dataset) -> dict[str, float]:
    """Share of the charging time (until 80 %) for which each of three limits the current."""
    on = _charging(slow)
    if not on.any() or scenario.source.kind != "vehicle":
        return {}
    machine = alternator.load_alternator(scenario.source.alternator)
    setpoint_V = np.array([alternator.setpoint_V(float(case), machine) for case in values(slow, "case_degC")[on]])
    at_limit = values(slow, "port_current_A")[on] >= AT_LIMIT * values(slow, "current_limit_A")[on]
    weak = values(slow, "starter_voltage_V")[on] < setpoint_V - FULL_FIELD_V
    return {
        "the fuse's limit": float(at_limit.mean()),
        "the alternator's output": float((weak & ~at_limit).mean()),
        "voltage left after cables and battery": float((~weak & ~at_limit).mean()),
    }


def checks(asked: Asked, scenario: Scenario, cruise: Result, idle: Result) -> tuple[Check, ...]:
    """All limits of a system with one fuse."""
    limits = asked.system.limits
    found = []
    for part in ("winding", "rectifier"):
        for condition, run in (("cruise", cruise), ("idle", idle)):
            limit = float(run.slow["winding_degC" if part == "winding" else "rectifier_degC"].attrs["limit_degC"])
            text = f"alternator not protected by this fuse: {part} too hot at {condition}"
            found.append(Check(f"alternator {part}, {condition}", float(values(run.slow, f"{part}_degC").max()), limit,
                               "degC", text))
    hottest = max(float(values(run.slow, "cable_degC").max()) for run in (cruise, idle))
    found.append(Check("input cable, hottest", hottest, limits.cable_degC, "degC", "cable too thin: it gets too hot"))
    drop = max(cable_drop_V(run.slow) for run in (cruise, idle))
    found.append(Check("input cable, drop", drop, limits.cable_drop_V, "V", "cable too thin or too long: its drop"))
    told = {row.name: row.value for row in describe.applied_rows(scenario.supervisor_settings)}
    most = max(float(values(run.slow, "battery_current_A").max()) for run in (cruise, idle))
    bank_A = float(str(told["bank_current_A"]))
    found.append(Check("charge current of the bank", most, bank_A, "A", "bank too small for this current"))
    derated = float(str(told["current_limit_A"])) - min(_lowest_limit_A(run.slow) for run in (cruise, idle))
    found.append(Check("limit taken back by heat", derated, 0.0, "A", "BMS too hot: it takes its limit back"))
    return tuple(found)


def cable_drop_V(slow: xr.Dataset) -> float:
    """Largest mean drop of the input cable over a minute; a moment's does no harm."""
    drop = values(slow, "starter_voltage_V") - values(slow, "input_voltage_V")
    return measure.highest_mean(values(slow, "time_s"), drop, 60.0).value


def _lowest_limit_A(slow: xr.Dataset) -> float:
    on = values(slow, "alternator_enabled") > 0.5
    if not on.any():
        raise RunFailed("the port never charges: the alternator never holds 13 V at the BMS's input")
    return float(values(slow, "current_limit_A")[on].min())
