"""Solar and mains chargers: stages, limits, remote, sun."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import chargers
from models.chargers import ABSORPTION, BULK, FLOAT, ChargerState
from models.remote import SwitchState

MAINS = chargers.load_charger("charger_mains_12V_70A")
SOLAR = chargers.load_charger("charger_mppt_12V_50A")
PLUGGED = chargers.initial_charger(MAINS.rated_W)


def at_stage(stage: float, source_W: float = 1120.0) -> ChargerState:
    return ChargerState(source_W, stage, 0.0, 0.0, SwitchState(1.0, 0.0))


def test_bulk_gives_the_rated_current() -> None:
    # (1120 - 10) W x 0.90 = 999.5 W is 76.9 A at 13 V: the limit of 70 A holds.
    assert chargers.current_and_slope(13.0, PLUGGED, MAINS) == (70.0, 0.0)


def test_a_weak_source_gives_constant_power() -> None:
    # 346 W less 10 W are 30 % of 1120 W: 92 % of 336 W; at 13 V 23.78 A.
    state = chargers.with_source(PLUGGED, 346.0)
    current_A, slope_S = chargers.current_and_slope(13.0, state, MAINS)
    assert current_A == pytest.approx(0.92 * 336.0 / 13.0)
    assert slope_S == pytest.approx(-current_A / 13.0)


def test_regulation_at_the_set_point() -> None:
    # 700 A/V: 0.05 V below the set-point 35 A; nothing at and above it.
    assert chargers.current_and_slope(14.15, PLUGGED, MAINS) == pytest.approx((35.0, -700.0))
    assert chargers.current_and_slope(14.2, PLUGGED, MAINS) == (0.0, 0.0)
    assert chargers.current_and_slope(13.48, at_stage(FLOAT), MAINS)[0] == pytest.approx(14.0)
    assert chargers.current_and_slope(14.0, at_stage(FLOAT), MAINS) == (0.0, 0.0)


@settings(deadline=None, max_examples=100)
@given(voltage_V=st.floats(8.0, 15.0), rise_V=st.floats(0.0, 2.0), source_W=st.floats(0.0, 1120.0))
def test_current_falls_with_voltage_and_never_reverses(voltage_V: float, rise_V: float, source_W: float) -> None:
    state = chargers.with_source(PLUGGED, source_W)
    low, slope_S = chargers.current_and_slope(voltage_V, state, MAINS)
    high, _ = chargers.current_and_slope(voltage_V + rise_V, state, MAINS)
    assert 0.0 <= high <= low <= MAINS.highest_A
    assert slope_S <= 0.0


@settings(deadline=None, max_examples=60)
@given(voltage_V=st.floats(8.0, 14.0), source_W=st.floats(5.0, 735.0))
def test_output_is_less_than_the_source_gives(voltage_V: float, source_W: float) -> None:
    state = chargers.initial_charger(source_W)
    assert voltage_V * chargers.current_and_slope(voltage_V, state, SOLAR)[0] < 0.981 * source_W


def test_stages_of_a_full_charge() -> None:
    """A battery of 12.9 to 14.2 V at 20 mohm: bulk, absorption, float, and bulk again under load."""
    state, emf_V, stages = PLUGGED, 13.0, [BULK]
    for _ in range(40_000):
        # Thevenin battery: v = emf + 0.02 I; solve by bisection on v.
        low, high = emf_V, 15.0
        for _ in range(50):
            v = 0.5 * (low + high)
            if v < emf_V + 0.02 * chargers.current_and_slope(v, state, MAINS)[0]:
                low = v
            else:
                high = v
        emf_V = min(emf_V + 4e-6 * chargers.current_and_slope(v, state, MAINS)[0], 14.19)
        state = chargers.step(state, v, 1.0, 1.0, MAINS)
        if state.stage != stages[-1]:
            stages.append(state.stage)
    assert stages == [BULK, ABSORPTION, FLOAT]
    for _ in range(59):
        state = chargers.step(state, 13.0, 1.0, 1.0, MAINS)
    assert state.stage == FLOAT
    assert chargers.step(state, 13.0, 1.0, 1.0, MAINS).stage == BULK


def test_absorption_ends_by_time_or_tail() -> None:
    begun = chargers.step(PLUGGED, 14.15, 1.0, 0.1, MAINS)
    assert begun.stage == ABSORPTION
    assert chargers.step(begun, 14.15, 1.0, 7199.0, MAINS).stage == ABSORPTION
    assert chargers.step(begun, 14.15, 1.0, 7200.0, MAINS).stage == FLOAT
    # 700 A/V x 0.004 V = 2.8 A is below the tail of 4 A.
    assert chargers.step(begun, 14.196, 1.0, 1.0, MAINS).stage == FLOAT


def test_a_cloud_does_not_end_absorption() -> None:
    cloudy = at_stage(ABSORPTION, 20.0)
    assert chargers.current_and_slope(13.4, cloudy, SOLAR)[0] < SOLAR.tail_A
    assert chargers.step(cloudy, 13.4, 1.0, 60.0, SOLAR).stage == ABSORPTION


@pytest.mark.parametrize("p", [MAINS, SOLAR])
def test_remote_stops_and_begins_with_bulk(p: chargers.ChargerParameters) -> None:
    state = at_stage(FLOAT, 500.0)
    off = chargers.step(chargers.step(state, 13.4, 0.0, 0.1, p), 13.4, 0.0, 0.1, p)
    assert chargers.current_and_slope(12.0, off, p) == (0.0, 0.0)
    assert off.stage == BULK
    on = chargers.step(chargers.step(off, 12.0, 1.0, 0.1, p), 12.0, 1.0, 0.1, p)
    assert chargers.current_and_slope(12.0, on, p)[0] > 30.0


def test_a_night_ends_the_charge_cycle() -> None:
    night = chargers.step(chargers.with_source(at_stage(FLOAT, 100.0), 0.0), 13.3, 1.0, 0.1, SOLAR)
    assert (night.stage, chargers.current_and_slope(12.5, night, SOLAR)) == (BULK, (0.0, 0.0))


def test_array_power_by_hand() -> None:
    # 600 W; at 1000 W/m2 in 25 degC air the cells are 28 K warmer: 600 (1 - 0.0038 x 28) = 536.2 W.
    assert chargers.array_power_W(1000.0, 25.0, SOLAR) == pytest.approx(600.0 * (1.0 - 0.0038 * 28.0))
    assert chargers.array_power_W(500.0, 11.0, SOLAR) == pytest.approx(300.0)
    assert chargers.array_power_W(-5.0, 25.0, SOLAR) == 0.0
    assert chargers.array_power_W(1000.0, 25.0, MAINS) == 0.0


def test_clear_day() -> None:
    rise_s, set_s = 6.0 * 3600.0, 18.0 * 3600.0
    times = np.arange(0.0, 86_400.0, 60.0)
    day = np.array([chargers.clear_day_W_m2(float(t), rise_s, set_s, 1000.0) for t in times])
    assert day[(times <= rise_s) | (times >= set_s)].max() == 0.0
    assert day[np.searchsorted(times, 43_200.0)] == pytest.approx(1000.0)
    # Between the mean of a half sine (2/pi = 0.637) and of its square (0.5): 12 h x 1000 W/m2 x 0.59.
    assert day.sum() * 60.0 / 3.6e6 == pytest.approx(7.1, abs=0.2)
