"""Raw files of ngspice, LTspice, Xyce and QSPICE: the one transient analysis that a file holds.

Written by ourselves, as every reader at hand trusts the header (a length that is not there, an expression that is
evaluated) or ends in a traceback; layout as in `raw_header`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.files.csv_file import Dialect
from cosim.files.raw_header import own_name, own_record, unit_of
from cosim.files.record import TIME, Column, Record

Array = NDArray[np.float64]

LONGEST_HEADER = 1 << 24
"""Bytes of a header; 100,000 variables need some 4 MB."""
MOST_VARIABLES = 1_000_000
_END = {
    "utf-8": re.compile(rb"^(Binary|Values):[ \t]*\r?\n", re.MULTILINE | re.IGNORECASE),
    "utf-16-le": re.compile(rb"\n\0((?:B\0i\0n\0a\0r\0y\0)|(?:V\0a\0l\0u\0e\0s\0)):\0(?:[ \t]\0)*(?:\r\0)?\n\0"),
}
ALLOWED = "a raw file of ngspice or LTspice"


@dataclass(frozen=True)
class _Plot:
    """One analysis of a file: its header, and where its numbers lie."""

    fields: dict[str, str]
    variables: tuple[tuple[str, str], ...]
    points: int
    encoding: str
    binary: bool
    start: int

    @property
    def flags(self) -> list[str]:
        return self.fields.get("flags", "").lower().split()

    @property
    def complex(self) -> bool:
        return "complex" in self.flags

    @property
    def transient(self) -> bool:
        return self.variables[0][1].lower() == "time" and not self.complex

    @property
    def single(self) -> bool:
        """Whether all but the axis are in single precision."""
        ltspice = "ltspice" in self.fields.get("command", "").lower() or self.encoding == "utf-16-le"
        return ltspice and "double" not in self.flags and not self.complex

    @property
    def point_bytes(self) -> int:
        if self.complex:
            return 16 * len(self.variables)
        return 8 + (4 if self.single else 8) * (len(self.variables) - 1)


def read(path: Path, dialect: Dialect) -> tuple[Record, ...]:
    """Read the transient analysis of a raw file; other analyses (operating point, AC) are left out.

    Raises
    ------
    InputError : unreadable, cut off, no transient analysis or several, steps of a parameter
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "unreadable", ALLOWED) from None
    plots: list[tuple[_Plot, Array]] = []
    at = 0
    while not plots or data[at : at + 64].strip(b"\0\r\n\t "):
        plot = _header(str(path), data, at)
        block, at = _numbers(str(path), data, plot)
        plots.append((plot, block))
    found = [(plot, block) for plot, block in plots if plot.transient]
    if len(found) != 1:
        names = ", ".join(plot.fields.get("plotname", "?") for plot, _ in plots)[:120]
        raise InputError(str(path), "Plotname", f"{len(found)} transient analyses ({names})", "one")
    return (_record(str(path), *found[0]),)


def _header(file: str, data: bytes, start: int) -> _Plot:
    """Read a header from `start` on."""
    head = data[start : start + LONGEST_HEADER]
    stripped = head.lstrip(b"\r\n\xff\xfe\0")
    start += len(head) - len(stripped)
    encoding = "utf-16-le" if stripped[1:2] == b"\0" else "utf-8"
    if not stripped.decode(encoding, errors="replace")[:6].lower().startswith("title:"):
        raise InputError(file, f"byte {start}", repr(bytes(stripped[:12])), f"Title:, as {ALLOWED} begins")
    end = _END[encoding].search(stripped)
    if end is None:
        raise InputError(file, "header", "neither Binary: nor Values: in it", f"{ALLOWED}; cut off?")
    lines = stripped[: end.start(1)].decode(encoding, errors="replace").splitlines()
    fields: dict[str, str] = {}
    rest = iter(lines)
    for line in rest:
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() == "variables":
            break
        fields.setdefault(key.strip().lower(), value.strip())
    counts = [_whole(file, fields, name) for name in ("No. Variables", "No. Points")]
    variables = tuple(_variable(file, line) for line in rest if line.strip())
    if len(variables) != counts[0] or not variables:
        raise InputError(file, "Variables", f"{len(variables)} in the list", f"{counts[0]}, at least 1")
    flags = fields.get("flags", "").lower().split()
    if "stepped" in flags or "unpadded" in flags:
        raise InputError(file, "Flags", " ".join(flags), "a single run (without .step), vectors of one length")
    binary = end.group(1).replace(b"\0", b"").lower() == b"binary"
    return _Plot(fields, variables, counts[1], encoding, binary, start + end.end())


def _whole(file: str, fields: dict[str, str], name: str) -> int:
    text = fields.get(name.lower(), "missing")
    if not text.isascii() or not text.isdigit() or len(text) > 15 or \
            (name == "No. Variables" and int(text) > MOST_VARIABLES):
        raise InputError(file, name, text[:40], "a whole number")
    return int(text)


def _variable(file: str, line: str) -> tuple[str, str]:
    """Name and kind of a line `number, name, kind`."""
    words = line.strip().split("\t") if "\t" in line.strip() else line.split()
    if len(words) < 3:
        raise InputError(file, "Variables", line.strip()[:80], "number, name, kind")
    return words[1].strip(), words[2].strip().split()[0] if words[2].strip() else ""


def _numbers(file: str, data: bytes, plot: _Plot) -> tuple[Array, int]:
    """Numbers of a plot, one row per point, and where they end."""
    count, left = len(plot.variables), len(data) - plot.start
    if not plot.binary:
        return _text(file, data, plot)
    size = plot.points * plot.point_bytes
    if not size and left >= plot.point_bytes and not data[plot.start :].lstrip(b"\r\n\0").startswith(b"T"):
        # ngspice writes the number at the end
        raise InputError(file, "No. Points", f"0, and {left} bytes follow", "their number; was the run interrupted?")
    if left < size:
        told = f"{size} for {plot.points} points of {count} variables; cut off?"
        raise InputError(file, "Binary", f"{left} bytes", told)
    end = plot.start + size
    if plot.complex:
        return np.empty((0, count)), end
    rest = "<f4" if plot.single else "<f8"
    if "fastaccess" in plot.flags:  # variable after variable
        time = np.frombuffer(data, "<f8", plot.points, plot.start)
        others = np.frombuffer(data, rest, plot.points * (count - 1), plot.start + 8 * plot.points)
        return np.column_stack([time, others.reshape(count - 1, plot.points).T.astype(np.float64)]), end
    rows = np.frombuffer(data, np.dtype([("axis", "<f8"), ("rest", rest, (count - 1,))]), plot.points, plot.start)
    return np.column_stack([rows["axis"], rows["rest"].astype(np.float64)]), end


def _text(file: str, data: bytes, plot: _Plot) -> tuple[Array, int]:
    """Numbers that are written as text: number of the point, then one value per variable."""
    title = "Title:".encode(plot.encoding)
    end = data.find(title, plot.start)
    end = len(data) if end < 0 else end
    words = data[plot.start : end].decode(plot.encoding, errors="replace").split()
    if plot.complex:
        return np.empty((0, len(plot.variables))), end
    wide = len(plot.variables) + 1
    if len(words) != plot.points * wide:
        told = f"{plot.points * wide} for {plot.points} points of {wide - 1} variables; cut off?"
        raise InputError(file, "Values", f"{len(words)} words", told)
    try:
        block = np.array(words, dtype=object).reshape(plot.points, wide)[:, 1:].astype(np.float64)
    except ValueError as error:
        raise InputError(file, "Values", " ".join(str(error).split())[:80], "numbers") from None
    return block, end


def _record(file: str, plot: _Plot, block: Array) -> Record:
    """Record of a transient analysis."""
    named = own_record(plot.fields.get("title", ""))
    time_s = block[:, 0]
    if plot.encoding == "utf-16-le" or "ltspice" in plot.fields.get("command", "").lower():
        time_s = np.abs(time_s)  # it marks points of its compression by the sign
    kept = at_most_twice(time_s)
    columns = [Column(TIME, "s", time_s[kept], heading=plot.variables[0][0])]
    for index, (vector, kind) in enumerate(plot.variables[1:], 1):
        name = vector if named is None else own_name(vector)
        if any(name == column.name for column in columns):
            raise InputError(file, "Variables", name[:80], "every name once")
        columns.append(Column(name, unit_of(kind, name), block[kept, index], kind, heading=vector))
    return Record(named or "", tuple(columns), {"title": plot.fields.get("title", "")}, origin=file)


def at_most_twice(time_s: Array) -> NDArray[np.bool_]:
    """Points to keep so that no time comes more than twice running: the first and the last of each.

    Simulators repeat a point at a breakpoint, or when they try a step again; the value before a step and the one
    after it are what a waveform needs.
    """
    if time_s.size < 3:
        return np.ones(time_s.size, dtype=bool)
    inner = (time_s[1:-1] == time_s[:-2]) & (time_s[1:-1] == time_s[2:])
    return np.concatenate(([True], ~inner, [True]))
