"""The plain sections of a scenario: circuit, source, drive, cables, ambients, windows, and what is kept."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from cosim.scenario.bank import Cable, Fraction
from cosim.scenario.base import STRICT, Name, ParameterName, WrongKey

Temperature = Annotated[float, Field(ge=-40.0, le=125.0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
VehicleLoad = Annotated[float, Field(ge=0.0, le=400.0)]
EmfPoint = Annotated[tuple[NotNegative, Annotated[float, Field(ge=-20.0, le=40.0)]], Field(strict=False)]


class _Strict(BaseModel):
    model_config = STRICT


class Circuit(_Strict):
    """Which circuit stands between the alternator port and the battery, and its changed parameters."""

    netlist: Literal["alternator_path", "direct_connection"] = Field(
        default="alternator_path", description="Circuit of the alternator port; `direct_connection` is a cable."
    )
    parameters: dict[Name, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        default={}, description="Changed parameters of the netlist, such as `{rs2: 0.0005}`; its head lists them."
    )


class Vehicle(_Strict):
    """Alternator, starter battery and the vehicle's own consumers."""

    kind: Literal["vehicle"] = "vehicle"
    alternator: ParameterName = Field(
        default="alternator_150A", description="Parameter file of the alternator, shipped or beside the scenario."
    )
    starter_battery: ParameterName = Field(
        default="starter_battery_70Ah", description="Parameter file of the starter battery."
    )
    starter_soc: Fraction = Field(default=0.9, description="Charge of the starter battery at the start, 0 to 1.")
    load_A: VehicleLoad = Field(default=25.0, description="The vehicle's own consumption while its engine runs.")
    parked_load_A: VehicleLoad = Field(default=0.05, description="The vehicle's own consumption while it is parked.")


class Supply(_Strict):
    """A laboratory supply in place of the vehicle: electromotive force over time behind a resistance.

    `emf_V` are corners of straight lines. Between windows it is sampled on the ticks; corners denser than `tick_s`
    (ripple) are an event 'input between ticks' in the log. Windows follow every corner.
    """

    kind: Literal["supply"]
    emf_V: list[EmfPoint] = Field(
        min_length=1, description="Corners `[time_s, volts]` of the electromotive force, straight lines between them."
    )
    resistance_ohm: Annotated[float, Field(ge=1e-4, le=10.0)] = Field(
        default=0.002, description="Source resistance of the supply."
    )
    inductance_H: Annotated[float, Field(ge=1e-9, le=1e-4)] = Field(
        default=0.3e-6, description="Inductance of the supply and its leads."
    )

    @field_validator("emf_V")
    @classmethod
    def _times_rise(cls, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        if any(b[0] <= a[0] for a, b in pairwise(points)):
            raise ValueError("times must rise strictly")
        return points


class Segment(_Strict):
    """One described stretch of the drive."""

    kind: Literal["off", "crank", "idle", "city", "highway"] = Field(
        description="What the engine does; speeds and loads of each kind stand in the engine's parameter file."
    )
    duration_s: Annotated[float, Field(gt=0.0, le=1e7)] = Field(default=1.0, description="How long it lasts.")


class Trace(_Strict):
    """A measured speed trace (columns time_s, speed_m_s), or several one after the other."""

    files: list[str] = Field(min_length=1, description="CSV files, seen from the scenario's folder.")
    crank: bool = Field(default=True, description="Whether the engine is cranked before the trace begins.")


class Drive(_Strict):
    """Engine use over time: described segments (as often as `repeat` says), or speed traces."""

    segments: list[Segment] | None = Field(default=None, description="Described stretches, one after the other.")
    repeat: Annotated[int, Field(ge=1, le=1000)] = Field(default=1, description="How often the segments come.")
    trace: Trace | None = Field(default=None, description="Measured speed traces in place of segments.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Drive:
        if (self.segments is None) == (self.trace is None):
            raise ValueError("give either segments or trace")
        if self.segments is not None and not self.segments:
            raise WrongKey("segments", "an empty list", "give at least one segment: {kind: highway, duration_s: 600}")
        return self


class Cables(_Strict):
    """Alternator to starter battery, starter battery to BMS input, and BMS to LFP battery."""

    alternator: Cable = Field(
        default=Cable(length_m=1.5, area_mm2=35.0), description="From the alternator to the starter battery."
    )
    input: Cable = Field(
        default=Cable(length_m=4.0, area_mm2=35.0), description="From the starter battery to the BMS's input."
    )
    battery: Cable = Field(
        default=Cable(length_m=1.0, area_mm2=50.0), description="From the BMS to the LFP bank."
    )


class Parts(_Strict):
    """Parameter files of what every system has: the fuse family, and the thermal network of the box."""

    fuse: ParameterName = Field(default="fuse_mega", description="Parameter file of the fuse family.")
    box: ParameterName = Field(default="box_12_200", description="Parameter file of the BMS's thermal network.")


class Ambient(_Strict):
    """The three ambients (G1)."""

    engine_bay_degC: Temperature = Field(default=60.0, description="Air around the alternator.")
    bms_degC: Annotated[float, Field(ge=-40.0, le=85.0)] = Field(default=25.0, description="Air around the BMS.")
    battery_degC: Annotated[float, Field(ge=-40.0, le=80.0)] = Field(
        default=25.0, description="Air around the LFP bank."
    )


class UserWindow(_Strict):
    """A stretch that is to run in full SPICE whatever happens there."""

    name: Name = Field(description="Name of the window in the result; names must differ.")
    start_s: NotNegative = Field(description="When it begins.")
    duration_s: Annotated[float, Field(gt=0.0, le=600.0)] = Field(description="How long it lasts.")
    max_step_s: Annotated[float, Field(ge=1e-7, le=0.05)] | None = Field(
        default=None, description="Longest SPICE step in it; left out, the engine chooses."
    )


class Recording(_Strict):
    """How densely the slow waveforms are kept; windows are kept point by point."""

    period_s: Annotated[float, Field(gt=0.0, le=3600.0)] = Field(
        default=1.0, description="Time between two kept points of the slow waveforms."
    )


class Readout(_Strict):
    """Instant readout (K2), which `settings: {instant_readout: true}` switches on: its period, and who may read it.

    `keys` is a file with a key per battery, from the scenario's folder; without it they come from the seed.
    """

    period_s: Annotated[float, Field(ge=1.0, le=3600.0)] = Field(
        default=60.0, description="Time between two broadcasts of a battery."
    )
    keys: Annotated[str, Field(min_length=1, max_length=300)] | None = Field(
        default=None, description="File with a key per battery, seen from the scenario's folder."
    )


class Continuous(_Strict):
    """Limits of continuous mode: longest SPICE step, and the budgets of accepted and of kept points."""

    max_step_s: Annotated[float, Field(ge=1e-6, le=0.1)] = Field(default=0.1, description="Longest SPICE step.")
    max_points: Annotated[int, Field(ge=1000, le=20_000_000)] = Field(
        default=3_000_000, description="Accepted points after which the run is given up."
    )
    kept_points: Annotated[int, Field(ge=100, le=20_000_000)] = Field(
        default=50_000, description="Points of the result; more are thinned out."
    )
