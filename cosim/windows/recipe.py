"""How a window was computed, kept with its waveforms: what it takes to compute it again without Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from cosim.circuit.deck import AlternatorDeck, DeckSpec, ProbeSignal
from cosim.circuit.failed import FailedPart
from cosim.circuit.pulse_deck import PulseDeck
from cosim.circuit.system_deck import Disturbance, SystemDeck
from cosim.record.replay import NativeBank, NativeBattery, NativePair
from cosim.spice.deck import SpiceOptions

RECIPE = "recipe"
"""Attribute of a window's dataset that holds its recipe as JSON."""


@dataclass(frozen=True)
class WindowRecipe:
    """Everything of a window that its waveforms do not say.

    Attributes
    ----------
    spec : what stood around the circuit
    preroll_s : length of the pre-roll, which the recorded waveforms leave out [s]
    enable_at_s : when the path was enabled in the pre-roll [s]; None if it began disabled
    ramp_s : time that a command takes to change [s]
    tmax_s, options : longest step [s] and numerical options of the run that succeeded
    native : bank at the window's start as native elements
    ngspice : version
    retries : what the retry ladder changed before the run succeeded; empty normally
    """

    spec: DeckSpec
    preroll_s: float
    enable_at_s: float | None
    ramp_s: float
    tmax_s: float
    options: SpiceOptions
    native: NativeBank
    ngspice: str
    retries: tuple[str, ...] = ()

    def as_json(self) -> str:
        """JSON with sorted keys: equal recipes give equal text."""
        spec = {**vars(self.spec), "parameters": dict(self.spec.parameters)}
        spec["alternator"] = None if self.spec.alternator is None else asdict(self.spec.alternator)
        spec["sections"] = [asdict(one) for one in self.spec.sections if isinstance(one, SystemDeck | PulseDeck)]
        spec["probes"] = [asdict(one) for one in self.spec.probes]
        spec = {name: value for name, value in spec.items() if value or name not in SELDOM}
        content = {**vars(self), "spec": spec, "options": asdict(self.options), "native": asdict(self.native)}
        return json.dumps(content, sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> WindowRecipe:
        """Read back what `as_json` wrote.

        Raises
        ------
        ValueError : not a recipe, or one of another version of this project
        """
        try:
            content: Mapping[str, Any] = json.loads(text)
            spec, native = dict(content["spec"]), content["native"]
            if spec["alternator"] is not None:
                spec["alternator"] = AlternatorDeck(**spec["alternator"])
            spec["sections"] = tuple(_section(one) for one in spec.get("sections", ()))
            spec["cuts"] = tuple(spec.get("cuts", ()))
            spec["probes"] = tuple(ProbeSignal(**one) for one in spec.get("probes", ()))
            spec["failed"] = tuple(FailedPart(*one) for one in spec.get("failed", ()))
            return cls(**{
                **content, "spec": DeckSpec(**spec), "options": SpiceOptions(**content["options"]),
                "native": NativeBank(tuple(_battery(one) for one in native["batteries"])),
                **{name: float(content[name]) for name in ("preroll_s", "ramp_s", "tmax_s")},
                "retries": tuple(content["retries"]),
            })
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a recipe of this version ({error})") from error


SELDOM = ("sections", "cuts", "probes", "failed")
"""What of a spec is written only where there is some."""


def _section(content: Mapping[str, Any]) -> SystemDeck | PulseDeck:
    if "pulse" in content:
        return PulseDeck(**content)
    return SystemDeck(**{**content, "disturbances": tuple(Disturbance(**one) for one in content["disturbances"])})


def _battery(content: Mapping[str, Any]) -> NativeBattery:
    pairs = tuple(NativePair(**{name: float(value) for name, value in pair.items()}) for pair in content["pairs"])
    plain = {item.name: float(content[item.name]) for item in fields(NativeBattery) if item.name != "pairs"}
    return NativeBattery(**plain, pairs=pairs)
