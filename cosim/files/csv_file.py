"""CSV: one record; names with record and unit in the header, numbers so that reading gives the same bits."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.files.record import TIME, TIMES, Column, Record
from cosim.result import told_unit

Array = NDArray[np.float64]

_SPACED = re.compile(r"(.*\S)\s+\[([^\[\]]*)\]")
_CLOSE = re.compile(r"([^\[\]]+)\[([^\[\]]*)\]")


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written: between cells, inside numbers, and the line of the column names."""

    delimiter: str = ","
    decimal: str = "."
    header_line: int = 1


@dataclass(frozen=True)
class Table:
    """Columns of a CSV file as text, with the line of the file in which each row stands."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


def read_table(path: Path, dialect: Dialect) -> Table:
    """Read a CSV file; blank lines and those that begin with # are left out.

    Raises
    ------
    InputError
        Unreadable, without a header, or with a row of another length.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        every = list(enumerate(csv.reader(text.splitlines(), delimiter=dialect.delimiter), 1))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise InputError(str(path), "", reason, "a CSV file in UTF-8") from None
    except csv.Error as error:
        raise InputError(str(path), "", str(error), "a CSV file") from None
    kept = [(line, tuple(cell.strip() for cell in row)) for line, row in every[dialect.header_line - 1 :]
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")]
    if not kept:
        raise InputError(str(path), "", "0 rows", "a header and at least two rows")
    (_, header), *rows = kept
    for line, row in rows:
        if len(row) != len(header):
            raise InputError(str(path), f"line {line}", f"{len(row)} cells", f"{len(header)}, as in the header")
    if len(set(header)) != len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InputError(str(path), "header", twice, "every name once")
    return Table(header, tuple(row for _, row in rows), tuple(line for line, _ in rows))


def numbers(path: Path, table: Table, index: int, decimal: str = ".") -> Array:
    """A column as numbers; an empty cell or a word raises InputError with its line."""
    out = np.empty(len(table.rows))
    for k, row in enumerate(table.rows):
        try:
            out[k] = float(row[index].replace(decimal, "."))
        except ValueError:
            field = f"line {table.lines[k]}, {table.header[index]}"
            raise InputError(str(path), field, row[index] or "empty", "a number") from None
    return out


def split_unit(heading: str) -> tuple[str, str]:
    """Name and unit of a heading: `current [A]`, `current[A]`, `current_A`, `cell_voltage_V[1] [V]`.

    Brackets that close a name whose end tells a unit already are its index.
    """
    spaced = _SPACED.fullmatch(heading)
    if spaced:
        return spaced[1], spaced[2].strip() or "1"
    close = _CLOSE.fullmatch(heading)
    if close and told_unit(close[1]) == "1":
        return close[1].strip(), close[2].strip() or "1"
    return heading, told_unit(heading)


def read(path: Path, dialect: Dialect) -> tuple[Record, ...]:
    """Read a CSV file; raises InputError as `read_table`, and for a cell that is no number when it is asked for."""
    table = read_table(path, dialect)
    columns = []
    for index, heading in enumerate(table.header):
        name, unit = split_unit(heading)
        name, unit = (heading, "s") if heading in TIMES else (name, unit)
        columns.append(Column(name, unit, _later(path, table, index, dialect.decimal), heading=heading))
    return (Record("", tuple(columns), origin=str(path)),)


def _later(path: Path, table: Table, index: int, decimal: str) -> Callable[[], Array]:
    """Give what reads a column when somebody wants it: a logger's column of words is nobody's."""
    return lambda: numbers(path, table, index, decimal)


def write(record: Record, path: Path) -> None:
    """Write a record: `time_s`, then `slow/port_current_A [A]` and so on; plain `pandas.read_csv` reads it.

    Raises
    ------
    InputError : a name that a header cannot hold
    """
    headings = [TIME, *(f"{record.full_name(column)} [{column.unit}]" for column in record.signals)]
    for heading in headings:
        if heading != " ".join(heading.split()) or heading.startswith("#"):
            raise InputError(record.origin, repr(heading), "a name with line breaks, tabs or # in front", "plain words")
    # Shortest digits that read back as the same number; tolist() because repr of a numpy number names its type.
    cells = [[repr(value) for value in column.values.tolist()] for column in (record.time, *record.signals)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows(zip(*cells, strict=True))
