"""What a window exchanges with SPICE at every accepted point: models one way, sources the other.

Charge and heat are integrated by trapezoid over the accepted points; the slow sources go back as first-order
holds, so nothing is held constant between exchanges that moves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.deck import DEVICES, SIGNALS
from cosim.plant import PlantParameters, PlantState
from models import battery, fuse, heat, starter_battery
from models.compiled import compiled

Array = NDArray[np.float64]

ORDER = tuple(SIGNALS)
I_PORT, I_BATTERY, I_STARTER = (ORDER.index(n) for n in (
    "port_current_A", "battery_current_A", "starter_battery_current_A"))
I_ALTERNATOR = ORDER.index("alternator_current_A")
V_BUS, V_INPUT, V_BATTERY = (ORDER.index(n) for n in (
    "starter_voltage_V", "input_voltage_V", "battery_voltage_V"))
SENSE = ORDER.index("sense_mV")
POWERS = ORDER.index("power_q1_W")
P_FUSE = ORDER.index("power_fuse_W")


class Slopes(NamedTuple):
    """Sources after a step: EMF of battery and starter battery [V] and their slopes [V/s]."""

    battery_emf_V: float
    battery_slope_V_s: float
    starter_emf_V: float
    starter_slope_V_s: float


@compiled
def sources_of(
    bank: battery.BatteryState, starter: starter_battery.StarterState, battery_A: float, starter_A: float,
    p_battery: battery.BatteryParameters, p_starter: starter_battery.StarterParameters,
) -> Slopes:
    """EMFs and their slopes at these currents."""
    emf, _ = battery.thevenin(bank, p_battery)
    starter_emf, _ = starter_battery.thevenin(starter, p_starter)
    return Slopes(
        emf, battery.emf_slope_V_s(bank, battery_A, p_battery),
        starter_emf, starter_battery.emf_slope_V_s(starter, starter_A, p_starter),
    )


@compiled
def step_fast(
    bank: battery.BatteryState, starter: starter_battery.StarterState, element: fuse.FuseState, box: heat.BoxState,
    before: NDArray[np.float64], now: NDArray[np.float64], ambient_degC: NDArray[np.float64], dt_s: float,
    p_battery: battery.BatteryParameters, p_starter: starter_battery.StarterParameters,
    p_fuse: fuse.FuseParameters, p_box: heat.BoxParameters,
) -> tuple[battery.BatteryState, starter_battery.StarterState, fuse.FuseState, heat.BoxState]:
    """Advance what changes inside a window from one accepted point to the next.

    Battery and starter battery take the mean current; the fuse takes the root mean square of the straight line
    between the points, ``(a^2 + a b + b^2) / 3``; devices take the mean power.
    """
    mean_battery = 0.5 * (before[I_BATTERY] + now[I_BATTERY])
    mean_starter = 0.5 * (before[I_STARTER] + now[I_STARTER])
    a, b = before[I_PORT], now[I_PORT]
    rms = np.sqrt((a * a + a * b + b * b) / 3.0)
    powers = np.empty(5)
    for j in range(5):
        powers[j] = 0.5 * (before[POWERS + j] + now[POWERS + j])
    fuse_W = 0.5 * (before[P_FUSE] + now[P_FUSE])
    return (
        battery.step(bank, mean_battery, dt_s, ambient_degC[2], p_battery),
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
        self.state = state
        self._p = p
        self._ambient = ambient_degC
        self._before: Array | None = None
        self._time_s = 0.0
        self.alternator_charge_C = 0.0
        self.port_charge_C = 0.0

    def start(self, time_s: float, values: Array) -> None:
        """Begin to integrate at this accepted point."""
        self._before = values.copy()
        self._time_s = time_s

    def accept(self, time_s: float, values: Array) -> Slopes:
        """Step to an accepted point and return the sources that follow from it."""
        s, p = self.state, self._p
        if self._before is None:
            return sources_of(s.battery, s.starter, values[I_BATTERY], values[I_STARTER], p.battery, p.starter)
        dt_s = time_s - self._time_s
        if dt_s > 0.0:
            bank, starter, element, box = step_fast(
                s.battery, s.starter, s.fuse, s.box, self._before, values, self._ambient, dt_s,
                p.battery, p.starter, p.fuse, p.box,
            )
            self.alternator_charge_C += 0.5 * dt_s * (self._before[I_ALTERNATOR] + values[I_ALTERNATOR])
            self.port_charge_C += 0.5 * dt_s * (self._before[I_PORT] + values[I_PORT])
            if p.has_vehicle < 0.5:
                starter = s.starter
            if p.characteristic.kind == 1.0:
                element = s.fuse
            self.state = s = s._replace(battery=bank, starter=starter, fuse=element, box=box)
            self._before[:] = values
            self._time_s = time_s
        return sources_of(s.battery, s.starter, values[I_BATTERY], values[I_STARTER], p.battery, p.starter)

    def take_means(self, span_s: float) -> tuple[float, float]:
        """Mean alternator and port current since the last call [A], and start the next means."""
        means = (self.alternator_charge_C / span_s, self.port_charge_C / span_s)
        self.alternator_charge_C = self.port_charge_C = 0.0
        return means


def junctions(state: PlantState) -> dict[str, float]:
    """Junction temperature per external source name [degC]."""
    return {f"vt{d}": float(state.box.junction_degC[j, 0]) for j, d in enumerate(DEVICES)}
