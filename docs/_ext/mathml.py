"""Equations as MathML, which browsers show by themselves: no script, no font, nothing from the network.

docutils ships the translation from LaTeX; it knows the notation that our pages use and refuses the rest.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.writers.html5 import HTML5Translator


def translated(node: nodes.Element, as_block: bool) -> str:
    """MathML of a node's LaTeX; raises `SphinxError` with the equation for notation that docutils does not know."""
    text = node.astext()
    try:
        return str(tex2mathml(text, as_block=as_block))
    except (MathError, SyntaxError, IndexError) as error:
        raise SphinxError(f"{node.source}:{node.line}: equation {text!r}: {error}") from error


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write an equation within a line."""
    translator.body.append(translated(node, as_block=False))
    raise nodes.SkipNode


def block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write an equation of its own; a long one scrolls by itself, so that the page does not."""
    translator.body.append(translator.starttag(node, "div", CLASS="math-block"))
    translator.body.append(translated(node, as_block=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer; `html_math_renderer` chooses it."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
