"""Which channels of a result are digital, and in how many bits.

Results keep switches as 0 and 1 in floating point, and in a window as the voltage of a flag that takes time to change;
nothing but their name tells them from a state of charge. A test holds this list against the channels of the engine.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from bms import Leds

SWITCHES = (
    "alternator_enabled", "in_window", "charge_output", "load_output", "pre_alarm", "charge_gate", "discharge_gate",
    "precharge", "remote_on", "lift_allowed",  # slow record, the last four of System+ in windows too
    "enable", "over_voltage_trip", "limit_lifted", "latch", "latch_reset",  # windows
)
CONTACT = re.compile(r"(contact|cut)_\w+")
"""Contact of an event in a window: 1 closed, of a cut 1 open."""
LIGHTS = "leds"
HALF = 0.5
"""A flag of a window counts as on from half its height."""
MOST_BITS = 32


def bits_of(name: str, values: NDArray[np.generic]) -> int:
    """Bits of a channel; 0 for one that is not digital.

    Parameters
    ----------
    name : as in a result
    values : of any type; whole numbers from 0 up and booleans are digital whatever their name
    """
    if name in SWITCHES or CONTACT.fullmatch(name):
        return 1
    if name == LIGHTS:
        return len(Leds._fields)
    if values.dtype.kind == "b":
        return 1
    if values.dtype.kind in "iu" and values.size and int(values.min()) >= 0:
        needed = max(int(values.max()).bit_length(), 1)
        return needed if needed <= MOST_BITS else 0
    return 0
