"""Load dump in SPICE: the cable to the battery opens under full output, with next to no other consumer left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.spice.session import SpiceSession
from models.alternator import AlternatorParameters

Array = NDArray[np.float64]

OPENING_S, CONTACT_S, END_S = 0.1, 1e-3, 1.0
"""The cable opens at the first, over the second (an arc; ours), the run ends at the third."""

LEFT_ohm, HEAVY_ohm = 100.0, 1.0
"""Consumers that are left: an idle vehicle, and a heavy one that shows the internal resistance (ours)."""


class Dump(NamedTuple):
    """Load dump: time from the opening [s], voltage [V], current [A], and what was read off them."""

    time_s: Array
    voltage_V: Array
    current_A: Array
    start_V: float
    start_A: float
    peak_V: float
    duration_s: float
    resistance_ohm: float


def load_dump(session: SpiceSession, p: AlternatorParameters) -> Dump:
    """Run the netlist twice, with a light and a heavy rest of consumers.

    Returns
    -------
    Dump
        Of the light one. The duration lies between the points at 10 % of the rise, as in ISO 16750-2; the internal
        resistance is the difference of the voltages over that of the currents, 2 ms after the opening.
    """
    time_s, voltage_V, current_A = _run(session, p, LEFT_ohm)
    heavy_s, heavy_V, heavy_A = _run(session, p, HEAVY_ohm)
    before = time_s < 0.0
    start_V, start_A = float(voltage_V[before][-1]), float(current_A[before][-1])
    peak_V = float(voltage_V.max())
    above = time_s[voltage_V > start_V + 0.1 * (peak_V - start_V)]
    light, loaded = (
        (float(np.interp(2e-3, t, v)), float(np.interp(2e-3, t, a)))
        for t, v, a in ((time_s, voltage_V, current_A), (heavy_s, heavy_V, heavy_A))
    )
    return Dump(time_s, voltage_V, current_A, start_V, start_A, peak_V, float(above[-1] - above[0]),
                (light[0] - loaded[0]) / (loaded[1] - light[1]))


def _run(session: SpiceSession, p: AlternatorParameters, rest_ohm: float) -> tuple[Array, Array, Array]:
    """Return time from the opening, voltage at the alternator's stud, and its current."""
    waves = session.transient(
        deck(p, rest_ohm), tstop_s=OPENING_S + END_S, tmax_s=1e-3, signals=["v(bus)", "i(via)"],
        breakpoints=(OPENING_S, OPENING_S + CONTACT_S),
    )
    return waves.time_s - OPENING_S, np.asarray(waves["v(bus)"]), np.asarray(waves["i(via)"])


def deck(p: AlternatorParameters, rest_ohm: float) -> str:
    """Alternator at its rated output (6000 rpm, warm) into a battery whose EMF takes it at about 13.5 V."""
    return f"""* load dump of the {p.rated_A:g} A alternator
.include alternator.cir
.include plant.cir
vb emf 0 {13.5 - 6.5e-3 * p.rated_A!r}
xb bat 0 emf battery r=5m l=0.2u
xc bat con cable r=1m l=1u
* contact: 1 mohm, then opening exponentially to 1 Mohm
bsw bus con i=(v(bus)-v(con))*exp(v(ctl))
vctl ctl 0 pwl(0 7 {OPENING_S!r} 7 {OPENING_S + CONTACT_S!r} -14)
rl bus 0 {rest_ohm!r}
vi imax 0 {p.rated_A!r}
vs vset 0 {p.setpoint_25_V!r}
via alto bus 0
xa alto 0 imax vset alternator gain={p.gain_A_V!r} tau={p.field_tau_s!r} ri={p.dump_resistance_ohm!r}
"""
