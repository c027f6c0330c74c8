"""A sheet as SVG: symbols of schemdraw, and transistors of our own; dots where three or more ends meet."""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from pathlib import Path

import schemdraw
from schemdraw import elements as elm
from schemdraw.segments import Segment, SegmentCircle, SegmentPoly, SegmentText

from docs._ext.circuit_sheets.sheet import Point, Sheet, Symbol, Text

FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
PIXELS, LINE_WIDTH, FONT_SIZE, SMALL_SIZE = 36.0, 1.2, 10.5, 8.8
NET_COLOUR, BLOCK_FILL = "#123f8c", "#eef1f4"
TWO_TERMINALS: dict[str, type[elm.Element2Term]] = {
    "resistor": elm.ResistorIEC, "capacitor": elm.Capacitor, "inductor": elm.Inductor2, "diode": elm.Diode,
    "zener": elm.Zener, "schottky": elm.Schottky, "fuse": elm.FuseIEC,
}


class _Drawn(elm.Element):  # type: ignore[no-untyped-call]  # schemdraw's __init_subclass__ has no types
    """An element of lines and areas at absolute places."""

    def __init__(self, *segments: Segment | SegmentCircle | SegmentPoly | SegmentText) -> None:
        super().__init__()
        self.segments.extend(segments)
        self.at((0, 0)).theta(0)


def draw(sheet: Sheet, path: Path) -> Path:
    """Write a sheet as SVG.

    Raises
    ------
    KeyError : a symbol that is not known here
    """
    with schemdraw.Drawing(canvas="svg", show=False) as drawing:
        drawing.config(unit=2, inches_per_unit=PIXELS / 72.0, fontsize=FONT_SIZE, lw=LINE_WIDTH, bgcolor="white",
                       font=FONT, margin=0.25)
        for symbol in sheet.symbols:
            drawing.add(_element(symbol))
        for wire in sheet.wires:
            drawing.add(_Drawn(Segment(list(wire))))
        for dot in dots(sheet):
            drawing.add(_Drawn(SegmentCircle(dot, 0.07, fill="black")))
        for _, at, _, port in sheet.labels:
            if port:
                drawing.add(_Drawn(SegmentCircle(at, 0.1, fill="white")))
        for node, at in sheet.grounds:
            drawing.add(_reference(at) if node == "0" else _ground(at))
        for text in sheet.texts:
            drawing.add(_text(text))
        data = drawing.get_imagedata("svg")
    temporary = path.with_suffix(".part")
    temporary.write_text(_described(data.decode("utf-8"), sheet), encoding="utf-8")
    os.replace(temporary, path)
    return path


def _described(svg: str, sheet: Sheet) -> str:
    """Give the picture its title, for readers who hear it, and let it scale."""
    return re.sub(r"(<svg[^>]*>)", rf"\1<title>{sheet.title}</title>", svg, count=1)


def dots(sheet: Sheet) -> list[Point]:
    """Points at which three or more ends meet; a wire that passes through counts twice."""
    ends: Counter[Point] = Counter()
    for symbol in sheet.symbols:
        ends.update(rounded(at) for _, at in symbol.terminals)
    ends.update(rounded(at) for wire in sheet.wires for at in wire)
    ends.update(rounded(at) for _, at in sheet.grounds)
    found = []
    for at, count in sorted(ends.items()):
        through = sum(2 for a, b in sheet.wires if inside(at, a, b))
        if count + through >= 3:
            found.append(at)
    return found


def rounded(at: Point) -> Point:
    """A point to a thousandth of a grid unit, so that equal ones compare equal."""
    return round(at[0], 3), round(at[1], 3)


def inside(at: Point, a: Point, b: Point) -> bool:
    """Whether a point lies on a wire's leg but not at its ends."""
    if abs(a[0] - b[0]) < 1e-6:
        return abs(at[0] - a[0]) < 1e-3 and min(a[1], b[1]) + 1e-3 < at[1] < max(a[1], b[1]) - 1e-3
    return abs(at[1] - a[1]) < 1e-3 and min(a[0], b[0]) + 1e-3 < at[0] < max(a[0], b[0]) - 1e-3


def _element(symbol: Symbol) -> elm.Element:
    if symbol.look == "block":
        x0, y0, x1, y1 = symbol.room
        return _Drawn(SegmentPoly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill=BLOCK_FILL))
    if symbol.look in ("nmos", "pmos"):
        return _fet(symbol)
    if symbol.look == "pnp":
        return _pnp(symbol)
    (_, a), (_, b) = symbol.terminals
    if symbol.look in ("source", "test", "controlled"):
        return _source(symbol)
    if symbol.look in ("tvs", "zener", "schottky", "diode"):
        look = "zener" if symbol.look == "tvs" else symbol.look
        return _between(TWO_TERMINALS[look](fill=True), a, b)
    return _between(TWO_TERMINALS[symbol.look](), a, b)


def _between(element: elm.Element2Term, a: Point, b: Point) -> elm.Element:
    element.at(a)
    element.to(b)
    return element


def _frame(symbol: Symbol) -> tuple[Point, Point, Point]:
    """Place of the first terminal, step along the body to the last (2 apart), step towards the gate."""
    first, last = symbol.terminals[0][1], symbol.terminals[-1][1]
    return first, ((last[0] - first[0]) / 2, (last[1] - first[1]) / 2), symbol.normal


def _fet(symbol: Symbol) -> elm.Element:
    origin, along, out = _frame(symbol)

    def at(p: float, q: float) -> Point:
        return origin[0] + along[0] * p + out[0] * q, origin[1] + along[1] * p + out[1] * q

    def line(*points: Point) -> Segment:
        return Segment([at(*point) for point in points])

    n_channel = symbol.look == "nmos"
    arrow = [(1.0, 0.28), (0.92, 0.12), (1.08, 0.12)] if n_channel else [(1.0, 0.1), (0.92, 0.26), (1.08, 0.26)]
    tip, base = (0.88, 1.12) if n_channel else (1.12, 0.88)
    body = [(tip, -0.42), (base, -0.56), (base, -0.28)]
    return _Drawn(
        line((0, 0), (0.6, 0), (0.6, 0.3)), line((2, 0), (1.4, 0), (1.4, 0.3)), line((1, 0.08), (1.4, 0.08)),
        line((1, 0.3), (1, 0.08)), line((0.48, 0.3), (0.72, 0.3)), line((0.86, 0.3), (1.14, 0.3)),
        line((1.28, 0.3), (1.52, 0.3)), line((0.5, 0.42), (1.5, 0.42)), line((1, 0.42), (1, 1)),
        SegmentPoly([at(*point) for point in arrow], fill="black"),
        line((0.6, 0), (0.6, -0.42), (1.4, -0.42), (1.4, 0)),
        SegmentPoly([at(*point) for point in body], fill="black"), line((tip, -0.56), (tip, -0.28)),
    )


def _source(symbol: Symbol) -> elm.Element:
    """A circle (driven: a diamond) with plus at the first node; a test source has a wave in it."""
    (_, a), (_, b) = symbol.terminals
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    along = ((b[0] - a[0]) / length, (b[1] - a[1]) / length)
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
    radius = 0.3 if symbol.look == "test" else 0.42

    def at(share: float, side: float = 0.0) -> Point:
        return (middle[0] + along[0] * share - along[1] * side, middle[1] + along[1] * share + along[0] * side)

    segments: list[Segment | SegmentCircle | SegmentPoly] = [Segment([a, at(-radius)]), Segment([at(radius), b])]
    if symbol.look == "controlled":
        segments.append(SegmentPoly([at(-radius), at(0, radius), at(radius), at(0, -radius)], fill="white"))
    else:
        segments.append(SegmentCircle(middle, radius, fill="white"))
    if symbol.look == "test":
        wave = [(middle[0] + 0.2 * k / 8, middle[1] + 0.12 * math.sin(math.pi * k / 8)) for k in range(-8, 9)]
        return _Drawn(*segments, Segment(wave))
    plus, minus = at(-0.22), at(0.22)
    segments += [Segment([(x - w, y), (x + w, y)]) for (x, y), w in ((plus, 0.08), (minus, 0.08))]
    segments.append(Segment([(plus[0], plus[1] - 0.08), (plus[0], plus[1] + 0.08)]))
    return _Drawn(*segments)


def _pnp(symbol: Symbol) -> elm.Element:
    origin, along, out = _frame(symbol)

    def at(p: float, q: float) -> Point:
        return origin[0] + along[0] * p + out[0] * q, origin[1] + along[1] * p + out[1] * q

    def line(*points: Point) -> Segment:
        return Segment([at(*point) for point in points])

    return _Drawn(
        line((0, 0), (0.55, 0), (0.85, 0.45)), line((2, 0), (1.45, 0), (1.15, 0.45)), line((0.6, 0.45), (1.4, 0.45)),
        line((1, 0.45), (1, 1)),
        SegmentPoly([at(1.19, 0.39), at(1.22, 0.16), at(1.40, 0.27)], fill="black"),
    )


def _ground(at: Point) -> elm.Element:
    x, y = at
    legs = ((0.25, 0.18), (0.16, 0.27), (0.07, 0.36))
    return _Drawn(Segment([at, (x, y - 0.18)]), *(Segment([(x - w, y - d), (x + w, y - d)]) for w, d in legs))


def _reference(at: Point) -> elm.Element:
    """Node 0, the ideal reference of the control circuits: an open triangle."""
    x, y = at
    return _Drawn(Segment([at, (x, y - 0.15)]),
                  SegmentPoly([(x - 0.2, y - 0.15), (x + 0.2, y - 0.15), (x, y - 0.4)], fill="white"))


def _text(text: Text) -> elm.Element:
    size = SMALL_SIZE if text.small else FONT_SIZE
    colour = NET_COLOUR if text.of == "net" else ("#444444" if text.small else "black")
    lines = "\n".join(text.lines)
    return _Drawn(SegmentText(text.at, lines, align=(text.align, "center"), fontsize=size, color=colour))
