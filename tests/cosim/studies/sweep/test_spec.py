"""Study files: every mistake is one line with file, field, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cosim.errors import InputError
from cosim.paths import SCENARIOS
from cosim.studies.sweep.case import plan_of
from cosim.studies.sweep.paths import load_base
from cosim.studies.sweep.sampling import cases
from cosim.studies.sweep.spec import load_study
from cosim.studies.sweep.study import check_parameters

GOOD = {
    "name": "good", "scenario": {"name": "tiny", "source": {"kind": "supply", "emf_V": [[0, 14.4]]}, "duration_s": 2},
    "method": "monte_carlo", "cases": 4, "seed": 1,
    "parameters": [{"path": "bank.soc", "kind": "uniform", "low": 0.2, "high": 0.8}],
    "outputs": [{"name": "soc", "channel": "soc", "reduce": "final"}],
}


def study_with(folder: Path, **changed: object) -> Path:
    content = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_study(path)
    text = str(caught.value)
    assert "\n" not in text and text.startswith(str(path))
    return text


def test_good_one_loads(tmp_path: Path) -> None:
    study = load_study(study_with(tmp_path))
    assert study.count == 4 and study.windows and study.parameter_names == ["bank.soc"]


UNIFORM = {"path": "bank.soc", "kind": "uniform", "low": 0.2, "high": 0.8}


@pytest.mark.parametrize(("changed", "text"), [
    ({"seed": None}, "monte_carlo needs a seed"),
    ({"cases": None}, "monte_carlo needs cases"),
    ({"method": "sobol", "cases": 100}, "power of two as cases: 64 or 128"),
    ({"method": "grid"}, "a grid takes neither cases nor seed"),
    ({"method": "grid", "cases": None, "seed": None}, "a grid needs points for bank.soc"),
    ({"method": "guess"}, "method: guess"),
    ({"metod": "grid"}, "did you mean 'method'?"),
    ({"parameters": [{**UNIFORM, "lo": 1}]}, "parameters.0.lo: unknown key (allowed: did you mean 'low'?"),
    ({"parameters": [{**UNIFORM, "kind": "uniformly"}]}, "parameters.0"),
    ({"parameters": [{**UNIFORM, "low": True}]}, "parameters.0.low"),
    ({"parameters": [{**UNIFORM, "path": "bank..soc"}]}, "parameters.0.path: bank..soc (allowed: keys and places"),
    ({"parameters": [UNIFORM, UNIFORM]}, "names of parameters must differ, bank.soc is there twice"),
    ({"parameters": [{**UNIFORM, "points": 3}]}, "belong to a grid"),
    ({"parameters": [{"path": "seed", "kind": "list", "values": [1, 2]}]}, "has 2 values; one per case (4)"),
    ({"outputs": [{"name": "a", "channel": "soc"}]}, "reduce belongs to a channel"),
    ({"outputs": [{"name": "a", "channel": "soc", "summary": "bank"}]}, "give one of summary, channel, event"),
    ({"outputs": [{"name": "a", "channel": "soc", "reduce": "time_above_s"}]}, "level belongs to time_above_s"),
    ({"outputs": [{"name": "a", "channel": "soc", "reduce": "percentile"}]}, "percent (0..100)"),
    ({"outputs": [{"name": "error", "event": "window", "ask": "count"}]}, "may not be called error"),
    ({"outputs": [{"name": "a", "event": "load disconected", "ask": "count"}]}, "did you mean 'load disconnected'"),
    ({"worst": {"sok": "highest"}}, "did you mean 'soc'?"),
    ({"plots": [{"y": "soc", "x": "bank.sok"}]}, "did you mean 'bank.soc'?"),
])
def test_mistakes_are_one_line(tmp_path: Path, changed: dict[str, object], text: str) -> None:
    assert text in complaint(study_with(tmp_path, **changed))


def test_no_yaml_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("name: [")
    assert "well-formed YAML" in complaint(tmp_path / "study.yaml")
    assert "readable file" in complaint(tmp_path / "absent.yaml")
    (tmp_path / "study.yaml").write_text("- 1")
    assert "a mapping" in complaint(tmp_path / "study.yaml")


@pytest.mark.parametrize(("parameter", "text"), [
    ({"path": "bank.sok", "kind": "choice", "values": [0.5]}, "did you mean 'soc'?"),
    ({"path": "bank.soc", "kind": "uniform", "low": 0.2, "high": 1.2}, "bank.soc: 1.2 (allowed: 0 to 1; soc: Charge"),
    ({"path": "settings.fuse_rating_A", "kind": "choice", "values": [100, 101]}, "101"),
    ({"path": "circuit.parameters.rs3", "kind": "choice", "values": [1e-3]}, "rs3"),
    ({"path": "models.alternator_150A.gain_A_V", "kind": "choice", "values": [1.0]},
     "a parameter file of this scenario"),
])
def test_a_parameter_that_the_scenario_refuses_is_told_at_once(
    tmp_path: Path, parameter: dict[str, object], text: str
) -> None:
    path = study_with(tmp_path, parameters=[UNIFORM, {**parameter, "name": "second"}])
    study = load_study(path)
    plan = plan_of(study, load_base(study, path), tmp_path, "", str(path))
    with pytest.raises(InputError) as caught:
        check_parameters(study, plan, path)
    assert str(caught.value).startswith(f"{path}: parameters.1 (second)") and text in str(caught.value)


@pytest.mark.parametrize("path", sorted((SCENARIOS / "studies").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_studies_are_valid_in_all_their_cases_extremes(path: Path, tmp_path: Path) -> None:
    study = load_study(path)
    assert study.name == path.stem and study.description and "Time:" in path.read_text().splitlines()[0]
    check_parameters(study, plan_of(study, load_base(study, path), tmp_path, "", str(path)), path)
    assert len(cases(study)) == study.count
