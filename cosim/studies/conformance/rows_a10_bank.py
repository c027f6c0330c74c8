"""Rows A10, A11: what the battery's state does to the alternator port."""

from __future__ import annotations

import numpy as np

from cosim import measure
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.reading import entry, event_s, first_s, slow, stitched, trace

CASES = (
    ("over_voltage", 20.0, {"measurement": "cell_voltage_V", "value": 3.80}, "cell at 3.80 V"),
    ("hot", 100.0, {"measurement": "cell_temperature_degC", "value": 55.0}, "cell at 55 degC"),
    ("cold", 180.0, {"measurement": "cell_temperature_degC", "value": 2.0}, "cell at 2 degC"),
)
"""What a cell's sensor says for five seconds; the port's rest lies between them."""
OFF_A = 1.0
BANK_A = 100.0
"""Limit of a 50 Ah battery (B6)."""


def disconnect(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A10: time from a cell beyond its limit until the port's current is gone."""
    del changes
    faults = [{"kind": "stuck", "time_s": at_s + 0.05, "duration_s": 5.0, "cell": 2, **fault}
              for _, at_s, fault, _ in CASES]
    result = lab.run(lab.scenario({
        "name": "conformance_a10", "duration_s": 220, "bank": {"soc": 0.5}, "faults": faults,
        "source": {"kind": "supply", "emf_V": [[0, 13.9]], "resistance_ohm": 0.004}, "recording": {"period_s": 0.1},
    }, corner._replace(ambient_degC=25.0)))
    time_s, current = stitched(result, "port_current_A")
    found = []
    for name, at_s, _, words in CASES:
        if not float(np.interp(at_s, time_s, current)) > OFF_A:
            raise measure.MeasureError(f"the port does not charge before the case {name!r}")
        span = (time_s > at_s) & (time_s < at_s + 4.0)
        flows = np.flatnonzero(span & (np.abs(current) >= OFF_A))
        if not abs(float(np.interp(at_s + 4.0, time_s, current))) < OFF_A:
            raise measure.MeasureError(f"the port goes on charging: {name}")
        off_s = float(time_s[flows[-1] + 1])
        delay_s = off_s - (at_s + 0.05)
        shown = (time_s > at_s - 2.0) & (time_s < at_s + 4.0)
        out_s, charge_output = slow(result, "charge_output")
        part = (out_s > at_s - 2.0) & (out_s < at_s + 4.0)
        evidence = Evidence((Trace("port current", "A", time_s[shown], current[shown]),
                             Trace("charge disconnect output", "1", out_s[part], charge_output[part])),
                            ((off_s, 0.0, f"off {delay_s:.2f} s after {words}"),), limit_on_trace=False)
        found.append(entry(corner, f"A10.{name}_s", delay_s,
                           f"sensor of one cell says so while the port charges: {words}", evidence))
    return found


def bank_limit(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A11: port and charger at System+ together exceed what a 50 Ah battery may take."""
    del changes
    result = lab.run(lab.scenario("small_battery", corner._replace(ambient_degC=25.0), duration_s=500))
    time_s, current = stitched(result, "battery_current_A")
    limit_s, limit_A = slow(result, "current_limit_A")
    above_s = first_s(time_s, current > BANK_A)
    warned_s = event_s(result, "fault raised", "bank current above limit")
    part = (time_s > warned_s + 30.0) & (time_s < 490.0)
    highest = measure.highest_mean(time_s[part], current[part], 10.0)
    lowest = measure.lowest(limit_s[limit_s > 30.0], limit_A[limit_s > 30.0])
    evidence = Evidence(
        (Trace("bank current", "A", time_s, current), trace(result, "port_current_A", "port current", "A"),
         Trace("limit of the port", "A", limit_s, limit_A)),
        ((highest.time_s, highest.value, f"{highest.value:.1f} A over 10 s"), (warned_s, BANK_A, "warning")))
    told = "50 Ah battery, 90 A from the alternator port and a 70 A mains charger at System+"
    return [entry(corner, "A11.warning_s", warned_s - above_s, told, evidence),
            entry(corner, "A11.bank_A", highest.value, told, evidence),
            entry(corner, "A11.lowered_A", lowest.value, told, evidence)]


BENCHES = (
    Bench("a10_disconnect", ("A10",), disconnect, 8.0, influences=tuple(Influence("firmware", name) for name in (
        "cell_high_V", "cell_high_delay_ms", "cell_temperature_delay_ms", "cell_hot_degC", "cell_cold_degC"))),
    Bench("a11_bank", ("A11",), bank_limit, 10.0, influences=(
        *(Influence("firmware", name) for name in ("bank_delay_ms", "bank_release_fraction", "bank_interval_ms",
                                                   "bank_rise_A", "bank_recover_fraction")),
        Influence("plant", "source.load_A"))),
)
