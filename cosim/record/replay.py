"""A window as one deck without Python: recorded sources as PWL, and if wanted the battery as native elements.

It is the check on the coupling (the same circuit, the same commands, nothing exchanged) and what a circuit designer
can take away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cosim.circuit.deck import SOURCE_WAVES, DeckSpec
from cosim.circuit.system_deck import in_preroll
from cosim.windows.deck import deck_text
from cosim.windows.steps import COMMAND_RAMP_S
from models import bank, bank_work, cell

Array = NDArray[np.float64]

POINTS_PER_LINE = 4
SHORTEST_PWL_S = 1e-9
"""Points closer than this are one point of a PWL source."""
MOST_TERMS = 10
"""Terms of one sum in a native bank."""
GATE_S = 1e-6
"""Time in which a native battery is let go before its window starts (ours)."""


@dataclass(frozen=True)
class NativePair:
    """A polarisation pair, all cells of a battery in series: dv/dt = (g(I) - v) / tau.

    resistance_ohm, tau_s; scale_A : current scale of a charge-transfer pair, 0 if it is linear; start_V
    """

    resistance_ohm: float
    tau_s: float
    scale_A: float
    start_V: float

    def target(self, current: str) -> str:
        """g(I) as an ngspice expression of a current expression."""
        if self.scale_A == 0.0:
            return f"{self.resistance_ohm!r}*({current})"
        return f"{self.resistance_ohm * self.scale_A!r}*asinh(({current})/{self.scale_A!r})"


@dataclass(frozen=True)
class NativeBattery:
    """One battery of the bank: cells in series, linear about their state (but for charge-transfer pairs).

    capacitance_F : charge per volt of open-circuit voltage; start_V : open-circuit voltage and what balancing takes
    away, which is held; resistance_ohm : with its own cable; hysteresis v, dv/dt = rate (limit I - |I| v), by
    hysteresis_V (its limit), hysteresis_start_V and hysteresis_per_C (its rate per charge); pairs
    """

    capacitance_F: float
    start_V: float
    resistance_ohm: float
    hysteresis_V: float
    hysteresis_start_V: float
    hysteresis_per_C: float
    pairs: tuple[NativePair, ...]


@dataclass(frozen=True)
class NativeBank:
    """The bank as capacitors and controlled sources."""

    batteries: tuple[NativeBattery, ...]

    def elements(self, preroll_s: float) -> list[str]:
        """Elements that drive node `xemf` from the bank's current; it stands still during the pre-roll.

        Battery b carries ``part_b I + (E - E_b) / R_b`` with E the bank's EMF, the mean of all E_b by conductance.
        """
        lines = [f"vgate ngate 0 pwl(0 0 {preroll_s - GATE_S!r} 0 {preroll_s!r} 1)"]
        total_S = sum(1.0 / one.resistance_ohm for one in self.batteries)
        means = []
        for b, one in enumerate(self.batteries, start=1):
            part = 1.0 / (one.resistance_ohm * total_S)
            current, mine = "i(vibat)", f"_{b}"
            if len(self.batteries) == 1:
                mine = ""
            else:
                current = f"{part!r}*i(vibat)+(v(xemf)-v(ne{mine}))/{one.resistance_ohm!r}"
            lines += [
                f"bocv{mine} 0 nocv{mine} i=v(ngate)*({current})", f"cocv{mine} nocv{mine} 0 {one.capacitance_F!r}",
                f".ic v(nocv{mine})={one.start_V!r}",
                f"bhys{mine} 0 nhys{mine} i=v(ngate)*{one.hysteresis_per_C!r}"
                f"*({one.hysteresis_V!r}*({current})-abs({current})*v(nhys{mine}))",
                f"chys{mine} nhys{mine} 0 1", f".ic v(nhys{mine})={one.hysteresis_start_V!r}",
            ]
            emf = [f"v(nocv{mine})", f"v(nhys{mine})"]
            for k, pair in enumerate(one.pairs, start=1):
                node = f"np{k}{mine}"
                lines += [
                    f"b{node} 0 {node} i=v(ngate)*({pair.target(current)}-v({node}))",
                    f"c{node} {node} 0 {pair.tau_s!r}", f".ic v({node})={pair.start_V!r}",
                ]
                emf.append(f"v({node})")
            if len(self.batteries) > 1:
                lines.append(f"be{mine} ne{mine} 0 v={'+'.join(emf)}")
                means.append(f"{part!r}*v(ne{mine})")
            else:
                means.append("+".join(emf))
        # A sum over fifty batteries in one expression is too long for ngspice: in parts of ten.
        if len(means) <= MOST_TERMS:
            return [*lines, f"bemf xemf 0 v={'+'.join(means)}"]
        parts = [means[j : j + MOST_TERMS] for j in range(0, len(means), MOST_TERMS)]
        lines += [f"bsum{j} nsum{j} 0 v={'+'.join(part)}" for j, part in enumerate(parts)]
        return [*lines, f"bemf xemf 0 v={'+'.join(f'v(nsum{j})' for j in range(len(parts)))}"]


def replay_deck(
    spec: DeckSpec, time_s: Array, waves: Mapping[str, Array], preroll_s: float, native: NativeBank | None = None,
    enabling: tuple[float, float] | None = None, circuit: str | None = None,
) -> str:
    """Deck body of a window with every external source replaced.

    Parameters
    ----------
    spec : deck of the window
    time_s, waves : recorded points from the window's start on (our signal names)
    preroll_s : length of the pre-roll, during which the first values stand
    native : battery as native elements instead of its recorded EMF
    enabling : start and length [s] of the ramp that enables the path in the pre-roll, where it was on before the window
        (the operating point is always one of the disabled path)
    circuit : netlists to use instead of the present ones
    """
    lines: list[str] = []
    for line in deck_text(spec, circuit).splitlines():
        words = line.split()
        if len(words) == 4 and words[3] == "external":
            if words[0] == "vemf" and native is not None:
                lines += native.elements(preroll_s)
            else:
                wave = SOURCE_WAVES.get(words[0], f"contact_{words[0][1:]}")
                times, value = time_s + preroll_s, waves[wave]
                before = np.array(in_preroll(words[0], float(value[0]), COMMAND_RAMP_S)).reshape(-1, 2)
                times, value = np.concatenate((before[:, 0], times)), np.concatenate((before[:, 1], value))
                if words[0] == "ven" and enabling is not None:
                    start_s, ramp_s = enabling
                    times = np.concatenate(([0.0, start_s, start_s + ramp_s], times))
                    value = np.concatenate(([0.0, 0.0, value[0]], value))
                lines += pwl_source(words[0], words[1], times, value)
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def pwl_source(name: str, node: str, time_s: Array, value: Array) -> list[str]:
    """One PWL source through the recorded points, those on a straight line left out."""
    keep = corner_points(time_s, value)
    pairs = [f"{t!r} {v!r}" for t, v in zip(time_s[keep].tolist(), value[keep].tolist(), strict=True)]
    rows = [" ".join(pairs[i : i + POINTS_PER_LINE]) for i in range(0, len(pairs), POINTS_PER_LINE)]
    return [f"{name} {node} 0 pwl(", *(f"+ {row}" for row in rows), "+ )"]


def corner_points(time_s: Array, value: Array, tolerance: float = 1e-7) -> Array:
    """Indices of the points between which straight lines pass every point left out within a relative tolerance.

    Swinging door: from the last kept point, each further point narrows the slopes that still pass within the
    tolerance of all points in between; the first that lies outside begins the next line at its predecessor. Without
    looking back at all of them, small deviations of a slow curve would add up.
    """
    t, v = time_s.tolist(), value.tolist()
    keep, last = [0], 0
    low, high = -math.inf, math.inf
    for k in range(1, len(t) - 1):
        if t[k] - t[last] < SHORTEST_PWL_S or t[k + 1] - t[k] < SHORTEST_PWL_S:
            continue
        allowed = tolerance * max(1.0, abs(v[k]))
        span = t[k] - t[last]
        low, high = max(low, (v[k] - allowed - v[last]) / span), min(high, (v[k] + allowed - v[last]) / span)
        if not low <= (v[k + 1] - v[last]) / (t[k + 1] - t[last]) <= high:
            keep.append(k)
            last, low, high = k, -math.inf, math.inf
    return np.array([*keep, len(t) - 1])


def native_bank(state: bank.BankState, p: bank.BankParameters) -> NativeBank:
    """Native elements of a bank, linear about its present state.

    Open-circuit voltage as a capacitor ``C = 3600 Q / sum(dU/dsoc)``; hysteresis as one state of all cells; each
    polarisation pair as the sum of the cells' resistances, with the mean of their time constants and scales.
    """
    return NativeBank(tuple(_native_battery(state, b, p) for b in range(state.soc.shape[0])))


def _native_battery(state: bank.BankState, b: int, p: bank.BankParameters) -> NativeBattery:
    c, cells = p.cell, state.soc.shape[1]
    slope_V = start_V = limit_V = held_V = rise_V_C = 0.0
    ohm = p.terminal_resistance_ohm + float(p.cable_ohm[b])
    for i in range(cells):
        soc, degC = float(state.soc[b, i]), float(state.temperature_degC[b, i])
        aged_ohm = float(p.resistance_factor[b, i]) * float(cell.resistance_ohm(soc, degC, c))
        own_V = float(cell.open_circuit_voltage_V(soc, degC, c))
        most_V = float(cell.coefficient(cell.HYSTERESIS, soc, degC, c))
        left_V = most_V * float(state.h[b, i])
        bleed_A = float(bank_work.bleed_A(own_V + left_V + float(state.v_V[:, b, i].sum()), p))
        capacity_C = 3600.0 * float(c.capacity_Ah) * float(p.capacity_factor[b, i])
        limit_V, held_V = limit_V + most_V, held_V + left_V
        rise_V_C += most_V * float(c.hysteresis_rate) / capacity_C
        slope_V += float(cell.ocv_slope_V(soc, degC, c)) / float(p.capacity_factor[b, i])
        start_V += own_V - aged_ohm * bleed_A
        ohm += aged_ohm
    pairs = tuple(_native_pair(state, b, k, p) for k in range(state.v_V.shape[0]))
    per_C = rise_V_C / limit_V if limit_V > 0.0 else 0.0
    return NativeBattery(3600.0 * float(c.capacity_Ah) / slope_V, start_V, ohm, limit_V, held_V, per_C, pairs)


def _native_pair(state: bank.BankState, b: int, k: int, p: bank.BankParameters) -> NativePair:
    ohm, tau_s, scale_A = 0.0, [], []
    for i in range(state.soc.shape[1]):
        soc, degC = float(state.soc[b, i]), float(state.temperature_degC[b, i])
        factor = float(p.resistance_factor[b, i])
        ohm += factor * float(cell.coefficient(cell.PAIRS + k, soc, degC, p.cell))
        tau_s.append(float(cell.at_temperature(p.cell.pair_tau_s, k, degC, p.cell)))
        scale_A.append(
            float(p.capacity_factor[b, i]) * float(cell.at_temperature(p.cell.pair_scale_A, k, degC, p.cell))
        )
    return NativePair(ohm, float(np.mean(tau_s)), float(np.mean(scale_A)), float(state.v_V[k, b].sum()))
