"""What the channels of a record are called in a picture, which unit they have, and which colour they keep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from cosim.errors import InputError, nearest
from cosim.plot.styles import (
    BLACK,
    BLUE,
    CYCLE,
    DASH_DOT,
    DASH_DOT_DOT,
    DOTTED,
    GREEN,
    GREY,
    LONG_DASH,
    ORANGE,
    PURPLE,
    RED,
    SHORT_DASH,
    SKY,
    Dash,
    Stroke,
)

Array = NDArray[np.float64]

ENDINGS = {
    "m_s": "m/s", "degC": "\N{DEGREE SIGN}C", "rpm": "1/min", "ohm": "\N{GREEK CAPITAL LETTER OMEGA}", "mV": "mV",
    "rpm_s": "1/min/s", "Ah": "Ah", "Wh": "Wh", "A": "A", "V": "V", "W": "W", "J": "J", "S": "S", "s": "s", "soc": "%",
}
"""Unit in a picture by the end of a name, which says it (house rule); longer endings first."""
SHOWN = {"degC": "\N{DEGREE SIGN}C", "ohm": "\N{GREEK CAPITAL LETTER OMEGA}", "uA": "\N{MICRO SIGN}A"}
"""How a record's unit is written in a picture where it differs."""
QUANTITIES = {
    "A": "current", "mA": "current", "\N{MICRO SIGN}A": "current", "V": "voltage", "mV": "voltage",
    "K": "difference", "W": "power", "J": "energy", "%": "charge", "m/s": "speed",
    "1/min": "speed", "\N{DEGREE SIGN}C": "temperature", "\N{GREEK CAPITAL LETTER OMEGA}": "resistance", "Ah": "charge",
    "Wh": "energy", "S": "conductance", "s": "time", "1": "state",
}
"""What is measured in a unit, for the label of an axis."""


class Known(NamedTuple):
    """A channel that looks the same in every picture: words of the legend, and stroke."""

    words: str
    stroke: Stroke


KNOWN = {
    "port_current_A": Known("alternator port", Stroke(BLUE, "-", "o")),
    "alternator_current_A": Known("alternator", Stroke(ORANGE, "-", "s")),
    "starter_battery_current_A": Known("starter battery", Stroke(PURPLE, DOTTED, "v")),
    "battery_current_A": Known("LFP battery", Stroke(SKY, LONG_DASH, "P")),
    "system_current_A": Known("System+", Stroke(GREEN, SHORT_DASH, "^")),
    "current_limit_A": Known("limit of the port", Stroke(BLACK, SHORT_DASH, "X")),
    "shunt_current_A": Known("System+ shunt", Stroke(GREEN, SHORT_DASH, "^")),
    "pulse_current_A": Known("test pulse", Stroke(BLACK, "-", "X")),
    "starter_voltage_V": Known("starter battery", Stroke(PURPLE, DOTTED, "v")),
    "input_voltage_V": Known("BMS input", Stroke(ORANGE, "-", "s")),
    "battery_voltage_V": Known("LFP battery", Stroke(BLUE, "-", "o")),
    "system_voltage_V": Known("System+", Stroke(GREEN, SHORT_DASH, "^")),
    "ground_V": Known("ground of the BMS", Stroke(BLACK, "-", "X")),
    "winding_degC": Known("alternator winding", Stroke(RED, DASH_DOT, "D")),
    "rectifier_degC": Known("alternator rectifier", Stroke(ORANGE, "-", "s")),
    "heatsink_degC": Known("heatsink", Stroke(GREEN, SHORT_DASH, "^")),
    "fuse_temperature_degC": Known("fuse", Stroke(BLACK, "-", "X")),
    "fuse_temperature_estimate_degC": Known("fuse, as estimated", Stroke(SKY, LONG_DASH, "P")),
    "junction_degC": Known("junction", Stroke(PURPLE, DOTTED, "v")),
    "cell_temperature_degC": Known("cell", Stroke(BLUE, "-", "o")),
    "terminal_degC": Known("fuse terminal", Stroke(GREY, DASH_DOT_DOT, "*")),
    "soc": Known("LFP battery", Stroke(BLUE, "-", "o")),
    "starter_soc": Known("starter battery", Stroke(PURPLE, DOTTED, "v")),
    "fb_V": Known("feedback of the limiter", Stroke(BLUE, "-", "o")),
    "sense_mV": Known("across the fuse", Stroke(ORANGE, "-", "s")),
    "reference_mV": Known("reference", Stroke(BLACK, SHORT_DASH, "X")),
}
NAMES = {
    "pre_alarm": "pre-alarm", "precharge": "pre-charge", "over_voltage_trip": "over-voltage trip",
    "power_clamp_W": "clamp of the alternator port", "power_port_clamp_W": "clamp of System+",
    "power_discharge_bank_W": "discharge transistors", "power_charge_bank_W": "charge transistors",
    "power_other_W": "resistors of the alternator port", "power_port_W": "resistors of System+",
}
"""Words of channels whose name reads badly in a legend; they have no colour of their own."""
STATE_UNITS = ("1", "0 or 1")
"""Units of what may be on or off."""
STATE_AIR = 0.05
"""By how much a state of SPICE may differ from 0 and 1 and still be about that."""
MOST_CURVES = 8
"""A channel of more cells, devices or batteries than this is drawn as its lowest, mean and highest."""


class Curve(NamedTuple):
    """One curve: its channel, words of the legend, times [s], values in the unit of its axis, stroke."""

    variable: str
    words: str
    time_s: Array
    values: Array
    stroke: Stroke


def stroke_of(name: str) -> Stroke:
    """Return how a channel is drawn where nothing stands in its way; the first of the cycle if it is not known."""
    return KNOWN[name].stroke if name in KNOWN else CYCLE[0]


def require(dataset: xr.Dataset, names: Iterable[str], call: str, field: str) -> None:
    """Refuse names that a record has not.

    Raises
    ------
    InputError : one line that names the nearest valid one
    """
    valid = [str(name) for name in dataset.data_vars if "time_s" in dataset[name].dims]
    for name in names:
        if name not in valid:
            raise InputError(call, field, repr(name), nearest(str(name), valid))


def unit_of(variable: xr.DataArray) -> str:
    """Return the unit that a channel is drawn in: by the end of its name, else as its `units` say."""
    name = str(variable.name)
    ending = next((end for end in ENDINGS if name == end or name.endswith("_" + end)), None)
    if ending is not None and "probe" not in variable.attrs:  # a probe's name is the user's own
        return ENDINGS[ending]
    unit = str(variable.attrs.get("units", "1"))
    return SHOWN.get(unit, unit)


TRANSISTORS = "device"
"""Dimension whose names say nothing alone: `q1` is drawn as `junction q1`."""


def axis_label(unit: str) -> str:
    """Return the label of an axis: what is measured, and the unit in brackets; 0 and 1 have none."""
    return "0 or 1" if unit == "1" else f"{QUANTITIES.get(unit, '')} [{unit}]".strip()


def as_shown(text: str) -> str:
    """Return words or a unit as pictures write them: `air [degC]` is `air [\N{DEGREE SIGN}C]`, `5 mohm` in omegas."""
    text = re.sub(r"\bdegC\b", SHOWN["degC"], text)
    text = re.sub(r"\b([mk]?)ohm\b", rf"\1{SHOWN['ohm']}", text)
    return re.sub(r"(?<=\d )u(?=[sHFA]\b)", "\N{MICRO SIGN}", text)


def are_states(unit: str, curves: Sequence[Curve]) -> bool:
    """Whether curves are states, on or off: no unit, about 0 or 1 at most points, and never beyond; a share is none."""
    values = [curve.values[np.isfinite(curve.values)] for curve in curves]
    return unit in STATE_UNITS and all(
        one.size == 0 or (one.min() >= -STATE_AIR and one.max() <= 1.0 + STATE_AIR
                          and np.mean(np.minimum(np.abs(one), np.abs(one - 1.0)) <= STATE_AIR) >= 0.5) for one in values
    )


def words_of(variable: xr.DataArray) -> str:
    """Return what a channel is called in a legend."""
    name = str(variable.name)
    if name in KNOWN:
        return KNOWN[name].words
    if name in NAMES:
        return NAMES[name]
    ending = next((end for end in ENDINGS if name.endswith("_" + end)), None)
    return (name.removesuffix(f"_{ending}") if ending else name).replace("_", " ")


def panel_curves(
    dataset: xr.Dataset, names: Sequence[str], call: str, field: str, *, highest: bool = False
) -> tuple[str, list[Curve]]:
    """Return unit and curves of one panel.

    Parameters
    ----------
    dataset : record over `time_s` [s]
    names : channels; one of cells, devices or batteries gives one curve each, or their lowest, mean and highest
    call, field : what an error names
    highest : of cells, devices or batteries only the highest at each time

    Raises
    ------
    InputError : no such channel, or channels of several units in one panel
    """
    require(dataset, names, call, field)
    units = {name: unit_of(dataset[name]) for name in names}
    unit = units[names[0]]
    for name, other in units.items():
        if other != unit:
            raise InputError(call, field, f"{name!r} is in {other}, {names[0]!r} in {unit}", "one unit per panel")
    taken: set[tuple[str, Dash]] = set()
    curves: list[Curve] = []
    for name in names:
        for words, time_s, values in _each(dataset[name], highest, alone=len(names) == 1):
            stroke = _free(KNOWN.get(name), taken)
            taken.add((stroke.colour, stroke.dash))
            scale = 100.0 if unit == "%" else 1.0
            curves.append(Curve(name, words, time_s, scale * values, stroke))
    return unit, curves


def _free(known: Known | None, taken: set[tuple[str, Dash]]) -> Stroke:
    """The stroke that belongs to a channel, or the next one that its panel has not."""
    wanted = [*([known.stroke] if known else []), *CYCLE]
    # Beyond the cycle every colour comes with every line style before anything is drawn twice.
    wanted += [Stroke(one.colour, other.dash, one.marker) for other in CYCLE for one in CYCLE]
    return next((one for one in wanted if (one.colour, one.dash) not in taken), wanted[0])


def _each(variable: xr.DataArray, highest: bool, *, alone: bool) -> list[tuple[str, Array, Array]]:
    """Words, times and values of each curve of a channel; `alone` in its panel, whose axis tells the rest."""
    time_s = np.asarray(variable["time_s"].values, dtype=np.float64)
    others = [str(dimension) for dimension in variable.dims if dimension != "time_s"]
    values = np.asarray(variable.transpose("time_s", *others).values, dtype=np.float64).reshape(time_s.size, -1)
    words = words_of(variable)
    if not others:
        return [(words, time_s, values[:, 0])]
    if highest:
        return [(f"{words}, highest", time_s, values.max(axis=1))]
    if values.shape[1] > MOST_CURVES:
        three = (("lowest", values.min(axis=1)), ("mean", values.mean(axis=1)), ("highest", values.max(axis=1)))
        return [(f"{words}, {which} of {values.shape[1]}", time_s, one) for which, one in three]
    names = [", ".join(str(index) for index in place) for place in np.ndindex(*(variable.sizes[d] for d in others))]
    if len(others) == 1 and others[0] in variable.coords:
        names = [str(name) for name in variable[others[0]].values]
        if alone and others[0] != TRANSISTORS:  # "cell 1", "mppt": more words would only narrow the picture
            numbered = variable[others[0]].dtype.kind in "iu"
            return [(f"{others[0]} {name}" if numbered else name, time_s, values[:, place])
                    for place, name in enumerate(names)]
    return [(f"{words} {name}", time_s, values[:, place]) for place, name in enumerate(names)]
