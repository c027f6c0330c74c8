"""Picture of the batteries' validation: discharges, capacity over temperature, round trip, end of a charge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cosim.plot.styles import BLUE, CYCLE, DASH_DOT, DOTTED, ORANGE, SHORT_DASH, style
from cosim.validation.drawing import finish, sheet
from models import bank, cycling
from models.bank_types import BankParameters
from models.scaling import RATE_C, Type
from models.scaling_fit import END_V, capacity_Ah, chamber

REFERENCE = 4
"""Place of the 200 Ah type."""
STEP_S = 10.0
CHARGE_V = 14.2
DEGREE = "\N{DEGREE SIGN}C"
MARKERS = ("o", "s", "^", "v", "D", "x")


@style()
def draw_battery(
    types: Sequence[tuple[Type, BankParameters]], cold_Ah: Mapping[str, tuple[float, float]]
) -> Figure:
    """Draw all types beside B6."""
    figure, (curves, cold, efficiency, full) = sheet(2, 2, "12.8 V batteries scaled from the measured cell, beside B6")
    kind, p = types[REFERENCE]
    _discharges(curves, p, (kind.capacity_Ah, *cold_Ah[kind.name]))
    _capacities(cold, types, cold_Ah)
    _efficiencies(efficiency, p)
    _end_of_charge(full, p)
    return figure


def _discharges(axis: Axes, p: BankParameters, asked_Ah: Sequence[float]) -> None:
    """Terminal voltage over charge at three temperatures, past the end so that its slope shows."""
    for stroke, degC, published_Ah in zip(CYCLE, (25.0, 0.0, -20.0), asked_Ah, strict=False):
        full = bank.initial_state(1.0, degC, chamber(p), 1.0)
        run = cycling.hold_current(full, -RATE_C * p.capacity_Ah, 10.4, STEP_S, degC, 10000, chamber(p))
        axis.plot(-run.charge_Ah, run.voltage_V, color=stroke.colour, linestyle=stroke.dash,
                  label=f"{degC:.0f} {DEGREE}")
        axis.plot([published_Ah], [END_V], "o", color=stroke.colour, markersize=8, markerfacecolor="none",
                  label=f"B6: {published_Ah:.0f} Ah")
        axis.plot([0.95 * published_Ah, 1.05 * published_Ah], [END_V, END_V], color=stroke.colour, linewidth=4.0,
                  alpha=0.4)
    axis.axhline(END_V, color="grey", linestyle="--", linewidth=1.0, label="end of discharge, 11.2 V")
    axis.set_ylim(10.3, 14.4)
    finish(axis, f"200 Ah type, {RATE_C:g} C, cells held at the temperature; bars: +-5 %", "charge drawn [Ah]",
           "terminal voltage [V]")


def _capacities(
    axis: Axes, types: Sequence[tuple[Type, BankParameters]], cold_Ah: Mapping[str, tuple[float, float]]
) -> None:
    """Part of the nominal charge over temperature: all types at the test's rate, the reference at others."""
    air_degC = np.arange(-25.0, 41.0, 5.0)
    for index, (kind, p) in enumerate(types):
        held = chamber(p)
        part = [100.0 * capacity_Ah(held, float(degC), RATE_C, STEP_S) / kind.capacity_Ah for degC in air_degC]
        axis.plot(air_degC, part, color=CYCLE[index].colour, linewidth=1.0 + 0.3 * (len(types) - index))
        published = np.array([kind.capacity_Ah, *cold_Ah[kind.name]]) / kind.capacity_Ah * 100.0
        axis.plot((25.0, 0.0, -20.0), published, MARKERS[index], color=CYCLE[index].colour, markerfacecolor="none",
                  label=f"{kind.name}: B6")
    kind, p = types[REFERENCE]
    for dash, rate_C in ((DOTTED, 0.5), (DASH_DOT, 1.0)):
        part = [100.0 * capacity_Ah(chamber(p), float(degC), rate_C, STEP_S) / kind.capacity_Ah for degC in air_degC]
        axis.plot(air_degC, part, color="black", linestyle=dash, label=f"200Ah, {rate_C:g} C, cells held")
    for dash, rate_C in ((SHORT_DASH, 0.2), (DOTTED, 0.5)):
        part = [100.0 * capacity_Ah(p, float(degC), rate_C, STEP_S) / kind.capacity_Ah for degC in air_degC]
        axis.plot(air_degC, part, color="grey", linestyle=dash, label=f"200Ah, {rate_C:g} C, still air")
    axis.set_ylim(0.0, 110.0)
    finish(axis, f"capacity to 11.2 V; lines of the types: {RATE_C:g} C, cells held (they lie on each other)",
           f"temperature [{DEGREE}]", "capacity [% of nominal]", "lower right")


def _efficiencies(axis: Axes, p: BankParameters) -> None:
    """Round trip over rate."""
    rates_C = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0)
    for name, own, fmt in (("cells held at 25 " + DEGREE, chamber(p), "-o"), ("still air of 25 " + DEGREE, p, "--s")):
        part = [
            100.0 * cycling.round_trip(bank.initial_state(1.0, 25.0, own, 1.0), rate_C * p.capacity_Ah, END_V, CHARGE_V,
                                       0.05 * p.capacity_Ah, STEP_S, 25.0, own)
            for rate_C in rates_C if rate_C > 0.05
        ]
        axis.plot(rates_C[1:], part, fmt, color=BLUE if own is not p else ORANGE, label=name)
    axis.axhline(92.0, color="grey", linestyle="--", label="B6: 92 %, rate not published")
    finish(axis, "round trip of energy, 200 Ah type", "rate [C]", "efficiency [%]")


def _end_of_charge(axis: Axes, p: BankParameters) -> None:
    """Charge at half C to 14.2 V, the hold, and an hour of rest."""
    rising = cycling.hold_current(bank.initial_state(0.7, 25.0, p, 1.0), 0.5 * p.capacity_Ah, CHARGE_V, STEP_S, 25.0,
                                  10000, p)
    held = cycling.hold_voltage(rising.state, CHARGE_V, 0.05 * p.capacity_Ah, STEP_S, 25.0, 10000, p)
    state, resting_V = held.state, []
    for _ in range(360):
        resting_V.append(bank.thevenin(state, p)[0])
        state = bank.step(state, 0.0, STEP_S, 25.0, p)
    begin_s, rest_s = rising.time_s[-1], rising.time_s[-1] + STEP_S * held.time_s.size
    time_s = np.concatenate([rising.time_s, begin_s + held.time_s, rest_s + STEP_S * np.arange(len(resting_V))])
    volts = np.concatenate([rising.voltage_V, held.voltage_V, resting_V])
    amperes = np.concatenate([rising.current_A, held.current_A, np.zeros(len(resting_V))])
    axis.plot(time_s / 60.0, volts, color=BLUE, label="terminal voltage")
    axis.axhline(CHARGE_V, color="grey", linestyle="--", linewidth=1.0, label="B6: 14.2 V")
    axis.axhline(13.5, color="grey", linestyle=":", linewidth=1.0, label="B6: float 13.5 V")
    other = axis.twinx()
    other.grid(False)
    other.plot(time_s / 60.0, amperes, color=ORANGE)
    other.set_ylabel("current [A]", color=ORANGE)
    soc = 100.0 * float(held.state.soc.mean())
    finish(axis, f"charge at 0.5 C from 70 %, 14.2 V to 0.05 C ({soc:.1f} %), rest; balancing 1 A above 3.5 V",
           "time [min]", "voltage [V]", "center right")
