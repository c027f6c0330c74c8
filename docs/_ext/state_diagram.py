"""State diagrams that pages write as `mermaid` blocks, drawn at build: a picture with numbers, and their table.

Forges draw such a block by a script from the network; here nothing may be fetched. Read are the lines
`from --> to: when`; anything else in a block is an error, so that nothing is left out in silence.
"""

from __future__ import annotations

import hashlib
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._ext.drawing import Box, draw_arrow, draw_box, label, save, sheet

LINE = re.compile(r"^\s*(\S+)\s+-->\s+(\S+?)(?::\s*(.*))?$")
START = "[*]"
RADIUS_x, RADIUS_y, BEND = 2.75, 1.95, 0.14


class Transition(NamedTuple):
    """From a state to a state, and when."""

    start: str
    end: str
    when: str


def transitions(lines: list[str]) -> list[Transition]:
    """Transitions of a block; raises ValueError for a line that is none."""
    if not lines or lines[0].strip() != "stateDiagram-v2":
        raise ValueError("a mermaid block here is a stateDiagram-v2")
    found = []
    for line in (one for one in lines[1:] if one.strip()):
        match = LINE.match(line)
        if match is None:
            raise ValueError(f"no transition: {line.strip()!r}")
        found.append(Transition(match[1], match[2], match[3] or ""))
    return found


def draw(found: list[Transition], path: Path) -> Path:
    """Draw the states on an ellipse, an arrow per pair of states, with the numbers of its rows in the table."""
    names = list(dict.fromkeys(name for one in found for name in one[:2] if name != START))
    figure, axes = sheet(8.0, 4.8)
    places = {}
    for k, name in enumerate(names):
        angle = 0.75 * math.pi - 2.0 * math.pi * k / len(names)
        places[name] = (4.0 + RADIUS_x * math.cos(angle), 2.4 + RADIUS_y * math.sin(angle))
    patches = {name: draw_box(axes, Box(*places[name], 1.25, 0.46, name, kind="state")) for name in names}
    pairs: dict[tuple[str, str], list[str]] = {}
    for number, one in enumerate(found, start=1):
        pairs.setdefault((one.start, one.end), []).append(str(number))
    for (start, end), numbers in pairs.items():
        words = ", ".join(numbers)
        if start == START:
            x, y = places[end]
            side = math.copysign(1.25, x - 4.0)
            axes.plot([x + side], [y], "o", color="#1a1a1a", markersize=7)
            draw_arrow(axes, (x + side, y), (x + math.copysign(0.63, side), y))
            label(axes, x + 0.75 * side, y + 0.17, words, size=8.5)
            continue
        (ax, ay), (bx, by) = places[start], places[end]
        draw_arrow(axes, places[start], places[end], bend=BEND, ends=(patches[start], patches[end]))
        middle = (0.5 * (ax + bx) + 0.5 * BEND * (by - ay), 0.5 * (ay + by) - 0.5 * BEND * (bx - ax))
        label(axes, *middle, words, size=8.5)
    return save(figure, path)


class StateDiagram(SphinxDirective):
    """The `mermaid` block of a page."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Give the picture and the table of its transitions."""
        try:
            found = transitions(list(self.content))
        except ValueError as error:
            raise self.error(str(error)) from None
        name = hashlib.sha256("\n".join(self.content).encode()).hexdigest()[:12]
        draw(found, Path(self.env.srcdir) / "generated" / "states" / f"{name}.svg")
        picture = nodes.image(uri=f"/generated/states/{name}.svg", alt="state diagram; its arrows are the table's rows")
        return [picture, _table(found)]


def _table(found: list[Transition]) -> nodes.table:
    heading = ("no.", "from", "to", "when")
    rows = [(str(k), "(start)" if one.start == START else one.start, one.end, one.when)
            for k, one in enumerate(found, start=1)]
    group = nodes.tgroup(cols=len(heading))
    group += [nodes.colspec(colwidth=width) for width in (1, 2, 2, 8)]
    head, body = nodes.thead(), nodes.tbody()
    for place, cells in ((head, [heading]), (body, rows)):
        for row in cells:
            entries = [nodes.entry("", nodes.paragraph(text=cell)) for cell in row]
            place += nodes.row("", *entries)
    group += [head, body]
    return nodes.table("", group)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("mermaid", StateDiagram)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
