"""The tick loop's own bookkeeping: what it hands back, and how large a bank it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from cosim.scenario import bank as scenario_bank
from cosim.scenario.bank import Bank, bank_parameters
from cosim.slow.engine import N_NUMBERS, put_numbers, with_numbers
from models.parameter_file import ParameterError
from tests.cosim.slow.test_slow import VEHICLE, plant


def numbers(item: Any) -> Iterator[float]:
    """All numbers of a state that are not arrays, in the order of its fields."""
    if isinstance(item, tuple):
        for part in item:
            yield from numbers(part)
    elif not isinstance(item, np.ndarray):
        yield float(item)


def changed(item: Any, by: Iterator[float]) -> Any:
    """The same state with every number that is not in an array changed."""
    if isinstance(item, tuple):
        return type(item)._make(changed(part, by) for part in item)  # type: ignore[attr-defined]
    return item if isinstance(item, np.ndarray) else float(item) + next(by)


def test_every_number_of_the_state_comes_back_from_the_loop() -> None:
    """A number that the plant learns to remember has to be added to `put_numbers` too."""
    _, _, state = plant(VEHICLE)
    assert len(list(numbers(state))) == N_NUMBERS
    other = changed(state, iter(np.arange(1.0, N_NUMBERS + 1.0)))
    left = np.empty(N_NUMBERS)
    put_numbers(left, other)
    back = with_numbers(state, left)
    assert list(numbers(back)) == list(numbers(other))
    assert back.battery.soc is not None and np.array_equal(back.battery.soc, state.battery.soc)
    assert np.array_equal(back.box.junction_degC, state.box.junction_degC)


def test_a_bank_of_more_cells_than_the_loop_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenario_bank, "LANES", 11)
    assert bank_parameters(Bank(batteries=2), 1).capacity_factor.size == 8
    with pytest.raises(ParameterError, match="3 of 4 cells; allowed: up to 2"):
        bank_parameters(Bank(batteries=3), 1)
