"""Signal circuits on their benches, figures per requirement row: O1..O3, R1..R4, C1, C2, and what each run costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from cosim.benches import signal_circuits as bench
from cosim.spice.session import SpiceSession, Waveforms
from cosim.validation.figure import ValidationFigure, within

TEMPERATURES_DEGC = (-40.0, 25.0, 60.0, 85.0)
BATTERIES_V = (8.0, 13.3, 15.5)
HIGH_DROP_V, SHORT_LOW_A, SHORT_HIGH_A, FLOATING_A = 0.1, 7.0e-3, 11.5e-3, 1e-6
"""O1, O2: high is Vbat - 0.1 V at 5 mA, limit 10 mA (+15/-30 %), floating below 1 uA (ours)."""
RATED_A, DROP_V, SWITCH_V, DAMAGE_W = 1.0, 0.1, 40.0, 100.0
"""O3: 1 A within 0.1 V of the battery (ours); drain rating of its switch; a heat that no such switch endures (ours)."""
DRAWS_A = {"C1": (17.5e-3,), "C2": (6.5e-3, 4.5e-3)}
DRAW_SHARE = 1e-3
"""C1, C2: what is drawn from the battery against what is asked for (ours)."""
PASSES_S, FAILS_S = 0.1, 0.3
"""Dips of the battery port that are held, and that are not (ours; by hand 0.18 s)."""
POINTS_PER_MS = 2e4
OURS = "ours"


@dataclass
class Meter:
    """What the runs of a row cost: points, wall time and simulated time."""

    points: int = 0
    wall_s: float = 0.0
    span_s: float = 0.0
    retries: int = 0

    def run(self, make: Callable[..., Waveforms], *values: object, **named: object) -> Waveforms:
        """Run a bench with its values and count."""
        begun = time.perf_counter()
        waves = make(*values, **named)
        self.wall_s += time.perf_counter() - begun
        self.points += waves.time_s.size
        self.span_s += float(waves.time_s[-1])
        self.retries += len(waves.retries)
        return waves

    def figures(self, row: str) -> list[ValidationFigure]:
        """Points and wall time per simulated millisecond. The wall time is told, not judged: machines differ."""
        return [
            within(f"circuits_{row}_points_per_ms", self.points / (1e3 * self.span_s), "1/ms", -math.inf,
                   POINTS_PER_MS, OURS, "circuit facts E: a buck has 15,000"),
            within(f"circuits_{row}_wall_ms_per_ms", self.wall_s / self.span_s, "ms/ms", 0.0, math.inf, OURS,
                   "told, not judged"),
            within(f"circuits_{row}_retries", float(self.retries), "1", -math.inf, 0.0, OURS,
                   "none is wanted on a bench"),
        ]


def signal_figures(session: SpiceSession) -> list[ValidationFigure]:
    """All rows."""
    return [*disconnect_figures(session), *prealarm_figures(session), *remote_figures(session),
            *supply_figures(session)]


def disconnect_figures(session: SpiceSession) -> list[ValidationFigure]:
    """O1 and O2: one circuit; level, limit over temperature, floating, back-feeding."""
    meter, source = Meter(), "requirements O1, O2"

    def out_V(load: str, **more: float) -> float:
        return float(meter.run(bench.disconnect, session, load, **more)["v(out)"][-1])

    drops_V = [volts - out_V("il out 0 5m", battery_V=volts) for volts in BATTERIES_V]
    shorts_A = [out_V("rl out 0 1", degC=degC) for degC in TEMPERATURES_DEGC]
    by_hand = [short / bench.short_by_hand_A(degC) - 1.0
               for short, degC in zip(shorts_A, TEMPERATURES_DEGC, strict=True)]
    fed_A = [(volts - out_V(f"ve ext 0 {volts!r}\nrl ext out 1k", on=0.0)) / 1e3 for volts in (20.0, -0.3)]
    return [
        within("circuits_O1_O2_drop_V", max(drops_V), "V", 0.0, HIGH_DROP_V, OURS, source),
        within("circuits_O1_O2_short_least_mA", 1e3 * min(shorts_A), "mA", 1e3 * SHORT_LOW_A, math.inf, OURS, source),
        within("circuits_O1_O2_short_most_mA", 1e3 * max(shorts_A), "mA", -math.inf, 1e3 * SHORT_HIGH_A, OURS, source),
        within("circuits_O1_O2_short_by_hand", max(map(abs, by_hand)), "1", -math.inf, 0.12, OURS,
               "law of the matched pair by hand, less base currents"),
        within("circuits_O1_O2_floating_uA", 1e6 * out_V("rl out 0 10k", on=0.0) / 1e4, "uA", -math.inf,
               1e6 * FLOATING_A, OURS, source),
        within("circuits_O1_O2_sinks_uA", 1e6 * max(map(abs, fed_A)), "uA", -math.inf, 100.0, OURS,
               "requirement O1: sinks 0 A; pulled to 20 V and below ground through 1 kohm"),
        *meter.figures("O1_O2"),
    ]


def prealarm_figures(session: SpiceSession) -> list[ValidationFigure]:
    """O3: an ampere, a relay's coil cut off, an overload that is reported as damage."""
    meter, source = Meter(), "requirement O3"
    loaded = meter.run(bench.prealarm, session, f"rl out 0 {bench.BATTERY_V / RATED_A!r}")
    at_19_ms = int((loaded.time_s < 19e-3).sum())
    coil = meter.run(bench.prealarm, session, bench.COIL, off_s=bench.COIL_OFF_S)
    overload = meter.run(bench.prealarm, session, "rl out 0 0.05", off_s=2e-3)
    hand_ms = 1e3 * bench.coil_by_hand_s()
    return [
        within("circuits_O3_drop_V", bench.BATTERY_V - float(loaded["v(out)"][at_19_ms]), "V", 0.0, DROP_V, OURS,
               source),
        within("circuits_O3_floating_V", float(abs(loaded["v(out)"][0])), "V", -math.inf, 1e-3, OURS, source),
        within("circuits_O3_coil_switch_V", bench.BATTERY_V - float(coil["v(out)"].min()), "V", -math.inf, SWITCH_V,
               OURS, "requirement O3: inductive turn-off inside the 40 V of the switch"),
        within("circuits_O3_coil_ms", 1e3 * bench.coil_clamped_s(coil), "ms", 0.9 * hand_ms, 1.1 * hand_ms, OURS,
               "L/R ln(1 + I R / V) by hand"),
        within("circuits_O3_overload_A", -float(overload["i(vb)"].min()), "A", RATED_A, math.inf, OURS,
               "requirement O3: not short-circuit proof; 50 mohm draws far more than its ampere"),
        within("circuits_O3_damage_W", float(overload["v(pq)"].max()), "W", DAMAGE_W, math.inf, OURS,
               "requirement O3: an overload is reported as damage"),
        *meter.figures("O3"),
    ]


def remote_figures(session: SpiceSession) -> list[ValidationFigure]:
    """R1..R4 at battery voltages from 8 to 15.5 V: the part of the wirings that give what they should."""
    found = []
    for row in ("R1", "R2", "R3", "R4"):
        meter = Meter()
        cases = [(volts, *case) for volts in BATTERIES_V for case in bench.remote_cases(volts)[row]
                 if volts == bench.BATTERY_V or "10meg" not in case[0]]
        right = [
            bench.remote_on(meter.run(bench.remote, session, wiring, volts)) == state
            for volts, wiring, state in cases
        ]
        found += [
            within(f"circuits_{row}_right", sum(right) / len(right), "1", 1.0, math.inf, OURS, f"requirement {row}"),
            *meter.figures(row),
        ]
    return found


def supply_figures(session: SpiceSession) -> list[ValidationFigure]:
    """C1 and C2: what is drawn; C1 besides: hold-up through a dip of the port, an open ground."""
    found = []
    for row, draws_A in DRAWS_A.items():
        meter = Meter()
        for draw_A in draws_A:
            waves = meter.run(bench.supply, session, repr(bench.BATTERY_V), draw_A=draw_A, stop_s=0.05)
            found.append(within(
                f"circuits_{row}_drawn_{1e3 * draw_A:g}_mA", -1e3 * float(waves["i(vlb)"][-1]), "mA",
                1e3 * draw_A * (1.0 - DRAW_SHARE), 1e3 * draw_A * (1.0 + DRAW_SHARE), OURS, f"requirement {row}",
            ))
        if row == "C1":
            found += hold_up_figures(session, meter)
        found += meter.figures(row)
    return found


def hold_up_figures(session: SpiceSession, meter: Meter) -> list[ValidationFigure]:
    """A dip that is held, one that is not and is told, an open ground."""
    short, long = (meter.run(bench.dip, session, span_s) for span_s in (PASSES_S, FAILS_S))
    opened = meter.run(bench.open_ground, session)
    hand_s = bench.held_by_hand_s()
    return [
        within("circuits_C1_short_dip_ok", float(short["v(ok)"].min()), "1", 0.5, math.inf, OURS,
               f"a dip to {bench.DIP_V:g} V for {PASSES_S:g} s is held"),
        within("circuits_C1_hold_up_s", bench.held_s(long), "s", 0.95 * hand_s, 1.05 * hand_s, OURS,
               "470 uF down to 6 V at 17.5 mA by hand"),
        within("circuits_C1_back_after_dip", float(long["v(ok)"][-1]), "1", 0.99, math.inf, OURS,
               "the supply comes back with the port"),
        within("circuits_C1_open_ground_s", bench.held_s(opened), "s", 0.95 * hand_s, 1.05 * hand_s, OURS,
               "an open ground (G3) ends in a brown-out, the safe direction, when the hold-up is empty"),
    ]
