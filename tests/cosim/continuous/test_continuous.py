"""Continuous mode: what it is made of, that it restarts, and that slow engine and windows agree with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cosim.circuit.deck import EXTERNALS, DeckSpec
from cosim.continuous.record import KEPT_WAVES, decimated
from cosim.continuous.window import continuous_deck, fast_corners, fast_moments
from cosim.errors import InputError
from cosim.inputs.signals import Inputs, PiecewiseLinear
from cosim.paths import ROOT
from cosim.result import Result
from cosim.scenario.model import UserWindow, parse_scenario
from cosim.simulation import Simulation
from cosim.spice.errors import PointBudgetExceeded, TransientAborted
from cosim.spice.session import SpiceSession
from models.alternator import NO_LAG, field_lag

CYCLES = ROOT.parent / "shared" / "data" / "drive_cycles"

EVENTS: dict[str, Any] = {
    "name": "events", "bank": {"soc": 0.2},
    "source": {"kind": "vehicle", "load_A": 20, "parked_load_A": 100, "starter_soc": 0.95,
               "alternator": "alternator_300A"},
    "drive": {"segments": [{"kind": "off", "duration_s": 0.5}, {"kind": "crank", "duration_s": 1},
                           {"kind": "idle", "duration_s": 8.5}, {"kind": "off", "duration_s": 5}]},
    "cables": {"input": {"length_m": 2.0, "area_mm2": 70}},
    "events": [{"time_s": 6.04, "kind": "load_step", "current_A": 40, "duration_s": 1.5}],
    "recording": {"period_s": 0.1},
}
"""Crank, enable, load step and release, engine stop, disable."""
BENCH: dict[str, Any] = {
    "name": "bench", "duration_s": 4, "bank": {"soc": 0.6}, "recording": {"period_s": 0.1},
    "source": {"kind": "supply", "emf_V": [[0, 13.9], [3, 13.9], [3.05, 6.0], [4, 6.0]]},
}


def run(content: dict[str, Any], spice: SpiceSession, **changes: Any) -> Result:
    return Simulation(parse_scenario({**content, **changes}), session=spice).run()


@pytest.fixture(scope="module")
def bench(spice: SpiceSession) -> Result:
    return run(BENCH, spice, engine="continuous", windows=[{"name": "drop", "start_s": 3.0, "duration_s": 0.1}])


def test_a_continuous_run_is_a_result_like_any_other(bench: Result) -> None:
    assert bench.summary["engine"] == "continuous"
    assert bench.summary["continuous"]["restarts"] == bench.summary["continuous"]["handovers"] == 0
    assert bench.summary["charge_balance"]["relative"] < 1e-6
    assert bench.summary["energy_balance"]["relative"] < 1e-6
    assert bench.summary["windows"][0]["balance"]["energy_relative"] < 1e-2
    assert all(np.all(np.isfinite(wave.values)) for wave in bench.slow.data_vars.values())
    assert "alternator charging" in [e.event for e in bench.events]


def test_the_users_window_is_kept_point_by_point_at_its_own_step(bench: Result) -> None:
    drop = bench.windows["001_drop"]
    assert drop.attrs["start_s"] == pytest.approx(3.0)
    assert float(np.diff(drop.time_s).max()) <= 1.001e-4
    whole = bench.windows["000_continuous"]
    assert float(np.diff(whole.time_s).max()) <= 0.1 + 1e-9
    assert float(whole.time_s[-1]) == pytest.approx(4.0)


def test_the_path_blocks_when_the_supply_falls(bench: Result) -> None:
    after = bench.slow.time_s.values > 3.2
    assert np.abs(bench.slow.port_current_A.values[after]).max() < 1e-2
    assert bench.slow.port_current_A.values[25] > 50.0


def test_large_steps_give_what_fine_steps_give(bench: Result, spice: SpiceSession) -> None:
    fine = run(BENCH, spice, engine="continuous", continuous={"max_step_s": 2e-4})
    assert fine.summary["continuous"]["points"] > 20_000
    charge = [r.summary["charge_balance"]["port_C"] for r in (bench, fine)]
    assert charge[0] == pytest.approx(charge[1], rel=2e-4)
    difference = np.abs(bench.slow.port_current_A.values - fine.slow.port_current_A.values)
    assert np.percentile(difference, 90) < 0.05


class Flaky:
    """Session that aborts a transient once, or always, when it passes a moment."""

    def __init__(self, session: SpiceSession, at_s: float, times: int) -> None:
        self._session, self._at_s, self._left = session, at_s, times
        self.version_text = session.version_text
        self.request_stop = session.request_stop
        self.longest_step_s = session.longest_step_s
        self.longest_steps: list[float] = []

    def transient(self, deck: str, **arguments: Any) -> Any:
        accept, at_s = arguments["on_accept"], self._at_s
        self.longest_steps.append(arguments["tmax_s"])
        if self._left == 0:
            return self._session.transient(deck, **arguments)
        self._left -= 1
        passed = False

        def on_accept(time_s: float, values: Any) -> Any:
            nonlocal passed
            more = accept(time_s, values)
            if time_s > at_s:
                passed = True
                self._session.request_stop()
            return more

        waves = self._session.transient(deck, **{**arguments, "on_accept": on_accept})
        if passed:
            self._at_s = 0.05  # what follows starts from a later tick
            raise TransientAborted("timestep too small", time_s=at_s)
        return waves


def test_an_abort_restarts_at_the_last_tick_and_changes_nothing_else(bench: Result, spice: SpiceSession) -> None:
    flaky = Flaky(spice, 2.25, 1)
    result = Simulation(parse_scenario({**BENCH, "engine": "continuous"}), session=flaky).run()  # type: ignore[arg-type]
    assert result.summary["continuous"]["restarts"] == 1
    assert [e.time_s for e in result.events if e.event == "restart"] == [2.2]
    assert [(w["start_s"], w["end_s"]) for w in result.summary["windows"]] == [(0.0, 2.2), (2.2, 4.0)]
    charge = [r.summary["charge_balance"]["port_C"] for r in (bench, result)]
    assert charge[1] == pytest.approx(charge[0], rel=1e-4)
    assert result.summary["charge_balance"]["relative"] < 1e-6
    assert np.all(np.diff(result.windows["000_continuous"].time_s) >= 0.0)
    told = [[e for e in r.events if e.source == "supervisor"] for r in (bench, result)]
    assert told[0] == told[1]


def test_an_abort_at_the_same_place_is_tried_with_other_numerics_and_then_fails(spice: SpiceSession) -> None:
    flaky = Flaky(spice, 0.25, 2)
    result = Simulation(parse_scenario({**BENCH, "engine": "continuous"}), session=flaky).run()  # type: ignore[arg-type]
    assert result.summary["continuous"]["restarts"] == 2
    hopeless = Flaky(spice, 1e-6, 10**6)
    with pytest.raises(TransientAborted):
        Simulation(parse_scenario({**BENCH, "engine": "continuous"}), session=hopeless).run()  # type: ignore[arg-type]
    assert hopeless.longest_steps == pytest.approx([0.1, 0.01, 0.01, 0.01])


def test_the_point_budget_ends_a_run(spice: SpiceSession) -> None:
    with pytest.raises(PointBudgetExceeded):
        run(BENCH, spice, engine="continuous", continuous={"max_points": 1000, "max_step_s": 1e-4})


def test_a_blown_fuse_changes_the_deck(spice: SpiceSession) -> None:
    """A 40 A fuse behind a firmware that believes a fifth of its resistance: 180 A melt it."""
    result = run(
        BENCH, spice, engine="continuous", settings={"fuse_rating_A": 40}, duration_s=30,
        source={"kind": "supply", "emf_V": [[0, 15.5]]}, circuit={"parameters": {"rf25": 0.3e-3}},
    )
    assert "fuse blown" in [e.event for e in result.events]
    assert result.summary["continuous"]["handovers"] == 1
    assert abs(float(result.slow.port_current_A[-1])) < 0.1


def test_the_engine_is_two_scale_unless_asked_otherwise() -> None:
    assert parse_scenario(BENCH).engine == "two_scale"
    with pytest.raises(InputError, match="engine"):
        parse_scenario({**BENCH, "engine": "continous"})
    with pytest.raises(InputError, match="did you mean 'max_step_s'"):
        parse_scenario({**BENCH, "continuous": {"max_stp_s": 1.0}})


def test_resistances_are_corrected_in_the_deck() -> None:
    deck = continuous_deck(DeckSpec("t", "alternator_path"))
    assert "bdri abq ab v=v(xdri)*i(vipin)" in deck
    assert "xcin stb abq cable" in deck
    assert deck.count(" external\n") == len(EXTERNALS) + 3


def test_fast_corners_are_steps_not_ramps() -> None:
    load = PiecewiseLinear(np.array([0.0, 1.0, 1.001, 2.0, 3.0]), np.array([0.0, 0.0, 40.0, 40.0, 45.0]))
    assert fast_corners(load, 100.0).tolist() == [1.0, 1.001]
    zero = PiecewiseLinear.constant(0.0)
    inputs = Inputs(zero, zero, load, zero, (20.0, 20.0, 20.0), ())
    moments = fast_moments(inputs, [UserWindow(name="w", start_s=2.5, duration_s=0.01, max_step_s=1e-3)], 5.0)
    assert np.all(np.diff(moments) > 0.0)
    assert np.sum((moments > 1.0) & (moments < 1.0015)) > 8
    assert np.sum((moments >= 2.5 - 1e-9) & (moments <= 2.51 + 1e-9)) == 11


def test_thinning_keeps_spikes_and_small_records_whole() -> None:
    time_s = np.linspace(0.0, 1.0, 100_000)
    waves = {name: np.sin(40.0 * time_s) for name in KEPT_WAVES}
    waves["input_voltage_V"] = waves["input_voltage_V"].copy()
    waves["input_voltage_V"][54_321] = 99.0
    kept = decimated(time_s, waves, 5_000)
    assert 100 < kept.size <= 5_000
    assert 54_321 in kept
    assert kept[0] == 0
    assert kept[-1] == 99_999
    assert decimated(time_s, waves, 200_000).size == 100_000


# ---- the slow engine and its windows against the reference ------------------------------------------------------
def events_of(result: Result) -> list[tuple[str, str]]:
    return [(e.source, e.event) for e in result.events if e.source != "engine"]


def port_energy_J(result: Result) -> float:
    """Energy through the BMS input stud: what circuit, battery cable and battery took."""
    balance = result.summary["energy_balance"]
    return float(balance["circuit_J"] + balance["battery_cable_J"] + balance["battery_J"])


@pytest.mark.long
def test_crank_enable_load_step_engine_stop_and_disable_agree_at_fine_steps(
    spice: SpiceSession, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 3, point 2. Every step at most 100 us, as in a window, over 15 s."""
    fine = run(EVENTS, spice, engine="continuous", continuous={"max_step_s": 1e-4})
    fast = run(EVENTS, spice)
    large = run(EVENTS, spice, engine="continuous")
    names = [w["name"].split("_", 1)[1] for w in fast.summary["windows"]]
    assert names == ["crank", "enable", "load_step", "load_release", "engine_stop", "disable"]
    throughput_C = fine.summary["charge_balance"]["port_C"]
    assert throughput_C > 500.0
    for result in (fast, large):
        assert result.summary["charge_balance"]["port_C"] == pytest.approx(throughput_C, rel=1e-3)
        assert port_energy_J(result) == pytest.approx(port_energy_J(fine), rel=1e-3)
        assert events_of(result) == events_of(fine)
        moments = [[e.time_s for e in r.events if e.source != "engine"] for r in (result, fine)]
        with capsys.disabled():
            charge = result.summary["charge_balance"]["port_C"] / throughput_C - 1.0
            energy = port_energy_J(result) / port_energy_J(fine) - 1.0
            late = max(abs(a - b) for a, b in zip(*moments, strict=True))
            engine = result.summary.get("engine", "two_scale")
            print(f"\n{engine}: charge {charge:+.2e}, energy {energy:+.2e}, events within {late:.3f} s")
        assert moments[0] == pytest.approx(moments[1], abs=0.1 + 1e-9)
    assert large.summary["charge_balance"]["port_C"] == pytest.approx(throughput_C, rel=1e-4)


@pytest.mark.long
@pytest.mark.skipif(not CYCLES.is_dir(), reason="measured drive cycles (../shared/data) are not in the repository")
def test_an_hour_of_measured_driving_agrees(spice: SpiceSession) -> None:
    """Issue 3, point 1: UDDS again and again for an hour, every tick compared."""
    hour = {
        "name": "udds_hour", "bank": {"soc": 0.4}, "source": {"kind": "vehicle", "load_A": 25}, "duration_s": 3600,
        "drive": {"trace": {"files": [str(CYCLES / "udds.csv")] * 3}}, "recording": {"period_s": 0.1},
        "ambient": {"engine_bay_degC": 60, "bms_degC": 25, "battery_degC": 20},
    }
    slow, reference = run(hour, spice), run(hour, spice, engine="continuous")
    assert reference.summary["continuous"]["restarts"] <= 1
    charges = [r.summary["charge_balance"]["port_C"] for r in (slow, reference)]
    assert charges[0] == pytest.approx(charges[1], rel=1e-3)
    difference = np.abs(slow.slow.port_current_A.values - reference.slow.port_current_A.values)
    assert np.mean(difference <= 0.3) >= 0.99
    assert events_of(slow) == events_of(reference)


TICKS: dict[str, Any] = {
    "name": "ticks", "bank": {"soc": 0.5}, "recording": {"period_s": 0.2},
    "source": {"kind": "vehicle", "alternator": "alternator_80A", "load_A": 10, "starter_soc": 1.0},
    "drive": {"segments": [{"kind": "highway", "duration_s": 20}, {"kind": "city", "duration_s": 40}]},
}
"""An alternator at full field all the time: whatever moves its speed moves the port."""


@pytest.mark.long
def test_halving_the_tick_more_than_halves_the_error(spice: SpiceSession, capsys: pytest.CaptureFixture[str]) -> None:
    """Difference of the port current from the reference of the same tick, after the enabling.

    Most of what is left at the usual 0.1 s does not come from the tick: the law's residual, and the loop that lags by
    1.4 ms. So the size is shown as it is, and the order on what a tick adds to the error at 0.05 s.
    """
    errors_A = {}
    for tick_s in (0.2, 0.1, 0.05):
        slow, reference = run(TICKS, spice, tick_s=tick_s), run(TICKS, spice, tick_s=tick_s, engine="continuous")
        assert events_of(slow) == events_of(reference)
        errors_A[tick_s] = (slow.slow.port_current_A.values - reference.slow.port_current_A.values)[40:]
    added_A = {tick_s: errors_A[tick_s] - errors_A[0.05] for tick_s in (0.2, 0.1)}
    every_A = [*errors_A.values(), *added_A.values()]
    largest_A = [float(np.abs(e).max()) for e in every_A]
    rms_A = [float(np.sqrt(np.mean(e**2))) for e in every_A]
    with capsys.disabled():
        tolds = ("0.2 s", "0.1 s", "0.05 s", "0.2 adds", "0.1 adds")
        for told, most, mean in zip(tolds, largest_A, rms_A, strict=True):
            print(f"\ntick {told}: largest {most:.4f} A, rms {mean:.5f} A")
    assert largest_A[0] < 0.08
    assert largest_A[1] < 0.045
    assert rms_A[1] < 0.016
    assert largest_A[4] < 0.5 * largest_A[3]
    assert rms_A[4] < 0.5 * rms_A[3]


def test_the_field_follows_a_ramp_exactly_and_a_step_exponentially() -> None:
    """Ramp of 50 A/s for 3 s through a lag of 0.12 s: I = 50 (t - tau + tau exp(-t/tau)), by hand."""
    lag, dt_s, current = field_lag(0.12, 0.1), 0.1, 0.0
    assert lag.now + lag.before + lag.carried == pytest.approx(1.0)
    for k in range(1, 31):
        current = lag.now * 5.0 * k + lag.before * 5.0 * (k - 1) + lag.carried * current
        time_s = k * dt_s
        assert current == pytest.approx(50.0 * (time_s - 0.12 + 0.12 * np.exp(-time_s / 0.12)), abs=1e-9)
    rest = lag.before * 0.0 + lag.carried * 100.0
    assert rest == pytest.approx(100.0 * np.exp(-0.1 / 0.12))
    assert field_lag(0.0, 0.1) == NO_LAG
