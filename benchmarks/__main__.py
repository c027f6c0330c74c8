"""Measure and print: ``python -m benchmarks [--repeats N] [--windows N] [-o FILE.json]``, or `make bench`.

All subjects run once to warm up (compiled code, caches of the machine), then in turn, again and again, so that whatever
else the machine does meets all of them; processor times say what a busy machine hides. Told are the median and the
whole spread; JSON keeps every single value.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import banks, subjects
from benchmarks.subjects import Figures, Subject
from cosim.paths import ROOT
from cosim.record.summary import versions
from cosim.result import Result, shown
from cosim.spice.session import SpiceSession
from cosim.windows.window import Window

Series = dict[str, dict[str, list[float]]]
ASKED = {("24 h without windows", "total [s]"): "1.5", ("memory", "growth_MB"): "2"}
"""What issue 3 asks of a figure: at most so much, on a machine that does nothing else."""
COMPARED_WINDOWS = 3
"""So many windows of the main scenario are compared with plain ngspice, the first of each kind."""


def collected(chosen: Mapping[str, Subject], repeats: int, console: Console) -> Series:
    """All figures of all subjects, measured in turn."""
    series: Series = {name: {} for name in chosen}
    for turn in range(repeats):
        for name, subject in chosen.items():
            console.print(f"[{turn + 1}/{repeats}] {name}", highlight=False, markup=False)
            for figure, value in subject().items():
                series[name].setdefault(figure, []).append(value)
    return series


def printed(series: Series, console: Console) -> None:
    """One table: median, smallest, largest."""
    table = Table(title="benchmarks", title_justify="left")
    table.add_column("subject")
    table.add_column("figure")
    for heading in ("median", "min", "max", "n", "asked"):
        table.add_column(heading, justify="right")
    for name, figures in series.items():
        subject = name
        for figure, values in figures.items():
            middle = statistics.median(values)
            cells = [f"{float(v):.4g}" if abs(v) < 1e4 else shown(float(v)) for v in (middle, min(values), max(values))]
            table.add_row(escape(name), escape(figure), *cells, str(len(values)),
                          ASKED.get((subject, figure), ""))
            name = ""
        table.add_section()
    console.print(table)


def memory_growth(windows: int) -> Figures:
    """Growth over many windows, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", str(windows)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {str(name): float(value) for name, value in json.loads(done.stdout).items()}


def about(session: SpiceSession, repeats: int) -> dict[str, object]:
    """What the figures depend on."""
    return {"versions": versions(session.version_text), "machine": platform.machine(), "cores": os.cpu_count(),
            "system": platform.system(), "load_at_start": list(os.getloadavg()), "repeats": repeats}


def load_told(told: Mapping[str, object]) -> str:
    """How busy the machine was: wall times count only where that was little."""
    before, after = (np.round(np.array(told[name], dtype=float), 1) for name in ("load_at_start", "load_at_end"))
    return f"load of the machine over 1, 5, 15 min: {before} at the start, {after} at the end; {told['cores']} cores"


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time and memory of the project.")
    parser.add_argument("--repeats", type=int, default=5, help="measured turns after the warm-up")
    parser.add_argument("--windows", type=int, default=1000, help="windows for the memory figure, 0 to leave it out")
    parser.add_argument("-o", "--output", type=Path, default=Path("results/bench.json"), help="JSON with all values")
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    session = SpiceSession.open()
    told = about(session, asked.repeats)
    scenario = subjects.main_scenario()
    keep: dict[str, Window] = {}
    console.print("warming up", highlight=False)
    _, result = subjects.main_run(scenario, session, keep)  # also gives the windows that are compared
    subjects.slow_day(scenario, session)
    chosen: dict[str, Subject] = {
        "24 h without windows": lambda: subjects.slow_day(scenario, session),
        f"{scenario.name} with windows": lambda: subjects.main_run(scenario, session, {})[0],
        "identification": lambda: subjects.identification(scenario, session),
        **compared_windows(result, list(keep.values()), session),
        **bank_subjects(session, console),
    }
    series = collected(chosen, asked.repeats, console)
    add_growth(series)
    if asked.windows:
        console.print(f"memory over {asked.windows} windows", highlight=False)
        series["memory"] = {name: [value] for name, value in memory_growth(asked.windows).items()}
    printed(series, console)
    told["load_at_end"] = list(os.getloadavg())
    console.print(load_told(told), highlight=False)
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    content = {"about": told, "figures": series}
    asked.output.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    console.print(f"all values: {asked.output}", highlight=False)


def bank_subjects(session: SpiceSession, console: Console) -> dict[str, Subject]:
    """Subjects of the bank: a day with each number of batteries, a battery alone, and PyBaMM's cell if it is there."""
    banks.many_batteries(banks.NUMBERS[0], session)
    chosen: dict[str, Subject] = {
        _many(n): lambda n=n: banks.many_batteries(n, session) for n in banks.NUMBERS  # type: ignore[misc]
    }
    chosen["battery alone"] = banks.own_cells
    try:
        banks.pybamm_cell()
    except banks.PyBammMissing as error:
        console.print(f"PyBaMM's Thevenin cell: {error}", highlight=False, markup=False)
    else:
        chosen["PyBaMM's Thevenin cell, 24 h"] = banks.pybamm_cell
    return chosen


def _many(n: int) -> str:
    return f"24 h, {n} x 4 cells"


def add_growth(series: Series) -> None:
    """Add how the cost grows with the number of batteries, from the medians of processor time."""
    costs = {n: statistics.median(series[_many(n)]["processor time [s]"]) for n in banks.NUMBERS}
    series["batteries"] = {name: [value] for name, value in banks.growth(costs).items()}


def compared_windows(result: Result, windows: list[Window], session: SpiceSession) -> dict[str, Subject]:
    """Subjects for the first window of each kind; none where the program ngspice is absent."""
    if not subjects.has_program():
        return {}
    chosen: dict[str, Subject] = {}
    kinds: set[str] = set()
    for name, window in zip(result.windows, windows, strict=False):  # the benches of figures come after the run's own
        kind = window.request.name
        if kind not in kinds and len(kinds) < COMPARED_WINDOWS:
            kinds.add(kind)
            chosen[f"window {name}"] = lambda n=name, w=window: subjects.window_ratio(  # type: ignore[misc]
                n, result, w, session)
    return chosen


if __name__ == "__main__":
    main()
