"""Rows A6, A12: what the limit does for alternator and cable, and where 90 A does not protect."""

from __future__ import annotations

import numpy as np

from cosim import measure
from cosim.result import Result
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.reading import entry, slow, trace
from models.alternator import load_alternator

CHOICES_A = (80, 60, 40)
"""Smaller fuses, from the largest down; the first that protects is the one to choose."""


def direct(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A6: without a limiter the winding passes its limit after about five minutes."""
    del changes
    result = lab.run(lab.scenario("direct_connection", corner))
    time_s, winding = slow(result, "winding_degC")
    limit_degC = load_alternator("alternator_150A").winding_limit_degC
    passed = measure.crossings(time_s, winding, limit_degC, "rising")
    if not passed.size:
        raise measure.MeasureError(f"the winding ends at {winding[-1]:.0f} degC, below its limit")
    evidence = Evidence(
        (trace(result, "winding_degC", "winding", "degC"), trace(result, "rectifier_degC", "rectifier", "degC"),
         trace(result, "alternator_current_A", "alternator", "A"), trace(result, "port_current_A", "to the LFP", "A")),
        ((float(passed[0]), float(limit_degC), f"{limit_degC:g} degC after {passed[0] / 60.0:.1f} min"),),
        limit_on_trace=False)
    return [entry(corner, "A6.direct_time_s", float(passed[0]),
                  "150 A alternator cabled to a discharged battery, city traffic at 70 degC", evidence,
                  trust="fitted")]


def limited(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A6 behind the port; A12: drop and temperature of the cable there."""
    del changes
    result = lab.run(lab.scenario("with_limiter", corner))
    time_s, winding = slow(result, "winding_degC")
    hottest = measure.highest(time_s, winding)
    evidence = Evidence(
        (trace(result, "winding_degC", "winding", "degC"), trace(result, "rectifier_degC", "rectifier", "degC"),
         trace(result, "alternator_current_A", "alternator", "A"), trace(result, "port_current_A", "to the LFP", "A")),
        ((hottest.time_s, hottest.value, f"{hottest.value:.0f} degC"),))
    found = [entry(corner, "A6.limited_winding_degC", hottest.value,
                   "the same drive behind the port with a 100 A fuse", evidence, trust="fitted")]
    return [*found, *cable(result, corner)]


def cable(result: Result, corner: Corner) -> list[Entry]:
    """A12: the input cable while the port limits; the drop is that of both its leads."""
    time_s, bus_V = slow(result, "starter_voltage_V")
    drop_V = bus_V - slow(result, "input_voltage_V")[1]
    current = slow(result, "port_current_A")[1]
    inside = slow(result, "in_window")[1] > 0.5
    shown = np.where(inside, np.nan, drop_V)  # a record inside a window is of a tick's end, and would show its ringing
    worst = int(np.nanargmax(shown))
    warm = measure.highest(*slow(result, "cable_degC"))
    drop = Evidence((Trace("drop along the input cable", "V", time_s[~inside], drop_V[~inside]),
                     Trace("port current", "A", time_s, current)),
                    ((float(time_s[worst]), float(drop_V[worst]), f"{1e3 * drop_V[worst]:.0f} mV"),))
    heat = Evidence((trace(result, "cable_degC", "conductor", "degC"),),
                    ((warm.time_s, warm.value, f"{warm.value:.1f} degC"),))
    told = "3 m of 70 mm2 between starter battery and port, half an hour at the limit, engine bay at 70 degC"
    return [entry(corner, "A12.input_drop_V", float(drop_V[worst]), told, drop),
            entry(corner, "A12.cable_degC", warm.value, told, heat)]


def hottest_with(lab: Lab, corner: Corner, scenario: str, fuse_A: int, alternator: str) -> tuple[float, Result]:
    """Hottest winding of a drive with a fuse and an alternator."""
    asked = lab.scenario(scenario, corner._replace(fuse_A=100.0))
    asked = asked.model_copy(update={
        "settings": {**asked.settings, "fuse_rating_A": fuse_A},
        "source": asked.source.model_copy(update={"alternator": alternator}),
    })
    result = lab.run(asked)
    return float(slow(result, "winding_degC")[1].max()), result


def unprotected(lab: Lab, corner: Corner, name: str, scenario: str, alternator: str) -> list[Entry]:
    """A6: a 100 A fuse does not protect here; smaller ones until one does."""
    limit_degC = load_alternator(alternator).winding_limit_degC
    open_degC, first = hottest_with(lab, corner, scenario, 100, alternator)
    traces = [trace(first, "winding_degC", "winding, 100 A fuse", "degC")]
    chosen_A, degC = 0, open_degC
    for fuse_A in CHOICES_A:
        degC, result = hottest_with(lab, corner, scenario, fuse_A, alternator)
        traces.append(trace(result, "winding_degC", f"winding, {fuse_A} A fuse", "degC"))
        if degC <= limit_degC:
            chosen_A = fuse_A
            break
    top = measure.highest(*slow(first, "winding_degC"))
    evidence = Evidence(tuple(traces), ((top.time_s, top.value, f"100 A fuse: {open_degC:.0f} degC"),))
    told = f"{alternator}, drive {scenario}, fuses from 100 A down until the winding stays below {limit_degC:g} degC"
    return [entry(corner, f"A6.{name}_unprotected_degC", open_degC, told, evidence, trust="fitted"),
            entry(corner, f"A6.{name}_winding_degC", degC, told, evidence, trust="fitted"),
            entry(corner, f"A6.{name}_fuse_A", float(chosen_A), told, evidence, trust="fitted",
                  note=f"fuse to choose: {chosen_A} A" if chosen_A else "no fuse protects here")]


def idle(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A6: standing at idle in a hot engine bay."""
    del changes
    return unprotected(lab, corner, "idle", "standing_idle", "alternator_150A")


def small(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A6: a small alternator in city traffic."""
    del changes
    return unprotected(lab, corner, "small", "with_limiter", "alternator_80A")


DRIVE = (Influence("plant", "ambient.engine_bay_degC"), Influence("plant", "source.load_A"),
         Influence("plant", "cables.input.length_m"), Influence("plant", "bank.soc"))
BENCHES = (
    Bench("a6_direct", ("A6",), direct, 6.0, influences=DRIVE),
    Bench("a6_limited", ("A6", "A12"), limited, 6.0, influences=(
        *DRIVE, Influence("plant", "cables.input.area_mm2"), Influence("firmware", "fuse_fraction"))),
    Bench("a6_idle", ("A6",), idle, 14.0),
    Bench("a6_small", ("A6",), small, 14.0),
)
