"""A runner without engine: cases take a moment, and log when they begin, so that a repeated one is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

RUNNER = '''
import os, time
from pathlib import Path

LOG = Path(os.environ["FAKE_LOG"])
MOMENT_S = float(os.environ.get("FAKE_MOMENT_S", "0.03"))


def note(text):
    with LOG.open("a") as log:
        log.write(text + "\\\\n")


def outputs_of(plan, case, values, here):
    again = (plan.directory / "parts" / f"{case:07d}.json").exists()
    note(f"{'AGAIN' if again else 'begin'} {case} {os.getpid()}")
    x = values[0]
    if x == 7:
        raise ValueError("seven is a bad number")
    if x == 13:
        os.kill(os.getpid(), 9)
    if x == 17:
        from cosim.studies.sweep import store

        whole = store.write_part

        def store_and_die(directory, row):
            whole(directory, row)
            os.kill(os.getpid(), 9)

        store.write_part = store_and_die
    time.sleep(MOMENT_S)
    return (x / 3.0, float(case))


def trial(plan):
    if "FAKE_TRIAL" in os.environ:
        time.sleep(1.0)  # other workers are ready meanwhile, and must not begin
    return os.environ.get("FAKE_TRIAL", "")
'''

STUDY = """
name: fake
scenario:
  name: tiny
  source: {{kind: supply, emf_V: [[0, 14.4]]}}
  duration_s: 2
method: grid
windows: false
parameters:
  - {{path: seed, kind: list, name: x, values: {values}}}
outputs:
  - {{name: third, channel: soc, reduce: final}}
  - {{name: number, channel: soc, reduce: max}}
"""


class Fake:
    """A study file over the fake runner, its directory and the log of its cases."""

    def __init__(self, folder: Path) -> None:
        self.study, self.directory, self.log = folder / "study.yaml", folder / "out", folder / "log.txt"

    def write(self, values: list[int]) -> None:
        self.study.write_text(STUDY.format(values=values))

    def begun(self) -> list[tuple[str, int, int]]:
        """What was logged: word, case, process."""
        lines = [line.split() for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [(word, int(case), int(process)) for word, case, process in lines]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Return a fake study; worker processes find its runner as `fake_runner`."""
    (tmp_path / "fake_runner.py").write_text(RUNNER.replace("\\\\n", "\\n"))
    made = Fake(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("FAKE_LOG", str(made.log))
    return made
