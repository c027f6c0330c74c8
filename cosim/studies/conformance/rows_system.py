"""System+ rows S1 and S2: continuous current and heat, short circuit, peaks, and the latch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim import measure
from cosim.result import Result
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Influence, Lab
from cosim.studies.conformance.look import PARKED, RESTING, battery_at, evidence, looked, trace
from cosim.studies.conformance.reading import entry
from cosim.validation.port_bench import BATTERY_H, BATTERY_OHM, FAULT_S, Ran, run, short
from cosim.validation.port_bench import Bench as PortBench
from models import heat

Array = NDArray[np.float64]

CONTINUOUS_A = 200.0
SOAK_S, SOAK_STEP_S = 7200.0, 60.0
"""Time that the box has to warm up: eight times its 15 minutes."""
BANK_DEVICES = 8
"""Four devices in each of two banks (netlists/system_path.cir)."""
LOSS_AT_DEGC = (60.0, 120.0)
"""Junctions at which the circuit's losses are read; its resistance is nearly straight between."""
LATCH_A, OPEN_A = 700.0, 5.0
PEAK_A, ABOVE_A = 390.0, 405.0
"""Peak that is carried, and one just above 400 A: a step of the ladder more (S2)."""
FIRST_TICK_S = 3.1

COLD, HOT = Corner("-40 degC", ambient_degC=-40.0), Corner("60 degC", ambient_degC=60.0)
WARM = Corner("nominal", ambient_degC=60.0)
"""S1 is asked at 60 degC."""


# ---- S1 -------------------------------------------------------------------------------------------------------------

class Loss(NamedTuple):
    """Loss of the path at 200 A and a junction temperature: discharge bank, charge bank, shunt and rest [W]."""

    discharge_W: float
    charge_W: float
    other_W: float


def path_loss(lab: Lab, way: str, junction_degC: float) -> tuple[Loss, Ran]:
    """Loss at 200 A by the settled circuit; `way` is out or in."""
    source = f"pwl(0 0 1m 0 1.1m {CONTINUOUS_A!r})"
    nodes = "sys 0" if way == "out" else "0 sys"
    ran = run(lab.session, PortBench(f"il {nodes} {source}", junction_degC=junction_degC), 10e-3, 20e-6)
    return Loss(*(measure.steady(ran.time_s, ran[name], 0.05) for name in ("discharge_W", "charge_W", "other_W"))), ran


def warmed(lab: Lab, way: str, ambient_degC: float) -> tuple[Array, Array, Array, Array]:
    """Box at 200 A from the ambient on: time [s], hottest junction, heatsink [degC], loss [W].

    The loss follows the junctions between the two temperatures at which the circuit was measured.
    """
    low, high = (path_loss(lab, way, degC)[0] for degC in LOSS_AT_DEGC)
    box = heat.load_box()
    ladders = np.full((BANK_DEVICES + 1, box.cauer.capacity_J_K.size), ambient_degC)
    state = heat.BoxState(ambient_degC, ambient_degC, ladders)
    time_s = np.arange(0.0, SOAK_S + SOAK_STEP_S, SOAK_STEP_S)
    rows = np.empty((time_s.size, 3))
    half = BANK_DEVICES // 2
    for k in range(time_s.size):
        junctions = (state.junction_degC[:half, 0].max(), state.junction_degC[half:BANK_DEVICES, 0].max())
        shares = [(degC - LOSS_AT_DEGC[0]) / (LOSS_AT_DEGC[1] - LOSS_AT_DEGC[0]) for degC in (*junctions, junctions[0])]
        losses = [a + share * (b - a) for a, b, share in zip(low, high, shares, strict=True)]
        rows[k] = max(junctions), state.heatsink_degC, sum(losses)
        powers = np.concatenate((np.full(half, losses[0] / half), np.full(half, losses[1] / half), losses[2:]))
        state = heat.step_box(state, powers, 0.0, ambient_degC, SOAK_STEP_S, box)
    return time_s, rows[:, 0], rows[:, 1], rows[:, 2]


def continuous_run(way: str, corner: Corner) -> dict[str, Any]:
    """An hour of 200 A through System+ of ten batteries: a consumer, or three chargers less what a consumer takes."""
    devices: list[dict[str, Any]] = []
    load = {"kind": "load_step", "at": "system", "time_s": 10.0, "current_A": CONTINUOUS_A, "duration_s": 3600.0}
    if way == "in":
        devices += [{"kind": "mains", "name": f"charger_{k}", "plugged_s": [[5, 3700]]} for k in range(3)]
        load |= {"current_A": 9.0}
    return {
        "name": f"s1_{way}", "bank": battery_at(corner, batteries=10, soc=0.5), "source": RESTING, "duration_s": 3700.0,
        "system": {"devices": devices}, "events": [load], "recording": {"period_s": 1.0},
    }


def continuous(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S1: heat of the path at 200 A, and an hour of it without a trip, in both directions."""
    del changes
    entries = []
    for way, name in (("out", "discharge"), ("in", "charge")):
        time_s, junction, heatsink, loss = warmed(lab, way, corner.ambient_degC)
        seen = evidence(
            trace(f"hottest junction, 200 A {name}", "degC", time_s, junction),
            trace("heatsink", "degC", time_s, heatsink), trace("loss of the path", "W", time_s, loss),
            marks=[(time_s[-1], junction[-1], f"{junction[-1]:.1f} degC")],
        )
        method = "losses of the circuit (settled SPICE transients at two junction temperatures) heat the box for 2 h"
        entries.append(entry(corner, f"S1.{name}_junction_degC", junction[-1], method, seen))
        look = looked(lab, continuous_run(way, corner), corner)
        current = -look.wave("system_current_A") if way == "out" else look.wave("system_current_A")
        carried_s = measure.longest_above_s(look.time_s, current, 0.995 * CONTINUOUS_A)
        seen = evidence(
            trace(f"System+, {name}", "A", look.time_s, current), look.trace("discharge_gate", "discharge gate", "1"),
            look.trace("charge_gate", "charge gate", "1"), limit=False,
        )
        method = "scenario, ten batteries; longest stretch above 199 A"
        entries.append(entry(corner, f"S1.{name}_carried_s", carried_s, method, seen))
    return entries


# ---- S2 -------------------------------------------------------------------------------------------------------------

@dataclass(frozen=True)
class ShortBench:
    """Values around the short; fields may be scaled (`Changes.plant`)."""

    cable_H: float = 1e-6
    short_ohm: float = 2e-3
    battery_ohm: float = BATTERY_OHM
    battery_H: float = BATTERY_H


def of_corner(corner: Corner) -> ShortBench:
    """Bench of the short in a corner."""
    own = ShortBench()
    return ShortBench(
        own.cable_H if corner.cable_H is None else corner.cable_H, own.short_ohm,
        own.battery_ohm if corner.battery_ohm is None else corner.battery_ohm,
    )


class Opening(NamedTuple):
    """What the short did: crossing of 700 A, below 5 A for good, both since the fault; peak; I2t until then."""

    crossed_s: float
    open_s: float
    peak_A: float
    i2t_A2s: float


def opening(time_s: Array, path_A: Array, port_A: Array) -> Opening:
    """Read a short off its waves, which start before the fault at `FAULT_S`; the true current, not the sensed one."""
    rises = measure.crossings(time_s, path_A, LATCH_A, "rising")
    rises = rises[rises > FAULT_S]
    flowing = time_s[np.abs(path_A) > OPEN_A]
    if not rises.size or flowing[-1] == time_s[-1]:
        return Opening(np.nan, np.nan, float(port_A.max()), np.nan)
    after = time_s[time_s > flowing[-1]]
    until, current = measure.between(time_s, path_A, FAULT_S, float(after[0]))
    return Opening(float(rises[0]) - FAULT_S, float(after[0]) - FAULT_S, float(port_A[time_s > FAULT_S].max()),
                   measure.i2t_A2s(until, current))


def shorted(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S2: 2 mohm behind a cable onto the loaded port."""
    values = changes.scaled(of_corner(corner))
    ran = run(lab.session, PortBench(
        short(values.cable_H, values.short_ohm), junction_degC=corner.ambient_degC, battery_ohm=values.battery_ohm,
        battery_H=values.battery_H,
    ), 1.2e-3, 0.2e-6)
    found = opening(ran.time_s, ran["path_A"], ran["port_A"])
    near = (ran.time_s > FAULT_S - 2e-5) & (ran.time_s < FAULT_S + np.nan_to_num(found.open_s, nan=9e-4) + 2e-5)
    time_us = 1e6 * (ran.time_s[near] - FAULT_S)
    seen = evidence(
        trace("path", "A", time_us, ran["path_A"][near]), trace("System+ stud", "A", time_us, ran["port_A"][near]),
        trace("battery stud", "V", time_us, ran["battery_V"][near]),
        marks=[(1e6 * found.crossed_s, LATCH_A, "700 A"), (1e6 * found.open_s, OPEN_A, "below 5 A")],
        limit=False, x_label="time since the fault [us]",
    )
    method = f"SPICE: {1e3 * values.short_ohm:g} mohm behind {1e6 * values.cable_H:g} uH onto a port with 0.1 ohm"
    return [
        entry(corner, "S2.short_opening_us", 1e6 * (found.open_s - found.crossed_s),
              f"{method}; from 700 A to below 5 A", seen),
        entry(corner, "S2.short_peak_A", found.peak_A, f"{method}; peak at the stud", seen),
        entry(corner, "S2.short_since_fault_us", 1e6 * found.open_s, f"{method}; from the fault to below 5 A", seen),
        entry(corner, "S2.short_i2t_A2s", found.i2t_A2s, f"{method}; integral from the fault to below 5 A", seen),
        *latch_entries(lab, corner),
    ]


def latch_entries(lab: Lab, corner: Corner) -> list[Entry]:
    """S2: threshold by a slow ramp; 20 A afterwards do not come through until a reset."""
    ramp = "pwl(0 0 0.3m 0 1m 500 11m 900 11.1m 20)"
    load = f"bl sys 0 I=V(dem)*min(max(V(sys),0),1)\nvd dem 0 {ramp}"
    reset = "pwl(0 0 14m 0 14.001m 1 14.1m 1 14.101m 0)"
    ran = run(lab.session, PortBench(load, junction_degC=corner.ambient_degC, reset=reset), 16e-3, 5e-6)
    current, latch, time_s = ran["path_A"], ran["latch"], ran.time_s
    sets = measure.crossings(time_s, latch, 0.5, "rising")
    level_A = measure.highest(*measure.between(time_s, current, None, sets[0])).value if sets.size else np.nan
    held = time_s > 11.2e-3
    kept_A = float(np.abs(current[held & (time_s < 13.9e-3)]).max())
    back_A = measure.mean(time_s, current, 15e-3, 16e-3)
    ms, late = 1e3 * time_s, time_s > 11.2e-3
    seen = evidence(
        trace("path", "A", ms, current), trace("latch", "1", ms, latch),
        marks=[(1e3 * sets[0], level_A, f"{level_A:.0f} A")] if sets.size else [], x_label="time [ms]",
    )
    after = evidence(
        trace("path, a load of 20 A at the port", "A", ms[late], current[late]),
        trace("latch", "1", ms[late], latch[late]),
        marks=[(13.0, kept_A, "latched"), (15.5, back_A, "reset")], limit=False, x_label="time [ms]",
    )
    return [
        entry(corner, "S2.latch_A", level_A, "SPICE: ramp of 40 A/ms; current when the latch sets", seen),
        entry(corner, "S2.latched_A", kept_A, "SPICE: a load of 20 A while latched; largest current until the reset",
              after),
        entry(corner, "S2.after_reset_A", back_A, "SPICE: the same load after the reset", after),
    ]


def step_run(current_A: float, duration_s: float, time_s: float, corner: Corner) -> dict[str, Any]:
    """A consumer that is switched on at System+."""
    event = {"kind": "load_step", "at": "system", "time_s": time_s, "current_A": current_A, "duration_s": duration_s,
             "rise_s": 2e-6}
    return {"name": "s2_step", "bank": battery_at(corner, soc=0.6), "source": RESTING, "duration_s": 12.0,
            "system": {"devices": [PARKED]}, "events": [event], "recording": {"period_s": 0.1}}


def peaks(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S2: 390 A are carried for 5 s; 405 A that begin just after a tick are off at the next one."""
    del changes
    look = looked(lab, step_run(PEAK_A, 8.0, 3.05, corner), corner, windows=True)
    current = -look.wave("system_current_A")
    carried_s = measure.longest_above_s(look.time_s, current, PEAK_A - 5.0)
    seen = evidence(trace("System+", "A", look.time_s, current), look.trace("discharge_gate", "discharge gate", "1"),
                    limit=False)
    method = "scenario with SPICE windows: longest stretch above 385 A of a step to 390 A"
    entries = [entry(corner, "S2.carried_390A_s", carried_s, method, seen)]
    begin_s = FIRST_TICK_S + 1e-4
    above = looked(lab, step_run(ABOVE_A, 2.0, begin_s, corner), corner, windows=True)
    window = window_of(above.result, "load_step")
    time_s = window.time_s.values + float(window.attrs["start_s"])
    shunt = window.shunt_current_A.values
    rises = measure.crossings(time_s, shunt, 400.0, "rising")
    flowing = time_s[np.abs(shunt) > OPEN_A]
    opened = rises.size > 0 and flowing[-1] < time_s[-1]
    open_s = float(time_s[time_s > flowing[-1]][0]) - float(rises[0]) if opened else np.nan
    seen = evidence(trace("shunt", "A", time_s, shunt), trace("gate command", "1", time_s, window.discharge_gate.values)
                    if "discharge_gate" in window else trace("latch", "1", time_s, window.latch.values),
                    marks=[(begin_s + open_s, OPEN_A, "below 5 A")] if opened else [], limit=False)
    method = "scenario with SPICE windows: step to 405 A 0.1 ms after a tick; from 400 A to below 5 A"
    entries.append(entry(corner, "S2.above_400A_off_ms", 1e3 * open_s, method, seen))
    return entries


def window_of(result: Result, kind: str) -> Any:
    """First window whose name ends with a kind."""
    return next(window for name, window in result.windows.items() if name.endswith(kind))


def locked(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S2: a short that stays locks the port after its retries; it returns when the load is gone, or after a reset."""
    del changes
    event = {"kind": "short_circuit", "time_s": 3.0503, "resistance_ohm": 2e-3, "duration_s": 100.0}
    base = {"name": "s2_locked", "bank": battery_at(corner, soc=0.6), "source": RESTING, "duration_s": 170.0,
            "events": [event], "recording": {"period_s": 0.1}}
    charger = {"kind": "mains", "name": "charger", "remote": "always_on", "plugged_s": [[120, 150]]}
    removal = looked(lab, {**base, "system": {"devices": [PARKED, charger]}}, corner, windows=True)
    remote = [{"time_s": 0, "state": "on"}, {"time_s": 120, "state": "off"}, {"time_s": 125, "state": "on"}]
    reset = looked(lab, {**base, "system": {"devices": [PARKED]}, "remote": remote,
                         "settings": {"remote_function": "system"}}, corner, windows=True)
    entries = []
    for name, look, freed_s, cause in (("removal", removal, 120.0, "load removed"), ("reset", reset, 125.0, "")):
        locked_s, back_s = look.when("system locked"), look.when("system on", after_s=freed_s)
        early = look.during(look.wave("discharge_gate"), locked_s + 0.1, freed_s)
        value = back_s - freed_s if np.nanmax(early) == 0.0 else np.nan
        if cause and not np.isfinite(look.when("system resting", cause)):
            value = np.nan
        seen = evidence(
            look.trace("discharge_gate", "discharge gate", "1"), look.trace("precharge", "pre-charge", "1"),
            look.trace("system_voltage_V", "System+", "V"),
            marks=[(locked_s, 0.0, "locked"), (back_s, 1.0, f"{value:.1f} s after the {name}")], limit=False,
        )
        method = f"scenario: short that lasts 100 s, then the {name}; time until System+ is on, never before"
        entries.append(entry(corner, f"S2.back_after_{name}_s", value, method, seen))
    return entries


SHORT_CORNERS = (
    Corner(), COLD, HOT, Corner("0.2 uH", cable_H=0.2e-6), Corner("5 uH", cable_H=5e-6),
    Corner("0.5 mohm", battery_ohm=0.5e-3), Corner("4 mohm", battery_ohm=4e-3),
    Corner("-40 degC, 0.2 uH", ambient_degC=-40.0, cable_H=0.2e-6),
)
PATH = partial(Influence, "circuit", place="system_path")

BENCHES: tuple[Bench, ...] = (
    Bench("system_continuous", ("S1",), continuous, 2.5,
          (WARM, COLD, Corner("25 degC")),
          (PATH("rsh"), PATH("rpk"), PATH("v1"), Influence("firmware", "system_continuous_A"),
           Influence("firmware", "system_peak_A"))),
    Bench("system_short", ("S2",), shorted, 3.0, SHORT_CORNERS,
          (PATH("itrip"), PATH("tcmp"), PATH("rsh"), Influence("plant", "cable_H"), Influence("plant", "battery_ohm"))),
    Bench("system_peaks", ("S2",), peaks, 2.5, (Corner(), COLD, HOT, Corner("4 mohm", battery_ohm=4e-3)),
          (Influence("firmware", "system_peak_A"), Influence("firmware", "system_peak_ms"),
           Influence("firmware", "system_continuous_A"), PATH("itrip"), PATH("rsh"))),
    Bench("system_locked", ("S2",), locked, 3.0),
)
