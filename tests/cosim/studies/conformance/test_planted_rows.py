"""Planted defects in System+, batteries, outputs, remote and consumption: each makes its row fail, and no other."""

from __future__ import annotations

import pytest

from cosim.studies.conformance.entry import Changes, Entry
from cosim.studies.conformance.lab import Lab
from tests.cosim.studies.conformance.planted import Planted, check, planted

SYSTEM, OUTPUT, REMOTE = "system_path", "disconnect_output", "remote_input"
SHORT = ("S2.short_opening_us", "S2.short_since_fault_us", "S2.short_i2t_A2s")


def circuit(place: str, **values: float) -> Changes:
    return Changes(circuits={place: values})


def rewired(place: str, old: str, new: str) -> Changes:
    return Changes(text={f"{place}.cir": ((old, new),)})


QUICK = (
    planted("shunt of twice the resistance", "system_short", rewired(SYSTEM, "Rsh sh0 sh1 {rsh}", "Rsh sh0 sh1 0.2m"),
            "S2.latch_A", *SHORT),
    planted("comparator of the latch at 800 A", "system_short", circuit(SYSTEM, itrip=800.0),
            "S2.latch_A", "S2.short_opening_us"),
    planted("slow comparator of the latch", "system_short", circuit(SYSTEM, tcmp=40e-6),
            "S2.short_opening_us", "S2.short_peak_A"),
    planted("debounce of the cells", "battery_cells", Changes(firmware={"cell_high_delay_ms": 2000}), "B1.high_s"),
    planted("threshold of over-voltage", "battery_over_voltage", Changes(firmware={"cell_high_V": 3.70}),
            "B5.over_voltage_V"),
    planted("threshold of the cold", "battery_temperature", Changes(firmware={"cell_cold_degC": 3.0}),
            "B5.cold_degC", "B5.cold_back_degC"),
    planted("sense resistor of the output", "output_load", circuit(OUTPUT, rsense=10.0),
            "O1.limit_mA", "O1.drop_V", "O1.after_short_V"),
    planted("common drain in place of common source", "output_load",
            rewired(OUTPUT, "M2 out g x PMO", "M2 x g out PMO"), "O1.leak_uA", "O1.limit_mA", "O1.short_W"),
    planted("clamp of the pre-alarm", "output_pre_alarm", circuit("prealarm_output", vz=60.0), "O3.rated_margin"),
    planted("period of the pre-alarm", "output_alarm_mode", Changes(firmware={"alarm_period_ms": 20_000}),
            "O4.period_s", "O4.pulse_s"),
    planted("comparator of L", "remote_levels", circuit(REMOTE, vl=4.5),
            "R2.wrong", "R2.lowest_threshold_V", "R2.highest_threshold_V"),
    planted("divider of H", "remote_levels", rewired(REMOTE, "Rh h h1 {rin}", "Rh h h1 {rin}\nRhd h1 ret {rin}"),
            "R3.wrong", "R3.highest_threshold_V", "R3.lowest_threshold_V"),
    planted("supply that draws more", "consumption", Changes(firmware={"supply_on_A": 0.0195}), "C1.on_mA"),
    planted("bleeder of System+", "consumption", circuit(SYSTEM, rbsys=10e3), "C1.on_mA", "C2.active_mA"),
)

SLOW = (
    planted("latch that does not hold", "system_short", rewired(SYSTEM, "+1.2*V(latch)*V(por)", "+0*V(latch)*V(por)"),
            "S2.latched_A", *SHORT),
    planted("one MOSFET of four fitted", "system_directions", rewired(SYSTEM, "tjc tcc N60 m=4", "tjc tcc N60 m=1"),
            "S5.out_drop_V", "S5.out_bank_W", "S5.out_diode_J"),
    planted("comparator of the bypass dead", "system_directions", circuit(SYSTEM, a1=0.0),
            *(f"S5.{way}_{name}" for way in ("out", "in") for name in ("drop_V", "bank_W", "diode_us", "diode_J"))),
    planted("pre-charge resistor too large", "system_capacitive", circuit(SYSTEM, rpre=65.0), "S6.circuit_precharge_s"),
    planted("time-out of the pre-charge", "system_capacitive", Changes(firmware={"precharge_limit_ms": 4000}),
            "S6.drawing_timeout_s"),
    planted("ladder too quick", "system_peaks", Changes(firmware={"system_peak_ms": 3000}), "S2.carried_390A_s"),
    planted("continuous current too low", "system_continuous", Changes(firmware={"system_continuous_A": 150}),
            "S1.discharge_carried_s", "S1.charge_carried_s"),
)


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_a_planted_defect_is_found(case: Planted, lab: Lab, shipped: dict[str, list[Entry]]) -> None:
    check(case, lab, shipped)


@pytest.mark.long
@pytest.mark.parametrize("case", SLOW, ids=lambda case: case.name)
def test_a_planted_defect_of_a_longer_bench_is_found(
    case: Planted, lab: Lab, shipped: dict[str, list[Entry]]
) -> None:
    check(case, lab, shipped)
