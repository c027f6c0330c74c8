"""The scaled batteries beside the published facts of requirement B6: capacity, efficiency, what is left, currents.

Where the maker does not say how a figure was measured, the test is ours and named in the source of the figure: 0.2 C in
a chamber with forced air (cells at its temperature), from full after a charge, to 11.2 V.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from cosim.validation.battery_picture import draw_battery
from cosim.validation.figure import ValidationFigure, within
from cosim.validation.register import Checked
from models import bank, cycling
from models.bank_types import BankParameters
from models.scaling import RATE_C, TYPES, Type
from models.scaling_fit import END_V, capacity_Ah, chamber

COLD_Ah = {"50Ah": (40.0, 25.0), "100Ah": (80.0, 50.0), "160Ah": (130.0, 80.0), "180Ah": (150.0, 90.0),
           "200Ah": (160.0, 100.0), "330Ah": (260.0, 160.0)}
"""B6: capacity at 0 and -20 degC."""
FITTED = "200Ah"
"""The type that the cold term was fitted to."""
TOLERANCE = 0.05
"""On capacities, of the project's task."""
CHARGE_V = 14.2
TAIL_C = 0.05
"""Charging ends at this current (ours)."""
LEFT_C = 0.5
"""Rate at which the charge left is read (ours)."""
STEP_S = 5.0
CELL_HIGH_V = 3.75
"""Cell over-voltage (B5)."""
SUCCESSOR_mohm = {"100Ah": 2.0, "200Ah": 1.0}

SOURCES = {
    "warm": "B6; the parameter is this capacity, a discharge to 11.2 V leaves some 3 % of it",
    "cold_fitted": "B6; the cold term was fitted to this figure",
    "cold": "B6; the cold term was fitted to the 200 Ah type only. The types are one cell scaled: this validates "
            "that the published capacities are proportional, and the connections",
    "test": f"; test ours: {RATE_C:g} C, cells held at the temperature, to 11.2 V (the maker says: at most 1 C, where "
            "the model gives 189, 122 and 2 Ah of 200 at 25, 0 and -20 degC)",
    "efficiency": "B6: 92 %, rate not published; f was fitted so that 1 C gives it (cells held at 25 degC, 14.2 V to "
                  "0.05 C, 11.2 V)",
    "slow": "B6: 92 %, rate not published: at a fifth of the rate at which it was fitted it must not be lower",
    "left": "B6 (about 3 % at 2.8 V, 1 % at 2.6 V), half a percent either way, 0.5 C and 25 degC (0.2 C leaves "
            "2.2 and 0.7 %); the rate was chosen by the result",
    "discharge": "B6: end of discharge 11.2 V; highest continuous current from full to half charge, 25 degC, still air",
    "charge": "B5: cell over-voltage; highest charge current from 10 % to half charge, 25 degC and still air. At the "
              "terminals up to 14.7 V: a charger would hold its 14.2 V before half charge",
    "ohm": "the same maker's later series (Lithium NG 12.8 V manual, technical data as a search showed them: 2 mohm at "
           "100 Ah, 1 mohm at 200 and 300 Ah, method not told), +-0.5 mohm: at once, half charge, 25 degC",
    "rest": "ours: the measured cell rests at 3.55 to 3.58 V when full, four of them at 14.2 to 14.3 V; here one hour "
            "after 14.2 V to 0.05 C, with balancing. Cells in the field rest lower, near 13.4 V",
}


class Own(NamedTuple):
    """A type with its parameters."""

    kind: Type
    p: BankParameters


def load(kind: Type) -> Own:
    """Return a type with its shipped parameters."""
    return Own(kind, bank.load_battery(f"battery_lfp_12V8_{kind.name}"))


def check(data: Path | None) -> Checked:
    """Validate the batteries; measured data is not needed."""
    types = [load(kind) for kind in TYPES]
    reference = next(own for own in types if own.kind.name == FITTED)
    figures = [*capacities(types), *efficiencies(reference), *charge_left(reference), *currents(types),
               *resistances(types), rest_figure(reference)]
    return Checked(figures, draw_battery(types, {own.kind.name: COLD_Ah[own.kind.name] for own in types}))


def capacities(types: list[Own]) -> list[ValidationFigure]:
    """Return capacity at 25, 0 and -20 degC of all types."""
    figures = []
    for kind, p in types:
        held = chamber(p)
        for degC, asked_Ah in zip((25.0, 0.0, -20.0), (kind.capacity_Ah, *COLD_Ah[kind.name]), strict=True):
            warm, fitted = degC > 0.0, kind.name == FITTED
            source = SOURCES["warm" if warm else "cold_fitted" if fitted else "cold"] + SOURCES["test"]
            name = f"battery_{kind.name}_capacity_{degC:g}C_Ah".replace("-", "minus")
            figures.append(within(
                name, capacity_Ah(held, degC, RATE_C), "Ah", (1.0 - TOLERANCE) * asked_Ah, (1.0 + TOLERANCE) * asked_Ah,
                "fitted" if warm or fitted else "validated", source,
            ))
    return figures


def efficiency_percent(p: BankParameters, rate_C: float, step_s: float = STEP_S) -> float:
    """Return the round trip of a battery at 25 degC [%]."""
    full = bank.initial_state(1.0, 25.0, p, 1.0)
    current_A, tail_A = rate_C * p.capacity_Ah, TAIL_C * p.capacity_Ah
    return 100.0 * cycling.round_trip(full, current_A, END_V, CHARGE_V, tail_A, step_s, 25.0, p)


def efficiencies(own: Own) -> list[ValidationFigure]:
    """Return the round trip at 0.2 C and 1 C."""
    held, name = chamber(own.p), f"battery_{own.kind.name}_efficiency"
    return [
        within(f"{name}_0.2C_percent", efficiency_percent(held, 0.2), "%", 92.0, math.inf, "fitted", SOURCES["slow"]),
        within(f"{name}_1C_percent", efficiency_percent(held, 1.0), "%", 91.0, 93.0, "fitted", SOURCES["efficiency"]),
    ]


def charge_left(own: Own) -> list[ValidationFigure]:
    """Return the charge left when a cell reaches 2.8 and 2.6 V at 0.5 C."""
    cells = chamber(own.p)._replace(terminal_resistance_ohm=1.0e-9)
    figures = []
    for end_V, percent in ((2.8, 3.0), (2.6, 1.0)):
        full = bank.initial_state(1.0, 25.0, cells, 1.0)
        run = cycling.hold_current(full, -LEFT_C * cells.capacity_Ah, 4.0 * end_V, STEP_S, 25.0, 10000, cells)
        left = 100.0 * (1.0 + run.total_Ah / cells.capacity_Ah)
        figures.append(within(f"battery_{own.kind.name}_left_at_{end_V:g}V_percent", left, "%", percent - 0.5,
                              percent + 0.5, "fitted", SOURCES["left"]))
    return figures


def currents(types: list[Own]) -> list[ValidationFigure]:
    """Return voltages at half charge after the highest current of either direction."""
    figures = []
    for kind, p in types:
        seconds = 3600.0 * kind.capacity_Ah / kind.most_A
        out = cycling.hold_current(bank.initial_state(1.0, 25.0, p, 1.0), -kind.most_A, 0.0, 1.0, 25.0,
                                   round(0.5 * seconds), p)
        into = cycling.hold_current(bank.initial_state(0.1, 25.0, p, -1.0), kind.most_A, 20.0, 1.0, 25.0,
                                    round(0.4 * seconds), p)
        name = f"battery_{kind.name}"
        figures.append(within(f"{name}_discharge_{kind.most_A:.0f}A_V", out.voltage_V[-1], "V", END_V, math.inf,
                              "validated", SOURCES["discharge"]))
        cell_V = (into.voltage_V[-1] - p.terminal_resistance_ohm * kind.most_A) / 4.0
        figures.append(within(f"{name}_charge_{kind.most_A:.0f}A_cell_V", cell_V, "V", -math.inf, CELL_HIGH_V,
                              "validated", SOURCES["charge"]))
    return figures


def resistances(types: list[Own]) -> list[ValidationFigure]:
    """Return the resistance at once at half charge, where the later series publishes one."""
    figures = []
    for kind, p in types:
        if kind.name in SUCCESSOR_mohm:
            asked = SUCCESSOR_mohm[kind.name]
            mohm = 1e3 * bank.thevenin(bank.initial_state(0.5, 25.0, p), p)[1]
            figures.append(within(f"battery_{kind.name}_resistance_mohm", mohm, "mohm", asked - 0.5, asked + 0.5,
                                  "validated", SOURCES["ohm"]))
    return figures


def rest_figure(own: Own) -> ValidationFigure:
    """Return where a battery rests an hour after its charge."""
    p = own.p
    rising = cycling.hold_current(bank.initial_state(0.9, 25.0, p, 1.0), 0.5 * p.capacity_Ah, CHARGE_V, STEP_S, 25.0,
                                  10000, p)
    state = cycling.hold_voltage(rising.state, CHARGE_V, TAIL_C * p.capacity_Ah, STEP_S, 25.0, 10000, p).state
    for _ in range(360):
        state = bank.step(state, 0.0, 10.0, 25.0, p)
    return within(f"battery_{own.kind.name}_rest_after_14.2V_V", bank.thevenin(state, p)[0], "V", 13.3, 14.3, "ours",
                  SOURCES["rest"])
