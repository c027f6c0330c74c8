"""Returns of the circuits: none is called what ngspice takes for node 0, and each follows the lead that it hangs on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cosim.circuit.deck import DEVICES
from cosim.paths import NETLISTS
from cosim.spice.guard import logical_lines
from cosim.spice.session import SpiceSession

RETURNS = {"alternator_path": ("ab1", "fb1", "mid1", "lb1"), "alternator_path_buck": ("ab1", "cin1", "sl", "lb1"),
           "alternator_path_buck_avg": ("ab1", "cin1", "sl", "lb1")}
"""Nodes beyond whose capacitor (or behind whose blocking transistor) a part of the circuit returns."""


@pytest.mark.parametrize("file", sorted(NETLISTS.rglob("*.cir")), ids=lambda file: file.stem)
def test_no_node_has_the_name_that_ngspice_takes_for_node_0(file: Path) -> None:
    """ngspice makes `gnd` node 0 also within subcircuits, whatever the port of that name is connected to."""
    text = file.read_text(encoding="utf-8")
    assert [line for line in logical_lines(text) if re.search(r"\bgnd\b", line, re.IGNORECASE)] == []


@pytest.mark.parametrize("circuit", RETURNS)
def test_every_return_follows_the_port(spice: SpiceSession, circuit: str) -> None:
    """The port `gn` at 1 V, both studs held: what returns through a resistor stands at 1 V, the bleeder too."""
    deck = f"""* {circuit} with its return lifted
.include devices.lib
.include {circuit}.cir
vab ab 0 13
vlb lb 0 13
vgn gn 0 1
ven en 0 0
vref vref 0 54
vlift lift 0 0
vtf tfuse 0 25
{chr(10).join(f"vt{device} t{device} 0 25" for device in DEVICES)}
xpath ab lb gn en vref tfuse {" ".join(f"t{device}" for device in DEVICES)}
+ fb mid sense {" ".join(f"p{device}" for device in DEVICES)} pfuse pother estored ovp lift pclamp lifted {circuit}
"""
    nodes = [f"v(xpath.{node})" for node in RETURNS[circuit]]
    waves = spice.transient(deck, tstop_s=2e-3, tmax_s=2e-5, signals=[*nodes, "v(mid)", "i(vgn)"])
    assert [waves[node][-1] for node in nodes] == pytest.approx([1.0] * len(nodes), abs=1e-3)
    assert waves["i(vgn)"][-1] == pytest.approx((waves["v(mid)"][-1] - 1.0) / 470e3, rel=0.1)
