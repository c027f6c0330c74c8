"""Faults that a campaign injects: those of a scenario's `faults`, and broken parts that parameters describe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cosim.studies.campaign.scenario import Broken
from cosim.studies.sweep.paths import Setting

PORT = ("input_voltage_V", "fuse_sense_V", "battery_voltage_V", "heatsink_degC", "terminal_degC")
AT_SYSTEM = ("system_current_A", "system_voltage_V", "battery_current_A")
CELL = ("cell_voltage_V", "cell_temperature_degC")
OFFSETS: Mapping[str, float] = {
    "input_voltage_V": 1.0, "fuse_sense_V": 0.01, "battery_voltage_V": 1.0, "heatsink_degC": 25.0,
    "terminal_degC": 25.0, "system_current_A": 40.0, "system_voltage_V": 2.0, "battery_current_A": 40.0,
    "cell_voltage_V": 0.2, "cell_temperature_degC": 20.0,
}
"""Largest offset of a broken sensor, either way (ours: what a broken divider or amplifier may give)."""
STUCK: Mapping[str, tuple[float, float]] = {
    "input_voltage_V": (0.0, 60.0), "fuse_sense_V": (0.0, 0.25), "battery_voltage_V": (0.0, 30.0),
    "heatsink_degC": (-55.0, 200.0), "terminal_degC": (-55.0, 200.0), "system_current_A": (-500.0, 500.0),
    "system_voltage_V": (0.0, 30.0), "battery_current_A": (-500.0, 500.0), "cell_voltage_V": (0.0, 5.0),
    "cell_temperature_degC": (-55.0, 120.0),
}
"""Between which values a sensor is stuck: its converter's range (`cosim.slow.sensors`), of currents the product's."""
FUSES_A = (40, 60, 80, 100, 125)
FUSE_TABLES = ("resistance_25_ohm", "thermal_resistance_K_W", "heat_capacity_J_K", "melting_i2t_A2s")
DRIFT_V = 0.1
"""Threshold shift of one of four pass devices (ours: charge trapped in its gate oxide); the others take its share.

With small fuses the terminal law, whose devices share alike at all currents, is refused at +0.2 V: they carry 9 A each,
and the shift moves 0.5 A of them (netlists/alternator_path.cir, inner loops)."""
AT_PORT: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("device_short", {"device": "q1"}), ("device_open", {"device": "q1"}), ("device_open", {"device": "q1", "dies": 1}),
    ("device_short", {"device": "q2a"}), ("device_open", {"device": "q2a"}),
)
"""Transistors of the alternator port that fail; the four pass devices are alike, and one stands for all."""
AT_GATES: tuple[tuple[str, Mapping[str, Any]], ...] = tuple(
    (kind, {"device": device}) for kind in ("device_short", "device_open") for device in ("qd", "qc")
)
"""Banks of System+ that fail."""
SHOWN_BY: Mapping[str, str] = {
    "q1 short": "reverse current through the fuse; above 5 A for 1 s while off",
    "q1 open": "fuse drop of 0 while enabled, with the input above the battery",
    "q1 open, 1 of its dies": "nothing that is measured: the other die carries on, hotter",
    "q2a short": "fuse drop: above 5 A for 1 s while off; nothing tells it while enabled",
    "q2a open": "nothing that is measured: the others carry its share, and the limit holds",
    "qd short": "current of System+ while discharge is off", "qc short": "current of System+ while charge is off",
    "qd open": "voltage between battery and System+ while on",
    "qc open": "voltage between battery and System+ while on",
}
"""What of the supervisor's measurements could show a failed transistor (docs/supervisor.md)."""


def timed_fault(rng: np.random.Generator, content: Mapping[str, Any], length_s: float) -> dict[str, Any]:
    """A fault of a sensor, of the daisy chain or of a charger, that begins at a moment."""
    fault: dict[str, Any] = {"time_s": round(float(rng.uniform(0.0, 0.7)) * length_s, 1)}
    if rng.random() < 0.3:
        fault["duration_s"] = round(float(rng.uniform(1.0, 0.5 * length_s)), 1)
    batteries = content["bank"]["batteries"]
    chargers = [d["kind"] for d in content["system"]["devices"] if d["kind"] in ("mains", "solar")]
    draw = rng.random()
    if draw > 0.85:
        return transistor_fault(rng, content, fault["time_s"])
    if draw < 0.1:
        return {**fault, "kind": "cable", "after_battery": int(rng.integers(0, batteries))}
    if draw < 0.3 and chargers:
        volts = round(float(rng.uniform(15.0, 20.0)), 1)
        return {**fault, "kind": "no_voltage_limit", "device": str(rng.choice(chargers)), "voltage_V": volts}
    names = [*PORT, *CELL, *CELL, *(AT_SYSTEM if content["system"]["devices"] else ())]
    name = str(rng.choice(names))
    fault |= {"kind": str(rng.choice(["offset", "frozen", "open", "stuck"])), "measurement": name}
    if fault["kind"] == "offset":
        fault["value"] = round(float(rng.uniform(-1.0, 1.0)) * OFFSETS[name], 4)
    if fault["kind"] == "stuck":
        fault["value"] = round(float(rng.uniform(*STUCK[name])), 4)
    if name in CELL:
        fault["battery"] = int(rng.integers(1, batteries + 1))
        if rng.random() < 0.6:
            fault["cell"] = int(rng.integers(1, 5))
    return fault


def transistor_fault(rng: np.random.Generator, content: Mapping[str, Any], time_s: float) -> dict[str, Any]:
    """A transistor that fails: at System+ where there are devices, else at the alternator port."""
    at_gates = bool(content["system"]["devices"]) and rng.random() < 0.35
    table = AT_GATES if at_gates else AT_PORT
    kind, told = table[int(rng.integers(len(table)))]
    return {"time_s": time_s, "kind": kind, **told}


def plant_fault(rng: np.random.Generator, content: Mapping[str, Any]) -> Broken:
    """A broken part of the plant."""
    kind = str(rng.choice(["regulator", "fuse", "terminal", "pass_device", "diode_joint", "aged_battery"]))
    if kind == "regulator":
        return regulator_high(content["source"]["alternator"], round(float(rng.uniform(15.5, 18.0)), 2))
    if kind == "fuse":
        set_A = content["settings"]["fuse_rating_A"]
        return wrong_fuse(set_A, int(rng.choice([a for a in FUSES_A if a != set_A])))
    if kind == "terminal":
        return Broken("corroded input terminal", (
            Setting("cables.input.length_m", round(float(rng.uniform(15.0, 50.0)), 1)),
            Setting("cables.input.area_mm2", 16.0)))
    if kind == "pass_device":
        return Broken("MOSFET Q2a drifted (threshold +0.1 V)", (Setting("circuit.parameters.dvtoa", DRIFT_V),))
    if kind == "diode_joint":
        return Broken("MOSFET Q1 joint cracked (2 mohm)", (Setting("circuit.parameters.rs1", 2e-3),))
    return Broken("aged battery (60 %, 3 x resistance)", (
        Setting("bank.each", [{"capacity_factor": 0.6, "resistance_factor": 3.0}]),))


def regulator_high(alternator: str, volts: float) -> Broken:
    """An alternator regulator that has failed high: set-point and its upper limit."""
    head = f"models.{alternator}"
    return Broken("alternator regulator failed high", (
        Setting(f"{head}.setpoint_25_V", volts), Setting(f"{head}.setpoint_high_V", volts + 0.5)))


def wrong_fuse(set_A: int, fitted_A: int) -> Broken:
    """Another fuse in the place of the one that is set: all that goes with the rating."""
    ratio = fitted_A / set_A
    place = FUSES_A.index(set_A)
    power = {"resistance_25_ohm": -1, "thermal_resistance_K_W": -1, "heat_capacity_J_K": 1, "melting_i2t_A2s": 2}
    settings = tuple(
        Setting(f"models.fuse_mega.{table}.{place}", ratio ** power[table], True) for table in FUSE_TABLES
    )
    return Broken(f"wrong fuse fitted, {'larger' if fitted_A > set_A else 'smaller'}", settings)


def fault_name(fault: Mapping[str, Any]) -> str:
    """Name of a scenario's fault in the table of failure modes."""
    if fault["kind"] == "cable":
        return "daisy-chain cable broken"
    if fault["kind"] in ("device_short", "device_open"):
        return f"transistor {transistor_of(fault)}"
    if fault["kind"] == "no_voltage_limit":
        return f"{fault['device']} charger without voltage limit"
    return f"sensor {fault['measurement']} {fault['kind']}"


def transistor_of(fault: Mapping[str, Any]) -> str:
    """Name of a transistor that fails, and how, as in `SHOWN_BY`."""
    how = "short" if fault["kind"] == "device_short" else "open"
    dies = f", {fault['dies']} of its dies" if fault.get("dies") else ""
    return f"{fault['device']} {how}{dies}"
