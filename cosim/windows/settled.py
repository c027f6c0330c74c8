"""Whether a window has come to rest, or is where the slow engine would be: then it may close."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.slow.network import Operating
from cosim.windows.exchange import I_ALTERNATOR, I_PORT, V_BATTERY, V_BUS, V_INPUT

Array = NDArray[np.float64]

QUIET_A, QUIET_V, ALTERNATOR_QUIET_A = 0.1, 5e-3, 1.0
"""A window is settled when nothing exchanged moved by more than this over its last tick, or when all of it is as close
to the slow prediction (ours); the alternator's current is not handed over, only its voltage matters."""


def settled(values: Array, before: Array, predicted: Operating) -> bool:
    """Whether a window's path has settled.

    Parameters
    ----------
    values, before : at the accepted points of a tick and of the one before, in `exchange_point.ORDER`
    predicted : operating point of the slow network at the tick
    """
    moved = np.abs(values - before)
    still = moved[I_PORT] < QUIET_A and moved[I_ALTERNATOR] < ALTERNATOR_QUIET_A
    quiet = still and max(moved[V_BUS], moved[V_INPUT], moved[V_BATTERY]) < QUIET_V
    follows = (
        abs(values[I_PORT] - predicted.port_current_A) < QUIET_A
        and abs(values[I_ALTERNATOR] - predicted.alternator_current_A) < ALTERNATOR_QUIET_A
        and abs(values[V_BUS] - predicted.starter_voltage_V) < QUIET_V
    )
    return bool(quiet or follows)
