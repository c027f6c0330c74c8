"""Decks that nobody vouches for run in a process of their own: crashes and hangs end there."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from cosim.spice.errors import SpiceError, WorkerFailed
from cosim.spice.session import DEFAULT_MAX_POINTS, SourceTable, SpiceOptions, SpiceSession, Waveforms


@dataclass(frozen=True)
class UntrustedRun:
    """A transient of a deck that may do anything.

    Attributes
    ----------
    deck : body of the deck
    signals : what to record
    tstop_s, tmax_s : stop time and longest step [s]
    values : constant values of the external sources
    options : numerical options
    max_points : budget of accepted points
    """

    deck: str
    signals: Sequence[str]
    tstop_s: float
    tmax_s: float
    values: Mapping[str, float] = field(default_factory=dict)
    options: SpiceOptions = field(default_factory=SpiceOptions)
    max_points: int = DEFAULT_MAX_POINTS


def run_untrusted(job: UntrustedRun, *, time_limit_s: float = 60.0) -> Waveforms:
    """Run a deck in a new process and return its waveforms.

    Parameters
    ----------
    job : what to run
    time_limit_s : wall time after which the process is ended [s]; starting it takes about 1 s

    Raises
    ------
    WorkerFailed
        the process crashed or exceeded its time
    SpiceError
        what the session raised there, as if it had been here
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, job), daemon=True)
    process.start()
    theirs.close()
    title = job.deck.lstrip().splitlines()[0].strip(" *\t")[:60] if job.deck.strip() else "untitled"
    try:
        if not ours.poll(time_limit_s):
            raise WorkerFailed(f"the worker process did not finish within {time_limit_s:g} s", deck=title)
        answer = ours.recv()
    except EOFError:
        process.join()
        raise WorkerFailed(
            f"the worker process crashed ({_exit_text(process.exitcode)})", deck=title
        ) from None
    finally:
        if process.is_alive():
            process.kill()
        process.join()
        process.close()
        ours.close()
    if isinstance(answer, Waveforms):
        return answer
    if isinstance(answer, SpiceError):
        raise answer
    raise WorkerFailed(f"the worker process failed: {answer}", deck=title)


def _work(connection: Connection, job: UntrustedRun) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it ends this process
    answer: Waveforms | SpiceError | str
    try:
        session = SpiceSession.open()
        table = SourceTable()
        for name, value in job.values.items():
            table.hold(name, 0.0, value)
        answer = session.transient(
            job.deck,
            tstop_s=job.tstop_s,
            tmax_s=job.tmax_s,
            signals=job.signals,
            sources=table,
            options=job.options,
            max_points=job.max_points,
        )
    except SpiceError as error:
        answer = error
    except Exception as error:
        answer = f"{type(error).__name__}: {error}"
    connection.send(answer)
    connection.close()


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
