"""The table of formats: every entry reads what it writes; what is chosen, where it goes, what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from cosim import files
from cosim.errors import InputError
from cosim.files.place import replaced
from cosim.paths import ROOT
from cosim.result import Result


@pytest.mark.parametrize("one", files.FORMATS, ids=lambda one: one.name)
def test_every_format_stands_in_the_document(one: files.Format) -> None:
    text = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    shown = one.endings[0] if one.endings else f"--format {one.name}"
    assert any(shown in row for row in rows), shown


def test_format_by_ending_or_by_name() -> None:
    assert files.format_of(Path("a.b.CSV")).name == "csv"
    assert files.format_of(Path("a.raw")).name == "raw"
    assert files.format_of(Path("a.raw"), "ltspice").name == "ltspice"
    with pytest.raises(InputError, match="no ending"):
        files.format_of(Path("a"))
    with pytest.raises(InputError, match="did you mean 'ltspice'"):
        files.format_of(Path("a.raw"), "ltspise")
    endings = [ending for one in files.FORMATS for ending in one.endings]
    assert len(set(endings)) == len(endings)


def test_signals_by_patterns(run: Result, tmp_path: Path) -> None:
    written = files.write(run, tmp_path / "a.csv", signals=["*_A", "junction*", "cell_voltage_V[[]2]"])
    names = ["port_current_A", "junction_degC[q1]", "junction_degC[q2a]", "cell_voltage_V[2]"]
    assert [column.name for column in written.signals] == names
    assert [c.name for c in files.read(tmp_path / "a.csv")[0].signals] == [f"slow/{name}" for name in names]
    with pytest.raises(InputError, match=r"--signals: 'port_curent_A' \(allowed: did you mean 'port_current_A'"):
        files.write(run, tmp_path / "b.csv", signals=["port_curent_A"])
    assert not (tmp_path / "b.csv").exists()


def test_records_by_key_and_by_kind(run: Result, tmp_path: Path) -> None:
    assert files.write(run, tmp_path / "a.csv", "001_enable").name == "windows/enable#2"
    with pytest.raises(InputError, match="2 windows of this kind"):
        files.write(run, tmp_path / "a.csv", "enable")
    with pytest.raises(InputError, match="no such window"):
        files.write(run, tmp_path / "a.csv", "short")
    del run.windows["001_enable"]
    assert files.write(run, tmp_path / "a.csv", "enable").name == "windows/enable"


def test_a_dataset_of_ones_own(tmp_path: Path) -> None:
    data = xr.Dataset({"x": ("time_s", [1.0, 2.0], {"units": "kPa"}), "on": ("time_s", [True, False]),
                       "n": ("time_s", [3, 200])}, {"time_s": [0.0, 1.0]})
    files.write(data, tmp_path / "a.parquet")
    record, = files.read(tmp_path / "a.parquet")
    assert record.name == "" and [(c.name, c.unit) for c in record.signals] == [("x", "kPa"), ("on", "1"), ("n", "1")]
    again = record.to_dataset()
    assert again["x"].values.tolist() == [1.0, 2.0] and again["x"].attrs["units"] == "kPa"
    assert again["time_s"].values.tolist() == [0.0, 1.0]
    assert [(c.name, c.bits) for c in files.write(data, tmp_path / "a.vcd").signals] == [("on", 1), ("n", 8)]
    with pytest.raises(InputError, match="a time axis"):
        files.write(xr.Dataset({"x": ("u", [1.0])}), tmp_path / "a.csv")
    with pytest.raises(InputError, match="no variables"):
        files.write(xr.Dataset(), tmp_path / "a.csv")


def test_a_file_is_whole_or_as_before(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(RuntimeError), replaced(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert (tmp_path / "a").read_text() == "old" and [path.name for path in tmp_path.iterdir()] == ["a"]
    with replaced(tmp_path / "a") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a").read_text() == "new" and os.stat(tmp_path / "a").st_mode & 0o444
    for place in (tmp_path, tmp_path / "absent" / "a"):
        with pytest.raises(InputError, match="a file that can be written"), replaced(place):
            pass


def test_headings_that_csv_cannot_hold(tmp_path: Path) -> None:
    for name in ("#a", "a\nb", "a\tb"):
        record = files.Record("", (files.Column("time_s", "s", np.arange(2.0)), files.Column(name, "1", np.ones(2))))
        with pytest.raises(InputError, match="line breaks"):
            files.write(record, tmp_path / "a.csv")
    slashed = files.Record("", (files.Column("time_s", "s", np.arange(2.0)), files.Column("a/b", "1", np.ones(2))))
    with pytest.raises(InputError, match="a name with /"):
        files.write(slashed, tmp_path / "a.nc")
