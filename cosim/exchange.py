"""What a window exchanges with SPICE at every accepted point: models one way, sources the other.

Charge and heat are integrated by trapezoid over the accepted points; the slow sources go back as first-order
holds, so nothing is held constant between exchanges that moves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.deck import DEVICES, SIGNALS
from cosim.kept import kept
from cosim.plant import PlantParameters, PlantState
from models import bank, bank_tick, bank_work, fuse, heat, starter_battery
from models.compiled import apart, compiled

Array = NDArray[np.float64]

ORDER = tuple(SIGNALS)
I_PORT, I_BATTERY, I_STARTER = (ORDER.index(n) for n in (
    "port_current_A", "battery_current_A", "starter_battery_current_A"))
I_ALTERNATOR, I_OUTPUT = ORDER.index("alternator_current_A"), ORDER.index("output_current_A")
V_BUS, V_INPUT, V_BATTERY = (ORDER.index(n) for n in (
    "starter_voltage_V", "input_voltage_V", "battery_voltage_V"))
SENSE = ORDER.index("sense_mV")
POWERS = ORDER.index("power_q1_W")
P_FUSE = ORDER.index("power_fuse_W")


class Slopes(NamedTuple):
    """Sources after a step: EMF of bank and starter battery [V] and their slopes [V/s]."""

    battery_emf_V: float
    battery_slope_V_s: float
    starter_emf_V: float
    starter_slope_V_s: float


@apart
def _bank_in_work(state: bank.BankState, p: bank.BankParameters) -> list[bank_work.Work]:
    w = bank_work.empty(p)
    bank_work.load(w, state)
    bank_work.refresh(w, p)
    return kept(w)


@apart
def _stored(banks: list[bank_work.Work]) -> bank.BankState:
    return bank_work.stored(banks[0])


@apart
def step_bank(
    banks: list[bank_work.Work], mean_A: float, now_A: float, dt_s: float, ambient_degC: float,
    ps: list[bank.BankParameters],
) -> tuple[float, float]:
    """Advance the bank by a step with its mean current, read its tables again; EMF [V] and its slope [V/s] at `now_A`.

    Without a step (0 s) only the latter.
    """
    w, p = banks[0], ps[0]
    emf_V, _ = bank_tick.look(w)
    if dt_s > 0.0:
        bank_tick.divide(w, emf_V, mean_A)
        bank_work.retime(w, dt_s, p)
        bank_work.set_cooling(w, dt_s, p)
        bank_tick.advance(w, dt_s, ambient_degC, p)
        bank_work.refresh(w, p)
        emf_V, _ = bank_tick.look(w)
    bank_tick.divide(w, emf_V, now_A)
    return emf_V, bank_tick.emf_slope_V_s(w, p)


@compiled
def starter_source(
    starter: starter_battery.StarterState, starter_A: float, p: starter_battery.StarterParameters
) -> tuple[float, float]:
    """EMF of the starter battery and its slope at this current."""
    return starter_battery.thevenin(starter, p)[0], starter_battery.emf_slope_V_s(starter, starter_A, p)


@compiled
def step_fast(
    starter: starter_battery.StarterState, element: fuse.FuseState, box: heat.BoxState,
    before: NDArray[np.float64], now: NDArray[np.float64], ambient_degC: NDArray[np.float64], dt_s: float,
    p_starter: starter_battery.StarterParameters, p_fuse: fuse.FuseParameters, p_box: heat.BoxParameters,
) -> tuple[starter_battery.StarterState, fuse.FuseState, heat.BoxState]:
    """Advance what changes inside a window, but for the bank, from one accepted point to the next.

    The starter battery takes the mean current; the fuse takes the root mean square of the straight line
    between the points, ``(a^2 + a b + b^2) / 3``; devices take the mean power.
    """
    mean_starter = 0.5 * (before[I_STARTER] + now[I_STARTER])
    a, b = before[I_PORT], now[I_PORT]
    rms = np.sqrt((a * a + a * b + b * b) / 3.0)
    powers = np.empty(5)
    for j in range(5):
        powers[j] = 0.5 * (before[POWERS + j] + now[POWERS + j])
    fuse_W = 0.5 * (before[P_FUSE] + now[P_FUSE])
    return (
        starter_battery.step(starter, mean_starter, dt_s, ambient_degC[0], p_starter),
        fuse.step(element, rms, box.terminal_degC, dt_s, p_fuse),
        heat.step_box(box, powers, fuse_W, ambient_degC[1], dt_s, p_box),
    )


class FastState:
    """The plant inside a window: stepped at every accepted point, read at every tick.

    A plain link has no fuse and a supply no starter battery: those states then stay as they were.

    Parameters
    ----------
    state : plant state at the window's start
    p : parameters
    ambient_degC : (3,) engine bay, BMS, battery
    """

    def __init__(self, state: PlantState, p: PlantParameters, ambient_degC: Array) -> None:
        self._state = state
        self._bank, self._bank_p = _bank_in_work(state.battery, p.battery), kept(p.battery)
        self._bank_moved = False
        self._p = p
        self._ambient = ambient_degC
        self._before: Array | None = None
        self._time_s = 0.0
        self.alternator_charge_C = 0.0
        self.port_charge_C = 0.0
        self.system_charge_C = 0.0

    @property
    def state(self) -> PlantState:
        """Plant state now; of one that replaces it all but the bank is taken over."""
        if self._bank_moved:
            self._state = self._state._replace(battery=_stored(self._bank))
            self._bank_moved = False
        return self._state

    @state.setter
    def state(self, state: PlantState) -> None:
        self._state = state._replace(battery=self.state.battery)

    @property
    def without_bank(self) -> PlantState:
        """Plant state now, but for the bank, which may lag behind: cheap enough for every point."""
        return self._state

    def start(self, time_s: float, values: Array) -> None:
        """Begin to integrate at this accepted point."""
        self._before = values.copy()
        self._time_s = time_s

    def accept(self, time_s: float, values: Array) -> Slopes:
        """Step to an accepted point and return the sources that follow from it."""
        s, p = self._state, self._p
        dt_s, mean_A = 0.0, 0.0
        if self._before is not None and time_s > self._time_s:
            dt_s = time_s - self._time_s
            starter, element, box = step_fast(
                s.starter, s.fuse, s.box, self._before, values, self._ambient, dt_s, p.starter, p.fuse, p.box
            )
            mean_A = 0.5 * (self._before[I_BATTERY] + values[I_BATTERY])
            self.alternator_charge_C += 0.5 * dt_s * (self._before[I_ALTERNATOR] + values[I_ALTERNATOR])
            self.port_charge_C += 0.5 * dt_s * (self._before[I_PORT] + values[I_PORT])
            if p.system.kind.size:
                system_A = self._before[I_BATTERY] + values[I_BATTERY] - self._before[I_OUTPUT] - values[I_OUTPUT]
                self.system_charge_C += 0.5 * dt_s * system_A
            if p.has_vehicle < 0.5:
                starter = s.starter
            if p.characteristic.kind == 1.0:
                element = s.fuse
            self._state = s = s._replace(starter=starter, fuse=element, box=box)
            self._bank_moved = True
            self._before[:] = values
            self._time_s = time_s
        emf = step_bank(self._bank, mean_A, values[I_BATTERY], dt_s, self._ambient[2], self._bank_p)
        return Slopes(*emf, *starter_source(s.starter, values[I_STARTER], p.starter))

    def take_means(self, span_s: float) -> tuple[float, float, float]:
        """Mean current of alternator, port and System+ since the last call [A], and start the next means."""
        means = (self.alternator_charge_C / span_s, self.port_charge_C / span_s, self.system_charge_C / span_s)
        self.alternator_charge_C = self.port_charge_C = self.system_charge_C = 0.0
        return means


def junctions(state: PlantState) -> dict[str, float]:
    """Junction temperature per external source name [degC]."""
    return {f"vt{d}": float(state.box.junction_degC[j, 0]) for j, d in enumerate(DEVICES)}
