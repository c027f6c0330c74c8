"""The bank's work space: what it reads from its tiles is what the cell's tables say, wherever the cells are."""

import numpy as np
import pytest

from models import bank, bank_tick, bank_work, cell
from models import bank_rows as r
from models.bank_rows import LANES, LINE
from models.bank_types import BankParameters, BankState
from tests.models.test_bank import PACK, rich

FAR_SOC = (-0.02, 0.0, 1e-9, 0.0999, 0.1, 0.35, 0.777, 0.995, 1.0 - 1e-12, 1.0, 1.03, 0.5)
"""Outside the grid, on its ends, on its nodes and between."""


def row(w: bank_work.Work, place: int, n: int) -> np.ndarray:
    return w.x[place * LANES : place * LANES + n]


def placed(soc: np.ndarray, degC: np.ndarray, p: BankParameters) -> BankState:
    return bank.initial_state(0.5, 25.0, p)._replace(soc=soc.copy(), temperature_degC=degC.copy())


def of_three(pack: BankParameters) -> BankParameters:
    rng = np.random.default_rng(3)
    return bank.of_batteries(pack, rng.uniform(0.7, 1.0, (3, 4)), rng.uniform(1.0, 2.0, (3, 4)), np.full(3, 1e-3))


@pytest.mark.parametrize("pack", [PACK, rich()])
def test_tiles_are_the_tables(pack: BankParameters) -> None:
    p, c = of_three(pack), pack.cell
    w = bank_work.empty(p)
    rng = np.random.default_rng(1)
    for degC_now in (-45.0, -40.0, -12.5, 25.0, 31.0, 60.0, 75.0):  # the cells jump: each time to other tiles
        soc = rng.permutation(np.array(FAR_SOC)).reshape(3, 4)
        degC = degC_now + rng.choice([0.0, 4.9], (3, 4))
        bank_work.load(w, placed(soc, degC, p))
        bank_work.refresh(w, p)
        for b in range(3):
            for i in range(4):
                at, here, T = i * 3 + b, soc[b, i], degC[b, i]
                aged_ohm, aged = p.resistance_factor[b, i], p.capacity_factor[b, i]
                assert row(w, r.OHM, 12)[at] == pytest.approx(aged_ohm * cell.resistance_ohm(here, T, c), rel=1e-12)
                assert row(w, r.HYSTERESIS_V, 12)[at] == pytest.approx(
                    cell.coefficient(cell.HYSTERESIS, here, T, c), rel=1e-12, abs=1e-15
                )
                u0, u1, u2, u3 = (row(w, r.U0 + k, 12)[at] for k in range(4))
                end = row(w, r.SOC_HIGH, 12)[at]
                for d in (0.0, 0.5 * (min(end, here + 0.1) - here)):  # as read, and farther on the same tile
                    ocv_V, slope_V = cell.open_circuit_voltage_V(here + d, T, c), cell.ocv_slope_V(here + d, T, c)
                    assert u0 + d * (u1 + d * (u2 + d * u3)) == pytest.approx(ocv_V, rel=1e-13)
                    assert u1 + d * (2.0 * u2 + d * 3.0 * u3) == pytest.approx(slope_V, rel=1e-9, abs=1e-9)
                entropic_V = (T + cell.ZERO_CELSIUS_K) * cell.entropic_V_K(here, c)
                assert row(w, r.ENTROPIC_V, 12)[at] == pytest.approx(entropic_V, rel=1e-9, abs=1e-12)
                for k in range(w.least_A.size):
                    ohm, tau_s, scale_A = (w.pairs[k, q * LANES + at] for q in range(r.PAIR_OHM, r.PAIR_SCALE_A + 1))
                    expected = aged_ohm * cell.coefficient(cell.PAIRS + k, here, T, c)
                    assert ohm == pytest.approx(expected, rel=1e-12)
                    assert tau_s == pytest.approx(cell.at_temperature(c.pair_tau_s, k, T, c), rel=1e-12)
                    assert scale_A == pytest.approx(aged * cell.at_temperature(c.pair_scale_A, k, T, c), rel=1e-12)
        for k in range(w.least_A.size):
            assert w.least_A[k] == w.pairs[k, r.PAIR_SCALE_A * LANES : r.PAIR_SCALE_A * LANES + 12].min()


def test_what_goes_in_comes_out() -> None:
    p = of_three(PACK)
    rng = np.random.default_rng(2)
    state = BankState(*(rng.uniform(0.1, 0.9, np.shape(item)) for item in bank.initial_state(0.5, 25.0, p)))
    w = bank_work.empty(p)
    bank_work.load(w, state)
    for name, before, after in zip(BankState._fields, state, bank_work.stored(w), strict=True):
        assert np.array_equal(before, after), name
    together_V = row(w, r.V, 12).reshape(4, 3).T
    assert together_V == pytest.approx(state.v_V.sum(axis=0), rel=1e-14)


@pytest.mark.parametrize("part", [0.0999, 0.1001])
def test_a_nearly_linear_pair_is_the_charge_transfer(part: float) -> None:
    """Just below and just above where the short series takes over: one step of the pair, by its own equation."""
    p = rich()
    state = bank.initial_state(0.5, 25.0, p)
    scale_A = cell.at_temperature(p.cell.pair_scale_A, 0, 25.0, p.cell) * float(p.capacity_factor.min())
    current_A = part * scale_A - p.balancing_A
    after = bank.step(state, current_A, 1.0, 25.0, p)
    tau_s = cell.at_temperature(p.cell.pair_tau_s, 0, 25.0, p.cell)
    middle = 0.5 + 0.5 * current_A / (3600.0 * p.cell.capacity_Ah * float(p.capacity_factor[0, 0]))
    target_V = cell.pair_target_V(0, middle, 25.0, current_A, 1.0, 1.0, p.cell)
    assert after.v_V[0, 0] == pytest.approx(np.full(4, target_V * (1.0 - np.exp(-1.0 / tau_s))), rel=2e-10)


@pytest.mark.parametrize("bleeding", [False, True])
def test_cells_outside_are_counted_by_the_cells_own_values(bleeding: bool) -> None:
    p = of_three(PACK)
    rng = np.random.default_rng(4)
    degC, soc = rng.uniform(10.0, 40.0, (3, 4)), rng.uniform(0.2, 0.8, (3, 4))
    state = placed(np.full((3, 4), 0.999) if bleeding else soc, degC, p)
    w = bank_work.empty(p)
    bank_work.load(w, state)
    bank_work.refresh(w, p)
    emf_V, _ = bank_tick.look(w)
    bank_tick.divide(w, emf_V, 150.0)
    assert (row(w, r.BLEED_A, 12) > 0.0).any() == bleeding
    volts = np.sort(bank.cell_voltages_V(state, 150.0, p).ravel())
    sorted_degC = np.sort(degC.ravel())
    lowest, highest = (volts[2] + volts[3]) / 2.0, (volts[9] + volts[10]) / 2.0
    cold, hot = (sorted_degC[0] + sorted_degC[1]) / 2.0, (sorted_degC[10] + sorted_degC[11]) / 2.0
    assert bank_tick.cells_outside(w, lowest, np.inf, -np.inf, np.inf) == 3
    assert bank_tick.cells_outside(w, -np.inf, highest, -np.inf, np.inf) == 2
    assert bank_tick.cells_outside(w, -np.inf, np.inf, cold, np.inf) == 1
    assert bank_tick.cells_outside(w, -np.inf, np.inf, -np.inf, hot) == 1
    assert bank_tick.cells_outside(w, volts[0] - 1e-9, volts[-1] + 1e-9, 10.0, 40.0) == 0
    w.emf_V[5] = np.nan
    assert bank_tick.cells_outside(w, -np.inf, np.inf, -np.inf, np.inf) == 1


def test_chemistry_is_booked_by_the_charge_that_has_come() -> None:
    """Before and after the tables are read again: U - T dU/dT over the charge, of a cubic exact by Simpson's rule."""
    p = of_three(bank.load_battery())
    state = placed(np.full((3, 4), 0.612), np.full((3, 4), 20.0), p)
    w = bank_work.empty(p)
    bank_work.load(w, state._replace(chemical_J=np.full((3, 4), 7.0)))
    bank_work.set_cooling(w, 10.0, p)
    _stepped(w, 300.0, 10.0, p, True)
    before = bank_work.stored(w)
    bank_work.refresh(w, p)
    after = bank_work.stored(w)
    assert np.array_equal(before.chemical_J, after.chemical_J)
    for b, i in np.ndindex(3, 4):
        start, end = 0.612, float(after.soc[b, i])
        volts = [cell.open_circuit_voltage_V(soc, 20.0, p.cell) for soc in (start, 0.5 * (start + end), end)]
        mean_V = (volts[0] + 4.0 * volts[1] + volts[2]) / 6.0
        mean_V -= (20.0 + cell.ZERO_CELSIUS_K) * cell.entropic_V_K(start, p.cell)
        charge_C = 3600.0 * p.cell.capacity_Ah * float(p.capacity_factor[b, i]) * (end - start)
        assert charge_C > 100.0
        assert after.chemical_J[b, i] - 7.0 == pytest.approx(mean_V * charge_C, rel=1e-11)


def test_the_work_space_begins_on_a_line_of_the_cache() -> None:
    for _ in range(5):
        assert bank_work.empty(of_three(PACK)).x.ctypes.data % (8 * LINE) == 0


def _stepped(w: bank_work.Work, current_A: float, dt_s: float, p: BankParameters, usual: bool) -> None:
    bank_work.refresh(w, p)
    bank_work.retime(w, dt_s, p)
    if not usual:
        w.bank[r.TABLES_A] = -1.0
    emf_V, _ = bank_tick.look(w)
    bank_tick.divide(w, emf_V, current_A)
    bank_tick.advance(w, dt_s, 20.0, p)


@pytest.mark.parametrize("current_A", [0.0, 60.0, -90.0])
def test_the_usual_step_is_the_step(current_A: float) -> None:
    """An hour of steps of a second: state, books and EMF."""
    pack = bank.load_battery()
    p = of_three(pack)
    rng = np.random.default_rng(6)
    state = placed(rng.uniform(0.45, 0.55, (3, 4)), rng.uniform(10.0, 40.0, (3, 4)), p)
    works = [bank_work.empty(p) for _ in range(2)]
    for w in works:
        bank_work.load(w, state._replace(h=np.full((3, 4), -0.3)))
        bank_work.set_cooling(w, 1.0, p)
    for _ in range(3600):
        for w, usual in zip(works, (True, False), strict=True):
            _stepped(w, current_A / 2.0, 1.0, p, usual)
        assert works[0].bank[r.TABLES_A] > np.abs(works[0].battery_A).max()  # it was a usual one
        assert not any(row(w, place, LANES)[12:].any() for w in works for place in (r.SOC, r.H, r.V, r.HEAT_J, r.EMF_V))
    assert works[0].emf_V == pytest.approx(works[1].emf_V, rel=1e-11)
    for name, one, other in zip(BankState._fields, *(bank_work.stored(w) for w in works), strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12), name


def test_a_step_is_not_a_usual_one_where_its_series_end() -> None:
    """Cells that bleed, currents beyond the nearly linear part, long steps: each is left to the step for everything."""
    p = of_three(bank.load_battery())
    state = placed(np.full((3, 4), 0.5), np.full((3, 4), 25.0), p)
    for soc, current_A, dt_s, usual in ((0.5, 100.0, 0.1, True), (0.999, 1.0, 0.1, False), (0.5, 3000.0, 0.1, False),
                                        (0.5, 100.0, 60.0, False)):
        both = [bank_work.empty(p) for _ in range(2)]
        for w, forced in zip(both, (True, False), strict=True):
            bank_work.load(w, state._replace(soc=np.full((3, 4), soc)))
            bank_work.set_cooling(w, dt_s, p)
            _stepped(w, current_A, dt_s, p, forced)
        limit_A = min(both[0].bank[r.TABLES_A], both[0].bank[r.STEP_A])
        assert (np.abs(both[0].battery_A).max() <= limit_A) == usual
        for name, one, other in zip(BankState._fields, *(bank_work.stored(w) for w in both), strict=True):
            rel, least = (1e-10, 1e-12) if usual else (0.0, 0.0)
            assert one == pytest.approx(other, rel=rel, abs=least), (name, soc, current_A, dt_s)


def test_batteries_of_four_cells_cool_by_the_matrices() -> None:
    """T = T_air + keep (T - T_air) + gain P of each battery; the first cells of all batteries lie before the second."""
    rng = np.random.default_rng(5)
    keep, gain_K_W = rng.uniform(0.0, 1.0, (4, 4)), rng.uniform(0.0, 1.0, (4, 4))
    above_K, heat_W = rng.uniform(-5.0, 20.0, (4, 3)), rng.uniform(0.0, 9.0, (4, 3))
    x = np.zeros(r.ROWS * LANES)
    x[r.ABOVE_K * LANES : r.ABOVE_K * LANES + 12] = above_K.ravel()
    x[r.HEAT_W * LANES : r.HEAT_W * LANES + 12] = heat_W.ravel()
    bank_tick._cool_fours(x, keep, gain_K_W, 21.0, 3)
    degC = x[r.DEGC * LANES : r.DEGC * LANES + 12].reshape(4, 3)
    assert degC == pytest.approx(21.0 + keep @ above_K + gain_K_W @ heat_W, rel=1e-14)
    assert not x[r.DEGC * LANES + 12 : (r.DEGC + 1) * LANES].any()


def test_more_cells_than_there_are_lanes_are_refused() -> None:
    n = LANES // 4 + 1
    p = bank.of_batteries(PACK, np.ones((n, 1)), np.ones((n, 1)), np.zeros(n))
    with pytest.raises(ValueError, match="too many cells"):
        bank.thevenin(bank.initial_state(0.5, 25.0, p), p)
