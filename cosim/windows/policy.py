"""When the slow picture is not enough: what opens a window, and how long it may stay open."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from cosim.inputs.signals import Inputs
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import failures
from cosim.slow.quasi_static import KINDS
from cosim.spice.deck import SpiceOptions

SHORTEST_S = 0.2
"""A window stays open at least this long, so that the field and the limiter settle (ours)."""
LONGEST_S = 4.0
"""A window that was not asked for by the user is closed after this long, cranking included (ours)."""


BURST, REFILL_S = 20, 600.0
"""A kind of window may open this often at once, and once more per `REFILL_S` afterwards (ours): more than a person
does with a vehicle, far less than an output that chatters."""

PORT_KINDS = ("port_on", "port_off")
"""Kinds of windows that are about System+ itself: a gate there is switched."""
DEVICE = "device_fault"
"""Kind of the window that opens where a transistor fails."""
PREDICTION = "prediction"
"""Kind of the window that looks again after one that ended off its prediction."""
VERIFYING = (*KINDS, PREDICTION)
"""Kinds that only verify the slow picture."""
SPARED = ("regime", "small_current", "fast_input")
"""Of these, leaving one out casts no doubt on the run: the law is measured across its branches."""
VERIFYING_BURST, VERIFYING_REFILL_S = 2, 7200.0
"""Budget of each of them (ours): at most six in a day's work of eight hours, whatever the drive."""


class WindowBudget:
    """Token bucket per kind of window, so that chatter cannot open thousands; what it refuses is counted.

    Windows that the user asked for are never refused.
    """

    def __init__(self, tick_s: float, burst: int = BURST, refill_s: float = REFILL_S) -> None:
        self._tick_s, self._burst, self._refill_s = tick_s, burst, refill_s
        self._level: dict[str, float] = {}
        self._last_tick: dict[str, int] = {}
        self.refused: dict[str, int] = {}

    def allows(self, kind: str, tick: int) -> bool:
        """Whether a window of this kind may open now; takes one from its budget if so."""
        passed_s = (tick - self._last_tick.get(kind, tick)) * self._tick_s
        burst, refill_s = self._burst, self._refill_s
        if kind in VERIFYING:
            burst, refill_s = VERIFYING_BURST, VERIFYING_REFILL_S
        level = min(float(burst), self._level.get(kind, float(burst)) + passed_s / refill_s)
        self._last_tick[kind] = tick
        if level < 1.0:
            self._level[kind] = level
            self.refused[kind] = self.refused.get(kind, 0) + 1
            return False
        self._level[kind] = level - 1.0
        return True


@dataclass(frozen=True)
class WindowRequest:
    """A window to open.

    name, reason : for the log; start_tick; min_ticks : stay open at least; limit_ticks : at most;
    max_step_s, options : longest SPICE step and numerical options, None for the defaults;
    by_user : asked for in the scenario: always runs in full, never refused or reused
    """

    name: str
    reason: str
    start_tick: int
    min_ticks: int
    limit_ticks: int
    max_step_s: float | None = None
    options: SpiceOptions | None = None
    by_user: bool = False


def planned(scenario: Scenario, inputs: Inputs, n_ticks: int) -> list[WindowRequest]:
    """Windows that are known before the run: the user's, and those of fast inputs outside them, in order of time."""
    tick_s = scenario.tick_s
    asked: list[WindowRequest] = []
    failing = failing_ticks(scenario)
    for window in scenario.windows:
        start = math.floor(window.start_s / tick_s + 1e-9)
        length = max(1, math.ceil(window.duration_s / tick_s - 1e-9))
        if start < n_ticks:
            length = min(length, n_ticks - start)
            request = WindowRequest(window.name, "asked for", start, length, length, window.max_step_s, by_user=True)
            asked += _pieces(request, failing)
    found = list(asked)
    found += [
        automatic(DEVICE, f"a transistor fails at {tick * tick_s:g} s", tick, n_ticks, tick_s)
        for tick in failing if tick < n_ticks and not any(w.start_tick == tick for w in asked)
    ]
    for time_s, label in inputs.fast_starts_s:
        start = max(0, math.floor(time_s / tick_s + 1e-9) - 1)
        covered = any(w.start_tick * tick_s <= time_s < (w.start_tick + w.min_ticks) * tick_s for w in asked)
        if start < n_ticks and not covered:
            found.append(automatic(label, f"{label} at {time_s:.3f} s", start, n_ticks, tick_s))
    return sorted(found, key=lambda w: (w.start_tick, w.name))


def failing_ticks(scenario: Scenario) -> list[int]:
    """Ticks at which a transistor fails, and with it the deck changes; the first of a run changes nothing."""
    return sorted({round(f.time_s / scenario.tick_s) for f in failures(scenario.faults)} - {0})


def _pieces(request: WindowRequest, cuts: list[int]) -> list[WindowRequest]:
    """A window in the pieces between the ticks at which its deck changes."""
    end = request.start_tick + request.limit_ticks
    edges = [request.start_tick, *(tick for tick in cuts if request.start_tick < tick < end), end]
    return [
        replace(request, start_tick=a, min_ticks=b - a, limit_ticks=b - a) for a, b in pairwise(edges)
    ]


def before_next(request: WindowRequest, next_asked: int | None) -> WindowRequest:
    """An automatic window ends where one begins that the user asked for, or a transistor fails."""
    if request.by_user or next_asked is None or next_asked <= request.start_tick:
        return request
    limit = min(request.limit_ticks, next_asked - request.start_tick)
    return replace(request, limit_ticks=limit, min_ticks=min(request.min_ticks, limit))


def on_command(enable: bool, tick: int, n_ticks: int, tick_s: float) -> WindowRequest:
    """Window around a change of the enable command."""
    name = "enable" if enable else "disable"
    return automatic(name, f"command: {name}", tick, n_ticks, tick_s)


def on_gate(closes: bool, tick: int, n_ticks: int, tick_s: float) -> WindowRequest:
    """Window around a change of a gate of System+."""
    name = PORT_KINDS[0] if closes else PORT_KINDS[1]
    return automatic(name, "command: System+ " + ("on" if closes else "off"), tick, n_ticks, tick_s)


def automatic(name: str, reason: str, start_tick: int, n_ticks: int, tick_s: float) -> WindowRequest:
    """Window that nobody asked for: open until settled, within its limits."""
    limit = max(1, min(math.ceil(LONGEST_S / tick_s), n_ticks - start_tick))
    shortest = min(limit, max(1, math.ceil(SHORTEST_S / tick_s - 1e-9)))
    return WindowRequest(name, reason, start_tick, shortest, limit)
