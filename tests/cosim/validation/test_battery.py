"""The batteries beside B6: all figures hold, say honestly what was fitted, and can fail."""

from __future__ import annotations

import pytest

from cosim.validation import battery
from models.scaling import TYPES

OWN = [battery.load(kind) for kind in TYPES]
REFERENCE = OWN[4]


def test_figures_hold_and_only_what_was_not_fitted_is_validated() -> None:
    checked = battery.check(None)
    assert [figure for figure in checked.figures if not figure.passed] == []
    cold = {f.name: f.status for f in checked.figures if f.name.endswith(("_0C_Ah", "_minus20C_Ah"))}
    assert len(cold) == 12
    assert {name for name, status in cold.items() if status == "fitted"} == {
        "battery_200Ah_capacity_0C_Ah", "battery_200Ah_capacity_minus20C_Ah"
    }
    assert all(figure.status == "fitted" for figure in checked.figures if "efficiency" in figure.name)
    assert len(checked.picture.axes) == 5  # four, one with a second scale


def test_the_published_table_is_that_of_the_requirement() -> None:
    # B6, typed from the requirement in its order.
    assert [kind.capacity_Ah for kind in TYPES] == [50, 100, 160, 180, 200, 330]
    assert [battery.COLD_Ah[kind.name][0] for kind in TYPES] == [40, 80, 130, 150, 160, 260]
    assert [battery.COLD_Ah[kind.name][1] for kind in TYPES] == [25, 50, 80, 90, 100, 160]
    assert [kind.most_A for kind in TYPES] == [100, 200, 320, 360, 400, 400]


def test_a_battery_of_more_resistance_fails() -> None:
    p = REFERENCE.p
    weak = battery.Own(REFERENCE.kind, p._replace(resistance_factor=1.4 * p.resistance_factor))
    assert [f.name for f in battery.efficiencies(weak) if not f.passed] == ["battery_200Ah_efficiency_1C_percent"]
    assert [f.passed for f in battery.capacities([weak])] == [True, True, False]


def test_discharge_at_the_highest_current_by_hand() -> None:
    # 400 A, half charge, after 15 min, 44 degC: 13.2 V less 0.16 V of connections, less four cells of R0 and the
    # two quick pairs (at 40 degC 0.16 + 0.06 + 0.21 mohm) and 22 % of the slow one (0.6 mohm, 3600 s).
    figure = next(f for f in battery.currents([REFERENCE]) if f.name == "battery_200Ah_discharge_400A_V")
    by_hand_V = 13.2 - 0.16 - 4.0 * 400.0 * 1e-3 * (0.43 + 0.22 * 0.6)
    assert figure.value == pytest.approx(by_hand_V, abs=0.1)
