"""A window against the same circuit without Python: battery as native elements, recorded sources replayed."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.characteristic import limiter_start
from cosim.circuit.deck import SIGNALS, DeckSpec
from cosim.inputs.drive import build_inputs
from cosim.record.replay import corner_points, native_bank, replay_deck
from cosim.scenario.model import parse_scenario
from cosim.slow.commands import nothing
from cosim.slow.loop import observe
from cosim.slow.plant import PlantParameters, PlantState, initial_state, load_parameters
from cosim.slow.sensors import as_measurements
from cosim.spice.deck import SpiceOptions
from cosim.spice.session import SpiceSession
from cosim.spice.transient import Waveforms
from cosim.supervisor.supervision import Supervision
from cosim.windows.deck import deck_spec
from cosim.windows.policy import WindowRequest
from cosim.windows.result import WindowOutcome
from cosim.windows.time import merged
from cosim.windows.window import PREROLL_S, Window

SUPPLY = {
    "name": "w", "duration_s": 4, "bank": {"soc": 0.3},
    "source": {"kind": "supply", "emf_V": [[0, 14.4], [0.55, 14.4], [0.57, 13.9]], "resistance_ohm": 0.004},
}
START = 4
"""First tick of the window; the start delay of the supervisor ends at tick 5, inside it."""
TIGHT = SpiceOptions(reltol=1e-5, abstol=1e-6, vntol=1e-6)
"""Both runs choose their own steps; with the default tolerance these differ more than what is to be measured."""


def make_window(
    request: WindowRequest | None = None, enabled: bool = False
) -> tuple[Window, DeckSpec, PlantState, PlantParameters]:
    """Window in which the port is enabled; the supervisor has watched the source for four ticks before it.

    Or, with `enabled`, one before which it was enabled already.
    """
    scenario = parse_scenario(SUPPLY)
    inputs, _ = build_inputs(scenario)
    p = load_parameters(scenario, limiter_start())
    state = initial_state(scenario, p)
    row = inputs.sampled(np.array([0.0]))[0]
    _, measured = observe(state, row, nothing(), 0.0, p)
    supervision = Supervision.begin(scenario.supervisor_settings, as_measurements(measured, 4), 100)
    supervision = supervision.stepped(START, as_measurements(measured, 4))
    if enabled:
        supervision = supervision.stepped(START + 1, as_measurements(measured, 4))
        request = WindowRequest("test", "test", START + 1, 2, 2)
    spec = deck_spec("window", "alternator_path", {}, state, p, 0.3e-6, 0.0)
    asked = request or WindowRequest("test", "test", START, 4, 4)
    window = Window(asked, state, supervision, supervision.commands, inputs, 0.1, spec, p)
    return window, spec, state, p


def run_window(
    session: SpiceSession, request: WindowRequest | None = None, enabled: bool = False
) -> tuple[WindowOutcome, DeckSpec, PlantState, PlantParameters]:
    window, spec, state, p = make_window(request, enabled)
    return window.run(session), spec, state, p


def test_window_agrees_with_pure_spice(spice: SpiceSession) -> None:
    """Currents within 0.1 % of the range: no exchange, battery as capacitors and resistors.

    The steps are short because the two waveforms are compared by linear interpolation: its error is h^2/8 times the
    curvature, 0.1 A at 20 us while the current rises.
    """
    request = WindowRequest("test", "test", START, 2, 2, max_step_s=5e-6, options=TIGHT)
    outcome, spec, state, p = run_window(spice, request)
    waves = outcome.dataset
    time_s = waves.time_s.values
    recorded = {name: waves[name].values for name in SIGNALS if name in waves}
    for j, device in enumerate(waves.device.values):
        recorded[f"junction_{device}_degC"] = waves.junction_degC.values[:, j]
    preroll_s = PREROLL_S[False]
    deck = replay_deck(spec, time_s, recorded, preroll_s, native_bank(state.battery, p.battery))
    plain = spice.transient(
        deck, tstop_s=preroll_s + float(time_s[-1]), tmax_s=5e-6, options=TIGHT,
        signals=[SIGNALS[name] for name in ("port_current_A", "battery_current_A", "battery_emf_V")],
    )
    assert float(waves.port_current_A.max()) > 60.0
    for ours in ("port_current_A", "battery_current_A"):
        other = np.interp(time_s + preroll_s, plain.time_s, plain[SIGNALS[ours]])
        assert np.abs(other - recorded[ours]).max() < 1e-3 * float(np.ptp(recorded[ours]))
    emf = np.interp(time_s + preroll_s, plain.time_s, plain[SIGNALS["battery_emf_V"]])
    assert np.abs(emf - recorded["battery_emf_V"]).max() < 1e-6


def test_window_balances_and_hands_back(spice: SpiceSession) -> None:
    outcome, _, state, _ = run_window(spice)
    balance = outcome.balance
    assert balance.charge_C > 15.0
    assert balance.charge_relative < 1e-4
    assert balance.energy_relative < 1e-2
    assert outcome.state.battery.soc[0, 0] > state.battery.soc[0, 0]
    assert float(outcome.dataset.junction_degC.max()) > 27.0
    assert outcome.supervision.commands.alternator_enable
    assert outcome.end_tick == START + 4
    assert [row[0] for row in outcome.tick_rows] == list(range(START, START + 5))


def test_settling_before_a_window_takes_few_points(spice: SpiceSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """An enabled path settles for 50 ms; nothing of it counts, so SPICE chooses its steps. Watched: 180 points."""
    seen: list[Waveforms] = []
    run = spice.transient

    def kept(*arguments: object, **named: object) -> Waveforms:
        seen.append(run(*arguments, **named))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(spice, "transient", kept)
    outcome, _, _, _ = run_window(spice, enabled=True)
    before = int((seen[0].time_s < PREROLL_S[True] - 1e-9).sum())
    assert 20 < before < 100, before
    assert outcome.dataset.sizes["time_s"] == seen[0].n_points - before
    assert abs(outcome.start_mismatch_A) < 1e-3  # it settled to what the slow engine says


def test_two_windows_are_the_same_bits(spice: SpiceSession) -> None:
    first, second = run_window(spice)[0], run_window(spice)[0]
    assert first.dataset.identical(second.dataset)
    assert first.balance == second.balance


def test_a_retry_starts_from_the_very_start(spice: SpiceSession) -> None:
    """What the retry ladder does after an abort: the same window once more, nothing left of the first try."""
    window, spec, _, _ = make_window()
    first = window.run(spice)
    again = window.run(spice)
    assert first.notes == again.notes
    assert first.dataset.identical(again.dataset)
    assert first.state.battery.soc[0, 0] == again.state.battery.soc[0, 0]
    assert len(first.tick_rows) == len(again.tick_rows)
    assert spec.title == "window"


def test_merging_keeps_ticks_and_drops_their_doubles() -> None:
    assert merged([0.0, 0.1, 0.2], [0.1 + 3e-9, 0.15, 0.2 - 1e-12]) == [0.0, 0.1, 0.15, 0.2]


def test_corner_points_of_a_ramp() -> None:
    time_s = np.linspace(0.0, 1.0, 101)
    value = np.clip((time_s - 0.3) * 10.0, 0.0, 1.0)
    assert corner_points(time_s, value).tolist() == [0, 30, 40, 100]
