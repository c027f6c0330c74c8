"""A worker process of the local pool: `python -m cosim.studies.sweep.worker FD`, its study at the other end of FD.

It ends by itself when the study is gone, in the middle of a case too: an orphan that went on could finish a case that
the resumed study has begun again.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from multiprocessing.connection import Connection

from cosim.studies.sweep.case import Plan, finished, runner_of
from cosim.studies.sweep.store import at_work

READY, TRIAL = "ready", "trial"


def main() -> None:
    """Serve one study until it closes the connection."""
    descriptor = int(sys.argv[1])
    connection = Connection(descriptor)
    threading.Thread(target=_end_with, args=(descriptor,), daemon=True).start()
    plan: Plan = connection.recv()
    with at_work(plan.directory):
        runner_of(plan)
        connection.send(READY)
        while True:
            try:
                asked = connection.recv()
            except EOFError:
                return
            if asked == TRIAL:
                connection.send(told_trial(plan))
                continue
            for row in finished(plan, asked):
                connection.send(row)


def told_trial(plan: Plan) -> tuple[str, str]:
    """What the trial run found: (kind of problem, text)."""
    from cosim.errors import InputError

    try:
        problem = runner_of(plan).trial(plan)
    except InputError as error:
        return "input", str(error)
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"
    return ("outputs", problem) if problem else ("", "")


def _end_with(descriptor: int) -> None:
    """End this process as soon as the other end of the connection is closed."""
    waiting = select.poll()
    waiting.register(descriptor, 0)  # no event asked for: only a hang-up is told
    waiting.poll()
    os._exit(1)


if __name__ == "__main__":
    main()
