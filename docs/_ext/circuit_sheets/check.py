"""Comparison of the sheets of a circuit with its netlist, and of the texts on a sheet with each other.

What is drawn is traced along its wires: terminals that a wire joins must be one node in the netlist, and terminals of
one node must be joined or bear its name. It knows nothing of how the sheets were written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from docs._ext.circuit_sheets.draw import inside, rounded
from docs._ext.circuit_sheets.reader import Element, Subcircuit
from docs._ext.circuit_sheets.sheet import GROUNDS, Box, Point, Sheet, Symbol


@dataclass(frozen=True)
class Drawn:
    """The sheets of a subcircuit, and what is left out.

    `left_out` maps patterns of designators to the reason; `alike` maps the last letter of what is drawn to the letters
    of what is not, because it is the same (its designators by their stems); `shorts` are sources of 0 V that are left
    out: a plain wire in the drawing.
    """

    circuit: Subcircuit
    sheets: tuple[Sheet, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    alike: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def missing(drawn: Drawn) -> list[str]:
    """What is in the netlist and neither drawn nor left out for a reason, drawn but not there, or said and not so."""
    elements = drawn.circuit.elements
    shown = [name for sheet in drawn.sheets for symbol in sheet.symbols for name in symbol.names]
    found = [f"{name} is drawn and not in the netlist" for name in shown if name not in elements]
    found += [f"{name} is drawn twice" for name in sorted({name for name in shown if shown.count(name) > 1})]
    twins = _twins(drawn)
    for pattern in drawn.left_out:
        matched = [name for name in elements if re.fullmatch(pattern, name)]
        if not matched:
            found.append(f"left out {pattern}: nothing of that name")
        found += [f"{name} is left out and drawn" for name in matched if name in shown]
    for name, element in elements.items():
        if name in shown or any(re.fullmatch(pattern, name) for pattern in drawn.left_out):
            continue
        if name not in twins:
            found.append(f"{name} is not drawn")
        elif not same(elements[twins[name]], element):
            found.append(f"{name} is left out as like {twins[name]}, and is not")
        elif twins[name] not in shown and not any(re.fullmatch(pattern, twins[name]) for pattern in drawn.left_out):
            found.append(f"{name} is like {twins[name]}, which is not drawn")
    return found


def _twins(drawn: Drawn) -> dict[str, str]:
    """What is not drawn because it is like what is: designator to designator."""
    return {stem + other: stem + letter for stem, (letter, others) in drawn.alike.items() for other in others}


def same(one: Element, other: Element) -> bool:
    """Whether two lines differ only in the last letter of their names, as channel a and channel b do."""
    tokens = [re.findall(r"\w+|\W", f"{' '.join(e.nodes)} {e.rest}") for e in (one, other)]
    if len(tokens[0]) != len(tokens[1]):
        return False
    a, b = one.name[-1], other.name[-1]
    return all(x == y or (x[:-1] == y[:-1] and x[-1:] == a and y[-1:] == b) or (x, y) == ("tpa", "tpr")
               for x, y in zip(*tokens, strict=True))


# ---- nodes ----------------------------------------------------------------------------------------------------------

def disagreements(drawn: Drawn) -> list[str]:
    """Where a drawn connection is none in the netlist, or one of the netlist is not drawn."""
    joined = _shorted(drawn)
    found: list[str] = []
    for sheet in drawn.sheets:
        for symbol in sheet.symbols:
            found += [f"{sheet.name}: {text}" for text in _terminals(drawn, symbol, joined)]
        nets = traced(sheet)
        where: dict[str, list[int]] = {}
        for k, (nodes, named) in enumerate(nets):
            canonical = {joined.get(node, node) for node in nodes}
            if len(canonical) > 1:
                found.append(f"{sheet.name}: drawn as one net: {', '.join(sorted(nodes))}")
            for node in canonical:
                where.setdefault(node, []).append(k)
            if not named and canonical & _elsewhere(drawn, sheet, joined):
                found.append(f"{sheet.name}: {', '.join(sorted(nodes))} goes on elsewhere and bears no name")
        for node, places in where.items():
            bare = [k for k in places if not nets[k][1]]
            if len(places) > 1 and bare:
                found.append(f"{sheet.name}: {node} is drawn in {len(places)} places, not all with its name")
    return found


def _elsewhere(drawn: Drawn, sheet: Sheet, joined: Mapping[str, str]) -> set[str]:
    """Nodes of the ports and of what other sheets draw."""
    found = {joined.get(port, port) for port in drawn.circuit.ports}
    for other in drawn.sheets:
        if other is not sheet:
            found |= {joined.get(node, node) for symbol in other.symbols for node, _ in symbol.terminals}
    return found


def _shorted(drawn: Drawn) -> dict[str, str]:
    """Nodes that sources of 0 V join where these are not drawn, and the name that stands for them."""
    joined: dict[str, str] = {}
    shown = {name for sheet in drawn.sheets for symbol in sheet.symbols for name in symbol.names}
    for element in drawn.circuit.elements.values():
        if element.kind == "v" and element.name not in shown and _is_zero(drawn.circuit, element):
            one, other = (joined.get(node, node) for node in element.nodes)
            keep, drop = (other, one) if other in drawn.circuit.ports else (one, other)
            joined = {node: (keep if name == drop else name) for node, name in joined.items()} | {drop: keep}
    return joined


def _is_zero(circuit: Subcircuit, element: Element) -> bool:
    try:
        return circuit.value(element.name) == 0.0
    except (ValueError, KeyError, SyntaxError):
        return False


def _terminals(drawn: Drawn, symbol: Symbol, joined: Mapping[str, str]) -> list[str]:
    """Whether the pins of a block are what its sources read and drive; terminals of parts are right by construction."""
    if symbol.look != "block":
        return []
    elements = drawn.circuit.elements
    own = [elements[name] for name in symbol.names if name in elements]
    others = [element for name, element in elements.items() if name not in symbol.names]
    read = frozenset[str]().union(*(element.references for element in own))
    nodes = {node for element in own for node in element.nodes}
    used = frozenset[str]().union(*(element.references | set(element.nodes) for element in others))
    inside_only = {node for node in nodes | read if node not in used and node not in drawn.circuit.ports
                   and not node.startswith("i(")}
    inside_only |= {f"i({element.name.lower()})" for element in own}
    wanted = {joined.get(n, n) for n in (nodes | read) - inside_only - GROUNDS}
    pins = {joined.get(node, node) for node, _ in symbol.terminals if node not in GROUNDS} | symbol.inputs
    told = " ".join(symbol.names)
    return [f"{told}: pin {pin} is not in the netlist" for pin in sorted(pins - wanted)] + [
        f"{told}: {pin} has no pin" for pin in sorted(wanted - pins)]


def traced(sheet: Sheet) -> list[tuple[set[str], bool]]:
    """Nets of a sheet as drawn: the nodes that their terminals and names have in the netlist, and whether one is named.

    Ground symbols are names.
    """
    points: dict[Point, Point] = {}

    def root(at: Point) -> Point:
        while points.setdefault(at, at) != at:
            at = points[at]
        return at

    marks: list[tuple[str, Point, bool]] = [
        (node, rounded(at), False) for symbol in sheet.symbols for node, at in symbol.terminals]
    marks += [(node, rounded(at), True) for node, at, _, _ in sheet.labels]
    marks += [(node, rounded(at), True) for node, at in sheet.grounds]
    ends = [rounded(at) for wire in sheet.wires for at in wire] + [at for _, at, _ in marks]
    for a, b in sheet.wires:
        points[root(rounded(a))] = root(rounded(b))
        for at in ends:
            if inside(at, a, b):
                points[root(at)] = root(rounded(a))
    nets: dict[Point, tuple[set[str], list[bool]]] = {}
    for node, at, is_name in marks:
        nodes, named = nets.setdefault(root(at), (set(), []))
        nodes.add(node)
        named.append(is_name)
    return [(nodes, any(named)) for nodes, named in nets.values()]


# ---- looks ----------------------------------------------------------------------------------------------------------

def overlaps(sheet: Sheet) -> list[str]:
    """Texts that lie on each other, on a symbol or on a wire, by their estimated sizes."""
    found: list[str] = []
    texts = sheet.texts
    for k, text in enumerate(texts):
        box = text.box
        found += [f"{_said(text.lines)} on {_said(other.lines)}" for other in texts[k + 1:] if _cross(box, other.box)]
        if text.of != "block":
            found += [f"{_said(text.lines)} on {' '.join(symbol.names)}" for symbol in sheet.symbols
                      if _cross(box, symbol.room)]
            found += [f"{_said(text.lines)} on the ground at {at}" for _, at in sheet.grounds
                      if _cross(box, (at[0] - 0.25, at[1] - 0.4, at[0] + 0.25, at[1]))]
            found += [f"{_said(text.lines)} on the wire {a}..{b}" for a, b in (*sheet.wires, *_leads(sheet))
                      if _cross(box, _thin(a, b))]
        else:
            holder = min((s.room for s in sheet.symbols if s.look == "block" and _cross(box, s.room)),
                         key=lambda room: room[2] - room[0], default=None)
            if holder is not None and text.box[2] - text.box[0] > holder[2] - holder[0]:
                found.append(f"{_said(text.lines)} wider than its block")
    return [f"{sheet.name}: {line}" for line in found]


def _leads(sheet: Sheet) -> Sequence[tuple[Point, Point]]:
    return [(s.terminals[0][1], s.terminals[-1][1]) for s in sheet.symbols
        if s.look != "block" and len(s.terminals) > 1]


def _said(lines: Sequence[str]) -> str:
    return "/".join(lines)


def _thin(a: Point, b: Point) -> Box:
    return min(a[0], b[0]) - 0.01, min(a[1], b[1]) - 0.01, max(a[0], b[0]) + 0.01, max(a[1], b[1]) + 0.01


def _cross(one: Box, other: Box) -> bool:
    slack = 0.02
    return (one[0] + slack < other[2] and other[0] + slack < one[2]
            and one[1] + slack < other[3] and other[1] + slack < one[3])
