"""System+ as a circuit of a window's deck: its path, the load cable, what stands at the end of it, and disturbances.

    lb -- [system_path] -- Visys -- sys -- load cable -- dev -- devices' capacitance behind its ESR
                                     |                    |
                     short circuits, capacitors      loads, chargers, consumers that events switch

The devices keep their laws over a tick, straight about the voltage that they had at its beginning, which the window
finds (`cosim.windows.port`): what they take fades below 1 V, what chargers give ends at their highest current and at a
ceiling a little above their set-point. A disturbance follows the external source of its contact, 0 to 1 (a consumer:
its current).

The capacitance of an inverter cannot be reversed far: across it stand the transistors of its bridge, whose body diodes
conduct from minus to plus, two in series in each leg (the transistors are taken as off: a supply that has broken down
leaves their gates without drive). Without them the 50 mF of an inverter swung to -4.8 V after a short at System+, and
back through the port's Schottky diodes. The slow engine needs none: its node stays above 0 V (`models.system`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cosim.circuit.deck import SYSTEM_SIGNALS

GATES = ("vchg", "vdis", "vpre", "vrst")
"""External sources of the commands: charge and discharge gate, pre-charge, latch reset [0/1]."""
DEVICE_SOURCES = ("vldi", "vldg", "vchi", "vchs", "vchm", "vchv")
"""External sources of the devices: loads ``i + g v`` [A, S], chargers ``i + s v`` [A, S], their highest current
[A] and ceiling [V]."""
GATES_AT_S, LOADS_AT_S, LOADS_WITHIN_S = 1e-3, 1.2e-3, 1e-3
"""In the pre-roll: when the gates close (their charge pumps take 30 us), when devices come, and within what time."""
CEILING_S_V = 20.0
"""Chargers fade over 50 mV below their ceiling (ours)."""
ARC_V = 40.0
"""Voltage at which a contact that opens under current arcs (ours)."""
FILM_F = 10e-6
"""Film and ceramic capacitors at the devices' terminals (ours). Without them nothing holds that node within a Newton
iteration: chargers end within 50 mV, which is 1400 A/V for 70 A, behind an ESR of 50 mohm: it jumped between both ends
of that at any step."""
BRIDGE_STRINGS = 8
"""Strings of two body diodes in series across an inverter's input: a full bridge of four 40 V transistors per switch,
of the class of IRFB7430 (1.3 mohm, 195 A by its package), as 3 kVA at 12 V take (ours)."""
BRIDGE = ".model SYSBRIDGE D is=3e-11 n=2.1 rs=1.2m"
"""Two of them: body diode of N60 in `netlists/devices.lib`, 0.85 to 0.9 V at 100 A, twice (class values, ours)."""


def in_preroll(name: str, value: float, ramp_s: float) -> list[tuple[float, float]]:
    """Corners of an external source of System+ before its window, where it has `value`: time [s], value."""
    if name in GATES:
        return [(0.0, 0.0), (GATES_AT_S, 0.0), (GATES_AT_S + ramp_s, value)]
    if (name in DEVICE_SOURCES and name != "vchv") or name.startswith("vev"):
        return [(0.0, 0.0), (LOADS_AT_S, 0.0), (LOADS_AT_S + LOADS_WITHIN_S, value)]
    return []


@dataclass(frozen=True)
class Disturbance:
    """What an event puts at System+, behind the contact `source`.

    kind : short_circuit, connect_capacitor or load_step; ohm, henry, farad : of its loop (a consumer: none of them);
    voltage_V : of the capacitor at the start of the deck
    """

    kind: Literal["short_circuit", "connect_capacitor", "load_step"]
    source: str
    ohm: float = 0.0
    henry: float = 0.0
    farad: float = 0.0
    voltage_V: float = 0.0

    def lines(self) -> list[str]:
        """Elements between System+ and ground."""
        tag, s = self.source[1:], f"v(x{self.source[1:]})"
        if self.kind == "load_step":
            return [f"b{tag} dev 0 i={s}*max(tanh(v(dev)/0.4),0)"]
        v, end = f"v({tag}a)", "0"
        if self.kind == "connect_capacitor":
            v, end = f"v({tag}a,{tag}b)", f"{tag}b"
        arc = f"max({v}-{ARC_V!r},0)-max(-{v}-{ARC_V!r},0)"
        lines = [
            f"l{tag} sys {tag}a {self.henry!r}", f"rl{tag} sys {tag}a 50",
            f"b{tag} {tag}a {end} i={v}*{1.0 / self.ohm!r}*{s}+({arc})*10",
        ]
        if self.kind == "connect_capacitor":
            lines += [f"c{tag} {tag}b 0 {self.farad!r}", f".ic v({tag}b)={self.voltage_V!r}"]
        return lines


@dataclass(frozen=True)
class SystemDeck:
    """System+ with what stands there, at the start of a window.

    cable_ohm, cable_H : load cable; capacitance_F, esr_ohm : of the devices; voltage_V : theirs at the start;
    latched : whether the hardware latch is set; disturbances : by events; inverters : how many have a bridge across
    the devices' capacitance; film_F : at their terminals (both 0 in recipes that are older than they)
    """

    cable_ohm: float
    cable_H: float
    capacitance_F: float
    voltage_V: float
    latched: bool = False
    esr_ohm: float = 5e-3
    disturbances: tuple[Disturbance, ...] = ()
    inverters: int = 0
    film_F: float = 0.0

    @property
    def netlists(self) -> tuple[str, ...]:
        """Circuits that the lines use."""
        return ("system_path",)

    @property
    def externals(self) -> tuple[str, ...]:
        """External sources."""
        return (*GATES, "vtqd", "vtqc", *DEVICE_SOURCES, *(d.source for d in self.disturbances))

    @property
    def signals(self) -> Mapping[str, str]:
        """Signals: our name and ngspice's."""
        return {**SYSTEM_SIGNALS, **{f"contact_{d.source[1:]}": f"v(x{d.source[1:]})" for d in self.disturbances}}

    def lines(self, ground: str) -> list[str]:
        """Lines of the deck."""
        return [
            "* ---- System+",
            f"xsysp lb sysb {ground} xchg xdis xpre xrst xtqd xtqc shunt latch scs pqd pqc psother spclamp sstored"
            f" system_path latch0={int(self.latched)}",
            "visys sys sysb 0",
            f"xcsys sys dev cable r={self.cable_ohm!r} l={self.cable_H!r}",
            f"resr dev dcap {self.esr_ohm!r}",
            f"cdev dcap 0 {self.capacitance_F!r}",
            *([f"cfilm dev 0 {self.film_F!r}"] if self.film_F else []),
            f".ic v(dcap)={self.voltage_V!r}",
            *([BRIDGE, f"dbridge 0 dev SYSBRIDGE m={BRIDGE_STRINGS * self.inverters}"] if self.inverters else []),
            "bloads dev 0 i=(v(xldi)+v(xldg)*v(dev))*max(tanh(v(dev)/0.4),0)",
            "bchargers 0 dev i=min(max(v(xchi)+v(xchs)*v(dev),0),v(xchm))"
            f"*min(max((v(xchv)-v(dev))*{CEILING_S_V!r},0),1)",
            *(line for d in self.disturbances for line in d.lines()),
        ]
