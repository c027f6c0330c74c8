"""The walls of the house: who may import whom, where tests live, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from cosim.paths import ROOT

PACKAGES = ("bms", "models", "netlists", "cosim")
MAY_IMPORT = {
    "bms": {"bms"},
    "models": {"models"},
    "netlists": {"netlists"},
    "cosim": {"bms", "models", "netlists", "cosim"},
}
"""The arrows of the design: package -> packages of ours that it may import."""

BMS_NEVER = {"numpy", "scipy", "numba", "time", "datetime", "os", "io", "pathlib", "random"}
BMS_NEVER_CALLS = {"open", "print", "input"}
"""The supervisor is plain Python without clock, input or output."""

LONGEST_FILE = 400
LONGER_FOR_A_REASON: dict[str, str] = {}
"""Files that may be longer than `LONGEST_FILE`, each with its reason."""

MACHINE_PATH = re.compile(r"(?<![\w.~$})])/(?:home|root|Users|work|tmp|mnt|srv|media)/\w|[A-Z]:\\\\?Users")
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".cir", ".lib", ".ipynb", ".json", ".csv", ""}


def tracked() -> list[Path]:
    """Files that belong to the repository; all files below the packages where git is not at hand."""
    try:
        command = ["git", "ls-files", "-z"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(ROOT)) for top in (*PACKAGES, "tests") for p in (ROOT / top).rglob("*.py")]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def imported(text: str) -> set[str]:
    """Top-level names that a module imports anywhere, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the arrows"
            found.add((node.module or "").split(".")[0])
    return found


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_arrows_never_turn_round(package: str) -> None:
    ours = {*PACKAGES, "tests", "scripts", "benchmarks", "notebooks"}
    wrong = {
        str(path.relative_to(ROOT)): sorted(names)
        for path in modules(package)
        if (names := (imported(path.read_text(encoding="utf-8")) & ours) - MAY_IMPORT[package])
    }
    assert not wrong


def test_inner_rooms_of_the_coupling_know_nothing_of_the_outer_ones() -> None:
    """`spice` runs any deck, `circuit` any of the product's circuits, whatever scenario or study asks for it."""
    for room, may in (("spice", {"spice", "paths"}), ("circuit", {"circuit", "spice", "paths", "errors"})):
        for path in modules(f"cosim/{room}"):
            found = re.findall(r"^\s*(?:from|import) cosim\.(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert set(found) <= may, path


def test_coupling_is_sorted_into_rooms() -> None:
    """A reader finds the room by its name; in the hall stands what a script imports, and what all rooms share."""
    hall = {path.stem for path in (ROOT / "cosim").glob("*.py")}
    assert hall == {"__init__", "__main__", "errors", "paths", "result", "run", "simulation"}


def test_supervisor_has_no_clock_and_no_io() -> None:
    for path in modules("bms"):
        text = path.read_text(encoding="utf-8")
        calls = {node.func.id for node in ast.walk(ast.parse(text))
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert not imported(text) & BMS_NEVER, path.name
        assert not calls & BMS_NEVER_CALLS, path.name


def test_import_finder_sees_every_form() -> None:
    text = "import models.cell\ndef f():\n    from bms import step\n    import cosim as c, numpy\n"
    assert imported(text) == {"models", "bms", "cosim", "numpy"}


def test_no_path_of_one_machine() -> None:
    here = Path(__file__).name
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path.suffix in TEXT and path.name not in (here, "LICENSE")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not wrong


@pytest.mark.parametrize(("line", "found"), [
    ("open('/home/ann/x')", True), ("see /work/main/x", True), (r"C:\Users\ann", True),
    ("results/work/x", False), ("https://example.org/home/x", False), ("$(HOME)/root/x", False),
])
def test_machine_paths_are_told_from_others(line: str, found: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) is found


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked()
        if path.suffix in {".py", ".cir", ".lib"}
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
        and str(path.relative_to(ROOT)) not in LONGER_FOR_A_REASON
    }
    assert not long


def test_tests_mirror_the_folders() -> None:
    tests = ROOT / "tests"
    stray = [str(path.relative_to(ROOT)) for path in tests.rglob("test_*.py")
             if path.parent != tests and path.relative_to(tests).parts[0] not in (*PACKAGES, "scripts", "notebooks")]
    assert not stray
    for package in PACKAGES:
        content = [path for path in (ROOT / package).rglob("*") if path.suffix in {".py", ".cir"}]
        assert content and list((tests / package).rglob("test_*.py")), f"{package} has no tests"
