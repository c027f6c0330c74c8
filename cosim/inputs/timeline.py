"""Remote terminals and faults of a run: at its moments, what the plant's sensors and chargers are, is written anew.

Everything is a function of the tick, but for what a frozen sensor read when it froze; so a window that is tried again,
or fails, goes back with `Timeline.restore`. The arrays that it writes into belong to the run's own parameters.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cosim.inputs.events import told_of
from cosim.scenario.events import ConnectCapacitor
from cosim.scenario.model import Scenario
from cosim.scenario.timeline import CableFault, ChargerFault, DeviceFault, Fault, Remote, SensorFault
from cosim.slow.plant import PlantParameters
from cosim.slow.sensors import CELLS, N_SCALARS, NO_OVERRIDE, place_of
from cosim.windows.time import seconds

Array = NDArray[np.float64]
Note = tuple[float, str, str, str]
"""Time [s], source, event, detail: as `cosim.result.LoggedEvent`."""

NEVER = 2**62
SETPOINTS = (3, 4, 5)
"""Places of a charger's set-points and re-bulk level among its numbers (`models.system`)."""


class Timeline:
    """Moments of a run, in ticks.

    Parameters
    ----------
    remote, faults, capacitors : of the scenario; capacitors: when connected [s], capacitance [F]
    names : of the devices at System+
    tick_s : tick
    p : parameters whose arrays it writes; None where nothing changes
    told : events of the scenario that only the log hears of
    """

    def __init__(
        self, remote: Sequence[Remote], faults: Sequence[Fault], names: Sequence[str], tick_s: float,
        p: PlantParameters | None, capacitors: Sequence[tuple[float, float]] = (), told: Sequence[Note] = (),
    ) -> None:
        self._remote = [(_tick(r.time_s, tick_s), r) for r in remote]
        self._faults = [
            (_tick(f.time_s, tick_s), max(_tick(f.time_s + f.duration_s, tick_s), _tick(f.time_s, tick_s) + 1), f)
            for f in faults
        ]
        self._capacitors = [(_tick(time_s, tick_s), farad) for time_s, farad in capacitors]
        self._events = [(_tick(note[0], tick_s), note) for note in told]
        moments = {tick for tick, _ in (*self._remote, *self._capacitors, *self._events)}
        moments |= {t for start, end, _ in self._faults for t in (start, end)}
        self._moments, self._names, self._tick_s, self._p = sorted(moments), tuple(names), tick_s, p
        self._frozen: dict[int, Array] = {}
        self._told: set[int] = set()
        if p is not None:
            self._offset, self._numbers = p.sensors.offset.copy(), p.system.numbers.copy()
            self._farad = float(p.system.capacitance_F[0])

    @property
    def is_empty(self) -> bool:
        """Whether nothing ever changes."""
        return not self._moments

    def next_after(self, tick: int) -> int:
        """First moment after a tick."""
        place = bisect_right(self._moments, tick)
        return self._moments[place] if place < len(self._moments) else NEVER

    def at(self, tick: int, reading: Callable[[], Array]) -> list[Note]:
        """Make the change of a tick, if there is one; what to tell of it, once.

        Parameters
        ----------
        tick : now
        reading : gives the measurement vector of this tick as it is without the change
        """
        if tick not in self._moments:
            return []
        for number, (start, _, fault) in enumerate(self._faults):
            if start == tick and isinstance(fault, SensorFault) and fault.kind == "frozen":
                self._frozen[number] = reading()[self._places(fault)].copy()
        self._write(tick)
        if tick in self._told:
            return []
        self._told.add(tick)
        return self._notes(tick)

    def restore(self, tick: int) -> None:
        """Go back to a tick, its change made and told."""
        if self._moments:
            self._told = {t for t in self._told if t <= tick}
            self._write(tick)

    def go_on_from(self, other: Timeline, tick: int) -> None:
        """Stand at a tick as another timeline does whose faults are the first of this one's."""
        self._frozen, self._told = dict(other._frozen), set(other._told)
        self.restore(tick)

    def _write(self, tick: int) -> None:
        p = self._p
        assert p is not None
        sensors = p.sensors
        for start, remote in self._remote:
            if start <= tick:
                p.remote_V[:] = remote.terminals_V
        sensors.offset[:], sensors.override[:] = self._offset, NO_OVERRIDE
        p.system.numbers[:] = self._numbers
        p.stuck[:] = 0.0
        p.system.capacitance_F[0] = self._farad + sum(farad for start, farad in self._capacitors if start <= tick)
        for number, (start, end, fault) in enumerate(self._faults):
            if not start <= tick < end:
                continue
            if isinstance(fault, DeviceFault):
                _stick(p.stuck, fault)
            elif isinstance(fault, ChargerFault):
                p.system.numbers[self._names.index(fault.device), list(SETPOINTS)] = fault.voltage_V
            elif isinstance(fault, CableFault):
                sensors.override[self._unheard(fault)] = math.nan
            elif fault.kind == "offset":
                sensors.offset[self._places(fault)] += fault.value or 0.0
            elif fault.kind == "frozen":
                sensors.override[self._places(fault)] = self._frozen[number]
            else:
                sensors.override[self._places(fault)] = math.nan if fault.value is None else fault.value
        touched = np.any(sensors.override[N_SCALARS:] != NO_OVERRIDE) or np.any(sensors.offset != self._offset)
        sensors.cells_touched[0] = float(touched)

    def _cells(self) -> tuple[int, int]:
        """Cells of all batteries, and of each."""
        assert self._p is not None
        factor = self._p.battery.capacity_factor
        return int(factor.size), int(factor.shape[1])

    def _places(self, fault: SensorFault) -> NDArray[np.int64]:
        count, each = self._cells()
        if fault.measurement not in CELLS:
            return np.array([place_of(fault.measurement)])
        first = (fault.battery - 1) * each
        cells = range(first, first + each) if fault.cell is None else (first + fault.cell - 1,)
        return np.array([place_of(fault.measurement, c, count) for c in cells])

    def _unheard(self, fault: CableFault) -> NDArray[np.int64]:
        count, each = self._cells()
        beyond = range(fault.after_battery * each, count)
        return np.array([place_of(name, c, count) for name in CELLS for c in beyond])

    def _notes(self, tick: int) -> list[Note]:
        now_s = seconds(tick, self._tick_s)
        found: list[Note] = [note for start, note in self._events if start == tick]
        for start, remote in self._remote:
            if start == tick:
                low_V, high_V = remote.terminals_V
                told = f"{remote.state or 'voltages'}: L {low_V:g} V, H {high_V:g} V"
                found.append((now_s, "scenario", "remote terminals", told))
        for start, end, fault in self._faults:
            if start == tick:
                found.append((now_s, "scenario", "fault begins", _told(fault)))
            elif end == tick:
                found.append((now_s, "scenario", "fault ends", _told(fault)))
        return found


def _tick(time_s: float, tick_s: float) -> int:
    return round(time_s / tick_s)


def _stick(stuck: Array, fault: DeviceFault) -> None:
    """What a bank of System+ that has failed makes of both gates (charge, discharge); the port has a law of its own."""
    if fault.at_port:
        return
    if fault.kind == "device_open":
        stuck[:] = -1.0
    elif stuck[0] >= 0.0:
        stuck[0 if fault.device == "qc" else 1] = 1.0


def _told(fault: Fault) -> str:
    if isinstance(fault, DeviceFault):
        short = f"short, {1e3 * fault.part.ohm:g} mohm"
        dies = "" if fault.dies is None else f", {fault.dies} of its dies"
        return f"transistor {fault.device} {short if fault.kind == 'device_short' else 'open' + dies}"
    if isinstance(fault, CableFault):
        return f"cable broken after battery {fault.after_battery}"
    if isinstance(fault, ChargerFault):
        return f"{fault.device} has no voltage limit below {fault.voltage_V:g} V"
    value = "" if fault.value is None else f" {fault.value:g}"
    cell = "" if fault.cell is None else f", cell {fault.cell}"
    where = f" of battery {fault.battery}{cell}" if fault.measurement in CELLS else ""
    return f"{fault.measurement}{where} {fault.kind}{value}"


NOTHING = Timeline((), (), (), 1.0, None)
"""No remote, no fault."""


def timeline_of(scenario: Scenario, p: PlantParameters) -> Timeline:
    """Remote, faults and events of a scenario, acting on a run's parameters."""
    capacitors = [(e.time_s, e.capacitance_F) for e in scenario.events if isinstance(e, ConnectCapacitor)]
    told = [(e.time_s, "scenario", e.kind.replace("_", " "), text) for e in scenario.events if (text := told_of(e))]
    return Timeline(scenario.remote, scenario.faults, scenario.system.names, scenario.tick_s, p, capacitors, told)
