"""Large tuples where compiled code finds them at once.

A state or a set of parameters is a hundred fields; to unpack it from Python costs as much as twenty ticks, and a day
has ten thousand stretches. numba's typed lists keep it unpacked.
"""

from __future__ import annotations

from typing import TypeVar

from numba.typed import List

from models.compiled import compiled

Item = TypeVar("Item")


@compiled
def kept(item: Item) -> list[Item]:
    """Typed list of one item; made in compiled code, because only that is cached on disk."""
    place: list[Item] = List()
    place.append(item)
    return place
