"""What stands at System+: the `system` section of a scenario, and the parameters that follow from it.

The models are `models.loads` and `models.chargers`, the port's gates `models.system_port`. Devices with `remote: bms`
obey the BMS's outputs: loads its load disconnect (O1), chargers its charge disconnect (O2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from cosim.errors import InputError
from cosim.scenario.base import STRICT, Name, ParameterName
from cosim.scenario.files import unusable
from models import cable, chargers, loads, system
from models.parameter_file import ParameterError

Time = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
Power = Annotated[float, Field(ge=0.0, le=1e5, allow_inf_nan=False)]
Irradiance = Annotated[float, Field(ge=0.0, le=1500.0, allow_inf_nan=False)]
PowerPoint = Annotated[tuple[Time, Power], Field(strict=False)]
SunPoint = Annotated[tuple[Time, Irradiance], Field(strict=False)]
Span = Annotated[tuple[Time, Time], Field(strict=False)]
Remote = Literal["bms", "always_on"]
"""Who drives a device's remote input: the BMS's disconnect wire, or nobody (a bridge that keeps it on)."""

DAY_S = 86_400.0
SYSTEM_PATH_OHM = 0.5e-3
"""Path from the battery stud to System+ inside the BMS (ours: back-to-back MOSFETs and busbars; 20 W at 200 A)."""


class _Strict(BaseModel):
    model_config = STRICT


def _rising(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if any(b[0] <= a[0] for a, b in pairwise(points)):
        raise ValueError("times must rise strictly")
    return points


class _Device(_Strict):
    """What all devices have: a name for record and picture (its kind if left out), and who drives its remote input."""

    name: Name | None = Field(default=None, description="What record and picture call it; left out, its kind.")
    remote: Remote = Field(default="bms", description="Whether it obeys the BMS's outputs, or always runs.")


class Inverter(_Device):
    """An inverter: parameter file, and its AC demand over time, straight between the points."""

    kind: Literal["inverter"]
    parameters: ParameterName = Field(default="inverter_12V_3000VA", description="Its parameter file.")
    demand_W: list[PowerPoint] = Field(
        min_length=1, description="AC demand: corners `[time_s, watts]`, straight lines between them."
    )

    _times_rise = field_validator("demand_W")(_rising)


class DcLoads(_Device):
    """DC loads behind one load switch."""

    kind: Literal["dc_loads"]
    parameters: ParameterName = Field(default="dc_load_camper", description="Its parameter file.")


class ClearDays(_Strict):
    """Days without a cloud: sunrise and sunset in seconds since midnight, time of the start of the run, peak."""

    sunrise_s: Annotated[float, Field(ge=0.0, lt=DAY_S)] = Field(
        default=21_600.0, description="Sunrise, since midnight."
    )
    sunset_s: Annotated[float, Field(gt=0.0, le=DAY_S)] = Field(
        default=64_800.0, description="Sunset, since midnight."
    )
    start_s: Annotated[float, Field(ge=0.0, lt=DAY_S)] = Field(
        default=0.0, description="Time of day at which the run begins, since midnight."
    )
    peak_W_m2: Irradiance = Field(default=900.0, description="Irradiance on the array at noon.")

    @model_validator(mode="after")
    def _day_has_a_length(self) -> ClearDays:
        if self.sunset_s <= self.sunrise_s:
            raise ValueError("sunset_s must be later than sunrise_s")
        return self


class Solar(_Device):
    """A solar charger: irradiance as clear days or as points, and the air around its array."""

    kind: Literal["solar"]
    parameters: ParameterName = Field(default="charger_mppt_12V_50A", description="Its parameter file.")
    clear_days: ClearDays | None = Field(default=None, description="Days without a cloud.")
    irradiance_W_m2: list[SunPoint] | None = Field(
        default=None, description="Corners `[time_s, irradiance]` in place of clear days."
    )
    air_degC: Annotated[float, Field(ge=-40.0, le=60.0)] = Field(
        default=20.0, description="Air around the array; cells get hotter and give less."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Solar:
        if (self.clear_days is None) == (self.irradiance_W_m2 is None):
            raise ValueError("give either clear_days or irradiance_W_m2")
        if self.irradiance_W_m2 is not None:
            if not self.irradiance_W_m2:
                raise ValueError("give at least one point")
            _rising(self.irradiance_W_m2)
        return self


class Mains(_Device):
    """A mains charger, plugged in between pairs of moments."""

    kind: Literal["mains"]
    parameters: ParameterName = Field(default="charger_mains_12V_70A", description="Its parameter file.")
    plugged_s: list[Span] = Field(min_length=1, description="Pairs of moments `[in, out]` of its plug.")

    @field_validator("plugged_s")
    @classmethod
    def _in_order(cls, spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
        moments = [moment for span in spans for moment in span]
        if any(b <= a for a, b in pairwise(moments)):
            raise ValueError("moments must rise strictly: [[in, out], [in, out]]")
        return spans


Device = Annotated[Inverter | DcLoads | Solar | Mains, Field(discriminator="kind")]
DEVICE_KINDS: tuple[type[BaseModel], ...] = (Inverter, DcLoads, Solar, Mains)

LOADERS: dict[str, Callable[[str], system.Device]] = {
    "inverter": loads.load_inverter, "dc_loads": loads.load_dc_load,
    "solar": chargers.load_charger, "mains": chargers.load_charger,
}
"""What reads the parameter file of each kind of device."""
MODELS = {"inverter": "inverter", "dc_loads": "dc_load", "solar": "charger", "mains": "charger"}
"""What such a file says that it is for."""


class System(_Strict):
    """The System+ port: its cable, and the devices in parallel at its end."""

    cable_length_m: Annotated[float, Field(gt=0.0, le=50.0)] = Field(
        default=2.0, description="Cable to the devices, forward and return together."
    )
    cable_area_mm2: Annotated[float, Field(ge=1.5, le=300.0)] = Field(
        default=70.0, description="Cross-section of its copper."
    )
    devices: list[Device] = Field(default=[], max_length=20, description="Loads and chargers, in parallel.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the devices: given, else the kind, numbered where it comes again."""
        kinds = [device.kind for device in self.devices]
        own = [kind if kinds.index(kind) == i else f"{kind}_{kinds[: i + 1].count(kind)}"
               for i, kind in enumerate(kinds)]
        return tuple(device.name or name for device, name in zip(self.devices, own, strict=True))

    @model_validator(mode="after")
    def _names_differ(self) -> System:
        twice = [name for name in self.names if self.names.count(name) > 1]
        if twice:
            raise ValueError(f"device names must differ, {twice[0]} is there twice")
        return self


def check_system(asked: System, origin: str) -> None:
    """Every parameter file that the section names must be usable, and a solar charger must have an array.

    Raises
    ------
    InputError
        With file, field, value and what is allowed.
    """
    for index, device in enumerate(asked.devices):
        field = f"system.devices.{index}.parameters"
        try:
            loaded = LOADERS[device.kind](device.parameters)
        except ParameterError as error:
            raise unusable(origin, field, device.parameters, MODELS[device.kind], error) from None
        if device.kind == "solar" and isinstance(loaded, chargers.ChargerParameters) and loaded.array_W <= 0.0:
            raise InputError(origin, field, device.parameters, "a charger with a solar array (array_W above 0)")


def system_parameters(
    asked: System, ambient_degC: float, more: Sequence[system.Device] = ()
) -> system.SystemParameters:
    """Parameters of all devices and of the way to them; raises `models.parameter_file.ParameterError`.

    The cable keeps the resistance that it has at the ambient of the BMS. `more` is what events put there.
    """
    copper = cable.load_cable(asked.cable_length_m, asked.cable_area_mm2)
    return system.gathered(
        [*(LOADERS[device.kind](device.parameters) for device in asked.devices), *more],
        [*(device.remote == "always_on" for device in asked.devices), *(True for _ in more)],
        float(cable.resistance_ohm(ambient_degC, copper)) + SYSTEM_PATH_OHM, SYSTEM_PATH_OHM,
    )
