"""The supervisor's commands as one vector: what compiled code acts upon and records.

There is no hardware latch in the slow engine, so `latch_reset` has no place here; `lift_allowed` acts in windows only,
where load dumps are, and stands here for the record.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

import bms

Array = NDArray[np.float64]

COMMANDS = (
    "alternator_enable", "current_limit_A", "fuse_estimate_degC", "in_window", "charge_output", "load_output",
    "pre_alarm", "charge_gate", "discharge_gate", "precharge", "remote_on", "leds", "supply_current_A", "lift_allowed",
)
"""Places of the vector: switches are 1 (on, output high) or 0; `leds` has one bit per light, in `bms.Leds`' order."""
(ENABLE, LIMIT, ESTIMATE, IN_WINDOW, CHARGE_OUTPUT, LOAD_OUTPUT, PRE_ALARM, CHARGE_GATE, DISCHARGE_GATE, PRECHARGE,
 REMOTE_ON, LEDS, SUPPLY, LIFT) = range(len(COMMANDS))


def command_vector(
    commands: bms.Commands, fuse_estimate_degC: float = 0.0, remote_on: bool = True, in_window: bool = False
) -> Array:
    """Return the vector of a call's commands, with what of the supervisor's state is recorded beside them."""
    c = commands
    return np.array([
        c.alternator_enable, c.current_limit_A, fuse_estimate_degC, in_window, c.charge_allowed, c.load_output,
        c.pre_alarm, c.charge_gate, c.discharge_gate, c.precharge, remote_on, _lights(c.leds), c.supply_current_A,
        c.lift_allowed,
    ], dtype=np.float64)


@lru_cache(maxsize=64)
def _lights(leds: bms.Leds) -> int:
    """One bit per light that is lit."""
    return sum(1 << place for place, lit in enumerate(leds) if lit)


def nothing() -> Array:
    """Return the vector before the first call: everything off, nothing drawn."""
    return np.zeros(len(COMMANDS))


def charging(limit_A: float, fuse_estimate_degC: float = 25.0) -> Array:
    """Return a vector with the alternator port on at a limit, all else as `nothing`."""
    vector = nothing()
    vector[ENABLE], vector[LIMIT], vector[ESTIMATE] = 1.0, limit_A, fuse_estimate_degC
    return vector
