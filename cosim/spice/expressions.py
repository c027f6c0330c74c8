"""Cheap check of the expressions in a deck: an undefined parameter or an unbalanced brace poisons ngspice.

The check is one-sided: it knows no scopes, so what it accepts may still be wrong, but what it refuses is
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from cosim.spice.errors import DeckInvalid

_QUANTITY = re.compile(r"(?<![\w.])[vi]\s*\([^()]*\)|@\S+\[\w+\]")
_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[a-z]*")
_NAME = re.compile(r"(?<![\w.])[a-z_][\w.]*(?=\s*(\(?))")
_ASSIGNED = re.compile(r"([a-z_]\w*)\s*(?:\([^()]*\))?\s*=")
_FUNCTION = re.compile(r"^\.func\s+([a-z_]\w*)\s*\(([^()]*)\)\s*=?\s*(.*)$")
_BODY = re.compile(r"\{([^{}]*)\}|'([^']*)'")

_CONSTANT_WORDS = "time temper hertz pi e boltz echarge kelvin planck c i yes no true false vt"
_FUNCTION_WORDS = (
    "sqrt sin cos tan asin acos atan atan2 arctan sinh cosh tanh asinh acosh atanh exp ln log log10 abs min"
    " max pow pwr limit sgn sign int nint floor ceil u u2 uramp eq0 ne0 gt0 lt0 ge0 le0 ternary_fcn agauss"
    " gauss unif aunif ddt idt sdt if pwl v i var vec table buf inv stp defined"
)
_CONSTANTS = frozenset(_CONSTANT_WORDS.split())
FUNCTIONS = frozenset(_FUNCTION_WORDS.split())


def check_expressions(lines: Sequence[str], title: str | None) -> None:
    """Refuse unbalanced braces, parentheses and quotes, and parameters that are defined nowhere in the deck.

    Parameters
    ----------
    lines : logical lines of a deck
    title : of the deck, for messages

    Raises
    ------
    DeckInvalid
        naming the line and the parameter
    """
    lowered = [line.lower() for line in lines]
    for line in lowered:
        problem = _unbalanced(line)
        if problem is not None:
            raise DeckInvalid(problem, deck=title)
    known, functions = _definitions(lowered)
    for line in lowered:
        for what, name in _names(line):
            if not name:
                raise DeckInvalid(f"empty expression in {line[:80]!r}", deck=title)
            if name not in (functions if what == "function" else known):
                raise DeckInvalid(f"undefined {what} {name!r} in {line[:80]!r}", deck=title)


@lru_cache(maxsize=1024)
def _unbalanced(line: str) -> str | None:
    """What is unbalanced in a line, or None; remembered, because the decks of a run share nearly all their lines."""
    for opening, closing in ("{}", "()"):
        depth = 0
        for character in line:
            depth += (character == opening) - (character == closing)
            if depth < 0:
                break
        if depth:
            return f"unbalanced {opening}{closing} in {line[:80]!r}"
    return f"unbalanced quote in {line[:80]!r}" if line.count("'") % 2 else None


def _definitions(lines: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Every name that is assigned anywhere on a .param, .subckt, .func or X line, and user functions."""
    known, functions = set(_CONSTANTS), set(FUNCTIONS)
    for line in lines:
        if line.startswith((".func", ".param", ".subckt")):
            names, own_functions = _defined(line)
            known.update(names)
            functions.update(own_functions)
    return frozenset(known), frozenset(functions)


@lru_cache(maxsize=512)
def _defined(line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parameters and functions that a card defines; remembered as `_names`."""
    if line.startswith(".func"):
        match = _FUNCTION.match(line)
        return (tuple(name.strip() for name in match.group(2).split(",")), (match.group(1),)) if match else ((), ())
    names = tuple(match.group(1) for match in _ASSIGNED.finditer(_BODY.sub("0", line)))
    return names, names


@lru_cache(maxsize=1024)
def _names(line: str) -> tuple[tuple[str, str], ...]:
    """What the expressions of a line name, as ('parameter' or 'function', name), '' for an empty expression.

    Remembered, because the decks of a run share nearly all their lines.
    """
    found: list[tuple[str, str]] = []
    for match in _BODY.finditer(line):
        body = match.group(1) if match.group(1) is not None else match.group(2)
        if not body.strip():
            found.append(("expression", ""))
        text = _NUMBER.sub(" ", _QUANTITY.sub(" ", body))
        found += [("function" if name.group(1) else "parameter", name.group(0)) for name in _NAME.finditer(text)]
    return tuple(found)
