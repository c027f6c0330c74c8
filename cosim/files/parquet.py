"""Parquet by pyarrow: one record as a table; units and descriptions are metadata of the columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cosim.errors import InputError
from cosim.files.csv_file import Dialect
from cosim.files.record import TIME, TIMES, Column, Record
from cosim.result import told_unit

RECORD = "record"
UNIT, ABOUT = "units", "long_name"


def read(path: Path, dialect: Dialect) -> tuple[Record, ...]:
    """Read every column of numbers of a Parquet file.

    Raises
    ------
    InputError : not a Parquet file, damaged, a null, or without a column of numbers
    """
    import pyarrow as pa  # takes long to load
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, memory_map=False)
        own = _words(table.schema.metadata)
        columns = []
        for field, column in zip(table.schema, table.columns, strict=True):
            if not (pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
                    or pa.types.is_boolean(field.type)):
                continue
            if column.null_count:
                raise InputError(str(path), field.name, f"{column.null_count} nulls", "numbers")
            told = _words(field.metadata)
            unit = "s" if field.name in TIMES else told.get(UNIT) or told_unit(field.name)
            values = np.asarray(column.to_numpy(), dtype=np.float64)
            columns.append(Column(field.name, unit, values, told.get(ABOUT, "")))
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(str(path), "", f"unreadable ({reason})", "a Parquet file") from None
    if not columns:
        raise InputError(str(path), "", "no column of numbers", "a time axis and at least one signal")
    return (Record(own.pop(RECORD, ""), tuple(columns), own, origin=str(path)),)


def write(record: Record, path: Path) -> None:
    """Write a record; equal content gives equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [(TIME, "s", "time", record.time)]
    columns += [(column.name, column.unit, column.about, column) for column in record.signals]
    fields = [pa.field(name, pa.float64(), nullable=False, metadata={UNIT: unit, ABOUT: about})
              for name, unit, about, _ in columns]
    own = {RECORD: record.name, **record.attributes}
    table = pa.table([pa.array(column.values) for *_, column in columns], schema=pa.schema(fields, metadata=own))
    pq.write_table(table, path, compression="zstd")


def _words(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    """Metadata as text, without what pandas and Arrow keep there for themselves."""
    return {key.decode("utf-8"): value.decode("utf-8") for key, value in (metadata or {}).items()
            if key not in (b"pandas", b"ARROW:schema") and not key.startswith(b"PARQUET:")}
