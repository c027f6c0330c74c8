"""Finding libngspice: an explicit path, one unpacked inside the virtual environment, conda, the system."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cosim.spice.errors import LibraryMissing

ENVIRONMENT_VARIABLE = "BMS_COSIM_LIBNGSPICE"
UNPACKED = Path("lib") / "bms-cosim"
"""Where `make setup` unpacks libngspice without root, below `sys.prefix`."""

SYSTEM_NAMES = ("libngspice.so.0", "libngspice.so", "libngspice.dylib", "libngspice.0.dylib")
"""What the system's loader is asked for, in this order."""

_PATTERNS = ("libngspice.so*", "libngspice*.dylib")
_MISSING_DEPENDENCY = re.compile(r"([\w.+-]+\.so[\w.]*): cannot open shared object file")


def find_library() -> str:
    """Path or name of a libngspice that loads, its dependencies loaded already.

    Raises
    ------
    LibraryMissing
        one line that names the command to type
    """
    explicit = os.environ.get(ENVIRONMENT_VARIABLE)
    if explicit:
        problem = _try_to_load(explicit)
        if problem is None:
            return explicit
        raise LibraryMissing(f"{ENVIRONMENT_VARIABLE}={explicit} does not load: {problem}", hint=_hint())
    problems = []
    for candidate in _candidates():
        problem = _try_to_load(candidate)
        if problem is None:
            return candidate
        if os.path.isabs(candidate):
            problems.append(f"{candidate}: {problem}")
    raise LibraryMissing("libngspice was not found" + "".join(f" ({p})" for p in problems), hint=_hint())


def _candidates() -> Iterator[str]:
    folders = [Path(sys.prefix) / UNPACKED]
    for folder in folders:
        for pattern in _PATTERNS:
            yield from (str(path) for path in sorted(folder.rglob(pattern)) if path.is_file())
    for prefix in dict.fromkeys((os.environ.get("CONDA_PREFIX"), sys.prefix)):
        if prefix:
            for pattern in _PATTERNS:
                yield from (
                    str(path) for path in sorted((Path(prefix) / "lib").glob(pattern)) if path.is_file()
                )
    yield from SYSTEM_NAMES


def _try_to_load(library: str) -> str | None:
    """Load a library and, from its own folder, whatever it misses; the problem in words, or None."""
    for _ in range(100):
        try:
            ctypes.CDLL(library)
        except OSError as error:
            missing = _MISSING_DEPENDENCY.match(str(error))
            if missing is None or not _load_neighbour(library, missing.group(1)):
                return str(error)
        else:
            return None
    return "its dependencies cannot be resolved"


def _load_neighbour(library: str, name: str, depth: int = 0) -> bool:
    """Load a dependency from the folder of the library for all to see; whether that changed anything."""
    path = Path(library).parent / name
    if not os.path.isabs(library) or depth > 20 or name == Path(library).name or not path.is_file():
        return False
    try:
        ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        missing = _MISSING_DEPENDENCY.match(str(error))
        return missing is not None and _load_neighbour(library, missing.group(1), depth + 1)
    return True


def _hint() -> str:
    if sys.platform == "darwin":
        command = "brew install libngspice"
    elif os.environ.get("CONDA_PREFIX"):
        command = "conda install -c conda-forge libngspice"
    else:
        command = "apt install libngspice0 (as root) or make setup (without)"
    return f"type: {command}; or set {ENVIRONMENT_VARIABLE} to its path"
