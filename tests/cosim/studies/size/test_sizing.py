"""Sizing: the choice by hand, the file's mistakes, and a real system with the runs done again beside it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from cosim.cli.app import main
from cosim.errors import InputError
from cosim.paths import SCENARIOS
from cosim.simulation import Simulation
from cosim.studies.size import report, sizing, system
from cosim.studies.size.sizing import Check, Outcome, chosen
from cosim.studies.size.system import load_system, scenario_of


def made(fuse_A: int, cruise_A: float, margin: float) -> Outcome:
    check = Check("alternator winding, idle", 180.0 - margin, 180.0, "degC", "alternator not protected by this fuse")
    return Outcome(fuse_A, cruise_A, cruise_A, 3.0, "x", {"x": 1.0}, (check,), np.zeros(2), np.zeros(2))


def test_the_smallest_fuse_that_gives_nearly_all() -> None:
    outcomes = [made(40, 36.0, 50.0), made(60, 68.0, 30.0), made(80, 70.0, 10.0), made(100, 88.0, -1.0)]
    best = chosen(outcomes)
    assert best is not None and best.fuse_A == 60  # 100 A does not fit; 80 A gives 3 % more than 60 A, not above that
    best = chosen([*outcomes[:2], made(80, 72.0, 10.0)])
    assert best is not None and best.fuse_A == 80
    assert chosen([made(40, 36.0, -0.1)]) is None


def test_warnings_name_value_and_limit() -> None:
    assert report.warnings_of(made(100, 88.0, -4.0)) == [
        "alternator not protected by this fuse (184 degC, limit 180)"]
    assert report.warnings_of(made(100, 88.0, 0.0)) == []


@pytest.mark.parametrize(("changed", "text"), [
    ({"alternator": None}, "alternator: missing"),
    ({"alternator": "alternator_90A"}, "source.alternator: alternator_90A, no alternator of that name (allowed: a"),
    ({"cabels": {}}, "cabels: unknown key (allowed: did you mean 'cables'?)"),
    ({"limits": {"cabel_degC": 90}}, "limits.cabel_degC: unknown key (allowed: did you mean 'cable_degC'?)"),
    ({"alternator": None, "vehicle_load_A": None, "source": {"kind": "vehicle"}},
     "this is a scenario, for `bms-cosim run` (allowed: a system file, such as"),
    ({"limits": {"cable_degC": 900}}, "limits.cable_degC: 900"),
    ({"bank": {"soc": 2}}, "bank.soc: 2"),
])
def test_mistakes_are_one_line(tmp_path: Path, changed: dict[str, object], text: str) -> None:
    content = yaml.safe_load((SCENARIOS / "systems" / "van.yaml").read_text()) | changed
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))
    with pytest.raises(InputError) as caught:
        load_system(path)
    assert text in str(caught.value) and "\n" not in str(caught.value) and str(caught.value).startswith(str(path))


def test_a_sizing_shows_the_fuse_to_fit_and_what_is_wrong_with_others() -> None:
    asked = load_system(SCENARIOS / "systems" / "van.yaml")
    found = sizing.Sizing(asked, [made(60, 54.0, 10.0), made(100, 88.0, -4.0)])
    assert repr(found) == "Sizing(van: fit 60 A; 60 A fits, 100 A does not)"
    shown = found._repr_html_()
    assert "<th>60 A *</th><th>100 A</th>" in shown and "<td>fits</td><td>yes</td><td>NO</td>" in shown
    assert "100 A: alternator not protected by this fuse (184 degC, limit 180)" in shown
    assert repr(sizing.Sizing(asked, found[1:])) == "Sizing(van: no fuse fits; 100 A does not)"


@pytest.mark.parametrize("path", sorted((SCENARIOS / "systems").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_systems_are_valid(path: Path) -> None:
    asked = load_system(path)
    assert asked.system.name == path.stem and asked.system.description
    for fuse_A in system.RATINGS_A:
        for condition in ("cruise", "idle"):
            assert scenario_of(asked, fuse_A, condition).supervisor_settings.fuse_rating_A == fuse_A


def test_a_system_is_sized_by_runs_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One fuse and an hour, with a thin cable: figures are those of the runs, the warning says what is wrong."""
    monkeypatch.setattr(system, "CRUISE_S", 3600.0)
    monkeypatch.setattr(system, "IDLE_S", 1800.0)
    monkeypatch.setattr(sizing, "RATINGS_A", (100,))
    content = yaml.safe_load((SCENARIOS / "systems" / "van.yaml").read_text())
    content["cables"]["input"] = {"length_m": 8.0, "area_mm2": 16.0}
    path = tmp_path / "thin.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(SystemExit) as caught:
        main(["size", str(path), "-o", str(tmp_path / "out")])
    assert caught.value.code == 1
    told = capsys.readouterr().out
    assert "No fuse fits" in told and "100 A: cable too thin or too long: its drop" in told
    found = json.loads((tmp_path / "out" / "sizing.json").read_text())
    (fuse,) = found["fuses"]
    assert found["fuse_to_fit_A"] is None and not fuse["fits"]
    checks = {check["name"]: check for check in fuse["checks"]}
    runs = {condition: Simulation(scenario_of(load_system(path), 100, condition), windows=False).run().slow
            for condition in ("cruise", "idle")}
    for condition, slow in runs.items():
        assert checks[f"alternator winding, {condition}"]["value"] == float(slow.winding_degC.max())
    minutes = [np.convolve(slow.starter_voltage_V - slow.input_voltage_V, np.full(12, 1 / 12), "valid").max()
               for slow in runs.values()]  # twelve records of five seconds
    assert abs(minutes[0] - minutes[1]) > 0.02 * max(minutes)
    assert checks["input cable, drop"]["value"] == pytest.approx(max(minutes), rel=0.01)
    assert checks["input cable, drop"]["margin"] == pytest.approx(0.5 - checks["input cable, drop"]["value"])
    assert checks["input cable, drop"]["value"] > 0.5
    assert sum(fuse["limited_by_shares"].values()) == pytest.approx(1.0)
    assert fuse["full_after_h"] is None or not math.isnan(fuse["full_after_h"])
    assert (tmp_path / "out" / "sizing.png").read_bytes().startswith(b"\x89PNG")
