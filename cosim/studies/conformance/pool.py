"""Runs jobs in worker processes: one ngspice each, longest job first, results independent of the order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import wait
from typing import Any

from cosim.errors import InputError, RunFailed
from cosim.measure import MeasureError
from cosim.spice.errors import SpiceError
from cosim.studies.conformance.entry import Entry
from cosim.studies.conformance.lab import Lab
from cosim.studies.conformance.picture import row_pictures
from cosim.studies.conformance.register import Job, bench_of

Outcome = dict[str, Any]
"""What a job leaves: `entries` (dicts), `pictures` (row -> base64 PNG), `wall_s`; what JSON holds."""
Progress = Callable[[float, str], None]

WORKERS = 2
"""Processes (the machine that the time limits are stated for has two cores)."""

_lab: list[Lab] = []


def lab_of_process() -> Lab:
    """The lab of this process, made at the first job: it holds the one ngspice."""
    if not _lab:
        _lab.append(Lab())
    return _lab[0]


def measured(job: Job, lab: Lab) -> list[Entry]:
    """Run a job's bench. What cannot be carried out or measured is a failed entry of every row of the bench."""
    bench = bench_of(job.bench)
    try:
        with lab.applied(job.changes):
            found = bench.measure(lab, job.corner, job.changes)
    except (RunFailed, SpiceError, MeasureError, InputError) as error:
        told = " ".join(str(error).split())
        found = [Entry(row, "", bench.name, "measured", note=f"failed: {told}") for row in bench.rows]
    missing = [row for row in bench.rows if row not in {entry.id for entry in found}]
    found += [Entry(row, "", bench.name, "measured", note="failed: the bench gave no entry") for row in missing]
    return [replace(one, corner=job.corner.name) if one.corner == "nominal" else one for one in found]


def work(job: Job) -> Outcome:
    """One job in this process, with its pictures where it is no variation."""
    begun = time.perf_counter()
    entries = measured(job, lab_of_process())
    pictures = {} if job.varied else row_pictures(entries)
    return {"entries": [{**entry.as_dict(), "bench": job.bench} for entry in entries], "pictures": pictures,
            "wall_s": time.perf_counter() - begun}


def run_jobs(
    jobs: list[Job], report: Progress, keep: Callable[[Job, Outcome], None], workers: int = WORKERS
) -> None:
    """Run jobs and hand every outcome to `keep` as soon as it is there.

    Raises
    ------
    RunFailed : a worker process died
    """
    total = max(sum(job.cost_s for job in jobs), 1e-9)
    if len(jobs) < 2 or workers < 2:  # none at all: a run that was killed while it wrote its report goes on
        for done, job in enumerate(jobs):
            report(done / len(jobs), job.name)
            keep(job, work(job))
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(jobs)), mp_context=context, initializer=_end_with_parent)
    with _interrupts_ignored():  # processes begin at `submit`, and keep that
        waiting: dict[Future[Outcome], Job] = {pool.submit(work, job): job for job in jobs}
    done_s = 0.0
    try:
        for future in as_completed(waiting):
            job = waiting[future]
            keep(job, future.result())
            done_s += job.cost_s
            report(done_s / total, job.name)
    except BrokenProcessPool as error:
        left = ", ".join(_unfinished(waiting.items()))
        raise RunFailed(f"conformance: a worker process died; not finished: {left}") from error
    except KeyboardInterrupt:
        for child in multiprocessing.active_children():  # else they would end their jobs first
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ctrl-C is this process's to handle: a worker, told too by the terminal, would show where it just was."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _unfinished(waiting: Iterable[tuple[Future[Outcome], Job]]) -> list[str]:
    return [job.name for future, job in waiting if not future.done() or future.exception() is not None][:4]


def _end_with_parent() -> None:
    """A worker ends when the program that started it is killed, instead of waiting for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
