"""Rows A7, A8: every rated pulse in every mode of the port, and its openings under current, against all ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cosim.benches.alternator_port import PortBench, PulseRun, colder, run_pulse
from cosim.benches.pulses import OPENINGS, PULSES, Pulse
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.reading import entry


def bench_of(corner: Corner, changes: Changes) -> PortBench:
    """Bench of a corner: 85 degC of junctions is the nominal one (60 degC of air and a loaded box)."""
    bench = replace(PortBench(), fuse_A=corner.fuse_A)
    if corner.ambient_degC < 0.0:
        bench = colder(bench, corner.ambient_degC)
    if corner.battery_ohm is not None:
        bench = replace(bench, battery_ohm=corner.battery_ohm)
    if corner.cable_H is not None:
        bench = replace(bench, cable_H=corner.cable_H)
    return changes.scaled(bench)


def all_pulses(mode: str, lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """All rated pulses of A7 in one mode."""
    return judged(lab, corner, changes, [(pulse, mode) for pulse in PULSES if pulse.rated], f"charging {mode}")


def off(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A7, A8 with charging off."""
    return all_pulses("off", lab, corner, changes)


def on(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A7, A8 while charging at the limit."""
    return all_pulses("on", lab, corner, changes)


def lift(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A7, A8 with the permission to lift the limit."""
    return all_pulses("lift", lab, corner, changes)


def openings(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A7, A8 where the path opens under the ordinary and under the lifted limit."""
    cases = [(pulse, "lift" if "225 A" in pulse.name else "on") for pulse in OPENINGS]
    return judged(lab, corner, changes, cases, "path opens under current")


def judged(
    lab: Lab, corner: Corner, changes: Changes, cases: Sequence[tuple[Pulse, str]], what: str
) -> list[Entry]:
    """Run the cases; entries hold the worst of each quantity, and the pulse that gave it."""
    bench = bench_of(corner, changes)
    runs = [run_pulse(lab.session, pulse, mode, bench) for pulse, mode in cases]
    told = f"{len(runs)} pulses, {what}, tenth of ten pulses a minute apart"
    found = []
    battery, stud = max(runs, key=lambda run: run.battery_V), max(runs, key=lambda run: run.stud_V)
    longest = max(runs, key=lambda run: (run.over_s, run.stud_V))
    at_stud = voltages(stud, "v(lb)")
    for figure, value, run, evidence in (
        ("A7.battery_peak_V", battery.battery_V, battery, voltages(battery, "v(lbt)")),
        ("A7.stud_peak_V", stud.stud_V, stud, at_stud),
        ("A7.stud_above_us", 1e6 * longest.over_s, longest, at_stud if longest is stud else voltages(longest, "v(lb)")),
    ):
        found.append(entry(corner, figure, value, f"{told}; worst: {run.pulse}", evidence))
    opened = [run for run in runs if run.opened]
    if opened:
        highest = max(opened, key=lambda run: run.input_V)
        at_input = voltages(highest, "v(ab)")
        longest_us = 1e6 * max(run.opening_s for run in opened)
        found.append(entry(corner, "A7.input_peak_V", highest.input_V, f"{told}; worst: {highest.pulse}", at_input))
        found.append(entry(corner, "A7.input_above_us", longest_us, told, at_input))
    failed = [run for run in runs if not run.passed]
    words = "; ".join(f"{run.pulse}: {', '.join(run.failures)}" for run in failed)
    found.append(entry(corner, "A7.failed_runs", float(len(failed)), told, note=words))
    least = min(runs, key=lambda r: r.worst.margin)
    stress = least.worst
    told = f"{told}; {stress.device}: {stress.quantity} {stress.value:.4g} of {stress.limit:.4g} {stress.unit}"
    found.append(entry(corner, "A8.least_margin", stress.margin, f"{told} in {least.pulse}", drains(least)))
    return found


def near(run: PulseRun) -> NDArray[np.bool_]:
    """Points that a plot shows: from a millisecond before the pulse."""
    return np.asarray(run.time_s > 0.029)


def voltages(run: PulseRun, node: str) -> Evidence:
    """Voltages and current of a run, its highest voltage at a node marked."""
    shown = near(run)
    t, names = run.time_s[shown], {"v(lbt)": "battery terminals", "v(lb)": "battery stud", "v(ab)": "input stud"}
    top = int(np.argmax(run.waves[node][shown]))
    first = Trace(names[node], "V", t, run.waves[node][shown])
    value = float(first.value[top])
    other = "v(lb)" if node == "v(ab)" else "v(ab)"
    return Evidence((first, Trace(names[other], "V", t, run.waves[other][shown], "other side"),
                     Trace("into the battery stud", "A", t, run.waves["i(vipout)"][shown])),
                    ((float(t[top]), value, f"{value:.2f} V, {run.pulse}"),))


def drains(run: PulseRun) -> Evidence:
    """Drain voltages and powers of a run."""
    shown = near(run)
    t = run.time_s[shown]
    volts = (run.waves["v(mid)"] - run.waves["v(lb)"])[shown]
    stress = run.worst
    at = float(np.interp(stress.time_s, t, volts))
    words = f"{stress.device} {stress.quantity} {stress.value:.3g} {stress.unit} of {stress.limit:.3g}, {run.pulse}"
    return Evidence((Trace("drain of the pass devices", "V", t, volts),
                     Trace("pass device A", "W", t, run.waves["v(pq2a)"][shown]),
                     Trace("ideal diode", "W", t, run.waves["v(pq1)"][shown])),
                    ((stress.time_s, at, words),), limit_on_trace=False)


CORNERS = (
    Corner(), Corner("-40 degC", ambient_degC=-40.0), Corner("40 A fuse", fuse_A=40.0),
    Corner("125 A fuse", fuse_A=125.0), Corner("weak battery", battery_ohm=4e-3), Corner("long cable", cable_H=5e-6),
)
PATH = tuple(Influence("circuit", name, "alternator_path") for name in ("vov", "roff", "cdlb", "cdab", "kb", "rs2"))
AROUND = (Influence("plant", "battery_ohm"), Influence("plant", "cable_H"))
BENCHES = (
    Bench("a7_off", ("A7", "A8"), off, 30.0, CORNERS, (*PATH, *AROUND)),
    Bench("a7_on", ("A7", "A8"), on, 30.0, CORNERS, (*PATH, *AROUND)),
    Bench("a7_lift", ("A7", "A8"), lift, 30.0, CORNERS),
    Bench("a7_openings", ("A7", "A8"), openings, 8.0, CORNERS, (*PATH, *AROUND)),
)
