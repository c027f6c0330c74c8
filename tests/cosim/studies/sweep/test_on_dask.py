"""The same study on a Dask cluster: the same bytes, and nothing lost when a worker is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cosim.errors import InputError
from cosim.paths import ROOT
from cosim.studies.sweep import store
from cosim.studies.sweep.study import Sweep, run_study
from tests.cosim.studies.sweep.conftest import Fake

pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("default")  # dask and tornado warn about what is theirs


def run(fake: Fake, scheduler: str | None, directory: Path | None = None) -> Sweep:
    return run_study(fake.study, directory or fake.directory, workers=1, scheduler=scheduler, resume=False,
                     report=lambda fraction, text: None, runner="fake_runner")


@pytest.fixture
def scheduler(fake: Fake, tmp_path: Path) -> Iterator[str]:
    """Address of a scheduler with two workers of their own, each under a nanny that starts it again."""
    address_file = tmp_path / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path, "env": environment}
    tool = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    place = ["--scheduler-file", str(address_file)]
    made = [subprocess.Popen([*tool, "--port", "0", "--no-dashboard", *place], **quiet)]  # type: ignore[call-overload]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", *place, "--nthreads", "1", "--no-dashboard"]
    made += [subprocess.Popen(worker, **quiet) for _ in range(2)]  # type: ignore[call-overload]
    try:
        end = time.monotonic() + 60.0
        while not address_file.exists() or not address_file.read_text().strip().endswith("}"):
            assert time.monotonic() < end
            time.sleep(0.05)
        import distributed

        address = str(json.loads(address_file.read_text())["address"])
        make: Any = distributed.Client
        with make(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address
    finally:
        for process in reversed(made):
            process.terminate()
        for process in made:
            process.wait(30)


@pytest.mark.long
def test_same_bytes_and_nothing_lost_when_workers_are_killed(
    fake: Fake, scheduler: str
) -> None:
    """Two workers of the cluster are killed meanwhile; one case fails."""
    fake.write([*range(100, 140), 7])
    killed: set[int] = set()

    def kill() -> None:
        while len(killed) < 2:
            time.sleep(0.3)
            alive = [process for _, _, process in fake.begun() if process not in killed]
            if alive:
                killed.add(alive[-1])
                os.kill(alive[-1], signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    done = run(fake, scheduler)
    begun = fake.begun()
    assert killed and not [case for word, case, _ in begun if word == "AGAIN"]
    assert len(begun) <= 41 + len(killed)
    assert sorted(done.rows) == list(range(41)) and done.rows[40].error == "ValueError: seven is a bad number"
    here = fake.directory.with_name("here")
    run(fake, None, here)
    assert (fake.directory / store.CASES).read_bytes() == (here / store.CASES).read_bytes()


def test_nobody_at_the_address_is_one_line(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosim.studies.sweep.on_dask.CONNECT_S", 0.5)
    fake.write([100])
    with pytest.raises(InputError, match=r"--scheduler: tcp://127.0.0.1:9 \(allowed: the address of a Dask scheduler"):
        run(fake, "tcp://127.0.0.1:9")
