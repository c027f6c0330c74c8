"""The part of a scenario that describes the bank, and what it makes of it: parameters and initial state."""

from __future__ import annotations

import functools
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, model_validator

from cosim.scenario.base import STRICT, ParameterName
from models import bank, cable
from models.bank_rows import LANES
from models.parameter_file import ParameterError

Array = NDArray[np.float64]

Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
BatteryTemperature = Annotated[float, Field(ge=-40.0, le=80.0)]
CapacityFactor = Annotated[float, Field(ge=0.3, le=1.2)]
ResistanceFactor = Annotated[float, Field(ge=0.5, le=5.0)]
Deviation = Annotated[float, Field(ge=0.0, le=0.2)]

CLIPPED_AT = 3.0
"""Draws of the spread stay within so many deviations (ours)."""
OWN_CABLE_M, OWN_CABLE_MM2 = 0.5, 50.0
"""Cable of each battery where there are several and the scenario does not say (ours)."""


class _Strict(BaseModel):
    model_config = STRICT


class Cable(_Strict):
    """Copper cable, forward and return together."""

    length_m: Annotated[float, Field(gt=0.0, le=50.0)] = Field(description="Length, forward and return together.")
    area_mm2: Annotated[float, Field(ge=1.5, le=300.0)] = Field(description="Cross-section of the copper.")


class Battery(_Strict):
    """What one battery of the bank has of its own; all that is left out is as for the others.

    Factors hold for each of its cells, on top of the spread.
    """

    soc: Fraction | None = Field(default=None, description="Charge at the start, 0 to 1; left out, the bank's.")
    temperature_degC: BatteryTemperature | None = Field(
        default=None, description="Temperature at the start; left out, the bank's."
    )
    capacity_factor: CapacityFactor = Field(default=1.0, description="Capacity relative to the type's.")
    resistance_factor: ResistanceFactor = Field(default=1.0, description="Resistance relative to the type's.")
    cable: Cable | None = Field(default=None, description="Its own cable; left out, the bank's.")


class Spread(_Strict):
    """Spread of the cells, normal, from the scenario's seed; standard deviations (ours).

    Capacity and resistance relative to the nominal, soc absolute.
    """

    capacity: Deviation = Field(default=0.0, description="Standard deviation of the cells' capacities, relative.")
    resistance: Deviation = Field(default=0.0, description="Standard deviation of their resistances, relative.")
    soc: Deviation = Field(default=0.0, description="Standard deviation of their charges at the start, absolute.")


class Bank(_Strict):
    """The LFP bank: batteries of one type in parallel, their initial state, age and cables.

    `each` lists the batteries that are not as the rest, the first entry for the first battery; a missing entry, or an
    empty one, is a battery as described here.
    """

    battery: ParameterName = Field(
        default="battery_lfp_12V8_200Ah", description="Parameter file of the battery type."
    )
    batteries: Annotated[int, Field(ge=1, le=50)] = Field(
        default=1, description="Batteries in parallel: at most 10 (12-200) or 50 (12-200 NG)."
    )
    soc: Fraction = Field(default=0.5, description="Charge at the start, 0 empty to 1 full.")
    temperature_degC: BatteryTemperature = Field(default=25.0, description="Temperature of the cells at the start.")
    cable: Cable | None = Field(
        default=None, description="Cable of each battery; left out, none for one battery, 0.5 m of 50 mm2 for several."
    )
    each: list[Battery] = Field(default=[], description="What single batteries have of their own, the first first.")
    spread: Spread = Field(default=Spread(), description="Random spread of all cells.")

    @model_validator(mode="after")
    def _not_more_than_there_are(self) -> Bank:
        if len(self.each) > self.batteries:
            raise ValueError(f"each has {len(self.each)} entries; at most one per battery ({self.batteries})")
        return self

    def own(self, place: int) -> Battery:
        """What battery `place` (from 0) has of its own."""
        return self.each[place] if place < len(self.each) else Battery()


def bank_parameters(asked: Bank, seed: int) -> bank.BankParameters:
    """Parameters of the bank that a scenario asks for; raises `models.parameter_file.ParameterError`."""
    kind = bank.load_battery(asked.battery)
    cells = kind.capacity_factor.shape[1]
    if asked.batteries * cells > LANES:
        most = LANES // cells
        raise ParameterError(f"bank.batteries: {asked.batteries} of {cells} cells; allowed: up to {most} of these")
    own = [asked.own(b) for b in range(asked.batteries)]
    drawn = [draws(seed, b, cells) for b in range(asked.batteries)]
    capacity = [o.capacity_factor * (1.0 + asked.spread.capacity * d[0]) for o, d in zip(own, drawn, strict=True)]
    ohm = [o.resistance_factor * (1.0 + asked.spread.resistance * d[1]) for o, d in zip(own, drawn, strict=True)]
    return bank.of_batteries(
        kind, np.array(capacity), np.array(ohm), np.array([_cable_ohm(o.cable or asked.cable, asked) for o in own])
    )


def initial_bank(asked: Bank, seed: int, p: bank.BankParameters) -> bank.BankState:
    """State of the bank at rest: charges, with their spread, and temperatures."""
    batteries, cells = p.capacity_factor.shape
    soc = np.empty((batteries, cells))
    degC = np.empty((batteries, 1))
    for b in range(batteries):
        own = asked.own(b)
        soc[b] = (asked.soc if own.soc is None else own.soc) + asked.spread.soc * draws(seed, b, cells)[2]
        degC[b] = asked.temperature_degC if own.temperature_degC is None else own.temperature_degC
    return bank.initial_state(np.clip(soc, 0.0, 1.0), degC, p)


@functools.lru_cache(maxsize=128)
def draws(seed: int, battery: int, cells: int) -> Array:
    """Standard normal numbers of a battery's cells, shape (3, cells); the same however many batteries there are.

    Remembered, as a run asks three times; so they are not to be written to.
    """
    rng = np.random.default_rng([seed, battery])
    numbers = np.asarray(np.clip(rng.standard_normal((3, cells)), -CLIPPED_AT, CLIPPED_AT), dtype=np.float64)
    numbers.setflags(write=False)
    return numbers


def _cable_ohm(given: Cable | None, asked: Bank) -> float:
    """Resistance of a battery's own cable at 20 degC; a lone battery has none unless the scenario gives it one."""
    if given is None:
        if asked.batteries == 1:
            return 0.0
        given = Cable(length_m=OWN_CABLE_M, area_mm2=OWN_CABLE_MM2)
    return float(cable.resistance_ohm(20.0, cable.load_cable(given.length_m, given.area_mm2)))
