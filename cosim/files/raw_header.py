"""What SPICE programs agree on about raw files: kinds of variables, names, and what our own title tells.

A raw file has a header of lines `Keyword: value`, a list of variables with their kinds, then `Binary:` and numbers or
`Values:` and text. ngspice writes ASCII and doubles; LTspice UTF-16, time as double and the rest in single precision
unless the flag `double` stands there (its `.options numdgt=7`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import cosim
from cosim.result import told_unit

OURS = "smart-bms-cosim"
KINDS: Mapping[str, str] = MappingProxyType({"s": "time", "V": "voltage", "A": "current", "W": "power"})
"""Unit -> kind of a variable, by which viewers choose the axis. Others (mV too: an axis in V would show it a
thousandfold) are `notype`."""
OTHER = "notype"
_INDEX = re.compile(r"(.+)\[([^\[\]]*)\]")
_INDEXED = re.compile(r"(.+?)__(.+)")
_PROBE = re.compile(r"[VI]\((.+)\)")


def vector_name(name: str) -> str:
    """Name as a vector that can be typed: `junction_degC[q1]` -> `junction_degC__q1`, as [ ] is an index there."""
    found = _INDEX.fullmatch(name)
    return f"{found[1]}__{found[2]}" if found else name


def own_name(vector: str) -> str:
    """The name that `vector_name` turned into this vector, or LTspice's probe of it."""
    probe = _PROBE.fullmatch(vector)
    plain = probe[1] if probe else vector
    found = _INDEXED.fullmatch(plain)
    return f"{found[1]}[{found[2]}]" if found else plain


def title(record: str, attributes: Mapping[str, str]) -> str:
    """Title of a file of ours: program, record, and where its time begins."""
    parts = [f"{OURS} {cosim.__version__}", record or "-"]
    if "start_s" in attributes:
        parts.append(f"time 0 is {attributes['start_s']} s of the run")
    if "reason" in attributes:
        parts.append(attributes["reason"])
    return " | ".join(" ".join(part.split()).replace("|", "/") for part in parts)


def own_record(told: str) -> str | None:
    """Record that the title of a file of ours names; None for a file of another program."""
    parts = told.split(" | ")
    if len(parts) < 2 or not parts[0].startswith(OURS + " "):
        return None
    return "" if parts[1] == "-" else parts[1]


def unit_of(kind: str, name: str) -> str:
    """Unit of a variable: by its kind (`device_current`), else by the end of its name."""
    for unit, own in KINDS.items():
        if kind.lower() == own or kind.lower().endswith("_" + own):
            return unit
    return told_unit(name)
