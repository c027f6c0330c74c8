"""Heat of System+ in the box: the path's loss arrives at the heatsink, in the slow engine and in windows (S1)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from models import heat
from models.ratings import load_mosfet

PATH_OHM = 0.5e-3
"""From the battery stud to System+ inside the BMS."""
BASE: dict[str, Any] = {
    "name": "s1", "variant": "12-200 NG", "bank": {"batteries": 10, "soc": 0.9},
    "source": {"kind": "supply", "emf_V": [[0, 12.0]], "resistance_ohm": 0.01},
    "ambient": {"engine_bay_degC": 60, "bms_degC": 60, "battery_degC": 25},
}


def run(session: SpiceSession, current_A: float, duration_s: float, open_windows: bool, **more: Any) -> Result:
    step = {"kind": "load_step", "at": "system", "time_s": 2.0, "current_A": current_A}
    scenario = parse_scenario({**BASE, "duration_s": duration_s, "events": [step], **more})
    return Simulation(scenario, session=session, windows=open_windows).run()


def test_200_A_for_hours_at_60_degC_keep_the_junctions_cool_and_no_heat_is_lost(spice: SpiceSession) -> None:
    """By hand: 20 W; 0.6 K/W beside 2.5 + 4 K/W over the stud: 11.0 K; 2 W through the 0.8 K/W of a ladder: 1.6 K."""
    result = run(spice, 200.0, 4 * 3600.0, False, recording={"period_s": 10.0})
    s, box = result.slow, heat.load_box()
    way_K_W = 1.0 / (1.0 / box.heatsink_ambient_K_W + 1.0 / (box.terminal_heatsink_K_W + box.terminal_ambient_K_W))
    path_W = PATH_OHM * 200.0**2
    assert float(s.heatsink_degC[-1]) == pytest.approx(60.0 + path_W * way_K_W, abs=0.1)
    for name in ("system_discharge_junction_degC", "system_charge_junction_degC"):
        assert float(s[name][-1]) == pytest.approx(60.0 + path_W * way_K_W + 0.4 * path_W / 4 * 0.8, abs=0.1)
        assert float(s[name].max()) < load_mosfet("ratings_n60").junction_degC - 90.0
    # All of it is in the box or has gone to the air; ladders hold 8 x 3.454 J/K of System+, 5 x of the alternator path.
    made_J = np.trapezoid(PATH_OHM * s.system_current_A.values**2, s.time_s)
    gone_W = (s.heatsink_degC - 60.0) / box.heatsink_ambient_K_W + (s.terminal_degC - 60.0) / box.terminal_ambient_K_W
    rise_K = float(s.heatsink_degC[-1]) - 60.0
    kept_J = (box.heatsink_J_K + 13 * 3.454) * rise_K + box.terminal_J_K * (float(s.terminal_degC[-1]) - 60.0)
    assert np.trapezoid(gone_W.values, s.time_s) + kept_J == pytest.approx(made_J, rel=2e-3)


@pytest.mark.parametrize(("start_s", "least"), [(2.5, 0.98), (1.5, 0.75)], ids=["source", "circuit"])
def test_a_window_heats_the_box_as_the_slow_engine_does(spice: SpiceSession, start_s: float, least: float) -> None:
    """Six seconds of 20 W into 1.5 kJ/K: 80 mK, less what the ladders keep first.

    A window with the step in it has System+ as a circuit, and SPICE its powers: at 60 degC its banks lose less than the
    slow engine's 0.2 mohm, which are those of warm ones. One that begins later has it as a current source.
    """
    window = [{"name": "heat", "start_s": start_s, "duration_s": 6.0, "max_step_s": 1e-3}]
    alone, both = (run(spice, 200.0, 9.0, bool(w), windows=w) for w in ([], window))
    assert ("power_port_W" in both.windows[next(n for n in both.windows if n.endswith("heat"))]) == (start_s < 2.0)
    rise_K, expected_K = (float(r.slow.heatsink_degC[-1]) - 60.0 for r in (both, alone))
    assert 0.05 < expected_K < 0.1
    assert least * expected_K < rise_K < 1.02 * expected_K
    assert both.summary["worst_window"]["energy_relative"] < 1e-2
