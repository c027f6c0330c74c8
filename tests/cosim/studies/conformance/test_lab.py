"""Changed designs: netlists, parameters, settings and plant really change, and what hits nothing is refused."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from cosim.circuit.deck import circuit_text, parameter_names
from cosim.errors import InputError
from cosim.paths import NETLISTS, NETLISTS_VARIABLE, netlists_folder
from cosim.spice.session import SpiceSession
from cosim.studies.conformance.entry import Changes, Corner
from cosim.studies.conformance.lab import (
    Lab,
    changed_scenario,
    netlists_key,
    one_at_a_time,
    write_changed_netlists,
)

SUPPLY = {"kind": "supply", "emf_V": [[0, 13.6]], "resistance_ohm": 0.004}


def test_changed_netlists_stand_in_a_folder_of_their_own(tmp_path: Path) -> None:
    before = netlists_key()
    write_changed_netlists(tmp_path, Changes(
        circuits={"alternator_path": {"v1": -20.0}}, text={"devices.lib": ((".model N100", ".model  N100"),)}))
    assert "v1=-20.0" in (tmp_path / "alternator_path.cir").read_text(encoding="utf-8")
    assert ".model  N100" in (tmp_path / "devices.lib").read_text(encoding="utf-8")
    assert (tmp_path / "pulses" / "iso7637.cir").is_file()
    assert netlists_key() == before


def test_a_text_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no 'nothing like this'"):
        write_changed_netlists(tmp_path, Changes(text={"devices.lib": (("nothing like this", ""),)}))


def test_changes_hold_inside_and_are_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NETLISTS_VARIABLE, raising=False)
    lab, shipped = Lab(), netlists_key()
    with lab.applied(Changes(circuits={"alternator_path": {"vov": 21.0}})):
        assert netlists_folder() != NETLISTS
        assert "vov=21.0" in circuit_text("alternator_path")
        assert "vov" in parameter_names("alternator_path")
        assert netlists_key() != shipped
        with lab.applied(Changes()):
            assert netlists_folder() != NETLISTS
    assert netlists_folder() == NETLISTS and NETLISTS_VARIABLE not in os.environ
    with pytest.raises(RuntimeError), lab.applied(Changes(circuits={"alternator_path": {"vov": 21.0}})):
        raise RuntimeError
    assert netlists_folder() == NETLISTS


def test_an_included_netlist_is_the_changed_one(spice: SpiceSession) -> None:
    deck = "* included\n.include plant.cir\nvs a 0 1\nx1 a b cable r=1 l=1n\nrl b 0 1\n"
    text = (NETLISTS / "plant.cir").read_text(encoding="utf-8")
    start = text.index(".subckt cable")
    line = next(part for part in text[start:].splitlines() if "{r}" in part)
    assert spice.operating_point(deck)["v(b)"] == pytest.approx(0.5, abs=1e-6)
    with Lab().applied(Changes(text={"plant.cir": ((line, line.replace("{r}", "3")),)})):
        assert spice.operating_point(deck)["v(b)"] == pytest.approx(0.25, abs=1e-6)


def test_a_scenario_gets_settings_firmware_circuit_and_plant() -> None:
    scenario = Lab().scenario(
        {"name": "changed", "duration_s": 5, "source": SUPPLY, "settings": {"firmware": {"start_V": 13.2}}}, Corner())
    changed = changed_scenario(scenario, Changes(
        settings={"fuse_rating_A": 60}, firmware={"weak_delay_ms": 5000}, circuits={"alternator_path": {"rs2": 5e-4}},
        plant={"source.resistance_ohm": 1.5, "cables.input.length_m": 2.0, "drive.nothing": 3.0}))
    assert changed.supervisor_settings.fuse_rating_A == 60
    assert changed.supervisor_settings.firmware.weak_delay_ms == 5000
    assert changed.supervisor_settings.firmware.start_V == 13.2
    assert changed.circuit.parameters == {"rs2": 5e-4}
    assert changed.source.model_dump()["resistance_ohm"] == pytest.approx(0.006)
    assert changed.cables.input.length_m == 8.0 and changed.cables.input.area_mm2 == 35.0
    assert changed_scenario(scenario, Changes()) == scenario


def test_a_change_out_of_range_is_refused() -> None:
    scenario = Lab().scenario({"name": "changed", "duration_s": 5, "source": SUPPLY}, Corner())
    with pytest.raises(InputError, match="start_V"):
        changed_scenario(scenario, Changes(firmware={"start_V": 99.0}))


def test_a_corner_sets_variant_fuse_and_ambients() -> None:
    corner = Corner("cold", variant="12-200 NG", ambient_degC=-40.0, fuse_A=60.0)
    scenario = Lab().scenario("benches/limiter", corner)
    assert scenario.variant == "12-200 NG" and scenario.settings["fuse_rating_A"] == 60
    assert (scenario.ambient.bms_degC, scenario.ambient.engine_bay_degC) == (-40.0, -40.0)
    assert scenario.ambient.battery_degC == 10.0
    assert Lab().scenario("benches/limiter", Corner(ambient_degC=60.0)).ambient.battery_degC == 45.0
    assert Lab().scenario("benches/limiter", Corner(), duration_s=1500).duration_s == 1500.0


def test_a_circuit_is_measured_by_one_process_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path))
    order: list[str] = []

    def second() -> None:
        with one_at_a_time("test"):
            order.append("second")

    thread = threading.Thread(target=second)
    with one_at_a_time("test"):
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path / "file" / "no"))
    with one_at_a_time("test"):
        order.append("without a place")
    assert order[-1] == "without a place"


def test_a_run_is_done_once_for_one_content(spice: SpiceSession) -> None:
    lab = Lab()
    scenario = lab.scenario({"name": "short", "duration_s": 2, "source": SUPPLY}, Corner())
    first = lab.run(scenario)
    assert lab.run(scenario.model_copy()) is first
    with lab.applied(Changes(firmware={"start_delay_ms": 1500})):
        other = lab.run(scenario)
    assert other is not first
    assert first.slow.port_current_A.values[1] > 1.0 > other.slow.port_current_A.values[1]
