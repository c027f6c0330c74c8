"""A file of groups that xarray reads back as if it had written it."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from cosim.record.groups import write_groups

ABOUT = {"units": "A", "long_name": "current"}


def datasets() -> dict[str, xr.Dataset]:
    rng = np.random.default_rng(2)
    time_s = ("time_s", np.arange(5.0), {"units": "s"})
    slow = xr.Dataset(
        {"current_A": (("time_s", "device"), rng.normal(size=(5, 2)), ABOUT), "count": ("time_s", np.arange(5)),
         "on": ("time_s", np.array([True, False, True, True, False])), "mean_A": ((), 2.5, ABOUT),
         "gap_V": ("time_s", np.array([1.0, np.nan, 3.0, np.inf, -0.0]))},
        coords={"time_s": time_s, "device": ("device", np.array(["q1", "q2a"])), "phase": ("time_s", np.arange(5.0))},
        attrs={"scenario": "a day", "start_s": 3.5, "steps": np.array([1, 2])},
    )
    window = xr.Dataset({"sense_mV": ("time_s", rng.normal(size=5))}, coords={"time_s": time_s}, attrs={"settled": 1})
    return {"slow": slow, "windows": xr.Dataset(), "windows/000_enable": window, "windows/001_disable": window}


def test_xarray_reads_back_what_it_would_have_written(tmp_path: Path) -> None:
    tree = datasets()
    write_groups(tmp_path / "ours.nc", tree, {"circuit_text": "* a circuit"})
    whole = xr.DataTree.from_dict({**tree, "/": xr.Dataset(attrs={"circuit_text": "* a circuit"})})
    whole.to_netcdf(tmp_path / "theirs.nc", engine="netcdf4")
    with xr.open_datatree(tmp_path / "ours.nc") as ours, xr.open_datatree(tmp_path / "theirs.nc") as theirs:
        assert ours.identical(theirs)
        assert list(ours["windows"].children) == ["000_enable", "001_disable"]
        assert ours["slow"]["on"].dtype == bool


def test_numbers_are_compressed_and_equal_content_is_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.nc", "b.nc"):
        write_groups(tmp_path / name, datasets(), {})
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
    with netCDF4.Dataset(tmp_path / "a.nc") as root:
        assert root["slow/current_A"].filters()["zlib"]
        assert np.isnan(root["slow/current_A"]._FillValue)


def test_nothing_is_written_before_all_is_defined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes the time: a variable that is defined after another was written."""
    from cosim.record import groups

    told: list[str] = []

    class Place:
        def __setitem__(self, key: object, values: object) -> None:
            told.append("written")

    def defined(group: object, name: str, variable: xr.Variable) -> tuple[Place, object]:
        told.append("defined")
        return Place(), variable.values

    monkeypatch.setattr(groups, "_defined", defined)
    write_groups(tmp_path / "a.nc", datasets(), {})
    count = len(told) // 2
    assert count == 12
    assert told == ["defined"] * count + ["written"] * count
