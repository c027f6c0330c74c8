"""Cases on a Dask cluster: `--scheduler ADDRESS` (extra `dask`), with the same results bit for bit.

Workers that see the study's directory store each case themselves, as local ones do; others send it back. Dask starts a
killed worker again and hands its batch to another one, which leaves out what is stored.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Any

from cosim.errors import InputError, RunFailed
from cosim.studies.sweep import store
from cosim.studies.sweep.case import Job, Plan, finished, sees
from cosim.studies.sweep.pool import Take, accept_trial, batch_size, dead_row
from cosim.studies.sweep.store import Row
from cosim.studies.sweep.worker import told_trial

Client = Any
"""`distributed.Client`; the package carries no types that hold, and may be absent."""

AHEAD = 2
"""Batches per worker that wait at the scheduler, so that no worker waits for us."""
CONNECT_S = 20.0


def run_batch(plan: Plan, jobs: list[Job]) -> list[Row]:
    """Run some cases on a worker of the cluster."""
    with store.at_work(plan.directory) if sees(plan) else contextlib.nullcontext():
        return list(finished(plan, jobs))


class _Outstanding:
    """Batches at the scheduler, by their futures."""

    def __init__(self, client: Client, plan: Plan, jobs: list[Job], take: Take) -> None:
        import distributed

        self.client, self.plan, self.take = client, plan, take
        self.queue = deque(jobs)
        self.batches: dict[str, list[Job]] = {}
        make: Any = distributed.as_completed
        self.done: Any = make(loop=client.loop)
        self.seconds, self.told = 0.0, 0

    def fill(self) -> None:
        """Submit until every worker has work ahead."""
        workers = max(1, len(self.client.scheduler_info(n_workers=-1)["workers"]))
        while self.queue and len(self.batches) < AHEAD * workers:
            size = batch_size(self.seconds, self.told, len(self.queue), AHEAD * workers)
            self.submit([self.queue.popleft() for _ in range(size)])

    def submit(self, jobs: list[Job]) -> None:
        """Submit one batch."""
        future = self.client.submit(run_batch, self.plan, jobs, pure=False)
        self.batches[future.key] = jobs
        self.done.add(future)

    def hear(self, future: Any) -> None:
        """Take the rows of a batch, or find out which of its cases ends workers."""
        jobs = self.batches.pop(future.key)
        problem = future.exception()
        if problem is None:
            for row in future.result():
                self.finish(row)
            return
        if type(problem).__name__ != "KilledWorker":
            raise RunFailed(f"a batch failed on the cluster: {type(problem).__name__}: {problem}")
        for job in jobs:
            row = store.read_part(self.plan.directory, job[0])
            if row is not None:
                self.finish(row)
            elif len(jobs) > 1:
                self.submit([job])
            else:
                self.finish(dead_row(self.plan, job[0], "worker processes of the cluster ended in this case"))

    def finish(self, row: Row) -> None:
        """Store what a worker without our directory could not."""
        self.seconds, self.told = self.seconds + row.wall_s, self.told + 1
        if not store.part_path(self.plan.directory, row.case).is_file():
            store.write_part(self.plan.directory, row)
        self.take(row)


def run_on_dask(plan: Plan, jobs: list[Job], address: str, take: Take) -> None:
    """Run cases on the cluster of a scheduler; `take` is told of each one when it is stored.

    Raises
    ------
    InputError : no `distributed`, nobody at the address, or workers with several threads
    RunFailed : the scenario does not run at all
    """
    client = _connected(address)
    try:
        _check_threads(client, address)
        accept_trial(client.submit(told_trial, plan, pure=False).result())
        work = _Outstanding(client, plan, jobs, take)
        work.fill()
        for future in work.done:
            work.hear(future)
            work.fill()
    finally:
        client.close()


def _connected(address: str) -> Client:
    try:
        import distributed
    except ImportError:
        allowed = "an installed dask.distributed: pip install 'smart-bms-cosim[dask]'"
        raise InputError("--scheduler", "", address, allowed) from None
    make: Any = distributed.Client
    try:
        return make(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError("--scheduler", "", address, f"the address of a Dask scheduler ({error})") from None


def _check_threads(client: Client, address: str) -> None:
    """One ngspice per process: workers must not run two cases at once."""
    threads = client.nthreads()
    if not threads:
        client.close()
        raise InputError("--scheduler", "", address, "a scheduler with workers (dask worker ADDRESS --nthreads 1)")
    if max(threads.values()) > 1:
        client.close()
        raise InputError("--scheduler", "", address, "workers with one thread each (dask worker ADDRESS --nthreads 1)")
