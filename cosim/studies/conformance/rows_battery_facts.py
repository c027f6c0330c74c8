"""Row B6: published facts of the batteries. What `validate battery` computes is read, not computed again.

The curves beside each figure are the same cycles, drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Lab
from cosim.studies.conformance.look import evidence, trace
from cosim.validation import battery as validated
from cosim.validation.figure import ValidationFigure
from models import bank, chargers, cycling
from models.scaling import RATE_C, TYPES
from models.scaling_fit import END_V, STEP_S, chamber

Array = NDArray[np.float64]

BEYOND_V = 10.8
"""Discharges are drawn a little beyond their end."""
PREFIX = "battery_"


def as_entry(figure: ValidationFigure, corner: Corner, seen: Evidence) -> Entry:
    """Entry of a figure of the validation, with its own status as trust (fitted or validated)."""
    name = "B6." + figure.name.removeprefix(PREFIX).replace(".", "_")
    return Entry("B6", name, "bench of models (validate battery)", "measured", figure.value, corner.name,
                 corner.variant, figure.status, figure.source, seen)


def discharges(types: list[validated.Own], degC: float) -> Evidence:
    """Terminal voltage over the part of the charge, all types at one temperature."""
    traces = []
    for kind, p in types:
        full = bank.initial_state(1.0, degC, chamber(p), 1.0)
        ran = cycling.hold_current(full, -RATE_C * p.capacity_Ah, BEYOND_V, STEP_S, degC, 10000, chamber(p))
        traces.append(trace(kind.name, "V", -100.0 * ran.charge_Ah / kind.capacity_Ah, ran.voltage_V))
    crossing = float(np.interp(-END_V, -traces[0].value, traces[0].time_s))
    return evidence(*traces, marks=[(crossing, END_V, f"11.2 V, {degC:g} degC")], limit=False,
                    x_label=f"charge drawn at {RATE_C:g} C and {degC:g} degC [% of nominal]")


def capacities(corner: Corner) -> list[Entry]:
    """Capacity of every type at 25, 0 and -20 degC."""
    types = [validated.load(kind) for kind in TYPES]
    seen = {degC: discharges(types, degC) for degC in (25.0, 0.0, -20.0)}
    by_name = {"25C": 25.0, "0C": 0.0, "minus20C": -20.0}
    return [as_entry(figure, corner, seen[by_name[figure.name.split("_")[-2]]])
            for figure in validated.capacities(types)]


def cycles(corner: Corner) -> list[Entry]:
    """Round trip of energy at two rates, and what is left at 2.8 and 2.6 V per cell."""
    own = next(validated.load(kind) for kind in TYPES if kind.name == validated.FITTED)
    held = chamber(own.p)
    entries = []
    for figure, rate_C in zip(validated.efficiencies(own), (0.2, 1.0), strict=True):
        current_A = rate_C * own.p.capacity_Ah
        full = bank.initial_state(1.0, 25.0, held, 1.0)
        empty = cycling.hold_current(full, -current_A, END_V, STEP_S, 25.0, 10000, held)
        rising = cycling.hold_current(empty.state, current_A, validated.CHARGE_V, STEP_S, 25.0, 10000, held)
        seen = evidence(
            trace(f"discharge, {rate_C:g} C", "V", empty.time_s, empty.voltage_V),
            trace("charge until 14.2 V", "V", empty.time_s[-1] + rising.time_s, rising.voltage_V),
            limit=False,
        )
        entries.append(as_entry(figure, corner, seen))
    cells = held._replace(terminal_resistance_ohm=1.0e-9)
    ran = cycling.hold_current(bank.initial_state(1.0, 25.0, cells, 1.0), -validated.LEFT_C * cells.capacity_Ah, 10.2,
                               5.0, 25.0, 10000, cells)
    left = 100.0 * (1.0 + ran.charge_Ah / cells.capacity_Ah)
    near = left < 15.0
    for figure, cell_V in zip(validated.charge_left(own), (2.8, 2.6), strict=True):
        seen = evidence(trace(f"cell, {validated.LEFT_C:g} C", "V", 100.0 - left[near], 0.25 * ran.voltage_V[near]),
                        marks=[(100.0 - figure.value, cell_V, f"{figure.value:.2f} % left")], limit=False,
                        x_label="charge drawn [%]")
        entries.append(as_entry(figure, corner, seen))
    return entries


def currents(corner: Corner) -> list[Entry]:
    """Voltages at half charge after the highest currents."""
    types = [validated.load(kind) for kind in TYPES]
    out, into = [], []
    for kind, p in types:
        steps = round(0.5 * 3600.0 * kind.capacity_Ah / kind.most_A)
        low = cycling.hold_current(bank.initial_state(1.0, 25.0, p, 1.0), -kind.most_A, 0.0, 1.0, 25.0, steps, p)
        high = cycling.hold_current(bank.initial_state(0.1, 25.0, p, -1.0), kind.most_A, 20.0, 1.0, 25.0,
                                    round(0.8 * steps), p)
        out.append(trace(f"{kind.name}, {kind.most_A:.0f} A out", "V", low.time_s, low.voltage_V))
        cell_V = 0.25 * (high.voltage_V - p.terminal_resistance_ohm * kind.most_A)
        into.append(trace(f"{kind.name}, {kind.most_A:.0f} A in, per cell", "V", high.time_s, cell_V))
    seen = {"discharge": evidence(*out), "charge": evidence(*into)}
    return [as_entry(figure, corner, seen[figure.name.split("_")[2]]) for figure in validated.currents(types)]


def read_back(corner: Corner) -> list[Entry]:
    """Charging voltages: what the chargers of the scenarios are set to."""
    own = chargers.load_charger("charger_mains_12V_70A")
    return [
        Entry("B6", f"B6.{name}", "parameter of the mains charger", "assumed", value, corner.name, corner.variant,
              note=f"{value:g} V: an input of the scenarios; {text}")
        for name, value, text in (
            ("charge_V", float(own.absorption_V), "published: charge 14.0 to 14.4 V, 14.2 V recommended"),
            ("float_V", float(own.float_V), "published: float 13.5 V"),
        )
    ]


def facts(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """All published facts."""
    del lab, changes
    return [*capacities(corner), *cycles(corner), *currents(corner), *read_back(corner)]


BENCHES: tuple[Bench, ...] = (Bench("battery_facts", ("B6",), facts, 3.0),)
