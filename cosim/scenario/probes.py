"""Probes of a scenario: nodes and branches of the circuit that windows record besides their own waves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, model_validator

from cosim.circuit.deck import SIGNALS, SYSTEM_SIGNALS, ProbeSignal
from cosim.errors import InputError
from cosim.scenario.base import NODE, PROBE_NAME, STRICT

if TYPE_CHECKING:
    from cosim.scenario.model import Scenario

MOST = 32
"""Probes of one scenario (ours)."""
DRAWN_UNITS = ("V", "A")
"""Units of the axes that a picture's enlarged windows have."""
TAKEN = frozenset((*SIGNALS, *SYSTEM_SIGNALS, "time_s", "device", "device_power_W", "junction_degC", "ground_V"))
TAKEN_PREFIXES = ("contact_", "cut_", "pulse_", "generator_")
"""Names that windows use for themselves."""

Place = Annotated[str, Field(pattern=NODE, max_length=120)]


class Probe(BaseModel):
    """A node's voltage against ground, or the current of a voltage source or inductor, by ngspice's name of it.

    `unit` of a node that stands for something else (the netlists' heads say so: W, degC); `draw`: in the picture.
    """

    model_config = STRICT
    name: Annotated[str, Field(pattern=PROBE_NAME, max_length=40)] = Field(
        description="What the record calls it."
    )
    node: Place | None = Field(default=None, description="A node, such as `xpath.ga`.")
    current: Place | None = Field(default=None, description="A voltage source or inductor, such as `v.xpath.via`.")
    unit: Annotated[str, Field(pattern=r"^[A-Za-z0-9%/]+$", max_length=12)] | None = Field(
        default=None, description="Unit of a node that stands for something else; left out, V."
    )
    draw: bool = Field(default=False, description="Also in the run's picture.")

    @model_validator(mode="after")
    def _consistent(self) -> Probe:
        if (self.node is None) == (self.current is None):
            raise ValueError("give either node or current")
        if self.current is not None and self.unit not in (None, "A"):
            raise ValueError("the unit of a current is A, leave it out")
        if self.draw and self.signal.unit not in DRAWN_UNITS:
            raise ValueError(f"draw needs one of the units {', '.join(DRAWN_UNITS)}, which the picture's axes have")
        return self

    @property
    def signal(self) -> ProbeSignal:
        """What SPICE is asked for."""
        if self.current is not None:
            return ProbeSignal(self.name, f"i({self.current.lower()})", "A", self.draw)
        assert self.node is not None  # validated
        return ProbeSignal(self.name, f"v({self.node.lower()})", self.unit or "V", self.draw)


def check_probe_names(scenario: Scenario, origin: str) -> None:
    """Names of probes must differ, also from those that windows use for themselves; raises InputError."""
    seen: set[str] = set()
    for place, probe in enumerate(scenario.probes):
        if probe.name in seen or probe.name in TAKEN or probe.name.startswith(TAKEN_PREFIXES):
            raise InputError(origin, f"probes.{place}.name", probe.name, "a name that nothing recorded has")
        seen.add(probe.name)
