"""Ratings of the power devices in a window: what exceeds them becomes an event (A8).

Drain voltages, powers and junctions are those that the window recorded; a bank counts as one device with its share.
Which devices there are, of which class and how many side by side, is read from the path's netlist.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.deck import DEVICES
from cosim.circuit.parts import transistors
from cosim.circuit.safe_area import DeviceWaves, Stress, mosfet_stresses, tvs_stresses, violations, worst_share_A
from cosim.paths import netlists_folder
from models.ratings import load_mosfet, load_tvs

Array = NDArray[np.float64]
Note = tuple[float, str, str, str]

PLACES: dict[str, tuple[str, str | None, str]] = {
    "q0": ("fb_V", "mid_V", "q1"),
    "q1": ("mid_V", "fb_V", "q1"),
    **{device: ("mid_V", "battery_voltage_V", device) for device in DEVICES[1:]},
    "hs": ("mid_V", None, "q2a"),
    "ls": ("mid_V", None, "q2b"),
}
"""Transistors of the alternator paths by their names in the netlists: waves between which their drain voltage stands
(None: the return), and the device of `DEVICES` whose heat and junction count. Blocking switch and ideal diode of the
buck share one heat: each is charged with all of it. Its switches see no more than the input bank."""
BANK_RATINGS, IN_BANK = "ratings_n60", 4.0
CLAMP_RATINGS, IN_CLAMP = "ratings_sm8s16a", 2.0
CLAMPS = {"clamp at the battery stud": ("battery_voltage_V", "stud_clamp_A"),
          "clamp at System+": ("system_voltage_V", "port_clamp_A")}
"""Of System+ (netlists/system_path.cir): a pair of suppressors at each stud, judged by the worst of it. Its four
Schottky diodes have no rating here: 200 A each for less than a millisecond are a few A2s, of hundreds (ours)."""


def stresses_of(
    time_s: Array, waves: dict[str, Array], heatsink_degC: float, netlist: str = "alternator_path"
) -> list[Stress]:
    """Stresses of every device of a window, each beside its limit.

    Parameters
    ----------
    time_s, waves : accepted points of the window
    heatsink_degC : case of all devices
    netlist : of the alternator path; transistors that are not among `PLACES` are left out
    """
    found: list[Stress] = []
    for one in transistors((netlists_folder() / f"{netlist}.cir").read_text(encoding="utf-8")):
        if one.name not in PLACES:
            continue
        above, below, device = PLACES[one.name]
        drain_V = waves[above] - (waves[below] if below else 0.0)
        found += mosfet_stresses(
            DeviceWaves(one.name, time_s, drain_V, waves[f"power_{device}_W"] / one.parallel,
                        waves[f"junction_{device}_degC"], heatsink_degC),
            load_mosfet(f"ratings_{one.model.lower()}"),
        )
    if "port_stored_J" not in waves:
        return found
    for bank in ("discharge", "charge"):
        found += mosfet_stresses(
            DeviceWaves(f"{bank} bank", time_s, waves[f"drain_{bank}_V"] - waves["common_source_V"],
                        waves[f"power_{bank}_bank_W"] / IN_BANK, waves[f"junction_{bank}_degC"], heatsink_degC),
            load_mosfet(BANK_RATINGS),
        )
    tvs = load_tvs(CLAMP_RATINGS)
    ground_V = waves.get("ground_V", np.zeros(time_s.size))
    for name, (node, current) in CLAMPS.items():
        volts = waves[node] - ground_V
        power_W = volts * worst_share_A(-waves[current], IN_CLAMP, tvs)
        found += tvs_stresses(DeviceWaves(name, time_s, volts, power_W, np.zeros(1), heatsink_degC), tvs)
    return found


def rating_notes(
    time_s: Array, waves: dict[str, Array], heatsink_degC: float, start_s: float, netlist: str = "alternator_path"
) -> list[Note]:
    """Events of devices outside their ratings, at their moments in the run."""
    return [
        (start_s + v.time_s, "circuit", "rating exceeded", v.detail)
        for v in violations(stresses_of(time_s, waves, heatsink_degC, netlist))
    ]
