"""Compiled parts of the coupling: what an external source is now, how long a step may be, and an accepted point.

They run at every Newton iteration, step or point, so they are machine code that touches no Python object. They see
the memory of a `SourceTable`, of a `TransientRun` and of ngspice through addresses.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import sigutils
from numba.core import types as numba_types
from numba.core.caching import FunctionCache
from numba.core.ccallback import CFunc
from numba.extending import intrinsic
from numba.np.numpy_support import carray

MAX_SOURCES = 64
MAX_ROWS = 8
"""Changes of one source that can be ahead."""
ROW_WORDS = 5
"""t0, v0, slope, t_end, v_end."""
COUNTS = 1 + MAX_SOURCES
ROWS = COUNTS + MAX_SOURCES
ACCEPTED = ROWS + MAX_SOURCES * MAX_ROWS * ROW_WORDS
BLOCK_WORDS = ACCEPTED + 1
"""Layout of a source table in 8-byte words: number of sources, their keys, their counts of rows, their
rows, the last accepted time."""

CONTROL_WORDS = 7
"""Words of the control block that ngspice hands to the callbacks: address of the table (0: none), key of the
stop source, value of the stop source, number of requests for unknown sources, longest next step (0: no limit),
address of the running transient's words (0: none), address of the Python function that takes a point."""
STEP_WORD, RUN_WORD, PYTHON_WORD = 4, 5, 6
"""Places of the last three."""

(N_POINTS, UNTIL_POINT, UNTIL_S, LAST_S, BAD, WIDTH, ADDRESSES, RECORD, HOOK, HOOK_BLOCK, ACCEPTED_AT) = range(11)
RUN_WORDS = 11
"""Words of a running transient: accepted points so far; number of the point and time [s] at which Python is asked
again; time of the last point [s]; position of the first number of the point that is not finite, from 1 on (0: none);
numbers per point; addresses of their addresses in ngspice (0: not known yet), of the record (a row per point, time
first), of the compiled hook (0: none) and of what is its own, and of the source table's last accepted time."""


class CompiledHook(NamedTuple):
    """What compiled code does at an accepted point in place of Python, where nothing but that is to be done.

    Attributes
    ----------
    address : of a C function ``int32 hook(double time_s, double *values, void *block)``. It returns 1 if the point is
        dealt with, and 0 if Python shall be asked as if the hook were not there; it has then done nothing, or failed
        so that Python fails as well
    block : address of what is its own
    """

    address: int
    block: int

types: Any = numba_types  # numba types are callable in ways that its annotations do not tell

_FNV_OFFSET, _FNV_PRIME, _MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


def name_key(name: str) -> int:
    """64-bit FNV-1a hash of a source's name, as the compiled callback computes it from ngspice's C string."""
    key = _FNV_OFFSET
    for byte in name.lower().encode("ascii"):
        key = ((key ^ byte) * _FNV_PRIME) & _MASK
    return key


def _pointer_from_address(typing_context: Any, address: Any) -> Any:
    """Turn an address into a pointer inside compiled code (numba has no public way to do this)."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(address), codegen


as_pointer: Any = intrinsic(_pointer_from_address)


def _call_python(typing_context: Any, address: Any, data: Any, count: Any, ident: Any, control: Any) -> Any:
    """Call the Python function at an address (made by cffi, which takes the interpreter's lock and its errors)."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _call_at(builder, ir.IntType(32), arguments)

    return types.int32(address, data, count, ident, control), codegen


def _call_hook(typing_context: Any, address: Any, time_s: Any, values: Any, block: Any) -> Any:
    """Call the compiled hook at an address."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _call_at(builder, ir.IntType(32), arguments)

    return types.int32(address, time_s, values, block), codegen


def _call_at(builder: Any, result: Any, arguments: Any) -> Any:
    """Call the C function whose address is the first argument with the others."""
    function = ir.FunctionType(result, [argument.type for argument in arguments[1:]])
    return builder.call(builder.inttoptr(arguments[0], function.as_pointer()), arguments[1:])


_python: Any = intrinsic(_call_python)
_hook: Any = intrinsic(_call_hook)


def _external_value(value: Any, time_s: Any, name: Any, ident: Any, control: Any) -> Any:
    """Answer ngspice's question for one external source (compiled to a C callback)."""
    words = carray(control, CONTROL_WORDS, np.uint64)
    numbers = carray(control, CONTROL_WORDS, np.float64)
    key = np.uint64(_FNV_OFFSET)
    k = 0
    while name[k] != 0:
        key = (key ^ np.uint64(name[k])) * np.uint64(_FNV_PRIME)
        k += 1
    if key == words[1]:
        value[0] = numbers[2]
        return 0
    if words[0] != np.uint64(0):
        table = carray(as_pointer(words[0]), BLOCK_WORDS, np.uint64)
        rows = carray(as_pointer(words[0]), BLOCK_WORDS, np.float64)
        for slot in range(np.int64(table[0])):
            if table[1 + slot] == key:
                row = ROWS + slot * MAX_ROWS * ROW_WORDS
                last = row + np.int64(table[COUNTS + slot]) * ROW_WORDS
                candidate = row + ROW_WORDS
                while candidate < last and rows[candidate] <= time_s:
                    row = candidate
                    candidate += ROW_WORDS
                if time_s >= rows[row + 3]:
                    value[0] = rows[row + 4]
                else:
                    value[0] = rows[row + 1] + rows[row + 2] * max(time_s - rows[row], 0.0)
                return 0
    value[0] = np.nan  # aborts the run; the session names the unknown source
    words[3] += np.uint64(1)
    return 0


def _limit_step(time_s: Any, delta_s: Any, old_s: Any, redo: Any, ident: Any, location: Any, control: Any) -> Any:
    """Shorten the step that ngspice is about to try (compiled to a C callback).

    ngspice asks at location 0 after it has chosen the step and cut it for breakpoints, and takes what it finds.
    """
    limit_s = carray(control, CONTROL_WORDS, np.float64)[STEP_WORD]
    if location == 0 and 0.0 < limit_s < delta_s[0]:
        delta_s[0] = limit_s
    return 0


def compile_step_callback() -> Any:
    """C callback that limits the next step; compiled on first use and cached on disk."""
    signature = types.int32(
        types.float64, types.CPointer(types.float64), types.float64, types.int32, types.int32, types.int32,
        types.voidptr,
    )
    return numba.cfunc(signature, cache=True)(_limit_step)


def compile_source_callback() -> Any:
    """C callback for voltage and current sources; compiled on first use and cached on disk."""
    signature = types.int32(
        types.CPointer(types.float64), types.float64, types.CPointer(types.uint8), types.int32, types.voidptr
    )
    return numba.cfunc(signature, cache=True)(_external_value)


def _accepted_point(data: Any, count: Any, ident: Any, control: Any) -> Any:
    """Record the point that ngspice has accepted, and deal with it or ask Python (compiled to a C callback)."""
    words = carray(control, CONTROL_WORDS, np.uint64)
    if words[RUN_WORD] == np.uint64(0):
        return 0
    run = carray(as_pointer(words[RUN_WORD]), RUN_WORDS, np.int64)
    numbers = carray(as_pointer(words[RUN_WORD]), RUN_WORDS, np.float64)
    if run[ADDRESSES] == 0:
        _python(words[PYTHON_WORD], data, count, ident, control)  # it looks where the signals are
        if run[ADDRESSES] == 0:
            return 0
    width = run[WIDTH]
    addresses = carray(as_pointer(run[ADDRESSES]), (width,), np.uint64)
    here = run[RECORD] + 8 * width * run[N_POINTS]
    row = carray(as_pointer(here), (width,), np.float64)
    run[BAD] = 0
    for j in range(width):
        row[j] = carray(as_pointer(addresses[j]), 1, np.float64)[0]
        if run[BAD] == 0 and not np.isfinite(row[j]):
            run[BAD] = j + 1
    time_s = row[0]
    alone = run[BAD] == 0 and run[N_POINTS] < run[UNTIL_POINT] and time_s < numbers[UNTIL_S]
    if alone and run[HOOK] != 0:
        alone = _hook(run[HOOK], time_s, as_pointer(here + 8), as_pointer(run[HOOK_BLOCK])) == 1
    if alone:
        run[N_POINTS] += 1
        numbers[LAST_S] = time_s
        carray(as_pointer(run[ACCEPTED_AT]), 1, np.float64)[0] = time_s
        return 0
    return _python(words[PYTHON_WORD], data, count, ident, control)


def compile_data_callback() -> Any:
    """C callback for accepted points; compiled on first use and cached on disk."""
    signature = types.int32(types.voidptr, types.int32, types.int32, types.voidptr)
    return numba.cfunc(signature, cache=True)(_accepted_point)


class _NamedCache(FunctionCache):  # type: ignore[misc]
    """numba's cache on disk for a function that has types from outside: told apart by their names.

    numba itself pickles them, and the bytes of that depend on what else the process has made before.
    """

    def __init__(self, function: Any, kinds: str) -> None:
        super().__init__(function)
        self._kinds = kinds

    def _index_key(self, signature: Any, codegen: Any) -> Any:
        return signature, codegen.magic_tuple(), self._kinds


def compile_hook(function: Any, kinds: str = "") -> Any:
    """C function for a `CompiledHook`; compiled on first use and cached on disk.

    Parameters
    ----------
    function : gets time [s], pointer to the values and pointer to its own block; see `CompiledHook`
    kinds : names of all types that it has from outside
    """
    signature = types.int32(types.float64, types.CPointer(types.float64), types.voidptr)
    hook: Any = CFunc(function, sigutils.normalize_signature(signature), locals={}, options={})
    hook._cache = _NamedCache(function, kinds)
    hook.compile()
    return hook
