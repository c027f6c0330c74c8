"""What is written is read back, by readers of other people and by our own, as the numbers that the result has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from spicelib import RawRead

from cosim import files
from cosim.errors import InputError
from cosim.files.of_result import of_result
from cosim.files.record import Column, Record
from cosim.paths import ROOT
from cosim.result import Result

Array = NDArray[np.float64]
EXACT = ("csv", "parquet", "nc", "raw", "ltspice")
"""Formats that hold every number as it is."""


def same(a: object, b: object) -> bool:
    """Equal to the bit, -0.0 and NaN included."""
    return np.asarray(a, dtype=np.float64).tobytes() == np.asarray(b, dtype=np.float64).tobytes()


def ngspice_reads(raw: Path, *commands: str) -> dict[str, Any]:
    script, out = Path(__file__).with_name("ngspice_reads.py"), raw.with_suffix(".npz")
    subprocess.run([sys.executable, str(script), str(raw), str(out), *commands], check=True, timeout=120, cwd=ROOT)
    with np.load(out) as found:
        return dict(found)


def waves(result: Result) -> dict[str, Array]:
    """What of the slow record stands in a file, worked out without the code under test."""
    found: dict[str, Array] = {}
    for name, variable in result.slow.data_vars.items():
        if variable.ndim == 1:
            found[str(name)] = variable.values
        else:
            for j, label in enumerate(result.slow[variable.dims[1]].values):
                found[f"{name}[{label}]"] = variable.values[:, j]
    return found


def test_pandas_reads_csv_to_the_bit(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.csv")
    frame = pd.read_csv(tmp_path / "a.csv")
    units = {"port_current_A": "A", "sense_mV": "mV", "soc": "1", "junction_degC[q1]": "degC", "cell_voltage_V[4]": "V"}
    expected = waves(run)
    assert len(frame.columns) == len(expected) + 1
    assert same(frame["time_s"], run.slow.time_s.values)
    for name, unit in units.items():
        assert same(frame[f"slow/{name} [{unit}]"], expected[name]), name


def test_arrow_and_pandas_read_parquet_to_the_bit(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    frame = pd.read_parquet(tmp_path / "a.parquet")
    for name, wave in waves(run).items():
        assert same(table[name].to_numpy(), wave) and same(frame[name], wave), name
    assert same(frame["time_s"], run.slow.time_s.values)
    assert table.schema.field("sense_mV").metadata[b"units"] == b"mV"
    assert table.schema.field("soc").metadata[b"long_name"] == b"state of charge"
    assert table.schema.metadata[b"record"] == b"slow" and table.schema.metadata[b"scenario"] == b"made"


def test_xarray_reads_netcdf_to_the_bit(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.nc", "001_enable")
    with xr.open_dataset(tmp_path / "a.nc", group="windows/enable#2") as found:
        for name, wave in run.windows["001_enable"].data_vars.items():
            assert same(found[name].values, wave.values), name
        assert found["port_current_A"].attrs["units"] == "A"


def test_ngspice_itself_loads_raw_to_the_bit(run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.raw")
    found = ngspice_reads(tmp_path / "a.raw", "print junction_degC__q1[3]")
    said = str(found.pop("said"))
    assert "Error" not in said and "Warning" not in said
    assert f"{run.slow.junction_degC.values[3, 0]:.5e}" in said, "vectors have names that can be typed"
    kinds = {name.removeprefix("kind "): int(found.pop(name)) for name in list(found) if name.startswith("kind ")}
    assert same(found.pop("time"), run.slow.time_s.values)
    expected = {name.replace("[", "__").replace("]", ""): wave for name, wave in waves(run).items()}
    assert set(found) == set(expected)
    for name, wave in expected.items():
        assert same(found[name], wave), name
    assert kinds["port_current_A"] == 4 and kinds["battery_voltage_V"] == 3 and kinds["time"] == 1
    assert kinds["sense_mV"] == kinds["soc"] == 0, "an axis in V would show mV a thousandfold"


def test_what_ngspice_writes_is_read(run: Result, tmp_path: Path) -> None:
    """Its own binary and text files: there and back through another program."""
    files.write(run, tmp_path / "a.raw")
    binary, text = tmp_path / "b.raw", tmp_path / "c.raw"
    ngspice_reads(tmp_path / "a.raw", "set filetype=binary", f"write {binary}", "set filetype=ascii", f"write {text}")
    own, b, c = (files.read(path)[0] for path in (tmp_path / "a.raw", binary, text))
    for one, exact in ((b, True), (c, False)):
        named = {re.sub(r"^[vi]\((.*)\)$", r"\1", column.heading): column for column in one.columns}
        assert set(named) == {column.heading.lower() for column in own.columns}, "it writes small letters, and v(...)"
        for column in own.columns:
            found = named[column.heading.lower()].values
            if exact:
                assert same(found, column.values), column.name
            else:  # ngspice writes 16 digits into text
                assert found == pytest.approx(column.values, rel=1e-15, abs=0.0), column.name
        units = {name: column.unit for name, column in named.items()}
        assert units["battery_voltage_v"] == "V" and units["port_current_a"] == "A" and units["time"] == "s"


@pytest.mark.parametrize(("format", "dialect"), [("raw", "ngspice"), ("ltspice", "ltspice")])
def test_spicelib_reads_raw_to_the_bit(format: str, dialect: str, run: Result, tmp_path: Path) -> None:
    files.write(run, tmp_path / "a.raw", "000_enable", format=format)
    found = RawRead(tmp_path / "a.raw", traces_to_read="*", verbose=False)
    assert found.dialect == dialect, "which of the layouts it is stands in the file"
    window = run.windows["000_enable"]
    probe = "I({})" if format == "ltspice" else "{}"
    current = found.get_trace(probe.format("port_current_A"))
    assert same(found.get_axis(), window.time_s.values)
    assert same(current.get_wave(), window.port_current_A.values)
    assert same(found.get_trace("power_fuse_W").get_wave(), window.power_fuse_W.values)
    assert current.whattype == ("device_current" if format == "ltspice" else "current")
    assert found.encoding == ("utf_16_le" if format == "ltspice" else "utf_8")
    assert "windows/enable" in found.get_raw_property("Title") and "60.5 s" in found.get_raw_property("Title")


@pytest.mark.parametrize("format", EXACT)
@pytest.mark.parametrize("record", ["slow", "001_enable"])
def test_own_reader_gives_the_record_back(format: str, record: str, run: Result, tmp_path: Path) -> None:
    path = tmp_path / ("a.raw" if format == "ltspice" else f"a.{format}")
    files.write(run, path, record, format=format)
    own = of_result(run)[record]
    found, = files.read(path)
    where = own.name + "/" if format == "csv" else ""  # CSV has no other place for it
    assert found.name == ("" if where else own.name) and found.points == own.points
    assert [(column.name, column.unit) for column in found.signals] == [
        (where + column.name, column.unit) for column in own.signals]
    for a, b in zip(found.columns, own.columns, strict=True):
        assert same(a.values, b.values), a.name


def test_equal_content_gives_equal_bytes(run: Result, tmp_path: Path) -> None:
    for format in (*EXACT, "vcd"):
        for name in ("a", "b"):
            files.write(run, tmp_path / name, format=format)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes(), format


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(_[A-Z][a-z0-9]{0,3}){0,2}(\[[a-z0-9]{1,4}\])?", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


@st.composite
def records(draw: st.DrawFn) -> Record:
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True).filter(
        lambda many: not {"time", "t", "time_s"} & set(many)))
    points = draw(st.integers(0, 6))
    wave = st.lists(NUMBERS, min_size=points, max_size=points)
    columns = [Column("time_s", "s", np.array(sorted(draw(wave)), dtype=np.float64))]
    columns += [Column(name, "1", np.array(draw(wave), dtype=np.float64)) for name in names]
    name = draw(st.sampled_from(["", "slow", "windows/a b", "windows/enable#2"]))
    return Record(name, tuple(columns), {"start_s": "1.5", "reason": "a | b\nc"})


@pytest.mark.parametrize("format", EXACT)
@given(record=records())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_waveform_comes_back(format: str, record: Record, tmp_path: Path) -> None:
    """One point, none, the smallest and the largest numbers, names with brackets."""
    path = tmp_path / "any"
    files.write(record, path, format=format)
    found, = files.read(path, format=format)
    prefix = f"{record.name}/" if format == "csv" and record.name else ""
    assert found.name == ("" if prefix else record.name)
    assert [column.name for column in found.signals] == [prefix + column.name for column in record.signals]
    t = record.time.values
    kept = np.ones(t.size, dtype=bool)
    if format in ("raw", "ltspice"):  # the middle ones of three equal times are left out
        kept = np.array([not (0 < k < t.size - 1 and t[k - 1] == t[k] == t[k + 1]) for k in range(t.size)], dtype=bool)
    for a, b in zip(found.columns, record.columns, strict=True):
        if a.name == "time_s" and format == "ltspice":
            assert same(a.values, np.abs(b.values[kept])), "LTspice's sign of a time means something else"
        else:
            assert same(a.values, b.values[kept]), a.name


@pytest.mark.parametrize("format", ["raw", "ltspice"])
@pytest.mark.parametrize("name", ["a b", "a\tb", "a__b", "V(a)", "time", 'a"b', "a__b[1]"])
def test_names_that_raw_cannot_hold_are_refused(format: str, name: str, tmp_path: Path) -> None:
    record = Record("slow", (Column("time_s", "s", np.arange(3.0)), Column(name, "A", np.arange(3.0))))
    with pytest.raises(InputError, match="name of a signal"):
        files.write(record, tmp_path / "a.raw", format=format)
    assert list(tmp_path.iterdir()) == []


def test_nan_and_infinity_come_back(tmp_path: Path) -> None:
    odd = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    record = Record("", (Column("time_s", "s", np.arange(5.0)), Column("x", "1", odd)))
    for format in EXACT:
        files.write(record, tmp_path / "a", format=format)
        found = files.read(tmp_path / "a", format=format)[0].signals[0].values
        assert np.array_equal(found, odd, equal_nan=True) and np.signbit(found[3]), format
