"""The prepared tick: every shortcut gives what the plain function gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cosim.circuit.characteristic import Controls, current_and_slope, law_at, limiter_start
from cosim.slow.channels import row_size
from cosim.slow.commands import charging
from cosim.slow.loop import LEDGER, Grid, Plant, Stretch, observe, run_ticks
from cosim.slow.network import CLOSE_A, Network, bracketed, root
from cosim.slow.plant import PlantParameters, PlantState
from cosim.slow.quasi_static import new_watch
from cosim.slow.sensors import free_bounds
from models import alternator, bank, bank_tick, bank_work, heat, heat_tick, system
from models.linear import relax_chain, step_network
from tests.cosim.slow.test_slow import VEHICLE, plant
from tests.models.test_bank import uneven

NOTHING = system.gathered([], [], 0.0)
"""Nothing at System+."""


@pytest.mark.parametrize("n", [1, 7])
def test_a_refresh_every_second_is_as_good_as_one_on_every_tick(n: int) -> None:
    """50 s of 0.1 s ticks: 0.1 mV is what the compiled loop may differ from the equations."""
    p, state = uneven(n)
    w = bank_work.empty(p)
    bank_work.load(w, state)
    bank_work.set_cooling(w, 0.1, p)
    for tick in range(500):
        current_A = n * (90.0 if tick % 200 < 100 else -150.0)
        if tick % 10 == 0:
            bank_work.refresh(w, p)
            bank_work.retime(w, 0.1, p)
        emf_V, _ = bank_tick.look(w)
        bank_tick.divide(w, emf_V, current_A)
        bank_tick.advance(w, 0.1, 20.0, p)
        state = bank.step(state, current_A, 0.1, 20.0, p)
    held = bank_work.stored(w)
    assert bank.stored_charge_C(held, p) == pytest.approx(bank.stored_charge_C(state, p), rel=1e-12)
    assert bank.thevenin(held, p)[0] == pytest.approx(bank.thevenin(state, p)[0], abs=5e-5)
    assert bank.cell_voltages_V(held, 90.0, p) == pytest.approx(bank.cell_voltages_V(state, 90.0, p), abs=5e-5)
    assert held.temperature_degC == pytest.approx(state.temperature_degC, abs=5e-4)


@pytest.mark.parametrize(("devices", "nodes"), [(5, 4), (3, 4), (5, 2), (1, 3)])
def test_a_prepared_box_step_is_the_step(devices: int, nodes: int) -> None:
    p = heat.load_box()
    p = p._replace(cauer=heat.CauerParameters(p.cauer.resistance_K_W[:nodes], p.cauer.capacity_J_K[:nodes]))
    plain = heat.initial_box(30.0, devices, p)
    powers = np.array([50.0, 20.0, 22.0, 0.0, 40.0])[:devices]
    ladders, heatsink, terminal = plain.junction_degC.copy(), 30.0, 30.0
    k = heat_tick.prepare_box(devices, 0.1, p)
    for _ in range(500):
        plain = heat.step_box(plain, powers, 6.0, 25.0, 0.1, p)
        heatsink, terminal = heat_tick.step_box_in_place(heatsink, terminal, ladders, powers, 6.0, 25.0, k)
    assert plain.heatsink_degC > 30.5
    assert heatsink == pytest.approx(plain.heatsink_degC, rel=1e-12)
    assert terminal == pytest.approx(plain.terminal_degC, rel=1e-12)
    assert ladders == pytest.approx(plain.junction_degC, rel=1e-12)


@pytest.mark.parametrize("dt_s", [0.1, 30.0])
def test_three_nodes_in_a_row_are_a_network(dt_s: float) -> None:
    capacity, to_air, between, power = (1100.0, 2500.0, 180.0), (3.0, 8.0, 1.5), (6.0, 2.0), (400.0, 150.0, 90.0)
    start = (120.0, 80.0, 95.0)
    links = np.array([[0.0, 6.0, 0.0], [6.0, 0.0, 2.0], [0.0, 2.0, 0.0]])
    rate = (links - np.diag(links.sum(axis=1) + np.array(to_air))) / np.array(capacity)[:, None]
    source = (np.array(power) + np.array(to_air) * 60.0) / np.array(capacity)
    expected = step_network(np.array(start), rate, source, dt_s)
    assert relax_chain(start, capacity, to_air, between, power, 60.0, dt_s) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("drop_V", [-0.5, -1e-4, 0.0, 0.01, 0.05, 0.2, 1.5])
@pytest.mark.parametrize("enable", [0.0, 1.0])
def test_the_slope_of_the_law_is_its_derivative(drop_V: float, enable: float) -> None:
    law = law_at(Controls(enable, 54.0, 60.0, 50.0, 70.0), limiter_start())
    step = 1e-7
    difference = current_and_slope(drop_V + step, law)[0] - current_and_slope(drop_V - step, law)[0]
    assert current_and_slope(drop_V, law)[1] == pytest.approx(difference / (2.0 * step), rel=1e-4, abs=1e-6)


def test_the_slope_of_the_alternator_is_its_derivative() -> None:
    step = 1e-6
    for voltage_V in (12.0, 13.6, 14.1, 14.6):
        above, below = (alternator.current_and_slope(voltage_V + s, 120.0, 14.3, 150.0)[0] for s in (step, -step))
        slope = alternator.current_and_slope(voltage_V, 120.0, 14.3, 150.0)[1]
        assert slope == pytest.approx((above - below) / (2.0 * step), rel=1e-5, abs=1e-6)


def test_newton_and_bracketing_find_the_same_root_from_anywhere() -> None:
    rng = np.random.default_rng(1)
    for _ in range(2000):
        n = Network(
            capability_A=float(rng.choice([0.0, rng.uniform(5.0, 200.0)])), setpoint_V=rng.uniform(13.6, 14.8),
            load_A=rng.uniform(0.0, 300.0), source_emf_V=rng.uniform(11.8, 13.2),
            source_S=1.0 / rng.uniform(3e-3, 15e-3), cable_ohm=rng.uniform(0.3e-3, 3e-3),
            battery_emf_V=rng.uniform(11.5, 14.5), battery_ohm=rng.uniform(1e-3, 4e-3), lead_ohm=0.8e-3,
            gain_A_V=150.0, field_share=float(rng.choice([1.0, rng.uniform(0.05, 1.0)])),
            carried_A=rng.uniform(0.0, 50.0), system_V=0.0,
        )
        u = Controls(float(rng.integers(0, 2)), rng.uniform(5.0, 75.0), rng.uniform(-40.0, 150.0), 40.0, 60.0)
        law = law_at(u, limiter_start())
        found = root(rng.uniform(11.0, 15.0), n, law, NOTHING)
        sure = bracketed(rng.uniform(11.0, 15.0), n, law, NOTHING)
        again = root(found.voltage_V, n, law, NOTHING)  # looked at there, not only along the tangents
        assert abs(again.voltage_V - found.voltage_V) < 1e-10
        assert found.port_current_A == pytest.approx(again.port_current_A, abs=1e-6)
        assert found.voltage_V == pytest.approx(sure.voltage_V, abs=1e-10)
        assert found.port_current_A == pytest.approx(sure.port_current_A, abs=1e-6)
    assert CLOSE_A <= 1e-9


def _stretch(low_sense_V: float) -> Stretch:
    free = free_bounds()
    low = -free
    low[1] = low_sense_V
    return Stretch(charging(90.0), 54.0, -free, free, 10**9, low, free, 10)


def _kept(state: PlantState, p: PlantParameters) -> tuple[Plant, Grid]:
    grid = Grid(np.tile([3000.0, 0.0, 20.0, 0.0], (301, 1)), np.array([60.0, 25.0, 20.0]), 0.1, 10)
    return Plant(state, p, grid, np.zeros((31, row_size(4))), np.zeros(len(LEDGER))), grid


def test_the_kept_plant_runs_as_the_loop_and_leaves_the_start_alone() -> None:
    _, p, state = plant(VEHICLE)
    kept, grid = _kept(state, p)
    soc = state.battery.soc.copy()
    end, tick, wanted = run_ticks(
        state, 0, 300, True, grid, _stretch(-math.inf), np.zeros((31, row_size(4))), np.zeros(len(LEDGER)),
        new_watch(), p,
    )
    for begin, stop in ((0, 7), (7, 120), (120, 300)):  # in pieces: the same to the bit
        assert kept.run(begin, stop, True, _stretch(-math.inf)) == (stop, False)
    assert (tick, wanted) == (300, False)
    assert np.array_equal(state.battery.soc, soc)
    assert kept.state.bus_voltage_V == end.bus_voltage_V
    assert np.array_equal(kept.state.battery.soc, end.battery.soc)
    assert np.array_equal(kept.state.box.junction_degC, end.box.junction_degC)


def test_a_look_between_two_stretches_moves_nothing_and_tells_the_state_at_the_end_of_the_line() -> None:
    """Speed moves, so that a correction is due at every tick; other commands are looked at in passing."""
    _, p, state = plant(VEHICLE)
    rows = np.tile([3000.0, 0.0, 20.0, 0.0], (301, 1))
    rows[:, 0] += 800.0 * np.sin(0.2 * np.arange(301))
    grid = Grid(rows, np.array([60.0, 25.0, 20.0]), 0.1, 10)
    ends, on = [], _stretch(-math.inf)
    for cuts in ((300,), (7, 130, 300)):
        kept = Plant(state, p, grid, np.zeros((31, row_size(4))), np.zeros(len(LEDGER)))
        begin = 0
        for stop in cuts:
            kept.run(begin, stop, True, on)
            for commands in (on.commands, charging(90.0) * 0.0):
                kept.look(stop, on._replace(commands=commands))
            begin = stop
        ends.append(kept)
    one, other = (plant_.state for plant_ in ends)
    assert one.starter == other.starter
    assert one.bus_voltage_V == other.bus_voltage_V
    # From outside the state stands as it is: the network solved around it alone finds what the loop found.
    there, _ = observe(other, rows[300], on.commands, 54.0, p)
    assert ends[0].look(300, on)[0].port_current_A == pytest.approx(there.port_current_A, abs=1e-6)


def test_a_sample_bound_counts_on_the_schedule_only() -> None:
    _, p, state = plant(VEHICLE)
    kept, _ = _kept(state, p)
    assert kept.run(3, 300, True, _stretch(1.0)) == (10, True)
    assert kept.measured[1] < 1.0
