"""Equations as drawn by matplotlib's mathtext: outlines in the page itself, in the colour of its text.

No script, no font, nothing from the network, and the same on every machine (MathML needs a mathematical font there).
What mathtext does not know stops the build.
"""

from __future__ import annotations

import html
from functools import cache
from typing import Any, NamedTuple

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.writers.html5 import HTML5Translator

SIZE = 100.0
"""Size in which outlines are taken; they are shown in `em` of the text around them."""
LETTERS = {Outline.MOVETO: "M", Outline.LINETO: "L", Outline.CURVE3: "Q", Outline.CURVE4: "C"}
SCALE = 1.1
"""Of the surrounding text: mathtext's letters are small beside those of a page."""


class Drawn(NamedTuple):
    """An equation's outline as an SVG path, and its box: width, height above and depth below the line of writing."""

    path: str
    width: float
    height: float
    depth: float


@cache
def drawn(latex: str) -> Drawn:
    """Outline of an equation; raises ValueError for what mathtext does not know."""
    font = FontProperties(size=SIZE, math_fontfamily="stix")
    text = f"${' '.join(latex.split())}$"
    width, height, depth, _, _ = MathTextParser("path").parse(text, 72.0, font)
    outline = TextPath((0.0, 0.0), text, prop=font)
    parts = []
    for corners, code in outline.iter_segments(curves=True, simplify=False):
        if code == Outline.CLOSEPOLY:
            parts.append("Z")
        else:
            parts.append(LETTERS[code] + " ".join(f"{x:.1f} {-y:.1f}" for x, y in corners.reshape(-1, 2)))
    return Drawn("".join(parts), width, height - depth, depth)


def svg(node: nodes.Element, *, display: bool) -> str:
    """Picture of a node's equation, fractions large on `display`; raises `SphinxError` where it cannot be drawn."""
    latex = node.astext().replace(r"\frac", r"\dfrac") if display else node.astext()
    try:
        found = drawn(latex)
    except ValueError as error:
        raise SphinxError(f"{node.source}:{node.line}: equation {latex!r}: {str(error).splitlines()[-1]}") from error
    em = SCALE / SIZE
    words = html.escape(" ".join(latex.split()), quote=True)
    box = f"0 {-found.height:.1f} {found.width:.1f} {found.height + found.depth:.1f}"
    style = (f"width:{found.width * em:.3f}em;height:{(found.height + found.depth) * em:.3f}em;"
             f"vertical-align:{-found.depth * em:.3f}em")
    return (f'<svg class="equation" role="img" aria-label="{words}" viewBox="{box}" style="{style}">'
            f'<path fill="currentColor" d="{found.path}"/></svg>')


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write an equation within a line."""
    translator.body.append(svg(node, display=False))
    raise nodes.SkipNode


def block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write an equation of its own; a long one scrolls by itself, so that the page does not."""
    translator.body.append(translator.starttag(node, "div", CLASS="equation-block"))
    translator.body.append(svg(node, display=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer; `html_math_renderer` chooses it."""
    app.add_html_math_renderer("mathtext", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
