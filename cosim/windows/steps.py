"""How long the steps of a window may be: where it looks closely, and where nothing moves.

In between they follow what moves (`cosim.windows.exchange_point`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from cosim.windows.policy import WindowRequest
from cosim.windows.time import SAME_TIME_S

COMMAND_RAMP_S = 2e-6
"""Time a command takes to change inside SPICE; both ends are breakpoints (ours, see the coupling tests)."""
EVENT_STEP_S = 1e-6
"""First step after a command: dampers and cables then ring with some 150 us, and Gear's steps of 40 us would lose 5 %
of the energy in it (ours, see the balance of a disable under current)."""
OPENING_S, OPENING_STEP_S = 2.5e-4, 2e-6
"""Breakpoints after the command that opens the path. It opens softly, some 150 us later, at a corner that the step
control cannot see coming: steps had grown to 9 us and lost 5 % of the heat. At their end no current is left (ours)."""
CORNER_STEP_S = 5e-6
"""First step after a corner of load or supply (ours)."""
MAX_STEP_S = 1e-4
"""Longest step of a window that the user asks for, unless it names another: first-order hold is exact to 1e-5 V."""
AUTOMATIC_STEP_S = 2.5e-3
"""Longest step of other windows: a fiftieth of the alternator field's 0.12 s, twice the time constant of the limiter's
outer loop (147 Hz). No step of use in a window would show that a loop is unstable: that it is stable is proven by its
margins (head of the netlist). Against fixed steps of 20 us over a day's windows: charge within 1e-4, peaks within
0.1 A, from 1/70 of the points (measured)."""


def while_opening(since_s: float) -> list[float]:
    """Breakpoints [s] of a soft opening that was commanded at an instant."""
    return [since_s + k * OPENING_STEP_S for k in range(1, round(OPENING_S / OPENING_STEP_S) + 1)]


def longest_step_s(request: WindowRequest) -> float:
    """Longest step of a window [s]."""
    return request.max_step_s or (MAX_STEP_S if request.by_user else AUTOMATIC_STEP_S)


def is_one_of(time_s: float, moments: Sequence[float]) -> bool:
    """Whether a time is one of some rising moments, within `SAME_TIME_S`."""
    place = bisect_left(moments, time_s - SAME_TIME_S)
    return place < len(moments) and moments[place] <= time_s + SAME_TIME_S
