"""Changes of a scenario while it runs: what a person does at the live page, or an entry of `changes` in a file.

Nothing in a run knows a change before its time: no window opens ahead of it, no part of a deck stands there for it. So
a run of the file that a live page saves goes through the same steps as the live run did, and its log is the same. A
change is taken at the first tick at or after its time at which no window is open; settings act there, everything
else from the next tick on, so that a window can begin before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, field_serializer, model_validator

from bms import SettingsError
from cosim.errors import InputError
from cosim.scenario.base import STRICT, Name
from cosim.scenario.events import Event, check_events
from cosim.scenario.timeline import Fault, Remote, check_timeline

if TYPE_CHECKING:
    from cosim.scenario.model import Scenario

Time = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
Engine = Literal["off", "idle", "city", "highway"]
"""What the engine does from now on; one that stands is cranked first."""

SETTINGS = ("fuse_rating_A", "pre_alarm_mode", "remote_function", "battery_thresholds", "instant_readout")
"""Settings that a person changes on a running system; the others describe what is built in (K1)."""
MOST_W, MOST_W_M2 = 1e5, 1500.0
"""Highest demand of an inverter and irradiance, as in the `system` section."""
MOST = 10_000
"""Changes in one scenario (ours)."""


class Look(BaseModel):
    """A stretch in full SPICE from now on, whatever happens there."""

    model_config = STRICT
    duration_s: Annotated[float, Field(ge=0.01, le=60.0)] = Field(default=0.2, description="How long.")
    max_step_s: Annotated[float, Field(ge=1e-7, le=0.05)] | None = Field(
        default=None, description="Longest SPICE step; left out, that of all windows."
    )


class Change(BaseModel):
    """What changes at a moment; `event` and `fault` as in the lists of that name, without a time of their own."""

    model_config = STRICT
    time_s: Time = Field(description="When; no window may be open then, else at its end.")
    settings: dict[str, Any] = Field(
        default={}, description="Settings of the product; another fuse is in its holder at once, at the BMS's ambient."
    )
    remote: Literal["on", "off", "l_low", "h_high"] | None = Field(
        default=None, description="State of the remote terminals from now on."
    )
    engine: Engine | None = Field(
        default=None, description="What the engine does from now on; one that stands is cranked first."
    )
    load_A: Annotated[float, Field(ge=0.0, le=400.0)] | None = Field(
        default=None, description="Consumers on the vehicle's bus, whether the engine runs or not."
    )
    supply_V: Annotated[float, Field(ge=-20.0, le=40.0, allow_inf_nan=False)] | None = Field(
        default=None, description="Electromotive force of the laboratory supply."
    )
    devices: dict[Name, Annotated[float, Field(ge=0.0, le=MOST_W, allow_inf_nan=False)]] = Field(
        default={}, description="By name, at System+: demand of an inverter [W], sun on a solar charger [W/m2], mains "
        "of a mains charger (1 or 0)."
    )
    event: Event | None = Field(default=None, description="An event, as in `events`, a tick later.")
    fault: Fault | None = Field(default=None, description="A fault, as in `faults`, a tick later.")
    window: Look | None = Field(default=None, description="A look in full SPICE.")
    note: Annotated[str, Field(max_length=200)] = Field(default="", description="Words for whoever reads the file.")
    stop: bool = Field(default=False, description="The run ends here.")

    @model_validator(mode="before")
    @classmethod
    def _at_its_time(cls, given: Any) -> Any:
        """Event and fault take the change's time; one of their own would contradict it."""
        if not isinstance(given, dict):
            return given
        at = {name: given[name] for name in ("event", "fault") if isinstance(given.get(name), dict)}
        for name, part in at.items():
            if "time_s" in part:
                raise ValueError(f"{name} takes the time of its change; leave time_s out there")
        return given | {name: {**part, "time_s": given.get("time_s", 0.0)} for name, part in at.items()}

    @field_serializer("event", "fault")
    def _without_time(self, part: BaseModel | None) -> dict[str, Any] | None:
        return None if part is None else part.model_dump(exclude_unset=True, exclude={"time_s"})

    def told(self) -> str:
        """In words, for the log; nothing where events, faults and remote tell it themselves."""
        parts = [f"{name} {value}" for name, value in self.settings.items()]
        parts += [] if self.engine is None else [f"engine {self.engine}"]
        parts += [] if self.load_A is None else [f"consumers {self.load_A:g} A"]
        parts += [] if self.supply_V is None else [f"supply {self.supply_V:g} V"]
        parts += [f"{name} {value:g}" for name, value in self.devices.items()]
        return ", ".join(parts)

    def as_mapping(self) -> dict[str, Any]:
        """What a file says of it."""
        return self.model_dump(exclude_unset=True, exclude_none=True)


def as_known(scenario: Scenario, changes: Sequence[Change]) -> Scenario:
    """The scenario as it is known after some changes, which become part of its lists.

    Parameters
    ----------
    scenario : as it was before all of them
    changes : in the order in which they were taken, `time_s` being when; kept for `cosim.inputs.drive`
    """
    from cosim.scenario.model import UserWindow

    events, faults, windows = list(scenario.events), list(scenario.faults), list(scenario.windows)
    remote, settings = {one.time_s: one for one in scenario.remote}, dict(scenario.settings)
    for change in changes:
        at_s = round((change.time_s + scenario.tick_s) * 1000.0) / 1000.0
        settings |= change.settings
        if change.remote is not None:
            remote[at_s] = Remote(time_s=at_s, state=change.remote)
        events += [] if change.event is None else [change.event.model_copy(update={"time_s": at_s})]
        faults += [] if change.fault is None else [change.fault.model_copy(update={"time_s": at_s})]
        if change.window is not None:
            name = f"look_{1 + sum(w.name.startswith('look_') for w in windows)}"
            look = change.window
            windows.append(UserWindow(name=name, start_s=at_s, duration_s=look.duration_s, max_step_s=look.max_step_s))
    return scenario.model_copy(update={
        "events": events, "faults": faults, "windows": windows, "settings": settings, "changes": list(changes),
        "remote": [remote[time_s] for time_s in sorted(remote)],
    })


def check_changes(scenario: Scenario, origin: str) -> None:
    """Changes must fit the scenario and what the changes before them made of it.

    Raises
    ------
    InputError
        With file, field, value and what is allowed.
    """
    if scenario.changes and scenario.engine == "continuous":
        raise InputError(origin, "changes", f"{len(scenario.changes)} changes", "none with engine: continuous")
    for place, change in enumerate(scenario.changes):
        check_change(scenario, scenario.changes[:place], change, origin, f"changes.{place}")


def check_change(scenario: Scenario, before: Sequence[Change], change: Change, origin: str, field: str) -> Scenario:
    """The scenario as known after one more change; raises `InputError` where that does not fit."""
    if before and change.time_s < before[-1].time_s:
        raise InputError(origin, f"{field}.time_s", change.time_s, f"{before[-1].time_s:g} or later: in their order")
    if before and before[-1].stop:
        raise InputError(origin, f"{field}.time_s", change.time_s, "nothing after stop")
    if change.stop and change.time_s < scenario.tick_s:
        raise InputError(origin, f"{field}.time_s", change.time_s, f"a stop at {scenario.tick_s:g} s or later")
    _check_settings(scenario, change, origin, field)
    _check_inputs(scenario, change, origin, field)
    known = as_known(scenario, [*before, change])
    try:
        known.supervisor_settings  # noqa: B018  # raises where it is wrong
    except SettingsError as error:
        raise InputError(origin, f"{field}.settings.{error.field}", error.value, str(error.allowed)) from None
    for check, section in ((check_timeline, "fault"), (check_events, "event")):
        try:
            check(known, origin)
        except InputError as error:
            tail = error.field.split(".")[2:]
            raise InputError(origin, ".".join((field, section, *tail)), error.value, error.allowed) from None
    return known


def _check_settings(scenario: Scenario, change: Change, origin: str, field: str) -> None:
    for name in change.settings:
        if name not in SETTINGS:
            allowed = f"while it runs: {', '.join(SETTINGS)}"
            raise InputError(origin, f"{field}.settings.{name}", change.settings[name], allowed)
    if change.settings and scenario.circuit.netlist == "direct_connection" and "fuse_rating_A" in change.settings:
        value = change.settings["fuse_rating_A"]
        raise InputError(origin, f"{field}.settings.fuse_rating_A", value, "left out: a plain link has no fuse")
    if change.remote is not None and not scenario.remote:
        raise InputError(origin, f"{field}.remote", change.remote, "left out, or remote: [{time_s: 0, state: on}]")


def _check_inputs(scenario: Scenario, change: Change, origin: str, field: str) -> None:
    vehicle = scenario.source.kind == "vehicle"
    for name, value, fits in (("engine", change.engine, vehicle), ("load_A", change.load_A, vehicle),
                              ("supply_V", change.supply_V, not vehicle)):
        if value is not None and not fits:
            raise InputError(origin, f"{field}.{name}", value, f"left out with source.kind: {scenario.source.kind}")
    devices = dict(zip(scenario.system.names, scenario.system.devices, strict=True))
    for name, value in change.devices.items():
        device = devices.get(name)
        if device is None or device.kind == "dc_loads":
            known = ", ".join(n for n, d in devices.items() if d.kind != "dc_loads") or "nothing at System+"
            raise InputError(origin, f"{field}.devices.{name}", value, f"a device that can be set: {known}")
        if device.kind == "mains" and value not in (0.0, 1.0):
            raise InputError(origin, f"{field}.devices.{name}", value, "1 (plugged in), 0")
        if device.kind == "solar" and value > MOST_W_M2:
            raise InputError(origin, f"{field}.devices.{name}", value, f"<= {MOST_W_M2:g} W/m2")
