"""netCDF: every group is a record; what `bms-cosim run` wrote is read as the result that it belongs to."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from cosim.errors import InputError
from cosim.files.csv_file import Dialect
from cosim.files.of_result import SLOW, WINDOWS, of_dataset, of_result
from cosim.files.record import Record
from cosim.record.groups import write_groups
from cosim.result import WAVEFORMS, Result


def read(path: Path, dialect: Dialect) -> tuple[Record, ...]:
    """Read all groups; InputError for what is no netCDF file, or a group with variables and without time."""
    try:
        with xr.open_datatree(path, engine="netcdf4") as tree:
            groups = {name.strip("/"): node.to_dataset().load() for name, node in tree.subtree_with_keys}
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(str(path), "", f"unreadable ({reason})", "a netCDF file") from None
    groups = {("" if name == "." else name): data for name, data in groups.items()}
    if path.name == WAVEFORMS and SLOW in groups:
        windows = {name.removeprefix(WINDOWS): data for name, data in groups.items() if name.startswith(WINDOWS)}
        return tuple(of_result(Result(groups[SLOW], windows), str(path)).values())
    found = (of_dataset(name, data, str(path)) for name, data in groups.items())
    return tuple(record for record in found if record is not None)


def write(record: Record, path: Path) -> None:
    """Write a record as a group of its name.

    Raises
    ------
    InputError : a name of a signal with /, which is a group there
    """
    for column in record.columns:
        if "/" in column.name:
            raise InputError(record.origin, column.name, "a name with /", "a name that netCDF can hold")
    dataset = record.to_dataset()
    if record.name:
        write_groups(path, {record.name: dataset}, {})
    else:
        dataset.to_netcdf(path, engine="netcdf4")
