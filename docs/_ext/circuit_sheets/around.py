"""Sheets of what stands around the circuits, and of those that compare: plant, alternator, pulses, a link."""

from __future__ import annotations

from docs._ext.circuit_sheets import common
from docs._ext.circuit_sheets.check import Drawn
from docs._ext.circuit_sheets.reader import Netlist
from docs._ext.circuit_sheets.sheet import Sheet


def direct(netlist: Netlist) -> tuple[Drawn, ...]:
    """The direct connection that the product replaces."""
    circuit = netlist.subcircuits["direct_connection"]
    s = Sheet(circuit, "direct_connection", "Direct connection of alternator and battery", models=netlist.models)
    y = 4.0
    s.net("ab", (0, y), "left")
    s.wire((0, y), (0.6, y))
    s.two("Ra", (0.6, y), (2.8, y))
    s.wire((2.8, y), (3.6, y), (4.4, y))
    s.net("fb", (3.2, y), "up")
    s.two("Rb", (4.4, y), (6.6, y))
    s.wire((6.6, y), (7.4, y))
    s.net("lb", (7.4, y), "right")
    s.two("Rm", (3.6, y), (3.6, y - 2))
    s.wire((3.6, y - 2), (4.6, y - 2))
    s.net("mid", (4.6, y - 2), "right")
    s.two("Rbl", (3.6, y - 2), (3.6, y - 4))
    s.ground((3.6, y - 4))
    s.wire((0.6, y - 4), (1.2, y - 4))
    s.net("gn", (0.6, y - 4), "left")
    s.ground((1.2, y - 4))
    s.block("Bse", (10.6, y - 0.75), (3.4, 1.5), ("drop of the", "link in mV"), left=["i(vi)"], right=["sense"])
    left_out = {
        "Vi": common.AMMETER, "Bpo": common.OUTPUT,
        "R(pq.*|pf|es|ov|pc|li)": "holds an output at zero that this circuit does not have",
        "R(en|vr|lf|tf|t1|t[a-d])": "load of an input that this circuit ignores",
    }
    return (Drawn(circuit, (s,), left_out),)


def pass_devices(netlist: Netlist) -> tuple[Drawn, ...]:
    """Four pass devices at one gate or with a loop each, and one of them with its heat."""
    circuit = netlist.subcircuits["pass_common_gate"]
    s = Sheet(circuit, "pass_common_gate", "Four pass devices under one reference", models=netlist.models)
    y = 5.0
    s.block("Bir Cir", (1.6, y - 1.7), (3.4, 3.4), ("integral of iref", "less the sum"),
        left=["iref", "ia", "ib", "ic", "id"],
        right=["ir"])
    s.block("Bmean", (8, y - 1.4), (2.4, 2.8), ("mean",), left=["ia", "ib", "ic", "id"], right=["mean"])
    s.block("Xa", (13.6, y - 1.4), (3.2, 2.8), ("one device,", "b, c, d alike"), left=["ir", "mean", "mid", "ths"],
        right=["lb", "ia", "ta", "pa"], down=["gn"])
    one = netlist.subcircuits["pass_one"]
    t = Sheet(one, "pass_common_gate_one", "One pass device: gate loop and ladder of its heat", models=netlist.models)
    y = 8.0
    t.block("Bg0", (1.4, y - 1), (3.2, 2), ("ga (ir - mean)", "or ga (ir - i)"), left=["ir", "mean", "i"], right=["g0"],
        wired="g0")
    t.two("Rg", (4.6, y), (6.4, y))
    t.two("Cg", (6.4, y), (6.4, y - 1.8))
    t.ground((6.4, y - 1.8), "0")
    t.wire((6.4, y), (7.2, y), (8.4, y))
    t.net("g1", (7.2, y), "up")
    t.block("Bg", (8.4, y - 0.9), (2.4, 1.8), ("gate driver",), left=["g1"], right=["x", "s"], wired="g1 x s")
    gate = t.fet("MQ", (13.4, y + 1.9), (13.4, y - 0.1), "left", side="right")
    t.wire((10.8, y + 0.3), (11.6, y + 0.3), (11.6, y + 0.9), gate)
    t.net("x", (11.6, y + 0.9), "up")
    t.wire((10.8, y - 0.3), (11.6, y - 0.3), (11.6, y - 0.8), (13.4, y - 0.8), (13.4, y - 0.1))
    t.net("mid", (13.4, y + 1.9), "up")
    t.two("Rs", (13.4, y - 0.8), (13.4, y - 2.8))
    t.net("lb", (13.4, y - 2.8), "down")
    t.block("Bi", (16, y - 2.6), (1.8, 1.2), ("current",), up=["i(vi)"], right=["i"])
    y = 3.4
    t.wire((0.6, y), (1.4, y))
    t.net("t", (0.6, y), "left")
    nodes = ("t", "t2", "t3", "t4")
    for k, node in enumerate(nodes):
        x = 1.4 + 3.2 * k
        kelvin = f"{t.circuit.value(f'R{k + 1}'):.2g} K/W"
        joule = f"{t.circuit.value(f'C{k + 1}'):.2g} J/K"
        t.two(f"C{k + 1}", (x, y), (x, y - 1.8), text=(f"C{k + 1}", joule))
        t.ground((x, y - 1.8), "0")
        t.two(f"R{k + 1}", (x, y), (x + 3.2, y), text=(f"R{k + 1}", kelvin))
        if k:
            t.net(node, (x, y), "up")
    t.net("ths", (14.2, y), "right")
    t.text((15.6, y - 0.9), "power of MQ", "flows into t")
    left_out = {"Vi": common.AMMETER, "Vt": common.THERMAL, "Bp": common.OUTPUT}
    unused = {"gn"} & set(one.ports)
    assert unused, "the port gn of pass_one is there for its neighbours"
    return Drawn(circuit, (s,), {}, {"X": ("a", "bcd")}), Drawn(one, (t,), left_out)


def plant(netlist: Netlist) -> tuple[Drawn, ...]:
    """Battery, cable and load."""
    battery, cable, load = (netlist.subcircuits[name] for name in ("battery", "cable", "load"))
    s = Sheet(battery, "plant_battery", "Battery: Thevenin branch")
    y = 3.0
    s.two("Eemf", (1, y), (1, y - 2), look="controlled", nodes=("e", "neg"), text=("Eemf", "V(emf)"))
    s.net("neg", (1, y - 2), "down")
    s.two("Rs", (1, y), (3.4, y))
    s.two("Ls", (3.4, y), (5.6, y))
    s.wire((3.4, y), (3.4, y - 1.2))
    s.two("Rp", (3.4, y - 1.2), (5.6, y - 1.2), side="below")
    s.wire((5.6, y - 1.2), (5.6, y), (6.4, y))
    s.net("pos", (6.4, y), "right")
    c = Sheet(cable, "plant_cable", "Cable")
    c.net("a", (0, y), "left")
    c.two("Rs", (0, y), (2.4, y))
    c.two("Ls", (2.4, y), (4.6, y))
    c.wire((2.4, y), (2.4, y - 1.2))
    c.two("Rp", (2.4, y - 1.2), (4.6, y - 1.2), side="below")
    c.wire((4.6, y - 1.2), (4.6, y), (5.4, y))
    c.net("b", (5.4, y), "right")
    b = Sheet(load, "plant_load", "Load: a current that fades at low voltage")
    b.block("Bld", (2, 1), (3, 1.8), ("draws V(i)", "from p to n"), left=["i"], up=["p"], down=["n"])
    return Drawn(battery, (s,)), Drawn(cable, (c,)), Drawn(load, (b,))


def alternator(netlist: Netlist) -> tuple[Drawn, ...]:
    """Regulated alternator."""
    circuit = netlist.subcircuits["alternator"]
    s = Sheet(circuit, "alternator", "Alternator: regulator, field, rectified output", models=netlist.models)
    y = 7.0
    s.block("Bsn", (1, y - 0.6), (2.2, 1.2), ("own voltage",), left=["out"], right=["vs0"], wired="vs0")
    s.wire((3.2, y), (4, y))
    s.net("vs0", (3.6, y), "up")
    s.two("Rsn", (4, y), (5.8, y))
    s.two("Csn", (5.8, y), (5.8, y - 1.8))
    s.ground((5.8, y - 1.8), "0")
    s.wire((5.8, y), (6.6, y))
    s.net("vs1", (6.6, y), "right")
    s.block("Blaw", (9.2, y - 1.2), (3.8, 2.4), ("regulator: slope", f"{s.p('gain')} A/V, lead", s.p("tlead", "s")),
        left=["vset", "imax", "vs0", "vs1"], right=["law"])
    y = 2.0
    s.block("Bfl Cfl", (1.2, y - 0.9), (3.2, 1.8), ("field: lag", s.p("tau", "s")), left=["law"], right=["fld"],
        wired="fld")
    s.wire((4.4, y), (5.6, y))
    s.net("fld", (5, y), "down")
    s.block("Bal", (5.6, y - 0.9), (3.4, 1.8), (f"current; {s.p('ri', 'Ω')}", f"above {s.p('vri', 'V')}"), left=["fld"],
        right=["alt"], wired="fld alt")
    s.wire((9, y), (10, y))
    s.two("Ral", (10, y), (11.8, y))
    s.two("Lal", (11.8, y), (13.8, y))
    s.wire((13.8, y), (14.6, y))
    s.net("out", (14.6, y), "right")
    s.net("alt", (9.5, y), "up")
    s.two("Rdm", (10, y), (10, y - 1.8))
    s.two("Cdm", (10, y - 1.8), (10, y - 3.4))
    s.ground((10, y - 3.4))
    s.wire((13.4, y - 3), (14, y - 3))
    s.net("gn", (13.4, y - 3), "left")
    s.ground((14, y - 3))
    return (Drawn(circuit, (s,)),)


def load_dump(netlist: Netlist) -> tuple[Drawn, ...]:
    """Generator of the load dump of ISO 16750-2."""
    circuit = netlist.subcircuits["iso16750_load_dump"]
    s = Sheet(circuit, "pulses_iso16750", "Generator of ISO 16750-2 load dump", models=netlist.models)
    y = 8.0
    s.net("ref", (0, 1), "left")
    s.wire((0, 1), (2, 1), (15.6, 1))
    s.two("Vua", (2, 3), (2, 1))
    s.wire((2, 3), (2, 4), (5.6, 4), (5.6, 5.2))
    s.net("base", (3.4, 4), "down")
    s.two("Vstep", (2, 6.4), (2, 4), text=("Vstep", s.p("step", "V")))
    s.wire((2, 6.4), (2, y), (2.6, y))
    s.two("Cs", (2.6, y), (4.8, y))
    s.wire((4.8, y), (5.6, y), (7.6, y))
    s.two("Rs", (5.6, y), (5.6, 5.2))
    s.net("n", (6.6, y), "up")
    s.two("Ri", (7.6, y), (10, y))
    s.wire((10, y), (13.6, y), (15.6, y), (17, y))
    s.net("out", (17, y), "right")
    s.net("base", (8.6, 4), "left")
    s.two("Rdc", (8.6, 4), (11, 4))
    s.two("Ddc", (11, 4), (13.6, 4))
    s.wire((13.6, 4), (13.6, y))
    s.two("Dclamp", (15.6, y), (15.6, 5.2))
    s.two("Vclamp", (15.6, 5.2), (15.6, 1), text=("Vclamp", s.p("clamp", "V")))
    return (Drawn(circuit, (s,)),)


def transients(netlist: Netlist) -> tuple[Drawn, ...]:
    """Generators of the pulses of ISO 7637-2."""
    drawn = []
    for name, title in (
        ("iso7637_pulse", "Generator of pulses 1 and 2a"), ("iso7637_burst", "Generator of bursts 3a and 3b"),
    ):
        circuit = netlist.subcircuits[name]
        s = Sheet(circuit, f"pulses_{name}", title)
        s.two("Vstep", (1, 5), (1, 1), text=("Vstep", s.p("step", "V")))
        s.wire((1, 5), (1, 6), (1.6, 6))
        s.two("Cs", (1.6, 6), (4, 6))
        s.wire((4, 6), (4.8, 6), (5.8, 6))
        s.two("Rs", (4.8, 6), (4.8, 1))
        s.two("Ri", (5.8, 6), (8.2, 6))
        s.wire((8.2, 6), (9, 6))
        s.net("out", (9, 6), "right")
        s.wire((1, 1), (4.8, 1), (9, 1))
        s.net("ref", (9, 1), "right")
        drawn.append(Drawn(circuit, (s,)))
    circuit = netlist.subcircuits["iso7637_2b"]
    s = Sheet(circuit, "pulses_iso7637_2b", "Generator of pulse 2b")
    s.two("Vm", (1, 5), (1, 1), text=("Vm", s.p("step", "V")))
    s.wire((1, 5), (1, 6), (1.6, 6))
    s.two("Cs", (1.6, 6), (4, 6))
    s.wire((4, 6), (4.8, 6), (5.8, 6))
    s.net("n", (5.8, 6), "right")
    s.two("Rs", (4.8, 6), (4.8, 1))
    s.wire((1, 1), (4.8, 1), (9, 1), (13.6, 1))
    s.net("ref", (13.6, 1), "right")
    s.two("Vs", (9, 3.2), (9, 1), text=("Vs", s.p("ua", "V")))
    s.two("Em", (9, 6), (9, 3.2), look="controlled", nodes=("o", "u"), text=("Em", "V(n)"))
    s.two("Ri", (9, 6), (12, 6))
    s.wire((12, 6), (13.6, 6))
    s.net("out", (13.6, 6), "right")
    drawn.append(Drawn(circuit, (s,)))
    only = {"Xp": "gives the values of one pulse to the generator that is drawn"}
    drawn += [Drawn(netlist.subcircuits[f"iso7637_{pulse}"], (), only) for pulse in ("1", "2a", "3a", "3b")]
    return tuple(drawn)
