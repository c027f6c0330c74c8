"""What is on disk is whole, belongs to the study, and is not touched by two at once."""

from __future__ import annotations

import json
import math
import multiprocessing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cosim.errors import InputError
from cosim.studies.sweep import store
from cosim.studies.sweep.spec import Study
from cosim.studies.sweep.store import Row

DESCRIPTION: dict[str, object] = {"name": "s", "outputs": ["a", "b"], "study": {"cases": 3}, "scenario": {"name": "x"},
               "made_by": {"numpy": "2", "sources": "abc"}}
STUDY = Study.model_validate({
    "name": "s", "scenario": {}, "method": "monte_carlo", "cases": 3, "seed": 1,
    "parameters": [{"path": "p", "kind": "choice", "values": [1, 2]}, {"path": "q", "kind": "choice", "values": ["x"]}],
    "outputs": [{"name": "a", "channel": "soc", "reduce": "max"}, {"name": "b", "channel": "soc", "reduce": "min"}],
})


def claim(directory: Path, description: dict[str, object] = DESCRIPTION, resume: bool = False) -> None:
    with store.claimed(directory, description, resume):
        pass


def test_a_study_that_failed_before_its_first_case_is_begun_again(tmp_path: Path) -> None:
    """Its directory holds no work: the mended study needs neither another folder nor --resume."""
    claim(tmp_path)
    mended = {**DESCRIPTION, "study": {"cases": 4}}
    claim(tmp_path, mended)
    assert json.loads((tmp_path / store.STUDY).read_text())["study"] == {"cases": 4}
    store.write_part(tmp_path, Row(0, (1.0, 2.0)))
    with pytest.raises(InputError, match="a sweep is there"):
        claim(tmp_path, mended)


def test_parts_and_table_give_every_bit_back(tmp_path: Path) -> None:
    claim(tmp_path)
    rows = {0: Row(0, (0.1 + 0.2, math.nan), "", 1.5, 1.25, 300.0, "here:1"),
            2: Row(2, (-math.inf, 1e-300), "bad: thing")}
    for row in rows.values():
        store.write_part(tmp_path, row)
    assert repr(store.finished_rows(tmp_path)) == repr(rows)
    store.write_table(tmp_path, STUDY, [(1, "x"), (2, "x"), (1, "x")], rows)
    assert not (tmp_path / store.PARTS).exists()
    assert repr(store.finished_rows(tmp_path)) == repr(rows)
    table = pq.read_table(tmp_path / store.CASES)
    assert table.column_names == ["case", "p", "q", "a", "b", "error"]
    assert table.schema.field("p").type == pa.int64() and table["q"].to_pylist() == ["x", "x"]
    assert pq.ParquetFile(tmp_path / store.CASES).metadata.row_group(0).column(3).compression == "ZSTD"


def test_a_part_that_is_cut_off_is_not_finished(tmp_path: Path) -> None:
    claim(tmp_path)
    store.write_part(tmp_path, Row(0, (1.0, 2.0)))
    store.write_part(tmp_path, Row(1, (1.0, 2.0)))
    path = store.part_path(tmp_path, 0)
    path.write_text(path.read_text()[:-9])
    (tmp_path / store.PARTS / ".0000002.json.77.tmp").write_text("{")
    assert set(store.finished_rows(tmp_path)) == {1}


def test_mixed_values_become_text() -> None:
    assert store.column([1, 2]).type == pa.int64()
    assert store.column([1, 2.5]).to_pylist() == [1.0, 2.5]
    assert store.column([True, False]).to_pylist() == ["true", "false"]
    assert store.column(["a", [1, 2], None]).to_pylist() == ["a", "[1, 2]", "null"]


def test_a_directory_is_for_one_study(tmp_path: Path) -> None:
    claim(tmp_path)
    store.write_part(tmp_path, Row(0, (1.0, 2.0)))
    assert json.loads((tmp_path / store.STUDY).read_text())["made_by"]["sources"] == "abc"
    with pytest.raises(InputError, match="--resume to go on"):
        claim(tmp_path)
    claim(tmp_path, resume=True)


@pytest.mark.parametrize(("changed", "text"), [
    ({"study": {"cases": 4}}, "the study has changed since"),
    ({"scenario": {"name": "y"}}, "its scenario has changed since"),
    ({"made_by": {"numpy": "3", "sources": "abc"}}, "made with another numpy"),
    ({"made_by": {"numpy": "2", "sources": "abd"}}, "made with another sources"),
])
def test_resuming_another_study_is_refused(tmp_path: Path, changed: dict[str, object], text: str) -> None:
    claim(tmp_path)
    store.write_part(tmp_path, Row(0, (1.0, 2.0)))
    with pytest.raises(InputError, match=text):
        claim(tmp_path, {**DESCRIPTION, **changed}, resume=True)


def test_a_place_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a sweep"):
        claim(tmp_path)
    with pytest.raises(InputError):
        claim(tmp_path / "notes.txt" / "below")


def _hold(directory: str, kind: str, ready: object, done: object) -> None:
    assert hasattr(ready, "set") and hasattr(done, "wait")
    with store.claimed(Path(directory), DESCRIPTION, True) if kind == "study" else store.at_work(Path(directory)):
        ready.set()
        done.wait(60)


@pytest.mark.parametrize(("kind", "text"), [("study", "another sweep is at work"), ("worker", "workers of an older")])
def test_two_at_once_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, text: str) -> None:
    monkeypatch.setattr(store, "ORPHANS_S", 0.2)
    claim(tmp_path)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(str(tmp_path), kind, ready, done))
    other.start()
    try:
        assert ready.wait(60)
        with pytest.raises(InputError, match=text):
            claim(tmp_path, resume=True)
    finally:
        done.set()
        other.join()
    claim(tmp_path, resume=True)
