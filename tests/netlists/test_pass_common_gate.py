"""Current sharing of pass devices in linear mode: a common gate runs away above some voltage, own loops do not."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.benches import current_sharing as bench
from cosim.benches.current_sharing import HEATSINK_degC, last
from cosim.spice.session import SpiceSession, Waveforms
from models.heat import load_box


def share(spice: SpiceSession, own: int, drain_V: float, spread_V: float, stop_s: float = 20.0) -> Waveforms:
    waves = bench.share(spice, own, drain_V, spread_V, stop_s)
    assert waves.retries == ()
    return waves


def test_at_1v9_a_common_gate_puts_everything_into_one_device(spice: SpiceSession) -> None:
    """circuit_facts A: +-50 mV of threshold spread puts all 90 A into one at 1.9 V; head of the netlist: gain 1.2."""
    waves = share(spice, 0, 1.9, 0.05)
    currents_A = last(waves, "i")
    assert currents_A.sum() == pytest.approx(90.0, rel=1e-3)
    assert currents_A[0] > 0.95 * 90.0
    assert last(waves, "t")[0] > 175.0  # above its rating


def test_below_1v6_a_common_gate_holds_and_above_it_any_difference_grows(spice: SpiceSession) -> None:
    """By hand 1.6 V: two millivolts of spread stay what they are at 1.2 V and grow without end at 2.2 V."""
    holds, grows = (share(spice, 0, drain_V, 0.001, 40.0) for drain_V in (1.2, 2.2))
    first, end = (float(np.interp(at, holds.time_s, holds["v(ia)"] - holds["v(ib)"])) for at in (15.0, 40.0))
    assert end == pytest.approx(first, rel=0.02)
    first, end = (float(np.interp(at, grows.time_s, grows["v(ia)"] - grows["v(ib)"])) for at in (5.0, 20.0))
    assert end > 5.0 * first


@pytest.mark.parametrize("drain_V", [0.3, 1.9, 3.0])
def test_a_loop_each_holds_100_mV_of_spread(spice: SpiceSession, drain_V: float) -> None:
    waves = share(spice, 1, drain_V, 0.1)
    currents_A = last(waves, "i")
    assert currents_A.sum() == pytest.approx(90.0, rel=1e-3)
    # By hand: 0.2 V / (0.357 + 1/108) V/A = 0.55 A between the extremes.
    assert currents_A[0] - currents_A[1] == pytest.approx(0.55, abs=0.03)


def test_the_ladder_in_the_deck_is_the_one_of_the_model(spice: SpiceSession) -> None:
    waves = share(spice, 1, 1.9, 0.0)
    rise_K = last(waves, "t")[2] - HEATSINK_degC
    assert rise_K == pytest.approx(last(waves, "p")[2] * load_box().cauer.resistance_K_W.sum(), rel=5e-3)


def test_the_picture_shows_both_gates(spice: SpiceSession) -> None:
    axes = bench.draw_sharing(spice).axes
    assert [len(axis.lines) for axis in axes] == [4, 4, 5, 5]
    ends = [max(float(np.asarray(line.get_ydata())[-1]) for line in axis.lines[:4]) for axis in axes]
    assert ends[0] > 80.0  # the common gate puts everything into one, which ends above its rating
    assert ends[1] < 23.0
    assert ends[2] > 175.0 > ends[3]
