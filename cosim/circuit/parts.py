"""Parts of a circuit, read from its netlist: transistors with their classes, and nodes with a rated voltage.

What is read is what the netlist writes anyway, so that ratings are judged by the class that really stands there::

    MQ1 mid g1 s1 tj1 tc1 N60 m=2 thermal     a bank of two N60; its heat is the current of the source at tj1
    Vt1 tj1 tq1 dc -27
    * RATING mid 35 V input bank              what a capacitor at that node endures
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TRANSISTOR = re.compile(r"(?m)^M(\w+) (\S+) \S+ (\S+) (\S+) \S+ (\w+)(?: m=(\d+))? thermal$")
_RATING = re.compile(r"(?m)^\* RATING (\w+) ([\d.]+) V (.+)$")


class Transistor(NamedTuple):
    """A bank of equal transistors.

    name : in small letters, without the M; drain, source : nodes of the die; heat : voltage source (small letters)
    whose current is the power in all of them; model : class in devices.lib; parallel : how many; junction : thermal
    node of the die
    """

    name: str
    drain: str
    source: str
    heat: str
    model: str
    parallel: int
    junction: str


def transistors(text: str) -> tuple[Transistor, ...]:
    """Transistors of a netlist's `text`, in its order.

    Raises
    ------
    ValueError : a transistor whose junction no source drives
    """
    found = []
    for name, drain, source, junction, model, number in _TRANSISTOR.findall(text):
        driver = re.search(rf"(?mi)^(V\w+) {re.escape(junction)} ", text)
        if driver is None:
            raise ValueError(f"M{name}: no source drives its junction {junction}")
        found.append(Transistor(name.lower(), drain, source, driver[1].lower(), model, int(number or 1), junction))
    return tuple(found)


def node_ratings(text: str) -> dict[str, tuple[float, str]]:
    """Rated voltage [V] against the return, and what endures it, by node, as a netlist's `text` has them."""
    return {node: (float(volts), what.strip()) for node, volts, what in _RATING.findall(text)}
