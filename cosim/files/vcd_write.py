"""VCD: digital signals and the event log, for the viewers of logic designers, by the library pyvcd.

Scopes: that of the record (`slow`, `windows.enable`) with its digital signals; `lights` with one wire per light; `log`
with the point of the record (`sample`), the latest event of each source in words, and the line of the event log
(`line`, 1 is the first).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import cosim
from bms import Leds
from cosim.errors import InputError
from cosim.files.digital import HALF, LIGHTS
from cosim.files.raw_header import OURS
from cosim.files.record import Array, Column, Record

LOG, SAMPLE, LINE, LAMPS = "log", "sample", "line", "lights"
UNITS = (("1 us", 10**6), ("1 ns", 10**9), ("1 ps", 10**12), ("1 fs", 10**15))
"""Timescales and how many of them a second has, the coarsest first."""
LARGEST = 2**62
"""Largest time in its unit: viewers count in 64 bits."""
ROUNDING = 4.0 * float(np.finfo(np.float64).eps)
EXTRA = "the extra `files` (pip install 'smart-bms-cosim[files]')"

Change = tuple[int, int, Any, int | str]


def write(record: Record, path: Path) -> None:
    """Write the digital signals of a record.

    Raises
    ------
    InputError : none is digital, times that fall or begin before 0, or pyvcd is not installed
    """
    try:
        from vcd import VCDWriter
    except ImportError as error:
        raise InputError("VCD", "", f"{error.name} is not installed", EXTRA) from None
    digital = [column for column in record.signals if column.bits]
    if not digital:
        raise InputError(record.origin or record.name, "signals", "none is digital", "switches, gates, lights, flags")
    time_s = record.time.values
    if time_s.size and (not np.isfinite(time_s).all() or time_s[0] < 0.0 or (np.diff(time_s) < 0.0).any()):
        raise InputError(record.origin or record.name, record.time.name, "falls, or is not finite", "times from 0 up")
    if any(re.search(r"\s", part) for part in (record.name, *(column.name for column in digital))):
        raise InputError(record.origin or record.name, "name of a signal", "holds blanks", "a name without")
    unit, per_s = timescale(np.append(time_s, [one.time_s for one in record.events]))
    with path.open("w", encoding="ascii", errors="backslashreplace", newline="\n") as stream:
        start = round(float(time_s[0]) * per_s) if time_s.size else 0
        start = min([start, *(round(one.time_s * per_s) for one in record.events)])
        comment = " ".join(f"{key}: {value};" for key, value in record.attributes.items() if "$" not in value)
        with VCDWriter(stream, timescale=unit, date="", version=f"{OURS} {cosim.__version__}",
                       comment=" ".join(comment.split()), init_timestamp=start) as writer:
            for at, _, variable, value in sorted(_changes(writer, record, digital, per_s), key=lambda one: one[:2]):
                writer.change(variable, at, value)


def timescale(time_s: Array) -> tuple[str, int]:
    """Coarsest timescale that tells all times apart from nothing but their rounding; the finest that fits in 64 bits.

    Returns
    -------
    its name, and how many of it a second has
    """
    largest = float(time_s.max(initial=0.0))
    fitting = [one for one in UNITS if largest * one[1] < LARGEST] or [UNITS[0]]
    for name, per_s in fitting:
        if np.all(np.abs(np.round(time_s * per_s) / per_s - time_s) <= ROUNDING * np.abs(time_s)):
            return name, per_s
    return fitting[-1]


def _changes(writer: Any, record: Record, digital: list[Column], per_s: int) -> Iterator[Change]:
    """All changes: time, place in the order of one moment, variable, value."""
    scope = tuple(record.name.split("/")) if record.name else ("signals",)
    ticks = [round(t * per_s) for t in record.time.values.tolist()]
    sample = writer.register_var(LOG, SAMPLE, "integer", 32)
    yield from ((at, 0, sample, k) for k, at in enumerate(ticks))
    for column in digital:
        variable = writer.register_var(scope, column.name, "wire", column.bits)
        levels = _levels(column)
        yield from ((at, 1, variable, level) for at, level in zip(ticks, levels, strict=True))
        if column.name == LIGHTS:
            for place, name in enumerate(Leds._fields):
                lamp = writer.register_var(LAMPS, name, "wire", 1)
                lit = ((level >> place) & 1 if isinstance(level, int) else level for level in levels)
                yield from ((at, 1, lamp, one) for at, one in zip(ticks, lit, strict=True))
    if record.events:
        line = writer.register_var(LOG, LINE, "integer", 32, init=0)
        words = {source: writer.register_var(LOG, f"{source}_event", "string", init="-")
                 for source in sorted({one.source for one in record.events})}
        for number, one in record.events_by_line:
            at = round(one.time_s * per_s)
            yield at, 2, line, number
            yield at, 2, words[one.source], re.sub(r"\s+", "_", one.event)


def _levels(column: Column) -> list[int | str]:
    """Value at each point: whole numbers; of a flag 1 from half its height on; x where it is not known."""
    values = column.values
    whole = (values >= HALF).astype(np.int64) if column.bits == 1 else np.nan_to_num(np.round(values)).astype(np.int64)
    bad = ~np.isfinite(values) | (whole < 0) | (whole >= 2**column.bits)
    return ["x" if unknown else level for level, unknown in zip(whole.tolist(), bad.tolist(), strict=True)]
