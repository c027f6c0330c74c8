"""The shipped scenarios of the protection: what they tell, against figures by hand. Without SPICE windows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import yaml

from cosim.circuit.identify import IdentifiedCircuit
from cosim.inputs.drive import build_inputs
from cosim.result import Result
from cosim.run import Run
from cosim.scenario.model import parse_scenario
from cosim.spice.session import SpiceSession

SCENARIOS = Path(__file__).resolve().parents[3] / "scenarios"


def run(name: str, every_tick: bool = False, **changes: Any) -> Result:
    content = yaml.safe_load((SCENARIOS / f"{name}.yaml").read_text(encoding="utf-8"))
    scenario = parse_scenario({**content, **changes})
    inputs, duration_s = build_inputs(scenario)
    session = cast(SpiceSession, SimpleNamespace(version_text="not used"))
    circuit = IdentifiedCircuit.nominal(scenario.circuit.netlist)
    result = Run(scenario, session, circuit, inputs, duration_s, every_tick, lambda f, t: None, windows=False).go()
    assert result.summary["charge_balance"]["relative"] < 1e-9
    assert result.summary["energy_balance"]["relative"] < 1e-9
    return result


def when(result: Result, event: str, after_s: float = 0.0, cause: str = "") -> float:
    """First time of an event from a moment on."""
    return next(e.time_s for e in result.events
                if e.event == event and e.time_s >= after_s and e.detail.startswith(cause))


def at(result: Result, name: str, time_s: float) -> float:
    return float(result.slow[name].sel(time_s=time_s, method="nearest"))


def test_deep_discharge() -> None:
    """1 kW AC are 1000 / 0.949 + 20 = 1074 W DC; a charger of 70 A brings the cells back."""
    result = run("deep_discharge")
    s = result.slow
    lowest = s.cell_voltage_V.min("cell")
    volts = at(result, "system_voltage_V", 20.0)
    assert at(result, "system_current_A", 20.0) == pytest.approx(-1074.0 / volts, rel=0.01)
    alarm, cut = when(result, "pre-alarm on"), when(result, "load disconnected")
    assert float(lowest.sel(time_s=alarm - 2.0, method="nearest")) >= 3.1
    assert float(lowest.sel(time_s=alarm + 1.0, method="nearest")) < 3.1
    assert float(lowest.sel(time_s=cut - 1.0, method="nearest")) == pytest.approx(2.8, abs=0.005)
    assert cut - alarm >= 30.0
    # The battery rests at the BMS's 17.5 mA: neither gate lets out, the node is empty.
    assert at(result, "battery_current_A", 2000.0) == pytest.approx(-0.0175, abs=1e-3)
    assert at(result, "system_voltage_V", 2000.0) == pytest.approx(0.0, abs=0.5)
    assert at(result, "charge_gate", 2000.0) == 1.0
    # Plugged in: 70 A through the charge gate while the discharge gate is off.
    assert at(result, "system_current_A", 2800.0) == pytest.approx(70.0, abs=1.5)
    assert at(result, "discharge_gate", 2800.0) == 0.0
    back = when(result, "load reconnected")
    assert float(lowest.sel(time_s=back - 1.0, method="nearest")) == pytest.approx(3.2, abs=0.005)
    assert when(result, "system on", back) - back == pytest.approx(0.1)  # the charger holds the node up
    # 250 W then: 250 / 0.937 + 20 = 287 W, the charger has 70 A x 13 V = 900 W.
    assert at(result, "system_current_A", back + 60.0) > 30.0


def test_the_alarm_leads_the_disconnect_by_thirty_seconds_if_the_cells_fall_fast() -> None:
    """O5 to the tick: nearly empty and a heavy load, below 2.8 V within seconds of the alarm."""
    content = yaml.safe_load((SCENARIOS / "deep_discharge.yaml").read_text(encoding="utf-8"))
    system = {**content["system"], "devices": [{"kind": "inverter", "demand_W": [[0, 0], [30, 0], [30.1, 2200]]}]}
    result = run("deep_discharge", system=system, bank={**content["bank"], "soc": 0.09, "temperature_degC": 5},
                 duration_s=120, recording={"period_s": 0.1}, tick_s=0.1)
    alarm, cut = when(result, "pre-alarm on"), when(result, "load disconnected")
    lowest = result.slow.cell_voltage_V.min("cell").sel(time_s=slice(alarm, cut))
    assert float(lowest.sel(time_s=alarm + 15.0, method="nearest")) < 2.8
    assert cut - alarm == pytest.approx(30.0, abs=1e-9)


def test_charger_runaway() -> None:
    """S4: no ampere enters from 0.3 s after a cell passed 3.75 V on; the inverter's 300 / 0.94 + 20 = 339 W go on."""
    result = run("charger_runaway")
    s = result.slow
    highest = s.cell_voltage_V.max("cell")
    trip = when(result, "fault raised", cause="cell over-voltage")
    assert float(highest.sel(time_s=trip - 2.0, method="nearest")) <= 3.75
    assert float(highest.max()) < 3.76
    blocked = s.sel(time_s=slice(trip + 1.0, 1799.0))
    assert float(np.abs(blocked.system_current_A).max()) == 0.0
    # The charger ends at its 17 V less 20 A of droop.
    assert 16.7 < float(blocked.system_voltage_V.mean()) < 17.0
    assert float(blocked.system_device_power_W.sel(system_device="inverter").mean()) == pytest.approx(-339.0, rel=0.01)
    # Unplugged: the battery carries the inverter, the charge gate still off.
    assert at(result, "charge_gate", 1810.0) == 0.0
    assert at(result, "system_current_A", 1810.0) == pytest.approx(-339.0 / 14.8, rel=0.02)
    back = when(result, "charge reconnected")
    assert float(highest.sel(time_s=back, method="nearest")) == pytest.approx(3.5, abs=0.005)
    assert back - trip >= 20.0


def test_cold_refusal() -> None:
    """B5: below 5 degC nothing charges, the alternator port included; above 7 degC (release, ours) everything may."""
    result = run("cold_refusal", duration_s=13_000, recording={"period_s": 1})
    s = result.slow
    coldest = s.cell_temperature_degC.min("cell")
    back = when(result, "charge reconnected")
    cold = s.sel(time_s=slice(1.0, back - 1.0))
    assert float(cold.battery_current_A.max()) < 0.0
    assert float(cold.alternator_enabled.max()) == 0.0
    assert float(cold.input_voltage_V.max()) > 14.0  # the alternator offers
    assert float(cold.battery_current_A.min()) < -6.0  # and the fridge is fed
    assert float(coldest.sel(time_s=back, method="nearest")) == pytest.approx(7.0, abs=0.15)
    assert at(result, "system_current_A", back + 60.0) > 50.0
    # -10 to 7 degC in a room of 22 degC: tau ln(32 / 15), tau = heat capacity over conductance, some hours.
    tau_s = (back - 0.0) / np.log(32.0 / 15.0)
    assert 2.0 < tau_s / 3600.0 < 8.0


@pytest.mark.parametrize(("function", "variant"), [
    ("ports", "12-200 NG"), ("alternator", "12-200"), ("system", "12-200"),
])
def test_remote_functions(function: str, variant: str) -> None:
    """R1..R7 as a table: what is on in each stretch, and what leaves the battery."""
    result = run("remote_functions", variant=variant, settings={"remote_function": function})
    stretches = {(10, 119): True, (130, 239): False, (250, 359): True, (370, 479): True, (490, 599): False,
                 (610, 719): False, (730, 839): True}
    for (start, end), on in stretches.items():
        s = result.slow.sel(time_s=slice(start, end))
        assert set(s.remote_on.values) == {float(on)}, (start, end)
        assert set(s.alternator_enabled.values) == {float(on)}, (start, end)
        gates = on or function == "alternator"
        assert set(s.charge_gate.values) == set(s.discharge_gate.values) == {float(gates)}, (start, end)
        outputs = on or function != "system"
        assert set(s.charge_output.values) == set(s.load_output.values) == {float(outputs)}, (start, end)
        supply_A = 0.0175 if on else 0.0045 if function == "system" else 0.0065
        assert set(s.supply_current_A.values) == {supply_A}, (start, end)
        if not gates:
            assert s.battery_current_A.values == pytest.approx(-supply_A, abs=2e-5), (start, end)
        if on and start > 60:
            assert float(s.battery_current_A.min()) > 50.0


def test_storage() -> None:
    """C3: what a shutdown at 2.6 V leaves, and how long that lasts at 4.5, 6.5 and 10 mA."""
    short: dict[str, Any] = {
        "duration_s": 14_400, "remote": [{"time_s": 0, "state": "on"}, {"time_s": 12_000, "state": "off"}],
        "recording": {"period_s": 1},
    }
    result = run("storage_60_days", **short)
    cut = when(result, "load disconnected")
    left_Ah = 200.0 * at(result, "soc", cut)
    assert left_Ah / 2.0 == pytest.approx(1.0, rel=0.3)  # about 1 Ah per 100 Ah
    off = result.slow.sel(time_s=slice(12_002, None))
    assert off.battery_current_A.values == pytest.approx(-0.0045, abs=2e-5)
    assert float(off.leds.max()) == 0.0
    lost_Ah = 200.0 * float(off.soc[0] - off.soc[-1])
    hours = float(off.time_s[-1] - off.time_s[0]) / 3600.0
    assert lost_Ah / hours == pytest.approx(0.0045, rel=1e-2)
    days_at_10_mA = left_Ah / 0.010 / 24.0
    assert days_at_10_mA == pytest.approx(8.0, rel=0.3)
    residual = run("storage_60_days", **{
        **short, "settings": {"remote_function": "system", "firmware": {"supply_disabled_A": 0.010},
                              "battery_thresholds": [{"load_disconnect_V": 2.6, "pre_alarm_V": 2.85}]},
    })
    assert float(residual.slow.battery_current_A[-1]) == pytest.approx(-0.010, abs=2e-5)


@pytest.mark.long
def test_storage_whole() -> None:
    """Sixty days: 17.5 mA until remote goes off on the second day, 4.5 mA from then on, and empty when that says so."""
    result = run("storage_60_days")
    s = result.slow
    cut_s = when(result, "load disconnected")
    left_Ah = 200.0 * at(result, "soc", cut_s + 600.0)
    day_2_Ah = left_Ah - 0.0175 * (172_800.0 - cut_s - 600.0) / 3600.0
    empty_s = 172_800.0 + day_2_Ah / 0.0045 * 3600.0
    below = s.time_s.values[s.soc.values < 0.0]
    assert float(below[0]) == pytest.approx(empty_s, rel=5e-3)
    assert 8.0 < empty_s / 86_400.0 < 14.0
    assert when(result, "fault raised", cause="brown-out") > empty_s
    # The blocked port lets some 40 uA through (12.6 V beside 8 V): a hundredth of the 4.5 mA, and the books have it.
    late = s.sel(time_s=slice(empty_s, None))
    leaked_Ah = float(np.trapezoid(late.port_current_A, late.time_s)) / 3600.0
    assert 0.02 < leaked_Ah < 0.1
    assert 200.0 * float(s.soc[-1]) == pytest.approx(leaked_Ah - 0.0045 * (5_184_000.0 - empty_s) / 3600.0, rel=5e-3)


def test_unequal_50() -> None:
    """B2: the sum of fifty currents; a cable that is pulled out stops charging at once and loads 30 s later."""
    result = run("unequal_50", duration_s=6100)
    s = result.slow
    assert s.sizes["battery"] == 50
    assert np.abs(s.each_current_A.sum("battery") - s.battery_current_A).max() < 1e-6
    both = s.port_current_A + s.system_current_A - s.supply_current_A
    assert np.abs(both - s.battery_current_A).max() < 1e-9
    spread_A = s.each_current_A.sel(time_s=60.0, method="nearest")
    assert float(spread_A.max() - spread_A.min()) > 3.0  # unequal charges even out among themselves
    assert [e for e in result.events if e.event == "fault raised" and e.time_s < 5400.0] == []
    pulled = when(result, "fault raised", cause="cell sensor missing")
    assert pulled == 5400.0
    assert "battery=31" in next(e.detail for e in result.events if e.event == "fault raised")
    assert when(result, "charge disconnected") == 5400.0
    assert when(result, "load disconnected") - when(result, "pre-alarm on") == pytest.approx(30.0)
    assert at(result, "battery_current_A", 5500.0) == pytest.approx(-0.0175, abs=1e-3)
    assert when(result, "charge reconnected") == 6000.0
    assert when(result, "load reconnected", 6000.0) <= 6001.0


def test_small_battery() -> None:
    """A11: 50 Ah may take 100 A; the port is lowered by the excess until the sum is there, and released again."""
    result = run("small_battery")
    s = result.slow
    raised = when(result, "fault raised", cause="bank current above limit")
    assert 20.9 <= raised <= 21.3  # plugged in at 20 s, a second above the limit
    assert float(s.battery_current_A.max()) > 120.0
    first = next(e for e in result.events if e.event == "bank limit lowered")
    assert "current_limit_A" in first.detail
    before = s.sel(time_s=20.5, method="nearest")
    excess_A = at(result, "battery_current_A", 21.0) - 100.0
    assert float(first.detail.split("current_limit_A=")[1]) == pytest.approx(90.0 - excess_A, abs=0.6)
    assert float(before.port_current_A) > 50.0
    after = s.battery_current_A.sel(time_s=slice(55.0, 600.0))
    assert float(after.max()) < 101.0
    assert at(result, "current_limit_A", 700.0) == 90.0
    assert float(s.load_output.min()) == 1.0  # a warning: nothing else is switched
