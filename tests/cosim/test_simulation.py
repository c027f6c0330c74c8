"""Whole runs: sound holds, the same bits twice, balances, predictions, and what the limiter is for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosim.errors import InputError
from cosim.paths import SCENARIOS
from cosim.result import Result
from cosim.scenario.model import load_scenario, parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.windows.policy import VERIFYING

SHORT = {
    "name": "short", "bank": {"soc": 0.3}, "source": {"kind": "vehicle", "load_A": 20, "parked_load_A": 10},
    "drive": {"segments": [{"kind": "off", "duration_s": 5}, {"kind": "crank", "duration_s": 1},
                           {"kind": "city", "duration_s": 150}, {"kind": "off", "duration_s": 200}]},
    "ambient": {"engine_bay_degC": 40, "bms_degC": 25, "battery_degC": 20},
    "events": [{"time_s": 100.03, "kind": "load_step", "current_A": 40, "duration_s": 5}],
}


@pytest.fixture(scope="module")
def short(spice: SpiceSession) -> Result:
    return Simulation(parse_scenario(SHORT), session=spice).run()


def test_calling_the_supervisor_on_every_tick_gives_the_same_log(short: Result, spice: SpiceSession) -> None:
    every = Simulation(parse_scenario(SHORT), session=spice, every_tick=True).run()
    assert [e for e in every.events if e.source == "supervisor"]
    assert every.events == short.events
    for name in ("soc", "port_current_A", "alternator_enabled", "current_limit_A", "input_voltage_V"):
        assert np.array_equal(every.slow[name], short.slow[name], equal_nan=True), name


def test_two_runs_with_cold_and_warm_cache_are_the_same_bytes(
    short: Result, spice: SpiceSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BMS_COSIM_CACHE", str(tmp_path / "cache"))
    for name in ("cold", "warm"):
        Simulation(parse_scenario(SHORT), session=spice).run().save(tmp_path / name)
    assert list((tmp_path / "cache").glob("characteristic-*.json"))
    for file in ("result.nc", "events.csv", "summary.json"):
        assert (tmp_path / "cold" / file).read_bytes() == (tmp_path / "warm" / file).read_bytes(), file


def test_the_run_balances(short: Result) -> None:
    summary = short.summary
    assert summary["charge_balance"]["relative"] < 1e-6
    assert abs(summary["charge_balance"]["cells_C"]) > 3000.0
    assert summary["energy_balance"]["relative"] < 1e-4
    assert summary["worst_window"]["failed"] == 0
    assert summary["worst_window"]["charge_relative"] < 1e-4
    assert summary["worst_window"]["energy_relative"] < 1e-2


def test_the_slow_picture_agrees_with_spice_at_both_ends_of_a_window(short: Result) -> None:
    for window in short.summary["windows"]:
        assert abs(window["end_mismatch_A"]) < 0.3, window["name"]
        assert abs(window["start_mismatch_A"]) < 0.5, window["name"]


def test_windows_are_opened_by_what_is_fast(short: Result) -> None:
    reasons = [w["reason"].split(":")[0] for w in short.summary["windows"]]
    kinds = [w["name"].split("_", 1)[1] for w in short.summary["windows"]]
    assert [kind for kind in kinds if kind not in VERIFYING] == [
        "crank", "enable", "load_step", "load_release", "engine_stop", "disable"]
    assert len(kinds) <= 9
    assert reasons.count("command") == 2
    assert all(w["settled"] for w in short.summary["windows"])


def test_the_record_has_no_holes(short: Result) -> None:
    for name, wave in short.slow.data_vars.items():
        if name != "fuse_temperature_estimate_degC":
            assert np.all(np.isfinite(wave.values)), name
    assert np.allclose(np.diff(short.slow.time_s), 1.0)


def test_charging_starts_above_13_volts_and_never_flows_back(short: Result) -> None:
    enable = next(w for w in short.windows.values() if w.attrs["name"] == "enable")
    assert float(enable.input_voltage_V[0]) > 13.0
    assert float(short.slow.port_current_A.min()) > -1e-3
    off = short.slow.alternator_enabled.values == 0.0
    assert np.abs(short.slow.port_current_A.values[off]).max() < 2e-3


def figures_of(name: str, spice: SpiceSession) -> dict[str, float]:
    result = Simulation(load_scenario(SCENARIOS / f"{name}.yaml"), session=spice).run()
    return {figure["name"]: figure["value"] for figure in result.summary["figures"]}


def test_without_limiter_the_alternator_overheats_in_about_five_minutes(spice: SpiceSession) -> None:
    direct = figures_of("direct_connection", spice)
    assert direct["alternator winding, hottest"] > 180.0
    assert 4.0 < direct["alternator winding, time to its limit"] < 7.0
    limited = figures_of("with_limiter", spice)
    assert limited["alternator winding, hottest"] < 180.0
    assert limited["time at the limit"] > 50.0


def test_the_shipped_figures_pass(spice: SpiceSession) -> None:
    """A1, A2, A3 through their benches: threshold, reverse current, limiter with cold and warm fuse."""
    scenario = load_scenario(SCENARIOS / "road_hour.yaml")
    short = parse_scenario({**SHORT, "figures": ["A1", "A2", "A3"]})
    assert scenario.figures == short.figures
    figures = Simulation(short, session=spice).run().summary["figures"]
    measured = [f for f in figures if f["id"] in ("A1", "A2", "A3")]
    assert len(measured) == 7
    for figure in measured:
        assert figure["passed"], figure


def test_a_wrong_reference_fails_the_limiter_figure(spice: SpiceSession) -> None:
    """The figure can fail: a fuse that is 10 % off what the firmware believes."""
    wrong = {**SHORT, "figures": ["A3"], "circuit": {"parameters": {"rf25": 0.66e-3}}}
    figures = Simulation(parse_scenario(wrong), session=spice).run().summary["figures"]
    measured = [f for f in figures if f["id"] == "A3"]
    assert not any(f["passed"] for f in measured)
    assert all(f["value"] == pytest.approx(90.0 / 1.1, rel=0.03) for f in measured)


@pytest.mark.skipif(
    not (SCENARIOS.parent.parent / "shared" / "data" / "drive_cycles").is_dir(),
    reason="measured drive cycles (../shared/data) are not part of the repository",
)
def test_measured_drive_cycles_run(spice: SpiceSession) -> None:
    result = Simulation(load_scenario(SCENARIOS / "epa_city_highway.yaml"), session=spice).run()
    assert result.slow.vehicle_speed_m_s.max() == pytest.approx(26.8, abs=0.5)  # HWFET and UDDS peak: 60 and 56.7 mph
    assert result.summary["charge_balance"]["relative"] < 1e-6


def test_a_path_in_place_of_a_scenario_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"scenario: 'my.yaml' \(allowed: a scenario, such as load_scenario"):
        Simulation("my.yaml")  # type: ignore[arg-type]
