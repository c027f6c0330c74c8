"""Picture of A7: one load dump in the three states of the alternator path, and its opening under current."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from cosim.benches.alternator_port import BATTERY_LIMIT_V, MODES, PulseRun
from cosim.benches.pulses import OPENING_AFTER_S, START_S
from cosim.plot.styles import CYCLE, DOTTED, SHORT_DASH, style
from cosim.validation.drawing import APART, finish, sheet

STATES = {"off": "charging off", "on": "charging, limit 90 A", "lift": "charging, limit may be lifted"}


@style()
def draw_port(runs: Sequence[PulseRun], pulse: str, opened: str) -> Figure:
    """Draw the runs of one pulse in every mode, and one opening.

    Parameters
    ----------
    runs : sequence of PulseRun
        Among them one of `pulse` in each mode and one of `opened`.
    pulse, opened : str
        Names of the pulse and of the opening.
    """
    figure, axes = sheet(2, 2, f"Alternator port (A7): {pulse}, and the path {opened}")
    for colour, mode in zip(APART, MODES, strict=False):
        run = next(r for r in runs if r.pulse == pulse and r.mode == mode)
        time_ms = 1e3 * (run.time_s - START_S)
        axes[0].plot(time_ms, run.waves["v(ab)"], color=colour, label=f"input stud, {STATES[mode]}")
        axes[1].plot(time_ms, run.waves["i(vipout)"], color=colour, label=STATES[mode])
        axes[2].plot(time_ms, run.waves["v(lbt)"], color=colour, label=f"battery terminals, {STATES[mode]}")
        stud = "battery stud (dotted)" if mode == MODES[-1] else None
        axes[2].plot(time_ms, run.waves["v(lb)"], color=colour, linewidth=0.8, linestyle=DOTTED, label=stud)
    axes[0].axhline(BATTERY_LIMIT_V, color="black", linestyle=SHORT_DASH, linewidth=1.0, label="trip, 18 V")
    axes[0].set_yscale("log")
    axes[0].set_yticks([14, 20, 30, 50, 80], ["14", "20", "30", "50", "80"])
    axes[0].minorticks_off()
    axes[2].axhline(BATTERY_LIMIT_V, color="black", linestyle=SHORT_DASH, linewidth=1.0, label="limit, 18 V")
    finish(axes[0], "input stud", "time since the pulse [ms]", "voltage [V]", "upper right")
    finish(axes[1], "current into the battery stud", "time since the pulse [ms]", "current [A]", "upper right")
    finish(axes[2], "battery", "time since the pulse [ms]", "voltage [V]", "lower right")
    run = next(r for r in runs if r.pulse == opened)
    time_us = 1e6 * (run.time_s - START_S - OPENING_AFTER_S)
    for stroke, (name, label) in zip(CYCLE, (("v(ab)", "input stud"), ("v(lb)", "battery stud")), strict=False):
        axes[3].plot(time_us, run.waves[name], color=stroke.colour, linestyle=stroke.dash, label=f"{label} [V]")
    axes[3].plot(time_us, run.waves["i(vipin)"] / 10.0, color=CYCLE[2].colour, linestyle=CYCLE[2].dash,
                 label="current [10 A]")
    axes[3].plot(time_us, run.waves["v(pq2a)"] / 100.0, color=CYCLE[3].colour, linestyle=CYCLE[3].dash,
                 label="heat of one pass device [100 W]")
    axes[3].set_xlim(-50.0, 600.0)
    finish(axes[3], opened, "time since the command [us]", "in the units of the legend", "upper right")
    return figure
