"""Test pulses at the BMS's input: a generator of `netlists/pulses` beside the vehicle's own supply.

    stb -- contact, or coupling diode -- input cable -- ab -- generator

As on a real bench the supply stays connected through a diode while a positive pulse stands above it. Pulse 1 belongs to
a supply that is cut off at the same moment: no diode, the generator brings the supply itself. The
contact of the input lead (`cosim.circuit.deck.CUTS`) opens before the pulse and closes after it; the generator is
connected only in between, so that its own resistors load nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

CONNECT_S = 1e-3
"""The generator is connected, and the contact open, from so long before the pulse (ours)."""


class Pulse(NamedTuple):
    """A pulse of the standards: netlist, subcircuit, time until all is over [s], whether the supply is cut off.

    rise_s : of the generator's step, where the pulse is a single steep one (1 us from 10 to 90 %: `netlists/pulses`)
    """

    netlist: str
    subcircuit: str
    lasts_s: float
    cut_off: bool = False
    rise_s: float = 0.0


PULSES = {
    "1": Pulse("pulses/iso7637", "iso7637_1", 0.2, True, 1.25e-6),
    "2a": Pulse("pulses/iso7637", "iso7637_2a", 2e-3, rise_s=1.25e-6),
    "2b": Pulse("pulses/iso7637", "iso7637_2b", 0.5), "3a": Pulse("pulses/iso7637", "iso7637_3a", 2e-3),
    "3b": Pulse("pulses/iso7637", "iso7637_3b", 2e-3), "A": Pulse("pulses/iso16750", "iso16750_load_dump", 1.0),
    "B": Pulse("pulses/iso16750", "iso16750_load_dump", 1.0),
}
"""By the names of the standards (2a, 3a and 3b decay within microseconds, 3a and 3b repeat every 0.1 ms)."""
RISE_PARTS = 8
"""Breakpoints within a steep rise. Left to itself ngspice took one in a single step of 1.8 us, and the trapezoid over
that step's ends misses half of its charge (34 A x 0.9 us at 12 V: 0.36 mJ, measured; ours)."""
CLAMPED_V = 35.0
"""Test B of ISO 16750-2: what the alternator's own suppressor leaves."""
OWN_SUPPLY = ("2b", "A", "B")
"""Pulses whose generator holds the supply itself."""


@dataclass(frozen=True)
class PulseDeck:
    """A generator at the input.

    begin_s : when the pulse begins, from the deck's start; supply_V : the bus then; tag : of its names, where a deck
    has more than one
    """

    pulse: str
    begin_s: float
    supply_V: float
    peak_V: float | None = None
    impedance_ohm: float | None = None
    tag: str = ""

    @property
    def netlists(self) -> tuple[str, ...]:
        """Circuits that the lines use."""
        return (PULSES[self.pulse].netlist,)

    @property
    def externals(self) -> tuple[str, ...]:
        """External sources: none, a pulse runs by itself."""
        return ()

    @property
    def corners_s(self) -> tuple[float, ...]:
        """Times that a run must land on [s]: those of a steep rise, from its beginning to its end."""
        rise_s = PULSES[self.pulse].rise_s
        return tuple(self.begin_s + rise_s * k / RISE_PARTS for k in range(RISE_PARTS + 1)) if rise_s else ()

    @property
    def signals(self) -> Mapping[str, str]:
        """Signals: what the generator gives."""
        t = self.tag
        return {f"pulse_current{t}_A": f"i(vigen{t})", f"generator_voltage{t}_V": f"v(genout{t})"}

    def lines(self, ground: str) -> list[str]:
        """Lines of the deck."""
        del ground
        kind = PULSES[self.pulse]
        values = {"t0": self.begin_s}
        values |= {} if self.peak_V is None else {"us": self.peak_V}
        values |= {} if self.impedance_ohm is None else {"ri": self.impedance_ohm}
        values |= {"ua": self.supply_V} if self.pulse in OWN_SUPPLY else {}
        values |= {"clamp": CLAMPED_V} if self.pulse == "B" else {}
        told = " ".join(f"{name}={value!r}" for name, value in values.items())
        t, ref = self.tag, "0" if self.pulse in OWN_SUPPLY else f"genref{self.tag}"
        on_s, off_s = self.begin_s - CONNECT_S, self.begin_s + kind.lasts_s
        lines = [
            f"egenref{t} genref{t} 0 stb 0 1",
            f"xgen{t} genout{t} {ref} {kind.subcircuit} {told}",
            f"vigen{t} genout{t} gens{t} 0",
            f"vgen{t} xgen{t} 0 pwl(0 0 {on_s!r} 0 {on_s + 2e-6!r} 1 {off_s!r} 1 {off_s + 2e-6!r} 0)",
            f"bgen{t} gens{t} ab i=v(gens{t},ab)*(1e3*v(xgen{t})*v(xgen{t})+1e-7)",
        ]
        if not kind.cut_off:
            lines += [f"dgen{t} stb cutinput GENCOUPLE{t}", f".model GENCOUPLE{t} D is=1e-6 n=0.05 rs=2m"]
        return lines
