"""The batteries beside B6: all figures hold, say honestly what was fitted, and can fail."""

from __future__ import annotations

import pytest

from cosim.validation import battery
from models.scaling import TYPES
from models.scaling_fit import capacity_Ah, chamber

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
    failed = {f.name for f in (*battery.efficiencies(weak), *battery.charge_left(weak)) if not f.passed}
    assert failed == {"battery_200Ah_efficiency_1C_percent", "battery_200Ah_left_at_2.8V_percent"}
    assert capacity_Ah(chamber(weak.p), -20.0, 0.2) < 95.0


def test_discharge_at_the_highest_current_by_hand() -> None:
    # 200 Ah, 400 A, half charge, after 15 min: 13.2 V less 0.16 V of connections, less four cells of R0 and the two quick
    # pairs (0.17 + 0.25 + 0.26 mohm, warm at 40 degC: two thirds) and of the slow one (1.2 mohm) a fifth.
    figure = next(f for f in battery.currents([REFERENCE]) if f.name == "battery_200Ah_discharge_400A_V")
    by_hand_V = 13.2 - 0.16 - 4.0 * 400.0 * 1e-3 * (0.68 * 0.67 + 0.2 * 1.2)
    assert figure.value == pytest.approx(by_hand_V, abs=0.1)
