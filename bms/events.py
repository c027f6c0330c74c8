"""What the supervisor reports, and what each fault does: the table of reactions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EventName(StrEnum):
    """Transitions that are reported."""

    ALTERNATOR_WAITING = "alternator waiting"
    ALTERNATOR_CHARGING = "alternator charging"
    ALTERNATOR_RESTING = "alternator resting"
    ALTERNATOR_BLOCKED = "alternator blocked"
    FAULT_RAISED = "fault raised"
    FAULT_CLEARED = "fault cleared"
    CHARGE_DISCONNECTED = "charge disconnected"
    CHARGE_RECONNECTED = "charge reconnected"
    DERATING_STARTED = "derating started"
    DERATING_ENDED = "derating ended"
    PRE_ALARM_ON = "pre-alarm on"
    PRE_ALARM_OFF = "pre-alarm off"
    LOAD_DISCONNECTED = "load disconnected"
    LOAD_RECONNECTED = "load reconnected"
    SYSTEM_OFF = "system off"
    SYSTEM_PRECHARGE = "system precharge"
    SYSTEM_ON = "system on"
    SYSTEM_RESTING = "system resting"
    SYSTEM_LOCKED = "system locked"
    REMOTE_ON = "remote on"
    REMOTE_OFF = "remote off"
    BANK_LIMITED = "bank limit lowered"
    BANK_RELEASED = "bank limit raised"


class Cause(StrEnum):
    """Why, where it is not a fault."""

    SOURCE_ABOVE_START = "source above start voltage"
    SOURCE_BELOW_STOP = "source below stop voltage"
    SOURCE_WEAK = "source below start voltage for too long"
    REST_OVER = "rest over"
    FAULTS_CLEARED = "no fault left"
    HEAT = "heatsink or junction"
    CELL_NEAR_LOW = "cell below pre-alarm threshold"
    CELL_LOW = "cell below load disconnect threshold"
    CELL_RECOVERED = "cells recovered"
    STARTED_LOW = "cell below pre-alarm threshold at start"
    REMOTE = "remote terminals"
    LOAD_CUT = "load disconnected"
    WANTED = "discharge allowed"
    CHARGED = "port at battery voltage"
    PRECHARGE_TIMEOUT = "port not charged in time"
    HARDWARE_LATCH = "hardware latch"
    OVER_CURRENT_PEAK = "current above peak"
    OVER_CURRENT_HEAT = "current above continuous for too long"
    LOAD_REMOVED = "load removed"
    BANK_CURRENT = "bank current"


class Fault(StrEnum):
    """Faults, in order of precedence; what each one does is in `REACTIONS`."""

    PORT_SENSOR_MISSING = "port sensor missing"
    CELL_SENSOR_MISSING = "cell sensor missing"
    PORT_SENSOR_RANGE = "port sensor out of range"
    CELL_SENSOR_RANGE = "cell sensor out of range"
    CELL_CONTRADICTION = "cells contradict battery voltage"
    INPUT_CONTRADICTION = "current against the voltage"
    CELL_SENSOR_FROZEN = "cell voltages frozen"
    SENSE_FROZEN = "fuse sense frozen"
    HEATSINK_FROZEN = "heatsink sensor frozen"
    TERMINAL_FROZEN = "terminal sensor frozen"
    CELL_OVER_VOLTAGE = "cell over-voltage"
    CELL_OVER_TEMPERATURE = "cell over-temperature"
    CELL_UNDER_TEMPERATURE = "cell under-temperature"
    BROWN_OUT = "brown-out"
    ALTERNATOR_STUCK_ON = "alternator path conducts though off"
    ALTERNATOR_STUCK_OFF = "alternator path blocks though on"
    WRONG_FUSE = "fuse is not the one that is set"
    OVER_TEMPERATURE = "over-temperature"
    SYSTEM_SENSOR_UNUSABLE = "system current sensor unusable"
    SYSTEM_SENSOR_FROZEN = "system current sensor frozen"
    SYSTEM_STUCK_CHARGE = "system charges though off"
    SYSTEM_STUCK_DISCHARGE = "system discharges though off"
    SYSTEM_STUCK_OFF = "system blocks though on"
    AUXILIARY_SENSOR_UNUSABLE = "auxiliary sensor unusable"
    BATTERY_CURRENT_FROZEN = "battery current sensor frozen"
    BANK_OVER_CURRENT = "bank current above limit"
    CELL_VERY_COLD = "cell too cold to discharge"


class Reaction(StrEnum):
    """What a fault does; none of them means a warning in the log only."""

    ALTERNATOR_OFF = "alternator off"
    CHARGE_DISCONNECT = "charge disconnect"
    """Charge output and System+ charge gate off; the alternator port too (A10)."""
    LOAD_ALARM = "pre-alarm, then load disconnect"
    """With the lead time of O5; System+ discharge follows."""
    SYSTEM_OFF = "System+ off"


_A, _C, _L, _S = (
    Reaction.ALTERNATOR_OFF, Reaction.CHARGE_DISCONNECT, Reaction.LOAD_ALARM, Reaction.SYSTEM_OFF
)

REACTIONS: dict[Fault, tuple[Reaction, ...]] = {
    Fault.PORT_SENSOR_MISSING: (_A,),
    Fault.CELL_SENSOR_MISSING: (_C, _L),
    Fault.PORT_SENSOR_RANGE: (_A,),
    Fault.CELL_SENSOR_RANGE: (_C, _L),
    Fault.CELL_CONTRADICTION: (_C, _L),
    Fault.INPUT_CONTRADICTION: (_A,),
    Fault.CELL_SENSOR_FROZEN: (_C, _L),
    Fault.SENSE_FROZEN: (_A,),
    Fault.HEATSINK_FROZEN: (_A,),
    Fault.TERMINAL_FROZEN: (_A,),
    Fault.CELL_OVER_VOLTAGE: (_C,),
    Fault.CELL_OVER_TEMPERATURE: (_C,),
    Fault.CELL_UNDER_TEMPERATURE: (_C,),
    Fault.BROWN_OUT: (_A, _S),
    # The port cannot be stopped: what else charges is, and loads stay on.
    Fault.ALTERNATOR_STUCK_ON: (_C,),
    Fault.ALTERNATOR_STUCK_OFF: (_A,),
    Fault.WRONG_FUSE: (_A,),
    Fault.OVER_TEMPERATURE: (_A,),
    # Its over-current ladder is blind; the hardware latch still protects.
    Fault.SYSTEM_SENSOR_UNUSABLE: (_C, _L),
    Fault.SYSTEM_SENSOR_FROZEN: (_C, _L),
    Fault.SYSTEM_STUCK_CHARGE: (_C, _S),
    Fault.SYSTEM_STUCK_DISCHARGE: (_L, _S),
    Fault.SYSTEM_STUCK_OFF: (_S,),
    Fault.AUXILIARY_SENSOR_UNUSABLE: (),
    Fault.BATTERY_CURRENT_FROZEN: (),
    Fault.BANK_OVER_CURRENT: (),
    Fault.CELL_VERY_COLD: (),
}
"""What each fault does. A charge disconnect stops the alternator port too (A10)."""


@dataclass(frozen=True)
class Event:
    """One transition: its name, the cause (a `Fault` or a `Cause`) and the values behind it."""

    name: EventName
    cause: Fault | Cause
    values: tuple[tuple[str, float], ...] = ()

    @property
    def detail(self) -> str:
        """Cause and values as one line."""
        listed = ", ".join(f"{name}={value:.6g}" for name, value in self.values)
        return f"{self.cause}: {listed}" if listed else str(self.cause)
