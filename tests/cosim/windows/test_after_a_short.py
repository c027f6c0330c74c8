"""What a window shows after a short at System+, and when it closes: an inverter's bridge, a lifted limit, units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from cosim.circuit.system_deck import SystemDeck
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.windows.recipe import WindowRecipe

SHORTED: dict[str, Any] = {
    "name": "short", "bank": {"soc": 0.3, "temperature_degC": 20}, "duration_s": 2004.0,
    "settings": {"fuse_rating_A": 100},
    "source": {"kind": "vehicle", "alternator": "alternator_150A", "starter_soc": 0.95, "load_A": 20},
    "drive": {"segments": [{"kind": "highway", "duration_s": 2004}]},
    "cables": {"input": {"length_m": 2.5, "area_mm2": 70}, "battery": {"length_m": 0.8, "area_mm2": 50}},
    "system": {"cable_length_m": 2.0, "cable_area_mm2": 70,
               "devices": [{"kind": "inverter", "demand_W": [[0, 600]]}]},
    "events": [{"time_s": 2002.05, "kind": "short_circuit", "resistance_ohm": 2e-3, "inductance_H": 1e-6,
                "duration_s": 1.0}],
}


@pytest.fixture(scope="module")
def shorted(spice: SpiceSession) -> Result:
    return Simulation(parse_scenario(SHORTED), session=spice).run()


def the_window(result: Result) -> xr.Dataset:
    return result.window("short_circuit")


def test_an_inverters_bridge_holds_its_capacitance_at_two_diode_drops(shorted: Result) -> None:
    """By hand: 1.5 V of two junctions and 0.1 V in them at some 50 A each; without the bridge it swung to -4.8 V."""
    lowest_V = float(the_window(shorted).devices_voltage_V.min())
    assert -1.8 < lowest_V < -1.2


def test_the_ports_schottky_diodes_carry_the_cable_only_and_not_the_inverters_swing(shorted: Result) -> None:
    """0.35 ms after the latch has opened nothing of weight is left in them (it was 320 W in the clamp's account)."""
    window = the_window(shorted)
    opened_s = float(window.time_s[int(np.argmax(window.latch.values > 0.5))])
    late = window.sel(time_s=slice(opened_s + 4e-4, None))
    assert float(late.freewheel_A.max()) < 60.0
    assert float(window.freewheel_A.max()) > 300.0


def test_a_deck_without_an_inverter_has_no_bridge() -> None:
    deck = SystemDeck(1e-3, 1e-6, 1e-3, 13.0)
    assert not any("SYSBRIDGE" in line for line in deck.lines("0"))
    assert any("m=16" in line for line in SystemDeck(1e-3, 1e-6, 0.1, 13.0, inverters=2).lines("0"))


def test_an_older_recipe_has_no_bridge(shorted: Result) -> None:
    """So that a window of an older result is computed as it was."""
    text = the_window(shorted).attrs["recipe"]
    assert '"inverters": 1' in text and '"film_F": 1e-05, ' in text
    older = WindowRecipe.from_json(text.replace(', "inverters": 1', "").replace('"film_F": 1e-05, ', ""))
    assert [(one.inverters, one.film_F) for one in older.spec.sections if isinstance(one, SystemDeck)] == [(0, 0.0)]


def test_a_window_stays_open_while_the_limit_is_lifted(shorted: Result) -> None:
    """The surge of the latch lifts the limit; closed within that, a window handed over 104 A that no law knows."""
    window = the_window(shorted)
    assert float(window.limit_lifted.max()) == 1.0
    assert float(window.limit_lifted[-1]) < 0.5
    assert not [e for e in shorted.events if e.event in ("prediction off", "window limit", "balance off")]


def test_waves_of_a_window_carry_the_unit_of_their_name(shorted: Result) -> None:
    window = the_window(shorted)
    told = {name: window[name].attrs["units"] for name in ("fuse_degC", "loads_S", "chargers_S", "junction_charge_degC",
                                                           "port_current_A", "sense_mV", "latch")}
    assert told == {"fuse_degC": "degC", "loads_S": "S", "chargers_S": "S", "junction_charge_degC": "degC",
                    "port_current_A": "A", "sense_mV": "mV", "latch": "1"}
