"""What many batteries cost, and what others take for one cell."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from benchmarks import peers
from benchmarks.peers import Figures
from benchmarks.pybamm_cell import EVERY_S, profile
from benchmarks.subjects import without_windows
from cosim.scenario.model import Scenario, parse_scenario
from cosim.spice.session import SpiceSession
from models import bank, bank_tick, bank_work
from models.bank import BankParameters
from models.compiled import borrowing_apart

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


def own_cells() -> Figures:
    """Our battery of four cells alone over the same 24 h, with 0.1 s ticks."""
    p = bank.load_battery()
    current_A = -np.array(profile()[1][:-1])
    took_s = 0.0
    for _ in range(2):  # the second time warm
        w = bank_work.empty(p)
        bank_work.load(w, bank.initial_state(0.5, 25.0, p))
        bank_work.set_cooling(w, 0.1, p)
        start_s = perf_counter()
        _day(w, current_A, round(EVERY_S / 0.1), 0.1, p)
        took_s = perf_counter() - start_s
    return {"4 cells, 24 h at 0.1 s [s]": took_s, "one of them [s]": took_s / 4.0}


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
