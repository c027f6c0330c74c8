"""Rows A1, A2: start and stop of the alternator port, and that it is one-way."""

from __future__ import annotations

import numpy as np

from cosim import measure
from cosim.record.figures import named
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.reading import entry, first_s, part, slow, stitched, trace

STOP = {
    "name": "conformance_stop", "duration_s": 80, "bank": {"soc": 0.3}, "recording": {"period_s": 0.1},
    "source": {"kind": "supply", "emf_V": [
        [0, 13.6], [10, 13.6], [11, 13.05], [17, 12.33], [18, 12.33], [19, 13.6], [55, 13.6], [55.5, 12.8], [80, 12.8],
    ]},
}
"""A sinking source, half a minute later a weak one; in between the port's rest of 20 s."""
LASTING_A = 1.0
"""A reverse current counts as one above this (ours; the source's own ringing is below)."""

COLD, HOT = Corner("-40 degC", ambient_degC=-40.0), Corner("60 degC", ambient_degC=60.0)
CORNERS = (Corner(), COLD, HOT)


def start(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A1: input voltage at the moment the port is enabled, the source rising at 10 mV/s."""
    del changes
    result = lab.run(lab.scenario("benches/start_threshold", corner))
    begin_s = float(named(result, "enable").attrs["start_s"])
    time_s, input_V = result.slow.time_s.values, result.slow.input_voltage_V.values
    before = measure.highest(*measure.between(time_s, input_V, None, begin_s - 1e-6)).value
    start_V = max(float(np.interp(begin_s, time_s, input_V)), before)
    waves = (Trace("input stud", "V", time_s, input_V), trace(result, "port_current_A", "port", "A", True))
    evidence = Evidence(waves, ((begin_s, start_V, f"enabled at {start_V:.4f} V"),))
    method = "source ramp of 10 mV/s; input voltage when the port is enabled"
    return [entry(corner, "A1.start_threshold_V", start_V, method, evidence)]


def stop(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A1: stop below 12.5 V, and after 10 s below 13.0 V."""
    del changes
    result = lab.run(lab.scenario(STOP, corner))
    time_s, input_V = stitched(result, "input_voltage_V")
    enabled_s, enabled = slow(result, "alternator_enabled")
    first_on_s = first_s(enabled_s, enabled > 0.5)
    sunk_s = first_s(enabled_s, enabled < 0.5, max(first_on_s, 10.0))
    again_s = first_s(enabled_s, enabled > 0.5, sunk_s)
    falls = measure.crossings(time_s, input_V, 13.0, "falling")
    weak_s = float(falls[falls > max(again_s, 55.0)][0])
    stopped_s = first_s(enabled_s, enabled < 0.5, weak_s)
    stop_V = float(np.interp(sunk_s, time_s, input_V))
    evidence = Evidence(
        (part("input stud", "V", time_s, input_V, 8.0, 20.0), part("enable", "1", enabled_s, enabled, 8.0, 20.0)),
        ((sunk_s, stop_V, f"stopped at {stop_V:.3f} V"),))
    timed = Evidence(
        (part("input stud", "V", time_s, input_V, 53.0, 68.0), part("enable", "1", enabled_s, enabled, 53.0, 68.0)),
        ((weak_s, 13.0, "13.0 V"), (stopped_s, 12.8, f"stopped after {stopped_s - weak_s:.2f} s")))
    return [
        entry(corner, "A1.stop_threshold_V", stop_V, "source sinks at 0.12 V/s; input when the port stops", evidence),
        entry(corner, "A1.weak_stop_s", stopped_s - weak_s, "source held at 12.8 V; from 13.0 V to the stop", timed),
    ]


def reverse(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A2: reverse current while the source sinks at 10 mV/s.

    It is what reaches the source, at the input stud (the bleeder's 0.3 mA stays in the BMS).
    """
    del changes
    crossing = named(lab.run(lab.scenario("benches/reverse_ramp", corner)), "crossing")
    time_s = float(crossing.attrs["start_s"]) + crossing.time_s.values
    current = crossing.port_current_A.values
    lowest = measure.lowest(time_s, current)
    steady_mA = 1e3 * max(0.0, -lowest.value)
    near = np.clip(-1e3 * current, -3.0, 3.0)
    evidence = Evidence(
        (Trace("reverse current (cut off at 3 mA)", "mA", time_s, near),
         Trace("input stud", "V", time_s, crossing.input_voltage_V.values),
         Trace("battery stud", "V", time_s, crossing.battery_voltage_V.values),
         Trace("port current", "A", time_s, current)),
        ((lowest.time_s, steady_mA, f"{steady_mA:.4f} mA"),))
    method = "source sinks through the battery's voltage at 10 mV/s, all in SPICE; current at the input stud"
    return [entry(corner, "A2.steady_reverse_mA", steady_mA, method, evidence),
            entry(corner, "A2.forward_before_A", measure.highest(time_s, current).value, method, evidence)]


def crank(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A2: reverse current while an engine cranks, at the battery side of the blocking transistors.

    The input stud also carries the discharge of the BMS's own input capacitors, which is not battery current.
    """
    del changes
    window = named(lab.run(lab.scenario("benches/crank", corner)), "cranking")
    time_s, current = window.time_s.values, window.output_current_A.values
    lowest = measure.lowest(time_s, current)
    peak_A = max(0.0, -lowest.value)
    lasting_us = 1e6 * measure.time_above_s(time_s, -current, LASTING_A)
    span = lowest.time_s - 1e-3, lowest.time_s + 1e-3
    evidence = Evidence(
        (part("reverse current at the battery side", "A", time_s, -current, *span),
         part("same at the input stud, with the BMS's capacitors", "A", time_s, -window.port_current_A.values, *span),
         part("input stud", "V", time_s, window.input_voltage_V.values, *span)),
        ((lowest.time_s, peak_A, f"{peak_A:.2f} A, {lasting_us:.0f} us above 1 A"),))
    method = "source falls to 6 V within 5 ms while the port charges; current at the battery side"
    return [entry(corner, "A2.crank_peak_A", peak_A, method, evidence),
            entry(corner, "A2.crank_time_us", lasting_us, method, evidence)]


PATH = tuple(Influence("circuit", name, "alternator_path") for name in ("v1", "a1", "cc1", "kq", "cdab"))
BENCHES = (
    Bench("a1_start", ("A1",), start, 5.0, CORNERS, (
        Influence("firmware", "start_V"), Influence("firmware", "start_delay_ms"),
        Influence("plant", "source.resistance_ohm"))),
    Bench("a1_stop", ("A1",), stop, 6.0, CORNERS, (
        Influence("firmware", "stop_V"), Influence("firmware", "stop_delay_ms"), Influence("firmware", "weak_delay_ms"),
        Influence("plant", "source.resistance_ohm"), Influence("plant", "bank.soc"))),
    Bench("a2_reverse", ("A2",), reverse, 8.0, CORNERS, (*PATH, Influence("plant", "source.resistance_ohm"))),
    Bench("a2_crank", ("A2",), crank, 5.0, CORNERS, (
        *PATH, Influence("plant", "source.inductance_H"), Influence("plant", "cables.input.length_m"))),
)
