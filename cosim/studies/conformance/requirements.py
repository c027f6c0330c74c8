"""IDs and texts of the requirements' rows, from `requirements.yaml`: every report shows all of them, in this order."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from cosim.scenario.base import UniqueKeyLoader

FILE = Path(__file__).with_name("requirements.yaml")


@cache
def requirements(file: Path = FILE) -> dict[str, str]:
    """Text of every row by its ID, in the order of the requirements."""
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)
    return {str(row): str(text) for row, text in content.items()}


def order_of(row: str) -> int:
    """Place of a row in a report."""
    return list(requirements()).index(row)
