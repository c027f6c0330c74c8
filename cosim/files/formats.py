"""The table of file formats: one entry each, with what reads it, what writes it and what it can hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import xarray as xr

from cosim.errors import InputError, nearest
from cosim.files import csv_file, netcdf, parquet, raw_read, raw_write, vcd_read, vcd_write
from cosim.files.csv_file import Dialect
from cosim.files.of_result import SLOW, asked, of_dataset, of_folder
from cosim.files.place import replaced
from cosim.files.record import Record
from cosim.result import Result

Reader = Callable[[Path, Dialect], tuple[Record, ...]]
Writer = Callable[[Record, Path], None]


@dataclass(frozen=True)
class Format:
    """A format of files.

    Parameters
    ----------
    name : for `--format`
    endings : of file names, lower case
    told : what it is, for messages and help
    read, write : what does it
    digital : it holds digital signals alone
    """

    name: str
    endings: tuple[str, ...]
    told: str
    read: Reader
    write: Writer
    digital: bool = False


FORMATS = (
    Format("csv", (".csv",), "CSV, units in the header", csv_file.read, csv_file.write),
    Format("parquet", (".parquet",), "Parquet, units with the columns", parquet.read, parquet.write),
    Format("nc", (".nc",), "netCDF", netcdf.read, netcdf.write),
    Format("raw", (".raw",), "ngspice raw, double precision", raw_read.read, raw_write.write_ngspice),
    Format("ltspice", (), "raw as LTspice lays it out, double precision", raw_read.read, raw_write.write_ltspice),
    Format("vcd", (".vcd",), "VCD, digital signals and events", vcd_read.read, vcd_write.write, digital=True),
)
READABLE = "a result directory, or a file " + ", ".join(ending for one in FORMATS for ending in one.endings)


def format_of(path: Path, name: str = "") -> Format:
    """Format of a file by its name's ending, or the one of a name.

    Raises
    ------
    InputError : none has this ending or name
    """
    if name:
        for one in FORMATS:
            if one.name == name:
                return one
        raise InputError("--format", "", repr(name), nearest(name, [one.name for one in FORMATS]))
    for one in FORMATS:
        if path.suffix.lower() in one.endings:
            return one
    raise InputError(str(path), "", path.suffix or "no ending", READABLE)


def read(path: Path | str, dialect: Dialect | None = None, *, format: str = "") -> tuple[Record, ...]:
    """Read all waveforms of a file or a result directory.

    Parameters
    ----------
    path : what it is is told by its ending: .csv, .parquet, .nc, .raw, .vcd; or a result directory
    dialect : how a CSV file is written, if not with commas and points
    format : name of a format instead of the ending

    Returns
    -------
    its records: of a result the slow record and its windows, of a VCD file of another program one per signal, else one

    Raises
    ------
    InputError : no such file, another kind of file, or a damaged one: what, where, and what would be right
    """
    path = Path(path)
    if path.is_dir():
        return of_folder(path)
    if not path.is_file():
        raise InputError(str(path), "", "no such file or folder", READABLE)
    return format_of(path, format).read(path, dialect or Dialect())


def write(
    source: Result | xr.Dataset | Record, path: Path | str, record: str = SLOW, *, signals: Sequence[str] = (),
    format: str = "",
) -> Record:
    """Write one record to a file; it is whole, or as it was before.

    Parameters
    ----------
    source : a result, a dataset over `time_s`, or a record
    path : the file; its ending tells the format
    record : of a result: `slow`, or a window (`001_short_circuit`, or `short_circuit` where there is only one)
    signals : patterns of names (`*_A`, `junction*`); all if empty
    format : name of a format (`csv`, `parquet`, `nc`, `raw`, `ltspice`, `vcd`) instead of the ending

    Returns
    -------
    what was written

    Raises
    ------
    InputError : no such record or signal, a format that cannot hold it, or a place that cannot be written
    """
    path = Path(path)
    chosen = format_of(path, format)
    if isinstance(source, Result):
        _, found = asked(source, record)
    elif isinstance(source, xr.Dataset):
        made = of_dataset("", source)
        if made is None:
            raise InputError("dataset", "", "no variables", "at least one over time_s")
        found = made
    else:
        found = source
    found = found.chosen(signals)
    if chosen.digital:
        found = replace(found, columns=(found.time, *(column for column in found.signals if column.bits)))
    with replaced(path) as temporary:
        chosen.write(found, temporary)
    return found
