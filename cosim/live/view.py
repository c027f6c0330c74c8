"""What is shown of a run at a moment, and of what it has recorded: plain values that go through a pipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import bms
from cosim.plot.decimate import min_max
from cosim.plot.windows import PATHS, focus_s, moves
from cosim.slow.channels import as_dataset, row_size, write_row
from cosim.slow.plant import PLANT_LIMITS

if TYPE_CHECKING:
    from cosim.run import Run

Array = NDArray[np.float64]

WINDOW_BINS = 500
"""Stretches of a window, and of its most telling part, whose lowest and highest points are shown (ours)."""
TRIPPED = {
    bms.SystemMode.RESTING: "System+ tripped: rests, then tries again",
    bms.SystemMode.LOCKED: "System+ tripped: off until the load is removed or a reset",
}
"""What a port says that the latch or too much current has opened."""
TELLING_A = 20.0
"""A window in which the current of System+ moves by more is one to look at (ours)."""
HIDDEN_WAVES = ("device_power_W", "junction_degC")
"""Waves with a value per device, which the page has no place for."""


@dataclass(frozen=True)
class Snapshot:
    """A moment of a run.

    Attributes
    ----------
    time_s, duration_s : where the run is, and where it ends
    values : channels of the slow record now (`cosim.slow.channels`): a number, or an array per cell or device
    devices : names of the devices at System+
    leds, outputs : on or off by name
    modes : alternator port and System+ in words
    alarms : faults, disconnects and limits of the plant that are passed, in words
    settings : of the supervisor, plain values; limit_A, start_V...: `limits` that follow
    vehicle : whether there is an alternator; what a person last set: `set_now`
    """

    time_s: float
    duration_s: float
    values: dict[str, Any]
    devices: tuple[str, ...]
    leds: dict[str, bool]
    outputs: dict[str, bool]
    modes: dict[str, str]
    alarms: tuple[str, ...]
    settings: dict[str, Any]
    limits: dict[str, float]
    vehicle: bool
    set_now: dict[str, Any] = field(default_factory=dict)

    def value(self, name: str) -> float | None:
        """A channel that is one number; None where it is not there or not known."""
        found = self.values.get(name)
        return None if found is None or not np.isfinite(found) else float(found)


def snapshot_of(run: Run) -> Snapshot:
    """The run at the tick where it stands; looking changes nothing."""
    supervision, state = run.supervision, run.state
    commands, settings = supervision.commands, supervision.settings
    tick = min(run.tick, run.grid.rows.shape[0] - 1)
    x, _ = run.plant.look(tick, run.stretch(supervision))
    row = np.full((1, row_size(run.cells_each, run.n_batteries, run.p.system.kind.size)), np.nan)
    write_row(row[0], state, x, np.zeros(7), run.grid.rows[tick], supervision.vector(), run.p)
    values = recorded(run, np.array([run.seconds(run.tick)]), row)
    values.pop("device_power_W", None)
    limits = bms.applied_limits(settings)
    return Snapshot(
        run.seconds(run.tick), run.seconds(run.n_ticks),
        {name: value[0] if value.ndim > 1 else float(value[0]) for name, value in values.items()},
        tuple(run.scenario.system_names), dict(commands.leds._asdict()),
        {"load_disconnect": commands.load_output, "charge_disconnect": commands.charge_allowed,
         "pre_alarm": commands.pre_alarm},
        {"alternator": str(supervision.state.mode), "system": str(supervision.state.system.mode),
         "remote": "on" if supervision.state.remote.on else "off"},
        alarms_of(run), bms.as_mapping(settings),
        {"current_A": limits.current_limit_A, "cell_high_V": limits.cell_high_V,
         "load_disconnect_V": min(b.load_disconnect_V for b in limits.battery_thresholds),
         "pre_alarm_V": min(b.pre_alarm_V for b in limits.battery_thresholds)},
        run.p.has_vehicle > 0.5, set_now(run),
    )


def alarms_of(run: Run) -> tuple[str, ...]:
    """What is wrong now, in words."""
    commands, state = run.supervision.commands, run.supervision.state
    found = [f"fault: {fault}" for fault in state.faults]
    found += ["pre-alarm"] if state.load.alarm_ms is not None else []
    found += ["load disconnected"] if not commands.load_output else []
    found += ["charge disconnected"] if not commands.charge_allowed else []
    found += ["System+ short-circuit latch set"] if run.state.latched > 0.5 else []
    found += [TRIPPED[state.system.mode]] if state.system.mode in TRIPPED else []
    found += ["limit derated (heat)"] if commands.leds.over_temperature else []
    return (*found, *(name for bit, name in enumerate(PLANT_LIMITS) if run.plant.flags >> bit & 1))


def set_now(run: Run) -> dict[str, Any]:
    """What a person set last: engine, loads, supply, devices, remote."""
    found: dict[str, Any] = {}
    for change in run.taken:
        for name in ("engine", "load_A", "supply_V", "remote"):
            if getattr(change, name) is not None:
                found[name] = getattr(change, name)
        found |= {f"device {name}": value for name, value in change.devices.items()}
    return found


def recorded(run: Run, time_s: Array, rows: Array) -> dict[str, Array]:
    """Rows of the record by channel, time among them."""
    data = as_dataset(time_s, rows, run.n_batteries, run.cells_each, run.p.has_vehicle > 0.5, run.scenario.system_names)
    return {"time_s": time_s} | {str(name): np.asarray(data[name].values) for name in data.data_vars}


def new_rows(run: Run, first: int) -> tuple[int, dict[str, Array]]:
    """Rows that the record has from `first` on, and the row after them."""
    last = min((run.tick - 1) // run.record_every + 1, run.record.shape[0])
    every_ms = run.record_every * round(run.tick_s * 1000.0)
    time_s = np.arange(first, last, dtype=np.float64) * every_ms / 1000.0
    return max(first, last), recorded(run, time_s, run.record[first:last])


@dataclass(frozen=True)
class ShownWindow:
    """A window's waves for a picture.

    Attributes
    ----------
    name, reason : of the window; start_s, end_s : of the run; points : accepted by SPICE
    waves : by name: time [s since the window's start], wave, unit, words
    focus_s : the stretch in which most of it happens; telling : whether something moves in it
    """

    name: str
    reason: str
    start_s: float
    end_s: float
    points: int
    waves: dict[str, tuple[Array, Array, str, str]]
    focus_s: tuple[float, float]
    telling: bool


def shown_window(name: str, window: xr.Dataset) -> ShownWindow:
    """A window as it is shown: coarse as a whole, fine where most happens, no peak lost."""
    time_s, waves, focus = window.time_s.values.astype(float), {}, focus_s(window)
    for key, wave in window.data_vars.items():
        if key in HIDDEN_WAVES or wave.dims != ("time_s",):
            continue
        values = wave.values.astype(float)
        parts = [min_max(time_s, values, WINDOW_BINS), min_max(time_s, values, WINDOW_BINS, *focus)]
        times, first = np.unique(np.concatenate([part[0] for part in parts]), return_index=True)
        unit, words = str(wave.attrs.get("units", "1")), str(wave.attrs.get("long_name", key))
        waves[str(key)] = (times, np.concatenate([part[1] for part in parts])[first], unit, words)
    attrs, swings = window.attrs, [float(np.ptp(window[name].values)) for name in PATHS if name in window]
    return ShownWindow(
        name, str(attrs["reason"]), float(attrs["start_s"]), float(attrs["end_s"]), time_s.size, waves, focus,
        moves(window) or max(swings, default=0.0) > TELLING_A,
    )


def number(value: float | None, unit: str, digits: int = 1) -> str:
    """A value with its unit, or a dash."""
    return "\N{EN DASH}" if value is None else f"{round(value, digits) + 0.0:.{digits}f} {unit}"
