"""Loop stability of the alternator path by AC analysis: every loop opened at its test point, corner by corner.

A loop that looks quiet in a transient may be unstable behind big steps (circuit_facts E 4): margins come from AC.
The operating point of an enabled path is unreliable; each corner is settled in a transient first, and its node voltages
guide the operating point of the AC runs, which is compared with them.

    python -m cosim.benches.loop_stability            # the whole table, about ten minutes
    python -m cosim.benches.loop_stability --corners 20 --seed 1
"""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.benches.limiter_bench import LINEAR, LimiterBench
from cosim.errors import RunFailed
from cosim.spice.session import SpiceSession

LOOPS = {
    "outer": ("tpo=1", "v(xpath.se1)", "v(sense)"),
    "inner, common": ("tpa=1 tpr=1", "v(xpath.ma)", "v(xpath.maa)"),
    "inner, differential": ("tpa=1 tpr=-0.3333333", "v(xpath.ma)", "v(xpath.maa)"),
    "ideal diode": ("tp1=1", "v(xpath.vf1)", "v(xpath.vf)"),
}
"""Loop: parameters that open it, signals before and after the test source; L = -before / after."""
BATTERY_V, ENABLE = 13.2, "pwl(0 0 1m 0 1.001m 1)"
LEAST_MARGIN_deg, ABOVE_V = 45.0, 0.3
"""Required phase margin, and the voltage of the pass devices above which it is required."""
HIGHEST_LIMIT_A, LIFT = 100.0, 2.5
"""Limits above this are lifted ones (A4), by this factor (`klift` of the netlist)."""
SETTLE_S, PATIENT_S, STEP_S = 0.06, 0.4, 2e-5
"""Settling, and for what creeps into the knee; longest step."""
SAME_A = 0.05
"""An operating point that differs by more from the settled transient is another one."""
NODES = tuple(re.findall(r"\S+", """
    f0 f1 s1 sa sb sc sd ma mb mc md maa mab mac mad iav er ir on on0 og og0 bst ca cb cc cd c1 ga gb gc gd g1
    xa xb xc xd ab1 ab2 fb1 mid1 lb1 lb2 se0 se1 vf1 vf ov tj1 tja tjb tjc tjd tc1 tca tcb tcc tcd cf cl lp ls lb0
    lh lt lx lx0 vr gs"""))
BENCH_NODES = ("v(ab)", "v(lb)", "v(fb)", "v(mid)", "v(stb)", "v(stbm)", "v(abp)", "v(lbp)", "v(lbt)", "v(sense)")


class Corner(NamedTuple):
    """One corner of the table.

    Cables on both sides [H], source and battery [ohm], fuse [A], limit [A], all temperatures [degC], and the voltage
    that is left for the pass devices beyond a passing path [V].
    """

    cable_H: float
    source_ohm: float
    battery_ohm: float
    fuse_A: float
    limit_A: float
    temperature_degC: float
    headroom_V: float


class Margin(NamedTuple):
    """Worst phase margin [deg] of a loop in a corner with its crossing [Hz], gain margin [dB], pass-device voltage [V].

    180 deg where the gain never crosses one; infinite gain margin where the phase never crosses.
    """

    corner: Corner
    loop: str
    phase_deg: float
    crossing_Hz: float
    gain_dB: float
    pass_V: float

    @property
    def passed(self) -> bool:
        """Whether the requirement is kept or does not apply."""
        return self.pass_V < ABOVE_V or self.phase_deg >= LEAST_MARGIN_deg


class OtherPoint(RunFailed):
    """A corner does not settle, or its AC run found another operating point than the settled transient."""


def corners() -> list[Corner]:
    """The whole table: both limits of everything, the lifted limit besides."""
    found = []
    cables, sources, batteries = (0.3e-6, 5e-6), (2.5e-3, 10e-3), (0.5e-3, 4e-3)
    temperatures, headrooms = (-40.0, 125.0), (0.003, 0.06, 0.3, 3.0)
    for cable, source, battery, degC, head in itertools.product(cables, sources, batteries, temperatures, headrooms):
        for fuse_A, limit_A in ((40.0, 14.4), (40.0, 36.0), (125.0, 40.0), (125.0, 100.0), (125.0, 250.0)):
            found.append(Corner(cable, source, battery, fuse_A, limit_A, degC, head))
    return found


def bench(c: Corner, enable: str, parameters: str = "", extra: str = "", source_step_V: float = 0.0) -> LimiterBench:
    """Bench of a corner; its source steps by a voltage at `SETTLE_S`."""
    cold_ohm = 60e-3 / c.fuse_A
    hot_ohm = cold_ohm * (1.0 + 0.0039 * (c.temperature_degC - 25.0))
    around_ohm = c.source_ohm + 1.5e-3 + c.battery_ohm + hot_ohm + 1.0e-3
    lifted = c.limit_A > HIGHEST_LIMIT_A
    lift = "vlift=-100 tlift=1e4" if lifted else ""  # from the start, and for longer than any settling
    source_V = BATTERY_V + 0.02 + c.limit_A * around_ohm + c.headroom_V
    stepped = f"pwl(0 {source_V!r} {SETTLE_S!r} {source_V!r} {SETTLE_S + 1e-6!r} {source_V + source_step_V!r})"
    return LimiterBench(
        LINEAR, source_V=stepped if source_step_V else repr(source_V), battery_V=repr(BATTERY_V), enable=enable,
        reference_mV=1e3 * c.limit_A * hot_ohm / (LIFT if lifted else 1.0), fuse_degC=c.temperature_degC,
        junction_degC=c.temperature_degC, source_ohm=c.source_ohm, source_H=min(c.cable_H, 0.3e-6),
        input_cable_H=c.cable_H, battery_ohm=c.battery_ohm, battery_H=c.cable_H, lift=str(int(lifted)),
        parameters=f"rf25={cold_ohm!r} vov=1e3 {lift} {parameters}", extra=extra,
    )


def margins(session: SpiceSession, corner: Corner, loops: Iterable[str] = tuple(LOOPS)) -> list[Margin]:
    """Margins of the loops in one corner.

    Raises
    ------
    OtherPoint : the AC runs' operating point is not the settled one
    """
    names = [*(f"v(xpath.{node})" for node in NODES), *BENCH_NODES]
    for settle_s in (SETTLE_S, PATIENT_S):
        settled = session.transient(
            bench(corner, ENABLE).deck(), tstop_s=settle_s, tmax_s=STEP_S, signals=[*names, "i(vipin)"]
        )
        moving_A = float(np.ptp(settled["i(vipin)"][settled.time_s > 0.8 * settle_s]))
        if moving_A <= SAME_A:
            break
    else:
        raise OtherPoint(f"{corner}: the current still moves by {moving_A:.3g} A")
    last = {name: float(settled[name][-1]) for name in names}
    hints = "\n".join(f".nodeset {name}={value!r}" for name, value in last.items())
    pass_V = last["v(mid)"] - last["v(lb)"]
    found = []
    for loop in loops:
        test_point, before, after = LOOPS[loop]
        body = bench(corner, "1", test_point, hints).deck()
        there_A = session.operating_point(body)["i(vipin)"]
        if abs(there_A - settled["i(vipin)"][-1]) > SAME_A:
            raise OtherPoint(f"{corner}: operating point {there_A:.3g} A, settled {settled['i(vipin)'][-1]:.3g} A")
        frequency_Hz, waves = session.ac(body, [before, after], points_per_decade=60, start_Hz=1.0, stop_Hz=20e6)
        gain = -waves[before] / waves[after]
        phase_deg, crossing_Hz = phase_margin(frequency_Hz, gain)
        found.append(Margin(corner, loop, phase_deg, crossing_Hz, gain_margin_dB(gain), pass_V))
    return found


def phase_margin(frequency_Hz: NDArray[np.float64], gain: NDArray[np.complexfloating[Any, Any]]) -> tuple[float, float]:
    """Smallest phase margin over all gain crossings [deg] and where [Hz]; (180, 0) without one.

    The margin is the distance from 180 deg, negative where the gain encircles -1. (Following the phase instead fails at
    the notches of cables and dampers, where it turns by 180 deg within a step; 1 + L is far from zero there.)
    """
    size = np.log(np.abs(gain))
    sign = -1.0 if encircles(gain) else 1.0
    worst = (180.0, 0.0)
    for k in np.flatnonzero(np.diff(np.sign(size))):
        part = size[k] / (size[k] - size[k + 1])
        angle = np.angle(gain[k]) + part * np.angle(gain[k + 1] / gain[k])
        margin = sign * (180.0 - abs(float(np.degrees((angle + np.pi) % (2.0 * np.pi) - np.pi))))
        worst = min(worst, (margin, float(frequency_Hz[k] * (frequency_Hz[k + 1] / frequency_Hz[k]) ** part)))
    return worst


def encircles(gain: NDArray[np.complexfloating[Any, Any]]) -> bool:
    """Whether 1 + L turns clockwise round zero as the frequency rises: then the closed loop is unstable for certain.

    Turning the other way is what a loop does that is unstable when opened and stable when closed: with the inner loops
    opened, the outer one rings at 2 kHz. Each corner's transient has settled, which says the same.
    """
    angle = np.unwrap(np.angle(1.0 + gain))
    ends = np.angle(1.0 + gain[-1]) - np.angle(1.0 + gain[0])
    return bool(angle[-1] - angle[0] - ends < -np.pi)


def gain_margin_dB(gain: NDArray[np.complexfloating[Any, Any]]) -> float:
    """Smallest distance of the gain from one where the phase crosses 180 deg [dB], upwards or downwards."""
    turns = (gain.imag[1:] * gain.imag[:-1] < 0.0) & (gain.real[1:] < 0.0)
    return float(np.abs(20.0 * np.log10(np.abs(gain[1:][turns]))).min(initial=np.inf))


def table_text(found: Iterable[Margin]) -> str:
    """Worst case per loop, where the requirement holds and below, and the lifted limit by itself."""
    lines = [f"{'loop':22}{'state':26}{'phase':>9}{'at':>11}{'gain':>9}  corner"]
    rows = list(found)
    states: dict[str, Callable[[Margin], bool]] = {
        f"limit, above {ABOVE_V} V": lambda m: m.pass_V >= ABOVE_V and m.corner.limit_A <= HIGHEST_LIMIT_A,
        f"limit, below {ABOVE_V} V": lambda m: m.pass_V < ABOVE_V and m.corner.limit_A <= HIGHEST_LIMIT_A,
        "lifted limit": lambda m: m.corner.limit_A > HIGHEST_LIMIT_A,
    }
    for loop in LOOPS:
        for state, belongs in states.items():
            own = [m for m in rows if m.loop == loop and belongs(m)]
            if own:
                least = min(own, key=lambda m: m.phase_deg)
                gain_dB = min(m.gain_dB for m in own)
                c = least.corner
                lines.append(
                    f"{loop:22}{state:26}{least.phase_deg:5.1f} deg{least.crossing_Hz:8.3g} Hz{gain_dB:6.1f} dB  "
                    f"{1e6 * c.cable_H:g} uH, source {1e3 * c.source_ohm:g}, battery {1e3 * c.battery_ohm:g} mohm, "
                    f"fuse {c.fuse_A:g} A at {c.limit_A:g} A, {c.temperature_degC:g} degC, {least.pass_V:.3f} V"
                )
    return "\n".join(lines)


def main() -> int:
    """Command line: print the table; 1 if a margin is missed."""
    parser = argparse.ArgumentParser(prog="python -m cosim.benches.loop_stability", description="margins of all loops")
    parser.add_argument("--corners", type=int, default=0, help="only so many corners, drawn by the seed (0: all)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    chosen = corners()
    if args.corners > 0:
        order = np.random.default_rng(args.seed).permutation(len(chosen))[: args.corners]
        chosen = [chosen[int(k)] for k in order]
    session = SpiceSession.open()
    found: list[Margin] = []
    other = 0
    for corner in chosen:
        try:
            found += margins(session, corner)
        except OtherPoint as error:
            other += 1
            print(f"left out: {error}")
    print(table_text(found))
    failed = sum(not m.passed for m in found)
    print(f"{len(chosen)} corners, {len(found)} margins, {failed} below {LEAST_MARGIN_deg:g} deg, {other} left out")
    return 1 if failed or other else 0


if __name__ == "__main__":
    raise SystemExit(main())
