"""What becomes of a doubt about the slow picture: a window, or a note that it was left out.

The compiled loop says where the slow picture may be wrong (`cosim.slow.quasi_static`); a window that ended off its
prediction is looked at again. Such looks only verify, so they are rare by design: each kind rests for `COOL_DOWN_S`
after one, within the budget of `cosim.windows.policy`. What is passed over is counted in the summary and told once.
"""

from __future__ import annotations

import math

from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState
from cosim.slow.quasi_static import BRANCH, FIRST, KINDS, MISSED, QUIET, SINCE, UNKNOWN, new_watch
from cosim.windows.policy import PREDICTION, WindowRequest, automatic

HELD_S = 10.0
"""A branch of the law that held for less is chatter, and so is what comes back within it (ours: longer than the
limiter, the field and the supervisor's timers, shorter than most phases of a drive)."""
COOL_DOWN_S = 900.0
"""Rest of a kind after a look (ours)."""
TEXTS = ("the law's branch changed", "small or reverse current while enabled",
         "inputs move faster than the loop settles", "outside what the law was measured on",
         "near a trip of the hardware")


class Looks:
    """Requests of verifying windows for one run.

    Parameters
    ----------
    on : whether to look at all
    tick_s, n_ticks : tick and length of the run
    """

    def __init__(self, on: bool, tick_s: float, n_ticks: int) -> None:
        self.watch = new_watch(on, math.ceil(HELD_S / tick_s))
        self._tick_s, self._n_ticks = tick_s, n_ticks
        self._rest = math.ceil(COOL_DOWN_S / tick_s)

    def request(self, found: int, tick: int, x: Operating, state: PlantState, p: PlantParameters) -> WindowRequest:
        """Window for what the loop found (as `cosim.slow.quasi_static.look` says it); its kind rests from now on."""
        kind = found - 1
        self.watch[QUIET + kind] = tick + self._rest
        drop_V = x.input_voltage_V - x.battery_voltage_V
        where = (
            f"{x.port_current_A:.2f} A, input {x.input_voltage_V:.2f} V, drop {drop_V:.3f} V, "
            f"fuse {state.fuse.temperature_degC:.0f} degC"
        )
        return automatic(KINDS[kind], f"{TEXTS[kind]}: {where}", tick, self._n_ticks, self._tick_s)

    def again(self, name: str, mismatch_A: float, tick: int) -> WindowRequest | None:
        """Look again, after the cool-down, at what a window found at its end; None where the run is over by then."""
        start = tick + self._rest
        if start >= self._n_ticks:
            return None
        reason = f"{name} ended {mismatch_A:+.3f} A off the slow prediction"
        return automatic(PREDICTION, reason, start, self._n_ticks, self._tick_s)

    def restart(self, tick: int) -> None:
        """A window has run: what held before it is no matter."""
        self.watch[BRANCH], self.watch[SINCE] = UNKNOWN, tick

    def passed_over(self) -> dict[str, tuple[int, int]]:
        """How often a kind was seen while it rested, and at which tick first."""
        return {name: (int(self.watch[MISSED + k]), int(self.watch[FIRST + k]))
                for k, name in enumerate(KINDS) if self.watch[MISSED + k]}
