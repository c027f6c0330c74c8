"""Measured and simulated elsewhere: raw, Parquet and VCD files under a mapping, against a result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spicelib import RawWrite, Trace

from cosim import files
from cosim.errors import InputError
from cosim.result import Result
from cosim.studies.compare.align import align
from cosim.studies.compare.comparison import compare
from cosim.studies.compare.measured import load_mapping, read_measured
from cosim.studies.compare.recording import Recording, of_result


def mapped(folder: Path, name: str, text: str) -> Recording:
    (folder / "map.yaml").write_text(text)
    return read_measured(folder / name, load_mapping(folder / "map.yaml"))


def ltspice(path: Path, time_s: np.ndarray, current_A: np.ndarray) -> None:
    """As LTspice would write what somebody drew: single precision, the current counted the other way."""
    raw = RawWrite(fastacces=False)
    raw.add_trace(Trace("time", time_s))
    raw.add_trace(Trace("I(R1)", (-current_A).astype(np.float32), "device_current"))
    raw.save(path)


RAW_MAP = 'time: {column: time, unit: s}\nsignals: {slow/port_current_A: {column: "I(R1)", unit: A, scale: -1.0}}\n'


def test_a_raw_file_of_ltspice_is_overlaid_on_a_result(plausible_result: Result, tmp_path: Path) -> None:
    slow = plausible_result.slow
    ltspice(tmp_path / "a.raw", slow.time_s.values[:3000], slow.port_current_A.values[100:3100])
    golden, own = mapped(tmp_path, "a.raw", RAW_MAP), of_result(plausible_result)
    assert not compare(golden, own, events=False, overlap=True).passed
    found = align(golden, own)
    assert found.clear and found.shift_s == pytest.approx(-100.0, abs=0.05)
    judged = compare(golden, own, events=False, overlap=True, shift_s=found.shift_s)
    assert judged.passed and list(golden.signals) == ["slow/port_current_A"]
    late = compare(golden, own, events=False, overlap=True, shift_s=found.shift_s + 10.0)
    assert not late.passed


def test_single_precision_uses_next_to_nothing_of_a_tolerance(plausible_result: Result, tmp_path: Path) -> None:
    window = plausible_result.window("enable")
    ltspice(tmp_path / "a.raw", window.time_s.values, window.port_current_A.values)
    golden = mapped(tmp_path, "a.raw", RAW_MAP.replace("slow/", "windows/enable/"))
    judged = compare(golden, of_result(plausible_result), events=False)
    assert judged.worst is not None and 0.0 < judged.worst.used < 1e-4


def test_parquet_under_a_mapping(plausible_result: Result, tmp_path: Path) -> None:
    slow = plausible_result.slow
    columns = {"Zeit": slow.time_s.values / 60.0, "Strom": 1e3 * slow.port_current_A.values, "who": ["x"] * 3600}
    pq.write_table(pa.table(columns), tmp_path / "logger.parquet")
    golden = mapped(tmp_path, "logger.parquet",
                    "time: {column: Zeit, unit: min}\nsignals: {slow/port_current_A: {column: Strom, unit: mA}}\n")
    assert compare(golden, of_result(plausible_result), events=False).passed
    assert golden.signals["slow/port_current_A"].unit == "A"
    with pytest.raises(InputError, match=r"logger.parquet: time: no column 'Zait' \(allowed: did you mean 'Zeit'"):
        mapped(tmp_path, "logger.parquet",
               "time: {column: Zait, unit: min}\nsignals: {slow/port_current_A: {column: Strom, unit: mA}}\n")


def vcd(path: Path, slow_enabled: np.ndarray, time_s: np.ndarray) -> None:
    """A logic analyser at the enable output: edges alone, in ms."""
    edges = [0, *(np.flatnonzero(np.diff(slow_enabled)) + 1)]
    body = "".join(f"#{round(time_s[k] * 1e3)}\n{int(slow_enabled[k])}!\n" for k in edges)
    path.write_text("$timescale 1 ms $end $scope module la $end $var wire 1 ! D0 $end $upscope $end "
                    f"$enddefinitions $end\n{body}#{round(time_s[-1] * 1e3)}\n")


VCD_MAP = "time: {column: time_s, unit: s}\nsignals: {slow/alternator_enabled: {column: la/D0, unit: '1'}}\n"


def test_a_logic_analyser_against_a_switch(plausible_result: Result, tmp_path: Path) -> None:
    """A result has the switch at its points, the analyser its edges: they agree within a step of the record."""
    slow, own = plausible_result.slow, of_result(plausible_result)
    enabled = slow.alternator_enabled.values
    assert 0.0 < enabled.mean() < 1.0
    vcd(tmp_path / "a.vcd", enabled, slow.time_s.values)
    recording = mapped(tmp_path, "a.vcd", VCD_MAP)
    assert compare(own_switch(own), recording, events=False).passed
    late = Recording("late", {name: one for name, one in recording.shifted(5.0).signals.items()})
    assert not compare(own_switch(own), late, events=False, overlap=True).passed


def own_switch(own: Recording) -> Recording:
    return Recording("own", {"slow/alternator_enabled": own.signals["slow/alternator_enabled"]})


def test_an_export_is_mapped_by_its_own_names(plausible_result: Result, tmp_path: Path) -> None:
    """The name alone is enough where it is the only one, the full name always, LTspice's probe too."""
    files.write(plausible_result, tmp_path / "a.raw", format="ltspice")
    for column in ("I(port_current_A)", "slow/port_current_A", "port_current_A"):
        golden = mapped(tmp_path, "a.raw", "time: {column: time, unit: s}\n"
                        f"signals: {{slow/port_current_A: {{column: '{column}', unit: A}}}}\n")
        assert compare(golden, of_result(plausible_result), events=False).passed, column


def test_a_name_of_two_records_is_refused(plausible_result: Result, tmp_path: Path) -> None:
    plausible_result.save(tmp_path / "run", picture=False)
    text = "time: {column: time_s, unit: s}\nsignals: {x: {column: port_current_A, unit: A}}\n"
    with pytest.raises(InputError, match=r"signals.x: 5 columns 'port_current_A' \(allowed: slow/port_current_A"):
        mapped(tmp_path, "run", text)


def test_what_is_for_csv_alone_is_refused_elsewhere(tmp_path: Path) -> None:
    ltspice(tmp_path / "a.raw", np.arange(3.0), np.ones(3))
    with pytest.raises(InputError, match=r"a.raw: delimiter, decimal or header_line for .raw \(allowed: for CSV"):
        mapped(tmp_path, "a.raw", RAW_MAP + 'delimiter: ";"\n')


def test_an_unknown_ending_is_csv_under_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "scope.txt").write_text("t;i;note\n0;1;begin\n1;2;\n")
    recording = mapped(tmp_path, "scope.txt", "time: {column: t, unit: ms}\nsignals: {x: {column: i, unit: A}}\n"
                       'delimiter: ";"\n')
    assert recording.signals["x"].wave.time_s.tolist() == [0.0, 1e-3]
    assert recording.signals["x"].wave.value.tolist() == [1.0, 2.0]
