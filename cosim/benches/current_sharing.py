"""Bench of the pass devices' current sharing: one common gate, which runs away, against a loop per device.

    runs = {own: share(session, own, 1.9, 0.1) for own in (0, 1)}
    draw_sharing(session).savefig("sharing.png")

    python -m cosim.benches.current_sharing -o results/sharing.png

Four pass devices in linear mode carry 90 A between two stiff voltages; one has a lower and one a higher threshold than
the others. See the head of `netlists/pass_common_gate.cir` for the calculation by hand.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cosim.plot.styles import CYCLE, DOTTED, style
from cosim.spice.session import SpiceSession, Waveforms
from cosim.validation.drawing import finish, sheet

DEVICES = "abcd"
HEATSINK_degC, BATTERY_V, TOTAL_A = 60.0, 13.2, 90.0
SPREAD_V = 0.1
"""Threshold spread of the requirement: +-100 mV."""
RATED_degC = 175.0
GATES = {0: "common gate", 1: "one loop per device"}
LABELS = ("threshold lower", "threshold higher", "nominal", "nominal")


def share(
    session: SpiceSession, own: int, drain_V: float, spread_V: float, stop_s: float = 20.0, current_A: float = TOTAL_A
) -> Waveforms:
    """Run the four devices: `v(ia)`.. currents [A], `v(ta)`.. junctions [degC], `v(pa)`.. powers [W].

    Parameters
    ----------
    own : 0 one common gate, 1 a loop per device
    drain_V : voltage over the devices
    spread_V : threshold of the first device below, of the second above the others
    stop_s, current_A : end of the run; sum of the currents
    """
    deck = f"""* current sharing
.include devices.lib
.include pass_common_gate.cir
vm mid 0 {BATTERY_V + drain_V!r}
vl lb 0 {BATTERY_V!r}
vi iref 0 pwl(0 -1 1m -1 5m {current_A!r})
vh ths 0 {HEATSINK_degC!r}
x mid lb 0 iref ths ia ib ic id ta tb tc td pa pb pc pd pass_common_gate own={own} dvta={-spread_V!r} dvtb={spread_V!r}
"""
    names = [f"v({kind}{one})" for kind in "itp" for one in DEVICES]
    return session.transient(deck, tstop_s=stop_s, tmax_s=0.02, signals=names)


def last(waves: Waveforms, kind: str) -> NDArray[np.float64]:
    """Final values of the four devices: kind i [A], t [degC] or p [W]."""
    return np.array([waves[f"v({kind}{one})"][-1] for one in DEVICES])


def spread_A(waves: Waveforms) -> float:
    """Difference between the largest and the smallest current at the end [A]."""
    currents_A = last(waves, "i")
    return float(currents_A.max() - currents_A.min())


@style()
def draw_sharing(session: SpiceSession, drain_V: float = 1.9, spread_V: float = SPREAD_V) -> Figure:
    """Draw currents and junctions over time for both kinds of gate, at one voltage over the devices."""
    title = f"{TOTAL_A:g} A through four pass devices, {drain_V:g} V over them, thresholds +-{1e3 * spread_V:g} mV"
    figure, axes = sheet(2, 2, title)
    for column, (own, name) in enumerate(GATES.items()):
        waves = share(session, own, drain_V, spread_V)
        for kind, axis in (("i", axes[column]), ("t", axes[2 + column])):
            for k, (one, label) in enumerate(zip(DEVICES, LABELS, strict=True)):
                axis.plot(waves.time_s, waves[f"v({kind}{one})"], color=CYCLE[k].colour, linestyle=CYCLE[k].dash,
                          label=f"{one}: {label}")
            axis.set_xscale("log")
            axis.set_xlim(5e-3, float(waves.time_s[-1]))
        axes[2 + column].axhline(RATED_degC, color="black", linestyle=DOTTED, linewidth=1.0,
                                 label=f"rating, {RATED_degC:g} \N{DEGREE SIGN}C")
        finish(axes[column], f"{name}: current of each device", "time [s]", "current [A]")
        axes[column].set_ylim(0.0, 1.02 * TOTAL_A if own == 0 else 30.0)
        finish(axes[2 + column], f"{name}: junctions", "time [s]", "temperature [\N{DEGREE SIGN}C]")
    return figure


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="python -m cosim.benches.current_sharing", description="current sharing")
    parser.add_argument("-o", "--output", type=Path, default=Path("results") / "sharing.png")
    path = parser.parse_args().output
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    draw_sharing(SpiceSession.open()).savefig(part, format="png")
    os.replace(part, path)
    print(path)


if __name__ == "__main__":
    main()
