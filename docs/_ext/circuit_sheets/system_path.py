"""Sheets of system_path.cir: power path, measurement and latch, gates."""

from __future__ import annotations

from docs._ext.circuit_sheets import common
from docs._ext.circuit_sheets.check import Drawn
from docs._ext.circuit_sheets.reader import Netlist
from docs._ext.circuit_sheets.sheet import Sheet

LEFT_OUT = {
    r"Vish|Vtv|Vfw|Vts": common.AMMETER,
    r"Vt[dc]": common.THERMAL,
    r"Bpq[dc]|Bpo|Bpc|Best": common.OUTPUT,
    r"Vpor": "source that closes the latch's ring after the start of a simulation; no part",
}


def sheets(netlist: Netlist) -> tuple[Drawn, ...]:
    """All sheets of the circuit."""
    circuit = netlist.subcircuits["system_path"]

    def new(name: str, title: str) -> Sheet:
        return Sheet(circuit, f"system_path_{name}", title, models=netlist.models)

    drawn = (
        _power(new("power", "Power path: shunt, discharge bank, charge bank, pre-charge, dampers, clamps")),
        _latch(new("latch", "Current sense, comparator and latch")),
        _gates(new("gates", "Gates of the discharge bank: command, bypass of the body diode, soft driver")),
        _charge_gates(new("gates_charge", "Gates of the charge bank")),
    )
    return (Drawn(circuit, drawn, LEFT_OUT),)


def _power(s: Sheet) -> Sheet:
    y = 14.0
    s.net("lb", (0, y), "left")
    s.wire((0, y), (1, y), (3, y), (5, y), (6.8, y))
    common.damper(s, "Cda", "Rda", (1, y), node="gn")
    common.damper(s, "Clb", "Rlb", (3, y), node="gn")
    s.two("Dtv", (5, y - 3.2), (5, y), look="tvs")
    s.ground((5, y - 3.2), "gn")
    s.two("Rsh", (6.8, y), (8.8, y))
    s.two("Lsh", (8.8, y), (10.6, y))
    s.wire((8.8, y), (8.8, y - 1.2))
    s.two("Rlsh", (8.8, y - 1.2), (10.6, y - 1.2), side="below")
    s.wire((10.6, y - 1.2), (10.6, y))
    s.two("Lpk", (11.4, y), (13.2, y))
    s.wire((10.6, y), (11.4, y), (11.4, y - 1.2))
    s.two("Rlpk", (11.4, y - 1.2), (13.2, y - 1.2), side="below")
    s.wire((13.2, y - 1.2), (13.2, y), (14.4, y))
    s.net("sh2", (11, y), "up")
    s.net("dd", (14.4, y), "right")
    y = 7.6
    s.net("dd", (0, y), "left")
    s.wire((0, y), (0.8, y))
    gate = s.fet("MQd", (0.8, y), (2.8, y), "down")
    s.wire(gate, (gate[0], gate[1] - 0.5))
    s.net("gd", (gate[0], gate[1] - 0.5), "down")
    s.two("Rpd", (2.8, y), (4.6, y))
    s.two("Rpc", (6.4, y), (4.6, y))
    s.wire((4.6, y), (4.6, y - 0.4))
    s.two("Rbl", (4.6, y - 0.4), (4.6, y - 2.6))
    s.ground((4.6, y - 2.6), "gn")
    s.wire((4.6, y), (4.6, y + 1.5))
    s.net("cs", (4.6, y + 1.5), "up")
    gate = s.fet("MQc", (8.4, y), (6.4, y), "down")
    s.wire(gate, (gate[0], gate[1] - 0.5))
    s.net("gc", (gate[0], gate[1] - 0.5), "down")
    s.wire((8.4, y), (9, y), (9, y - 1.2))
    s.net("dc", (9, y), "up")
    s.two("Lpk2", (9, y), (10.8, y))
    s.two("Rlpk2", (9, y - 1.2), (10.8, y - 1.2), side="below")
    s.wire((10.8, y - 1.2), (10.8, y), (11.8, y), (13.8, y), (15.8, y), (18.4, y), (19.6, y))
    s.two("Rbs", (11.8, y), (11.8, y - 3.2))
    s.ground((11.8, y - 3.2), "gn")
    common.damper(s, "Csy", "Rsy", (13.8, y), node="gn")
    s.two("Dfw", (15.8, y - 3.2), (15.8, y), look="schottky")
    s.ground((15.8, y - 3.2), "gn")
    s.two("Dts", (18.4, y - 3.2), (18.4, y), look="tvs")
    s.ground((18.4, y - 3.2), "gn")
    s.net("sys", (19.6, y), "right")
    y = 2.6
    s.block("Bpre", (1.2, y - 0.7), (4.4, 1.4), ("pre-charge", "through " + s.p("rpre", "Ω")), left=["lb"],
        right=["sys"], up=["pre"])
    s.wire((8, y), (8.6, y))
    s.net("gn", (8, y), "left")
    s.ground((8.6, y), "gn")
    return s


def _latch(s: Sheet) -> Sheet:
    y = 5.0
    s.block("Bse", (1.2, y - 0.9), (3, 1.8), ("drop / " + s.p("rsh", "Ω"),), left=["lb", "sh2"], right=["se0"],
        wired="se0")
    s.two("Rse", (4.2, y), (6, y))
    s.two("Cse", (6, y), (6, y - 1.9))
    s.ground((6, y - 1.9), "0")
    s.wire((6, y), (6.9, y), (8, y))
    s.net("isense", (6.9, y), "up")
    s.block("Bcp", (8, y - 0.75), (3, 1.5), ("magnitude", f"above {s.p('itrip', 'A')}"), left=["isense"], right=["cp0"],
        wired="isense cp0")
    s.two("Rcp", (11, y), (12.8, y))
    s.two("Ccp", (12.8, y), (12.8, y - 1.9))
    s.ground((12.8, y - 1.9), "0")
    s.wire((12.8, y), (13.4, y))
    s.net("cp", (13.4, y), "right")
    y = 1.2
    s.block("Bla", (5.2, y - 1.2), (3.8, 2.4), ("latch: set by cp,", "holds itself,", "cleared by rst"),
        left=["cp", "rst", "latch", "por"], right=["la0"], wired="la0")
    s.two("Rla", (9, y), (10.8, y))
    s.two("Cla", (10.8, y), (10.8, y - 1.9))
    s.ground((10.8, y - 1.9), "0")
    s.wire((10.8, y), (11.6, y))
    s.net("latch", (11.6, y), "right")
    return s


def _gate(s: Sheet, bank: str, command: str, drain: str) -> Sheet:
    y = 6.0
    s.block(f"Bv{bank}", (1, y - 0.75), (2.6, 1.5), ("drop in mV", f"cs - {drain}"), left=["cs", drain],
        right=[f"v{bank}1"],
        wired=f"v{bank}1")
    s.two(f"Vtp{bank}", (3.6, y), (5.4, y), look="test", text=(f"Vtp{bank}",))
    s.wire((5.4, y), (6.8, y))
    s.net(f"v{bank}", (6.1, y), "down")
    s.block(f"Bc{bank} Rc{bank} Cc{bank}", (6.8, y - 1.2), (4.4, 2.4), (
        f"{s.p('a1')} V/mV above {s.p('v1', 'mV')}", f"pole Rc{bank} × {s.p('cc1', 'F')}", "fast off near zero"),
        left=[f"v{bank}"], right=[f"c{bank}"], up=["latch"], wired=f"v{bank} c{bank}")
    s.wire((11.2, y), (12.6, y))
    s.block(f"Bt{bank}", (12.6, y - 0.9), (3, 1.8), ("commanded", "or bypass"), left=[f"c{bank}"], right=[f"t{bank}"],
        up=[f"on{bank}", "latch"], wired=f"c{bank}")
    y = 1.4
    s.block(f"Bon{bank}", (1, y - 0.75), (3, 1.5), (f"{command} and", "not latched"), left=[command, "latch"],
        right=[f"on{bank}"])
    s.block(f"Bg{bank}", (8, y - 1), (4.4, 2), (
        f"on {s.p('ion', 'A')}; off {s.p('ioff1', 'A')},", f"then {s.p('ioff2', 'A')}"), left=[f"t{bank}"],
        right=[f"g{bank}", "cs"], wired=f"g{bank} cs")
    top, low = y + 1 - 2 / 3, y + 1 - 4 / 3
    s.wire((12.4, top), (13.8, top), (13.8, top + 0.66), (14.6, top + 0.66), (15.4, top + 0.66))
    s.net(f"g{bank}", (15.4, top + 0.66), "right")
    s.wire((12.4, low), (13.8, low), (13.8, low - 1), (14.6, low - 1), (15.4, low - 1))
    s.net("cs", (15.4, low - 1), "right")
    s.two(f"Rg{bank}", (14.6, top + 0.66), (14.6, low - 1))
    return s


def _gates(s: Sheet) -> Sheet:
    return _gate(s, "d", "dis", "dd")


def _charge_gates(s: Sheet) -> Sheet:
    return _gate(s, "c", "chg", "dc")
