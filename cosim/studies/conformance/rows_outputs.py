"""Output rows O1 to O5: load disconnect, charge disconnect, pre-alarm: their circuits, and when they switch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim import measure
from cosim.benches import signal_circuits as bench
from cosim.circuit.safe_area import DeviceWaves, Stress, junction_waveform_degC, mosfet_stresses, worst
from cosim.spice.session import Waveforms
from cosim.studies.conformance.entry import Bench, Changes, Corner, Entry, Influence, Lab
from cosim.studies.conformance.look import RESTING, Look, evidence, looked, trace
from cosim.studies.conformance.reading import entry
from cosim.studies.conformance.rows_system_gates import TICK_S, cut_run
from models import heat
from models.ratings import load_mosfet

Array = NDArray[np.float64]

BATTERIES_V = (8.0, 13.3, 15.5)
"""Battery at brown-out, at rest, at the end of an over-voltage."""
DROP_A = 5e-3
"""The drop of O1 and O2 is read at half of the limit (ours; the datasheet gives none)."""
PULL_OHM = 1e3
PULLS_V = (20.0, 0.0, -0.3)
"""What a wire may pull the open terminal to: a charger's supply above the battery, ground, a little below."""
SHORT_OHM, RECOVERY_S = 1.0, 0.2
SMALL_DIE = 5.0
"""The switch of the pre-alarm has a die of a fifth of those that the box's ladder describes (ours)."""
COLD, HOT = Corner("-40 degC", ambient_degC=-40.0), Corner("60 degC", ambient_degC=60.0)
CORNERS = (Corner(), COLD, HOT)


# ---- O1, O2: the circuit ----------------------------------------------------------------------------------------

def given_A(waves: Waveforms) -> Array:
    """Current out of the battery into the output stage [A]."""
    return np.asarray(-waves["i(vb)"])


def limits_of(lab: Lab, row: str, corner: Corner) -> list[Entry]:
    """Drop at 5 mA at three batteries; source limit; recovery from a short."""
    drops, traces = [], []
    for battery_V in BATTERIES_V:
        waves = bench.disconnect(lab.session, f"il out 0 {DROP_A!r}", battery_V=battery_V, degC=corner.ambient_degC)
        drop_V = battery_V - waves["v(out)"]
        drops.append(measure.mean(waves.time_s, drop_V, 10e-3, 20e-3))
        settled = waves.time_s > 1.2e-3
        traces.append(trace(f"drop, battery {battery_V:g} V", "V", 1e3 * waves.time_s[settled], drop_V[settled]))
    worst_V = max(drops)
    seen = evidence(*traces, marks=[(20.0, worst_V, f"{1e3 * worst_V:.0f} mV")], x_label="time [ms]")
    sweep = bench.disconnect(
        lab.session, "ve out 0 pwl(0 13.3 5m 13.3 25m 0 40m 0)", degC=corner.ambient_degC, stop_s=0.04
    )
    limit_mA = 1e3 * measure.steady(sweep.time_s, given_A(sweep), 1e-4)
    shown = sweep.time_s > 4e-3
    swept = evidence(
        trace("current", "mA", 1e3 * sweep.time_s[shown], 1e3 * given_A(sweep)[shown]),
        trace("terminal", "V", 1e3 * sweep.time_s[shown], sweep["v(out)"][shown]),
        marks=[(40.0, limit_mA, f"{limit_mA:.2f} mA")], x_label="time [ms]",
    )
    at = "SPICE: output on"
    return [
        entry(corner, f"{row}.drop_V", worst_V, f"{at}, 5 mA, battery 8, 13.3 and 15.5 V; largest drop", seen),
        entry(corner, f"{row}.limit_mA", limit_mA, f"{at}, terminal pulled from 13.3 V to ground; current at ground",
              swept),
        *recovered(lab, row, corner),
    ]


def recovered(lab: Lab, row: str, corner: Corner) -> list[Entry]:
    """A short for 0.2 s, then the terminal comes back."""
    load = (f"bs out 0 I=V(out)/{SHORT_OHM!r}*min(max(V(sw),0),1)\nrl out 0 2.66k\n"
            f"vsw sw 0 pwl(0 0 5m 0 5.1m 1 {RECOVERY_S!r} 1 {RECOVERY_S + 1e-4!r} 0)")
    waves = bench.disconnect(lab.session, load, degC=corner.ambient_degC, stop_s=RECOVERY_S + 0.02)
    time_s, out_V = waves.time_s, waves["v(out)"]
    heat_W = given_A(waves) * (bench.BATTERY_V - out_V)
    shorted_W = measure.mean(time_s, heat_W, 10e-3, RECOVERY_S - 1e-3)
    drop_V = bench.BATTERY_V - measure.mean(time_s, out_V, RECOVERY_S + 0.01, RECOVERY_S + 0.02)
    seen = evidence(
        trace("terminal", "V", 1e3 * time_s, out_V), trace("heat in the output stage", "W", 1e3 * time_s, heat_W),
        marks=[(1e3 * time_s[-1], out_V[-1], f"back, {1e3 * drop_V:.0f} mV below")], limit=False, x_label="time [ms]",
    )
    method = "SPICE: a short of 1 ohm for 0.2 s onto the output that is on"
    return [
        entry(corner, f"{row}.short_W", shorted_W, f"{method}; heat in the stage while shorted", seen),
        entry(corner, f"{row}.after_short_V", drop_V, f"{method}; drop at 5 mA afterwards", seen),
    ]


def floating(lab: Lab, row: str, corner: Corner) -> list[Entry]:
    """Off: what flows through the terminal, pulled up, down and below ground; on, what it sinks."""
    traces, leaks = [], []
    for pull_V in PULLS_V:
        waves = bench.disconnect(lab.session, f"ve ext 0 {pull_V!r}\nrl ext out {PULL_OHM!r}", on=0.0,
                                 degC=corner.ambient_degC)
        taken_uA = 1e6 * (pull_V - waves["v(out)"]) / PULL_OHM
        leaks.append(abs(measure.mean(waves.time_s, taken_uA, 10e-3, 20e-3)))
        settled = waves.time_s > 2e-3
        traces.append(trace(f"into the terminal, pulled to {pull_V:g} V", "uA", 1e3 * waves.time_s[settled],
                            taken_uA[settled]))
    seen = evidence(*traces, limit=False, x_label="time [ms]")
    method = "SPICE: output off, terminal pulled to 20 V, to ground and to -0.3 V through 1 kohm; largest current"
    on = bench.disconnect(lab.session, f"ve ext 0 {bench.BATTERY_V!r}\nrl ext out {PULL_OHM!r}",
                          degC=corner.ambient_degC)
    sunk_uA = 1e6 * (bench.BATTERY_V - on["v(out)"]) / PULL_OHM
    settled = on.time_s > 5e-3
    sink = measure.mean(on.time_s, sunk_uA, 10e-3, 20e-3)
    at_on = evidence(trace("into the terminal that is on, at the battery's voltage", "uA", 1e3 * on.time_s[settled],
                           sunk_uA[settled]), marks=[(20.0, sink, f"{sink:.2f} uA")], limit=False, x_label="time [ms]")
    return [
        entry(corner, f"{row}.leak_uA", max(leaks), method, seen),
        entry(corner, f"{row}.sink_uA", abs(sink), "SPICE: output on, battery's voltage outside; current into it",
              at_on),
    ]


# ---- O1, O2: when they switch -----------------------------------------------------------------------------------

def load_disconnect(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """O1."""
    del changes
    look = looked(lab, emptied(450.0, 0.08), corner)
    lowest_V = look.lowest_cell_V()
    off_s = look.when("load disconnected")
    cell_V = look.at(lowest_V, off_s - TICK_S)
    before = look.during(look.wave("load_output"), 5.0, off_s - 0.1)
    kept = look.time_s > off_s - 600.0 if np.isfinite(off_s) else look.time_s > 0.0
    seen = evidence(
        trace("lowest cell", "V", look.time_s[kept], lowest_V[kept]),
        trace("load output", "1", look.time_s[kept], look.wave("load_output")[kept]),
        marks=[(off_s, cell_V, f"floats at {cell_V:.4f} V")],
    )
    value = cell_V if before.min() == 1.0 else np.nan
    return [
        *limits_of(lab, "O1", corner), *floating(lab, "O1", corner),
        entry(corner, "O1.cell_V", value, "scenario: 450 W empty the battery; lowest cell when the output floats, "
              "high before", seen),
    ]


def charge_disconnect(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """O2."""
    del changes
    entries = [*limits_of(lab, "O2", corner), *floating(lab, "O2", corner)]
    for name, figure in (("over_voltage", "O2.high_V"), ("hot", "O2.hot_degC"), ("cold", "O2.cold_degC")):
        look = looked(lab, cut_run(name, corner), corner)
        value = look.highest_cell_V() if name == "over_voltage" else look.cell_degC()
        off_s = look.when("charge disconnected")
        found = look.at(value, off_s - TICK_S)
        before = look.during(look.wave("charge_output"), 5.0, off_s - 0.1)
        after = look.during(look.wave("charge_output"), off_s + 0.1, off_s + 60.0)
        seen = evidence(
            trace("highest cell" if name == "over_voltage" else "cell", "V" if name == "over_voltage" else "degC",
                  look.time_s, value),
            look.trace("charge_output", "charge output", "1"), marks=[(off_s, found, "floats")],
        )
        good = before.min() == 1.0 and after.max() == 0.0
        entries.append(entry(corner, figure, found if good else np.nan,
                             f"scenario: {name.replace('_', '-')}; cell when the output floats, high before", seen))
    note = "a warning to the installer: not for an inductive load such as a relay's coil; O3 drives one"
    entries.append(Entry("O2", "O2.inductive", "declared", "declared", None, corner.name, corner.variant, note=note))
    return entries


# ---- O3 ---------------------------------------------------------------------------------------------------------

def switch_stress(waves: Waveforms, degC: float) -> Stress:
    """What the pre-alarm's switch endures beside its ratings, where it comes closest."""
    ladder = heat.load_box().cauer
    small = ladder._replace(
        resistance_K_W=SMALL_DIE * ladder.resistance_K_W, capacity_J_K=ladder.capacity_J_K / SMALL_DIE
    )
    start = np.full(small.capacity_J_K.size, degC)
    junction = junction_waveform_degC(waves.time_s, waves["v(pq)"], start, degC, small)
    drain_V = bench.BATTERY_V - waves["v(out)"]
    device = DeviceWaves("pre-alarm switch", waves.time_s, drain_V, waves["v(pq)"], junction, degC)
    return worst(mosfet_stresses(device, load_mosfet("ratings_pmb")))


def prealarm(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """O3: 1 A, a relay's coil, floating, and a short, which is reported as damage."""
    del changes
    degC = corner.ambient_degC
    loaded = bench.prealarm(lab.session, f"rl out 0 {bench.BATTERY_V!r}", degC=degC)
    coil = bench.prealarm(lab.session, bench.COIL, off_s=bench.COIL_OFF_S, degC=degC)
    short = bench.prealarm(lab.session, "rl out 0 0.05", degC=degC)
    drop_V = bench.BATTERY_V - measure.mean(loaded.time_s, loaded["v(out)"], 10e-3, 19e-3)
    leak_uA = 1e6 * measure.mean(loaded.time_s, loaded["v(out)"], 30e-3, 40e-3) / bench.BATTERY_V
    on = (loaded.time_s > 1.5e-3) & (loaded.time_s < 19.9e-3)
    seen = evidence(
        trace("drop at 1 A", "V", 1e3 * loaded.time_s[on], bench.BATTERY_V - loaded["v(out)"][on]),
        marks=[(19.0, drop_V, f"{1e3 * drop_V:.0f} mV")], x_label="time [ms]",
    )
    off = loaded.time_s > 25e-3
    leaking = evidence(trace("out of the terminal that is off, into 13.3 ohm", "uA", 1e3 * loaded.time_s[off],
                             1e6 * loaded["v(out)"][off] / bench.BATTERY_V),
                       marks=[(40.0, leak_uA, f"{leak_uA:.3f} uA")], limit=False, x_label="time [ms]")
    entries = [
        entry(corner, "O3.drop_V", drop_V, "SPICE: output on, 13.3 ohm (1 A); battery less terminal", seen),
        entry(corner, "O3.leak_uA", abs(leak_uA), "SPICE: output off, 13.3 ohm to ground; current", leaking),
    ]
    released_ms = 1e3 * bench.coil_clamped_s(coil)
    late = coil.time_s > bench.COIL_OFF_S - 2e-3
    released = (1e3 * bench.COIL_OFF_S + released_ms, -10.0, f"{released_ms:.2f} ms")
    seen = evidence(
        trace("terminal", "V", 1e3 * coil.time_s[late], coil["v(out)"][late]),
        trace("power of the switch", "W", 1e3 * coil.time_s[late], coil["v(pq)"][late]),
        marks=[released], limit=False, x_label="time [ms]",
    )
    entries.append(entry(corner, "O3.coil_ms", released_ms,
                         "SPICE: relay coil (85 ohm, 0.4 H) cut off; until the terminal leaves its clamp", seen))
    for name, waves, words in (("rated", coil, "coil cut off"), ("overload", short, "short of 50 mohm for 19 ms")):
        stress = switch_stress(waves, degC)
        seen = evidence(
            trace(f"power of the switch, {words}", "W", 1e3 * waves.time_s, waves["v(pq)"]),
            trace("terminal", "V", 1e3 * waves.time_s, waves["v(out)"]),
            marks=[(1e3 * stress.time_s, stress.value if stress.unit == "W" else 0.0, stress.quantity)], limit=False,
            x_label="time [ms]",
        )
        told = f"{stress.quantity} {stress.value:.4g} {stress.unit}, rated {stress.limit:.4g}"
        entries.append(entry(corner, f"O3.{name}_margin", stress.margin,
                             f"SPICE: {words}; the rating that comes closest: {told}", seen))
    return entries


# ---- O4, O5 -----------------------------------------------------------------------------------------------------

def emptied(power_W: float, soc: float, **settings: Any) -> dict[str, Any]:
    """A load empties the battery."""
    devices = [{"kind": "inverter", "demand_W": [[0, 200], [30, 200], [30.1, power_W]]}]
    return {"name": "o_empty", "bank": {"soc": soc}, "source": RESTING, "system": {"devices": devices},
            "settings": settings, "duration_s": 1800.0, "recording": {"period_s": 0.1}}


def alarm_modes(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """O4: continuous and intermittent, from the pre-alarm to the load disconnect."""
    del changes
    entries = []
    for mode in ("continuous", "intermittent"):
        look = looked(lab, emptied(450.0, 0.08, pre_alarm_mode=mode), corner)
        on_s, off_s = look.when("pre-alarm on"), look.when("load disconnected")
        alarm = look.wave("pre_alarm")
        kept = (look.time_s > on_s - 10.0) & (look.time_s < off_s) if np.isfinite(off_s) else look.time_s > 0.0
        time_s, level = look.time_s[kept], alarm[kept]
        ups, downs = (measure.crossings(time_s, level, 0.5, way) for way in ("rising", "falling"))
        seen = evidence(trace(f"pre-alarm, {mode}", "1", time_s, level),
                        trace("lowest cell", "V", time_s, look.lowest_cell_V()[kept]), limit=False)
        method = f"scenario: 450 W empty the battery, pre-alarm {mode}"
        if mode == "continuous":
            share = measure.mean(time_s, level, float(ups[0]) + 0.1) if ups.size else np.nan
            entries.append(entry(corner, "O4.continuous_share", share, f"{method}; part of the time that it is on",
                                 seen))
            continue
        period_s = float(np.median(np.diff(ups))) if ups.size > 1 else np.nan
        high_s = float(np.median(downs[: ups.size] - ups[: downs.size])) if downs.size else np.nan
        entries += [
            entry(corner, "O4.period_s", period_s, f"{method}; from pulse to pulse", seen),
            entry(corner, "O4.pulse_s", high_s, f"{method}; length of a pulse", seen),
        ]
    return entries


def lead(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """O5: nearly empty and cold with a heavy load, cells fall below 2.8 V within seconds of the alarm."""
    del changes
    content = emptied(2200.0, 0.09)
    content |= {"bank": {"soc": 0.09, "temperature_degC": 5.0}, "duration_s": 120.0,
                "ambient": {"bms_degC": 25.0, "battery_degC": 5.0}}
    look: Look = looked(lab, content, corner)
    lowest_V = look.lowest_cell_V()
    begin_s = look.when("pre-alarm on")
    entries = []
    for name, channel, words in (("lead_s", "load_output", "load output"), ("system_lead_s", "discharge_gate",
                                                                           "discharge gate")):
        fallen = look.time_s[(look.wave(channel) < 0.5) & (look.time_s > 20.0)]
        value = round(float(fallen[0]) - begin_s, 6) if fallen.size else np.nan  # both are whole ticks
        low_s = look.time_s[(lowest_V < 2.8) & (look.time_s > 20.0)]
        seen = evidence(
            look.trace("pre_alarm", "pre-alarm", "1"), look.trace(channel, words, "1"),
            trace("lowest cell", "V", look.time_s, lowest_V),
            marks=[(begin_s, 1.0, "alarm"), (begin_s + value, 0.0, f"{value:.2f} s later"),
                   (float(low_s[0]) if low_s.size else begin_s, 0.5, "cell below 2.8 V")], limit=False,
        )
        method = f"scenario: 2.2 kW from an almost empty battery; from the pre-alarm to the {words} off"
        entries.append(entry(corner, f"O5.{name}", value, method, seen))
    return entries


OUTPUT = ("disconnect_output", "prealarm_output")
BENCHES: tuple[Bench, ...] = (
    Bench("output_load", ("O1",), load_disconnect, 1.5, CORNERS,
          tuple(Influence("circuit", name, OUTPUT[0]) for name in ("rsense", "rref", "rpull", "roff", "cgate"))),
    Bench("output_charge", ("O2",), charge_disconnect, 1.5, CORNERS,
          tuple(Influence("circuit", name, OUTPUT[0]) for name in ("rsense", "rref", "rpull", "roff", "cgate"))),
    Bench("output_pre_alarm", ("O3",), prealarm, 1.0, CORNERS,
          tuple(Influence("circuit", name, OUTPUT[1]) for name in ("vz", "rgate", "ron"))),
    Bench("output_alarm_mode", ("O4",), alarm_modes, 1.5, (Corner(),), (Influence("firmware", "alarm_period_ms"),)),
    Bench("output_lead", ("O5",), lead, 0.5, (Corner(),), (Influence("firmware", "alarm_lead_ms"),)),
)
