"""Remote rows R1 to R7: levels of the terminals by their circuit and by the supervisor, and what off does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim import measure
from cosim.benches import signal_circuits as bench
from cosim.spice.session import Waveforms
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab
from cosim.studies.conformance.look import RESTING, Look, evidence, looked, trace
from cosim.studies.conformance.reading import entry

Array = NDArray[np.float64]

BATTERIES_V = (8.0, 10.5, 13.3, 15.5)
"""Battery at brown-out, empty, at rest, at the end of an over-voltage."""
L_ON_V, L_OFF_V, H_ON_V, H_OFF_V = 5.0, 6.5, 3.0, 2.0
"""Datasheet: L below 5 V, H above 3 V is on; ours: L up to 6.5 V and H from 2 V are undefined."""
EDGE_V = 0.01
"""Levels are tried this far inside what is defined."""
STEP_S = 0.03
"""Every level is held for thirty times the terminals' filter."""
NG = Corner("NG", variant="12-200 NG")


# ---- R1 to R4: the circuit --------------------------------------------------------------------------------------

class Case(NamedTuple):
    """Levels of L and H in turn; None: open. `expected`: whether each means on."""

    name: str
    wiring: str
    levels: tuple[tuple[str, bool], ...]
    stop_s: float


def stairs(values: Sequence[float]) -> str:
    """Levels in turn, as source text."""
    points = []
    for k, value in enumerate(values):
        points += [f"{k * STEP_S + 1e-6!r} {value!r}", f"{(k + 1) * STEP_S!r} {value!r}"]
    return f"pwl(0 {values[0]!r} {' '.join(points)})"


def cases(battery_V: float) -> dict[str, tuple[Case, ...]]:
    """By row: wirings, driven through their levels; R4 is every combination that is not on."""
    low = [0.0, 2.5, L_ON_V - EDGE_V]
    off = [v for v in (L_OFF_V + EDGE_V, 0.5 * (L_OFF_V + battery_V), battery_V) if v > L_OFF_V]
    high = [H_ON_V + EDGE_V, 0.5 * battery_V, battery_V]
    quiet = [0.0, 1.0, H_OFF_V - EDGE_V]
    both_low = [(a, b) for a in low for b in [*quiet, *high]]
    both_off = [(a, b) for a in off for b in quiet]

    def driven(name: str, pairs: Sequence[tuple[float, float]], on: bool) -> Case:
        wiring = f"vl l 0 {stairs([a for a, _ in pairs])}\nvh h 0 {stairs([b for _, b in pairs])}"
        told = tuple((f"L {a:g} V, H {b:g} V", on) for a, b in pairs)
        return Case(name, wiring, told, STEP_S * len(pairs))

    def one(name: str, node: str, values: Sequence[float], on: bool) -> Case:
        told = tuple((f"{node.upper()} {v:g} V, other open", on) for v in values)
        return Case(name, f"v{node} {node} 0 {stairs(values)}", told, STEP_S * len(values))

    return {
        "R1": tuple(Case(f"linked by {ohm}", f"rj l h {ohm}", ((f"L and H linked by {ohm} ohm", True),), STEP_S)
                    for ohm in ("1", "1k", "10k")),
        "R2": (one("L, H open", "l", low, True), driven("L, H driven", both_low, True)),
        "R3": (one("H, L open", "h", high, True), driven("H, L driven", [(a, b) for a in off for b in high], True)),
        "R4": (Case("open", "", (("both open", False),), STEP_S), one("L, H open", "l", off, False),
               one("H, L open", "h", quiet, False), driven("both driven", both_off, False),
               Case("damp", "rl l 0 10meg\nrh h vb 10meg", (("leakage of 10 Mohm at both", False),), STEP_S)),
    }


def judged(waves: Waveforms, case: Case) -> int:
    """Levels at whose end the circuit says what is expected, clearly."""
    at_s = np.arange(1, len(case.levels) + 1) * STEP_S - 1e-4
    told = np.interp(at_s, waves.time_s, waves["v(on)"])
    return int(sum(level > 0.99 if on else level < 0.01 for level, (_, on) in zip(told, case.levels, strict=True)))


def levels(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """R1 to R4: all combinations at four battery voltages; thresholds of L and H by slow ramps."""
    del changes
    entries = []
    for row in ("R1", "R2", "R3", "R4"):
        wrong, tried = [], 0
        shown: list[tuple[Case, Waveforms]] = []
        for battery_V in BATTERIES_V:
            for case in cases(battery_V)[row]:
                waves = bench.remote(lab.session, case.wiring, battery_V, stop_s=case.stop_s)
                tried += len(case.levels)
                if judged(waves, case) < len(case.levels):
                    wrong.append((case, waves))
                elif battery_V == bench.BATTERY_V:
                    shown.append((case, waves))
        missed = len(wrong)
        seen = one_after_the_other(wrong or shown)
        method = f"SPICE: {tried} combinations of levels, battery 8, 10.5, 13.3 and 15.5 V; wirings with a wrong answer"
        entries.append(entry(corner, f"{row}.wrong", float(missed), method, seen))
    return [*entries, *ramps(lab, corner)]


def one_after_the_other(ran: Sequence[tuple[Case, Waveforms]]) -> Evidence:
    """Runs side by side on one axis, with the name of each wiring."""
    offsets = np.concatenate(([0.0], np.cumsum([case.stop_s + STEP_S for case, _ in ran])))
    traces = []
    for label, unit, signal in (("on", "1", "v(on)"), ("L", "V", "v(l)"), ("H", "V", "v(h)")):
        time_s = np.concatenate([waves.time_s + offset for (_, waves), offset in zip(ran, offsets, strict=False)])
        traces.append(trace(label, unit, 1e3 * time_s, np.concatenate([waves[signal] for _, waves in ran])))
    marks = [(1e3 * offset, 0.5, case.name) for (case, _), offset in zip(ran, offsets, strict=False)]
    return evidence(*traces, marks=marks, limit=False, x_label="time [ms], one wiring after the other")


def ramps(lab: Lab, corner: Corner) -> list[Entry]:
    """R2, R3: levels at which the circuit switches, L sinking and H rising at 5 V/s, the extreme of four batteries."""
    entries = []
    for row, node, other in (("R2", "l", "other open"), ("R3", "h", "other open")):
        found: list[tuple[float, float, Waveforms]] = []
        for battery_V in BATTERIES_V:
            top_V = min(battery_V, 8.0)
            ramp = f"pwl(0 {top_V!r} 0.1 {top_V!r} 1.7 0 1.8 0 3.4 {top_V!r})"
            waves = bench.remote(lab.session, f"v{node} {node} 0 {ramp}", battery_V, stop_s=3.4)
            switched = measure.threshold(waves.time_s, waves[f"v({node})"], waves["v(on)"])
            found.append((min(switched), max(switched), waves))
        low_V, high_V, waves = min(f[0] for f in found), max(f[1] for f in found), found[2][2]
        marks = [(t, float(np.interp(t, waves.time_s, waves[f"v({node})"])), "switches")
                 for t in measure.crossings(waves.time_s, waves["v(on)"], 0.5)]
        seen = evidence(trace(node.upper(), "V", waves.time_s, waves[f"v({node})"]),
                        trace("on", "1", waves.time_s, waves["v(on)"]),
                        marks=marks)
        method = f"SPICE: {node.upper()} ramped at 5 V/s both ways, {other}; four batteries"
        entries += [
            entry(corner, f"{row}.lowest_threshold_V", low_V, f"{method}; lowest switching level", seen),
            entry(corner, f"{row}.highest_threshold_V", high_V, f"{method}; highest switching level", seen),
        ]
    return entries


# ---- R2, R3: the supervisor -------------------------------------------------------------------------------------

def ramp_states(terminal: str) -> list[dict[str, Any]]:
    """L or H through its range and back, a step of 0.1 V every second, the other one open."""
    down = [round(8.0 - 0.1 * k, 1) for k in range(81)]
    values = [*down, *down[-2::-1]] if terminal == "L" else [*down[::-1], *down[1:]]
    return [{"time_s": float(k), "volts": {"L_V": v, "H_V": 0.0} if terminal == "L" else {"L_V": 13.2, "H_V": v}}
            for k, v in enumerate(values)]


def accepted(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """R2, R3: levels at which the supervisor accepts on and off."""
    del changes
    entries = []
    for row, terminal in (("R2", "L"), ("R3", "H")):
        states = ramp_states(terminal)
        content = {"name": f"r_{terminal}", "bank": {"soc": 0.6}, "source": RESTING, "remote": states,
                   "duration_s": float(len(states)), "recording": {"period_s": 0.1}}
        look = looked(lab, content, corner)
        driven = np.array([state["volts"][f"{terminal}_V"] for state in states])
        volts = driven[np.minimum(look.time_s.astype(int), driven.size - 1)]
        on = look.wave("remote_on")
        on_s, off_s = look.when("remote on"), look.when("remote off", after_s=1.0)
        marks = [(t, look.at(volts, t), name) for t, name in ((on_s, "on"), (off_s, "off"))]
        seen = evidence(trace(terminal, "V", look.time_s, volts), trace("remote on", "1", look.time_s, on), marks=marks)
        method = f"scenario: {terminal} in steps of 0.1 V a second, both ways, the other one open"
        entries += [
            entry(corner, f"{row}.supervisor_on_V", look.at(volts, on_s), f"{method}; level accepted as on", seen),
            entry(corner, f"{row}.supervisor_off_V", look.at(volts, off_s), f"{method}; level accepted as off", seen),
        ]
    return entries


# ---- R5 to R7 ---------------------------------------------------------------------------------------------------

OFF_S, ON_S, END_S = 300.0, 600.0, 780.0
"""Remote goes off and on again."""


def charging(function: str) -> dict[str, Any]:
    """Engine idling, charger and inverter at System+; remote goes off for five minutes."""
    devices = [{"kind": "inverter", "demand_W": [[0, 300]]},
               {"kind": "mains", "name": "charger", "remote": "always_on", "plugged_s": [[60, END_S]]}]
    remote = [{"time_s": 0, "state": "on"}, {"time_s": OFF_S, "state": "off"}, {"time_s": ON_S, "state": "on"}]
    return {"name": f"r_{function}", "settings": {"remote_function": function}, "remote": remote,
            "bank": {"soc": 0.5}, "source": {"kind": "vehicle", "load_A": 20},
            "drive": {"segments": [{"kind": "crank"}, {"kind": "idle", "duration_s": END_S - 1.0}]},
            "system": {"devices": devices}, "recording": {"period_s": 0.5}}


def functions_of(corner: Corner) -> tuple[tuple[str, str], ...]:
    """Rows and functions that the variant has."""
    both = (("R5", "alternator"), ("R6", "system"))
    return (*both, ("R7", "ports")) if corner.variant == "12-200 NG" else both


def functions(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """R5 to R7: what flows while remote is off, and that all is back afterwards."""
    del changes
    entries = []
    for row, function in functions_of(corner):
        look = looked(lab, charging(function), corner)
        entries += function_entries(look, row, function, corner)
    if corner.variant != "12-200 NG":
        note = "12-200 NG only (datasheet): the 12-200 refuses the function 'ports' (K1)"
        entries.append(Entry("R7", "R7.ports", "declared", "declared", None, corner.name, corner.variant, note=note))
    return entries


def function_entries(look: Look, row: str, function: str, corner: Corner) -> list[Entry]:
    """Figures of one remote function."""
    inside = (OFF_S + 2.0, ON_S - 1.0)
    port_A, system_A = look.wave("port_current_A"), look.wave("system_current_A")
    seen = evidence(
        look.trace("port_current_A", "alternator port", "A"), look.trace("system_current_A", "System+", "A"),
        look.trace("remote_on", "remote", "1"), look.trace("load_output", "load output", "1"),
        look.trace("supply_current_A", "own supply", "mA", 1e3), marks=[(OFF_S, 0.0, "remote off"), (ON_S, 0.0, "on")],
        limit=False,
    )
    method = f"scenario: remote off for 5 min, function '{function}', engine idling, charger at System+"
    outputs = look.during(look.wave("load_output") * look.wave("charge_output"), *inside)
    supply_mA = 1e3 * look.during(look.wave("supply_current_A"), *inside)
    back_A = float(np.median(look.during(port_A, END_S - 60.0, END_S)))
    before_A = float(np.median(look.during(port_A, OFF_S - 60.0, OFF_S - 1.0)))
    found = [
        entry(corner, f"{row}.port_A", float(look.during(port_A, *inside).max()) if before_A > 10.0 else np.nan,
              f"{method}; largest current of the alternator port while off, more than 10 A before", seen),
        entry(corner, f"{row}.supply_mA", float(supply_mA.max()), f"{method}; own draw while off", seen),
        entry(corner, f"{row}.back_A", back_A, f"{method}; alternator port afterwards", seen),
    ]
    through = np.abs(look.during(system_A, *inside))
    if row == "R5":
        found.append(entry(corner, "R5.system_A", float(through.min()),
                           f"{method}; least current through System+ while off: the port stays active", seen))
    else:
        found.append(entry(corner, f"{row}.system_A", float(through.max()),
                           f"{method}; largest current through System+ while off", seen))
    levels_on = float(outputs.max()) if row == "R6" else float(outputs.min())
    found.append(entry(corner, f"{row}.outputs", levels_on,
                       f"{method}; both disconnect outputs while off: {'float' if row == 'R6' else 'stay high'}", seen))
    return found


BENCHES: tuple[Bench, ...] = (
    Bench("remote_levels", ("R1", "R2", "R3", "R4"), levels, 2.0, (Corner(),),
          tuple(Influence("circuit", name, "remote_input") for name in ("vl", "vh", "rpu", "rpd", "span"))),
    Bench("remote_supervisor", ("R2", "R3"), accepted, 0.5, (Corner(),),
          (Influence("firmware", "remote_L_on_V"), Influence("firmware", "remote_H_on_V"))),
    Bench("remote_functions", ("R5", "R6", "R7"), functions, 2.0, (Corner(), NG)),
)
