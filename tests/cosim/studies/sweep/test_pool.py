"""Workers that are killed: no finished case is lost, none is repeated, and the table is the same."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cosim.errors import InputError, RunFailed
from cosim.paths import ROOT
from cosim.studies.sweep import store
from cosim.studies.sweep.pool import batch_size
from cosim.studies.sweep.study import Sweep, run_study
from tests.cosim.studies.sweep.conftest import Fake

RUN = """
import sys
from pathlib import Path
from cosim.studies.sweep.study import run_study
run_study(Path(sys.argv[1]), Path(sys.argv[2]), workers=2, scheduler=None, resume=True, report=lambda f, t: None,
          runner="fake_runner")
"""


def run(fake: Fake, workers: int = 2, resume: bool = False, directory: Path | None = None) -> Sweep:
    return run_study(fake.study, directory or fake.directory, workers=workers, scheduler=None, resume=resume,
                     report=lambda fraction, text: None, runner="fake_runner")


def parts(fake: Fake) -> set[int]:
    folder = fake.directory / store.PARTS
    return {int(path.stem) for path in folder.glob("[0-9]*.json")}


def wait_for(condition: object, seconds: float = 60.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_table_has_a_row_per_case_in_their_order(fake: Fake) -> None:
    fake.write(list(range(100, 130)))
    run(fake)
    table = pq.read_table(fake.directory / store.CASES).to_pydict()
    assert table["case"] == list(range(30))
    assert table["x"] == list(range(100, 130))
    assert table["third"] == [x / 3.0 for x in range(100, 130)]
    assert table["number"] == [float(case) for case in range(30)]
    assert table["error"] == [""] * 30
    assert not (fake.directory / store.PARTS).exists()
    assert sorted(case for _, case, _ in fake.begun()) == list(range(30))


def test_one_and_two_workers_write_the_same_bytes(fake: Fake) -> None:
    fake.write(list(range(100, 120)))
    other = fake.directory.with_name("other")
    run(fake, workers=2)
    run(fake, workers=1, directory=other)
    assert len({process for _, _, process in fake.begun()}) == 3
    assert (fake.directory / store.CASES).read_bytes() == (other / store.CASES).read_bytes()


def test_a_sweep_shows_its_outputs_and_what_failed(fake: Fake) -> None:
    fake.write([5, 6, 7, 8])
    done = run(fake, workers=1)
    assert repr(done).endswith("4 cases, 1 failed; third, number over x)")
    shown = done._repr_html_()
    assert "<h2>Outputs</h2>" in shown and ">third<" in shown and "seven is a bad number" in shown


def test_a_failing_case_is_a_row_with_its_error(fake: Fake) -> None:
    fake.write([5, 6, 7, 8])
    done = run(fake, workers=1)
    assert done.rows[2].error == "ValueError: seven is a bad number"
    assert all(math.isnan(x) for x in done.rows[2].outputs)
    assert [done.rows[i].outputs[0] for i in (0, 1, 3)] == [5 / 3.0, 2.0, 8 / 3.0]
    assert pq.read_table(fake.directory / store.CASES)["error"].to_pylist()[2] == "ValueError: seven is a bad number"


def test_a_case_that_kills_every_worker_is_a_row_too(fake: Fake) -> None:
    fake.write([11, 12, 13, 14, 15])
    done = run(fake)
    assert done.rows[2].error == "3 worker processes ended in this case (signal 9)"
    assert [case for _, case, _ in fake.begun()].count(2) == 3
    assert all(not done.rows[i].error for i in (0, 1, 3, 4))
    for i in (0, 1, 3, 4):
        assert [case for _, case, _ in fake.begun()].count(i) == 1


def test_a_case_that_was_stored_and_not_told_is_not_done_again(fake: Fake) -> None:
    """Its worker is killed right after the renaming, the very moment at which the case is finished."""
    fake.write([16, 17, 18, 19])
    done = run(fake, workers=1)
    assert [done.rows[i].outputs[0] for i in range(4)] == [x / 3.0 for x in (16, 17, 18, 19)]
    assert sorted(case for _, case, _ in fake.begun()) == [0, 1, 2, 3]


def test_workers_killed_at_random_times_lose_and_repeat_nothing(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four workers are killed while forty cases run; each kill costs at most the case that the worker was in."""
    monkeypatch.setenv("FAKE_MOMENT_S", "0.1")
    fake.write(list(range(100, 140)))
    rng, killed = random.Random(5), set[int]()

    def kill() -> None:
        while len(killed) < 4:
            time.sleep(rng.uniform(0.02, 0.3))
            alive = [process for _, _, process in fake.begun() if process not in killed]
            if alive:
                killed.add(alive[-1])
                os.kill(alive[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    done = run(fake)
    begun = fake.begun()
    assert len(killed) >= 2
    assert not [case for word, case, _ in begun if word == "AGAIN"]
    assert len(done.rows) == 40 and not any(row.error for row in done.rows.values())
    assert 40 <= len(begun) <= 40 + len(killed)
    assert [done.rows[i].outputs[0] for i in range(40)] == [x / 3.0 for x in range(100, 140)]


def test_a_study_killed_at_random_times_goes_on_where_it_was(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed twice with both workers in a case; its orphans end, and only the cases in flight are begun again."""
    fake.write(list(range(100, 160)))
    monkeypatch.setenv("FAKE_MOMENT_S", "0.1")
    monkeypatch.setenv("PYTHONPATH", f"{os.environ['PYTHONPATH']}{os.pathsep}{ROOT}")
    command = [sys.executable, "-c", RUN, str(fake.study), str(fake.directory)]
    rng = random.Random(3)
    for at_least in (8, 25):
        process = subprocess.Popen(command, cwd=ROOT)
        wait_for(lambda least=at_least: len(parts(fake)) >= least)
        time.sleep(rng.uniform(0.0, 0.2))
        process.kill()
        process.wait()
    before = parts(fake)
    assert 25 <= len(before) < 60
    done = run(fake, resume=True)
    begun = fake.begun()
    assert done.already >= len(before)
    assert not [case for word, case, _ in begun if word == "AGAIN"]
    assert sorted(done.rows) == list(range(60)) and not any(row.error for row in done.rows.values())
    assert len(begun) <= 60 + 2 * 2
    untouched = fake.directory.with_name("untouched")
    run(fake, directory=untouched)
    assert (fake.directory / store.CASES).read_bytes() == (untouched / store.CASES).read_bytes()


def test_resuming_a_finished_study_begins_nothing(fake: Fake) -> None:
    fake.write([100, 101, 7])
    run(fake)
    before = (fake.directory / store.CASES).read_bytes()
    done = run(fake, resume=True)
    assert done.already == 3 and len(fake.begun()) == 3 and done.rows[2].error
    assert (fake.directory / store.CASES).read_bytes() == before


def test_orphans_end_in_the_middle_of_a_case(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.write([100, 101])
    monkeypatch.setenv("FAKE_MOMENT_S", "600")
    process = subprocess.Popen([sys.executable, "-c", RUN, str(fake.study), str(fake.directory)], cwd=ROOT)
    wait_for(lambda: len(fake.begun()) == 2)
    workers = [pid for _, _, pid in fake.begun()]
    process.kill()
    process.wait()

    def gone(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    wait_for(lambda: all(gone(pid) for pid in workers), 20.0)


def test_workers_that_never_start_end_the_study(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.write([100])
    monkeypatch.delenv("FAKE_LOG")
    with pytest.raises(RunFailed, match="end before they start work"):
        run(fake, workers=1)


def test_what_the_trial_finds_ends_the_study(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.write([100, 101])
    monkeypatch.setenv("FAKE_TRIAL", "study.yaml: outputs.0: no channel sox: did you mean 'soc'?")
    with pytest.raises(InputError, match="did you mean 'soc'"):
        run(fake)
    assert not fake.begun()


@pytest.mark.parametrize(("seconds", "told", "left", "workers", "expected"), [
    (0.0, 0, 1000, 2, 1),  # nothing known yet
    (10.0, 10, 1000, 2, 1),  # long cases one by one
    (0.1, 10, 1000, 2, 10),  # 10 ms each: ten make 100 ms
    (0.1, 10, 12, 2, 3),  # near the end nobody is left without work
    (0.001, 1000, 10**6, 2, 200),
])
def test_small_cases_go_in_batches(seconds: float, told: int, left: int, workers: int, expected: int) -> None:
    assert batch_size(seconds, told, left, workers) == expected
