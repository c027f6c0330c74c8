"""Trips of the hardware, as a netlist declares them in its head, and from where on they count as near.

A line of the head names a quantity of the port, the parameter of the subcircuit that holds the trip's value, and the
share of it from which on a window looks closely::

    * TRIP port_current_A itrip 80%

A trip of the input voltage also blocks the port in the slow engine, as the hardware does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cosim.circuit.characteristic import Characteristic
from cosim.errors import RunFailed

FIELDS = {"input_voltage_V": "near_trip_V", "port_current_A": "near_trip_A"}
"""Quantities that may have a trip, and the coefficient that says from where on it is near."""
FAR_V = 1e3
"""A trip that never comes."""
SUFFIXES = {"": 1.0, "m": 1e-3, "k": 1e3}


class TripUnreadable(RunFailed):
    """A netlist declares a trip in a way that cannot be followed; the message says which."""


def with_trips(c: Characteristic, text: str, parameters: Mapping[str, float]) -> Characteristic:
    """Coefficients with the trips that a netlist declares.

    Parameters
    ----------
    c : coefficients
    text : the netlist, with the head of the subcircuit
    parameters : subcircuit parameters that differ from the defaults

    Raises
    ------
    TripUnreadable : an unknown quantity or parameter, or a share outside 1..100 %
    """
    values: dict[str, float] = {}
    for line in re.findall(r"(?im)^\*[ \t]*TRIP[ \t]+(.*)$", text):
        words = line.split()
        share = re.fullmatch(r"(\d+(?:\.\d+)?)%", words[2]) if len(words) == 3 else None
        if share is None or words[0] not in FIELDS or not 1.0 <= float(share[1]) <= 100.0:
            allowed = f"one of {', '.join(FIELDS)}, a parameter, 1..100%"
            raise TripUnreadable(f"netlist: TRIP {line.strip()} (allowed: {allowed})")
        value = parameters.get(words[1], _default(text, words[1]))
        values[FIELDS[words[0]]] = 0.01 * float(share[1]) * value
        if words[0] == "input_voltage_V":
            values["trip_V"] = value
    return c._replace(**values)


def without_trips(text: str, parameters: Mapping[str, float]) -> dict[str, float]:
    """Parameters with the trips of the input voltage out of reach: they are no part of the terminal law."""
    named = re.findall(r"(?im)^\*[ \t]*TRIP[ \t]+input_voltage_V[ \t]+(\w+)", text)
    return {**parameters, **dict.fromkeys(named, FAR_V)}


def _default(text: str, name: str) -> float:
    """Default of a subcircuit parameter, read from the netlist (a number with m or k, or without)."""
    found = re.search(rf"(?im)^[.+][^*\n]*\b{re.escape(name)}=([0-9.]+)([mk]?)\b", text)
    if found is None:
        raise TripUnreadable(f"netlist: TRIP: there is no parameter {name}=NUMBER")
    return float(found[1]) * SUFFIXES[found[2].lower()]
