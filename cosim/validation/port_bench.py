"""System+ on the bench: battery 13.3 V behind 2.5 mohm and 1.15 uH, its path, and whatever load is asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.spice.session import SpiceSession

Array = NDArray[np.float64]

BATTERY_V, BATTERY_OHM, BATTERY_H = 13.3, 2.5e-3, 1.15e-6
ON = "pwl(0 0 20u 0 21u 1)"
"""A gate that is closed at 20 us, as SPICE source text."""
FAULT_S = 300e-6
"""When a bench's fault begins; its gates are on since 0.25 ms."""
SIGNALS = {
    "shunt_A": "v(isense)", "port_A": "i(vsys)", "battery_V": "v(lb)", "system_V": "v(sys)", "latch": "v(latch)",
    "discharge_W": "v(pqd)", "charge_W": "v(pqc)", "clamp_W": "v(pclamp)", "other_W": "v(pother)", "common_V": "v(cs)",
    "path_A": "i(v.xp.vish)",
}


@dataclass(frozen=True)
class Bench:
    """Load from `sys` to ground, commands as source text, banks [degC], battery, changed parameters of the path."""

    load: str
    charge: str = ON
    discharge: str = ON
    precharge: str = "0"
    junction_degC: float = 25.0
    reset: str = "0"
    battery_ohm: float = BATTERY_OHM
    battery_H: float = BATTERY_H
    parameters: str = ""

    def deck(self) -> str:
        """Deck body."""
        return f"""* System+ bench
.include devices.lib
.include plant.cir
.include system_path.cir
vemf xe 0 {BATTERY_V!r}
vchg chg 0 {self.charge}
vdis dis 0 {self.discharge}
vpre pre 0 {self.precharge}
vrst rst 0 {self.reset}
vtd tqd 0 {self.junction_degC!r}
vtc tqc 0 {self.junction_degC!r}
xbat lb 0 xe battery r={self.battery_ohm!r} l={self.battery_H!r}
vsys stud sys 0
xp lb stud 0 chg dis pre rst tqd tqc isense latch cs pqd pqc pother pclamp estored system_path {self.parameters}
{self.load}
"""


@dataclass(frozen=True)
class Ran:
    """A bench that has run: accepted points [s], waves by our names, wall time [s], what the retry ladder did."""

    time_s: Array
    waves: dict[str, Array]
    wall_s: float
    retries: tuple[str, ...]

    def __getitem__(self, name: str) -> Array:
        return self.waves[name]

    def integral(self, name: str, since_s: float = 0.0) -> float:
        """Integral of a wave from a moment on."""
        return float(np.trapezoid(np.where(self.time_s >= since_s, self[name], 0.0), self.time_s))


def run(session: SpiceSession, bench: Bench, stop_s: float, step_s: float) -> Ran:
    """Run a bench to its end with steps of at most `step_s`."""
    begun = time.perf_counter()
    waves = session.transient(bench.deck(), tstop_s=stop_s, tmax_s=step_s, signals=list(SIGNALS.values()))
    wall_s = time.perf_counter() - begun
    return Ran(waves.time_s, {ours: waves[theirs] for ours, theirs in SIGNALS.items()}, wall_s, waves.retries)


def short(cable_H: float, ohm: float = 2e-3) -> str:
    """Short circuit behind a cable, beside a load of 0.1 ohm."""
    return (
        f"ll sys l1 {cable_H!r}\nrll sys l1 50\nrl l1 0 0.1\n"
        f"bsh l1 0 I=V(l1)*{1.0 / ohm!r}*min(max((time-{FAULT_S!r})/1u,0),1)"
    )


def step(current_A: float, cable_H: float = 1e-6) -> str:
    """A current that is switched on within 2 us, behind a cable."""
    return f"ll sys l1 {cable_H!r}\nrll sys l1 50\nil l1 0 pwl(0 0 {FAULT_S!r} 0 {FAULT_S + 2e-6!r} {current_A!r})"


CAPACITOR = "cl {node} cx 50m\nrcl cx 0 5m"
"""Capacitive load of requirement S6."""
