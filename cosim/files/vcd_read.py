"""VCD files of any program: every signal, as the steps that it makes.

A file of ours tells its points (`log.sample`), and is read back as the record that it was made of.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.files.csv_file import Dialect
from cosim.files.raw_header import OURS
from cosim.files.record import TIME, Array, Column, Record
from cosim.files.vcd_write import EXTRA, LAMPS, LOG, SAMPLE
from cosim.result import told_unit

PER_S = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9, "ps": 10**12, "fs": 10**15}
ALLOWED = "a VCD file (value change dump)"


@dataclass
class _Dump:
    """What the file says: signals by scope and name, their changes by code, and all times in units."""

    magnitude: int = 1
    per_s: int = 1
    version: str = ""
    names: list[tuple[tuple[str, ...], str, str, int]] = field(default_factory=list)
    changes: dict[str, tuple[list[int], list[float]]] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)

    def seconds(self, units: Iterable[int]) -> Array:
        """Times [s], the nearest numbers there are: whole numbers are divided, not multiplied by 1e-6."""
        return np.array([unit * self.magnitude / self.per_s for unit in units], dtype=np.float64)


def read(path: Path, dialect: Dialect) -> tuple[Record, ...]:
    """Read a VCD file: a record of its own for each signal, or the whole record if it is a file of ours.

    Raises
    ------
    InputError : not a VCD file, damaged, times that fall, or pyvcd is not installed
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "unreadable", ALLOWED) from None
    dump = _dump(str(path), data)
    if dump.version.startswith(OURS):
        return (_own(str(path), dump),)
    return tuple(_steps(str(path), dump, *name) for name in dump.names if name[2] in dump.changes)


def _dump(file: str, data: bytes) -> _Dump:
    """Go through the file."""
    try:
        from vcd.reader import TokenKind, VCDParseError, tokenize
    except ImportError as error:
        raise InputError(file, "", f"{error.name} is not installed", EXTRA) from None
    dump, scope, now = _Dump(), [], 0
    kinds = {TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_REAL}
    line = 1
    try:
        for token in tokenize(io.BytesIO(data)):
            line = token.span.start.line
            if token.kind is TokenKind.CHANGE_TIME:
                now = _later(file, line, dump, token.time_change)
            elif token.kind in kinds:
                change: Any = token.data
                times, values = dump.changes.setdefault(change.id_code, ([], []))
                times.append(now)
                values.append(_number(change.value))
            elif token.kind is TokenKind.SCOPE:
                scope.append(token.scope.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scope.pop()
            elif token.kind is TokenKind.VAR and token.var.type_.value != "string":
                bare = isinstance(token.var.bit_index, tuple) or token.var.bit_index is None
                name = token.var.reference if bare else token.var.ref_str
                dump.names.append((tuple(scope), name, token.var.id_code, token.var.size))
            elif token.kind is TokenKind.TIMESCALE:
                dump.magnitude, dump.per_s = int(token.timescale.magnitude), PER_S[token.timescale.unit.value]
            elif token.kind is TokenKind.VERSION:
                dump.version = token.version.strip()
    except (VCDParseError, ValueError, KeyError, IndexError, OverflowError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:80]
        raise InputError(file, f"line {line}", f"unreadable ({reason})", ALLOWED) from None
    if not dump.names:
        raise InputError(file, "", "no signals", ALLOWED)
    return dump


def _later(file: str, line: int, dump: _Dump, now: int) -> int:
    if dump.times and now < dump.times[-1]:
        raise InputError(file, f"line {line}", f"time {now} after {dump.times[-1]}", "times that rise")
    if now.bit_length() > 64:
        raise InputError(file, f"line {line}", f"time of {now.bit_length()} bits", "64")
    if not dump.times or now > dump.times[-1]:
        dump.times.append(now)
    return now


def _number(value: Any) -> float:
    """Level as a number; NaN for what is not known, or drives nothing (x, z)."""
    if isinstance(value, str):
        return float(value) if value in ("0", "1") else float("nan")
    return float(value)


def _last_at(times: list[int], values: list[float]) -> tuple[list[int], Array]:
    """Changes with one value per time, the last."""
    last = dict(zip(times, values, strict=True))
    return list(last), np.array(list(last.values()), dtype=np.float64)


def _steps(file: str, dump: _Dump, scope: tuple[str, ...], name: str, code: str, bits: int) -> Record:
    """Signal as steps, from where it is first known to the last time of the file."""
    times, values = _last_at(*dump.changes[code])
    known = np.flatnonzero(np.isfinite(values))
    first = int(known[0]) if known.size else len(times)
    times, values = times[first:], values[first:]
    at, level = times[:1], values[:1].tolist()
    for time, value in zip(times[1:], values[1:].tolist(), strict=True):
        if value != level[-1]:  # NaN too, which the comparison then refuses
            at += [time, time]
            level += [level[-1], value]
    if at and dump.times and dump.times[-1] > at[-1]:
        at.append(dump.times[-1])
        level.append(level[-1])
    grid = dump.seconds(dump.times)
    step_s = float(np.median(np.diff(grid))) if grid.size > 1 else None
    columns = (Column(TIME, "s", dump.seconds(at)),
               Column(name, told_unit(name), np.array(level, dtype=np.float64), bits=bits))
    return Record("/".join(scope), columns, step_s=step_s, origin=file)


def _own(file: str, dump: _Dump) -> Record:
    """Record that a file of ours was made of: values at its points."""
    code = next((code for scope, name, code, _ in dump.names if (scope, name) == ((LOG,), SAMPLE)), None)
    told = [one for one in dump.names if one[0] not in ((LOG,), (LAMPS,))]
    if code is None or not told:
        raise InputError(file, LOG, f"no {SAMPLE}, or no signals", "a file as it was exported")
    when, numbers = dump.changes.get(code, ([], []))
    points = list(dict.fromkeys(at for at, value in zip(when, numbers, strict=True) if np.isfinite(value)))
    columns = [Column(TIME, "s", dump.seconds(points))]
    for _, name, signal, bits in told:
        times, values = _last_at(*dump.changes.get(signal, ([], [])))
        columns.append(Column(name, told_unit(name), _held(points, times, values), bits=bits))
    scope = told[0][0]
    return Record("" if scope == ("signals",) else "/".join(scope), tuple(columns), origin=file)


def _held(points: list[int], times: list[int], values: Array) -> Array:
    """Value that holds at each point; NaN before the first."""
    where: NDArray[np.intp] = np.searchsorted(np.array(times, dtype=np.uint64), np.array(points, dtype=np.uint64),
                                              side="right")
    return np.append(np.nan, values)[where]
