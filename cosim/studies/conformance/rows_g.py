"""Rows G2, G3: application examples, what is declared, and the open ground lead."""

from __future__ import annotations

import numpy as np

from cosim import measure
from cosim.record.figures import named
from cosim.result import Result
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.reading import entry, event_s, slow, trace

DECLARED = (
    ("ip65", "IP65 of the electronics"), ("humidity", "humidity 100 % for the electronics, 95 % for the terminals"),
    ("mass_size", "2 kg, 65 x 120 x 340 mm; they size the heat capacity and the surface of the thermal model"),
    ("terminals", "M8 studs at 10 N m, Faston 6.3 mm for the ground lead"),
    ("emc", "EN 61000-6-1, EN 61000-6-2, EN 61000-6-3"), ("emc_appliances", "EN 55014-1, EN 55014-2"),
)
BAD = ("fault raised", "window failed", "System+ latch opened", "rating exceeded", "prediction off")


def failures(result: Result) -> list[str]:
    """Events that an ordinary day does not have."""
    return [f"{e.time_s:.0f} s {e.event}: {e.detail}" for e in result.events if e.event.startswith(BAD)]


def picture(result: Result, marks: tuple[tuple[float, float, str], ...] = ()) -> Evidence:
    """Charge, bank current, outputs."""
    return Evidence(
        (trace(result, "soc", "state of charge", "1"), trace(result, "battery_current_A", "bank current", "A"),
         trace(result, "system_current_A", "from System+", "A"),
         trace(result, "battery_voltage_V", "battery stud", "V"),
         trace(result, "load_output", "load disconnect", "1", panel="outputs"),
         trace(result, "pre_alarm", "pre-alarm", "1", panel="outputs")),
        marks, limit_on_trace=False)


def into_bank_Ah(result: Result, device: str) -> float:
    """Charge that a device gave at System+."""
    current = result.slow.system_device_current_A.sel(system_device=device).values
    return measure.integral(result.slow.time_s.values, np.maximum(current, 0.0)) / 3600.0


def mppt(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """G2: inverter/charger with an MPPT solar charger."""
    del changes
    result = lab.run(lab.scenario("inverter_charger_mppt", corner._replace(ambient_degC=25.0)))
    told = "scenarios/inverter_charger_mppt.yaml, one day"
    bad = failures(result)
    evidence = picture(result)
    return [
        entry(corner, "G2.balance", result.summary["charge_balance"]["relative"], told, evidence),
        entry(corner, "G2.failures", float(len(bad)), told, evidence, note="; ".join(bad[:3])),
        entry(corner, "G2.charged_Ah", into_bank_Ah(result, "mppt"), f"{told}: solar charger", evidence),
    ]


def load_switch(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """G2: inverter/charger with a load switch."""
    del changes
    result = lab.run(lab.scenario("inverter_charger_load_switch", corner._replace(ambient_degC=25.0)))
    told = "scenarios/inverter_charger_load_switch.yaml, six hours"
    alarm_s, cut_s = event_s(result, "pre-alarm on"), event_s(result, "load disconnected")
    time_s, current = slow(result, "battery_current_A")
    after = (time_s > cut_s + 60.0) & (time_s < 10790.0)
    drawn_A = float(np.maximum(-current[after], 0.0).max())
    bad = [one for one in failures(result) if "fault raised" not in one]
    evidence = picture(result, ((cut_s, float(np.interp(cut_s, *slow(result, "soc"))), "load disconnect"),))
    return [
        entry(corner, "G2.balance", result.summary["charge_balance"]["relative"], told, evidence),
        entry(corner, "G2.failures", float(len(bad)), told, evidence, note="; ".join(bad[:3])),
        entry(corner, "G2.lead_s", cut_s - alarm_s, told, evidence),
        entry(corner, "G2.after_cut_A", drawn_A, told, evidence),
        entry(corner, "G2.charged_Ah", into_bank_Ah(result, "multiplus_charger"), f"{told}: charger", evidence),
    ]


def ground(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """G3: what is declared, and the open ground lead under 90 A, measured."""
    del changes
    found = [Entry("G3", f"G3.{name}", "declared", "declared", None, corner.name, corner.variant, note=words)
             for name, words in DECLARED]
    result = lab.run(lab.scenario("open_ground", corner._replace(ambient_degC=25.0)))
    window = named(result, "open_ground")
    time_s, stud = window.time_s.values, window.battery_voltage_V.values
    top = measure.highest(time_s, stud)
    evidence = Evidence(
        (Trace("battery stud", "V", time_s, stud), Trace("input stud", "V", time_s, window.input_voltage_V.values),
         Trace("ground of the BMS", "V", time_s, window.ground_V.values, "ground"),
         Trace("port current", "A", time_s, window.port_current_A.values)),
        ((top.time_s, top.value, f"{top.value:.2f} V"),))
    told = "ground lead open for 0.1 s while the port charges with 90 A (scenarios/open_ground.yaml)"
    lasting_us = 1e6 * measure.longest_above_s(time_s, stud, 18.0)
    found.append(entry(corner, "G3.ground_stud_V", top.value, told, evidence))
    found.append(entry(corner, "G3.ground_above_us", lasting_us, told))
    lifted_V = measure.highest(time_s, window.ground_V.values).value
    found.append(entry(corner, "G3.ground_rise_V", lifted_V, told))
    return found


BENCHES = (
    Bench("g2_mppt", ("G2",), mppt, 10.0, (Corner(), Corner("NG", variant="12-200 NG")), (
        Influence("plant", "bank.soc"), Influence("plant", "system.cable_length_m"))),
    Bench("g2_load_switch", ("G2",), load_switch, 8.0, (Corner(), Corner("NG", variant="12-200 NG")), (
        Influence("firmware", "alarm_lead_ms"), Influence("plant", "bank.soc"))),
    Bench("g3_ground", ("G3",), ground, 6.0),
)
