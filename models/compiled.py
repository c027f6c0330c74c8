"""Typed door to numba: one decorator for every physics function.

numba keeps machine code on disk and looks only at the file of a function to see whether it is still good, not at
the files of what that function calls. An edited callee would go on running as it was. Therefore the code of a module
lies in a folder named by the content of that module and of all of ours that it imports, to the end: an edit compiles
again what depends on it and nothing else, and what was compiled before is found again when the edit is taken back.
"""

import functools
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
from numba.core import config

Function = TypeVar("Function", bound=Callable[..., Any])

TRIED_WITH = ("0.68",)
"""Series of numba whose inside `models.compiling` was tried with. With any other numba compiles alone: minutes longer,
the same results."""
COMMON: dict[str, Any] = {"no_cfunc_wrapper": True}
"""Options of every function; nobody calls them from C, and the way in for C costs time to compile."""
KEPT_DAYS = 14.0
"""Machine code of other states of the sources is removed after this many days without use (ours)."""

COMPILES = re.compile(r"^\s*(?:from|import) (?:models\.compiled|numba)\b", re.MULTILINE)
"""A module that compiles functions says so with an import like this."""
IMPORTS = re.compile(r"^\s*from (models|cosim)((?:\.\w+)*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
"""Imports of our own modules: package, module if named, names."""


def sources_key(files: Iterable[Path]) -> str:
    """Return a name for the content of source files, and of numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def own_modules(root: Path) -> dict[str, tuple[Path, str]]:
    """File and text of every module below `root` that compiled code may come from, by its name."""
    files = [file for folder in ("models", "cosim") for file in root.glob(f"{folder}/**/*.py")]
    return {
        ".".join(file.relative_to(root).with_suffix("").parts): (file, file.read_text(encoding="utf-8"))
        for file in files
    }


def sources_of(wanted: Iterable[str], modules: dict[str, tuple[Path, str]]) -> list[Path]:
    """Files on which the machine code of the modules `wanted` depends: what of ours they import, to the end.

    A constant that compiled code reads is frozen into it, so the modules that such constants come from count. The
    decorators themselves count everywhere. What only calls compiled code (the command line, plots) does not.
    """
    waiting = [*wanted, "models.compiled", "models.compiling"]
    found: dict[str, Path] = {}
    while waiting:
        name = waiting.pop()
        if name in found or name not in modules:
            continue
        found[name], text = modules[name]
        for package, module, names in IMPORTS.findall(text):
            waiting += [f"{package}{module}", *(f"{package}{module}.{one}" for one in re.findall(r"\w+", names))]
    return list(found.values())


def compiled_sources(root: Path) -> list[Path]:
    """Files below `root` on which any machine code depends."""
    modules = own_modules(root)
    return sources_of([name for name, (_, text) in modules.items() if COMPILES.search(text)], modules)


def choose_cache_folder(root: Path, key: str) -> Path:
    """Folder for machine code with this key, and drop folders that are long unused.

    ``NUMBA_CACHE_DIR`` names the place if it is set; else it is beside the sources below `root`, or in the temporary
    folder if they cannot be written to.
    """
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


_ROOT = Path(__file__).resolve().parent.parent
_modules = functools.cache(own_modules)


@functools.cache
def _folder_of(module: str, file: Path) -> Path:
    """Folder for what a module compiles; one that is none of ours (a test's) may depend on all of them."""
    modules = _modules(_ROOT)
    files = sources_of([module], modules) if module in modules else [*compiled_sources(_ROOT), file]
    return choose_cache_folder(_ROOT, sources_key(files))


# For what is compiled by numba's own decorators: the one thing that this module does at import.
config.CACHE_DIR = str(choose_cache_folder(_ROOT, sources_key(compiled_sources(_ROOT))))


def _physics() -> Callable[[Any, dict[str, Any]], Any]:
    """Return what makes a compiled function out of a plain one and numba's options."""
    if numba.__version__.rpartition(".")[0] in TRIED_WITH:
        from models.compiling import Physics

        return Physics
    return lambda function, options: numba.njit(**options)(function)


_PHYSICS = _physics()


def _door(function: Function, **options: Any) -> Function:
    """Return the function compiled on first call (`models.compiling`), with the type of the original."""
    if config.DISABLE_JIT:
        return function
    physics = _PHYSICS(function, {**COMMON, **options})
    others = config.CACHE_DIR
    # numba looks there for the place when a function's cache is made, and only then.
    config.CACHE_DIR = str(_folder_of(function.__module__, Path(function.__code__.co_filename)))
    physics.enable_caching()
    config.CACHE_DIR = others
    return cast(Function, physics)


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
    return _door(function, forceinline=True)


def borrowing(function: Function) -> Function:
    """Compile a function that makes and returns no array, as :func:`compiled` but without reference counting.

    Its arrays are borrowed from the caller. numba otherwise counts a reference, with an atomic operation, at every
    access to an array in a NamedTuple; that took a third of the tick loop. A function that would allocate does not
    compile.
    """
    return _door(function, forceinline=True, _nrt=False)


def called(function: Function) -> Function:
    """Return a function compiled as by :func:`borrowing`, but called and not inlined: for what few runs need, often.

    Not to be inlined is said in so many words: an option that is not given is the one of the function that happens to
    be compiled around this one, and that is mostly an inlined one.
    """
    return _door(function, _nrt=False, forceinline=False)


def vectorising(function: Function) -> Function:
    """Compile as :func:`borrowing`, with divisions that the compiler may do several at a time.

    numba's own rule, an exception where a divisor is zero, puts a branch into every pass of a loop; here such a
    division gives an infinity instead. Only for loops whose divisors cannot be zero.
    """
    return _door(function, forceinline=True, _nrt=False, error_model="numpy")


def apart(function: Function) -> Function:
    """Return a function compiled as by :func:`compiled`, but called and not inlined: for long, rare ones.

    Inlined everywhere they would be compiled again with every caller.
    """
    return _door(function, forceinline=False)


def borrowing_apart(function: Function) -> Function:
    """Return a function compiled as by :func:`borrowing`, but called and not inlined, as :func:`apart`."""
    return _door(function, _nrt=False, forceinline=False)
