"""A live run as its owner sees it: a process that is asked, and what it has shown so far."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from cosim.errors import InputError, RunFailed
from cosim.live.engine import operable
from cosim.live.history import History
from cosim.live.pace import FASTEST, SLOWEST
from cosim.live.requests import QUIT
from cosim.live.view import ShownWindow, Snapshot
from cosim.paths import ROOT
from cosim.result import LoggedEvent
from cosim.scenario.model import Scenario, load_scenario

EVENTS_KEPT, WINDOWS_KEPT = 1000, 12
"""Events and windows that are kept for pages; the run itself keeps all (ours)."""
START_LIMIT_S, ANSWER_LIMIT_S = 300.0, 300.0
"""Wall time until the first snapshot, and until an answer: a circuit may have to be measured first (ours)."""


class Answer(NamedTuple):
    """Answer to a request: what was done, or why not, in one line."""

    done: Any
    error: str


@dataclass(frozen=True)
class About:
    """How the run goes: speed asked for and reached (times real time), wall time by which it is late; what it does."""

    speed: float
    reached: float | None
    lag_s: float
    paused: bool
    ended: bool
    given_up_s: float = 0.0
    busy: str = ""
    failed: str = ""


class LiveSession:
    """A live run; make one with `start`, end it with `close` or a `with` block.

    `version` counts what has changed, so that a viewer knows whether to look. All of it may be read from any thread.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: Connection, scenario: Scenario) -> None:
        self.scenario = scenario
        self.snapshot: Snapshot | None = None
        self.about = About(1.0, None, 0.0, True, False, busy="starting")
        self.history = History()
        self.events: deque[LoggedEvent] = deque(maxlen=EVENTS_KEPT)
        self.windows: deque[ShownWindow] = deque(maxlen=WINDOWS_KEPT)
        self.version = self.rows_version = self.events_version = self.windows_version = 0
        self.lock = threading.RLock()
        self._process, self._connection = process, connection
        self._sending = threading.Lock()
        self._waiting: dict[int, tuple[threading.Event, list[Answer]]] = {}
        self._number = 0
        self._shown = threading.Event()
        self._reader = threading.Thread(target=self._read, name="bms-cosim live", daemon=True)
        self._reader.start()

    @classmethod
    def start(
        cls, scenario: Scenario | Path | str, *, speed: float = 1.0, paused: bool = False, folder: Path | None = None
    ) -> LiveSession:
        """Start the process of a run.

        Parameters
        ----------
        scenario : validated scenario, or a scenario file
        speed : times real time, 1 to 1000
        paused : wait for `run`
        folder : where `save` writes; None: it only answers

        Raises
        ------
        InputError : the scenario, or the speed, cannot be used
        RunFailed : the run could not begin
        """
        loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        loaded = operable(loaded)
        if not SLOWEST <= speed <= FASTEST:
            raise InputError("live run", "speed", speed, f"{SLOWEST:g} to {FASTEST:g} times real time")
        ours, theirs = multiprocessing.Pipe()
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        process = subprocess.Popen(
            [sys.executable, "-m", "cosim.live.worker", str(theirs.fileno())], pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": paths},
            start_new_session=True,
        )
        theirs.close()
        ours.send({"scenario": loaded, "speed": float(speed), "paused": paused, "folder": folder})
        session = cls(process, ours, loaded)
        if not session._shown.wait(START_LIMIT_S) or session.snapshot is None:
            reason = session.about.failed or f"nothing within {START_LIMIT_S:g} s"
            session.close()
            raise RunFailed(f"{loaded.name}: the live run could not begin: {reason}")
        return session

    # ---- requests -----------------------------------------------------------------------------------------
    def ask(self, request: Mapping[str, Any] | object, limit_s: float = ANSWER_LIMIT_S) -> Answer:
        """Ask for something (`cosim.live.requests`) and wait for the answer; what is wrong is an answer, too."""
        done, found = threading.Event(), list[Answer]()
        with self._sending:
            if self.about.failed:
                return Answer(None, self.about.failed)
            self._number += 1
            number = self._number
            self._waiting[number] = (done, found)
            try:
                self._connection.send((number, request))
            except (OSError, ValueError, TypeError, AttributeError) as error:  # gone, or nothing that can be sent
                self._waiting.pop(number)
                return Answer(None, f"not sent: {error}")
        if not done.wait(limit_s):
            self._waiting.pop(number, None)
            return Answer(None, f"no answer within {limit_s:g} s")
        return found[0]

    def change(self, **change: Any) -> Answer:
        """Change the scenario now: `session.change(settings={"fuse_rating_A": 60})`, `session.change(remote="off")`."""
        return self.ask({"do": "change", "change": change})

    def close(self) -> None:
        """End the run and its process."""
        if self._process.poll() is None:
            if not self.about.failed:
                self.ask(QUIT, 10.0)
            try:
                self._process.wait(5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(5.0)
        self._connection.close()

    def __enter__(self) -> LiveSession:
        """Return the session itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run."""
        self.close()

    # ---- what the process says ----------------------------------------------------------------------------
    def _read(self) -> None:
        while True:
            try:
                kind, content = self._connection.recv()
            except (EOFError, OSError):
                self._fail("the process of the run has ended")
                return
            with self.lock:
                self._take(kind, content)

    def _take(self, kind: str, content: Any) -> None:
        if kind == "answer":
            number, done, error = content
            event, found = self._waiting.pop(number, (threading.Event(), []))
            found.append(Answer(done, error))
            event.set()
        elif kind == "now":
            self.snapshot, about = content
            self.about = About(**about)
            self._shown.set()
        elif kind == "busy":
            self.about = About(**{**self.about.__dict__, "busy": content})
        elif kind == "rows":
            self.history.add(content)
            self.rows_version += 1
        elif kind == "events":
            self.events.extend(content)
            self.events_version += 1
        elif kind == "window":
            self.windows.append(content)
            self.windows_version += 1
        elif kind == "failed":
            self._fail(content)
        self.version += 1

    def _fail(self, reason: str) -> None:
        with self.lock:
            self.about = About(**{**self.about.__dict__, "failed": self.about.failed or reason, "paused": True})
            self.version += 1
        for event, found in list(self._waiting.values()):
            found.append(Answer(None, reason))
            event.set()
        self._shown.set()
