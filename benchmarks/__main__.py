"""Measure and print: ``python -m benchmarks [--repeats N] [--windows N] [--days N] [-o FILE.json]``, or `make bench`.

All subjects run once to warm up (compiled code, caches of the machine), then in turn, again and again, so that whatever
else the machine does meets all of them; processor times say what a busy machine hides. Told are the median and the
whole spread, and what is asked of them (`benchmarks.targets`); JSON keeps every single value. What takes long or runs
in other environments is measured once, at the end.
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
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import banks, peers, subjects, targets
from benchmarks.peers import Figures, PeerMissing
from benchmarks.subjects import Kept, Subject
from cosim.paths import ROOT
from cosim.record.summary import versions
from cosim.result import Result, shown
from cosim.spice.session import SpiceSession

Series = dict[str, dict[str, list[float]]]
COMPARED_WINDOWS = 4
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


def once(name: str, subject: Subject, series: Series, console: Console) -> dict[str, str]:
    """Add what is measured a single time; why a peer was left out, by subject."""
    console.print(f"[once] {name}", highlight=False, markup=False)
    try:
        series[name] = {figure: [value] for figure, value in subject().items()}
    except PeerMissing as error:
        console.print(f"left out: {error}", highlight=False, markup=False)
        return {name: str(error)}
    return {}


def printed(series: Series, console: Console) -> None:
    """One table of figures, one of targets: median, smallest, largest; limit, measured, reached."""
    table = Table(title="benchmarks", title_justify="left")
    table.add_column("subject")
    table.add_column("figure")
    for heading in ("median", "min", "max", "n"):
        table.add_column(heading, justify="right")
    for name, figures in series.items():
        for figure, values in figures.items():
            middle = statistics.median(values)
            cells = [f"{float(v):.4g}" if abs(v) < 1e4 else shown(float(v)) for v in (middle, min(values), max(values))]
            table.add_row(escape(name), escape(figure), *cells, str(len(values)))
            name = ""
        table.add_section()
    console.print(table)
    asked = Table(title="asked", title_justify="left")
    for heading in ("condition", "limit", "wall", "processor", "reached"):
        asked.add_column(heading)
    for row in targets.judged(series):
        cells = ["-" if row[key] is None else f"{row[key]:.3g}" for key in ("wall", "processor")]
        reached = {True: "yes", False: "no", None: "not measured"}[row["reached"]]
        asked.add_row(escape(row["what"]), f"{row['kind']} {row['limit']:g} {row['unit']}", *cells, reached)
    console.print(asked)


def memory_growth(windows: int) -> Figures:
    """Growth over many windows, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.memory", str(windows)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {str(name): float(value) for name, value in json.loads(done.stdout).items()}


def about(session: SpiceSession, repeats: int) -> dict[str, object]:
    """What the figures depend on."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return {"commit": commit.stdout.strip() or "unknown",
            "versions": versions(session.version_text), "machine": platform.machine(), "cores": os.cpu_count(),
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
    parser.add_argument("--days", type=int, default=60, help="days of the study of a thousand, 0 to leave it out")
    parser.add_argument("--slow", action="store_true", help="only the days without windows")
    parser.add_argument("--no-peers", action="store_true", help="leave PyBaMM and liionpack out")
    parser.add_argument("--once-from", type=Path, help="JSON of another benchmark that has what this one leaves out")
    parser.add_argument("-o", "--output", type=Path, default=Path("results/bench.json"), help="JSON with all values")
    asked = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    session = SpiceSession.open()
    told = about(session, asked.repeats)
    scenario = subjects.main_scenario()
    days: dict[str, Subject] = {
        targets.DAY: lambda: subjects.slow_day(scenario, session),
        targets.DAY_OF_SECONDS: lambda: subjects.slow_day_of_seconds(scenario, session),
        **{_many(n): partial(banks.many_batteries, n, session) for n in banks.NUMBERS},
    }
    console.print("warming up", highlight=False)
    if asked.slow:
        once(targets.DAY, days[targets.DAY], {}, console)
        series = collected(days, asked.repeats, console)
        printed(series, console)
        write(asked.output, told, {}, series)
        return
    keep: list[Kept] = []
    _, result = subjects.main_run(scenario, session, keep)  # also gives the windows that are compared
    subjects.slow_day(scenario, session)
    subjects.slow_day_of_seconds(scenario, session)
    banks.many_batteries(banks.NUMBERS[0], session)
    compared, absent = compared_windows(scenario.name, result, keep, session)
    series = collected({
        **days,
        f"{scenario.name}{targets.MAIN}": lambda: subjects.main_run(scenario, session, [])[0],
        **compared,
        "battery alone": banks.own_cells,
        targets.MOVED: banks.moved_numbers,
        targets.START: subjects.start_up,
    }, asked.repeats, console)
    add_growth(series)
    chosen = {"identification": lambda: subjects.identification(scenario, session),
              **asked_once(asked.windows, asked.days, not asked.no_peers)}
    for name, subject in chosen.items():
        write(asked.output, told, absent, series)  # what was measured so far outlives whatever comes
        absent |= once(name, subject, series, console)
    if asked.once_from:
        other = json.loads(asked.once_from.read_text(encoding="utf-8"))
        added = {name: figures for name, figures in other["figures"].items() if name not in series}
        series |= added
        told["from_another_benchmark"] = {"subjects": sorted(added), "about": other["about"]}
        absent |= other["about"].get("left_out", {})
    printed(series, console)
    write(asked.output, told, absent, series)
    console.print(load_told(told), highlight=False)
    console.print(f"all values: {asked.output}", highlight=False)


def write(file: Path, told: dict[str, object], absent: Mapping[str, str], series: Series) -> None:
    """Keep all values."""
    told |= {"load_at_end": list(os.getloadavg()), "left_out": dict(absent)}
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"about": told, "targets": targets.judged(series), "figures": series}
    made = file.with_name(file.name + ".new")
    made.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    made.replace(file)


def asked_once(windows: int, days: int, with_peers: bool) -> dict[str, Subject]:
    """Subjects that are measured a single time."""
    chosen: dict[str, Subject] = {}
    if windows:
        chosen[targets.MEMORY] = lambda: memory_growth(windows)
    if days:
        chosen[targets.DAYS] = lambda: subjects.many_days(days, os.cpu_count() or 1)
    if with_peers:
        chosen[targets.PYBAMM] = banks.pybamm_cell
        chosen["liionpack, 4 x 50 cells"] = banks.liionpack_pack
    return chosen


def _many(n: int) -> str:
    return f"24 h, {n} x 4 cells"


def add_growth(series: Series) -> None:
    """Add how the cost grows with the number of batteries, from the medians of processor time."""
    costs = {n: statistics.median(series[_many(n)]["processor time [s]"]) for n in banks.NUMBERS}
    series["batteries"] = {name: [value] for name, value in banks.growth(costs).items()}


def points_of(kept: Kept) -> int:
    """Points of a window that was run."""
    return int(kept.dataset.sizes["time_s"])


def compared_windows(
    scenario: str, result: Result, keep: list[Kept], session: SpiceSession
) -> tuple[dict[str, Subject], dict[str, str]]:
    """Subjects for the first window of each kind and for all together; why there are none, without ngspice."""
    try:
        peers.ngspice_program()
    except PeerMissing as error:
        return {}, {"windows by ngspice -b": str(error)}
    chosen: dict[str, Subject] = {}
    kinds: set[str] = set()
    for name, (window, _) in zip(result.windows, keep, strict=False):  # the benches of figures come after the run's own
        kind = window.request.name
        if kind not in kinds and len(kinds) < COMPARED_WINDOWS:
            kinds.add(kind)
            chosen[f"{targets.WINDOW}{name}"] = partial(subjects.window_ratio, name, result, window, session)
    if keep:
        chosen[targets.LOADED] = partial(subjects.deck_load, min(keep, key=points_of).window, session)
    chosen[f"{scenario}{targets.PLAIN}"] = lambda: subjects.plain_windows(result, keep)
    return chosen, {}


if __name__ == "__main__":
    main()
