"""Planted defects: each change of the design makes the row fail that it breaks, and no other row of its bench."""

from __future__ import annotations

import pytest

from cosim.studies.conformance.entry import Changes, Entry
from cosim.studies.conformance.lab import Lab
from tests.cosim.studies.conformance.planted import Planted, check, planted

PATH = "alternator_path"

QUICK = (
    planted("threshold of the start", "a1_start", Changes(firmware={"start_V": 13.1}), "A1.start_threshold_V"),
    planted("threshold of the stop", "a1_stop", Changes(firmware={"stop_V": 12.4}), "A1.stop_threshold_V"),
    planted("timer of a weak source", "a1_stop", Changes(firmware={"weak_delay_ms": 15000}), "A1.weak_stop_s"),
    planted("share of the fuse", "a3_limiter", Changes(firmware={"fuse_fraction": 1.0}),
            "A3.cold_fuse_share", "A3.warm_fuse_share"),
    planted("limit too high for the alternator", "a6_limited", Changes(firmware={"fuse_fraction": 1.0}),
            "A6.limited_winding_degC"),
    planted("cable too thin", "a6_limited", Changes(plant={"cables.input.area_mm2": 0.15}),
            "A12.input_drop_V", "A12.cable_degC"),
    planted("derating too late", "a9_hot", Changes(firmware={
        "heatsink_derate_start_degC": 115.0, "heatsink_derate_end_degC": 135.0}),
        "A9.limit_A", "A9.heatsink_degC", "A9.led_delay_s"),
    planted("debounce of the cells", "a10_disconnect", Changes(firmware={"cell_high_delay_ms": 3000}),
            "A10.over_voltage_s"),
    planted("debounce of the bank's current", "a11_bank", Changes(firmware={"bank_delay_ms": 10000}),
            "A11.warning_s", "A11.bank_A"),
    planted("limit too low", "g1_cold", Changes(firmware={"fuse_fraction": 0.8}), "G1.cold_share"),
)
"""Firmware and plant: the circuit's measured law is the shipped one."""

SLOW = (
    planted("resistance of the fuse", "a3_limiter", Changes(circuits={PATH: {"rf25": 0.7e-3}}),
            "A3.cold_fuse_share", "A3.warm_fuse_share", "A5.estimate_error_K"),
    planted("divider of the sense amplifier", "a3_limiter", Changes(text={"alternator_path.cir": (
        ("V=1000*(V(ab)-V(fb))", "V=900*(V(ab)-V(fb))"),)}), "A3.cold_fuse_share", "A3.warm_fuse_share"),
    # It conducts backwards: the terminal law, which has no such branch, cannot follow, and the row fails with that.
    planted("offset of the ideal diode", "a2_reverse", Changes(text={"alternator_path.cir": (
        ("V=1000*(V(fb)-V(mid))", "V=1000*(V(fb)-V(mid))+40"),)}), "A2"),
    planted("slow turn-off of the ideal diode", "a2_crank", Changes(circuits={PATH: {"kq": 1e-5, "cc1": 30e-6}}),
            "A2.crank_peak_A", "A2.crank_time_us"),
    planted("timer of the lift", "a4_lift", Changes(circuits={PATH: {"tlift": 0.8}}), "A4.lifted_s"),
    planted("MOSFET of 80 V", "a7_off", Changes(text={"alternator_path.cir": (("tja tca N100", "tja tca N80"),)}),
            "A7.failed_runs", "A8.least_margin"),
    planted("over-voltage trip out of reach", "a7_on", Changes(circuits={PATH: {"vov": 100.0}}),
            "A7.failed_runs", "A8.least_margin"),
)
"""The circuit itself: its law is measured anew, or it stands on a bench of pulses."""


@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_a_changed_firmware_or_plant_is_found(case: Planted, lab: Lab, shipped: dict[str, list[Entry]]) -> None:
    check(case, lab, shipped)


@pytest.mark.long
@pytest.mark.parametrize("case", SLOW, ids=lambda case: case.name)
def test_a_changed_circuit_is_found(case: Planted, lab: Lab, shipped: dict[str, list[Entry]]) -> None:
    check(case, lab, shipped)
