"""Rows S, B, O, R, C: all have benches and limits, and how a run and a short are read."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import xarray as xr

from cosim.result import LoggedEvent, Result
from cosim.spice.session import SpiceSession
from cosim.studies.conformance.entry import Corner
from cosim.studies.conformance.limits import limit, limits
from cosim.studies.conformance.look import Look, bank_ohm, battery_at
from cosim.studies.conformance.register import bench_of, benches, jobs_of
from cosim.studies.conformance.requirements import requirements
from cosim.studies.conformance.rows_consumption import STATES, whole_deck
from cosim.studies.conformance.rows_remote import H_OFF_V, H_ON_V, L_OFF_V, L_ON_V, cases
from cosim.studies.conformance.rows_system import opening
from cosim.validation import battery
from cosim.validation.port_bench import FAULT_S
from models.scaling import TYPES

OWN = "SBORC"


def test_every_row_has_a_bench_and_limits() -> None:
    asked = {row for row in requirements() if row[0] in OWN}
    assert asked <= {row for bench in benches() for row in bench.rows}
    assert asked <= {name.split(".")[0] for name in limits()}


@pytest.mark.parametrize("bench", ["battery_bank", "remote_functions"])
def test_both_variants_run_by_default_where_they_differ(bench: str) -> None:
    rows = bench_of(bench).rows
    ran = [job.corner.variant for job in jobs_of(rows, None, full=False) if job.bench == bench]
    assert sorted(ran) == ["12-200", "12-200 NG"]
    asked = [job.corner.variant for job in jobs_of(rows, "12-200 NG", full=False) if job.bench == bench]
    assert asked == ["12-200 NG"]


def test_limits_of_the_battery_are_those_of_its_validation() -> None:
    types = [battery.load(kind) for kind in TYPES]
    own = next(one for one in types if one.kind.name == battery.FITTED)
    figures = (*battery.capacities(types), *battery.charge_left(own), *battery.currents(types))
    for figure in figures:
        name = "B6." + figure.name.removeprefix("battery_").replace(".", "_")
        assert limits()[name].told() == figure.limit


def test_a_short_is_read_by_hand() -> None:
    """From 100 A with 6 A/us: 700 A after 100 us; 2 us later off within 1 us; I2t of the ramp by hand."""
    time_s = FAULT_S + np.array([-50e-6, 0.0, 102e-6, 103e-6, 200e-6])
    path_A = np.array([100.0, 100.0, 712.0, 0.0, 0.0])
    port_A = np.array([100.0, 100.0, 712.0, 708.0, 500.0])
    found = opening(time_s, path_A, port_A)
    assert found.crossed_s == pytest.approx(100e-6)
    assert found.open_s == pytest.approx(103e-6)
    assert found.peak_A == 712.0
    ramp_A2s = (712.0**2 + 712.0 * 100.0 + 100.0**2) / 3.0 * 102e-6
    assert found.i2t_A2s == pytest.approx(ramp_A2s + 712.0**2 / 3.0 * 1e-6)


@pytest.mark.parametrize("path_A", [[100.0, 100.0, 690.0, 690.0], [100.0, 100.0, 800.0, 800.0]])
def test_a_short_that_does_not_trip_or_does_not_open_keeps_no_limit(path_A: list[float]) -> None:
    time_s = FAULT_S + np.array([-50e-6, 0.0, 100e-6, 900e-6])
    assert math.isnan(opening(time_s, np.array(path_A), np.array(path_A)).open_s)


def made(events: list[LoggedEvent], **channels: list[float]) -> Look:
    time_s = np.arange(len(next(iter(channels.values())))) * 0.1
    slow = xr.Dataset({name: ("time_s", values) for name, values in channels.items()}, {"time_s": time_s})
    return Look(cast(Result, SimpleNamespace(slow=slow, events=events)))


def test_a_run_is_looked_at_by_events_and_instants() -> None:
    look = made([LoggedEvent(0.1, "supervisor", "off", "cause one: x=1"), LoggedEvent(0.3, "supervisor", "off", "two")],
                gate=[1.0, 1.0, 0.5, 0.0])
    assert look.when("off") == 0.1
    assert look.when("off", "two") == look.when("off", after_s=0.2) == 0.3
    assert math.isnan(look.when("on"))
    assert look.at(look.wave("gate"), 0.25) == 0.5  # what was recorded last
    assert math.isnan(look.at(look.wave("gate"), math.nan))
    assert look.during(look.wave("gate"), 0.1, 0.2).tolist() == [1.0, 0.5]
    assert math.isnan(look.during(look.wave("gate"), 5.0, 6.0)[0])


def test_a_corner_asks_for_a_battery_of_its_resistance() -> None:
    assert battery_at(Corner(), soc=0.5) == {"soc": 0.5}
    asked = battery_at(Corner(battery_ohm=2.0 * bank_ohm()))
    assert asked["each"][0]["resistance_factor"] == pytest.approx(2.0)
    assert bank_ohm() == pytest.approx(1.2e-3, rel=0.1)  # validate battery: 1.175 mohm


@pytest.mark.parametrize("battery_V", [8.0, 13.3])
def test_combinations_of_remote_levels_are_those_of_the_datasheet(battery_V: float) -> None:
    """Every driven combination: on exactly if L is below 5 V or H above 3 V, none inside the guard bands."""
    tried = [(level, row, on) for row, group in cases(battery_V).items() for case in group for level, on in case.levels]
    driven = [(level, row, on) for level, row, on in tried if level.startswith("L ") and ", H " in level]
    assert len(driven) > 20
    for level, row, on in driven:
        l_V, h_V = (float(part.split()[1]) for part in level.split(","))
        assert not (L_ON_V <= l_V <= L_OFF_V or H_OFF_V <= h_V <= H_ON_V)
        assert on == (l_V < L_ON_V or h_V > H_ON_V) == (row != "R4")


@pytest.mark.parametrize("path", ["alternator_path", "alternator_path_buck", "alternator_path_buck_avg"])
def test_c2_is_kept_with_every_circuit_of_the_alternator_port(spice: SpiceSession, path: str) -> None:
    """4.5 mA of the supply and the bleeder; negative control: a tenth of its ohms draws more than C2 allows."""
    disabled = STATES[-1]
    within, drawn_mA = limit(disabled.figure).range, []
    for more in ("", " rbleed=47k"):
        deck = whole_deck(disabled, 4.5e-3, 25.0, path).rstrip() + more + "\n"
        waves = spice.transient(deck, tstop_s=0.3, tmax_s=2e-4, signals=["i(vb)"])
        drawn_mA.append(-1e3 * float(waves["i(vb)"][-1]))
    assert within[0] < drawn_mA[0] < within[1] < drawn_mA[1]
