"""The command line: exit codes, one line for bad input, nothing heavy for `--help`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import cosim
from cosim import simulation
from cosim.cli import app as cli
from cosim.errors import InputError, RunFailed
from cosim.paths import ROOT, SCENARIOS
from cosim.result import Result
from cosim.scenario import model as scenario
from cosim.spice.errors import SpiceError
from tests.cosim.cli.called import code_of

GOOD = "name: tiny\nsource: {kind: supply, emf_V: [[0, 13.5]]}\nduration_s: 1\n"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario file, and its folder as the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def no_engine(plausible_result: Result, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Replace the engine by a ready result; gives the fractions that it reported."""
    told: list[float] = []

    def run(self: object, progress: Callable[[float, str], None] | None = None) -> Result:
        assert progress is not None
        progress(0.5, "half [bold] of it")
        told.append(0.5)
        return plausible_result

    monkeypatch.setattr(simulation.Simulation, "run", run)
    monkeypatch.setattr(cli, "compile_first", lambda check: None)  # nothing here needs machine code
    return told


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, started in the repository."""
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("bms-cosim: ") and captured.err.count("\n") == 1
    return captured.err


def test_help_is_quick_and_lists_what_works() -> None:
    probe = (
        "import sys; from cosim.cli.app import main\n"
        "main(['--help'])\n"
        "heavy = {'numpy', 'matplotlib', 'xarray', 'numba', 'PySpice'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = program("-c", probe)
    assert "HEAVY []" in done.stdout
    commands = done.stdout.split("Commands:")[1].split("Examples:")[0].split("\n")
    assert [line.split()[0] for line in commands if line.strip()] == [
        "run", "plot", "export", "validate", "conformance", "compare", "settings", "replay", "readout", "fmu", "sweep",
        "campaign", "serve", "size"]
    assert done.stderr == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("--version") == 0
    assert capsys.readouterr().out == f"bms-cosim {cosim.__version__}\n"


def test_module_is_the_same_command() -> None:
    assert program("-m", "cosim", "--version").stdout == f"bms-cosim {cosim.__version__}\n"


def test_run_writes_and_reports(
    tiny: Path, no_engine: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("run", str(tiny)) == 0
    captured = capsys.readouterr()
    assert no_engine == [0.5]
    assert captured.err == "", "nothing but the report where it is piped"
    for text in ("limiter current, warm fuse", "89.734", "NO", "picture: results/tiny/waveforms.png",
                 "charge balance of the run: relative error 3.5e-07"):
        assert text in captured.out, text
    assert Path("results/tiny/waveforms.png").is_file()
    assert Result.load("results/tiny").summary["scenario"] == "road_hour"


def test_run_takes_an_output_folder(tiny: Path, no_engine: list[float], tmp_path: Path) -> None:
    assert code_of("run", str(tiny), "-o", str(tmp_path / "deep" / "er")) == 0
    assert (tmp_path / "deep" / "er" / "summary.json").is_file()


def test_a_taken_output_is_refused_before_the_work(
    tiny: Path, no_engine: list[float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("run", str(tiny), "-o", str(tmp_path)) == 2
    assert "holds tiny.yaml" in one_line(capsys)
    assert no_engine == []


def test_plot_draws_again(
    plausible_result: Result, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = plausible_result.save(tmp_path / "run")
    picture = folder / "waveforms.png"
    before = picture.read_bytes()
    picture.unlink()
    assert code_of("plot", str(folder)) == 0
    assert picture.read_bytes() == before
    assert capsys.readouterr().out == f"picture: {picture}\n"


@pytest.mark.parametrize(("arguments", "words"), [
    (["run"], "scenario"), (["run", "x.yaml", "--bad"], "--bad"), (["dance"], "dance"),
    (["plot"], "directory"),
    (["run", "absent.yaml"], "absent.yaml"), (["plot", "absent"], "absent: no such folder"),
    (["run", "."], "a folder (allowed: a YAML file"), (["plot", "a", "b"], "b"),
])
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert code_of(*arguments) == 2
    assert words.lower() in one_line(capsys).lower()


@pytest.mark.parametrize(("arguments", "line"), [
    (["run"], "Missing argument 'scenario' (see `bms-cosim run --help`; for example: bms-cosim run scenarios/road_h"),
    (["sweep", "a.yaml"], "Missing option '-o' / '--output' (see `bms-cosim sweep --help`; for example: bms-cosim s"),
    (["campaign", "-n", "x", "-o", "y"], "Invalid value for '-n' / '--cases': "),
    (["rum"], "No such command 'rum'. Did you mean 'run'? (see `bms-cosim --help`; for example: bms-cosim run "),
])
def test_what_is_missing_names_the_commands_help_and_an_example(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(*arguments) == 2
    assert one_line(capsys).startswith(f"bms-cosim: {line}")


@pytest.mark.parametrize(("command", "path", "what"), [
    ("run", "studies/fuse_and_charging.yaml", "this is a study, for `bms-cosim sweep` (allowed: a scenario file"),
    ("run", "systems/van.yaml", "this is a system, for `bms-cosim size` (allowed: a scenario file"),
    ("size", "road_hour.yaml", "this is a scenario, for `bms-cosim run` (allowed: a system file"),
    ("sweep", "road_hour.yaml", "this is a scenario, for `bms-cosim run` (allowed: a study file"),
])
def test_a_file_of_another_kind_says_which_command_takes_it(
    command: str, path: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["-o", str(tmp_path / "out")] if command == "sweep" else []
    assert code_of(command, str(SCENARIOS / path), *more) == 2
    assert what in one_line(capsys)


def test_windows_are_told_in_words_and_only_where_there_are_any() -> None:
    worst = {"charge_relative": 1e-7, "energy_relative": 2e-4, "start_mismatch_A": 0.02, "end_mismatch_A": 0.07}
    assert cli.balance_lines({"windows": [1], "worst_window": {**worst, "failed": 0}}) == [
        "windows, the worst of each: charge balance 1e-07, energy balance 0.0002, current off the slow engine's at the "
        "start 0.02 A, at the end 0.07 A"]
    assert cli.balance_lines({"windows": [1], "worst_window": {**worst, "failed": 2}})[1] == (
        "windows that could not be carried out: 2")
    assert cli.balance_lines({"windows": [], "worst_window": worst}) == []


def test_bad_scenario_names_file_field_and_allowed(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.write_text(GOOD + "tick_s: 7\n")
    assert code_of("run", str(tiny)) == 2
    line = one_line(capsys)
    assert "tiny.yaml" in line and "tick_s" in line and "7" in line and "allowed" in line


@pytest.mark.parametrize(("error", "code", "words"), [
    (InputError("a.yaml", "b.c", 5, "0..1"), 2, "a.yaml: b.c: 5 (allowed: 0..1)"),
    (SpiceError("no convergence\nat node mid"), 1, "no convergence at node mid"),
    (RunFailed("circuit not identified"), 1, "circuit not identified"),
    (KeyboardInterrupt(), 130, "interrupted"),
])
def test_errors_become_exit_codes(
    error: BaseException, code: int, words: str, tiny: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(path: Path) -> None:
        raise error

    monkeypatch.setattr(scenario, "load_scenario", fail)
    assert code_of("run", str(tiny)) == code
    assert words in one_line(capsys)


def test_a_mistake_of_ours_is_not_hidden(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(scenario, "load_scenario", fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(["run", str(tiny)])


@pytest.mark.parametrize(("error", "text"), [
    (InputError("f", "g", 1, "2"), "f: g: 1 (allowed: 2)"),
    (InputError("f", "", "", "2"), "f (allowed: 2)"),
    (InputError("f", "g", "two\nlines", ""), "f: g: two lines"),
    (InputError("f", "g", 0, "1"), "f: g: 0 (allowed: 1)"),
])
def test_input_error_reads_as_one_line(error: InputError, text: str) -> None:
    assert str(error) == text


def test_the_list_of_commands_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """No line of it ends in dots, as click cuts what is too long."""
    assert code_of("--help") == 0
    listed = capsys.readouterr().out.split("Commands:")[1].split("Examples:")[0]
    told = dict(line.split(maxsplit=1) for line in listed.splitlines() if line.strip())
    assert told == cli.IN_A_LINE
