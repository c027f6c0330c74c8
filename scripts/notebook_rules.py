"""What a stored notebook must be: clean, one story, and a user of the packages rather than a second place for models.

`problems` says what is wrong with one; `cleaned` takes out what a notebook application leaves behind.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import nbformat.v4
from nbformat import NotebookNode

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""All that a stored notebook says about its kernel."""
MAY_IMPORT = {"bms", "models", "cosim", "numpy", "matplotlib", "xarray", "IPython"}
"""Top-level packages that a notebook may import besides the standard library."""
FILE_NAME = re.compile(r"(\d\d)_[a-z0-9_]+\.ipynb")
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LEARN = "You will learn"
"""What the first cell tells after its title."""
LONGEST_FUNCTION = 3
"""Statements of a function in a notebook; what is longer belongs into a package, where it is tested."""


def stored(path: Path) -> NotebookNode:
    """Return a notebook as it stands in its file; `nbformat.read` would mend some of what is to be found."""
    notebook: NotebookNode = nbformat.v4.reads(path.read_text(encoding="utf-8"))
    return notebook


def problems(path: Path) -> list[str]:
    """Everything that is wrong with a stored notebook, one line each."""
    notebook = stored(path)
    found: list[str] = []
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        found.append(f"format {notebook.nbformat}.{notebook.nbformat_minor}, not 4.5")
    if notebook.metadata != METADATA:
        found.append("metadata is not that of a stored notebook")
    ids = [str(cell.get("id", "")) for cell in notebook.cells]
    found += [f"cell id {name!r} is missing, odd or given twice"
              for name in ids if not CELL_ID.fullmatch(name) or ids.count(name) > 1]
    found += _of_title(path, notebook)
    for place, cell in enumerate(notebook.cells):
        told = f"cell {place + 1} ({cell.get('id', '')})"
        found += [f"{told}: {text}" for text in _of_cell(cell)]
    return found


def _of_title(path: Path, notebook: NotebookNode) -> list[str]:
    named = FILE_NAME.fullmatch(path.name)
    if named is None:
        return ["file name is not NN_name.ipynb"]
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith(f"# {named[1]} "):
        return [f"the first cell is not a title '# {named[1]} ...'"]
    return [] if LEARN in first.source else [f"the first cell does not say {LEARN!r}"]


def _of_cell(cell: NotebookNode) -> list[str]:
    found = [] if set(cell.metadata) <= {"tags"} else ["has metadata besides tags"]
    if not cell.source.strip():
        found.append("is empty")
    if cell.cell_type != "code":
        return found
    found += ["has outputs"] if cell.outputs else []
    found += ["has an execution count"] if cell.execution_count is not None else []
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return [*found, "is no plain Python"]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found.append(f"defines a class {node.name}")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            statements = sum(isinstance(part, ast.stmt) for part in ast.walk(node)) - 1
            found += [f"function {node.name} is too long for a notebook"] if statements > LONGEST_FUNCTION else []
        found += [f"imports {name}" for name in _imported(node) if name not in MAY_IMPORT | sys.stdlib_module_names]
    return found


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").split(".")[0]]
    return []


def cleaned(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook as it is stored: no outputs, no counts, no metadata of an application; cell ids stay."""
    out = NotebookNode(cells=[], metadata=METADATA, nbformat=4, nbformat_minor=5)
    for place, cell in enumerate(notebook.cells):
        tags = {"tags": cell.metadata.tags} if cell.metadata.get("tags") else {}
        kept = {"cell_type": cell.cell_type, "id": cell.get("id", f"cell-{place + 1}"), "metadata": tags,
                "source": cell.source.strip("\n")}
        if cell.cell_type == "code":
            kept |= {"outputs": [], "execution_count": None}
        out.cells.append(NotebookNode(kept))
    return out
