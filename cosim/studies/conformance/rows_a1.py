"""Row A1: start threshold by a ramp, and both rules of the stop."""

from __future__ import annotations

import numpy as np

from cosim import measure
from cosim.figures import named
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace


def start(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A1: input voltage at the moment the port is enabled, the source rising at 10 mV/s."""
    del changes
    result = lab.run(lab.scenario("benches/start_threshold", corner))
    begin_s = float(named(result, "enable").attrs["start_s"])
    time_s, input_V = result.slow.time_s.values, result.slow.input_voltage_V.values
    start_V = max(float(np.interp(begin_s, time_s, input_V)), measure.highest(*measure.between(
        time_s, input_V, None, begin_s - 1e-6)).value)
    waves = (Trace("input stud", "V", time_s, input_V), Trace("port", "A", time_s, result.slow.port_current_A.values))
    evidence = Evidence(waves, ((begin_s, start_V, f"enabled at {start_V:.4f} V"),))
    return [Entry("A1", "A1.start_threshold_V", "source ramp of 10 mV/s; slow engine with SPICE window at the enabling",
                  "measured", start_V, variant=corner.variant, evidence=evidence)]


BENCHES = (
    Bench("a1_start", ("A1",), start, 4.0, influences=(Influence("firmware", "start_V"),)),
)
