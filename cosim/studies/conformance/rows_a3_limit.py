"""Rows A3, A4, A5: the limit, with the fuse as the current reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import bms
from bms import thermal
from bms.fuse_table import RATINGS_A, nominal_fuse
from cosim import measure
from cosim.benches.alternator_port import PortBench, run_pulse
from cosim.benches.pulses import PULSES, START_S
from cosim.record.figures import named
from cosim.result import Result
from cosim.studies.conformance.entry import Array, Bench, Changes, Corner, Entry, Evidence, Influence, Lab, Trace
from cosim.studies.conformance.limits import nominal_limit_A
from cosim.studies.conformance.reading import entry, slow, stitched, trace
from models import fuse, heat

MILD_V, MILD_OHM, STEADY_BATTERIES = 13.2, 0.008, 10
"""Source at 60 degC: so much, and what the limit drops from the source to the bank. The pass devices then have 0.2 V,
and the port does not derate (A3). Ten batteries hold their voltage over 20 minutes, or the source would not reach."""
DUMP = "A 79 V 0.5 ohm 400 ms"
RESISTANCES, RTHS = (0.9, 1.0, 1.1), (0.8, 1.0, 1.2)
WARM_S = 1200
POWERS_W = np.array([3.0, 9.0, 9.0, 9.0, 9.0])
"""Heat of the port's devices at a small drop, at 90 A (ours: 0.4 V over the pass devices)."""


def limiter(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A3 with a cold and a warm fuse; A5 over the whole run."""
    del changes
    scenario = lab.scenario("benches/limiter", corner)
    asked_A = nominal_limit_A(corner.fuse_A)
    if corner.ambient_degC > 40.0:
        mild_V = MILD_V + MILD_OHM * asked_A
        scenario = scenario.model_copy(update={
            "source": scenario.source.model_copy(update={"emf_V": [(0.0, mild_V)]}),
            "bank": scenario.bank.model_copy(update={"batteries": STEADY_BATTERIES}),
        })
    result = lab.run(scenario)
    time_s, limit_A = slow(result, "current_limit_A")
    points = []
    for name in ("cold", "warm"):
        window = named(result, name)
        mean_A = measure.mean(window.time_s, window.port_current_A)
        start_s = float(window.attrs["start_s"])
        ordered_A = float(np.interp(start_s, time_s, limit_A))
        if ordered_A < 0.99 * asked_A:
            raise measure.MeasureError(f"the port has derated to {ordered_A:.1f} A, where A3 is not asked")
        fuse_degC = float(np.interp(start_s, *slow(result, "fuse_temperature_degC")))
        points.append((name, start_s, mean_A, fuse_degC))
    late = time_s >= 3.0
    shares = Trace("port current / (0.9 x fuse)", "1", time_s[late], slow(result, "port_current_A")[1][late] / asked_A)
    evidence = Evidence(
        (shares, Trace("commanded limit", "A", time_s[late], limit_A[late]),
         trace(result, "fuse_temperature_degC", "fuse", "degC"), trace(result, "heatsink_degC", "heatsink", "degC")),
        tuple((start_s, mean_A / asked_A, f"{name}: {mean_A:.2f} A") for name, start_s, mean_A, _ in points))
    found = [
        entry(corner, f"A3.{name}_fuse_share", mean_A / asked_A,
              f"SPICE window of 0.3 s, {name} fuse at {fuse_degC:.0f} degC: {mean_A:.3f} A of {asked_A:g} A", evidence)
        for name, _, mean_A, fuse_degC in points
    ]
    return [*found, estimate(result, corner), structure(corner)]


def estimate(result: Result, corner: Corner) -> Entry:
    """A5: error of the estimate against the plant's truth, from a second after the start on."""
    time_s, true_degC = slow(result, "fuse_temperature_degC")
    told_degC = slow(result, "fuse_temperature_estimate_degC")[1]
    error_K = np.where(time_s >= 1.0, told_degC - true_degC, 0.0)
    worst = int(np.argmax(np.abs(error_K)))
    evidence = Evidence(
        (Trace("estimate less truth", "K", time_s, error_K), Trace("fuse", "degC", time_s, true_degC),
         Trace("its estimate", "degC", time_s, told_degC)),
        ((float(time_s[worst]), float(error_K[worst]), f"{error_K[worst]:.2f} K"),))
    return entry(corner, "A5.estimate_error_K", float(np.abs(error_K).max()),
                 "estimate of the supervisor against the plant's fuse over 20 minutes at the limit", evidence)


def structure(corner: Corner) -> Entry:
    """A5: what the supervisor is given; an input read back, no measurement."""
    seen = [name for name in bms.Measurements.__dataclass_fields__]
    hidden = [name for name in seen if "fuse" in name and "sense" not in name]
    if hidden:
        raise measure.MeasureError(f"the supervisor is given {hidden[0]}")
    return Entry("A5", "A5.inputs", "fields of bms.Measurements read back", "assumed", None, corner.name,
                 corner.variant, note=f"the supervisor sees {', '.join(seen)}; no fuse temperature is among them")


# ---- spread over the part's tolerances --------------------------------------------------------------------------

def spread(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A3: the limit with fuses that are not nominal, all ratings; the firmware's estimator around the fuse's model."""
    del lab
    firmware = changes.settings_of().firmware
    found = []
    for name, factors in (("resistance", [(r, 1.0) for r in RESISTANCES]), ("thermal", [(1.0, t) for t in RTHS])):
        traces, worst, told = [], (0.0, 0.0, 0.0), ""
        for rating in RATINGS_A:
            for r, t in factors:
                time_s, share = held_share(rating, r, t, corner.ambient_degC, firmware)
                off = np.abs(share - 1.0)
                k = int(np.argmax(off))
                if off[k] >= worst[0]:
                    worst = (float(off[k]), float(time_s[k]), float(share[k]))
                    told = f"{rating} A, {name} x {r if name == 'resistance' else t:g}"
                if rating == 100:
                    traces.append(Trace(f"100 A, {name} x {r if name == 'resistance' else t:g}", "1", time_s, share))
        mark = (worst[1], worst[2], f"largest of all: {told}")
        evidence = Evidence(tuple(traces), (mark,), limit_on_trace=False)
        method = f"fuse model with {name} off nominal, estimator of the firmware, 20 minutes at the limit, five ratings"
        found.append(entry(corner, f"A3.spread_{name}_share", worst[0], method, evidence, note=f"largest: {told}"))
    return found


def held_share(
    rating_A: int, r: float, t: float, ambient_degC: float, firmware: bms.FirmwareParameters
) -> tuple[Array, Array]:
    """Current of an ideal limiter over time, as a share of the rating's limit.

    The fuse's resistance and thermal resistance are off by factors; the firmware knows the nominal ones. The box
    warms up with the port's losses and the fuse's.
    """
    p = fuse.load_fuse(float(rating_A))
    real = p._replace(resistance_25_ohm=p.resistance_25_ohm * r, thermal_resistance_K_W=p.thermal_resistance_K_W * t)
    full_A = nominal_limit_A(float(rating_A))
    rating = thermal.Rating(nominal_fuse(rating_A), full_A)
    box = heat.load_box()
    state = heat.initial_box(ambient_degC, 5, box)
    element = fuse.initial_state(ambient_degC)
    told = thermal.begin(_seen(0.0, state), 0, rating, firmware)
    shares = np.empty(WARM_S)
    for k in range(WARM_S):
        reference_V = thermal.reference_V(told, told.limit_A, firmware)
        current_A = reference_V / fuse.resistance_ohm(element.temperature_degC, real)
        shares[k] = current_A / full_A
        fuse_W = fuse.heat_W(element, current_A, real)
        element = fuse.step(element, current_A, state.terminal_degC, 1.0, real)
        state = heat.step_box(state, POWERS_W * (current_A / 90.0), fuse_W, ambient_degC, 1.0, box)
        sense_V = current_A * fuse.resistance_ohm(element.temperature_degC, real)
        told = thermal.advance(told, _seen(sense_V, state), 1000 * (k + 1), True, rating, firmware)
    return np.arange(1.0, WARM_S + 1.0), shares


def _seen(sense_V: float, state: heat.BoxState) -> bms.Measurements:
    """What the sensors say, in their steps (`cosim.slow.sensors`)."""
    return bms.Measurements(14.2, round(sense_V / 2e-5) * 2e-5, 13.8, round(float(state.heatsink_degC) * 4) / 4,
                            round(float(state.terminal_degC) * 4) / 4, (3.45,) * 4, (25.0,) * 4)


# ---- A4 ---------------------------------------------------------------------------------------------------------

def mean_limit(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A4: highest mean over any second with a 125 A fuse, while the vehicle's bus is disturbed."""
    del changes
    steps = [{"kind": "load_step", "time_s": 20.05 + 25.0 * k, "current_A": 80.0, "duration_s": 10.0} for k in range(3)]
    scenario = lab.scenario({
        "name": "conformance_a4", "settings": {"fuse_rating_A": 125}, "bank": {"soc": 0.2},
        "source": {"kind": "vehicle", "alternator": "alternator_300A", "load_A": 20},
        "drive": {"segments": [{"kind": "crank"}, {"kind": "highway", "duration_s": 119.0}]},
        "events": steps, "recording": {"period_s": 0.1},
    }, corner._replace(fuse_A=125.0))
    result = lab.run(scenario)
    time_s, current = stitched(result, "port_current_A")
    highest = measure.highest_mean(time_s, current, 1.0)
    evidence = Evidence((Trace("port current / 100 A", "1", time_s, current / 100.0),
                         trace(result, "input_voltage_V", "input stud", "V", True)),
                        ((highest.time_s, highest.value / 100.0, f"{highest.value:.2f} A over a second"),))
    return [entry(corner, "A4.mean_share", highest.value / 100.0,
                  "125 A fuse, 300 A alternator, load steps of 80 A on the bus; all points of record and windows",
                  evidence)]


def lift(lab: Lab, corner: Corner, changes: Changes) -> list[Entry]:
    """A4: the lifted limit during a load dump, and the path blocked where it is not allowed."""
    pulse = next(one for one in PULSES if one.name == DUMP)
    bench = changes.scaled(replace(PortBench(), fuse_A=corner.fuse_A))
    lifted, held = (run_pulse(lab.session, pulse, mode, bench) for mode in ("lift", "on"))
    found = []
    t, amps = lifted.time_s, lifted.waves["i(vipin)"]
    evidence = Evidence(
        (Trace("port current, lift allowed", "A", t, amps),
         Trace("port current, not allowed", "A", held.time_s, held.waves["i(vipin)"]),
         Trace("input stud, lift allowed", "V", t, lifted.waves["v(ab)"]),
         Trace("input stud, not allowed", "V", held.time_s, held.waves["v(ab)"]),
         Trace("limit lifted", "1", t, lifted.waves["v(lifted)"])),
        ((float(t[int(np.argmax(amps))]), float(amps.max()), f"{amps.max():.0f} A"),))
    told = "ISO 16750-2 pulse A, 79 V behind 0.5 ohm, 400 ms, on the alternator path's bench; command lift given"
    found.append(entry(corner, "A4.lifted_peak_A", float(amps.max()), told, evidence))
    found.append(entry(corner, "A4.lifted_s", lifted.lifted_s, told, evidence))
    found.append(entry(corner, "A4.melted_share", lifted.fuse_melted, f"{told}; {lifted.fuse_A2s:.0f} A2s", evidence))
    late = (held.time_s > START_S + 0.01) & (held.time_s < START_S + 0.3)
    blocked_A = float(np.abs(held.waves["i(vipout)"][late]).max())
    found.append(entry(corner, "A4.blocked_A", blocked_A, "the same pulse without permission to lift", evidence))
    return found


FUSES = tuple(
    Corner("nominal" if (rating, degC) == (100, 25.0) else f"{rating} A, {degC:g} degC", ambient_degC=degC,
           fuse_A=float(rating))
    for rating in (100, 40, 60, 80, 125) for degC in (25.0, -40.0, 60.0)
)
PATH = tuple(Influence("circuit", name, "alternator_path") for name in ("rs1", "rs2", "fout", "rdab"))
BENCHES = (
    Bench("a3_limiter", ("A3", "A5"), limiter, 8.0, FUSES, (
        *PATH, Influence("firmware", "fuse_fraction"), Influence("firmware", "reference_step_V"),
        Influence("firmware", "reference_tolerance"), Influence("plant", "source.resistance_ohm"))),
    Bench("a3_spread", ("A3",), spread, 6.0, tuple(
        Corner("nominal" if degC == 25.0 else f"{degC:g} degC", ambient_degC=degC) for degC in (25.0, -40.0, 60.0))),
    Bench("a4_mean", ("A4",), mean_limit, 8.0),
    Bench("a4_lift", ("A4",), lift, 12.0, (Corner(), Corner("125 A", fuse_A=125.0), Corner("60 A", fuse_A=60.0)), (
        *(Influence("circuit", n, "alternator_path") for n in ("klift", "tlift", "vlift", "roff")),
        Influence("plant", "battery_ohm"), Influence("plant", "lead_H"))),
)
