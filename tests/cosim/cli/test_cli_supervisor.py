"""Settings on the command line, and help that teaches."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from cosim.cli import app as cli
from cosim.paths import ROOT
from tests.cosim.cli.called import code_of

COMMANDS = [
    "run", "plot", "export", "validate", "conformance", "compare", "settings", "replay", "readout", "fmu", "sweep",
    "campaign", "size", "serve",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_gives_examples_that_exist_and_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(command, "--help") == 0
    told = capsys.readouterr().out
    assert "Example" in told and "Exit codes: 0" in told and "2 " in told.split("Exit codes:")[1]
    examples = re.findall(r"^ +(bms-cosim .*?)(?:   .*)?$", told, re.MULTILINE)
    assert any(words.split()[1] == command for words in examples)
    check_examples(examples)


def check_examples(examples: list[str]) -> None:
    """Commands, options and shipped files of examples must exist."""
    group = get_command(cli.app)
    for example in examples:
        _, name, *words = shlex.split(example.split("&&")[0])
        known = {o for p in group.commands[name].params for o in p.opts}  # type: ignore[attr-defined]
        assert {word for word in words if word.startswith("-")} <= known, example
        for word in words:
            if word.startswith("scenarios/"):
                assert (ROOT / word).is_file(), word


def test_commands_in_the_document_exist() -> None:
    text = (ROOT / "docs" / "supervisor.md").read_text(encoding="utf-8")
    examples = re.findall(r"^    (bms-cosim .*?)(?: +#.*)?$", text, re.MULTILINE)
    examples += re.findall(r"`(bms-cosim [^`]*)`", text)
    assert {example.split()[1] for example in examples} == {"run", "settings", "replay", "readout"}
    check_examples(examples)


def test_every_command_is_tried_above() -> None:
    assert sorted(get_command(cli.app).commands) == sorted(COMMANDS)  # type: ignore[attr-defined]
    assert isinstance(cli.app, typer.Typer)


def row_of(text: str, name: str) -> list[str]:
    found = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    assert len(found) == 1, name
    return re.split(r" {2,}", found[0])


def test_settings_of_both_variants(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("settings") == 0
    standard = capsys.readouterr().out
    assert code_of("settings", "--variant", "12-200 NG") == 0
    ng = capsys.readouterr().out
    assert row_of(standard, "battery_count")[2] == "whole number 1..10 (12-200)"
    assert row_of(ng, "battery_count")[2] == "whole number 1..50 (12-200 NG)"
    assert "ports: 12-200 NG only" in row_of(standard, "remote_function")[2]
    assert row_of(ng, "remote_function")[2] == "alternator, system, ports"
    assert row_of(ng, "firmware.start_V") == ["firmware.start_V", "13", "V", "number 12..15 V", "datasheet A1"]
    assert row_of(ng, "current_limit_A") == ["current_limit_A", "90", "A"]
    assert "default" not in standard + ng.replace("differs", "")


def test_settings_of_a_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(
        "name: a\nsource: {kind: supply, emf_V: [[0, 13]]}\nduration_s: 1\nvariant: 12-200 NG\n"
        "settings: {fuse_rating_A: 125, remote_function: ports, battery_thresholds: [{pre_alarm_V: 3.0}]}\n"
    )
    assert code_of("settings", str(file), "--changed") == 0
    told = capsys.readouterr().out
    settings, limits = told.split("\n\n")
    assert [line.split()[0] for line in settings.splitlines()[2:]] == [
        "fuse_rating_A", "remote_function", "battery_thresholds[0].pre_alarm_V"]
    assert row_of(told, "fuse_rating_A")[-1] == "default 100"
    assert row_of(limits, "current_limit_A")[1] == "100", "0.9 x 125 A, but at most 100 A"
    assert row_of(limits, "battery_thresholds[0].pre_alarm_V")[1] == "3"
    assert code_of("settings", "--changed") == 0
    assert "none\n" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "expected"), [
    (["--variant", "12-300"], "--variant: 12-300 (allowed: 12-200, 12-200 NG)"),
    (["nowhere.yaml"], "nowhere.yaml"),
    (["a.yaml", "--variant", "12-200"], "left out: a.yaml says"),
])
def test_bad_input(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("settings", *arguments) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1 and expected in told.err
