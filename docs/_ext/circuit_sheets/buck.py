"""Sheets of alternator_path_buck.cir and of its averaged companion: power path, loops, drivers."""

from __future__ import annotations

from docs._ext.circuit_sheets import common
from docs._ext.circuit_sheets.check import Drawn
from docs._ext.circuit_sheets.reader import Netlist
from docs._ext.circuit_sheets.sheet import Sheet

LEFT_OUT = common.LEFT_OUT | {
    r"Vil": common.AMMETER,
    r"Vt[01hl]": common.THERMAL,
    r"Rlft|Rlfd": "load of the ports lift and lifted, which this circuit has for its neighbour's sake",
}


def switching(netlist: Netlist) -> tuple[Drawn, ...]:
    """Sheets of the switching circuit."""
    circuit = netlist.subcircuits["alternator_path_buck"]

    def new(name: str, title: str) -> Sheet:
        return Sheet(circuit, f"alternator_path_buck_{name}", title, models=netlist.models)

    return (Drawn(circuit, (
        _input(new("input", "Input side: stud, fuse, clamps, blocking switch Q0")),
        _power(new("power", "Ideal diode Q1, input bank, half bridge, inductor, battery side")),
        _outer(new("outer", "Outer loop and damping of the input filter"), test=False),
        _inner(new("inner", "Inner two-point loop, gates of the half bridge, backward current")),
        _drivers(new("drivers", "Drivers of the blocking switch Q0 and of the ideal diode Q1"), test=False),
        _trip(new("trip", "Over-voltage trip and enable")),
    ), LEFT_OUT),)


def averaged(netlist: Netlist) -> tuple[Drawn, ...]:
    """Sheets of the averaged circuit."""
    circuit = netlist.subcircuits["alternator_path_buck_avg"]

    def new(name: str, title: str) -> Sheet:
        return Sheet(circuit, f"alternator_path_buck_avg_{name}", title, models=netlist.models)

    left_out = LEFT_OUT | {r"Vhs": common.AMMETER, r"Bcn": common.OUTPUT, r"Bth": common.THERMAL}
    return (Drawn(circuit, (
        _input(new("input", "Input side, as in the switching circuit")),
        _averaged_power(new("power", "Half bridge as a transformer of ratio d, inductor, battery side")),
        _losses(new("losses", "Duty, switching frequency and losses of the averaged half bridge")),
        _outer(new("outer", "Outer loop and damping of the input filter"), test=True),
        _drivers(new("drivers", "Drivers of the blocking switch Q0 and of the ideal diode Q1"), test=True),
        _trip(new("trip", "Over-voltage trip and enable")),
    ), left_out),)


def _input(s: Sheet) -> Sheet:
    y = 8.0
    x = common.input_side(s, y)
    gate = s.fet("MQ0", (x, y), (x + 2, y), "down")
    s.wire(gate, (gate[0], gate[1] - 0.6))
    s.net("g0", (gate[0], gate[1] - 0.6), "down")
    s.wire((x + 2, y), (x + 2, y - 1.6))
    s.net("s0", (x + 2, y - 1.6), "down")
    s.two("Rp0", (x + 2, y), (x + 4, y))
    s.wire((x + 4, y), (x + 4.4, y))
    s.net("cs", (x + 4.4, y), "right")
    return s


def _diode_and_bank(s: Sheet, y: float) -> float:
    """Node cs with its tie to the battery, Q1, input bank; returns x of the end of node mid."""
    s.net("cs", (0, y), "left")
    s.wire((0, y), (0.8, y))
    s.two("Rcs", (0.8, y + 2.4), (0.8, y))
    s.net("lb", (0.8, y + 2.4), "up")
    s.two("Rp1", (0.8, y), (2.6, y), side="below")
    gate = s.fet("MQ1", (4.6, y), (2.6, y), "down")
    s.wire(gate, (gate[0], gate[1] - 0.6))
    s.net("g1", (gate[0], gate[1] - 0.6), "down")
    s.wire((2.6, y), (2.6, y - 1.6))
    s.net("s1", (2.6, y - 1.6), "down")
    s.wire((4.6, y), (5.6, y), (7.4, y), (9.2, y), (10.8, y))
    s.net("mid", (6.4, y), "up")
    common.damper(s, "Cin", "Rcin", (5.6, y))
    common.damper(s, "Cinc", "Rcinc", (7.4, y))
    s.two("Rbl", (9.2, y), (9.2, y - 3.2))
    s.ground((9.2, y - 3.2))
    return 10.8


def _battery_side(s: Sheet, x: float, y: float, core: str) -> None:
    """Inductor with its losses, dampers, clamp and battery stud, from node sw at a point."""
    s.two("Lbuck", (x, y), (x + 2, y))
    s.wire((x, y), (x, y - 1.1))
    s.two("Rcore", (x, y - 1.1), (x + 2, y - 1.1), side="below", more=(core,))
    s.wire((x + 2, y - 1.1), (x + 2, y))
    s.two("Brl", (x + 2, y), (x + 4, y), text=("Brl", s.p("rl25", "Ω"), "at 25 °C"))
    s.wire((x + 4, y), (x + 4.6, y), (x + 6.6, y), (x + 8.6, y), (x + 10.4, y))
    common.damper(s, "Clb1", "Rlb1", (x + 4.6, y))
    common.damper(s, "Clb2", "Rlb2", (x + 6.6, y))
    s.two("DTVl", (x + 8.6, y - 3.2), (x + 8.6, y), look="tvs")
    s.ground((x + 8.6, y - 3.2))
    s.net("lb", (x + 10.4, y), "right")


def _power(s: Sheet) -> Sheet:
    y = 16.0
    x = _diode_and_bank(s, y)
    s.wire((x, y), (x + 1.6, y))
    gate = s.fet("MHS", (x + 1.6, y), (x + 1.6, y - 2), "left")
    s.wire(gate, (gate[0] - 0.4, gate[1]))
    s.net("gh", (gate[0] - 0.4, gate[1]), "left")
    s.wire((x + 1.6, y - 2), (x + 0.8, y - 2))
    s.net("sh", (x + 0.8, y - 2), "left")
    s.two("Rsh", (x + 1.6, y - 2), (x + 1.6, y - 3.8))
    top = y - 3.8
    gate = s.fet("MLS", (x + 1.6, top), (x + 1.6, top - 2), "left")
    s.wire(gate, (gate[0] - 0.4, gate[1]))
    s.net("gl", (gate[0] - 0.4, gate[1]), "left")
    s.wire((x + 1.6, top - 2), (x + 0.8, top - 2))
    s.net("sl", (x + 0.8, top - 2), "left")
    s.two("Rsl", (x + 1.6, top - 2), (x + 1.6, top - 3.8))
    s.ground((x + 1.6, top - 3.8))
    s.wire((x + 1.6, top), (x + 4.4, top))
    s.net("sw", (x + 3.4, top), "up")
    s.two("Csn", (x + 4.4, top), (x + 4.4, top - 1.6))
    s.two("Rsn", (x + 4.4, top - 1.6), (x + 4.4, top - 3.2))
    s.ground((x + 4.4, top - 3.2))
    y = 5.6
    s.net("sw", (0, y), "left")
    s.wire((0, y), (1, y))
    _battery_side(s, 1, y, "core loss")
    s.wire((13.4, y - 3), (14, y - 3))
    s.net("gn", (13.4, y - 3), "left")
    s.ground((14, y - 3))
    return s


def _averaged_power(s: Sheet) -> Sheet:
    y = 15.0
    x = _diode_and_bank(s, y)
    s.two("Vtpm", (x, y), (x + 1.8, y), look="test", text=("Vtpm",))
    s.wire((x + 1.8, y), (x + 2.4, y))
    s.net("midc", (x + 2.4, y), "right")
    y = 6.0
    s.block("Bsh Bsw Bvc Bvh Bvl Brp", (2, y - 2.4), (4.4, 4.4), (
        "transformer 1 : d,", "losses in series", "(vc, vh, vl) and", "in parallel (rp)"),
        left=["midc", "d", "dc", "fs", "mid", "i(vil)", "i(vhs)"], right=["swx"], wired="swx",
        down=["vc", "vh", "vl", "rp"])
    top = y - 0.2
    gate = s.fet("MHS", (6.8, top), (8.8, top), "down")
    s.wire((6.4, top), (6.8, top))
    s.wire(gate, (gate[0], gate[1] - 0.5))
    s.net("gh", (gate[0], gate[1] - 0.5), "down")
    s.wire((8.8, top), (8.8, top - 1.5))
    s.net("sh", (8.8, top - 1.5), "down")
    s.two("Rsh", (8.8, top), (10.6, top))
    s.wire((10.6, top), (11.4, top), (12.2, top))
    s.net("sw", (12.2, top), "right")
    gate = s.fet("MLS", (11.4, top), (11.4, top - 2), "left")
    s.wire(gate, (gate[0], gate[1] - 0.6))
    s.ground((gate[0], gate[1] - 0.6))
    s.two("Rsl", (11.4, top - 2), (11.4, top - 3.6))
    s.ground((11.4, top - 3.6))
    y = 0.0
    s.net("sw", (0, y), "left")
    s.wire((0, y), (1, y))
    _battery_side(s, 1, y, "damping")
    s.wire((13.4, y - 3), (14, y - 3))
    s.net("gn", (13.4, y - 3), "left")
    s.ground((14, y - 3))
    return s


def _losses(s: Sheet) -> Sheet:
    y = 5.0
    s.block("Bd Rdd Cdd", (1.4, y - 1.4), (4.4, 2.8),
        ("duty 0 to 1:", f"lag {1e6 / s.circuit.default('wi'):.2g} µs of the", "inductor current"),
        left=["lb", "it", "mid", "on"], right=["d"], up=["i(vil)"])
    s.block("Bdc", (8.6, y - 0.7), (2.6, 1.4), ("d (1 - d)",), left=["d"], right=["dc"])
    s.block("Bfs", (14, y - 0.9), (3.2, 1.8), ("switching", "frequency [kHz]"), left=["dc", "mid"], right=["fs"])
    y = 1.4
    s.block("Brv Rrv Crv", (1.4, y - 1), (4.4, 2), ("backward current", f"above {s.p('irev', 'A')} opens HS"),
        left=["mid", "lb"], right=["rv"], up=["i(vil)"])
    s.block("Bgh", (9.4, y - 0.9), (3.4, 1.8), ("driver of HS", s.p("rg", "Ω")), left=["on", "rv"], right=["gh", "sh"])
    return s


def _outer(s: Sheet, test: bool) -> Sheet:
    y = 8.0
    s.block("Bse", (1, y - 0.75), (2.4, 1.5), ("fuse drop", "ab - fb"), left=["ab", "fb"], right=["se0"], wired="se0")
    s.two("Rse", (3.4, y), (5.2, y))
    s.two("Cse", (5.2, y), (5.2, y - 2))
    s.ground((5.2, y - 2), "0")
    if test:
        s.wire((5.2, y), (6, y))
        s.two("Vtpo", (6, y), (7.8, y), look="test", text=("Vtpo",))
        s.wire((7.8, y), (8.4, y))
    else:
        s.wire((5.2, y), (8.4, y))
    s.net("sense", (8.4, y), "right")
    s.block("Ber Bir Cir", (12.2, y - 1.8), (4.8, 3.6), (
        "integral of vref - sense", f"up at most {s.p('soft')} A/ms", "fast down by bst",
        f"at most iv + {s.p('track', 'A')}"),
        left=["vref", "sense", "bst", "iv", "on"], right=["ir"])
    y = 4.0
    s.block("Bbst", (1.4, y - 0.75), (3.6, 1.5), ("fast pull-down", f"above {s.p('xb')} × vref"),
        left=["sense", "vref"],
        right=["bst"])
    s.block("Biv", (8.2, y - 0.6), (2.4, 1.2), ("inductor", "current"), left=["i(vil)"], right=["iv0"], wired="iv0")
    s.two("Riv", (10.6, y), (12.4, y))
    s.two("Civ", (12.4, y), (12.4, y - 1.8))
    s.ground((12.4, y - 1.8), "0")
    s.wire((12.4, y), (13.2, y))
    s.net("iv", (13.2, y), "right")
    y = 0.0
    s.block("Bmv", (1, y - 0.6), (1.8, 1.2), ("mid",), left=["mid"], right=["mv0"], wired="mv0")
    s.two("Rmv", (2.8, y), (4.6, y))
    s.two("Cmv", (4.6, y), (4.6, y - 1.8))
    s.ground((4.6, y - 1.8), "0")
    s.wire((4.6, y), (5.4, y), (6.4, y))
    s.net("mv1", (5.4, y), "up")
    s.two("Rmv2", (6.4, y), (8.2, y))
    s.two("Cmv2", (8.2, y), (8.2, y - 1.8))
    s.ground((8.2, y - 1.8), "0")
    s.wire((8.2, y), (8.8, y))
    s.net("mv2", (8.8, y), "right")
    s.block("Bit", (12.2, y - 1.1), (4.6, 2.2), ("ir + " + s.p("kad") + " A/V ×", "(mv1 - mv2), bounded"),
        left=["ir", "mv1", "mv2"], right=["it"])
    return s


def _inner(s: Sheet) -> Sheet:
    y = 6.0
    s.block("Bst", (1.2, y - 0.9), (3.4, 1.8), ("two-point, width", s.p("band", "A")), left=["it", "st"],
        right=["st0"], up=["i(vil)"], wired="st0")
    s.two("Rst", (4.6, y), (6.4, y))
    s.two("Cst", (6.4, y), (6.4, y - 1.8))
    s.ground((6.4, y - 1.8), "0")
    s.wire((6.4, y), (7.2, y), (8, y))
    s.net("st", (7.2, y), "up")
    s.two("Rsf", (8, y), (9.8, y))
    s.two("Csf", (9.8, y), (9.8, y - 1.8))
    s.ground((9.8, y - 1.8), "0")
    s.wire((9.8, y), (10.4, y))
    s.net("stf", (10.4, y), "right")
    s.block("Bhc", (13.4, y - 1), (2.8, 2), ("HS on, after", "dead time"), left=["on", "rv", "stf"], right=["hc"])
    y = 1.8
    s.block("Brv Rrv Crv", (1.2, y - 1), (4, 2), ("backward current", f"above {s.p('irev', 'A')} opens HS"),
        left=["mid", "lb"], right=["rv"], up=["i(vil)"])
    s.block("Blc", (8.2, y - 1), (3.4, 2), ("LS on, above", s.p("ilow", "A")), left=["on", "stf"], right=["lc"],
        up=["i(vil)"])
    s.block("Bgh", (14.2, y + 0.1), (2.4, 1.2), ("driver HS",), left=["hc"], right=["gh", "sh"])
    s.block("Bgl", (14.2, y - 1.7), (2.4, 1.2), ("driver LS",), left=["lc"], right=["gl", "sl"])
    return s


def _drivers(s: Sheet, test: bool) -> Sheet:
    y = 6.0
    s.block("Bq0 Cq0 Rq0", (1.4, y - 1.2), (4.6, 2.4), (
        f"ramp {s.p('gon')} V/ms up,", f"{s.p('goff')} V/ms down,", f"+ {s.p('gtrip')} V/ms in a trip"),
        left=["on", "ovp"],
        right=["q0"], wired="q0")
    s.wire((6, y), (7.4, y))
    s.block("Bg0", (7.4, y - 0.9), (2.8, 1.8), ("driver of Q0", s.p("rbuf", "Ω")), left=["q0"], right=["g0", "s0"],
        wired="q0")
    y = 2.0
    node = "vf1" if test else "vf"
    s.block("Bvf", (1, y - 0.75), (2.4, 1.5), ("drop in mV", "fb - mid"), left=["fb", "mid"], right=[node], wired=node)
    if test:
        s.two("Vtp1", (3.4, y), (5.2, y), look="test", text=("Vtp1",))
        s.wire((5.2, y), (6.4, y))
    else:
        s.wire((3.4, y), (6.4, y))
    s.net("vf", (5.7, y), "down")
    s.block("Bc1 Rc1 Cc1", (6.4, y - 1.2), (4.4, 2.4), (
        f"{s.p('a1')} V/mV above {s.p('v1', 'mV')}", f"pole Rc1 × {s.p('cc1', 'F')}", "fast off near zero"),
        left=["vf"], right=["c1"], up=["on"], wired="vf c1")
    s.wire((10.8, y), (12.2, y))
    s.block("Bg1", (12.2, y - 0.9), (2.8, 1.8), ("gate driver", s.p("rbuf", "Ω")), left=["c1"], right=["g1", "s1"],
        up=["on"], wired="c1")
    return s


def _trip(s: Sheet) -> Sheet:
    common.trip(s, 6.0, hysteresis=True)
    common.enable(s, 1.2, 2.0)
    return s
