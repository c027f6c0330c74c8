"""Bank of LFP batteries: sanity figures, balances, sharing, order, and the fast steps against their equations."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import bank, bank_tick, cell
from models.bank import BankParameters, BankState

Array = NDArray[np.float64]

PACK = bank.load_battery()


def rich(pack: BankParameters = PACK) -> BankParameters:
    """The same battery with everything the equation knows: hysteresis, a charge-transfer pair, drifting times."""
    table = pack.cell.table.copy()
    table[:, :, cell.HYSTERESIS] = 0.015
    scale_A = pack.cell.pair_scale_A.copy()
    scale_A[:, 0] = np.linspace(5.0, 40.0, pack.cell.degC.size)
    tau_s = pack.cell.pair_tau_s * np.linspace(1.5, 0.7, pack.cell.degC.size)[:, np.newaxis]
    core = pack.cell._replace(table=table, pair_scale_A=scale_A, pair_tau_s=tau_s, hysteresis_rate=60.0)
    return pack._replace(cell=core)


def uneven(n: int, seed: int = 1, pack: BankParameters | None = None) -> tuple[BankParameters, BankState]:
    """A bank of unequal age, cables, charge and temperature, in use."""
    rng = np.random.default_rng(seed)
    shape = (n, 4)
    p = bank.of_batteries(
        pack or rich(), rng.uniform(0.8, 1.0, shape), rng.uniform(1.0, 1.5, shape), rng.uniform(5e-4, 2e-3, n)
    )
    state = bank.initial_state(rng.uniform(0.3, 0.7, shape), rng.uniform(10.0, 30.0, shape), p)
    return p, bank.step(state, 40.0 * n, 20.0, 20.0, p)


def test_resistance_and_drop_of_a_battery() -> None:
    state = bank.initial_state(0.5, 25.0, PACK)
    emf_V, resistance_ohm = bank.thevenin(state, PACK)
    assert 13.1 < emf_V < 13.4
    # Four cells of 9.712 mohm (A123) times 2 x 1.99447 / 200, and 0.16 V / 400 A of connections: 1.175 mohm.
    assert resistance_ohm == pytest.approx(4.0 * 9.712e-3 * 2.0 * 1.99447 / 200.0 + 4e-4, rel=1e-3)
    later = bank.step(state, -100.0, 1.0, 25.0, PACK)
    drop_V = emf_V - (bank.thevenin(later, PACK)[0] - 100.0 * bank.thevenin(later, PACK)[1])
    # 117.5 mV at once; within the second a tenth of the first pair (0.091 mohm, 10 s) and an eightieth of the second
    # (0.305 mohm, 80 s): 4 x 100 A x 13 uohm = 5 mV; less than 1 mV of the rest.
    assert drop_V == pytest.approx(0.1225, abs=0.001)


def test_cell_voltages_add_up_to_the_terminal_voltage() -> None:
    p, state = uneven(5)
    emf_V, resistance_ohm = bank.thevenin(state, p)
    volts, amps = bank.cell_voltages_V(state, 300.0, p), bank.shares(state, 300.0, p)
    total_V = volts.sum(axis=1) + amps * (p.terminal_resistance_ohm + p.cable_ohm)
    assert total_V == pytest.approx(np.full(5, emf_V + 300.0 * resistance_ohm), rel=1e-13)


def test_400_A_discharge_stays_above_the_end_of_discharge() -> None:
    # Requirement B6: 400 A continuous discharge, end of discharge 11.2 V.
    state = bank.initial_state(0.8, 25.0, PACK)
    for _ in range(60):
        state = bank.step(state, -400.0, 10.0, 25.0, PACK)
    emf_V, resistance_ohm = bank.thevenin(state, PACK)
    assert emf_V - 400.0 * resistance_ohm > 11.2


def round_trip(current_A: float) -> float:
    state = bank.initial_state(0.1, 25.0, PACK)
    energy_J = []
    for sign in (1.0, -1.0):
        before_J = bank.terminal_energy_J(state)
        for _ in range(int(0.8 * 720_000.0 / current_A / 10.0)):
            state = bank.step(state, sign * current_A, 10.0, 25.0, PACK)
        energy_J.append(abs(bank.terminal_energy_J(state) - before_J))
        for _ in range(360):
            state = bank.step(state, 0.0, 10.0, 25.0, PACK)
    return energy_J[1] / energy_J[0]


def test_round_trip_efficiency_brackets_the_published_92_percent() -> None:
    assert round_trip(100.0) > 0.92 > round_trip(200.0) > 0.86


def test_cell_heat_by_hand() -> None:
    # 100 A at soc 0.4 and 25 degC, pairs at 22, 53 and 80 mV, no hysteresis: I^2 R0 + I sum v and I T dU/dT. File:
    # 0.194378 mohm and 0.16027 mV/K; 0.4 mohm of connections.
    pairs_V = np.array([0.022, 0.053, 0.080])[:, None, None] * np.ones((1, 4))
    state = bank.initial_state(0.4, 25.0, PACK)._replace(v_V=pairs_V)
    irreversible = 1e4 * 1.94378e-4 + 100.0 * 0.155
    reversible = 100.0 * 298.15 * 1.6027e-4
    terminals = 1e4 * 4e-4
    assert bank.heat_W(state, 100.0, PACK) == pytest.approx(4.0 * (irreversible + reversible) + terminals, rel=1e-5)


def test_step_does_not_touch_its_input() -> None:
    p, state = uneven(3)
    copies = [item.copy() for item in state]
    bank.step(state, 100.0, 10.0, 0.0, p)
    assert all(np.array_equal(item, copy) for item, copy in zip(state, copies, strict=True))


def test_weak_cell_shows_alone() -> None:
    pack = PACK._replace(capacity_factor=np.array([[1.0, 1.0, 0.8, 1.0]]))
    state = bank.step(bank.initial_state(0.5, 25.0, pack), -100.0, 720.0, 25.0, pack)
    # 20 Ah out of 200 and out of 160 Ah.
    assert state.soc[0] == pytest.approx([0.4, 0.4, 0.375, 0.4])


# ---- sharing --------------------------------------------------------------------------------------------------
def test_two_batteries_share_by_hand() -> None:
    p = bank.of_batteries(PACK, np.ones((2, 1)), np.ones((2, 1)), np.array([0.0, 4e-3]))
    state = bank.initial_state(np.array([[0.5], [0.3]]), 25.0, p)
    low, high = (4.0 * cell.open_circuit_voltage_V(soc, 25.0, PACK.cell) for soc in (0.3, 0.5))
    ohm = [bank.thevenin(bank.initial_state(soc, 25.0, PACK), PACK)[1] for soc in (0.5, 0.3)]
    # At no current the fuller one charges the other through both resistances.
    flow_A = (high - low) / (ohm[0] + ohm[1] + 4e-3)
    assert bank.shares(state, 0.0, p) == pytest.approx([-flow_A, flow_A], rel=1e-9)
    assert flow_A > 5.0


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 50), seed=st.integers(0, 2**32 - 1), current_A=st.floats(-5000.0, 5000.0))
def test_shares_add_up_and_meet_at_one_voltage(n: int, seed: int, current_A: float) -> None:
    p, state = uneven(n, seed)
    amps = bank.shares(state, current_A, p)
    assert amps.sum() == pytest.approx(current_A, abs=1e-9 * (abs(current_A) + 100.0))
    volts = bank.cell_voltages_V(state, current_A, p).sum(axis=1) + amps * (p.terminal_resistance_ohm + p.cable_ohm)
    assert np.ptp(volts) < 1e-10


@settings(deadline=None, max_examples=30)
@given(
    n=st.integers(2, 50), soc=st.floats(0.02, 0.98), degC=st.floats(-20.0, 50.0), each_A=st.floats(-400.0, 400.0),
    cable=st.floats(0.0, 5e-3),
)
def test_equal_batteries_share_equally(n: int, soc: float, degC: float, each_A: float, cable: float) -> None:
    p = bank.of_batteries(rich(), np.ones((n, 1)), np.ones((n, 1)), np.full(n, cable))
    state = bank.initial_state(soc, degC, p)
    for _ in range(3):
        amps = bank.shares(state, n * each_A, p)
        assert amps == pytest.approx(np.full(n, each_A), rel=1e-12, abs=1e-9)
        state = bank.step(state, n * each_A, 5.0, degC, p)
    assert np.ptp(state.soc, axis=0) == pytest.approx(np.zeros(4), abs=1e-13)


@settings(deadline=None, max_examples=30)
@given(n=st.integers(2, 50), seed=st.integers(0, 2**32 - 1), current_A=st.floats(-2000.0, 2000.0))
def test_the_order_of_the_batteries_does_not_matter(n: int, seed: int, current_A: float) -> None:
    p, state = uneven(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    turned = p._replace(
        capacity_factor=p.capacity_factor[order], resistance_factor=p.resistance_factor[order],
        cable_ohm=p.cable_ohm[order],
    )
    mixed = BankState(*(x[:, order] if x.ndim == 3 else x[order] for x in state))
    emf_V, ohm = bank.thevenin(state, p)
    assert bank.thevenin(mixed, turned) == pytest.approx((emf_V, ohm), rel=1e-13)
    after, other = bank.step(state, current_A, 3.0, 20.0, p), bank.step(mixed, current_A, 3.0, 20.0, turned)
    for ours, theirs in zip(after, other, strict=True):
        assert theirs == pytest.approx(ours[:, order] if ours.ndim == 3 else ours[order], rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(2, 50), seed=st.integers(0, 2**32 - 1), current_A=st.floats(-5000.0, 5000.0),
    more_ohm=st.floats(1e-6, 1.0),
)
def test_more_cable_resistance_brings_a_battery_nearer_to_no_current(
    n: int, seed: int, current_A: float, more_ohm: float
) -> None:
    """More resistance never raises a battery's current, as magnitude, at a given state and bank current.

    Take battery 0 out: the rest is one EMF E' behind R', and at the bank's current I its open terminal stands at
    ``V' = E' + R' I``. Then ``I_0 = (V' - E_0) / (R_0 + R')``. Neither V' nor R' knows the cable of battery 0, so a
    larger R_0 keeps the current's sign and lowers its magnitude (strictly, unless it is 0). With a voltage source in
    place of I it holds as well, R' = 0. It is no theorem about later times: a battery that took less is emptier then.
    """
    p, state = uneven(n, seed)
    longer = p._replace(cable_ohm=p.cable_ohm + more_ohm * (np.arange(n) == 0))
    before, after = (bank.shares(state, current_A, bank_p)[0] for bank_p in (p, longer))
    assert abs(after) <= abs(before) + 1e-9
    assert after * before >= -1e-9


# ---- one of one -----------------------------------------------------------------------------------------------
def bare_cell(current_A: float, dt_s: float, steps: int, p: BankParameters) -> tuple[float, float, float]:
    """Charge, voltage at ``current_A`` and temperature of a lone cell, from the equations in `models.cell`."""
    c, soc, h, degC = p.cell, 0.5, 0.0, 10.0
    v_V = [0.0] * c.pair_tau_s.shape[1]
    for _ in range(steps):
        hysteresis_V = cell.coefficient(cell.HYSTERESIS, soc, degC, c)
        r0 = cell.resistance_ohm(soc, degC, c)
        z = c.hysteresis_rate * abs(current_A) * dt_s / (3600.0 * c.capacity_Ah)
        goal = math.copysign(1.0, current_A)
        over_V = hysteresis_V * (goal + (h - goal) * -math.expm1(-z) / z) + r0 * current_A
        h = goal + (h - goal) * math.exp(-z)
        rise = current_A * dt_s / (3600.0 * c.capacity_Ah)
        for k in range(len(v_V)):
            # The resistance is that of the middle of the step, along the tables' slope where the step begins.
            target = cell.pair_target_V(k, soc, degC, current_A, 1.0, 1.0, c)
            target += 0.5e6 * rise * (cell.pair_target_V(k, soc + 1e-6, degC, current_A, 1.0, 1.0, c) - target)
            ratio = dt_s / cell.at_temperature(c.pair_tau_s, k, degC, c)
            over_V += target + (v_V[k] - target) * -math.expm1(-ratio) / ratio
            v_V[k] = target + (v_V[k] - target) * math.exp(-ratio)
        heat_W = current_A * over_V + current_A * (degC + 273.15) * cell.entropic_V_K(soc, c)
        heat_W += current_A**2 * p.terminal_resistance_ohm / 4.0
        rate = 1.0 / (p.cell_to_ambient_K_W * c.heat_capacity_J_K)
        degC += -math.expm1(-rate * dt_s) / rate * (heat_W / c.heat_capacity_J_K - rate * (degC - 20.0))
        soc += rise
    volts = cell.open_circuit_voltage_V(soc, degC, c) + cell.coefficient(cell.HYSTERESIS, soc, degC, c) * h
    return soc, volts + sum(v_V) + cell.resistance_ohm(soc, degC, c) * current_A, degC


@pytest.mark.parametrize("current_A", [90.0, -200.0])
def test_a_bank_of_one_battery_of_equal_cells_is_the_bare_cell(current_A: float) -> None:
    p = rich()
    state = bank.initial_state(0.5, 10.0, p)
    for _ in range(200):
        state = bank.step(state, current_A, 2.0, 20.0, p)
    soc, volts, degC = bare_cell(current_A, 2.0, 200, p)
    assert state.soc[0] == pytest.approx(np.full(4, soc), rel=1e-12)
    assert state.temperature_degC[0] == pytest.approx(np.full(4, degC), abs=1e-9)
    assert bank.cell_voltages_V(state, current_A, p)[0] == pytest.approx(np.full(4, volts), abs=1e-10)


# ---- conservation ---------------------------------------------------------------------------------------------
def test_zero_current_changes_nothing_at_ambient() -> None:
    state = bank.initial_state(0.5, 25.0, rich())
    later = bank.step(state, 0.0, 1000.0, 25.0, rich())
    for before, after in zip(state, later, strict=True):
        assert np.array_equal(before, after)
    assert bank.emf_slope_V_s(state, 0.0, rich()) == 0.0


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 50), seed=st.integers(0, 2**32 - 1), dt_s=st.floats(1e-3, 100.0))
def test_zero_current_conserves_the_banks_charge(n: int, seed: int, dt_s: float) -> None:
    """Between batteries charge flows; its sum stays (bled charge counted)."""
    p, state = uneven(n, seed)
    before_C = bank.stored_charge_C(state, p)
    after_C = bank.stored_charge_C(bank.step(state, 0.0, dt_s, 20.0, p), p)
    assert after_C == pytest.approx(before_C, rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    n=st.integers(1, 20), seed=st.integers(0, 2**32 - 1), each_A=st.floats(-400.0, 400.0), dt_s=st.floats(1e-4, 30.0)
)
def test_charge_and_energy_of_a_step_add_up(n: int, seed: int, each_A: float, dt_s: float) -> None:
    p, state = uneven(n, seed)
    after = bank.step(state, n * each_A, dt_s, 20.0, p)
    moved_C = bank.stored_charge_C(after, p) - bank.stored_charge_C(state, p)
    assert moved_C == pytest.approx(n * each_A * dt_s, rel=1e-9, abs=1e-6)
    # Energy by the books against the mean of the terminal voltage before and after (trapezoid).
    emf_V, ohm = bank.thevenin(state, p)
    later_V, later_ohm = bank.thevenin(after, p)
    mean_V = 0.5 * (emf_V + later_V) + 0.5 * (ohm + later_ohm) * n * each_A
    moved_J = bank.terminal_energy_J(after) - bank.terminal_energy_J(state)
    exchanged_J = float(np.abs(bank.shares(state, n * each_A, p)).sum()) * 0.05 * dt_s  # currents at 50 mV of drift
    assert moved_J == pytest.approx(n * each_A * mean_V * dt_s, rel=5e-3, abs=exchanged_J + 1e-6)


def test_heat_balance_of_the_cells() -> None:
    """Heat made = heat stored + heat to the air, and rows conduct towards equal temperatures."""
    p = PACK._replace(cell_to_ambient_K_W=1e12)
    state = bank.initial_state(np.full((1, 4), 0.5), np.array([[40.0, 20.0, 20.0, 10.0]]), p)
    after = bank.step(state, 150.0, 600.0, 20.0, p)
    stored_J = float((after.temperature_degC - state.temperature_degC).sum()) * p.cell.heat_capacity_J_K
    assert stored_J == pytest.approx(float(after.heat_J.sum()), rel=1e-6)
    assert np.ptp(after.temperature_degC) < np.ptp(state.temperature_degC)
    slow = bank.step(state, 0.0, 1e7, 20.0, p)
    assert np.ptp(slow.temperature_degC) < 1e-6


def test_two_short_steps_of_heat_are_one_long() -> None:
    p = PACK._replace(cell=PACK.cell._replace(table=np.zeros_like(PACK.cell.table) + 1e-9))
    warm = bank.initial_state(0.5, np.array([[40.0, 25.0, 10.0, 20.0]]), p)
    twice = bank.step(bank.step(warm, 0.0, 700.0, 5.0, p), 0.0, 1300.0, 5.0, p)
    assert bank.step(warm, 0.0, 2000.0, 5.0, p).temperature_degC == pytest.approx(twice.temperature_degC, rel=1e-12)


# ---- balancing ------------------------------------------------------------------------------------------------
def test_a_full_cell_bleeds_and_its_charge_is_accounted_for() -> None:
    state = bank.initial_state(np.array([[0.9, 0.9, 0.9, 0.99999]]), 25.0, PACK)
    full_V = cell.open_circuit_voltage_V(0.99999, 25.0, PACK.cell)
    assert full_V > PACK.balancing_full_V
    after = bank.step(state, 0.5, 10.0, 25.0, PACK)
    assert after.bled_C[0] == pytest.approx([0.0, 0.0, 0.0, 10.0])  # 1 A for 10 s
    assert after.soc[0, 3] < 0.99999 < after.soc[0, 3] + 1e-4
    assert after.soc[0, 0] == pytest.approx(0.9 + 0.5 * 10.0 / 720_000.0)
    moved_C = bank.stored_charge_C(after, PACK) - bank.stored_charge_C(state, PACK)
    assert moved_C == pytest.approx(5.0, abs=1e-9)
    assert after.heat_J[0, 3] - after.heat_J[0, 0] == pytest.approx(10.0 * full_V, rel=0.01)


def test_absorption_brings_the_cells_together() -> None:
    state = bank.initial_state(np.array([[0.985, 0.99, 0.995, 0.999]]), 25.0, PACK)
    spread = np.ptp(state.soc)
    for _ in range(2 * 3600):
        emf_V, ohm = bank.thevenin(state, PACK)
        state = bank.step(state, (14.2 - emf_V) / (ohm + 0.005), 1.0, 25.0, PACK)
    assert np.ptp(state.soc) < 0.5 * spread
    assert np.all(bank.cell_voltages_V(state, 0.0, PACK) < 3.60)


# ---- steps against their equations ----------------------------------------------------------------------------
def test_emf_slope_is_the_limit_of_the_step() -> None:
    for p, state in (uneven(1), uneven(7)):
        h = 1e-3
        after = bank.step(state, -90.0, h, 20.0, p)
        secant = (bank.thevenin(after, p)[0] - bank.thevenin(state, p)[0]) / h
        assert bank.emf_slope_V_s(state, -90.0, p) == pytest.approx(secant, rel=5e-3)


def test_a_small_step_is_the_derivative() -> None:
    p, state = uneven(6)
    state.soc[2] = 0.9993  # one that bleeds
    h = 1e-4
    rates = bank.derivatives(state, bank.shares(state, 500.0, p), 20.0, p)
    after = bank.step(state, 500.0, h, 20.0, p)
    for name, before, then, rate in zip(BankState._fields, state, after, rates, strict=True):
        size = float(np.abs(rate).max())
        assert (then - before) / h == pytest.approx(rate, rel=2e-4, abs=2e-5 * size), name
    assert rates.bled_C[2].min() > 0.9


@settings(deadline=None, max_examples=200)
@given(
    current_A=st.floats(-1e5, 1e5), scale_A=st.floats(0.1, 1e3),
)
def test_the_fast_asinh_is_asinh(current_A: float, scale_A: float) -> None:
    out = np.empty(1)
    bank_tick.fill_charge_transfer_V(out, np.array([1e-4]), np.array([scale_A]), np.array([current_A]))
    exact = 1e-4 * scale_A * math.asinh(current_A / scale_A)
    bound = 1e-10 if abs(current_A) < 1e3 * scale_A else 1e-7
    assert out[0] == pytest.approx(exact, rel=bound, abs=1e-18 * scale_A)


def error_V(dt_s: float, exact_V: float, p: BankParameters) -> float:
    state = bank.initial_state(0.5, -10.0, p)
    for _ in range(round(600.0 / dt_s)):
        state = bank.step(state, 150.0, dt_s, -10.0, p)
    return abs(bank.thevenin(state, p)[0] - exact_V)


def test_error_falls_with_the_step() -> None:
    p = rich()
    exact = bank.initial_state(0.5, -10.0, p)
    for _ in range(6000):
        exact = bank.step(exact, 150.0, 0.1, -10.0, p)
    exact_V = bank.thevenin(exact, p)[0]
    assert 1.7 < error_V(20.0, exact_V, p) / error_V(10.0, exact_V, p) < 2.4


@settings(deadline=None, max_examples=60)
@example(soc=0.0546875, current_A=286.0, degC=-2.0, dt_s=60.0, h=1.0, n=1)
@example(soc=0.5, current_A=-283.0, degC=13.0, dt_s=60.0, h=0.0, n=1)
@given(
    soc=st.floats(0.05, 0.95), current_A=st.floats(-400.0, 400.0), degC=st.floats(-20.0, 50.0),
    dt_s=st.floats(1e-6, 60.0), h=st.floats(-1.0, 1.0), n=st.integers(1, 8),
)
def test_no_state_leaves_its_physical_range(
    soc: float, current_A: float, degC: float, dt_s: float, h: float, n: int
) -> None:
    """Rated current (400 A per battery), up to a minute at once: finite, |h| <= 1, passive pairs, no jump of heat."""
    p = bank.of_batteries(rich(), np.ones((n, 1)), np.ones((n, 1)), np.full(n, 1e-3))
    state = bank.step(bank.initial_state(soc, degC, p, h), n * current_A, dt_s, degC, p)
    assert all(np.all(np.isfinite(item)) for item in state)
    assert np.all(np.abs(state.h) <= 1.0)
    assert np.all((state.soc > 0.0) & (state.soc < 1.0))
    # The heat of the step warms the cell, all but what a minute takes to the air (400 A at -20 degC, 5 %: by 18 K).
    stored_J = (state.temperature_degC - degC) * p.cell.heat_capacity_J_K
    assert np.all(np.abs(stored_J - state.heat_J) <= 0.02 * np.abs(state.heat_J) + 1e-6)
    for k in range(2):
        # Rounding of 13 V (2e-15 V each) over 2 mohm: equal batteries exchange some 1e-12 A, never 1e-11 A.
        way = np.linspace(soc, float(state.soc[0, 0]), 33)  # its resistance follows the charge
        settled = max(cell.pair_target_V(k, s, degC, abs(current_A) + 1e-11, 1.0, 1.0, p.cell) for s in way)
        assert np.all(state.v_V[k] * current_A >= -1e-12)
        assert np.all(np.abs(state.v_V[k]) <= settled * (1.0 + 1e-9))


def test_steady_temperature_by_hand() -> None:
    core = PACK.cell._replace(entropic_V_K=np.zeros_like(PACK.cell.entropic_V_K), degC=np.array([25.0]),
                              table=PACK.cell.table[13:14], pair_tau_s=PACK.cell.pair_tau_s[:1],
                              pair_scale_A=PACK.cell.pair_scale_A[:1], per_K=np.zeros(1))
    p = PACK._replace(cell=core)
    state = bank.initial_state(0.5, 20.0, p)
    for sign in [1.0, -1.0] * 3000:
        state = bank.step(state, 100.0 * sign, 60.0, 20.0, p)
    # Alternating +-100 A with period 120 s: R0 (0.1937 mohm) and connections fully, pairs by their mean square; bounds
    # with and without the pairs of minutes and less (0.09, 0.31 mohm). The slow one (4000 s) hardly moves, hysteresis
    # swings by 8.3 mV x 8 x 60 s x 100 A / 720 kC = 0.6 mV, 0.06 W.
    lower = 20.0 + 3.25607 * 1e4 * (1.937e-4 + 1e-4)
    upper = lower + 3.25607 * 1e4 * (0.913e-4 + 3.051e-4)
    assert lower < state.temperature_degC[0, 0] < upper
