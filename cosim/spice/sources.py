"""External sources: what Python drives in a running transient, as first-order holds in one table of numbers.

ngspice asks for every external source at every Newton iteration, rejected steps included. The callback is
therefore compiled, pure in time, and reads rows from a table::

    v(t) = v0 + slope (t - t0)   for t0 <= t < t_end
    v(t) = v_end                 for t >= t_end

The row in force at t is the last one with t0 <= t. Rows change only between accepted points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from cosim.spice.callbacks import ACCEPTED, BLOCK_WORDS, COUNTS, MAX_ROWS, MAX_SOURCES, ROW_WORDS, ROWS, name_key


class SourceTable:
    """Values of all external sources over time, by source name (lower case, as in the deck).

    `hold` and `ramp` change a source from a time on; earlier values stay right from the last accepted point
    on.

    Parameters
    ----------
    names : the sources there may be; if none are given, any name may be held
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._allowed = frozenset(name.lower() for name in names)
        self._words = np.zeros(BLOCK_WORDS, dtype=np.uint64)
        self._integers = self._words.data
        # Single numbers are read and written three times faster through a memoryview than through numpy.
        self._floats = cast("memoryview[float]", self._words.view(np.float64).data)
        self._slots: dict[str, int] = {}
        self.accepted(-math.inf)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sources that have a value."""
        return tuple(self._slots)

    @property
    def address(self) -> int:
        """Address of the table in memory, valid as long as this object lives."""
        return int(self._words.ctypes.data)

    @property
    def words(self) -> NDArray[np.uint64]:
        """The table itself, for compiled code that holds sources at accepted points."""
        return self._words

    def places(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Where in `words` the rows of some sources begin, and where their counts are; shape (2, n).

        They must be held before a run.
        """
        slots = np.array([self._slot_of(name) for name in names], dtype=np.int64)
        return np.stack((ROWS + slots * MAX_ROWS * ROW_WORDS, COUNTS + slots))

    def hold(self, name: str, time_s: float, value: float, slope: float = 0.0) -> None:
        """From `time_s` on the source is ``value + slope (t - time_s)``.

        Parameters
        ----------
        name : external source
        time_s : start [s]
        value : value there, in the source's unit
        slope : its rate [unit/s]
        """
        self._put(name, time_s, value, slope, math.inf, value)

    def ramp(self, name: str, time_s: float, value: float, duration_s: float) -> tuple[float, float]:
        """From `time_s` on the source goes straight to `value` within `duration_s`, and stays there.

        Returns the two corner times, which `on_accept` should return as breakpoints.

        Parameters
        ----------
        name : external source that already has a value
        time_s : start [s]
        value : end value, in the source's unit
        duration_s : > 0 [s], else ValueError raises
        """
        if not duration_s > 0.0:
            raise ValueError(f"ramp of {name!r} takes {duration_s!r} s; it must take longer than 0 s")
        start = self.at(name, time_s)
        end_s = time_s + duration_s
        self._put(name, time_s, start, (value - start) / duration_s, end_s, value)
        return time_s, end_s

    def at(self, name: str, time_s: float) -> float:
        """Value of a source at a time (constant before its first row); raises KeyError for a source without values."""
        slot = self._slots.get(name.lower())
        if slot is None:
            raise KeyError(f"source {name!r} has no value yet; known: {', '.join(self._slots) or 'none'}")
        base, count = ROWS + slot * MAX_ROWS * ROW_WORDS, self._integers[COUNTS + slot]
        f = self._floats
        row = base
        for k in range(1, count):
            if f[base + k * ROW_WORDS] <= time_s:
                row = base + k * ROW_WORDS
        if time_s >= f[row + 3]:
            return f[row + 4]
        return f[row + 1] + f[row + 2] * max(time_s - f[row], 0.0)

    def accepted(self, time_s: float) -> None:
        """Tell the table that ngspice will not ask for times before `time_s` any more."""
        self._floats[ACCEPTED] = time_s

    @property
    def accepted_address(self) -> int:
        """Address of the last accepted time, for compiled code that tells it."""
        return self.address + 8 * ACCEPTED

    def snapshot(self) -> tuple[bytes, dict[str, int]]:
        """Copy of the contents, for `restore`."""
        return self._words.tobytes(), dict(self._slots)

    def restore(self, contents: tuple[bytes, dict[str, int]]) -> None:
        """Go back to a `snapshot`, in place."""
        self._words[:] = np.frombuffer(contents[0], dtype=np.uint64)
        self._slots = dict(contents[1])
        self.accepted(-math.inf)

    def _put(
        self, name: str, time_s: float, value: float, slope: float, end_s: float, end_value: float
    ) -> None:
        if not (math.isfinite(time_s) and math.isfinite(value + end_value) and math.isfinite(slope)):
            raise ValueError(
                f"source {name!r} at {time_s!r} s: value {value!r}, slope {slope!r} must be finite"
            )
        slot = self._slots.get(name)
        if slot is None:
            slot = self._slot_of(name)
        f, base = self._floats, ROWS + slot * MAX_ROWS * ROW_WORDS
        count = self._integers[COUNTS + slot]
        while count and f[base + (count - 1) * ROW_WORDS] >= time_s:
            count -= 1
        if count and time_s <= self._floats[ACCEPTED]:
            count = 0  # the new row is in force already; nothing older can be asked for
        elif count == MAX_ROWS:
            count = self._drop_past_rows(base, count, name)
        row = base + count * ROW_WORDS
        f[row], f[row + 1], f[row + 2], f[row + 3], f[row + 4] = time_s, value, slope, end_s, end_value
        self._integers[COUNTS + slot] = count + 1

    def _drop_past_rows(self, base: int, count: int, name: str) -> int:
        f = self._floats
        first = 0
        while first + 1 < count and f[base + (first + 1) * ROW_WORDS] <= self._floats[ACCEPTED]:
            first += 1
        if first == 0:
            raise ValueError(
                f"source {name!r} has {count} future changes already; at most {MAX_ROWS} are kept"
            )
        kept = (count - first) * ROW_WORDS
        start = base + first * ROW_WORDS
        values = self._words[start : start + kept].copy()
        self._words[base : base + kept] = values
        return count - first

    def _slot_of(self, name: str) -> int:
        lower = name.lower()
        slot = self._slots.get(lower)
        if slot is not None:
            return slot
        if self._allowed and lower not in self._allowed:
            raise KeyError(f"unknown external source {name!r}; known: {', '.join(sorted(self._allowed))}")
        if len(self._slots) == MAX_SOURCES:
            raise ValueError(f"more than {MAX_SOURCES} external sources")
        slot, key = len(self._slots), name_key(lower)
        if key in self._words[1 : 1 + slot]:
            raise ValueError(f"source name {name!r} has the same hash as another one; rename it")
        self._slots[lower] = slot
        self._integers[1 + slot] = key
        self._integers[0] = slot + 1
        return slot


def deck_sources(lines: Iterable[str]) -> frozenset[str]:
    """Names of the external sources at the top level of a deck given as logical lines (lower case)."""
    depth, found = 0, set()
    for line in lines:
        if line[:1] not in (".", "v", "V", "i", "I"):
            continue
        words = line.lower().split()
        if words[0] == ".subckt":
            depth += 1
        elif words[0] == ".ends":
            depth -= 1
        elif depth == 0 and words[0][0] in "vi" and "external" in words[1:]:
            found.add(words[0])
    return frozenset(found)
