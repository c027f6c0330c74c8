"""Planted defects in System+, batteries, outputs, remote and consumption: the row that each breaks fails, no other."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from cosim.spice import SpiceSession
from cosim.studies.conformance.entry import Changes, Corner, Entry
from cosim.studies.conformance.lab import Lab
from cosim.studies.conformance.pool import measured
from cosim.studies.conformance.register import Job

SYSTEM, OUTPUT, REMOTE = "system_path", "disconnect_output", "remote_input"


class Planted(NamedTuple):
    """A defect, the bench that meets it, the figures that must fail (and only they)."""

    name: str
    bench: str
    changes: Changes
    fails: frozenset[str]


def circuit(place: str, **values: float) -> Changes:
    return Changes(circuits={place: values})


CASES = (
    Planted("shunt twice as large, not told to the amplifier", "system_short", Changes(text={"system_path.cir": (
        ("Rsh sh0 sh1 {rsh}", "Rsh sh0 sh1 0.2m"),)}), frozenset({"S2.latch_A", "S2.short_opening_us", "S2.short_since_fault_us", "S2.short_i2t_A2s"})),
    Planted("comparator of the latch at 800 A", "system_short", circuit(SYSTEM, itrip=800.0),
            frozenset({"S2.latch_A", "S2.short_opening_us"})),
    Planted("slow comparator of the latch", "system_short", circuit(SYSTEM, tcmp=40e-6),
            frozenset({"S2.short_opening_us", "S2.short_peak_A"})),
    Planted("latch that does not hold", "system_short", Changes(text={"system_path.cir": (
        ("+1.2*V(latch)*V(por)", "+0*V(latch)*V(por)"),)}),
        frozenset({"S2.latched_A", "S2.short_opening_us", "S2.short_since_fault_us", "S2.short_i2t_A2s"})),
    Planted("one MOSFET of four fitted", "system_directions", Changes(text={"system_path.cir": (
        ("tjc tcc N60 m=4", "tjc tcc N60 m=1"),)}), frozenset({"S5.out_drop_V", "S5.out_bank_W", "S5.out_diode_J"})),
    Planted("comparator of the bypass dead", "system_directions", circuit(SYSTEM, a1=0.0),
            frozenset(f"S5.{way}_{name}" for way in ("out", "in") for name in ("drop_V", "bank_W", "diode_us", "diode_J"))),
    Planted("pre-charge resistor too large", "system_capacitive", circuit(SYSTEM, rpre=65.0),
            frozenset({"S6.circuit_precharge_s"})),
    Planted("ladder too quick", "system_peaks", Changes(firmware={"system_peak_ms": 3000}),
            frozenset({"S2.carried_390A_s"})),
    Planted("continuous current too low", "system_continuous", Changes(firmware={"system_continuous_A": 150}),
            frozenset({"S1.discharge_carried_s", "S1.charge_carried_s"})),
    Planted("time-out of the pre-charge", "system_capacitive", Changes(firmware={"precharge_limit_ms": 4000}),
            frozenset({"S6.drawing_timeout_s"})),
    Planted("debounce of the cells", "battery_cells", Changes(firmware={"cell_high_delay_ms": 2000}),
            frozenset({"B1.high_s"})),
    Planted("threshold of over-voltage", "battery_over_voltage", Changes(firmware={"cell_high_V": 3.70}),
            frozenset({"B5.over_voltage_V"})),
    Planted("threshold of the cold", "battery_temperature", Changes(firmware={"cell_cold_degC": 3.0}),
            frozenset({"B5.cold_degC", "B5.cold_back_degC"})),
    Planted("sense resistor of the output", "output_load", circuit(OUTPUT, rsense=10.0),
            frozenset({"O1.limit_mA", "O1.drop_V", "O1.after_short_V"})),
    Planted("common drain instead of common source", "output_load", Changes(text={"disconnect_output.cir": (
        ("M2 out g x PMO", "M2 x g out PMO"),)}), frozenset({"O1.leak_uA", "O1.limit_mA", "O1.short_W"})),
    Planted("clamp of the pre-alarm", "output_pre_alarm", circuit("prealarm_output", vz=60.0),
            frozenset({"O3.rated_margin"})),
    Planted("period of the pre-alarm", "output_alarm_mode", Changes(firmware={"alarm_period_ms": 20_000}),
            frozenset({"O4.period_s", "O4.pulse_s"})),
    Planted("comparator of L", "remote_levels", circuit(REMOTE, vl=4.5),
            frozenset({"R2.wrong", "R2.lowest_threshold_V", "R2.highest_threshold_V"})),
    Planted("divider of H", "remote_levels", Changes(text={"remote_input.cir": (("Rh h h1 {rin}", (
        "Rh h h1 {rin}\nRhd h1 ret {rin}")),)}), frozenset({"R3.wrong", "R3.highest_threshold_V", "R3.lowest_threshold_V"})),
    Planted("supply that draws more", "consumption", Changes(firmware={"supply_on_A": 0.0195}), frozenset({"C1.on_mA"})),
    Planted("bleeder of System+", "consumption", circuit(SYSTEM, rbsys=10e3), frozenset({"C1.on_mA", "C2.active_mA"})),
)


@pytest.fixture(scope="module")
def lab(spice: SpiceSession) -> Lab:
    """One lab for all: shipped designs are run once."""
    del spice
    return Lab()


@pytest.fixture(scope="module")
def shipped() -> dict[str, list[Entry]]:
    """What benches give without a change, by their names."""
    return {}


def failing(entries: list[Entry]) -> set[str]:
    return {entry.figure or f"{entry.id}: {entry.note}" for entry in entries if entry.passed is False}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_planted_defect_is_found(case: Planted, lab: Lab, shipped: dict[str, list[Entry]]) -> None:
    if case.bench not in shipped:
        shipped[case.bench] = measured(Job(case.bench, Corner()), lab)
    assert not failing(shipped[case.bench])
    assert failing(measured(Job(case.bench, Corner(), changes=case.changes), lab)) == case.fails
