"""Scenario files: what a run is made of, validated before anything starts.

A scenario is YAML, loaded safely and checked by pydantic. Whatever is wrong becomes one `InputError`
that names the file, the field, the value and what is allowed; an unknown key names the nearest valid one.
"""

from __future__ import annotations

import difflib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

import bms
from bms.settings import CAPACITIES_AH
from cosim.errors import InputError
from cosim.scenario.bank import Bank, Battery, Cable, Fraction, Spread
from cosim.scenario.base import STRICT, Name, ParameterName, UniqueKeyLoader
from cosim.scenario.by_hand import MOST as MOST_CHANGES
from cosim.scenario.by_hand import Change, Look, check_changes
from cosim.scenario.events import EVENT_KINDS, EVENT_TAGS, Event, check_events, event_devices
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
from cosim.scenario.system import DEVICE_KINDS, LOADERS, ClearDays, System, check_system
from cosim.scenario.timeline import FAULT_KINDS, FAULT_TAGS, Fault, Remote, RemoteVolts, check_timeline
from models import bank

Temperature = Annotated[float, Field(ge=-40.0, le=125.0, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
EmfPoint = Annotated[tuple[NotNegative, Annotated[float, Field(ge=-20.0, le=40.0)]], Field(strict=False)]

UNION_TAGS = ("vehicle", "supply", *LOADERS, *FAULT_TAGS, *EVENT_TAGS)
"""What pydantic puts into the path of a field and nobody has written there."""
OwnCircuit = Literal["alternator_path", "alternator_path_buck_avg", "direct_connection"]
MAX_TICKS = 40_000_000
"""Longest run, in supervisor ticks (46 days at 100 ms); a guard against a slipped decimal point."""


class _Strict(BaseModel):
    model_config = STRICT


class Circuit(_Strict):
    """Which circuit stands between the alternator port and the battery, and its changed parameters."""

    netlist: Literal["alternator_path", "direct_connection"] = "alternator_path"
    parameters: dict[Name, Annotated[float, Field(allow_inf_nan=False)]] = {}


class Vehicle(_Strict):
    """Alternator, starter battery and the vehicle's own consumers."""

    kind: Literal["vehicle"] = "vehicle"
    alternator: ParameterName = "alternator_150A"
    starter_battery: ParameterName = "starter_battery_70Ah"
    starter_soc: Fraction = 0.9
    load_A: Annotated[float, Field(ge=0.0, le=400.0)] = 25.0
    parked_load_A: Annotated[float, Field(ge=0.0, le=400.0)] = 0.05


class Supply(_Strict):
    """A laboratory supply in place of the vehicle: electromotive force over time behind a resistance.

    `emf_V` are corners of straight lines. Between windows it is sampled on the ticks; corners denser than `tick_s`
    (ripple) are an event 'input between ticks' in the log. Windows follow every corner.
    """

    kind: Literal["supply"]
    emf_V: list[EmfPoint] = Field(min_length=1)
    resistance_ohm: Annotated[float, Field(ge=1e-4, le=10.0)] = 0.002
    inductance_H: Annotated[float, Field(ge=1e-9, le=1e-4)] = 0.3e-6

    @field_validator("emf_V")
    @classmethod
    def _times_rise(cls, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        if any(b[0] <= a[0] for a, b in pairwise(points)):
            raise ValueError("times must rise strictly")
        return points


class Segment(_Strict):
    """One described stretch of the drive."""

    kind: Literal["off", "crank", "idle", "city", "highway"]
    duration_s: Annotated[float, Field(gt=0.0, le=1e7)] = 1.0


class Trace(_Strict):
    """A measured speed trace (columns time_s, speed_m_s), or several one after the other."""

    files: list[str] = Field(min_length=1)
    crank: bool = True


class Drive(_Strict):
    """Engine use over time: described segments (as often as `repeat` says), or speed traces."""

    segments: list[Segment] | None = None
    repeat: Annotated[int, Field(ge=1, le=1000)] = 1
    trace: Trace | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Drive:
        if (self.segments is None) == (self.trace is None):
            raise ValueError("give either segments or trace")
        if self.segments is not None and not self.segments:
            raise ValueError("give at least one segment")
        return self


class Cables(_Strict):
    """Alternator to starter battery, starter battery to BMS input, and BMS to LFP battery."""

    alternator: Cable = Cable(length_m=1.5, area_mm2=35.0)
    input: Cable = Cable(length_m=4.0, area_mm2=35.0)
    battery: Cable = Cable(length_m=1.0, area_mm2=50.0)


class Parts(_Strict):
    """Parameter files of what every system has: the fuse family, and the thermal network of the box."""

    fuse: ParameterName = "fuse_mega"
    box: ParameterName = "box_12_200"


class Ambient(_Strict):
    """The three ambients (G1)."""

    engine_bay_degC: Temperature = 60.0
    bms_degC: Annotated[float, Field(ge=-40.0, le=85.0)] = 25.0
    battery_degC: Annotated[float, Field(ge=-40.0, le=80.0)] = 25.0


class UserWindow(_Strict):
    """A stretch that is to run in full SPICE whatever happens there."""

    name: Name
    start_s: NotNegative
    duration_s: Annotated[float, Field(gt=0.0, le=600.0)]
    max_step_s: Annotated[float, Field(ge=1e-7, le=0.05)] | None = None


class Recording(_Strict):
    """How densely the slow waveforms are kept; windows are kept point by point."""

    period_s: Annotated[float, Field(gt=0.0, le=3600.0)] = 1.0


class Readout(_Strict):
    """Instant readout (K2), which `settings: {instant_readout: true}` switches on: its period, and who may read it.

    `keys` is a file with a key per battery, from the scenario's folder; without it they come from the seed.
    """

    period_s: Annotated[float, Field(ge=1.0, le=3600.0)] = 60.0
    keys: Annotated[str, Field(min_length=1, max_length=300)] | None = None


class Continuous(_Strict):
    """Limits of continuous mode: longest SPICE step, and the budgets of accepted and of kept points."""

    max_step_s: Annotated[float, Field(ge=1e-6, le=0.1)] = 0.1
    max_points: Annotated[int, Field(ge=1000, le=20_000_000)] = 3_000_000
    kept_points: Annotated[int, Field(ge=100, le=20_000_000)] = 50_000


class Scenario(_Strict):
    """One run: product, plant, drive, events and what to keep.

    `limiter` chooses the circuit of the alternator port: pass devices, or a synchronous buck (its averaged companion).
    `netlists` puts a file from the scenario's folder in its place (docs/own_netlist.md): such a run has a process and
    a wall time limit of its own.
    """

    name: Name
    description: str = ""
    duration_s: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] | None = None
    tick_s: Annotated[float, Field(ge=0.01, le=1.0)] = 0.1
    variant: Literal["12-200", "12-200 NG"] = "12-200"
    settings: dict[str, Any] = {}
    limiter: Literal["linear", "buck"] = "linear"
    circuit: Circuit = Circuit()
    netlists: dict[OwnCircuit, Annotated[str, Field(min_length=1, max_length=300)]] = {}
    netlists_limit_s: Annotated[float, Field(gt=0.0, le=1e6)] = 3600.0
    bank: Bank = Bank()
    source: Annotated[Vehicle | Supply, Field(discriminator="kind")] = Vehicle()
    drive: Drive | None = None
    cables: Cables = Cables()
    parts: Parts = Parts()
    ambient: Ambient = Ambient()
    system: System = System()
    remote: list[Remote] = []
    faults: list[Fault] = []
    events: list[Event] = []
    windows: list[UserWindow] = []
    changes: Annotated[list[Change], Field(max_length=MOST_CHANGES)] = []
    probes: Annotated[list[Probe], Field(max_length=MOST_PROBES)] = []
    figures: list[Literal["A1", "A2", "A3"]] = []
    recording: Recording = Recording()
    readout: Readout = Readout()
    engine: Literal["two_scale", "continuous"] = "two_scale"
    integrator: Literal["compiled", "reference"] = "compiled"
    continuous: Continuous = Continuous()
    seed: int = 0

    @field_validator("tick_s")
    @classmethod
    def _whole_milliseconds(cls, tick_s: float) -> float:
        if abs(tick_s * 1000.0 - round(tick_s * 1000.0)) > 1e-9 or 1000 % round(tick_s * 1000.0):
            raise ValueError("a whole number of milliseconds that divides 1 s (the supervisor samples once a second)")
        return tick_s

    @model_validator(mode="after")
    def _consistent(self) -> Scenario:
        if isinstance(self.source, Vehicle) and self.drive is None:
            raise ValueError("a vehicle needs a drive (segments or trace)")
        if isinstance(self.source, Supply) and self.drive is not None:
            raise ValueError("a supply takes no drive; leave drive out")
        if isinstance(self.source, Supply) and self.duration_s is None:
            raise ValueError("a supply needs duration_s")
        described_s = self.duration_s
        if described_s is None and self.drive is not None and self.drive.segments is not None:
            described_s = self.drive.repeat * sum(segment.duration_s for segment in self.drive.segments)
        if described_s is not None and described_s / self.tick_s > MAX_TICKS:
            raise ValueError(f"{described_s:g} s; at most {MAX_TICKS} ticks: shorten the run or raise tick_s")
        if self.circuit.netlist == "direct_connection" and self.figures:
            raise ValueError("figures A1, A2, A3 need a circuit that switches; leave figures out")
        late = [w.name for w in self.windows if self.duration_s is not None and w.start_s >= self.duration_s]
        if late:
            raise ValueError(f"window {late[0]} starts after the end of the run")
        names = [w.name for w in self.windows]
        if len(set(names)) != len(names):
            raise ValueError("window names must differ")
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


def load_scenario(path: Path | str) -> Scenario:
    """Read and validate a scenario file.

    Parameters
    ----------
    path : path of a YAML file

    Raises
    ------
    InputError : unreadable, no YAML, unknown key, or a value out of range; the message is one line.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(str(file), "", "", f"a readable file ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(str(file), "", "", "UTF-8 text") from None
    try:
        content = yaml.load(text, Loader=UniqueKeyLoader)
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise InputError(str(file), "", problem, "plain values (quote a text that looks like a date)") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise InputError(str(file), where, problem, "well-formed YAML") from None
    return parse_scenario(content, str(file), file.parent)


def parse_scenario(content: object, origin: str = "scenario", folder: Path | None = None) -> Scenario:
    """Validate what a scenario file holds; speed traces are looked up from `folder`. See `load_scenario`."""
    if not isinstance(content, dict):
        raise InputError(origin, "", type(content).__name__, "a mapping of keys to values")
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        raise one_line(error, origin) from None
    scenario = with_limiter(with_paths(scenario, folder), origin)
    check_parameter_files(scenario, origin)
    if scenario.settings.get("variant", scenario.variant) != scenario.variant and "variant" in content:
        raise InputError(origin, "settings.variant", scenario.settings["variant"], f"{scenario.variant}, or left out")
    try:
        settings = scenario.supervisor_settings
    except bms.SettingsError as error:
        section = "settings" if error.field in scenario.settings or error.field != "battery_count" else "bank"
        field = "bank.batteries" if section == "bank" else f"settings.{error.field}"
        raise InputError(origin, field, error.value, str(error.allowed)) from None
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


def one_line(error: ValidationError, origin: str, start: type[BaseModel] | None = None) -> InputError:
    """Turn pydantic's list into the one line of the first problem; `start` is what was validated, else a scenario."""
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"] if part not in UNION_TAGS]
    field = ".".join(path)
    value: object = first.get("input")
    if isinstance(value, dict | list) and first["type"] != "extra_forbidden":
        value = type(value).__name__ if first["type"] != "missing" else "missing"
    allowed = _allowed(first["type"], first["msg"], first.get("ctx", {}))
    if first["type"] == "extra_forbidden":
        value = "unknown key"
        allowed = _nearest(path, start or Scenario)
    if first["type"] == "missing":
        value = "missing"
        allowed = "must be given"
    more = len(error.errors(include_url=False)) - 1
    if more:
        allowed += f" (and {more} more)"
    return InputError(origin, field, value, allowed)


def _allowed(kind: str, message: str, context: dict[str, Any]) -> str:
    bounds = {"greater_than_equal": ">= {ge}", "less_than_equal": "<= {le}", "greater_than": "> {gt}",
              "less_than": "< {lt}"}
    if kind in bounds:
        return bounds[kind].format(**context)
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        return str(context.get("expected") or context.get("expected_tags"))
    message = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return message[0].lower() + message[1:]


def _nearest(path: list[str], start: type[BaseModel]) -> str:
    """Name the valid keys at the place of an unknown one, the nearest first."""
    model: type[BaseModel] | None = start
    by_name: dict[str, type[BaseModel]] = {
        "circuit": Circuit, "bank": Bank, "each": Battery, "spread": Spread, "cable": Cable, "drive": Drive,
        "cables": Cables, "parts": Parts, "input": Cable, "battery": Cable, "alternator": Cable,
        "ambient": Ambient, "windows": UserWindow, "probes": Probe, "recording": Recording,
        "segments": Segment, "readout": Readout, "continuous": Continuous, "trace": Trace,
        "system": System, "clear_days": ClearDays, "remote": Remote, "volts": RemoteVolts,
        "changes": Change, "window": Look,
    }
    keys: list[str] = []
    for part in path[:-1]:
        if part == "source":
            keys = sorted({*Vehicle.model_fields, *Supply.model_fields})
        elif part == "devices":
            keys = sorted({key for kind in DEVICE_KINDS for key in kind.model_fields})
        elif part in ("faults", "events", "fault", "event"):
            kinds = FAULT_KINDS if part.startswith("fault") else EVENT_KINDS
            keys = sorted({key for kind in kinds for key in kind.model_fields})
        elif not part.isdigit():
            model = by_name.get(part)
    if not keys and model is not None:
        keys = list(model.model_fields)
    close = difflib.get_close_matches(path[-1], keys, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"one of {', '.join(keys)}"
