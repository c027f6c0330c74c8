"""Reading measured cell data, on files made here."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models.identify import records
from models.identify.records import DataError

HEAD = "time_s,step,current_A,voltage_V,charge_Ah,discharge_Ah\n"


def write(path: Path, rows: Sequence[tuple[float, ...]]) -> Path:
    with gzip.open(path, "wt") as stream:
        stream.write(HEAD + "".join(",".join(f"{x:.6g}" for x in row) + "\n" for row in rows))
    return path


def steady(current_A: float, n: int = 61) -> list[tuple[float, ...]]:
    """Discharge at a constant current, counters in agreement."""
    return [(100.0 + i, 1, current_A, 3.3, 0.0, current_A * i / 3600.0) for i in range(n)]


def test_steady_discharge_counts_from_full(tmp_path: Path) -> None:
    record = records.read(write(tmp_path / "dynamic_+25C.csv.gz", steady(3.6)), "dynamic", 25.0)
    # 60 s of 3.6 A: 0.06 Ah of 2 Ah.
    assert record.charge_Ah[-1] == pytest.approx(-0.06, abs=1e-6)
    assert records.soc(record, 2.0)[-1] == pytest.approx(0.97, abs=1e-6)
    assert record.current_A == pytest.approx(-3.6)
    assert record.mean_A[1:] == pytest.approx(-3.6, abs=1e-3)


def test_counters_win_over_aliased_samples(tmp_path: Path) -> None:
    # The samples miss a tenth of the current that the counters saw.
    rows = [(t, s, 0.9 * i, v, c, d) for t, s, i, v, c, d in steady(3.6, 601)]
    record = records.read(write(tmp_path / "dynamic_+05C.csv.gz", rows), "dynamic", 5.0)
    assert record.charge_Ah[-1] == pytest.approx(-0.6, abs=1e-4)
    assert record.current_A == pytest.approx(-3.24), "samples themselves stay as they are"


def test_without_counters_the_samples_count(tmp_path: Path) -> None:
    rows = [(t, s, i, v, 0.0, 0.0) for t, s, i, v, _, _ in steady(3.6)]
    record = records.read(write(tmp_path / "dynamic_+05C.csv.gz", rows), "dynamic", 5.0)
    assert record.charge_Ah[-1] == pytest.approx(-0.06, abs=1e-9)


def test_counter_that_starts_again() -> None:
    assert records.counted_Ah(np.array([0.0, 0.1, 0.2, 0.05, 0.1])) == pytest.approx([0.0, 0.1, 0.2, 0.25, 0.3])


def test_duplicate_and_swapped_times(tmp_path: Path) -> None:
    rows = steady(3.6)
    rows = [*rows[:20], rows[19], rows[21], rows[20], *rows[22:]]
    record = records.read(write(tmp_path / "dynamic_+25C.csv.gz", rows), "dynamic", 25.0)
    assert record.dt_s.min() == 0.0
    assert record.charge_Ah[-1] == pytest.approx(-0.06, abs=1e-6)
    assert np.isfinite(record.mean_A).all()


def test_only_the_slow_part_of_an_ocv_file(tmp_path: Path) -> None:
    rows = [(60.0 * i, 1 if i < 5 else 2, 0.0 if i < 5 else -0.06, 3.0, 0.001 * max(i - 4, 0), 0.0) for i in range(40)]
    record = records.read(write(tmp_path / "ocv_-15C_charge.csv.gz", rows), "charge", -15.0)
    assert record.current_A.size == 35
    assert records.start(record) == (0.0, -1.0)
    assert records.soc(record, 2.0)[-1] == pytest.approx(0.034 / 2.0, abs=1e-5)


def test_names_and_temperatures(tmp_path: Path) -> None:
    for name in ("dynamic_-25C.csv.gz", "dynamic_+12.5C.csv", "ocv_+05C_charge.csv.gz", "dynamic_+05C_charge.csv.gz",
                 "ocv_+05C.csv", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [(kind, degC) for _, kind, degC in records.files(tmp_path, "dynamic", "charge")] == [
        ("charge", 5.0), ("dynamic", -25.0), ("dynamic", 12.5)]


def test_folder_or_its_only_subfolder(tmp_path: Path) -> None:
    inner = tmp_path / "cell"
    inner.mkdir()
    with pytest.raises(DataError, match="0 folders with dynamic profiles"):
        records.find_folder(tmp_path)
    write(inner / "dynamic_+25C.csv.gz", steady(1.0))
    assert records.find_folder(tmp_path) == inner == records.find_folder(inner)
    with pytest.raises(DataError, match="no such folder"):
        records.find_folder(tmp_path / "missing")


@pytest.mark.parametrize(("text", "told"), [
    ("a,b\n1,2\n", "columns: 'a,b'"),
    (HEAD + "1,1,0,3.3,0,0\n", "at least ten rows"),
    (HEAD + "1,1,zero,3.3,0,0\n" * 20, "rows of six numbers"),
    (HEAD + "1,1,0,3.3,0,0\n" * 20 + "1,1,0\n", "rows of six numbers"),
    (HEAD + "1,1,nan,3.3,0,0\n" * 20, "six finite numbers"),
])
def test_bad_file_is_named_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "dynamic_+25C.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=told) as caught:
        records.read_table(path)
    assert str(caught.value).startswith("dynamic_+25C.csv: ") and "\n" not in str(caught.value)


def test_truncated_archive(tmp_path: Path) -> None:
    path = write(tmp_path / "dynamic_+25C.csv.gz", steady(1.0))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"dynamic_\+25C.csv.gz"):
        records.read_table(path)
