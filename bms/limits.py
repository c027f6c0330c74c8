"""Bounds and deadline of a hold while they are put together."""

from __future__ import annotations

from bms.interface import PLACES, Measurements, Witness

Pair = tuple[float, float]
SAFETY = 1.0 - 1.0e-9
"""Takes rounding out of a share of a distance."""

(
    INPUT_V, SENSE_V, BATTERY_V, HEATSINK_DEGC, TERMINAL_DEGC, CELL_V, CELL_DEGC, SYSTEM_A, SYSTEM_V, BANK_A,
    REMOTE_L_V, REMOTE_H_V, LATCH,
) = range(len(PLACES))
"""Places of the measurements."""

Term = tuple[int, float, float]
"""Part of a sum: place of a measurement, its reading, its weight."""


class Limits:
    """Bounds and deadline while they are put together.

    Attributes
    ----------
    low, high : list of float
        Bounds in the order of `PLACES`.
    batteries : tuple of pair
        Bounds of the cell voltages of each battery; empty where all have the same thresholds.
    until_ms : int
        Deadline.
    witnesses : tuple of Witness
        Bounds of single cells.
    """

    __slots__ = ("batteries", "high", "low", "until_ms", "witnesses")

    def __init__(self, low: tuple[float, ...], high: tuple[float, ...], until_ms: int) -> None:
        self.low, self.high, self.until_ms = list(low), list(high), until_ms
        self.batteries: tuple[Pair, ...] = ()
        self.witnesses: tuple[Witness, ...] = ()

    def before(self, instant_ms: int | None) -> None:
        """Deadline at an instant at the latest."""
        if instant_ms is not None and instant_ms < self.until_ms:
            self.until_ms = instant_ms

    def at_least(self, place: int, value: float) -> None:
        """Keep a measurement from falling below a value."""
        if value > self.low[place]:
            self.low[place] = value

    def at_most(self, place: int, value: float) -> None:
        """Keep a measurement from rising above a value."""
        if value < self.high[place]:
            self.high[place] = value

    def narrow(self, place: int, low: float, high: float) -> None:
        """Keep a measurement within a range."""
        if low > self.low[place]:
            self.low[place] = low
        if high < self.high[place]:
            self.high[place] = high

    def witness(self, name: str, m: Measurements, extreme: float, low: float, high: float) -> None:
        """Keep the cell with this reading within a range."""
        cells = m.cell_voltage_V if name == "cell_voltage_V" else m.cell_temperature_degC
        self.witnesses += (Witness(name, cells.index(extreme), low, high),)

    def apart(self, upper: int, upper_V: float, lower: int, lower_V: float, slack: float, now_ms: int) -> None:
        """Keep one voltage from rising by more than `slack` over another, each by an equal share."""
        if slack < 0.0:
            self.before(now_ms + 1)
            return
        share = slack * SAFETY / 2.0
        most, least = upper_V + share, lower_V - share
        if most < self.high[upper]:
            self.high[upper] = most
        if least > self.low[lower]:
            self.low[lower] = least

    def below(self, slack: float, now_ms: int, terms: tuple[Term, ...]) -> None:
        """Keep a sum from rising by more than `slack`, each of its terms by an equal share."""
        if slack < 0.0:
            self.before(now_ms + 1)
            return
        share = slack * SAFETY / len(terms)
        for place, reading, weight in terms:
            if weight > 0.0:
                self.at_most(place, reading + share / weight)
            else:
                self.at_least(place, reading + share / weight)

    def above(self, slack: float, now_ms: int, terms: tuple[Term, ...]) -> None:
        """Keep a sum from falling by more than `slack`, each of its terms by an equal share."""
        if slack < 0.0:
            self.before(now_ms + 1)
            return
        share = slack * SAFETY / len(terms)
        for place, reading, weight in terms:
            if weight > 0.0:
                self.at_least(place, reading - share / weight)
            else:
                self.at_most(place, reading - share / weight)
