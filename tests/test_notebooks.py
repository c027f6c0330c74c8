"""Every name that a notebook imports is there: told before minutes of running tell it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path

import nbformat
import pytest

from cosim.paths import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def imported(notebook: Path) -> list[tuple[str, str]]:
    """Module and name of every `from ... import ...` in its code; magics are no Python and are left out."""
    found = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found += [(node.module, name.name) for name in node.names]
    return found


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_every_imported_name_is_there(notebook: Path) -> None:
    names = imported(notebook)
    assert names
    missing = [f"{module}.{name}" for module, name in names if not _there(module, name)]
    assert missing == []


def _there(module: str, name: str) -> bool:
    if hasattr(importlib.import_module(module), name):
        return True
    return importlib.util.find_spec(f"{module}.{name}") is not None
