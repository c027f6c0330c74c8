"""What drives the supervisor in the tests of its protection."""

from dataclasses import replace
from typing import Any

import bms
from bms import EventName

NORMAL = bms.Measurements(
    12.7, 0.0, 13.3, 25.0, 25.0, (3.32, 3.33, 3.34, 3.35), (25.0,) * 4, system_current_A=-20.0,
    system_voltage_V=13.3, battery_current_A=-20.0, remote_L_V=0.0, remote_H_V=0.0, hardware_latch=False,
)
Log = list[tuple[int, EventName, str]]


class Rig:
    """Drives the supervisor every 100 ms; the log says tick, event and cause."""

    def __init__(self, state: bms.State | None = None, **given: Any) -> None:
        self.settings = bms.Settings(**given)
        self.state, self.commands = state or bms.State(), bms.Commands()
        self.tick, self.log = -1, Log()
        self.hold = bms.Hold(0)
        self.m = NORMAL
        self.leaky = False

    def run(self, ticks: int, **changes: Any) -> list[bms.Commands]:
        """Change readings for good, then call so many times."""
        self.m = replace(self.m, **changes)
        seen = []
        for _ in range(ticks):
            self.tick += 1
            dt_s = 0.1 if self.tick else 0.0
            shown = self.m if self.leaky or self.tick == 0 else self._through_gates()
            self.state, self.commands, events, self.hold = bms.step(self.state, shown, self.settings, dt_s)
            self.log += [(self.tick, e.name, str(e.cause)) for e in events]
            seen.append(self.commands)
        return seen

    def _through_gates(self) -> bms.Measurements:
        """No current through what is off: that would be a device that is stuck on."""
        c, current_A = self.commands, self.m.system_current_A
        assert current_A is not None
        if (current_A < 0.0 and not c.discharge_gate) or (current_A > 0.0 and not c.charge_gate):
            return replace(self.m, system_current_A=0.0)
        return self.m

    def ready(self, ticks: int = 11, **changes: Any) -> "Rig":
        """Run until everything is on; log and ticks start anew at a whole second."""
        self.run(ticks, **changes)
        self.log.clear()
        return self

    def when(self, name: EventName) -> list[int]:
        return [tick for tick, event, _ in self.log if event is name]


def low(voltage_V: float) -> tuple[float, ...]:
    return (3.32, voltage_V, 3.34, 3.35)


OPEN_L, OPEN_H = 13.0, 0.0
