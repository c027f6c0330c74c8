"""The top deck around a circuit: source, cables, battery, sensors and the external sources.

    alternator --lead--+                                                 +-- Vibat -- cable -- battery (emf, R0)
    load --------------+-- stb -- cable -- ab -- Vipin -- [circuit] -- Vipout -- lb -- [sections, such as System+]
    starter battery ---+

Circuit texts are written into the deck, so that a deck is self-contained. Everything that Python drives is one
`external` voltage source; everything that Python reads is one of `signals`. What a window needs besides comes as a
`Section` (System+ as a circuit, `cosim.circuit.system_deck`), a lead that opens as one of `CUTS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cosim.circuit.failed import FailedPart, with_failed
from cosim.paths import netlists_folder

DEVICES = ("q1", "q2a", "q2b", "q2c", "q2d")
"""Power devices (banks) of the alternator path, in the order of every device array: ideal diode, pass devices."""

EXTERNALS = (
    "vemf", "vsrc", "vimax", "vset", "vload", "ven", "vref", "vtfuse", *(f"vt{d}" for d in DEVICES), "vlift",
)
"""External sources: battery EMF, source EMF [V]; alternator capability [A]; regulator set-point [V]; load [A];
enable [0/1]; fuse-drop reference [mV]; fuse temperature and junction temperatures [degC]; permission to lift the
limit during a load dump [0/1]."""

SIGNALS: dict[str, str] = {
    "port_current_A": "i(vipin)",
    "output_current_A": "i(vipout)",
    "battery_current_A": "i(vibat)",
    "starter_battery_current_A": "i(visrc)",
    "alternator_current_A": "i(vialt)",
    "starter_voltage_V": "v(stb)",
    "input_voltage_V": "v(ab)",
    "battery_voltage_V": "v(lb)",
    "fb_V": "v(fb)",
    "mid_V": "v(mid)",
    "sense_mV": "v(sense)",
    **{f"power_{d}_W": f"v(p{d})" for d in DEVICES},
    "power_fuse_W": "v(pfuse)",
    "power_other_W": "v(pother)",
    "stored_J": "v(estored)",
    "over_voltage_trip": "v(ovp)",
    "enable": "v(xen)",
    "reference_mV": "v(xref)",
    "battery_emf_V": "v(xemf)",
    "source_emf_V": "v(xsrc)",
    "capability_A": "v(ximax)",
    "setpoint_V": "v(xset)",
    "load_A": "v(xload)",
    "fuse_degC": "v(xtfuse)",
    **{f"junction_{d}_degC": f"v(xt{d})" for d in DEVICES},
    "power_clamp_W": "v(pclamp)",
    "lift_allowed": "v(xlift)",
    "limit_lifted": "v(lifted)",
}
"""What a window reads at every accepted point: our name and ngspice's; all external sources are among them, so that
a window can be replayed without Python (`cosim.record.replay`)."""

SYSTEM_SIGNALS: dict[str, str] = {
    "system_current_A": "i(visys)",
    "system_voltage_V": "v(sys)",
    "devices_voltage_V": "v(dev)",
    "shunt_current_A": "v(shunt)",
    "latch": "v(latch)",
    "power_discharge_bank_W": "v(pqd)",
    "power_charge_bank_W": "v(pqc)",
    "power_port_W": "v(psother)",
    "power_port_clamp_W": "v(spclamp)",
    "port_stored_J": "v(sstored)",
    "charge_gate": "v(xchg)",
    "discharge_gate": "v(xdis)",
    "precharge": "v(xpre)",
    "latch_reset": "v(xrst)",
    "junction_discharge_degC": "v(xtqd)",
    "junction_charge_degC": "v(xtqc)",
    "loads_A": "v(xldi)",
    "loads_S": "v(xldg)",
    "chargers_A": "v(xchi)",
    "chargers_S": "v(xchs)",
    "chargers_highest_A": "v(xchm)",
    "chargers_ceiling_V": "v(xchv)",
    "drain_discharge_V": "v(xsysp.dd)",
    "drain_charge_V": "v(xsysp.dc)",
    "common_source_V": "v(scs)",
    "stud_clamp_A": "i(v.xsysp.vtv)",
    "port_clamp_A": "i(v.xsysp.vts)",
    "freewheel_A": "i(v.xsysp.vfw)",
}
"""What a window reads besides where System+ is a circuit of its deck; they follow `SIGNALS`. Its current charges where
positive, that of its shunt discharges (as its netlist says); those of its clamps and Schottky diodes come out of the
return, so that a clamp's is negative where it breaks down."""

CUTS = {
    "alternator": ("altm", "stb"), "starter_battery": ("stb", "stbm"), "input": ("stb", "ab"), "battery": ("lb", "lbm"),
    "ground": ("bgnd", "0"),
}
"""Leads that an event can open, and their ends."""
CUT_S, ARC_V, ARC_S = 1e4, 150.0, 20.0
"""Contact of such a lead while closed [S], voltage and slope of its arc at opening (ours: 0.1 mohm; above a load dump,
which must not flow through an arc that has long gone out)."""
GROUND_OHM, GROUND_H = 5e-3, 0.5e-6
"""Ground lead of the BMS where a deck has one (ours: 0.5 m of 2.5 mm2 with a Faston tab, G3)."""

SOURCE_WAVES: dict[str, str] = {
    "vemf": "battery_emf_V", "vsrc": "source_emf_V", "vimax": "capability_A", "vset": "setpoint_V", "vload": "load_A",
    "ven": "enable", "vref": "reference_mV", "vtfuse": "fuse_degC", **{f"vt{d}": f"junction_{d}_degC" for d in DEVICES},
    "vlift": "lift_allowed", "vsys": "system_current_A",
    **{f"v{node[3:-1]}": name for name, node in SYSTEM_SIGNALS.items() if node.startswith("v(x") and "." not in node},
    **{f"vcut{name}": f"cut_{name}" for name in CUTS},
}
"""Which recorded wave an external source had."""


class Section(Protocol):
    """A part that a window adds to the deck; `ground` is the node of the BMS's ground."""

    @property
    def netlists(self) -> tuple[str, ...]:
        """Circuits that the lines use."""

    @property
    def externals(self) -> tuple[str, ...]:
        """External sources."""

    @property
    def signals(self) -> Mapping[str, str]:
        """Signals: our name and ngspice's."""

    def lines(self, ground: str) -> list[str]:
        """Lines of the deck."""


@dataclass(frozen=True)
class ProbeSignal:
    """What the user wants to see of a deck: our name and ngspice's, unit, and whether the picture shows it."""

    name: str
    signal: str
    unit: str
    draw: bool = False


@dataclass(frozen=True)
class AlternatorDeck:
    """Alternator as the deck sees it: regulator gain [A/V], field time constant [s], lead [ohm, H], start [A].

    The field is given as the current that it stands for; it is held there until `hold_s` [s], the end of the pre-roll
    (None: free after the operating point), and follows its regulator from then on.
    `dump_ohm` is its internal resistance above every set-point (load dump).
    """

    gain_A_V: float
    field_tau_s: float
    lead_resistance_ohm: float
    lead_inductance_H: float
    start_current_A: float
    dump_ohm: float = 0.56
    hold_s: float | None = None


@dataclass(frozen=True)
class DeckSpec:
    """Everything that a top deck depends on.

    Resistances in ohm, inductances in henry; `source_*` is the starter battery or the laboratory supply;
    `parameters` go to the circuit's subcircuit by name; `alternator` is None where there is none;
    `system` adds a current source at the battery stud, the current from System+; `supply_A` is what the BMS itself
    draws there. `sections` are added, `cuts` (of `CUTS`) can be opened; with `system` and a section that is System+
    the current source is left out. `probes` are recorded besides. `failed` are parts that are short or open.
    """

    title: str
    netlist: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    source_resistance_ohm: float = 0.005
    source_inductance_H: float = 0.3e-6
    input_cable_resistance_ohm: float = 0.0015
    input_cable_inductance_H: float = 3e-6
    battery_cable_resistance_ohm: float = 0.001
    battery_cable_inductance_H: float = 1e-6
    battery_resistance_ohm: float = 0.001
    battery_inductance_H: float = 0.15e-6
    alternator: AlternatorDeck | None = None
    system: bool = False
    supply_A: float = 0.0
    sections: tuple[Section, ...] = ()
    cuts: tuple[str, ...] = ()
    probes: tuple[ProbeSignal, ...] = ()
    failed: tuple[FailedPart, ...] = ()


def externals(spec: DeckSpec) -> tuple[str, ...]:
    """External sources of a deck: `EXTERNALS`, the current of System+ where it is a source [A], sections, cuts."""
    own = (*EXTERNALS, "vsys") if _has_source(spec) else EXTERNALS
    added = tuple(name for section in spec.sections for name in section.externals)
    return (*own, *added, *(f"vcut{name}" for name in spec.cuts))


def signals(spec: DeckSpec) -> dict[str, str]:
    """What a window with this deck reads at every accepted point: `SIGNALS`, those of sections and cuts, probes."""
    found = dict(SIGNALS)
    for section in spec.sections:
        found |= section.signals
    found |= {"ground_V": "v(bgnd)"} if "ground" in spec.cuts else {}
    found |= {f"cut_{name}": f"v(xcut{name})" for name in spec.cuts}
    return found | {probe.name: probe.signal for probe in spec.probes}


def _has_source(spec: DeckSpec) -> bool:
    return spec.system and not any("system_current_A" in section.signals for section in spec.sections)


def circuit_text(netlist: str, folder: Path | None = None) -> str:
    """Text of the device library, the plant and one circuit (`netlist`, without ending), ready to stand in a deck."""
    folder = folder or netlists_folder()
    names = ("devices.lib", "plant.cir", "alternator.cir", f"{netlist}.cir")
    return "\n".join((folder / name).read_text(encoding="utf-8").rstrip() for name in names)


def parameter_names(netlist: str, folder: Path | None = None) -> tuple[str, ...]:
    """Names of the parameters of the subcircuit of `netlist`, from its `params:` list (continued lines included)."""
    text = ((folder or netlists_folder()) / f"{netlist}.cir").read_text(encoding="utf-8").replace("\n+", " ")
    head = next(line for line in text.splitlines() if line.lower().startswith(f".subckt {netlist}"))
    return tuple(re.findall(r"([A-Za-z]\w*)=", head.split("params:", 1)[-1]))


def top_deck(spec: DeckSpec, folder: Path | None = None, circuit: str | None = None) -> str:
    """Body of the deck (no analysis, no options) for one window.

    Parameters
    ----------
    spec : what stands around the circuit
    folder : where the circuit texts lie; default `netlists_folder()`
    circuit : `circuit_text` kept from an earlier day, used instead of what lies in the folder
    """
    folder = folder or netlists_folder()
    parameters = " ".join(f"{name}={value!r}" for name, value in sorted(spec.parameters.items()))
    outputs = " ".join(f"p{d}" for d in DEVICES)
    text = circuit_text(spec.netlist, folder) if circuit is None else circuit
    more = dict.fromkeys(name for section in spec.sections for name in section.netlists)
    text = "\n".join((text, *((folder / f"{name}.cir").read_text(encoding="utf-8").rstrip() for name in more)))
    text = with_failed(text, spec.failed)
    ground = "bgnd" if "ground" in spec.cuts else "0"
    lines = [f"* {spec.title}", text, "* ---- external sources"]
    lines += [f"{name} x{name[1:]} 0 external" for name in externals(spec)]
    lines += [
        "* ---- battery side",
        _element("xbat", "lbt 0 xemf", "battery", spec.battery_resistance_ohm, spec.battery_inductance_H),
        _element("xcbat", "lbm lbt", "cable", spec.battery_cable_resistance_ohm, spec.battery_cable_inductance_H),
        f"vibat {_end(spec, 'battery')} lbm 0",
        *(["bsys 0 lb i=v(xsys)"] if _has_source(spec) else []),
        *([f"isupply lb {ground} dc {spec.supply_A!r}"] if spec.supply_A else []),
        "* ---- source side",
        _element("xsrc", "stbm 0 xsrc", "battery", spec.source_resistance_ohm, spec.source_inductance_H),
        f"visrc {_end(spec, 'starter_battery')} stbm 0",
        _element("xcin", f"{_end(spec, 'input')} ab", "cable", spec.input_cable_resistance_ohm,
                 spec.input_cable_inductance_H),
        "xload stb 0 xload load",
        *_alternator_lines(spec.alternator, _end(spec, "alternator")),
        *(line for name in spec.cuts for line in _cut_lines(name)),
        "* ---- the circuit",
        "vipin ab abp 0",
        "vipout lbp lb 0",
        f"xpath abp lbp {ground} xen xref xtfuse " + " ".join(f"xt{d}" for d in DEVICES),
        f"+ fb mid sense {outputs} pfuse pother estored ovp xlift pclamp lifted {spec.netlist} {parameters}",
        *(line for section in spec.sections for line in section.lines(ground)),
    ]
    return "\n".join(lines) + "\n"


def _end(spec: DeckSpec, name: str) -> str:
    """Node at which a lead begins: its own end, or the far side of the contact that can open."""
    return f"cut{name}" if name in spec.cuts else CUTS[name][0]


def _cut_lines(name: str) -> list[str]:
    """Contact between a lead's end and the lead: conducts, opens with the fourth power of its source, then arcs."""
    near, far, s = CUTS[name][0], f"cut{name}", f"(1-v(xcut{name}))"
    v = f"v({near},{far})"
    lines = [f"bcut{name} {near} {far} i={v}*({CUT_S!r}*{s}*{s}*{s}*{s}+1e-6)"
             f"+{ARC_S!r}*(max({v}-{ARC_V!r},0)-max(-{v}-{ARC_V!r},0))"]
    if name == "ground":
        lines.append(_element("xgnd", f"{far} 0", "cable", GROUND_OHM, GROUND_H))
    return lines


def _element(name: str, nodes: str, subcircuit: str, resistance_ohm: float, inductance_H: float) -> str:
    return f"{name} {nodes} {subcircuit} r={resistance_ohm!r} l={inductance_H!r}"


def _alternator_lines(alternator: AlternatorDeck | None, end: str) -> list[str]:
    contact = f"vialt {end} stb 0"
    if alternator is None:
        return [contact, "ralto altm 0 1e9", "rimax ximax 0 1e6", "rset xset 0 1e6"]
    hold = "" if alternator.hold_s is None else f" thold={alternator.hold_s!r}"
    return [
        contact,
        _element("xlead", "alto altm", "cable", alternator.lead_resistance_ohm, alternator.lead_inductance_H),
        f"xalt alto 0 ximax xset alternator gain={alternator.gain_A_V!r} tau={alternator.field_tau_s!r}"
        f" ri={alternator.dump_ohm!r}{hold}",
        f".ic v(xalt.fld)={alternator.start_current_A!r}",
    ]
