"""Pieces of Markdown that all generators use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

UNITS = {
    "_W_m2": "W/m²", "_mm2": "mm²", "_degC": "°C", "_ohm": "ohm", "_A": "A", "_V": "V", "_W": "W", "_H": "H",
    "_F": "F", "_m": "m", "_s": "s",
}
"""Unit that the end of a field's name stands for; longer endings first."""


def unit_of(name: str) -> str:
    """Unit of a quantity by the end of its name; empty where it has none."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown table; bars and line breaks inside a cell are escaped."""
    lines = [heading, ["---"] * len(heading), *rows]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def number(value: float) -> str:
    """A number as an engineer writes it: six digits, no trailing zeros."""
    return f"{value:.6g}"


def prose(text: str) -> str:
    """Text of a docstring or file as one paragraph of Markdown; angle brackets and asterisks stay as they are."""
    return " ".join(text.split()).replace("<", "\\<").replace("*", "\\*")


def write(path: Path, text: str) -> Path:
    """Write a generated file where its content has changed, so that Sphinx reads again only what is new."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    return path
