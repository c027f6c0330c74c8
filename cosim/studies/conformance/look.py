"""What the benches of the rows S, B, O, R, C share: evidence, a finished run as it is looked at, parts of scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cosim.result import Result
from cosim.studies.conformance.entry import Corner, Evidence, Trace
from cosim.studies.conformance.lab import Lab
from models import bank

Array = NDArray[np.float64]

RESTING: dict[str, Any] = {"kind": "supply", "emf_V": [[0, 12.0]], "resistance_ohm": 0.01}
"""A starter battery at rest: below the 13 V of A1, so that the alternator port stays off."""
PARKED: dict[str, Any] = {"kind": "dc_loads", "parameters": "dc_load_parked"}
BATTERY = "battery_lfp_12V8_200Ah"


def trace(label: str, unit: str, time_s: ArrayLike, value: ArrayLike) -> Trace:
    """Waveform for the plot, as plain arrays."""
    return Trace(label, unit, np.asarray(time_s, dtype=np.float64), np.asarray(value, dtype=np.float64))


def evidence(
    *traces: Trace, marks: Sequence[tuple[float, float, str]] = (), limit: bool = True, x_label: str = "time [s]"
) -> Evidence:
    """Evidence of traces, the measured one first; marks are (time_s, value, words) on it."""
    return Evidence(traces, tuple((float(t), float(v), words) for t, v, words in marks), limit, x_label)


class Look:
    """A finished run, as the measuring functions look at it; waves are on the record's grid `time_s`."""

    def __init__(self, result: Result) -> None:
        self.result, self.slow = result, result.slow
        self.time_s: Array = np.asarray(result.slow.time_s.values, dtype=np.float64)

    def wave(self, name: str) -> Array:
        """A channel of the slow record."""
        return np.asarray(self.slow[name].values, dtype=np.float64)

    def lowest_cell_V(self) -> Array:
        """Voltage of the lowest cell [V]."""
        return np.asarray(self.slow.cell_voltage_V.min("cell").values, dtype=np.float64)

    def highest_cell_V(self) -> Array:
        """Voltage of the highest cell [V]."""
        return np.asarray(self.slow.cell_voltage_V.max("cell").values, dtype=np.float64)

    def cell_degC(self) -> Array:
        """Temperature of the first cell [degC]; the cells of these benches are alike."""
        return np.asarray(self.slow.cell_temperature_degC.isel(cell=0).values, dtype=np.float64)

    def trace(self, name: str, label: str, unit: str, scale: float = 1.0) -> Trace:
        """A channel as a waveform for the plot."""
        return trace(label, unit, self.time_s, scale * self.wave(name))

    def at(self, value: Array, time_s: float) -> float:
        """Value of a wave as it was recorded last, up to an instant; NaN for an instant that is none."""
        if not np.isfinite(time_s):
            return float("nan")
        index = int(np.searchsorted(self.time_s, time_s + 1e-9, side="right")) - 1
        return float(value[max(index, 0)])

    def when(self, event: str, cause: str = "", after_s: float = 0.0) -> float:
        """First instant of an event from a moment on [s]; NaN where there is none, which keeps no limit."""
        return next((t for t in self.times(event, cause) if t >= after_s - 1e-9), float("nan"))

    def times(self, event: str, cause: str = "") -> list[float]:
        """All instants of an event [s], whose detail begins with the cause."""
        return [e.time_s for e in self.result.events if e.event == event and e.detail.startswith(cause)]

    def during(self, value: Array, from_s: float, until_s: float) -> Array:
        """A wave between two instants, both included; one NaN where there is nothing, which keeps no limit."""
        kept = value[(self.time_s >= from_s - 1e-9) & (self.time_s <= until_s + 1e-9)]
        return kept if kept.size else np.array([np.nan])


def looked(lab: Lab, content: Mapping[str, Any], corner: Corner, *, windows: bool = False) -> Look:
    """Run a scenario given as plain content; without windows only the slow engine and the supervisor run.

    The corner's ambient is that of engine bay and BMS; a battery whose air the content gives keeps it, for that is what
    its bench is about.
    """
    own = content.get("ambient", {})
    scenario = lab.scenario(content, corner)
    if "battery_degC" in own:
        air = scenario.ambient.model_dump() | {"battery_degC": own["battery_degC"]}
        scenario = lab.scenario(content, corner, ambient=air)
    return Look(lab.run(scenario, windows=windows))


def battery_at(corner: Corner, **own: Any) -> dict[str, Any]:
    """Section `bank` of one 200 Ah battery whose resistance at half charge is the corner's."""
    if corner.battery_ohm is not None:
        own["each"] = [{"resistance_factor": corner.battery_ohm / bank_ohm()}]
    return own


def bank_ohm() -> float:
    """Resistance of the 200 Ah battery at once, half charged and at 25 degC [ohm]."""
    own = bank.load_battery(BATTERY)
    return float(bank.thevenin(bank.initial_state(0.5, 25.0, own), own)[1])
