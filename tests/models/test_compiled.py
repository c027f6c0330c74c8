"""Compiled code never outlives the sources that it was made from."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from models.compiled import KEPT_DAYS, choose_cache_folder, compiled_sources, own_modules, sources_key, sources_of

CALLEE = "from models.compiled import compiled\n\n@compiled\ndef inner(x):\n    return x + {}\n"
CALLER = (
    "from models.compiled import compiled\nfrom cosim.callee import inner\n\n"
    "@compiled\ndef outer(x):\n    return inner(x)\n"
)


def make_project(folder: Path) -> None:
    for name in ("models", "cosim"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("")
    for file in ("compiled.py", "compiling.py"):
        source = Path(__file__).resolve().parents[2] / "models" / file
        (folder / "models" / file).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "cosim" / "caller.py").write_text(CALLER)


def answer(folder: Path, script: str = "from cosim.caller import outer; print(outer(1.0))") -> str:
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_an_edited_callee_is_compiled_again(tmp_path: Path) -> None:
    make_project(tmp_path)
    for constant, expected in (("1.0", "2.0"), ("1.0", "2.0"), ("5.0", "6.0")):
        (tmp_path / "cosim" / "callee.py").write_text(CALLEE.format(constant))
        assert answer(tmp_path) == expected


def test_a_numba_that_was_not_tried_compiles_alone(tmp_path: Path) -> None:
    make_project(tmp_path)
    (tmp_path / "cosim" / "callee.py").write_text(CALLEE.format("1.0"))
    script = "from cosim.caller import outer; print(type(outer).__name__, outer(1.0))"
    assert answer(tmp_path, script) == "Physics 2.0"
    door = tmp_path / "models" / "compiled.py"
    text = re.sub(r'TRIED_WITH = \(.*\)', 'TRIED_WITH = ("0.1",)', door.read_text(encoding="utf-8"))
    door.write_text(text, encoding="utf-8")
    (tmp_path / "models" / "compiling.py").unlink()
    assert answer(tmp_path, script) == "CPUDispatcher 2.0"


def test_the_key_is_the_content(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("one")
    first = sources_key([file])
    assert sources_key([file]) == first
    file.write_text("two")
    assert sources_key([file]) != first


def test_old_folders_go_and_recent_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    place = tmp_path / "models" / "__pycache__" / "bms-cosim-numba"
    for name, days in (("old", KEPT_DAYS + 1.0), ("recent", 1.0)):
        (place / name).mkdir(parents=True)
        then = os.path.getmtime(place / name) - days * 86400.0
        os.utime(place / name, (then, then))
    environment = os.environ.pop("NUMBA_CACHE_DIR", None)
    try:
        folder = choose_cache_folder(tmp_path, "key")
    finally:
        if environment is not None:
            os.environ["NUMBA_CACHE_DIR"] = environment
    assert folder.is_dir()
    assert {f.name for f in place.iterdir()} == {"recent", folder.name}


def test_a_constant_from_a_plain_module_counts_and_what_only_calls_does_not(tmp_path: Path) -> None:
    make_project(tmp_path)
    constants, caller = tmp_path / "cosim" / "constants.py", tmp_path / "cosim" / "caller.py"
    (tmp_path / "cosim" / "shell.py").write_text("from cosim.caller import outer\n")
    callee = "from cosim import (\n    constants,\n)\n" + CALLEE.format("constants.OFFSET")
    (tmp_path / "cosim" / "callee.py").write_text(callee)
    for value, expected in (("1.0", "2.0"), ("5.0", "6.0")):
        constants.write_text(f"OFFSET = {value}\n")
        assert answer(tmp_path) == expected
    files = compiled_sources(tmp_path)
    assert constants in files and caller in files
    assert tmp_path / "cosim" / "shell.py" not in files


def test_an_edit_compiles_again_what_depends_on_it_and_nothing_else() -> None:
    root = Path(__file__).resolve().parents[2]
    modules = own_modules(root)

    def depends(module: str, on: str) -> bool:
        return modules[on][0] in sources_of([module], modules)

    assert depends("cosim.slow.loop", "models.chargers")  # through cosim.slow.engine and models.system
    assert not depends("models.bank_tick", "models.chargers")
    assert not depends("models.bank_work", "models.fuse")
    assert all(depends(module, "models.compiled") for module in ("models.fuse", "models.identify.kernels"))
    assert not depends("models.identify.kernels", "models.fuse")


def test_code_of_a_function_that_is_called_inside_and_from_python_gives_the_same_bits(tmp_path: Path) -> None:
    """One kind of code is a draft in its caller, the other has a way in from Python; both, cached and not."""
    make_project(tmp_path)
    (tmp_path / "cosim" / "callee.py").write_text(CALLEE.format("0.1"))
    script = (
        "from cosim.caller import outer\nfrom cosim.callee import inner\nprint(outer(0.2) == inner(0.2) == 0.2 + 0.1)"
    )
    for _ in range(2):
        assert answer(tmp_path, script) == "True"
    kept = {file.name.split(".py")[0] for file in (tmp_path / "models" / "__pycache__").rglob("*.nbi")}
    assert kept == {"caller.outer-4", "callee.inner-3", "draft-callee.inner-3"}


def test_an_exception_in_a_draft_reaches_python(tmp_path: Path) -> None:
    """Its message comes from the environment of a function that has no place of its own in memory."""
    make_project(tmp_path)
    (tmp_path / "cosim" / "callee.py").write_text(
        "from models.compiled import compiled\n\n@compiled\ndef inner(x):\n"
        "    if x < 2.0:\n        raise ValueError('too small', x)\n    return x\n"
    )
    script = (
        "from cosim.caller import outer\n"
        "try:\n    outer(1.0)\nexcept ValueError as error:\n    print(error.args, outer(3.0))"
    )
    for _ in range(2):
        assert answer(tmp_path, script) == "('too small', 1.0) 3.0"


def test_every_module_that_compiles_is_found_in_this_project() -> None:
    root = Path(__file__).resolve().parents[2]
    found = {f.name for f in compiled_sources(root)}
    for folder in ("models", "cosim"):
        for file in (root / folder).glob("*.py"):
            if re.search(r"^@(compiled|borrowing|apart|called|vectorising)", file.read_text("utf-8"), re.MULTILINE):
                assert file.name in found, file
    assert "cli.py" not in found
