"""Parameters of a circuit with unit and what the netlist's own head says of them.

Units stand here, since a netlist has none; a test compares a sample with the head. A parameter without unit or without
a word in the head is an error: the page would hide it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from docs._ext.circuit_sheets.reader import Netlist, Subcircuit, read_netlist, told

UNITS: dict[str, str] = {
    name: unit
    for unit, names in {
        "Ω": "rf25 rs0 rs1 rs2 rc2 rbuf rdab rdlb rbleed rbsys rsh rf rpk rpre rcin rcinc rclb rcore rcs rg rl25 resr"
             " rsense rref rpull rgate ron rpu rpd rin rhold rgnd rlink r rp rd ri rs",
        "F": "cc1 cc2 cdab cdlb cin cinc clb cgate cout chold cd",
        "H": "lf lbuck lsh lpk lgnd l",
        "V": "dvtoa dvtob dvtoc dvtod dvta dvtb dvtc dvtd dvt vlift vov vrev vh vl vlow vreg vri vz us ua clamp span"
             " vhy",
        "mV": "v1",
        "A": "band ilow irev itrip track ion ioff1 ioff2",
        "A/ms": "soft",
        "A/µs": "rend",
        "µs": "toff",
        "s": "tlift trest thold tcmp tau tf tlead td tr t0 per lag",
        "Hz": "fout",
        "1/K": "alphaf",
        "S": "gcp gcn gain2",
        "A/mV": "kb kq",
        "V/mV": "a1",
        "V/A": "ga",
        "A/V": "kad gain",
        "V/ms": "gon goff gtrip",
        "rad/s": "wi",
        "J/(A V)": "ehs",
        "J/A": "els",
        "W": "prip",
        "K/W": "r1 r2 r3 r4",
        "J/K": "c1 c2 c3 c4",
        "°C": "tdegC",
        "1": "glift klift xfade xb kbi ntvf ntvl ntvs ntsy latch0 own"
             " tpo tpa tpr tp1 tpm tpd tpc",
    }.items()
    for name in names.split()
}
SPECIAL = {("alternator_path", "roff"): "A/µs", ("disconnect_output", "roff"): "Ω"}
"""Names that mean something else in another circuit."""
PREFIXED = ("Ω", "F", "H", "V", "A", "s", "Hz", "S", "A/mV", "W", "rad/s", "J/(A V)", "J/A")


@dataclass(frozen=True)
class Parameter:
    """Name, default as text with unit, and what the head says."""

    name: str
    default: str
    told: str


def parameters(netlist: Netlist, circuit: Subcircuit, like: Sequence[str] = ()) -> list[Parameter]:
    """Parameters of a subcircuit in its order.

    Parameters
    ----------
    netlist, circuit : the file and one of its subcircuits
    like : files in whose heads a parameter is looked up that its own head does not tell

    Raises
    ------
    ValueError : a parameter without a unit, or that no head tells
    """
    heads = [netlist, *(read_netlist(name) for name in like)]
    found = []
    for name in circuit.parameters:
        unit = unit_of(circuit.name, name)
        text = _told(heads, name)
        if text is None:
            raise ValueError(f"{netlist.name}: the head does not tell parameter {name}")
        value = circuit.default(name)
        default = told(value, unit) if unit in PREFIXED else f"{value:.4g} {unit}".removesuffix(" 1")
        found.append(Parameter(name, default, text))
    return found


def unit_of(circuit: str, name: str) -> str:
    """Unit of a parameter.

    Raises
    ------
    ValueError : it has none here
    """
    try:
        return SPECIAL.get((circuit, name)) or UNITS[name]
    except KeyError:
        raise ValueError(f"{circuit}: parameter {name} has no unit") from None


def _told(heads: Sequence[Netlist], name: str) -> str | None:
    """Best entry of the heads: one that gives the default, else one that begins with the name, else one that has it."""
    word = re.escape(name)
    gives = re.compile(rf"(?<![\w.]){word}(?:(?:, ?|/)[a-z]\w*)*\s+-?[\d.]")
    entries = [entry for head in heads for entry in _entries(head) if not entry.endswith(" as alternator_path.cir")]
    for found in (
        [entry for entry in entries if gives.search(entry)],
        [entry for entry in entries if _begins(entry, name)],
        [entry for entry in entries if re.search(rf"(?<![\w.]){word}(?![\w.])", entry)],
        [entry for entry in entries for start in re.findall(r"(\w+)\*", entry) if name.startswith(start)],
    ):
        if found:
            return found[0]
    return None


def _begins(entry: str, name: str) -> bool:
    """Whether an entry begins with a name, also among ``gcp, gcn``, ``cdab/rdab``, ``dvtoa..d``, ``r1..r4``."""
    match = re.match(r"[\w.*]+(?:(?:, |,|/| / | )[a-z][\w.*]*(?=[ ,/]))*", entry)
    for word in re.split(r"[ ,/]+", match.group(0)) if match else ():
        begin, dots, end = word.partition("..")
        if dots and len(begin) == len(name) and begin[:-1] == name[:-1] and begin[-1] <= name[-1] <= end[-1]:
            return True
        if word == name or (word.endswith("*") and name.startswith(word[:-1])):
            return True
    return False


def _entries(netlist: Netlist) -> Iterator[str]:
    """What the head says of parameters, entry by entry: parted by bars, or lines that begin with a name or far left."""
    known = {name for circuit in netlist.subcircuits.values() for name in circuit.parameters}
    names = "|".join(sorted(known, key=len, reverse=True))
    entry = ""
    for line in netlist.section("PARAMETERS") or _before_sections(netlist):
        for k, part in enumerate(re.split(rf" \| | {{4,}}(?=(?:{names})\b)", line)):
            text = " ".join(part.strip(" |").split())
            new = k > 0 or line[:1].isupper() or line[:1] == "(" or any(_begins(text, name) for name in known)
            if new and entry:
                yield entry
                entry = ""
            entry = f"{entry} {text}".strip()
    if entry:
        yield entry


def _before_sections(netlist: Netlist) -> Iterator[str]:
    """Lines of a head that has no section of parameters, up to its first section; calls with values are left out."""
    for line in netlist.head:
        if re.match(r"[A-Z]{3,}\b", line):
            return
        if "=" not in line or " params " not in line:
            yield re.sub(r"^.*?\bparams ", "", line)
