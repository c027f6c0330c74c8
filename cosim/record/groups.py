"""A netCDF4 file of many groups, written as xarray would and in a tenth of the time.

The library under netCDF4 goes through all variables of the file again whenever one is written after another was
defined. xarray defines and writes one after the other; six hundred of them in the windows of a day took three seconds
of a run of ten. Here all are defined first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr
from xarray.conventions import cf_encoder, encode_dataset_coordinates

LIGHT: dict[str, Any] = {"zlib": True, "complevel": 1, "shuffle": True}
"""Compression of numbers: waveforms shrink by half and writing stays quick."""


def write_groups(file: Path, groups: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> None:
    """Write datasets as groups of a new file; `xarray.open_datatree` reads the same back.

    Parameters
    ----------
    file : the file, replaced if there is one
    groups : dataset by the path of its group (``windows/000_enable``)
    attributes : of the file itself
    """
    with netCDF4.Dataset(file, "w", format="NETCDF4") as root:
        root.setncatts(dict(attributes))
        waiting: list[tuple[Any, Any]] = []
        for path, dataset in groups.items():
            group = root.createGroup(path)
            variables, about = cf_encoder(*encode_dataset_coordinates(dataset))
            group.setncatts(about)
            # One order, however the dataset came about: equal content is to give equal bytes.
            names = [*dataset.data_vars, *dataset.coords]
            for dimension in dict.fromkeys(d for name in names for d in variables[name].dims):
                group.createDimension(dimension, dataset.sizes[dimension])
            waiting += [_defined(group, str(name), variables[name]) for name in names]
        for place, values in waiting:
            place[...] = values


def _defined(group: Any, name: str, variable: xr.Variable) -> tuple[Any, Any]:
    """Define an encoded variable; where its values go, and the values."""
    values, about = np.asarray(variable.values), dict(variable.attrs)
    fill = about.pop("_FillValue", None)
    if values.dtype.kind in "OU":
        place = group.createVariable(name, str, variable.dims, fill_value=fill)
        values = values.astype(object)
    else:
        more = LIGHT if variable.dims else {}
        place = group.createVariable(name, values.dtype, variable.dims, fill_value=fill, **more)
    place.setncatts(about)
    return place, values
