"""Netlists as data: subcircuits with their elements, parameters with defaults, and what the head says of each.

A schematic takes every designator, node and value from here, so that it cannot differ from what SPICE runs.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cosim.paths import netlists_folder

SUFFIXES = {"meg": 1e6, "t": 1e12, "g": 1e9, "k": 1e3, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_NUMBER = re.compile(r"(?<![\w.])(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)(meg|[tgkmunpf])?(?![\w.])", re.I)
_REFERENCE = re.compile(r"(?<![\w])([vi])\(\s*([\w.]+)\s*(?:,\s*([\w.]+)\s*)?\)", re.I)
_NODES = {"r": 2, "c": 2, "l": 2, "d": 2, "v": 2, "i": 2, "b": 2, "e": 4, "q": 3}
_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.USub: operator.neg,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"max": max, "min": min, "exp": math.exp, "sqrt": math.sqrt,
    "log": math.log}


@dataclass(frozen=True)
class Element:
    """An element of a subcircuit: designator, its letter in lower case, nodes in the netlist's order, the rest."""

    name: str
    kind: str
    nodes: tuple[str, ...]
    rest: str

    @property
    def references(self) -> frozenset[str]:
        """What an expression reads: node names, and ``i(vname)`` for currents."""
        found: set[str] = set()
        for letter, first, second in _REFERENCE.findall(self.rest):
            found |= {f"i({first.lower()})"} if letter.lower() == "i" else {first.lower()}
            found |= {second.lower()} if second else set()
        return frozenset(found)


@dataclass(frozen=True)
class Subcircuit:
    """A subcircuit: ports, parameters and those of its .param lines with their text, elements by designator."""

    name: str
    ports: tuple[str, ...]
    parameters: Mapping[str, str]
    derived: Mapping[str, str]
    elements: Mapping[str, Element]

    def number(self, text: str) -> float:
        """Value of a number or expression with the defaults of the parameters, in SI units."""
        known = {**self.parameters, **self.derived}
        return _evaluate(text.strip().strip("{}"), lambda name: self.number(known[name]))

    def default(self, name: str) -> float:
        """Default of a parameter."""
        return self.number({**self.parameters, **self.derived}[name])

    def value(self, designator: str) -> float:
        """Value of a resistor, capacitor or inductor, or the constant of a voltage source [SI]."""
        text = self.elements[designator].rest.split(" ac ")[0]
        return self.number(text.removeprefix("dc ").strip())


@dataclass(frozen=True)
class Netlist:
    """A file: its name, the comment at its head, its subcircuits, and its model cards by name (type and text)."""

    name: str
    head: tuple[str, ...]
    subcircuits: Mapping[str, Subcircuit]
    models: Mapping[str, str]

    def section(self, word: str) -> list[str]:
        """Lines of a section of the head: from the line that begins with a word in capitals to the next such line."""
        lines, inside = [], False
        for line in self.head:
            begins = re.match(r"([A-Z]{3,}(?: [A-Z]+)*)\b\s*(.*)", line)
            if begins:
                inside = begins.group(1) == word
                line = begins.group(2)
            if inside:
                lines.append(line)
        return lines


def read_netlist(name: str, folder: Path | None = None) -> Netlist:
    """Read a netlist of ours.

    Parameters
    ----------
    name : file name without ``.cir``, such as ``alternator_path`` or ``pulses/iso7637``
    folder : where netlists lie; default `cosim.paths.netlists_folder()`

    Raises
    ------
    ValueError : an element whose letter this reader does not know
    """
    text = ((folder or netlists_folder()) / f"{name}.cir").read_text(encoding="utf-8")
    lines = text.replace("\n+", " ").splitlines()
    first = next(k for k, line in enumerate(lines) if line.lower().startswith(".subckt"))
    head = tuple(line[2:] for line in lines[:first] if line.startswith("*"))
    subcircuits: dict[str, Subcircuit] = {}
    models: dict[str, str] = {}
    body: list[str] = []
    for line in lines[first:]:
        word = line.split(" ", 1)[0].lower()
        if word == ".subckt":
            body = [line]
        elif word == ".ends":
            subcircuit = _subcircuit(body)
            subcircuits[subcircuit.name] = subcircuit
        elif word == ".model":
            models[line.split()[1]] = line.split(None, 2)[2]
        elif line and not line.startswith("*"):
            body.append(line)
    return Netlist(name, head, subcircuits, models)


def _subcircuit(lines: list[str]) -> Subcircuit:
    declared, _, given = lines[0].partition("params:")
    _, name, *ports = declared.split()
    parameters = dict(pair.split("=", 1) for pair in given.split())
    derived: dict[str, str] = {}
    elements: dict[str, Element] = {}
    for line in lines[1:]:
        if line.lower().startswith(".param"):
            derived |= dict(re.findall(r"(\w+)=(\{[^}]*\}|\S+)", line))
            continue
        element = _element(line)
        elements[element.name] = element
    return Subcircuit(name, tuple(ports), parameters, derived, elements)


def _element(line: str) -> Element:
    name, *words = line.split()
    kind = name[0].lower()
    if kind == "x":
        count = next(k for k, word in enumerate([*words, "="]) if "=" in word) - 1
    elif kind == "m":
        count = 5 if "thermal" in words else 3
    elif kind in _NODES:
        count = _NODES[kind]
    else:
        raise ValueError(f"{name}: elements of this letter are not read")
    return Element(name, kind, tuple(word.lower() for word in words[:count]), " ".join(words[count:]))


def _evaluate(text: str, look_up: Callable[[str], float]) -> float:
    plain = _NUMBER.sub(lambda match: repr(float(match[1]) * SUFFIXES.get((match[2] or "").lower(), 1.0)), text)

    def walk(node: ast.AST) -> float:
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return look_up(node.id)
        if isinstance(node, ast.UnaryOp):
            return _OPERATORS[type(node.op)](walk(node.operand))
        if isinstance(node, ast.BinOp):
            return _OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return _FUNCTIONS[node.func.id](*(walk(argument) for argument in node.args))
        raise ValueError(f"not an expression of a netlist: {text!r}")

    return walk(ast.parse(plain, mode="eval").body)


def number(text: str) -> float:
    """A number as SPICE writes it, such as ``0.6m`` or ``2.2meg``."""
    return _evaluate(text, lambda name: float("nan"))


def told(value: float, unit: str) -> str:
    """A value with an engineering prefix: ``told(3.3e-4, 'F')`` is ``330 µF``; three significant digits."""
    if value == 0.0 or not unit or unit in ("°C", "mV", "1"):
        return f"{value:.4g} {unit}".strip()
    power = max(-15, min(12, 3 * math.floor(math.log10(abs(value) * (1 + 1e-12)) / 3)))
    if unit == "Ω" and power == -6 and abs(value) >= 1e-4:
        power = -3  # 0.4 mΩ is how power engineers write it
    prefix = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}[power]
    return f"{value / 10.0**power:.4g} {prefix}{unit}"
