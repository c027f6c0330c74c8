"""What opens windows, how many, and when an old one stands for a new one."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.characteristic import limiter_start
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.slow.plant import initial_state, load_parameters
from cosim.spice.session import SpiceSession
from cosim.windows.policy import SPARED, WindowBudget
from cosim.windows.reuse import BLOCKED_EMF_TOLERANCE_V, EMF_TOLERANCE_V, same_batteries, same_state, shifted
from models import bank

PERIOD_S = 60.0


def square_wave(periods: int, low_V: float = 12.3) -> dict[str, object]:
    """A supply that is switched on and off again and again: the port follows."""
    points: list[list[float]] = [[0.0, low_V]]
    for k in range(periods):
        start = k * PERIOD_S + 2.0
        points += [[start, low_V], [start + 0.01, 13.9], [start + 25.0, 13.9], [start + 25.01, low_V]]
    return {"name": "square", "duration_s": periods * PERIOD_S, "bank": {"soc": 0.5},
            "source": {"kind": "supply", "emf_V": points, "resistance_ohm": 0.005}, "recording": {"period_s": 0.1}}


def test_a_budget_refuses_chatter_and_recovers() -> None:
    budget = WindowBudget(tick_s=0.1, burst=3, refill_s=60.0)
    assert [budget.allows("enable", tick) for tick in range(5)] == [True, True, True, False, False]
    assert budget.allows("crank", 5)
    assert not budget.allows("enable", 300)
    assert budget.allows("enable", 700)
    assert budget.refused == {"enable": 3}


@pytest.fixture(scope="module")
def repeated(spice: SpiceSession) -> Result:
    return Simulation(parse_scenario(square_wave(4)), session=spice).run()


def test_a_repeated_window_is_reused_and_the_log_says_so(repeated: Result) -> None:
    reports = repeated.summary["windows"]
    full = [r for r in reports if "reused" not in r]
    again = [r for r in reports if "reused" in r]
    assert {r["name"].split("_", 1)[-1] for r in full} >= {"enable", "supply_step"}
    assert len(again) >= len(reports) // 2 >= 4
    assert {r["reused"] for r in again} <= {r["name"] for r in full}
    assert sum(e.event == "window reused" for e in repeated.events) == len(again) == repeated.summary["windows_reused"]


def test_reuse_changes_neither_log_nor_charge(repeated: Result, spice: SpiceSession) -> None:
    """Calling the supervisor on every tick switches reuse off: every window runs in full."""
    full = Simulation(parse_scenario(square_wave(4)), session=spice, every_tick=True).run()
    assert full.summary["windows_reused"] == 0
    own = [e for e in repeated.events if e.source == "supervisor"]
    assert own == [e for e in full.events if e.source == "supervisor"]
    first, second = repeated.summary["charge_balance"], full.summary["charge_balance"]
    assert first["cells_C"] == pytest.approx(second["cells_C"], rel=1e-3)
    assert first["relative"] < 1e-6
    assert np.all(np.isfinite(repeated.slow.port_current_A))


def test_chatter_is_refused_and_reported(spice: SpiceSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cosim.windows.policy.WindowBudget.__init__.__defaults__", (1, 1e9))
    result = Simulation(parse_scenario(square_wave(3)), session=spice, every_tick=True).run()
    refused = result.summary["windows_refused"]
    assert refused["enable"] == 2
    told = [(e.event, e.detail.split(":")[0]) for e in result.events if e.event in ("window refused", "window spared")]
    assert sorted(told) == sorted(("window spared" if kind in SPARED else "window refused", kind) for kind in refused)
    assert ("window refused", "enable") in told
    assert result.summary["charge_balance"]["cells_C"] > 1000.0


def test_states_are_compared_and_shifted_field_by_field() -> None:
    scenario = parse_scenario({**square_wave(1)})
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    warmer = state._replace(box=state.box._replace(heatsink_degC=state.box.heatsink_degC + 2.0))
    hot = state._replace(box=state.box._replace(heatsink_degC=state.box.heatsink_degC + 4.0))
    assert same_state(state, warmer)
    assert not same_state(state, hot)
    moved = shifted(hot, state, warmer)
    assert moved.box.heatsink_degC == pytest.approx(state.box.heatsink_degC + 6.0)
    assert np.array_equal(moved.battery.soc, state.battery.soc)


def test_batteries_count_by_what_the_circuit_sees() -> None:
    """A charge that moves the EMF by too much is another battery, unless the port is blocked; a flat part is not."""
    p = load_parameters(parse_scenario(square_wave(1)), limiter_start())
    states = {soc: initial_state(parse_scenario({**square_wave(1), "bank": {"soc": soc}}), p)
              for soc in (0.05, 0.50, 0.51, 0.80)}
    emf_V = {soc: float(bank.thevenin(state.battery, p.battery)[0]) for soc, state in states.items()}
    assert abs(emf_V[0.51] - emf_V[0.50]) < EMF_TOLERANCE_V < abs(emf_V[0.80] - emf_V[0.50]) < BLOCKED_EMF_TOLERANCE_V
    assert same_batteries(states[0.50], states[0.51], False, p)
    assert not same_batteries(states[0.50], states[0.80], False, p)
    assert same_batteries(states[0.50], states[0.80], True, p)
    assert not same_batteries(states[0.50], states[0.05], True, p)
    starter = states[0.50].starter
    weaker = states[0.50]._replace(starter=starter._replace(soc=starter.soc - 0.05))
    assert not same_batteries(states[0.50], weaker, True, p)
