"""The general integrator: the compiled steps against it, at tight tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from models import bank, reference
from tests.models.test_bank import rich, uneven


def test_packing_keeps_everything() -> None:
    _, state = uneven(3)
    again = reference.unpacked(reference.packed(state), state)
    assert all(np.array_equal(a, b) for a, b in zip(state, again, strict=True))


@pytest.mark.parametrize("n", [1, 6])
@pytest.mark.parametrize("each_A", [0.0, 90.0, -300.0])
def test_a_second_of_steps_is_the_integrators(n: int, each_A: float) -> None:
    p, state = uneven(n)
    exact = reference.step(state, n * each_A, 1.0, 20.0, p)
    ours = bank.step(state, n * each_A, 1.0, 20.0, p)
    assert bank.stored_charge_C(ours, p) == pytest.approx(bank.stored_charge_C(exact, p), rel=1e-12)
    assert ours.v_V == pytest.approx(exact.v_V, abs=2e-5)
    assert ours.temperature_degC == pytest.approx(exact.temperature_degC, abs=1e-4)
    moved_J = abs(bank.terminal_energy_J(exact) - bank.terminal_energy_J(state))
    assert bank.terminal_energy_J(ours) == pytest.approx(bank.terminal_energy_J(exact), abs=1e-4 * moved_J + 5e-3)


def test_it_converges_to_itself() -> None:
    p = rich()
    state = bank.initial_state(0.4, 5.0, p)
    loose = reference.step(state, -200.0, 30.0, 5.0, p, rtol=1e-6)
    tight = reference.step(state, -200.0, 30.0, 5.0, p, rtol=1e-11)
    assert loose.v_V == pytest.approx(tight.v_V, abs=1e-6)
    assert loose.soc == pytest.approx(tight.soc, abs=1e-12)
