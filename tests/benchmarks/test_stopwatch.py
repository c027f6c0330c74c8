"""A label has the time that no label inside it has."""

from __future__ import annotations

import pytest

from benchmarks import stopwatch
from benchmarks.stopwatch import Stopwatch


class Clock:
    """Wall and processor time that move only when told."""

    wall_s = cpu_s = 0.0

    def move(self, wall_s: float, cpu_s: float) -> None:
        self.wall_s += wall_s
        self.cpu_s += cpu_s


class Work:
    """Something to be timed."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def outer(self) -> None:
        self.clock.move(2.0, 0.5)
        self.inner()
        self.inner()

    def inner(self) -> None:
        self.clock.move(4.0, 3.0)


def test_time_inside_another_label_counts_there_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, watch = Clock(), Stopwatch()
    monkeypatch.setattr(stopwatch, "perf_counter", lambda: clock.wall_s)
    monkeypatch.setattr(stopwatch, "process_time", lambda: clock.cpu_s)
    with watch.watching(("outer", Work, "outer"), ("inner", Work, "inner")):
        Work(clock).outer()
    assert watch.figures() == {
        "outer [s]": 2.0, "inner [s]": 8.0, "outer, processor time [s]": 0.5, "inner, processor time [s]": 6.0,
    }
    assert watch.calls == {"outer": 1, "inner": 2}
    Work(clock).outer()
    assert watch.calls["outer"] == 1  # no longer watched
