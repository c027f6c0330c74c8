"""The file in FMPy, call by call: instances, reset, saved states, what is refused; a process without the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pythonfmu", reason="the extra `fmi` is not installed")
pytest.importorskip("fmpy", reason="the extra `fmi` is not installed")

from fmpy import extract, read_model_description, simulate_fmu
from fmpy.fmi1 import FMICallException
from fmpy.fmi2 import FMU2Slave, fmi2CallbackFunctions, fmi2CallbackLoggerTYPE

import bms
from cosim.fmu.build import build_fmu

WATCHED = ("alternator_enable", "load_output")


class Host:
    """One instance, by names of variables."""

    def __init__(self, folder: Path, description: Any, name: str, lines: list[tuple[str, str]]) -> None:
        self.variables = {v.name: v for v in description.modelVariables}
        self.fmu = FMU2Slave(
            guid=description.guid, unzipDirectory=str(folder), instanceName=name,
            modelIdentifier=description.coSimulation.modelIdentifier,
        )

        def log(environment: object, instance: bytes, status: int, category: bytes, message: bytes) -> None:
            lines.append((("ok", "warning", "discard", "error", "fatal")[status], message.decode()))

        self.calls = fmi2CallbackFunctions()
        self.calls.logger = fmi2CallbackLoggerTYPE(log)
        self.fmu.instantiate(callbacks=self.calls, loggingOn=True)

    def begin(self, start_s: float = 0.0, **values: float) -> Host:
        self.fmu.setupExperiment(startTime=start_s)
        self.fmu.enterInitializationMode()
        self.set(**values)
        self.fmu.exitInitializationMode()
        return self

    def set(self, **values: float) -> None:
        for name, value in values.items():
            kind = {"Real": "Real", "Boolean": "Boolean"}.get(self.variables[name].type, "Integer")
            getattr(self.fmu, f"set{kind}")([self.variables[name].valueReference], [value])

    def get(self, name: str) -> float:
        kind = {"Real": "Real", "Boolean": "Boolean"}.get(self.variables[name].type, "Integer")
        return float(getattr(self.fmu, f"get{kind}")([self.variables[name].valueReference])[0])

    def outputs(self) -> dict[str, float]:
        return {name: self.get(name) for name, v in self.variables.items() if v.causality == "output"}

    def run(self, first: int, last: int) -> list[dict[str, float]]:
        found = []
        for tick in range(first, last):
            self.fmu.doStep(tick * 0.1, 0.1)
            found.append(self.outputs())
        return found


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("unit") / "unit.fmu"
    build_fmu(path, bms.Settings())
    return path


@pytest.fixture
def lines() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def make(unit: Path, lines: list[tuple[str, str]]) -> Iterator[Any]:
    folder = Path(extract(str(unit)))
    description = read_model_description(str(unit))
    yield lambda name="one": Host(folder, description, name, lines)
    shutil.rmtree(folder)


def test_two_instances_at_once_know_nothing_of_each_other(make: Any) -> None:
    alone = make().begin(input_voltage_V=14.0).run(0, 12)
    one, two = make("one").begin(input_voltage_V=14.0), make("two").begin(fuse_rating_A=40)
    mixed = [(one.run(k, k + 1)[0], two.run(k, k + 1)[0]) for k in range(12)]
    assert [first for first, _ in mixed] == alone
    assert alone[-1]["current_limit_A"] == 90.0 and alone[-1]["alternator_mode"] == 2.0
    assert mixed[-1][1]["current_limit_A"] == 36.0 and mixed[-1][1]["alternator_mode"] == 1.0


def test_reset_is_a_new_power_up_with_the_start_values(make: Any) -> None:
    host = make().begin(fuse_rating_A=40, input_voltage_V=14.0)
    first = host.run(0, 10)
    host.fmu.reset()
    assert host.get("fuse_rating_A") == 100 and host.get("load_output") == 0.0
    assert host.begin(fuse_rating_A=40, input_voltage_V=14.0).run(0, 10) == first
    assert first[-1]["alternator_enable"] == 1.0


def test_a_saved_state_goes_on_equal_also_as_bytes_and_in_another_instance(make: Any) -> None:
    host, other = make("one").begin(input_voltage_V=14.0), make("two").begin()
    host.run(0, 7)
    state = host.fmu.getFMUState()
    data = host.fmu.serializeFMUState(state)
    expected = host.run(7, 40)
    assert expected[0]["alternator_enable"] == 1.0
    host.set(input_voltage_V=9.0)
    host.run(40, 50)
    assert host.get("alternator_enable") == 0.0
    host.fmu.setFMUState(state)
    assert host.run(7, 40) == expected
    host.fmu.freeFMUState(state)
    again = other.fmu.deserializeFMUState(data)
    other.fmu.setFMUState(again)
    assert other.run(7, 40) == expected


@pytest.mark.parametrize(("values", "told"), [
    ({"fuse_rating_A": 70}, "fuse_rating_A: 70 is not allowed; allowed: 40, 60, 80, 100, 125 A"),
    ({"firmware.start_V": 11.0}, "firmware.start_V: 11.0 is not allowed; allowed: number 12..15 V"),
    ({"tick_ms": 7}, "tick_ms: 7 is not allowed; allowed: a whole number of ms that divides firmware.sample_period_ms "
                     "(1000)"),
])
def test_a_wrong_parameter_is_refused_in_one_line(
    values: dict[str, float], told: str, make: Any, lines: list[tuple[str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    host = make("boat")
    with pytest.raises(FMICallException, match="fmi2ExitInitializationMode failed with status 4"):
        host.begin(**values)
    assert [text for status, text in lines if status == "error"] == [told]
    assert capfd.readouterr().err == f"boat: {told}\n"
    host.fmu.fmi2FreeInstance(host.fmu.component)  # as tools do; the next instance works
    assert make().begin(input_voltage_V=14.0).run(0, 9)[-1]["alternator_enable"] == 1.0


def test_a_step_that_does_not_follow_is_refused(make: Any, lines: list[tuple[str, str]]) -> None:
    host = make().begin()
    host.run(0, 3)
    with pytest.raises(FMICallException, match="fmi2DoStep failed with status 4"):
        host.fmu.doStep(0.5, 0.1)
    allowed = "steps without gap or overlap, or a state that was set before"
    assert ("error", f"step from 0.5 s, but the unit is at 0.3 s; allowed: {allowed}") in lines


def test_events_and_warnings_are_in_the_log(make: Any, lines: list[tuple[str, str]]) -> None:
    host = make().begin(input_voltage_V=14.0, system_current_A=-3.0)
    host.run(0, 8)
    assert lines == [
        ("warning", "system_current_A is set but not looked at: fitted.system_current_A is false"),
        ("ok", "t = 0.5 s: alternator charging (source above start voltage: input_voltage_V=14)"),
    ]


@pytest.mark.parametrize(("interval_s", "shown_s"), [(0.03, 8.91), (0.1, 9.0), (1.0, 10.0)])
def test_steps_of_any_length_in_fmpys_own_loop(unit: Path, interval_s: float, shown_s: float) -> None:
    """13 V are passed at 5 + 10/3 s: the tick at 8.4 s sees it, that at 8.9 s puts the path on, the end of its step
    shows it. Steps of 1 s bring the reading at 9 s: on at 9.5 s."""
    ramp = np.array([(0.0, 12.5), (5.0, 12.5), (20.0, 14.75)], dtype=[("time", "f8"), ("input_voltage_V", "f8")])
    found = simulate_fmu(str(unit), input=ramp, stop_time=12.0, output_interval=interval_s, output=list(WATCHED))
    on_s = found["time"][found["alternator_enable"]][0]
    assert on_s == pytest.approx(shown_s, abs=1e-9)
    assert not found["load_output"][0] and found["load_output"][1:].all()


ALONE = """
import sys
sys.modules["bms"] = sys.modules["cosim"] = None  # an import of the project's own would fail
from fmpy import simulate_fmu
for start_s in (0.0, 100.0):
    found = simulate_fmu(sys.argv[1], start_time=start_s, stop_time=start_s + 1.0, output_interval=0.1,
                         start_values={"input_voltage_V": 14.0}, output=["alternator_enable"])
    print([round(float(t), 1) for t in found["time"][found["alternator_enable"]]])
names = {name.split(".")[0] for name in sys.modules}
print(sorted(name for name in names if name.startswith("bms_unit")) != [], "numba" in names)
"""


def elsewhere(script: str, unit: Path, folder: Path) -> list[str]:
    """What a script prints in a process of its own, in another folder, with freed memory overwritten."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(unit)], cwd=folder, env={**environment, "PYTHONMALLOC": "debug"},
        capture_output=True, text=True, check=False, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_process_without_the_project_in_another_folder(unit: Path, tmp_path: Path) -> None:
    assert elsewhere(ALONE, unit, tmp_path) == [
        "[0.6, 0.7, 0.8, 0.9, 1.0]", "[100.6, 100.7, 100.8, 100.9, 101.0]", "True False"]


REFUSED = """
import gc, sys
from fmpy import extract, read_model_description
from fmpy.fmi1 import FMICallException
from fmpy.fmi2 import FMU2Slave
folder, description = extract(sys.argv[1]), read_model_description(sys.argv[1])
fuse = next(v.valueReference for v in description.modelVariables if v.name == "fuse_rating_A")
for rating_A in (70, 71, 72, 60):
    unit = FMU2Slave(guid=description.guid, unzipDirectory=folder, instanceName="unit",
                     modelIdentifier=description.coSimulation.modelIdentifier)
    unit.instantiate()
    unit.setupExperiment(startTime=0.0)
    unit.enterInitializationMode()
    unit.setInteger([fuse], [rating_A])
    try:
        unit.exitInitializationMode()
        print(rating_A, "taken")
    except FMICallException as error:
        print(rating_A, error)
    gc.collect()
    unit.fmi2FreeInstance(unit.component)
    gc.collect()
"""


def test_a_tool_that_frees_a_refused_instance_lives_on(unit: Path, tmp_path: Path) -> None:
    """The binary gives up its references twice; without one more of each this is a segmentation fault."""
    told = "fmi2ExitInitializationMode failed with status 4 (fatal)."
    assert elsewhere(REFUSED, unit, tmp_path) == [f"70 {told}", f"71 {told}", f"72 {told}", "60 taken"]
