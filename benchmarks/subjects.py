"""What is measured: each subject is a function that does it once and returns its figures by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time

import cosim.plot.picture
import cosim.run
import cosim.simulation
from benchmarks.stopwatch import Stopwatch
from cosim.paths import SCENARIOS
from cosim.record.export import export_text, write_deck
from cosim.result import Result
from cosim.scenario.model import Scenario, load_scenario
from cosim.simulation import Simulation
from cosim.slow.loop import Plant
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision
from cosim.windows.reuse import WindowMemory
from cosim.windows.window import Window

Figures = dict[str, float]
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
    """24 h without windows; the terminal characteristic comes from the cache."""
    asked = day_long(scenario)
    watch = Stopwatch()
    start_s, start_cpu_s = perf_counter(), process_time()
    with watch.watching(("tick loop", Plant, "run"), ("supervisor", Supervision, "stepped")):
        Simulation(asked, session=session, windows=False).run()
    total_s, cpu_s = perf_counter() - start_s, process_time() - start_cpu_s
    return {"total [s]": total_s, "processor time [s]": cpu_s, **{f"{k} [s]": v for k, v in watch.seconds.items()},
            "supervisor calls": float(watch.calls["supervisor"])}


def main_run(scenario: Scenario, session: SpiceSession, keep: dict[str, Window]) -> tuple[Figures, Result]:
    """The main scenario with its windows, saved with its picture; `keep` gets the windows for `window_ratio`."""
    watch = Stopwatch()

    def run(window: Window, asked: SpiceSession) -> object:
        outcome = original(window, asked)
        keep[str(len(keep))] = window
        return outcome

    original = Window.run
    Window.run = run  # type: ignore[assignment,method-assign]
    places = (
        ("tick loop", Plant, "run"), ("windows", Window, "run"), ("supervisor", Supervision, "stepped"),
        ("identification (cache)", cosim.simulation, "identify"), ("figures", cosim.simulation, "measured_figures"),
        ("window reuse", WindowMemory, "find"), ("saving", Result, "save"),
        ("picture", cosim.plot.picture, "save_picture"),
    )
    try:
        with tempfile.TemporaryDirectory(prefix="bms-cosim-bench-") as folder, watch.watching(*places):
            start_s, start_cpu_s = perf_counter(), process_time()
            result = Simulation(scenario, session=session).run()
            result.save(Path(folder) / "result")
            total_s, cpu_s = perf_counter() - start_s, process_time() - start_cpu_s
    finally:
        Window.run = original  # type: ignore[method-assign]
    parts = {f"{name} [s]": seconds for name, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1])}
    rest_s = total_s - sum(watch.seconds.values())
    points = sum(float(w.sizes["time_s"]) for w in result.windows.values())
    rest = {"rest (parameters, inputs, summary) [s]": rest_s}
    return {"total [s]": total_s, "processor time [s]": cpu_s, **parts, **rest,
            "windows computed": float(len(result.windows)),
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
    with tempfile.TemporaryDirectory(prefix="bms-cosim-bench-") as folder:
        deck = Path(folder) / "window.cir"
        write_deck(deck, export_text(result, name))
        start_s, start_cpu_s = perf_counter(), process_time()
        outcome = window.run(session)
        ours_s, ours_cpu_s = perf_counter() - start_s, process_time() - start_cpu_s
        start_s, start_cpu_s = perf_counter(), children_s()
        done = subprocess.run(["ngspice", "-n", "-b", "-r", "window.raw", deck.name], cwd=folder, capture_output=True,
                              text=True, check=True)
        plain_s, plain_cpu_s = perf_counter() - start_s, children_s() - start_cpu_s
    rows = next(int(line.split(":")[1]) for line in done.stdout.splitlines() if line.startswith("No. of Data Rows"))
    points = outcome.dataset.sizes["time_s"]
    return {"coupled window [s]": ours_s, "ngspice -b [s]": plain_s, "ratio": ours_s / plain_s,
            "coupled window, processor time [s]": ours_cpu_s, "ngspice -b, processor time [s]": plain_cpu_s,
            "ratio of processor times": ours_cpu_s / plain_cpu_s,
            "coupled points": float(points), "ngspice -b points": float(rows)}


def children_s() -> float:
    """Processor time of all ended child processes [s]."""
    times = os.times()
    return times.children_user + times.children_system


def has_program() -> bool:
    """Whether the program ngspice can be started."""
    return shutil.which("ngspice") is not None
