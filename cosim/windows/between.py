"""Accepted points between two events of a window, dealt with by compiled code alone.

Ticks, corners and commands are breakpoints, at which the session asks Python. At any other point all there is to do is
`exchange_point.exchange`; called from Python it costs as much again: three frames, and two typed lists to look into.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.numpy_support import carray

from cosim.spice.callbacks import CompiledHook, compile_hook, types
from cosim.windows.exchange_point import Coupling, Moving, exchange
from models.compiled import apart

STATES, COUPLINGS, N_VALUES, BEGIN_S = range(4)
WORDS = 4
"""Words of the block of the hook: addresses at which two typed lists are written down, values at a point, SPICE time
before which the pre-roll settles [s]."""
LIST_WORDS = 2
"""A typed list as compiled code has it: its owner and its items."""


def _written(typing_context: Any, item: Any, address: Any) -> Any:
    """Write down where a typed list is (numba has no public way to do this). It must outlive what is written."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = context.get_value_type(item).as_pointer()
        builder.store(arguments[0], builder.inttoptr(arguments[1], place))
        return context.get_dummy_value()

    return types.void(item, address), codegen


def _read(typing_context: Any, address: Any, kind: Any) -> Any:
    """Typed list of this kind that was written down at an address."""
    item = kind.instance_type

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = context.get_value_type(item).as_pointer()
        return impl_ret_borrowed(context, builder, item, builder.load(builder.inttoptr(arguments[0], place)))

    return item(address, kind), codegen


_write: Any = intrinsic(_written)
_list_at: Any = intrinsic(_read)


@apart
def _write_lists(
    states: list[Moving], couplings: list[Coupling], states_address: int, couplings_address: int
) -> None:
    _write(states, states_address)
    _write(couplings, couplings_address)


@cache
def _compiled(states_kind: Any, couplings_kind: Any) -> Any:
    """Hook for states and couplings of these types (of all windows they are the same)."""

    def at_point(time_s: Any, values: Any, block: Any) -> Any:
        words, numbers = carray(block, WORDS, np.int64), carray(block, WORDS, np.float64)
        couplings = _list_at(words[COUPLINGS], couplings_kind)
        if time_s < numbers[BEGIN_S]:
            couplings[0].step[0] = 0.0  # as `FastState.leave_step`
            return 1
        states = _list_at(words[STATES], states_kind)
        # What fails here, or is not finite, Python meets again, and says so.
        try:
            fine = exchange(states, couplings, time_s, carray(values, (words[N_VALUES],), np.float64))
        except Exception:
            return 0
        return 1 if fine else 0

    return compile_hook(at_point, f"{states_kind} {couplings_kind}")


class BetweenEvents:
    """What compiled code does at the points of a window that are no breakpoints.

    Parameters
    ----------
    n_values : values at an accepted point
    """

    def __init__(self, n_values: int) -> None:
        self._words = np.zeros(WORDS, dtype=np.int64)
        self._lists = np.zeros((2, LIST_WORDS), dtype=np.int64)
        self._words[N_VALUES] = n_values
        self._words[STATES], self._words[COUPLINGS] = (int(place.ctypes.data) for place in self._lists)
        self._kept: tuple[Any, Any] | None = None

    def take(self, states: list[Moving], couplings: list[Coupling], begin_s: float) -> None:
        """Work on these from now on; before `begin_s` steps are left to SPICE [s, its time]."""
        self._kept = states, couplings
        self._words.view(np.float64)[BEGIN_S] = begin_s
        _write_lists(states, couplings, int(self._words[STATES]), int(self._words[COUPLINGS]))

    def hook(self) -> CompiledHook:
        """For `SpiceSession.transient`, after `take`; valid as long as this object lives."""
        assert self._kept is not None
        compiled = _compiled(*(numba.typeof(item) for item in self._kept))
        return CompiledHook(int(compiled.address), int(self._words.ctypes.data))
