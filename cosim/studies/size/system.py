"""System files: what a boat or van builder knows of his system, checked like a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from cosim.scenario.bank import Bank
from cosim.scenario.base import STRICT, Name, ParameterName
from cosim.scenario.model import Ambient, Cables, Scenario, parse_scenario
from cosim.scenario.problems import one_line
from cosim.scenario.reading import read_mapping, require_kind
from cosim.scenario.system import System

RATINGS_A = (40, 60, 80, 100, 125)
"""Fuses that the product takes (A3)."""
CRUISE_S, IDLE_S = 12 * 3600.0, 2 * 3600.0
"""Longest drive, and how long the engine idles (ours: all is warm after an hour)."""
PERIOD_S = 5.0


class _Strict(BaseModel):
    model_config = STRICT


class Limits(_Strict):
    """What must not be passed, where the parts' own files do not say it (ours, for cables with 105 degC insulation)."""

    cable_degC: Annotated[float, Field(ge=40.0, le=200.0)] = 90.0
    cable_drop_V: Annotated[float, Field(gt=0.0, le=5.0)] = 0.5


class SizedSystem(_Strict):
    """A system: a `description`, its alternator, consumers, cables, bank, devices at System+ and surroundings.

    `bank.soc` is the charge from which charging is told (20 % if left out); `full_soc` is what counts as charged.
    """

    name: Name
    description: str = ""
    variant: Literal["12-200", "12-200 NG"] = "12-200"
    limiter: Literal["linear", "buck"] = "linear"
    alternator: ParameterName
    starter_battery: ParameterName = "starter_battery_70Ah"
    vehicle_load_A: Annotated[float, Field(ge=0.0, le=400.0)] = 25.0
    cables: Cables = Cables()
    bank: Bank = Bank(soc=0.2)
    system: System = System()
    ambient: Ambient = Ambient()
    limits: Limits = Limits()
    full_soc: Annotated[float, Field(ge=0.5, le=0.99)] = 0.95


class Asked(BaseModel):
    """A system, its file's content and where the file is."""

    system: SizedSystem
    content: dict[str, Any]
    file: Path


def load_system(file: Path) -> Asked:
    """Read and check a system file; raises `InputError` with file, field, value and what is allowed."""
    content = read_mapping(file)
    if isinstance(content.get("bank", {}), dict):
        content["bank"] = {"soc": 0.2, **content.get("bank", {})}
    try:
        asked = Asked(system=SizedSystem.model_validate(content), content=content, file=file)
    except ValidationError as error:
        require_kind(content, "system", str(file))
        raise one_line(error, str(file), SizedSystem) from None
    scenario_of(asked, RATINGS_A[0], "cruise")
    return asked


def scenario_of(asked: Asked, fuse_A: int, condition: str) -> Scenario:
    """Scenario of a condition: `cruise` is driven on a highway until all is full, `idle` stands with the engine on."""
    system = asked.system
    warm = [{"kind": "crank", "duration_s": 1.0}, {"kind": "idle", "duration_s": 59.0}]
    long = {"cruise": {"kind": "highway", "duration_s": CRUISE_S - 60.0},
            "idle": {"kind": "idle", "duration_s": IDLE_S - 60.0}}[condition]
    content: dict[str, Any] = {
        "name": f"{system.name}_{condition}_{fuse_A}A", "variant": system.variant, "limiter": system.limiter,
        "settings": {"fuse_rating_A": fuse_A},
        "source": {"kind": "vehicle", "alternator": system.alternator, "starter_battery": system.starter_battery,
                   "load_A": system.vehicle_load_A},
        "drive": {"segments": [*warm, long]}, "recording": {"period_s": PERIOD_S},
    }
    for key in ("cables", "bank", "system", "ambient"):
        if key in asked.content:
            content[key] = asked.content[key]
    return parse_scenario(content, str(asked.file), asked.file.resolve().parent)
