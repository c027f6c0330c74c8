"""Row B5: cell over-voltage, and the temperatures between which a battery is charged and discharged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Influence, Lab
from cosim.studies.conformance.look import RESTING, Look, battery_at, evidence, looked, trace
from cosim.studies.conformance.reading import entry

Array = NDArray[np.float64]

INVERTER: dict[str, Any] = {"kind": "inverter", "demand_W": [[0, 300]]}
CHARGER: dict[str, Any] = {"kind": "mains", "name": "charger", "remote": "always_on"}


def overcharged(corner: Corner) -> dict[str, Any]:
    """A charger without a voltage limit, unplugged half an hour later; then the cells come back."""
    devices = [INVERTER, {**CHARGER, "plugged_s": [[10, 1200]]}]
    return {"name": "b5_over_voltage", "bank": battery_at(corner, soc=0.97), "source": RESTING, "duration_s": 2400.0,
            "system": {"devices": devices}, "recording": {"period_s": 0.1},
            "faults": [{"kind": "no_voltage_limit", "device": "charger", "voltage_V": 17.0, "time_s": 20}]}


def in_air(start_degC: float, air_degC: float, duration_s: float, soc: float = 0.4) -> dict[str, Any]:
    """A battery that takes the temperature of the air around it, charger and inverter at work."""
    devices = [INVERTER, {**CHARGER, "plugged_s": [[10, 1e6]]}]
    return {"name": "b5_temperature", "source": RESTING, "duration_s": duration_s, "recording": {"period_s": 1.0},
            "bank": {"soc": soc, "temperature_degC": start_degC}, "system": {"devices": devices},
            "ambient": {"bms_degC": 25.0, "battery_degC": air_degC}}


def seen_of(look: Look, label: str, unit: str, value: Array, when_s: float, words: str) -> Any:
    """Evidence: what crossed the threshold, the charge output, the current."""
    return evidence(
        trace(label, unit, look.time_s, value), look.trace("charge_output", "charge output", "1"),
        look.trace("battery_current_A", "battery, positive charges", "A"),
        marks=[(when_s, look.at(value, when_s), words)],
    )


def voltage(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """B5: over-voltage, and where charging is allowed again."""
    del changes
    look = looked(lab, overcharged(corner), corner)
    highest_V = look.highest_cell_V()
    cut_s, back_s = look.when("charge disconnected"), look.when("charge reconnected")
    trip_V, top_V, back_V = look.at(highest_V, cut_s - 0.1), float(highest_V.max()), look.at(highest_V, back_s)
    method = "scenario: a charger without voltage limit"
    cut = seen_of(look, "highest cell", "V", highest_V, cut_s - 0.1, f"disconnected at {trip_V:.4f} V")
    back = seen_of(look, "highest cell", "V", highest_V, back_s, f"back at {back_V:.4f} V")
    return [
        entry(corner, "B5.over_voltage_V", trip_V, f"{method}; highest cell before the charge disconnect", cut),
        entry(corner, "B5.highest_cell_V", top_V, f"{method}; highest cell of the run", cut),
        entry(corner, "B5.over_voltage_back_V", back_V, f"{method}; highest cell when charging is allowed again", back),
    ]


CROSSINGS: tuple[tuple[str, str, float, float, str, str], ...] = (
    ("hot_degC", "charge disconnected", 49.2, 80.0, "cell over-temperature", "disconnected"),
    ("cold_degC", "charge disconnected", 5.8, -30.0, "cell under-temperature", "disconnected"),
    ("hot_back_degC", "charge reconnected", 51.0, 0.0, "", "reconnected"),
    ("cold_back_degC", "charge reconnected", 4.0, 45.0, "", "reconnected"),
)
"""Figure, event, temperature at the start and of the air, cause, words."""


def temperature(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """B5: where charging ends and begins again, and that beyond the range of discharging there is a warning only."""
    del changes
    entries = []
    for figure, event, start_degC, air_degC, cause, words in CROSSINGS:
        look = looked(lab, in_air(start_degC, air_degC, 5000.0), corner)
        at_s = look.when(event, cause, after_s=1.0)
        degC = look.cell_degC()
        value = look.at(degC, at_s)
        seen = seen_of(look, "cell", "degC", degC, at_s, f"{words} at {value:.2f} degC")
        method = f"scenario: battery of {start_degC:g} degC in air of {air_degC:g} degC"
        entries.append(entry(corner, f"B5.{figure}", value, f"{method}; cell at the change", seen))
    return entries + discharging(lab, corner)


def discharging(lab: Lab, corner: Corner) -> list[Entry]:
    """B5: outside -20..50 degC discharging only warns."""
    entries = []
    for name, start_degC, air_degC, fault in (("very_cold", -19.3, -40.0, "cell too cold to discharge"),
                                              ("hot", 49.2, 80.0, "cell over-temperature")):
        content = in_air(start_degC, air_degC, 4000.0, 0.9)  # at -20 degC half of the charge is out of reach
        content["system"] = {"devices": [INVERTER]}
        look = looked(lab, content, corner)
        at_s, degC = look.when("fault raised", fault), look.cell_degC()
        value = look.at(degC, at_s)
        out_A = float(np.min(-look.during(look.wave("battery_current_A"), at_s + 1.0, at_s + 600.0)))
        kept = float(look.during(look.wave("discharge_gate"), at_s, at_s + 600.0).min())
        seen = evidence(
            look.trace("battery_current_A", "battery, positive charges", "A"), trace("cell", "degC", look.time_s, degC),
            look.trace("discharge_gate", "discharge gate", "1"), look.trace("load_output", "load output", "1"),
            marks=[(at_s, -out_A, f"warned at {value:.2f} degC")], limit=False,
        )
        method = f"scenario: battery of {start_degC:g} degC in air of {air_degC:g} degC, inverter 300 W"
        if name == "very_cold":
            warned = seen_of(look, "cell", "degC", degC, at_s, f"warned at {value:.2f} degC")
            entries.append(entry(corner, "B5.very_cold_warned_degC", value, f"{method}; cell at the warning", warned))
        entries.append(entry(corner, f"B5.{name}_out_A", out_A if kept > 0.5 else np.nan,
                             f"{method}; least discharge current in the ten minutes after the warning", seen))
    return entries


BENCHES: tuple[Bench, ...] = (
    Bench("battery_over_voltage", ("B5",), voltage, 1.0, (Corner(), Corner("4 mohm", battery_ohm=4e-3)),
          (Influence("firmware", "cell_high_delay_ms"), Influence("firmware", "cell_high_V"),
           Influence("plant", "bank.soc"))),
    Bench("battery_temperature", ("B5",), temperature, 2.0, (Corner(),),
          (Influence("firmware", "cell_temperature_delay_ms"), Influence("firmware", "cell_hot_degC"),
           Influence("firmware", "cell_cold_degC"), Influence("plant", "ambient.battery_degC"))),
)
