"""Box and heatsink: thermal resistance from size, mass and still air, beside the value in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cosim.plot.styles import CYCLE, DOTTED, SHORT_DASH, style
from cosim.validation.drawing import finish, sheet
from cosim.validation.figure import ValidationFigure, within
from cosim.validation.register import Checked
from models import heat
from models.enclosure import box_heat_W, exposed_area_m2, surface_temperature_degC

SIZE_m = (0.065, 0.120, 0.340)
MASS_kg = 2.0
"""Requirement G3: height over the mounting face, width, length; mass."""

EMISSIVITY = 0.9
"""Anodised or painted aluminium (ours)."""

PLATE_HEIGHT_m = SIZE_m[1]
"""The box hangs lengthwise on a wall (ours)."""

AMBIENTS_degC = (-40.0, 25.0, 60.0)
HEAT_W = 60.0
"""Heat at which the resistance is read: what the linear limiter may make at 60 degC (circuit facts: 35 to 68 W)."""

SOURCES = {
    "estimate": "models/enclosure.py from G3's 65 x 120 x 340 mm without fins, one face mounted: free convection "
            "(Churchill and Chu) and radiation (emissivity 0.9, ours); circuit facts give 0.5 to 0.7 K/W. A "
            "figure above 0.7 at -40 degC would cost nothing there",
    "in_use": "heatsink_ambient_K_W of the parameter file beside the estimate at 60 degC, +-15 %",
    "mass": "G3: 2 kg; at most all of it aluminium at 0.9 J/(g K), at least 60 % of it (ours)",
    "tau": "circuit facts: time constant about 15 min; +-20 %",
}


def check(data: Path | None) -> Checked:
    """Validate the box; measured data is not needed."""
    return Checked(validate_box(), draw_box())


def estimate_K_W(air_degC: float, heat_W: float = HEAT_W) -> float:
    """Return rise over heat of the box in still air [K/W]."""
    surface_degC = surface_temperature_degC(heat_W, air_degC, exposed_area_m2(*SIZE_m), PLATE_HEIGHT_m, EMISSIVITY)
    return (surface_degC - air_degC) / heat_W


def validate_box() -> list[ValidationFigure]:
    """Return the figures of the box."""
    p = heat.load_box()
    figures = [
        within(f"box_resistance_{air_degC:.0f}C_K_W".replace("-", "minus"), estimate_K_W(air_degC), "K/W", 0.5,
               1.0 if air_degC < 0.0 else 0.7 if air_degC > 40.0 else 0.8, "ours", SOURCES["estimate"])
        for air_degC in AMBIENTS_degC
    ]
    relative = p.heatsink_ambient_K_W / estimate_K_W(60.0)
    tau_min = p.heatsink_ambient_K_W * p.heatsink_J_K / 60.0
    return [
        *figures,
        within("box_resistance_in_use_relative", relative, "1", 0.85, 1.15, "ours", SOURCES["in_use"]),
        within("box_heat_capacity_J_K", p.heatsink_J_K, "J/K", 0.6 * 900.0 * MASS_kg, 900.0 * MASS_kg, "ours",
               SOURCES["mass"]),
        within("box_time_constant_min", tau_min, "min", 12.0, 18.0, "ours", SOURCES["tau"]),
    ]


@style()
def draw_box() -> Figure:
    """Draw heat over rise, and the resistance that follows, at three ambients."""
    figure, (heats, resistances) = sheet(1, 2, "Box of 65 x 120 x 340 mm in still air")
    in_use = heat.load_box().heatsink_ambient_K_W
    area_m2 = exposed_area_m2(*SIZE_m)
    rises = np.linspace(1.0, 90.0, 90)
    for stroke, air_degC in zip(CYCLE, AMBIENTS_degC, strict=False):
        powers = np.array([
            box_heat_W(air_degC + float(rise), air_degC, area_m2, PLATE_HEIGHT_m, EMISSIVITY) for rise in rises
        ])
        name = f"{air_degC:.0f} \N{DEGREE SIGN}C"
        heats.plot(rises, powers, color=stroke.colour, linestyle=stroke.dash, label=name)
        resistances.plot(powers, rises / powers, color=stroke.colour, linestyle=stroke.dash, label=name)
    heats.plot(rises, rises / in_use, color="black", linestyle=SHORT_DASH, label=f"in use: {in_use:g} K/W")
    resistances.axhline(in_use, color="black", linestyle=SHORT_DASH, label=f"in use: {in_use:g} K/W")
    resistances.axhspan(0.5, 0.7, color="grey", alpha=0.15, label="circuit facts: 0.5 to 0.7 K/W")
    resistances.axvline(HEAT_W, color="grey", linestyle=DOTTED, label=f"figures: at {HEAT_W:.0f} W")
    resistances.set_ylim(0.3, 1.2)
    resistances.set_xlim(0.0, 150.0)
    finish(heats, "heat to the air", "rise of the surface [K]", "heat [W]")
    finish(resistances, "thermal resistance", "heat [W]", "resistance [K/W]")
    return figure
