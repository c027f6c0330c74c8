"""Fit up to three parameters of a scenario to a measured waveform: scipy's least squares, every evaluation a run.

What is minimised are the differences at points spread evenly over the common stretch, each in parts of its value
tolerance. Parameters are scaled to their range, so that a resistance and a state of charge weigh alike. A run has
events (ticks, windows), so derivatives are taken over a hundredth of the range, not over rounding.

How well a parameter is known is told from the Jacobian at the end: standard errors from the scatter of what is left,
made larger where neighbouring differences go together (a waveform's error is no white noise), the correlation of the
parameters, and the condition of the problem. A parameter whose error is no smaller than its range would give by itself
is called not identifiable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from cosim.errors import InputError, nearest
from cosim.scenario.model import Scenario, parse_scenario
from cosim.scenario.reading import read_mapping
from cosim.scenario.values import with_value
from cosim.studies.compare.recording import Recording, of_result
from cosim.studies.compare.tolerances import Tolerances

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

MOST_PARAMETERS = 3
POINTS = 400
"""Points per signal that are compared: enough for the shape, few enough that neighbours differ."""
STEP = 0.01
"""Step of the derivatives, as part of the range (ours)."""
MOST_RUNS = 60
"""Budget of evaluations."""
UNIFORM = 1.0 / math.sqrt(12.0)
"""Standard deviation of something known only to be within its range, as part of the range."""
TOGETHER = 0.95
"""Correlation from which only a combination of two parameters is determined (ours)."""


class Parameter(NamedTuple):
    """One parameter: dotted `path` in the scenario, `low` and `high` end of its range in the unit that stands there."""

    path: str
    low: float
    high: float


@dataclass(frozen=True)
class Fit:
    """What a fit gave: best values, standard errors and correlations, and how far they are to be believed.

    values, errors : of each of the `parameters`, in its unit, shape (n,); correlation : of their errors, shape (n, n)
    condition : of the problem, with ranges as units; above some 1e4 the parameters are hardly told apart
    rms_start, rms : differences before and after, in tolerances; independent : points that count as such
    runs : evaluations; converged : how it ended, in words; warnings : what is not to be believed, in words
    recording : of the best run
    """

    parameters: tuple[Parameter, ...]
    values: Array
    errors: Array
    correlation: Array
    condition: float
    rms_start: float
    rms: float
    independent: float
    runs: int
    converged: str
    warnings: tuple[str, ...]
    recording: Recording

    def as_dict(self) -> dict[str, Any]:
        """For `compare.json`."""
        names = [p.path for p in self.parameters]
        return {
            "parameters": {
                p.path: {"value": float(v), "standard_error": float(e), "low": p.low, "high": p.high}
                for p, v, e in zip(self.parameters, self.values, self.errors, strict=True)
            },
            "correlation": {"names": names, "matrix": self.correlation.tolist()}, "condition": self.condition,
            "rms_start": self.rms_start, "rms": self.rms, "independent_points": self.independent, "runs": self.runs,
            "ended": self.converged, "warnings": list(self.warnings),
        }

    def lines(self) -> list[str]:
        """For a reader."""
        told = [
            f"fitted {p.path} = {v:.6g} +- {e:.2g} (one standard error; range {p.low:g} to {p.high:g})"
            for p, v, e in zip(self.parameters, self.values, self.errors, strict=True)
        ]
        told.append(f"fit: {self.runs} runs, {self.converged}; rms difference {self.rms_start:.3g} -> {self.rms:.3g} "
                    f"tolerances; about {self.independent:.0f} independent points; condition {self.condition:.3g}")
        for i, one in enumerate(self.parameters):
            for j, other in enumerate(self.parameters[:i]):
                told.append(f"fit: correlation of {other.path} and {one.path}: {self.correlation[i, j]:+.3f}")
        return [*told, *(f"WARNING: {text}" for text in self.warnings)]


def parse_parameters(texts: Sequence[str]) -> tuple[Parameter, ...]:
    """Read `PATH=LOW:HIGH` texts; raises InputError."""
    found = []
    for text in texts:
        path, _, span = text.partition("=")
        low, _, high = span.partition(":")
        try:
            parameter = Parameter(path.strip(), float(low), float(high))
        except ValueError:
            raise InputError("--fit", path, text, "PATH=LOW:HIGH, such as bank.soc=0.2:0.9") from None
        if not (parameter.path and math.isfinite(parameter.low) and parameter.low < parameter.high < math.inf):
            raise InputError("--fit", path, span, "LOW below HIGH, both finite")
        found.append(parameter)
    if not 1 <= len(found) <= MOST_PARAMETERS or len({p.path for p in found}) != len(found):
        raise InputError("--fit", "", ", ".join(p.path for p in found), f"1 to {MOST_PARAMETERS} different parameters")
    return tuple(found)


def fit(
    measured: Recording, scenario: Path, parameters: tuple[Parameter, ...], rules: Tolerances, progress: Progress
) -> Fit:
    """Fit the parameters of a scenario file to a measured recording.

    Parameters
    ----------
    measured : signals with the names that a run of the scenario gives them
    rules : tolerances, the unit in which differences count
    progress : called with the fraction of the budget used and a text

    Raises
    ------
    InputError
        A parameter path or value that the scenario refuses, a signal that the run does not have.
    """
    content = read_mapping(scenario)

    def scenario_with(values: Array) -> Scenario:
        changed = dict(content)
        for parameter, value in zip(parameters, values, strict=True):
            changed = with_value(changed, parameter.path, float(value), str(scenario))
        return parse_scenario(changed, str(scenario), scenario.parent).model_copy(update={"figures": []})

    low, high = (np.array([getattr(p, end) for p in parameters]) for end in ("low", "high"))
    for corner in (low, high):
        scenario_with(corner)  # before the work, not after it
    from cosim.simulation import Simulation

    def simulate(values: Array) -> Recording:
        return of_result(Simulation(scenario_with(values)).run(), str(scenario))

    return fit_recording(measured, parameters, rules, simulate, progress)


def fit_recording(
    measured: Recording, parameters: tuple[Parameter, ...], rules: Tolerances, simulate: Callable[[Array], Recording],
    progress: Progress,
) -> Fit:
    """`fit` with `simulate`, anything that turns values of the parameters, shape (n_parameters,), into a recording.

    Raises
    ------
    InputError : the run has no such signal, has it in another unit or at other times, or all signals are ignored
    """
    low, high = (np.array([getattr(p, end) for p in parameters]) for end in ("low", "high"))
    runs: dict[tuple[float, ...], Array] = {}
    recordings: dict[tuple[float, ...], Recording] = {}

    def residuals(scaled: Array) -> Array:
        values = low + (scaled - 1.0) * (high - low)
        key = tuple(float(v) for v in values)
        if key not in runs:
            told = ", ".join(f"{p.path} {v:.5g}" for p, v in zip(parameters, values, strict=True))
            best = min((_rms(r) for r in runs.values()), default=math.nan)
            progress(min(len(runs) / MOST_RUNS, 0.99), f"run {len(runs) + 1}: {told} (best rms {best:.3g} tolerances)")
            recordings[key] = simulate(values)
            runs[key] = _differences(measured, recordings[key], rules)
            if len(runs) > 1 and _rms(runs[key]) > min(_rms(r) for r in runs.values()):
                recordings[key] = Recording("")  # only the best is needed again
        return runs[key]

    # Scaled to 1..2: scipy's relative step is then a share of the range everywhere.
    n = len(parameters)
    found = least_squares(residuals, np.full(n, 1.5), bounds=(np.ones(n), np.full(n, 2.0)), diff_step=STEP, xtol=1e-4,
                          ftol=1e-6, gtol=1e-8, max_nfev=max((MOST_RUNS - 1) // (n + 1), 2))
    key = min(runs, key=lambda one: _rms(runs[one]))
    values = np.array(key)
    recording = recordings[key] if recordings[key].signals else simulate(values)
    return _judged(parameters, values, found, runs, key, recording)


def _judged(
    parameters: tuple[Parameter, ...], values: Array, found: Any, runs: Mapping[tuple[float, ...], Array],
    key: tuple[float, ...], recording: Recording,
) -> Fit:
    """Errors, correlations and warnings from the Jacobian at the end."""
    span = np.array([p.high - p.low for p in parameters])
    rest = runs[key]
    independent = _independent(rest)
    freedom = max(independent - len(parameters), 1.0)
    # scipy's Jacobian is per unit of the scaled parameters, that is per range
    u, singular, vt = np.linalg.svd(np.asarray(found.jac), full_matrices=False)
    del u
    floor = 1e-12 * max(float(singular.max()), 1e-300)
    inverse = (vt.T / np.maximum(singular, floor) ** 2) @ vt
    # Of n points only `independent` count, each with the scatter of what is left.
    covariance = inverse * float(rest @ rest) / freedom
    errors = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(errors, errors)
    condition = float(singular.max() / max(float(singular.min()), floor))
    warnings = _warnings(parameters, values, errors, correlation, float(_rms(rest)))
    start = runs[next(iter(runs))]
    return Fit(
        parameters, values, errors * span, correlation, condition, _rms(start), _rms(rest), independent, len(runs),
        "converged" if found.status > 0 else "budget of runs used up", warnings, recording,
    )


def _warnings(
    parameters: tuple[Parameter, ...], values: Array, errors: Array, correlation: Array, rms: float
) -> tuple[str, ...]:
    """What a reader must not overlook; `errors` as parts of the ranges."""
    told = []
    for k, parameter in enumerate(parameters):
        span = parameter.high - parameter.low
        if errors[k] >= UNIFORM:
            told.append(f"{parameter.path} is not identifiable from these waveforms: its error is that of its range")
        if min(values[k] - parameter.low, parameter.high - values[k]) < 1e-3 * span:
            told.append(f"{parameter.path} is at the end of its range; its error means little there")
        for j in range(k):
            if abs(correlation[k, j]) > TOGETHER:
                told.append(f"{parameters[j].path} and {parameter.path} are determined only together "
                            f"(correlation {correlation[k, j]:+.3f})")
    if rms > 1.0:
        told.append(f"the best run is still {rms:.2g} tolerances (rms) away: the model lacks something, and errors are "
                    "too small where that is systematic")
    return tuple(told)


def _differences(measured: Recording, run: Recording, rules: Tolerances) -> Array:
    """Run minus measured at evenly spread points of what both have, in parts of the value tolerance."""
    parts = []
    for name, own in measured.signals.items():
        stated = rules.of(own)
        if stated is None:
            continue
        if name not in run.signals:
            raise InputError(measured.origin, name, "no such signal in the run", nearest(name, list(run.signals)))
        other = run.signals[name]
        if other.unit != own.unit:
            raise InputError(measured.origin, name, f"unit {own.unit}", f"{other.unit}, as in the run")
        low_s = max(own.wave.time_s[0], other.wave.time_s[0])
        high_s = min(own.wave.time_s[-1], other.wave.time_s[-1])
        if not low_s < high_s:
            raise InputError(measured.origin, name, "no time in common with the run", f"times of the run's {name}")
        grid = np.linspace(low_s, high_s, POINTS)
        want = np.interp(grid, *own.wave)
        parts.append((np.interp(grid, *other.wave) - want) / stated.tolerance.width(want))
    if not parts:
        raise InputError(measured.origin, "", "every signal is ignored", "at least one signal to fit to")
    return np.concatenate(parts)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _independent(rest: Array) -> float:
    """Number of independent points among differences that go together: n over the integrated correlation."""
    x = rest - rest.mean()
    power = float(x @ x)
    if power <= 1e-30:
        return float(rest.size)
    spectrum = np.fft.rfft(x, 2 * x.size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: x.size] / power
    ends = np.flatnonzero(correlation <= 0.0)
    first = int(ends[0]) if ends.size else x.size
    return float(np.clip(x.size / (1.0 + 2.0 * float(correlation[1:first].sum())), 1.0, x.size))
