"""Scenario files: what is accepted, and the one line that says what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from cosim.cli.app import main
from cosim.errors import InputError
from cosim.paths import SCENARIOS
from cosim.scenario.model import Scenario, Supply, Vehicle, load_scenario, parse_scenario
from models.parameter_file import SHIPPED

GOOD = """
name: good
source: {kind: vehicle, load_A: 20}
drive: {segments: [{kind: idle, duration_s: 10}]}
"""

BAD = {
    "empty file": ("", "an empty file (allowed: `name: value` lines"),
    "a list": ("- a\n- b\n", "a list (allowed: `name: value` lines"),
    "broken YAML": ("name: [1, 2\n", "well-formed YAML"),
    "key given twice": (GOOD + "name: again\n", "given twice"),
    "a tag that runs code": ("name: !!python/object/apply:os.system ['true']\n", "well-formed YAML"),
    "no name": (GOOD.replace("name: good\n", ""), "name: missing"),
    "name with a slash": (GOOD.replace("good", "../evil"), "name: ../evil"),
    "unknown key": (GOOD + "ambiant: {}\n", "did you mean 'ambient'?"),
    "unknown nested key": (GOOD + "bank: {socc: 0.5}\n", "did you mean 'soc'?"),
    "unknown source key": (GOOD.replace("load_A", "laod_A"), "did you mean 'load_A'?"),
    "charge above 1": (GOOD + "bank: {soc: 1.2}\n", "bank.soc: 1.2 (allowed: 0 to 1; soc: Charge"),
    "charge below 0": (GOOD + "bank: {soc: -0.1}\n", "bank.soc: -0.1 (allowed: 0 to 1"),
    "not a number": (GOOD + "bank: {soc: half}\n", "bank.soc: half"),
    "a truth for a number": (GOOD + "bank: {soc: true}\n", "bank.soc: True (allowed: a number"),
    "a truth for a count": (GOOD + "bank: {batteries: true}\n", "bank.batteries: True"),
    "a truth in a list": ("name: x\nduration_s: 1\nsource: {kind: supply, emf_V: [[0, true]]}\n", "emf_V.0.1: True"),
    "a truth for a setting": (GOOD + "settings: {fuse_rating_A: true}\n", "settings.fuse_rating_A: True"),
    "a truth for a firmware constant": (GOOD + "settings: {firmware: {start_V: true}}\n", "settings.firmware.start_V"),
    "a truth for a circuit parameter": (GOOD + "circuit: {parameters: {rf25: true}}\n", "rf25: True"),
    "a text for a number": (GOOD + "bank: {soc: '0.5'}\n", "bank.soc: '0.5' (allowed: a number, without quotes and "),
    "a setting with its unit": (
        GOOD + "settings: {fuse_rating_A: 60 A}\n", "fuse_rating_A: '60 A' (allowed: 40, 60, 80, 100, 125 A; a number"),
    "off without quotes": (GOOD.replace("kind: idle", "kind: off"), "in quotes: YAML reads a bare on, off"),
    "misspelt event": (
        GOOD + "events: [{time_s: 1, kind: load_setp}]\n", "events.0.kind: load_setp (allowed: did you mean 'load_st"),
    "event without a kind": (GOOD + "events: [{time_s: 1}]\n", "events.0.kind: missing (allowed: must be given: one"),
    "a word of YAML for a number": (GOOD + "bank: {soc: yes}\n", "bank.soc: True"),
    "threshold out of range": (
        GOOD + "settings: {battery_thresholds: [{pre_alarm_V: 3.2}]}\n",
        "settings.battery_thresholds[0].pre_alarm_V: 3.2 (allowed: number 2.85..3.15 V)"),
    "thresholds of more batteries than there are": (
        GOOD + "settings: {battery_thresholds: [{}, {}]}\n", "settings.battery_thresholds: 2 entries"),
    "batteries beyond the 12-200": (GOOD + "bank: {batteries: 11}\n", "bank.batteries: 11 (allowed: whole number 1..1"),
    "function of the NG": (
        GOOD + "settings: {remote_function: ports}\n", "settings.remote_function: ports (allowed: alternator, system"),
    "firmware out of range": (
        GOOD + "settings: {firmware: {start_V: 16}}\n", "settings.firmware.start_V: 16 (allowed: number 12..15 V)"),
    "two variants": (
        GOOD + 'variant: "12-200"\nsettings: {variant: "12-200 NG"}\n', "settings.variant: 12-200 NG (allowed: 12-200"),
    "a fuse family that is a battery": (GOOD + "parts: {fuse: cell_lfp_200Ah}\n", "parts.fuse: cell_lfp_200Ah"),
    "a box that is not there": (GOOD + "parts: {box: my/box.yaml}\n", "my/box.yaml: no such parameter file"),
    "unknown part": (GOOD + "parts: {fuze: fuse_mega}\n", "did you mean 'fuse'?"),
    "a file of parameters that is not there": (GOOD + "bank: {battery: my/own.yaml}\n", "no such parameter file"),
    "NaN": (GOOD + "bank: {soc: .nan}\n", "bank.soc"),
    "infinite duration": (GOOD + "duration_s: .inf\n", "duration_s"),
    "endless run": (GOOD + "duration_s: 1.0e+12\n", "at most"),
    "tick of a broken millisecond": (GOOD + "tick_s: 0.0333\n", "a whole number of milliseconds"),
    "tick that does not divide 1 s": (GOOD + "tick_s: 0.3\n", "divides 1 s"),
    "tick too long": (GOOD + "tick_s: 10\n", "tick_s: 10 (allowed: 0.01 to 1"),
    "unknown variant": (GOOD + 'variant: "12-400"\n', "12-200"),
    "fuse that does not exist": (GOOD + "settings: {fuse_rating_A: 90}\n", "settings.fuse_rating_A: 90"),
    "misspelt setting": (GOOD + "settings: {fuse_rating: 100}\n", "fuse_rating_A"),
    "unknown netlist": (GOOD + "circuit: {netlist: magic}\n", "alternator_path"),
    "unknown source kind": (GOOD.replace("vehicle", "boat"), "source"),
    "vehicle without drive": ("name: x\nsource: {kind: vehicle}\n", "needs a drive"),
    "supply with drive": (GOOD.replace("{kind: vehicle, load_A: 20}", "{kind: supply, emf_V: [[0, 13]]}"), "no drive"),
    "supply without duration": ("name: x\nsource: {kind: supply, emf_V: [[0, 13]]}\n", "needs duration_s"),
    "supply times not rising": ("name: x\nduration_s: 1\nsource: {kind: supply, emf_V: [[1, 13], [1, 14]]}\n", "rise"),
    "segments and trace": (GOOD.replace("drive: {", "drive: {trace: {files: [a.csv]}, "), "either"),
    "no segment": (GOOD.replace("[{kind: idle, duration_s: 10}]", "[]"), "at least one"),
    "unknown segment": (GOOD.replace("kind: idle", "kind: flying"), "highway"),
    "negative load step": (GOOD + "events: [{time_s: 1, kind: load_step, current_A: -5}]\n", "events.0.current_A: -5"),
    "two windows of one name": (
        GOOD + "windows: [{name: a, start_s: 0, duration_s: 1}, {name: a, start_s: 2, duration_s: 1}]\n", "differ"),
    "cable of no length": (GOOD + "cables: {input: {length_m: 0, area_mm2: 35}}\n", "cables.input.length_m: 0"),
    "battery that is not there": (GOOD + "bank: {battery: unobtainium}\n", "unobtainium"),
    "alternator that is not there": (GOOD.replace("load_A: 20", "alternator: dynamo"), "dynamo"),
    "unknown circuit parameter": (GOOD + "circuit: {parameters: {rf52: 0.0006}}\n", "did you mean 'rf25'?"),
    "negative circuit parameter": (GOOD + "circuit: {parameters: {rf25: -1}}\n", "allowed: above 0"),
    "a date that is none": (GOOD.replace("name: good", "name: 2024-13-45"), "plain values"),
    "nested without end": ("name: " + "[" * 3000 + "\n", "nested too deeply"),
    "event in a million years": (GOOD + "events: [{time_s: 1.0e+13, kind: load_step, current_A: 5}]\n", "time_s"),
    "crank of no length": (GOOD.replace("{kind: idle, duration_s: 10}", "{kind: crank, duration_s: 0.00001}"),
                           "good: drive: segments[0]: duration 1e-05 s (allowed: more than 0.01 s)"),
    "drive without end": (GOOD.replace("duration_s: 10", "duration_s: 10000000") + "tick_s: 0.01\n", "at most"),
    "figures of a plain link": (GOOD + "circuit: {netlist: direct_connection}\nfigures: [A1]\n", "leave figures out"),
    "trace that is not there": (
        GOOD.replace("segments: [{kind: idle, duration_s: 10}]", "trace: {files: [no.csv]}"), "no.csv"),
}


def test_a_good_scenario_gets_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    scenario = load_scenario(file)
    assert isinstance(scenario.source, Vehicle)
    assert scenario.source.load_A == 20.0
    assert scenario.tick_s == 0.1
    assert scenario.supervisor_settings.fuse_rating_A == 100


@pytest.mark.parametrize("name", BAD)
def test_a_bad_scenario_is_one_line_and_exit_code_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, expected = BAD[name]
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(SystemExit) as stop:
        main(["run", str(file), "-o", str(tmp_path / "out")])
    shown = capsys.readouterr()
    assert stop.value.code == 2
    lines = [line for line in shown.err.splitlines() if line.strip()]
    assert len(lines) == 1, shown.err
    assert any(name in lines[0] for name in ("bad.yaml", "no.csv", "good"))
    assert expected in lines[0]
    assert "Traceback" not in shown.err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        load_scenario(tmp_path / "nowhere.yaml")


def test_a_misspelt_file_names_the_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "road_hour.yaml").write_text(GOOD)
    with pytest.raises(InputError, match=r"did you mean .*road_hour\.yaml\?"):
        load_scenario(tmp_path / "road_huor.yaml")


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        load_scenario(file)


OTHER_FOLDERS = {"studies", "systems"}
"""Files of `sweep` and `size`, which their own tests read."""


@pytest.mark.parametrize(
    "file", sorted(f for f in SCENARIOS.rglob("*.yaml") if f.parent.name not in OTHER_FOLDERS), ids=lambda f: f.stem
)
def test_shipped_scenarios_are_valid(file: Path) -> None:
    scenario = load_scenario(file)
    assert scenario.description
    if isinstance(scenario.source, Supply):
        assert scenario.duration_s


def test_a_supply_parses_into_points() -> None:
    scenario = parse_scenario(
        {"name": "s", "duration_s": 5, "source": {"kind": "supply", "emf_V": [[0, 12.0], [5, 14.0]]}}
    )
    assert isinstance(scenario.source, Supply)
    assert scenario.source.emf_V == [(0.0, 12.0), (5.0, 14.0)]


def sections(annotation: object) -> set[type[BaseModel]]:
    """All sections that a type leads to, through lists, unions and sections."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = {found for field in annotation.model_fields.values() for found in sections(field.annotation)}
        return {annotation} | inner
    return {found for part in get_args(annotation) for found in sections(part)}


FIELDS = [
    (section, name) for section in sorted(sections(Scenario), key=lambda s: s.__name__)
    for name, field in section.model_fields.items()
    if bool not in (field.annotation, *get_args(field.annotation)) and name != "settings"
]
"""Every field of every section that holds no truth value; settings are checked by `bms.Settings`."""


@pytest.mark.parametrize(("section", "name"), FIELDS, ids=lambda part: getattr(part, "__name__", part))
def test_no_field_takes_true_or_a_text_for_a_number(section: type[BaseModel], name: str) -> None:
    for value in (True, [True], [[0.0, True]], {"x": True}):
        with pytest.raises(ValidationError) as caught:
            section.model_validate({name: value})
        assert name in {error["loc"][0] for error in caught.value.errors() if error["loc"]}, value


def test_the_sweep_meets_all_sections() -> None:
    assert {"Scenario", "Bank", "Spread", "Cable", "Supply", "Mains", "LoadStep", "Readout"} <= {
        section.__name__ for section, _ in FIELDS}
    assert len(FIELDS) > 90


@pytest.mark.parametrize(("text", "value"), [
    ("1e2", 100.0), ("1.5e+1", 15.0), (".5E1", 5.0), ("7", 7.0), ("+2e0", 2.0)])
def test_numbers_may_be_written_as_people_write_them(text: str, value: float, tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD + f"duration_s: {text}\n")
    assert load_scenario(file).duration_s == value


def test_all_settings_are_within_reach_of_a_scenario(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD + """variant: 12-200 NG
bank: {batteries: 12, battery: battery_lfp_12V8_100Ah}
settings:
  fuse_rating_A: 125
  pre_alarm_mode: intermittent
  remote_function: ports
  instant_readout: true
  battery_thresholds: [{load_disconnect_V: 2.6, pre_alarm_V: 2.85}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]
  firmware: {rearm_ms: 5000, cell_high_V: 3.7}
""")
    settings = load_scenario(file).supervisor_settings
    assert (settings.battery_count, settings.battery_capacity_Ah) == (12, 100), "number and type follow the bank"
    assert settings.battery_thresholds[0].pre_alarm_V == 2.85 and settings.battery_thresholds[1].pre_alarm_V == 3.1
    assert (settings.firmware.rearm_ms, settings.firmware.cell_high_V) == (5000, 3.7)
    assert settings.plan.bank_limit_A == 12 * 200.0, "B6: a battery of 100 Ah takes 200 A"


def test_own_parameter_files_stand_beside_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "study"
    (folder / "own").mkdir(parents=True)
    alternator = (SHIPPED / "alternator_80A.yaml").read_text(encoding="utf-8")
    (folder / "own" / "mine.yaml").write_text(alternator)
    (folder / "own" / "my_battery.yaml").write_text(
        (SHIPPED / "battery_lfp_12V8_100Ah.yaml").read_text().replace("cell: cell_lfp_100Ah", "cell: my_cell.yaml"))
    (folder / "own" / "my_cell.yaml").write_text((SHIPPED / "cell_lfp_160Ah.yaml").read_text())
    file = folder / "good.yaml"
    file.write_text(GOOD.replace("load_A: 20", "alternator: own/mine.yaml") + "bank: {battery: own/my_battery.yaml}\n")
    monkeypatch.chdir(tmp_path)  # not the scenario's folder
    scenario = load_scenario(file)
    assert isinstance(scenario.source, Vehicle) and scenario.source.alternator == str(folder / "own" / "mine.yaml")
    assert scenario.supervisor_settings.battery_capacity_Ah == 160, "the battery's file names the cell beside it"
