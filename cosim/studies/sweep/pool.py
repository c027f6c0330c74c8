"""Worker processes on this machine.

Not `concurrent.futures`, whose pool is broken by the first worker that is killed, and no pool with a shared queue,
whose lock a killed worker takes with it. Each worker is a fresh interpreter with a socket of its own: a dead worker is
the end of its socket and nothing else, its case goes to the next one. Fresh interpreters also work from a notebook or a
script without a guard, and get one thread for linear algebra each.
"""

from __future__ import annotations

import contextlib
import math
import os
import socket
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from cosim.errors import InputError, RunFailed
from cosim.paths import ROOT
from cosim.studies.sweep import store
from cosim.studies.sweep.case import Job, Plan
from cosim.studies.sweep.store import Row
from cosim.studies.sweep.worker import READY, TRIAL

Take = Callable[[Row], None]

BATCH_S = 0.1
"""Least work that is handed out at once: a tenth of a second hides what handing out costs (measured: 0.1 to 1.6 ms)."""
LARGEST_BATCH = 200
ATTEMPTS = 3
"""A case that has taken so many workers with it is a failing case."""
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}


class Worker:
    """One worker process, and what it was given and has not told yet."""

    def __init__(self, plan: Plan) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cosim.studies.sweep.worker", str(theirs.fileno())], cwd=ROOT,
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env={**os.environ, **ONE_THREAD},
                start_new_session=True,  # Ctrl-C is the study's to handle
            )
        self.connection = Connection(ours.detach())
        self.ready = False
        self.given: deque[Job] = deque()
        self.send(plan)

    def send(self, what: Any) -> None:
        """Send something; a worker that has died is noticed when its socket is read."""
        with contextlib.suppress(OSError):
            self.connection.send(what)

    def give(self, jobs: list[Job]) -> None:
        """Hand out work."""
        self.given.extend(jobs)
        self.send(jobs)

    def end(self) -> str:
        """End the process, if it has not ended; say how it did."""
        self.connection.close()
        self.process.kill()
        code = self.process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


class Crew:
    """The workers of a study, and the cases that are left."""

    def __init__(self, plan: Plan, jobs: list[Job], workers: int, take: Take) -> None:
        self.plan, self.take = plan, take
        self.queue = deque(jobs)
        self.left = len(jobs)
        self.size = max(1, min(workers, len(jobs)))
        self.workers: list[Worker] = []
        self.deaths: Counter[int] = Counter()
        self.stillborn = 0
        self.trial_done = False
        self.seconds, self.told = 0.0, 0

    def work(self) -> None:
        """Run all cases."""
        try:
            self.workers = [Worker(self.plan) for _ in range(self.size)]
            self.workers[0].send(TRIAL)
            while self.left:
                self._hand_out()
                for connection in wait([w.connection for w in self.workers]):
                    self._hear(next(w for w in self.workers if w.connection is connection))
        finally:
            for worker in self.workers:
                worker.end()

    def _hand_out(self) -> None:
        for worker in self.workers:
            if self.queue and self.trial_done and worker.ready and not worker.given:
                size = batch_size(self.seconds, self.told, len(self.queue), len(self.workers))
                worker.give([self.queue.popleft() for _ in range(size)])

    def _hear(self, worker: Worker) -> None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return
        if message == READY:
            worker.ready = True
        elif isinstance(message, Row):
            worker.given.popleft()
            self._finish(message)
        else:
            self.trial_done = accept_trial(message)

    def _finish(self, row: Row) -> None:
        self.seconds, self.told = self.seconds + row.wall_s, self.told + 1
        self.left -= 1
        self.take(row)

    def _bury(self, worker: Worker) -> None:
        """Put another worker in the place of a dead one; what it had not told is handed out again.

        What it had stored and not told, the next one only reads (`case.finished`).
        """
        self.workers.remove(worker)
        how = worker.end()
        if not worker.ready:
            self.stillborn += 1
            if self.stillborn >= ATTEMPTS:
                raise RunFailed(f"worker processes end before they start work ({how})")
        lost = list(worker.given)
        if lost:
            case = lost[0][0]
            self.deaths[case] += 1
            if self.deaths[case] >= ATTEMPTS:
                row = dead_row(self.plan, case, f"{self.deaths[case]} worker processes ended in this case ({how})")
                self._finish(row)
            else:
                self.queue.append(lost[0])  # last: what ends workers must not hold up the rest
            self.queue.extendleft(reversed(lost[1:]))
        if self.left:
            self.workers.append(Worker(self.plan))
            if not self.trial_done:
                self.workers[-1].send(TRIAL)


def accept_trial(found: tuple[str, str]) -> bool:
    """True; or the trial's problem raises as the InputError or RunFailed that it is."""
    kind, text = found
    if kind in ("input", "outputs"):
        raise InputError(text, "", "", "")
    if kind:
        raise RunFailed(f"the scenario of the study does not run: {text}")
    return True


def dead_row(plan: Plan, case: int, error: str) -> Row:
    """Store a case that ends every worker, so that the study can go on without it."""
    row = Row(case, (math.nan,) * len(plan.outputs), error)
    store.write_part(plan.directory, row)
    return row


def batch_size(seconds: float, told: int, left: int, workers: int) -> int:
    """How many cases to hand out at once: about `BATCH_S` of work, and never more than half a worker's share."""
    if not told:
        return 1
    wanted = math.ceil(BATCH_S * told / max(seconds, 1e-9))
    return max(1, min(wanted, LARGEST_BATCH, math.ceil(left / (2 * workers))))


def run_local(plan: Plan, jobs: list[Job], workers: int, take: Take) -> None:
    """Run cases in worker processes on this machine; `take` is told of each one when it is stored.

    Raises
    ------
    RunFailed : the workers do not start, or the scenario does not run at all
    InputError : the runs have not what the outputs ask for
    """
    Crew(plan, jobs, workers, take).work()
