"""Stored notebooks are clean, and each rule about them can fail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cosim.paths import ROOT
from scripts import notebook_rules
from scripts.notebook_rules import METADATA, cleaned, problems

STORED = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks_and_their_numbers_follow() -> None:
    numbers = [int(path.name[:2]) for path in STORED]
    assert numbers[:6] == [1, 2, 3, 4, 5, 6]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_notebook_is_clean(path: Path) -> None:
    assert problems(path) == []
    assert path.read_text(encoding="utf-8") == nbformat.writes(cleaned(nbformat.read(path, as_version=4))) + "\n"


def good() -> NotebookNode:
    cells = [
        new_markdown_cell("# 01 A story\n\n**You will learn** something.", id="title"),
        new_code_cell("import math\n\nimport numpy as np\n\nfrom cosim.result import Result", id="imports"),
        new_code_cell("def doubled(x):\n    return 2.0 * x\n\ndoubled(np.pi)", id="sum"),
    ]
    notebook: NotebookNode = new_notebook(cells=cells, metadata=METADATA)
    return notebook


def write(notebook: NotebookNode, folder: Path, name: str = "01_a_story.ipynb") -> Path:
    path = folder / name
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_a_good_one_has_no_problem(tmp_path: Path) -> None:
    assert problems(write(good(), tmp_path)) == []


def last(source: str) -> Callable[[NotebookNode], None]:
    """Put a source into the last cell."""
    def change(notebook: NotebookNode) -> None:
        notebook.cells[-1].source = source
    return change


def first(source: str) -> Callable[[NotebookNode], None]:
    """Put a source into the first cell."""
    def change(notebook: NotebookNode) -> None:
        notebook.cells[0].source = source
    return change


def _run(notebook: NotebookNode) -> None:
    notebook.cells[1].execution_count = 3


def _shown(notebook: NotebookNode) -> None:
    notebook.cells[1].outputs = [new_output("stream", text="1\n")]


def _other_kernel(notebook: NotebookNode) -> None:
    notebook.metadata = {**METADATA, "kernelspec": {**METADATA["kernelspec"], "name": "mine"}}


def _application(notebook: NotebookNode) -> None:
    notebook.cells[1].metadata = {"collapsed": True}


def _twice(notebook: NotebookNode) -> None:
    notebook.cells[1].id = notebook.cells[2].id


def _old(notebook: NotebookNode) -> None:
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        del cell["id"]


LONG = "def f(x):\n    y = 2.0 * x\n    y += 1.0\n    y *= y\n    return y"


@pytest.mark.parametrize(("change", "said"), [
    (_run, "cell 2 (imports): has an execution count"),
    (_shown, "cell 2 (imports): has outputs"),
    (_other_kernel, "metadata is not that"),
    (_application, "cell 2 (imports): has metadata besides tags"),
    (_twice, "cell id 'sum' is missing, odd or given twice"),
    (_old, "format 4.4, not 4.5"),
    (last("import pandas"), "cell 3 (sum): imports pandas"),
    (last("from scipy.optimize import root"), "cell 3 (sum): imports scipy"),
    (last("class Model:\n    pass"), "cell 3 (sum): defines a class Model"),
    (last(LONG), "cell 3 (sum): function f is too long"),
    (last("%matplotlib inline"), "cell 3 (sum): is no plain Python"),
    (last(" \n"), "cell 3 (sum): is empty"),
    (first("# 02 A story\n\nYou will learn it."), "the first cell is not a title '# 01 ...'"),
    (first("# 01 A story"), "the first cell does not say"),
])
def test_each_rule_can_fail(change: Callable[[NotebookNode], None], said: str, tmp_path: Path) -> None:
    notebook = good()
    change(notebook)
    assert any(text.startswith(said) for text in problems(write(notebook, tmp_path)))


def test_a_name_without_number_is_refused(tmp_path: Path) -> None:
    assert problems(write(good(), tmp_path, "story.ipynb")) == ["file name is not NN_name.ipynb"]


def test_cleaning_takes_out_all_that_a_run_leaves_and_nothing_else(tmp_path: Path) -> None:
    notebook = good()
    notebook.cells[2].metadata = {"collapsed": True, "tags": ["hide-input"]}
    before = {cell.id: cell.source for cell in notebook.cells}
    for change in (_run, _shown, _other_kernel):
        change(notebook)
    path = write(cleaned(notebook), tmp_path)
    assert problems(path) == []
    again = nbformat.read(path, as_version=4)
    assert {cell.id: cell.source for cell in again.cells} == before
    assert again.cells[2].metadata == {"tags": ["hide-input"]}


def test_packages_that_a_notebook_may_import_are_dependencies() -> None:
    needed = (ROOT / "pyproject.toml").read_text(encoding="utf-8").lower()
    ours = {"bms", "models", "cosim"}
    for name in notebook_rules.MAY_IMPORT - ours - {"IPython"}:  # IPython comes with ipykernel
        assert re.search(rf'"{name}[>"]', needed), name
    assert "ipykernel" in needed
