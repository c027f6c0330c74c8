"""Settings changed on a running system (K1, K4): what of the supervisor's state goes on.

Time and everything that is judged goes on: timers, alarms and disconnects stand, and the new thresholds judge them from
the next call on, which is due at once. What belongs to the fuse begins anew when one of another rating is fitted.
"""

from __future__ import annotations

from bms.bank import Cap, FuseCheck
from bms.lift import Lift
from bms.settings import Settings
from bms.state import State


def reconfigured(state: State, before: Settings, after: Settings) -> State:
    """State to go on with under other settings.

    Parameters
    ----------
    state : State
        State after the last call under the settings `before`.
    before, after : Settings
        Of the same product with the same batteries and firmware.

    Raises
    ------
    ValueError
        If they differ in what is built in: variant, number and type of batteries, firmware.
    """
    for name in ("variant", "battery_count", "battery_capacity_Ah", "firmware"):
        if getattr(before, name) != getattr(after, name):
            raise ValueError(f"{name} cannot change while the system runs")
    if before.fuse_rating_A == after.fuse_rating_A:
        return state
    return state._replace(thermal=None, cap=Cap(), fuse=FuseCheck(), lift=Lift())
