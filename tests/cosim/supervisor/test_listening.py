"""A real run that is listened to: nothing changes, its vectors replay, its stream decodes, no key is left about."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bms
from bms.readout import keys_from_seed
from cosim.errors import InputError
from cosim.result import Result
from cosim.scenario.model import Scenario, parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.supervisor import vectors_file
from cosim.supervisor.listening import listening
from cosim.supervisor.readout_file import decoded

CONTENT: dict[str, Any] = {
    "name": "heard", "duration_s": 9.0, "variant": "12-200 NG", "seed": 5,
    "settings": {"instant_readout": True, "fuse_rating_A": 60, "firmware": {"start_delay_ms": 700}},
    "bank": {"batteries": 2, "soc": 0.4},
    "source": {"kind": "supply", "emf_V": [[0.0, 12.0], [2.0, 12.0], [2.1, 13.6], [5.0, 13.6], [7.0, 14.2]],
               "resistance_ohm": 0.02},
    "windows": [{"name": "asked", "start_s": 5.5, "duration_s": 1.0}],
    "readout": {"period_s": 3},
}


def run(scenario: Scenario, target: Path, spice: SpiceSession, vectors: bool = True) -> Result:
    with listening(scenario, target, vectors=vectors) as listener:
        assert listener is not None
        result = Simulation(scenario, session=spice, listener=listener).run()
        spool = [p.name for p in target.parent.iterdir() if p.name.endswith(".spool")]
        assert spool == [f".{target.name}.{os.getpid()}.spool"], "it grows beside the result while the run goes on"
        result.save(target, picture=False, attached=listener.files)
    assert sorted(p.name for p in target.parent.iterdir()) == [target.name]
    return result


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory, spice: SpiceSession) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("heard") / "out"
    return folder, run(parse_scenario(CONTENT), folder, spice)


def test_listening_changes_nothing(heard: tuple[Path, Result], spice: SpiceSession) -> None:
    _, result = heard
    alone = Simulation(parse_scenario(CONTENT), session=spice).run()
    assert alone.events == result.events
    assert alone.slow.equals(result.slow)
    assert all(window.equals(result.windows[name]) for name, window in alone.windows.items())


def test_every_call_is_a_row_also_inside_windows_and_replays(heard: tuple[Path, Result]) -> None:
    folder, result = heard
    table = folder / "vectors.csv"
    settings = vectors_file.read_settings(folder / "vectors.json")
    assert settings == parse_scenario(CONTENT).supervisor_settings and settings.firmware.start_delay_ms == 700
    replayed = vectors_file.replay(table, settings)
    assert (replayed.different, replayed.rows) == (0, len(table.read_text().splitlines()) - 1)
    lines = [line.split(",") for line in table.read_text().splitlines()]
    times = [float(line[0]) for line in lines[1:]]
    assert times[0] == 0.0 and np.all(np.diff(times) > 0.0)
    spans = [(w.attrs["start_s"], w.attrs["end_s"]) for w in result.windows.values() if "asked" in w.attrs["name"]]
    assert spans and any(start < t < end for t in times for start, end in spans), "calls inside the window"
    switched = [float(line[0]) for line in lines[1:] if "alternator charging" in line[-1]]
    logged = [e.time_s for e in result.events if e.event == "alternator charging"]
    assert switched == logged and len(logged) == 1


def test_a_firmware_that_is_slower_is_found(heard: tuple[Path, Result]) -> None:
    folder, _ = heard
    slower = bms.Settings.from_mapping(
        {**CONTENT["settings"], "variant": "12-200 NG", "battery_count": 2, "firmware": {"start_delay_ms": 900}}
    )
    found = vectors_file.replay(folder / "vectors.csv", slower)
    assert found.different > 0 and found.first[0].difference.column == "alternator_enable"


def test_the_stream_is_what_the_record_says(heard: tuple[Path, Result]) -> None:
    folder, result = heard
    shown = list(decoded(folder, keys_from_seed(5, 2)))
    times = [s.time_s for s in shown if s.battery == 0]
    assert len(shown) == 2 * len(times) and times[:2] == [0.0, 3.0]
    assert len(times) == 4 and np.all(np.diff(times) > 1.0)
    for s in shown:
        here = result.slow.sel(time_s=min(round(s.time_s), 8))
        low = here["each_cell_low_V"].values[s.battery]
        assert all(cell is not None and abs(cell - low) < 0.05 for cell in s.cell_voltage_V)
        assert "charge allowed" in s.flags and s.temperature_degC == 25


def test_no_key_is_left_anywhere(heard: tuple[Path, Result]) -> None:
    folder, _ = heard
    whole = b"".join(path.read_bytes() for path in folder.iterdir())
    for key in keys_from_seed(5, 2):
        parts = [key.key[i : i + 4] for i in range(13)]
        assert not [part for part in parts if part.hex().encode() in whole.lower() or part in whole]
    assert "seed" not in json.loads((folder / "summary.json").read_text())


def test_a_run_in_one_transient_is_heard_too(tmp_path: Path, spice: SpiceSession) -> None:
    content = {**CONTENT, "engine": "continuous", "duration_s": 4.0, "windows": [], "readout": {"period_s": 1}}
    run(parse_scenario(content), tmp_path / "out", spice)
    settings = vectors_file.read_settings(tmp_path / "out" / "vectors.json")
    replayed = vectors_file.replay(tmp_path / "out" / "vectors.csv", settings)
    assert replayed.different == 0 and replayed.rows >= 3
    assert next(decoded(tmp_path / "out", keys_from_seed(5, 2))).time_s == 0.0


def test_a_failed_run_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with listening(parse_scenario(CONTENT), tmp_path / "deep" / "out", vectors=True):
            assert list((tmp_path / "deep").iterdir())
            raise RuntimeError("the engine broke")

    with pytest.raises(RuntimeError, match="the engine broke"):
        fail()
    assert list((tmp_path / "deep").iterdir()) == []


def test_what_a_killed_run_left_goes_with_the_next_result(tmp_path: Path, plausible_result: Result) -> None:
    dead = tmp_path / ".out.4194305.spool"  # beyond the largest process number of Linux
    dead.mkdir()
    (dead / "vectors.csv").write_text("half")
    plausible_result.save(tmp_path / "out", picture=False)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_nobody_wants_to_hear(tmp_path: Path) -> None:
    quiet = parse_scenario({**{k: v for k, v in CONTENT.items() if k != "readout"}, "settings": {}})
    with listening(quiet, tmp_path / "out", vectors=False) as listener:
        assert listener is None and list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="a folder that can be written"),
        listening(parse_scenario(CONTENT), tmp_path / "file" / "out", vectors=True),
    ):
        pass
