"""How far a run should be by now: simulated against wall time, and how well it keeps up."""

from __future__ import annotations

from collections import deque

SLOWEST, FASTEST = 1.0, 1000.0
"""Speeds that can be asked for, times real time (issue)."""
MEASURED_OVER_S = 10.0
"""Wall time over which the reached speed is measured (ours)."""
GIVEN_UP_S = 60.0
"""A run that lags by more wall time than this goes on from where it is, and the rest is given up (ours)."""


class Pace:
    """Wanted simulated time at a wall time; the clock is the caller's.

    Parameters
    ----------
    speed : times real time
    now_s, reached_s : wall and simulated time
    """

    def __init__(self, speed: float, now_s: float, reached_s: float) -> None:
        self.speed, self.paused, self.given_up_s = speed, False, 0.0
        self._anchor = (now_s, reached_s)
        self._seen: deque[tuple[float, float]] = deque(maxlen=1000)

    def anchor(self, now_s: float, reached_s: float) -> None:
        """Begin anew from here; what was missed is not caught up."""
        self._anchor = (now_s, reached_s)
        self._seen.clear()

    def set_speed(self, speed: float, now_s: float, reached_s: float) -> None:
        """Another speed from here on."""
        self.speed = speed
        self.anchor(now_s, reached_s)

    def wanted_s(self, now_s: float, reached_s: float) -> float:
        """Simulated time that should be reached by now."""
        if self.paused:
            return reached_s
        wall_s, sim_s = self._anchor
        wanted_s = sim_s + self.speed * (now_s - wall_s)
        late_s = (wanted_s - reached_s) / self.speed - GIVEN_UP_S
        if late_s > 0.0:
            self.given_up_s += late_s
            self._anchor = (wall_s + late_s, sim_s)
            wanted_s -= late_s * self.speed
        return wanted_s

    def note(self, now_s: float, reached_s: float) -> None:
        """Take in how far the run is, ten times a second or so."""
        if self._seen and now_s - self._seen[-1][0] < MEASURED_OVER_S / 100.0:
            return
        self._seen.append((now_s, reached_s))
        while self._seen and now_s - self._seen[0][0] > MEASURED_OVER_S:
            self._seen.popleft()

    @property
    def reached(self) -> float | None:
        """Speed that was reached lately, times real time; None before it can be said."""
        if self.paused or len(self._seen) < 2:
            return None
        (wall_s, sim_s), (now_s, reached_s) = self._seen[0], self._seen[-1]
        return (reached_s - sim_s) / (now_s - wall_s) if now_s > wall_s else None

    def lag_s(self, now_s: float, reached_s: float) -> float:
        """Wall time by which the run is late."""
        return max(0.0, (self.wanted_s(now_s, reached_s) - reached_s) / self.speed)
