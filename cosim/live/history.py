"""Rows of the record as a page shows them: dense where young, thinned where old, never more than fit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CAPACITY = 20_000
"""Rows that are kept (ours: 20 MB at 120 columns)."""


class History:
    """Channels over time, growing up to a capacity; then the older half is thinned to every second row."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._channels: dict[str, Array] = {}
        self._size = 0

    @property
    def size(self) -> int:
        """Rows that are there."""
        return self._size

    def add(self, rows: dict[str, Array]) -> None:
        """Take in rows, `time_s` among the channels; channels that come later have no past."""
        count = int(rows["time_s"].size)
        for start in range(0, count, self._capacity // 4):
            self._add({name: wave[start : start + self._capacity // 4] for name, wave in rows.items()})

    def _add(self, rows: dict[str, Array]) -> None:
        count = int(rows["time_s"].size)
        if self._size + count > self._capacity:
            self._thin()
        for name, wave in rows.items():
            there = self._channels.get(name)
            if there is None or there.shape[1:] != wave.shape[1:]:
                fresh = np.full((self._capacity, *wave.shape[1:]), np.nan)
                if there is not None and wave.ndim == 2:
                    width = min(there.shape[1], wave.shape[1])
                    fresh[: self._size, :width] = there[: self._size, :width]
                self._channels[name] = there = fresh
            there[self._size : self._size + count] = wave
        self._size += count

    def _thin(self) -> None:
        half = self._size // 2
        keep = np.concatenate([np.arange(0, half, 2), np.arange(half, self._size)])
        for wave in self._channels.values():
            wave[: keep.size] = wave[keep]
        self._size = keep.size

    def since(self, start_s: float, most: int) -> dict[str, Array]:
        """Copy of the rows from a time on, every n-th of them where there are more than `most`.

        Which rows stay depends on their own numbers only, so that a curve does not flicker while it moves on.
        """
        if not self._size:
            return {}
        times = self._channels["time_s"][: self._size]
        first = int(np.searchsorted(times, start_s))
        every = max(1, -(-(self._size - first) // most))
        every = 1 << (every - 1).bit_length()
        first = -(-first // every) * every
        places = np.append(np.arange(first, self._size, every), [self._size - 1] if every > 1 else [])
        kept = np.unique(places.astype(np.intp))
        return {name: wave[kept] for name, wave in self._channels.items()}
