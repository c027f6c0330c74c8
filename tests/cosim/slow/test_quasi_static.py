"""Where the slow picture doubts itself: each cause opens its window in a real run, chatter does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from cosim.circuit.characteristic import Characteristic
from cosim.circuit.identify import identify
from cosim.circuit.trips import with_trips
from cosim.inputs.drive import build_inputs
from cosim.result import Result
from cosim.run import Run
from cosim.scenario.model import Scenario, parse_scenario
from cosim.slow.plant import load_parameters
from cosim.slow.quasi_static import FIRST, KINDS, MISSED, QUIET, REGIME, new_watch
from cosim.spice.session import SpiceSession
from cosim.windows.deck import circuit_parameters


def supplied(emf_V: Sequence[tuple[float, float]], duration_s: float, vov: float = 18.0) -> Scenario:
    """A supply behind 5 mohm feeds a half-full battery of some 13.2 V."""
    return parse_scenario({
        "name": "supplied", "duration_s": duration_s, "bank": {"soc": 0.5}, "recording": {"period_s": 0.1},
        "source": {"kind": "supply", "emf_V": list(emf_V), "resistance_ohm": 0.005},
        "circuit": {"parameters": {"vov": vov} if vov != 18.0 else {}},
    })


def measured(scenario: Scenario, spice: SpiceSession) -> Characteristic:
    p = load_parameters(scenario, Characteristic(*([0.0] * len(Characteristic._fields))))
    parameters = circuit_parameters("alternator_path", scenario.circuit.parameters, p)
    return identify("alternator_path", parameters, spice).coefficients


def run(
    scenario: Scenario, spice: SpiceSession, law: Characteristic | None = None, windows: bool = True,
    every_tick: bool = False,
) -> Result:
    """A real run, with another law in the slow engine if one is given."""
    inputs, duration_s = build_inputs(scenario)
    p = load_parameters(scenario, Characteristic(*([0.0] * len(Characteristic._fields))))
    parameters = circuit_parameters("alternator_path", scenario.circuit.parameters, p)
    circuit = identify("alternator_path", parameters, spice)
    if law is not None:
        circuit = replace(circuit, coefficients=law)
    return Run(scenario, spice, circuit, inputs, duration_s, every_tick, lambda f, text: None, windows).go()


def kinds(result: Result) -> list[str]:
    return [r["name"].partition("_")[2] or r["name"] for r in result.summary["windows"]]


def starts_s(result: Result, kind: str) -> list[float]:
    return [r["start_s"] for r in result.summary["windows"] if r["name"].endswith(kind)]


RISE = [(0.0, 13.6), (20.0, 13.6), (30.0, 15.0)]
"""Passes some 35 A, then rises slowly into the limit."""


@pytest.fixture(scope="module")
def rising(spice: SpiceSession) -> Result:
    return run(supplied(RISE, 35.0), spice)


def test_a_branch_that_held_and_changes_is_looked_at_as_it_changes(rising: Result) -> None:
    assert kinds(rising) == ["enable", "regime"]
    at = starts_s(rising, "regime")[0]
    current = rising.slow.port_current_A
    assert float(current.sel(time_s=at - 0.5, method="nearest")) < 88.5
    assert float(current.sel(time_s=at + 0.5, method="nearest")) == pytest.approx(90.0, abs=1.0)
    assert rising.summary["worst_window"]["start_mismatch_A"] < 0.1


def test_without_windows_nothing_stops(spice: SpiceSession, rising: Result) -> None:
    plain = run(supplied(RISE, 35.0), spice, windows=False)
    assert plain.summary["windows"] == []
    assert plain.summary["windows_refused"] == {}
    assert plain.summary["charge_balance"]["cells_C"] == pytest.approx(
        rising.summary["charge_balance"]["cells_C"], rel=2e-3)


def test_the_same_looks_with_a_supervisor_on_every_tick(spice: SpiceSession, rising: Result) -> None:
    assert run(supplied(RISE, 35.0), spice, every_tick=True).events == rising.events


def test_chatter_at_the_knee_opens_nothing(spice: SpiceSession) -> None:
    """A slow wave across the knee, 4 s long: no branch holds for ten seconds."""
    wave = [(2.0 * k, 14.6 if k % 2 else 13.7) for k in range(16)]
    result = run(supplied([(0.0, 13.7), *wave[1:]], 30.0), spice)
    limited = result.slow.port_current_A.values > 89.0
    assert np.count_nonzero(np.diff(limited[50:].astype(int))) > 8
    assert kinds(result) == ["enable"]


def test_a_current_that_fades_is_looked_at_once(spice: SpiceSession) -> None:
    result = run(supplied([(0.0, 13.7), (15.0, 13.7), (30.0, 13.1)], 40.0), spice)
    assert kinds(result) == ["enable", "small_current"]
    at = starts_s(result, "small_current")[0]
    assert abs(float(result.slow.port_current_A.sel(time_s=at, method="nearest"))) < 0.6


def test_an_input_faster_than_the_loop_opens_its_window_before_it_moves(spice: SpiceSession) -> None:
    """3.3 V/s is no step yet (5 V/s), but moves the port by 30 A in a tick."""
    result = run(supplied([(0.0, 13.5), (5.02, 13.5), (5.17, 14.0)], 10.0), spice)
    assert kinds(result) == ["enable", "fast_input"]
    assert starts_s(result, "fast_input") == [5.0]
    slow = run(supplied([(0.0, 13.5), (5.0, 13.5), (6.5, 14.0)], 10.0), spice)
    assert kinds(slow) == ["enable"]


def test_outside_of_what_was_measured_spice_has_a_look(spice: SpiceSession) -> None:
    """Here the law is said to be measured up to 1.5 V only."""
    source = supplied([(0.0, 13.6), (4.0, 13.6), (8.0, 16.0)], 9.0)
    law = measured(source, spice)
    assert "outside_identified" not in kinds(run(source, spice))
    result = run(source, spice, law._replace(drop_high_V=1.5))
    assert "outside_identified" in kinds(result)
    window = result.windows[next(n for n in result.windows if n.endswith("outside_identified"))]
    drop_V = float(window.input_voltage_V[0] - window.battery_voltage_V[0])
    assert drop_V == pytest.approx(1.5, abs=0.07)


def test_the_law_is_measured_on_all_that_the_product_meets(spice: SpiceSession) -> None:
    law = measured(supplied(RISE, 1.0), spice)
    assert law.reference_low_mV < 20.0
    assert law.reference_high_mV > 75.0  # 90 A over a fuse at 125 degC
    assert law.low_degC < -40.0
    assert law.high_degC > 140.0
    assert law.drop_low_V < -1.9
    assert law.drop_high_V > 3.0


def test_near_the_voltage_trip_of_the_circuit_a_window_opens(spice: SpiceSession) -> None:
    """The parameter is lowered to 15 V: near is 14.1 V at the input stud."""
    source = [(0.0, 13.8), (5.0, 13.8), (10.0, 15.2)]
    result = run(supplied(source, 12.0, vov=15.0), spice)
    assert "near_trip" in kinds(result)
    at = starts_s(result, "near_trip")[0]
    assert float(result.slow.input_voltage_V.sel(time_s=at, method="nearest")) == pytest.approx(14.1, abs=0.03)
    assert "near_trip" not in kinds(run(supplied(source, 12.0), spice))


def test_above_80_percent_of_a_current_trip_a_window_opens(spice: SpiceSession) -> None:
    scenario = supplied(RISE, 35.0)
    text = "* TRIP port_current_A itrip 80%\n.subckt x a b params: itrip=0.1k\n"
    result = run(scenario, spice, with_trips(measured(scenario, spice), text, {}))
    assert kinds(result) == ["enable", "near_trip"]
    at = starts_s(result, "near_trip")[0]
    two_s = [at - scenario.recording.period_s, at]
    before_A, at_A = result.slow.port_current_A.sel(time_s=two_s, method="nearest").values
    assert before_A < 80.0 <= at_A


def test_a_window_off_its_prediction_is_followed_by_others_within_the_budget(
    spice: SpiceSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A law with a fuse 5 % too high limits 4 A too low."""
    monkeypatch.setattr("cosim.slow.looks.COOL_DOWN_S", 3.0)
    scenario = supplied([(0.0, 14.8)], 20.0)
    right = measured(scenario, spice)
    result = run(scenario, spice, right._replace(fuse_ohm=1.05 * right.fuse_ohm))
    assert kinds(result) == ["enable", "prediction", "prediction"]
    first, second = starts_s(result, "prediction")
    end_s = result.summary["windows"][0]["end_s"]
    assert first == pytest.approx(end_s + 3.0)
    assert second > first + 3.0
    assert all(abs(r["end_mismatch_A"]) > 3.0 for r in result.summary["windows"])
    assert result.summary["windows_refused"] == {"prediction": 1}
    assert sum(e.event == "window refused" for e in result.events) == 1
    assert any("window refused" in w for w in result.summary["warnings"])


def test_what_rests_is_counted_and_told_once(spice: SpiceSession) -> None:
    """Up into the limit and down again, each held for 12 s: one look, three changes passed over."""
    source = [(0.0, 13.6), (14.0, 13.6), (16.0, 14.9), (30.0, 14.9), (32.0, 13.6), (46.0, 13.6), (48.0, 14.9),
              (62.0, 14.9), (64.0, 13.6), (66.0, 13.6)]
    result = run(supplied(source, 66.0), spice)
    assert kinds(result) == ["enable", "regime"]
    assert result.summary["windows_refused"] == {"regime": 3}
    assert [e.detail.split(":")[0] for e in result.events if e.event == "window spared"] == ["regime"]
    assert result.summary["warnings"] == []


def test_a_watch_is_off_unless_asked_for() -> None:
    assert not new_watch().any() or new_watch()[0] == 0
    assert new_watch(True, 100)[0] == 1
    assert len(KINDS) == MISSED - QUIET == FIRST - MISSED
    assert KINDS[REGIME] == "regime"
