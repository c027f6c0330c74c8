"""How far waveforms may differ: defaults by unit (ours), and a file that says otherwise.

A file, all of whose parts may be left out (docs/regression.md)::

    default: {time_s: 0.1}
    units: {A: {absolute: 0.2, relative: 0.01}}
    signals: {"slow/port_current_A": {absolute: 0.05}, "windows/crank/*": {time_s: 1.0e-4}, "*/load_A": {ignore: true}}
    events: {time_s: 0.2, ignore: [saving]}
    span_s: 0.5

Rules of `default`, `units` and `signals` follow each other, and later ones win, field by field; `span_s` is how much
later or earlier a record may begin and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from cosim.errors import InputError, nearest
from cosim.scenario.base import STRICT
from cosim.scenario.problems import one_line
from cosim.scenario.reading import read_mapping
from cosim.studies.compare.recording import Signal
from cosim.studies.compare.tube import Tolerance

Absolute = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Relative = Annotated[float, Field(ge=0.0, lt=1.0)]
Seconds = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]

BY_UNIT: dict[str, tuple[float, float]] = {
    "A": (0.5, 0.01), "V": (0.05, 0.005), "mV": (0.5, 0.01), "W": (1.0, 0.02), "J": (0.01, 0.02), "degC": (0.5, 0.0),
    "1/min": (5.0, 0.005), "m/s": (0.05, 0.005), "ohm": (1e-5, 0.01), "s": (1e-3, 0.0), "1": (0.01, 0.005),
}
"""Absolute and relative part where nothing else is said (ours): what a reader of a picture would call the same."""
OTHER_UNIT = (1e-3, 0.01)
"""For units that the project does not know: absolute part as a share of golden's span, relative part (ours)."""
WINDOW_TIME_S = 20e-6
"""Time tolerance inside a SPICE window (ours): some of its steps."""
TICK_S = 0.1
"""Least time tolerance of a slow record (ours): a supervisor tick."""
EVENT_TIME_S = 0.15
"""How far an event may move (ours): one tick, and rounding."""
WINDOW_SPAN_S = 0.25
"""How much a window may be longer or shorter (ours): it ends on the tick at which it has settled."""


class Rule(BaseModel):
    """What a file says about some signals; what it leaves out comes from the rules before."""

    model_config = STRICT
    absolute: Absolute | None = None
    relative: Relative | None = None
    time_s: Seconds | None = None
    ignore: bool = False


class EventRule(BaseModel):
    """What a file says about the event log; `ignore` are names of events."""

    model_config = STRICT
    time_s: Seconds = EVENT_TIME_S
    ignore: list[str] = []


class Tolerances(BaseModel):
    """All rules of a file; without a file the defaults hold."""

    model_config = STRICT
    default: Rule = Rule()
    units: dict[str, Rule] = {}
    signals: dict[str, Rule] = {}
    events: EventRule = EventRule()
    span_s: Seconds | None = None

    def of(self, golden: Signal) -> Stated | None:
        """Tolerance of a signal and where each part comes from; None if it is to be ignored."""
        found = _defaults(golden)
        rules = [("default", self.default)]
        rules += [(f"unit {unit}", rule) for unit, rule in self.units.items() if unit == golden.unit]
        rules += [(pattern, rule) for pattern, rule in self.signals.items() if fnmatchcase(golden.name, pattern)]
        if any(rule.ignore for _, rule in rules):
            return None
        for place, rule in rules:
            for part in ("absolute", "relative", "time_s"):
                value = getattr(rule, part)
                if value is not None:
                    found[part] = (float(value), place)
        span_s, origin = _span(golden, found["time_s"][0]) if self.span_s is None else (self.span_s, "span_s")
        numbers = {part: value for part, (value, _) in found.items()}
        places = {part: place for part, (_, place) in found.items()} | {"span_s": origin}
        return Stated(Tolerance(**numbers), places, span_s)

    def require_used(self, names: Iterable[str], units: Iterable[str], origin: str) -> None:
        """Refuse a rule that fits none of the names and units of signals: mostly a slip of the pen.

        Raises InputError, which calls the file `origin`; `names` and `units` are those of all signals.
        """
        known, known_units = list(names), {*units, *BY_UNIT}
        for pattern in self.signals:
            if not any(fnmatchcase(name, pattern) for name in known):
                raise InputError(origin, f"signals.{pattern}", "fits no signal", nearest(pattern, known))
        for unit in self.units:
            if unit not in known_units:
                raise InputError(origin, f"units.{unit}", "no signal has it", ", ".join(sorted(known_units)))


class Stated(NamedTuple):
    """A tolerance, which rule gave each part, and how much the ends of the records may differ [s]."""

    tolerance: Tolerance
    origin: dict[str, str]
    span_s: float


def _defaults(golden: Signal) -> dict[str, tuple[float, str]]:
    """Defaults by unit, and for time by the kind of record."""
    v = golden.wave.value
    known = BY_UNIT.get(golden.unit)
    if known is None:
        share, relative = OTHER_UNIT
        swing = float(np.ptp(v)) or float(np.abs(v).max()) or 1.0
        absolute, place = (share * swing, "0.1 % of golden's span (unknown unit)")
    else:
        (absolute, relative), place = known, f"default for {golden.unit}"
    if golden.in_window:
        time_s, when = WINDOW_TIME_S, "default for windows"
    else:
        slow = golden.name.startswith("slow/")
        time_s = max(golden.step_s, TICK_S) if slow else golden.step_s
        when = "golden's step, at least a tick" if slow else "golden's median step"
    return {"absolute": (absolute, place), "relative": (relative, place), "time_s": (time_s, when)}


def _span(golden: Signal, time_s: float) -> tuple[float, str]:
    if golden.in_window:
        return max(WINDOW_SPAN_S, time_s), "default for windows"
    return time_s, "the time tolerance"


def load_tolerances(path: Path | None) -> Tolerances:
    """Read a file of tolerances; without one the defaults.

    Raises
    ------
    InputError
        With file, field, value and what is allowed.
    """
    if path is None:
        return Tolerances()
    return parse_tolerances(read_mapping(path), str(path))


def parse_tolerances(content: Mapping[str, object], origin: str = "tolerances") -> Tolerances:
    """Validate what a file of tolerances holds. See `load_tolerances`."""
    try:
        return Tolerances.model_validate(dict(content))
    except ValidationError as error:
        raise one_line(error, origin, Tolerances) from None
