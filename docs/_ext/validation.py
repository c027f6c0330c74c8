"""Pictures and figures of `bms-cosim validate` for this build, kept until a source that they come from changes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cosim.paths import ROOT
from cosim.validation.register import MODELS

SOURCES = ("models/**/*.py", "models/parameters/*.yaml", "cosim/validation/*.py", "cosim/plot/*.py")
"""What the figures and their pictures are made of."""
DATA = ROOT.parent / "shared" / "data"
"""Measured data, where there is any beside the repository; no clone holds it."""


def quick_models() -> list[str]:
    """Models that are validated within seconds: all but those that need a minute of SPICE."""
    return [model.name for model in MODELS if model.quick]


def key() -> str:
    """SHA-256 of all sources, and of whether there is measured data."""
    digest = hashlib.sha256(str(DATA.is_dir()).encode())
    for pattern in SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def store(cache: Path, target: Path) -> list[str]:
    """Copy the validation of this state of the sources into `target`, made first where the cache has none.

    Parameters
    ----------
    cache : folder for validations of states of the sources; other states are removed from it
    target : where pages look for the pictures

    Returns
    -------
    names of the models that pages may show; one without a picture needs measured data

    Raises
    ------
    RuntimeError : the validation did not run to its end; a figure beyond its limit is no such case.
    """
    place = cache / key()
    names = quick_models()
    if not (place / "validation.json").is_file():
        shutil.rmtree(cache, ignore_errors=True)
        _validate(names, place)
    target.mkdir(parents=True, exist_ok=True)
    for file in place.iterdir():
        shutil.copyfile(file, target / file.name)
    return names


def _validate(names: list[str], place: Path) -> None:
    """Run the command in a process of its own: this one has compilation switched off."""
    data = ["--data", str(DATA)] if DATA.is_dir() else []
    ready = [model.name for model in MODELS if model.name in names and (data or not model.needs_data)]
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
    command = [sys.executable, "-m", "cosim", "validate", *ready, *data, "-o", str(place)]
    place.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if not (place / "validation.json").is_file():
        raise RuntimeError(f"bms-cosim validate: {done.stderr.strip() or done.stdout.strip()}")
