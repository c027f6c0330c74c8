"""Ratings of the power devices in a window: what exceeds them becomes an event (A8).

Drain voltages, powers and junctions are those that the window recorded; a bank counts as one device with its share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.deck import DEVICES
from cosim.safe_area import DeviceWaves, Stress, mosfet_stresses, tvs_stresses, violations
from models.ratings import load_mosfet, load_tvs

Array = NDArray[np.float64]
Note = tuple[float, str, str, str]

ALTERNATOR_RATINGS = {"q1": ("ratings_n80", 2.0), **dict.fromkeys(DEVICES[1:], ("ratings_n100", 1.0))}
"""Ratings of the alternator path's devices, and how many stand in parallel (netlists/alternator_path.cir)."""
BANK_RATINGS, IN_BANK = "ratings_n60", 4.0
CLAMP_RATINGS, IN_CLAMP = "ratings_sm8s16a", 2.0
"""Of System+ (netlists/system_path.cir); the heat of its Schottky diodes counts as the suppressors'."""


def stresses_of(time_s: Array, waves: dict[str, Array], heatsink_degC: float) -> list[Stress]:
    """Stresses of every device of a window, each beside its limit.

    Parameters
    ----------
    time_s, waves : accepted points of the window
    heatsink_degC : case of all devices
    """
    found: list[Stress] = []
    mid_V = waves["mid_V"]
    for name, (ratings, parallel) in ALTERNATOR_RATINGS.items():
        drain_V = mid_V - (waves["fb_V"] if name == "q1" else waves["battery_voltage_V"])
        found += mosfet_stresses(
            DeviceWaves(name, time_s, drain_V, waves[f"power_{name}_W"] / parallel, waves[f"junction_{name}_degC"],
                        heatsink_degC),
            load_mosfet(ratings),
        )
    if "port_stored_J" not in waves:
        return found
    for bank in ("discharge", "charge"):
        found += mosfet_stresses(
            DeviceWaves(f"{bank} bank", time_s, waves[f"drain_{bank}_V"] - waves["common_source_V"],
                        waves[f"power_{bank}_bank_W"] / IN_BANK, waves[f"junction_{bank}_degC"], heatsink_degC),
            load_mosfet(BANK_RATINGS),
        )
    clamp = DeviceWaves(
        "System+ clamp", time_s, waves["battery_voltage_V"], waves["power_port_clamp_W"] / IN_CLAMP, np.zeros(1)
    )
    return found + tvs_stresses(clamp, load_tvs(CLAMP_RATINGS))


def rating_notes(time_s: Array, waves: dict[str, Array], heatsink_degC: float, start_s: float) -> list[Note]:
    """Events of devices outside their ratings, at their moments in the run."""
    return [
        (start_s + v.time_s, "circuit", "rating exceeded", v.detail)
        for v in violations(stresses_of(time_s, waves, heatsink_degC))
    ]
