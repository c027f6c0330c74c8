"""Typed door to numba: one decorator for every physics function."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


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
    return cast(Function, numba.njit(cache=True, forceinline=True)(function))


def borrowing(function: Function) -> Function:
    """Compile a function that makes and returns no array, as :func:`compiled` but without reference counting.

    Its arrays are borrowed from the caller. numba otherwise counts a reference, with an atomic operation, at every
    access to an array in a NamedTuple; that took a third of the tick loop. A function that would allocate does not
    compile.
    """
    options: dict[str, Any] = {"cache": True, "forceinline": True, "_nrt": False}
    return cast(Function, numba.njit(**options)(function))
