"""Transistors that fail in a run: when, which part of the netlist, and the circuit's law from then on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cosim.circuit.failed import FailedPart
from cosim.circuit.identify import IdentifiedCircuit
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import failures


class Failing(NamedTuple):
    """A transistor that fails: from which tick on, what becomes of the netlist, the circuit's law (System+: none)."""

    tick: int
    part: FailedPart
    circuit: IdentifiedCircuit | None

    def as_dict(self, tick_s: float) -> dict[str, object]:
        """For a summary: with the residuals of the law, where it has one of its own."""
        told: dict[str, object] = {"part": self.part.part, "how": self.part.how, "time_s": self.tick * tick_s}
        if self.circuit is not None:
            told |= {name: getattr(self.circuit, name) for name in ("residual_max_A", "power_residual", "samples")}
        return told


def failing_of(scenario: Scenario, measure: Callable[[FailedPart], IdentifiedCircuit]) -> list[Failing]:
    """All of a scenario, in order of time; `measure` gives the circuit with a part of the alternator port failed."""
    return [
        Failing(round(f.time_s / scenario.tick_s), f.part, measure(f.part) if f.at_port else None)
        for f in failures(scenario.faults)
    ]
