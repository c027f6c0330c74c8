"""Sheets of alternator_path.cir: power path, limiter loop, ideal diode, trip and opening, lift."""

from __future__ import annotations

from docs._ext.circuit_sheets import common
from docs._ext.circuit_sheets.check import Drawn
from docs._ext.circuit_sheets.reader import Netlist
from docs._ext.circuit_sheets.sheet import Sheet

ALIKE = {stem: ("a", "bcd") for stem in ("MQ2", "Rs", "Rm", "Cm", "Bm", "Vtp", "Bc", "Rc", "Cc", "Bg")}
LEFT_OUT = common.LEFT_OUT | {
    r"Vi[a-d]": common.AMMETER,
    r"Vt[1a-d]": common.THERMAL,
    r"Vd[a-d]": "0 V: spread of the thresholds, which studies set; no part",
}


def sheets(netlist: Netlist) -> tuple[Drawn, ...]:
    """All sheets of the circuit."""
    circuit = netlist.subcircuits["alternator_path"]

    def new(name: str, title: str) -> Sheet:
        return Sheet(circuit, f"alternator_path_{name}", title, models=netlist.models)

    drawn = (
        _input(new("input", "Power path, input side: stud, fuse, clamps, ideal diode Q1")),
        _output(new("output", "Power path, battery side: pass devices Q2 (one of four), dampers, clamp")),
        _outer(new("outer", "Limiter, outer loop: the fuse's drop is integrated to one current reference")),
        _inner(new("inner", "Limiter, inner loop: one per pass device (channel a of four)")),
        _diode(new("diode", "Driver of the ideal diode Q1")),
        _trip(new("trip", "Over-voltage trip, enable and soft opening")),
        _lift(new("lift", "Lifting of the limit during a load dump")),
    )
    return (Drawn(circuit, drawn, LEFT_OUT, ALIKE),)


def _input(s: Sheet) -> Sheet:
    y = 8.0
    x = common.input_side(s, y)
    s.two("Rp1", (x, y), (x + 1.8, y))
    gate = s.fet("MQ1", (x + 3.8, y), (x + 1.8, y), "down")
    s.wire(gate, (gate[0], gate[1] - 0.6))
    s.net("g1", (gate[0], gate[1] - 0.6), "down")
    s.wire((x + 1.8, y), (x + 1.8, y - 1.6))
    s.net("s1", (x + 1.8, y - 1.6), "down")
    s.wire((x + 3.8, y), (x + 4.6, y), (x + 5, y))
    s.net("mid", (x + 5, y), "right")
    return s


def _output(s: Sheet) -> Sheet:
    y = 8.0
    s.net("mid", (0, y), "left")
    s.wire((0, y), (0.8, y), (2.6, y), (4.4, y))
    common.damper(s, "Cmid", "Rmid", (0.8, y))
    s.two("Rbl", (2.6, y), (2.6, y - 3.2))
    s.ground((2.6, y - 3.2))
    gate = s.fet("MQ2a", (4.4, y), (6.4, y), "down", side="above")
    s.wire(gate, (gate[0], gate[1] - 0.6))
    s.net("xa", (gate[0], gate[1] - 0.6), "down")
    s.wire((6.4, y), (6.4, y - 1.6))
    s.net("sa", (6.4, y - 1.6), "down")
    s.two("Rsa", (6.4, y), (9, y))
    s.wire((9, y), (9.4, y), (11.4, y), (13.4, y), (15.2, y))
    common.damper(s, "Clb1", "Rlb1", (9.4, y))
    common.damper(s, "Clb2", "Rlb2", (11.4, y))
    s.two("DTVl", (13.4, y - 3.2), (13.4, y), look="tvs")
    s.ground((13.4, y - 3.2))
    s.net("lb", (15.2, y), "right")
    s.wire((1.6, y - 5), (1, y - 5))
    s.net("gn", (1, y - 5), "left")
    s.ground((1.6, y - 5))
    s.text((2.4, y - 5.1), "return of dampers, bleeder and clamps")
    s.text((6, y - 4.2), "MQ2b, c, d with Rsb, c, d stand", "beside MQ2a, each with its own gate", align="left")
    return s


def _outer(s: Sheet) -> Sheet:
    y = 6.0
    s.block("Bse", (1, y - 0.75), (2.4, 1.5), ("fuse drop", "ab - fb"), left=["ab", "fb"], right=["se0"], wired="se0")
    s.two("Rse", (3.4, y), (5.2, y))
    s.two("Cse", (5.2, y), (5.2, y - 2))
    s.ground((5.2, y - 2), "0")
    s.wire((5.2, y), (6, y))
    s.two("Vtpo", (6, y), (7.8, y), look="test", text=("Vtpo",))
    s.wire((7.8, y), (8.6, y))
    s.net("sense", (8.6, y), "right")
    s.block("Ber Bir Cir", (11.2, y - 1.8), (4.8, 3.6), (
        "integral of vr - sense", "rate limited upwards", "fast down by bst", "kept near iav"),
        left=["vr", "sense", "bst", "iav", "on"], right=["ir"])
    s.block("Bbst", (1.4, y - 5), (3.2, 1.5), ("fast pull-down", f"above {s.p('xb')} × vr"), left=["sense", "vr"],
        right=["bst"])
    s.block("Bia", (8, y - 5.4), (2.6, 2.3), ("mean of", "the four"), left=["maa", "mab", "mac", "mad"], right=["iav"])
    return s


def _inner(s: Sheet) -> Sheet:
    y = 6.0
    s.block("Bma Rma Cma", (1.5, y - 0.6), (2.6, 1.2), ("current", "sense"), left=["i(via)"], right=["ma"], wired="ma")
    s.two("Vtpa", (4.1, y), (5.9, y), look="test", text=("Vtpa",))
    s.wire((5.9, y), (6.6, y))
    s.net("maa", (6.6, y), "right")
    s.block("Bca Rca Cca", (8.6, y - 1.8), (3.6, 3.6), (
        "amplifier", f"{s.p('gain2', 'S')} × {s.p('rc2', 'Ω')}", f"pole {s.p('rc2', 'Ω')} × {s.p('cc2', 'F')}",
        "clamped"), left=["ir", "maa", "bst", "gs", "og"], right=["ca"], wired="ca")
    s.block("Bga", (13.6, y - 0.9), (2.8, 1.8), ("gate driver", s.p("rbuf", "Ω")), left=["ca"], right=["xa", "sa"],
        up=["og"], wired="ca")
    s.wire((12.2, y), (13.6, y))
    s.text((12.4, y - 1.7), "drives xa against sa")
    return s


def _diode(s: Sheet) -> Sheet:
    y = 3.0
    s.block("Bvf", (1, y - 0.75), (2.4, 1.5), ("drop in mV", "fb - mid"), left=["fb", "mid"], right=["vf1"],
        wired="vf1")
    s.two("Vtp1", (3.4, y), (5.2, y), look="test", text=("Vtp1",))
    s.wire((5.2, y), (6.4, y))
    s.net("vf", (5.6, y), "down")
    s.block("Bc1 Rc1 Cc1", (6.4, y - 1.2), (4.4, 2.4), (
        f"{s.p('a1')} V/mV above {s.p('v1', 'mV')}", f"pole Rc1 × {s.p('cc1', 'F')}", "fast off near zero"),
        left=["vf"], right=["c1"], up=["og"], wired="vf c1")
    s.wire((10.8, y), (12.2, y))
    s.block("Bg1", (12.2, y - 0.9), (2.8, 1.8), ("gate driver", s.p("rbuf", "Ω")), left=["c1"], right=["g1", "s1"],
        up=["og"], wired="c1")
    return s


def _trip(s: Sheet) -> Sheet:
    y = 6.0
    common.trip(s, y)
    common.enable(s, 1.2, y - 4)
    x = 9.6
    s.block("Bog", (x, y - 4.75), (3, 1.5), ("gates follow", "ir to zero"), left=["on", "ir"], right=["og0"],
        wired="og0")
    s.two("Rog", (x + 3, y - 4), (x + 4.8, y - 4))
    s.two("Cog", (x + 4.8, y - 4), (x + 4.8, y - 5.8))
    s.ground((x + 4.8, y - 5.8), "0")
    s.wire((x + 4.8, y - 4), (x + 5.4, y - 4))
    s.net("og", (x + 5.4, y - 4), "right")
    return s


def _lift(s: Sheet) -> Sheet:
    y = 9.0
    s.block("Blp", (1.4, y - 1), (3, 2), ("permitted: lift", "and en and", "time left"), left=["lift", "en", "lx"],
        right=["lp"])
    s.block("Bls", (7.6, y - 0.75), (3.2, 1.5), ("set: ov above", s.p("vlift", "V")), left=["lp", "ov"], right=["ls"])
    s.block("Blb", (13.6, y - 0.75), (3.2, 1.5), ("fuse carries", "the limit"), left=["sense", "vref"], right=["lb0"])
    y = 5.6
    s.block("Blh Clh Rlh", (1.4, y - 1.2), (4, 2.4), (
        "holds itself", f"until {s.p('thold', 's')}", "below the limit"), left=["ls", "lp", "lb0", "lifted"],
        right=["lh"],
        wired="lh")
    s.wire((5.4, y), (6.6, y))
    s.block("Blf", (6.6, y - 0.6), (2.2, 1.2), ("lifted", "0 to 1"), left=["lh"], right=["lifted"], wired="lh")
    s.block("Blt Clt Rlt", (12.6, y - 0.9), (4.2, 1.8), (
        f"timer: {s.p('tlift', 's')} lifted,", f"{s.p('trest', 's')} to recover"), left=["lifted"], right=["lt"])
    y = 2.2
    s.block("Blx Rlx Clx", (1.4, y - 0.75), (3.2, 1.5), ("time is used", "up, latching"), left=["lt"], right=["lx"])
    s.block("Bvr", (7.6, y - 0.9), (3.4, 1.8), (
        f"vref × {s.p('klift')},", f"fades over {s.p('xfade')}"), left=["vref", "lifted", "lt"], right=["vr"])
    s.block("Bgs Rgs Cgs", (13.8, y - 0.75), (3, 1.5), ("less inner", "gain, lagged"), left=["lifted"], right=["gs"])
    return s
