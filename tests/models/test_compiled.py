"""Compiled code never outlives the sources that it was made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from models.compiled import KEPT_DAYS, choose_cache_folder, sources_key

CALLEE = "from models.compiled import compiled\n\n@compiled\ndef inner(x):\n    return x + {}\n"
CALLER = (
    "from models.compiled import compiled\nfrom cosim.callee import inner\n\n"
    "@compiled\ndef outer(x):\n    return inner(x)\n"
)


def make_project(folder: Path) -> None:
    for name in ("models", "cosim"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("")
    source = Path(__file__).resolve().parents[2] / "models" / "compiled.py"
    (folder / "models" / "compiled.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "cosim" / "caller.py").write_text(CALLER)


def answer(folder: Path) -> str:
    script = "from cosim.caller import outer; print(outer(1.0))"
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
        folder = choose_cache_folder(tmp_path)
    finally:
        if environment is not None:
            os.environ["NUMBA_CACHE_DIR"] = environment
    assert folder.is_dir()
    assert {f.name for f in place.iterdir()} == {"recent", folder.name}
