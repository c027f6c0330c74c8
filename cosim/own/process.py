"""The process that a run with a user's own netlist has: what poisons, crashes or never ends does so there.

The circuit is tried first, one settled window with a small budget of points; then the whole run follows, figures and
identification included. Nothing of it happens in the caller's process, which hears of progress, the result, or one
error.
"""

from __future__ import annotations

import json
import os
import pickle
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from cosim.errors import InputError, RunFailed
from cosim.own.netlist import own_netlist
from cosim.paths import NETLISTS_VARIABLE, ROOT, netlists_folder

if TYPE_CHECKING:
    from cosim.result import Result
    from cosim.scenario.model import Scenario

TRIAL_LIMIT_S = 60.0
"""Wall time of start and trial [s] (ours: 3 s on two idle cores, of which 2 s start the process)."""
TRIED = "circuit tried"
"""What the process says when the trial is over."""
JOB, ANSWER, ERRORS, NETLISTS = "job", "answer", "errors", "netlists"
"""Files of a job in its temporary folder, and the folder of netlists with the user's in its place."""

Progress = Callable[[float, str], None]


class OwnNetlistFailed(RunFailed):
    """The user's netlist passed the checks but cannot be run: no solution, too many points, too slow, or a crash."""


class Job(NamedTuple):
    """What the process is to run; `file` is the user's netlist, for messages, `folder` where paths begin.

    Without a scenario the circuit is only tried.
    """

    circuit: str
    file: str
    folder: str
    scenario: Scenario | None = None
    every_tick: bool = False
    windows: bool = True


def run_apart(scenario: Scenario, *, every_tick: bool, windows: bool, report: Progress) -> Result:
    """Run a scenario with its own netlist in a new process.

    Parameters
    ----------
    scenario : with exactly one entry in `netlists`, that of its circuit
    every_tick, windows, report : as of `cosim.simulation.Simulation`

    Raises
    ------
    InputError : the netlist is refused, before it runs or by ngspice
    OwnNetlistFailed : it does not converge, takes too many points or too long, or crashes
    RunFailed, SpiceError : as without a netlist of one's own
    """
    ((circuit, file),) = scenario.netlists.items()
    job = Job(circuit, file, str(Path.cwd()), scenario.model_copy(update={"netlists": {}}), every_tick, windows)
    result: Result = _answer(job, report, TRIAL_LIMIT_S, scenario.netlists_limit_s)
    return result


def try_apart(circuit: str, file: str | Path, *, limit_s: float = TRIAL_LIMIT_S) -> None:
    """Check a netlist and try it in a new process, one settled window; raises as `run_apart`."""
    _answer(Job(circuit, str(file), str(Path.cwd())), lambda fraction, text: None, limit_s, limit_s)


def _answer(job: Job, report: Progress, trial_limit_s: float, limit_s: float) -> Any:
    """What the process answers; raises what it raised."""
    text = own_netlist(job.circuit, job.file).text  # what is checked is what runs, whatever becomes of the file
    with tempfile.TemporaryDirectory(prefix="bms-cosim-own-") as place:
        folder = Path(place)
        ignored = shutil.ignore_patterns("*.py", "__pycache__")
        shutil.copytree(netlists_folder(), folder / NETLISTS, ignore=ignored)
        (folder / NETLISTS / f"{job.circuit}.cir").write_text(text, encoding="utf-8")
        (folder / JOB).write_bytes(pickle.dumps(job))
        code = _supervised(job, folder, report, trial_limit_s, limit_s)
        try:
            kind, answer = pickle.loads((folder / ANSWER).read_bytes())
        except OSError:
            raise OwnNetlistFailed(f"{job.file}: its process crashed ({_ended(code, folder)})") from None
    if kind == "error":
        raise answer
    return answer


def _supervised(job: Job, folder: Path, report: Progress, trial_limit_s: float, limit_s: float) -> int:
    """Exit code of the process, which is gone with all its children when this returns."""
    environment = {**os.environ, NETLISTS_VARIABLE: str(folder / NETLISTS)}
    with (folder / ERRORS).open("w") as errors, subprocess.Popen(
        [sys.executable, "-m", "cosim.own.worker", str(folder)], cwd=ROOT, env=environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
    ) as process:
        assert process.stdout is not None
        began_s, limit_told = time.monotonic(), f"{trial_limit_s:g} s of its trial"
        lines = _Lines(process.stdout, began_s + trial_limit_s)
        try:
            while (line := lines.next()) is not None:
                fraction, text = json.loads(line)
                if text == TRIED:
                    lines.deadline_s, limit_told = began_s + limit_s, f"netlists_limit_s {limit_s:g} s"
                report(fraction, text)
            return process.wait(10.0)  # it has closed its output, so it is ending
        except TimeoutError:
            raise OwnNetlistFailed(f"{job.file}: not finished within {limit_told}") from None
        except subprocess.TimeoutExpired:
            raise OwnNetlistFailed(f"{job.file}: its process does not end") from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)


class _Lines:
    """Lines of a stream, each awaited until a deadline [s of the monotonic clock] at most."""

    def __init__(self, stream: IO[bytes], deadline_s: float) -> None:
        self._stream, self._rest, self.deadline_s = stream, b"", deadline_s

    def next(self) -> bytes | None:
        """Next line; None at the end; raises TimeoutError at the deadline."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._stream, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, self.deadline_s - time.monotonic())):
                    raise TimeoutError
                piece = os.read(self._stream.fileno(), 65536)
                if not piece:
                    return None
                self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        return line


def _ended(code: int, folder: Path) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    last = (folder / ERRORS).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    return ": ".join((f"exit code {code}", *last))


def told(error: BaseException, file: str) -> Exception:
    """What the caller's process shall raise for an error of the run; `file` is the user's netlist."""
    from cosim.spice.errors import DeckInvalid, DeckRejected, LibraryMissing, LibraryPoisoned, LibraryUnsuitable

    if isinstance(error, DeckInvalid | DeckRejected | LibraryPoisoned):
        return InputError(file, "", error.message, "")
    if isinstance(error, InputError | RunFailed | LibraryMissing | LibraryUnsuitable):
        return error
    return OwnNetlistFailed(" ".join(f"{file}: {type(error).__name__}: {error}".split()))
