"""What many batteries cost, and what others take for one cell."""

from __future__ import annotations

from time import perf_counter, process_time

import numpy as np

from benchmarks import peers
from benchmarks.peers import Figures
from benchmarks.pybamm_cell import EVERY_S, profile
from benchmarks.subjects import without_windows
from cosim.scenario.model import Scenario, parse_scenario
from cosim.spice.session import SpiceSession
from models import bank, bank_tick, bank_work
from models.bank import BankParameters
from models.bank_rows import LANES
from models.compiled import borrowing_apart, vectorising

NUMBERS = (1, 10, 50)
"""Numbers of batteries whose cost is measured."""
CYCLE = (("idle", 300.0), ("city", 1800.0), ("highway", 1500.0))


def bank_day(n: int, hours: float = 24.0) -> Scenario:
    """A day on the road with a bank of unequal batteries, from almost empty."""
    segments = [{"kind": kind, "duration_s": s} for _ in range(max(1, round(hours))) for kind, s in CYCLE]
    return parse_scenario({
        "name": f"bank_{n}", "variant": "12-200 NG", "duration_s": hours * 3600.0, "drive": {"segments": segments},
        "bank": {"batteries": n, "soc": 0.1, "spread": {"capacity": 0.02, "resistance": 0.05, "soc": 0.005}},
    })


def many_batteries(n: int, session: SpiceSession) -> Figures:
    """24 h without windows, 0.1 s ticks, with the supervisor."""
    return without_windows(bank_day(n), session)


def growth(costs: dict[int, float]) -> Figures:
    """How the cost of n batteries grows over that of one; below n is below linear."""
    least = min(costs)
    return {f"cost of {n} over {least}": cost / costs[least] for n, cost in costs.items() if n != least}


@borrowing_apart
def _day(w: bank_work.Work, current_A: np.ndarray, held_ticks: int, dt_s: float, p: BankParameters) -> None:
    for tick in range(current_A.size * held_ticks):
        if tick % 10 == 0:
            bank_work.refresh(w, p)
            bank_work.retime(w, dt_s, p)
        emf_V, _ = bank_tick.look(w)
        bank_tick.divide(w, emf_V, current_A[tick // held_ticks])
        bank_tick.advance(w, dt_s, 25.0, p)


READ = 30
"""Rows of cells and pairs that a usual step of the bank reads; it writes ten, most of them over what it read
(`models.bank_usual`)."""


@vectorising
def _four(x: np.ndarray, row: int, i: int) -> float:
    one: float = x[row * LANES + i] + x[(row + 1) * LANES + i]
    two: float = x[(row + 2) * LANES + i] + x[(row + 3) * LANES + i]
    return one + two


@vectorising
def _move_once(x: np.ndarray, n: int) -> None:
    for i in range(n):  # rows as constants: what is not written out the compiler does not do several cells at a time
        one = (_four(x, 0, i) + _four(x, 4, i)) + (_four(x, 8, i) + _four(x, 12, i))
        two = (_four(x, 16, i) + _four(x, 20, i)) + (_four(x, 24, i) + (x[28 * LANES + i] + x[29 * LANES + i]))
        x[20 * LANES + i], x[21 * LANES + i], x[22 * LANES + i], x[23 * LANES + i] = one, two, one, two
        x[24 * LANES + i], x[25 * LANES + i], x[26 * LANES + i], x[27 * LANES + i] = one, two, one, two
        x[28 * LANES + i], x[29 * LANES + i] = one, two


@borrowing_apart
def _move(x: np.ndarray, n: int, rounds: int) -> None:
    for _ in range(rounds):
        _move_once(x, n)


def moved_numbers(n: int = 50, rounds: int = 20_000) -> Figures:
    """Reading and writing what a step of n batteries needs, and next to nothing else: the floor of that step."""
    x = bank_work.on_a_line(READ * LANES)
    _move(x, 4 * n, 1)
    start_s = process_time()
    _move(x, 4 * n, rounds)
    return {"once, processor time [s]": (process_time() - start_s) / rounds}


def own_cells() -> Figures:
    """Our battery of four cells alone over the same 24 h, with 0.1 s ticks; error of the charge as for PyBaMM's."""
    p = bank.load_battery()
    current_A = -np.array(profile()[1][:-1])
    rise = float(current_A.sum()) * EVERY_S / 3600.0 / p.cell.capacity_Ah / float(p.capacity_factor[0, 0])
    took_s, off = 0.0, 0.0
    for _ in range(2):  # the second time warm
        w = bank_work.empty(p)
        bank_work.load(w, bank.initial_state(0.5, 25.0, p))
        bank_work.set_cooling(w, 0.1, p)
        start_s = perf_counter()
        _day(w, current_A, round(EVERY_S / 0.1), 0.1, p)
        took_s = perf_counter() - start_s
        off = abs(float(w.soc[0]) - 0.5 - rise)
    return {"4 cells, 24 h at 0.1 s [s]": took_s, "one of them [s]": took_s / 4.0, "error of the charge": off}


def pybamm_cell() -> Figures:
    """PyBaMM's Thevenin cell over the same 24 h.

    Raises
    ------
    PeerMissing : it is not installed
    """
    return peers.figures_of("pybamm", "pybamm_cell.py")


def liionpack_pack() -> Figures:
    """A pack of 4 x 50 cells in liionpack, over 20 s of it.

    Raises
    ------
    PeerMissing : it is not installed
    """
    return peers.figures_of("liionpack", "liionpack_pack.py", "20")
