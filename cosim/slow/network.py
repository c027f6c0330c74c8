"""The network around the circuit as one equation, and its root; see `cosim.slow.engine` for the equation.

With devices at System+ the battery stud is no longer a source behind a resistance: its voltage at a port current comes
from an equation of its own (`models.system_port.passing`), solved inside. It rises with the port current, so that the
residual still falls strictly. What the BMS itself draws comes from that stud too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from cosim.circuit.characteristic import Law, current_and_slope
from cosim.circuit.conversion import output_current_A
from models import alternator, system_port
from models.compiled import borrowing, called
from models.system import SystemParameters
from models.system_port import Gate

CLOSE_A = 1e-9
"""Residual at which a network solution is taken [A]."""
REPEATS = 8
"""Rounds that find a converter's output: each leaves a battery resistance over its input resistance, some 3 %."""

class Operating(NamedTuple):
    """Solution of the network at one moment; currents in ampere, voltages in volt."""

    port_current_A: float
    alternator_current_A: float
    starter_battery_current_A: float
    alternator_voltage_V: float
    starter_voltage_V: float
    input_voltage_V: float
    battery_voltage_V: float
    capability_A: float
    setpoint_V: float
    system_current_A: float
    system_voltage_V: float
    battery_current_A: float
    output_current_A: float


class Network(NamedTuple):
    """Fixed figures of one network solution; `battery_emf_V` has the drop of the BMS's own supply in it already.

    `gate`, `isolated_V`, `system_V`: System+ port, its node's voltage with nothing passing, and one tick ago.
    """

    capability_A: float
    setpoint_V: float
    load_A: float
    source_emf_V: float
    source_S: float
    cable_ohm: float
    battery_emf_V: float
    battery_ohm: float
    lead_ohm: float
    gain_A_V: float
    field_share: float
    carried_A: float
    system_V: float
    gate: Gate = Gate(0.0, 0.0, 0.0, 0.0)
    isolated_V: float = 0.0


class Trial(NamedTuple):
    """One evaluation of the residual: voltages, currents, residual [A], its slope and the alternator current's [S]."""

    voltage_V: float
    current_A: float
    bus_V: float
    port_current_A: float
    residual_A: float
    slope_S: float
    current_S: float


@borrowing
def _try(voltage_V: float, n: Network, law: Law, devices: SystemParameters) -> Trial:
    """Residual and slope at one alternator voltage."""
    current = n.carried_A
    slope_S = 0.0
    if n.capability_A > alternator.NO_OUTPUT_A:
        law_A, law_S = alternator.current_and_slope(voltage_V, n.capability_A, n.setpoint_V, n.gain_A_V)
        current += n.field_share * law_A
        slope_S = n.field_share * law_S
    bus = voltage_V - n.lead_ohm * current
    bus_slope = 1.0 - n.lead_ohm * slope_S
    port = current - n.load_A - (bus - n.source_emf_V) * n.source_S
    port_slope = slope_S - bus_slope * n.source_S
    path_ohm = n.cable_ohm + n.battery_ohm
    if law.converts and port > 0.0:
        given, stud_V, _, _ = behind(port, bus - n.cable_ohm * port, n, law, devices)
        through, through_S = current_and_slope(bus - n.cable_ohm * port - stud_V, law)
        drop_slope = bus_slope - (n.cable_ohm + n.battery_ohm * given / port) * port_slope
        return Trial(voltage_V, current, bus, port, port - through, port_slope - through_S * drop_slope, slope_S)
    if devices.kind.size == 0:
        through, through_S = current_and_slope(bus - path_ohm * port - n.battery_emf_V, law)
        fall_S = port_slope - through_S * (bus_slope - path_ohm * port_slope)
        return Trial(voltage_V, current, bus, port, port - through, fall_S, slope_S)
    stud_V, stud_ohm, _, _ = stud(port, n, devices)
    through, through_S = current_and_slope(bus - n.cable_ohm * port - stud_V, law)
    drop_slope = bus_slope - (n.cable_ohm + stud_ohm) * port_slope
    return Trial(voltage_V, current, bus, port, port - through, port_slope - through_S * drop_slope, slope_S)


@borrowing
def stud(port_A: float, n: Network, devices: SystemParameters) -> tuple[float, float, float, float]:
    """Voltage at the BMS battery stud [V] and its slope with the port current [ohm]; current and voltage at System+.

    For where there are devices; their laws stand in `devices` (`models.system.fill_laws`).
    """
    emf_V = n.battery_emf_V + n.battery_ohm * port_A
    current_A, volts, follows, _ = system_port.passing(
        emf_V, n.battery_ohm, n.isolated_V, n.system_V, n.gate, devices
    )
    return emf_V + n.battery_ohm * current_A, n.battery_ohm * follows, current_A, volts


@called
def behind(
    port_A: float, input_V: float, n: Network, law: Law, devices: SystemParameters
) -> tuple[float, float, float, float]:
    """Output current of a converter [A], then voltage at its stud [V], and current and voltage at System+.

    By repetition: the stud moves the current by some percent of what the current moves the stud.
    """
    current_A = port_A
    stud_V = n.battery_emf_V + n.battery_ohm * port_A
    system_A, system_V = 0.0, stud_V
    for _ in range(REPEATS):
        if devices.kind.size > 0:
            stud_V, _, system_A, system_V = stud(current_A, n, devices)
        else:
            stud_V = n.battery_emf_V + n.battery_ohm * current_A
            system_V = stud_V
        current_A = output_current_A(input_V, stud_V, port_A, law)
    return current_A, stud_V, system_A, system_V


@borrowing
def _narrowest_A(n: Network, law: Law) -> float:
    """Width of the sharpest bend in the residual [A]: the law's knees, and the alternator's tanh."""
    width_A = 0.5 * n.capability_A if n.capability_A > alternator.NO_OUTPUT_A else 1.0
    if law.mode == 1:
        return width_A
    return min(min(width_A, law.knee_A), min(law.round_A, law.floor_A))


@borrowing
def _along(t: Trial, step_V: float, n: Network) -> Trial:
    """Where the tangents of a trial lead; Kirchhoff's laws are straight lines, so they still hold to rounding."""
    bus_slope = 1.0 - n.lead_ohm * t.current_S
    port_slope = t.current_S - bus_slope * n.source_S
    return Trial(
        t.voltage_V + step_V, t.current_A + t.current_S * step_V, t.bus_V + bus_slope * step_V,
        t.port_current_A + port_slope * step_V, 0.0, t.slope_S, t.current_S,
    )


@borrowing
def root(start_V: float, n: Network, law: Law, devices: SystemParameters) -> Trial:
    """Root of the falling residual: Newton while each step halves the residual, else bracketing.

    A Newton step from a residual r leaves at most r^2 / w, w the width of the sharpest bend. Where that is below
    `CLOSE_A` the step is taken along the tangents and not looked at again.
    """
    near_A2 = CLOSE_A * _narrowest_A(n, law)
    voltage_V, before_A = start_V, math.inf
    for _ in range(20):
        here = _try(voltage_V, n, law, devices)
        size_A = abs(here.residual_A)
        if size_A * size_A <= near_A2:
            return _along(here, -here.residual_A / here.slope_S, n)
        if size_A < CLOSE_A:
            return here
        if not size_A < 0.5 * before_A:
            break
        before_A = size_A
        voltage_V -= here.residual_A / here.slope_S
    return bracketed(start_V, n, law, devices)


@called
def _try_apart(voltage_V: float, n: Network, law: Law, devices: SystemParameters) -> Trial:
    return _try(voltage_V, n, law, devices)


@called
def bracketed(start_V: float, n: Network, law: Law, devices: SystemParameters) -> Trial:
    """Root by bracketing and the Illinois rule; volt, to about 1e-10 V."""
    low, high = start_V - 0.02, start_V + 0.02
    f_low = _try_apart(low, n, law, devices).residual_A
    f_high = _try_apart(high, n, law, devices).residual_A
    width = 0.04
    while f_low < 0.0 and width < 1e3:
        high, f_high = low, f_low
        low -= width
        width *= 2.0
        f_low = _try_apart(low, n, law, devices).residual_A
    while f_high > 0.0 and width < 1e3:
        low, f_low = high, f_high
        high += width
        width *= 2.0
        f_high = _try_apart(high, n, law, devices).residual_A
    side = 0
    found = _try_apart(0.5 * (low + high), n, law, devices)
    for _ in range(100):
        middle = found.voltage_V
        if f_low != f_high:
            middle = (low * f_high - high * f_low) / (f_high - f_low)
        found = _try_apart(middle, n, law, devices)
        if found.residual_A > 0.0:
            low, f_low = middle, found.residual_A
            if side == 1:
                f_high *= 0.5
            side = 1
        else:
            high, f_high = middle, found.residual_A
            if side == -1:
                f_low *= 0.5
            side = -1
        if high - low < 1e-11 or abs(found.residual_A) < CLOSE_A:
            break
    return found
