"""A limiter on the bench, between a stiff source and a battery: linear, buck, or the buck's averaged companion.

The one deck around an alternator path: tests, margins, quiet checks and the comparison of limiters all use it.

All three have the same ports, so the same deck takes any of them. A switching circuit is brought to its orbit quickly
(a fast soft start and outer loop: neither is part of the orbit), and read by means over whole periods.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.periodic import Periodic, periodic_means
from cosim.paths import NETLISTS
from cosim.spice.session import SpiceSession, Waveforms

Array = NDArray[np.float64]

LINEAR, BUCK, AVERAGED = "alternator_path", "alternator_path_buck", "alternator_path_buck_avg"
DEVICE_POWERS = ("pq1", "pq2a", "pq2b", "pq2c", "pq2d")
POWERS = (*DEVICE_POWERS, "pfuse", "pother")
CURRENTS = {"in_A": "i(vipin)", "out_A": "i(vipout)", "source_A": "i(visrc)", "battery_A": "i(vibat)"}
VOLTAGES = {"ab_V": "v(ab)", "lb_V": "v(lb)", "mid_V": "v(mid)"}
FAST = "soft=200 fout=400 gon=10"
"""Parameters that bring a buck to its orbit in `ORBIT_S`."""
ORBIT_S, SPAN_S = 5e-3, 1e-3
"""Settling of the input filter and the outer loop; and how long it is then measured (ours)."""
COARSE_STEP_S, FINE_STEP_S, FINE_LEAD_S = 0.5e-6, 0.1e-6, 0.5e-3
"""Longest step on the way to the orbit; then, from `FINE_LEAD_S` before it is read. Over 0.5 us the inductor current
falls by 4 A, so that the comparator acts late by as much: means move by 1e-3, but the ripple doubles."""


@dataclass(frozen=True)
class LimiterBench:
    """Values of the bench: EMFs [V] (SPICE source text), temperatures [degC], reference [mV], ohm and henry."""

    circuit: str
    source_V: str = "14.8"
    battery_V: str = "13.0"
    enable: str = "pwl(0 0 0.1m 0 0.101m 1)"
    reference_mV: float = 54.0
    fuse_degC: float = 25.0
    junction_degC: float = 25.0
    source_ohm: float = 5e-3
    source_H: float = 0.3e-6
    input_cable_ohm: float = 1.5e-3
    input_cable_H: float = 3e-6
    battery_ohm: float = 1e-3
    battery_H: float = 1.15e-6
    lift: str = "0"
    parameters: str = ""
    extra: str = ""

    def deck(self, folder: Path = NETLISTS) -> str:
        """Deck body; the circuit's ports are wired by their names, whichever it has."""
        nodes = {"ab": "abp", "lb": "lbp", "gn": "0"}
        ports = " ".join(nodes.get(port, port) for port in port_names(self.circuit, folder))
        junctions = "\n".join(f"v{q} {q} 0 {self.junction_degC!r}" for q in ("tq1", "tq2a", "tq2b", "tq2c", "tq2d"))
        return f"""* bench {self.circuit}
.include devices.lib
.include plant.cir
.include {self.circuit}.cir
vsrc xsrc 0 {self.source_V}
vemf xemf 0 {self.battery_V}
ven en 0 {self.enable}
vlift lift 0 {self.lift}
vvref vref 0 {self.reference_mV!r}
vtf tfuse 0 {self.fuse_degC!r}
{junctions}
xsrc stbm 0 xsrc battery r={self.source_ohm!r} l={self.source_H!r}
visrc stbm stb 0
xcin stb ab cable r={self.input_cable_ohm!r} l={self.input_cable_H!r}
xbat lbt 0 xemf battery r={self.battery_ohm!r} l={self.battery_H!r}
vibat lb lbt 0
vipin ab abp 0
vipout lbp lb 0
xpath {ports} {self.circuit} {self.parameters}
{self.extra}
"""


@dataclass(frozen=True)
class Steady:
    """Settled values at the ports: currents [A], voltages [V], powers [W], ripple peak to peak, switching frequency.

    `loss_W` is what goes in less what comes out, by the terminals alone; `power_W` what each device reports.
    """

    mean: dict[str, float]
    ripple: dict[str, float]
    drift: dict[str, float]
    power_W: dict[str, float]
    loss_W: float
    frequency_Hz: float


def port_names(circuit: str, folder: Path = NETLISTS) -> list[str]:
    """Ports of a circuit, in order; raises ValueError for a file without its subcircuit."""
    text = (folder / f"{circuit}.cir").read_text(encoding="utf-8").replace("\n+", " ")
    found = re.search(rf"(?im)^\.subckt {circuit} (.*?)(?: params:|$)", text)
    if found is None:
        raise ValueError(f"{circuit}.cir defines no subcircuit of its name")
    return found[1].split()


def switches(circuit: str) -> bool:
    """Whether the circuit has an orbit and not a point."""
    return circuit == BUCK


def run(
    spice: SpiceSession, bench: LimiterBench, stop_s: float, step_s: float, *more: str,
    fine_after_s: float = float("inf"),
) -> Waveforms:
    """One transient with all port signals; steps are at most `FINE_STEP_S` after a time."""
    clock = ["v(xpath.st)"] if switches(bench.circuit) else []
    signals = [*CURRENTS.values(), *VOLTAGES.values(), *(f"v({p})" for p in POWERS), "v(estored)", *clock, *more]

    def resolve(time_s: float, values: Array) -> None:
        del values
        spice.longest_step_s[0] = FINE_STEP_S if time_s > fine_after_s else 0.0

    return spice.transient(
        bench.deck(), tstop_s=stop_s, tmax_s=step_s, signals=signals, on_accept=resolve, restart=lambda: None
    )


def steady(spice: SpiceSession, bench: LimiterBench) -> Steady:
    """Settled values of any of the circuits."""
    if switches(bench.circuit):
        quick = replace(bench, parameters=f"{bench.parameters} {FAST}")
        waves = run(spice, quick, ORBIT_S + SPAN_S, COARSE_STEP_S, fine_after_s=ORBIT_S - FINE_LEAD_S)
        table = quantities(waves)
        return of_orbit(waves, periodic_means(waves.time_s, table, waves["v(xpath.st)"], ORBIT_S))
    waves = run(spice, bench, 40e-3, 20e-6)
    table = quantities(waves)
    late = waves.time_s >= 39e-3
    drift = {name: float(np.ptp(wave[late])) for name, wave in table.items()}
    last = {name: float(wave[-1]) for name, wave in table.items()}
    power_W, loss_W = {name: last.pop(name) for name in POWERS}, last.pop("flow_W")
    return Steady(last, {name: drift[name] for name in last}, drift, power_W, loss_W, 0.0)


def quantities(waves: Waveforms) -> dict[str, Array]:
    """Waves by our names, and the power that stays inside by the terminals."""
    table = {ours: waves[theirs] for ours, theirs in (CURRENTS | VOLTAGES).items()}
    flow_W = waves["v(ab)"] * waves["i(vipin)"] - waves["v(lb)"] * waves["i(vipout)"]
    return {**table, **{p: waves[f"v({p})"] for p in POWERS}, "flow_W": flow_W}


def of_orbit(waves: Waveforms, found: Periodic) -> Steady:
    """Settled values of an orbit; what its stores still take in is no loss."""
    stored_J = np.interp([found.start_s, found.end_s], waves.time_s, waves["v(estored)"])
    mean = dict(found.mean)
    power_W = {name: mean.pop(name) for name in POWERS}
    loss_W = mean.pop("flow_W") - float(stored_J[1] - stored_J[0]) / (found.end_s - found.start_s)
    ripple = {name: found.peak_to_peak[name] for name in mean}
    return Steady(mean, ripple, found.drift, power_W, loss_W, found.frequency_Hz)
