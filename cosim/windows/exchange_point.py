"""One accepted point of a window, compiled: models one way, sources the other, and how long the next step may be.

Called once per point, so everything it works on stays unpacked where compiled code finds it (`cosim.slow.kept`). It
writes into the source table and into the step limit of the SPICE session; Python comes in at ticks and corners only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.deck import DEVICES, SIGNALS, SYSTEM_SIGNALS
from cosim.slow.kept import kept
from models import bank, bank_tick, bank_work, fuse, heat, starter_battery
from models.compiled import apart, borrowing, compiled
from models.system_port import BANK_SHARE, IN_BANK

ORDER = tuple(SIGNALS)
I_PORT, I_BATTERY, I_STARTER = (ORDER.index(n) for n in (
    "port_current_A", "battery_current_A", "starter_battery_current_A"))
I_ALTERNATOR, I_OUTPUT = ORDER.index("alternator_current_A"), ORDER.index("output_current_A")
V_BUS, V_INPUT, V_BATTERY = (ORDER.index(n) for n in (
    "starter_voltage_V", "input_voltage_V", "battery_voltage_V"))
SENSE = ORDER.index("sense_mV")
POWERS = ORDER.index("power_q1_W")
P_FUSE = ORDER.index("power_fuse_W")
LIFT = ORDER.index("limit_lifted")

I_SYSTEM, V_SYSTEM, V_DEVICES = (len(ORDER) + tuple(SYSTEM_SIGNALS).index(n) for n in (
    "system_current_A", "system_voltage_V", "devices_voltage_V"))
I_SHUNT, LATCH = (len(ORDER) + tuple(SYSTEM_SIGNALS).index(n) for n in ("shunt_current_A", "latch"))
SWITCHES = len(ORDER) + tuple(SYSTEM_SIGNALS).index("power_discharge_bank_W")
"""Places of what a deck with System+ as a circuit gives besides; powers of its two banks, then of shunt, pre-charge and
dampers, then of its clamp from the last one on."""

HELD = ("vemf", "vsrc", "vtfuse", *(f"vt{d}" for d in DEVICES))
"""External sources that follow from the models at every point."""
HELD_SYSTEM = (*HELD, "vtqd", "vtqc")
"""The same with the junctions of the two banks of System+."""
EMF, SOURCE, FUSE, JUNCTIONS = range(4)
"""Places among them; all junctions from the last one on."""

N_WATCHED = 13
WATCHED = np.array([I_PORT, I_BATTERY, I_STARTER, I_ALTERNATOR, V_BUS, V_INPUT, V_BATTERY,
                    *range(POWERS, POWERS + 5), P_FUSE, I_SYSTEM, V_SYSTEM, V_DEVICES])
"""What the step control looks at: the first `N_WATCHED`, and the rest with System+ as a circuit."""
TURN = np.array([0.05] * 4 + [5e-3] * 3 + [2.0] * 6 + [0.2, 0.02, 0.02])
"""How far a watched quantity may end up off the straight line of the step before: 0.05 A, 5 mV, 2 W (ours). Between
points all that is exchanged counts as straight: charge and energy miss a twelfth of it for the time of the step."""
SHORTEST_STEP_S = 1e-6
"""The control never asks for less (ours: a hundredth of the ringing of dampers and cables, some 150 us)."""
SHORTEST_SYSTEM_STEP_S = 1e-7
"""The same with System+ as a circuit (its head: 0.1 us around a short)."""
NEAR_LATCH_A, LATCH_STEP_A = 350.0, 5.0
"""Above the first current in System+ a step takes at most the second (ours): the latch's comparator has 1 us, and a
long step would carry the current past its threshold."""
GROWTH, SHRINK, SAFETY = 1.5, 0.3, 0.9
"""A step is at most and at least this multiple of the one before; and what is aimed at (ours)."""

(TIME, BEGUN, STRAIGHT, LONGEST, ALTERNATOR_C, PORT_C, SYSTEM_C, BATTERY_V, BATTERY_V_S, STARTER_V, STARTER_V_S,
 FUSE_DEGC, SHORTEST, PORT_OHM, BROKEN) = range(15)
"""Places in `Coupling.numbers`: time of the last point [s], whether there was one, whether `slope` holds; longest step
[s], 0 for no control; charges since they were taken [C]; EMF and slope of bank and starter battery; temperature of the
fuse; shortest step that is asked for [s]; path of System+ in the BMS [ohm]; whether an exchange did not come to its
end."""
NUMBERS = 15


class Moving(NamedTuple):
    """States that are replaced at every point; the bank is in its work space."""

    starter: starter_battery.StarterState
    fuse: fuse.FuseState
    box: heat.BoxState
    switch_degC: NDArray[np.float64]


class Coupling(NamedTuple):
    """Everything of an exchange that stays where it is; the arrays are written to.

    bank, bank_p, starter_p, fuse_p, box_p, ambient_degC : work space and parameters
    has : whether there are a starter battery, a fuse, anything at System+, System+ as a circuit
    numbers : see `TIME`; before : values at the last point; slope : of what is watched there [1/s]
    words, floats : the source table, twice; places : where in it the rows and the counts of `HELD` are; none if empty
    step : longest step that SPICE may try next [s]
    """

    bank: bank_work.Work
    bank_p: bank.BankParameters
    starter_p: starter_battery.StarterParameters
    fuse_p: fuse.FuseParameters
    box_p: heat.BoxParameters
    ambient_degC: NDArray[np.float64]
    has: NDArray[np.int64]
    numbers: NDArray[np.float64]
    before: NDArray[np.float64]
    slope: NDArray[np.float64]
    words: NDArray[np.uint64]
    floats: NDArray[np.float64]
    places: NDArray[np.int64]
    step: NDArray[np.float64]


@apart
def coupled(
    state: bank.BankState, p: bank.BankParameters, starter_p: starter_battery.StarterParameters,
    fuse_p: fuse.FuseParameters, box_p: heat.BoxParameters, ambient_degC: NDArray[np.float64],
    has: NDArray[np.int64], numbers: NDArray[np.float64], before: NDArray[np.float64], words: NDArray[np.uint64],
    floats: NDArray[np.float64], places: NDArray[np.int64], step: NDArray[np.float64],
) -> list[Coupling]:
    """Put together and keep what `exchange` works on; the bank is taken into a work space."""
    w = bank_work.empty(p)
    bank_work.load(w, state)
    bank_work.refresh(w, p)
    return kept(Coupling(
        w, p, starter_p, fuse_p, box_p, ambient_degC, has, numbers, before,
        np.zeros(WATCHED.size if has[3] != 0 else N_WATCHED), words, floats, places, step,
    ))


@apart
def stored_bank(couplings: list[Coupling]) -> bank.BankState:
    """State of the bank now."""
    return bank_work.stored(couplings[0].bank)


@apart
def moving(
    starter: starter_battery.StarterState, element: fuse.FuseState, box: heat.BoxState,
    switch_degC: NDArray[np.float64],
) -> list[Moving]:
    """Keep the states that move at every point."""
    return kept(Moving(starter, element, box, switch_degC))


@apart
def moved(states: list[Moving]) -> Moving:
    """States now."""
    return states[0]


@apart
def replace_moving(
    states: list[Moving], starter: starter_battery.StarterState, element: fuse.FuseState, box: heat.BoxState,
    switch_degC: NDArray[np.float64],
) -> None:
    """Put other states in their place."""
    states[0] = Moving(starter, element, box, switch_degC)


@compiled
def _step_switches(
    m: Moving, now: NDArray[np.float64], dt_s: float, c: Coupling
) -> tuple[NDArray[np.float64], float]:
    """Ladders of one device of each bank of System+, and the heat that System+ gives to the heatsink [J].

    Mean powers between the points, as SPICE has them, or those of the path's resistance where System+ is a source.
    """
    if c.has[2] == 0:
        return m.switch_degC, 0.0
    before, cauer = c.before, c.box_p.cauer
    a, b = before[I_BATTERY] - before[I_OUTPUT], now[I_BATTERY] - now[I_OUTPUT]
    path_W = c.numbers[PORT_OHM] * (a * a + a * b + b * b) / 3.0
    given_J = (1.0 - 2.0 * BANK_SHARE) * path_W * dt_s
    if c.has[3] != 0:
        others_W = before[SWITCHES + 2] + now[SWITCHES + 2] + before[SWITCHES + 3] + now[SWITCHES + 3]
        given_J = 0.5 * others_W * dt_s
    after = np.empty_like(m.switch_degC)
    for j in range(2):
        bank_W = BANK_SHARE * path_W
        if c.has[3] != 0:
            bank_W = 0.5 * (before[SWITCHES + j] + now[SWITCHES + j])
        after[j] = heat.step_cauer(
            m.switch_degC[j], bank_W / IN_BANK, m.box.heatsink_degC, cauer.resistance_K_W, cauer.capacity_J_K, dt_s
        )
        given_J += bank_W * dt_s
        for i in range(cauer.capacity_J_K.size):
            given_J -= IN_BANK * cauer.capacity_J_K[i] * (after[j, i] - m.switch_degC[j, i])
    return after, given_J


@compiled
def _step_moving(m: Moving, now: NDArray[np.float64], dt_s: float, c: Coupling) -> Moving:
    """Advance what changes inside a window, but for the bank, from one accepted point to the next.

    The starter battery takes the mean current; the fuse takes the root mean square of the straight line
    between the points, ``(a^2 + a b + b^2) / 3``; devices take the mean power.
    """
    before = c.before
    mean_starter = 0.5 * (before[I_STARTER] + now[I_STARTER])
    a, b = before[I_PORT], now[I_PORT]
    rms = np.sqrt((a * a + a * b + b * b) / 3.0)
    powers = np.empty(5)
    for j in range(5):
        powers[j] = 0.5 * (before[POWERS + j] + now[POWERS + j])
    fuse_W = 0.5 * (before[P_FUSE] + now[P_FUSE])
    starter, element = m.starter, m.fuse
    if c.has[0] != 0:
        starter = starter_battery.step(starter, mean_starter, dt_s, c.ambient_degC[0], c.starter_p)
    if c.has[1] != 0:
        element = fuse.step(element, rms, m.box.terminal_degC, dt_s, c.fuse_p)
    box = heat.step_box(m.box, powers, fuse_W, c.ambient_degC[1], dt_s, c.box_p)
    switch_degC, given_J = _step_switches(m, now, dt_s, c)
    heatsink_degC = box.heatsink_degC + given_J / c.box_p.heatsink_J_K
    box = heat.BoxState(heatsink_degC, box.terminal_degC, box.junction_degC)
    return Moving(starter, element, box, switch_degC)


@compiled
def _step_bank(w: bank_work.Work, mean_A: float, dt_s: float, ambient_degC: float, p: bank.BankParameters) -> None:
    """Advance the bank by a step with its mean current, and read its tables again."""
    emf_V, _ = bank_tick.look(w)
    bank_tick.divide(w, emf_V, mean_A)
    bank_work.retime(w, dt_s, p)
    bank_work.set_cooling(w, dt_s, p)
    bank_tick.advance(w, dt_s, ambient_degC, p)
    bank_work.refresh(w, p)


@borrowing
def _count_charge(c: Coupling, now: NDArray[np.float64], dt_s: float) -> None:
    n, before = c.numbers, c.before
    n[ALTERNATOR_C] += 0.5 * dt_s * (before[I_ALTERNATOR] + now[I_ALTERNATOR])
    n[PORT_C] += 0.5 * dt_s * (before[I_PORT] + now[I_PORT])
    if c.has[2] != 0:
        system_A = before[I_BATTERY] + now[I_BATTERY] - before[I_OUTPUT] - now[I_OUTPUT]
        n[SYSTEM_C] += 0.5 * dt_s * system_A


@borrowing
def _choose_step(c: Coupling, now: NDArray[np.float64], dt_s: float) -> None:
    """Longest next step: so long that nothing watched turns by more than `TURN` from its straight line.

    Over equal steps a quantity ends up ``dt^2 x''`` off the line of the step before, so the step goes with the root.
    """
    worst = 0.0
    for j in range(c.slope.size):
        slope = (now[WATCHED[j]] - c.before[WATCHED[j]]) / dt_s
        worst = max(worst, abs(slope - c.slope[j]) * dt_s / TURN[j])
        c.slope[j] = slope
    factor = 1.0
    if c.numbers[STRAIGHT] > 0.5:
        factor = GROWTH
        if worst * GROWTH**2 > SAFETY**2:
            factor = max(SAFETY / np.sqrt(worst), SHRINK)
    c.numbers[STRAIGHT] = 1.0
    step_s = factor * dt_s
    if c.has[3] != 0 and abs(now[I_SYSTEM]) > NEAR_LATCH_A:
        step_s = min(step_s, LATCH_STEP_A / max(abs(c.slope[N_WATCHED]), 1.0))
    c.step[0] = min(max(step_s, c.numbers[SHORTEST]), c.numbers[LONGEST])


@borrowing
def _take(c: Coupling, time_s: float, now: NDArray[np.float64], dt_s: float) -> None:
    """Choose the next step; this point is then the last one."""
    if c.numbers[LONGEST] > 0.0 and dt_s > 0.0:
        _choose_step(c, now, dt_s)
    for j in range(now.size):
        c.before[j] = now[j]
    c.numbers[TIME] = time_s
    c.numbers[BEGUN] = 1.0


@apart
def watch(couplings: list[Coupling], time_s: float, now: NDArray[np.float64]) -> None:
    """Take a point only as the one to go on from: nothing is integrated up to it."""
    c = couplings[0]
    _take(c, time_s, now, time_s - c.numbers[TIME] if c.numbers[BEGUN] > 0.5 else 0.0)


@borrowing
def _hold(c: Coupling, source: int, time_s: float, value: float, slope: float) -> bool:
    """`SourceTable.hold` at the accepted point: nothing older can be asked for, and it ends all that was ahead.

    Returns whether the numbers are finite.
    """
    row = c.places[0, source]
    c.floats[row], c.floats[row + 1], c.floats[row + 2] = time_s, value, slope
    c.floats[row + 3], c.floats[row + 4] = np.inf, value
    c.words[c.places[1, source]] = np.uint64(1)
    return bool(np.isfinite(value) and np.isfinite(slope))


@apart
def exchange(states: list[Moving], couplings: list[Coupling], time_s: float, now: NDArray[np.float64]) -> bool:
    """Step the models to an accepted point and hold the sources that follow from it.

    Returns whether all sources are finite, and no exchange before broke off.
    """
    c = couplings[0]
    n = c.numbers
    whole = bool(n[BROKEN] == 0.0)
    n[BROKEN] = 1.0
    dt_s = time_s - n[TIME] if n[BEGUN] > 0.5 else 0.0
    if dt_s > 0.0:
        states[0] = _step_moving(states[0], now, dt_s, c)
        _count_charge(c, now, dt_s)
        _step_bank(c.bank, 0.5 * (c.before[I_BATTERY] + now[I_BATTERY]), dt_s, c.ambient_degC[2], c.bank_p)
        _take(c, time_s, now, dt_s)
    m = states[0]
    n[BATTERY_V], _ = bank_tick.look(c.bank)
    bank_tick.divide(c.bank, n[BATTERY_V], now[I_BATTERY])
    n[BATTERY_V_S] = bank_tick.emf_slope_V_s(c.bank, c.bank_p)
    n[STARTER_V] = starter_battery.thevenin(m.starter, c.starter_p)[0]
    n[STARTER_V_S] = starter_battery.emf_slope_V_s(m.starter, now[I_STARTER], c.starter_p)
    n[FUSE_DEGC] = m.fuse.temperature_degC
    if whole:
        n[BROKEN] = 0.0
    if c.places.size == 0:
        return whole
    fine = whole and _hold(c, EMF, time_s, n[BATTERY_V], n[BATTERY_V_S])
    if c.has[0] != 0:
        fine = _hold(c, SOURCE, time_s, n[STARTER_V], n[STARTER_V_S]) and fine
    fine = _hold(c, FUSE, time_s, n[FUSE_DEGC], 0.0) and fine
    for j in range(m.box.junction_degC.shape[0]):
        fine = _hold(c, JUNCTIONS + j, time_s, m.box.junction_degC[j, 0], 0.0) and fine
    if c.has[3] != 0:
        for j in range(2):
            place = JUNCTIONS + m.box.junction_degC.shape[0] + j
            fine = _hold(c, place, time_s, m.switch_degC[j, 0], 0.0) and fine
    return fine
