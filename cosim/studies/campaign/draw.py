"""Random legal scenarios: case k of a campaign depends on the campaign's seed and k alone.

Ranges are ours: what a van or a boat may have, and what the datasheet rates (-40..60 degC, all fuses, all remote
functions). About a fifth of the cases has no fault, most one, some two. In `WINDOW_EVERY` cases two open SPICE windows,
and in most of these the circuit is disturbed: load dump, open lead or ground, short circuit or capacitor at System+,
test pulse, start of the engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cosim.studies.campaign.faults import plant_fault, timed_fault
from cosim.studies.campaign.scenario import Broken, Case

WINDOW_EVERY, WINDOWED = 25, (11, 24)
BATTERIES = {50: 0.2, 100: 0.2, 200: 0.4, 330: 0.2}
ALTERNATORS = ("alternator_80A", "alternator_150A", "alternator_300A")
FUSES_A = (40, 60, 80, 100, 125)
LENGTHS_S = (300.0, 2400.0)
WINDOW_LENGTH_S = 60.0


def drawn(seed: int, number: int) -> Case:
    """Case `number` of the campaign with `seed`."""
    rng = np.random.default_rng([seed, number])
    windows = number % WINDOW_EVERY in WINDOWED
    length_s = WINDOW_LENGTH_S if windows else round(float(rng.uniform(*LENGTHS_S)))
    content = _product(rng, number)
    content |= _plant(rng, length_s)
    content["system"] = {"devices": _devices(rng, length_s)}
    if rng.random() < 0.3:
        content["remote"] = _remote(rng, length_s)
    content["events"] = _events(rng, length_s, bool(content["system"]["devices"]))
    if windows and rng.random() < 0.85:
        content["drive"] = {"segments": [
            {"kind": "crank", "duration_s": 1.0},
            {"kind": str(rng.choice(["idle", "city", "highway"])), "duration_s": length_s - 1.0}]}
        content["events"].append(disturbance(rng, length_s))
    count = int(rng.choice([0, 1, 2], p=[0.5, 0.4, 0.1] if windows else [0.2, 0.65, 0.15]))
    faults: list[dict[str, Any]] = []
    broken: list[Broken] = []
    for _ in range(count):
        if rng.random() < 0.7:
            fault = timed_fault(rng, content, length_s)
            if not _second_transistor(faults, fault):
                faults.append(fault)
        else:
            part = plant_fault(rng, content)
            if part.name not in {b.name for b in broken}:
                broken.append(part)
    content["faults"] = faults
    return Case(content, tuple(broken), windows=windows)


def _uniform(rng: np.random.Generator, low: float, high: float, digits: int = 3) -> float:
    return round(float(rng.uniform(low, high)), digits)


def _product(rng: np.random.Generator, number: int) -> dict[str, Any]:
    """Variant, settings, bank."""
    ng = bool(rng.random() < 0.4)
    capacity = int(rng.choice(list(BATTERIES), p=list(BATTERIES.values())))
    settings: dict[str, Any] = {
        "fuse_rating_A": int(rng.choice(FUSES_A)),
        "remote_function": str(rng.choice(["alternator", "system", "ports"] if ng else ["alternator", "system"])),
        "pre_alarm_mode": str(rng.choice(["continuous", "intermittent"])),
    }
    batteries = int(rng.choice([1, 1, 1, 2, 3, 4]))
    extreme = rng.random()
    soc = _uniform(rng, 0.02, 0.12) if extreme < 0.25 else _uniform(rng, 0.9, 1.0) if extreme < 0.5 else _uniform(
        rng, 0.15, 0.9)
    cold = rng.random()
    degC = _uniform(rng, -15.0, 8.0, 1) if cold < 0.2 else _uniform(rng, 44.0, 55.0, 1) if cold > 0.85 else _uniform(
        rng, 8.0, 40.0, 1)
    return {
        "name": f"campaign_{number}", "seed": number, "variant": "12-200 NG" if ng else "12-200", "settings": settings,
        "bank": {"battery": f"battery_lfp_12V8_{capacity}Ah", "batteries": batteries, "soc": soc,
                 "temperature_degC": degC,
                 "spread": {"capacity": 0.01, "resistance": 0.05, "soc": _uniform(rng, 0.0, 0.01)}},
    }


def _plant(rng: np.random.Generator, length_s: float) -> dict[str, Any]:
    """Vehicle with its drive, cables, ambient."""
    segments: list[dict[str, Any]] = []
    left_s, running = length_s, False
    while left_s > 0.0 and len(segments) < 8:
        if not running and rng.random() < 0.7:
            segments.append({"kind": "crank", "duration_s": 1.0})
            running = True
            left_s -= 1.0
            continue
        kind = str(rng.choice(["idle", "city", "highway", "off"], p=[0.3, 0.25, 0.35, 0.1])) if running else "off"
        span_s = max(5.0, round(min(left_s, float(rng.uniform(0.1, 0.7)) * length_s)))
        segments.append({"kind": kind, "duration_s": span_s})
        running = running and kind != "off"
        left_s -= span_s
    segments[-1]["duration_s"] = max(segments[-1]["duration_s"] + left_s, 5.0)
    return {
        "duration_s": length_s,
        "source": {"kind": "vehicle", "alternator": str(rng.choice(ALTERNATORS)),
                   "starter_soc": _uniform(rng, 0.5, 1.0), "load_A": _uniform(rng, 5.0, 40.0, 1)},
        "drive": {"segments": segments},
        "cables": {"input": {"length_m": _uniform(rng, 0.5, 8.0, 1), "area_mm2": float(rng.choice([25.0, 35.0, 70.0]))},
                   "battery": {"length_m": _uniform(rng, 0.3, 2.0, 1), "area_mm2": 50.0}},
        "ambient": {"engine_bay_degC": _uniform(rng, -20.0, 90.0, 1), "bms_degC": _uniform(rng, -40.0, 60.0, 1),
                    "battery_degC": _uniform(rng, -15.0, 55.0, 1)},
        "recording": {"period_s": 0.1},
    }


def _devices(rng: np.random.Generator, length_s: float) -> list[dict[str, Any]]:
    """Loads and chargers at System+."""
    found: list[dict[str, Any]] = []

    def who() -> str:
        return "bms" if rng.random() < 0.6 else "always_on"

    if rng.random() < 0.6:
        step_s = round(float(rng.uniform(0.2, 0.8)) * length_s)
        first_W, then_W = round(float(rng.uniform(0.0, 2500.0))), round(float(rng.uniform(0.0, 2500.0)))
        found.append({"kind": "inverter", "remote": who(),
                      "demand_W": [[0.0, first_W], [float(step_s), first_W], [step_s + 1.0, then_W]]})
    if rng.random() < 0.4:
        found.append({"kind": "dc_loads", "remote": who()})
    if rng.random() < 0.5:
        start_s = round(float(rng.uniform(0.0, 0.5)) * length_s)
        found.append({"kind": "mains", "remote": who(), "plugged_s": [[float(start_s), float(2.0 * length_s)]]})
    if rng.random() < 0.3:
        found.append({"kind": "solar", "remote": who(), "irradiance_W_m2": [[0.0, round(float(rng.uniform(0, 1000)))]]})
    return found


def _remote(rng: np.random.Generator, length_s: float) -> list[dict[str, Any]]:
    """States of the remote terminals, on first."""
    times = sorted({round(float(t), 1) for t in rng.uniform(0.1 * length_s, 0.9 * length_s, int(rng.integers(1, 4)))})
    states = [str(rng.choice(["on", "off", "l_low", "h_high"])) for _ in times]
    return [{"time_s": 0.0, "state": "on"},
            *({"time_s": t, "state": s} for t, s in zip(times, states, strict=True))]


def _events(rng: np.random.Generator, length_s: float, at_system: bool) -> list[dict[str, Any]]:
    """Load steps on the bus and at System+; up to 600 A, which the port may not carry."""
    found: list[dict[str, Any]] = []
    for _ in range(int(rng.choice([0, 1, 2], p=[0.5, 0.3, 0.2]))):
        there = at_system and rng.random() < 0.6
        most_A = 600.0 if there else 120.0
        found.append({
            "time_s": round(float(rng.uniform(0.1, 0.9)) * length_s, 1), "kind": "load_step",
            "at": "system" if there else "bus", "current_A": _uniform(rng, 10.0, most_A, 0),
            "duration_s": _uniform(rng, 1.0, 60.0, 1),
        })
    return found


def _second_transistor(faults: list[dict[str, Any]], fault: dict[str, Any]) -> bool:
    """Whether a transistor fails and one has failed already; a scenario takes one at each port."""
    return fault["kind"].startswith("device_") and any(f["kind"].startswith("device_") for f in faults)


def disturbance(rng: np.random.Generator, length_s: float) -> dict[str, Any]:
    """An event that the circuit answers within microseconds to seconds; its window opens by itself."""
    event: dict[str, Any] = {"time_s": round(float(rng.uniform(0.25, 0.85)) * length_s, 1)}
    kind = str(rng.choice(["load_dump", "short_circuit", "open_cable", "open_ground", "connect_capacitor", "iso_pulse",
                           "engine_start"]))
    event["kind"] = kind
    if kind == "short_circuit":
        event |= {"resistance_ohm": float(rng.choice([1e-3, 2e-3, 5e-3, 1e-2])),
                  "inductance_H": float(rng.choice([0.2e-6, 1e-6, 5e-6])), "duration_s": 0.1}
    elif kind == "open_cable":
        event |= {"lead": str(rng.choice(["alternator", "starter_battery", "input", "battery"])), "duration_s": 0.1}
    elif kind == "connect_capacitor":
        event |= {"capacitance_F": float(rng.choice([5e-3, 0.02, 0.05]))}
    elif kind == "iso_pulse":
        event |= {"pulse": str(rng.choice(["1", "2a", "2b", "3a", "3b", "A", "B"]))}
    elif kind == "engine_start":
        event |= {"duration_s": 1.0}
    else:
        event |= {"duration_s": 0.5 if kind == "load_dump" else 0.1}
    return event
