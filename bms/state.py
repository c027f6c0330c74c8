"""State of the supervisor: everything that one call leaves for the next."""

from __future__ import annotations

import math
from typing import NamedTuple

from bms.alternator_port import AlternatorMode
from bms.bank import Cap, FuseCheck, Watch
from bms.channels import Gates
from bms.events import Fault
from bms.firmware_parameters import FirmwareParameters
from bms.heat import HeatWatch
from bms.lift import Lift
from bms.load_output import Load, retained
from bms.predicates import PredicateState
from bms.system_port import System, SystemMode
from bms.thermal import Thermal

WATCHES = (
    Fault.CELL_SENSOR_FROZEN, Fault.SENSE_FROZEN, Fault.SYSTEM_SENSOR_FROZEN, Fault.BATTERY_CURRENT_FROZEN,
    Fault.HEATSINK_FROZEN, Fault.TERMINAL_FROZEN,
)
"""Order of `Watches`."""


class Watches(NamedTuple):
    """Sensors under watch: what should have moved when something else did."""

    cells: Watch | None = None
    sense: Watch | None = None
    system: Watch | None = None
    bank: Watch | None = None
    heatsink: HeatWatch | None = None
    terminal: HeatWatch | None = None


class Switch(NamedTuple):
    """An output that may be switched on at most once per spacing: whether on, and when last switched on."""

    on: bool = False
    on_ms: int | None = None


def switched(switch: Switch, wanted: bool, now_ms: int, f: FirmwareParameters) -> Switch:
    """Off at once; on when the spacing since the last switching on is over."""
    if not wanted:
        return Switch(False, switch.on_ms) if switch.on else switch
    if switch.on or not _is_spaced(switch, now_ms, f):
        return switch
    return Switch(True, now_ms)


def switch_until_ms(switch: Switch, f: FirmwareParameters) -> int | None:
    """When a switch that is off and wanted on may go on; None if it was never on."""
    return None if switch.on_ms is None else switch.on_ms + f.output_spacing_ms


def _is_spaced(switch: Switch, now_ms: int, f: FirmwareParameters) -> bool:
    return switch.on_ms is None or now_ms - switch.on_ms >= f.output_spacing_ms


class State(NamedTuple):
    """State of the supervisor; `State()` is power-up.

    Attributes
    ----------
    time_ms : int
        Time since power-up.
    mode : AlternatorMode
        Mode of the alternator port.
    stopped_ms : int or None
        When charging last stopped.
    predicates : tuple of (str, PredicateState)
        Those that are not idle, in the order of `Plan.predicates`.
    thermal : Thermal or None
        Estimators; None until all port readings were there once.
    faults : tuple of Fault
        Active faults, in order of precedence.
    started : bool
        Whether a first call was made.
    remote, charge, charge_gate : Switch
        Remote as accepted, charge disconnect output, System+ charge gate.
    load, system, cap, fuse, watches, lift
        Sub-states; see their modules.
    """

    time_ms: int = 0
    mode: AlternatorMode = AlternatorMode.WAITING
    stopped_ms: int | None = None
    predicates: tuple[tuple[str, PredicateState], ...] = ()
    thermal: Thermal | None = None
    faults: tuple[Fault, ...] = ()
    started: bool = False
    remote: Switch = Switch(True)
    charge: Switch = Switch(True)
    charge_gate: Switch = Switch()
    load: Load = Load()
    system: System = System()
    cap: Cap = Cap()
    fuse: FuseCheck = FuseCheck()
    watches: Watches = Watches()
    lift: Lift = Lift()

    @property
    def fuse_estimate_degC(self) -> float:
        """Estimated fuse temperature; NaN before the first reading."""
        return math.nan if self.thermal is None else self.thermal.fuse_degC

    @property
    def gates(self) -> Gates:
        """What is switched."""
        mode = self.system.mode
        return Gates(
            self.mode is AlternatorMode.CHARGING, self.charge_gate.on, mode is SystemMode.ON,
            mode is SystemMode.LOCKED,
        )


def initial_state() -> State:
    """Return the state at power-up."""
    return State()


def restarted(state: State) -> State:
    """State after a reset (watchdog, brown-out) with the retained record; `State()` is power-up without one.

    Retained: whether the load is disconnected, resets during an alarm, a locked or tripped System+ port, a wrong fuse.
    Everything else, time above all, is forgotten: nobody knows how long the reset took. So the lead of the pre-alarm
    starts anew and is never shorter than 30 s, and a reset in a loop neither reconnects a load, nor keeps one on, nor
    retries a short circuit for ever.
    """
    tripped = state.system.mode in (SystemMode.LOCKED, SystemMode.RESTING)
    system = System(state.system.mode if tripped else SystemMode.OFF, trips=state.system.trips)
    return State(load=retained(state.load, state.time_ms), system=system, fuse=FuseCheck(wrong=state.fuse.wrong))
