"""Scenario files: what a run is made of, validated before anything starts.

A scenario is YAML, loaded safely and checked by pydantic. Whatever is wrong becomes one `InputError`
that names the file, the field, the value and what is allowed; an unknown key names the nearest valid one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

import bms
from bms.settings import CAPACITIES_AH
from cosim.errors import InputError
from cosim.scenario.bank import Bank
from cosim.scenario.base import STRICT, Name, WrongKey
from cosim.scenario.by_hand import MOST as MOST_CHANGES
from cosim.scenario.by_hand import Change, check_changes
from cosim.scenario.events import Event, check_events, event_devices
from cosim.scenario.files import (
    CONVERTER_EFFICIENCY,
    CONVERTERS,
    check_circuit,
    check_parameter_files,
    with_limiter,
    with_paths,
)
from cosim.scenario.probes import MOST as MOST_PROBES
from cosim.scenario.probes import Probe, check_probe_names
from cosim.scenario.problems import NO_TEXT, number_as_text, one_line, quoted, shown
from cosim.scenario.reading import A_MAPPING, read_mapping, require_kind
from cosim.scenario.sections import (
    Ambient,
    Cables,
    Circuit,
    Continuous,
    Drive,
    Parts,
    Readout,
    Recording,
    Supply,
    Trace,
    UserWindow,
    Vehicle,
)
from cosim.scenario.system import System, check_system
from cosim.scenario.timeline import Fault, Remote, check_timeline
from cosim.scenario.values import with_value
from models import bank

__all__ = [
    "Ambient", "Cables", "Drive", "MAX_TICKS", "Scenario", "Supply", "Trace", "UserWindow", "Vehicle", "load_scenario",
    "parse_scenario",
]

OwnCircuit = Literal["alternator_path", "alternator_path_buck_avg", "direct_connection"]
MAX_TICKS = 40_000_000
"""Longest run, in supervisor ticks (46 days at 100 ms); a guard against a slipped decimal point."""


class Scenario(BaseModel):
    """One run: product, plant, drive, events and what to keep.

    `limiter` chooses the circuit of the alternator port: pass devices, or a synchronous buck (its averaged companion).
    `netlists` puts a file from the scenario's folder in its place (docs/own_netlist.md): such a run has a process and
    a wall time limit of its own.
    """

    model_config = STRICT

    name: Name = Field(description="Name of the run; the result goes to `results/NAME` unless told otherwise.")
    description: str = Field(default="", description="What the scenario shows, in words.")
    duration_s: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] | None = Field(
        default=None, description="Length of the run; left out, that of the drive. A supply needs it."
    )
    tick_s: Annotated[float, Field(ge=0.01, le=1.0)] = Field(
        default=0.1, description="Tick of the supervisor: whole milliseconds that divide a second."
    )
    variant: Literal["12-200", "12-200 NG"] = Field(default="12-200", description="The product.")
    settings: dict[str, Any] = Field(
        default={}, description="Settings of the product (K1) that differ from the defaults, by name."
    )
    limiter: Literal["linear", "buck"] = Field(
        default="linear", description="Circuit of the alternator port: pass devices in linear mode, or a buck."
    )
    circuit: Circuit = Field(default=Circuit(), description="The netlist of the alternator port and its parameters.")
    netlists: dict[OwnCircuit, Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default={}, description="Netlists of your own in place of shipped ones, from the scenario's folder."
    )
    netlists_limit_s: Annotated[float, Field(gt=0.0, le=1e6)] = Field(
        default=3600.0, description="Wall time limit of a run with a netlist of your own."
    )
    bank: Bank = Field(default=Bank(), description="The LFP bank.")
    source: Annotated[Vehicle | Supply, Field(discriminator="kind")] = Field(
        default=Vehicle(), description="What feeds the alternator port: a vehicle, or a laboratory supply."
    )
    drive: Drive | None = Field(default=None, description="Engine use over time; a vehicle needs it.")
    cables: Cables = Field(default=Cables(), description="The three cables of the alternator port.")
    parts: Parts = Field(default=Parts(), description="Parameter files of fuse and box.")
    ambient: Ambient = Field(default=Ambient(), description="Air temperatures.")
    system: System = Field(default=System(), description="Loads and chargers at System+.")
    remote: list[Remote] = Field(
        default=[], description="States of the terminals L and H, the first at 0 s; left out, remote is on."
    )
    faults: list[Fault] = Field(default=[], description="What breaks, and when.")
    events: list[Event] = Field(default=[], description="What happens to the circuit, and when.")
    windows: list[UserWindow] = Field(default=[], description="Stretches that run in full SPICE whatever happens.")
    changes: Annotated[list[Change], Field(max_length=MOST_CHANGES)] = Field(
        default=[], description="What a person changes while it runs; nothing in the run knows it before its time."
    )
    probes: Annotated[list[Probe], Field(max_length=MOST_PROBES)] = Field(
        default=[], description="Nodes and branches that every window records as well."
    )
    figures: list[Literal["A1", "A2", "A3"]] = Field(
        default=[], description="Rows that are measured on their own benches after the run."
    )
    recording: Recording = Field(default=Recording(), description="How densely slow waveforms are kept.")
    readout: Readout = Field(default=Readout(), description="The instant readout, where it is switched on.")
    engine: Literal["two_scale", "continuous"] = Field(
        default="two_scale", description="Slow engine with windows, or the whole (short) run as one SPICE transient."
    )
    integrator: Literal["compiled", "reference"] = Field(
        default="compiled", description="How the bank is stepped; `reference` is scipy's `solve_ivp`, slow."
    )
    continuous: Continuous = Field(default=Continuous(), description="Limits of continuous mode.")
    seed: int = Field(default=0, description="Seed of the cells' spread and of the readout's keys.")

    @field_validator("tick_s")
    @classmethod
    def _whole_milliseconds(cls, tick_s: float) -> float:
        if abs(tick_s * 1000.0 - round(tick_s * 1000.0)) > 1e-9 or 1000 % round(tick_s * 1000.0):
            raise ValueError("a whole number of milliseconds that divides 1 s (the supervisor samples once a second)")
        return tick_s

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        if isinstance(self.source, Vehicle) and self.drive is None:
            allowed = "a vehicle needs a drive: {segments: [{kind: highway, duration_s: 600}]}, or a trace"
            raise WrongKey("drive", "missing", allowed)
        if isinstance(self.source, Supply) and self.drive is not None:
            raise WrongKey("drive", "not with source.kind: supply", "left out: a supply takes no drive")
        if isinstance(self.source, Supply) and self.duration_s is None:
            raise WrongKey("duration_s", "missing", "a supply needs duration_s, the length of the run")
        described_s = self.duration_s
        if described_s is None and self.drive is not None and self.drive.segments is not None:
            described_s = self.drive.repeat * sum(segment.duration_s for segment in self.drive.segments)
        if described_s is not None and described_s / self.tick_s > MAX_TICKS:
            allowed = f"at most {MAX_TICKS} ticks: shorten the run or raise tick_s"
            raise WrongKey("duration_s", f"{described_s:g}", allowed)
        if self.circuit.netlist == "direct_connection" and self.figures:
            allowed = "leave figures out: A1, A2, A3 need a circuit that switches"
            raise WrongKey("figures", ", ".join(self.figures), allowed)
        late = [w.name for w in self.windows if self.duration_s is not None and w.start_s >= self.duration_s]
        if late:
            raise WrongKey("windows", late[0], f"windows that start before the end of the run, {self.duration_s:g} s")
        names = [w.name for w in self.windows]
        if len(set(names)) != len(names):
            raise WrongKey("windows", next(name for name in names if names.count(name) > 1), "names that differ")
        return self

    @property
    def system_names(self) -> tuple[str, ...]:
        """Names of all devices at System+, then of what events put there."""
        return (*self.system.names, *(name for name, _ in event_devices(self.events)))

    @property
    def supervisor_settings(self) -> bms.Settings:
        """The supervisor's settings; checked when the file was loaded.

        It knows number and type of the batteries, and whether a converter stands in the alternator path.
        """
        known: dict[str, object] = {"variant": self.variant, "battery_count": self.bank.batteries}
        capacity_Ah = round(bank.load_battery(self.bank.battery).capacity_Ah)
        if capacity_Ah in CAPACITIES_AH:  # a type that the product knows; for others the user says what is set
            known["battery_capacity_Ah"] = capacity_Ah
        given = {**known, **self.settings}
        firmware = given.get("firmware", {})
        if self.circuit.netlist in CONVERTERS and isinstance(firmware, dict):
            given["firmware"] = {"converter_efficiency": CONVERTER_EFFICIENCY, **firmware}
        return bms.Settings.from_mapping(given)


def load_scenario(path: Path | str, changes: Mapping[str, object] | None = None) -> Scenario:
    """Read and validate a scenario file, if asked with other values.

    Parameters
    ----------
    path : path of a YAML file
    changes : what shall stand at dotted paths instead, such as `{"settings.fuse_rating_A": 60, "bank.each.0.soc": 0.5}`

    Raises
    ------
    InputError : unreadable, no YAML, unknown key, or a value out of range; the message is one line.
    """
    file = Path(path)
    content = read_mapping(file)
    for place, value in (changes or {}).items():
        content = with_value(content, place, value, str(file))
    return parse_scenario(content, str(file), file.parent)


def parse_scenario(content: object, origin: str = "scenario", folder: Path | None = None) -> Scenario:
    """Validate what a scenario file holds.

    Parameters
    ----------
    content : what YAML gives, a mapping
    origin : what messages call the file
    folder : where files that it names are looked up; None: the folder in which Python was started

    Raises
    ------
    InputError : as `load_scenario`
    """
    if not isinstance(content, dict):
        raise InputError(origin, "", shown(content), A_MAPPING)
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        require_kind(content, "scenario", origin)
        raise one_line(error, origin, Scenario) from None
    scenario = with_limiter(with_paths(scenario, folder), origin)
    check_parameter_files(scenario, origin)
    if scenario.settings.get("variant", scenario.variant) != scenario.variant and "variant" in content:
        raise InputError(origin, "settings.variant", scenario.settings["variant"], f"{scenario.variant}, or left out")
    try:
        settings = scenario.supervisor_settings
    except bms.SettingsError as error:
        section = "settings" if error.field in scenario.settings or error.field != "battery_count" else "bank"
        field = "bank.batteries" if section == "bank" else f"settings.{error.field}"
        allowed = str(error.allowed) + (f"; {NO_TEXT}" if number_as_text(error.value) else "")
        raise InputError(origin, field, quoted(error.value), allowed) from None
    if settings.battery_count != scenario.bank.batteries:
        allowed = f"{scenario.bank.batteries}, as bank.batteries, or left out"
        raise InputError(origin, "settings.battery_count", settings.battery_count, allowed)
    if "readout" in scenario.model_fields_set and not settings.instant_readout:
        raise InputError(origin, "settings.instant_readout", settings.instant_readout, "true, as there is a readout")
    check_system(scenario.system, origin)
    check_circuit(scenario, origin)
    check_timeline(scenario, origin)
    check_events(scenario, origin)
    check_probe_names(scenario, origin)
    check_changes(scenario, origin)
    return scenario
