"""What a bench gives: entries of `conformance.json`, each with the waveform that it was read off."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.circuit.defaults import default_of
from cosim.studies.conformance.lab import Lab
from cosim.studies.conformance.limits import Status, limit, limits
from cosim.studies.conformance.requirements import requirements

__all__ = ["Bench", "Changes", "Corner", "Entry", "Evidence", "Influence", "Lab", "Trace"]

Array = NDArray[np.float64]
BenchData = TypeVar("BenchData")


class Corner(NamedTuple):
    """Conditions of a bench, the `variant` among them; None means the bench's own default, which is the nominal one.

    `name` is unique among the corners of a bench. battery_ohm, cable_H : extremes for benches that have such parts
    """

    name: str = "nominal"
    variant: str = "12-200"
    ambient_degC: float = 25.0
    fuse_A: float = 100.0
    battery_ohm: float | None = None
    cable_H: float | None = None


@dataclass(frozen=True)
class Changes:
    """A design changed on purpose: what sensitivities and planted defects change. Empty: the shipped design.

    Attributes
    ----------
    circuits : netlist (as `alternator_path`) -> parameter -> value, for whatever deck holds that circuit
    settings : of the supervisor
    firmware : constants of `bms.FirmwareParameters`
    text : netlist file -> (old, new) pieces of its text, for what is no parameter (a model card, an element)
    plant : factors of what stands around the product, by path in a scenario (`source.resistance_ohm`) or by field of
        the data of a bench of its own (`scaled`)
    """

    circuits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    firmware: Mapping[str, float] = field(default_factory=dict)
    text: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    plant: Mapping[str, float] = field(default_factory=dict)

    def scaled(self, bench: BenchData) -> BenchData:
        """Data of a bench (a dataclass), its fields multiplied by the factors of `plant` of the same name."""
        known = {item.name for item in fields(bench)}  # type: ignore[arg-type]  # any dataclass
        found = {name: getattr(bench, name) * factor for name, factor in self.plant.items() if name in known}
        changed: BenchData = replace(bench, **found)  # type: ignore[type-var]
        return changed

    def settings_of(self, **own: object) -> bms.Settings:
        """Supervisor settings for a bench without scenario: the bench's own ones, then the changed ones."""
        values: dict[str, Any] = {**own, **self.settings}
        if self.firmware:
            values["firmware"] = dict(self.firmware)
        return bms.Settings.from_mapping(values)


@dataclass(frozen=True)
class Trace:
    """A waveform for the plot: a `value` at each time [s], shapes (n,), their unit, and a `label` that says what.

    panel : traces of one unit with different words here stand in panels of their own
    """

    label: str
    unit: str
    time_s: Array
    value: Array
    panel: str = ""


@dataclass(frozen=True)
class Evidence:
    """What an entry was read off.

    traces : drawn in one panel per unit, the first one on top; marks : measured points (time_s, value, words) on the
    first trace; the limits of figures in the first trace's unit are drawn there, unless `limit_on_trace` says that
    they are of another quantity; x_label : of the horizontal axis, for traces over something else than time (which
    `time_s` then holds)
    """

    traces: tuple[Trace, ...]
    marks: tuple[tuple[float, float, str], ...] = ()
    limit_on_trace: bool = True
    x_label: str = "time [s]"


@dataclass(frozen=True)
class Entry:
    """One figure of one row in one corner, for a `variant` of the product.

    id : row of the requirements; figure : name of the limit (`A3.cold_fuse_A`), or of what is declared; method : how it
    was measured, in words; status : measured, assumed or declared; value : None where nothing is measured;
    trust : what the figure rests on (validated, fitted, ours); note : why a row cannot be measured, or what else to say
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
        """Whether a measured figure keeps its limit; one that gave no value fails. None where nothing was measured."""
        if self.status != "measured":
            return None
        return self.value is not None and limit(self.figure).passed(self.value)

    def as_dict(self) -> dict[str, object]:
        """What `conformance.json` holds."""
        kept = limits().get(self.figure)
        measured = self.status == "measured" and self.value is not None and math.isfinite(self.value)
        told: dict[str, object] = {
            "id": self.id, "requirement": requirements().get(self.id, ""), "figure": self.figure,
            "what": kept.text if kept else "", "corner": self.corner, "variant": self.variant, "method": self.method,
            "status": self.status, "trust": self.trust, "note": self.note,
            "measured": float(self.value) if self.value is not None and math.isfinite(self.value) else None,
            "unit": kept.unit if kept else "", "limit": kept.told() if kept else "",
            "source": kept.source if kept else "", "margin": None, "passed": self.passed,
        }
        if kept and measured and self.value is not None:
            told["margin"] = kept.margin(self.value)
        return told


class Influence(NamedTuple):
    """A parameter that may move a row's margin, for its sensitivity.

    name : as the netlist, the firmware's constants or the plant call it
    kind : circuit (place: circuit), firmware, or plant (see `Changes`); settings are whole choices and no parameters
    """

    kind: Literal["circuit", "firmware", "plant"]
    name: str
    place: str = ""

    @property
    def told(self) -> str:
        """Name in reports."""
        return f"{self.place}.{self.name}" if self.place else f"{self.kind}.{self.name}"

    def changes(self, factor: float) -> Changes:
        """The design with this parameter multiplied by `factor`."""
        if self.kind == "circuit":
            return Changes(circuits={self.place: {self.name: default_of(self.place, self.name) * factor}})
        if self.kind == "firmware":
            value = getattr(bms.FirmwareParameters(), self.name)
            return Changes(firmware={self.name: type(value)(round(value * factor) if isinstance(value, int)
                                                            else value * factor)})
        return Changes(plant={self.name: factor})


class Bench(NamedTuple):
    """A virtual test bench: its `name`, the rows that it answers, who measures, about how long it takes.

    measure(lab, corner, changes) returns entries of those rows; the changes are applied already to netlists and to
    `lab.run`. A bench is one job of the pool: rows that need the same run belong to one bench. `corners` are those of
    `--full`; the default run takes the nominal one. `influences` are varied by +-5 % in `--full`. Modules `rows_*.py`
    beside this one have a tuple `BENCHES`.
    """

    name: str
    rows: tuple[str, ...]
    measure: Callable[[Lab, Corner, Changes], list[Entry]]
    cost_s: float = 1.0
    corners: tuple[Corner, ...] = (Corner(),)
    influences: tuple[Influence, ...] = ()
