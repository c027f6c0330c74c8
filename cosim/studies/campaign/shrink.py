"""Shrinking a violation: the smallest scenario that still breaks the same invariant, by trying simpler ones.

Tries go from coarse to fine: without broken parts, shorter, whole sections at their defaults, then without faults,
events and devices one by one, settings and bank at their defaults, and a shorter drive. What still
breaks the invariant is kept, and all is tried again until nothing helps or the budget of runs is used up. What holds
for all cases (`--set`) stays.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from cosim.studies.campaign.scenario import Case

Fails = Callable[[Case], float | None]
"""Time of the violation in a run of a case, or None where it is not there (or the case is not legal)."""

MOST_RUNS = 60
LEFT_OUT = ("remote", "events", "faults", "cables", "ambient", "drive", "seed", "variant")
"""Sections that may go as a whole."""
OFF: dict[str, Any] = {"segments": [{"kind": "off", "duration_s": 10.0}]}
AFTER_S = 5.0
"""How much of a run is kept after the violation."""


class Shrunk(NamedTuple):
    """The smallest case found, the time of its violation, and how many runs that took."""

    case: Case
    time_s: float
    runs: int


def shrunk(case: Case, fails: Fails, time_s: float, budget: int = MOST_RUNS) -> Shrunk:
    """Make a failing case as small as the budget of runs allows.

    Parameters
    ----------
    case, time_s : the case, and when its violation begins
    fails : runs a case
    budget : runs at most
    """
    runs, again = 0, True
    while again and runs < budget:
        again = False
        place = 0
        while runs < budget:
            candidates = list(simpler(case, time_s))
            if place >= len(candidates):
                break
            found = fails(candidates[place])
            runs += 1
            if found is None:
                place += 1
            else:
                case, time_s, again = candidates[place], found, True
    return Shrunk(case, time_s, runs)


def simpler(case: Case, time_s: float) -> Iterator[Case]:
    """Cases that are simpler by one step, the largest steps first; the order is fixed."""
    content = case.content
    if case.windows:
        yield case._replace(windows=False)
    for place in range(len(case.broken)):
        yield case._replace(broken=case.broken[:place] + case.broken[place + 1 :])
    length_s = float(content["duration_s"])
    end_s = float(max(10.0, round(time_s + AFTER_S)))
    if end_s < length_s:
        yield _with(case, duration_s=end_s)
    for section in LEFT_OUT:
        if not content.get(section):
            continue
        if section == "drive":
            if content["drive"] != OFF:
                yield _with(case, drive=OFF)
        elif section == "variant":
            if content["variant"] != "12-200" and content["settings"].get("remote_function") != "ports":
                yield _with(case, variant="12-200")
        else:
            yield _without(case, section)
    for path in ("faults", "events", "system.devices"):
        for place in range(len(_list_at(content, path))):
            yield _without_entry(case, path, place)
    for key in list(content["settings"]):
        yield _without_key(case, "settings", key)
    bank = content["bank"]
    if bank.get("batteries", 1) > 1:
        yield _changed(case, lambda c: c["bank"].update(batteries=1))
    for key in ("spread", "temperature_degC", "soc", "battery"):
        if key in bank:
            yield _without_key(case, "bank", key)
    yield from _shorter_drive(case)


def _shorter_drive(case: Case) -> Iterator[Case]:
    """Drive segments one by one, and those that begin after the end."""
    segments = case.content["drive"]["segments"]
    kept, begins_s = [], 0.0
    for segment in segments:
        if begins_s < float(case.content["duration_s"]):
            kept.append(segment)
        begins_s += float(segment["duration_s"])
    if len(kept) < len(segments):
        yield _with(case, drive={"segments": kept})
    for place in range(len(segments) if len(segments) > 1 else 0):
        yield _with(case, drive={"segments": segments[:place] + segments[place + 1 :]})


def _list_at(content: dict[str, Any], path: str) -> list[Any]:
    here: Any = content
    for part in path.split("."):
        here = here.get(part, {}) if isinstance(here, dict) else {}
    return here if isinstance(here, list) else []


def _changed(case: Case, change: Callable[[dict[str, Any]], object]) -> Case:
    content = copy.deepcopy(case.content)
    change(content)
    return case._replace(content=content)


def _with(case: Case, **sections: Any) -> Case:
    return _changed(case, lambda c: c.update(sections))


def _without(case: Case, section: str) -> Case:
    return _changed(case, lambda c: c.pop(section))


def _without_key(case: Case, section: str, key: str) -> Case:
    return _changed(case, lambda c: c[section].pop(key))


def _without_entry(case: Case, path: str, place: int) -> Case:
    """Take one entry out of a list; a device's faults go with it."""

    def change(content: dict[str, Any]) -> None:
        gone = _list_at(content, path).pop(place)
        if path == "system.devices":
            content["faults"] = [f for f in content.get("faults", []) if f.get("device") != gone["kind"]]

    return _changed(case, change)
