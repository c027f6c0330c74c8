"""A sheet of a schematic as data: symbols with their terminals, wires, net names and texts, at absolute places.

Every terminal knows the node that the netlist gives it and the point at which it is drawn, so that `check` can compare
the drawing with the netlist; `draw` makes an SVG of it. Lengths are in grid units, y upwards. Supply runs at the top,
ground at the bottom, signals from left to right.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from docs._ext.circuit_sheets.reader import Element, Subcircuit, told

Align = Literal["left", "center", "right"]
Point = tuple[float, float]
Box = tuple[float, float, float, float]

UNITS = {"r": "Ω", "c": "F", "l": "H", "v": "V"}
SYMBOLS = {"r": "resistor", "c": "capacitor", "l": "inductor", "d": "diode", "v": "source", "i": "current"}
GROUNDS = frozenset({"0", "gn", "ret"})
"""Nodes that are drawn with a ground symbol; the pin of a block does not name them."""
SIZE, LINE = 0.29, 0.4
"""Height of a letter's box and distance of lines [grid units]."""
DIRECTIONS: dict[str, Point] = {"left": (-1, 0), "right": (1, 0), "up": (0, 1), "down": (0, -1)}


@dataclass(frozen=True)
class Symbol:
    """A symbol: what it stands for in the netlist, its look, its terminals (node and point), the room it takes."""

    names: tuple[str, ...]
    look: str
    terminals: tuple[tuple[str, Point], ...]
    room: Box
    inputs: frozenset[str] = frozenset()
    normal: Point = (0, 0)


@dataclass(frozen=True)
class Text:
    """Lines of text at a point; alignment `left`, `center`, `right`, the block centred on the point's height."""

    lines: tuple[str, ...]
    at: Point
    align: Align = "center"
    bold: bool = False
    small: bool = False
    of: str = ""

    @property
    def box(self) -> Box:
        """Room that it takes, from the number of letters."""
        size = SIZE * (0.85 if self.small else 1.0)
        width = max(len(line) for line in self.lines) * size * 0.66
        height = len(self.lines) * LINE * (0.85 if self.small else 1.0)
        left = {"left": 0.0, "center": -0.5, "right": -1.0}[self.align] * width + self.at[0]
        return left, self.at[1] - height / 2, left + width, self.at[1] + height / 2


@dataclass
class Sheet:
    """A sheet of a subcircuit under construction; `name` is its file name, `title` its caption."""

    circuit: Subcircuit
    name: str
    title: str
    symbols: list[Symbol] = field(default_factory=list)
    wires: list[tuple[Point, Point]] = field(default_factory=list)
    labels: list[tuple[str, Point, str, bool]] = field(default_factory=list)
    grounds: list[tuple[str, Point]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    models: Mapping[str, str] = field(default_factory=dict)
    """Model cards of the netlist by name, from which a MOSFET's channel is read."""

    # ---- parts ------------------------------------------------------------------------------------------------------

    def two(
        self, name: str, a: Point, b: Point, *, side: str = "", look: str = "", text: Sequence[str] | None = None,
        nodes: tuple[str, str] | None = None, more: Sequence[str] = (),
    ) -> None:
        """Draw a part of two terminals from `a` (its first node) to `b`.

        Parameters
        ----------
        name : designator
        side : of the text: left, right, above, below; default right of vertical parts, above others
        look : another symbol than its letter says, such as `tvs`
        text : instead of designator and value
        nodes : for a source of four nodes, which two are drawn
        more : further lines
        """
        element = self.circuit.elements[name]
        vertical = abs(a[0] - b[0]) < 1e-9
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        lines = tuple(text) if text is not None else (name, *self._told(element))
        lines = (*lines, *more)
        side = side or ("right" if vertical else "above")
        kind = look or SYMBOLS.get(element.kind, "resistor")
        half = {"source": 0.42, "controlled": 0.42, "inductor": 0.35}.get(kind, 0.25)
        room = ((middle[0] - half, middle[1] - 0.5, middle[0] + half, middle[1] + 0.5) if vertical
                else (middle[0] - 0.5, middle[1] - half, middle[0] + 0.5, middle[1] + half))
        ends = tuple(zip(nodes or element.nodes, (a, b), strict=True))
        self.symbols.append(Symbol((name,), kind, ends, room))
        self._beside(lines, middle, side, name, half + 0.15)

    def _beside(self, lines: Sequence[str], at: Point, side: str, of: str, gap: float) -> None:
        if not lines:
            return
        height = len(lines) * LINE / 2
        place: dict[str, tuple[Point, Align]] = {
            "right": ((at[0] + gap, at[1]), "left"), "left": ((at[0] - gap, at[1]), "right"),
            "above": ((at[0], at[1] + gap + height - 0.1), "center"),
            "below": ((at[0], at[1] - gap - height + 0.1), "center"),
        }
        point, align = place[side]
        self.texts.append(Text(tuple(lines), point, align, of=of))

    def _told(self, element: Element) -> tuple[str, ...]:
        if element.kind in UNITS:
            return (told(self.circuit.value(element.name), UNITS[element.kind]),)
        words = element.rest.split()
        model = words[0] if words else ""
        count = next((word[2:] for word in words if word.startswith("m=")), "1")
        number = self.circuit.number(count)
        return (f"{number:g} × {model}" if number != 1.0 else model,)

    def fet(
        self, name: str, drain: Point, source: Point, gate: str, *, side: str = "", text: Sequence[str] | None = None
    ) -> Point:
        """Draw a MOSFET between drain and source (2 apart), its gate on a side; returns the gate's point.

        Thermal nodes are not drawn.
        """
        element = self.circuit.elements[name]
        normal = DIRECTIONS[gate]
        middle = ((drain[0] + source[0]) / 2, (drain[1] + source[1]) / 2)
        gate_at = (middle[0] + normal[0], middle[1] + normal[1])
        ends = tuple(zip(element.nodes[:3], (drain, gate_at, source), strict=True))
        model = element.rest.split()[0]
        channel = "pmos" if "pchan" in self.models.get(model, "nchan") else "nmos"
        room = (middle[0] - 0.5, middle[1] - 0.5, middle[0] + 0.5, middle[1] + 0.5)
        self.symbols.append(Symbol((name,), channel, ends, room, normal=normal))
        lines = tuple(text) if text is not None else (name, *self._told(element))
        other = {"left": "right", "right": "left", "up": "below", "down": "above"}[gate]
        self._beside(lines, middle, side or other, name, 0.65)
        return gate_at

    def pnp(self, name: str, collector: Point, emitter: Point, base: str, side: str = "") -> Point:
        """Draw a PNP transistor between collector and emitter (2 apart); returns the base's point."""
        element = self.circuit.elements[name]
        normal = DIRECTIONS[base]
        middle = ((collector[0] + emitter[0]) / 2, (collector[1] + emitter[1]) / 2)
        base_at = (middle[0] + normal[0], middle[1] + normal[1])
        ends = tuple(zip(element.nodes, (collector, base_at, emitter), strict=True))
        room = (middle[0] - 0.4, middle[1] - 0.5, middle[0] + 0.4, middle[1] + 0.5)
        self.symbols.append(Symbol((name,), "pnp", ends, room, normal=normal))
        other = {"left": "right", "right": "left", "up": "below", "down": "above"}[base]
        self._beside((name,), middle, side or other, name, 0.45)
        return base_at

    def block(
        self, names: str, corner: Point, size: Point, lines: Sequence[str], *, left: Sequence[str] = (),
        right: Sequence[str] = (), up: Sequence[str] = (), down: Sequence[str] = (), wired: str = "",
    ) -> dict[str, Point]:
        """Draw a block for behavioural sources and what belongs to them; returns the points of its pins.

        Parameters
        ----------
        names : designators, separated by spaces
        corner, size : lower left corner, width and height
        lines : text inside
        left, right, up, down : nodes at its sides, or ``i(via)`` for a measured current
        wired : those of them that a wire will reach; the others end in their name
        """
        x, y = corner
        w, h = size
        pins: dict[str, Point] = {}
        drawn: list[tuple[str, Point]] = []
        for side, nodes in (("left", left), ("right", right), ("up", up), ("down", down)):
            dx, dy = DIRECTIONS[side]
            for k, node in enumerate(nodes):
                share = (k + 1) / (len(nodes) + 1)
                edge = ((x if side == "left" else x + w, y + h * (1 - share)) if dx
                        else (x + w * share, y + h if side == "up" else y))
                pins[node] = edge
                if node.startswith("i("):
                    self.wires.append((edge, (edge[0] + 0.3 * dx, edge[1] + 0.3 * dy)))
                    self._named(node, (edge[0] + 0.3 * dx, edge[1] + 0.3 * dy), side)
                    continue
                drawn.append((node, edge))
                if node not in wired.split():
                    end = (edge[0] + 0.3 * dx, edge[1] + 0.3 * dy)
                    self.wire(edge, end)
                    self.net(node, end, side)
        designators = tuple(names.split())
        currents = frozenset(pin for pin in pins if pin.startswith("i("))
        self.symbols.append(Symbol(designators, "block", tuple(drawn), (x, y, x + w, y + h), inputs=currents))
        self.texts.append(Text(tuple(lines), (x + w / 2, y + h / 2), of="block"))
        self.texts.append(Text((" ".join(designators),), (x, y + h + 0.2), "left", small=True, of="name"))
        return pins

    # ---- wires and names --------------------------------------------------------------------------------------------

    def wire(self, *points: Point) -> None:
        """Draw a wire along points; each leg is horizontal or vertical.

        Raises
        ------
        ValueError : a slanting leg
        """
        for a, b in itertools.pairwise(points):
            if abs(a[0] - b[0]) > 1e-9 and abs(a[1] - b[1]) > 1e-9:
                raise ValueError(f"{self.name}: slanting wire from {a} to {b}")
            self.wires.append((a, b))

    def net(self, node: str, at: Point, side: str, port: bool = False) -> None:
        """Name a net at a point, the name on a side of it; a port has a circle."""
        self.labels.append((node, at, side, port or node in self.circuit.ports))
        self._named(node, at, side)

    def _named(self, node: str, at: Point, side: str) -> None:
        dx, dy = DIRECTIONS[side]
        gap = 0.22
        aligns: dict[str, Align] = {"left": "right", "right": "left", "up": "center", "down": "center"}
        align = aligns[side]
        rise = 0.12 if dy else 0.0
        self.texts.append(Text((node,), (at[0] + gap * dx, at[1] + (gap + rise) * dy), align, bold=True, of="net"))

    def ground(self, at: Point, node: str = "gn") -> None:
        """Draw a ground symbol at a point, for a node of `GROUNDS`."""
        self.grounds.append((node, at))

    def text(self, at: Point, *lines: str, align: Align = "left") -> None:
        """Write lines at a point."""
        self.texts.append(Text(lines, at, align))

    # ---- values -----------------------------------------------------------------------------------------------------

    def p(self, name: str, unit: str = "") -> str:
        """Default of a parameter as text."""
        return told(self.circuit.default(name), unit)
