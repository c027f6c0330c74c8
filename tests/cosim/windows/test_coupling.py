"""The supervisor's commands in the plant and its measurements out of it, in runs without SPICE windows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from cosim.circuit.identify import IdentifiedCircuit
from cosim.inputs.drive import build_inputs
from cosim.result import Result
from cosim.run import Run
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession

MAINS = {"kind": "mains", "plugged_s": [[0, 1e6]]}
IDLE = {"kind": "inverter", "demand_W": [[0, 300]]}


def run(every_tick: bool = False, **changes: Any) -> tuple[Run, Result]:
    base: dict[str, Any] = {
        "name": "c", "bank": {"soc": 0.5}, "recording": {"period_s": 0.1}, "duration_s": 60,
        "source": {"kind": "supply", "emf_V": [[0, 12.0]], "resistance_ohm": 0.01},
    }
    scenario = parse_scenario({**base, **changes})
    inputs, duration_s = build_inputs(scenario)
    session = cast(SpiceSession, SimpleNamespace(version_text="not used"))
    circuit = IdentifiedCircuit.nominal(scenario.circuit.netlist)
    made = Run(scenario, session, circuit, inputs, duration_s, every_tick, lambda f, text: None, windows=False)
    return made, made.go()


def told(result: Result, source: str = "supervisor") -> list[tuple[float, str]]:
    return [(e.time_s, e.event) for e in result.events if e.source == source]


def at(result: Result, name: str, time_s: float) -> float:
    return float(result.slow[name].sel(time_s=time_s, method="nearest"))


# ---- consumption ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("function", "state", "expected_A"), [
    ("alternator", "on", 0.0175), ("alternator", "off", 0.0065), ("system", "off", 0.0045),
])
def test_what_the_bms_draws_leaves_the_battery(function: str, state: str, expected_A: float) -> None:
    """C1, C2: an hour at rest; 17.5 mA are 63 C, and they are in both books."""
    _, result = run(
        duration_s=3600, recording={"period_s": 10}, settings={"remote_function": function},
        remote=[{"time_s": 0, "state": state}],
    )
    assert at(result, "supply_current_A", 1800.0) == expected_A
    # The ideal diode of the blocked port leaks some microamperes.
    assert float(result.slow.battery_current_A[-1]) == pytest.approx(-expected_A, abs=2e-5)
    balance = result.summary["charge_balance"]
    assert balance["cells_C"] == pytest.approx(-3600.0 * expected_A, rel=5e-3)
    assert balance["relative"] < 1e-6  # some 16 C of 720 kC: the last digits of the cells' charge
    books = result.summary["energy_balance"]
    assert books["supply_J"] == pytest.approx(13.2 * 3600.0 * expected_A, rel=0.01)
    assert books["relative"] < 1e-9


# ---- System+ --------------------------------------------------------------------------------------------------
def test_powering_up_precharges_the_devices() -> None:
    """S6: 51 mF through 6.5 ohm are within 1 V after 0.86 s; then the inverter waits its 5 s."""
    _, result = run(system={"devices": [IDLE]}, duration_s=10)
    assert told(result) == [(0.0, "system precharge"), (0.9, "system on")]
    assert at(result, "system_voltage_V", 0.4) == pytest.approx(13.24 * (1 - np.exp(-0.5 / 0.3316)), rel=0.03)
    assert -2.1 < float(result.slow.system_current_A.sel(time_s=slice(0.0, 0.8)).min()) < -1.4
    assert at(result, "system_current_A", 5.0) > -0.1
    assert at(result, "system_current_A", 8.0) == pytest.approx(-(300 / 0.9400 + 20) / 13.1, rel=0.03)


def test_charge_blocked_lets_the_node_rise_and_the_loads_live_from_the_charger() -> None:
    """S4: a hot battery; a charger that does not listen feeds the inverter, and nothing goes into the battery."""
    hot: dict[str, Any] = {"bank": {"soc": 0.5, "temperature_degC": 52}, "ambient": {"battery_degC": 52}}
    _, result = run(system={"devices": [IDLE, {**MAINS, "remote": "always_on"}]}, duration_s=30, **hot)
    late = result.slow.sel(time_s=slice(15.0, None))
    assert float(late.charge_gate.max()) == 0.0
    assert float(late.discharge_gate.min()) == 1.0
    assert float(np.abs(late.system_current_A).max()) == 0.0
    # Nothing goes into the battery, so the charger takes it for full and floats: 13.5 V less its droop.
    assert 13.4 < float(late.system_voltage_V.mean()) < 13.5
    power = late.system_device_power_W.values
    assert power[-1, 0] == pytest.approx(-(300 / 0.94 + 20), rel=0.01)
    assert power[-1].sum() == pytest.approx(0.0, abs=1.0)
    # Unplugged, the battery takes over: discharging stayed possible.
    _, result = run(system={"devices": [IDLE, {"kind": "mains", "remote": "always_on", "plugged_s": [[0, 15]]}]},
                    duration_s=30, **hot)
    assert at(result, "system_current_A", 25.0) == pytest.approx(-(300 / 0.94 + 20) / 13.1, rel=0.03)
    assert result.summary["energy_balance"]["relative"] < 1e-9
    assert result.summary["charge_balance"]["relative"] < 1e-9


def test_discharge_blocked_breaks_the_node_down_under_a_bridged_load() -> None:
    """S3, O1: cells below 2.8 V; the load output cuts what obeys it, the gate what does not."""
    low: dict[str, Any] = {"bank": {"soc": 0.11}, "duration_s": 600}
    devices = [{"kind": "inverter", "demand_W": [[0, 1700]]},
               {"kind": "inverter", "remote": "always_on", "demand_W": [[0, 300]]}]
    _, result = run(system={"devices": devices}, **low)
    cut = next(e.time_s for e in result.events if e.event == "load disconnected")
    alarm = next(e.time_s for e in result.events if e.event == "pre-alarm on")
    assert alarm > 6.0
    assert cut - alarm >= 30.0
    assert (cut, "system off") in told(result)
    after = result.slow.sel(time_s=slice(cut + 5.0, None))
    assert float(np.abs(after.system_current_A).max()) == 0.0
    assert float(after.system_voltage_V.max()) < 9.3
    assert float(np.abs(after.system_device_power_W).max()) < 1.0


def test_a_charger_weaker_than_the_loads_cannot_hold_an_isolated_node() -> None:
    """Both gates off by remote 'ports': 100 W of sun against 1.5 kW, the inverter cuts off and comes back."""
    devices = [{"kind": "solar", "remote": "always_on", "irradiance_W_m2": [[0, 200]]},
               {"kind": "inverter", "remote": "always_on", "demand_W": [[0, 1500]]}]
    _, result = run(
        variant="12-200 NG", settings={"remote_function": "ports"}, system={"devices": devices}, duration_s=90,
        remote=[{"time_s": 0, "state": "on"}, {"time_s": 20, "state": "off"}],
    )
    off = result.slow.sel(time_s=slice(20.3, None))
    assert float(np.abs(off.system_current_A).max()) == 0.0
    assert float(off.system_voltage_V.min()) < 5.0
    assert float(off.system_voltage_V.max()) > 13.0
    # Energy only from the sun: what the inverter took from 21 s on is no more than what came.
    taken = off.system_device_power_W.sel(time_s=slice(21.0, None)).sum("time_s").values * 0.1
    assert taken[0] > 100.0
    assert -taken[1] < taken[0] + 0.5 * 0.051 * 14.3**2 * 12.0


# ---- remote ---------------------------------------------------------------------------------------------------
def test_remote_system_turns_everything_off() -> None:
    """R6: both ports, both outputs and all lights; 4.5 mA are all that is left."""
    _, result = run(
        settings={"remote_function": "system"}, system={"devices": [IDLE, MAINS]}, duration_s=40,
        remote=[{"time_s": 0, "state": "on"}, {"time_s": 20, "state": "off"}],
    )
    off = result.slow.sel(time_s=slice(20.3, None))
    for name in ("charge_output", "load_output", "charge_gate", "discharge_gate", "precharge", "leds", "remote_on",
                 "alternator_enabled", "pre_alarm"):
        assert float(off[name].max()) == 0.0, name
    assert float(np.abs(off.system_current_A).max()) == 0.0
    assert off.battery_current_A.values == pytest.approx(-0.0045, abs=2e-5)


# ---- faults ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("fault", "name", "first_s"), [
    ({"kind": "open", "measurement": "cell_voltage_V", "battery": 2, "cell": 3}, "cell sensor missing", 10.0),
    ({"kind": "cable", "after_battery": 1}, "cell sensor missing", 10.0),
    ({"kind": "stuck", "measurement": "cell_voltage_V", "value": 0.3}, "cell sensor out of range", 10.3),
    ({"kind": "open", "measurement": "system_current_A"}, "system current sensor unusable", 10.3),
    ({"kind": "open", "measurement": "battery_voltage_V"}, "port sensor missing", 10.0),
    ({"kind": "offset", "measurement": "battery_voltage_V", "value": 2.0}, "cells contradict battery voltage", 12.0),
])
def test_a_broken_sensor_is_found(fault: dict[str, Any], name: str, first_s: float) -> None:
    _, result = run(
        bank={"soc": 0.5, "batteries": 2}, system={"devices": [IDLE, MAINS]}, duration_s=60,
        faults=[{**fault, "time_s": 10}],
    )
    assert "fault begins" in {e.event for e in result.events}
    raised = [(e.time_s, e.detail) for e in result.events if e.event == "fault raised"]
    assert raised[0][0] == pytest.approx(first_s)
    assert raised[0][1].startswith(name)
    if name.startswith(("cell", "system")):  # charge disconnect; pre-alarm, then load disconnect 30 s later
        events = {event: t for t, event in reversed(told(result))}
        assert events["charge disconnected"] == pytest.approx(first_s)
        assert events["load disconnected"] - events["pre-alarm on"] == pytest.approx(30.0)
        assert float(np.abs(result.slow.system_current_A[-1])) == 0.0


def test_a_frozen_current_sensor_is_found_by_what_moves() -> None:
    """Load steps of 60 A: bank and port disagree with a System+ sensor that stands still."""
    steps = [[t + d, w] for k in range(5) for t, w in ((24 * k, 200), (24 * k + 12, 1100)) for d in (0, 11.9)]
    _, result = run(
        system={"devices": [{"kind": "inverter", "demand_W": steps}]}, duration_s=120,
        faults=[{"kind": "frozen", "measurement": "system_current_A", "time_s": 12}],
    )
    raised = [e.detail for e in result.events if e.event == "fault raised"]
    assert any(detail.startswith("system current sensor frozen") for detail in raised)
    frozen = run(system={"devices": [{"kind": "inverter", "demand_W": steps}]}, duration_s=120)[1]
    assert not [e for e in frozen.events if e.event == "fault raised"]


# ---- holds ----------------------------------------------------------------------------------------------------
FULL: dict[str, Any] = {
    "variant": "12-200 NG", "settings": {"remote_function": "ports", "pre_alarm_mode": "intermittent"},
    "bank": {"batteries": 2, "soc": 0.13, "spread": {"soc": 0.01}}, "duration_s": 400,
    "source": {"kind": "supply", "emf_V": [[0, 12.0], [100, 12.0], [101, 14.4], [250, 14.4], [251, 12.2]],
               "resistance_ohm": 0.004},
    "system": {"devices": [
        {"kind": "inverter", "demand_W": [[0, 500], [50, 500], [50.1, 2500], [90, 2500], [90.1, 300]]},
        {"kind": "dc_loads"}, {"kind": "mains", "remote": "always_on", "plugged_s": [[150, 300]]},
    ]},
    "remote": [{"time_s": 0, "state": "on"}, {"time_s": 200, "state": "off"}, {"time_s": 212.3, "state": "h_high"},
               {"time_s": 350, "volts": {"L_V": 5.5, "H_V": 2.5}}],
    "faults": [
        {"kind": "offset", "measurement": "system_current_A", "value": 15, "time_s": 110, "duration_s": 60},
        {"kind": "open", "measurement": "cell_voltage_V", "battery": 2, "cell": 1, "time_s": 260, "duration_s": 20},
        {"kind": "frozen", "measurement": "battery_current_A", "time_s": 300, "duration_s": 60},
    ],
}


@pytest.mark.parametrize("changes", [{}, {"tick_s": 1.0, "recording": {"period_s": 1}}], ids=["0.1s", "1s"])
def test_asking_on_every_tick_changes_no_bit(changes: dict[str, Any]) -> None:
    """Holds name the new measurements: a run that asks only when they say so is the run that asks always."""
    held, every = run(**{**FULL, **changes}), run(True, **{**FULL, **changes})
    assert every[1].events == held[1].events
    names = {event for _, event in told(held[1])}
    assert {"system precharge", "system on", "remote off", "remote on", "fault raised"} <= names
    for name in set(held[1].slow.data_vars) - {"fuse_temperature_estimate_degC"}:  # told at its last call
        assert np.array_equal(every[1].slow[name], held[1].slow[name], equal_nan=True), name


# ---- windows --------------------------------------------------------------------------------------------------
def test_gates_that_open_and_close_inside_windows(spice: SpiceSession) -> None:
    """Remote 'ports' off and on inside SPICE windows: their balances, and the run without them."""
    content: dict[str, Any] = {
        "name": "w", "bank": {"soc": 0.5}, "recording": {"period_s": 0.1}, "duration_s": 34, "variant": "12-200 NG",
        "settings": {"remote_function": "ports"},
        "source": {"kind": "supply", "emf_V": [[0, 14.2]], "resistance_ohm": 0.004},
        "system": {"devices": [IDLE, {"kind": "solar", "irradiance_W_m2": [[0, 700]]}]},
        "remote": [{"time_s": 0, "state": "on"}, {"time_s": 12.3, "state": "off"}, {"time_s": 32.5, "state": "on"}],
        "faults": [{"kind": "offset", "measurement": "system_current_A", "value": 5, "time_s": 12.6, "duration_s": 1}],
        "windows": [{"name": "off", "start_s": 12, "duration_s": 1.0}, {"name": "on", "start_s": 32.2,
                                                                       "duration_s": 1.0}],
    }
    seen = Simulation(parse_scenario(content), session=spice).run()
    plain = Simulation(parse_scenario(content), session=spice, windows=False).run()
    worst = seen.summary["worst_window"]
    assert worst["failed"] == 0.0
    assert worst["charge_relative"] < 1e-4
    assert worst["energy_relative"] < 1e-2
    assert seen.summary["charge_balance"]["relative"] < 1e-4
    assert seen.summary["energy_balance"]["relative"] < 1e-3
    names = ("remote terminals", "fault begins", "fault ends", "remote off", "remote on", "system off", "system on")
    for name in names:
        assert [e.time_s for e in seen.events if e.event == name] == [
            e.time_s for e in plain.events if e.event == name], name
    both = [r.slow.sel(time_s=slice(2.0, None)) for r in (seen, plain)]
    for name in ("charge_gate", "discharge_gate", "precharge", "supply_current_A", "remote_on"):
        assert np.array_equal(both[0][name], both[1][name]), name
    off = both[0].sel(time_s=slice(12.6, 32.3))
    assert float(np.abs(off.system_current_A).max()) < 0.05  # SPICE carries the current as a difference of two
    apart = np.abs(both[0].system_voltage_V - both[1].system_voltage_V)
    assert float(apart.max()) < 0.05
