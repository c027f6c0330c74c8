"""From a checked deck body to the text that ngspice loads: options, saved signals, analysis, end."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cosim.spice.errors import DeckRejected
from cosim.spice.shunts import shunt_elements

STOP_SOURCE = "vbmscosimstop"
STOP_NODE = "bmscosimstop"
"""Hidden external source that ends a run: it goes from 0 to 1 V and ngspice stops at the next accepted
point."""

_SIGNAL = re.compile(r"^(?:[vi]\([a-z0-9_.#+\-]+\)|@[a-z0-9_.]+\[[a-z0-9_]+\]|all)$", re.IGNORECASE)
_DEVICE = re.compile(r"^[virtVIRT][A-Za-z0-9_.]*$")


@dataclass(frozen=True)
class SpiceOptions:
    """Numerical options of a run. Defaults: `circuit_facts.md` E, 40 of 40 random event sequences passed.

    Attributes
    ----------
    method : integration, 'gear' or 'trap'
    reltol : relative tolerance
    abstol : current tolerance [A]
    vntol : voltage tolerance [V]
    chgtol : charge tolerance [C]
    gmin : smallest conductance of a junction [S]
    cshunt : capacitance from every node to ground [F]; <= 1e-11 where events must be seen
    itl4 : iterations per time point
    """

    method: Literal["gear", "trap"] = "gear"
    reltol: float = 1e-3
    abstol: float = 1e-4
    vntol: float = 1e-4
    chgtol: float = 1e-12
    gmin: float = 1e-10
    cshunt: float = 1e-11
    itl4: int = 10

    def __post_init__(self) -> None:
        if self.method not in ("gear", "trap"):
            raise ValueError(f"method {self.method!r}; allowed: gear, trap")
        for name in ("reltol", "abstol", "vntol", "chgtol", "gmin", "itl4"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} {value!r}; it must be positive")
        if not (math.isfinite(self.cshunt) and self.cshunt >= 0.0):
            raise ValueError(f"cshunt {self.cshunt!r}; it must not be negative")

    @property
    def card(self) -> str:
        """The `.options` line; noinit and norefvalue keep tables and progress out of the log."""
        shunt = f" cshunt={self.cshunt!r}" if self.cshunt > 0.0 else ""
        return (
            f".options method={self.method} reltol={self.reltol!r} abstol={self.abstol!r}"
            f" vntol={self.vntol!r} chgtol={self.chgtol!r} gmin={self.gmin!r}{shunt}"
            f" itl4={self.itl4} noinit norefvalue"
        )


@dataclass(frozen=True)
class Rung:
    """One step of the retry ladder: what it changes, and the numbers that result.

    Attributes
    ----------
    name : in words, for `Waveforms.retries`
    options : numerical options (of the ladder: unused until `applied`)
    tmax_s : longest step [s] (of the ladder: factor on the caller's)
    method, cshunt : replacements, None to keep
    """

    name: str
    options: SpiceOptions = SpiceOptions()
    tmax_s: float = 1.0
    method: Literal["gear", "trap"] | None = None
    cshunt: float | None = None

    def applied(self, options: SpiceOptions, tmax_s: float) -> Rung:
        """Return this step of the ladder on a caller's options and longest step."""
        if self.method is not None:
            options = replace(options, method=self.method)
        if self.cshunt is not None:
            options = replace(options, cshunt=self.cshunt)
        return Rung(self.name, options, self.tmax_s * tmax_s)


LADDER = (
    Rung("a tenth of the longest step", tmax_s=0.1),
    Rung("trapezoidal rule, a tenth of the longest step", tmax_s=0.1, method="trap"),
    Rung("cshunt 1e-10 F, a tenth of the longest step", tmax_s=0.1, cshunt=1e-10),
)
"""What is tried after 'timestep too small' (circuit_facts E 3), each from the caller's own numbers."""


def full_deck(
    marker: str,
    body: str,
    signals: Sequence[str],
    options: SpiceOptions,
    card: str,
    *,
    stoppable: bool = False,
) -> str:
    """Deck as ngspice loads it.

    Parameters
    ----------
    marker : title line
    body : checked logical lines
    signals : what to save; nothing means everything
    options : numerical options
    card : analysis
    stoppable : add the hidden source that ends a run

    Raises
    ------
    DeckRejected : a name that is no signal
    """
    for signal in signals:
        if not _SIGNAL.match(signal):
            raise DeckRejected(
                f"{signal!r} is not a signal", hint="signals are v(node), i(device) or @device[parameter]"
            )
    elements = body.splitlines()
    saved = list(signals)
    if stoppable:
        elements += [f"{STOP_SOURCE} {STOP_NODE} 0 external", f"r{STOP_NODE} {STOP_NODE} 0 1e3"]
        saved.append(f"v({STOP_NODE})")
    shunts = shunt_elements(elements, options.cshunt) if options.cshunt > 0.0 else None
    if shunts is not None:
        elements += shunts
        options = replace(options, cshunt=0.0)
    lines = [marker, *elements]
    if saved:
        lines.append(".save " + " ".join(saved))
    return "\n".join([*lines, options.card, card, ".end"])


def tran_card(tstop_s: float, tmax_s: float, use_initial_conditions: bool = False) -> str:
    """The `.tran` line; its print step only sets the first step's size."""
    step_s = min(tmax_s, tstop_s / 100.0)
    return f".tran {step_s!r} {tstop_s!r} 0 {tmax_s!r}" + (" uic" if use_initial_conditions else "")


def dc_card(source: str, start: float, stop: float, step: float) -> tuple[str, int]:
    """The `.dc` line and the number of points that it must give; raises ValueError for what cannot be swept."""
    if not _DEVICE.match(source):
        raise ValueError(f"{source!r} cannot be swept; allowed: a V or I source, a resistor, temp")
    if not all(map(math.isfinite, (start, stop, step))) or step == 0.0 or (stop - start) / step < 0.0:
        raise ValueError(f"sweep from {start!r} to {stop!r} by {step!r} has no points")
    # ngspice sweeps while the value has not passed the stop by more than 1 % of a step or so
    return f".dc {source} {start!r} {stop!r} {step!r}", math.floor(
        (stop - start) / step * (1.0 + 1e-9) + 1e-6
    ) + 1


def ac_card(points_per_decade: int, start_Hz: float, stop_Hz: float) -> str:
    """The `.ac` line, logarithmic; raises ValueError where it would have no frequency."""
    if points_per_decade < 1 or not 0.0 < start_Hz < stop_Hz < math.inf:
        raise ValueError(
            f"no frequencies from {start_Hz!r} to {stop_Hz!r} Hz with {points_per_decade!r} per decade"
        )
    return f".ac dec {points_per_decade} {start_Hz!r} {stop_Hz!r}"
