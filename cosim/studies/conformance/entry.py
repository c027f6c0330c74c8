"""What a bench gives: entries of `conformance.json`, each with the waveform that it was read off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.studies.conformance.limits import Status, limit

Array = NDArray[np.float64]


class Corner(NamedTuple):
    """Conditions of a bench; None means the bench's own default, which is the nominal one."""

    name: str = "nominal"
    variant: str = "12-200"
    ambient_degC: float = 25.0
    fuse_A: float = 100.0
    battery_ohm: float | None = None
    cable_H: float | None = None


@dataclass(frozen=True)
class Changes:
    """A design changed on purpose: what sensitivities and planted defects change. Empty: the shipped design.

    circuits : netlist (as `alternator_path`) -> parameter -> value, for whatever deck holds that circuit;
    settings : of the supervisor; firmware : constants of `bms.FirmwareParameters`;
    text : netlist file -> (old, new) pieces of its text, for what is no parameter (a model card, an element)
    """

    circuits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    firmware: Mapping[str, float] = field(default_factory=dict)
    text: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Trace:
    """A waveform for the plot: seconds, values, unit, and what it is."""

    label: str
    unit: str
    time_s: Array
    value: Array


@dataclass(frozen=True)
class Evidence:
    """What an entry was read off.

    traces : drawn in one panel per unit, the first one on top; marks : measured points (time_s, value, words) on the
    first trace; the limit is drawn on the first trace where `limit_on_trace` says that both are the same quantity
    """

    traces: tuple[Trace, ...]
    marks: tuple[tuple[float, float, str], ...] = ()
    limit_on_trace: bool = True


@dataclass(frozen=True)
class Entry:
    """One figure of one row in one corner.

    id : row of the requirements; figure : name of the limit (`A3.cold_fuse_A`), or of what is declared; method : how it
    was measured, in words; status : measured, assumed or declared; value : None where nothing is measured;
    trust : what the figure rests on (validated, fitted, ours); note : why a row cannot be measured
    """

    id: str
    figure: str
    method: str
    status: Status
    value: float | None = None
    corner: str = "nominal"
    variant: str = "12-200"
    trust: str = "ours"
    note: str = ""
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool | None:
        """Whether a measured figure keeps its limit; None where nothing was measured: only measured rows can pass."""
        if self.status != "measured" or self.value is None:
            return None
        return limit(self.figure).passed(self.value)

    def as_dict(self) -> dict[str, object]:
        """What `conformance.json` holds."""
        told: dict[str, object] = {
            "id": self.id, "figure": self.figure, "corner": self.corner, "variant": self.variant, "method": self.method,
            "status": self.status, "trust": self.trust, "note": self.note, "measured": self.value, "unit": "",
            "requirement": self.note, "limit": "", "margin": None, "passed": self.passed,
        }
        if self.status == "measured" and self.value is not None:
            kept = limit(self.figure)
            told |= {"unit": kept.unit, "requirement": kept.text, "limit": kept.told(),
                     "margin": kept.margin(self.value)}
        return told


class Bench(NamedTuple):
    """A virtual test bench: the rows that it answers, who measures, about how long it takes.

    measure(lab, corner, changes) returns entries of those rows. A bench is one job of the pool: rows that need the same
    run belong to one bench. `corners` are those of `--full`; the default run takes the nominal one.
    """

    name: str
    rows: tuple[str, ...]
    measure: Callable[[Lab, Corner, Changes], list[Entry]]
    cost_s: float = 1.0
    corners: tuple[Corner, ...] = (Corner(),)


class Lab:
    """What all benches of one process share: the one ngspice, and runs that several measurements need."""
