r"""Heat that a closed box gives to still air, by free convection and radiation of its outer faces.

With the `emissivity` eps of its faces::

    P  = A (h_c + h_r) (T - Ta)
    h_c = Nu k / L,   Nu = (0.825 + 0.387 Ra^(1/6) / (1 + (0.492/Pr)^(9/16))^(8/27))^2
          (vertical isothermal plate, 1 <= Ra <= 1e12: Churchill and Chu 1975, read as quoted by A. Jaffer, 'Free
          convection from rectangular plate', voluntocracy.blogspot.com 2011)
    Ra = g |T - Ta| L^3 Pr / (Tf nu^2),   Tf the mean of surface and air in kelvin
    h_r = eps sigma (T^4 - Ta^4) / (T - Ta)

The faces are taken as vertical plates of one height L and as isothermal; the air's k and nu follow powers of Tf (ours,
within 2 % of tables from 230 to 400 K). Fins, wind and the wall behind are left out, so the estimate is an upper bound
of the thermal resistance of a finned box in free air.
"""

import math

from models.compiled import borrowing

SIGMA_W_m2_K4 = 5.670374e-8
GRAVITY_m_s2 = 9.81
ZERO_degC_K = 273.15
PRANDTL_AIR = 0.71


@borrowing
def exposed_area_m2(height_m: float, width_m: float, length_m: float) -> float:
    """Return the outer surface without the face (width x length) that it is mounted on [m2]."""
    return 2.0 * height_m * (width_m + length_m) + width_m * length_m


@borrowing
def convection_W_m2_K(surface_degC: float, air_degC: float, plate_height_m: float) -> float:
    """Return the mean film coefficient of free convection on a vertical plate [W/(m2 K)]; see the module."""
    film_K = 0.5 * (surface_degC + air_degC) + ZERO_degC_K
    conductivity_W_m_K = 0.0263 * math.pow(film_K / 300.0, 0.82)
    viscosity_m2_s = 1.589e-5 * math.pow(film_K / 300.0, 1.78)
    rayleigh = (
        GRAVITY_m_s2 * abs(surface_degC - air_degC) * math.pow(plate_height_m, 3.0) * PRANDTL_AIR
        / (film_K * viscosity_m2_s * viscosity_m2_s)
    )
    shape = math.pow(1.0 + math.pow(0.492 / PRANDTL_AIR, 9.0 / 16.0), 8.0 / 27.0)
    root = 0.825 + 0.387 * math.pow(rayleigh, 1.0 / 6.0) / shape
    return root * root * conductivity_W_m_K / plate_height_m


@borrowing
def radiation_W_m2_K(surface_degC: float, air_degC: float, emissivity: float) -> float:
    """Return the film coefficient of radiation to surroundings at air temperature [W/(m2 K)]."""
    surface_K, air_K = surface_degC + ZERO_degC_K, air_degC + ZERO_degC_K
    return emissivity * SIGMA_W_m2_K4 * (surface_K * surface_K + air_K * air_K) * (surface_K + air_K)


@borrowing
def box_heat_W(
    surface_degC: float, air_degC: float, area_m2: float, plate_height_m: float, emissivity: float
) -> float:
    """Return the heat that the box gives to the air [W], negative if it is colder."""
    film = convection_W_m2_K(surface_degC, air_degC, plate_height_m)
    film += radiation_W_m2_K(surface_degC, air_degC, emissivity)
    return area_m2 * film * (surface_degC - air_degC)


def surface_temperature_degC(
    heat_W: float, air_degC: float, area_m2: float, plate_height_m: float, emissivity: float
) -> float:
    """Return the surface temperature at which the box gives off this heat [degC], by bisection to 1 mK.

    Raises
    ------
    ValueError
        If the heat is negative or would need a rise of more than 500 K.
    """
    low, high = air_degC, air_degC + 500.0
    if not 0.0 <= heat_W <= box_heat_W(high, air_degC, area_m2, plate_height_m, emissivity):
        raise ValueError(f"heat {heat_W:g} W: allowed: 0 to what a rise of 500 K gives off")
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        if box_heat_W(middle, air_degC, area_m2, plate_height_m, emissivity) < heat_W:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
