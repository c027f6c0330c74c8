"""Typed door to numba: one decorator for every physics function.

numba keeps machine code on disk and looks only at the file of a function to see whether it is still good, not at
the files of what that function calls. An edited callee would go on running as it was. Therefore the code of one
state of the sources lies in a folder of its own, named by their content; choosing it is the one thing that this
module does at import, because numba reads the setting when a function is decorated.
"""

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

COMMON: dict[str, Any] = {"cache": True, "no_cfunc_wrapper": True}
"""Options of every function; nobody calls them from C, and the way in for C costs time to compile."""
KEPT_DAYS = 14.0
"""Machine code of other states of the sources is removed after this many days without use (ours)."""

COMPILES = re.compile(r"^\s*(?:from|import) (?:models\.compiled|numba)\b", re.MULTILINE)
"""A module that compiles functions says so with an import like this."""
IMPORTS = re.compile(r"^\s*from (models|cosim)(\.\w+)? import (\([^)]*\)|[^\n]*)", re.MULTILINE)
"""Imports of our own modules: package, module if named, names."""


def sources_key(files: Iterable[Path]) -> str:
    """Return a name for the content of source files, and of numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def compiled_sources(root: Path) -> list[Path]:
    """Files below `root` on which machine code depends: modules that compile, and what of ours they import, to the end.

    A constant that compiled code reads is frozen into it, so the modules that such constants come from count. What
    only calls compiled code (the command line, plots) does not, and an edit there compiles nothing again.
    """
    texts = {f"{file.parent.name}.{file.stem}": (file, file.read_text(encoding="utf-8"))
             for folder in ("models", "cosim") for file in root.glob(f"{folder}/*.py")}
    wanted = [name for name, (_, text) in texts.items() if COMPILES.search(text)]
    found: dict[str, Path] = {}
    while wanted:
        name = wanted.pop()
        if name in found or name not in texts:
            continue
        found[name], text = texts[name]
        for package, module, names in IMPORTS.findall(text):
            wanted += [f"{package}{module}"] if module else [f"{package}.{n}" for n in re.findall(r"\w+", names)]
    return list(found.values())


def choose_cache_folder(root: Path) -> Path:
    """Point numba at the folder of the present sources below `root`, and drop folders that are long unused.

    ``NUMBA_CACHE_DIR`` names the place if it is set; else it is beside the sources, or in the temporary folder if
    they cannot be written to.
    """
    key = sources_key(compiled_sources(root))
    wanted = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(wanted)] if wanted else [root / "models" / "__pycache__", Path(tempfile.gettempdir())]
    for place in places:
        folder = place / "bms-cosim-numba" / key
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.utime(folder)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            break
    for other in folder.parent.glob("*"):
        try:
            if time.time() - other.stat().st_mtime > KEPT_DAYS * 86400.0:
                shutil.rmtree(other, ignore_errors=True)
        except OSError:
            continue
    return folder


vars(numba.config)["CACHE_DIR"] = str(choose_cache_folder(Path(__file__).resolve().parent.parent))


def compiled(function: Function) -> Function:
    """Compile a physics function on first call and keep the machine code in the on-disk cache.

    Parameters
    ----------
    function : callable
        A pure function of floats, float64 arrays and NamedTuples of those.

    Returns
    -------
    callable
        The compiled function, with the type of the original for the type checker.

    Notes
    -----
    No ``fastmath``: it would let results differ between machines and drop NaN checks. ``error_model='numpy'``
    is left out as well, so that a division by zero raises instead of spreading an infinity. ``forceinline``:
    a NamedTuple of parameters is a hundred machine words, so a call costs more than most of these functions do;
    inlining changes no floating-point operation.
    """
    return cast(Function, numba.njit(**COMMON, forceinline=True)(function))


def borrowing(function: Function) -> Function:
    """Compile a function that makes and returns no array, as :func:`compiled` but without reference counting.

    Its arrays are borrowed from the caller. numba otherwise counts a reference, with an atomic operation, at every
    access to an array in a NamedTuple; that took a third of the tick loop. A function that would allocate does not
    compile.
    """
    options: dict[str, Any] = {**COMMON, "forceinline": True, "_nrt": False}
    return cast(Function, numba.njit(**options)(function))


def called(function: Function) -> Function:
    """Compile as :func:`borrowing`, but called and not inlined: for what few runs need, at many places of a tick."""
    options: dict[str, Any] = {**COMMON, "_nrt": False, "inline": "never"}
    return cast(Function, numba.njit(**options)(function))


def vectorising(function: Function) -> Function:
    """Compile as :func:`borrowing`, with divisions that the compiler may do several at a time.

    numba's own rule, an exception where a divisor is zero, puts a branch into every pass of a loop; here such a
    division gives an infinity instead. Only for loops whose divisors cannot be zero.
    """
    options: dict[str, Any] = {**COMMON, "forceinline": True, "_nrt": False, "error_model": "numpy"}
    return cast(Function, numba.njit(**options)(function))


def apart(function: Function) -> Function:
    """Compile as :func:`compiled`, but called and not inlined: for long functions that are called now and then.

    Inlined everywhere they would be compiled again with every caller.
    """
    options: dict[str, Any] = {**COMMON, "inline": "never"}
    return cast(Function, numba.njit(**options)(function))


def borrowing_apart(function: Function) -> Function:
    """Compile as :func:`borrowing`, but called and not inlined, as :func:`apart`."""
    options: dict[str, Any] = {**COMMON, "inline": "never", "_nrt": False}
    return cast(Function, numba.njit(**options)(function))
