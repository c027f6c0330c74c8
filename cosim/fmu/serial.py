"""State of the unit as bytes, for `fmi2SerializeFMUstate`.

Pickle, read back by a reader that makes nothing but the state's own tuples and enumerations: bytes may come from
anywhere.
"""

from __future__ import annotations

import io
import pickle
from enum import Enum

from cosim.fmu.unit import Snapshot, UnitError

PROTOCOL = 4
"""Of pickle: the same in every Python that runs the unit."""
_PACKAGES = ("bms", "cosim.fmu")


def to_bytes(kept: Snapshot) -> bytes:
    """Snapshot as bytes."""
    return pickle.dumps(kept, PROTOCOL)


def from_bytes(data: bytes) -> Snapshot:
    """Snapshot from bytes.

    Raises
    ------
    UnitError : they are not those of a snapshot of this unit
    """
    try:
        found = _Reader(io.BytesIO(data)).load()
    except Exception as error:  # a damaged stream may raise anything
        raise UnitError(f"the bytes are no state of this unit: {error}") from None
    if not isinstance(found, Snapshot):
        raise UnitError("the bytes are no state of this unit")
    return found


class _Reader(pickle.Unpickler):
    """Makes named tuples and enumerations of this unit, nothing else."""

    def find_class(self, module: str, name: str) -> type[object]:
        """Class of the unit's own by its name."""
        if "." not in name and any(module == top or module.startswith(f"{top}.") for top in _PACKAGES):
            found = super().find_class(module, name)
            if isinstance(found, type) and issubclass(found, tuple | Enum):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of it")
