"""Dotted paths into scenarios and parameter files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cosim.errors import InputError
from cosim.scenario.model import load_scenario
from cosim.studies.sweep.paths import Base, Setting, case_files, scenario_of, seen_from, write_copies
from models import alternator, bank, fuse, heat, parameter_file

VEHICLE: dict[str, Any] = {
    "name": "v", "bank": {"soc": 0.4, "each": []},
    "drive": {"segments": [{"kind": "crank"}, {"kind": "city", "duration_s": 60}]},
    "system": {"devices": [{"kind": "solar", "clear_days": {}}]},
}


def base(folder: Path, **changed: Any) -> Base:
    return Base({**VEHICLE, **changed}, folder, "v.yaml")


def made(start: Base, folder: Path, *settings: Setting) -> Any:
    return scenario_of(case_files(start, settings), start, folder)


def test_entries_of_all_depths(tmp_path: Path) -> None:
    """A section that the file leaves out has its defaults beside the changed entry; the base stays as it is."""
    start = base(tmp_path)
    scenario = made(
        start, tmp_path, Setting("bank.soc", 0.7), Setting("cables.input.length_m", 9.0),
        Setting("ambient.bms_degC", -5),
        Setting("drive.segments.1.duration_s", 90), Setting("settings.fuse_rating_A", 60),
        Setting("circuit.parameters.rs2", 5e-4), Setting("source.load_A", 11.0), Setting("limiter", "linear"),
        Setting("system.devices.0.clear_days.peak_W_m2", 500.0),
    )
    assert (scenario.bank.soc, scenario.ambient.bms_degC, scenario.source.load_A) == (0.7, -5, 11.0)
    assert scenario.cables.input.length_m == 9.0 and scenario.cables.input.area_mm2 == 35.0
    assert scenario.cables.alternator.length_m == 1.5
    assert scenario.drive.segments[1].duration_s == 90 and scenario.drive.segments[1].kind == "city"
    assert scenario.supervisor_settings.fuse_rating_A == 60
    assert scenario.circuit.parameters == {"rs2": 5e-4} and scenario.circuit.netlist == "alternator_path"
    assert scenario.system.devices[0].clear_days.peak_W_m2 == 500.0
    assert start.content == VEHICLE


def test_factors_on_what_stands_there_or_is_the_default(tmp_path: Path) -> None:
    scenario = made(base(tmp_path), tmp_path, Setting("bank.soc", 1.5, True),
                    Setting("cables.battery.area_mm2", 2.0, True))
    assert scenario.bank.soc == pytest.approx(0.6) and scenario.cables.battery.area_mm2 == 100.0


def test_a_limiter_of_the_scenario_does_not_hinder_its_circuit(tmp_path: Path) -> None:
    scenario = made(base(tmp_path, limiter="buck"), tmp_path, Setting("circuit.parameters.rf25", 7e-4))
    assert scenario.circuit.netlist == "alternator_path_buck_avg" and scenario.circuit.parameters == {"rf25": 7e-4}


@pytest.mark.parametrize(("setting", "text"), [
    (Setting("bank.sok", 0.5), "did you mean 'soc'"),
    (Setting("bank.soc.more", 0.5), "bank.soc.more: no such entry"),
    (Setting("bank.each.0.soc", 0.5), "bank.each is empty"),
    (Setting("drive.segments.2.duration_s", 5), "0 to 1"),
    (Setting("source.alternator", 2.0, True), "a str stands there"),
    (Setting("models.alternator_150A", 2.0), "models.FILE.PARAMETER"),
    (Setting("models.alternator_80A.gain_A_V", 2.0), "alternator_150A"),
    (Setting("models.alternator_150A.gain", 2.0), "unknown parameter"),
    (Setting("models.alternator_150A.capability_warm_A.99", 2.0), "a table of 11"),
    (Setting("models.alternator_150A.gain_A_V.0", 2.0), "nothing below a single number"),
])
def test_paths_that_lead_nowhere(tmp_path: Path, setting: Setting, text: str) -> None:
    with pytest.raises(InputError) as caught:
        made(base(tmp_path), tmp_path, setting)
    assert text in str(caught.value) and "\n" not in str(caught.value)


def test_a_parameter_file_is_copied_and_changed(tmp_path: Path) -> None:
    scenario = made(base(tmp_path), tmp_path, Setting("models.alternator_150A.gain_A_V", 300.0),
                    Setting("models.alternator_150A.capability_warm_A", 1.1, True),
                    Setting("models.alternator_150A.capability_rpm.0", 1200.0))
    changed, shipped = alternator.load_alternator(scenario.source.alternator), alternator.load_alternator()
    assert changed.gain_A_V == 300.0 and shipped.gain_A_V != 300.0
    np.testing.assert_array_equal(changed.capability_warm_A, shipped.capability_warm_A * 1.1)
    assert changed.capability_rpm[0] == 1200.0 and changed.capability_rpm[1] == shipped.capability_rpm[1]
    same = {"gain_A_V", "capability_warm_A", "capability_rpm"}
    for name in type(shipped)._fields:
        if name not in same:
            np.testing.assert_array_equal(getattr(changed, name), getattr(shipped, name), err_msg=name)
    entry = parameter_file.read_head(Path(scenario.source.alternator))["parameters"]["gain_A_V"]
    assert entry["status"] == "ours" and entry["source"].startswith("set by a study; before: ")


def test_fuse_box_cell_and_devices_can_be_changed_too(tmp_path: Path) -> None:
    scenario = made(
        base(tmp_path), tmp_path, Setting("models.fuse_mega.resistance_25_ohm.3", 7e-4),
        Setting("models.box_12_200.heatsink_ambient_K_W", 1.2, True),
        Setting("models.cell_lfp_200Ah.heat_capacity_J_K", 2.0, True),
        Setting("models.charger_mppt_12V_50A.array_W", 300.0),
    )
    assert fuse.load_fuse(100.0, scenario.parts.fuse).resistance_25_ohm == 7e-4
    assert fuse.load_fuse(80.0, scenario.parts.fuse).resistance_25_ohm == fuse.load_fuse(80.0).resistance_25_ohm
    assert heat.load_box(scenario.parts.box).heatsink_ambient_K_W == pytest.approx(
        1.2 * heat.load_box().heatsink_ambient_K_W)
    own, shipped = bank.load_battery(scenario.bank.battery).cell, bank.load_battery().cell
    assert own.heat_capacity_J_K == 2.0 * shipped.heat_capacity_J_K
    for name in type(shipped)._fields:
        if name != "heat_capacity_J_K":
            np.testing.assert_array_equal(getattr(own, name), getattr(shipped, name), err_msg=name)
    assert Path(scenario.system.devices[0].parameters).parent == tmp_path


def test_a_users_file_beside_the_scenario_is_found_and_never_changed(tmp_path: Path) -> None:
    own, copies = tmp_path / "own", tmp_path / "copies"
    own.mkdir()
    copies.mkdir()
    shutil.copy(parameter_file.SHIPPED / "alternator_150A.yaml", own / "mine.yaml")
    before = (own / "mine.yaml").read_bytes()
    start = base(own, source={"kind": "vehicle", "alternator": "mine.yaml"})
    scenario = made(start, copies, Setting("models.mine.gain_A_V", 222.0))
    assert alternator.load_alternator(scenario.source.alternator).gain_A_V == 222.0
    assert (own / "mine.yaml").read_bytes() == before and (copies / "mine.yaml").is_file()


def test_a_case_as_a_file_elsewhere_is_the_same_scenario(tmp_path: Path) -> None:
    own, there = tmp_path / "own", tmp_path / "a" / "b"
    own.mkdir()
    there.mkdir(parents=True)
    shutil.copy(parameter_file.SHIPPED / "starter_battery_70Ah.yaml", own / "starter.yaml")
    start = base(own, source={"kind": "vehicle", "starter_battery": "starter.yaml"})
    files = case_files(start, [Setting("models.alternator_150A.gain_A_V", 0.1 + 0.2, True), Setting("bank.soc", 1e-5)])
    write_copies(files.copies, there)
    (there / "s.yaml").write_text(yaml.safe_dump(seen_from(files.content, start, there, files.copies)))
    scenario: Any = load_scenario(there / "s.yaml")
    assert scenario.bank.soc == 1e-5
    shipped = alternator.load_alternator().gain_A_V
    assert alternator.load_alternator(scenario.source.alternator).gain_A_V == shipped * (0.1 + 0.2)
    assert Path(scenario.source.starter_battery).resolve() == own / "starter.yaml"
