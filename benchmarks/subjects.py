"""What is measured: each subject is a function that does it once and returns its figures by name."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

import xarray as xr
import yaml

import cosim.inputs.intervene
import cosim.plot.picture
import cosim.simulation
from benchmarks import peers
from benchmarks.peers import Figures
from benchmarks.stopwatch import Stopwatch
from cosim.paths import ROOT, SCENARIOS
from cosim.record.export import export_text, write_deck
from cosim.result import Result
from cosim.scenario.model import Scenario, load_scenario
from cosim.simulation import Simulation
from cosim.slow.loop import Plant
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision
from cosim.windows.reuse import WindowMemory
from cosim.windows.window import Window

Subject = Callable[[], Figures]

HOURS_8_S, HOURS_24_S = 8 * 3600.0, 24 * 3600.0


def main_scenario() -> Scenario:
    """The day on the road, else the hour."""
    day = SCENARIOS / "road_day.yaml"
    return load_scenario(day if day.is_file() else SCENARIOS / "road_hour.yaml")


def day_long(scenario: Scenario) -> Scenario:
    """The main scenario, driven again and again until 24 h are over: one battery, a supervisor, 0.1 s ticks."""
    assert scenario.drive is not None
    length_s = sum(part.duration_s for part in scenario.drive.segments or [])
    drive = scenario.drive.model_copy(update={"repeat": max(1, -int(-HOURS_24_S // length_s))})
    return scenario.model_copy(update={"drive": drive, "duration_s": HOURS_24_S, "figures": []})


@contextmanager
def own_cache() -> Iterator[None]:
    """An empty cache folder, and the old one again afterwards."""
    before = os.environ.get("BMS_COSIM_CACHE")
    with tempfile.TemporaryDirectory(prefix="bms-cosim-bench-") as folder:
        os.environ["BMS_COSIM_CACHE"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["BMS_COSIM_CACHE"]
            else:
                os.environ["BMS_COSIM_CACHE"] = before


def slow_day(scenario: Scenario, session: SpiceSession) -> Figures:
    """24 h of the main scenario without windows; the terminal characteristic comes from the cache."""
    return without_windows(day_long(scenario), session)


def slow_day_of_seconds(scenario: Scenario, session: SpiceSession) -> Figures:
    """The same day with ticks of 1 s, the longest that there are: the grid of the data that PyBaMM gets."""
    return without_windows(day_long(scenario).model_copy(update={"tick_s": 1.0}), session)


def without_windows(asked: Scenario, session: SpiceSession) -> Figures:
    """A scenario by its ticks alone, with the supervisor."""
    watch = Stopwatch()
    start_s, start_cpu_s = perf_counter(), process_time()
    with watch.watching(("tick loop", Plant, "run"), ("supervisor", Supervision, "stepped")):
        Simulation(asked, session=session, windows=False).run()
    total_s, cpu_s = perf_counter() - start_s, process_time() - start_cpu_s
    return {"total [s]": total_s, "processor time [s]": cpu_s, **watch.figures(),
            "supervisor calls": float(watch.calls["supervisor"])}


PARTS = (
    ("tick loop", Plant, "run"), ("windows", Window, "run"), ("supervisor", Supervision, "stepped"),
    ("identification (cache)", cosim.inputs.intervene, "identify"), ("figures", cosim.simulation, "measured_figures"),
    ("window reuse", WindowMemory, "find"), ("saving", Result, "save"), ("picture", cosim.plot.picture, "save_picture"),
)
"""What a run's time is divided into: label, and the owner and name of the function that is timed."""


class Kept(NamedTuple):
    """A window that was run, and its waveforms."""

    window: Window
    dataset: xr.Dataset


def main_run(scenario: Scenario, session: SpiceSession, keep: list[Kept]) -> tuple[Figures, Result]:
    """The main scenario with its windows, saved with its picture.

    `keep` gets the windows in order: those of the result, then those of the benches that its figures need.
    """
    watch = Stopwatch()

    def run(window: Window, asked: SpiceSession) -> object:
        outcome = original(window, asked)
        keep.append(Kept(window, outcome.dataset))
        return outcome

    original = Window.run
    Window.run = run  # type: ignore[assignment,method-assign]
    try:
        with tempfile.TemporaryDirectory(prefix="bms-cosim-bench-") as folder, watch.watching(*PARTS):
            start_s, start_cpu_s = perf_counter(), process_time()
            result = Simulation(scenario, session=session).run()
            result.save(Path(folder) / "result")
            total_s, cpu_s = perf_counter() - start_s, process_time() - start_cpu_s
    finally:
        Window.run = original  # type: ignore[method-assign]
    parts = {f"{name} [s]": seconds for name, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1])}
    rest_s = total_s - sum(watch.seconds.values())
    points = sum(float(kept.dataset.sizes["time_s"]) for kept in keep)
    rest = {"rest (parameters, inputs, summary) [s]": rest_s}
    processor = {f"{name}, processor time [s]": seconds for name, seconds in watch.processor_s.items()}
    return {"total [s]": total_s, "processor time [s]": cpu_s, **parts, **rest, **processor,
            "windows computed": float(len(keep)), "of these, for the benches of its figures": float(
                len(keep) - len(result.windows)),
            "windows reused": float(result.summary.get("windows_reused", 0)), "window points": points}, result


def identification(scenario: Scenario, session: SpiceSession) -> Figures:
    """From the netlist with an empty cache, then from the cache."""
    from cosim.circuit.identify import IdentifiedCircuit, identify
    from cosim.slow.plant import load_parameters
    from cosim.windows.deck import circuit_parameters

    circuit = scenario.circuit
    p = load_parameters(scenario, IdentifiedCircuit.nominal(circuit.netlist).coefficients)
    parameters = circuit_parameters(circuit.netlist, circuit.parameters, p)
    took: Figures = {}
    with own_cache():
        for label in ("from the netlist [s]", "cache hit [s]"):
            start_s = perf_counter()
            found = identify(circuit.netlist, parameters, session)
            took[label] = perf_counter() - start_s
            assert found.from_cache is (label == "cache hit [s]")
    return took


def window_ratio(name: str, result: Result, window: Window, session: SpiceSession) -> Figures:
    """A window with everything that is coupled to it, over plain `ngspice -b` on its exported deck, one by one."""
    start_s, start_cpu_s = perf_counter(), process_time()
    outcome = window.run(session)
    ours_s, ours_cpu_s = perf_counter() - start_s, process_time() - start_cpu_s
    plain_s, plain_cpu_s, rows = plain(name, result)
    points = outcome.dataset.sizes["time_s"]
    return {"coupled window [s]": ours_s, "ngspice -b [s]": plain_s, "ratio": ours_s / plain_s,
            "coupled window, processor time [s]": ours_cpu_s, "ngspice -b, processor time [s]": plain_cpu_s,
            "ratio of processor times": ours_cpu_s / plain_cpu_s,
            "coupled points": float(points), "ngspice -b points": float(rows),
            "coupled, processor time per point [us]": 1e6 * ours_cpu_s / points,
            "ngspice -b, processor time per point [us]": 1e6 * plain_cpu_s / rows}


def deck_load(window: Window, session: SpiceSession, again: int = 5) -> Figures:
    """What the deck of a window costs to load, and to use again by ngspice's `reset`, which is a part of the same.

    A kept circuit needs `reset`: a window's starting values (``.ic``) are read with the deck and cannot be altered.
    """
    figures: Figures = {}

    def load(owner: SpiceSession, text: str, marker: str, title: str) -> None:
        start_s = process_time()
        original(owner, text, marker, title)
        figures["loading, processor time [s]"] = process_time() - start_s
        start_s = process_time()
        for _ in range(again):
            owner.exec_command("reset")
        figures["reset, processor time [s]"] = (process_time() - start_s) / again
        figures["lines of the deck"] = float(len(text.splitlines()))

    original = SpiceSession._load
    SpiceSession._load = load  # type: ignore[assignment,method-assign]
    try:
        start_s = process_time()
        window.run(session)
        whole_s = process_time() - start_s
    finally:
        SpiceSession._load = original  # type: ignore[method-assign]
    return figures | {"whole window, processor time [s]": whole_s - again * figures["reset, processor time [s]"]}


def plain(name: str, result: Result) -> tuple[float, float, int]:
    """Plain `ngspice -b` on the exported deck of a window: wall time, processor time [s], points.

    Raises
    ------
    PeerMissing : there is no program ngspice
    """
    with tempfile.TemporaryDirectory(prefix="bms-cosim-bench-") as folder:
        deck = Path(folder) / "window.cir"
        write_deck(deck, export_text(result, name))
        start_s, start_cpu_s = perf_counter(), children_s()
        done = subprocess.run([str(peers.ngspice_program()), "-n", "-b", "-r", "window.raw", deck.name], cwd=folder,
                              capture_output=True, text=True, check=True)
        took_s, took_cpu_s = perf_counter() - start_s, children_s() - start_cpu_s
    rows = next(int(line.split(":")[1]) for line in done.stdout.splitlines() if line.startswith("No. of Data Rows"))
    return took_s, took_cpu_s, rows


def plain_windows(result: Result, keep: Sequence[Kept]) -> Figures:
    """Plain `ngspice -b` on the exported decks of all windows of a run, benches and all, one after the other."""
    every = Result(result.slow, {f"{k:03d}": kept.dataset for k, kept in enumerate(keep)}, summary=result.summary,
                   circuit_text=result.circuit_text)
    found = [plain(name, every) for name in every.windows]
    wall_s, cpu_s, rows = (float(sum(values)) for values in zip(*found, strict=True))
    return {"windows": float(len(found)), "total [s]": wall_s, "processor time [s]": cpu_s, "points": rows}


def start_up() -> Figures:
    """What a user waits for before anything happens: `import cosim`, and the command's help."""
    commands = {"import cosim": ["-c", "import cosim"], "bms-cosim --help": ["-m", "cosim", "--help"]}
    took: Figures = {}
    for name, arguments in commands.items():
        start_s, start_cpu_s = perf_counter(), children_s()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
        took[f"{name} [s]"] = perf_counter() - start_s
        took[f"{name}, processor time [s]"] = children_s() - start_cpu_s
    return took


def many_days(days: int, workers: int = 2) -> Figures:
    """So many days of the study that ships, each with a van of its own, in worker processes.

    What a thousand take is scaled from these, and a little too much: the start of the workers counts with it.
    """
    study = yaml.safe_load((SCENARIOS / "studies" / "thousand_days.yaml").read_text(encoding="utf-8"))
    study["cases"] = days
    with tempfile.TemporaryDirectory(prefix="bms-cosim-bench-") as folder:
        file = Path(folder) / "study.yaml"
        file.write_text(yaml.safe_dump(study), encoding="utf-8")
        start_s, start_cpu_s = perf_counter(), children_s()
        command = [sys.executable, "-m", "cosim", "sweep", str(file), "-o", str(Path(folder) / "sweep")]
        subprocess.run([*command, "--workers", str(workers)], cwd=ROOT, capture_output=True, check=True)
        took_s, took_cpu_s = perf_counter() - start_s, children_s() - start_cpu_s
    return {"days": float(days), "workers": float(workers), "total [s]": took_s, "processor time [s]": took_cpu_s,
            "a day, processor time [s]": took_cpu_s / days, "a thousand days [min]": took_s / days * 1000.0 / 60.0,
            "a thousand days, processor time on all cores [min]": took_cpu_s / days * 1000.0 / 60.0 / workers}


def children_s() -> float:
    """Processor time of all ended child processes [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # to the microsecond; `os.times` counts ticks of 10 ms
    return used.ru_utime + used.ru_stime
