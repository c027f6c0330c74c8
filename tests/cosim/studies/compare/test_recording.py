"""Signals from results, netCDF and CSV, and measured CSV by a mapping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from cosim.errors import InputError
from cosim.result import LoggedEvent, Result
from cosim.studies.compare.measured import load_mapping, read_measured
from cosim.studies.compare.recording import Recording, of_result, read
from cosim.studies.compare.tube import WaveformError


def test_a_result_gives_slow_record_windows_and_columns(plausible_result: Result, tmp_path: Path) -> None:
    windows = plausible_result.windows
    windows["009_enable"] = windows["001_enable"].assign(port_current_A=windows["001_enable"].port_current_A + 1.0)
    recording = of_result(plausible_result)
    assert recording.signals["slow/port_current_A"].unit == "A"
    assert {"slow/junction_degC[q1]", "windows/enable/port_current_A", "windows/enable#2/port_current_A"} <= set(
        recording.signals)
    first, second = (recording.signals[f"windows/enable{n}/port_current_A"].wave.value for n in ("", "#2"))
    assert np.array_equal(second, first + 1.0)
    assert recording.signals["windows/enable/port_current_A"].in_window
    assert not recording.signals["slow/port_current_A"].in_window
    assert recording.events == plausible_result.events
    plausible_result.save(tmp_path / "run", picture=False)
    again = read(tmp_path / "run")
    assert set(again.signals) == set(recording.signals) and again.events == recording.events
    alone = read(tmp_path / "run" / "result.nc")
    assert set(alone.signals) == set(recording.signals) and alone.events is None


def test_a_plain_netcdf_file_gives_what_runs_over_time(tmp_path: Path) -> None:
    variables = {"i": ("time", [1.0, 2.0, 3.0], {"units": "mA"}), "name": ("x", [1.0]), "v_V": ("time", [0, 1, 2])}
    data = xr.Dataset(variables, {"time": [0.0, 0.1, 0.2]})
    data.to_netcdf(tmp_path / "a.nc")
    recording = read(tmp_path / "a.nc")
    assert {name: one.unit for name, one in recording.signals.items()} == {"i": "mA", "v_V": "V"}
    assert recording.signals["i"].step_s == pytest.approx(0.1)


def test_csv_with_units_in_the_headings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("# made by hand\ntime_s,port_current_A,x [mV],flag\n0,1,2,0\n\n0.5,3,4,1\n1,5,6,1\n")
    recording = read(path)
    units = {name: one.unit for name, one in recording.signals.items()}
    assert units == {"port_current_A": "A", "x": "mV", "flag": "1"}
    assert recording.signals["x"].wave.value.tolist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize(("text", "words"), [
    ("time_s,a\n0,1\n1,x\n", "line 3, a: x (allowed: a number)"),
    ("time_s,a\n0,1\n1,\n", "line 3, a: empty"), ("time_s,a\n0,1\n1\n", "line 3: 1 cells (allowed: 2"),
    ("seconds,a\n0,1\n1,2\n", "--map"), ("time_s,a\n0,1\n", "1 rows"), ("time_s,a,a\n0,1,1\n1,2,2\n", "header: a"),
    ("time_s\n0\n1\n", "no signals"),
])
def test_bad_csv_names_line_and_column(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError) as told:
        read(path)
    assert words in str(told.value) and "bad.csv" in str(told.value)


@pytest.mark.parametrize(("text", "words"), [
    ("time_s,a\n0,1\n1,nan\n2,3\n", "a: value nan at point 1"), ("time_s,a\n0,1\n2,1\n1,3\n", "time 1 s after 2 s"),
])
def test_nan_and_falling_times_are_refused_with_a_typed_error(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(WaveformError, match=words):
        read(path)


@pytest.mark.parametrize("name", ["absent", "a.txt", "bad.nc"])
def test_other_files_are_refused(name: str, tmp_path: Path) -> None:
    for other in ("a.txt", "bad.nc"):
        (tmp_path / other).write_text("x")
    with pytest.raises(InputError, match=name):
        read(tmp_path / name)


MAP = """
time: {column: "T (ms)", unit: ms}
signals:
  slow/port_current_A: {column: CH1, unit: mV, scale: 200.0, as: A}
  slow/battery_voltage_V: {column: CH2, unit: mV, offset: 0.5}
  slow/case_degC: {column: K, unit: K}
delimiter: ";"
decimal: ","
header_line: 3
"""


def test_an_oscilloscope_with_semicolons_and_commas(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "scope.csv").write_text(
        "Model;X\nSerial;1\nT (ms);CH1;CH2;K\n0;100;13000;273,15\n0,5;450,5;13100;300\n")
    recording = read_measured(tmp_path / "scope.csv", load_mapping(tmp_path / "map.yaml"))
    told = {name: (one.unit, one.wave.value) for name, one in recording.signals.items()}
    assert told["slow/port_current_A"][0] == "A"
    assert told["slow/port_current_A"][1] == pytest.approx([20.0, 90.1])  # 0.2 A per mV
    assert told["slow/battery_voltage_V"][0] == "V"
    assert told["slow/battery_voltage_V"][1] == pytest.approx([13.5, 13.6])
    assert told["slow/case_degC"][1] == pytest.approx([0.0, 26.85])
    assert recording.signals["slow/case_degC"].wave.time_s == pytest.approx([0.0, 5e-4])


@pytest.mark.parametrize(("old", "new", "words"), [
    ("unit: K", "unit: kelvin", "signals.slow/case_degC.unit: kelvin"), ("unit: ms", "unit: V", "time.unit: V"),
    ("scale: 200.0", "scale: 0.0", "scale: 0.0 (allowed: other than 0)"), ("offset", "ofset", "did you mean 'offset'"),
    ("column: CH1", "colum: CH1", "colum"), ('";"', '";;"', "delimiter"),
])
def test_bad_mappings_name_the_field(old: str, new: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAP.replace(old, new))
    with pytest.raises(InputError) as told:
        load_mapping(tmp_path / "map.yaml")
    assert words in str(told.value) and "map.yaml" in str(told.value)


def test_a_missing_column_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "scope.csv").write_text("a\nb\nT (ms);CH 1;CH2;K\n0;1;1;1\n1;1;1;1\n")
    with pytest.raises(InputError, match=r"slow/port_current_A: no column 'CH1' .*CH 1"):
        read_measured(tmp_path / "scope.csv", load_mapping(tmp_path / "map.yaml"))


def test_a_shifted_recording_is_later_with_all_that_it_has() -> None:
    recording = Recording("scope", events=[LoggedEvent(1.0, "supervisor", "on", "")])
    recording.add("a", "A", [0.0, 1.0, 3.0], [5.0, 6.0, 7.0])
    later = recording.shifted(0.5)
    assert later.signals["a"].wave.time_s.tolist() == [0.5, 1.5, 3.5]
    assert later.signals["a"].wave.value.tolist() == [5.0, 6.0, 7.0] and later.signals["a"].unit == "A"
    assert later.events is not None and later.events[0].time_s == 1.5 and later.origin == "scope"
    assert recording.signals["a"].wave.time_s[0] == 0.0
