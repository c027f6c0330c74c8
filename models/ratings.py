"""What power devices endure: ratings of each device class of `netlists/devices.lib`, read from parameter files.

A rating is data, not physics: every value carries its source (a data sheet,
or ours). `cosim.circuit.safe_area` compares waveforms with them.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models import parameter_file

Array = NDArray[np.float64]


class MosfetRatings(NamedTuple):
    """Ratings of one MOSFET.

    Attributes
    ----------
    drain_voltage_V : float
        Largest drain-source voltage.
    avalanche_J : float
        Energy of a single avalanche.
    junction_degC : float
        Hottest junction.
    linear_voltage_V : float
        Drain-source voltage above which conducting counts as linear mode.
    soa_width_s, soa_power_W : ndarray
        Safe operating area in linear mode: power that a pulse of this width may have at a case temperature of
        `soa_case_degC`; it falls linearly to zero where the case reaches `junction_degC`.
    soa_knee_V : float
        Drain-source voltage above which that power falls as 1/V: the hottest cells draw the current (Spirito), the
        sooner the higher the voltage.
    soa_case_degC : float
        Case temperature of that curve.
    """

    drain_voltage_V: float
    avalanche_J: float
    junction_degC: float
    linear_voltage_V: float
    soa_width_s: Array
    soa_power_W: Array
    soa_knee_V: float
    soa_case_degC: float


class TvsRatings(NamedTuple):
    """Ratings of one transient voltage suppressor.

    Attributes
    ----------
    standoff_V : float
        Voltage that it may see for ever.
    breakdown_low_V, breakdown_high_V, breakdown_A : float
        Band of its breakdown voltage at a test current.
    clamp_V, clamp_A : float
        Highest clamping voltage, at the peak current of the 10/1000 us wave.
    pulse_width_s, pulse_power_W : ndarray
        Peak power of a single pulse against its width at half of the peak.
    steady_W : float
        Continuous power.
    ambient_K_W : float
        Junction to ambient on its board; for pulses that come again and again.
    junction_degC : float
        Hottest junction.
    """

    standoff_V: float
    breakdown_low_V: float
    breakdown_high_V: float
    breakdown_A: float
    clamp_V: float
    clamp_A: float
    pulse_width_s: Array
    pulse_power_W: Array
    steady_W: float
    ambient_K_W: float
    junction_degC: float


MOSFET_UNITS = {
    "drain_voltage_V": "V", "avalanche_J": "J", "junction_degC": "degC", "linear_voltage_V": "V",
    "soa_width_s": "s", "soa_power_W": "W", "soa_knee_V": "V", "soa_case_degC": "degC",
}
TVS_UNITS = {
    "standoff_V": "V", "breakdown_low_V": "V", "breakdown_high_V": "V", "breakdown_A": "A", "clamp_V": "V",
    "clamp_A": "A", "pulse_width_s": "s", "pulse_power_W": "W", "steady_W": "W", "ambient_K_W": "K/W",
    "junction_degC": "degC",
}


def load_mosfet(name_or_path: str | Path) -> MosfetRatings:
    """Load the ratings of a MOSFET class.

    Parameters
    ----------
    name_or_path : str or Path
        Shipped name (`ratings_n100` for the model N100) or path of a parameter file.

    Raises
    ------
    models.parameter_file.ParameterError
        If the file cannot be used.
    """
    file = parameter_file.load(name_or_path, "mosfet_ratings", MOSFET_UNITS)
    file.same_length("soa_width_s", "soa_power_W")
    return MosfetRatings(
        drain_voltage_V=file.number("drain_voltage_V", 1.0, 2000.0),
        avalanche_J=file.number("avalanche_J", 0.0, 100.0),
        junction_degC=file.number("junction_degC", 25.0, 300.0),
        linear_voltage_V=file.number("linear_voltage_V", 0.1, 100.0),
        soa_width_s=file.array("soa_width_s", 1e-7, 1e3, rising=True),
        soa_power_W=file.array("soa_power_W", 1e-3, 1e6),
        soa_knee_V=file.number("soa_knee_V", 1.0, 2000.0),
        soa_case_degC=file.number("soa_case_degC", -55.0, 150.0),
    )


def load_tvs(name_or_path: str | Path) -> TvsRatings:
    """Load the ratings of a TVS class, as `load_mosfet`."""
    file = parameter_file.load(name_or_path, "tvs_ratings", TVS_UNITS)
    file.same_length("pulse_width_s", "pulse_power_W")
    return TvsRatings(
        standoff_V=file.number("standoff_V", 1.0, 2000.0),
        breakdown_low_V=file.number("breakdown_low_V", 1.0, 2000.0),
        breakdown_high_V=file.number("breakdown_high_V", 1.0, 2000.0),
        breakdown_A=file.number("breakdown_A", 1e-6, 1.0),
        clamp_V=file.number("clamp_V", 1.0, 2000.0),
        clamp_A=file.number("clamp_A", 0.01, 1e5),
        pulse_width_s=file.array("pulse_width_s", 1e-7, 1e3, rising=True),
        pulse_power_W=file.array("pulse_power_W", 1e-3, 1e7),
        steady_W=file.number("steady_W", 1e-3, 1e3),
        ambient_K_W=file.number("ambient_K_W", 0.1, 1e3),
        junction_degC=file.number("junction_degC", 25.0, 300.0),
    )
