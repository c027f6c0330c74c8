"""Failed transistors: the text of a netlist with a part that is short or open.

A fault is written into the netlist's text, so whatever is made from it (terminal characteristic, windows, continuous
runs) has it, and the healthy netlist stays as it is, to the bit. A *short* replaces one die of the part by a resistance
from drain to source, whose heat counts as the part's; a bank of several dies keeps the others, which no gate can help.
An *open* part has lost its dies, body diodes included.

What is not modelled: a gate that is short to its source as well, which takes the driver of the die's neighbours along,
and what becomes of a failed die that is overheated further (it opens, as a fuse, or burns its neighbours).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from cosim.circuit.parts import Transistor, transistors

How = Literal["short", "open"]
SHORT_OHM = 5e-3
"""Resistance of a die that has failed short (ours: molten silicon and aluminium between drain and source measure 1 to
some ten mohm; bond wires and clip stay)."""


class FailedPart(NamedTuple):
    """A transistor of a netlist that has failed.

    part : its name in small letters, without the M (`q2a`); how; ohm : of a short; dies : how many are open (0: all)
    """

    part: str
    how: How
    ohm: float = SHORT_OHM
    dies: int = 0


def part_names(text: str) -> tuple[str, ...]:
    """Names of the parts of a netlist that can fail."""
    return tuple(part.name for part in transistors(text))


def with_failed(text: str, failed: Iterable[FailedPart]) -> str:
    """Netlist text in which parts have failed; a part that the text does not have is none of its business.

    Parameters
    ----------
    text : netlist
    failed : at most one failure of each part
    """
    for one in failed:
        for part in transistors(text):
            if part.name == one.part:
                text = _with_one(text, part, one)
    return text


def _with_one(text: str, part: Transistor, failed: FailedPart) -> str:
    """Text with one failed part: its line with fewer dies, or none, and the resistance of a short with its heat."""
    found = re.search(rf"(?mi)^M{part.name} .*$", text)
    assert found is not None  # `transistors` has found it
    gone = 1 if failed.how == "short" else failed.dies or part.parallel
    left = max(part.parallel - gone, 0)
    lines = [] if left == 0 else [_with_dies(found[0], left)]
    if failed.how == "short":
        name, drain, source = f"fail{part.name}", part.drain, part.source
        lines += [
            f"R{name} {drain} {source} {failed.ohm!r}",
            f"B{name} 0 {part.junction} I=V({drain},{source})*V({drain},{source})/{failed.ohm!r}",
        ]
    return text[: found.start()] + "\n".join(lines or [f"* {part.name} is open"]) + text[found.end() :]


def _with_dies(line: str, dies: int) -> str:
    bare = re.sub(r" m=\d+", "", line)
    return bare if dies == 1 else bare.replace(" thermal", f" m={dies} thermal")
