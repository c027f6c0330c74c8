"""Picture of the alternators: output hot and cold, efficiency, heating at full output, load dump."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cosim.plot.styles import DASH_DOT, DOTTED, SHORT_DASH, style
from cosim.validation.drawing import APART, finish, sheet
from cosim.validation.load_dump import Dump
from models import alternator
from models.alternator import AlternatorParameters

SPEEDS_rpm = np.linspace(1000.0, 12000.0, 111)


@style()
def draw_alternator(machines: dict[str, AlternatorParameters], dumps: dict[str, Dump]) -> Figure:
    """Draw the three machines beside what was published of others."""
    figure, axes = sheet(2, 2, "Alternators: 80, 150 and 300 A")
    for colour, dash, (size, p) in zip(APART, (DOTTED, SHORT_DASH, "-"), machines.items(), strict=False):
        _output(axes[0], size.replace("A", " A"), p, colour)
        _heating(axes[2], size.replace("A", " A"), p, colour)
        dump = dumps[size]
        axes[3].plot(1e3 * dump.time_s, dump.voltage_V, color=colour, linestyle=dash, linewidth=1.5,
                     label=f"{size.replace('A', ' A')}: {dump.peak_V:.0f} V, {1e3 * dump.duration_s:.0f} ms, "
                           f"{dump.resistance_ohm:.2f} ohm")
    _efficiency(figure, axes[1], machines["150A"])
    cold_A = alternator.capability_A(6000.0, 25.0, machines["150A"])
    axes[0].plot([2000.0, 4000.0, 6000.0], [cold_A / 180.0 * published for published in (120.0, 170.0, 180.0)], "x",
                 color="black", label="Bosch 180 A (Sarafianos), scaled")
    finish(axes[0], "full output: cold (winding 25 \N{DEGREE SIGN}C) and hot (an hour at that speed, air 23 "
           "\N{DEGREE SIGN}C)", "alternator speed [1/min]", "current [A]", "upper right")
    axes[0].set_ylim(0.0, 360.0)
    axes[2].axhline(180.0, color="black", linestyle=SHORT_DASH, linewidth=1.0, label="limit of the winding")
    axes[2].axvspan(4.0, 7.0, color="grey", alpha=0.15, label="'about 5 minutes' (requirement A6)")
    axes[2].set_ylim(20.0, 210.0)
    finish(axes[2], "full output at 2500 1/min in 85 \N{DEGREE SIGN}C air after light load", "time [min]",
           "temperature [\N{DEGREE SIGN}C]", "lower center")
    axes[3].axhspan(79.0, 101.0, color="grey", alpha=0.15, label="ISO 16750-2 test A: 79 to 101 V")
    axes[3].set_xlim(-30.0, 500.0)
    finish(axes[3], "load dump: the battery cable opens at full output (SPICE)", "time from the opening [ms]",
           "voltage at the stud [V]")
    return figure


def _output(axis: Axes, name: str, p: AlternatorParameters, colour: str) -> None:
    """Cold and hot output against speed."""
    cold = [alternator.capability_A(float(n), 25.0, p) for n in SPEEDS_rpm]
    hot = []
    for rpm in SPEEDS_rpm:
        state = alternator.initial_state(23.0)
        for _ in range(120):  # an hour in half minutes: settled
            full_A = alternator.capability_A(float(rpm), state.winding_degC, p)
            state = alternator.step(state, full_A, 14.0, float(rpm), 23.0, 30.0, p)
        hot.append(alternator.capability_A(float(rpm), state.winding_degC, p))
    axis.plot(SPEEDS_rpm, cold, color=colour, linestyle=SHORT_DASH, label=f"{name}, cold")
    axis.plot(SPEEDS_rpm, hot, color=colour, label=f"{name}, hot")


def _efficiency(figure: Figure, axis: Axes, p: AlternatorParameters) -> None:
    """Efficiency over speed and load of one machine, up to its full output."""
    speeds, currents = np.linspace(1200.0, 12000.0, 90), np.linspace(2.0, 1.05 * p.rated_A, 80)
    state = alternator.AlternatorState(100.0, 80.0, 70.0)
    table = np.full((currents.size, speeds.size), math.nan)
    for k, rpm in enumerate(speeds):
        full_A = alternator.capability_A(float(rpm), 100.0, p)
        for i, current_A in enumerate(currents):
            if current_A <= full_A:
                table[i, k] = 100.0 * alternator.efficiency(float(current_A), 14.0, float(rpm), state, p)
    shades = axis.contourf(speeds, currents, table, levels=np.arange(20.0, 81.0, 5.0), cmap="viridis", extend="min")
    figure.colorbar(shades, ax=axis, label="efficiency [%]")
    axis.plot([1800.0, 3000.0, 6000.0, 10000.0], [0.5 * p.rated_A] * 4, "wo", markeredgecolor="black",
              label="points of (EU) 2017/785, baseline 67 % (weighted)")
    finish(axis, f"efficiency of the {p.rated_A:g} A machine (winding 100 \N{DEGREE SIGN}C, 14 V)",
           "alternator speed [1/min]", "current [A]", "lower right")


def _heating(axis: Axes, name: str, p: AlternatorParameters, colour: str) -> None:
    """Temperatures at full output after an hour of light load."""
    state = alternator.initial_state(85.0)
    for _ in range(3600):
        state = alternator.step(state, p.rated_A / 6.0, 14.0, 2250.0, 85.0, 1.0, p)
    track = [state]
    for _ in range(900):
        full_A = alternator.capability_A(2500.0, state.winding_degC, p)
        state = alternator.step(state, full_A, 14.0, 2500.0, 85.0, 1.0, p)
        track.append(state)
    minutes = np.arange(len(track)) / 60.0
    for label, dash, values in (("winding", "-", [s.winding_degC for s in track]),
                                 ("rectifier", DOTTED, [s.rectifier_degC for s in track]),
                                 ("case", DASH_DOT, [s.case_degC for s in track])):
        axis.plot(minutes, values, color=colour, linestyle=dash, label=f"{name}, {label}")
