"""A campaign of 40 cases as CI runs it, and planted defects that it must find and make small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cosim.scenario.model import load_scenario
from cosim.simulation import Simulation
from cosim.studies.campaign.campaign import VIOLATIONS
from cosim.studies.campaign.invariants import checked, registry
from cosim.studies.campaign.record import Record
from cosim.studies.campaign.report import JSON, PAGE
from tests.cosim.cli import called


def code_of(*arguments: str) -> int:
    return called.code_of("campaign", *arguments)


def test_forty_cases_break_no_rule(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert code_of("-n", "40", "--seed", "1", "-o", str(out), "--workers", "2") == 0
    content = json.loads((out / JSON).read_text(encoding="utf-8"))
    assert content["cases"] == 40 and content["violations"] == []
    judged = {i["name"]: i["judged"] for i in content["invariants"]}
    assert set(judged) == {i.name for i in registry()} | {"determinism", "run"}
    assert min(judged.values()) >= 2, "every rule has been judged"
    faults = {mode["fault"] for mode in content["failure_modes"]}
    assert "no fault" in faults and len(faults) > 8
    page = (out / PAGE).read_text(encoding="utf-8")
    assert "None." in page and "## Failure modes" in page


@pytest.mark.parametrize(("setting", "rule", "most_devices"), [
    ("settings.firmware.cell_cold_degC=-10.0", "temperature", 0),  # B5 says 5 degC
    ("settings.firmware.fuse_fraction=1.0", "limit", 0),  # A3 says 0.9
])
def test_a_planted_defect_is_found_and_shrunk(
    setting: str, rule: str, most_devices: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert code_of("-n", "12", "-o", str(out), "--workers", "2", "--no-windows", "--set", setting) == 1
    content = json.loads((out / JSON).read_text(encoding="utf-8"))
    assert {v["name"] for v in content["violations"]} == {rule}
    told = next(v for v in content["violations"] if v["command"])
    assert told["command"] in capsys.readouterr().out
    path = out / VIOLATIONS / f"{rule}_{told['case']}" / "scenario.yaml"
    assert told["command"] == f"bms-cosim run {path} --no-windows"
    small = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert len(small.get("system", {}).get("devices", [])) <= most_devices
    assert not small.get("faults") and not small.get("events") and not small.get("remote")
    assert small["bank"].get("batteries", 1) == 1
    scenario = load_scenario(path)
    result = Simulation(scenario, windows=False).run()
    assert checked(Record(scenario, result))[rule] is not None


def test_a_campaign_is_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    asked = ("-n", "3", "-o", str(out), "--workers", "1", "--no-windows")
    assert code_of(*asked) == 0
    first = {name: (out / name).read_bytes() for name in (JSON, PAGE, "cases.parquet")}
    assert code_of(*asked) == 2, "without --resume a finished one is not touched"
    assert code_of(*asked, "--resume") == 0
    assert {name: (out / name).read_bytes() for name in first} == first
    assert code_of(*asked, "--resume", "--seed", "2") == 2
    assert "has changed since" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "told"), [
    (("--set", "settings.fuse"), "PATH=VALUE"),
    (("--set", "settings.fuse_rating_A=41"), "settings.fuse_rating_A"),
    (("--set", "settings.nonsense=1"), "nonsense"),
    (("--seed", "-1"), "greater than or equal to 0"),
])
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("-n", "1", "-o", str(tmp_path / "out"), *arguments) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_every_rule_names_its_row_and_says_what_it_asks() -> None:
    rules = registry()
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.row and len(rule.says) > 20 for rule in rules)
