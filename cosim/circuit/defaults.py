"""Design values of a circuit: the defaults of its subcircuit's parameters, read from the netlist or replaced in it."""

from __future__ import annotations

import re
from pathlib import Path

from cosim.paths import NETLISTS

NUMBER = r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?(?:meg|[fpnumkgt])?"
SUFFIXES = {"": 1.0, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "meg": 1e6, "g": 1e9, "t": 1e12}


def circuit_file(circuit: str, folder: Path) -> Path:
    """File that defines a subcircuit; ValueError if none does."""
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".cir", ".lib") and _head(file.read_text(encoding="utf-8"), circuit) is not None:
            return file
    raise ValueError(f"no netlist defines .subckt {circuit}")


def with_default(text: str, circuit: str, parameter: str, value: float) -> str:
    """Return a netlist whose subcircuit has another default of a parameter; ValueError if it has no such parameter."""
    head = _head(text, circuit)
    changed, found = re.subn(rf"\b{re.escape(parameter)}={NUMBER}", f"{parameter}={value!r}", head[0] if head else "")
    if head is None or found != 1:
        raise ValueError(f".subckt {circuit}: no parameter {parameter}=NUMBER")
    return text[: head.start()] + changed + text[head.end():]


def default_of(circuit: str, parameter: str, folder: Path = NETLISTS) -> float:
    """Design value of a circuit: the default of a parameter of its subcircuit, in the unit that its head tells.

    Parameters
    ----------
    circuit, parameter : as the netlist writes them, such as `system_path` and `itrip`
    folder : of netlists; the shipped ones

    Raises
    ------
    ValueError : there is no such circuit, or it has no such parameter
    """
    head = _head(circuit_file(circuit, folder).read_text(encoding="utf-8"), circuit)
    found = re.search(rf"\b{re.escape(parameter)}=({NUMBER})", head[0] if head else "")
    if found is None:
        raise ValueError(f".subckt {circuit}: no parameter {parameter}=NUMBER")
    suffix = re.sub(r"^.*[0-9.]", "", found[1].lower())
    return float(found[1][: len(found[1]) - len(suffix)]) * SUFFIXES[suffix]


def _head(text: str, circuit: str) -> re.Match[str] | None:
    """The `.subckt` line of a circuit with its continuations."""
    return re.search(rf"(?im)^\.subckt[ \t]+{re.escape(circuit)}\b.*(?:\n\+.*)*", text)
