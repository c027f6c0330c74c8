"""Sweeps of the engine: small, but real runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from cosim.cli.app import main
from cosim.paths import ROOT
from cosim.result import Result
from cosim.scenario.model import load_scenario, parse_scenario
from cosim.simulation import Simulation
from cosim.studies.sweep import store
from cosim.studies.sweep.outputs import measured
from cosim.studies.sweep.spec import load_study
from models.bank import load_battery

STUDY = """
name: small
scenario:
  name: tiny
  source: {kind: supply, emf_V: [[0, 12.5], [1, 14.4]], resistance_ohm: 0.004}
  duration_s: 5
method: latin_hypercube
cases: 6
seed: 3
windows: false
keep: waveforms
parameters:
  - {path: bank.soc, kind: uniform, low: 0.2, high: 0.8}
  - {path: cables.input.length_m, kind: log_uniform, low: 0.5, high: 10}
  - {path: models.battery_lfp_12V8_200Ah.terminal_resistance_ohm, name: terminal, relative: true,
     kind: normal, mean: 1.0, deviation: 0.2, low: 0.5, high: 1.5}
outputs:
  - {name: charge_Ah, summary: "figures.charge into the LFP battery.value"}
  - {name: peak_A, channel: port_current_A, reduce: max}
  - {name: battery_V, channel: battery_voltage_V, reduce: final}
worst: {battery_V: highest}
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, str]]:
    """Study file, its directory, and what the command printed; two workers."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "small.yaml").write_text(STUDY)
    command = [sys.executable, "-m", "cosim", "sweep", str(folder / "small.yaml"), "-o", str(folder / "out"),
               "--workers", "2"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stderr == ""
    yield folder / "small.yaml", folder / "out", told.stdout


def test_the_worst_case_is_repeated_exactly_by_its_command(swept: tuple[Path, Path, str]) -> None:
    """Bit for bit, from the file alone: its changed parameter file stands beside it."""
    study_file, directory, printed = swept
    scenario = directory / "worst" / "battery_V_highest" / "scenario.yaml"
    assert f"bms-cosim run {scenario} --no-windows" in printed
    table = pq.read_table(directory / store.CASES).to_pydict()
    worst = max(range(6), key=lambda i: table["battery_V"][i])
    assert f"case {worst}:" in printed
    result = Simulation(load_scenario(scenario), windows=False).run()
    for output in load_study(study_file).outputs:
        assert measured(output, result) == table[output.name][worst], output.name
    assert (scenario.parent / "battery_lfp_12V8_200Ah.yaml").is_file()


def test_parameters_reach_the_runs(swept: tuple[Path, Path, str]) -> None:
    """The same run without the changed battery file: its terminals' resistance times the current is what is missing."""
    _, directory, _ = swept
    table = pq.read_table(directory / store.CASES).to_pydict()
    assert len(set(table["battery_V"])) == 6 and table["error"] == [""] * 6
    case = max(range(6), key=lambda i: abs(table["terminal"][i] - 1.0))
    content = yaml.safe_load(STUDY)["scenario"]
    content |= {"bank": {"soc": table["bank.soc"][case]},
                "cables": {"input": {"length_m": table["cables.input.length_m"][case], "area_mm2": 35.0}}}
    slow = Simulation(parse_scenario(content), windows=False).run().slow
    missing_V = table["battery_V"][case] - float(slow.battery_voltage_V[-1])
    nominal_ohm = load_battery().terminal_resistance_ohm
    expected_V = (table["terminal"][case] - 1.0) * nominal_ohm * float(slow.port_current_A[-1])
    assert abs(expected_V) > 5e-3 and missing_V == pytest.approx(expected_V, rel=0.02)


def test_waveforms_are_kept_on_request(swept: tuple[Path, Path, str]) -> None:
    _, directory, _ = swept
    kept = sorted((directory / store.WAVEFORMS).iterdir())
    assert [path.name for path in kept] == [f"{case:07d}" for case in range(6)]
    table = pq.read_table(directory / store.CASES).to_pydict()
    assert float(Result.load(kept[4]).slow.battery_voltage_V[-1]) == table["battery_V"][4]


def test_report_says_what_came_out(swept: tuple[Path, Path, str]) -> None:
    _, directory, _ = swept
    page = (directory / "report.html").read_text()
    assert "small" in page and "battery [V]" in page and "data:image/png;base64," in page and "--no-windows" in page
    assert (directory / "report.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((directory / store.STUDY).read_text())
    assert content["seed"] == 3 and content["study"]["method"] == "latin_hypercube" and content["made_by"]["numpy"]
    assert content["results"]["succeeded"] == 6 and content["results"]["failed"] == 0
    table = pq.read_table(directory / store.CASES).to_pydict()
    assert content["results"]["distributions"]["battery_V"]["max"] == max(table["battery_V"])
    assert sorted(path.name for path in directory.iterdir() if not path.name.startswith(".")) == [
        "cases.parquet", "report.html", "report.png", "study.json", "timing.parquet", "waveforms", "worst"]


def test_resuming_a_finished_study_runs_nothing(
    swept: tuple[Path, Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    study_file, directory, _ = swept
    before = (directory / store.CASES).read_bytes()
    main(["sweep", str(study_file), "-o", str(directory), "--resume"])
    assert "6 of 6 cases were finished before" in capsys.readouterr().out
    assert (directory / store.CASES).read_bytes() == before


def test_bad_input_is_one_line_and_exit_code_2(
    swept: tuple[Path, Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study_file, directory, _ = swept
    with pytest.raises(SystemExit) as caught:
        main(["sweep", str(study_file), "-o", str(directory)])
    assert caught.value.code == 2 and "--resume to go on with it" in capsys.readouterr().err
    wrong = yaml.safe_load(STUDY)
    wrong["outputs"][1]["channel"] = "port_curent_A"
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(wrong))
    with pytest.raises(SystemExit) as caught:
        main(["sweep", str(tmp_path / "wrong.yaml"), "-o", str(tmp_path / "out"), "--workers", "1"])
    told = capsys.readouterr().err
    assert caught.value.code == 2 and told.count("\n") == 1
    assert "wrong.yaml: outputs.1: no channel port_curent_A: did you mean 'port_current_A'?" in told


def test_a_case_that_cannot_be_run_is_a_row(tmp_path: Path) -> None:
    """A window that starts after the end: legal alone, not in each combination."""
    content = yaml.safe_load(STUDY)
    content.update(method="grid", keep="outputs", worst={}, parameters=[
        {"path": "duration_s", "kind": "choice", "values": [3, 5]},
        {"path": "windows", "kind": "choice", "values": [[], [{"name": "w", "start_s": 4, "duration_s": 0.1}]]}])
    del content["cases"], content["seed"]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(content))
    main(["sweep", str(tmp_path / "s.yaml"), "-o", str(tmp_path / "out"), "--workers", "1"])
    table = pq.read_table(tmp_path / "out" / store.CASES).to_pydict()
    assert [bool(error) for error in table["error"]] == [False, True, False, False]
    assert "windows: w (allowed: windows that start before the end of the run, 3 s)" in table["error"][1]
    assert "windows that start before the end of the run" in (tmp_path / "out" / "report.html").read_text()
