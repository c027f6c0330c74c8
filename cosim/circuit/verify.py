"""Check a measured terminal law at random legal states that were not used to measure it.

Each check is one settled window with random ambient, device and fuse temperatures, battery, source, resistances on
both sides and reference, in four regimes: passing, limiting, around the knee between them, and blocked (reverse, or
disabled). The law then answers the question that the slow engine asks: which current does the *network* carry, given
the EMFs and resistances around the circuit? That current is compared with SPICE's, and the powers at it with SPICE's.
At a given drop the difference is stated besides; there a millivolt of drop is half an ampere of passing current.

    python -m cosim.circuit.verify --windows 100 --seed 3        # a table over all fuses as JSON
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from scipy.optimize import brentq

import bms
from cosim.circuit.characteristic import Characteristic, Controls, port_current_A, powers_W
from cosim.circuit.identify import SETTLED_A, Sample, identify, measure_points
from cosim.circuit.identify_design import HIGHEST_SOURCE_V
from cosim.spice.session import SpiceSession
from models.fuse import FuseParameters, load_fuse

SEED = 3
"""Default seed; any other is as good."""
REGIMES = ("pass", "limit", "knee", "blocked")
"""Where a point aims at; where it ends, SPICE decides."""
SETTLE_S, PATIENT_S = 0.1, 0.6
"""Twice the time of identification, so that its settling is checked as well; for what still moves then (ours)."""
SMALLEST_W = 1.0
"""Powers above this count, each by itself: a percent of less heats nothing (ours)."""
BLOCKED_A, LIMITING = 0.05, 0.995
"""A state is blocked below this current, limiting where the fuse drop is above this part of the reference (ours)."""

NETLIST = "alternator_path"

Point = dict[str, float | str]


@dataclass(frozen=True)
class Check:
    """One window against the law.

    regime : what the point aimed at; state, law_state : blocked, passing or limiting, by SPICE and by the law;
    current_A : SPICE's; error_A : law minus SPICE in the network; error_at_drop_A : the same at SPICE's drop;
    power_error : largest relative error of a device, the fuse or their sum above `SMALLEST_W`
    """

    regime: str
    state: str
    law_state: str
    current_A: float
    error_A: float
    error_at_drop_A: float
    power_error: float


@dataclass(frozen=True)
class Verification:
    """Figures over many checks: currents [A], powers (relative), wrong regimes, windows that did not settle.

    `median_passing_A` is over passing states alone, where the law is hardest to meet.
    """

    windows: int
    median_A: float
    median_passing_A: float
    largest_A: float
    largest_at_drop_A: float
    largest_power_error: float
    wrong_regime: int
    unsettled: int


def random_points(fuse: FuseParameters, count: int, seed: int) -> list[Point]:
    """Random legal states of a circuit with this fuse, the regimes in turn."""
    rng = np.random.default_rng([seed, round(fuse.rating_A)])
    return [random_point(REGIMES[i % len(REGIMES)], fuse, rng) for i in range(count)]


def random_point(regime: str, fuse: FuseParameters, rng: np.random.Generator) -> Point:
    """One legal state: temperatures above a random ambient, a reference as the firmware would give it."""
    heatsink_degC = rng.uniform(-40.0, 60.0) + rng.uniform(0.0, 40.0)
    fuse_degC = heatsink_degC + rng.uniform(0.0, 85.0)
    pass_degC = heatsink_degC + rng.uniform(0.0, 50.0)
    full_A = min(0.9 * fuse.rating_A, 100.0)
    ohm = fuse.resistance_25_ohm * (1.0 + fuse.alpha_per_K * (fuse_degC + rng.uniform(-15.0, 15.0) - 25.0))
    reference_mV = rng.uniform(0.15, 1.0) * full_A * ohm * 1e3
    limit_A = reference_mV * 1e-3 / (fuse.resistance_25_ohm * (1.0 + fuse.alpha_per_K * (fuse_degC - 25.0)))
    source_ohm, sink_ohm = rng.uniform(2e-3, 10e-3), rng.uniform(1.5e-3, 5e-3)
    whole_ohm = source_ohm + sink_ohm + reference_mV * 1e-3 / limit_A + 0.8e-3
    enable = 1.0
    if regime == "pass":
        over_V = rng.uniform(0.005, 0.015 + 0.9 * limit_A * whole_ohm)
    elif regime == "knee":
        over_V = 0.01 + rng.uniform(0.85, 1.15) * limit_A * whole_ohm
    elif regime == "limit":
        over_V = 0.02 + 1.15 * limit_A * whole_ohm + rng.uniform(0.0, 2.5)
    else:
        enable = float(rng.random() < 0.6)
        over_V = rng.uniform(-2.0, 0.0) if enable else rng.uniform(-2.0, 3.0)
    battery_V = rng.uniform(11.0, 14.2)
    return {
        "regime": regime, "battery_V": battery_V, "over_V": min(over_V, HIGHEST_SOURCE_V - battery_V), "enable": enable,
        "reference_mV": reference_mV, "fuse_degC": fuse_degC, "diode_degC": heatsink_degC + rng.uniform(0.0, 50.0),
        "pass_degC": pass_degC, "source_ohm": source_ohm, "sink_ohm": sink_ohm, "settle_s": SETTLE_S,
    }


def check(point: Mapping[str, float | str], sample: Sample, c: Characteristic) -> Check:
    """Compare one settled window with the law in the same network."""
    u = Controls(float(point["enable"]), sample.reference_mV, sample.fuse_degC, sample.diode_degC, sample.pass_degC)
    emf_V, ohm = float(point["over_V"]), float(point["source_ohm"]) + float(point["sink_ohm"])

    def residual_A(current_A: float) -> float:
        return port_current_A(emf_V - ohm * current_A, u, c) - current_A

    most_A = abs(emf_V) / ohm + 1.0
    current_A = float(brentq(residual_A, -most_A, most_A, xtol=1e-9))
    drop_V = emf_V - ohm * current_A
    predicted = powers_W(drop_V, current_A, u, c)[:6]
    measured = np.array(sample.power_W[:6])
    pairs = [*zip(predicted, measured, strict=True), (predicted.sum(), measured.sum())]
    errors = [abs(ours / theirs - 1.0) for ours, theirs in pairs if theirs > SMALLEST_W]
    law_mV = current_A * c.fuse_ohm * (1.0 + c.fuse_alpha_per_K * (sample.fuse_degC - 25.0)) * 1e3
    return Check(
        sample.regime, state_of(sample.current_A, sample.drop_fuse_V * 1e3, u), state_of(current_A, law_mV, u),
        sample.current_A, current_A - sample.current_A, port_current_A(sample.drop_V, u, c) - sample.current_A,
        float(max(errors, default=0.0)),
    )


def state_of(current_A: float, fuse_drop_mV: float, u: Controls) -> str:
    """Blocked, limiting or passing."""
    if abs(current_A) < BLOCKED_A:
        return "blocked"
    return "limiting" if fuse_drop_mV > LIMITING * u.reference_mV else "passing"


def measured(
    netlist: str, parameters: Mapping[str, float], points: list[Point],
    progress: Callable[[float, str], None] | None = None,
) -> list[tuple[Point, Sample]]:
    """Measure the points; those whose window settled, with what was found.

    A window that still moves is measured again for longer: just below the limit the loop takes its time to open fully.
    """
    samples = measure_points(netlist, dict(parameters), points, progress)
    slow = [i for i, sample in enumerate(samples) if abs(sample.moving_A) > SETTLED_A]
    again = measure_points(netlist, dict(parameters), [{**points[i], "settle_s": PATIENT_S} for i in slow], progress)
    for i, sample in zip(slow, again, strict=True):
        samples[i] = sample
    return [pair for pair in zip(points, samples, strict=True) if abs(pair[1].moving_A) <= SETTLED_A]


def verify(
    netlist: str, parameters: Mapping[str, float], c: Characteristic, points: list[Point],
    progress: Callable[[float, str], None] | None = None,
) -> tuple[list[Check], int]:
    """Measure the points and compare the law with each; besides, how many windows did not settle."""
    settled = measured(netlist, parameters, points, progress)
    return [check(point, sample, c) for point, sample in settled], len(points) - len(settled)


def figures(checks: list[Check], unsettled: int = 0) -> Verification:
    """Figures over checks."""
    errors = np.abs([c.error_A for c in checks])
    passing = [abs(c.error_A) for c in checks if c.state == "passing"] or [0.0]
    return Verification(
        len(checks), float(np.median(errors)), float(np.median(passing)), float(errors.max()),
        max(abs(c.error_at_drop_A) for c in checks), max(c.power_error for c in checks),
        sum(c.state != c.law_state for c in checks), unsettled,
    )


def verify_rating(rating_A: int, count: int, seed: int, session: SpiceSession) -> tuple[list[Check], int]:
    """The alternator path with one of its fuses: identified (or from the cache), then checked."""
    fuse = load_fuse(float(rating_A))
    parameters = fuse_parameters(fuse)
    circuit = identify(NETLIST, parameters, session)
    return verify(NETLIST, parameters, circuit.coefficients, random_points(fuse, count, seed))


def fuse_parameters(fuse: FuseParameters) -> dict[str, float]:
    """Parameters of the circuit that a fuse fixes."""
    return {"rf25": float(fuse.resistance_25_ohm), "alphaf": float(fuse.alpha_per_K), "lf": float(fuse.inductance_H)}


def main() -> None:
    """Print the figures per fuse and over all as JSON."""
    parser = argparse.ArgumentParser(description="Check the terminal law at random legal states.")
    parser.add_argument("--windows", type=int, default=100, help="windows over all five fuses")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--each", action="store_true", help="print every window")
    asked = parser.parse_args()
    session = SpiceSession.open()
    every: list[Check] = []
    table, unsettled = {}, 0
    for rating_A in bms.RATINGS_A:
        checks, missed = verify_rating(rating_A, asked.windows // len(bms.RATINGS_A), asked.seed, session)
        table[f"{rating_A} A"] = asdict(figures(checks, missed))
        every += checks
        unsettled += missed
        if asked.each:
            for one in checks:
                print(one, file=sys.stderr)
    table["all"] = asdict(figures(every, unsettled))
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
