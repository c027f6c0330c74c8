"""What a deck may contain: for ngspice a netlist is code that can run commands, read files and crash.

Only known dot cards and element lines pass; includes are resolved and written into the deck here, so that
ngspice itself never opens a file. A few mistakes that ruin the library for the whole process are found
beforehand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cosim.spice.errors import DeckInvalid, DeckRejected, SpiceError
from cosim.spice.expressions import check_expressions
from cosim.spice.sources import deck_sources

NETLISTS = Path(__file__).resolve().parents[2] / "netlists"

MAX_CHARACTERS = 2_000_000
"""Longest deck, includes resolved (ours; the product's decks have some ten thousand characters)."""

_MAX_DEPTH = 8
_MAX_INCLUDES = 100
"""Files that a deck may include in all; without it, a few files that include each other often take for ever (ours)."""
_CARD_WORDS = ".model .subckt .ends .param .ic .nodeset .func .global .temp .if .elseif .else .endif"
_ANALYSIS_WORDS = (
    ".tran .ac .dc .op .tf .noise .disto .pz .sens .sp .save .print .plot .probe .meas .measure .four .width"
    " .options .option .opt .end .title"
)
_COMMAND_WORDS = (
    "shell source codemodel osdi use cd quit exit bye write wrdata rawfile load set setcirc system unset"
)
_FILE_MODEL_WORDS = "filesource file_source d_source d_state d_process d_cosim table2d table3d spice2poly"
_CARDS = frozenset(_CARD_WORDS.split())
_ANALYSES = frozenset(_ANALYSIS_WORDS.split())
_COMMANDS = frozenset(_COMMAND_WORDS.split())
_FILE_MODELS = frozenset(_FILE_MODEL_WORDS.split())
_ELEMENTS = frozenset("bcdefghijklmoqrstuvwxyz")
"""First letters of elements: all of ngspice's but A, N, P (code models and compiled models, which read
files)."""

_FILE_ARGUMENT = re.compile(
    r"\b(file|filename|input_file|state_file|table_file|pwlfile|simulation)\s*=", re.IGNORECASE
)
_MODEL_TYPES = re.compile(r"^\.model\s+\S+\s+([a-z_]\w*)", re.IGNORECASE)


@dataclass(frozen=True)
class CheckedDeck:
    """A deck that passed: `lines` without comments, continuations joined; names of its external sources."""

    lines: tuple[str, ...]
    sources: frozenset[str]

    @property
    def text(self) -> str:
        """The deck as it is given to ngspice (without title, analysis and end)."""
        return "\n".join(self.lines)


def check_deck(deck: str, *, netlists: Path = NETLISTS, title: str | None = None) -> CheckedDeck:
    """Refuse what is hostile or would poison the library, and resolve includes.

    Parameters
    ----------
    deck : body of a deck, without analysis, options and end
    netlists : the only folder that includes may name
    title : of the deck, for messages

    Raises
    ------
    DeckRejected
        the deck could do more than describe a circuit
    DeckInvalid
        the deck is not a body, or cannot be parsed
    """
    lines = logical_lines(deck, title)
    lines = _resolve_includes(lines, netlists.resolve(), netlists.resolve(), title, 0, [])
    if sum(map(len, lines)) > MAX_CHARACTERS:
        raise DeckRejected(f"the deck is longer than {MAX_CHARACTERS} characters", deck=title)
    for line in lines:
        if not _passes(line):
            _check_line(line, title)
    if all(line.startswith(".") for line in lines):
        raise DeckInvalid("the deck has no elements", deck=title)
    _check_nesting(lines, title)
    check_expressions(lines, title)
    return CheckedDeck(tuple(lines), deck_sources(lines))


def with_includes(deck: str, folder: Path, *, title: str | None = None) -> str:
    """Text of a deck whose includes are written out, comments of its own kept; files below `folder` only.

    Raises
    ------
    DeckRejected, DeckInvalid
        as `check_deck`; nothing else is checked
    """
    root, opened = folder.resolve(), list[Path]()
    out: list[str] = []
    for raw in deck.splitlines():
        is_include = raw.strip().lower().startswith((".inc", ".lib"))
        out += _resolve_includes(logical_lines(raw, title), root, root, title, 0, opened) if is_include else [raw]
    return "\n".join(out) + "\n"


def logical_lines(deck: str, title: str | None = None) -> list[str]:
    """Lines without comments, with continuation lines joined.

    Raises DeckRejected for what hides a command or is no printable ASCII, DeckInvalid for a continuation of nothing.
    """
    lines: list[str] = []
    for number, raw in enumerate(deck.splitlines(), start=1):
        line, problem = _bare_line(raw)
        if problem is not None:
            raise DeckRejected(f"line {number} {problem}", deck=title)
        if line.startswith("+"):
            if not lines:
                raise DeckInvalid(f"line {number} continues nothing", deck=title)
            lines[-1] = f"{lines[-1]} {line[1:].strip()}"
        elif line:
            lines.append(line)
    return lines


@lru_cache(maxsize=2048)
def _bare_line(raw: str) -> tuple[str, str | None]:
    """A line without comments and blanks around it, and why no deck may have it (None: it may).

    Remembered, because the decks of a run share nearly all their lines.
    """
    line = raw.strip()
    # Comments may be in any script; whatever reaches ngspice is plain text.
    plain = raw.isascii() or line.startswith("*")
    if not plain or not raw.replace("\t", " ").isprintable():
        return "", "holds characters that are not printable ASCII"
    if line.lower().startswith(("*#", "*ng_script")):
        return "", f"hides a command in a comment: {line[:60]!r}"
    if not line or line[0] in "*$;#":
        return "", None
    return _without_trailing_comment(line), None


def _without_trailing_comment(line: str) -> str:
    cut = len(line)
    for mark in (";", "$ ", "//"):
        position = line.find(mark)
        if 0 <= position < cut:
            cut = position
    return line[:cut].rstrip()


def _resolve_includes(
    lines: list[str], folder: Path, root: Path, title: str | None, depth: int, opened: list[Path]
) -> list[str]:
    """Lines with the included ones in place; `opened` collects the files of the whole deck."""
    out: list[str] = []
    for line in lines:
        if not line[:4].lower().startswith((".inc", ".lib")):
            out.append(line)
            continue
        if depth == _MAX_DEPTH:
            raise DeckRejected(f"includes are nested more than {_MAX_DEPTH} deep", deck=title)
        arguments = line.split()[1:]
        if len(arguments) != 1:
            raise DeckRejected(
                f"cannot resolve {line!r}; write: .include FILE (one file, no section)", deck=title
            )
        path = _inside(arguments[0].strip("\"'"), folder, root, title)
        opened.append(path)
        if len(opened) > _MAX_INCLUDES:
            raise DeckRejected(f"the deck includes more than {_MAX_INCLUDES} files", deck=title)
        try:
            text = path.read_text(encoding="utf-8") if path.stat().st_size <= MAX_CHARACTERS else None
        except (OSError, UnicodeDecodeError):
            raise DeckInvalid(f"the included file {path.name} is no text that can be read", deck=title) from None
        if text is None:
            raise DeckRejected(f"the included file {path.name} is too long", deck=title)
        out += _resolve_includes(logical_lines(text, title), path.parent, root, title, depth + 1, opened)
    return out


def _inside(name: str, folder: Path, root: Path, title: str | None) -> Path:
    """Path of an included file, looked up beside the including one; links are followed before the check."""
    path = (folder / name).resolve()
    if not path.is_relative_to(root):
        raise DeckRejected(f"the deck includes {name!r}, which is outside the netlists folder", deck=title)
    if not path.is_file():
        raise DeckInvalid(f"the included file {name!r} does not exist in the netlists folder", deck=title)
    return path


@lru_cache(maxsize=2048)
def _passes(line: str) -> bool:
    """Whether `_check_line` finds nothing; remembered, because the decks of a run share nearly all their lines."""
    try:
        _check_line(line, None)
    except SpiceError:
        return False
    return True


def _check_line(line: str, title: str | None) -> None:
    words = line.lower().split()
    first = words[0]
    if "`" in line:
        raise DeckRejected(f"back quotes are command substitution: {line[:60]!r}", deck=title)
    if first[0] == ".":
        if first in _ANALYSES:
            raise DeckInvalid(
                f"{first!r} does not belong into a deck body; the session writes it", deck=title
            )
        if first not in _CARDS:
            raise DeckRejected(
                f"{first!r} is not allowed in a deck; allowed: {' '.join(sorted(_CARDS))}", deck=title
            )
    elif first in _COMMANDS or first.startswith("pre_"):
        raise DeckRejected(f"{first!r} is a command, not an element", deck=title)
    elif first[0] not in _ELEMENTS:
        raise DeckRejected(
            f"{first!r} is not an element that decks may use (code models read files)", deck=title
        )
    elif first[0] in "vi" and "external" in words and (len(words) != 4 or words[3] != "external"):
        raise DeckRejected(
            f"external source {first!r} carries more than its nodes, which crashes ngspice",
            deck=title,
            node=first,
            hint=f"write: {first} NODE+ NODE- external",
        )
    model = _MODEL_TYPES.match(line)
    if _FILE_ARGUMENT.search(line) or (model and model.group(1).lower() in _FILE_MODELS):
        raise DeckRejected(f"a device or model may not name a file: {line[:60]!r}", deck=title)


def _check_nesting(lines: list[str], title: str | None) -> None:
    """Unpaired .subckt or .if ruin the library for the process."""
    words = [line.split(None, 1)[0].lower() for line in lines if line[0] == "."]
    for opening, closing in ((".subckt", ".ends"), (".if", ".endif")):
        depth = 0
        for word in words:
            depth += (word == opening) - (word == closing)
            if depth < 0:
                raise DeckInvalid(f"{closing} without {opening}", deck=title)
        if depth:
            raise DeckInvalid(f"{opening} without {closing}", deck=title)
