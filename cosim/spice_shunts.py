"""Capacitors from every node to ground as elements of the deck, in place of ngspice's option `cshunt`.

The option makes ngspice 39 forget the name of each capacitor that it adds, 32 bytes per node and load: 3.4 kB per
window, nearly all that windows grew memory by. Written into the deck, the same capacitors are freed with it. They stand
last and in the order in which ngspice numbers the nodes, as the option's would, so that every wave has the same bits.

Only the nodes of plain elements are known for certain. A deck with anything else keeps the option: it runs as well, and
leaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

PREFIX = "cbmscosimshunt"
"""First part of the capacitors' names."""

_NODE = re.compile(r"[a-z0-9_][a-z0-9_#+\-]*")
_VOLTAGE = re.compile(r"(?<![\w.])v\s*\(([^()]*)\)")
_CURRENT = re.compile(r"(?<![\w.])i\s*\(([^()]*)\)")
_BEFORE_CURRENT = frozenset("+-*/()<>?:|&^!%\\{= \t")
"""Characters in front of i(DEVICE) from which ngspice sees that it is to measure a current."""
_BEHAVIOUR = re.compile(r"(?<![\w.])(?:[vi]\s*\(|(?:time|temper|hertz)\b)")
_FIXED = {"r": 2, "c": 2, "l": 2, "v": 2, "i": 2, "b": 2, "e": 4, "g": 4, "f": 2, "h": 2, "s": 4, "w": 2, "k": 0}
"""Nodes of elements that always have as many; behind them stands a value, a model or a controlling source."""
_BEFORE_MODEL = {"d": 2, "j": 3, "m": 3, "q": 3, "z": 3}
"""Fewest nodes of elements whose model's name says where their nodes end."""
_PLAIN_VALUE = {"r", "c", "l"}
_PLAIN_GAIN = {"e": 6, "g": 6, "f": 5, "h": 5}
"""Words of a linear controlled source."""
_UNKNOWN_CARDS = (".if", ".global", ".inc", ".lib")


class _Uncertain(Exception):
    """The deck holds something whose nodes are not known for certain."""


@dataclass
class _Circuit:
    """Ports and logical lines of a subcircuit, or of the deck itself."""

    ports: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)


def shunt_elements(lines: Sequence[str], capacitance_F: float) -> list[str] | None:
    """Capacitors for all nodes of a deck, or None where they are not known for certain.

    Parameters
    ----------
    lines : logical lines of a checked deck (no comments, no continuations), with everything but analyses and options
    capacitance_F : of each capacitor [F]
    """
    nodes = deck_nodes(lines)
    if nodes is None:
        return None
    return [f"{PREFIX}{k} {node} 0 {capacitance_F!r}" for k, node in enumerate(nodes, start=1)]


def deck_nodes(lines: Sequence[str]) -> list[str] | None:
    """Nodes of the flattened deck but ground, in ngspice's order: that of their first mention; None if uncertain."""
    try:
        top, subcircuits, models = _parts(_metered([line.lower() for line in lines]))
        return list(dict.fromkeys(_flattened(top, "", {}, subcircuits, models)))
    except _Uncertain:
        return None


def _parts(lines: Sequence[str]) -> tuple[_Circuit, dict[str, _Circuit], frozenset[str]]:
    """The deck's own elements, its subcircuits by name, and the names of all models."""
    top, subcircuits, models = _Circuit(), dict[str, _Circuit](), set[str]()
    current = top
    for line in lines:
        words = line.split()
        card = words[0]
        if card == ".subckt":
            if current is not top or len(words) < 2 or words[1] in subcircuits:
                raise _Uncertain
            current = subcircuits[words[1]] = _Circuit(tuple(map(_grounded, _positional(line)[2:])))
        elif card == ".ends":
            current = top
        elif card == ".model":
            models.add(words[1])
        elif card.startswith(_UNKNOWN_CARDS) or (card in (".param", ".func") and _BEHAVIOUR.search(line)):
            raise _Uncertain
        elif card[0] != ".":
            current.lines.append(line)
    return top, subcircuits, frozenset(models)


def _metered(lines: Sequence[str]) -> list[str]:
    """The deck with the meters that ngspice adds where an expression asks for the current of what is not a V source.

    ``l1 a b 1u`` measured as i(l1) becomes ``l1 a_vmeas_0 b 1u`` and ``v_l1 a a_vmeas_0 0``; the number counts all
    such questions of the deck that found their device.
    """
    meters: list[tuple[int, str]] = []
    belongs: list[int] = []
    scope = opened = 0
    for line in lines:
        if line.startswith(".subckt"):
            opened += 1
            scope = opened
        belongs.append(scope)
        if line.startswith(".ends"):
            scope = 0
        for match in _CURRENT.finditer(line):
            device = match.group(1).strip()
            if device.startswith("v"):
                continue
            if line[0] != "b" or line[match.start() - 1] not in _BEFORE_CURRENT or line[match.start() + 1] != "(":
                raise _Uncertain
            meters.append((scope, device))
    if meters and any("_vmeas" in line for line in lines):
        raise _Uncertain
    found, count = [[line] for line in lines], 0
    for scope, device in meters:
        for k, lines_of in enumerate(found):
            words = lines_of[0].split()
            if belongs[k] != scope or words[0] != device:
                continue
            if device[0] in "eh":
                raise _Uncertain
            if "_vmeas" not in words[1]:
                node = words[1]
                lines_of[:] = [" ".join((device, f"{node}_vmeas_{count}", *words[2:])),
                               f"v_{device} {node} {node}_vmeas_{count} 0"]
            count += 1
    return [line for lines_of in found for line in lines_of]


def _flattened(
    circuit: _Circuit, path: str, outside: dict[str, str], subcircuits: dict[str, _Circuit], models: frozenset[str],
) -> Iterator[str]:
    """Nodes in the order in which ngspice meets them, with repetitions; `path` is '' or ends with a dot."""
    if path.count(".") > len(subcircuits):
        raise _Uncertain  # a subcircuit that holds itself

    def full(node: str) -> str:
        return outside.get(node) or (node if node == "0" else path + node)

    for line in circuit.lines:
        if line[0] == "x":
            name, *nodes, kind = _positional(line)
            inner = subcircuits.get(kind)
            if inner is None or len(inner.ports) != len(nodes) or len(set(inner.ports)) != len(nodes):
                raise _Uncertain
            ports = dict(zip(inner.ports, (full(_grounded(node)) for node in nodes), strict=True))
            yield from _flattened(inner, f"{path}{name}.", ports, subcircuits, models)
        else:
            for node in _mentioned(line, models):
                name = full(node)
                if name != "0":
                    yield name


@lru_cache(maxsize=1024)
def _mentioned(line: str, models: frozenset[str]) -> tuple[str, ...]:
    """Nodes of an element in ngspice's order; remembered, because the decks of a run share nearly all their lines.

    Raises
    ------
    _Uncertain : it is not certain which words are nodes
    """
    words, kind = line.split(), line[0]
    if kind in _FIXED:
        count = _FIXED[kind]
        rest = " ".join(words[1 + count :])
        if kind in _PLAIN_VALUE and _BEHAVIOUR.search(rest):
            raise _Uncertain  # ngspice makes several elements of it
        if kind in _PLAIN_GAIN and (len(words) != _PLAIN_GAIN[kind] or "=" in rest or "(" in rest):
            raise _Uncertain
    elif kind in _BEFORE_MODEL:
        least = 1 + _BEFORE_MODEL[kind]
        places = [k for k, word in enumerate(words) if k >= least and word in models]
        if len(places) != 1:
            raise _Uncertain
        count, rest = places[0] - 1, ""
    else:
        raise _Uncertain
    nodes = words[1 : 1 + count]
    if len(nodes) < count:
        raise _Uncertain
    if kind == "b":
        for inside in _VOLTAGE.findall(rest):
            nodes += reversed([word.strip() for word in inside.split(",")])  # of V(a,b) ngspice meets b first
    return tuple(map(_grounded, nodes))


def _positional(line: str) -> list[str]:
    """Words of an X or .subckt line before its parameters."""
    words: list[str] = []
    for word in line.split():
        if word == "params:" or "=" in word:
            if word.startswith("="):
                raise _Uncertain
            break
        words.append(word)
    return words


def _grounded(node: str) -> str:
    """The node, '0' for the usual word for ground, which ngspice replaces everywhere.

    Raises
    ------
    _Uncertain : this is not the plain name of a node
    """
    if node == "gnd":
        return "0"
    if node == "null" or not _NODE.fullmatch(node):
        raise _Uncertain
    return node
