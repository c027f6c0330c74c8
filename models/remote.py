"""On and off of a device at System+: what its remote input asks for, after a delay.

Source: ours; a delay each way, as inverters and load switches have.
"""

from typing import NamedTuple

from models.compiled import borrowing

REMOTE_HIGH = 0.5
"""A remote input above this allows the device (1: the BMS drives its wire, 0: the wire floats)."""


class SwitchState(NamedTuple):
    """Whether a device is `on` (1 or 0), and how long something else has been asked for [s]."""

    on: float
    waiting_s: float


@borrowing
def switched(state: SwitchState, wanted: bool, on_delay_s: float, off_delay_s: float, dt_s: float) -> SwitchState:
    """Return the switch after ``dt_s`` in which it was ``wanted`` on or not.

    It turns once the opposite has been asked for without a break for the delay, at the end of the step that completes
    it: a step of 1 s and ten of 0.1 s end alike. A delay of 0 turns at the end of the first step.
    """
    if wanted == (state.on > 0.5):
        return SwitchState(state.on, 0.0)
    waiting_s = state.waiting_s + dt_s
    delay_s = on_delay_s if wanted else off_delay_s
    # The sum of ten tenths may fall short of one by rounding.
    if waiting_s < delay_s - 1.0e-9:
        return SwitchState(state.on, waiting_s)
    return SwitchState(1.0 if wanted else 0.0, 0.0)
