"""The process of a live run: the engine and its pace; requests come in and what is shown goes out through one pipe.

Started by `cosim.live.session`; `python -m cosim.live.worker FD` reads its first message, the scenario, from there.
"""

from __future__ import annotations

import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cosim.errors import InputError, RunFailed
from cosim.live.engine import LiveEngine
from cosim.live.pace import Pace
from cosim.live.requests import QUIT, ChangeRequest, RunRequest, SpeedRequest, StepRequest, parsed
from cosim.live.view import new_rows, shown_window
from cosim.spice.errors import SpiceError
from cosim.spice.session import SpiceSession

SHOWN_EVERY_S, ROWS_EVERY_S = 0.2, 0.4
"""Wall time from one snapshot, or batch of rows, to the next (ours)."""
MOST_TICKS = 600
"""Ticks that pass without a look at the requests (ours: some milliseconds)."""
LONGEST_WAIT_S = 0.05


class Worker:
    """One live run in this process.

    Parameters
    ----------
    connection : to the session
    first : its first message: scenario, speed, paused, folder for what is saved
    """

    def __init__(self, connection: Connection, first: dict[str, Any]) -> None:
        self._connection = connection
        self._folder: Path | None = first["folder"]
        self._told_s = 0.0
        self._engine = LiveEngine(first["scenario"], SpiceSession.open(), self._report)
        self._tick_s = self._engine.run.tick_s
        self._pace = Pace(first["speed"], time.monotonic(), self._engine.time_s)
        self._pace.paused = first["paused"]
        self._until_s: float | None = None
        self._row = 0
        self._shown_s = self._rows_s = 0.0

    def _report(self, fraction: float, text: str) -> None:
        """Say what takes long; the run itself says nothing here."""
        if "characteristic" in text or text.startswith("window "):
            self._send("busy", text)

    def _send(self, kind: str, content: object) -> None:
        self._connection.send((kind, content))

    def go(self) -> None:
        """Serve until the session ends."""
        self._show(force=True)
        while True:
            while self._connection.poll(self._wait_s()):
                number, given = self._connection.recv()
                if isinstance(given, tuple) and given == QUIT:
                    self._send("answer", (number, "gone", ""))
                    return
                self._answer(number, given)
            self._advance()
            self._show()

    def _wait_s(self) -> float:
        """How long there is nothing to do but to listen."""
        if self._pace.paused or self._engine.ended:
            return LONGEST_WAIT_S
        reached_s = self._engine.time_s
        late_s = self._pace.wanted_s(time.monotonic(), reached_s) - (reached_s + self._tick_s)
        return min(max(-late_s / self._pace.speed, 0.0), LONGEST_WAIT_S)

    def _advance(self) -> None:
        engine, pace = self._engine, self._pace
        if pace.paused or engine.ended:
            return
        before_s = engine.time_s
        wanted_s = min(pace.wanted_s(time.monotonic(), before_s), before_s + MOST_TICKS * self._tick_s)
        if self._until_s is not None:
            wanted_s = min(wanted_s, self._until_s)
        engine.advance_to(wanted_s + 1e-6)
        if self._until_s is not None and engine.time_s >= self._until_s - 1e-6:
            self._until_s = None
            self._pause()
        pace.note(time.monotonic(), engine.time_s)

    def _pause(self) -> None:
        self._pace.paused = True

    def _go_on(self) -> None:
        self._pace.paused = False
        self._pace.anchor(time.monotonic(), self._engine.time_s)

    # ---- requests -----------------------------------------------------------------------------------------
    def _answer(self, number: int, given: object) -> None:
        began_s, reached_s = time.monotonic(), self._engine.time_s
        try:
            answer, error = self._done(given), ""
        except (InputError, RunFailed, SpiceError) as problem:
            answer, error = None, str(problem)
        if time.monotonic() - began_s > 1.0 and not self._pace.paused:  # a circuit was measured, a result written
            self._pace.anchor(time.monotonic(), max(reached_s, self._engine.time_s))
        self._show(force=True)
        self._send("answer", (number, answer, error))

    def _done(self, given: object) -> Any:
        request = parsed(given)
        if isinstance(request, ChangeRequest):
            return self._engine.change(request.change)
        if isinstance(request, SpeedRequest):
            self._pace.set_speed(request.speed, time.monotonic(), self._engine.time_s)
            return f"{request.speed:g} times real time"
        if isinstance(request, StepRequest):
            self._until_s = self._engine.time_s + request.duration_s
            self._go_on()
            return f"to {self._until_s:g} s"
        return self._plain(request)

    def _plain(self, request: RunRequest) -> Any:
        if request.do == "save":
            return self._engine.save(self._folder)
        if request.do == "reset":
            return self._engine.reset()
        if request.do == "run":
            self._until_s = None
            self._go_on()
        else:
            self._pause()
        return request.do

    # ---- what is shown ------------------------------------------------------------------------------------
    def _show(self, force: bool = False) -> None:
        now_s, engine, pace = time.monotonic(), self._engine, self._pace
        if events := engine.new_events():
            self._send("events", events)
        for name in engine.new_windows():
            self._send("window", shown_window(name, engine.run.windows[name]))
        if force or now_s - self._rows_s > ROWS_EVERY_S:
            self._rows_s = now_s
            first = self._row
            self._row, rows = new_rows(engine.run, first)
            if self._row > first:
                self._send("rows", rows)
        if force or now_s - self._shown_s > SHOWN_EVERY_S:
            self._shown_s = now_s
            about = {"speed": pace.speed, "reached": pace.reached, "lag_s": pace.lag_s(now_s, engine.time_s),
                     "paused": pace.paused, "ended": engine.ended, "given_up_s": pace.given_up_s}
            self._send("now", (engine.snapshot(), about))


def main(descriptor: int) -> None:
    """Serve one session; whatever ends the run is its last message."""
    connection = Connection(descriptor)
    try:
        Worker(connection, connection.recv()).go()
    except (EOFError, BrokenPipeError):
        return  # the session is gone
    except (InputError, RunFailed, SpiceError) as error:
        connection.send(("failed", str(error)))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]))
