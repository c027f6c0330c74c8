"""Benches of the signal circuits: outputs (O1..O3), remote terminals (R1..R4), own supply (C1, C2).

Tests and `validate circuits` run the same decks. Every function takes a session and gives the waveforms of one run.
"""

from __future__ import annotations

import math

import numpy as np

from cosim.spice.session import SpiceSession, Waveforms

BATTERY_V = 13.3
DISCONNECT_S, REMOTE_S = 0.02, 0.01
"""Settling of an output, and of a terminal (its filter has 1 ms)."""
KELVIN = 273.15
COIL_H, COIL_OHM = 0.4, 85.0
"""Coil of a relay (automotive cube relay class, ours)."""
COIL_OFF_S = 60e-3
"""Moment at which a coil is cut off: twelve times its 4.7 ms."""
COIL_CLAMP_V = 18.7
"""Clamp of the pre-alarm terminal and its diode (netlists/prealarm_output.cir)."""
DIP_V = -0.4
"""A dip of the battery port: a path that opens under current (circuit facts, C)."""


# ---- outputs ----------------------------------------------------------------------------------------------------

def disconnect(
    session: SpiceSession, load: str, *, on: float = 1.0, battery_V: float = BATTERY_V, degC: float = 25.0,
    stop_s: float = DISCONNECT_S,
) -> Waveforms:
    """Load or charge disconnect with a load line at node `out`: `v(out)`, `i(vb)`."""
    deck = f"""* disconnect output
.include disconnect_output.cir
vb vb 0 {battery_V!r}
von on 0 pwl(0 0 1m 0 1.01m {on!r})
x1 vb out 0 on disconnect_output tdegC={degC!r}
{load}
"""
    return session.transient(deck, tstop_s=stop_s, tmax_s=5e-5, signals=["v(out)", "i(vb)"])


def short_by_hand_A(degC: float) -> float:
    """Limit of a disconnect output by the law of its matched pair: kT/q ln(2.4 Mohm / 390 kohm) / 4.7 ohm [A]."""
    return 8.617e-5 * (degC + KELVIN) * math.log(2.4e6 / 390e3) / 4.7


def prealarm(
    session: SpiceSession, load: str, *, off_s: float = 20e-3, step_s: float = 1e-5, degC: float = 25.0
) -> Waveforms:
    """Pre-alarm output, on from 1 ms to `off_s`: `v(out)`, `v(pq)` (power in its switch) and `i(vb)`."""
    deck = f"""* pre-alarm output
.include prealarm_output.cir
vb vb 0 {BATTERY_V!r}
von on 0 pwl(0 0 1m 0 1.001m 1 {off_s!r} 1 {off_s + 1e-6!r} 0)
x1 vb out 0 on pq prealarm_output tdegC={degC!r}
{load}
"""
    return session.transient(deck, tstop_s=off_s + 20e-3, tmax_s=step_s, signals=["v(out)", "v(pq)", "i(vb)"])


COIL = f"lc out m {COIL_H!r}\nrc m 0 {COIL_OHM!r}\n"
"""A relay's coil at the output."""


def coil_by_hand_s() -> float:
    """Time that the clamp needs for the coil's current: L/R ln(1 + I R / V) [s]."""
    return COIL_H / COIL_OHM * math.log(1.0 + BATTERY_V / COIL_CLAMP_V)


def coil_clamped_s(waves: Waveforms) -> float:
    """Time from the command until the terminal leaves its clamp [s]."""
    clamped = waves.time_s[(waves.time_s > COIL_OFF_S) & (waves["v(out)"] < -10.0)]
    return float(clamped[-1]) - COIL_OFF_S if clamped.size else math.nan


# ---- remote terminals -------------------------------------------------------------------------------------------

def remote(
    session: SpiceSession, wiring: str, battery_V: float = BATTERY_V, *, stop_s: float = REMOTE_S
) -> Waveforms:
    """Terminals L and H (nodes l, h) with a wiring: `v(on)`, `v(l)`, `v(h)`."""
    deck = f"""* remote
.include remote_input.cir
vb vb 0 {battery_V!r}
x1 vb l h 0 on lo hi remote_input
{wiring}
"""
    return session.transient(deck, tstop_s=stop_s, tmax_s=1e-3, signals=["v(on)", "v(l)", "v(h)"])


def remote_on(waves: Waveforms) -> float:
    """Settled state, 0 or 1; NaN where it is neither."""
    value = float(waves["v(on)"][-1])
    return round(value) if min(value, 1.0 - value) < 0.01 else math.nan


def remote_cases(battery_V: float) -> dict[str, tuple[tuple[str, float], ...]]:
    """By row: wirings that are judged, and what each has to give (1 on, 0 off)."""
    return {
        "R1": (("rj l h 1", 1.0), ("rj l h 10k", 1.0)),
        "R2": (("vl l 0 0", 1.0), ("vl l 0 4.99", 1.0)),
        "R3": (("vh h 0 3.01", 1.0), (f"vh h 0 {battery_V!r}", 1.0)),
        "R4": (
            ("", 0.0), (f"vl l 0 {max(6.5, battery_V - 1.0)!r}", 0.0), ("vh h 0 1.99", 0.0),
            ("rl l 0 10meg\nrh h vb 10meg", 0.0),  # leakage of a damp connector is no command
        ),
    }


# ---- supply -----------------------------------------------------------------------------------------------------

def supply(
    session: SpiceSession, port: str, *, draw_A: float = 17.5e-3, ground: str = "1", stop_s: float = 0.5
) -> Waveforms:
    """Supply of the BMS at a port voltage (source text): `v(vin)`, `v(vdd)`, `v(ok)`, `v(g)`, `i(vlb)`.

    `ground` is 1 while its ground lead is connected, as source text; open it has 10 Mohm.
    """
    deck = f"""* supply
.include supply.cir
vlb lb 0 {port}
vidd idd 0 {draw_A!r}
vlead lead 0 {ground}
blead m 0 I=V(m)*max(1e4*V(lead),1e-7)
x1 lb m g idd vin vdd ok supply
"""
    return session.transient(
        deck, tstop_s=stop_s, tmax_s=2e-4, signals=["v(vin)", "v(vdd)", "v(ok)", "v(g)", "i(vlb)"]
    )


def dip(session: SpiceSession, dip_s: float) -> Waveforms:
    """A dip of the battery port to `DIP_V` from 50 ms on, for a while."""
    end = 0.05 + dip_s
    port = f"pwl(0 {BATTERY_V!r} 0.05 {BATTERY_V!r} 0.0501 {DIP_V!r} {end!r} {DIP_V!r} {end + 1e-4!r} {BATTERY_V!r})"
    return supply(session, port, stop_s=end + 0.1)


def open_ground(session: SpiceSession) -> Waveforms:
    """The ground lead opens at 50 ms; nothing returns, and the hold-up runs down as in a dip."""
    return supply(session, repr(BATTERY_V), ground="pwl(0 1 0.05 1 0.050001 0)")


def held_s(waves: Waveforms, since_s: float = 0.05) -> float:
    """Time from a moment until the supply reports a brown-out [s]; infinite where it never does."""
    low = np.flatnonzero(waves["v(ok)"] - waves["v(g)"] < 0.5)
    return float(waves.time_s[low[0]]) - since_s if low.size else math.inf


def held_by_hand_s(draw_A: float = 17.5e-3) -> float:
    """470 uF from the battery's voltage less a diode down to 6 V [s]."""
    return 470e-6 * (BATTERY_V - 0.45 - 6.0) / draw_A
