"""Devices at System+ in whole runs: power balance, remote wire, cut-off, windows; and nothing changes without them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cosim.errors import InputError
from cosim.inputs.drive import build_inputs
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from models import chargers, loads, system

ALL: list[dict[str, Any]] = [
    {"kind": "inverter", "demand_W": [[0, 0], [100, 0], [101, 1500], [200, 1500], [201, 0]]},
    {"kind": "dc_loads"},
    {"kind": "solar", "irradiance_W_m2": [[0, 0], [600, 900]]},
    {"kind": "mains", "plugged_s": [[300, 500]]},
]


def run(session: SpiceSession, devices: list[dict[str, Any]], open_windows: bool = False, **more: Any) -> Result:
    base: dict[str, Any] = {
        "name": "s", "bank": {"soc": 0.5}, "recording": {"period_s": 0.1},
        "source": {"kind": "supply", "emf_V": [[0, 12.0]], "resistance_ohm": 0.01}, "duration_s": 600,
        "system": {"devices": devices},
    }
    return Simulation(parse_scenario({**base, **more}), session=session, windows=open_windows).run()


def test_power_balances(spice: SpiceSession) -> None:
    """Devices' powers against their models' figures, currents against the bank, energies against the cells."""
    result = run(spice, ALL)
    s, books = result.slow, result.summary["energy_balance"]
    assert list(s.system_device.values) == ["inverter", "dc_loads", "solar", "mains"]
    total = s.system_device_current_A.sum("system_device")
    # From 1 s on: before, the port pre-charges the inverter's capacitance, and its current is not the devices'.
    assert np.abs(total - s.system_current_A).sel(time_s=slice(1.0, None)).max() < 1e-9
    sum_A = s.port_current_A + s.system_current_A - s.supply_current_A
    assert np.abs(s.battery_current_A - sum_A).max() < 1e-12
    at = s.sel(time_s=150.0, method="nearest")
    expected = loads.inverter_power_W(loads.initial_inverter(1500.0, 13.0), loads.load_inverter())
    assert float(at.system_device_power_W[0]) == pytest.approx(-expected, rel=1e-9)
    assert 40.0 < float(s.sel(time_s=400.0, method="nearest").system_device_current_A[3]) <= 70.0
    assert float(s.system_device_current_A[-1, 3]) == 0.0
    integral_J = 0.1 * float((s.system_device_power_W.sum("system_device")).sum())
    # Beside it, pre-charging 51 mF to 12.3 V, where the gates close: half C V^2 is 3.9 J (and in coarse steps).
    assert integral_J - books["system_J"] == pytest.approx(3.9, rel=0.15)
    assert books["relative"] < 1e-9
    assert result.summary["charge_balance"]["relative"] < 1e-9
    assert result.summary["bank"]["relative"] < 1e-3


def test_a_charge_disconnect_stops_chargers_and_the_gate_a_bridged_one(spice: SpiceSession) -> None:
    """Bank colder than the supervisor lets it be charged: the chargers' wire floats, and the charge gate is off."""
    plugged = {"kind": "mains", "plugged_s": [[0, 600]]}
    devices = [plugged, {**plugged, "remote": "always_on"}]
    cold: dict[str, Any] = {
        "bank": {"soc": 0.5, "temperature_degC": -10}, "ambient": {"battery_degC": -10}, "duration_s": 20,
    }
    s = run(spice, devices, **cold).slow
    assert list(s.system_device.values) == ["mains", "mains_2"]
    late = s.system_device_current_A.sel(time_s=slice(5.0, None))
    warm = run(spice, devices, duration_s=20).slow.system_device_current_A.sel(time_s=slice(5.0, None))
    assert float(warm[:, 0].min()) > 20.0
    assert float(np.abs(late[:, 0]).max()) == 0.0
    assert float(warm[:, 1].min()) > 20.0
    assert float(np.abs(late[:, 1]).max()) == 0.0  # it holds the node up, and nothing takes its current
    assert float(s.system_voltage_V[-1]) > 13.4


def test_an_inverter_cuts_off_and_comes_back(spice: SpiceSession) -> None:
    """Behind a long thin cable 2 kW pull the devices below 9.3 V; released, they come back above 10.9 V."""
    devices = [{"kind": "inverter", "demand_W": [[0, 100], [10, 100], [10.1, 2000], [40, 2000], [40.1, 100]]}]
    thin = {"cable_length_m": 10.0, "cable_area_mm2": 12, "devices": devices}
    s = run(spice, devices, duration_s=60, system=thin).slow
    current = s.system_current_A
    assert float(s.system_voltage_V.min()) < 9.3
    off = np.flatnonzero(np.abs(current.values) < 1.0) * 0.1
    off = off[off > 10.0]  # it also waits when it is powered up
    assert 11.0 <= off[0] <= 11.4  # a second below the cut-off
    assert off[0] + 4.8 < float(off[off < off[0] + 5.5][-1]) < off[0] + 5.5  # five above the restart voltage
    assert float(current[-1]) == pytest.approx(-(100 / 0.9266 + 20) / 13.1, rel=0.03)


def test_windows_agree_with_the_slow_picture(spice: SpiceSession) -> None:
    """A minute of charging with devices, once with two windows in it: the figures of both, and the balances."""
    devices: list[dict[str, Any]] = [{"kind": "inverter", "demand_W": [[0, 200], [20.0, 200], [20.001, 1500]]},
                                     {"kind": "dc_loads"}, {"kind": "solar", "irradiance_W_m2": [[0, 700]]}]
    more: dict[str, Any] = {
        "source": {"kind": "supply", "emf_V": [[0, 14.2]], "resistance_ohm": 0.004}, "duration_s": 40,
        "windows": [{"name": "steady", "start_s": 12, "duration_s": 0.5}, {"name": "step", "start_s": 19.8,
                                                                          "duration_s": 1.0}],
    }
    plain, seen = run(spice, devices, **more), run(spice, devices, True, **more)
    for name in ("port_current_A", "system_current_A", "battery_current_A"):
        apart = abs(plain.slow[name] - seen.slow[name]).sel(time_s=slice(22.0, None))
        assert float(apart.max()) < 0.2, name
    worst = seen.summary["worst_window"]
    assert worst["failed"] == 0.0
    assert worst["charge_relative"] < 1e-4
    assert worst["energy_relative"] < 1e-2
    assert worst["end_mismatch_A"] < 0.3
    assert seen.summary["energy_balance"]["relative"] < 1e-3
    assert seen.summary["charge_balance"]["relative"] < 1e-4
    step = next(w for name, w in seen.windows.items() if name.endswith("step"))
    assert float(step.system_current_A[-1]) == pytest.approx(float(plain.slow.system_current_A.sel(
        time_s=20.8, method="nearest")), abs=0.3)


def test_an_array_of_devices_is_its_models() -> None:
    """Currents from the laws side by side against each model alone, over the whole range of voltage."""
    inverter, dc, mppt = loads.load_inverter(), loads.load_dc_load(), chargers.load_charger("charger_mppt_12V_50A")
    p = system.gathered([inverter, dc, mppt], [False] * 3, 1e-3)
    system.fill_laws(system.initial_state(13.0, p), np.array([700.0, 0.0, 420.0]), p)
    for volts in np.linspace(-1.0, 15.0, 161):
        alone = (loads.inverter_current_and_slope(volts, loads.initial_inverter(700.0, 13.0), inverter),
                 loads.dc_load_current_and_slope(volts, loads.initial_dc_load(), dc),
                 chargers.current_and_slope(volts, chargers.initial_charger(420.0), mppt))
        for i, (current_A, slope_S) in enumerate(alone):
            assert system.device_current_and_slope(i, volts, p) == pytest.approx((current_A, slope_S), rel=1e-12)


@pytest.mark.parametrize("emf_V", [9.0, 11.0, 13.3, 14.15, 14.3, 16.0])
@pytest.mark.parametrize("ohm", [1e-4, 3e-3, 3e-2, 0.3])
def test_the_voltage_is_a_root_from_anywhere(emf_V: float, ohm: float) -> None:
    inverter, mppt = loads.load_inverter(), chargers.load_charger("charger_mppt_12V_50A")
    p = system.gathered([inverter, mppt], [False] * 2, 1e-3)
    system.fill_laws(system.initial_state(13.0, p), np.array([150.0, 600.0]), p)
    for start_V in (2.0, 12.0, emf_V, 20.0):
        volts = system.voltage_V(start_V, emf_V, ohm, p)
        assert abs(volts - emf_V - ohm * system.current_and_slope(volts, p)[0]) < 1e-9


@pytest.mark.parametrize(("device", "told"), [
    ({"kind": "toaster"}, "inverter"), ({"kind": "solar"}, "either clear_days"),
    ({"kind": "inverter", "demand_W": [[0, 1]], "demnad_W": 1}, "demand_W"),
    ({"kind": "mains", "plugged_s": [[0, 1]], "parameters": "no_such"}, "no_such"),
])
def test_one_line_says_what_is_wrong(device: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario({"name": "s", "source": {"kind": "supply", "emf_V": [[0, 12.0]]}, "duration_s": 1,
                        "system": {"devices": [device]}})
    text = str(caught.value)
    assert told in text
    assert "system.devices.0" in text
    assert "\n" not in text


def test_the_sun_repeats_day_by_day() -> None:
    scenario = parse_scenario({
        "name": "s", "source": {"kind": "supply", "emf_V": [[0, 12.0]]}, "duration_s": 172800, "tick_s": 1.0,
        "system": {"devices": [{"kind": "solar", "clear_days": {"peak_W_m2": 800, "start_s": 36000}}]}})
    power = build_inputs(scenario)[0].system_W[0]
    assert float(power.at(7200.0)) == pytest.approx(float(power.at(7200.0 + 86400.0)), rel=1e-3)
    assert float(power.at(7200.0)) == pytest.approx(600 * 0.8 * (1 - 0.0038 * (20 + 28 * 0.8 - 25)), rel=1e-3)
    assert float(power.at(12 * 3600.0)) == 0.0


def test_a_lift_in_any_window_is_told(spice: SpiceSession) -> None:
    """Charger and alternator port come back in the same tick: the kick in the battery cable lifts the limit (A4).

    Case 874 of the first campaign on the circuits as they are: the event was told in disturbed windows only.
    """
    result = run(
        spice, [{"kind": "mains", "remote": "bms", "plugged_s": [[15.0, 120.0]]}], open_windows=True, duration_s=45.0,
        variant="12-200", bank={"soc": 0.951, "temperature_degC": 45.6},
        source={"kind": "vehicle", "alternator": "alternator_300A", "starter_soc": 0.51, "load_A": 8.6},
        drive={"segments": [{"kind": "city", "duration_s": 59.0}]},
        cables={"input": {"length_m": 4.8, "area_mm2": 70.0}, "battery": {"length_m": 1.5, "area_mm2": 50.0}},
        faults=[{"time_s": 19.7, "duration_s": 8.9, "kind": "cable", "after_battery": 0}],
    )
    told = [e for e in result.events if e.event == "limit lifted"]
    assert [round(e.time_s, 1) for e in told] == [39.9]
    window = result.windows["002_enable"]
    assert float(window.limit_lifted.max()) > 0.5
    assert f"peak {float(window.port_current_A.max()):.1f} A" in told[0].detail
