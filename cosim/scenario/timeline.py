"""What changes at a moment of a run: states of the remote terminals, and faults of sensors, cables and chargers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from cosim.circuit.failed import SHORT_OHM, FailedPart
from cosim.errors import InputError
from cosim.scenario.base import STRICT
from cosim.slow.sensors import CELLS, PORT_SCALARS

if TYPE_CHECKING:
    from cosim.scenario.model import Scenario

Time = Annotated[float, Field(ge=0.0, le=1e9, allow_inf_nan=False)]
Volts = Annotated[float, Field(ge=-5.0, le=40.0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]

PULL_UP_V = 13.2
"""What L's 330 kohm pull it up to, and what H is when it is connected to the battery (ours)."""
REMOTE_STATES: dict[str, tuple[float, float]] = {
    "on": (0.5 * PULL_UP_V, 0.5 * PULL_UP_V), "off": (PULL_UP_V, 0.0), "l_low": (0.0, 0.0),
    "h_high": (PULL_UP_V, PULL_UP_V),
}
"""L and H [V]: connected together, where L's pull-up and H's pull-down meet in the middle (R1); open (R4); L at battery
minus (R2); H at battery plus (R3)."""


class _Strict(BaseModel):
    model_config = STRICT


class RemoteVolts(_Strict):
    """Voltages of the remote terminals against battery minus."""

    L_V: Volts = Field(description="Terminal L.")
    H_V: Volts = Field(description="Terminal H.")


class Remote(_Strict):
    """A state of the remote terminals from a moment on: on, off, l_low, h_high, or the voltages."""

    time_s: Time = Field(description="From when on; the first is 0.")
    state: Literal["on", "off", "l_low", "h_high"] | None = Field(
        default=None, description="L and H connected, open, L at battery minus, or H at battery plus (R1..R4)."
    )
    volts: RemoteVolts | None = Field(default=None, description="The voltages themselves, in place of a state.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Remote:
        if (self.state is None) == (self.volts is None):
            raise ValueError("give either state or volts")
        return self

    @property
    def terminals_V(self) -> tuple[float, float]:
        """L and H [V]."""
        if self.volts is not None:
            return self.volts.L_V, self.volts.H_V
        assert self.state is not None
        return REMOTE_STATES[self.state]


class _Fault(_Strict):
    """What all faults have: when they begin and how long they last."""

    time_s: Time = Field(description="When it begins.")
    duration_s: Annotated[float, Field(gt=0.0, le=1e9)] = Field(
        default=1e9, description="How long it lasts; left out, for good."
    )


Measured = Literal[
    "input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "terminal_degC", "system_current_A",
    "system_voltage_V", "battery_current_A", "remote_L_V", "remote_H_V", "cell_voltage_V", "cell_temperature_degC",
]


class SensorFault(_Fault):
    """A sensor that is wrong by an offset, frozen at what it reads, open (no reading), or stuck at a value.

    `battery` and `cell` (from 1) say which cell's; without `cell` all of that battery's.
    """

    kind: Literal["offset", "frozen", "open", "stuck"] = Field(description="How the sensor fails.")
    measurement: Measured = Field(description="Which sensor; it must be fitted in this scenario.")
    value: Number | None = Field(
        default=None, description="Offset, or the value at which it is stuck, in the measurement's unit."
    )
    battery: Annotated[int, Field(ge=1, le=50)] = Field(default=1, description="Whose cell, counted from 1.")
    cell: Annotated[int, Field(ge=1, le=4)] | None = Field(
        default=None, description="Which cell, counted from 1; left out, all of that battery."
    )

    @model_validator(mode="after")
    def _value_where_needed(self) -> SensorFault:
        if (self.value is None) != (self.kind in ("frozen", "open")):
            raise ValueError("offset and stuck need a value, frozen and open take none")
        return self


class CableFault(_Fault):
    """A broken daisy-chain cable: the batteries beyond `after_battery` (0: all) are not heard any more (B2)."""

    kind: Literal["cable"]
    after_battery: Annotated[int, Field(ge=0, le=49)] = Field(
        default=0, description="Batteries beyond this one are not heard; 0: none is."
    )


class ChargerFault(_Fault):
    """A charger that has lost its voltage limit: it regulates to `voltage_V`, and gives its power up to there."""

    kind: Literal["no_voltage_limit"]
    device: str = Field(description="Name of a charger at System+.")
    voltage_V: Annotated[float, Field(ge=14.0, le=30.0)] = Field(
        default=17.0, description="What it regulates to from then on."
    )


PORT_DEVICES, SYSTEM_DEVICES = ("q1", "q2a", "q2b", "q2c", "q2d"), ("qd", "qc")
"""Transistors that can fail: ideal diode and pass devices of the alternator port, discharge and charge bank of
System+."""
DIODE_DIES = 2
"""Dies of the ideal diode (netlists/alternator_path.cir)."""


class DeviceFault(_Strict):
    """A transistor that fails: short (one die conducts whatever its gate says), or open (body diode included).

    It does not heal. `resistance_ohm` is that of a short; `dies` of a bank are open, left out: all of them.
    """

    kind: Literal["device_short", "device_open"] = Field(description="How the transistor fails.")
    device: Literal["q1", "q2a", "q2b", "q2c", "q2d", "qd", "qc"] = Field(
        description="Ideal diode, pass devices, or the discharge and charge banks of System+."
    )
    time_s: Time = Field(default=0.0, description="When it fails.")
    resistance_ohm: Annotated[float, Field(ge=1e-3, le=0.1)] | None = Field(
        default=None, description=f"Of a shorted die; left out, {SHORT_OHM:g}."
    )
    dies: Annotated[int, Field(ge=1, le=8)] | None = Field(
        default=None, description="How many dies of the bank are open; left out, all of them."
    )

    @model_validator(mode="after")
    def _of_its_kind(self) -> DeviceFault:
        if self.kind == "device_open" and self.resistance_ohm is not None:
            raise ValueError("device_open takes no resistance_ohm")
        if self.kind == "device_short" and self.dies is not None:
            raise ValueError("device_short takes no dies: one die makes the whole bank short")
        return self

    @property
    def duration_s(self) -> float:
        """As other faults have it: for good."""
        return 1e9

    @property
    def at_port(self) -> bool:
        """Whether it is a transistor of the alternator port."""
        return self.device in PORT_DEVICES

    @property
    def part(self) -> FailedPart:
        """What becomes of the netlist."""
        how: Literal["short", "open"] = "short" if self.kind == "device_short" else "open"
        return FailedPart(self.device, how, self.resistance_ohm or SHORT_OHM, self.dies or 0)


Fault = Annotated[SensorFault | CableFault | ChargerFault | DeviceFault, Field(discriminator="kind")]
FAULT_KINDS: tuple[type[BaseModel], ...] = (SensorFault, CableFault, ChargerFault, DeviceFault)
FAULT_TAGS = ("offset", "frozen", "open", "stuck", "cable", "no_voltage_limit", "device_short", "device_open")


def failures(faults: list[Fault]) -> list[DeviceFault]:
    """Transistors that fail, in order of time."""
    return sorted((f for f in faults if isinstance(f, DeviceFault)), key=lambda f: f.time_s)


def check_timeline(scenario: Scenario, origin: str) -> None:
    """Remote and faults must fit the rest of the scenario.

    Raises
    ------
    InputError
        With file, field, value and what is allowed.
    """
    remote = scenario.remote
    if remote and remote[0].time_s != 0.0:
        raise InputError(origin, "remote.0.time_s", remote[0].time_s, "0, the state at the start")
    for place, (a, b) in enumerate(pairwise(remote), start=1):
        if b.time_s <= a.time_s:
            raise InputError(origin, f"remote.{place}.time_s", b.time_s, f"above {a.time_s:g}: times must rise")
    for place, fault in enumerate(scenario.faults):
        _check_fault(scenario, fault, f"faults.{place}", origin)
    for at_port in (True, False):
        places = [k for k, f in enumerate(scenario.faults) if isinstance(f, DeviceFault) and f.at_port == at_port]
        if len(places) > 1:
            where = "the alternator port" if at_port else "System+"
            second = scenario.faults[places[1]]
            assert isinstance(second, DeviceFault)
            raise InputError(origin, f"faults.{places[1]}.device", second.device, f"at most one that fails at {where}")


def _check_device(scenario: Scenario, fault: DeviceFault, field: str, origin: str) -> None:
    """A transistor must be there, in a circuit whose law knows its failure."""
    if fault.at_port and scenario.circuit.netlist != "alternator_path":
        allowed = "with transistors at the alternator port (limiter: linear, circuit.netlist: alternator_path)"
        raise InputError(origin, f"{field}.device", fault.device, allowed)
    if not fault.at_port and not scenario.system.devices:
        raise InputError(origin, f"{field}.device", fault.device, "with devices at System+ (system.devices)")
    if not fault.at_port and fault.dies is not None:
        raise InputError(origin, f"{field}.dies", fault.dies, "left out: a bank of System+ fails as a whole")
    if fault.at_port and (fault.dies or 0) > 1 and fault.device != "q1":
        raise InputError(origin, f"{field}.dies", fault.dies, "1: a pass device is one die")
    if (fault.dies or 0) > DIODE_DIES:
        raise InputError(origin, f"{field}.dies", fault.dies, f"at most {DIODE_DIES}, or left out: all of them")


def _check_fault(scenario: Scenario, fault: Fault, field: str, origin: str) -> None:
    batteries = scenario.bank.batteries
    if isinstance(fault, DeviceFault):
        _check_device(scenario, fault, field, origin)
        return
    if isinstance(fault, CableFault):
        if fault.after_battery >= batteries:
            raise InputError(origin, f"{field}.after_battery", fault.after_battery, f"0 to {batteries - 1}")
        return
    if isinstance(fault, ChargerFault):
        names = dict(zip(scenario.system.names, scenario.system.devices, strict=True))
        chargers = [name for name, device in names.items() if device.kind in ("solar", "mains")]
        if fault.device not in chargers:
            allowed = ", ".join(chargers) or "no charger stands at System+"
            raise InputError(origin, f"{field}.device", fault.device, allowed)
        return
    name = fault.measurement
    if name in CELLS:
        if fault.battery > batteries:
            raise InputError(origin, f"{field}.battery", fault.battery, f"1 to {batteries}")
        return
    fitted = [*PORT_SCALARS, *CELLS]
    fitted += ["system_current_A", "system_voltage_V", "battery_current_A"] if scenario.system.devices else []
    fitted += ["remote_L_V", "remote_H_V"] if scenario.remote else []
    if name not in fitted:
        raise InputError(origin, f"{field}.measurement", name, f"one that is fitted here: {', '.join(fitted)}")
