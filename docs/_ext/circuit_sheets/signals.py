"""Sheets of the signal circuits: disconnect and pre-alarm outputs, remote terminals, supply of the BMS."""

from __future__ import annotations

from docs._ext.circuit_sheets import common
from docs._ext.circuit_sheets.check import Drawn
from docs._ext.circuit_sheets.reader import Netlist
from docs._ext.circuit_sheets.sheet import Sheet


def disconnect(netlist: Netlist) -> tuple[Drawn, ...]:
    """Load and charge disconnect output."""
    circuit = netlist.subcircuits["disconnect_output"]
    s = Sheet(circuit, "disconnect_output", "Load or charge disconnect output", models=netlist.models)
    y = 10.0
    s.net("vb", (0, y), "left")
    s.wire((0, y), (1.2, y), (2.6, y), (4.2, y))
    s.two("Cg", (1.2, 7), (1.2, y), side="left")
    s.pnp("QA", (2.6, y - 2), (2.6, y), "right", "left")
    s.two("Rs", (4.2, y), (6.2, y))
    s.wire((6.2, y), (7, y), (9, y))
    s.net("e", (8, y), "up")
    s.pnp("QB", (7, y - 2), (7, y), "left", "right")
    s.wire((3.6, y - 1), (5.2, y - 1), (5.7, y - 1), (6, y - 1))
    s.wire((7, y - 2), (5.7, y - 2), (5.7, y - 1))
    s.net("b", (4.4, y - 1), "up")
    s.fet("M1", (9, y), (11, y), "down")
    s.fet("M2", (14.4, y), (12.4, y), "down")
    s.wire((11, y), (11.4, y), (12.4, y))
    s.net("x", (11.9, y), "up")
    s.two("Rg", (11.4, 7), (11.4, y))
    s.wire((1.2, 7), (2.6, 7), (10, 7), (11.4, 7), (13.4, 7))
    s.wire((2.6, 8), (2.6, 7))
    s.wire((10, 9), (10, 7))
    s.wire((13.4, 9), (13.4, 7))
    s.net("g", (8.8, 7), "up")
    s.wire((5.2, y - 1), (5.2, 6.4))
    s.two("Rb", (5.2, 6.4), (5.2, 4.4))
    s.two("Rp", (2.6, 7), (2.6, 4.4))
    s.wire((2.6, 4.4), (5.2, 4.4), (7, 4.4))
    s.fet("Mk", (7, 4.4), (7, 2.4), "left")
    s.net("k", (6.2, 4.4), "up")
    s.ground((7, 2.4), "ret")
    s.block("Bc", (0.6, 2.8), (2.2, 1.2), ("logic level",), left=["on"], right=["c"], wired="c")
    s.two("Rc", (2.8, 3.4), (4.8, 3.4), side="below")
    s.wire((4.8, 3.4), (6, 3.4))
    s.net("cg", (5.4, 3.4), "up")
    s.wire((14.4, y), (15.4, y), (17, y), (18.2, y))
    s.two("Co", (15.4, y), (15.4, 7))
    s.ground((15.4, 7), "ret")
    s.two("Dn", (17, 7), (17, y))
    s.ground((17, 7), "ret")
    s.net("out", (18.2, y), "right")
    s.wire((10, 3), (10.6, 3))
    s.net("ret", (10, 3), "left")
    s.ground((10.6, 3), "ret")
    return (Drawn(circuit, (s,)),)


def prealarm(netlist: Netlist) -> tuple[Drawn, ...]:
    """Pre-alarm output."""
    circuit = netlist.subcircuits["prealarm_output"]
    s = Sheet(circuit, "prealarm_output", "Pre-alarm output", models=netlist.models)
    y = 9.0
    s.net("vb", (0, y), "left")
    s.wire((0, y), (3, y), (5, y))
    s.two("Rg", (3, y - 2.4), (3, y), side="left")
    s.fet("M1", (7, y), (5, y), "down")
    s.wire((6, y - 1), (6, y - 2.4), (4.4, y - 2.4), (3, y - 2.4))
    s.net("g", (5.2, y - 2.4), "up")
    s.two("Rk", (4.4, y - 2.4), (4.4, y - 4.4))
    s.fet("Mk", (4.4, y - 4.4), (4.4, y - 6.4), "left")
    s.ground((4.4, y - 6.4), "ret")
    s.block("Bc", (-2.6, y - 6), (2.2, 1.2), ("logic level",), left=["on"], right=["c"], wired="c")
    s.two("Rc", (-0.4, y - 5.4), (1.8, y - 5.4))
    s.wire((1.8, y - 5.4), (3.4, y - 5.4))
    s.net("cg", (2.6, y - 5.4), "up")
    s.wire((7, y), (8.6, y), (10.6, y))
    s.two("Dr", (8.6, y - 2), (8.6, y))
    s.two("Vz", (8.6, y - 3.8), (8.6, y - 2))
    s.two("Dz", (8.6, y - 5.8), (8.6, y - 3.8), side="right")
    s.ground((8.6, y - 5.8), "ret")
    s.net("out", (10.6, y), "right")
    s.wire((11.2, y - 5.8), (11.8, y - 5.8))
    s.net("ret", (11.2, y - 5.8), "left")
    s.ground((11.8, y - 5.8), "ret")
    return (Drawn(circuit, (s,), {"Vi": common.AMMETER, "Bp": common.OUTPUT}),)


def remote(netlist: Netlist) -> tuple[Drawn, ...]:
    """Remote terminals L and H."""
    circuit = netlist.subcircuits["remote_input"]
    s = Sheet(circuit, "remote_input", "Remote terminals L and H", models=netlist.models)
    y = 7.0
    s.net("vb", (2, y + 4.2), "up")
    s.two("Dl", (2, y + 4.2), (2, y + 2.2))
    s.two("Rlp", (2, y + 2.2), (2, y))
    s.net("l", (0, y), "left")
    s.wire((0, y), (2, y), (3.4, y))
    s.two("Rl", (3.4, y), (5.4, y))
    s.two("Cl", (6, y), (6, y - 1.8))
    s.ground((6, y - 1.8), "ret")
    s.wire((5.4, y), (6, y), (8.4, y))
    s.net("l1", (7.4, y), "up")
    s.block("Bl", (8.4, y - 0.75), (3.4, 1.5), ("L low: below", s.p("vl", "V")), left=["l1"], right=["lo"], wired="l1")
    y = 3.0
    s.net("h", (0, y), "left")
    s.two("Rhp", (2, y), (2, y - 1.8))
    s.ground((2, y - 1.8), "ret")
    s.wire((0, y), (2, y), (3.4, y))
    s.two("Rh", (3.4, y), (5.4, y))
    s.two("Ch", (6, y), (6, y - 1.8))
    s.ground((6, y - 1.8), "ret")
    s.wire((5.4, y), (6, y), (8.4, y))
    s.net("h1", (7.4, y), "up")
    s.block("Bh", (8.4, y - 0.75), (3.4, 1.5), ("H high: above", s.p("vh", "V")), left=["h1"], right=["hi"], wired="h1")
    s.block("Bon", (14.6, 4.25), (2.4, 1.5), ("or",), left=["lo", "hi"], right=["on"])
    s.wire((14.6, 1.6), (15.2, 1.6))
    s.net("ret", (14.6, 1.6), "left")
    s.ground((15.2, 1.6), "ret")
    return (Drawn(circuit, (s,)),)


def supply(netlist: Netlist) -> tuple[Drawn, ...]:
    """Supply of the BMS itself."""
    circuit = netlist.subcircuits["supply"]
    s = Sheet(circuit, "supply", "Supply of the BMS: diode, hold-up, regulator, brown-out, ground lead",
        models=netlist.models)
    y = 8.0
    s.net("lb", (0, y), "left")
    s.two("D1", (0, y), (2, y))
    s.wire((2, y), (2.8, y), (5.4, y), (6.6, y), (8.6, y))
    s.net("vin", (6.6, y), "up")
    s.two("Rh", (2.8, y), (2.8, y - 1.8))
    s.two("Ch", (2.8, y - 1.8), (2.8, y - 3.6))
    s.ground((2.8, y - 3.6), "ret")
    s.wire((5.4, y), (5.4, y - 1.2))
    s.block("Bd", (4.7, y - 2.6), (2.2, 1.2), ("draw",), right=["idd"], up=["vin"], wired="vin")
    s.wire((5.8, y - 1.4), (5.8, y - 1.2), (5.4, y - 1.2))
    s.block("Br", (8.6, y - 0.75), (3.6, 1.5), ("regulator", s.p("vreg", "V")), left=["vin"], right=["vdd"],
        wired="vin")
    y = 2.4
    s.wire((0, y), (0.8, y))
    s.net("ret", (0, y), "left")
    s.wire((0.8, y), (0.8, y - 0.4))
    s.ground((0.8, y - 0.4), "ret")
    s.two("Rl", (0.8, y), (2.8, y))
    s.two("Lg", (2.8, y), (4.8, y))
    s.wire((2.8, y), (2.8, y - 1.2))
    s.two("Rgp", (2.8, y - 1.2), (4.8, y - 1.2), side="below")
    s.wire((4.8, y - 1.2), (4.8, y), (5.4, y))
    s.net("minus", (5.4, y), "right")
    s.block("Bo", (9.2, y - 0.9), (3.2, 1.8), ("no brown-out", f"above {s.p('vlow', 'V')}"), left=["vin", "ok"],
        right=["o1"], wired="o1")
    s.two("Ro", (12.4, y), (14.2, y))
    s.two("Co", (14.2, y), (14.2, y - 1.9))
    s.ground((14.2, y - 1.9), "ret")
    s.wire((14.2, y), (15, y))
    s.net("ok", (15, y), "right")
    return (Drawn(circuit, (s,)),)
