"""The circuits on their benches, figures per requirement row.

S2 (short circuits, steps), S6 (capacitive loads), A7 and A8 (linear limiter and buck); outputs, terminals and supply
(`circuit_signals`); loops (`circuit_loops`). Beside each: points per simulated millisecond and wall time per simulated
millisecond; the latter is told, not judged. The benches are those of `tests/netlists`; what they give is compared with
the requirements' limits, and with hand calculations: the current of a short rises towards ``V / R`` with ``L / R``,
with what battery, path, cable and short have of both.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cosim.benches.alternator_port import (
    BALANCE_LIMIT,
    PortBench,
    PulseRun,
    cases,
    conformance,
    run_pulse,
)
from cosim.benches.limiter_bench import AVERAGED, LINEAR
from cosim.plot.styles import CYCLE, DOTTED, style
from cosim.spice.session import SpiceSession
from cosim.studies.conformance.limits import limit
from cosim.validation.circuit_loops import loop_figures
from cosim.validation.circuit_signals import signal_figures
from cosim.validation.drawing import finish, sheet
from cosim.validation.figure import ValidationFigure, within
from cosim.validation.port_bench import (
    BATTERY_H,
    BATTERY_OHM,
    BATTERY_V,
    CAPACITOR,
    FAULT_S,
    Bench,
    Ran,
    run,
    short,
    step,
)
from cosim.validation.register import Checked

Array = NDArray[np.float64]

CABLES_H = (0.2e-6, 1e-6, 5e-6)
JUNCTIONS_DEGC = (-40.0, 25.0, 125.0)
SHORT_OHM, PATH_OHM, PATH_H = 2e-3, 0.5e-3, 9e-9
"""Short of requirement S2; path of the BMS (netlists/system_path.cir: shunt, two banks, packages)."""
LOAD_OHM = 0.1
LATCH_A, OPEN_A = 700.0, 5.0
S2, S6 = "requirement S2", "requirement S6"
PRECHARGE_S = 1.0
OURS = "ours"


def check(data: Path | None) -> Checked:
    """Run all benches; `data` is not needed."""
    del data
    session = SpiceSession.open()
    shorts = {
        (henry, degC): run(session, Bench(short(henry), junction_degC=degC), 1.2e-3, 0.2e-6)
        for henry in CABLES_H for degC in JUNCTIONS_DEGC
    }
    steps = {
        degC: run(session, Bench(step(390.0), junction_degC=degC), 2e-3, 1e-6) for degC in JUNCTIONS_DEGC
    }
    loads = capacitive(session)
    figures = [figure for key, ran in shorts.items() for figure in short_figures(*key, ran)]
    figures += [figure for degC, ran in steps.items() for figure in step_figures(degC, ran)]
    figures += capacitive_figures(loads)
    figures += pulse_figures(session, LINEAR, "")
    figures += pulse_figures(session, AVERAGED, "_buck")
    figures += signal_figures(session)
    figures += loop_figures(session)
    figures += cost_figures("S2_short", [*shorts.values()], 1.2)
    figures += cost_figures("S2_step", [*steps.values()], 2.0)
    return Checked(figures, picture(shorts, steps, loads))


def rise_A(henry: float, time_s: Array) -> Array:
    """Current of a short by hand, from the 0.1 ohm that the bench draws before."""
    ohm, all_H = BATTERY_OHM + PATH_OHM + SHORT_OHM, BATTERY_H + PATH_H + henry
    end_A, start_A = BATTERY_V / ohm, BATTERY_V / (BATTERY_OHM + PATH_OHM + LOAD_OHM)
    return end_A + (start_A - end_A) * np.exp(-time_s * ohm / all_H)


def crossing_s(henry: float) -> float:
    """Time from the short to 700 A by hand."""
    time_s = np.linspace(0.0, 1e-3, 10_001)
    return float(np.interp(LATCH_A, rise_A(henry, time_s), time_s))


def i2t_A2s(henry: float) -> float:
    """I2t of that rise by hand."""
    time_s = np.linspace(0.0, crossing_s(henry), 2001)
    return float(np.trapezoid(rise_A(henry, time_s) ** 2, time_s))


def told_degC(degC: float) -> str:
    """Temperature as part of a figure's name."""
    return f"{'minus_' if degC < 0.0 else ''}{abs(degC):g}C"


def short_figures(henry: float, degC: float, ran: Ran) -> list[ValidationFigure]:
    """S2: peak, time from 700 A to below 5 A, time since the fault, I2t, stud, energies of banks and clamps."""
    name = f"circuits_S2_{1e6 * henry:g}uH_{told_degC(degC)}"
    current, time_s = ran["shunt_A"], ran.time_s
    late = time_s > FAULT_S
    crossed_s = float(time_s[late & (current > LATCH_A)][0])
    flowing = np.flatnonzero(np.abs(current) > OPEN_A)
    open_s = float(time_s[flowing[-1] + 1]) if flowing[-1] + 1 < time_s.size else math.inf
    squared = np.where(late & (time_s <= open_s), current**2, 0.0)
    hand_s, hand_A2s = crossing_s(henry), i2t_A2s(henry)
    by_hand = "by hand: rise to V / R with L / R, 2 us for comparator and opening"
    return [
        within(f"{name}_peak_A", float(ran["port_A"][late].max()), "A", *limit("S2.short_peak_A").range, OURS, S2),
        within(f"{name}_latch_A", float(current.max()), "A", *limit("S2.latch_A").range, OURS,
               "requirement S2: 700 A +-10 %"),
        within(f"{name}_opening_us", 1e6 * (open_s - crossed_s), "us", *limit("S2.short_opening_us").range, OURS, S2),
        within(f"{name}_since_fault_us", 1e6 * (open_s - FAULT_S), "us", 0.95e6 * hand_s, 1.05e6 * hand_s + 4.0, OURS,
               by_hand),
        within(f"{name}_i2t_A2s", float(np.trapezoid(squared, time_s)), "A2s", 0.95 * hand_A2s, 1.05 * hand_A2s + 2.0,
               OURS, by_hand),
        within(f"{name}_stud_V", float(ran["battery_V"].max()), "V", *limit("A7.stud_peak_V").range, OURS,
               "requirement A7: 30 V"),
        within(f"{name}_banks_mJ", 1e3 * (ran.integral("discharge_W", FAULT_S) + ran.integral("charge_W", FAULT_S)),
               "mJ", -math.inf, 100.0, OURS, "100 mJ warm eight dies of 6 mJ/K by 2 K"),
        within(f"{name}_clamps_J", ran.integral("clamp_W", FAULT_S), "J", 0.5 * BATTERY_H * LATCH_A**2,
               3.0 * (0.5 * BATTERY_H * LATCH_A**2 + 0.25 * henry * LATCH_A**2), OURS, "energy of both cables by hand"),
    ]


def step_figures(degC: float, ran: Ran) -> list[ValidationFigure]:
    """S2: a step to 390 A does not trip."""
    name = f"circuits_S2_step_{told_degC(degC)}"
    return [
        within(f"{name}_latch", float(ran["latch"].max()), "1", -math.inf, 0.1, OURS, "requirement S2: no trip"),
        within(f"{name}_peak_A", float(ran["shunt_A"].max()), "A", 389.0, 400.0, OURS, "requirement S2: 390 A carried"),
    ]


def capacitive(session: SpiceSession) -> dict[str, Ran]:
    """S6: present before enabling, plugged into the live port, and beside a load that draws during pre-charge."""
    bank, late = CAPACITOR.format(node="sys"), f"pwl(0 0 {PRECHARGE_S!r} 0 {PRECHARGE_S + 1e-6!r} 1)"
    before = f"pwl(0 0 1m 0 1.001m 1 {PRECHARGE_S!r} 1 {PRECHARGE_S + 1e-6!r} 0)"
    switch = "sw sys cp on 0 swm\nvon on 0 pwl(0 0 1m 0 1.001m 1)\n.model swm sw vt=0.5 vh=0.1 ron=3m roff=1e6\n"
    drawing = Bench(bank + "\nil sys 0 1.5", charge="0", discharge="0", precharge="pwl(0 0 1m 0 1.001m 1)")
    return {
        "present": run(session, Bench(bank, charge=late, discharge=late, precharge=before), PRECHARGE_S + 0.2, 1e-3),
        "plugged": run(session, Bench(switch + CAPACITOR.format(node="cp")), 3e-3, 0.5e-6),
        "drawing": run(session, drawing, 2.2, 1e-3),
    }


def capacitive_figures(loads: dict[str, Ran]) -> list[ValidationFigure]:
    """S6 in figures."""
    present, plugged, drawing = loads["present"], loads["plugged"], loads["drawing"]
    at = int(np.searchsorted(present.time_s, PRECHARGE_S - 1e-3))
    hand_V = BATTERY_V * (1.0 - math.exp(-(PRECHARGE_S - 2e-3) / (6.5 * 0.05)))
    latched_s = float(plugged.time_s[np.flatnonzero(plugged["latch"] > 0.5)[0]]) - 1e-3
    return [
        within("circuits_S6_present_latch", float(present["latch"].max()), "1", -math.inf, 0.1, OURS, S6),
        within("circuits_S6_present_V", float(present["system_V"][at]), "V", hand_V - 0.05, hand_V + 0.05, OURS,
               "50 mF behind 6.5 ohm by hand"),
        within("circuits_S6_present_inrush_A", float(present["shunt_A"].max()), "A", -math.inf, 400.0, OURS,
               "peak of requirement S2"),
        within("circuits_S6_plugged_latched_us", 1e6 * latched_s, "us", 60.0, 150.0, OURS, "circuit facts: 0.1 ms"),
        within("circuits_S6_plugged_peak_A", float(plugged["port_A"].max()), "A",
               *limit("S2.short_peak_A").range, OURS, S2),
        within("circuits_S6_drawing_V", float(drawing["system_V"][-1]), "V", 3.5, 3.6, OURS,
               "13.3 V less 6.5 ohm x 1.5 A: pre-charge never ends"),
    ]


def pulse_figures(session: SpiceSession, circuit: str, which: str) -> list[ValidationFigure]:
    """A7 and A8: every pulse of the list in every mode of a circuit, and its opening under current.

    `which` follows the row's name. The buck is run as its averaged companion, which is compared with the switching
    circuit in the tests.
    """
    begun = time.perf_counter()
    chosen = [(pulse, mode) for pulse, mode in cases(circuit) if pulse.rated]
    runs: list[PulseRun] = [run_pulse(session, pulse, mode, PortBench(circuit)) for pulse, mode in chosen]
    wall_s, span_s = time.perf_counter() - begun, sum(float(one.time_s[-1]) for one in runs)
    told, all_runs, name = conformance(runs), float(len(runs)), f"circuits_A7{which}"
    row, peak_V, above_us = "requirement A7", limit("A7.stud_peak_V").range, limit("A7.stud_above_us").range
    return [
        within(f"{name}_runs_passed", told["runs_passed"], "1", all_runs, all_runs, OURS, "requirements A7, A8"),
        within(f"{name}_battery_peak_V", told["battery_peak_V"], "V", *limit("A7.battery_peak_V").range, OURS, row),
        within(f"{name}_stud_peak_V", told["stud_peak_V"], "V", *peak_V, OURS, row),
        within(f"{name}_stud_above_18V_us", told["stud_above_18V_us"], "us", *above_us, OURS, row),
        within(f"{name}_opening_input_V", told["opening_input_V"], "V", *peak_V, OURS,
               f"{row}, read for the input stud"),
        within(f"{name}_opening_above_18V_us", told["opening_above_18V_us"], "us", *above_us, OURS,
               f"{row}, read for the input stud"),
        within(f"circuits_A8{which}_least_margin", told["least_rating_margin"], "1", *limit("A8.least_margin").range,
               OURS, "requirement A8: ratings of every device (models/parameters/ratings_*.yaml)"),
        within(f"{name}_fuse_melted", told["fuse_melted"], "1", -math.inf, 1.0, OURS, "the fuse stays whole"),
        within(f"{name}_balance", told["energy_balance"], "1", -math.inf, BALANCE_LIMIT, OURS, "energy adds up"),
        within(f"{name}_points_per_ms", sum(one.time_s.size for one in runs) / (1e3 * span_s), "1/ms", -math.inf,
               2e4, OURS, "circuit facts E: a buck has 15,000"),
        within(f"{name}_wall_ms_per_ms", wall_s / span_s, "ms/ms", 0.0, math.inf, OURS, "told, not judged"),
    ]


def cost_figures(name: str, all_ran: list[Ran], span_ms: float) -> list[ValidationFigure]:
    """What a bench costs: points and wall time per simulated millisecond, and the retries that it took."""
    points = float(np.mean([ran.time_s.size for ran in all_ran])) / span_ms
    wall_ms = 1e3 * float(np.median([ran.wall_s for ran in all_ran])) / span_ms
    retries = sum(len(ran.retries) for ran in all_ran)
    return [
        within(f"circuits_{name}_points_per_ms", points, "1/ms", -math.inf, 2e4, OURS,
               "circuit facts E: a buck has 15,000"),
        within(f"circuits_{name}_wall_ms_per_ms", wall_ms, "ms/ms", 0.0, math.inf, OURS, "told, not judged"),
        within(f"circuits_{name}_retries", float(retries), "1", -math.inf, 0.0, OURS, "none is wanted on a bench"),
    ]


@style()
def picture(shorts: dict[tuple[float, float], Ran], steps: dict[float, Ran], loads: dict[str, Ran]) -> Figure:
    """Currents of the shorts in microseconds, the opening, the step, the capacitors."""
    figure, axes = sheet(2, 2, "System+ on its bench: S2 and S6")
    for k, henry in enumerate(CABLES_H):
        for degC in JUNCTIONS_DEGC:
            ran = shorts[henry, degC]
            time_us = 1e6 * (ran.time_s - FAULT_S)
            label = f"{1e6 * henry:g} uH, -40/25/125 degC" if degC == JUNCTIONS_DEGC[0] else None
            axes[0].plot(time_us, ran["shunt_A"], color=CYCLE[k].colour, linestyle=CYCLE[k].dash, label=label,
                         linewidth=1.2)
            crossed = ran.time_s[(ran.time_s > FAULT_S) & (ran["shunt_A"] > LATCH_A)][0]
            axes[1].plot(1e6 * (ran.time_s - crossed), ran["port_A"], color=CYCLE[k].colour,
                         linestyle=CYCLE[k].dash, linewidth=1.2)
            axes[1].plot(1e6 * (ran.time_s - crossed), 20.0 * ran["battery_V"], color=CYCLE[k].colour,
                         linewidth=0.8, linestyle=DOTTED)
        axes[0].plot([1e6 * crossing_s(henry)], [LATCH_A], "o", color=CYCLE[k].colour, markersize=5)
    axes[0].set_xlim(-20.0, 400.0)
    finish(axes[0], "short of 2 mohm; dots: 700 A by hand", "time since the short [us]", "current of the shunt [A]")
    axes[1].set_xlim(-4.0, 14.0)
    finish(axes[1], "the opening: current at the stud; dotted: 20 x battery stud [V]", "time since 700 A [us]",
           "current [A]")
    for k, (degC, ran) in enumerate(steps.items()):
        axes[2].plot(1e6 * (ran.time_s - FAULT_S), ran["shunt_A"], color=CYCLE[k].colour,
                     linestyle=CYCLE[k].dash, label=f"{degC:g} \N{DEGREE SIGN}C")
    axes[2].set_xlim(-20.0, 200.0)
    finish(axes[2], "step to 390 A: no trip", "time since the step [us]", "current of the shunt [A]")
    for k, (name, ran) in enumerate(loads.items()):
        axes[3].plot(ran.time_s, ran["system_V"], color=CYCLE[k].colour, linestyle=CYCLE[k].dash, label=f"50 mF {name}")
    finish(axes[3], "capacitive loads: voltage at System+", "time [s]", "voltage [V]")
    return figure
