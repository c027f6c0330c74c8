"""Where a terminal characteristic is measured: points over drop, temperatures and set-point, in their regimes."""

from __future__ import annotations

from scipy.stats import qmc

SAMPLES_PER_REGIME = {"pass": 26, "limit": 22, "knee": 8, "reverse": 8}
BLOCKED_SAMPLES, BLOCKED_V = 24, 4.0
"""With a failed part: samples of the path when it should block, and up to which difference of the two sides [V] either
way (ours: an alternator at 14.8 V on an empty bank, an engine that cranks at 9 V beside a full one)."""
SOURCE_OHM = 4e-3
"""Resistance on each side while measuring; also the denominator in which residuals are stated."""
HIGHEST_SOURCE_V = 17.0
"""Samples stay below the 18 V of the over-voltage trip; the trip itself is no part of the law."""


def samples_of(failed: bool) -> int:
    """How many points a design has."""
    return sum(SAMPLES_PER_REGIME.values()) + (BLOCKED_SAMPLES if failed else 0)


def design(fuse_25_ohm: float, fuse_alpha: float, failed: bool = False) -> list[dict[str, float | str]]:
    """Points to measure: regime, EMFs, temperatures, reference; deterministic.

    Parameters
    ----------
    fuse_25_ohm, fuse_alpha : of the fuse, so that the points lie where its limit does
    failed : a part has failed: the path is measured when it should block, too
    """
    points: list[dict[str, float | str]] = []
    regimes = {**SAMPLES_PER_REGIME, **({"blocked": BLOCKED_SAMPLES} if failed else {})}
    for index, (regime, count) in enumerate(regimes.items()):
        unit = qmc.Sobol(d=6, scramble=True, rng=index).random(32)[:count]
        for u in unit:
            fuse_degC, diode_degC = -40.0 + 190.0 * u[0], -40.0 + 190.0 * u[1]
            pass_degC = -40.0 + 190.0 * u[2]
            limit_mV = 60.0 * 0.9 * (0.3 + 1.2 * u[3])  # 90 A over a fuse at 125 degC are 75 mV
            limit_A = limit_mV * 1e-3 / (fuse_25_ohm * (1.0 + fuse_alpha * (fuse_degC - 25.0)))
            battery_V = 12.0 + 2.0 * u[4]
            point = _source(regime, u[5], limit_A, limit_mV, fuse_25_ohm)
            point["over_V"] = min(point["over_V"], HIGHEST_SOURCE_V - battery_V)
            points.append({
                "regime": regime, "battery_V": battery_V, "fuse_degC": fuse_degC, "diode_degC": diode_degC,
                "pass_degC": pass_degC, **point,
            })
    return points


def _source(regime: str, u: float, limit_A: float, limit_mV: float, fuse_ohm: float) -> dict[str, float]:
    """EMF difference between the two sides, and reference, that lead into a regime.

    The path and both sources together are about `path` ohm; a pass sample raises the reference out of the way.
    """
    path = fuse_ohm + 1.2e-3 + 2.0 * SOURCE_OHM
    full_A = 0.06 / fuse_ohm
    if regime == "pass":
        return {"over_V": 0.02 + path * full_A * (0.01 + 0.95 * u), "reference_mV": 110.0}
    if regime == "limit":
        return {"over_V": 0.02 + path * limit_A * 1.5 + 0.15 + 2.5 * u, "reference_mV": limit_mV}
    if regime == "blocked":
        return {"over_V": BLOCKED_V * (2.0 * u - 1.0), "reference_mV": limit_mV, "enable": 0.0}
    if regime == "knee":
        return {"over_V": 0.02 + path * limit_A * (0.9 + 0.3 * u), "reference_mV": limit_mV}
    return {"over_V": -(0.02 + 2.0 * u**2), "reference_mV": limit_mV}
