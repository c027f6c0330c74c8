"""Bench tests of a battery: the same as single steps, charge and energy by hand, ends where they should."""

import numpy as np
import pytest

from models import bank, cycling

PACK = bank.load_battery()


def test_holding_a_current_is_stepping() -> None:
    state = bank.initial_state(0.5, 10.0, PACK)
    run = cycling.hold_current(state, -100.0, 0.0, 10.0, 10.0, 30, PACK)
    for _ in range(30):
        state = bank.step(state, -100.0, 10.0, 10.0, PACK)
    for own, other in zip(run.state, state, strict=True):
        assert own == pytest.approx(other, rel=1e-12, abs=1e-15)
    emf_V, ohm = bank.thevenin(state, PACK)
    assert run.voltage_V[-1] == pytest.approx(emf_V - 100.0 * ohm, rel=1e-12)
    assert run.total_Ah == pytest.approx(-100.0 * 300.0 / 3600.0)
    # Trapezoids of the terminal voltage.
    assert run.energy_Wh == pytest.approx(-100.0 / 3600.0 * np.trapezoid(run.voltage_V, run.time_s), rel=1e-12)


@pytest.mark.parametrize(("current_A", "end_V"), [(-40.0, 11.2), (40.0, 14.0)])
def test_the_end_does_not_hang_on_the_step(current_A: float, end_V: float) -> None:
    state = bank.initial_state(0.15 if current_A < 0.0 else 0.9, 25.0, PACK)
    found = [cycling.hold_current(state, current_A, end_V, dt_s, 25.0, 20000, PACK).total_Ah for dt_s in (1.0, 20.0)]
    assert found[0] == pytest.approx(found[1], rel=2e-3)
    assert np.sign(found[0]) == np.sign(current_A)


def test_a_battery_at_the_end_gives_nothing() -> None:
    run = cycling.hold_current(bank.initial_state(0.0, 25.0, PACK), -40.0, 11.2, 10.0, 25.0, 100, PACK)
    assert run.total_Ah == run.energy_Wh == 0.0
    assert run.voltage_V[0] < 11.2 and run.voltage_V.size == 1


def test_holding_a_voltage_ends_at_the_tail() -> None:
    run = cycling.hold_voltage(bank.initial_state(0.97, 25.0, PACK), 14.2, 10.0, 5.0, 25.0, 5000, PACK)
    assert 10.0 <= run.current_A[-1] < 10.5
    assert np.all(np.diff(run.current_A) < 0.0)
    assert run.total_Ah == pytest.approx(run.current_A.sum() * 5.0 / 3600.0)
    assert run.energy_Wh == pytest.approx(14.2 * run.total_Ah)


def test_more_resistance_costs_efficiency() -> None:
    worse = PACK._replace(terminal_resistance_ohm=PACK.terminal_resistance_ohm + 2.0e-3)
    kept, less = (cycling.round_trip(bank.initial_state(1.0, 25.0, p, 1.0), 100.0, 11.2, 14.2, 10.0, 10.0, 25.0, p)
                  for p in (PACK, worse))
    # 2 mohm x 100 A is 0.2 V of 13.2 V each way: three percent, less what the shorter cycle and the warmer cells save.
    assert 0.020 < kept - less < 0.032
