"""The runner of notebooks: fresh kernels of this Python, whole copies, one line per failure, nothing else written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cosim.paths import ROOT
from scripts import notebooks
from scripts.run_notebook import kernel_environment

GOOD = """
import os, sys, pathlib
import cosim
pathlib.Path("left_behind.txt").write_text("x")
print(sys.prefix, cosim.__file__, os.getcwd())
"""
CASES = {
    "01_good": [GOOD, "import matplotlib.figure; f = matplotlib.figure.Figure(); f.subplots(); 1 + 1"],
    "02_raises": ["x = 1", "raise ValueError('odd\\nvalue')"],
    "03_dies": ["import os; os._exit(3)"],
    "04_warns": ["import warnings; warnings.warn('look out')"],
}


def run(base: Path, cases: dict[str, list[str]], *options: str) -> subprocess.CompletedProcess[str]:
    """Write notebooks of these cells and run them, where an odd kernel is installed."""
    (base / "notebooks").mkdir()
    for name, sources in cases.items():
        cells = [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
        nbformat.write(new_notebook(cells=cells), base / "notebooks" / f"{name}.ipynb")
    odd = base / "jupyter" / "kernels" / "python3"  # the name that all notebooks ask for: not to be used
    odd.mkdir(parents=True)
    (odd / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "odd", "language": "python"}')
    command = [sys.executable, "-m", "scripts.notebooks", "--notebooks", str(base / "notebooks"),
               "-o", str(base / "out"), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, "JUPYTER_PATH": str(base / "jupyter")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notebooks good and bad, with an older copy of one of them and of one that is gone; all run once."""
    base = tmp_path_factory.mktemp("runner")
    (base / "out").mkdir()
    for old in ("02_raises", "09_gone"):
        (base / "out" / f"{old}.ipynb").write_text("old", encoding="utf-8")
    done = run(base, CASES)
    (base / "told.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.returncode == 1, done.stderr
    return base


def told(folder: Path, name: str) -> str:
    return next(line for line in (folder / "told.txt").read_text(encoding="utf-8").splitlines() if name in line)


def test_a_good_one_runs_in_this_python_with_these_packages_elsewhere(folder: Path) -> None:
    copy = nbformat.read(folder / "out" / "01_good.ipynb", as_version=4)
    prefix, package, cwd = copy.cells[0].outputs[0].text.split()
    assert prefix == sys.prefix
    assert Path(package) == ROOT / "cosim" / "__init__.py"
    assert not Path(cwd).is_relative_to(ROOT) and not Path(cwd).exists()
    assert not [*ROOT.glob("left_behind.txt"), *ROOT.glob("*/left_behind.txt")]
    assert copy.cells[1].outputs[0].data["text/plain"] == "2"
    assert all("execution" not in cell.metadata for cell in copy.cells)  # times of a run would differ every time
    assert "FAILED" not in told(folder, "01_good")
    assert " s" in told(folder, "01_good")


@pytest.mark.parametrize(("name", "said"), [
    ("02_raises", "cell 2 (c1): ValueError: odd value"),
    ("03_dies", "cell 1 (c0): the kernel died"),
    ("04_warns", "cell 1 (c0): writes to stderr:"),
])
def test_a_bad_one_is_told_with_its_cell_and_leaves_no_copy(name: str, said: str, folder: Path) -> None:
    line = told(folder, name)
    assert f"FAILED  {said}" in line
    assert not (folder / "out" / f"{name}.ipynb").exists()


def test_linear_algebra_of_a_kernel_takes_one_thread_unless_asked_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert kernel_environment(tmp_path)["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    assert kernel_environment(tmp_path)["OPENBLAS_NUM_THREADS"] == "4"


def test_only_whole_copies_of_present_notebooks_are_left(folder: Path) -> None:
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["01_good.ipynb"]
    assert told(folder, "in all").startswith("1 of 4 notebooks ran")


def test_one_that_hangs_is_ended_with_its_kernel(tmp_path: Path) -> None:
    done = run(tmp_path, {"01_hangs": ["2 + 2", "import time; time.sleep(600)"]}, "--limit", "2", "--jobs", "1")
    assert done.returncode == 1
    assert "FAILED  cell 2 (c1): still running 2 s after the first cell began" in done.stdout
    mark = f"JUPYTER_PATH={tmp_path / 'jupyter'}".encode()
    assert [process for process, environment in processes() if mark in environment] == []
    assert str(os.getpid()) in dict(processes())  # it can see processes


def processes() -> list[tuple[str, bytes]]:
    """Numbers and environments of all processes that may be looked at."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            found.append((entry.parent.name, entry.read_bytes()))
        except OSError:  # not ours, or gone meanwhile
            continue
    return found


def test_notebooks_are_found_by_number_or_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("05_short", "06_alarm", "07_bank"):
        (tmp_path / f"{name}.ipynb").touch()
    assert [path.stem for path in notebooks.chosen([], tmp_path)] == ["05_short", "06_alarm", "07_bank"]
    assert [path.stem for path in notebooks.chosen(["07", "05_short.ipynb"], tmp_path)] == ["07_bank", "05_short"]
    with pytest.raises(SystemExit) as stop:
        notebooks.chosen(["08"], tmp_path)
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and "08" in message and "06_alarm" in message


def test_cleaning_and_checking_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cell = new_code_cell("1", id="one", execution_count=2)
    path = tmp_path / "01_a.ipynb"
    nbformat.write(new_notebook(cells=[cell]), path)
    assert notebooks.main(["--check", "--notebooks", str(tmp_path)]) == 1
    assert "01_a: cell 1 (one): has an execution count" in capsys.readouterr().out
    assert notebooks.main(["--clean", "--notebooks", str(tmp_path)]) == 0
    assert nbformat.read(path, as_version=4).cells[0].execution_count is None
    assert "cleaned 01_a" in capsys.readouterr().out
    assert notebooks.main(["--clean", "--notebooks", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
