"""Exported windows: the real ngspice program, started on the deck alone, finds what the coupled run recorded."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from cosim.circuit.characteristic import limiter_start
from cosim.circuit.deck import SIGNALS, circuit_text
from cosim.cli import app as cli
from cosim.errors import InputError
from cosim.inputs.drive import build_inputs
from cosim.inputs.signals import Inputs
from cosim.record.export import export_text, recorded_waves, window_name, write_deck
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.slow.commands import nothing
from cosim.slow.loop import observe
from cosim.slow.plant import initial_state, load_parameters
from cosim.slow.sensors import as_measurements
from cosim.spice.deck import SpiceOptions
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision
from cosim.windows.deck import deck_spec
from cosim.windows.policy import WindowRequest
from cosim.windows.recipe import RECIPE, WindowRecipe
from cosim.windows.window import Window

Array = NDArray[np.float64]

needs_program = pytest.mark.skipif(shutil.which("ngspice") is None, reason="the program ngspice is not installed")

TIGHT = SpiceOptions(reltol=1e-5, abstol=1e-6, vntol=1e-6)
"""Both runs choose their own steps; with the default tolerance these differ by 1 % where edges are steep."""
STEP_S = 5e-6
"""Linear interpolation between the points errs by h^2/8 times the curvature: 0.1 A at 20 us while the current rises."""
SUPPLY = {
    "name": "supplied", "duration_s": 8, "bank": {"soc": 0.3},
    "source": {"kind": "supply", "emf_V": [[0, 14.4], [0.55, 14.4], [0.57, 13.9], [5.92, 13.9], [5.94, 13.6]],
               "resistance_ohm": 0.004},
}
VEHICLE = {
    "name": "cranked", "bank": {"soc": 0.5}, "source": {"kind": "vehicle", "load_A": 20, "parked_load_A": 5},
    "drive": {"segments": [{"kind": "off", "duration_s": 0.55}, {"kind": "crank", "duration_s": 1.0},
                           {"kind": "idle", "duration_s": 1.0}]},
}
START = 4
"""First tick of every window here; the start delay of the supervisor ends at tick 5, inside it."""


def run_window(session: SpiceSession, content: Mapping[str, Any], kind: str, enabled: bool = False) -> xr.Dataset:
    """Waveforms of a window of two ticks in fine steps; `enabled` from before it on, or as the supervisor says."""
    scenario = parse_scenario(content)
    inputs, _ = build_inputs(scenario)
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    measured = first_measurements(inputs, state, p)
    supervision = Supervision.begin(scenario.supervisor_settings, as_measurements(measured, 4), 100)
    for tick in range(START, 60 if enabled else START + 1):
        carrying = measured.copy()  # a port that is on without current would be found stuck off
        carrying[1] = supervision.commands.sense_reference_V if supervision.commands.alternator_enable else 0.0
        supervision = supervision.stepped(tick, as_measurements(carrying, 4))
    start = supervision.last_tick
    assert supervision.commands.alternator_enable is enabled
    spec = deck_spec(f"{scenario.name} {kind}", "alternator_path", {}, state, p, 0.3e-6, 0.0)
    request = WindowRequest(kind, "test", start, 2, 2, max_step_s=STEP_S, options=TIGHT)
    return Window(request, state, supervision, supervision.commands, inputs, 0.1, spec, p).run(session).dataset


def first_measurements(inputs: Inputs, state: object, p: object) -> Array:
    _, measured = observe(state, inputs.sampled(np.array([0.0]))[0], nothing(), 0.0, p)  # type: ignore[arg-type]
    return np.asarray(measured)


@pytest.fixture(scope="module")
def saved(spice: SpiceSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result directory with an enable window, a crank window and one whose path was on before it began."""
    windows = {
        "000_enable": run_window(spice, SUPPLY, "enable"),
        "001_crank": run_window(spice, VEHICLE, "crank"),
        "002_running": run_window(spice, SUPPLY, "running", enabled=True),
    }
    slow = xr.Dataset({"soc": ("time_s", np.array([0.3]))}, {"time_s": np.array([0.0])})
    result = Result(slow, windows, [], {"scenario": "made for the test"}, circuit_text("alternator_path"))
    return result.save(tmp_path_factory.mktemp("export") / "result", picture=False)


def exported(saved: Path, window: str, deck: Path, *options: str) -> Path:
    """Write a deck by the command itself."""
    cli.main(["export", str(saved), window, "-o", str(deck), *options])
    return deck


def ngspice(deck: Path, *options: str) -> str:
    """Run the program on a deck in the deck's folder; gives what it printed."""
    command = ["ngspice", "-b", *options, deck.name]
    done = subprocess.run(command, cwd=deck.parent, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def raw_waves(path: Path) -> dict[str, Array]:
    """Vectors of ngspice's binary raw file."""
    head, _, data = path.read_bytes().partition(b"Binary:\n")
    lines = head.decode().splitlines()
    variables, points = (
        next(int(line.split(":")[1]) for line in lines if line.startswith(key))
        for key in ("No. Variables", "No. Points")
    )
    first = lines.index("Variables:") + 1
    names = [line.split()[1] for line in lines[first : first + variables]]
    return dict(zip(names, np.frombuffer(data, dtype=np.float64).reshape(points, variables).T, strict=True))


@needs_program
@pytest.mark.parametrize("window", ["000_enable", "001_crank", "002_running"])
@pytest.mark.parametrize("options", [(), ("--native",)], ids=["recorded", "native"])
def test_the_program_reproduces_the_window(saved: Path, tmp_path: Path, window: str, options: tuple[str, ...]) -> None:
    """Currents within 0.1 % of their range on a grid finer than both runs'."""
    deck = exported(saved, window, tmp_path / "window.cir", *options)
    ngspice(deck, "-r", "window.raw")
    plain = raw_waves(tmp_path / "window.raw")
    dataset = Result.load(saved).windows[window]
    recorded, recipe = recorded_waves(dataset), WindowRecipe.from_json(dataset.attrs[RECIPE])
    time_s = dataset.time_s.values + recipe.preroll_s
    grid = np.arange(time_s[0], time_s[-1], 1e-6)
    for name in ("port_current_A", "battery_current_A", "starter_battery_current_A"):
        here = np.interp(grid, time_s, recorded[name])
        error = np.abs(np.interp(grid, plain["time"], plain[SIGNALS[name]]) - here).max()
        assert error < 1e-3 * np.ptp(here), name
    assert np.ptp(recorded["starter_battery_current_A"]) > 20.0


@needs_program
def test_the_program_alone_prints_the_recorded_figures(saved: Path, tmp_path: Path) -> None:
    """`ngspice -b FILE` without anything else runs, and its figures are those in the deck's head."""
    deck = exported(saved, "enable", tmp_path / "window.cir")
    printed = {line.split("=")[0].strip(): float(line.split("=")[1].split()[0])
               for line in ngspice(deck).splitlines() if line.startswith("port_current_a_")}
    words = next(line for line in deck.read_text().splitlines() if line.startswith("*   port_current_A")).split()[2:]
    told = {f"port_current_a_{label}": float(value) for label, value in zip(words[::2], words[1::2], strict=True)}
    assert printed.keys() == told.keys() and len(told) == 4
    for name, value in told.items():
        assert printed[name] == pytest.approx(value, abs=1e-3 * told["port_current_a_max"]), name


def test_the_deck_is_self_contained_and_says_where_it_comes_from(saved: Path, tmp_path: Path) -> None:
    text = exported(saved, "crank", tmp_path / "window.cir").read_text()
    assert "external" not in [line.split()[3] for line in text.splitlines() if len(line.split()) == 4]
    lines = text.lower().splitlines()
    assert not [line for line in lines if line.startswith((".include", ".lib", ".control"))]
    assert [line for line in lines if line.startswith((".options", ".tran", ".end"))][-1] == ".end"
    for told in ("001_crank", "made for the test", "sha256", "ngspice -b", "thermal", "0.4 s to 0.6 s"):
        assert told in text.split("* recorded")[0], told
    assert max(map(len, text.split("* devices.lib")[0].splitlines())) <= 120


def test_a_result_keeps_its_own_netlists(saved: Path) -> None:
    """Netlists change; an old window is exported as it ran."""
    result = Result.load(saved)
    result.circuit_text = result.circuit_text.replace(".model N80 VDMOS", "* marked\n.model N80 VDMOS")
    assert "* marked\n" in export_text(result, "000_enable")


def test_export_twice_is_the_same_and_the_recipe_survives(saved: Path) -> None:
    result = Result.load(saved)
    assert export_text(result, "enable") == export_text(Result.load(saved), "000_enable")
    for window in result.windows.values():
        assert WindowRecipe.from_json(window.attrs[RECIPE]).as_json() == window.attrs[RECIPE]
    with xr.open_datatree(saved / "result.nc", engine="netcdf4") as tree:
        assert tree.attrs["circuit_text"] == result.circuit_text


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command says about bad input: one line, exit code 2."""
    with pytest.raises(SystemExit) as stop:
        cli.main(["export", *arguments])
    captured = capsys.readouterr()
    assert stop.value.code == 2 and captured.out == "" and captured.err.count("\n") == 1
    return captured.err


def test_bad_input_is_told_in_one_line(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deck = tmp_path / "x.cir"
    unknown = complaint(capsys, str(saved), "stop", "-o", str(deck))
    assert "no such window" in unknown and "000_enable, 001_crank, 002_running" in unknown
    assert "no such folder" in complaint(capsys, str(tmp_path / "none"), "enable", "-o", str(deck))
    assert "output" in complaint(capsys, str(saved), "enable")
    assert "is a folder" in complaint(capsys, str(saved), "enable", "-o", str(tmp_path))
    assert "No such file" in complaint(capsys, str(saved), "enable", "-o", str(tmp_path / "none" / "x.cir"))
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_old_deck(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deck = tmp_path / "x.cir"
    deck.write_text("old")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(InputError, match="No space left"):
        write_deck(deck, "new")
    assert deck.read_text() == "old" and list(tmp_path.iterdir()) == [deck]


def test_windows_are_found_by_name_or_by_a_kind_that_is_unique(plausible_result: Result) -> None:
    assert window_name(plausible_result, "001_enable") == window_name(plausible_result, "enable") == "001_enable"
    plausible_result.windows["004_enable"] = plausible_result.windows["001_enable"]
    with pytest.raises(InputError, match=r"2 windows of this kind.*001_enable, 004_enable"):
        window_name(plausible_result, "enable")
    plausible_result.windows.clear()
    with pytest.raises(InputError, match="has no windows"):
        window_name(plausible_result, "enable")


def test_a_result_without_recipes_says_so(plausible_result: Result) -> None:
    with pytest.raises(InputError, match="run the scenario again"):
        export_text(plausible_result, "enable")


@pytest.mark.parametrize("recipe", ["", "[1]", '{"spec": {}}', "null"])
def test_a_damaged_recipe_says_so(saved: Path, recipe: str) -> None:
    result = Result.load(saved)
    result.windows["000_enable"].attrs[RECIPE] = recipe
    with pytest.raises(InputError, match="run the scenario again"):
        export_text(result, "enable")


def test_a_hostile_result_is_refused(saved: Path) -> None:
    """What a stranger's result holds must not become commands of the ngspice that runs the deck."""
    result = Result.load(saved)
    result.circuit_text += "\n.control\nshell id\n.endc\n"
    with pytest.raises(InputError, match=r"\.control"):
        export_text(result, "enable")
    result = Result.load(saved)
    result.windows["000_enable"].attrs["reason"] = "x\n.control\nshell id\n.endc"
    assert not [line for line in export_text(result, "enable").splitlines() if line.startswith((".control", "shell"))]
