"""Compiled parts of the coupling: what an external source is now, and the reading of one accepted point.

Both run at every Newton iteration or point, so they are machine code that touches no Python object. They see
the memory of a `SourceTable` and of ngspice through addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import types as numba_types
from numba.extending import intrinsic
from numba.np.numpy_support import carray

MAX_SOURCES = 64
MAX_ROWS = 8
"""Changes of one source that can be ahead."""
ROW_WORDS = 5
"""t0, v0, slope, t_end, v_end."""
COUNTS = 1 + MAX_SOURCES
ROWS = COUNTS + MAX_SOURCES
BLOCK_WORDS = ROWS + MAX_SOURCES * MAX_ROWS * ROW_WORDS
"""Layout of a source table in 8-byte words: number of sources, their keys, their counts of rows, their
rows."""

CONTROL_WORDS = 5
"""Words of the control block that ngspice hands to the callbacks: address of the table (0: none), key of the
stop source, value of the stop source, number of requests for unknown sources, longest next step (0: no limit)."""
STEP_WORD = 4
"""Place of the longest next step."""

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


_as_pointer: Any = intrinsic(_pointer_from_address)


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
        table = carray(_as_pointer(words[0]), BLOCK_WORDS, np.uint64)
        rows = carray(_as_pointer(words[0]), BLOCK_WORDS, np.float64)
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


def _gather(addresses: Any, rows: Any, n: Any, values: Any) -> Any:
    """Read float64 numbers at addresses; the first goes to rows[n, 0], all others also to `values`.

    Returns 0, or the (1-based) position of the first number that is not finite.
    """
    bad = 0
    for j in range(addresses.size):
        number = carray(_as_pointer(addresses[j]), 1, np.float64)[0]
        rows[n, j] = number
        if j > 0:
            values[j - 1] = number
        if bad == 0 and not np.isfinite(number):
            bad = j + 1
    return bad


def compile_gather() -> Callable[..., int]:
    """Compiled reader of one accepted point; compiled on first use and cached on disk."""
    signature = types.int64(types.uint64[::1], types.float64[:, ::1], types.int64, types.float64[::1])
    compiled: Callable[..., int] = numba.njit(signature, cache=True)(_gather)
    return compiled
