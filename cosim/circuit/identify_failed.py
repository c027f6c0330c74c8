"""Fit of the terminal law to a circuit with a failed part (`cosim.circuit.failed`).

A die of the ideal diode that is open leaves the law's form. An open pass device bends it: the loops' common reference
stays below the mean of four currents + `track` (netlists/alternator_path.cir), one of which is none, so that the gates
of the others are driven less the more they carry. Where the only way is open, nothing conducts any more. A part that is
short adds a branch (`cosim.circuit.characteristic`), whose coefficients are measured with the others, from the path
when it should block as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from cosim.circuit.characteristic import (
    DIODE_SHORT,
    FITTED,
    OPEN,
    PASS_OPEN,
    PASS_SHORT,
    Characteristic,
    diode_drop_V,
    limiter_start,
    polynomial_ohm,
)
from cosim.circuit.deck import DEVICES
from cosim.circuit.failed import FailedPart
from cosim.circuit.identify import (
    BOUNDS,
    SCALES,
    IdentifiedCircuit,
    Sample,
    current_error_A,
    fit_limiter,
    judged,
    with_shares,
)

Array = NDArray[np.float64]

BLOCKS_A = 0.05
"""A path that carries less in every sample conducts no more (ours)."""
TOLD_A = 5.0
"""Samples of less tell nothing of the drop of an ideal diode that is short (ours: it begins to hold it at 3 A)."""
OF_SHORT = ("short_ohm", "body_V", "body_per_K", "body_slope_V", "body_ohm", "body_ohm_per_K")
SHORT_SCALES = {"short_ohm": 1e-3, "body_V": 0.1, "body_per_K": 1e-3, "body_slope_V": 0.01, "body_ohm": 1e-3,
                "body_ohm_per_K": 1e-3, "curve_ohm_A": 1e-6}
SHORT_BOUNDS = {"short_ohm": (1e-4, 1.0), "body_V": (0.2, 1.2), "body_per_K": (-4e-3, 0.0), "body_slope_V": (0.01, 0.1),
                "body_ohm": (0.0, 0.05), "body_ohm_per_K": (-5e-3, 1e-2),
                "curve_ohm_A": (0.0, 1e-4)}


def fit_failed(
    netlist: str, samples: list[Sample], parameters: Mapping[str, float], failed: FailedPart
) -> IdentifiedCircuit:
    """Fit the law of a limiter with a failed part.

    Parameters
    ----------
    netlist, samples, parameters : as for `cosim.circuit.identify.fit_limiter`
    failed : the part, one of `DEVICES`
    """
    if max(abs(s.current_A) for s in samples) < BLOCKS_A:
        drops, currents = (np.array([getattr(s, name) for s in samples]) for name in ("drop_V", "current_A"))
        leak_S = max(float(drops @ currents / (drops @ drops)), 0.0)
        return judged(netlist, limiter_start()._replace(failure=OPEN, leak_S=leak_S), samples)
    diode = failed.part == DEVICES[0]
    fuse = {"fuse_ohm": parameters.get("rf25", 0.6e-3), "fuse_alpha_per_K": parameters.get("alphaf", 0.0039)}
    if failed.how == "open":
        usual = [s for s in samples if s.enable > 0.5]
        if diode:
            return replace(fit_limiter(netlist, usual, parameters), samples=len(samples))
        start = limiter_start()._replace(**fuse, failure=PASS_OPEN, curve_ohm_A=1e-7)
        return replace(_fitted(netlist, usual, start, ("curve_ohm_A",)), samples=len(samples))
    start = limiter_start()._replace(
        **fuse, failure=DIODE_SHORT if diode else PASS_SHORT, short_ohm=failed.ohm + (0.0 if diode else 4e-4),
        short_place=float(DEVICES.index(failed.part)), body_per_K=-1.5e-3,
    )
    return _fitted(netlist, samples, start, OF_SHORT)


def _fitted(
    netlist: str, samples: list[Sample], start: Characteristic, more: tuple[str, ...]
) -> IdentifiedCircuit:
    """Least squares over the law's coefficients and some more, those of a failure."""
    diode = start.failure == DIODE_SHORT
    names = (*FITTED, *more)
    scale = np.array([{**SCALES, **SHORT_SCALES}[name] for name in names])
    x0 = np.array([getattr(start, name) for name in names])
    limits = [{**BOUNDS, **SHORT_BOUNDS}.get(name, (-np.inf, np.inf)) for name in names]
    bounds = tuple((np.array([pair[side] for pair in limits]) - x0) / scale for side in (0, 1))

    def with_values(x: Array) -> Characteristic:
        return start._replace(**dict(zip(names, (x0 + x * scale).tolist(), strict=True)))

    def residuals(x: Array) -> Array:
        c = with_values(x)
        return np.array([value for s in samples for value in _residuals_of(s, c, diode)])

    x = np.zeros(len(names))
    for loss in ("soft_l1", "linear"):
        x = least_squares(residuals, x, bounds=bounds, method="trf", loss=loss, max_nfev=200).x
    return judged(netlist, _with_other_shares(with_values(x), samples), samples)


def _residuals_of(s: Sample, c: Characteristic, diode_short: bool) -> list[float]:
    """Current, and where it flows forwards through an enabled path the drops of diode and fuse, the loss besides."""
    found = [current_error_A(s, c) / 0.05]
    if abs(s.current_A) > 2.0:
        fuse_ohm = c.fuse_ohm * (1.0 + c.fuse_alpha_per_K * (s.fuse_degC - 25.0))
        found += [(s.current_A * fuse_ohm - s.drop_fuse_V) / 2e-4, (c.other_ohm * s.current_A**2 - s.power_W[6]) / 0.05]
        if s.enable > 0.5 and s.current_A > (TOLD_A if diode_short else 2.0):
            ohm = polynomial_ohm(c.diode_ohm, c.diode_t1, c.diode_t2, c.diode_t3, s.diode_degC)
            found.append((diode_drop_V(s.current_A, ohm, c) - s.drop_diode_V) / 5e-4)
        elif diode_short and s.current_A < 0.0:
            found.append((s.current_A * c.short_ohm - s.drop_diode_V) / 5e-4)
    return found


def _with_other_shares(c: Characteristic, samples: list[Sample]) -> Characteristic:
    """Shares of the devices in the power that the short does not burn."""
    enabled = [s for s in samples if s.enable > 0.5]
    c = with_shares(c, enabled)
    place = int(c.short_place)
    if place == 0:  # the ideal diode, or nothing, is short
        return c
    total = np.array([s.power_W[1:5] for s in enabled if s.current_A > 2.0]).sum(axis=0)
    total[place - 1] = 0.0
    a, b, third, d = (total / total.sum()).tolist()
    return c._replace(share_a=a, share_b=b, share_c=third, share_d=d)
