"""Files of other programs, and files that are damaged: read as they are meant, or refused in one line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from spicelib import RawWrite
from spicelib import Trace as RawTrace

from cosim import files
from cosim.errors import InputError
from cosim.files.csv_file import split_unit
from cosim.files.raw_read import at_most_twice
from cosim.result import Result
from cosim.studies.compare.recording import read as read_recording

TIME_S = np.array([0.0, 1e-6, 1e-6, 2.5e-6, 4e-3])
OUT_V = np.array([0.1, 1.0 / 3.0, 5.0, -2.0, 1e-12])
IN_A = np.array([-1.0, 2.0, 1e9 / 7.0, 3.0, 4.0])


def header(flags: str, *, command: str = "", points: object = 5, title: str = "* C:\\rc.asc", more: str = "",
           variables: str = "\t0\ttime\ttime\n\t1\tV(out)\tvoltage\n\t2\tI(R1)\tdevice_current\n") -> str:
    command = f"Command: {command}\n" if command else ""
    count = variables.count("\n")
    return (f"Title: {title}\nDate: Sun Nov 29 12:00:00 2026\nPlotname: Transient Analysis\nFlags: {flags}\n"
            f"No. Variables: {count}\nNo. Points: {points}\nOffset: 0.0e+00\n{command}{more}Variables:\n{variables}")


LTSPICE = "Linear Technology Corporation LTspice XVII"


def ltspice(path: Path, flags: str = "real forward", time_s: np.ndarray | None = None) -> None:
    """A file as LTspice writes it: UTF-16, time in double precision, the rest in single."""
    time_s = TIME_S if time_s is None else time_s
    head = (header(flags, command=LTSPICE) + "Binary:\n").encode("utf-16-le")
    if "fastaccess" in flags:
        body = time_s.tobytes() + OUT_V.astype("<f4").tobytes() + IN_A.astype("<f4").tobytes()
    else:
        body = b"".join(np.float64(t).tobytes() + np.float32(v).tobytes() + np.float32(i).tobytes()
                        for t, v, i in zip(time_s, OUT_V, IN_A, strict=True))
    path.write_bytes(head + body)


@pytest.mark.parametrize("flags", ["real forward", "real forward fastaccess"])
def test_ltspice_in_single_precision(flags: str, tmp_path: Path) -> None:
    ltspice(tmp_path / "a.raw", flags)
    record, = files.read(tmp_path / "a.raw")
    assert {column.name: column.unit for column in record.columns} == {"time_s": "s", "V(out)": "V", "I(R1)": "A"}
    assert record.time.values.tolist() == TIME_S.tolist()
    for column, exact in zip(record.signals, (OUT_V, IN_A), strict=True):
        assert column.values.tolist() == exact.astype(np.float32).astype(float).tolist()
        ulp = np.spacing(np.abs(exact).astype(np.float32))
        assert (np.abs(column.values - exact) <= ulp).all(), "one ulp of float32"


def test_times_that_ltspice_compressed_are_negative_by_sign_alone(tmp_path: Path) -> None:
    ltspice(tmp_path / "a.raw", time_s=TIME_S * np.array([1.0, -1.0, -1.0, 1.0, -1.0]))
    assert files.read(tmp_path / "a.raw")[0].time.values.tolist() == TIME_S.tolist()


@pytest.mark.parametrize("fast", [False, True])
def test_files_of_spicelib(fast: bool, tmp_path: Path) -> None:
    """Written by other people's code."""
    raw = RawWrite(fastacces=fast)
    raw.add_trace(RawTrace("time", TIME_S))
    raw.add_trace(RawTrace("V(out)", OUT_V.astype(np.float32), "voltage"))
    raw.save(tmp_path / "a.raw")
    record, = files.read(tmp_path / "a.raw")
    assert record.time.values.tolist() == TIME_S.tolist()
    assert record.signals[0].values.tolist() == OUT_V.astype(np.float32).tolist() and record.signals[0].unit == "V"


def as_text(encoding: str) -> bytes:
    rows = "".join(f"{k}\t\t{t!r}\n\t{v!r}\n\t{i!r}\n\n" for k, (t, v, i) in enumerate(
        zip(TIME_S.tolist(), OUT_V.tolist(), IN_A.tolist(), strict=True)))
    return (header("real forward double", command=LTSPICE) + "Values:\n" + rows).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_values_as_text(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(as_text(encoding))
    record, = files.read(tmp_path / "a.raw")
    assert [column.values.tolist() for column in record.columns] == [TIME_S.tolist(), OUT_V.tolist(), IN_A.tolist()]


def doubles(head: str, *columns: np.ndarray) -> bytes:
    return (head + "Binary:\n").encode() + np.column_stack(columns).tobytes()


def test_of_several_analyses_the_transient_one_is_read(tmp_path: Path) -> None:
    """As `.op`, `.ac` and `.tran` of one deck: ngspice puts one plot behind the other."""
    ac = header("complex", points=2, variables="\t0\tfrequency\tfrequency\n\t1\tv(out)\tvoltage\n")
    op = header("real", points=1, variables="\t0\tv(out)\tvoltage\n\t1\ti(v1)\tcurrent\n")
    parts = [doubles(ac, np.ones((2, 4))), doubles(op, np.ones((1, 2))), doubles(header("real"), TIME_S, OUT_V, IN_A)]
    for order in ([0, 1, 2], [2, 0, 1]):
        (tmp_path / "a.raw").write_bytes(b"".join(parts[k] for k in order))
        record, = files.read(tmp_path / "a.raw")
        assert record.signals[0].values.tolist() == OUT_V.tolist()
    (tmp_path / "a.raw").write_bytes(parts[2] + parts[2])
    with pytest.raises(InputError, match=r"2 transient analyses .*allowed: one"):
        files.read(tmp_path / "a.raw")
    (tmp_path / "a.raw").write_bytes(parts[0])
    with pytest.raises(InputError, match="0 transient analyses"):
        files.read(tmp_path / "a.raw")


def test_points_that_a_simulator_repeats_are_left_out(tmp_path: Path) -> None:
    assert at_most_twice(np.array([0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0])).tolist() == [
        True, True, False, False, True, True, True]
    assert at_most_twice(np.array([1.0, 1.0])).all() and at_most_twice(np.empty(0)).size == 0
    time_s, value = np.array([0.0, 1.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 7.0, 3.0, 3.0])
    (tmp_path / "a.raw").write_bytes(doubles(header("real"), time_s, value, value))
    wave = read_recording(tmp_path / "a.raw").signals["V(out)"].wave
    assert wave.time_s.tolist() == [0.0, 1.0, 1.0, 2.0] and wave.value.tolist() == [0.0, 1.0, 3.0, 3.0]


BODY = np.column_stack([TIME_S, OUT_V, IN_A]).tobytes()
BAD: list[tuple[bytes, str]] = [
    (b"", "byte 0"), (b"hello, this is no raw file at all\n", "Title:"),
    (b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 4, "Title:"), (header("real").encode(), "neither Binary: nor Values:"),
    (doubles(header("real"), TIME_S, OUT_V, IN_A)[:-1], "Binary: 119 bytes (allowed: 120 for 5 points of 3 variables"),
    (doubles(header("real", points=10**14), TIME_S, OUT_V, IN_A), "cut off?"),
    (doubles(header("real", points="-5"), TIME_S, OUT_V, IN_A), "No. Points: -5 (allowed: a whole number)"),
    (doubles(header("real", points="9" * 5000), TIME_S, OUT_V, IN_A), "No. Points: 99999"),
    (doubles(header("real", points="five"), TIME_S, OUT_V, IN_A), "No. Points: five"),
    (doubles(header("real", points=0), TIME_S, OUT_V, IN_A), "No. Points: 0, and 120 bytes follow"),
    (doubles(header("real").replace("No. Variables: 3", "No. Variables: 4"), TIME_S, OUT_V, IN_A), "3 in the list"),
    (doubles(header("real").replace("No. Variables: 3", "No. Variables: 3000000"), TIME_S), "No. Variables: 3000000"),
    (doubles(header("real").replace("\tV(out)\tvoltage", "\tV(out)"), TIME_S, OUT_V, IN_A), "number, name, kind"),
    (doubles(header("real forward stepped"), TIME_S, OUT_V, IN_A), "a single run (without .step)"),
    (doubles(header("complex"), np.ones((5, 6))), "0 transient analyses"),
    (doubles(header("real", variables="\t0\ttime\ttime\n\t1\ta\tvoltage\n\t2\ta\tvoltage\n"), TIME_S, OUT_V, IN_A),
     "a (allowed: every name once)"),
    (doubles(header("real", more="x" * (1 << 24)), TIME_S, OUT_V, IN_A), "neither Binary: nor Values:"),
    (as_text("utf-8")[:-20], "Values: 17 words (allowed: 20"),
    (as_text("utf-8").replace(b"5.0\n", b"five\n"), "five"),
]


@pytest.mark.parametrize(("data", "words"), BAD, ids=range(len(BAD)))
def test_bad_raw_files_are_told_in_one_line(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.raw"
    path.write_bytes(data)
    with pytest.raises(InputError) as told:
        files.read(path)
    text = str(told.value)
    assert words in text and "bad.raw" in text and "\n" not in text and len(text) < 400 + len(str(path))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A small good file of every format that takes no library of C to read, and Parquet."""
    folder = tmp_path_factory.mktemp("whole")
    time_s = np.arange(6.0)
    columns = (files.Column("time_s", "s", time_s), files.Column("port_current_A", "A", time_s / 3.0),
               files.Column("leds", "1", 25.0 + time_s, bits=6),
               files.Column("latch", "1", (time_s > 2.0).astype(float), bits=1))
    made = {}
    for format in ("csv", "parquet", "raw", "ltspice", "vcd"):
        files.write(files.Record("windows/enable", columns, {"start_s": "2.0"}), folder / "a", format=format)
        made[format] = (folder / "a").read_bytes()
    made["text"] = as_text("utf-8")
    return made


MUTATED = {"csv": "csv", "parquet": "parquet", "raw": "raw", "ltspice": "raw", "text": "raw", "vcd": "vcd"}


@pytest.mark.parametrize("kind", MUTATED)
@given(changes=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=0, max_size=6), st.integers(0, 6)), max_size=5),
       cut=st.floats(0.0, 1.0))
@example(changes=[], cut=0.5)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_end_in_a_traceback(
    kind: str, whole: dict[str, bytes], changes: list[tuple[float, bytes, int]], cut: float, tmp_path: Path
) -> None:
    """Changed, left out, cut off: read as something, or refused with the file's name in one line."""
    data = bytearray(whole[kind])
    for where, new, length in changes:
        at = int(where * len(data))
        data[at : at + length] = new
    path = tmp_path / f"hostile.{MUTATED[kind]}"
    path.write_bytes(bytes(data[: max(1, round(len(data) * (1.0 if cut > 0.7 else cut)))]))
    for reader in (lambda: [c.values for one in files.read(path) for c in one.columns], lambda: read_recording(path)):
        try:
            reader()
        except InputError as error:
            assert "hostile" in str(error) and "\n" not in str(error)


@pytest.mark.parametrize(("heading", "name", "unit"), [
    ("current [A]", "current", "A"), ("current[A]", "current", "A"), ("x []", "x", "1"),
    ("current_A", "current_A", "A"),
    ("cell_voltage_V[1] [V]", "cell_voltage_V[1]", "V"), ("cell_voltage_V[1]", "cell_voltage_V[1]", "V"),
    ("junction_degC[q1]", "junction_degC[q1]", "degC"), ("soc [1]", "soc", "1"), ("flag", "flag", "1"),
    ("CH1 (mV)", "CH1 (mV)", "1"), ("a [b] c", "a [b] c", "1"),
])
def test_headings(heading: str, name: str, unit: str) -> None:
    assert split_unit(heading) == (name, unit)


Change = Callable[[Path], object]


@pytest.mark.parametrize(("name", "make", "words"), [
    ("a.csv", lambda p: p.write_text("time_s,a\n0,1\n1,2\0\n"), "line 3, a"),
    ("a.csv", lambda p: p.write_text('time_s,a\n0,"' + "1" * 200_000 + '"\n1,2\n'), "field"),
    ("a.csv", lambda p: p.write_bytes(b"time_s,a\n0,\xff\n"), "not UTF-8"),
    ("a.csv", lambda p: p.write_text(""), "0 rows"),
    ("a.parquet", lambda p: p.write_bytes(b"PAR1" + b"x" * 50 + b"PAR1"), "a Parquet file"),
    ("a.nc", lambda p: p.write_bytes(b"CDF"), "a netCDF file"), ("a.xyz", lambda p: p.write_text("x"), ".xyz"),
    ("a.raw", lambda p: p.symlink_to(p.parent / "gone"), "no such file"),
])
def test_other_bad_files(name: str, make: Change, words: str, tmp_path: Path) -> None:
    make(tmp_path / name)
    with pytest.raises(InputError) as told:
        [column.values for record in files.read(tmp_path / name) for column in record.columns]
    assert words in str(told.value) and name in str(told.value)


def test_parquet_with_nulls_and_words(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"time": [0.0, 1.0], "on": [False, True], "n": pa.array([1, 2], pa.int16()), "who": ["a", "b"]})
    pq.write_table(table, tmp_path / "a.parquet")
    record, = files.read(tmp_path / "a.parquet")
    assert {column.name: column.values.tolist() for column in record.signals} == {"on": [0.0, 1.0], "n": [1.0, 2.0]}
    pq.write_table(pa.table({"time": [0.0, 1.0], "a": [None, 1.0]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="a: 1 nulls"):
        files.read(tmp_path / "b.parquet")
    pq.write_table(pa.table({"who": ["a"]}), tmp_path / "c.parquet")
    with pytest.raises(InputError, match="no column of numbers"):
        files.read(tmp_path / "c.parquet")


def test_a_directory_gives_its_records(run: Result, tmp_path: Path) -> None:
    run.save(tmp_path / "r", picture=False)
    assert [record.name for record in files.read(tmp_path / "r")] == ["slow", "windows/enable", "windows/enable#2"]
    found = files.read(tmp_path / "r" / "result.nc")
    assert [record.name for record in found] == ["slow", "windows/enable", "windows/enable#2"]


def test_names_of_bad_files_are_not_taken_for_patterns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("a[1].raw: no such file")):
        files.read(tmp_path / "a[1].raw")
