"""Thirty random legal parameter sets: every window completes, balances, and ends where the slow law says."""

from __future__ import annotations

import numpy as np
import pytest

from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession

SEED = 20261121


def random_scenario(number: int) -> dict[str, object]:
    """A supply switched on before a random battery, cable, ambient and fuse; then it moves by up to a volt."""
    rng = np.random.default_rng([SEED, number])
    first = float(rng.uniform(13.6, 15.0))
    second = float(np.clip(first + rng.uniform(-1.0, 1.0), 12.0, 15.5))
    ambient = float(rng.uniform(-40.0, 60.0))
    return {
        "name": f"random_{number}", "duration_s": 2.0,
        "settings": {"fuse_rating_A": int(rng.choice([40, 60, 80, 100, 125]))},
        "bank": {"soc": float(rng.uniform(0.1, 0.9)), "temperature_degC": float(rng.uniform(6.0, 45.0))},
        "source": {"kind": "supply", "emf_V": [[0, first], [1.2, first], [1.2 + 10 ** rng.uniform(-5, -2), second]],
                   "resistance_ohm": float(rng.uniform(2.5e-3, 10e-3)),
                   "inductance_H": float(rng.uniform(0.3e-6, 2e-6))},
        "cables": {"input": {"length_m": float(rng.uniform(0.5, 6.0)), "area_mm2": float(rng.choice([25, 35, 50, 70]))},
                   "battery": {"length_m": float(rng.uniform(0.3, 2.0)), "area_mm2": float(rng.choice([35, 50, 70]))}},
        "ambient": {"engine_bay_degC": ambient, "bms_degC": ambient, "battery_degC": 20.0},
        "windows": [{"name": "all", "start_s": 0.2, "duration_s": 1.5}],
        "recording": {"period_s": 0.1},
    }


@pytest.mark.parametrize("number", range(30))
def test_random_window_completes(number: int, spice: SpiceSession) -> None:
    result: Result = Simulation(parse_scenario(random_scenario(number)), session=spice).run()
    report = result.summary["windows"][0]
    assert "failed" not in report, report
    assert report["balance"]["charge_relative"] < 1e-4
    assert report["balance"]["energy_relative"] < 1e-2
    assert abs(report["end_mismatch_A"]) < 0.3, report
    current = result.windows["000_all"].port_current_A
    limit = float(result.slow.current_limit_A.max())
    assert float(current.max()) < 1.35 * limit
    assert float(current.min()) > -20.0
