"""Copper cable: resistance, inductance, temperature.

Source of the relations: R20 = rho L / A with rho = 1.724e-8 ohm m (IEC 60028, annealed copper), alpha =
3.93e-3 1/K; heat capacity from 8.96 g/cm3 and 385 J/(kg K) plus the insulation.
"""

from pathlib import Path
from typing import NamedTuple

from models import parameter_file
from models.compiled import borrowing
from models.linear import relax


class CableParameters(NamedTuple):
    """Parameters of one cable.

    Attributes
    ----------
    resistance_20_ohm, alpha_per_K : float
        Resistance at 20 degC and its temperature coefficient.
    inductance_H : float
        Loop inductance share of the cable.
    heat_capacity_J_K, thermal_resistance_K_W : float
        Whole cable against the surrounding air.
    """

    resistance_20_ohm: float
    alpha_per_K: float
    inductance_H: float
    heat_capacity_J_K: float
    thermal_resistance_K_W: float


UNITS = {
    "resistivity_20_ohm_m": "ohm m",
    "alpha_per_K": "1/K",
    "lay_factor": "1",
    "inductance_per_m_H": "H/m",
    "contact_resistance_ohm": "ohm",
    "copper_heat_J_m3_K": "J/(m3 K)",
    "insulation_heat_fraction": "1",
    "convection_W_m2_K": "W/(m2 K)",
    "insulation_thickness_m": "m",
}


def load_cable(
    length_m: float, area_mm2: float, name_or_path: str | Path = "cable_copper"
) -> CableParameters:
    """Make the parameters of a cable from its length and cross-section.

    Parameters
    ----------
    length_m : float
        Length [m], 0.01 to 100.
    area_mm2 : float
        Copper cross-section [mm2], 0.5 to 300.
    name_or_path : str or Path
        File with the material data.

    Returns
    -------
    CableParameters
        R = lay factor rho L / A + two lug contacts; thermal resistance from the outer surface and a film
        coefficient.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file, the length or the cross-section cannot be used.
    """
    file = parameter_file.load(name_or_path, "cable", UNITS)
    for field, value, low, high in (("length_m", length_m, 0.01, 100.0), ("area_mm2", area_mm2, 0.5, 300.0)):
        if not low <= value <= high:
            raise parameter_file.ParameterError(f"cable: {field}: {value:g}; allowed: {low:g} to {high:g}")
    area_m2 = area_mm2 * 1.0e-6
    # A strand fills about 75 % of its circle, hence pi r^2 = area / 0.75.
    strand_radius_m = (area_m2 / 0.75 / 3.141592653589793) ** 0.5
    surface_m2 = (
        2.0 * 3.141592653589793 * (strand_radius_m + file.number("insulation_thickness_m")) * length_m
    )
    resistance = file.number("resistivity_20_ohm_m", 1.0e-8, 1.0e-7) * file.number("lay_factor", 1.0, 1.1)
    copper_J_K = file.number("copper_heat_J_m3_K", 1.0e6, 1.0e7) * area_m2 * length_m
    return CableParameters(
        resistance_20_ohm=resistance * length_m / area_m2
        + 2.0 * file.number("contact_resistance_ohm", 0.0, 1.0e-2),
        alpha_per_K=file.number("alpha_per_K", 0.0, 0.01),
        inductance_H=file.number("inductance_per_m_H", 0.0, 1.0e-5) * length_m,
        heat_capacity_J_K=copper_J_K * (1.0 + file.number("insulation_heat_fraction", 0.0, 2.0)),
        thermal_resistance_K_W=1.0 / (file.number("convection_W_m2_K", 1.0, 100.0) * surface_m2),
    )


@borrowing
def resistance_ohm(temperature_degC: float, p: CableParameters) -> float:
    """Return R = R20 (1 + alpha (T - 20)) [ohm], the bracket not below 0.1."""
    return p.resistance_20_ohm * max(0.1, 1.0 + p.alpha_per_K * (temperature_degC - 20.0))


@borrowing
def heat_W(temperature_degC: float, current_A: float, p: CableParameters) -> float:
    """Return the heat made in the cable now [W]."""
    return current_A * current_A * resistance_ohm(temperature_degC, p)


@borrowing
def step_temperature(
    temperature_degC: float, current_A: float, ambient_degC: float, dt_s: float, p: CableParameters
) -> float:
    """Return the temperature [degC] after ``dt_s`` at held current; exact, with R(T) inside the exponent.

    C dT/dt = I^2 R20 (1 + alpha (T - 20)) - (T - ambient) / Rth.
    """
    heat_20_W = current_A * current_A * p.resistance_20_ohm
    rate_1_s = (p.alpha_per_K * heat_20_W - 1.0 / p.thermal_resistance_K_W) / p.heat_capacity_J_K
    constant_W = heat_20_W * (1.0 - 20.0 * p.alpha_per_K) + ambient_degC / p.thermal_resistance_K_W
    return relax(temperature_degC, rate_1_s, constant_W / p.heat_capacity_J_K, dt_s)
