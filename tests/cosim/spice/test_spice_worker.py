"""What ends in another process: poisoned libraries, untrusted decks, crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.spice.errors import (
    DeckRejected,
    LibraryPoisoned,
    WorkerFailed,
)
from cosim.spice.worker import UntrustedRun, run_untrusted

Array = NDArray[np.float64]

GOOD = "* good\nv1 a 0 external\nr1 a b 1k\nr2 b 0 3k\n"


# A van der Pol oscillator of 160 kHz, which never ends by itself.
OSCILLATOR = "* oscillator\nl1 o 0 1u\nc1 o 0 1u\nb1 o 0 i='-0.5*v(o)+0.1*v(o)*v(o)*v(o)'\n.ic v(o)=0.1\n"
# The guard knows no scopes: `zz` is a parameter of one subcircuit and used outside, which poisons the library.
POISON = "* poison\nv1 a 0 1\nx1 a 0 s zz=3\n.subckt s p n zz=1\nr1 p n {zz}\n.ends\nr2 a 0 {zz}\n"


def test_a_worker_reports_a_poisoned_library() -> None:
    with pytest.raises(LibraryPoisoned, match=r"(?i)undefined parameter") as caught:
        run_untrusted(UntrustedRun(POISON, ("v(a)",), 1e-3, 1e-4))
    assert "new process" in str(caught.value)


def test_a_poisoned_session_refuses_everything_after() -> None:
    script = f"""
from cosim.spice.session import SpiceSession
from cosim.spice.errors import LibraryPoisoned
session = SpiceSession.open()
for deck in ({POISON!r}, "v1 a 0 1\\nr1 a 0 1\\n"):
    try:
        session.operating_point(deck)
        print("ran")
    except LibraryPoisoned as error:
        print("poisoned")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert done.stdout.split() == ["poisoned", "poisoned"]


def test_a_worker_gives_results_errors_and_keeps_its_time() -> None:
    waves = run_untrusted(UntrustedRun(GOOD, ("v(b)",), 1e-3, 1e-4, values={"v1": 4.0}))
    assert waves["v(b)"][-1] == pytest.approx(3.0, rel=1e-6)
    with pytest.raises(DeckRejected):
        run_untrusted(UntrustedRun("v1 a 0 dc 0 external\n", ("v(a)",), 1e-3, 1e-4))
    with pytest.raises(WorkerFailed, match="within"):
        run_untrusted(UntrustedRun(OSCILLATOR, ("v(o)",), 100.0, 1e-6, max_points=10**9), time_limit_s=3.0)


def test_a_crash_of_a_worker_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMS_COSIM_TEST_CRASH", "1")
    with pytest.raises(WorkerFailed, match="SIGSEGV"):
        run_untrusted(CrashingRun("v1 a 0 1\n", ("v(a)",), 1e-3, 1e-4))


class CrashingRun(UntrustedRun):
    """Crashes the process that unpacks it, as ngspice does with `dc 0 external`."""

    def __reduce__(self) -> tuple[object, ...]:
        return _crash, ()


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
