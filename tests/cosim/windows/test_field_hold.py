"""The alternator's field in the pre-roll: held where the slow engine had it, free from the window's start on."""

from __future__ import annotations

import pytest

from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession

PULLING_AWAY = {
    "name": "pulling_away", "bank": {"soc": 0.9}, "duration_s": 40.0,
    "source": {"kind": "vehicle", "load_A": 20, "alternator": "alternator_150A"},
    "drive": {"segments": [{"kind": "crank", "duration_s": 1}, {"kind": "idle", "duration_s": 19},
                           {"kind": "highway", "duration_s": 60}]},
    "events": [{"time_s": 30.0, "kind": "load_step", "current_A": 50, "duration_s": 100}],
    "windows": [{"name": "after", "start_s": 30.1, "duration_s": 0.3}],
    "recording": {"period_s": 0.1},
}


def test_a_window_amid_a_moving_field_begins_where_the_slow_engine_is(spice: SpiceSession) -> None:
    """0.1 s after a load step the field still rises; in 50 ms of pre-roll it would run ahead."""
    result = Simulation(parse_scenario(PULLING_AWAY), session=spice, windows=True).run()
    window = next(w for n, w in result.windows.items() if n.endswith("after"))
    report = next(r for r in result.summary["windows"] if r["name"].endswith("after"))
    assert float(window.alternator_current_A[-1] - window.alternator_current_A[0]) > 2.0
    assert abs(report["start_mismatch_A"]) < 0.05


@pytest.mark.parametrize("hold_s", [-1.0, 0.05])
def test_the_field_is_let_go_at_its_time(spice: SpiceSession, hold_s: float) -> None:
    """40 A of field under a law that wants about 150 A: after 0.05 s + tau it is 63 % of the way, or ahead."""
    deck = f"""* hold
.include alternator.cir
vo out 0 13
vi imax 0 150
vs vset 0 14.4
xa out 0 imax vset alternator tau=0.12 thold={hold_s!r}
.ic v(xa.fld)=40
"""
    waves = spice.transient(deck, tstop_s=0.17, tmax_s=1e-4, signals=["i(vo)"])
    current = dict(zip(waves.time_s.tolist(), waves["i(vo)"].tolist(), strict=True))
    at = {t: current[min(current, key=lambda s: abs(s - t))] for t in (0.0499, 0.05 + 0.0999)}
    free_s = max(hold_s, 0.0)
    for time_s, value in at.items():
        passed = max(time_s - free_s, 0.0)
        assert value == pytest.approx(150.0 - 110.0 * 2.718281828 ** (-passed / 0.12), abs=0.5)
