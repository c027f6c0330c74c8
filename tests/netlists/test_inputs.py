"""Remote terminals R1..R4 and the BMS's own supply: levels, consumption, hold-up, open ground."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.benches import signal_circuits as bench
from cosim.spice.session import SpiceSession


@pytest.mark.parametrize("battery_V", [8.0, 10.5, 13.3, 15.5])
@pytest.mark.parametrize("row", ["R1", "R2", "R3", "R4"])
def test_r1_to_r4(spice: SpiceSession, battery_V: float, row: str) -> None:
    for wiring, state in bench.remote_cases(battery_V)[row]:
        if "10meg" in wiring and battery_V != bench.BATTERY_V:
            continue  # a leakage that divides the battery's voltage is a command where that is 15.5 V
        assert bench.remote_on(bench.remote(spice, wiring, battery_V)) == state, wiring


def test_a_level_in_between_is_no_state(spice: SpiceSession) -> None:
    """Negative control: 2.6 V at H is the middle of the comparator's change-over."""
    assert np.isnan(bench.remote_on(bench.remote(spice, "vh h 0 2.6")))


@pytest.mark.parametrize("draw_A", [17.5e-3, 6.5e-3, 4.5e-3])
def test_c1_c2_what_is_asked_is_drawn_from_the_battery(spice: SpiceSession, draw_A: float) -> None:
    waves = bench.supply(spice, "13.3", draw_A=draw_A, stop_s=0.05)
    assert -waves["i(vlb)"][-1] == pytest.approx(draw_A, rel=1e-3)
    assert waves["v(ok)"][-1] == pytest.approx(1.0, abs=1e-3)
    assert waves["v(vdd)"][-1] == pytest.approx(5.0, abs=1e-3)


def test_hold_up_through_a_dip_of_the_battery_port(spice: SpiceSession) -> None:
    """470 uF from 13.3 V less the diode to 6 V at 17.5 mA: 0.18 s by hand. -0.4 V for 0.1 s passes, 0.3 s does not."""
    for dip_s, survives in ((0.1, True), (0.3, False)):
        waves = bench.dip(spice, dip_s)
        assert np.isinf(bench.held_s(waves)) == survives
        assert -waves["i(vlb)"].min() < 100.0  # recharging the hold-up through 0.5 ohm of the diode
        if not survives:
            assert bench.held_s(waves) == pytest.approx(bench.held_by_hand_s(), rel=0.05)
            assert waves["v(ok)"][-1] > 0.99  # and comes back


def test_hold_up_by_hand() -> None:
    assert bench.held_by_hand_s() == pytest.approx(470e-6 * 6.85 / 17.5e-3)


def test_brown_out_has_hysteresis(spice: SpiceSession) -> None:
    waves = bench.supply(spice, "pwl(0 13.3 0.1 13.3 2 4 4 13.3)", stop_s=4.0, draw_A=0.1)
    ok = waves["v(ok)"] > 0.5
    changes = np.flatnonzero(ok[1:] != ok[:-1])
    assert len(changes) == 2
    down_V, up_V = waves["v(vin)"][changes]
    assert down_V == pytest.approx(6.0, abs=0.05)
    assert up_V == pytest.approx(6.5, abs=0.05)


def test_an_open_ground_ends_in_a_brown_out(spice: SpiceSession) -> None:
    """Nothing returns; the hold-up runs down as in a dip, and the inner ground rises towards the stud."""
    waves = bench.open_ground(spice)
    assert bench.held_s(waves) == pytest.approx(bench.held_by_hand_s(), rel=0.05)
    assert waves["v(g)"][-1] > 5.0
