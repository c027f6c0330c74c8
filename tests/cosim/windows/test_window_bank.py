"""A window with several batteries against the bank as native elements, and its step against the plain one."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.characteristic import limiter_start
from cosim.inputs.drive import build_inputs
from cosim.record.replay import native_bank, replay_deck
from cosim.scenario.model import parse_scenario
from cosim.slow.commands import nothing
from cosim.slow.loop import observe
from cosim.slow.plant import initial_state, load_parameters, stored_charge_C
from cosim.slow.sensors import as_measurements
from cosim.spice.deck import SpiceOptions
from cosim.spice.session import SpiceSession
from cosim.supervisor.supervision import Supervision
from cosim.windows.deck import deck_spec
from cosim.windows.exchange import ORDER, V_BATTERY, FastState
from cosim.windows.policy import WindowRequest
from cosim.windows.recipe import WindowRecipe
from cosim.windows.window import Window
from models import bank

SCENARIO = {
    "name": "w", "duration_s": 2,
    "bank": {"batteries": 3, "soc": 0.3, "spread": {"capacity": 0.03, "resistance": 0.1, "soc": 0.02},
             "each": [{"soc": 0.5}, {"capacity_factor": 0.7, "resistance_factor": 1.5}]},
    "source": {"kind": "supply", "emf_V": [[0, 14.4]], "resistance_ohm": 0.004},
}


def test_the_bank_advances_in_a_window_as_its_native_elements(spice: SpiceSession) -> None:
    scenario = parse_scenario(SCENARIO)
    inputs, _ = build_inputs(scenario)
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    _, measured = observe(state, inputs.sampled(np.array([0.0]))[0], nothing(), 0.0, p)
    seen = as_measurements(measured, 12)
    asked = Supervision.begin(scenario.supervisor_settings, seen, 100, n_batteries=3).stepped(4, seen)
    spec = deck_spec("bank", "alternator_path", {}, state, p, 0.3e-6, 0.0)
    request = WindowRequest("enable", "test", 4, 2, 2)
    outcome = Window(request, state, asked, asked.commands, inputs, 0.1, spec, p).run(spice)
    after = outcome.state.battery
    assert outcome.balance.charge_relative < 1e-6
    moved_C = stored_charge_C(after, p.battery) - stored_charge_C(state.battery, p.battery)
    assert moved_C == pytest.approx(outcome.balance.charge_C, rel=1e-6)
    # The fullest battery hardly takes anything; it even feeds the others while nothing comes in.
    assert (after.soc - state.battery.soc)[0].mean() < (after.soc - state.battery.soc)[1:].mean()
    recipe = WindowRecipe.from_json(outcome.dataset.attrs["recipe"])
    assert recipe.native == native_bank(state.battery, p.battery)
    waves = {str(name): outcome.dataset[name].values for name in outcome.dataset.data_vars
             if outcome.dataset[name].ndim == 1}
    for j, device in enumerate(outcome.dataset.device.values):
        waves[f"junction_{device}_degC"] = outcome.dataset.junction_degC.values[:, j]
    deck = replay_deck(spec, outcome.dataset.time_s.values, waves, recipe.preroll_s, recipe.native,
                       None if recipe.enable_at_s is None else (recipe.enable_at_s, recipe.ramp_s))
    plain = spice.transient(
        deck, tstop_s=recipe.preroll_s + float(outcome.dataset.time_s[-1]), tmax_s=recipe.tmax_s,
        signals=["i(vibat)", "v(xemf)"], options=SpiceOptions(),
    )
    emf = np.interp(outcome.dataset.time_s.values + recipe.preroll_s, plain.time_s, plain["v(xemf)"])
    assert np.abs(emf - waves["battery_emf_V"]).max() < 2e-6
    assert np.ptp(waves["battery_emf_V"]) > 1e-4


def test_the_fast_state_steps_the_whole_bank() -> None:
    scenario = parse_scenario(SCENARIO)
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    fast = FastState(state, p, np.array([25.0, 25.0, 20.0]))
    values = np.zeros(len(ORDER))
    values[ORDER.index("battery_current_A")] = 90.0
    values[V_BATTERY] = 13.3
    fast.start(0.0, values)
    plain = state.battery
    for k in range(1, 101):
        slopes = fast.accept(k * 1e-3, values)
        plain = bank.step(plain, 90.0, 1e-3, 20.0, p.battery)
    for name, ours, theirs in zip(plain._fields, fast.state.battery, plain, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12), name
    emf_V, _ = bank.thevenin(plain, p.battery)
    assert slopes.battery_emf_V == pytest.approx(emf_V, rel=1e-13)
    assert slopes.battery_slope_V_s == pytest.approx(bank.emf_slope_V_s(plain, 90.0, p.battery), rel=1e-9)
