"""Figures that a scenario asks for: small benches, each a scenario of its own, judged on their waveforms.

Every figure is measured in that run: the bench runs through the same engine, circuits and supervisor, with the
settings and circuit parameters of the scenario that asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr

from cosim import measure
from cosim.errors import RunFailed
from cosim.paths import SCENARIOS
from cosim.result import Result
from cosim.scenario.model import Scenario, load_scenario
from cosim.studies.conformance.limits import limit, nominal_limit_A

BenchRunner = Callable[[Scenario], Result]


@dataclass(frozen=True)
class Figure:
    """One measured figure beside its limit; `limit` in words, because some are two-sided."""

    id: str
    name: str
    value: float
    unit: str
    limit: str
    passed: bool

    def as_dict(self) -> dict[str, object]:
        """Plain values for `summary.json`."""
        return asdict(self)


def measured_figures(scenario: Scenario, run: BenchRunner) -> list[Figure]:
    """Run the benches of the rows that a scenario asks for."""
    benches = {"A1": start_threshold, "A2": reverse_current, "A3": limiter_current}
    return [figure for row in scenario.figures for figure in benches[row](scenario, run)]


def bench(name: str, asking: Scenario) -> Scenario:
    """A shipped bench with the settings and the circuit of the scenario that asks."""
    own = load_scenario(SCENARIOS / "benches" / f"{name}.yaml")
    return own.model_copy(update={"settings": asking.settings, "variant": asking.variant, "circuit": asking.circuit,
                                   "parts": asking.parts})


def start_threshold(scenario: Scenario, run: BenchRunner) -> list[Figure]:
    """A1: input voltage at the moment the port is enabled, the source rising at 10 mV/s."""
    result = run(bench("start_threshold", scenario))
    start_s = named(result, "enable").attrs["start_s"]
    voltage = float(np.interp(start_s, result.slow.time_s, result.slow.input_voltage_V))
    before = result.slow.sel(time_s=slice(None, start_s - 1e-6))
    voltage = max(voltage, float(before.input_voltage_V.max()))
    low_V, high_V = limit("A1.start_threshold_V").range
    told = f"above {low_V} V, by at most {1e3 * (high_V - low_V):.0f} mV"
    return [Figure("A1", "start threshold", voltage, "V", told, low_V < voltage <= high_V)]


def reverse_current(scenario: Scenario, run: BenchRunner) -> list[Figure]:
    """A2: reverse current while the source sinks at 10 mV/s, and while an engine cranks.

    Slow crossing: the current that reaches the source (at the input stud; the bleeder's 0.3 mA stays in the BMS). It
    counts only if the port carried current before. Cranking: at the battery side of the blocking transistors; the input
    stud also carries the discharge of the BMS's own input capacitors into the falling bus (reported without a limit),
    which is not battery current.
    """
    crossing = named(run(bench("reverse_ramp", scenario)), "crossing")
    steady = max(0.0, -float(crossing.port_current_A.min()))
    forward = float(crossing.port_current_A.max())
    cranking = named(run(bench("crank", scenario)), "cranking")
    time_s, current = cranking.time_s.values, cranking.output_current_A.values
    peak = max(0.0, -float(current.min()))
    lasting = measure.time_above_s(time_s, -current, 1.0)
    at_input = max(0.0, -float(cranking.port_current_A.min()))
    names = ("steady_reverse_mA", "forward_before_A", "crank_peak_A", "crank_time_us")
    allowed = {name: limit(f"A2.{name}") for name in names}
    return [
        Figure("A2", "reverse current, source sinks at 10 mV/s", steady * 1e3, "mA",
               allowed["steady_reverse_mA"].told(),
               allowed["steady_reverse_mA"].passed(steady * 1e3) and allowed["forward_before_A"].passed(forward)),
        Figure("A2", "reverse current peak, cranking", peak, "A", allowed["crank_peak_A"].told(),
               allowed["crank_peak_A"].passed(peak)),
        Figure("A2", "reverse current above 1 A, cranking", lasting * 1e6, "us", allowed["crank_time_us"].told(),
               allowed["crank_time_us"].passed(lasting * 1e6)),
        Figure("A2", "same at the input stud, with the BMS's capacitors", at_input, "A", "", True),
    ]


def limiter_current(scenario: Scenario, run: BenchRunner) -> list[Figure]:
    """A3, A5: current at the limit with a cold and a warm fuse, 25 degC ambient."""
    asked = bench("limiter", scenario)
    result = run(asked)
    nominal = nominal_limit_A(asked.supervisor_settings.fuse_rating_A)
    figures = []
    for name in ("cold", "warm"):
        window = named(result, name)
        mean = measure.mean(window.time_s, window.port_current_A)
        middle = float(window.attrs["start_s"])
        fuse = float(np.interp(middle, result.slow.time_s, result.slow.fuse_temperature_degC))
        allowed = limit(f"A3.{name}_fuse_share")
        figures.append(Figure("A3", f"limiter current, {name} fuse ({fuse:.0f} degC)", mean, "A",
                              f"{nominal:g} A +-{allowed.range[1] - 1.0:.0%}", allowed.passed(mean / nominal)))
    return figures


def named(result: Result, name: str) -> xr.Dataset:
    """The window of that name; RunFailed if the run has none."""
    for window in result.windows.values():
        if window.attrs["name"] == name:
            return window
    raise RunFailed(f"{result.summary['scenario']}: the port gave no window {name!r} (see circuit and settings)")
