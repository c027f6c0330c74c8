"""The terminal law: corners known by hand, power that adds up."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.circuit.branches import smooth_max, smooth_min
from cosim.circuit.characteristic import LINK, Controls, limiter_start, port_current_A, powers_W

SHARP = limiter_start()._replace(knee_A=1e-6, floor_A=1e-6, drop_V=0.02, drop_ohm=0.0, drop_knee_V=1e-9, leak_S=0.0,
                                 diode_t1=0.0, diode_t2=0.0, pass_t1=0.0, pass_t2=0.0)
COLD = Controls(enable=1.0, reference_mV=54.0, fuse_degC=25.0, diode_degC=25.0, pass_degC=25.0)


def test_limit_is_reference_over_fuse_resistance() -> None:
    assert port_current_A(1.5, COLD, SHARP) == pytest.approx(54.0 / 0.6, rel=1e-9)
    hot = COLD._replace(fuse_degC=125.0)
    assert port_current_A(1.5, hot, SHARP) == pytest.approx(54.0 / (0.6 * 1.39), rel=1e-9)


def test_passing_follows_the_resistances() -> None:
    # above the held drop the diode is a resistor: 0.6 + 0.5 + 0.3 + 0.1 mohm
    assert port_current_A(0.075, COLD, SHARP) == pytest.approx(0.075 / 1.5e-3, rel=1e-6)
    # below it the diode holds 20 mV over the other 1.0 mohm
    assert port_current_A(0.03, COLD, SHARP) == pytest.approx(0.010 / 1.0e-3, rel=1e-6)


@pytest.mark.parametrize("drop_V", [0.02, 0.0, -0.1, -5.0])
def test_reverse_is_blocked(drop_V: float) -> None:
    assert abs(port_current_A(drop_V, COLD, SHARP)) < 1e-5


def test_disabled_is_only_leakage() -> None:
    off = COLD._replace(enable=0.0)
    assert port_current_A(2.0, off, SHARP._replace(leak_S=1e-5)) == pytest.approx(2e-5)


@pytest.mark.parametrize("drop_V", [0.03, 0.08, 0.5, 2.0])
@pytest.mark.parametrize("reference_mV", [20.0, 54.0])
def test_powers_add_up_to_drop_times_current(drop_V: float, reference_mV: float) -> None:
    law = limiter_start()
    u = COLD._replace(reference_mV=reference_mV)
    current = port_current_A(drop_V, u, law)
    powers = powers_W(drop_V, current, u, law)
    assert powers.sum() == pytest.approx(drop_V * current, rel=1e-12)
    assert np.all(powers >= 0.0)


def test_link_is_ohmic_both_ways() -> None:
    link = limiter_start()._replace(kind=LINK, link_ohm=2e-3)
    assert port_current_A(0.1, COLD, link) == pytest.approx(50.0)
    assert port_current_A(-0.1, COLD, link) == pytest.approx(-50.0)


def test_smooth_corners_differ_by_half_their_width() -> None:
    assert smooth_min(3.0, 3.0, 0.4) == pytest.approx(2.8)
    assert smooth_max(3.0, 3.0, 0.4) == pytest.approx(3.2)
    assert smooth_min(1.0, 100.0, 0.4) == pytest.approx(1.0, abs=0.4**2 / (4 * 99) * 1.01)


def test_current_never_falls_with_drop() -> None:
    drops = np.linspace(-1.0, 3.0, 801)
    currents = [port_current_A(float(d), COLD, limiter_start()) for d in drops]
    assert np.all(np.diff(currents) >= 0.0)
