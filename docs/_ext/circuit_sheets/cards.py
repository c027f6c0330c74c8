"""Model cards as numbers, and what follows from a MOSFET's card by hand."""

from __future__ import annotations

import math
import re

from cosim.paths import netlists_folder
from docs._ext.circuit_sheets.reader import Netlist, number

BODY_DIODE_V = 0.7
"""Drop of a junction at small currents, for calculations by hand (ours)."""


def library() -> dict[str, str]:
    """Cards of `devices.lib` by name (type and values)."""
    text = (netlists_folder() / "devices.lib").read_text(encoding="utf-8").replace("\n+", " ")
    return {line.split()[1]: line.split(None, 2)[2] for line in text.splitlines() if line.startswith(".model")}


def cards(netlist: Netlist) -> dict[str, str]:
    """Cards that a netlist may use: its own and the library's."""
    return {**library(), **netlist.models}


def card_value(card: str, name: str) -> float:
    """A value of a card, such as ``vto``.

    Raises
    ------
    ValueError : the card does not give it
    """
    match = re.search(rf"(?<!\w){name}=(\S+)", card)
    if match is None:
        raise ValueError(f"a card does not give {name}: {card[:40]}")
    return number(match[1])


def transconductance_S(card: str, current_A: float) -> float:
    """Gm of a device in saturation, sqrt(2 kp I) [S]."""
    return math.sqrt(2.0 * card_value(card, "kp") * current_A)


def on_ohm(card: str, gate_V: float) -> float:
    """RDSon at 27 degC and small drain voltage, rd + rs + 1/(kp (V_GS - vto)) [ohm], without the package."""
    rs = card_value(card, "rs")
    return card_value(card, "rd") + rs + 1.0 / (card_value(card, "kp") * (gate_V - abs(card_value(card, "vto"))))
