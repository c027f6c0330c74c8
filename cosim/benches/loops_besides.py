"""Margins of the loops beside the linear limiter's: the buck's averaged loops, the bypass loops of System+; quietness.

    python -m cosim.benches.loops_besides            # all corners of both, and the quiet checks
    python -m cosim.benches.loops_besides --corners 10 --seed 1

The buck's loops are opened at the test points of its averaged companion, the bypass loops (S5) at those of System+.
Where a margin is not required (pass devices below `loop_stability.ABOVE_V`), the path has to be quiet in the time
domain: settled, disturbed by a step of its source, and followed at steps that hide nothing (`quiet`).
"""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.benches.limiter_bench import AVERAGED, LINEAR, port_names
from cosim.benches.loop_stability import (
    ABOVE_V,
    ENABLE,
    SETTLE_S,
    Corner,
    LEAST_MARGIN_deg,
    OtherPoint,
    bench,
    corners,
    gain_margin_dB,
    phase_margin,
)
from cosim.paths import NETLISTS
from cosim.spice.session import SpiceSession
from cosim.validation.port_bench import ON
from cosim.validation.port_bench import Bench as SystemBench

Array = NDArray[np.float64]

BUCK_LOOPS = {
    "buck, outer": ("tpo=1", "v(xpath.se1)", "v(sense)"),
    "buck, input filter": ("tpm=1", "v(mid)", "v(xpath.midc)"),
    "buck, ideal diode": ("tp1=1", "v(xpath.vf1)", "v(xpath.vf)"),
}
BUCK_SETTLE_S, SAME_A = 0.08, 0.05
SYSTEM_NODES = (
    "cd", "cc", "gd", "gc", "dd", "dc", "sd", "sc", "td", "tc", "vd", "vc", "vd1", "vc1", "sh0", "sh1", "sh2",
)
SYSTEM_PORTS = ("lb", "sys", "stud", "isense", "cs", "l1")
BYPASS_A = (1.0, 20.0, 70.0, 150.0)
QUIET_STEP_S, QUIET_LAST_S = 0.2e-6, 0.4e-3
QUIET_S = {LINEAR: 2e-3, AVERAGED: 8e-3}
"""Steps of the quiet check, the end of it that is judged, and how long it follows the disturbance: the buck's input (5
uH of cable, 2.6 mF, some 15 mohm) rings at 1.3 kHz and forgets with 0.7 ms."""
DISTURBANCE_V, QUIET_A = -0.02, 0.02
"""Step of the source (20 mV over some 10 mohm: two amperes), and what may be left of it peak to peak (ours: 1 %)."""


class LoopMargin(NamedTuple):
    """Margin of a loop: where, worst phase margin [deg] and its crossing [Hz], worst gain margin [dB].

    `over_V` is what stands over the converter (mid to battery stud). Below `ABOVE_V` the margin is not required: a buck
    that nearly passes through is a plain conductor between a resonant input and a battery, and its "loop" their ratio.
    """

    loop: str
    where: str
    phase_deg: float
    crossing_Hz: float
    gain_dB: float
    over_V: float = float("inf")

    @property
    def passed(self) -> bool:
        """Whether the requirement is kept or does not apply."""
        return self.over_V < ABOVE_V or self.phase_deg >= LEAST_MARGIN_deg


class Quiet(NamedTuple):
    """What is left of a disturbance, peak to peak without its drift [A], and the voltage of the pass devices [V]."""

    corner: Corner
    left_A: float
    pass_V: float

    @property
    def passed(self) -> bool:
        """Whether nothing rings."""
        return self.left_A <= QUIET_A


# ---- buck -------------------------------------------------------------------------------------------------------

def buck_corners() -> list[Corner]:
    """Table of the buck: cables, sources, batteries, fuses at their hard temperatures, limits, headrooms."""
    ends = (0.3e-6, 5e-6), (2.5e-3, 10e-3), (0.5e-3, 4e-3)
    fuses = ((40.0, -40.0), (125.0, 125.0), (125.0, -40.0))
    found = []
    for cable, source, battery in itertools.product(*ends):
        for (fuse_A, degC), share, head in itertools.product(fuses, (0.4, 1.0), (0.05, 0.3, 3.0)):
            limit_A = share * min(0.9 * fuse_A, 100.0)
            found.append(Corner(cable, source, battery, fuse_A, limit_A, degC, head))
    return found


def buck_margins(session: SpiceSession, corner: Corner) -> list[LoopMargin]:
    """Margins of the buck's averaged loops in one corner.

    Raises
    ------
    OtherPoint : the AC runs' operating point is not the settled one
    """
    still = replace(bench(corner, ENABLE), circuit=AVERAGED, lift="0")
    names = [*(f"v(xpath.{node})" for node in inner_nodes(AVERAGED)),
             "v(stb)", "v(stbm)", "v(abp)", "v(lbp)", "v(lbt)", "v(fb)", "v(sense)", "v(ab)", "v(lb)", "v(mid)"]
    settled = session.transient(still.deck(), tstop_s=BUCK_SETTLE_S, tmax_s=2e-5, signals=[*names, "i(vipin)"])
    there_A = float(settled["i(vipin)"][-1])
    moving_A = float(np.ptp(settled["i(vipin)"][settled.time_s > 0.9 * BUCK_SETTLE_S]))
    if moving_A > SAME_A:
        raise OtherPoint(f"{corner}: the current still moves by {moving_A:.3g} A")
    hints = "\n".join(f".nodeset {n}={float(settled[n][-1])!r}" for n in names)
    over_V = float(settled["v(mid)"][-1] - settled["v(lb)"][-1])
    found = []
    for loop, (point, before, after) in BUCK_LOOPS.items():
        body = replace(still, enable="1", extra=hints, parameters=f"{still.parameters} {point}").deck()
        point_A = session.operating_point(body)["i(vipin)"]
        if abs(point_A - there_A) > SAME_A:
            raise OtherPoint(f"{corner}: operating point {point_A:.3g} A, settled {there_A:.3g} A")
        frequency_Hz, waves = session.ac(body, [before, after], points_per_decade=40, start_Hz=10.0, stop_Hz=2e6)
        found.append(_margin(loop, told(corner), frequency_Hz, -waves[before] / waves[after], over_V))
    return found


def inner_nodes(circuit: str) -> list[str]:
    """Nodes inside a circuit, from its text: they guide the enabled operating point."""
    text = (NETLISTS / f"{circuit}.cir").read_text(encoding="utf-8")
    found: set[str] = set()
    for line in re.findall(r"(?m)^([A-Za-z]\w* .*)$", text):
        words = line.split()
        found |= set(words[1 : 6 if words[0].startswith("M") else 3])
    outside = {*port_names(circuit), "0"}
    return sorted(node for node in found - outside if re.fullmatch(r"[a-z]\w*", node))


def _margin(
    loop: str, where: str, frequency_Hz: Array, gain: NDArray[np.complex128], over_V: float = float("inf")
) -> LoopMargin:
    seen = np.where(gain == 0.0, 1e-30, gain)
    phase_deg, crossing_Hz = phase_margin(frequency_Hz, seen)
    return LoopMargin(loop, where, phase_deg, crossing_Hz, gain_margin_dB(seen), over_V)


def told(c: Corner) -> str:
    """A corner in words."""
    return (f"{1e6 * c.cable_H:g} uH, source {1e3 * c.source_ohm:g}, battery {1e3 * c.battery_ohm:g} mohm, "
            f"fuse {c.fuse_A:g} A at {c.limit_A:g} A, {c.temperature_degC:g} degC, headroom {c.headroom_V:g} V")


# ---- System+ ----------------------------------------------------------------------------------------------------

def bypass_margin(session: SpiceSession, way: str, current_A: float, junction_degC: float) -> LoopMargin:
    """Margin of the bypass loop (S5) that carries a current `out` of or `in` to the battery, its bank blocked.

    The load is a current source, the hardest case: the cable then has no say, and a source with a resistance only takes
    gain away.
    """
    sign, point = (1.0, "c") if way == "out" else (-1.0, "d")
    charge, discharge = {"out": ("0", "1"), "in": ("1", "0")}[way]
    load = "ll sys l1 1u\nrll sys l1 50\nil l1 0 "
    ramp = SystemBench(load + f"pwl(0 0 1m 0 2m {sign * current_A!r})", charge.replace("1", ON),
                       discharge.replace("1", ON), junction_degC=junction_degC)
    names = [f"v(xp.{node})" for node in SYSTEM_NODES] + [f"v({node})" for node in SYSTEM_PORTS]
    settled = session.transient(ramp.deck(), tstop_s=60e-3, tmax_s=20e-6, signals=names)
    hints = "\n".join(f".nodeset {name}={float(settled[name][-1])!r}" for name in names)
    still = SystemBench(load + f"{sign * current_A!r}\n{hints}", charge, discharge, junction_degC=junction_degC,
                        parameters=f"tp{point}=1")
    before, after = f"v(xp.v{point}1)", f"v(xp.v{point})"
    frequency_Hz, waves = session.ac(still.deck(), [before, after], points_per_decade=40, start_Hz=1.0, stop_Hz=20e6)
    where = f"{current_A:g} A {way}, {junction_degC:g} degC"
    return _margin(f"System+ bypass, {way}", where, frequency_Hz, -waves[before] / waves[after])


# ---- quiet where no margin is required --------------------------------------------------------------------------

def quiet(session: SpiceSession, corner: Corner, parameters: str = "", circuit: str = LINEAR) -> Quiet:
    """Settle a corner of a limiter (the buck as its companion), disturb it, and follow it at `QUIET_STEP_S`."""
    span_s = QUIET_S[circuit]
    longest = session.longest_step_s

    def resolve(time_s: float, values: Array) -> None:
        del values
        longest[0] = QUIET_STEP_S if time_s >= SETTLE_S - 1e-9 else 0.0

    disturbed = bench(corner, ENABLE, parameters, source_step_V=DISTURBANCE_V)
    deck = (disturbed if circuit == LINEAR else replace(disturbed, circuit=circuit, lift="0")).deck()
    waves = session.transient(deck, tstop_s=SETTLE_S + span_s, tmax_s=2e-5, signals=["i(vipin)", "v(mid)", "v(lb)"],
                              on_accept=resolve, breakpoints=[SETTLE_S])
    late = waves.time_s > SETTLE_S + span_s - QUIET_LAST_S
    time_s, current_A = waves.time_s[late], waves["i(vipin)"][late]
    drift = np.polynomial.Polynomial.fit(time_s, current_A, 2)
    pass_V = float(waves["v(mid)"][-1] - waves["v(lb)"][-1])
    return Quiet(corner, float(np.ptp(current_A - drift(time_s))), pass_V)


def low_corners() -> list[Corner]:
    """Corners of the linear table with pass devices near dropout, where no margin is required."""
    return [c for c in corners() if c.headroom_V < 0.3]


# ---- table ------------------------------------------------------------------------------------------------------

def worst_margins(found: Iterable[LoopMargin]) -> list[LoopMargin]:
    """The worst phase margin of every loop where it is required, with its worst gain margin."""
    rows = [m for m in found if m.over_V >= ABOVE_V]
    loops = dict.fromkeys(m.loop for m in rows)
    own = {loop: [m for m in rows if m.loop == loop] for loop in loops}
    return [min(own[loop], key=lambda m: m.phase_deg)._replace(gain_dB=min(m.gain_dB for m in own[loop]))
            for loop in loops]


def table_text(found: Sequence[LoopMargin], calm: Sequence[Quiet]) -> str:
    """Worst cases as text."""
    lines = [f"{m.loop:22}{m.phase_deg:6.1f} deg at {m.crossing_Hz:8.3g} Hz, {m.gain_dB:5.1f} dB  {m.where}"
             for m in worst_margins(found)]
    if calm:
        most = max(calm, key=lambda q: q.left_A)
        left = f"at most {1e3 * most.left_A:.2g} mA left"
        lines.append(f"quiet at {1e6 * QUIET_STEP_S:g} us: {len(calm)} corners, {left}  "
                     f"{told(most.corner)}, {most.pass_V:.3f} V")
    return "\n".join(lines)


def main() -> int:
    """Command line: print the table; 1 if something is missed."""
    parser = argparse.ArgumentParser(prog="python -m cosim.benches.loops_besides", description="margins of other loops")
    parser.add_argument("--corners", type=int, default=0, help="only so many corners of each table (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    generator = np.random.default_rng(args.seed)

    def chosen(table: list[Corner]) -> list[Corner]:
        order = generator.permutation(len(table))[: args.corners or len(table)]
        return [table[int(k)] for k in order]

    session = SpiceSession.open()
    found: list[LoopMargin] = []
    missing = 0
    for corner in chosen(buck_corners()):
        try:
            found += buck_margins(session, corner)
        except OtherPoint as error:
            missing += 1
            print(f"left out: {error}")
    found += [bypass_margin(session, way, amperes, degC) for way in ("out", "in") for amperes in BYPASS_A
              for degC in (-40.0, 125.0)]
    calm = [quiet(session, corner) for corner in chosen(low_corners())]
    calm += [quiet(session, c, circuit=AVERAGED) for c in chosen(buck_corners()) if c.headroom_V <= 0.3]
    print(table_text(found, calm))
    failed = sum(not m.passed for m in found) + sum(not q.passed for q in calm)
    print(f"{len(found)} margins, {len(calm)} quiet checks, {failed} failed, {missing} left out")
    return 1 if failed or missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
