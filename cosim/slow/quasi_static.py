"""Where the slow picture may be wrong: a look at every tick of the compiled loop, from what its solver already knows.

The slow engine takes the circuit as settled at every tick, on a law that was measured. This module says where that is
worth a check by SPICE: the law's branch changes, the current is small or backwards though the port is enabled, the
inputs are about to move faster than the loop settles, the operating point lies outside what the law was measured on,
or a quantity that trips the hardware comes close to its trip. `cosim.slow.looks` decides what becomes of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.characteristic import Characteristic, Controls, fuse_ohm
from cosim.slow.ahead import feed_of
from cosim.slow.engine import Tick, solve_around
from cosim.slow.network import Operating
from cosim.slow.plant import PlantParameters, PlantState
from models import bank_tick
from models.compiled import borrowing
from models.system_port import Gate

KINDS = ("regime", "small_current", "fast_input", "outside_identified", "near_trip")
"""Causes in the order of their numbers; each is also the name of the window that it opens."""
REGIME, SMALL, FAST, OUTSIDE, NEAR = range(5)

UNKNOWN, BLOCKED, PASSING, LIMITING, TINY = -1, 0, 1, 2, 3
"""Branches of the law. The diode's held drop and its resistance are one: the law is measured across their knee."""
LIMITING_FROM, LIMITING_TO = 0.98, 0.95
"""The law limits from this part of the reference on, until the drop over the fuse falls below that part (ours)."""
TINY_FROM_A, TINY_TO_A = 0.5, 1.0
"""The current counts as small below the first, until it rises above the second (ours: a few times the width of the
law's knee to blocking)."""
SETTLING_S, UNSEEN_A = 1.4e-3, 0.3
"""The loop is back within 5 % after this time (`netlists/alternator_path.cir`); while the current moves, it lags by
rate x time, which the slow picture does not see. More than the design bound of a prediction is a cause: 214 A/s."""
SCREEN_RPM, SCREEN_V, SCREEN_A, SCREEN_W = 200.0, 0.02, 20.0, 200.0
"""Inputs that move by less in a tick need no solution ahead (ours: less than what moves the port by the bound; a 300 A
machine gives at most 0.32 A per 1/min, a third of it within a tick of 0.1 s through its field)."""

ON, BRANCH, SINCE, HELD, QUIET, MISSED, FIRST, LAST = 0, 1, 2, 3, 4, 9, 14, 19
"""Places in a watch: whether it looks, branch and tick since which it holds, ticks that make it held; then per kind the
tick until which it is quiet, how often it was passed over so far, when first, and when it was seen last."""
SIZE = 24
LONG_AGO = -(10**9)


def new_watch(on: bool = False, held_ticks: int = 1) -> NDArray[np.int64]:
    """Return a watch that has seen nothing; `held_ticks`: a branch that held for less is chatter."""
    watch = np.zeros(SIZE, dtype=np.int64)
    watch[ON], watch[BRANCH], watch[HELD] = int(on), UNKNOWN, held_ticks
    watch[LAST:] = LONG_AGO
    return watch


@borrowing
def branch_of(port_A: float, u: Controls, before: int, c: Characteristic) -> int:
    """Branch of the law that holds, with hysteresis about the one before."""
    if u.enable < 0.5:
        return BLOCKED
    if port_A < (TINY_TO_A if before == TINY else TINY_FROM_A):
        return TINY
    share = LIMITING_TO if before == LIMITING else LIMITING_FROM
    return LIMITING if port_A * fuse_ohm(c, u.fuse_degC) * 1e3 > share * u.reference_mV else PASSING


@borrowing
def outside_identified(drop_V: float, limiting: bool, u: Controls, c: Characteristic) -> bool:
    """Whether the law was not measured here: drop, temperatures, and the reference where it matters."""
    if drop_V < c.drop_low_V or drop_V > c.drop_high_V:
        return True
    if min(u.fuse_degC, u.diode_degC, u.pass_degC) < c.low_degC:
        return True
    if max(u.fuse_degC, u.diode_degC, u.pass_degC) > c.high_degC:
        return True
    return limiting and (u.reference_mV < c.reference_low_mV or u.reference_mV > c.reference_high_mV)


@borrowing
def moves_fast(
    state: PlantState, k: Tick, x: Operating, rows: NDArray[np.float64], tick: int, tick_s: float,
    u: Controls, gate: Gate, p: PlantParameters,
) -> bool:
    """Whether the inputs of the tick ahead move the port current faster than the loop follows."""
    if tick + 1 >= rows.shape[0]:
        return False
    here, ahead = rows[tick], rows[tick + 1]
    moved = (
        abs(ahead[0] - here[0]) > SCREEN_RPM or abs(ahead[2] - here[2]) > SCREEN_A or abs(ahead[3] - here[3]) > SCREEN_V
    )
    for i in range(4, here.size):
        moved = moved or abs(ahead[i] - here[i]) > SCREEN_W
    if not moved:
        return False
    emf_V, ohm = bank_tick.look(k.bank)
    then = solve_around(state, ahead, feed_of(state, ahead, p), emf_V, ohm, u, gate, p)
    return abs(then.port_current_A - x.port_current_A) * SETTLING_S > UNSEEN_A * tick_s


@borrowing
def look(
    watch: NDArray[np.int64], state: PlantState, k: Tick, x: Operating, rows: NDArray[np.float64], tick: int,
    tick_s: float, u: Controls, gate: Gate, p: PlantParameters,
) -> int:
    """Look at a solved tick; returns 0, or 1 + the kind of what is worth a window there and is not quiet."""
    before = watch[BRANCH]
    branch = branch_of(x.port_current_A, u, before, p.characteristic)
    found = 0
    if branch != before:
        held = tick - watch[SINCE] >= watch[HELD]
        watch[BRANCH], watch[SINCE] = branch, tick
        if held and before > BLOCKED and branch > BLOCKED:
            found = _raised(watch, SMALL if branch == TINY else REGIME, tick)
    if branch == BLOCKED:
        return 0
    c = p.characteristic
    if x.input_voltage_V > c.near_trip_V or x.port_current_A > c.near_trip_A:
        found = max(found, _raised(watch, NEAR, tick))
    if outside_identified(x.input_voltage_V - x.battery_voltage_V, branch == LIMITING, u, c):
        found = max(found, _raised(watch, OUTSIDE, tick))
    if moves_fast(state, k, x, rows, tick, tick_s, u, gate, p):
        found = max(found, _raised(watch, FAST, tick))
    return found


@borrowing
def _raised(watch: NDArray[np.int64], kind: int, tick: int) -> int:
    """1 + kind; 0 while that kind is quiet, where each new occurrence is counted."""
    new = tick - watch[LAST + kind] > watch[HELD]
    watch[LAST + kind] = tick
    if tick >= watch[QUIET + kind]:
        return 1 + kind
    if new:
        if watch[MISSED + kind] == 0:
            watch[FIRST + kind] = tick
        watch[MISSED + kind] += 1
    return 0
