"""A stretch of a continuous run: a window as long as it gets, with what a short window may leave out.

What a window holds constant moves over an hour: the resistances of battery, starter battery and input cable are
therefore corrected inside SPICE at every tick. Where events move the deck's contacts, its steps follow what moves, as
in a window; elsewhere SPICE chooses its own up to the longest, and a ladder of breakpoints after everything fast makes
it look closely there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import bms
from cosim.circuit.deck import CUT_S, DeckSpec, externals
from cosim.continuous.record import PointRecord
from cosim.inputs.signals import Inputs, PiecewiseLinear
from cosim.inputs.timeline import Timeline
from cosim.scenario.model import UserWindow
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState, source_thevenin
from cosim.spice.deck import Rung
from cosim.spice.session import SpiceSession
from cosim.spice.sources import SourceTable
from cosim.supervisor.supervision import Supervision
from cosim.windows.deck import deck_text, pulse_corners_s
from cosim.windows.exchange import I_ALTERNATOR
from cosim.windows.policy import WindowRequest
from cosim.windows.steps import AUTOMATIC_STEP_S
from cosim.windows.time import SAME_TIME_S, merged
from cosim.windows.window import ENABLE_AT_S, Window
from models import bank, cable

Array = NDArray[np.float64]

AFTER_EVENT_S = (2e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 2e-3, 4e-3, 7e-3, 1.2e-2, 2e-2, 3.3e-2, 5.3e-2, 8.3e-2)
"""Breakpoints after a command change or a fast input [s]; ngspice starts with a tenth of the distance after each, and
its truncation control refines what lies between (ours, from the ladder in the coupling tests)."""
LONG_STEP_S = 1e-3
"""Steps from this length on extrapolate the fuse temperature by its last slope (ours); it moves by 0.1 K in a
millisecond at most."""
FINE_STEP_S, FINE_STEPS = 4e-6, 250
"""Breakpoints after an enable command, where a window has its step control: dampers and cables then ring."""
FAST_A_S, FAST_V_S = 100.0, 5.0
"""A corner of load or supply is fast where the slope changes by more than this (ours)."""
MOST_FORCED_STEPS = 20_000
"""Most breakpoints with which one window of the user forces its longest step (ours)."""
RESISTANCES = ("vdrb", "vdri", "vdrs")
"""External sources of the resistances' changes since the deck was written [V as ohm]: battery with its cable, input
cable, starter battery."""


@dataclass(frozen=True)
class Checkpoint:
    """All that is needed to go on from a tick.

    previous : commands that stood before the supervisor was asked at `tick`; a restart repeats the change
    """

    tick: int
    state: PlantState
    supervision: Supervision
    previous: bms.Commands
    alternator_current_A: float


TickHook = Callable[[int, PlantState, Operating, Array, Array], bool]
"""Gets tick, state, operating point, device powers and commands of every tick; true ends the stretch there."""


class ContinuousWindow(Window):
    """A stretch of the run as one transient, until its end, a changed deck or an abort.

    Parameters
    ----------
    start : where it begins
    request, inputs, tick_s, spec, p : as for `Window`
    forced : moments at which SPICE must stop besides ticks and corners, in run time [s]
    record : gets every accepted point
    on_tick : told about every tick
    timeline : remote and faults of the scenario
    """

    def __init__(
        self, start: Checkpoint, request: WindowRequest, inputs: Inputs, tick_s: float, spec: DeckSpec,
        p: PlantParameters, forced: Array, record: PointRecord, on_tick: TickHook, timeline: Timeline,
    ) -> None:
        super().__init__(request, start.state, start.supervision, start.previous, inputs, tick_s, spec, p, timeline)
        self.checkpoint = start
        self.notes = self._notes
        self._table = SourceTable((*externals(spec), *RESISTANCES))
        self._forced = forced
        self._record = record
        self._on_tick = on_tick

    def run_on(
        self, session: SpiceSession, rung: Rung, max_points: int, progress: Callable[[float], None]
    ) -> None:
        """Run until the end; `checkpoint` is then the last tick, also after an error.

        Raises
        ------
        TransientAborted, OperatingPointFailed : go on from `checkpoint`
        PointBudgetExceeded, Interrupted, SpiceError : the run is over
        """
        first, last = self.request.start_tick, self.request.start_tick + self.request.limit_ticks
        start_s, end_s = first * self._tick_s, last * self._tick_s
        ticks = [self._tick_time(k) for k in range(first, last + 1)]
        corners = [self._spice_time(t) for t in self._inputs.corners(start_s, end_s)]
        forced = self._forced[(self._forced > start_s) & (self._forced < end_s)]
        self._breakpoints = merged(merged(ticks, corners), [self._spice_time(t) for t in forced])
        self._stop = session.request_stop
        tmax_s = rung.tmax_s
        if self._spec.sections or self._spec.cuts:
            tmax_s = self._longest_step_s = min(tmax_s, AUTOMATIC_STEP_S)
            self._step = session.longest_step_s
            fast = self._inputs.fast_corners(start_s - 0.5 * self._tick_s, end_s)
            self._kinks = [self._spice_time(float(t)) for t in fast]
        self._record.begin(self._signals)
        self._reset()
        session.transient(
            continuous_deck(self._spec), tstop_s=ticks[-1] + 0.5 * self._tick_s, tmax_s=tmax_s,
            signals=list(self._signals.values()), sources=self._table, on_accept=self._accept,
            breakpoints=sorted({ENABLE_AT_S, *self._settling, *self._breakpoints, *pulse_corners_s(self._spec)}),
            ladder=(), options=rung.options, max_points=max_points, progress=progress,
        )

    def _initial_sources(self) -> None:
        super()._initial_sources()
        for name in RESISTANCES:
            self._table.hold(name, 0.0, 0.0)
        self._fuse_before = (self._breakpoints[0], float(self._fast.state.fuse.temperature_degC))

    def _accept(self, spice_s: float, values: Array) -> list[float] | None:
        if not self._settled and spice_s >= self._breakpoints[0] - 1e-12:
            self._record.add(self._run_time(spice_s), values)
        more = super()._accept(spice_s, values)
        self._hold_fuse(spice_s)
        return more

    def _hold_fuse(self, spice_s: float) -> None:
        """First-order hold of the fuse temperature over long steps: the limit follows it, 0.4 % per kelvin."""
        before_s, before_degC = self._fuse_before
        now_degC = self._fast.fuse_degC
        if self._settled or spice_s - before_s < LONG_STEP_S:
            return
        if spice_s > self._breakpoints[0]:
            self._table.hold("vtfuse", spice_s, now_degC, (now_degC - before_degC) / (spice_s - before_s))
        self._fuse_before = (spice_s, now_degC)

    def _at_tick(self, spice_s: float, values: Array) -> list[float]:
        tick = self._tick
        before = self._previous if tick == self.request.start_tick else self._supervision.commands
        more = super()._at_tick(spice_s, values)
        for name, ohm in resistances(self._fast.state, self._p).items():
            self._table.hold(name, spice_s, ohm - self._deck_ohm(name))
        self.checkpoint = Checkpoint(
            tick, self._fast.state, self._supervision, before, float(values[I_ALTERNATOR])
        )
        end = self._on_tick(*self._rows.pop())
        self._seen.clear()
        if end or tick == self.request.start_tick + self.request.limit_ticks:
            self._settled = True
            self._stop()
        if self._supervision.commands.alternator_enable != before.alternator_enable:
            more += [spice_s + k * FINE_STEP_S for k in range(1, FINE_STEPS + 1)]
        if more:
            known = [*self._breakpoints[self._next_corner : self._next_corner + 3], *more]
            ladder = [spice_s + d for d in AFTER_EVENT_S]
            more += [t for t in ladder if all(abs(t - other) > SAME_TIME_S for other in known)]
        return more

    def _deck_ohm(self, name: str) -> float:
        """Resistance in the deck, with the contact of a lead that can open."""
        s = self._spec
        lead, ohm = {
            "vdrb": ("battery", s.battery_resistance_ohm + s.battery_cable_resistance_ohm),
            "vdri": ("input", s.input_cable_resistance_ohm), "vdrs": ("starter_battery", s.source_resistance_ohm),
        }[name]
        return ohm + (1.0 / CUT_S if lead in s.cuts else 0.0)

    def _consider_closing(self, tick: int, values: Array, changed: bool) -> None:
        """Only the end of the run closes it."""


def resistances(state: PlantState, p: PlantParameters) -> dict[str, float]:
    """Resistances of the plant now, by the source that corrects them [ohm]."""
    _, battery_ohm = bank.thevenin(state.battery, p.battery)
    _, source_ohm = source_thevenin(state, 0.0, p)
    return {
        "vdrb": float(battery_ohm) + float(cable.resistance_ohm(state.battery_cable_degC, p.battery_cable)),
        "vdri": float(cable.resistance_ohm(state.input_cable_degC, p.input_cable)),
        "vdrs": float(source_ohm),
    }


def continuous_deck(spec: DeckSpec) -> str:
    """Deck of a window with a correction in series with each resistance that moves over a long run.

    Raises
    ------
    ValueError : the top deck is not what this was written for
    """
    deck = deck_text(spec)
    for old, new in (
        (r"^xcbat lbm lbt cable ", "bdrb lbm lbq v=v(xdrb)*i(vibat)\nxcbat lbq lbt cable "),
        (r"^visrc (\w+) stbm 0$", r"visrc \1 stbq 0\nbdrs stbq stbm v=v(xdrs)*i(visrc)"),
        (r"^xcin (\w+) ab cable ", r"bdri abq ab v=v(xdri)*i(vipin)\nxcin \1 abq cable "),
    ):
        deck, found = re.subn(old, new, deck, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"the top deck has no single line {old!r}")
    return deck + "".join(f"{name} x{name[1:]} 0 external\n" for name in RESISTANCES)


def fast_moments(inputs: Inputs, windows: list[UserWindow], duration_s: float) -> Array:
    """Moments at which SPICE must stop so that it looks closely: after fast corners, and in the user's windows."""
    moments: list[Array] = []
    ladder = np.array(AFTER_EVENT_S)
    for signal, limit in ((inputs.load_A, FAST_A_S), (inputs.supply_emf_V, FAST_V_S)):
        moments += [corner + ladder for corner in fast_corners(signal, limit)]
    for window in windows:
        step_s = max(window.max_step_s or 1e-4, window.duration_s / MOST_FORCED_STEPS)
        count = int(np.ceil(window.duration_s / step_s))
        moments.append(window.start_s + np.linspace(0.0, window.duration_s, count + 1))
    if not moments:
        return np.empty(0)
    times = np.unique(np.concatenate(moments))
    times = times[(times > 0.0) & (times < duration_s)]
    return times[np.concatenate(([True], np.diff(times) > 10.0 * SAME_TIME_S))] if times.size else times


def fast_corners(signal: PiecewiseLinear, limit: float) -> Array:
    """Corner times at which the slope changes by more than `limit` [unit/s]."""
    slopes = np.concatenate(([0.0], np.diff(signal.value) / np.diff(signal.time_s), [0.0]))
    return signal.time_s[np.abs(np.diff(slopes)) > limit]
