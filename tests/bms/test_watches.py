"""What each sensor under watch must answer to, by hand; how a watch works is in `test_bank.py` and `test_heat.py`."""

import math
from dataclasses import replace
from typing import Any

import pytest

import bms
from bms import channels, thermal
from bms.bank import Watch
from bms.heat import HeatWatch
from bms.state import State, Watches
from bms.watches import watched
from tests.bms.rig import NORMAL

# 33 A are 0.1 C of 330 Ah. Bank -20 A, System+ -60 A, 50 A through the fuse of 0.6 mohm.
CONFIG = bms.Settings(battery_capacity_Ah=330, variant=bms.Variant.NG, battery_count=2)
BANK_AH = 660.0
CELLS = (3.31, 3.32, 3.33, 3.34, 3.35, 3.36, 3.37, 3.38)
SHOWN = replace(NORMAL, fuse_sense_V=0.03, battery_current_A=-20.0, system_current_A=-60.0, cell_voltage_V=CELLS,
                heatsink_degC=31.0, terminal_degC=29.0)
NAN = math.nan


def seen(before: Watches = Watches(), now_ms: int = 2_000, estimated: bool = True, **changes: Any) -> Watches:  # noqa: B008
    m = replace(SHOWN, **changes)
    f, plan = CONFIG.firmware, CONFIG.plan
    estimate = thermal.begin(SHOWN, 2_000, plan.rating, f)._replace(reference_ohm=6.0e-4)
    r = channels.read(m, plan, channels.missing_ports(m), 6.0e-4 if estimated else None)
    return watched(State(watches=before), r, CONFIG, estimate if estimated else None, now_ms)


def stimuli(found: Watches) -> tuple[float | None, ...]:
    return tuple(None if watch is None else round(watch.stimulus, 9) for watch in found[:4])


def test_what_each_one_answers_to() -> None:
    found = seen()
    assert stimuli(found) == (-20.0, 40.0, -70.0, -10.0)  # into the bank; bank - System+; bank - path; System+ + path
    assert found.cells is not None and found.cells.response == CELLS
    assert found.sense is not None and found.sense.response == (0.03,)
    assert found.system is not None and found.system.response == (-60.0,)
    assert found.bank is not None and found.bank.response == (-20.0,)
    assert found.heatsink == HeatWatch(31.0, 31.0, 0.0, 302_000)
    assert found.terminal == HeatWatch(29.0, 29.0, 0.0, 302_000)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"system_current_A": None}, (-20.0, None, None, None)),
        ({"system_current_A": NAN}, (-20.0, None, None, None)),
        ({"battery_current_A": None}, (-10.0, None, None, None)),  # into the bank by both ports
        ({"battery_current_A": NAN}, (-10.0, None, None, None)),
        ({"fuse_sense_V": NAN}, (-20.0, None, None, None)),
        ({"cell_voltage_V": CELLS[1:]}, (None, 40.0, -70.0, -10.0)),
        (dict.fromkeys(bms.OPTIONAL_SENSORS), (None, None, None, None)),
    ],
)
def test_what_is_missing_ends_the_watches_that_need_it(
    changes: dict[str, Any], expected: tuple[float | None, ...]
) -> None:
    assert stimuli(seen(**changes)) == expected
    found = seen(seen(), **changes)
    assert [watch is None for watch in found[:4]] == [stimulus is None for stimulus in expected]
    assert found.heatsink is not None and found.terminal is not None
    one, other = seen(seen(), heatsink_degC=NAN), seen(seen(), terminal_degC=NAN)
    assert one.heatsink is None and one.terminal is not None
    assert other.terminal is None and other.heatsink is not None
    first = seen(estimated=False)
    assert stimuli(first) == (-20.0, None, None, None) and first.heatsink is None and first.terminal is None


def test_bands_and_delays() -> None:
    begun = seen()
    # 0.1 C of the whole bank are 66 A for the cells, 20 A for the others; 5 s.
    at_the_band = seen(begun, 3_000, battery_current_A=-20.0 + 0.1 * BANK_AH)
    assert at_the_band.cells is not None and at_the_band.cells.due_ms is None
    assert at_the_band.sense is not None and at_the_band.sense.due_ms == 8_000
    assert at_the_band.system is not None and at_the_band.system.due_ms == 8_000
    beyond = seen(begun, 3_000, battery_current_A=-20.0 - 66.1)
    assert beyond.cells is not None and beyond.cells.due_ms == 8_000
    for system_A, due_ms in ((-79.9, None), (-80.1, 8_000), (-39.9, 8_000)):
        found = seen(begun, 3_000, system_current_A=system_A)
        assert found.sense is not None and found.sense.due_ms == due_ms
        assert found.bank is not None and found.bank.due_ms == due_ms
        assert found.cells == begun.cells


@pytest.mark.parametrize("place", range(4))
def test_the_second_look_at_which_nothing_answered_is_a_fault(place: int) -> None:
    response = (CELLS, (0.03,), (-60.0,), (-20.0,))[place]
    for strikes, frozen_ms in ((0, None), (1, 3_000)):
        waiting = Watch(500.0, response, 3_000, strikes)
        before = (Watches(cells=waiting), Watches(sense=waiting), Watches(system=waiting), Watches(bank=waiting))
        found = seen(before[place], 3_000)[place]
        assert found is not None and (found.frozen_ms, found.strikes) == (frozen_ms, 1 - strikes)


def test_the_cells_of_one_battery_freeze_together() -> None:
    for shown, frozen in (
        ((*CELLS[:4], 3.4, 3.4, 3.4, 3.4), True), ((3.4, 3.4, 3.4, 3.4, *CELLS[4:]), True),
        ((3.4, *CELLS[1:5], 3.4, 3.4, 3.4), False),
    ):
        before = Watches(cells=Watch(500.0, CELLS, 3_000, 1))
        found = seen(before, 3_000, cell_voltage_V=shown).cells
        assert found is not None and (found.frozen_ms == 3_000) is frozen


def test_without_optional_sensors_a_fault_stays_and_the_heat_is_watched() -> None:
    frozen = Watches(sense=Watch(0.0, (0.0,), None, 0, 1_000))
    bare: dict[str, Any] = dict.fromkeys(bms.OPTIONAL_SENSORS)
    found = seen(frozen, 9_000, **bare)
    assert found.sense == frozen.sense and found.cells is None
    hot = seen(frozen._replace(heatsink=HeatWatch(31.0, 30.0, 7.0, 302_000)), **bare)
    assert hot.heatsink == HeatWatch(31.0, 31.0, 0.0, 302_000)  # the estimators hold another reading: begun anew


def test_a_window_of_heat_goes_on() -> None:
    begun = Watches(heatsink=HeatWatch(31.0, 31.0, 5.0, 400_000), terminal=HeatWatch(29.0, 29.0, 6.0, 500_000))
    found = seen(begun)
    assert (found.heatsink, found.terminal) == (begun.heatsink, begun.terminal)
