"""The top deck around a circuit: source, cables, battery, sensors and the external sources.

    alternator --lead--+                                                 +-- Vibat -- cable -- battery (emf, R0)
    load --------------+-- stb -- cable -- ab -- Vipin -- [circuit] -- Vipout -- lb
    starter battery ---+

Circuit texts are written into the deck, so that a deck is self-contained. Everything that Python drives is one
`external` voltage source; everything that Python reads is one of `SIGNALS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cosim.paths import NETLISTS

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
a window can be replayed without Python (`cosim.replay`)."""

SOURCE_WAVES: dict[str, str] = {
    "vemf": "battery_emf_V", "vsrc": "source_emf_V", "vimax": "capability_A", "vset": "setpoint_V", "vload": "load_A",
    "ven": "enable", "vref": "reference_mV", "vtfuse": "fuse_degC", **{f"vt{d}": f"junction_{d}_degC" for d in DEVICES},
    "vlift": "lift_allowed", "vsys": "system_current_A",
}
"""Which recorded wave an external source had."""


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
    draws there.
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


def externals(spec: DeckSpec) -> tuple[str, ...]:
    """External sources of a deck: `EXTERNALS`, and the current of System+ where there is one [A]."""
    return (*EXTERNALS, "vsys") if spec.system else EXTERNALS


def circuit_text(netlist: str, folder: Path = NETLISTS) -> str:
    """Text of the device library, the plant and one circuit, ready to stand in a deck."""
    names = ("devices.lib", "plant.cir", "alternator.cir", f"{netlist}.cir")
    return "\n".join((folder / name).read_text(encoding="utf-8").rstrip() for name in names)


def parameter_names(netlist: str, folder: Path = NETLISTS) -> tuple[str, ...]:
    """Names of the parameters of a circuit's subcircuit, from its `params:` list (continued lines included)."""
    text = (folder / f"{netlist}.cir").read_text(encoding="utf-8").replace("\n+", " ")
    head = next(line for line in text.splitlines() if line.lower().startswith(f".subckt {netlist}"))
    return tuple(re.findall(r"([A-Za-z]\w*)=", head.split("params:", 1)[-1]))


def top_deck(spec: DeckSpec, folder: Path = NETLISTS, circuit: str | None = None) -> str:
    """Body of the deck (no analysis, no options) for one window.

    Parameters
    ----------
    spec : what stands around the circuit
    folder : where the circuit texts lie
    circuit : `circuit_text` kept from an earlier day, used instead of what lies in the folder
    """
    parameters = " ".join(f"{name}={value!r}" for name, value in sorted(spec.parameters.items()))
    outputs = " ".join(f"p{d}" for d in DEVICES)
    text = circuit_text(spec.netlist, folder) if circuit is None else circuit
    lines = [f"* {spec.title}", text, "* ---- external sources"]
    lines += [f"{name} x{name[1:]} 0 external" for name in externals(spec)]
    lines += [
        "* ---- battery side",
        _element("xbat", "lbt 0 xemf", "battery", spec.battery_resistance_ohm, spec.battery_inductance_H),
        _element("xcbat", "lbm lbt", "cable", spec.battery_cable_resistance_ohm, spec.battery_cable_inductance_H),
        "vibat lb lbm 0",
        *(["bsys 0 lb i=v(xsys)"] if spec.system else []),
        *([f"isupply lb 0 dc {spec.supply_A!r}"] if spec.supply_A else []),
        "* ---- source side",
        _element("xsrc", "stbm 0 xsrc", "battery", spec.source_resistance_ohm, spec.source_inductance_H),
        "visrc stb stbm 0",
        _element("xcin", "stb ab", "cable", spec.input_cable_resistance_ohm, spec.input_cable_inductance_H),
        "xload stb 0 xload load",
        *_alternator_lines(spec.alternator),
        "* ---- the circuit",
        "vipin ab abp 0",
        "vipout lbp lb 0",
        "xpath abp lbp 0 xen xref xtfuse " + " ".join(f"xt{d}" for d in DEVICES),
        f"+ fb mid sense {outputs} pfuse pother estored ovp xlift pclamp lifted {spec.netlist} {parameters}",
    ]
    return "\n".join(lines) + "\n"


def _element(name: str, nodes: str, subcircuit: str, resistance_ohm: float, inductance_H: float) -> str:
    return f"{name} {nodes} {subcircuit} r={resistance_ohm!r} l={inductance_H!r}"


def _alternator_lines(alternator: AlternatorDeck | None) -> list[str]:
    if alternator is None:
        return ["vialt altm stb 0", "ralto altm 0 1e9", "rimax ximax 0 1e6", "rset xset 0 1e6"]
    hold = "" if alternator.hold_s is None else f" thold={alternator.hold_s!r}"
    return [
        "vialt altm stb 0",
        _element("xlead", "alto altm", "cable", alternator.lead_resistance_ohm, alternator.lead_inductance_H),
        f"xalt alto 0 ximax xset alternator gain={alternator.gain_A_V!r} tau={alternator.field_tau_s!r}"
        f" ri={alternator.dump_ohm!r}{hold}",
        f".ic v(xalt.fld)={alternator.start_current_A!r}",
    ]
