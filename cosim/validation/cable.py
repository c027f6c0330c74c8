"""Cables: steady temperature and ampacity beside a published table."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cosim.plot.styles import CYCLE, DOTTED, SHORT_DASH, style
from cosim.validation.drawing import finish, sheet
from cosim.validation.figure import ValidationFigure, within
from cosim.validation.register import Checked
from models import cable

TABLE_A = {16.0: 95.0, 25.0: 127.0, 35.0: 156.0, 50.0: 190.0, 70.0: 242.0, 95.0: 301.0, 120.0: 352.0}
TABLE_AIR_degC, TABLE_COPPER_degC = 52.0, 90.0
"""Current in air [A] by cross-section [mm2] of single-core cables, at these temperatures."""

LENGTH_m = 10.0
"""Long, so that the lugs do not count."""

SOURCES = {
    "table": "Gulf Cable, single-core unarmoured cables, current in air (read at gulfcable.com): copper 90 degC, "
            "air 52 degC, two cables one diameter apart; the film coefficient was not set by it; +-8 %",
    "product": "200 A continuous (requirement S1) through 50 mm2 at 30 degC of air; copper of usual battery cable "
            "bears 90 degC (ours)",
    "tau": "minutes: a cable of 50 mm2 outlasts an overload of seconds and follows one of an hour; range ours",
}


def check(data: Path | None) -> Checked:
    """Validate the cables; measured data is not needed."""
    return Checked(validate_cable(), draw_cable())


def ampacity_A(area_mm2: float, air_degC: float, copper_degC: float) -> float:
    """Return the current that holds the copper at a temperature: I = sqrt((T - Ta) / (Rth R(T))) [A]."""
    p = cable.load_cable(LENGTH_m, area_mm2)
    return math.sqrt((copper_degC - air_degC) / (p.thermal_resistance_K_W * cable.resistance_ohm(copper_degC, p)))


def settled_degC(area_mm2: float, current_A: float, air_degC: float) -> float:
    """Return the temperature that a cable settles to [degC]."""
    return cable.step_temperature(air_degC, current_A, air_degC, 1e6, cable.load_cable(LENGTH_m, area_mm2))


def validate_cable() -> list[ValidationFigure]:
    """Return the figures of the cables."""
    fifty = cable.load_cable(LENGTH_m, 50.0)
    return [
        *(
            within(f"cable_{area:.0f}mm2_ampacity_relative",
                   ampacity_A(area, TABLE_AIR_degC, TABLE_COPPER_degC) / published_A,
                   "1", 0.92, 1.08, "validated", SOURCES["table"])
            for area, published_A in TABLE_A.items()
        ),
        within("cable_50mm2_200A_air_30C_degC", settled_degC(50.0, 200.0, 30.0), "degC", -math.inf, 90.0, "ours",
               SOURCES["product"]),
        within("cable_50mm2_time_constant_min", fifty.heat_capacity_J_K * fifty.thermal_resistance_K_W / 60.0, "min",
               3.0, 20.0, "ours", SOURCES["tau"]),
    ]


@style()
def draw_cable() -> Figure:
    """Draw ampacity over cross-section with the table, and temperature over current."""
    figure, (ampacity, warm) = sheet(1, 2, "Battery cables, fine-stranded copper in air")
    areas = np.geomspace(10.0, 150.0, 60)
    for stroke, air_degC in zip(CYCLE, (25.0, TABLE_AIR_degC, 70.0), strict=False):
        ampacity.plot(areas, [ampacity_A(float(a), air_degC, TABLE_COPPER_degC) for a in areas], color=stroke.colour,
                      linestyle=stroke.dash, label=f"model, air {air_degC:.0f} \N{DEGREE SIGN}C")
    ampacity.plot(list(TABLE_A), list(TABLE_A.values()), "x", color="black", label="table, air 52 \N{DEGREE SIGN}C")
    finish(ampacity, "current at 90 \N{DEGREE SIGN}C copper", "cross-section [mm2]", "current [A]")
    currents = np.linspace(0.0, 300.0, 61)
    for stroke, area in zip(CYCLE, (25.0, 35.0, 50.0, 70.0), strict=False):
        temperatures = np.array([settled_degC(area, float(i), 30.0) for i in currents])
        warm.plot(currents, np.where(temperatures < 160.0, temperatures, np.nan), color=stroke.colour,
                  linestyle=stroke.dash, label=f"{area:.0f} mm2")
    warm.axhline(90.0, color="black", linestyle=SHORT_DASH, linewidth=1.0, label="90 \N{DEGREE SIGN}C")
    warm.axvline(200.0, color="grey", linestyle=DOTTED, label="200 A")
    finish(warm, "settled temperature, air 30 \N{DEGREE SIGN}C", "current [A]", "temperature [\N{DEGREE SIGN}C]")
    return figure
