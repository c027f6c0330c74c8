"""The project's own waveforms against golden ones in golden/: circuits on their benches, and scenarios."""

from __future__ import annotations

from typing import Any

import pytest

from cosim.paths import SCENARIOS
from cosim.result import Result
from cosim.scenario.model import load_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.studies.regression.cases import cases, run
from cosim.studies.regression.check import WaveformRegression

BENCHES = cases()


@pytest.mark.parametrize("name", BENCHES)
def test_bench(name: str, spice: SpiceSession, waveform_regression: WaveformRegression) -> None:
    case = BENCHES[name]
    waveform_regression(run(spice, case), f"cosim.studies.regression.cases: {name}", tolerances=case.tolerances)


WINDOW: dict[str, Any] = {
    "units": {"A": {"absolute": 0.1, "relative": 0.005}, "V": {"absolute": 0.01, "relative": 0.002}},
}
"""Windows of a run begin at the slow state, which another compiler moves in its last digits; default time tolerance."""
DEVICES = ("windows/{0}/port_current_A", "windows/{0}/fb_V", "windows/{0}/mid_V", "windows/{0}/input_voltage_V")
SYSTEM = ("windows/{0}/system_current_A", "windows/{0}/shunt_current_A", "windows/{0}/system_voltage_V")
SLOW: dict[str, Any] = {
    "units": {"A": {"absolute": 0.1, "relative": 0.005}, "V": {"absolute": 0.01, "relative": 0.002},
              "degC": {"absolute": 0.2}, "W": {"absolute": 0.5, "relative": 0.01}},
    "events": {"time_s": 0.1},
}


def ran(name: str, spice: SpiceSession) -> Result:
    """A shipped scenario without the benches of its figures."""
    scenario = load_scenario(SCENARIOS / f"{name}.yaml").model_copy(update={"figures": []})
    return Simulation(scenario, session=spice).run()


def named(patterns: tuple[str, ...], *windows: str) -> list[str]:
    return [pattern.format(window) for window in windows for pattern in patterns]


SCENARIO_CASES: list[tuple[str, list[str], dict[str, Any]]] = [
    ("benches/limiter", named(DEVICES, "enable", "cold", "warm"), WINDOW),
    ("load_dump", named(DEVICES, "enable", "load_dump"), WINDOW),
    ("short_circuit", [*named(SYSTEM, "port_on", "short_circuit", "port_on#2"), "slow/system_voltage_V"], {}),
    ("system_load_step", named(SYSTEM, "system_load_step"), WINDOW),
    ("remote_functions", [
        "slow/port_current_A", "slow/system_current_A", "slow/battery_voltage_V", "slow/charge_gate",
        "slow/discharge_gate", "slow/remote_on", "slow/supply_current_A",
    ], {**SLOW, "signals": {"slow/supply_current_A": {"absolute": 1e-4}}}),
    ("road_hour", [
        "slow/port_current_A", "slow/alternator_current_A", "slow/input_voltage_V", "slow/battery_voltage_V",
        "slow/soc", "slow/winding_degC", "slow/heatsink_degC", "slow/fuse_temperature_estimate_degC",
        "slow/fuse_temperature_degC",
        "slow/junction_degC[[]q1]", "slow/junction_degC[[]q2a]", "slow/device_power_W[[]q2a]",
        *named(DEVICES[:1], "crank", "load_step", "engine_stop", "disable"),
    ], {**SLOW, "signals": {"slow/soc": {"absolute": 5e-4}}}),
]


@pytest.mark.parametrize(("name", "signals", "tolerances"), SCENARIO_CASES, ids=[one[0] for one in SCENARIO_CASES])
def test_scenario(
    name: str, signals: list[str], tolerances: dict[str, Any], spice: SpiceSession,
    waveform_regression: WaveformRegression,
) -> None:
    waveform_regression(
        ran(name, spice), f"bms-cosim run scenarios/{name}.yaml", signals=signals, tolerances=tolerances,
        events=True,
    )
