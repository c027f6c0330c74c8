"""One picture per circuit of what SPICE says on its bench, made when the netlist or the bench has changed.

The decks are those of `cosim.benches` and `cosim.validation`, which tests and reports run; only alternator and pulses,
which stand around the others, have a deck of their own here.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cosim.benches import current_sharing, limiter_bench, signal_circuits
from cosim.benches.limiter_bench import AVERAGED, BUCK, FAST, LINEAR, LimiterBench
from cosim.paths import netlists_folder
from cosim.plot.styles import BLACK, BLUE, GREEN, ORANGE, PURPLE, picture, style
from cosim.spice.session import SpiceSession
from cosim.validation import port_bench

Array = NDArray[np.float64]
STYLES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (BLACK, "-"))
"""Colours that the colour-blind can tell, with line styles that stay apart in grey."""
SPREAD_DRAIN_V = 1.9
BATTERY_V, KNEE_V, KNEE_S = 13.3, 0.2, 0.2
"""Of the disconnect output: its battery, and how much of the voltage below it is swept in how long."""
CRANK_S, ORBIT_S = 6e-3, 2.4e-3
"""When the source begins to fall, and when the orbit of the buck is looked at."""


def kept(name: str, folder: Path) -> Path | None:
    """Picture of a circuit on its bench in a folder, if netlists and benches are still those that it was drawn from."""
    path, key_path = folder / f"{name}_bench.png", folder / f"{name}_bench.key"
    current = name in PICTURES and path.is_file() and key_path.is_file()
    return path if current and key_path.read_text(encoding="utf-8") == _key(name) else None


def measure(name: str, folder: Path) -> None:
    """Run the bench of a circuit and write its picture, where the one that is there is not current."""
    if name not in PICTURES or kept(name, folder) is not None:
        return
    path = folder / f"{name}_bench.png"
    temporary = path.with_suffix(".part")
    with style():
        PICTURES[name](SpiceSession.open()).savefig(temporary, format="png")
    os.replace(temporary, path)
    (folder / f"{name}_bench.key").write_text(_key(name), encoding="utf-8")


def _key(name: str) -> str:
    """What a picture depends on, as a hash: all netlists, this module, and the benches."""
    parts = [name, *(path.read_text(encoding="utf-8") for path in sorted(netlists_folder().rglob("*.[cl]i[rb]")))]
    parts += [inspect.getsource(m) for m in (current_sharing, limiter_bench, signal_circuits, port_bench)]
    parts.append(inspect.getsource(sys.modules[__name__]))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _figure(rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    figure = picture(height_inch=3.1 * rows)
    return figure, list(np.asarray(figure.subplots(rows, columns, squeeze=False)).ravel())


def _curves(axis: Axes, x: Array, curves: Mapping[str, Array], x_label: str, y_label: str, title: str = "") -> None:
    for (label, values), (colour, dash) in zip(curves.items(), STYLES, strict=False):
        axis.plot(x, values, dash, color=colour, label=label)
    axis.set(xlabel=x_label, ylabel=y_label)
    axis.set_title(title)
    if len(curves) > 1:
        _legend(axis)


def _legend(axis: Axes) -> None:
    """Legend below the axes, where no curve is."""
    longest = max(len(text) for text in axis.get_legend_handles_labels()[1])
    columns = 3 if longest < 15 else 1
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncol=columns, frameon=False)


def _limiter(session: SpiceSession) -> Figure:
    """Enabling with a stiff source, then a source that falls as fast as when an engine cranks."""
    source = f"pwl(0 14.8 {CRANK_S!r} 14.8 {CRANK_S + 5e-3!r} 6)"
    waves = session.transient(
        LimiterBench(LINEAR, source_V=source).deck(), tstop_s=12e-3, tmax_s=5e-6,
        signals=["i(vipin)", "i(vibat)", "v(ab)", "v(mid)", "v(lb)"])
    figure, (left, right) = _figure(1, 2)
    time_ms = 1e3 * waves.time_s
    _curves(left, time_ms, {"into ab": waves["i(vipin)"], "into the battery": waves["i(vibat)"]}, "time [ms]",
            "current [A]", "Enabled at 0.1 ms; source falls from 6 ms on")
    _curves(right, time_ms, {"ab": waves["v(ab)"], "mid": waves["v(mid)"], "lb": waves["v(lb)"]}, "time [ms]",
            "voltage [V]")
    return figure


def _buck(session: SpiceSession) -> Figure:
    """Settled orbit of the switching circuit, a few periods."""
    signals = ["i(l.xpath.lbuck)", "v(xpath.sw)", "v(xpath.it)", "v(mid)"]
    longest = session.longest_step_s

    def resolve(time_s: float, values: Array) -> None:
        del values
        longest[0] = 2e-8 if time_s > ORBIT_S else 0.0

    bench = LimiterBench(BUCK, parameters=FAST)
    waves = session.transient(bench.deck(), tstop_s=ORBIT_S + 60e-6, tmax_s=0.5e-6, signals=signals, on_accept=resolve,
                              restart=lambda: None)
    late = waves.time_s > (ORBIT_S + 5e-6)
    time_us = 1e6 * (waves.time_s[late] - (ORBIT_S + 5e-6))
    figure, (left, right) = _figure(1, 2)
    _curves(left, time_us, {"inductor": waves[signals[0]][late], "its reference": waves[signals[2]][late]},
            "time [µs]", "current [A]", "Two-point loop around the reference")
    _curves(right, time_us, {"sw": waves[signals[1]][late], "mid": waves[signals[3]][late]}, "time [µs]", "voltage [V]",
            "Switching node")
    return figure


def _averaged(session: SpiceSession) -> Figure:
    """Enabling: blocking switch charges the bank, then soft start."""
    waves = session.transient(
        LimiterBench(AVERAGED).deck(), tstop_s=20e-3, tmax_s=2e-5,
        signals=["i(vipin)", "i(vipout)", "v(ab)", "v(mid)", "v(lb)"])
    figure, (left, right) = _figure(1, 2)
    time_ms = 1e3 * waves.time_s
    _curves(left, time_ms, {"into ab": waves["i(vipin)"], "out of lb": waves["i(vipout)"]}, "time [ms]", "current [A]",
            "Enabled at 0.1 ms")
    _curves(right, time_ms, {"ab": waves["v(ab)"], "mid": waves["v(mid)"], "lb": waves["v(lb)"]}, "time [ms]",
            "voltage [V]")
    return figure


def _short(session: SpiceSession) -> Figure:
    """A short of 2 mohm behind 1 uH at the live port."""
    ran = port_bench.run(session, port_bench.Bench(port_bench.short(1e-6)), 0.6e-3, 0.2e-6)
    figure, (left, right) = _figure(1, 2)
    time_us = 1e6 * (ran.time_s - port_bench.FAULT_S)
    shown = (time_us > -20.0) & (time_us < 200.0)
    _curves(left, time_us[shown], {"through the shunt": ran["path_A"][shown], "out of System+": ran["port_A"][shown]},
            "time since the short [µs]", "current [A]", "Short of 2 mΩ behind 1 µH")
    _curves(right, time_us[shown], {"lb": ran["battery_V"][shown], "System+": ran["system_V"][shown]},
            "time since the short [µs]", "voltage [V]")
    latched_us = float(time_us[shown][ran["latch"][shown] > 0.5][0])
    for axis in (left, right):
        axis.axvline(latched_us, color=BLACK, linestyle=":", linewidth=1.0)
    left.annotate("latch", (latched_us, 250.0), xytext=(5, 0), textcoords="offset points", fontsize=8)
    return figure


def _disconnect(session: SpiceSession) -> Figure:
    """Characteristic of the output while its terminal is pulled down, at three temperatures; beside it its knee.

    Through the knee slowly: the gates need some 0.1 ms to follow, and a quick sweep shows their lag as a hump.
    """
    figure, (whole, knee) = _figure(1, 2)
    load = f"vload out x pwl(0 {BATTERY_V!r} 5m {BATTERY_V!r} {KNEE_S!r} {BATTERY_V - KNEE_V!r} 0.4 0)\nvis x 0 0"
    for (degC, (colour, dash)) in zip((-40.0, 25.0, 85.0), STYLES, strict=False):
        waves = signal_circuits.disconnect(session, load, degC=degC, stop_s=0.4)
        late = waves.time_s > 5e-3
        for axis in (whole, knee):
            axis.plot(waves["v(out)"][late], -1e3 * waves["i(vb)"][late], dash, color=colour, label=f"{degC:g} °C")
    whole.set_title("Output on, terminal pulled to zero")
    knee.set_title("The last of it: its knee")
    knee.set_xlim(BATTERY_V - KNEE_V, BATTERY_V + 0.01)
    knee.locator_params(axis="x", nbins=4)
    for axis in (whole, knee):
        axis.set(xlabel="voltage of the terminal [V]", ylabel="current from the battery [mA]")
        _legend(axis)
    return figure


def _prealarm(session: SpiceSession) -> Figure:
    """A relay coil that is cut off."""
    waves = signal_circuits.prealarm(session, signal_circuits.COIL, off_s=signal_circuits.COIL_OFF_S)
    figure, (left, right) = _figure(1, 2)
    time_ms = 1e3 * waves.time_s
    _curves(left, time_ms, {"terminal": waves["v(out)"]}, "time [ms]", "voltage [V]", "Relay coil, cut off at 60 ms")
    _curves(right, time_ms, {"from the battery": -1e3 * waves["i(vb)"]}, "time [ms]", "current [mA]")
    return figure


def _remote(session: SpiceSession) -> Figure:
    """Slow sweeps of both terminals."""
    figure, axes = _figure(1, 2)
    for axis, (terminal, low, high) in zip(axes, (("l", 4.0, 7.0), ("h", 1.5, 4.0)), strict=True):
        waves = signal_circuits.remote(session, f"vx {terminal} 0 pwl(0 {low!r} 1 {high!r})", stop_s=1.0)
        late = waves.time_s > 0.02
        _curves(axis, waves[f"v({terminal})"][late], {"on": waves["v(on)"][late]}, f"voltage of {terminal.upper()} [V]",
                "on", f"{terminal.upper()} swept, the other open")
        axis.set_yticks([0.0, 1.0])
    return figure


def _supply(session: SpiceSession) -> Figure:
    """A dip of the battery port that is held, and one that is not."""
    figure, axes = _figure(1, 2)
    for axis, dip_s in zip(axes, (0.1, 0.3), strict=True):
        waves = signal_circuits.dip(session, dip_s)
        ground = waves["v(g)"]
        low = waves["v(ok)"] - ground < 0.5
        _curves(axis, waves.time_s, {"vin": waves["v(vin)"] - ground, "vdd": waves["v(vdd)"] - ground}, "time [s]",
                "voltage [V]", f"Port dips for {dip_s:g} s (grey: brown-out)")
        axis.fill_between(waves.time_s, 0.0, 14.0, where=low.tolist(), color="0.85", linewidth=0.0)
        axis.set_ylim(0.0, 14.0)
    return figure


def _sharing(session: SpiceSession) -> Figure:
    """Four devices whose thresholds differ, at one gate and with a loop each."""
    figure, axes = _figure(1, 2)
    for axis, (own, title) in zip(axes, current_sharing.GATES.items(), strict=True):
        waves = current_sharing.share(session, own, SPREAD_DRAIN_V, current_sharing.SPREAD_V)
        curves = {f"{one}: {label}": waves[f"v(i{one})"] for one,
            label in zip("abc", current_sharing.LABELS, strict=False)}
        _curves(axis, waves.time_s, curves, "time [s]", "current [A]", f"{title.capitalize()}, {SPREAD_DRAIN_V:g} V")
        axis.set_xscale("log")
        axis.set_xlim(5e-3, 20.0)
        axis.set_ylim(-2.0, 92.0)
    return figure


def _alternator(session: SpiceSession) -> Figure:
    """A load of 100 A that is cut off."""
    deck = """* alternator on a bench
.include alternator.cir
vmax imax 0 150
vset vset 0 14.4
x out 0 imax vset alternator
.ic v(x.fld)=100
cbus out 0 1m
bload out 0 I=V(out)*(1/0.144*min(max((0.2-time)/1m,0),1)+0.1)
"""
    waves = session.transient(deck, tstop_s=1.0, tmax_s=2e-4, signals=["v(out)", "v(x.fld)"])
    figure, (left, right) = _figure(1, 2)
    _curves(left, waves.time_s, {"stud": waves["v(out)"]}, "time [s]", "voltage [V]",
            "Load cut off at 0.2 s, 10 Ω left")
    _curves(right, waves.time_s, {"field": waves["v(x.fld)"]}, "time [s]", "field, as current [A]")
    return figure


def _pulse(session: SpiceSession, lines: str, matched: str, stop_s: float, step_s: float) -> tuple[Array, Array, Array,
    Array]:
    """Times and voltages of a generator, without load and into its own impedance."""
    deck = f"* pulse\n.include pulses/iso7637.cir\n.include pulses/iso16750.cir\n{lines}\n"
    bare = session.transient(deck + "rl out 0 1meg\n", tstop_s=stop_s, tmax_s=step_s, signals=["v(out)"])
    loaded = session.transient(deck + f"rl out 0 {matched}\n", tstop_s=stop_s, tmax_s=step_s, signals=["v(out)"])
    return bare.time_s, bare["v(out)"], loaded.time_s, loaded["v(out)"]


def _pulses(session: SpiceSession, cases: Sequence[tuple[str, str, str, float, float, float, str]]) -> Figure:
    figure, axes = _figure((len(cases) + 1) // 2, 2)
    for axis, (title, lines, matched, stop_s, step_s, scale, unit) in zip(axes, cases, strict=False):
        bare_s, bare, loaded_s, loaded = _pulse(session, lines, matched, stop_s, step_s)
        axis.plot(scale * bare_s, bare, "-", color=BLUE, label="without load")
        axis.plot(scale * loaded_s, loaded, "--", color=ORANGE, label=f"into {matched} Ω")
        axis.set(xlabel=f"time [{unit}]", ylabel="voltage [V]")
        axis.set_title(title)
        _legend(axis)
    return figure


DUMPS = (
    ("Test A, 101 V, 4 Ω, 400 ms", "x out 0 iso16750_load_dump us=101 ri=4 td=0.4", "4", 0.8, 1e-3, 1e3, "ms"),
    ("Test B, clamped at 35 V, 0.5 Ω", "x out 0 iso16750_load_dump us=101 ri=0.5 td=0.4 clamp=35", "0.5", 0.8, 1e-3,
    1e3, "ms"),
)
TRANSIENTS = (
    ("Pulse 1", "x out 0 iso7637_1", "10", 4e-3, 2e-6, 1e3, "ms"),
    ("Pulse 2a", "x out 0 iso7637_2a", "2", 100e-6, 5e-8, 1e6, "µs"),
    ("Pulse 3a, one of the burst", "x out 0 iso7637_3a", "50", 1.5e-6, 1e-9, 1e6, "µs"),
    ("Pulse 2b", "x out 0 iso7637_2b", "0.5", 0.4, 1e-4, 1e3, "ms"),
)
PICTURES: Mapping[str, Callable[[SpiceSession], Figure]] = {
    "alternator_path": _limiter, "alternator_path_buck": _buck, "alternator_path_buck_avg": _averaged,
    "system_path": _short, "disconnect_output": _disconnect, "prealarm_output": _prealarm, "remote_input": _remote,
    "supply": _supply, "pass_common_gate": _sharing, "alternator": _alternator,
    "pulses_iso16750": partial(_pulses, cases=DUMPS), "pulses_iso7637": partial(_pulses, cases=TRANSIENTS),
}
"""Circuits that have a picture; what stands around them needs none."""
