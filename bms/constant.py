"""A firmware constant as a dataclass field: default, allowed range, unit and source."""

from __future__ import annotations

from dataclasses import field
from typing import TypeVar

T = TypeVar("T", int, float)


def constant(default: T, low: T, high: T, unit: str, source: str) -> T:
    """Field of a constant with its allowed range, unit and source ('ours': a choice of this project)."""
    made: T = field(default=default, metadata={"low": low, "high": high, "unit": unit, "source": source})
    return made
