"""What is asked of the figures, and whether it is reached: rows of a table, no test fails by them.

A limit in seconds means a machine that does nothing else. Nothing measured runs on more than one core unless it says
so, so its processor time is what it would take there; on a busy machine that decides, and the wall time stands beside.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypedDict

Series = Mapping[str, Mapping[str, Sequence[float]]]
Medians = Mapping[str, Mapping[str, float]]

DAY_OF_SECONDS = "24 h without windows, ticks of 1 s"
DAY, FIFTY, START, MEMORY = "24 h without windows", "24 h, 50 x 4 cells", "start", "memory"
MOVED, LOADED = "numbers of 50 x 4 cells, read and written once", "deck of a window"
PYBAMM, DAYS = "PyBaMM's Thevenin cell, 24 h", "days of the study"
WINDOW, MAIN, PLAIN = "window ", " with windows", ": its windows by ngspice -b"
"""Names of subjects; the last three begin or end those of windows and of the main scenario."""
PLAIN_SHARE = 1.2
"""So many times the time of `ngspice -b` the windows of the main scenario may take."""


class Target(NamedTuple):
    """One condition: what, the limit with its unit, how it is read off the medians by wall and by processor time."""

    what: str
    unit: str
    limit: float
    at_least: bool
    wall: Callable[[Medians], float | None]
    processor: Callable[[Medians], float | None]


def medians(series: Series) -> dict[str, dict[str, float]]:
    """Median of every figure."""
    return {name: {figure: statistics.median(values) for figure, values in figures.items()}
            for name, figures in series.items()}


def _at(subject: str, figure: str) -> Callable[[Medians], float | None]:
    return lambda m: m.get(subject, {}).get(figure)


def _worst_window(figure: str) -> Callable[[Medians], float | None]:
    return lambda m: max((f[figure] for name, f in m.items() if name.startswith(WINDOW)), default=None)


def _main(figure: str) -> Callable[[Medians], float | None]:
    """Main scenario less what its windows may take."""

    def value(m: Medians) -> float | None:
        whole = next((f for name, f in m.items() if name.endswith(MAIN)), None)
        plain = next((f for name, f in m.items() if name.endswith(PLAIN)), None)
        return None if whole is None or plain is None else whole[figure] - PLAIN_SHARE * plain[figure]

    return value


def _over_pybamm(theirs: str, ours: str) -> Callable[[Medians], float | None]:
    def value(m: Medians) -> float | None:
        return None if PYBAMM not in m or DAY not in m else m[PYBAMM][theirs] / m[DAY][ours]

    return value


TOTAL, CPU = "total [s]", "processor time [s]"
TARGETS = (
    Target("window with supervisor, models and all external sources, over `ngspice -b`; worst kind", "1", 1.15, False,
           _worst_window("ratio"), _worst_window("ratio of processor times")),
    Target("24 h without windows, one battery, supervisor", "s", 0.8, False, _at(DAY, TOTAL), _at(DAY, CPU)),
    Target("24 h without windows, 50 batteries, supervisor", "s", 2.5, False, _at(FIFTY, TOTAL), _at(FIFTY, CPU)),
    Target(f"8 h main scenario, files and picture, less {PLAIN_SHARE:g} x `ngspice -b` of its windows", "s", 4.0, False,
           _main(TOTAL), _main(CPU)),
    Target("memory that 1,000 windows leave behind", "MB", 1.0, False, _at(MEMORY, "growth_MB"),
           _at(MEMORY, "growth_MB")),
    Target("PyBaMM's Thevenin cell (its best solver, 1 s data) over a whole battery with supervisor", "1", 40.0, True,
           _over_pybamm("best solver [s]", TOTAL), _over_pybamm("best solver, processor time [s]", CPU)),
    Target("1,000 days, all cores (scaled from some days of the study that ships)", "min", 10.0, False,
           _at(DAYS, "a thousand days [min]"), _at(DAYS, "a thousand days, processor time on all cores [min]")),
    Target("`python -c 'import cosim'`", "s", 0.7, False, _at(START, "import cosim [s]"),
           _at(START, "import cosim, processor time [s]")),
    Target("`bms-cosim --help`", "s", 0.5, False, _at(START, "bms-cosim --help [s]"),
           _at(START, "bms-cosim --help, processor time [s]")),
)


class Judged(TypedDict):
    """A target with what was measured of it; None where nothing was."""

    what: str
    unit: str
    limit: float
    kind: str
    wall: float | None
    processor: float | None
    reached: bool | None


def judged(series: Series) -> list[Judged]:
    """Every target with what was measured; `reached` goes by processor time, and is None where nothing was measured."""
    m = medians(series)
    found: list[Judged] = []
    for target in TARGETS:
        wall, processor = target.wall(m), target.processor(m)
        reached = None
        if processor is not None:
            reached = processor >= target.limit if target.at_least else processor <= target.limit
        found.append({"what": target.what, "unit": target.unit, "limit": target.limit,
                      "kind": "at least" if target.at_least else "at most", "wall": wall, "processor": processor,
                      "reached": reached})
    return found
