"""Capacitors from every node to ground as elements of the deck, in place of ngspice's option `cshunt`.

The option makes ngspice 39 forget the name of each capacitor that it adds, 32 bytes per node and load: 3.4 kB per
window, nearly all that windows grew memory by. Written into the deck, the same capacitors are freed with it. They stand
last and in the order in which ngspice numbers the nodes, as the option's would, so that every wave has the same bits.

Only the nodes of plain elements are known for certain. A deck with anything else keeps the option: it runs as well, and
leaks. What is remembered from call to call depends on the text alone, never on what ran.
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
_QUANTITY = re.compile(r"(?<![\w.])[vi]\s*\(")
_BEFORE_CURRENT = frozenset("+-*/()<>?:|&^!%\\{= \t")
"""Characters in front of i(DEVICE) from which ngspice sees that it is to measure a current."""
_BEHAVIOUR = re.compile(r"(?<![\w.])(?:[vi]\s*\(|(?:time|temper|hertz)\b)")
_FIXED = {"r": 2, "c": 2, "l": 2, "v": 2, "i": 2, "b": 2, "e": 4, "g": 4, "f": 2, "h": 2, "s": 4, "w": 2, "k": 0}
"""Nodes of elements that always have as many; behind them stands a value, a model or a controlling source."""
_BEFORE_MODEL = {"d": 2, "j": 3, "m": 3, "q": 3, "z": 3}
"""Fewest nodes of elements whose model's name says where their nodes end."""
_PLAIN_GAIN = {"e": 6, "g": 6, "f": 4, "h": 4}
"""Words of a linear controlled source."""
_UNKNOWN_CARDS = (".if", ".global", ".inc", ".lib")


_Element = tuple[str, str, tuple[str, ...]]
"""Path ('' or ending with a dot), name and nodes of an element of a flattened deck."""


class _Uncertain(Exception):
    """The deck holds something whose nodes are not known for certain."""


@dataclass(frozen=True)
class _Bare:
    """What matters of a line: its first words (name, nodes; of a B source also what it mentions; model or subcircuit).

    `measured` : devices whose current it asks for and that are no voltage sources
    """

    words: tuple[str, ...]
    measured: tuple[str, ...] = ()


@dataclass
class _Circuit:
    """Ports and elements of a subcircuit, or of the deck itself."""

    ports: tuple[str, ...] = ()
    elements: list[_Bare] = field(default_factory=list)


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


def deck_nodes(lines: Sequence[str]) -> tuple[str, ...] | None:
    """Nodes of the flattened deck but ground, in ngspice's order: that of their first mention; None if uncertain."""
    try:
        return _nodes(tuple(map(_bare, lines)))
    except _Uncertain:
        return None


def deck_branches(lines: Sequence[str]) -> tuple[str, ...] | None:
    """Voltage sources and inductors of the flattened deck by ngspice's names (`v.xpath.via`); None if uncertain."""
    try:
        elements = _elements_of(tuple(map(_bare, lines)))
        return tuple(f"{name[0]}.{path}{name}" if path else name for path, name, _ in elements if name[0] in "vl")
    except _Uncertain:
        return None


@lru_cache(maxsize=2048)
def _bare(line: str) -> _Bare:
    """What matters of a line; the decks of a run share nearly all their lines.

    Raises
    ------
    _Uncertain : it is not certain which words are nodes
    """
    line = line.lower()
    kind, words = line[0], line.split()
    if "_vmeas" in line:
        raise _Uncertain
    if kind == ".":
        return _bare_card(line, words)
    if kind == "x":
        return _Bare(tuple(_positional(words)))
    if kind == "b":
        return _bare_behavioural(line, words)
    if kind in _BEFORE_MODEL:
        return _Bare(tuple(words))
    if kind not in _FIXED:
        raise _Uncertain
    end = 1 + _FIXED[kind]
    rest = " ".join(words[end:])
    if _CURRENT.search(line) or (kind in "rcl" and _BEHAVIOUR.search(rest)):
        raise _Uncertain  # ngspice makes several elements of it
    if kind in _PLAIN_GAIN and (len(words) != _PLAIN_GAIN[kind] or "=" in rest or "(" in rest):
        raise _Uncertain
    if len(words) < end:
        raise _Uncertain
    return _Bare(tuple(words[:end]))


def _bare_card(line: str, words: list[str]) -> _Bare:
    card = words[0]
    if card.startswith(_UNKNOWN_CARDS) or (card in (".param", ".func") and _BEHAVIOUR.search(line)):
        raise _Uncertain
    if card in (".subckt", ".model") and len(words) < 2:
        raise _Uncertain
    return _Bare(tuple(_positional(words)) if card == ".subckt" else tuple(words[:2]))


def _bare_behavioural(line: str, words: list[str]) -> _Bare:
    mentioned = words[1:3]
    asked = len(_VOLTAGE.findall(line)) + len(_CURRENT.findall(line))
    if len(mentioned) < 2 or asked < len(_QUANTITY.findall(line)):
        raise _Uncertain
    for inside in _VOLTAGE.findall(line):
        mentioned += reversed([word.strip() for word in inside.split(",")])  # of V(a,b) ngspice meets b first
    measured = []
    for match in _CURRENT.finditer(line):
        device = match.group(1).strip()
        if not device.startswith("v"):
            if line[match.start() - 1] not in _BEFORE_CURRENT or line[match.start() + 1] != "(" or device[:1] in "eh":
                raise _Uncertain
            measured.append(device)
    return _Bare((words[0], *mentioned), tuple(measured))


def _positional(words: list[str]) -> list[str]:
    """Words of an X or .subckt line before its parameters."""
    for k, word in enumerate(words):
        if word == "params:" or "=" in word:
            if word.startswith("="):
                raise _Uncertain
            return words[:k]
    return words


@lru_cache(maxsize=16)
def _nodes(bare: tuple[_Bare, ...]) -> tuple[str, ...]:
    """Nodes of a deck; the decks of a run share few sets of bare lines."""
    return tuple(dict.fromkeys(node for _, _, nodes in _elements_of(bare) for node in nodes if node != "0"))


def _elements_of(bare: tuple[_Bare, ...]) -> Iterator[_Element]:
    """Elements of the flattened deck, in ngspice's order."""
    top, subcircuits, models = _Circuit(), dict[str, _Circuit](), set[str]()
    current = top
    scopes = [top]
    for line in bare:
        card = line.words[0]
        if card == ".subckt":
            name, ports = line.words[1], tuple(map(_grounded, line.words[2:]))
            if current is not top or name in subcircuits or len(set(ports)) < len(ports):
                raise _Uncertain
            current = subcircuits[name] = _Circuit(ports)
            scopes.append(current)
        elif card == ".ends":
            current = top
        elif card == ".model":
            models.add(line.words[1])
        elif card[0] != ".":
            current.elements.append(line)
    _add_meters(bare, scopes)
    return _flattened(top, "", {}, subcircuits, frozenset(models))


def _add_meters(bare: tuple[_Bare, ...], scopes: list[_Circuit]) -> None:
    """Add the meters that ngspice adds where an expression asks for the current of what is not a voltage source.

    ``l1 a b 1u`` measured as i(l1) becomes ``l1 a_vmeas_0 b 1u`` and ``v_l1 a a_vmeas_0 0``; the number counts all
    such questions of the deck, line by line, that found their device.
    """
    count = subcircuit = scope = 0
    for line in bare:
        if line.words[0] == ".subckt":
            scope = subcircuit = subcircuit + 1
        elif line.words[0] == ".ends":
            scope = 0
        for device in line.measured:
            elements = scopes[scope].elements
            for k, element in enumerate(elements):
                name, *rest = element.words
                if name == device:
                    if "_vmeas" not in rest[0]:
                        metered = f"{rest[0]}_vmeas_{count}"
                        elements[k : k + 1] = [_Bare((name, metered, *rest[1:]), element.measured),
                                               _Bare((f"v_{name}", rest[0], metered))]
                    count += 1
                    break


def _flattened(
    circuit: _Circuit, path: str, outside: dict[str, str], subcircuits: dict[str, _Circuit], models: frozenset[str],
) -> Iterator[_Element]:
    """Elements in the order in which ngspice meets them, with their nodes; `path` is '' or ends with a dot."""
    if path.count(".") > len(subcircuits):
        raise _Uncertain  # a subcircuit that holds itself
    for element in circuit.elements:
        words = element.words
        nodes = [outside.get(node) or (node if node == "0" else path + node) for node in _nodes_of(words, models)]
        if words[0][0] != "x":
            yield path, words[0], tuple(nodes)
            continue
        inner = subcircuits.get(words[-1])
        if inner is None or len(inner.ports) != len(nodes):
            raise _Uncertain
        ports = dict(zip(inner.ports, nodes, strict=True))
        yield from _flattened(inner, f"{path}{words[0]}.", ports, subcircuits, models)


def _nodes_of(words: tuple[str, ...], models: frozenset[str]) -> tuple[str, ...]:
    """Nodes among the bare words of an element."""
    kind = words[0][0]
    if kind == "x":
        return tuple(map(_grounded, words[1:-1]))
    if kind in _BEFORE_MODEL:
        places = [k for k, word in enumerate(words) if k > _BEFORE_MODEL[kind] and word in models]
        if len(places) != 1:
            raise _Uncertain
        words = words[: places[0]]
    return tuple(map(_grounded, words[1:]))


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
