"""Failure modes: what each injected fault showed in the runs that had no other one.

A run gives an observation (how soon the supervisor named a fault, what it switched off, how far cells and junctions
went); observations of the same fault are put together into a row.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from cosim.studies.campaign.faults import SHOWN_BY
from cosim.studies.campaign.record import Record

NONE = "no fault"
SWITCHES = {"alternator_enabled": "alternator port off", "charge_output": "charge disconnect",
            "load_output": "load disconnect", "discharge_gate": "System+ discharge off"}
REACTION_S = 60.0
"""A switch that goes off up to so long after the fault counts as its reaction (ours: the lead of O5, twice)."""
USUAL = 3
"""How many detections and reactions a row names, the most frequent first."""


def observation(r: Record, name: str, begins_s: float) -> dict[str, Any]:
    """What a run showed of one fault.

    Parameters
    ----------
    r : the run
    name : of the fault
    begins_s : when it begins
    """
    before = {e.detail.split(":")[0] for e in r.result.events if e.event == "fault raised" and e.time_s < begins_s}
    raised = [(e.time_s, e.detail.split(":")[0]) for e in r.result.events
              if e.event == "fault raised" and e.time_s >= begins_s]
    new = [(time_s - begins_s, what) for time_s, what in raised if what not in before]
    # One tick earlier too: what is off within the fault's own tick was on before it.
    after = (r.time_s >= begins_s - 1.5 * r.scenario.tick_s) & (r.time_s <= begins_s + REACTION_S)
    reactions = []
    for channel, told in SWITCHES.items():
        state = r.on(channel)[after]
        if state.size and np.any(state[:-1] & ~state[1:]):
            reactions.append(told)
    rest = r.time_s >= begins_s
    return {
        "fault": name, "detected": new[0][1] if new else "", "after_s": new[0][0] if new else None,
        "reactions": reactions,
        "highest_V": float(r.highest_V[rest].max()), "lowest_V": float(r.lowest_V[rest].min()),
        "port_A": float(r["port_current_A"][rest].max()), "back_A": float(-r["port_current_A"][rest].min()),
        "junction_degC": float(r["junction_degC"][rest].max()),
        "fuse_blown": any(e.event == "fuse blown" for e in r.result.events),
        "winding_over": any(e.event.startswith("alternator winding above") for e in r.result.events),
    }


def mode_rows(observations: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the table: fault, runs, detection, reaction, effect."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for one in observations:
        by_name.setdefault(one["fault"], []).append(one)
    return [_row(name, by_name[name]) for name in sorted(by_name, key=lambda n: (n != NONE, n))]


def _row(name: str, seen: list[dict[str, Any]]) -> dict[str, Any]:
    found = [one for one in seen if one["detected"]]
    kinds = Counter(one["detected"] for one in found)
    shown = SHOWN_BY.get(name.removeprefix("transistor "), "")
    reactions = Counter(reaction for one in seen for reaction in one["reactions"])
    return {
        "fault": name, "runs": len(seen), "detected": len(found),
        "shown_by": shown, "detection": [f"{what} ({count})" for what, count in kinds.most_common(USUAL)],
        "median_s": statistics.median(one["after_s"] for one in found) if found else None,
        "reaction": [f"{what} ({count})" for what, count in reactions.most_common(USUAL)],
        "highest_V": max(one["highest_V"] for one in seen), "lowest_V": min(one["lowest_V"] for one in seen),
        "port_A": max(one["port_A"] for one in seen), "back_A": max(one["back_A"] for one in seen),
        "junction_degC": max(one["junction_degC"] for one in seen),
        "fuse_blown": sum(one["fuse_blown"] for one in seen),
        "winding_over": sum(one["winding_over"] for one in seen),
    }
