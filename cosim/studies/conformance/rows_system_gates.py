"""System+ rows S3 to S6: each direction cut off, its body diode bypassed, and capacitive loads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim import measure
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Evidence, Influence, Lab
from cosim.studies.conformance.look import PARKED, RESTING, Look, battery_at, evidence, looked, trace
from cosim.studies.conformance.reading import entry
from cosim.validation.port_bench import CAPACITOR, Ran, run
from cosim.validation.port_bench import Bench as PortBench

Array = NDArray[np.float64]

TICK_S = 0.1
"""In the tick of a disconnect the current is gone already and the cells rebound: they are read one tick before."""
CONTINUOUS_A = 200.0
BYPASS_FROM_A = 1.0
"""Body-diode bypass is judged above this current (ours: below, 0.1 V are a tenth of a watt)."""
READY_V = 1.0
"""A port that is so near to the battery is closed by the supervisor (`precharge_drop_V`)."""
DIODE_V = 0.3
"""Above this drop the body diode carries the current: half of what it has cold and empty (ours)."""
COLD, HOT = Corner("-40 degC", ambient_degC=-40.0), Corner("60 degC", ambient_degC=60.0)


# ---- S3, S4: by scenario ----------------------------------------------------------------------------------------

def emptied(corner: Corner) -> dict[str, Any]:
    """A battery that is emptied until the load is cut; a charger comes ten minutes later."""
    devices = [{"kind": "inverter", "demand_W": [[0, 1000]]},
               {"kind": "mains", "name": "charger", "plugged_s": [[1900, 2400]]}]
    return {"name": "s3_empty", "bank": battery_at(corner, soc=0.07), "source": RESTING, "duration_s": 2400.0,
            "system": {"devices": devices}, "recording": {"period_s": TICK_S}}


def discharge_cut(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S3: discharge ends with the lowest cell, and a charger still charges."""
    del changes
    look = looked(lab, emptied(corner), corner)
    cut_s = look.when("load disconnected")
    system_A, lowest_V = look.wave("system_current_A"), look.lowest_cell_V()
    out_A = float(np.max(-look.during(system_A, cut_s + 1.0, 1890.0)))
    gate = look.during(look.wave("discharge_gate"), cut_s + 1.0, 2150.0)
    charge_A = float(np.median(look.during(system_A, 2000.0, 2140.0))) if gate.max() == 0.0 else np.nan
    low_V = look.at(lowest_V, cut_s - TICK_S)
    seen = evidence(
        trace("System+ current, positive charges", "A", look.time_s, system_A),
        trace("lowest cell", "V", look.time_s, lowest_V), look.trace("discharge_gate", "discharge gate", "1"),
        look.trace("charge_gate", "charge gate", "1"),
        marks=[(cut_s, 0.0, "cut"), (2070.0, charge_A, f"{charge_A:.0f} A in")], limit=False,
    )
    method = "scenario: 1 kW empties the battery, a 70 A charger comes later"
    return [
        entry(corner, "S3.cell_at_cut_V", low_V, f"{method}; lowest cell when the load is cut", seen),
        entry(corner, "S3.out_after_cut_A", out_A, f"{method}; largest discharge current after the cut", seen),
        entry(corner, "S3.charge_while_cut_A", charge_A, f"{method}; charge current, discharge gate off", seen),
    ]


def overcharged(corner: Corner) -> dict[str, Any]:
    """A charger without a voltage limit, which listens to nobody, on an almost full battery."""
    devices = [{"kind": "inverter", "demand_W": [[0, 300]]},
               {"kind": "mains", "name": "charger", "remote": "always_on", "plugged_s": [[10, 900]]}]
    return {"name": "s4_over_voltage", "bank": battery_at(corner, soc=0.97), "source": RESTING, "duration_s": 1200.0,
            "system": {"devices": devices}, "recording": {"period_s": TICK_S},
            "faults": [{"kind": "no_voltage_limit", "device": "charger", "voltage_V": 17.0, "time_s": 20}]}


def beyond_temperature(start_degC: float, air_degC: float) -> dict[str, Any]:
    """A battery that warms or cools out of its range for charging, charger and inverter at work."""
    devices = [{"kind": "inverter", "demand_W": [[0, 300]]},
               {"kind": "mains", "name": "charger", "remote": "always_on", "plugged_s": [[10, 3600]]}]
    return {"name": "s4_temperature", "source": RESTING, "duration_s": 4500.0, "system": {"devices": devices},
            "bank": {"soc": 0.4, "temperature_degC": start_degC}, "recording": {"period_s": 1.0},
            "ambient": {"bms_degC": 25.0, "battery_degC": air_degC}}


CUTS: tuple[tuple[str, str, float], ...] = (
    ("over_voltage", "cell over-voltage", 900.0), ("hot", "cell over-temperature", 3600.0),
    ("cold", "cell under-temperature", 3600.0),
)
"""What cuts charging: name, cause in the log, when the charger is unplugged [s]."""


def cut_run(name: str, corner: Corner) -> dict[str, Any]:
    """Scenario of a cause that cuts charging."""
    if name == "over_voltage":
        return overcharged(corner)
    return beyond_temperature(49.2, 80.0) if name == "hot" else beyond_temperature(5.8, -30.0)


def charge_cut(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S4: over-voltage, over-temperature, cold: nothing enters any more, and the battery may still discharge."""
    del changes
    entries = []
    for name, cause, unplugged_s in CUTS:
        look = looked(lab, cut_run(name, corner), corner)
        cut_s = look.when("fault raised", cause)
        battery_A = look.wave("battery_current_A")
        into_A = float(np.max(look.during(battery_A, cut_s + 1.0, unplugged_s)))
        out_A = float(np.min(-look.during(battery_A, unplugged_s + 10.0, unplugged_s + 200.0)))
        ends = [look.trace("charge_gate", "charge gate", "1"), look.trace("discharge_gate", "discharge gate", "1")]
        shown = trace("highest cell", "V", look.time_s, look.highest_cell_V()) if name == "over_voltage" else trace(
            "cell", "degC", look.time_s, look.cell_degC())
        seen = evidence(trace("battery current, positive charges", "A", look.time_s, battery_A), shown, *ends,
                        marks=[(cut_s, 0.0, cause), (unplugged_s, -out_A, "charger off")], limit=False)
        method = f"scenario: {cause}, a charger that does not listen at System+"
        entries += [
            entry(corner, f"S4.{name}_in_A", into_A, f"{method}; largest charge current after the cut", seen),
            entry(corner, f"S4.{name}_out_A", out_A, f"{method}; the battery feeds the inverter afterwards", seen),
        ]
        if name == "hot":
            entries += shaped(look, cut_s, corner)
    return entries


def shaped(look: Look, cut_s: float, corner: Corner) -> list[Entry]:
    """S4: no charge algorithm: until the cut the charger gives what it can, its own 70 A."""
    charger_A = look.wave("system_device_current_A")[:, 1]
    given = look.during(charger_A, 12.0, cut_s - 1.0)
    seen = evidence(trace("charger", "A", look.time_s, charger_A), limit=False)
    method = "scenario: constant-current charger of 70 A; lowest current until the cut"
    return [entry(corner, "S4.unshaped_charge_A", float(given.min()), method, seen)]


# ---- S3, S4, S5: by the circuit ---------------------------------------------------------------------------------

WAYS: tuple[tuple[str, str, str, float], ...] = (("out", "0", "1", 1.0), ("in", "1", "0", -1.0))
"""Allowed direction, charge gate, discharge gate, sign of its current at the port."""
ON = "pwl(0 0 20u 0 21u 1)"


def bypassed(lab: Lab, way: str, sign: float, charge: str, discharge: str, degC: float) -> Ran:
    """Current of the allowed direction from 0 to 200 A within 30 ms."""
    ramp = f"il sys 0 pwl(0 0 1m 0 31m {sign * CONTINUOUS_A!r})"
    gates = {"0": "0", "1": ON}
    del way
    return run(lab.session, PortBench(ramp, gates[charge], gates[discharge], junction_degC=degC), 40e-3, 10e-6)


def turned(lab: Lab, way: str, sign: float, charge: str, discharge: str, degC: float) -> Ran:
    """200 A the allowed way, then a source of 16 V (or a load of 50 A) turns the current round within 0.1 ms."""
    clamp = "dx l1 vx SCH\nvx vx 0 16" if way == "out" else "dx 0 l1 SCH"
    turn = f"il l1 0 pwl(0 0 1m 0 2m {sign * CONTINUOUS_A!r} 10m {sign * CONTINUOUS_A!r} 10.1m {-sign * 50.0!r})"
    load = f"ll sys l1 1u\nrll sys l1 50\n{turn}\n{clamp}"
    gates = {"0": "0", "1": ON}
    return run(lab.session, PortBench(load, gates[charge], gates[discharge], junction_degC=degC), 20e-3, 4e-6)


def across_V(ran: Ran, way: str) -> Array:
    """Drop of the blocked bank [V]: the charge bank towards System+, the discharge bank towards the battery."""
    return np.abs(ran["system_V" if way == "out" else "battery_V"] - ran["common_V"])


def stepped(lab: Lab, way: str, sign: float, charge: str, discharge: str, corner: Corner) -> list[Entry]:
    """S5: the body diode's part of a sudden current: how long it carries it, and what that costs."""
    load = f"il sys 0 pwl(0 0 1m 0 1.01m {sign * CONTINUOUS_A!r})"
    gates = {"0": "0", "1": ON}
    bench = PortBench(load, gates[charge], gates[discharge], junction_degC=corner.ambient_degC)
    ran = run(lab.session, bench, 8e-3, 4e-6)
    flows = sign * ran["shunt_A"] > BYPASS_FROM_A  # before, the whole voltage may stand at the blocked bank
    time_s, drop_V = measure.between(ran.time_s, np.where(flows, across_V(ran, way), 0.0), 0.99e-3, 8e-3)
    _, power_W = measure.between(ran.time_s, ran["charge_W" if way == "out" else "discharge_W"], 0.99e-3, 8e-3)
    above_s, heat_J = measure.time_above_s(time_s, drop_V, DIODE_V), measure.integral(time_s, power_W)
    ms = 1e3 * time_s
    seen = evidence(trace(f"blocked bank, step of 200 A {way}", "V", ms, drop_V),
                    trace("blocked bank", "W", ms, power_W),
                    marks=[(1.0, DIODE_V, f"{1e6 * above_s:.0f} us above {DIODE_V:g} V")], limit=False,
                    x_label="time [ms]")
    method = f"SPICE: step of 200 A {way} within 10 us, the other direction blocked"
    return [
        entry(corner, f"S5.{way}_diode_us", 1e6 * above_s, f"{method}; time above {DIODE_V:g} V", seen),
        entry(corner, f"S5.{way}_diode_J", heat_J, f"{method}; energy in the blocked bank, 7 ms", seen),
    ]


def directions(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S5 and the circuit's part of S3 and S4: bypass of the body diode, and that nothing comes backwards."""
    del changes
    entries = []
    for way, charge, discharge, sign in WAYS:
        ran = bypassed(lab, way, sign, charge, discharge, corner.ambient_degC)
        current = sign * ran["shunt_A"]
        # From where the current stays above the level: before, the port is charged from 0 V and the bypass takes over
        # from the body diode, which `stepped` judges.
        carries = ran.time_s > ran.time_s[current <= BYPASS_FROM_A].max()
        drop_V = np.where(carries, across_V(ran, way), 0.0)
        power = ran["charge_W"] if way == "out" else ran["discharge_W"]
        loss_W = measure.mean(ran.time_s, power, 38e-3, 40e-3)
        top = measure.highest(ran.time_s, drop_V)
        ms = 1e3 * ran.time_s
        seen = evidence(
            trace(f"blocked bank, current {way}", "V", ms, drop_V), trace("current", "A", ms, current),
            trace("blocked bank", "W", ms, power), marks=[(1e3 * top.time_s, top.value, f"{1e3 * top.value:.0f} mV")],
            x_label="time [ms]",
        )
        method = f"SPICE: 0 to 200 A {way} in 30 ms, the other direction blocked"
        entries += [
            entry(corner, f"S5.{way}_drop_V", top.value, f"{method}; highest drop of the blocked bank above 1 A", seen),
            entry(corner, f"S5.{way}_bank_W", loss_W, f"{method}; its power at 200 A", seen),
        ]
        entries += stepped(lab, way, sign, charge, discharge, corner)
        entries += backwards(lab, way, sign, charge, discharge, corner)
    return entries


def backwards(lab: Lab, way: str, sign: float, charge: str, discharge: str, corner: Corner) -> list[Entry]:
    """S3, S4: what comes through the blocked direction when a current turns round, and in the end."""
    ran = turned(lab, way, sign, charge, discharge, corner.ambient_degC)
    reverse = -sign * ran["shunt_A"]
    steady_A = measure.mean(ran.time_s, reverse, 18e-3, 20e-3)
    charge_As = measure.integral(ran.time_s, np.maximum(reverse, 0.0))
    top = measure.highest(ran.time_s, reverse)
    row = "S4" if way == "out" else "S3"
    near = (ran.time_s > 9.9e-3) & (ran.time_s < 10.4e-3)
    ms = 1e3 * ran.time_s[near]
    seen = evidence(
        trace("current in the blocked direction", "A", ms, reverse[near]),
        trace("System+", "V", ms, ran["system_V"][near]), trace("battery stud", "V", ms, ran["battery_V"][near]),
        marks=[(1e3 * top.time_s, top.value, f"{top.value:.0f} A")], limit=False, x_label="time [ms]",
    )
    method = "SPICE: 200 A the allowed way turn to -50 A within 0.1 ms"
    return [
        entry(corner, f"{row}.circuit_leak_A", max(steady_A, 0.0), f"{method}; blocked direction 8 ms later", seen),
        entry(corner, f"{row}.circuit_turn_mAs", 1e3 * charge_As, f"{method}; charge that comes through", seen),
    ]


# ---- S6 ---------------------------------------------------------------------------------------------------------

def capacitor(time_s: float) -> dict[str, Any]:
    """50 mF at 0 V (S6)."""
    return {"kind": "connect_capacitor", "time_s": time_s, "capacitance_F": 0.05}


def present_run(corner: Corner) -> dict[str, Any]:
    """The capacitor is there before the port is switched on, by remote."""
    return {"name": "s6_present", "bank": battery_at(corner, soc=0.6), "source": RESTING, "duration_s": 12.0,
            "settings": {"remote_function": "system"}, "system": {"devices": [PARKED]}, "events": [capacitor(2.05)],
            "remote": [{"time_s": 0, "state": "off"}, {"time_s": 4.0, "state": "on"}], "recording": {"period_s": 0.1}}


def plugged_run(corner: Corner) -> dict[str, Any]:
    """The capacitor is plugged into the live port."""
    return {"name": "s6_plugged", "bank": battery_at(corner, soc=0.6), "source": RESTING, "duration_s": 50.0,
            "system": {"devices": [PARKED]}, "events": [capacitor(3.05)], "recording": {"period_s": 0.1}}


def drawing_run(corner: Corner) -> dict[str, Any]:
    """1.5 A are drawn beside the capacitor while it is pre-charged."""
    load = {"kind": "load_step", "at": "system", "time_s": 2.05, "current_A": 1.5}
    return {"name": "s6_drawing", "bank": battery_at(corner, soc=0.6), "source": RESTING, "duration_s": 12.0,
            "settings": {"remote_function": "system"}, "system": {"devices": []}, "events": [capacitor(2.05), load],
            "remote": [{"time_s": 0, "state": "off"}, {"time_s": 4.0, "state": "on"}], "recording": {"period_s": 0.1}}


def port_evidence(look: Look, marks: list[tuple[float, float, str]]) -> Evidence:
    """Voltage of the port, gates and pre-charge of a run."""
    return evidence(
        look.trace("system_voltage_V", "System+", "V"), look.trace("battery_voltage_V", "battery stud", "V"),
        look.trace("precharge", "pre-charge", "1"), look.trace("discharge_gate", "discharge gate", "1"),
        marks=marks, limit=False,
    )


def inrush_A(look: Look, after_s: float) -> float:
    """Largest current of the shunt in the windows that begin after a moment; NaN without such a window."""
    peaks = [float(np.abs(w.shunt_current_A.values).max()) for w in look.result.windows.values()
             if "shunt_current_A" in w and float(w.attrs["start_s"]) >= after_s]
    return max(peaks, default=float("nan"))


def capacitive(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """S6: 50 mF before enabling, into the live port, and beside a load that draws during pre-charge."""
    del changes
    present, plugged, drawing = (looked(lab, make(corner), corner, windows=True)
                                 for make in (present_run, plugged_run, drawing_run))
    on_s = present.when("system on", after_s=4.0)
    trips = float(len(present.times("System+ latch opened")) + len(present.times("system resting")))
    seen = port_evidence(present, [(on_s, present.at(present.wave("system_voltage_V"), on_s), "on")])
    method = "scenario with SPICE windows: 50 mF there before remote switches on"
    entries = [
        entry(corner, "S6.present_on_s", on_s - present.when("system precharge", after_s=4.0),
              f"{method}; from pre-charge to on", seen),
        entry(corner, "S6.present_trips", trips if np.isfinite(on_s) else np.nan, f"{method}; trips", seen),
        entry(corner, "S6.present_inrush_A", inrush_A(present, 3.9), f"{method}; largest current of the shunt", seen),
    ]
    latched_s = plugged.when("System+ latch opened")
    back_s = plugged.when("system on", after_s=4.0)
    late = [t for t in plugged.times("System+ latch opened") if t > latched_s]
    seen = port_evidence(plugged, [(latched_s, 0.0, "latched"), (back_s, 0.0, "on again")])
    method = "scenario with SPICE windows: 50 mF plugged into the live port"
    return [
        *entries, precharged(lab, corner),
        entry(corner, "S6.plugged_latch_us", 1e6 * (latched_s - 3.05), f"{method}; until the latch opens", seen),
        entry(corner, "S6.plugged_back_s", back_s - 3.05, f"{method}; until System+ is on again", seen),
        entry(corner, "S6.plugged_second_trips", float(len(late)), f"{method}; further trips", seen),
        entry(corner, "S6.retry_inrush_A", inrush_A(plugged, 4.0), f"{method}; largest current of the retry", seen),
        *timed_out(drawing, corner),
    ]


def precharged(lab: Lab, corner: Corner) -> Entry:
    """S6: the circuit's own pre-charge of 50 mF, until the port is within 1 V of the battery stud."""
    bench = PortBench(CAPACITOR.format(node="sys"), "0", "0", "pwl(0 0 1m 0 1.001m 1)", corner.ambient_degC)
    ran = run(lab.session, bench, 3.0, 2e-3)
    missing_V = ran["battery_V"] - ran["system_V"]
    near = measure.crossings(ran.time_s, missing_V, READY_V, "falling")
    near = near[near > 1e-3]
    value = float(near[0]) - 1e-3 if near.size else np.nan
    seen = evidence(
        trace("battery stud less System+", "V", ran.time_s, missing_V), trace("shunt", "A", ran.time_s, ran["shunt_A"]),
        marks=[(value + 1e-3, READY_V, f"within {READY_V:g} V after {value:.2f} s")] if near.size else [], limit=False,
    )
    method = "SPICE: 50 mF pre-charged by the circuit; until the port is within 1 V of the battery"
    return entry(corner, "S6.circuit_precharge_s", value, method, seen)


def timed_out(look: Look, corner: Corner) -> list[Entry]:
    """S6: a load that draws during pre-charge: it ends by time, and the gates stay off."""
    out_s = look.when("system resting", "port not charged in time")
    begun_s = look.when("system precharge", after_s=4.0)
    gates = look.during(look.wave("discharge_gate"), 4.0, 12.0)
    seen = port_evidence(look, [(out_s, look.at(look.wave("system_voltage_V"), out_s), "time-out")])
    value = out_s - begun_s if gates.max() == 0.0 else float("nan")
    method = "scenario: 1.5 A beside 50 mF while pre-charging; from its begin to the time-out event, gate off"
    return [entry(corner, "S6.drawing_timeout_s", value, method, seen)]


BENCHES: tuple[Bench, ...] = (
    Bench("system_discharge_cut", ("S3",), discharge_cut, 1.0, (Corner(), COLD, HOT)),
    Bench("system_charge_cut", ("S4",), charge_cut, 2.0, (Corner(), COLD, HOT)),
    Bench("system_directions", ("S3", "S4", "S5"), directions, 6.0, (Corner(), COLD, HOT),
          (Influence("circuit", "v1", "system_path"), Influence("circuit", "a1", "system_path"),
           Influence("circuit", "kq", "system_path"), Influence("circuit", "cc1", "system_path"),
           Influence("circuit", "rpk", "system_path"))),
    Bench("system_capacitive", ("S6",), capacitive, 4.0, (Corner(), COLD, HOT),
          (Influence("circuit", "rpre", "system_path"), Influence("circuit", "itrip", "system_path"),
           Influence("firmware", "precharge_limit_ms"), Influence("firmware", "precharge_drop_V"),
           Influence("firmware", "system_rest_ms"))),
)
