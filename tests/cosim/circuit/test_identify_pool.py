"""Measuring processes: every job answered once, in order, by few processes; and one that dies says why."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cosim.circuit import identify_pool
from cosim.circuit.identify_pool import ChildFailed, answers

WORKER = """
import os, sys
for line in sys.stdin:
    if line.strip() == "die":
        sys.exit("the last word")
    print(os.getpid(), line.strip(), flush=True)
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_worker.py").write_text(WORKER)
    monkeypatch.setattr(identify_pool, "ROOT", tmp_path)
    return "own_worker"


def test_answers_come_in_order_from_as_many_processes_as_wanted(worker: str) -> None:
    jobs = [str(n) for n in range(20)]
    told = [answer.split() for answer in answers(worker, jobs, 2)]
    assert [job for _, job in told] == jobs
    assert 1 <= len({process for process, _ in told}) <= 2
    assert len({answer.split()[0] for answer in answers(worker, jobs, 1)}) == 1


def test_no_job_starts_no_process(worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert list(answers(worker, [], 2)) == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_process_that_dies_is_told_with_its_last_words(worker: str, count: int) -> None:
    with pytest.raises(ChildFailed, match="the last word"):
        list(answers(worker, ["1", "2", "die", "3", "4"], count))
