"""Remote terminals R1..R4 and the BMS's own supply: levels, consumption, hold-up, open ground."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.spice import SpiceSession, Waveforms


def remote(spice: SpiceSession, wiring: str, battery_V: float = 13.3) -> bool:
    deck = f"""* remote
.include remote_input.cir
vb vb 0 {battery_V!r}
x1 vb l h 0 on lo hi remote_input
{wiring}
"""
    value = float(spice.operating_point(deck)["v(on)"])
    assert value < 0.01 or value > 0.99
    return value > 0.5


@pytest.mark.parametrize("battery_V", [8.0, 10.5, 13.3, 15.5])
def test_r1_to_r4(spice: SpiceSession, battery_V: float) -> None:
    assert remote(spice, "rj l h 1", battery_V)  # R1: linked
    assert remote(spice, "rj l h 10k", battery_V)
    assert remote(spice, "vl l 0 0", battery_V)  # R2
    assert remote(spice, "vl l 0 4.99", battery_V)
    assert remote(spice, "vh h 0 3.01", battery_V)  # R3
    assert remote(spice, f"vh h 0 {battery_V!r}", battery_V)
    assert not remote(spice, "", battery_V)  # R4: open
    assert not remote(spice, f"vl l 0 {max(6.5, battery_V - 1.0)!r}", battery_V)
    assert not remote(spice, "vh h 0 1.99", battery_V)
    assert not remote(spice, "rl l 0 10meg\nrh h vb 10meg", 13.3)  # leakage of a damp connector is no command


def supply(
    spice: SpiceSession, port: str, *, draw_A: float = 17.5e-3, more: str = "", stop_s: float = 0.5
) -> Waveforms:
    deck = f"""* supply
.include supply.cir
vlb lb 0 {port}
vidd idd 0 {draw_A!r}
x1 lb 0 g idd vin vdd ok supply {more}
"""
    return spice.transient(
        deck, tstop_s=stop_s, tmax_s=2e-4, signals=["v(vin)", "v(vdd)", "v(ok)", "v(g)", "i(vlb)"]
    )


@pytest.mark.parametrize("draw_A", [17.5e-3, 6.5e-3, 4.5e-3])
def test_c1_c2_what_is_asked_is_drawn_from_the_battery(spice: SpiceSession, draw_A: float) -> None:
    waves = supply(spice, "13.3", draw_A=draw_A, stop_s=0.05)
    assert -waves["i(vlb)"][-1] == pytest.approx(draw_A, rel=1e-3)
    assert waves["v(ok)"][-1] == pytest.approx(1.0, abs=1e-3)
    assert waves["v(vdd)"][-1] == pytest.approx(5.0, abs=1e-3)


def test_hold_up_through_a_dip_of_the_battery_port(spice: SpiceSession) -> None:
    """470 uF from 13.3 V less the diode to 6 V at 17.5 mA: 0.18 s by hand. -0.4 V for 0.1 s passes, 0.3 s does not."""
    for dip_s, survives in ((0.1, True), (0.3, False)):
        end = 0.05 + dip_s
        waves = supply(spice, f"pwl(0 13.3 0.05 13.3 0.0501 -0.4 {end!r} -0.4 {end + 1e-4!r} 13.3)", stop_s=end + 0.1)
        low = waves["v(ok)"].min() < 0.5
        assert low != survives
        assert -waves["i(vlb)"].min() < 100.0  # recharging the hold-up through 0.5 ohm of the diode
        if low:
            down_s = waves.time_s[np.flatnonzero(waves["v(ok)"] < 0.5)[0]] - 0.05
            assert down_s == pytest.approx(470e-6 * (13.3 - 0.45 - 6.0) / 17.5e-3, rel=0.05)
            assert waves["v(ok)"][-1] > 0.99  # and comes back


def test_brown_out_has_hysteresis(spice: SpiceSession) -> None:
    waves = supply(spice, "pwl(0 13.3 0.1 13.3 2 4 4 13.3)", stop_s=4.0, draw_A=0.1)
    ok = waves["v(ok)"] > 0.5
    changes = np.flatnonzero(ok[1:] != ok[:-1])
    assert len(changes) == 2
    down_V, up_V = waves["v(vin)"][changes]
    assert down_V == pytest.approx(6.0, abs=0.05)
    assert up_V == pytest.approx(6.5, abs=0.05)


def test_an_open_ground_ends_in_a_brown_out(spice: SpiceSession) -> None:
    """Nothing returns; the hold-up runs down as in a dip, and the inner ground rises towards the stud."""
    waves = supply(spice, "13.3", more="rgnd=1e7 lgnd=1n", stop_s=0.5)
    assert waves["v(ok)"][-1] - waves["v(g)"][-1] < 0.5
    assert waves["v(g)"][-1] > 5.0
