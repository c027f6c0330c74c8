"""Parts of sheets that several circuits of the alternator port have in common, and what they leave out alike."""

from __future__ import annotations

from docs._ext.circuit_sheets.reader import told
from docs._ext.circuit_sheets.sheet import Point, Sheet

AMMETER = "0 V: an ammeter, a wire in the drawing"
THERMAL = "sets the junction (node tj) and measures the power of its device; no part (devices.lib)"
OUTPUT = "computes an output of the model (powers, stored energy); no part"
LEFT_OUT = {r"Vif|Vcf|Vcl": AMMETER, r"Bp[qfoc]\w*|Best": OUTPUT}


def damper(sheet: Sheet, capacitor: str, resistor: str, at: Point, length: float = 1.6, node: str = "gn") -> None:
    """A capacitor and its series resistor from a point down to ground."""
    x, y = at
    sheet.two(capacitor, at, (x, y - length))
    sheet.two(resistor, (x, y - length), (x, y - 2 * length))
    sheet.ground((x, y - 2 * length), node)


def input_side(sheet: Sheet, y: float) -> float:
    """Input stud with its dampers, fuse with its inductance, node fb with damper and clamps; returns x of the end."""
    circuit = sheet.circuit
    sheet.net("ab", (0, y), "left")
    sheet.wire((0, y), (1, y), (3, y), (4.6, y))
    damper(sheet, "Cab1", "Rab1", (1, y))
    damper(sheet, "Cab2", "Rab2", (3, y))
    fuse = ("Bfuse", told(circuit.default("rf25"), "Ω"), "at 25 °C", f"+{1e2 * circuit.default('alphaf'):.2g} %/K")
    sheet.two("Bfuse", (4.6, y), (6.6, y), look="fuse", text=fuse)
    sheet.two("Lf", (6.6, y), (8.4, y), side="above")
    sheet.wire((6.6, y), (6.6, y - 1.2))
    sheet.two("Rlf", (6.6, y - 1.2), (8.4, y - 1.2), side="below")
    sheet.wire((8.4, y - 1.2), (8.4, y))
    sheet.wire((8.4, y), (9.4, y), (11.2, y), (13.8, y), (15.2, y))
    sheet.net("fb", (8.7, y), "up")
    sheet.wire((8.4, y), (8.7, y))
    damper(sheet, "Cfb", "Rfb", (9.4, y))
    sheet.two("DTVf", (11.2, y - 3.2), (11.2, y), look="tvs")
    sheet.ground((11.2, y - 3.2))
    sheet.two("Dnf", (13.8, y - 3.2), (13.8, y), look="schottky")
    sheet.ground((13.8, y - 3.2))
    return 15.2


def trip(sheet: Sheet, y: float, hysteresis: bool = False) -> None:
    """Over-voltage trip at fb and the enable: comparator, peak detector that holds, gate of the enable."""
    sheet.net("fb", (0, y), "left")
    sheet.two("Rov", (0, y), (2, y))
    sheet.two("Cov", (2, y), (2, y - 2), side="left")
    sheet.ground((2, y - 2))
    sheet.net("ov", (2.5, y), "up")
    sheet.wire((2, y), (2.5, y), (3.2, y))
    words = ("comparator", f"ov > {sheet.p('vov', 'V')}", *([f"less {sheet.p('vhy', 'V')}"] if hysteresis else []))
    sheet.block("Bov", (3.2, y - 0.75), (2.6, 1.5), words, left=["ov"], right=["ov0"],
                up=["ovp"] if hysteresis else [], wired="ov ov0")
    sheet.two("Dov", (5.8, y), (7.4, y))
    sheet.wire((7.4, y), (8.2, y), (10, y), (10.8, y))
    sheet.two("Rovh", (8.2, y), (8.2, y - 2))
    sheet.ground((8.2, y - 2), "0")
    sheet.two("Covh", (10, y), (10, y - 2))
    sheet.ground((10, y - 2), "0")
    sheet.block("Bovp", (10.8, y - 0.6), (2.4, 1.2), ("trip", "active"), left=["ovh"], right=["ovp"], wired="ovh")


def enable(sheet: Sheet, x: float, y: float) -> None:
    """Enable that the trip takes away, with its delay."""
    sheet.block("Bon", (x, y - 0.75), (2.6, 1.5), ("en and", "not ovp"), left=["en", "ovp"], right=["on0"], wired="on0")
    sheet.two("Ron", (x + 2.6, y), (x + 4.4, y))
    sheet.two("Con", (x + 4.4, y), (x + 4.4, y - 1.8))
    sheet.ground((x + 4.4, y - 1.8), "0")
    sheet.wire((x + 4.4, y), (x + 5, y))
    sheet.net("on", (x + 5, y), "right")
