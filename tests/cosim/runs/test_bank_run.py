"""Runs with many batteries: scenario, record, holds, and the compiled loop against the reference integrator."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import bms
from cosim.circuit.identify import IdentifiedCircuit
from cosim.errors import InputError
from cosim.inputs.drive import build_inputs
from cosim.result import Result
from cosim.run import Run
from cosim.scenario.model import parse_scenario
from cosim.slow.channels import BATTERY_CHANNELS
from cosim.slow.hold_bounds import bounds_of_hold
from cosim.slow.plant import initial_state, load_parameters
from cosim.slow.sensors import N_SCALARS, NOT_FITTED, inside
from cosim.spice.session import SpiceSession
from models import bank, reference

DRIVE = {"segments": [{"kind": "idle", "duration_s": 60}, {"kind": "city", "duration_s": 240},
                      {"kind": "off", "duration_s": 60}]}
UNEVEN = {
    "batteries": 6, "soc": 0.5, "temperature_degC": 15.0, "spread": {"capacity": 0.03, "resistance": 0.08, "soc": 0.02},
    "each": [{}, {"soc": 0.3, "capacity_factor": 0.8, "resistance_factor": 1.6, "temperature_degC": 30.0},
             {"cable": {"length_m": 3.0, "area_mm2": 16}}],
}


def content(**changes: Any) -> dict[str, Any]:
    return {"name": "bank", "bank": UNEVEN, "drive": DRIVE, "source": {"kind": "vehicle", "load_A": 20}, **changes}


def run(asked: dict[str, Any], every_tick: bool = False) -> tuple[Run, Result]:
    scenario = parse_scenario(asked)
    inputs, duration_s = build_inputs(scenario)
    session = cast(SpiceSession, SimpleNamespace(version_text="not used"))
    circuit = IdentifiedCircuit.nominal(scenario.circuit.netlist)
    made = Run(scenario, session, circuit, inputs, duration_s, every_tick, lambda f, text: None, windows=False)
    return made, made.go()


# ---- scenario -------------------------------------------------------------------------------------------------
def test_the_scenario_makes_the_bank() -> None:
    scenario = parse_scenario(content())
    p = load_parameters(scenario, IdentifiedCircuit.nominal("alternator_path").coefficients)
    cells = initial_state(scenario, p).battery
    assert p.battery.capacity_factor.shape == cells.soc.shape == (6, 4)
    assert p.battery.capacity_factor[1] == pytest.approx(np.full(4, 0.8), rel=0.1)
    assert p.battery.resistance_factor[1] == pytest.approx(np.full(4, 1.6), rel=0.25)
    assert cells.soc[1] == pytest.approx(np.full(4, 0.3), abs=0.06)
    assert np.all(cells.temperature_degC[1] == 30.0)
    assert np.all(cells.temperature_degC[[0, 2, 3, 4, 5]] == 15.0)
    # Copper, 3 m of 16 mm2 against the default 0.5 m of 50 mm2: 18.75 times the resistance.
    assert p.battery.cable_ohm[2] / p.battery.cable_ohm[0] == pytest.approx(3.0 / 0.5 * 50.0 / 16.0, rel=0.35)
    assert scenario.supervisor_settings.battery_count == 6


def test_the_spread_is_of_the_seed_and_of_the_place() -> None:
    def factors(**changes: Any) -> np.ndarray:
        scenario = parse_scenario(content(**changes))
        p = load_parameters(scenario, IdentifiedCircuit.nominal("alternator_path").coefficients)
        return p.battery.capacity_factor

    assert np.array_equal(factors(), factors())
    assert not np.array_equal(factors(), factors(seed=1))
    assert np.array_equal(factors(bank={**UNEVEN, "batteries": 9})[:6], factors())
    wide = factors(bank={"batteries": 10, "spread": {"capacity": 0.05}})
    assert 0.02 < wide.std() < 0.08


def test_one_battery_stays_what_it_was() -> None:
    p = load_parameters(parse_scenario(content(bank={})), IdentifiedCircuit.nominal("alternator_path").coefficients)
    assert np.all(p.battery.capacity_factor == 1.0)
    assert p.battery.cable_ohm == [0.0]


@pytest.mark.parametrize(("changes", "told"), [
    ({"bank": {"batteries": 51}}, "bank.batteries: 51"),
    ({"bank": {"batteries": 11}}, "bank.batteries: 11"),  # 12-200: at most 10 batteries (B2)
    ({"bank": {"batteries": 1, "each": [{}, {}]}}, "each has 2 entries"),
    ({"bank": {"batteries": 2, "each": [{"sock": 0.2}]}}, "soc"),
    ({"bank": {"batteries": 3}, "settings": {"battery_count": 2}}, "settings.battery_count: 2"),
])
def test_what_cannot_be_is_refused_in_one_line(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_scenario(content(**changes))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fifty_batteries_need_the_larger_variant() -> None:
    assert parse_scenario(content(bank={"batteries": 50}, variant="12-200 NG")).supervisor_settings.battery_count == 50


# ---- holds ----------------------------------------------------------------------------------------------------
def test_bounds_of_one_battery_count_for_its_cells_only() -> None:
    ends = tuple((-1e9, 1e9) for _ in bms.PLACES)
    cells = bms.PLACES.index("cell_voltage_V")
    wide = tuple(low for low, _ in ends), tuple(high for _, high in ends)
    narrow = ((*wide[0][:cells], 2.5, *wide[0][cells + 1 :]), (*wide[1][:cells], 3.7, *wide[1][cells + 1 :]))
    batteries = ((2.0, 4.0), (3.0, 3.9), (2.0, 4.0))
    low, high, between_low, between_high = bounds_of_hold(bms.Hold(5, *narrow, *wide, (), batteries), 3)
    assert (between_low[N_SCALARS], between_high[N_SCALARS + 1]) == (2.0, 3.9)
    measured = np.concatenate(([13.0, 0.0, 13.0, 25.0, 25.0], [NOT_FITTED] * 6, np.full(12, 3.3), np.full(12, 25.0)))
    assert inside(measured, low, high)
    for cell, volts, held in ((0, 2.9, True), (5, 2.9, False), (7, 3.1, True), (9, 2.9, True), (5, 3.8, False)):
        moved = measured.copy()
        moved[N_SCALARS + cell] = volts
        assert inside(moved, low, high) is held, (cell, volts)
    moved = measured.copy()
    moved[N_SCALARS + 12 + 3] = np.nan
    assert not inside(moved, low, high)
    with pytest.raises(ValueError, match="beyond those of 2 batteries"):
        bounds_of_hold(bms.Hold(5, *narrow, *wide, (), batteries), 2)
    witness = bms.Witness("cell_voltage_V", 6, 3.5, 9.0)
    low, high, *_ = bounds_of_hold(bms.Hold(5, *narrow, *wide, (), (), (witness,)), 3)
    assert not inside(measured, low, high)
    measured[N_SCALARS + 6] = 3.6
    assert inside(measured, low, high)
    measured[N_SCALARS + 7] = 3.8
    assert not inside(measured, low, high)


@pytest.mark.parametrize("asked", [
    content(),
    # Cells that pass thresholds: full ones at 3.75 V, and a cold battery below 5 degC that warms up.
    content(bank={"batteries": 3, "soc": 0.985, "spread": {"soc": 0.005}, "temperature_degC": 20.0,
                  "each": [{"temperature_degC": 4.9}]}),
], ids=["uneven", "thresholds"])
def test_asking_on_every_tick_changes_no_bit(asked: dict[str, Any]) -> None:
    held, every = run(asked), run(asked, every_tick=True)
    assert every[1].events == held[1].events
    assert [e for e in held[1].events if e.source == "supervisor"]
    for name in set(held[1].slow.data_vars) - {"fuse_temperature_estimate_degC"}:  # told at its last call
        assert np.array_equal(every[1].slow[name], held[1].slow[name], equal_nan=True), name
    for ours, theirs in zip(held[0].state.battery, every[0].state.battery, strict=True):
        assert np.array_equal(ours, theirs)


# ---- record and summary ---------------------------------------------------------------------------------------
def test_the_record_of_a_bank_adds_up() -> None:
    _, result = run(content())
    slow = result.slow
    assert {name for name, _, _ in BATTERY_CHANNELS} <= set(slow.data_vars)
    assert "cell_voltage_V" not in slow  # six batteries: extremes only
    assert slow.each_current_A.sum("battery").values == pytest.approx(slow.battery_current_A.values, abs=1e-6)
    assert np.all(slow.each_cell_low_V <= slow.each_cell_high_V)
    assert float(slow.each_current_A[5, 1]) > float(slow.each_current_A[5, 0])  # the emptier one takes more
    assert abs(float(slow.each_current_A[5, 2])) < abs(float(slow.each_current_A[5, 3]))  # a long thin cable
    assert slow.soc.values == pytest.approx(slow.each_soc.mean("battery").values)
    summary = result.summary
    assert summary["charge_balance"]["relative"] < 1e-9
    assert summary["bank"]["batteries"] == 6
    assert summary["bank"]["relative"] < 1e-4
    assert summary["bank"]["chemical_J"] > 1e5


def test_a_small_bank_records_every_cell() -> None:
    _, result = run(content(bank={"batteries": 2}, duration_s=20))
    assert result.slow.cell_voltage_V.shape == (20, 8)
    assert result.slow.each_cell_high_V[10].values == pytest.approx(
        result.slow.cell_voltage_V[10].values.reshape(2, 4).max(axis=1)
    )


def test_a_bank_result_saves_and_loads(tmp_path: Path) -> None:
    _, result = run(content(duration_s=20))
    result.save(tmp_path / "r")
    again = Result.load(tmp_path / "r")
    assert np.array_equal(again.slow.each_soc, result.slow.each_soc)
    assert (tmp_path / "r" / "waveforms.png").stat().st_size > 10_000


# ---- against the reference integrator ---------------------------------------------------------------------------
def against_the_integrator(asked: dict[str, Any]) -> dict[str, float]:
    """Largest differences of a run's bank from `solve_ivp` under the same current, held per tick."""
    made, result = run(asked)
    p, ambient_degC = made.p.battery, float(made.grid.ambient_degC[2])
    start = state = made.start.battery
    currents = result.slow.battery_current_A.values
    assert currents.size == made.n_ticks  # recorded at every tick
    single = "cell_voltage_V" in result.slow
    worst_V = 0.0
    for tick, current_A in enumerate(currents):
        volts = bank.cell_voltages_V(state, current_A, p)
        if single:
            worst_V = max(worst_V, float(np.abs(volts.ravel() - result.slow.cell_voltage_V.values[tick]).max()))
        else:
            for name, theirs in (("each_cell_low_V", volts.min(axis=1)), ("each_cell_high_V", volts.max(axis=1))):
                worst_V = max(worst_V, float(np.abs(theirs - result.slow[name].values[tick]).max()))
        state = reference.step(state, float(current_A), made.tick_s, ambient_degC, p)
    end = made.state.battery
    start_C, exact_C, ours_C = (bank.stored_charge_C(cells, p) for cells in (start, state, end))
    found = {"voltage_V": worst_V, "charge": abs((ours_C - exact_C) / (exact_C - start_C))}
    for name in ("chemical_J", "heat_J"):
        exact = float((getattr(state, name) - getattr(start, name)).sum())
        found[name] = abs(float((getattr(end, name) - getattr(start, name)).sum()) / exact - 1.0)
    exact_J = bank.terminal_energy_J(state) - bank.terminal_energy_J(start)
    found["terminals"] = abs((bank.terminal_energy_J(end) - bank.terminal_energy_J(start)) / exact_J - 1.0)
    return found


def within_bounds(found: dict[str, float]) -> bool:
    energies = [found[name] for name in ("chemical_J", "heat_J", "terminals")]
    return found["voltage_V"] < 1e-4 and found["charge"] < 1e-9 and max(energies) < 1e-4


@pytest.mark.parametrize("cells", [{"soc": 0.4, "temperature_degC": 10.0}, UNEVEN], ids=["one", "uneven"])
def test_the_compiled_loop_is_the_integrators_over_minutes(cells: dict[str, Any]) -> None:
    asked = content(bank=cells, tick_s=1.0, recording={"period_s": 1.0})
    found = against_the_integrator(asked)
    assert within_bounds(found), found


@pytest.mark.long
@pytest.mark.parametrize("cells", [{"soc": 0.1, "temperature_degC": 0.0}, {**UNEVEN, "batteries": 3}],
                         ids=["one", "uneven"])
def test_the_compiled_loop_is_the_integrators_over_a_driving_day(cells: dict[str, Any]) -> None:
    day = [{"kind": kind, "duration_s": s} for kind, s in (("idle", 300), ("city", 1800), ("highway", 1500))] * 24
    asked = content(bank=cells, tick_s=1.0, recording={"period_s": 1.0}, drive={"segments": day})
    found = against_the_integrator(asked)
    assert within_bounds(found), found


def test_the_reference_can_be_chosen_and_agrees_through_the_network() -> None:
    asked = content(bank={**UNEVEN, "batteries": 3}, duration_s=60, recording={"period_s": 0.1})
    (compiled, ours), (chosen, theirs) = run(asked), run({**asked, "integrator": "reference"})
    assert ours.events == theirs.events
    for name in ("battery_voltage_V", "cell_voltage_V"):
        assert ours.slow[name].values == pytest.approx(theirs.slow[name].values, abs=1e-4), name
    charge_C = [bank.stored_charge_C(r.state.battery, r.p.battery) for r in (compiled, chosen)]
    assert charge_C[0] == pytest.approx(charge_C[1], rel=1e-7)
    assert not np.array_equal(compiled.state.battery.v_V, chosen.state.battery.v_V)  # it is another integrator
