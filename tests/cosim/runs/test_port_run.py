"""Events at System+ in whole runs: the latch against a hand calculation, retries, balances, the slow state."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest
import xarray as xr

from cosim.record.export import export_text, recorded_waves
from cosim.record.replay import replay_deck
from cosim.result import Result
from cosim.scenario.model import parse_scenario
from cosim.simulation import Simulation
from cosim.spice.session import SpiceSession
from cosim.windows.recipe import WindowRecipe

BASE: dict[str, Any] = {
    "name": "p", "bank": {"soc": 0.6}, "recording": {"period_s": 0.1},
    "source": {"kind": "supply", "emf_V": [[0, 12.0]], "resistance_ohm": 0.01},
    "settings": {"firmware": {"system_rest_ms": 1000, "output_spacing_ms": 1000}},
    "system": {"devices": [{"kind": "dc_loads", "parameters": "dc_load_parked"}]},
}


def run(session: SpiceSession, events: list[dict[str, Any]], **more: Any) -> Result:
    return Simulation(parse_scenario({**BASE, "duration_s": 9, "events": events, **more}), session=session).run()


def window_of(result: Result, kind: str) -> xr.Dataset:
    return next(w for name, w in result.windows.items() if name.endswith(kind))


def sound(result: Result) -> None:
    """Every window balances, none failed, and the run's books close."""
    worst = result.summary["worst_window"]
    assert worst["failed"] == 0.0
    assert worst["charge_relative"] < 1e-4
    assert worst["energy_relative"] < 1e-2
    assert result.summary["charge_balance"]["relative"] < 1e-4
    assert result.summary["energy_balance"]["relative"] < 1e-3
    assert [e for e in result.events if e.event in ("balance off", "prediction off", "window limit")] == []


@pytest.fixture(scope="module")
def shorted(spice: SpiceSession) -> Result:
    return run(spice, [{"kind": "short_circuit", "time_s": 3.0503, "resistance_ohm": 2e-3, "duration_s": 0.5}])


def test_a_short_latches_as_by_hand(shorted: Result) -> None:
    """13.2 V into what the deck has: bank, cable, path, short; to 700 A in L / R ln(1 / (1 - 700 R / V)), 1/3 I^2 t."""
    w = window_of(shorted, "short_circuit")
    told = next(e for e in shorted.events if e.event == "System+ latch opened")
    since_us, open_us, peak_A, i2t = _numbers(told.detail)
    assert 3.0503 < told.time_s < 3.0506
    emf_V = float(w.battery_emf_V[0])
    spec_ohm, spec_H = _loop(w)
    hand_s = -spec_H / spec_ohm * math.log(1.0 - 700.0 * spec_ohm / emf_V)
    assert since_us == pytest.approx(1e6 * hand_s + 1.5, rel=0.05)  # comparator and ring take 1 us
    assert open_us - since_us < 5.0
    assert 690.0 < peak_A < 770.0
    assert i2t == pytest.approx(700.0**2 * hand_s / 3.0, rel=0.15)
    late = w.time_s.values > told.time_s - float(w.attrs["start_s"]) + 10e-6
    assert np.abs(w.shunt_current_A.values[late]).max() < 5.0
    assert float(w.battery_voltage_V.max()) < 30.0
    # 8..33 mJ on eight dies of 4 mJ/K (head of the netlist, models/parameters/box_12_200.yaml)
    for bank in (w.junction_discharge_degC, w.junction_charge_degC):
        assert 0.1 < float(bank.max() - bank[0]) < 2.0


def _numbers(detail: str) -> tuple[float, float, float, float]:
    found = re.fullmatch(
        r"(\d+) us after the fault, below 5 A after (\d+) us, peak (\d+) A, I2t ([\d.]+) A2s", detail)
    assert found is not None, detail
    return float(found[1]), float(found[2]), float(found[3]), float(found[4])


def _loop(window: xr.Dataset) -> tuple[float, float]:
    """Resistance and inductance of the loop, from recipe and netlist: path 0.5 mohm, 9 nH; short 2 mohm, 1 uH."""
    spec = json.loads(window.attrs["recipe"])["spec"]
    ohm = spec["battery_resistance_ohm"] + spec["battery_cable_resistance_ohm"] + 0.5e-3 + 2e-3
    return ohm, spec["battery_inductance_H"] + spec["battery_cable_inductance_H"] + 9e-9 + 1e-6


def test_the_supervisor_rests_and_tries_again(shorted: Result) -> None:
    own = [(e.time_s, e.event) for e in shorted.events if e.source == "supervisor" and e.event.startswith("system ")]
    late = [(t, name) for t, name in own if t > 3.0]
    assert [name for _, name in late] == ["system resting", "system precharge", "system on"]
    assert late[0][0] == pytest.approx(3.1)
    assert late[1][0] == pytest.approx(4.1, abs=0.11)
    end = shorted.slow.isel(time_s=-1)
    assert float(end.system_voltage_V) > 12.5
    assert float(end.discharge_gate) == 1.0
    sound(shorted)


def test_a_capacitor_plugged_in_latches_and_then_is_precharged(spice: SpiceSession) -> None:
    """S6: 50 mF at 0 V on the live port; by hand 700 A within 0.1 ms; then pre-charge takes 0.3 s x ln(13)."""
    result = run(spice, [{"kind": "connect_capacitor", "time_s": 3.05}])
    told = next(e for e in result.events if e.event == "System+ latch opened")
    assert 50e-6 < told.time_s - 3.05 < 150e-6
    names = [e.event for e in result.events if e.source == "supervisor" and e.time_s > 3.0]
    assert [n for n in names if n.startswith("system ")] == ["system resting", "system precharge", "system on"]
    on = window_of(result, "port_on")
    assert float(np.abs(on.shunt_current_A).max()) < 400.0
    assert float(result.slow.system_voltage_V[-1]) > 12.5
    sound(result)


def test_a_step_to_390_A_passes(spice: SpiceSession) -> None:
    step = {"kind": "load_step", "at": "system", "time_s": 3.05, "current_A": 390, "duration_s": 1.0, "rise_s": 2e-6}
    result = run(spice, [step])
    w = window_of(result, "load_step")
    assert float(w.latch.max()) < 0.1
    assert 389.0 < float(-w.system_current_A.min()) < 550.0  # cables and 1 mF of filters ring
    assert [e for e in result.events if e.event == "System+ latch opened"] == []
    middle = result.slow.sel(time_s=3.8, method="nearest")
    assert float(middle.system_current_A) == pytest.approx(-390.0, rel=0.01)
    sound(result)


def test_the_same_bits_twice(spice: SpiceSession) -> None:
    event = {"kind": "short_circuit", "time_s": 1.55, "duration_s": 0.2}
    first, second = (run(spice, [event], duration_s=2.5) for _ in range(2))
    assert first.events == second.events
    for name, window in first.windows.items():
        assert window.identical(second.windows[name]), name


def test_a_window_of_system_plus_replays_without_python(spice: SpiceSession, shorted: Result) -> None:
    """The deck that `export` writes: recorded sources instead of Python's, the pre-roll's gates and loads included."""
    w = window_of(shorted, "short_circuit")
    recipe = WindowRecipe.from_json(w.attrs["recipe"])
    deck = replay_deck(recipe.spec, w.time_s.values, recorded_waves(w), recipe.preroll_s)
    fault_s = recipe.preroll_s + 3.0503 - float(w.attrs["start_s"])
    plain = spice.transient(
        deck, tstop_s=fault_s + 1e-3, tmax_s=2e-5, signals=["v(shunt)", "v(latch)"], breakpoints=[fault_s]
    )
    opened = plain.time_s[np.flatnonzero(plain["v(latch)"] > 0.5)[0]] - fault_s
    told_us, _, peak_A, _ = _numbers(next(e for e in shorted.events if e.event == "System+ latch opened").detail)
    assert 1e6 * opened == pytest.approx(told_us, rel=0.03)
    assert float(plain["v(shunt)"].max()) == pytest.approx(peak_A, rel=0.03)
    assert "system_path" in export_text(shorted, w.attrs["name"])
