"""Test vectors of a shipped scenario through the unit with FMPy: every command to the last bit."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pythonfmu", reason="the extra `fmi` is not installed")
pytest.importorskip("fmpy", reason="the extra `fmi` is not installed")

from cosim.fmu.build import build_fmu
from cosim.fmu.replay import differences, input_signals, simulated, start_values, unit_name
from cosim.paths import SCENARIOS
from cosim.result import VECTORS
from cosim.scenario import load_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.supervisor.listening import listening
from cosim.supervisor.vectors_file import read_settings

Rows = list[dict[str, str]]
UNTIL_S = 150.0
"""Enough of the scenario for source, charging and remote terminals in several states."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, spice: SpiceSession) -> tuple[Path, Rows]:
    """A unit built from the settings of a run of `remote_functions`, and what the run's supervisor did."""
    folder = tmp_path_factory.mktemp("fmu") / "run"
    scenario = load_scenario(SCENARIOS / "remote_functions.yaml", {"duration_s": UNTIL_S})
    with listening(scenario, folder, vectors=True) as listener:
        assert listener is not None
        result = Simulation(scenario, session=spice, listener=listener, windows=False).run()
        result.save(folder, picture=False, attached=listener.files)
    fmu = folder.parent / "unit.fmu"
    build_fmu(fmu, read_settings((folder / VECTORS).with_suffix(".json")))
    with (folder / VECTORS).open(newline="") as stream:
        return fmu, list(csv.DictReader(stream))


def test_the_unit_gives_every_recorded_command(recorded: tuple[Path, Rows]) -> None:
    fmu, rows = recorded
    found = simulated(fmu, rows)
    assert differences(rows, found) == []
    shared = [name for name in found.dtype.names or () if name in rows[0]]
    assert len(shared) == 18, "twelve commands and six lights"
    assert len(rows) > 30 and len({row["alternator_enable"] for row in rows}) == 2
    assert len({row["sense_reference_V"] for row in rows}) > 10
    assert len(found) == round(float(rows[-1]["time_s"]) * 10) + 2


def test_a_later_start_is_seen_when_it_is_due(recorded: tuple[Path, Rows]) -> None:
    """`start_delay_ms` 500 to 900: from the recorded start on, for 0.4 s, the path is not enabled; nothing before."""
    fmu, rows = recorded
    started_s = next(float(row["time_s"]) for row in rows if row["alternator_enable"] == "1")
    found = simulated(fmu, rows, {"firmware.start_delay_ms": 900})
    assert found["time"][found["alternator_enable"]][0] == pytest.approx(started_s + 0.4 + 0.1)
    different = differences(rows, found)
    first = min(item.time_s for item in different)
    assert first == started_s
    named = {item.name for item in different if item.time_s == first}
    assert {"alternator_enable", "led_alternator_charging"} <= named


def test_another_fuse_has_another_limit_from_the_first_tick_on(recorded: tuple[Path, Rows]) -> None:
    fmu, rows = recorded
    found = simulated(fmu, rows, {"fuse_rating_A": 60})
    first = differences(rows, found)[0]
    assert (first.time_s, first.name, first.expected, first.got) == (0.0, "current_limit_A", 90.0, 54.0)


def test_rows_are_held_on_the_grid_of_the_tick() -> None:
    def row(dt_ms: int, volts: str) -> dict[str, str]:
        blank = {name: "" for name in ("system_voltage_V", "battery_current_A", "remote_L_V", "remote_H_V")}
        return {"dt_ms": str(dt_ms), "input_voltage_V": volts, "system_current_A": "-1.5", "hardware_latch": "1",
                "cell_voltage_V[0]": "3.3", **blank}

    rows = [row(0, "12.5"), row(300, "nan"), row(100, "14.0")]
    found = input_signals(rows)
    assert found.dtype.names == ("time", "input_voltage_V", "system_current_A", "hardware_latch", "cell_voltage_V[1]")
    assert list(found["time"]) == [0.0, 0.1, 0.2, 3 * 0.1, 0.4]
    np.testing.assert_array_equal(found["input_voltage_V"], [12.5, 12.5, 12.5, np.nan, 14.0])
    assert start_values(rows) == {"fitted.system_current_A": True, "fitted.hardware_latch": True}
    assert unit_name("cell_temperature_degC[7]") == "cell_temperature_degC[8]" and unit_name("dt_ms") == "dt_ms"
    with pytest.raises(ValueError, match="beside the grid of 100 ms"):
        input_signals([*rows, row(150, "14.0")])
