"""Alignment against known shifts; fits against known parameters, and what a fit says when it cannot know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cosim.errors import InputError
from cosim.studies.compare.align import align
from cosim.studies.compare.fit import Parameter, fit, fit_recording, parse_parameters
from cosim.studies.compare.recording import Recording
from cosim.studies.compare.tolerances import parse_tolerances

Array = NDArray[np.float64]


def step_response(time_s: Array) -> Array:
    """Something with a beginning: a rise of 90 with 50 ms at 1 s, and a fall at 3 s."""
    rise = 90.0 * (1.0 - np.exp(-np.maximum(time_s - 1.0, 0.0) / 0.05))
    return np.where(time_s < 3.0, rise, 0.0)


@pytest.mark.parametrize("shift_s", [-0.731, 0.0, 0.0123, 2.5])
def test_alignment_finds_the_shift_on_irregular_grids_with_noise(shift_s: float) -> None:
    """Points are 1.25 ms apart on average, so that nobody knows better when the edge at 3 s was."""
    rng = np.random.default_rng(1)
    golden, result = Recording("golden"), Recording("result")
    own_s, other_s = (np.sort(rng.uniform(0.0, 5.0, 4000)) for _ in range(2))
    for name, scale in (("i_A", 1.0), ("v_V", 0.003)):
        golden.add(name, "A", own_s, scale * (step_response(own_s) + rng.normal(0.0, 1.0, own_s.size)))
        result.add(name, "A", other_s - shift_s, scale * step_response(other_s) + 5.0)
    found = align(golden, result)
    assert found.shift_s == pytest.approx(shift_s, abs=2.5e-3)
    assert found.clear and found.correlation > 0.99


def test_alignment_is_finer_than_its_grid_where_the_waveform_is_smooth() -> None:
    golden, result = Recording("golden"), Recording("result")
    t = np.linspace(0.0, 10.0, 20_000)
    golden.add("x", "1", t, np.exp(-((t - 4.0) ** 2)))
    result.add("x", "1", t + 17.0, np.exp(-((t - 4.0017) ** 2)))
    assert align(golden, result).shift_s == pytest.approx(-17.0017, abs=2e-5)


def test_unlike_waveforms_are_called_unclear() -> None:
    rng = np.random.default_rng(2)
    golden, result = Recording("golden"), Recording("result")
    t = np.linspace(0.0, 1.0, 500)
    golden.add("x", "1", t, rng.normal(size=t.size))
    result.add("x", "1", t, rng.normal(size=t.size))
    assert not align(golden, result).clear


def test_alignment_refuses_what_it_cannot_align() -> None:
    t = np.linspace(0.0, 1.0, 50)
    flat, other, windows = Recording("flat"), Recording("other"), Recording("windows")
    flat.add("x", "1", t, 0.0 * t)
    other.add("y", "1", t, t)
    for name in ("windows/a/x", "windows/b/x"):
        windows.add(name, "1", t, t)
    for golden, result, words in ((flat, flat, "moves"), (flat, other, "in common"), (windows, windows, "one record")):
        with pytest.raises(InputError, match=words):
            align(golden, result)


T = np.linspace(0.0, 10.0, 500)
TRUE = np.array([2.0, 0.7])


def simulated(values: Array) -> Recording:
    """An exponential of a height and a time constant."""
    out = Recording("run")
    out.add("x_A", "A", T, values[0] * np.exp(-T / values[1]))
    return out


def measured(seed: int = 3, noise_A: float = 0.01) -> Recording:
    out = Recording("measured")
    value = TRUE[0] * np.exp(-T / TRUE[1]) + np.random.default_rng(seed).normal(0.0, noise_A, T.size)
    out.add("x_A", "A", T, value)
    return out


RULES = parse_tolerances({"default": {"absolute": 0.01, "relative": 0.0}})


def quiet(fraction: float, text: str) -> None:
    assert 0.0 <= fraction < 1.0 and text.startswith("run ")


def test_a_fit_finds_known_parameters_within_its_errors() -> None:
    """Over 20 measured waveforms the deviations are as large as the errors say: 1 +- 0.16 by chance, 0.7..1.3 here."""
    parameters = (Parameter("height", 0.5, 5.0), Parameter("tau", 0.2, 3.0))
    pulls = []
    for seed in range(20):
        found = fit_recording(measured(seed), parameters, RULES, simulated, quiet)
        assert found.values == pytest.approx(TRUE, rel=0.02)
        assert found.converged == "converged" and found.rms < found.rms_start and not found.warnings
        pulls.append((found.values - TRUE) / found.errors)
    assert 0.7 < float(np.sqrt(np.mean(np.square(pulls)))) < 1.3


def test_parameters_that_act_together_are_called_so() -> None:
    """Two factors of one height: only their product is determined."""
    def both(values: Array) -> Recording:
        return simulated(np.array([values[0] * values[1], 0.7]))

    found = fit_recording(measured(), (Parameter("a", 0.5, 5.0), Parameter("b", 0.5, 5.0)), RULES, both, quiet)
    assert any("only together" in text for text in found.warnings)
    assert found.values.prod() == pytest.approx(2.0, rel=0.02)


def test_a_parameter_without_effect_is_called_not_identifiable() -> None:
    def alone(values: Array) -> Recording:
        return simulated(np.array([values[0], 0.7]))

    found = fit_recording(measured(), (Parameter("a", 0.5, 5.0), Parameter("b", 0.5, 5.0)), RULES, alone, quiet)
    assert [text.split(" ")[0] for text in found.warnings if "not identifiable" in text] == ["b"]
    assert found.values[0] == pytest.approx(2.0, rel=0.02)


def test_what_the_model_lacks_and_the_end_of_a_range_are_told() -> None:
    parameters = (Parameter("height", 2.5, 5.0), Parameter("tau", 0.2, 3.0))
    found = fit_recording(measured(), parameters, RULES, simulated, quiet)
    assert any("end of its range" in text for text in found.warnings)
    assert any("tolerances (rms) away" in text for text in found.warnings)
    assert "correlation of height and tau" in "\n".join(found.lines())


@pytest.mark.parametrize("texts", [
    ["a"], ["a=1"], ["a=x:2"], ["a=2:1"], ["a=1:inf"], ["=1:2"], ["a=1:2", "a=1:3"], [f"p{k}=1:2" for k in range(4)],
])
def test_bad_parameters_are_refused(texts: list[str]) -> None:
    with pytest.raises(InputError, match="--fit"):
        parse_parameters(texts)


def test_a_range_that_the_scenario_refuses_stops_before_any_run(tmp_path: Path) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_text("name: tiny\nsource: {kind: supply, emf_V: [[0, 13.5]]}\nduration_s: 1\n")
    for name in ("bank.soc", "bank.sock"):
        with pytest.raises(InputError, match=r"tiny\.yaml: bank\.soc"):
            fit(measured(), path, (Parameter(name, 0.5, 1.5),), RULES, quiet)
