"""Measure the terminal characteristic of a circuit: settled windows, then a fit of the law to them.

The samples spread over drop, temperatures and set-point by a fixed low-discrepancy design, in four regimes
(passing, limiting, around the knee, reverse). Each is one short transient: disabled, enabled, settled, read.
The result is cached by content (netlist, parameters, ngspice version, this procedure's version).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from cosim.circuit import cache
from cosim.circuit import identify_converter as converter
from cosim.circuit.characteristic import (
    FITTED,
    LINK,
    Characteristic,
    diode_drop_V,
    limiter_start,
    polynomial_ohm,
    port_current_A,
)
from cosim.circuit.deck import DEVICES, EXTERNALS, SIGNALS, DeckSpec, circuit_text, top_deck
from cosim.circuit.failed import FailedPart, with_failed
from cosim.circuit.identify_design import SOURCE_OHM, design, samples_of
from cosim.circuit.identify_pool import ChildFailed, answers
from cosim.circuit.trips import with_trips, without_trips
from cosim.errors import RunFailed
from cosim.spice.session import DEFAULT_MAX_POINTS, SpiceSession
from cosim.spice.sources import SourceTable

Array = NDArray[np.float64]

PROCEDURE = "9"
"""Version of this procedure; part of the cache key."""
SETTLE_S, ENABLE_S = 0.05, 1e-3
BATCH = 4
"""Points that a measuring process is given at once."""
SCALES = {
    "fuse_ohm": 1e-3, "fuse_alpha_per_K": 1e-3, "diode_ohm": 1e-3, "diode_t1": 1e-3, "diode_t2": 1e-5, "diode_t3": 1e-7,
    "pass_ohm": 1e-3, "pass_t1": 1e-3, "pass_t2": 1e-5, "pass_t3": 1e-7, "drop_V": 0.01, "drop_ohm": 1e-4,
    "drop_knee_V": 1e-3, "limit_gain": 0.01, "limit_offset_mV": 0.5, "limit_slope_S": 0.5, "knee_A": 0.5,
    "floor_A": 0.1, "leak_S": 1e-5, "other_ohm": 1e-4,
}
"""Size of one unit step of each coefficient in the fit."""
BOUNDS = {
    "drop_V": (0.0, 0.2), "drop_ohm": (-1e-3, 1e-2), "drop_knee_V": (1e-5, 0.05), "knee_A": (1e-3, 10.0),
    "floor_A": (1e-4, 0.2), "leak_S": (0.0, 1e-3), "other_ohm": (0.0, 1e-2), "diode_ohm": (1e-5, 0.1),
    "pass_ohm": (1e-5, 0.1),
}
"""What the coefficients mean keeps them inside these: no negative resistance or leakage, knees that have a width, a
knee to blocking narrow enough that the law blocks (ours)."""
REFUSED_A, REFUSED_POWER = 0.3, 0.05
"""A circuit whose current the law misses by more than this (design bound), or whose powers by more, is refused."""
BEYOND = 0.05
"""Part of a measured range by which the law may leave it (ours)."""
SETTLED_A = 0.02
"""A sample whose current still moves by more over its last fifth is refused (ours)."""

FIGURES = ("residual_median_A", "residual_max_A", "power_residual", "samples", "dropped")
"""Fields of an `IdentifiedCircuit` that are kept in the cache beside the coefficients."""


class IdentificationFailed(RunFailed):
    """The netlist does not follow the terminal law, or its windows do not settle; the message says which."""


@dataclass(frozen=True)
class Sample:
    """One settled window: what was applied and what was read."""

    regime: str
    drop_V: float
    current_A: float
    reference_mV: float
    fuse_degC: float
    diode_degC: float
    pass_degC: float
    drop_fuse_V: float
    drop_diode_V: float
    power_W: tuple[float, ...]
    moving_A: float
    output_current_A: float = 0.0
    input_V: float = 0.0
    battery_V: float = 0.0
    enable: float = 1.0


@dataclass(frozen=True)
class IdentifiedCircuit:
    """Terminal law of a circuit (`netlist`, without ending) with its residuals.

    residual_A : per identification sample, current error behind 4 mohm of source and battery [A]
    power_residual : largest relative error of the power of devices and fuse where they burn more than 5 W
    samples, dropped : windows used, and windows left out because they did not settle
    from_cache : whether it was read from the cache
    """

    netlist: str
    coefficients: Characteristic
    residual_median_A: float
    residual_max_A: float
    power_residual: float
    samples: int
    from_cache: bool
    dropped: int = 0

    @classmethod
    def nominal(cls, netlist: str) -> IdentifiedCircuit:
        """Start values of `netlist` instead of measured ones; only to load the other parameters."""
        return cls(netlist, limiter_start()._replace(kind=converter.kind_of(netlist)), 0.0, 0.0, 0.0, 0, False)


def identify(
    netlist: str, parameters: Mapping[str, float], session: SpiceSession,
    progress: Callable[[float, str], None] | None = None, workers: int | None = None,
    failed: FailedPart | None = None,
) -> IdentifiedCircuit:
    """Terminal characteristic of a circuit with these parameters, from the cache or from new windows.

    Parameters
    ----------
    netlist : name of the circuit in `netlists/`
    parameters : subcircuit parameters
    session : SPICE session (its version is part of the key)
    progress, workers : told the share done and what is going on; processes (default all cores)
    failed : a part of the circuit that is short or open

    Raises
    ------
    IdentificationFailed : windows do not settle or the law does not follow
    """
    text = with_failed(circuit_text(netlist), [failed] if failed else [])
    as_measured = without_trips(text, parameters)
    listed = ",".join(f"{k}={float(v)!r}" for k, v in sorted(as_measured.items()))
    key = cache.content_key(PROCEDURE, text, netlist, listed, session.version_text)
    with cache.made_once("characteristic", key):
        circuit = _from_cache(netlist, cache.load("characteristic", key))
        if circuit is None:
            circuit = _measured(netlist, as_measured, listed, progress, workers, failed)
            figures = {name: getattr(circuit, name) for name in FIGURES}
            cache.store("characteristic", key, {"coefficients": circuit.coefficients._asdict(), "figures": figures})
    return replace(circuit, coefficients=with_trips(circuit.coefficients, text, parameters))


def _measured(
    netlist: str, parameters: dict[str, float], listed: str, progress: Callable[[float, str], None] | None,
    workers: int | None, failed: FailedPart | None = None,
) -> IdentifiedCircuit:
    """`identify` from new windows; `listed` tells the parameters in a message."""
    samples = measure_samples(netlist, parameters, progress, workers, failed)
    dropped = samples_of(failed is not None) - len(samples)
    if netlist == "direct_connection":
        circuit = fit_link(netlist, samples)
    elif failed is not None:
        from cosim.circuit.identify_failed import fit_failed

        circuit = fit_failed(netlist, samples, parameters, failed)
    else:
        circuit = fit_limiter(netlist, samples, parameters)
        circuit = replace(circuit, coefficients=with_ranges(circuit.coefficients, samples))
    circuit = replace(circuit, dropped=dropped)
    if circuit.residual_max_A > REFUSED_A or circuit.power_residual > REFUSED_POWER:
        raise IdentificationFailed(
            f"{netlist} ({listed}{f', {failed.part} {failed.how}' if failed else ''}): "
            f"the terminal law misses its own samples by up to {circuit.residual_max_A:.3g} A "
            f"(allowed: {REFUSED_A} A) and {circuit.power_residual:.2%} of a power (allowed: {REFUSED_POWER:.0%})"
        )
    return circuit


def _from_cache(netlist: str, entry: Mapping[str, Any] | None) -> IdentifiedCircuit | None:
    """Circuit of a cache entry; None where the entry is absent or not what this version stores."""
    try:
        known = {**Characteristic._field_defaults, **entry["coefficients"]} if entry else {}
        values = {name: float(known[name]) for name in Characteristic._fields} if entry else {}
        figures = {name: float(entry["figures"][name]) for name in FIGURES} if entry else {}
    except (KeyError, TypeError, ValueError):
        return None
    if not entry or not all(math.isfinite(v) for v in (*values.values(), *figures.values())):
        return None
    return IdentifiedCircuit(
        netlist, Characteristic(**values), figures["residual_median_A"], figures["residual_max_A"],
        figures["power_residual"], int(figures["samples"]), True, int(figures["dropped"]),
    )


# ---- sampling ---------------------------------------------------------------------------------------------------

def measure_samples(
    netlist: str, parameters: dict[str, float], progress: Callable[[float, str], None] | None = None,
    workers: int | None = None, failed: FailedPart | None = None,
) -> list[Sample]:
    """Measure the design; windows that do not settle are left out; IdentificationFailed raises where they are many."""
    points = design(parameters.get("rf25", 0.6e-3), parameters.get("alphaf", 0.0039), failed is not None)
    samples = measure_points(netlist, parameters, points, progress, workers, failed)
    moving = [s for s in samples if abs(s.moving_A) > SETTLED_A]
    if len(moving) > len(samples) // 10:
        raise IdentificationFailed(f"{netlist}: {len(moving)} of {len(samples)} windows did not settle")
    return [s for s in samples if abs(s.moving_A) <= SETTLED_A]


def measure_points(
    netlist: str, parameters: dict[str, float], points: list[dict[str, float | str]],
    progress: Callable[[float, str], None] | None = None, workers: int | None = None, failed: FailedPart | None = None,
) -> list[Sample]:
    """Run settled windows in parallel processes, samples in the order of the points; raises IdentificationFailed."""
    jobs = [
        json.dumps({"netlist": netlist, "parameters": parameters, "points": points[i : i + BATCH],
                    "failed": failed})
        for i in range(0, len(points), BATCH)
    ]
    samples: list[Sample] = []
    try:
        for answer in answers("cosim.circuit.identify_worker", jobs, workers or os.cpu_count() or 1):
            samples += [Sample(**{**row, "power_W": tuple(row["power_W"])}) for row in json.loads(answer)]
            if progress:
                progress(0.0, f"terminal characteristic {len(samples)}/{len(points)}")
    except ChildFailed as error:
        raise IdentificationFailed(f"{netlist}: a measuring process failed: {error}") from None
    return samples


def measure_point(
    session: SpiceSession, netlist: str, parameters: Mapping[str, float], point: Mapping[str, float | str],
    max_points: int = DEFAULT_MAX_POINTS, failed: FailedPart | None = None,
) -> Sample:
    """One settled window: start disabled, enable (unless `enable` is 0), settle, read the last values.

    A point has `regime`, `battery_V`, `over_V`, `reference_mV` and the temperatures; it may have `source_ohm`,
    `sink_ohm` (resistance on each side), `enable`, `settle_s` and, where the pass devices differ, `q2a_degC`...
    `max_points` is the budget of accepted points.
    """
    value = {k: float(v) for k, v in point.items() if k != "regime"}
    source_ohm, sink_ohm = value.get("source_ohm", SOURCE_OHM), value.get("sink_ohm", SOURCE_OHM)
    settle_s = value.get("settle_s", SETTLE_S)
    spec = DeckSpec(
        title="identify", netlist=netlist, parameters=parameters, source_resistance_ohm=source_ohm / 2.0,
        input_cable_resistance_ohm=source_ohm / 2.0, input_cable_inductance_H=1e-6,
        battery_cable_resistance_ohm=sink_ohm / 2.0, battery_resistance_ohm=sink_ohm / 2.0,
        failed=(failed,) if failed else (),
    )
    table = SourceTable(EXTERNALS)
    settings = {"vemf": value["battery_V"], "vsrc": value["battery_V"] + value["over_V"], "ven": 0.0,
                "vref": value["reference_mV"], "vtfuse": value["fuse_degC"], "vtq1": value["diode_degC"],
                **{f"vt{d}": value.get(f"{d}_degC", value["pass_degC"]) for d in DEVICES[1:]}}
    for name in EXTERNALS:
        table.hold(name, 0.0, settings.get(name, 0.0))
    table.ramp("ven", ENABLE_S, value.get("enable", 1.0), 2e-6)
    waves = session.transient(
        top_deck(spec), tstop_s=settle_s, tmax_s=1e-4, signals=list(SIGNALS.values()), sources=table,
        breakpoints=[ENABLE_S, ENABLE_S + 2e-6], max_points=max_points,
    )
    last = {ours: float(waves[theirs][-1]) for ours, theirs in SIGNALS.items()}
    earlier = int(np.searchsorted(waves.time_s, 0.8 * settle_s))
    current = waves[SIGNALS["port_current_A"]]
    return Sample(
        regime=str(point["regime"]), drop_V=last["input_voltage_V"] - last["battery_voltage_V"],
        current_A=last["port_current_A"], reference_mV=value["reference_mV"], fuse_degC=value["fuse_degC"],
        diode_degC=value["diode_degC"], pass_degC=value["pass_degC"],
        drop_fuse_V=last["input_voltage_V"] - last["fb_V"], drop_diode_V=last["fb_V"] - last["mid_V"],
        power_W=(*(last[f"power_{d}_W"] for d in DEVICES), last["power_fuse_W"], last["power_other_W"]),
        moving_A=float(np.ptp(current[earlier:])), output_current_A=last["output_current_A"],
        input_V=last["input_voltage_V"], battery_V=last["battery_voltage_V"], enable=value.get("enable", 1.0),
    )


# ---- fitting ----------------------------------------------------------------------------------------------------

def current_error_A(s: Sample, c: Characteristic) -> float:
    """Error of the law at a sample, as the current error behind source and battery: (I_law - I)/(1 + R dI/dd)."""
    u = converter.controls_of(s)
    step = 1e-5
    here = port_current_A(s.drop_V, u, c)
    slope = (port_current_A(s.drop_V + step, u, c) - here) / step
    return float((here - s.current_A) / (1.0 + 2.0 * SOURCE_OHM * slope))


def fit_limiter(netlist: str, samples: list[Sample], parameters: Mapping[str, float]) -> IdentifiedCircuit:
    """Least-squares fit of the law's coefficients to the samples."""
    start = limiter_start()._replace(
        fuse_ohm=parameters.get("rf25", 0.6e-3), fuse_alpha_per_K=parameters.get("alphaf", 0.0039)
    )
    x0 = np.array([getattr(start, name) for name in FITTED])
    scale = np.array([SCALES[name] for name in FITTED])
    limits = [BOUNDS.get(name, (-np.inf, np.inf)) for name in FITTED]
    bounds = tuple((np.array([pair[side] for pair in limits]) - x0) / scale for side in (0, 1))

    def with_values(x: Array) -> Characteristic:
        values = x0 + x * scale
        return start._replace(**dict(zip(FITTED, values.tolist(), strict=True)))

    def residuals(x: Array) -> Array:
        c = with_values(x)
        out: list[float] = []
        for s in samples:
            out.append(current_error_A(s, c) / 0.05)
            if s.current_A > 2.0:
                r_diode = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, s.diode_degC)
                diode = diode_drop_V(s.current_A, r_diode, c)
                fuse = s.current_A * c.fuse_ohm * (1.0 + c.fuse_alpha_per_K * (s.fuse_degC - 25.0))
                out += [(diode - s.drop_diode_V) / 5e-4, (fuse - s.drop_fuse_V) / 2e-4,
                        (c.other_ohm * s.current_A**2 - s.power_W[6]) / 0.05]
        return np.array(out)

    solution = least_squares(
        residuals, np.zeros(len(FITTED)), bounds=bounds, method="trf", loss="soft_l1", max_nfev=400
    )
    coefficients = with_shares(with_values(solution.x), samples)
    if converter.converts(netlist):
        coefficients = converter.with_conversion(coefficients, samples)
    return judged(netlist, coefficients, samples)


def with_shares(c: Characteristic, samples: list[Sample]) -> Characteristic:
    """Shares of the pass devices, weighted by their power."""
    total = np.array([s.power_W[1:5] for s in samples if s.current_A > 2.0]).sum(axis=0)
    a, b, second, d = (total / total.sum()).tolist()
    return c._replace(share_a=a, share_b=b, share_c=second, share_d=d)


def with_ranges(c: Characteristic, samples: list[Sample]) -> Characteristic:
    """What the law was measured on; outside it is extrapolated. A sample that passes has its reference out of the way.

    Fuse, diode and pass devices are sampled over the same temperatures; the smallest of the three ranges counts. Each
    range reaches `BEYOND` of its width further than its samples, which a few dozen never place on its very border.
    """
    parts = np.array([(s.fuse_degC, s.diode_degC, s.pass_degC) for s in samples])
    drops = _widened(min(s.drop_V for s in samples), max(s.drop_V for s in samples))
    references = [s.reference_mV for s in samples if s.regime != "pass"]
    reference_mV = _widened(min(references), max(references))
    degC = _widened(float(parts.min(axis=0).max()), float(parts.max(axis=0).min()))
    return c._replace(
        drop_low_V=drops[0], drop_high_V=drops[1], reference_low_mV=reference_mV[0], reference_high_mV=reference_mV[1],
        low_degC=degC[0], high_degC=degC[1],
    )


def _widened(low: float, high: float) -> tuple[float, float]:
    return low - BEYOND * (high - low), high + BEYOND * (high - low)


def fit_link(netlist: str, samples: list[Sample]) -> IdentifiedCircuit:
    """A plain link: one resistance."""
    drops = np.array([s.drop_V for s in samples])
    currents = np.array([s.current_A for s in samples])
    ohm = float(drops @ currents / (currents @ currents))
    return judged(netlist, limiter_start()._replace(kind=LINK, link_ohm=ohm), samples)


def judged(netlist: str, c: Characteristic, samples: list[Sample]) -> IdentifiedCircuit:
    """Residuals of a fit over its samples."""
    errors = np.array([*(abs(current_error_A(s, c)) for s in samples), *np.abs(converter.output_errors_A(samples, c))])
    power_errors = [0.0]
    for s in samples:
        if abs(s.current_A) > 2.0 and c.kind != LINK:
            predicted = converter.predicted_W(s, c)
            power_errors += [abs(a - b) / b for a, b in zip(predicted[:6], s.power_W[:6], strict=True) if b > 5.0]
    return IdentifiedCircuit(
        netlist, c, float(np.median(errors)), float(errors.max()), float(max(power_errors)), len(samples), False
    )
