"""What a window hands back, and its waveforms as a labelled dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import bms
from cosim.circuit.deck import DEVICES, ProbeSignal
from cosim.record.balance import Balance
from cosim.result import told_unit, told_words
from cosim.slow.network import Operating
from cosim.slow.plant import PlantState
from cosim.supervisor.supervision import Supervision
from cosim.windows.exchange_point import POWERS
from cosim.windows.policy import WindowRequest

Array = NDArray[np.float64]


@dataclass
class WindowOutcome:
    """What a window hands back to the slow engine.

    `standing` are the commands during its last tick; `supervision` may have changed them at its very end, which the
    window then has not seen.

    `tick_rows` are (tick, plant state, operating point, device powers, commands) at every tick, `measured` what the
    sensors gave there.
    """

    state: PlantState
    supervision: Supervision
    standing: bms.Commands
    end_tick: int
    dataset: xr.Dataset
    balance: Balance
    start_mismatch_A: float
    end_mismatch_A: float
    settled: bool
    tick_rows: list[tuple[int, PlantState, Operating, Array, Array]]
    charge_C: float
    energies: dict[str, float]
    measured: list[Array] = field(default_factory=list)
    notes: list[tuple[float, str, str, str]] = field(default_factory=list)


def device_powers(values: Array) -> Array:
    """Powers of the alternator path's devices at an accepted point [W]."""
    return values[POWERS : POWERS + len(DEVICES)].copy()


@cache
def _devices() -> xr.Variable:
    """Coordinate of the devices; to make it takes as long as to label ten waveforms."""
    return xr.Variable("device", np.array(DEVICES), {"long_name": "power device bank"}).to_index_variable()


def window_dataset(
    time_s: Array, waves: dict[str, Array], request: WindowRequest, start_s: float, end_s: float,
    probes: Sequence[ProbeSignal] = (),
) -> xr.Dataset:
    """Waveforms of a window with units; devices stacked. Of a probe the attributes tell the circuit's own name."""
    data: dict[str, tuple[tuple[str, ...], Array, dict[str, str | int]]] = {}
    for name, wave in waves.items():
        if not any(name in (f"power_{d}_W", f"junction_{d}_degC") for d in DEVICES):
            data[name] = (("time_s",), wave, {"units": told_unit(name), "long_name": told_words(name)})
    for probe in probes:
        told: dict[str, str | int] = {
            "units": probe.unit, "long_name": f"{probe.name.replace('_', ' ')}, {probe.signal}",
            "probe": probe.signal, "draw": int(probe.draw),
        }
        data[probe.name] = (("time_s",), waves[probe.name], told)
    for name, pattern, unit in (
        ("device_power_W", "power_{}_W", "W"), ("junction_degC", "junction_{}_degC", "degC")
    ):
        block = np.stack([waves[pattern.format(d)] for d in DEVICES], axis=1)
        text = name.rsplit("_", 1)[0].replace("_", " ")
        data[name] = (("time_s", "device"), block, {"units": unit, "long_name": text})
    return xr.Dataset(
        data,
        coords={"time_s": ("time_s", time_s, {"units": "s", "long_name": "time since the window's start"}),
                "device": _devices()},
        attrs={"name": request.name, "reason": request.reason, "start_s": start_s, "end_s": end_s},
    )
