"""What a file of waveforms holds: records, each some columns of one length, one of which is time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from cosim.errors import InputError, nearest
from cosim.result import LoggedEvent

Array = NDArray[np.float64]

TIME = "time_s"
TIMES = (TIME, "time", "t")
"""Names that a time axis [s] may have in a file."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a record.

    Parameters
    ----------
    name, unit : `port_current_A`, `junction_degC[q1]`; '1' where there is no unit
    source : the numbers, or what gives them when they are asked for (a column of words that nobody wants is no error)
    about : what it is, in words
    bits : how many bits it has if it is digital, else 0
    heading : how it stands in the file where that is more than the name (`current [A]`)
    """

    name: str
    unit: str
    source: Array | Callable[[], Array]
    about: str = ""
    bits: int = 0
    heading: str = ""

    @cached_property
    def values(self) -> Array:
        """The numbers, one axis; InputError where a cell is none."""
        found = self.source() if callable(self.source) else self.source
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Record:
    """Columns over one time axis.

    Parameters
    ----------
    name : `slow`, `windows/enable`; empty for a file that has no such parts
    columns : all of one length, time among them
    attributes : about the record, as words
    step_s : step that it was recorded with, where its points do not tell (a digital signal has points only at edges)
    origin : the file, for messages
    events : what happened meanwhile, on the record's clock
    first_line : line of the event log that the first of them stands in
    """

    name: str
    columns: tuple[Column, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    step_s: float | None = None
    origin: str = ""
    events: Sequence[LoggedEvent] = ()
    first_line: int = 1

    @property
    def events_by_line(self) -> list[tuple[int, LoggedEvent]]:
        """Events with their lines in the event log."""
        return list(enumerate(self.events, self.first_line))

    @property
    def time(self) -> Column:
        """The time axis [s]; InputError if no column has one of its names."""
        for wanted in TIMES:
            for column in self.columns:
                if column.name == wanted:
                    return column
        names = ",".join(column.name for column in self.columns)[:80]
        allowed = f"a time column ({', '.join(TIMES)}), or --map for other names and units"
        raise InputError(self.origin, f"columns of {self.name}" if self.name else "header", names, allowed)

    @property
    def signals(self) -> tuple[Column, ...]:
        """All columns but time."""
        time = self.time
        return tuple(column for column in self.columns if column is not time)

    @property
    def points(self) -> int:
        """Number of points."""
        return int(self.time.values.size)

    def full_name(self, column: Column) -> str:
        """Name that tells the record too: `slow/port_current_A`."""
        return f"{self.name}/{column.name}" if self.name else column.name

    def chosen(self, patterns: Sequence[str]) -> Record:
        """Time and the signals that fit one of the patterns (`*_A`, `junction*`); all where there are none.

        Raises
        ------
        InputError : a pattern fits no signal
        """
        names = [column.name for column in self.signals]
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise InputError(self.origin or self.name, "--signals", repr(pattern), nearest(pattern, names))
        kept = tuple(c for c in self.signals if not patterns or any(fnmatchcase(c.name, p) for p in patterns))
        return replace(self, columns=(self.time, *kept))

    def to_dataset(self) -> xr.Dataset:
        """Give the record as a dataset over `time_s`."""
        data = {c.name: ((TIME,), c.values, {"units": c.unit, "long_name": c.about or c.name}) for c in self.signals}
        return xr.Dataset(data, {TIME: ((TIME,), self.time.values, {"units": "s"})}, dict(self.attributes))
