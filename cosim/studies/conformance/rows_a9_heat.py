"""Rows A9, G1 and A8's junctions: derating at 60 degC, and charging at -40 degC."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cosim import measure
from cosim.studies.conformance.entry import Array, Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.reading import RED, entry, first_s, slow, stitched, trace

HOURS_S = 7200


def scenario_of(ambient_degC: float, source_V: float, duration_s: float, soc: float) -> dict[str, object]:
    """A stiff source at the port, in one ambient; the battery stays where it may be charged."""
    battery_degC = min(max(ambient_degC, 10.0), 45.0)
    return {
        "name": "conformance_heat", "duration_s": duration_s, "bank": {"soc": soc},
        "ambient": {"engine_bay_degC": ambient_degC, "bms_degC": ambient_degC, "battery_degC": battery_degC},
        "source": {"kind": "supply", "emf_V": [[0, source_V]], "resistance_ohm": 0.004}, "recording": {"period_s": 1.0},
    }


def hot(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A9: derating and its red LED; A8: junctions; G1: +60 degC."""
    del changes
    result = lab.run(lab.scenario(scenario_of(60.0, 15.0, HOURS_S, 0.05), corner._replace(ambient_degC=25.0)))
    time_s, limit_A = slow(result, "current_limit_A")
    leds = slow(result, "leds")[1].astype(int)
    red = ((leds & RED) > 0).astype(float)
    full_A = float(limit_A.max())
    started_s = first_s(time_s, limit_A >= full_A)
    lowered_s = moment_s(time_s, (limit_A < full_A - 0.25) & (time_s > started_s))
    lit_s = moment_s(time_s, red > 0.5)
    heatsink = measure.highest(*slow(result, "heatsink_degC"))
    junctions = np.asarray(result.slow.junction_degC.values).max(axis=1)
    hottest = measure.highest(time_s, junctions)
    limits = (Trace("commanded limit", "A", time_s, limit_A), trace(result, "port_current_A", "port current", "A"),
              trace(result, "heatsink_degC", "heatsink", "degC"), Trace("hottest junction", "degC", time_s, junctions),
              Trace("red LED", "1", time_s, red))
    marks = ((float(time_s[-1]), float(limit_A[-1]), f"{limit_A[-1]:.1f} A"), (lit_s, full_A, "red LED"))
    derated = Evidence(limits, marks if lit_s < HOURS_S else marks[:1])
    warm = Evidence((limits[2],), ((heatsink.time_s, heatsink.value, f"{heatsink.value:.1f} degC"),))
    junction = Evidence((limits[3],), ((hottest.time_s, hottest.value, f"{hottest.value:.1f} degC"),))
    told = "60 degC of air, 15 V behind 4 mohm against a battery at 5 % charge, two hours"
    end = time_s >= HOURS_S - 600.0
    current_A = float(slow(result, "port_current_A")[1][end].mean())
    charging = Evidence((limits[1],), ((float(time_s[-1]), current_A, f"{current_A:.1f} A, mean of ten minutes"),))
    return [
        entry(corner, "A9.limit_A", float(limit_A[-1]), told, derated),
        entry(corner, "A9.heatsink_degC", heatsink.value, told, warm),
        entry(corner, "A9.led_delay_s", lit_s - lowered_s if max(lit_s, lowered_s) < math.inf else math.inf, told),
        entry(corner, "A9.led_before", float(red[time_s < lowered_s - 1.0].mean()), told),
        entry(corner, "A8.hot_junction_degC", hottest.value, told, junction),
        entry(corner, "G1.hot_current_A", current_A, told, charging),
    ]


def moment_s(time_s: Array, condition: NDArray[np.bool_]) -> float:
    """First moment of a condition; infinite where it never holds, which fails its limit."""
    found = np.flatnonzero(condition)
    return float(time_s[found[0]]) if found.size else math.inf


def cold(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """G1: the port at -40 degC; A8's junctions are cold here."""
    del changes
    asked = scenario_of(-40.0, 14.5, 300.0, 0.2) | {"windows": [{"name": "late", "start_s": 299, "duration_s": 0.3}]}
    result = lab.run(lab.scenario(asked, corner._replace(ambient_degC=25.0)))
    time_s, current = stitched(result, "port_current_A")
    late_A = measure.mean(time_s, current, 299.0, 299.3)
    evidence = Evidence((Trace("port current / 90 A", "1", time_s, current / 90.0),
                         trace(result, "fuse_temperature_degC", "fuse", "degC"),
                         trace(result, "heatsink_degC", "heatsink", "degC")),
                        ((299.0, late_A / 90.0, f"{late_A:.2f} A"),))
    return [entry(corner, "G1.cold_share", late_A / 90.0,
                  "air at -40 degC, battery at 10 degC, 14.5 V behind 4 mohm; SPICE window after five minutes",
                  evidence)]


HEAT = tuple(Influence("firmware", name) for name in (
    "heatsink_derate_start_degC", "heatsink_derate_end_degC", "junction_limit_degC", "junction_to_heatsink_K_W",
    "limit_interval_ms"))
BENCHES = (
    Bench("a9_hot", ("A9", "A8", "G1"), hot, 8.0, influences=(
        *HEAT, Influence("plant", "source.resistance_ohm"), Influence("plant", "bank.soc"))),
    Bench("g1_cold", ("G1",), cold, 4.0, influences=(
        Influence("circuit", "rs2", "alternator_path"), Influence("firmware", "fuse_fraction"),
        Influence("firmware", "reference_tolerance"), Influence("plant", "source.resistance_ohm"))),
)
