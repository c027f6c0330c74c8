"""Test vectors as files: `vectors.csv` with one row per call of the supervisor, `vectors.json` with its settings.

Any CSV reader takes the table: UTF-8, commas, one header line, numbers with a point, booleans as 0 and 1, nothing for a
sensor that is not fitted, `nan` for one that does not answer. The settings stand beside it, all of them, so that a file
means the same when defaults have changed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self, TextIO

import bms
from bms import describe, vectors
from cosim.errors import InputError
from cosim.result import VECTORS, plain
from cosim.supervisor.supervision import Call

FORMAT = "bms-cosim test vectors, version 1"
SHOWN = 5
"""So many differences are kept to be shown (ours)."""


class VectorWriter:
    """Writes calls as they come.

    Parameters
    ----------
    path : of the table; the settings go beside it, with the ending `.json`
    settings : of the supervisor
    """

    def __init__(self, path: Path, settings: bms.Settings) -> None:
        self._path, self._beside = path, path.with_suffix(".json")
        count = bms.CELLS_PER_BATTERY * settings.battery_count
        self._beside.write_text(settings_text(settings), encoding="utf-8")
        self._stream: TextIO = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._stream, vectors.columns(count, count), "nan", lineterminator="\n")
        self._writer.writeheader()

    def write(self, call: Call) -> None:
        """One row."""
        row = vectors.row_of(call.state.time_ms, call.dt_ms, call.measurements, call.commands, call.events)
        self._writer.writerow(row)

    def close(self) -> tuple[Path, ...]:
        """End the file; gives what was written."""
        self._stream.close()
        return self._path, self._beside

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a disk that is full has been told by the write that failed
            self._stream.close()


def settings_text(settings: bms.Settings) -> str:
    """Settings as JSON: every one of them, and for the reader the limits that follow and the units of the columns."""
    content = {
        "format": FORMAT,
        "settings": bms.as_mapping(settings),
        "limits_applied": {row.name: row.value for row in describe.applied_rows(settings)},
        "units": {"dt_ms": "ms", "*_s": "s", "*_V": "V", "*_A": "A", "*_degC": "degC", "others": "0 or 1"},
    }
    return json.dumps(plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_settings(path: Path) -> bms.Settings:
    """Read the settings beside a table.

    Raises
    ------
    InputError : no such file, no JSON, or a setting that cannot be used
    """
    allowed = "the settings of these vectors, as `bms-cosim run --vectors` writes them"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "unreadable", allowed) from None
    except (ValueError, RecursionError):
        raise InputError(str(path), "", "no JSON", allowed) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise InputError(str(path), "format", found, FORMAT)
    try:
        return bms.Settings.from_mapping(content.get("settings", {}))
    except bms.SettingsError as error:
        raise InputError(str(path), f"settings.{error.field}", error.value, error.allowed) from None


class Found(NamedTuple):
    """A difference: line of the file, and what `bms.vectors` says of it."""

    line: int
    difference: vectors.Difference


class Replayed(NamedTuple):
    """What a replay gave: rows, differences in all, and the first of them."""

    rows: int
    different: int
    first: tuple[Found, ...]


def table_of(file_or_folder: Path) -> Path:
    """Table that a path means: itself, or the one in a result directory."""
    return file_or_folder / VECTORS if file_or_folder.is_dir() else file_or_folder


def replay(table: Path, settings: bms.Settings) -> Replayed:
    """Let the supervisor go through a table and compare what it says with what the table expects.

    Raises
    ------
    InputError : with the line, the column, the value and what is allowed
    """
    with _rows(table, settings) as reader:
        first: list[Found] = []
        count = rows = 0

        def counted() -> Iterator[dict[str, str]]:
            nonlocal rows
            for row in reader:
                rows += 1
                if None in row or None in row.values():
                    told = "too many" if None in row else "too few"
                    raise vectors.VectorError(rows - 1, "", f"{told} values", "one value per column")
                yield row

        try:
            for found in vectors.differences(counted(), settings):
                count += 1
                if len(first) < SHOWN:
                    first.append(Found(reader.line_num, found))
        except vectors.VectorError as error:
            raise _at(table, reader.line_num, error) from None
    if rows == 0:
        raise InputError(str(table), "", "no rows", "at least one call")
    return Replayed(rows, count, tuple(first))


@contextmanager
def _rows(table: Path, settings: bms.Settings) -> Iterator[csv.DictReader[str]]:
    """Open a table and check its header; whatever is no CSV is told with its line."""
    reader: csv.DictReader[str] | None = None
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:  # spreadsheets put a byte order mark in front
            reader = csv.DictReader(stream, strict=True)
            try:
                vectors.check_header(list(reader.fieldnames or []), settings)
            except vectors.VectorError as error:
                raise _at(table, 1, error) from None
            yield reader
    except OSError as error:
        allowed = f"a table of `bms-cosim run --vectors`, or a result directory with {VECTORS}"
        raise InputError(str(table), "", error.strerror or "unreadable", allowed) from None
    except UnicodeDecodeError:
        raise InputError(str(table), "", "binary", "UTF-8 text") from None
    except csv.Error as error:
        line = 1 if reader is None else reader.line_num + 1  # counted up only when a row is whole
        raise InputError(str(table), f"line {line}", str(error), "comma-separated values") from None


def _at(table: Path, line: int, error: vectors.VectorError) -> InputError:
    field = f"line {line}, {error.column}" if error.column else f"line {line}"
    return InputError(str(table), field, _shortened(error.value) or "empty", error.allowed)


def _shortened(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
