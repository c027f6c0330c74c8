"""Shunt capacitors as elements: the nodes that ngspice itself numbers, and the bits that its own option gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import cosim.spice.deck
from cosim.circuit.deck import AlternatorDeck, DeckSpec, externals, top_deck
from cosim.paths import NETLISTS
from cosim.spice.guard import check_deck
from cosim.spice.session import SourceTable, SpiceOptions, SpiceSession, Waveforms
from cosim.spice.shunts import PREFIX, deck_nodes, shunt_elements

MACHINE = AlternatorDeck(450.0, 0.12, 1e-3, 1e-6, 20.0)
DRIVEN = {"system_path": ("chg", "dis", "pre", "rst", "tqd", "tqc"), "supply": ("idd",), "remote_input": (),
          "disconnect_output": ("on",), "prealarm_output": ("on",)}
PORTS = {
    "system_path": "lb sys 0 chg dis pre rst tqd tqc isense latch cs pqd pqc pother pclamp estored",
    "supply": "lb 0 ret idd vin vdd ok",
    "remote_input": "lb l h 0 on lo hi",
    "disconnect_output": "lb out 0 on",
    "prealarm_output": "lb out 0 on pq",
}


def around(netlist: str) -> str:
    """Deck around a circuit of the System side, or one of the ports."""
    texts = [(NETLISTS / name).read_text(encoding="utf-8") for name in ("devices.lib", f"{netlist}.cir")]
    driven = [f"v{n} {n} 0 0" for n in DRIVEN[netlist]]
    loads = [f"rl{n} {n} 0 10k" for n in ("sys", "out", "l", "h", "ret", "ok")]
    return "\n".join([f"* {netlist}", *texts, "vlb lb 0 13", *driven, *loads, f"x1 {PORTS[netlist]} {netlist}", ""])


DECKS = {
    "alternator": top_deck(DeckSpec("a", "alternator_path", alternator=MACHINE, system=True, supply_A=0.02)),
    "supply source": top_deck(DeckSpec("s", "alternator_path")),
    "link": top_deck(DeckSpec("l", "direct_connection", alternator=MACHINE)),
    **{name: around(name) for name in PORTS},
    "meters": (
        "* currents of what is no voltage source, in two scopes\nv1 a 0 1\nb1 x 0 v=i(r1)+2*i(l1)*i(r1)+i(v1)\n"
        "r1 p a 1\nr2 p 0 1\nl1 p qq 1\nr3 qq 0 1\nx1 p s\nr6 x 0 1\n"
        ".subckt s n\nb1 m 0 v=i(r1)\nr1 n 0 1\nr2 m 0 1\n.ends\n"
    ),
    "order": "* V(p,q) makes q first\nv1 a 0 1\nb1 x GND v=v(p,q)+v(Z)*v(a)\nr1 p 0 1\nr2 q 0 1\nr3 z 0 1\nr5 q a 1k\n",
}


HELD = {"vemf": 13.2, "vsrc": 14.4, "vset": 14.4, "vref": 52.0, "vimax": 100.0}


def values(deck: str) -> SourceTable:
    table = SourceTable()
    for name in externals(DeckSpec("", "", system=True)):
        if f"\n{name} " in deck:
            table.hold(name, 0.0, HELD.get(name, 0.0))
    return table


@pytest.mark.parametrize("name", DECKS)
def test_nodes_are_those_that_ngspice_numbers(spice: SpiceSession, name: str) -> None:
    """It lists the vectors of an operating point from the last node to the first; '#' marks nodes inside devices."""
    deck = DECKS[name]
    found = spice.operating_point(deck, sources=values(deck), options=SpiceOptions(cshunt=0.0))
    numbered = [signal[2:-1] for signal in found if signal.startswith("v(") and "#" not in signal]
    assert deck_nodes(check_deck(deck).lines) == tuple(reversed(numbered))


def test_elements_by_hand() -> None:
    lines = ["Vin in GND 1", "Xa in out rc r=2k", ".subckt rc i o params: r=1k", "R1 i m {r/2}", "R2 m o {r/2}",
             "C1 o 0 1n", ".ends"]
    assert shunt_elements(lines, 1e-11) == [
        f"{PREFIX}1 in 0 1e-11", f"{PREFIX}2 xa.m 0 1e-11", f"{PREFIX}3 out 0 1e-11",
    ]


@pytest.mark.parametrize("line", [
    "r1 a 0 r={1k*v(a)}", "c1 a 0 c='1n*time'", "e1 b 0 vol='v(a)'", "e1 b 0 a 0 2 m=1", "g1 b 0 poly(1) a 0 0 1",
    "f1 b 0 poly(1) vin 0 1", "t1 a 0 b 0 z0=50", "u1 a b 0 mod", ".global rail", "x1 a nosuch", "x1 a b one",
    "m1 a b 0 nomodel", "d1 a md md md", "b1 b 0 v=max(0,i(r9))", "b1 b 0 v=i (r9)", "b1 b 0 v=v((a))",
    "b1 b 0 v=i(e9)", "r1 (a 0) 1k", "r1 a {n} 1k", "r1 a null 1k", "r1 a x_vmeas_0 1k", "x1 a one p = 3", ".if (1)",
    "y1 a 0 b 0 mod",
])
def test_a_deck_with_anything_else_keeps_the_option(line: str) -> None:
    lines = ["vin a 0 1", "r9 a 0 1k", ".model md d is=1e-9", ".subckt one p", "r1 p 0 1", ".ends"]
    assert deck_nodes(lines) == ("a",)
    assert deck_nodes([*lines, line]) is None
    text = cosim.spice.deck.full_deck("mark", "\n".join([*lines, line]), ["v(a)"], SpiceOptions(), ".op")
    assert "cshunt=1e-11" in text
    assert PREFIX not in text


def test_subcircuits_that_hold_themselves_or_come_twice_are_uncertain() -> None:
    one = [".subckt one p", "x1 p one", ".ends"]
    assert deck_nodes(["vin a 0 1", "x1 a one", *one]) is None
    assert deck_nodes(["vin a 0 1", ".subckt s p", "r1 p 0 1", ".ends", ".subckt s p", "r2 p 0 1", ".ends"]) is None


def enabling(spice: SpiceSession, name: str, options: SpiceOptions | None = None) -> Waveforms:
    """A transient of 4 ms in which the path is enabled."""
    deck, table = DECKS[name], values(DECKS[name])
    table.hold("ven", 1e-3, 0.0, 1e6)
    table.hold("ven", 1e-3 + 1e-6, 1.0)
    return spice.transient(deck, tstop_s=4e-3, tmax_s=2e-5, sources=table, breakpoints=[1e-3, 1e-3 + 1e-6],
                           signals=["i(vipin)", "v(fb)", "v(xpath.ca)"], options=options)


def same_bits(one: Waveforms, other: Waveforms, signals: Sequence[str] = ("i(vipin)", "v(fb)", "v(xpath.ca)")) -> bool:
    return np.array_equal(one.time_s, other.time_s) and all(np.array_equal(one[s], other[s]) for s in signals)


@pytest.mark.parametrize("name", ["alternator", "supply source"])
def test_waves_have_the_bits_of_the_option(spice: SpiceSession, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = enabling(spice, name)
    assert float(np.ptp(ours["i(vipin)"])) > 10.0
    with monkeypatch.context() as patch:
        patch.setattr(cosim.spice.deck, "shunt_elements", lambda lines, capacitance_F: None)
        assert same_bits(enabling(spice, name), ours)
    assert same_bits(enabling(spice, name), ours)
    assert not same_bits(enabling(spice, name, SpiceOptions(cshunt=0.0)), ours)


def test_the_option_of_one_deck_does_not_act_on_the_next(spice: SpiceSession) -> None:
    """ngspice keeps it as a variable of its own: 1 uF behind 1 kohm would turn the next deck's step into 1 ms."""
    step = "* step\nvin a 0 pwl(0 0 1u 1)\nr1 a b 1k\nc1 b 0 1n\n"
    kept = "* option stays\nvin a 0 1\nr1 a b r={1k+0*v(a)}\nr2 b 0 1k\n"

    def run() -> Waveforms:
        return spice.transient(step, tstop_s=2e-5, tmax_s=1e-7, signals=["v(b)"], options=SpiceOptions(cshunt=0.0))

    before = run()
    spice.transient(kept, tstop_s=1e-6, tmax_s=1e-7, signals=["v(b)"], options=SpiceOptions(cshunt=1e-6))
    assert same_bits(run(), before, ["v(b)"])
    assert before["v(b)"][-1] == pytest.approx(1.0, abs=1e-3)
