"""Points that compiled code takes alone: the same record, the same stops, and Python where it is needed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numba.np.numpy_support import carray
from numpy.typing import NDArray

from cosim.spice.callbacks import CompiledHook, compile_hook
from cosim.spice.errors import CallbackFailed, Interrupted, PointBudgetExceeded, TransientAborted
from cosim.spice.session import SourceTable, SpiceSession, Waveforms

Array = NDArray[np.float64]

RINGING = "* ringing\nv1 a 0 external\nr1 a b 1\nl1 b c 10u\nc1 c 0 1u\nr2 c 0 1k\n"
SIGNALS = ["v(c)", "i(l1)"]
TSTOP_S, TMAX_S = 2e-3, 1e-6
CORNERS_S = [3.3e-4, 7.7e-4, 1.234e-3]
EXPLOSIVE = (
    "* explosive\nv1 a 0 pulse(0 1 10u 1u 1u 1)\nb1 0 c i='(v(a)>0.5)*1e9*exp(v(c))'\nc1 c 0 1n\nr1 c 0 1k\n"
)
WORDS = 4
"""Of the test's hook: points it took, time from which on it leaves them, sum of what it saw, time of the last."""


def _take(time_s: Any, values: Any, block: Any) -> Any:
    counts, numbers = carray(block, WORDS, np.int64), carray(block, WORDS, np.float64)
    if time_s >= numbers[1]:
        return 0
    counts[0] += 1
    numbers[2] += values[0] + 1e3 * values[1]
    numbers[3] = time_s
    return 1


class Hook:
    """A compiled hook that takes all points before a time."""

    def __init__(self, until_s: float = np.inf) -> None:
        self._words = np.zeros(WORDS, dtype=np.int64)
        self.numbers = self._words.view(np.float64)
        self.numbers[1] = until_s
        self._compiled = compile_hook(_take)
        self.handle = CompiledHook(self._compiled.address, self._words.ctypes.data)

    @property
    def taken(self) -> int:
        return int(self._words[0])


class Heard:
    """Times and values that Python was asked with."""

    def __init__(self) -> None:
        self.times_s: list[float] = []
        self.sum = 0.0

    def __call__(self, time_s: float, values: Array) -> None:
        self.times_s.append(time_s)
        self.sum += values[0] + 1e3 * values[1]


def run(spice: SpiceSession, on_accept: Any = None, hook: Hook | None = None, max_points: int = 10**6) -> Waveforms:
    table = SourceTable()
    table.hold("v1", 0.0, 5.0)
    table.hold("v1", CORNERS_S[0], -2.0)
    return spice.transient(
        RINGING, tstop_s=TSTOP_S, tmax_s=TMAX_S, signals=SIGNALS, sources=table, on_accept=on_accept,
        hook=None if hook is None else hook.handle, breakpoints=CORNERS_S, max_points=max_points,
    )


@pytest.fixture(scope="module")
def by_python(spice: SpiceSession) -> tuple[Waveforms, Heard]:
    """The run in which Python is asked at every point."""
    heard = Heard()
    return run(spice, heard), heard


def same(one: Waveforms, other: Waveforms) -> bool:
    return np.array_equal(one.time_s, other.time_s) and all(np.array_equal(one[s], other[s]) for s in SIGNALS)


def test_the_record_is_the_same_whoever_takes_the_points(
    spice: SpiceSession, by_python: tuple[Waveforms, Heard]
) -> None:
    waves, heard = by_python
    assert waves.n_points > 1100  # longer than the record is at first
    assert heard.times_s == list(waves.time_s)
    assert set(CORNERS_S) <= set(waves.time_s)
    assert waves.time_s[-1] == TSTOP_S
    assert same(run(spice), waves)
    assert same(run(spice, Heard(), Hook()), waves)


def test_python_gets_what_the_hook_leaves_and_all_breakpoints(
    spice: SpiceSession, by_python: tuple[Waveforms, Heard]
) -> None:
    waves, all_heard = by_python
    heard, hook = Heard(), Hook(until_s=1.5e-3)
    run(spice, heard, hook)
    assert hook.taken + len(heard.times_s) == waves.n_points
    assert hook.numbers[2] + heard.sum == pytest.approx(all_heard.sum, rel=1e-9)
    late = [float(t) for t in waves.time_s if t >= 1.5e-3]
    assert heard.times_s[-len(late) :] == late
    assert {0.0, *CORNERS_S} <= set(heard.times_s)
    assert len(heard.times_s) < len(late) + 15


def test_a_budget_of_points_is_kept_to_the_point(spice: SpiceSession) -> None:
    for hook, on_accept in ((None, None), (Hook(), Heard())):
        with pytest.raises(PointBudgetExceeded, match="more than 300 points"):
            run(spice, on_accept, hook, max_points=300)
        if hook is not None:
            assert hook.taken < 300


def test_what_python_raises_at_a_point_that_the_hook_left_ends_the_run(spice: SpiceSession) -> None:
    def fail(time_s: float, values: Array) -> Sequence[float] | None:
        if time_s > 1e-3:
            raise ZeroDivisionError("no terminal")
        return None

    hook = Hook(until_s=1.1e-3)
    with pytest.raises(CallbackFailed, match="no terminal"):
        run(spice, fail, hook)
    assert 1e-3 < hook.numbers[3] < 1.3e-3
    assert run(spice).time_s[-1] == TSTOP_S


def test_a_value_that_is_not_finite_is_met_by_python_and_not_by_the_hook(spice: SpiceSession) -> None:
    with pytest.raises(TransientAborted):
        spice.transient(EXPLOSIVE, tstop_s=1e-4, tmax_s=1e-6, signals=["v(c)", "v(a)"], hook=Hook().handle,
                        on_accept=Heard(), restart=lambda: None, ladder=())
    assert run(spice).time_s[-1] == TSTOP_S


def test_ctrl_c_ends_a_run_that_never_needs_python(spice: SpiceSession) -> None:
    def press() -> None:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    table = SourceTable()
    table.hold("v1", 0.0, 5.0)
    with pytest.raises(Interrupted) as caught:
        spice.transient(RINGING, tstop_s=100.0, tmax_s=1e-6, signals=SIGNALS, sources=table, on_accept=Heard(),
                        hook=Hook().handle, max_points=10**8)
    thread.join()
    assert 0.0 < caught.value.time_s < 100.0
    assert run(spice).time_s[-1] == TSTOP_S
