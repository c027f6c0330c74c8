"""`docs/performance.md` from measurements: ``python -m benchmarks.report [--keep FILE.json]``, or `make performance`.

Every number of the page comes from two benchmarks that are kept beside this module, one of before and one of now.
`--keep` takes another one as that of now.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import targets
from cosim.paths import ROOT

PLACE = Path(__file__).parent / "measured"
NOW, BEFORE = PLACE / "now.json", PLACE / "before.json"
PAGE = ROOT / "docs" / "performance.md"
DAY_S, TICK_S = 86400.0, 0.1

Json = Mapping[str, Any]


class NotMeasured(LookupError):
    """A figure that a row is made from is not in the benchmark."""


class Measured:
    """Figures of one benchmark."""

    def __init__(self, content: Json) -> None:
        self.about: Json = content["about"]
        self.targets: list[Json] = content["targets"]
        self.figures: Mapping[str, Mapping[str, list[float]]] = content["figures"]

    def median(self, subject: str, figure: str) -> float | None:
        """Median of a figure; None if it was not measured."""
        values = self.figures.get(subject, {}).get(figure)
        return statistics.median(values) if values else None

    def spread(self, subject: str, figure: str, scale: float = 1.0) -> str:
        """Median with the whole spread."""
        values = self.figures.get(subject, {}).get(figure)
        if not values:
            return "not measured"
        middle, least, most = (scale * v for v in (statistics.median(values), min(values), max(values)))
        return f"{number(middle)} ({number(least)} to {number(most)})" if len(values) > 1 else number(middle)

    def named(self, end: str = "", start: str = "") -> list[str]:
        """Subjects whose names begin and end like this."""
        return [name for name in self.figures if name.startswith(start) and name.endswith(end)]


def number(value: float | None) -> str:
    """Three digits, without an exponent where that can be avoided."""
    if value is None:
        return "not measured"
    return f"{value:.3g}" if abs(value) < 1000.0 else f"{value:,.0f}"


def table(heads: list[str], rows: list[list[str]], *, words_last: bool = False) -> str:
    """Table in Markdown; all columns but the first stand right, and the last not where it holds words."""
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    if words_last:
        lines[1][-1] = "---"
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def asked_table(now: Measured) -> str:
    """Conditions, and whether they are reached."""
    words = {True: "yes", False: "no", None: "not measured"}
    return table(["condition", "limit", "wall", "processor", "reached"], [
        [row["what"], f"{row['kind']} {row['limit']:g}{'' if row['unit'] == '1' else ' ' + row['unit']}",
         number(row["wall"]), number(row["processor"]), words[row["reached"]]] for row in now.targets
    ])


def before_table(now: Measured, before: Measured) -> str:
    """The same figures of both benchmarks, where both have them."""
    windows, rows = now.named(start=targets.WINDOW), []
    for subject, figure in (
        (targets.DAY, targets.CPU), (targets.FIFTY, targets.CPU),
        *((name, "ratio of processor times") for name in windows),
        *((name, "coupled, processor time per point [us]") for name in windows),
        *((name, targets.CPU) for name in now.named(end=targets.MAIN)),
    ):
        was, is_ = before.median(subject, figure), now.median(subject, figure)
        if was is not None and is_ is not None:
            rows.append([f"{subject}, {figure}", before.spread(subject, figure), now.spread(subject, figure),
                         f"{is_ / was:.2f}"])
    return table(["figure", "before", "now", "ratio"], rows)


def cost_table(now: Measured) -> str:
    """Cost of a tick, a supervisor call, a battery, a day, a case."""
    calls, ticks = "supervisor calls", DAY_S / TICK_S
    rows: list[list[str]] = []

    def add(what: str, value: Callable[[], float | None], unit: str, bounds: str) -> None:
        try:
            found = value()
        except NotMeasured:
            found = None
        rows.append([what, number(found) if found is None else f"{number(found)} {unit}".strip(), bounds])

    def cpu(subject: str) -> float:
        return part(subject, targets.CPU)

    def part(subject: str, figure: str) -> float:
        value = now.median(subject, figure)
        if value is None:
            raise NotMeasured(f"{subject}: {figure}")
        return value

    loop, asked = "tick loop, processor time [s]", "supervisor, processor time [s]"
    add("tick of 0.1 s, one battery", lambda: 1e9 * part(targets.DAY, loop) / ticks, "ns",
        "network solution (tanh, square roots, one or two Newton steps), heat, the four cells")
    add("tick of 0.1 s, 50 batteries", lambda: 1e9 * part(targets.FIFTY, loop) / ticks, "ns",
        "all cells, several at a time, in more numbers than the nearest cache holds")
    add("battery more, a day", lambda: (cpu(targets.FIFTY) - cpu(targets.DAY)) / 49.0, "s",
        "its cells in the tick loop")
    add("call of the supervisor, one battery", lambda: 1e6 * part(targets.DAY, asked) / part(targets.DAY, calls), "us",
        "Python: estimators, state, bounds of the hold, each a small tuple")
    add("call of the supervisor, 50 batteries", lambda: 1e6 * part(targets.FIFTY, asked) / part(targets.FIFTY, calls),
        "us", "the same, and every cell's reading into and out of Python's numbers")
    add("calls in a day, one battery", lambda: part(targets.DAY, calls), "",
        "readings that leave a dead band, deadlines")
    add("case of a sweep (a day)", lambda: part(targets.DAYS, "a day, processor time [s]"), "s",
        "the day itself; start of the workers and storing are in it")
    return table(["what", "processor time", "what bounds it"], rows, words_last=True)


def floor_table(now: Measured) -> str:
    """What is measured beside the least that it could take as it is built."""
    loop, ticks = "tick loop, processor time [s]", DAY_S / TICK_S
    fifty, one = now.median(targets.FIFTY, loop), now.median(targets.DAY, loop)
    moved = now.median(targets.MOVED, "once, processor time [s]")
    rows = []
    if fifty is not None and one is not None:
        least = None if moved is None else f"{number(1e9 * (one / ticks + moved))} ns"
        rows.append(["tick of 50 batteries", f"{number(1e9 * fifty / ticks)} ns", least or "not measured",
                     "tick of one, and the numbers of all cells read and written once"])
    names = [name for name in now.named(start=targets.WINDOW) if now.median(name, "coupled points")]
    ours, theirs = "coupled, processor time per point [us]", "ngspice -b, processor time per point [us]"
    if names:
        most = max(names, key=lambda name: now.median(name, "coupled points") or 0.0)
        rows.append([f"point of {most}", f"{number(now.median(most, ours))} us",
                     f"{number(now.median(most, theirs))} us", "a point of `ngspice -b`, with shorter steps"])
    main, plain = (next(iter(now.named(end=end)), "") for end in (targets.MAIN, targets.PLAIN))
    if main and plain:
        rows.append(["main scenario", f"{number(now.median(main, targets.CPU))} s",
                     f"{number(now.median(plain, targets.CPU))} s", "`ngspice -b` on its windows"])
    return table(["what", "measured", "floor", "what the floor is"], rows, words_last=True)


def deck_told(now: Measured) -> str:
    """Whether a deck that is kept loaded would pay."""
    load, reset, whole = (now.median(targets.LOADED, f"{name}, processor time [s]")
                          for name in ("loading", "reset", "whole window"))
    if load is None or reset is None or whole is None:
        return ""
    return (
        f"Decks are not kept loaded: in the shortest window loading takes {number(1e3 * load)} ms of "
        f"{number(1e3 * whole)} ({number(100.0 * load / whole)} %). The starting values of a window (`.ic`) are read "
        f"with the deck and cannot be altered, so a kept circuit would need ngspice's `reset`, which builds it again: "
        f"{number(1e3 * reset)} ms. There are {number(100.0 * (load - reset) / whole)} % of that window to gain.\n"
    )


def window_table(now: Measured) -> str:
    """Windows beside `ngspice -b` on their exported decks."""
    names = {"coupled": "coupled window, processor time [s]", "plain": "ngspice -b, processor time [s]"}
    rows = []
    for name in now.named(start=targets.WINDOW):
        rows.append([
            name, now.spread(name, names["coupled"], 1e3), now.spread(name, names["plain"], 1e3),
            now.spread(name, "ratio of processor times"), now.spread(name, "ratio"),
            f"{number(now.median(name, 'coupled points'))} / {number(now.median(name, 'ngspice -b points'))}",
            now.spread(name, "coupled, processor time per point [us]"),
        ])
    return table(["window", "coupled [ms]", "`ngspice -b` [ms]", "ratio, processor", "ratio, wall", "points, both",
                  "coupled, per point [us]"], rows)


def fixed_cost(now: Measured) -> str:
    """What a window costs besides its points, and a point: a straight line through the kinds above."""
    told = []
    for who, time, points in (("coupled", "coupled window, processor time [s]", "coupled points"),
                              ("`ngspice -b`", "ngspice -b, processor time [s]", "ngspice -b points")):
        pairs = [(now.median(name, points), now.median(name, time)) for name in now.named(start=targets.WINDOW)]
        known = [(x, y) for x, y in pairs if x is not None and y is not None]
        if len({x for x, _ in known}) < 2:
            return ""
        slope, start = statistics.linear_regression(*zip(*known, strict=True))
        told.append(f"{who} {number(1e3 * start)} ms a window and {number(1e6 * slope)} us a point")
    return f"A straight line through these kinds: {', '.join(told)}.\n"


def main_table(now: Measured) -> str:
    """Parts of the main scenario."""
    name = next(iter(now.named(end=targets.MAIN)), "")
    figures = now.figures.get(name, {})
    middle = ", processor time [s]"
    rows = [[figure.removesuffix(" [s]"), now.spread(name, figure), now.spread(name, figure.replace(" [s]", middle))]
            for figure in figures if figure.endswith(" [s]") and "processor" not in figure and figure != targets.TOTAL]
    rows.insert(0, ["total", now.spread(name, targets.TOTAL), now.spread(name, targets.CPU)])
    benches = now.median(name, "of these, for the benches of its figures")
    plain = next(iter(now.named(end=targets.PLAIN)), "")
    return table(["part", "wall [s]", "processor [s]"], rows) + "\n" + (
        f"Windows computed: {number(now.median(name, 'windows computed'))}, {number(benches)} of them for the benches "
        f"of its figures; points in them: {number(now.median(name, 'window points'))}. `ngspice -b` takes "
        f"{number(now.median(plain, targets.CPU))} s of processor time for all of them, and "
        f"{number(now.median(plain, 'points'))} points.\n"
    )


def pybamm_table(now: Measured) -> str:
    """Each way that PyBaMM was asked to solve the day in, and how many times that is our whole battery."""
    def over(theirs_s: float | None, ours: str) -> str:
        ours_s = now.median(ours, targets.CPU)
        return number(None if theirs_s is None or ours_s is None else theirs_s / ours_s)

    rows, end = [], f", {targets.CPU}"
    for name in [figure.removesuffix(end) for figure in now.figures.get(targets.PYBAMM, {}) if figure.endswith(end)]:
        took = now.median(targets.PYBAMM, name + end)
        off = now.median(targets.PYBAMM, f"{name}, error of the charge")
        rows.append([name, number(took), "" if off is None else f"{off:.1e}", over(took, targets.DAY),
                     over(took, targets.DAY_OF_SECONDS)])
    return table(["PyBaMM's Thevenin cell, 24 h of 1 s data", "processor [s]", "error of the charge",
                  "over ours, ticks of 0.1 s", "over ours, ticks of 1 s"], rows)


def pybamm_told(now: Measured) -> str:
    """What a day may take to keep the condition, beside what it is made of."""
    best = now.median(targets.PYBAMM, f"best solver, {targets.CPU}")
    limit = next(target.limit for target in targets.TARGETS if target.what.startswith("PyBaMM"))
    parts = [now.median(day, f"{name}, processor time [s]") for day in (targets.DAY, targets.DAY_OF_SECONDS)
             for name in ("tick loop", "supervisor")]
    if best is None or None in parts:
        return ""
    loop, asked, loop_1, asked_1 = (number(part) for part in parts)
    return (
        f"For {limit:g} times its best a day may take {number(best / limit)} s. The tick loop alone takes {loop} s\n"
        f"with ticks of 0.1 s, and the supervisor, in Python, {asked} s; with ticks of 1 s they take {loop_1} and\n"
        f"{asked_1} s. What a run costs besides comes on top.\n"
    )


def page(now: Measured, before: Measured) -> str:
    """The whole page."""
    about, was = now.about, before.about
    left_out = about.get("left_out", {})
    missing = "".join(f"- {name}: {reason.replace(str(ROOT) + '/', '')}\n" for name, reason in left_out.items())
    peers = [[name, figure, now.spread(name, figure)] for name in now.figures
             if name.startswith(("liionpack", "battery alone")) for figure in now.figures[name]]
    return f"""# What it costs

This page is written by `make performance` from the benchmark that is kept in `benchmarks/measured`; no number in it is
typed in. `make bench` measures on your machine, `make bench-peers` fetches what it compares with.

Measured on {about['cores']} cores ({about['machine']}), {about['repeats']} turns, each subject in turn. Load of the
machine over 1, 5, 15 min: {_load(about['load_at_start'])} at the start, {_load(about['load_at_end'])} at the end.
{_also(about)}Given are medians, with the smallest and the largest in brackets. A machine with more work than cores
stretches wall times and, through its caches, processor times too: absolute figures count on an idle one only (`make
bench`, then `make performance`); ratios are of runs one right after the other.

## What is asked

Processor time decides (nothing here uses more than one core, but for the thousand days), the wall time stands beside.

{asked_table(now)}
## What a piece costs

{cost_table(now)}
A window's point is in the next table but one.

{floor_table(now)}
A call of the supervisor has no such floor: it is Python on purpose, and what is left of it are its own small tuples.

## Windows

The window runs with the supervisor, the models at every accepted point and all external sources; `ngspice -b` runs its
exported deck, in which the models are frozen into native elements. The sources' values, the record of a point and the
models are compiled and called without Python objects; Python is entered at ticks, where it calls the supervisor, at
corners of what comes from outside, after commands, and at every 256th point, so that Ctrl-C is seen. Where the ratio is
below 1 the step control, which looks at what moves, needs fewer points than the deck's longest step allows.

{window_table(now)}
{fixed_cost(now)}
What a point costs is mostly ngspice's own evaluation of the transistors: longer steps take more iterations each. What a
window costs besides is the operating point and the pre-roll, checking and loading its deck, and the labelled dataset
that is kept of it; `ngspice -b` has the start of a process there. So the shortest kind has the highest ratio.

{deck_told(now)}
## The main scenario

{main_table(now)}
## Peers

Ours is the whole battery with its supervisor: {now.spread(targets.DAY, targets.CPU)} s with ticks of 0.1 s, which is
what is asked above, and {now.spread(targets.DAY_OF_SECONDS, targets.CPU)} s with ticks of 1 s, the grid of the data
that PyBaMM gets. PyBaMM solves one cell with one RC pair. The error is that of its charge after the day, of which the
integral of the current is known. Which way counts as its best depends on the error that is accepted; above, it is the
fastest of all that are right to 0.1 %.

{pybamm_table(now)}
{pybamm_told(now)}
{table(["peer", "figure", "measured"], peers) if peers else "None was measured."}
{("Left out:" + chr(10) + chr(10) + missing) if missing else ""}
## Before and now

Before: commit `{was.get('commit', 'unknown')}`, same machine. Both tell the same event log of these days. The circuit's
terminal law was measured anew in between, which moved the sixth digit of values; what was done for speed the twelfth.

{before_table(now, before)}
- *Tick.* The usual tick of a bank is one pass over its cells, which leaves the EMF that the next tick begins with;
  where no cell bleeds and currents are small, two divisions a cell fall away. Chemistry is booked when the tables are
  read, exactly, instead of every tick. Loops go by whole lines of the cache. A hold's bounds are compared by counting
  the cells outside. Cooling of many batteries reads each cell once for all its neighbours.
- *Supervisor.* A call in which nothing but the estimators moved has a short way: hold and commands follow from them
  alone. Samples that find nothing are passed at once. Readings of many cells come with their extremes.
- *Run.* Calls follow each other inside one stretch; compiled code gets one kept item instead of unpacking tuples.
  Channels are views of the record.
- *Window.* Points between two events are recorded and exchanged by compiled code alone. Decks are checked line by line
  from memory.
"""


def _also(about: Json) -> str:
    """What was measured at another time."""
    other = about.get("from_another_benchmark")
    if not other:
        return ""
    load = _load(other["about"]["load_at_end"])
    return f"Measured in another run (load {load} at its end): {', '.join(other['subjects'])}.\n"


def _load(values: list[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description="Write docs/performance.md.")
    parser.add_argument("--keep", type=Path, help="benchmark to keep as that of now")
    asked = parser.parse_args()
    if asked.keep:
        PLACE.mkdir(exist_ok=True)
        shutil.copyfile(asked.keep, NOW)
    now, before = (Measured(json.loads(file.read_text(encoding="utf-8"))) for file in (NOW, BEFORE))
    PAGE.write_text(page(now, before), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
